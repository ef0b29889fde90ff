"""Who is asking? A peer on the phone side, an actor on the people side."""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address


class Transport(Enum):
    """How a file request came, after a trusted proxy's word was believed."""

    HTTP = "http"
    HTTPS = "https"
    TFTP = "tftp"

    @property
    def is_plain(self) -> bool:
        """Whether anybody on the path can read the answer."""
        return self is not Transport.HTTPS


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The far end of a file request.

    `address` is the client's own as far as trusted proxies tell (IPv4-mapped IPv6 is unmapped).
    `user_agent` is clean text (bytes that are no UTF-8 stand as \\xNN), None where there is none.
    """

    address: IPv4Address | IPv6Address
    port: int
    transport: Transport
    user_agent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who changes something: `kind` is cli, api, portal, phone or system."""

    kind: str
    name: str
    is_admin: bool = False


SYSTEM = Actor(kind="system", name="provisiond", is_admin=True)
