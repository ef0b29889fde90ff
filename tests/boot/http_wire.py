"""What do the HTTP tests speak with? A listener on loopback and a client that sends raw bytes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network

from provisiond.actions.file_messages import FileReply, FileRequest, ServeFile
from provisiond.boot.http import PhoneHttp
from provisiond.boot.limits import HttpLimits
from provisiond.inventory.access import Peer
from provisiond.inventory.errors import UnknownFile

HOST = b"Host: prov.example.test\r\n"
CONFIG = FileReply(
    body=b"#!version:1.0.0.1\naccount.1.enable = 1\n",
    content_type="text/plain; charset=utf-8",
    etag='"c0ffee"',
)
GIVE_UP = 20.0
"""Seconds after which a client says that nothing came; only a broken server gets there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer as it was on the wire; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    head: bytes

    @property
    def without_date(self) -> bytes:
        """All bytes but the Date field."""
        lines = self.head.split(b"\r\n")
        return b"\r\n".join(n for n in lines if not n.startswith(b"Date:")) + self.body


@dataclass(slots=True)
class Shelf:
    """A `serve_file` that has these replies, and remembers what it was asked."""

    replies: dict[str, FileReply | Exception] = field(default_factory=dict)
    asked: list[FileRequest] = field(default_factory=list)

    async def __call__(self, request: FileRequest) -> FileReply:
        """The reply of the name without leading slashes; UnknownFile for any other."""
        self.asked.append(request)
        reply = self.replies.get(request.name.lstrip("/"), UnknownFile("no such file"))
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def names(self) -> list[str]:
        """The names asked for."""
        return [request.name for request in self.asked]


@dataclass(slots=True)
class Door:
    """A listener under test, and what it reported as malformed."""

    http: PhoneHttp
    port: int
    malformed: list[tuple[Peer, str]]

    @property
    def reasons(self) -> list[str]:
        """Why requests were malformed."""
        return [reason for _, reason in self.malformed]


class Client:
    """One connection; every read gives up loudly instead of hanging the suite."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(raw)
        await self.writer.drain()

    async def response(self, method: str = "GET") -> Response:
        """Read one answer, as long as its Content-Length says."""
        async with asyncio.timeout(GIVE_UP):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            pairs = [line.split(": ", 1) for line in lines[1:] if line]
            headers = {name.lower(): value for name, value in pairs}
            assert len(headers) == len(pairs), f"a header stands twice: {lines}"
            status = int(lines[0].split()[1])
            length = int(headers.get("content-length", "0"))
            bodiless = method == "HEAD" or status in (100, 304)
            body = b"" if bodiless else await self.reader.readexactly(length)
        return Response(status=status, headers=headers, body=body, head=head)

    async def closed(self) -> bytes:
        """Wait until the server closes; what came before that, also where a reset follows it."""
        came = b""
        async with asyncio.timeout(GIVE_UP):
            with suppress(ConnectionResetError):
                while some := await self.reader.read(65536):
                    came += some
        return came

    async def close(self) -> None:
        """Hang up."""
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


@asynccontextmanager
async def listening(
    serve: ServeFile,
    *,
    trusted: tuple[str, ...] = (),
    limits: HttpLimits | None = None,
    context: ssl.SSLContext | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    **changed: float,
) -> AsyncIterator[Door]:
    """A listener on a free port of loopback; `changed` are fields of its limits."""
    malformed: list[tuple[Peer, str]] = []
    http = PhoneHttp(
        serve=serve,
        trusted_proxies=tuple(ip_network(network) for network in trusted),
        limits=replace(limits or HttpLimits(), **changed),  # type: ignore[arg-type]
        on_malformed=lambda peer, reason: malformed.append((peer, reason)),
        now=now,
    )
    _, port = await http.start("127.0.0.1", 0, context)
    try:
        yield Door(http, port, malformed)
    finally:
        await http.stop(grace=0.1)


@asynccontextmanager
async def connected(
    door: Door, context: ssl.SSLContext | None = None, name: str | None = None
) -> AsyncIterator[Client]:
    """A connection to the listener."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", door.port, ssl=context, server_hostname=name
    )
    client = Client(reader, writer)
    try:
        yield client
    finally:
        await client.close()


async def ask(door: Door, raw: bytes, method: str = "GET") -> Response:
    """Send one raw request on a connection of its own and read its answer."""
    async with connected(door) as client:
        await client.send(raw)
        return await client.response(method)


async def get(door: Door, target: str, *headers: str, method: str = "GET") -> Response:
    """An ordinary HTTP/1.1 request on a connection of its own."""
    lines = "".join(f"{line}\r\n" for line in headers)
    raw = f"{method} {target} HTTP/1.1\r\nHost: prov.example.test\r\n{lines}\r\n"
    return await ask(door, raw.encode("utf-8"), method)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so; fails loudly if it never is."""
    async with asyncio.timeout(GIVE_UP):
        while not holds():
            await asyncio.sleep(0.01)
