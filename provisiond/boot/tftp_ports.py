"""Which port does a TFTP transfer get, and who tells a stranger that it is not his?"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from provisiond.boot.tftp_socket import ADDRESS_SPACE, Asked, SocketAddress, receive_options

_RESTED: Final = 32
"""Ports that lie idle before the longest idle is used again: no port twice in succession."""

_KEPT: Final = 256
"""Ports with a keeper; a storm's transfers beyond that have none."""

_BATCH: Final = 16

OnStranger = Callable[[socket.socket, bytes, list[tuple[int, int, Any]], SocketAddress], None]
"""Called with keeper, datagram, ancillary data and source."""


class Keeper:
    """A port of ours that transfers use one after another: an unconnected socket on it.

    The kernel hands a transfer's connected socket what its phone sends, and the keeper the rest.
    """

    __slots__ = ("client", "port", "socket")

    def __init__(self, unconnected: socket.socket) -> None:
        self.socket = unconnected
        self.port: int = unconnected.getsockname()[1]
        self.client: SocketAddress | None = None


class Ports:
    """Hands out ports for transfers of one address family, and listens on them for strangers.

    A connected socket alone would be enough to keep strangers out, but RFC 1350 §4 wants them
    told (error 5). A keeper for each transfer would cost as much as the transfer's own socket;
    kept and used again it costs next to nothing.
    """

    def __init__(
        self, family: int, loop: asyncio.AbstractEventLoop, on_stranger: OnStranger
    ) -> None:
        self._family = family
        self._loop = loop
        self._on_stranger = on_stranger
        self._idle: deque[Keeper] = deque()
        self._all: set[Keeper] = set()

    def open(self, asked: Asked, client: SocketAddress) -> tuple[socket.socket, Keeper | None]:
        """A socket on the address asked, connected to the phone, and its port's keeper if any.

        Its port is our transfer identifier (RFC 1350 §4). Connected, it hears that the phone is
        gone (ConnectionRefusedError) and nothing of strangers. Raises OSError.
        """
        connected = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        keeper = None
        try:
            keeper = self._take()
            if keeper is not None:
                # SO_REUSEPORT and not SO_REUSEADDR: no other user can get onto the port.
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
                keeper.client = client
            connected.bind(asked.bindable(keeper.port if keeper is not None else 0))
            connected.connect(client)
        except BaseException:
            connected.close()
            if keeper is not None:
                self.give_back(keeper)
            raise
        return connected, keeper

    def give_back(self, keeper: Keeper) -> None:
        """The transfer on this port has closed its socket."""
        if keeper in self._all:
            self._idle.append(keeper)

    def close(self) -> None:
        """Close every keeper."""
        for keeper in self._all:
            self._loop.remove_reader(keeper.socket.fileno())
            keeper.socket.close()
        self._all.clear()
        self._idle.clear()

    def _take(self) -> Keeper | None:
        rested = len(self._idle) >= _RESTED
        if not rested and len(self._all) < _KEPT:
            with suppress(OSError):  # descriptors have run out: a keeper is not worth a transfer
                return self._make()
        return self._idle.popleft() if self._idle else None

    def _make(self) -> Keeper:
        unconnected = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            receive_options(unconnected)
            unconnected.bind(("", 0))
            # Only now, or the kernel might give two keepers one port.
            unconnected.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            keeper = Keeper(unconnected)
            self._loop.add_reader(unconnected.fileno(), self._on_readable, keeper)
        except BaseException:
            unconnected.close()
            raise
        self._all.add(keeper)
        return keeper

    def _on_readable(self, keeper: Keeper) -> None:
        for _ in range(_BATCH):
            try:
                datagram, ancillary, _flags, source = keeper.socket.recvmsg(64, ADDRESS_SPACE)
            except OSError:
                return
            # A late or doubled packet of the port's last client is nobody strange.
            if source != keeper.client:
                self._on_stranger(keeper.socket, datagram, ancillary, source)
