"""What do the TFTP tests speak with? A server on loopback and phones that send raw datagrams."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import cast

from provisiond.actions.file_messages import FileReply, FileRequest, ServeFile
from provisiond.boot.tftp import TftpServer
from provisiond.boot.tftp_options import TftpLimits
from provisiond.boot.tftp_packet import ack, read_request
from provisiond.inventory.access import Peer
from provisiond.inventory.errors import UnknownFile

GIVE_UP = 20.0
"""Seconds after which a phone says that nothing came; only a broken server gets there."""

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

HASTY = TftpLimits(first_timeout=0.05, min_timeout=0.02, max_timeout=0.1, last_wait=0.1)
"""Timers short enough to wait for."""

Options = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Shelf:
    """A `serve_file` that has these replies, and remembers what it was asked."""

    replies: dict[str, FileReply | Exception] = field(default_factory=dict)
    asked: list[FileRequest] = field(default_factory=list)

    async def __call__(self, request: FileRequest) -> FileReply:
        """The reply of the name, UnknownFile for any other."""
        self.asked.append(request)
        reply = self.replies.get(request.name, UnknownFile(f"{request.name} stands in no rule"))
        if isinstance(reply, Exception):
            raise reply
        return reply


def body(octets: bytes) -> FileReply:
    """A reply with these octets."""
    return FileReply(body=octets)


def asset(path: Path) -> FileReply:
    """A reply that streams this file."""
    return FileReply(asset=path, size=path.stat().st_size)


@dataclass(slots=True)
class Door:
    """A server under test, and what it reported as malformed."""

    tftp: TftpServer
    address: tuple[str, int]
    malformed: list[tuple[Peer, str]]

    @property
    def reasons(self) -> list[str]:
        """Why datagrams were malformed."""
        return [reason for _, reason in self.malformed]


@asynccontextmanager
async def listening(
    serve: ServeFile, *, host: str = "127.0.0.1", limits: TftpLimits | None = None
) -> AsyncIterator[Door]:
    """A running server; afterwards it holds no descriptor more than before it."""
    before = open_files()
    malformed: list[tuple[Peer, str]] = []
    tftp = TftpServer(
        serve=serve,
        networks=LOOPBACK,
        limits=limits or TftpLimits(),
        on_malformed=lambda peer, reason: malformed.append((peer, reason)),
    )
    address = await tftp.start(host, 0)
    try:
        yield Door(tftp=tftp, address=address, malformed=malformed)
    finally:
        await tftp.stop(0)
        await until(lambda: open_files() <= before)


def open_files() -> int:
    """How many descriptors this process holds, but for the event loop's and threads' own."""
    return sum(1 for link in Path("/proc/self/fd").iterdir() if _is_ours(link))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what must come about by itself."""
    async with asyncio.timeout(GIVE_UP):
        while not condition():
            await asyncio.sleep(0.005)


class Phone(asyncio.DatagramProtocol):
    """One UDP port of a phone. `tid` is where the server's first packet came from."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.tid: tuple[str, int] | None = None
        self.got: asyncio.Queue[tuple[bytes, tuple[str, int]]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what sends."""
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep what came, in order."""
        self.got.put_nowait((data, addr))

    @property
    def port(self) -> int:
        """Its own port."""
        port: int = self.transport.get_extra_info("sockname")[1]
        return port

    def ask(self, name: str, *, mode: str = "octet", options: Options = ()) -> None:
        """Send a read request to the server's well-known port."""
        self.transport.sendto(read_request(name, mode, options), self.server)

    def send(self, packet: bytes) -> None:
        """Send to the transfer's port."""
        assert self.tid is not None
        self.transport.sendto(packet, self.tid)

    async def receive(self) -> bytes:
        """The next packet; gives up loudly instead of hanging the suite."""
        async with asyncio.timeout(GIVE_UP):
            packet, self.tid = await self.got.get()
        return packet

    async def fetch(
        self, name: str, *, mode: str = "octet", options: Options = (), forgiving: bool = False
    ) -> bytes:
        """A whole file, the way RFC 1350, 2347 and 7440 want it; the answer's options count.

        A block that comes twice fails, unless `forgiving`: then it is ignored.
        """
        self.ask(name, mode=mode, options=options)
        packet = await self.receive()
        granted: dict[str, str] = {}
        if packet[:2] == b"\0\x06":
            fields = packet[2:].decode().split("\0")[:-1]
            granted = dict(zip(fields[::2], fields[1::2], strict=True))
            self.send(ack(0))
            packet = await self.receive()
        size, window = int(granted.get("blksize", 512)), int(granted.get("windowsize", 1))
        cycle = 65536 - int(granted.get("rollover", 0))
        octets = bytearray()
        block = before = 0
        while True:
            number = block + 1 if block < 65535 else 65536 - cycle + (block - 65535) % cycle
            while forgiving and packet[:4] == b"\0\x03" + before.to_bytes(2, "big"):
                packet = await self.receive()
            assert packet[:4] == b"\0\x03" + number.to_bytes(2, "big"), packet[:60]
            octets += packet[4:]
            block, before = block + 1, number
            last = len(packet) - 4 < size
            if last or block % window == 0:
                self.send(ack(number))
            if last:
                return bytes(octets)
            packet = await self.receive()


@asynccontextmanager
async def phone(server: tuple[str, int], *, host: str | None = None) -> AsyncIterator[Phone]:
    """A phone on a port of its own, on the server's address family."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: Phone(server), local_addr=(host or server[0], 0), family=family
    )
    try:
        yield protocol
    finally:
        transport.close()
        await asyncio.sleep(0)


@asynccontextmanager
async def phones(server: tuple[str, int], count: int) -> AsyncIterator[list[Phone]]:
    """Many at once."""
    loop = asyncio.get_running_loop()
    made: list[Phone] = []
    try:
        for _ in range(count):
            _, protocol = await loop.create_datagram_endpoint(
                lambda: Phone(server), local_addr=(server[0], 0)
            )
            made.append(protocol)
        yield made
    finally:
        close_all(made)
        await asyncio.sleep(0)


def close_all(made: Iterable[Phone]) -> None:
    """They vanish, without a word."""
    for one in made:
        one.transport.close()


def _is_ours(link: Path) -> bool:
    try:
        target = str(link.readlink())
    except OSError:
        return False
    return target.startswith(("socket:", "/")) or "eventpoll" in target
