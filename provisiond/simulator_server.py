"""Where do made-up phones live? A provisiond of their own, on loopback, in a folder of its own."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.actions.setup import begin
from provisiond.catalog.shelf import Shelf
from provisiond.cli_session import now
from provisiond.daemon_setup import open_store
from provisiond.inventory.access import SYSTEM
from provisiond.inventory.errors import Failed
from provisiond.settings import Settings, load

_READY_SECONDS = 60
_STOP_SECONDS = 60
_CONFIG = "provisiond.toml"


def configure(folder: Path, models: Path) -> Settings:
    """Write the settings of a server on free loopback ports, and load them."""
    http, tftp, web = _free(socket.SOCK_STREAM), _free(socket.SOCK_DGRAM), _free(socket.SOCK_STREAM)
    path = folder / _CONFIG
    path.write_text(
        f'data_dir = "data"\nmodels_dir = "{models}"\n\n'
        f'[boot]\nhttp = ["127.0.0.1:{http}"]\ntftp = ["127.0.0.1:{tftp}"]\n\n'
        f'[web]\nlisten = ["127.0.0.1:{web}"]\n\n'
        f'[public_url]\nhttp = "http://127.0.0.1:{http}/"\ntftp = "tftp://127.0.0.1:{tftp}/"\n',
        encoding="utf-8",
    )
    return load(path, {})


async def fill(settings: Settings, shelf: Shelf, files: Iterable[bytes]) -> None:
    """Make the store and import the inventory files."""
    url = settings.database_url().reveal()
    await begin(settings.data_dir, settings.secret_key_path, url)
    async with open_store(settings) as database:
        for content in files:
            command = ImportInventory(content=content, filename="made-up.json")
            await import_inventory(database, shelf, SYSTEM, command, now())


@asynccontextmanager
async def serving(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[None]:
    """The server of that folder as a process of its own, until the block ends; settings in the
    environment are not its.

    Raises Failed with its last words where it does not come up.
    """
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "provisiond", "--config", str(folder / _CONFIG), "serve",
            stdout=output, stderr=output,
            env={k: v for k, v in environ.items() if not k.startswith("PROVISIOND_")},
        )  # fmt: skip
    try:
        await _until_ready(process, load(folder / _CONFIG, {}), log)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)


async def _until_ready(process: asyncio.subprocess.Process, settings: Settings, log: Path) -> None:
    listener = settings.web.listen[0]
    for _ in range(_READY_SECONDS * 10):
        if process.returncode is not None:
            break
        if await _is_ready(listener.host, listener.port):
            return
        await asyncio.sleep(0.1)
    said = (await asyncio.to_thread(log.read_text, errors="replace")).strip().splitlines()[-5:]
    raise Failed("the server for the made-up phones did not come up: " + " / ".join(said))


async def _is_ready(host: str, port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        return b" 200 " in await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()


def _free(kind: int) -> int:
    """A port that was free a moment ago."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
