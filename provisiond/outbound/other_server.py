"""Which files does another provisioning server give? Read from its folder, or asked over HTTP."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import aiohttp

from provisiond.inventory.errors import OutsideUnavailable, Refused

MAX_FILE = 4 << 20
_MAX_FILES = 200_000
_MAX_FAILURES = 20
_FILE_SECONDS = 15.0
_ABSENT = frozenset({401, 403, 404, 410})
_CHUNK = 64 << 10


class FolderOfFiles:
    """Files that another server rendered, in a folder and those below it.

    Names are found whatever their case, by their last part where the path is not there.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    @classmethod
    async def open(cls, folder: Path) -> "FolderOfFiles":
        """Look through the folder. Raises Refused where it cannot be read or holds more than
        200,000 files."""
        return cls(await asyncio.to_thread(_paths_below, folder))

    async def fetch(self, name: str) -> bytes | None:
        """The file's bytes, None where there is none. Raises OutsideUnavailable."""
        path = self._paths.get(name.casefold())
        if path is None:
            path = self._paths.get(name.rpartition("/")[2].casefold())
        return None if path is None else await asyncio.to_thread(_read, path)


class HttpFiles:
    """Files that another server gives over HTTP, below a base URL.

    A file has 15 s and 4 MiB; after 20 failures in a row nothing more is asked. Use as a context.
    """

    def __init__(self, base: str, *, user_agent: str = "") -> None:
        self._base = base if base.endswith("/") else f"{base}/"
        self._failures = 0
        headers = {"User-Agent": user_agent} if user_agent else {}
        self._session = aiohttp.ClientSession(
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=_FILE_SECONDS),
            connector=aiohttp.TCPConnector(limit=8),
        )

    async def __aenter__(self) -> "HttpFiles":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def fetch(self, name: str) -> bytes | None:
        """The file's bytes, None where the server has none. Raises OutsideUnavailable."""
        if self._failures >= _MAX_FAILURES:
            raise OutsideUnavailable(f"{self._base} failed {_MAX_FAILURES} times; gave up.")
        try:
            body = await self._get(name)
        except (aiohttp.ClientError, TimeoutError, OutsideUnavailable) as fault:
            self._failures += 1
            said = str(fault) or type(fault).__name__
            raise OutsideUnavailable(f"{name} cannot be fetched: {said}") from fault
        self._failures = 0
        return body

    async def _get(self, name: str) -> bytes | None:
        async with self._session.get(f"{self._base}{name}", max_redirects=3) as answer:
            if answer.status in _ABSENT:
                return None
            if answer.status != 200:
                raise OutsideUnavailable(f"the answer is {answer.status}.")
            body = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                body += chunk
                if len(body) > MAX_FILE:
                    raise OutsideUnavailable(f"it is larger than {MAX_FILE >> 20} MiB.")
            return bytes(body)


def _paths_below(folder: Path) -> Mapping[str, Path]:
    if not folder.is_dir():
        raise Refused(f"{folder} is no folder; give one, or a URL with http:// or https://.")
    paths: dict[str, Path] = {}
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root) / name
            paths.setdefault(name.casefold(), path)
            paths[path.relative_to(folder).as_posix().casefold()] = path
        if len(paths) > _MAX_FILES:
            raise Refused(f"{folder} holds more than {_MAX_FILES} files; give one below it.")
    return paths


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            body = opened.read(MAX_FILE + 1)
    except OSError as fault:
        raise OutsideUnavailable(f"{path.name} cannot be read: {fault.strerror}.") from fault
    if len(body) > MAX_FILE:
        raise OutsideUnavailable(f"{path.name} is larger than {MAX_FILE >> 20} MiB.")
    return body
