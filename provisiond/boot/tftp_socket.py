"""How do TFTP's datagrams come and go, so that the answer leaves from the address asked?"""

import logging
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from struct import Struct
from typing import Any, Final

log = logging.getLogger(__name__)

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Octets asked for: it decides who is heard when a whole building boots at one instant."""

ADDRESS_SPACE: Final = socket.CMSG_SPACE(20)
"""Ancillary octets to ask for with each datagram."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
Network = IPv4Network | IPv6Network

_IP_PKTINFO: Final = getattr(socket, "IP_PKTINFO", 8)  # Python 3.11 lacks the name; 8 on Linux
_SO_RCVBUFFORCE: Final = 33
_PKTINFO4: Final = Struct("=i4s4s")  # interface, the local address, the address in the header
_PKTINFO6: Final = Struct("=16si")
_LINK_LOCAL: Final = IPv6Network("fe80::/10")


@dataclass(frozen=True, slots=True)
class Asked:
    """The local address that a datagram was sent to, as it has to be given back.

    `packed` is 4 or 16 octets, `interface` the index of the interface that it came in by.
    """

    packed: bytes
    interface: int

    def bindable(self, port: int) -> SocketAddress:
        """What to bind a socket to, so that it sends from this address; port 0 is any free one."""
        if len(self.packed) == 4:
            return (socket.inet_ntop(socket.AF_INET, self.packed), port)
        scope = self.interface if IPv6Address(self.packed) in _LINK_LOCAL else 0
        return (socket.inet_ntop(socket.AF_INET6, self.packed), port, 0, scope)

    def ancillary(self) -> list[tuple[int, int, bytes]]:
        """What to pass to `sendmsg`, so that an unbound socket sends from this address."""
        if len(self.packed) == 4:
            control = _PKTINFO4.pack(0, self.packed, bytes(4))
            return [(socket.IPPROTO_IP, _IP_PKTINFO, control)]
        control = _PKTINFO6.pack(self.packed, self.interface)
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, control)]


class Allowed:
    """Which source addresses are answered at all?"""

    __slots__ = ("_four", "_six")

    def __init__(self, networks: tuple[Network, ...]) -> None:
        def as_numbers(version: int) -> tuple[tuple[int, int], ...]:
            chosen = (n for n in networks if n.version == version)
            return tuple((int(n.netmask), int(n.network_address)) for n in chosen)

        self._four = as_numbers(4)
        self._six = as_numbers(6)

    def admit(self, host: str) -> IPv4Address | IPv6Address | None:
        """The address of `host` as the kernel spelt it (IPv4-mapped is unmapped), else None."""
        if ":" not in host:
            number = int.from_bytes(socket.inet_pton(socket.AF_INET, host), "big")
            return IPv4Address(number) if _within(number, self._four) else None
        address = IPv6Address(host.partition("%")[0])
        mapped = address.ipv4_mapped
        if mapped is not None:
            return mapped if _within(int(mapped), self._four) else None
        return address if _within(int(address), self._six) else None


def open_listener(family: int, address: tuple[Any, ...]) -> socket.socket:
    """A bound, non-blocking UDP socket whose datagrams tell the address that was asked.

    Logs the remedy where the kernel grants less receive buffer than a boot storm needs. An IPv6
    listener takes IPv6 only: IPv4 is a listener of its own. Raises OSError.
    """
    listener = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        receive_options(listener)
        granted = ask_for_buffer(listener, RECEIVE_BUFFER)
        listener.bind(address)
    except BaseException:
        listener.close()
        raise
    if granted < RECEIVE_BUFFER:
        log.warning(
            "TFTP on %s port %d: the kernel grants %d octets of receive buffer instead of %d, so a "
            "boot storm may lose requests; remedy: sysctl -w net.core.rmem_max=%d",
            *listener.getsockname()[:2],
            granted,
            RECEIVE_BUFFER,
            RECEIVE_BUFFER,
        )
    return listener


def receive_options(unconnected: socket.socket) -> None:
    """Have each datagram tell the address that was asked; IPv6 takes no IPv4 along."""
    if unconnected.family == socket.AF_INET6:
        unconnected.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        unconnected.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        unconnected.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)


def ask_for_buffer(listener: socket.socket, wanted: int) -> int:
    """Ask for `wanted` octets of receive buffer; the octets that the kernel granted."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, wanted)
    if _granted(listener) < wanted:
        with suppress(OSError):  # past net.core.rmem_max, where CAP_NET_ADMIN is held
            listener.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, wanted)
    return _granted(listener)


def address_asked(ancillary: list[tuple[int, int, Any]]) -> Asked | None:
    """Where the datagram was sent to; None for broadcast and multicast.

    RFC 1123 §4.2.3.4: a request to a broadcast address is silently ignored.
    """
    for level, kind, control in ancillary:
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO and len(control) >= 12:
            interface, local, header = _PKTINFO4.unpack_from(control)
            return Asked(local, interface) if local == header else None
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(control) >= 20:
            local, interface = _PKTINFO6.unpack_from(control)
            return None if local[0] == 0xFF else Asked(local, interface)
    return None


def _granted(listener: socket.socket) -> int:
    # Linux doubles what was asked, for its own bookkeeping (socket(7), SO_RCVBUF).
    return listener.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2


def _within(number: int, networks: tuple[tuple[int, int], ...]) -> bool:
    return any(number & mask == network for mask, network in networks)
