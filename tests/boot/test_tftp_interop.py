"""Real clients fetch the same bytes: tftp-hpa, atftp, curl, busybox, tftpy."""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tftpy

from tests.boot.tftp_phone import Shelf, asset, body, listening, phone, until
from tests.needs import need

SIZES = (1, 511, 512, 513, 13_100, 200_000)
CONFIG = "".join(f"account.{n}.label = Süd {n}\n" for n in range(900)).encode()

Command = Callable[[str, int, str, Path], Sequence[str | Path]]


def hpa(*options: str) -> Command:
    return lambda host, port, name, to: [
        "tftp",
        "-m",
        "binary",
        *options,
        host,
        str(port),
        "-c",
        "get",
        name,
        str(to),
    ]


def atftp(*options: str) -> Command:
    asked = [part for option in options for part in ("--option", option)]
    return lambda host, port, name, to: [
        "atftp",
        *asked,
        "--get",
        "-r",
        name,
        "-l",
        str(to),
        host,
        str(port),
    ]


def curl(*options: str) -> Command:
    return lambda host, port, name, to: [
        "curl",
        "-sS",
        *options,
        "-o",
        str(to),
        f"tftp://{bracketed(host)}:{port}/{name}",
    ]


def busybox(*options: str) -> Command:
    return lambda host, port, name, to: [
        "busybox",
        "tftp",
        "-g",
        *options,
        "-r",
        name,
        "-l",
        str(to),
        host,
        str(port),
    ]


CLIENTS: dict[str, Command] = {
    "tftp-hpa": hpa(),
    "atftp": atftp(),
    "atftp blksize": atftp("blksize 1428"),
    "atftp tsize": atftp("tsize 0"),
    "atftp timeout": atftp("timeout 3"),
    "atftp windowsize": atftp("windowsize 8"),
    "atftp all options": atftp("blksize 1024", "tsize 0", "timeout 2", "windowsize 16"),
    "atftp largest blksize": atftp("blksize 65464"),
    "curl": curl(),
    "curl without options": curl("--tftp-no-options"),
    "curl blksize": curl("--tftp-blksize", "1428"),
    "busybox": busybox(),
    "busybox blksize": busybox("-b", "1428"),
}


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def run(command: Sequence[str | Path]) -> int:
    client = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    return await client.wait()


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_fetches_every_size_from_memory_and_disk(
    client: str, tmp_path: Path
) -> None:
    need("tftp-clients")
    files = {f"{size}.cfg": random.Random(size).randbytes(size) for size in SIZES}
    shelf = Shelf({name: body(octets) for name, octets in files.items()})
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
        shelf.replies[f"assets/{name}"] = asset(tmp_path / name)
    async with listening(shelf) as door:
        for name, octets in files.items():
            for asked in (name, f"assets/{name}"):
                got = tmp_path / "got"
                assert await run(CLIENTS[client](*door.address, asked, got)) == 0
                assert got.read_bytes() == octets, asked
        await until(lambda: door.tftp.counters.active == 0)
        assert door.tftp.counters.transfers_ok == 2 * len(SIZES)
        assert door.tftp.counters.malformed == 0


@pytest.mark.parametrize("client", ["tftp-hpa", "atftp", "curl", "busybox"])
async def test_a_client_hears_that_there_is_no_such_file(client: str, tmp_path: Path) -> None:
    need("tftp-clients")
    async with listening(Shelf()) as door:
        await run(CLIENTS[client](*door.address, "nothing.cfg", tmp_path / "got"))
        assert door.tftp.counters.refused == 1
    got = tmp_path / "got"
    assert not got.exists() or got.read_bytes() == b""


@pytest.mark.parametrize("client", ["tftp-hpa", "atftp", "curl", "busybox"])
async def test_a_client_fetches_over_ipv6(client: str, tmp_path: Path) -> None:
    need("tftp-clients")
    need("ipv6")
    command = hpa("-6") if client == "tftp-hpa" else CLIENTS[client]
    async with listening(Shelf({"a.cfg": body(CONFIG)}), host="::1") as door:
        assert await run(command(*door.address, "a.cfg", tmp_path / "got")) == 0
    assert (tmp_path / "got").read_bytes() == CONFIG


async def test_netascii_comes_back_as_it_was(tmp_path: Path) -> None:
    """tftp-hpa undoes the translation; lone CR and CR LF survive it."""
    need("tftp-clients")
    text = b"one\ntwo\r\nthree\rfour\n" * 300
    (tmp_path / "text").write_bytes(text)
    shelf = Shelf({"body": body(text), "asset": asset(tmp_path / "text")})
    async with listening(shelf) as door:
        for name in ("body", "asset"):
            host, port = door.address
            got = tmp_path / name
            command = ("tftp", "-m", "ascii", host, str(port), "-c", "get", name, got)
            assert await run(command) == 0
            assert got.read_bytes() == text


@pytest.mark.parametrize("options", [{}, {"blksize": 1428}, {"blksize": 8192, "tsize": 0}])
async def test_tftpy_fetches(options: dict[str, int], tmp_path: Path) -> None:
    need("tftp-clients")
    async with listening(Shelf({"a.cfg": body(CONFIG)})) as door:
        host, port = door.address
        client = tftpy.TftpClient(host, port, options=options)
        await asyncio.to_thread(client.download, "a.cfg", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == CONFIG


async def test_a_write_is_refused_by_every_client(tmp_path: Path) -> None:
    need("tftp-clients")
    (tmp_path / "log").write_bytes(b"x")
    async with listening(Shelf()) as door:
        host, port = door.address
        log = tmp_path / "log"
        await run(("tftp", host, str(port), "-c", "put", log, "phone.log"))
        await run(("atftp", "--put", "-l", log, "-r", "phone.log", host, str(port)))
        await run(("curl", "-sS", "-T", log, f"tftp://{host}:{port}/phone.log"))
        await run(("busybox", "tftp", "-p", "-l", log, "-r", "phone.log", host, str(port)))
        assert door.tftp.counters.refused == 4
        assert door.tftp.counters.requests == 0


async def test_a_boot_rom_asks_the_size_first_and_then_fetches(tmp_path: Path) -> None:
    """PXE style: RRQ with tsize, ERROR on the OACK, then RRQ with blksize from the next port."""
    async with listening(Shelf({"boot": body(CONFIG)})) as door:
        async with phone(door.address) as one:
            one.ask("boot", options=(("tsize", "0"),))
            assert await one.receive() == b"\0\x06tsize\0" + str(len(CONFIG)).encode() + b"\0"
            one.send(b"\0\x05\0\0TFTP Aborted\0")
        async with phone(door.address) as one:
            options = (("tsize", "0"), ("blksize", "1456"))
            assert await one.fetch("boot", options=options) == CONFIG
        await until(lambda: door.tftp.counters.active == 0)
        assert door.tftp.counters.aborted == 1
        assert door.tftp.counters.transfers_ok == 1
