"""How does a firmware image reach a phone without ever blocking the loop?

Ranges as in RFC 9110 section 14: an update that broke off goes on where it stopped.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from provisiond.actions.file_messages import FileReply
from provisiond.boot.http_answer import (
    Heads,
    Part,
    fields,
    http_date,
    modified_since,
    none_match,
    pick_part,
    range_stands,
)
from provisiond.boot.http_connection import PhoneConnection
from provisiond.boot.http_exchange import Exchange
from provisiond.boot.limits import HttpCounters

P = ParamSpec("P")
T = TypeVar("T")

CHUNK = 1 << 16
SLICE = 1 << 20


class NoAsset(Exception):
    """The file is gone, or is no regular file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An open file; `size` in bytes and `modified` are those of the open file itself."""

    file: int
    size: int
    modified: datetime


class AssetSender:
    """Answers requests for assets; all disk access happens in its own few threads."""

    def __init__(
        self, heads: Heads, counters: HttpCounters, stall_seconds: float, threads: int = 4
    ) -> None:
        self._heads = heads
        self._counters = counters
        self._stall_seconds = stall_seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="assets")

    async def answer(self, exchange: Exchange, path: Path, reply: FileReply) -> None:
        """Answer with the file or the part of it that is asked for.

        Raises NoAsset where there is nothing to open, ConnectionError where the client is gone,
        stops reading for the stall time, or the file turns out shorter than it was (the length
        already sent cannot be kept).
        """
        asset = await self._in_thread(_open, path)
        try:
            # A tag of another state of the file would let a phone join two different halves.
            etag = reply.etag if asset.size == reply.size else ""
            fixed = self._heads.fixed(reply.content_type, etag, reply.headers) + fields(
                ("Accept-Ranges", "bytes"), ("Last-Modified", http_date(asset.modified))
            )
            if reply.conditional and _is_unchanged(exchange, etag, asset):
                self._counters.not_modified += 1
                exchange.connection.send(exchange.head(304, fixed))
                return
            part = _pick(exchange, etag, asset)
            if part is None:
                unsatisfied = fields(("Content-Range", f"bytes */{asset.size}"))
                exchange.send(416, unsatisfied, b"")
                return
            await self._send(exchange, fixed, asset, part)
        finally:
            os.close(asset.file)

    async def _send(self, exchange: Exchange, fixed: bytes, asset: Asset, part: Part) -> None:
        status = 200
        if part.length != asset.size:
            status = 206
            fixed += fields(("Content-Range", part.content_range))
            self._counters.partial += 1
        self._counters.served += 1
        connection = exchange.connection
        head = exchange.head(status, fixed, part.length)
        if exchange.message.method == "HEAD":
            connection.send(head)
        elif connection.is_encrypted or part.length <= CHUNK:
            await self._send_by_copy(connection, head, asset, part)
        else:
            await self._send_by_kernel(connection, head, asset, part)

    def shutdown(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False)

    async def _send_by_copy(
        self, connection: PhoneConnection, head: bytes, asset: Asset, part: Part
    ) -> None:
        offset, left = part.offset, part.length
        while left:
            chunk = await self._in_thread(os.pread, asset.file, min(left, CHUNK), offset)
            if not chunk:
                raise ConnectionAbortedError("the asset became shorter while it was sent")
            connection.send(head + chunk)
            head = b""
            offset += len(chunk)
            left -= len(chunk)
            await connection.flushed()
        if head:
            connection.send(head)

    async def _send_by_kernel(
        self, connection: PhoneConnection, head: bytes, asset: Asset, part: Part
    ) -> None:
        # uvloop has no loop.sendfile, and asyncio's reads the disk in the loop's thread. The
        # duplicate lets the loop watch a socket that its own transport owns.
        offset, left = part.offset, part.length
        with _unbuffered(connection.stream):
            connection.send(head)
            await connection.flushed()
            out = os.dup(connection.stream.get_extra_info("socket").fileno())
            try:
                while left:
                    try:
                        sent = await self._in_thread(
                            os.sendfile, out, asset.file, offset, min(left, SLICE)
                        )
                    except BlockingIOError:
                        await self._writable(connection, out)
                        continue
                    if not sent:
                        raise ConnectionAbortedError("the asset became shorter while it was sent")
                    offset += sent
                    left -= sent
                    connection.note_sent(sent)
            finally:
                os.close(out)

    async def _writable(self, connection: PhoneConnection, out: int) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()

        def wake() -> None:
            if not ready.done():
                ready.set_result(None)

        loop.add_writer(out, wake)
        connection.on_lost = wake
        try:
            async with asyncio.timeout(self._stall_seconds):
                await ready
        except TimeoutError:
            connection.cut_stalled()
            raise ConnectionAbortedError("the client stopped reading") from None
        finally:
            connection.on_lost = None
            loop.remove_writer(out)
        connection.note_sent(0)

    async def _in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._pool, partial(call, *args, **kwargs))
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # the descriptors are closed next: not while a thread still works on them
            await asyncio.wait({running})
            raise


@contextmanager
def _unbuffered(stream: asyncio.WriteTransport) -> Iterator[None]:
    """While it lasts, `flushed` waits until the kernel has every byte that was written."""
    stream.set_write_buffer_limits(0)
    try:
        yield
    finally:
        if not stream.is_closing():
            stream.set_write_buffer_limits()


def _is_unchanged(exchange: Exchange, etag: str, asset: Asset) -> bool:
    tags = exchange.header("If-None-Match")
    if tags is not None:
        return none_match(tags, etag)
    since = exchange.header("If-Modified-Since")
    return since is not None and not modified_since(since, asset.modified)


def _pick(exchange: Exchange, etag: str, asset: Asset) -> Part | None:
    wanted = exchange.header("Range") if exchange.message.method == "GET" else None
    if wanted and not range_stands(exchange.header("If-Range"), etag, asset.modified):
        wanted = None
    return pick_part(wanted, asset.size)


def _open(path: Path) -> Asset:
    try:
        # O_NONBLOCK: a pipe planted among the assets must not hold a thread for good
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as exc:
        raise NoAsset(f"{path}: {exc.strerror}") from exc
    try:
        state = os.fstat(file)
        if not stat.S_ISREG(state.st_mode):
            raise NoAsset(f"{path} is no regular file")
    except BaseException:
        os.close(file)
        raise
    return Asset(
        file=file, size=state.st_size, modified=datetime.fromtimestamp(int(state.st_mtime), UTC)
    )
