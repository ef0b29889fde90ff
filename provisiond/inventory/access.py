"""Who is asking, and what may they do? A peer on the phone side, an actor on the people side."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address

from provisiond.inventory.errors import NotAllowed, NotFound


class Transport(Enum):
    """How a file request came, after a trusted proxy's word was believed."""

    HTTP = "http"
    HTTPS = "https"
    TFTP = "tftp"
    PNP = "pnp"

    @property
    def is_plain(self) -> bool:
        """Whether anybody on the path can read the answer."""
        return self is not Transport.HTTPS

    @property
    def is_forgeable(self) -> bool:
        """Whether anybody can ask in another's name: over UDP nothing proves the source."""
        return self in (Transport.TFTP, Transport.PNP)


def network_of(address: str) -> str:
    """The /24 or /64 around an address, as text: what one owner may ask from, as a rule."""
    if ":" not in address:
        return f"{address.rpartition('.')[0]}.0/24"
    high = int(ip_address(address)) >> 64 << 64
    return f"{ip_address(high)}/64"


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


class Role(Enum):
    """What a person or program is for. Each holds what `PERMISSIONS` lists, in its scope."""

    ADMIN = "admin"
    TECH = "tech"
    MANAGER = "manager"
    USER = "user"


class Noun(Enum):
    """What something may be done to."""

    DOMAINS = "domains"
    SETTINGS = "settings"
    FAMILIES = "families"
    SITES = "sites"
    USERS = "users"
    DESTINATIONS = "destinations"
    NUMBERS = "numbers"
    SMS_NUMBERS = "sms_numbers"
    TIMEFRAMES = "timeframes"
    DIRECTORIES = "directories"
    LAYOUTS = "layouts"
    PHONES = "phones"
    BUTTONS = "buttons"
    EMERGENCY = "emergency"
    INVENTORY = "inventory"
    REQUESTS = "requests"
    AUDIT = "audit"
    EVENTS = "events"
    PEOPLE = "people"
    TOKENS = "tokens"
    WEBHOOKS = "webhooks"
    OWN_ACCOUNT = "own_account"


class Verb(Enum):
    """What may be done. `RUN` is what changes no record of the noun: enrol, re-sync, undo."""

    READ = "read"
    ADD = "add"
    EDIT = "edit"
    DELETE = "delete"
    RUN = "run"


_ALL = frozenset(Verb)
_LOOK = frozenset({Verb.READ})
_CHANGE = frozenset({Verb.READ, Verb.EDIT})
_KEEP = frozenset({Verb.READ, Verb.ADD, Verb.EDIT, Verb.DELETE})
_WHOLE = frozenset({Verb.READ, Verb.RUN})  # export and import; of what, the other nouns say

PERMISSIONS: Mapping[Role, Mapping[Noun, frozenset[Verb]]] = {
    Role.ADMIN: dict.fromkeys(Noun, _ALL),
    Role.TECH: {
        Noun.DOMAINS: _LOOK,
        Noun.FAMILIES: _LOOK,
        Noun.SITES: _LOOK,
        Noun.USERS: _LOOK,
        Noun.DESTINATIONS: _LOOK,
        Noun.NUMBERS: _LOOK,
        Noun.SMS_NUMBERS: _LOOK,
        Noun.TIMEFRAMES: _LOOK,
        Noun.DIRECTORIES: _LOOK,
        Noun.LAYOUTS: _KEEP,
        Noun.PHONES: _ALL,
        Noun.BUTTONS: _CHANGE,
        Noun.EMERGENCY: _LOOK,
        Noun.INVENTORY: _WHOLE,
        Noun.REQUESTS: _LOOK,
        Noun.AUDIT: _LOOK,
        Noun.EVENTS: _LOOK,
        Noun.OWN_ACCOUNT: _CHANGE,
    },
    Role.MANAGER: {
        Noun.DOMAINS: _LOOK,
        Noun.FAMILIES: _LOOK,
        Noun.SITES: _KEEP,
        Noun.USERS: _KEEP,
        Noun.DESTINATIONS: _KEEP,
        Noun.NUMBERS: _KEEP,
        Noun.SMS_NUMBERS: _KEEP,
        Noun.TIMEFRAMES: _KEEP,
        Noun.DIRECTORIES: _KEEP,
        Noun.LAYOUTS: _KEEP,
        Noun.PHONES: _ALL,
        Noun.BUTTONS: _CHANGE,
        Noun.EMERGENCY: _KEEP | {Verb.RUN},
        Noun.INVENTORY: _WHOLE,
        Noun.AUDIT: _LOOK | {Verb.RUN},
        Noun.EVENTS: _LOOK,
        Noun.OWN_ACCOUNT: _CHANGE,
    },
    Role.USER: {
        Noun.BUTTONS: _CHANGE,
        Noun.OWN_ACCOUNT: _CHANGE,
    },
}
"""The one table of who may do what. What it does not list is refused; the scope (every domain,
one domain, the own phone) is the actor's and is looked at apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: `kind` is cli, api, portal, phone or system.

    `domain` is the only one the actor knows of, None for all of them. `extension` is the own one
    of a user, whose phones' buttons alone are in reach. `read_only` takes every verb but READ.
    """

    kind: str
    name: str
    role: Role = Role.USER
    domain: str | None = None
    extension: str | None = None
    read_only: bool = False

    @property
    def is_admin(self) -> bool:
        """Whether all of the server is in reach."""
        return self.role is Role.ADMIN and self.domain is None

    def may(self, noun: Noun, verb: Verb) -> bool:
        """Whether the role allows it, somewhere in the actor's scope."""
        if self.read_only and verb is not Verb.READ:
            return False
        return verb in PERMISSIONS[self.role].get(noun, frozenset())

    def sees(self, domain: str) -> bool:
        """Whether the domain exists for this actor."""
        if self.domain is None:
            return self.role in (Role.ADMIN, Role.TECH)
        return self.domain == domain.lower()


SYSTEM = Actor(kind="system", name="provisiond", role=Role.ADMIN)


def demand(actor: Actor, noun: Noun, verb: Verb, domain: str | None = None) -> None:
    """Let the actor go on. Raises NotFound for a domain that is not the actor's, in the words
    for one that does not exist, and NotAllowed for what the role may not do."""
    if domain is not None and not actor.sees(domain):
        raise NotFound(f"there is no domain {domain}.")
    if not actor.may(noun, verb):
        what = f"{verb.value} {noun.value.replace('_', ' ')}"
        who = "a read-only token" if actor.read_only else f"the role {actor.role.value}"
        raise NotAllowed(f"{who} may not {what}; ask an admin.")
