"""Who is told of changes by HTTP, and how does that go?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from provisiond.inventory.errors import Finding
from provisiond.inventory.secret import Secret
from provisiond.inventory.texts import shown, text_faults

Address = IPv4Address | IPv6Address
Networks = tuple[IPv4Network | IPv6Network, ...]

MAX_URL = 2000
_PAUSES = (10, 60, 300, 900, 1800, 3600, 3600, 7200, 7200, 14400, 14400, 28800)
MOST_TRIES = len(_PAUSES) + 1
"""over a day in all"""


class DeliveryState(Enum):
    """How far a delivery is; `dead` was tried for a day and waits for a person."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Somebody who is told of changes: of one domain, or of all where it is None."""

    name: str
    url: str
    domain: str | None = None
    enabled: bool = True
    secret: Secret = Secret("")
    created_by: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One change on its way to one webhook. `said` is how the last try ended."""

    delivery_id: int
    change_id: int
    action: str
    subject: str
    state: DeliveryState
    tries: int
    due_at: datetime
    done_at: datetime | None
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStanding:
    """How the outbox stands: `oldest` is the moment of the oldest change that still waits."""

    waiting: int = 0
    oldest: datetime | None = None
    dead: int = 0

    def oldest_seconds(self, at: datetime) -> float:
        """For how long the oldest change has waited; 0 where none does."""
        return max((at - self.oldest).total_seconds(), 0.0) if self.oldest is not None else 0.0


def webhook_faults(webhook: Webhook, private: Networks) -> tuple[Finding, ...]:
    """What is wrong with a webhook, as far as its URL alone says."""
    return tuple(_faults(webhook, private))


def next_try(tries: int, at: datetime) -> datetime | None:
    """When a delivery that was tried so often is tried again; None: never by itself."""
    return at + timedelta(seconds=_PAUSES[tries - 1]) if tries <= len(_PAUSES) else None


def may_reach(address: Address, private: Networks) -> bool:
    """Whether webhooks may be sent there: to the open internet, and where the settings say so.

    Loopback, private, link-local, multicast and reserved addresses are neighbours of this server,
    which trust it. An IPv6 address that carries an IPv4 one is judged by both.
    """
    if isinstance(address, IPv6Address):
        inner = carried_ipv4(address)
        if inner is not None and not may_reach(inner, private):
            return False
        if address.ipv4_mapped is not None:
            return True
    if any(net.version == address.version and address in net for net in private):
        return True
    return address.is_global and not address.is_multicast


def carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside of a mapped one, of 2002::/16, or of 64:ff9b::/96 (RFC 6052 §2.1)."""
    number = int(address)
    inner = address.ipv4_mapped or address.sixtofour
    is_nat64 = number >> 32 == 0x64FF9B << 64
    return IPv4Address(number & 0xFFFFFFFF) if inner is None and is_nat64 else inner


def _faults(webhook: Webhook, private: Networks) -> Iterator[Finding]:
    yield from text_faults("name", webhook.name, 64, needed=True)
    yield from text_faults("url", webhook.url, MAX_URL, needed=True)
    try:
        parts = urlsplit(webhook.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        yield Finding(
            where="url",
            message=f"{shown(webhook.url)} is no URL of a web server.",
            remedy="Write https://host/path.",
        )
        return
    if parts.username is not None or parts.password is not None or parts.fragment:
        message = "it holds a user, password or fragment."
        yield Finding(where="url", message=message, remedy="Signatures say who sent it.")
    if parts.scheme == "http" and not private:
        yield Finding(
            where="url",
            message="it would go over plain HTTP.",
            remedy="Use https; plain HTTP is for networks in web.webhook_networks.",
        )
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not may_reach(address, private):
        yield Finding(
            where="url",
            message=f"{host} is an address of a private network.",
            remedy="Add the network to web.webhook_networks, if it is meant.",
        )
