"""Firmware and other assets: whole, in parts, large, over TLS, and while the file changes."""

import asyncio
import os
import socket
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from provisiond.actions.file_messages import FileReply
from tests.boot.http_wire import HOST, Client, Response, Shelf, connected, get, listening, until

BODY = bytes(range(256)) * 4
MTIME = 1_715_000_000
MODIFIED = formatdate(MTIME, usegmt=True)
REQUEST = b"GET /fw.rom HTTP/1.1\r\n" + HOST + b"\r\n"


def asset(path: Path, content: bytes = BODY, *, conditional: bool = False) -> FileReply:
    path.write_bytes(content)
    os.utime(path, (MTIME, MTIME))
    return FileReply(
        asset=path,
        size=len(content),
        etag='"abc"',
        content_type="application/octet-stream",
        conditional=conditional,
    )


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def fetch(reply: FileReply, *headers: str, method: str = "GET") -> Response:
    async with listening(Shelf({"fw.rom": reply})) as door:
        return await get(door, "/fw.rom", *headers, method=method)


async def test_an_asset_comes_whole_with_its_validators(tmp_path: Path) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom"))
    assert (answer.status, answer.body) == (200, BODY)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == '"abc"'
    assert answer.headers["last-modified"] == MODIFIED
    assert "transfer-encoding" not in answer.headers


async def test_head_of_an_asset_tells_its_length(tmp_path: Path) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom"), "Range: bytes=0-1", method="HEAD")
    assert (answer.status, answer.headers["content-length"]) == (200, str(len(BODY)))


@pytest.mark.parametrize(
    ("header", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0),
        ("bytes=100-199", 206, 100, 199),
        ("bytes=1000-", 206, 1000, 1023),
        ("bytes=-24", 206, 1000, 1023),
        ("bytes=1000-99999", 206, 1000, 1023),
        ("bytes=0-1023", 200, 0, 1023),
        ("bytes=0-1,5-6", 200, 0, 1023),
        ("bytes=9-3", 200, 0, 1023),
        ("potatoes=1-2", 200, 0, 1023),
    ],
)
async def test_a_range_gets_its_octets(
    tmp_path: Path, header: str, status: int, first: int, last: int
) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom"), f"Range: {header}")
    assert answer.status == status
    assert answer.body == BODY[first : last + 1]
    expected = f"bytes {first}-{last}/1024" if status == 206 else None
    assert answer.headers.get("content-range") == expected


@pytest.mark.parametrize("header", ["bytes=1024-", "bytes=5000-6000", "bytes=-0"])
async def test_a_range_beyond_the_end_is_416_with_the_size(tmp_path: Path, header: str) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom"), f"Range: {header}")
    assert (answer.status, answer.body) == (416, b"")
    assert answer.headers["content-range"] == "bytes */1024"


@pytest.mark.parametrize(
    ("validator", "status"),
    [
        ('"abc"', 206),
        (MODIFIED, 206),
        ('"other"', 200),
        ('W/"abc"', 200),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 200),
        ("nonsense", 200),
    ],
)
async def test_if_range_gives_the_whole_of_another_file(
    tmp_path: Path, validator: str, status: int
) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom"), "Range: bytes=1000-", f"If-Range: {validator}")
    assert answer.status == status
    assert answer.body == (BODY[1000:] if status == 206 else BODY)


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('If-None-Match: "abc"', 304),
        ('If-None-Match: "other"', 200),
        (f"If-Modified-Since: {MODIFIED}", 304),
        ("If-Modified-Since: Mon, 01 Jan 2001 00:00:00 GMT", 200),
        (f'If-None-Match: "other"\r\nIf-Modified-Since: {MODIFIED}', 200),
    ],
)
async def test_conditions_on_assets_hold_where_the_reply_allows_304(
    tmp_path: Path, header: str, status: int
) -> None:
    path = tmp_path / "fw.rom"
    assert (await fetch(asset(path, conditional=True), header)).status == status
    assert (await fetch(asset(path), header)).status == 200


async def test_an_asset_that_is_gone_or_no_file_is_the_404(tmp_path: Path) -> None:
    path = tmp_path / "fw.rom"
    os.mkfifo(tmp_path / "pipe")
    for reply in (
        FileReply(asset=path, size=1),
        FileReply(asset=tmp_path, size=1),
        FileReply(asset=tmp_path / "pipe", size=1),
    ):
        answer = await fetch(reply)
        assert (answer.status, answer.body) == (404, b"not found\n")


