"""How a file is read ahead of a transfer: whole, in time, and without a descriptor lost."""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.boot.tftp_source import AssetStream, Octets, open_asset, to_netascii
from tests.boot.tftp_phone import GIVE_UP, open_files, until


@asynccontextmanager
async def stream(
    path: Path, *, netascii: bool = False, keep: int = 512
) -> AsyncIterator[tuple[AssetStream, asyncio.Event]]:
    """An open stream and the event that its news sets; afterwards no descriptor is left."""
    before = open_files()
    news = asyncio.Event()
    with ThreadPoolExecutor(1) as executor:
        descriptor, size = await open_asset(path, executor)
        made = AssetStream(
            descriptor=descriptor,
            size=size,
            netascii=netascii,
            keep=keep,
            executor=executor,
            on_news=news.set,
        )
        try:
            yield made, news
        finally:
            made.close()
            await until(lambda: open_files() <= before)


async def next_piece(source: AssetStream, news: asyncio.Event, offset: int, size: int) -> bytes:
    piece = source.read(offset, size)
    while piece is None:
        async with asyncio.timeout(GIVE_UP):
            await news.wait()
        news.clear()
        piece = source.read(offset, size)
    return piece


def file(folder: Path, size: int) -> tuple[Path, bytes]:
    octets = random.Random(size).randbytes(size)
    path = folder / "firmware.rom"
    path.write_bytes(octets)
    return path, octets


def test_a_body_is_cut_into_blocks() -> None:
    assert Octets(b"abcdef").read(0, 4) == b"abcd"
    assert Octets(b"abcdef").read(4, 4) == b"ef"
    assert Octets(b"abcd").read(4, 4) == b""


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_netascii_is_undone_by_what_a_client_does(octets: bytes) -> None:
    """RFC 764: CR LF is the line's end, CR NUL a carriage return, nothing else follows CR."""
    sent = to_netascii(octets)
    assert sent.count(b"\r") == sent.count(b"\r\n") + sent.count(b"\r\0")
    assert sent.replace(b"\r\n", b"\n").replace(b"\r\0", b"\r") == octets


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 32_768, 32_769, 200_000])
async def test_a_file_comes_whole(tmp_path: Path, size: int) -> None:
    path, octets = file(tmp_path, size)
    got = b""
    async with stream(path) as (source, news):
        while len(piece := await next_piece(source, news, len(got), 512)) == 512:
            got += piece
    assert got + piece == octets


async def test_a_file_comes_in_netascii_too(tmp_path: Path) -> None:
    octets = b"line\nreturn\r" * 9000
    (tmp_path / "a.txt").write_bytes(octets)
    got = b""
    async with stream(tmp_path / "a.txt", netascii=True) as (source, news):
        while len(piece := await next_piece(source, news, len(got), 512)) == 512:
            got += piece
    assert got + piece == to_netascii(octets)


async def test_one_window_back_can_always_be_read_again(tmp_path: Path) -> None:
    path, octets = file(tmp_path, 150_000)
    async with stream(path, keep=4 * 1000) as (source, news):
        for block in range(150):
            assert (
                await next_piece(source, news, block * 1000, 1000)
                == octets[block * 1000 : block * 1000 + 1000]
            )
            first = max(0, block - 3) * 1000
            assert source.read(first, 1000) == octets[first : first + 1000]


async def test_a_file_that_gets_shorter_is_broken_not_short(tmp_path: Path) -> None:
    path, _ = file(tmp_path, 500_000)
    async with stream(path) as (source, news):
        await next_piece(source, news, 0, 512)
        os.truncate(path, 1000)
        offset = 512
        while not source.broken:
            if source.read(offset, 512) is None:
                async with asyncio.timeout(GIVE_UP):
                    await news.wait()
                news.clear()
            else:
                offset += 512
        assert offset < 500_000
        assert source.read(offset, 512) is None


async def test_a_stream_closed_in_mid_read_gives_its_descriptor_back(tmp_path: Path) -> None:
    path, _ = file(tmp_path, 100_000)
    async with stream(path) as (source, _):
        assert source.read(0, 512) is None, "the first chunk is on its way"


async def test_a_request_cancelled_in_mid_open_gives_its_descriptor_back(tmp_path: Path) -> None:
    path, _ = file(tmp_path, 10)
    before = open_files()
    with ThreadPoolExecutor(1) as executor:
        opening = asyncio.create_task(open_asset(path, executor))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await until(lambda: open_files() <= before)


@pytest.mark.parametrize("kind", ["folder", "fifo", "nothing"])
async def test_what_is_no_regular_file_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    before = open_files()
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(FileNotFoundError):
            await open_asset(path, executor)
        assert open_files() == before
