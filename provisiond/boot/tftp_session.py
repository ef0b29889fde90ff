"""What is one client's read, who is the client, and what is counted?"""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from provisiond.boot.tftp_ports import Keeper
from provisiond.boot.tftp_socket import Asked, SocketAddress
from provisiond.boot.tftp_source import AssetStream
from provisiond.boot.tftp_transfer import Transfer
from provisiond.inventory.access import Peer

CallerKey = tuple[socket.socket, bytes, SocketAddress]


@dataclass(slots=True)
class TftpCounters:
    """What TFTP has done since the start; `active` is a level, the others only rise.

    `requests` are well-formed reads; `denied` datagrams came from outside the networks;
    `refused` were answered with error 1, 2 or 4, `failed` with error 0; `transfers_gone` ended
    because the phone's port was closed, `timeouts` in silence, `aborted` by the client's ERROR;
    `evicted` made room for others; `resends` are packets; `strangers` were told error 5.
    """

    requests: int = 0
    transfers_ok: int = 0
    transfers_gone: int = 0
    timeouts: int = 0
    aborted: int = 0
    evicted: int = 0
    refused: int = 0
    failed: int = 0
    malformed: int = 0
    denied: int = 0
    resends: int = 0
    strangers: int = 0
    active: int = 0


class Caller:
    """Who sent a datagram, and to which of our addresses; `key` names one client's port."""

    __slots__ = ("asked", "key", "listener", "peer", "source")

    def __init__(
        self, *, listener: socket.socket, asked: Asked, source: SocketAddress, peer: Peer
    ) -> None:
        self.listener = listener
        self.asked = asked
        self.source = source
        self.peer = peer
        self.key: CallerKey = (listener, asked.packed, source)

    def tell(self, packet: bytes) -> None:
        """Answer once from the listener's port, by the address asked; nobody waits for it."""
        # A closed listener, a full buffer, an impossible port: the client asks again.
        with suppress(OSError):
            self.listener.sendmsg([packet], self.asked.ancillary(), 0, self.source)


class Session:
    """One client's read: a request that waits for its file, then a transfer on its own socket."""

    __slots__ = (
        "caller",
        "check",
        "datagram",
        "delivered",
        "ended",
        "keeper",
        "socket",
        "stream",
        "task",
        "transfer",
    )

    def __init__(self, caller: Caller, datagram: bytes) -> None:
        self.caller = caller
        self.datagram = datagram
        self.ended = False
        self.delivered: Callable[[], None] | None = None
        self.check = 0.0
        self.task: asyncio.Task[None] | None = None
        self.transfer: Transfer | None = None
        self.socket: socket.socket | None = None
        self.keeper: Keeper | None = None
        self.stream: AssetStream | None = None

    @property
    def proven(self) -> bool:
        """Whether the client has answered: its address is not forged."""
        return self.transfer is not None and self.transfer.acknowledged

    @property
    def given_up(self) -> bool:
        """Whether a repeated request means that the client has begun anew."""
        return self.transfer is not None and self.proven and self.transfer.stalled