async def test_an_asset_that_was_replaced_loses_the_old_tag(tmp_path: Path) -> None:
    reply = replace(asset(tmp_path / "fw.rom"), size=7)
    answer = await fetch(reply, "Range: bytes=5-", 'If-Range: "abc"')
    assert (answer.status, answer.body) == (200, BODY)
    assert "etag" not in answer.headers


async def test_an_empty_asset_is_an_empty_200(tmp_path: Path) -> None:
    answer = await fetch(asset(tmp_path / "fw.rom", b""))
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")


async def test_a_large_asset_arrives_whole_and_the_connection_lives_on(tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 24
    async with (
        listening(Shelf({"fw.rom": asset(tmp_path / "fw.rom", content)})) as door,
        connected(door) as client,
    ):
        await client.send(REQUEST + REQUEST.replace(b"\r\n\r\n", b"\r\nRange: bytes=-9\r\n\r\n"))
        assert (await client.response()).body == content
        assert (await client.response()).body == content[-9:]
    assert door.http.counters.bytes_sent > len(content)


async def test_many_fetch_a_large_asset_at_once(tmp_path: Path) -> None:
    content = os.urandom(1 << 20) * 3
    async with listening(Shelf({"fw.rom": asset(tmp_path / "fw.rom", content)})) as door:
        answers = await asyncio.gather(*(get(door, "/fw.rom") for _ in range(20)))
    assert all(answer.body == content for answer in answers)


async def test_an_asset_that_shrinks_while_it_is_sent_breaks_off(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The promised length can't be kept; a phone must not take a padded image for whole."""
    path = tmp_path / "fw.rom"
    reply = asset(path, b"x" * 30_000_000)
    async with listening(Shelf({"fw.rom": reply})) as door, connected(door) as client:
        await client.send(REQUEST)
        head = await client.reader.readuntil(b"\r\n\r\n")
        os.truncate(path, 10)
        rest = await client.closed()
    assert b"Content-Length: 30000000" in head
    assert len(rest) < 30_000_000
    assert [r for r in caplog.records if r.exc_info] == []


async def test_a_reader_of_an_asset_that_takes_nothing_is_cut(tmp_path: Path) -> None:
    reply = asset(tmp_path / "fw.rom", b"x" * 30_000_000)
    async with listening(Shelf({"fw.rom": reply}), stall_seconds=0.3) as door:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", door.port))
        client = Client(*await asyncio.open_connection(sock=sock, limit=1024))
        await client.send(REQUEST)
        await until(lambda: door.http.counters.cut_stalled == 1)
        await until(lambda: door.http.counters.open == 0)
        await client.close()


async def test_a_client_that_hangs_up_on_an_asset_frees_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reply = asset(tmp_path / "fw.rom", b"x" * 30_000_000)
    async with listening(Shelf({"fw.rom": reply})) as door:
        before = open_files()
        for _ in range(20):
            async with connected(door) as client:
                await client.send(REQUEST)
                await client.reader.readexactly(100_000)
                client.writer.transport.abort()
        await until(lambda: door.http.counters.open == 0)
        await until(lambda: open_files() <= before)
    assert [r for r in caplog.records if r.exc_info] == []


async def test_stop_cuts_a_stuck_asset_at_once(tmp_path: Path) -> None:
    reply = asset(tmp_path / "fw.rom", b"x" * 30_000_000)
    async with listening(Shelf({"fw.rom": reply})) as door:
        before = open_files()
        async with connected(door) as client:
            await client.send(REQUEST)
            await client.reader.readexactly(100_000)
            await door.http.stop(grace=0.1)
            assert door.http.counters.open == 0
            await client.closed()
        await until(lambda: open_files() <= before)


async def test_curl_resumes_a_download(tmp_path: Path) -> None:
    content = os.urandom(300_000)
    half = tmp_path / "half.rom"
    half.write_bytes(content[:123_456])
    async with listening(Shelf({"fw.rom": asset(tmp_path / "fw.rom", content)})) as door:
        process = await asyncio.create_subprocess_exec(
            "curl", "-sS", "-C", "-", "-o", str(half), f"http://127.0.0.1:{door.port}/fw.rom"
        )  # fmt: skip
        assert await process.wait() == 0
    assert half.read_bytes() == content
    assert door.http.counters.partial == 1
