"""Who is at the far end of this HTTP request, after a trusted proxy's word was believed?"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from socket import AF_INET, inet_pton
from typing import Protocol

from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import NotAdmitted

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

USER_AGENT_LENGTH = 256

_FORWARDED = (
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Real-IP",
    "Forwarded",
)


class Headers(Protocol):
    """Case-blind header fields; a name may stand several times."""

    def get(self, name: str, /) -> str | None:
        """The first value, or None."""

    def getall(self, name: str, default: list[str], /) -> list[str]:
        """All values in the order they came."""

    def __contains__(self, name: object, /) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The far end of a connection: a phone, or a proxy that speaks for phones.

    `trusted` says that its forwarded headers are believed, `suspect` that it may not send any:
    an untrusted sender on this very machine is a proxy that nobody declared, and to believe
    it would let every phone behind it pass as loopback.
    """

    address: Address
    port: int
    transport: Transport
    trusted: bool
    suspect: bool


def read_address(text: str) -> Address:
    """An address as sockets and proxies write it; IPv4-mapped IPv6 is unmapped, a zone dropped.

    Raises ValueError.
    """
    address = ip_address(text.partition("%")[0] if "%" in text else text)
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def read_remote(
    host: str, port: int, transport: Transport, trusted_proxies: Sequence[Network]
) -> Remote:
    """What a connection's far end is, from the socket's own peer name, which must be numeric."""
    address: Address
    if ":" in host:
        address = read_address(host)
        loopback = address.is_loopback
    else:  # every new connection comes through here: a third of the time ip_address takes
        packed = inet_pton(AF_INET, host)
        address = IPv4Address(packed)
        loopback = packed[0] == 127
    trusted = bool(trusted_proxies) and is_trusted(address, trusted_proxies)
    return Remote(
        address=address,
        port=port,
        transport=transport,
        trusted=trusted,
        suspect=loopback and not trusted,
    )


def is_trusted(address: Address, trusted_proxies: Sequence[Network]) -> bool:
    """Whether the address is one of the proxies whose word is believed."""
    return any(
        network.version == address.version and address in network for network in trusted_proxies
    )


def identify(remote: Remote, headers: Headers, trusted_proxies: Sequence[Network]) -> Peer:
    """The peer of one request.

    From a trusted proxy the client is the rightmost address of X-Forwarded-For that is no
    trusted proxy itself (what stands left of it anybody may have written), and the scheme is the
    rightmost of X-Forwarded-Proto. From anybody else these headers mean nothing. Raises
    NotAdmitted where an untrusted loopback sender forwards, or a trusted proxy names no address:
    to take the proxy for the client would let every phone behind it pass for a near one.
    """
    user_agent = headers.get("User-Agent")
    if user_agent is not None:
        user_agent = clean_text(user_agent)
    address, transport = remote.address, remote.transport
    if remote.trusted:
        address = _forwarded_for(remote, headers, trusted_proxies)
        transport = _forwarded_proto(remote, headers)
    elif remote.suspect and any(name in headers for name in _FORWARDED):
        raise NotAdmitted(
            "a forwarded header from loopback, which is not in boot.trusted_proxies: "
            "add the proxy's address there"
        )
    return Peer(address=address, port=remote.port, transport=transport, user_agent=user_agent)


def clean_text(text: str, length: int = USER_AGENT_LENGTH) -> str:
    """Text that can be stored and logged: printable, at most `length` characters.

    Bytes that were no UTF-8 (as surrogates, PEP 383) become `\\xNN`; controls are removed.
    """
    if not text.isprintable():
        readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        text = "".join(c for c in readable if c.isprintable())
    return text[:length]


def _forwarded_for(remote: Remote, headers: Headers, trusted_proxies: Sequence[Network]) -> Address:
    address: Address | None = None
    hops = ",".join(headers.getall("X-Forwarded-For", [])).split(",")
    for hop in reversed(hops):
        written = hop.strip()
        if not written:
            continue
        try:
            address = _read_hop(written)
        except ValueError:
            raise NotAdmitted(
                f"the proxy {remote.address} sent an X-Forwarded-For with no address in it: "
                f"{clean_text(written, 60)!r}"
            ) from None
        if not is_trusted(address, trusted_proxies):
            break
    if address is None:
        raise NotAdmitted(
            f"the proxy {remote.address} does not say who asks: make it send X-Forwarded-For"
        )
    return address


def _read_hop(written: str) -> Address:
    """One hop: an address, with a port behind it as some proxies write, IPv6 then in brackets."""
    if written.startswith("["):
        return read_address(written[1:].partition("]")[0])
    if written.count(":") == 1:
        return read_address(written.partition(":")[0])
    return read_address(written)


def _forwarded_proto(remote: Remote, headers: Headers) -> Transport:
    schemes = headers.getall("X-Forwarded-Proto", [])
    if not schemes:
        return remote.transport
    last = schemes[-1].rpartition(",")[2].strip().lower()
    return Transport.HTTPS if last == "https" else Transport.HTTP
