"""How do bytes get to a SIP server or phone, and its answers back? UDP, TCP, TLS."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Literal, Protocol, cast

from provisiond.outbound.sip_message import LIMIT, Local, content_length

Transport = Literal["udp", "tcp", "tls"]

DEFAULT_PORTS: Final[dict[Transport, int]] = {"udp": 5060, "tcp": 5060, "tls": 5061}
"""RFC 3261 §19.1.2."""

_CONNECT_SECONDS: Final = 10.0
_WAITING: Final = 64  # datagrams kept that nobody has read yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """An address that was found: `name` is what a certificate must be of."""

    transport: Transport
    address: str
    port: int
    name: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What it is whoever's name led there."""
        return self.transport, self.address, self.port

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.transport}:{host}:{self.port}"


class Channel(Protocol):
    """A way to one next hop. `receive` gives one whole message, and raises OSError where the far
    end has gone: a closed connection, a port that nobody listens on."""

    local: Local
    reliable: bool

    async def send(self, message: bytes) -> None: ...

    async def receive(self) -> bytes: ...


@contextlib.asynccontextmanager
async def open_channel(
    hop: Hop, *, source: str | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Channel]:
    """A channel to `hop`, from the address `source` where one is given. Raises OSError."""
    if hop.transport == "udp":
        async with _datagrams(hop, source) as channel:
            yield channel
    else:
        async with _stream(hop, source, tls) as channel:
            yield channel


class _Datagrams(asyncio.DatagramProtocol):
    """A connected socket: the kernel drops what comes from anybody else, and tells of a port
    that is closed (RFC 3261 §18.4)."""

    reliable = False

    def __init__(self) -> None:
        self.local = Local(transport="UDP", host="", port=0)
        self._transport: asyncio.DatagramTransport | None = None
        self._arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue(_WAITING)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        host, port = transport.get_extra_info("sockname")[:2]
        self.local = Local(transport="UDP", host=host, port=port)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._take(data)

    def error_received(self, exc: Exception) -> None:
        self._take(exc if isinstance(exc, OSError) else OSError(str(exc)))

    async def send(self, message: bytes) -> None:
        assert self._transport is not None
        self._transport.sendto(message)

    async def receive(self) -> bytes:
        arrived = await self._arrived.get()
        if isinstance(arrived, OSError):
            raise arrived
        return arrived

    def _take(self, arrived: bytes | OSError) -> None:
        with contextlib.suppress(asyncio.QueueFull):  # who floods us loses the rest
            self._arrived.put_nowait(arrived)


@contextlib.asynccontextmanager
async def _datagrams(hop: Hop, source: str | None) -> AsyncIterator[_Datagrams]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        _Datagrams,
        remote_addr=(hop.address, hop.port),
        local_addr=(source, 0) if source is not None else None,
    )
    try:
        yield protocol
    finally:
        transport.close()


class _Stream:
    """A connection of our own; messages are told apart by Content-Length (RFC 3261 §18.3)."""

    reliable = True

    def __init__(
        self, hop: Hop, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, port = writer.get_extra_info("sockname")[:2]
        self.local = Local(transport=hop.transport.upper(), host=host, port=port)
        self._reader = reader
        self._writer = writer

    async def send(self, message: bytes) -> None:
        self._writer.write(message)
        await self._writer.drain()

    async def receive(self) -> bytes:
        while True:
            try:
                head = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError as fault:
                raise ConnectionResetError("the connection was closed") from fault
            except asyncio.LimitOverrunError as fault:
                raise ConnectionResetError("a message without end") from fault
            head = head.lstrip(b"\r\n")  # RFC 5626 §3.5.1: keep-alives between messages
            if not head:
                continue
            try:
                body = await self._reader.readexactly(content_length(head) or 0)
            except asyncio.IncompleteReadError as fault:
                raise ConnectionResetError("the connection was closed") from fault
            return head + body


@contextlib.asynccontextmanager
async def _stream(
    hop: Hop, source: str | None, tls: ssl.SSLContext | None
) -> AsyncIterator[_Stream]:
    secured = tls if hop.transport == "tls" else None
    if hop.transport == "tls" and secured is None:
        raise OSError("no certificates to check the far end's with")
    async with asyncio.timeout(_CONNECT_SECONDS):
        reader, writer = await asyncio.open_connection(
            hop.address,
            hop.port,
            limit=LIMIT,
            ssl=secured,
            server_hostname=hop.name if secured is not None else None,
            local_addr=(source, 0) if source is not None else None,
        )
    try:
        yield _Stream(hop, reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(OSError, asyncio.TimeoutError):
            async with asyncio.timeout(1):
                await writer.wait_closed()
