"""Where do the octets of a TFTP transfer come from? From memory, or ahead of need from a file."""

import asyncio
import errno
import os
import stat
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Final

_CHUNK: Final = 32_768


class Octets:
    """A body in memory."""

    __slots__ = ("_body",)

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, offset: int, size: int) -> bytes:
        """`size` octets at `offset`, fewer at the end."""
        return self._body[offset : offset + size]


def to_netascii(octets: bytes) -> bytes:
    """LF becomes CR LF, CR becomes CR NUL (RFC 1350 §1, RFC 764); each octet on its own."""
    return octets.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


async def open_asset(path: Path, executor: Executor) -> tuple[int, int]:
    """File descriptor and size in octets of a regular file, opened in a thread.

    Raises FileNotFoundError where there is none, OSError for what else is wrong with it.
    """
    opening = asyncio.get_running_loop().run_in_executor(executor, _open, path)
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close_unwanted)
        raise


class AssetStream:
    """A file read in chunks by a thread, at most two chunks and one window in memory.

    `on_news` is called in the loop whenever octets that `read` lacked have come, or `broken` has
    become true: the file got shorter than `size`, or could not be read. The stream owns the
    descriptor; `close` is due exactly once.
    """

    def __init__(
        self,
        *,
        descriptor: int,
        size: int,
        netascii: bool,
        keep: int,
        executor: Executor,
        on_news: Callable[[], None],
    ) -> None:
        self.broken = False
        self._descriptor = descriptor
        self._size = size
        self._netascii = netascii
        self._keep = keep
        self._chunk = max(_CHUNK, 2 * keep)
        self._executor = executor
        self._on_news = on_news
        self._buffer = b""
        self._start = 0  # offset of the buffer's first octet in what is sent
        self._fetched = 0  # offset in the file of the next chunk
        self._pending: asyncio.Future[bytes] | None = None
        self._next: bytes | None = None
        self._lacking = False
        self._closed = False
        self._fetch()

    def read(self, offset: int, size: int) -> bytes | None:
        """`size` octets at `offset`, fewer only at the end, None while the disk is awaited."""
        at = offset - self._start
        if len(self._buffer) - at < size:
            self._take()
            at = offset - self._start
        piece = self._buffer[at : at + size]
        if len(piece) == size or (self._ended() and not self.broken):
            return piece
        self._lacking = True
        return None

    def close(self) -> None:
        """Give the descriptor back, after a read that is under way."""
        self._closed = True
        self._buffer = b""
        self._next = None
        if self._pending is None:
            os.close(self._descriptor)

    def _ended(self) -> bool:
        return self._fetched >= self._size and self._pending is None and self._next is None

    def _take(self) -> None:
        """Append the chunk that was read ahead, drop what lies behind, and read on."""
        if self._next is None:
            return
        spent = max(0, len(self._buffer) - self._keep)
        self._buffer = self._buffer[spent:] + self._next
        self._start += spent
        self._next = None
        self._fetch()

    def _fetch(self) -> None:
        if self._fetched >= self._size or self.broken or self._closed:
            return
        wanted = min(self._chunk, self._size - self._fetched)
        self._pending = asyncio.get_running_loop().run_in_executor(
            self._executor, _read_exactly, self._descriptor, wanted, self._fetched
        )
        self._pending.add_done_callback(self._arrived)

    def _arrived(self, pending: asyncio.Future[bytes]) -> None:
        self._pending = None
        failed = pending.cancelled() or pending.exception() is not None
        if self._closed:
            os.close(self._descriptor)
            return
        if failed:
            self.broken = True
            self._on_news()
            return
        chunk = pending.result()
        self._fetched += len(chunk)
        self._next = to_netascii(chunk) if self._netascii else chunk
        if self._lacking:
            self._lacking = False
            self._on_news()


def _open(path: Path) -> tuple[int, int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "no regular file", str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def _close_unwanted(opening: asyncio.Future[tuple[int, int]]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result()[0])


def _read_exactly(descriptor: int, size: int, offset: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0:
        piece = os.pread(descriptor, size, offset)
        if not piece:
            raise EOFError("the file got shorter while it was sent")
        pieces.append(piece)
        offset += len(piece)
        size -= len(piece)
    return b"".join(pieces)
