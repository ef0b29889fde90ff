"""What must be known to render a phone's files? One consistent snapshot of the inventory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import Settings, Site
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Override, Phone
from provisiond.inventory.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainFacts:
    """What all phones of a domain share; loaded once a domain epoch.

    `settings` has the server's layer and the built-in one below it already. `users` is by
    extension; their `sip_password` is empty here and comes with the phone's own lines.
    `overrides` are the rows of scope server, domain and site, farthest first.
    """

    domain_id: int
    name: str
    epoch: int
    settings: Settings
    sites: Mapping[str, Site] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPhone:
    """That a phone is in the inventory, and what its admission is decided on; `epoch` is its
    domain's."""

    domain_id: int
    epoch: int
    phone_id: int
    mac: Mac
    model: str
    enrolment: Enrolment
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneKeys:
    """By what a phone proves who it is: its token first, then the one before a renewal, if any."""

    domain_id: int
    epoch: int
    phone_id: int
    tokens: tuple[Secret, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneFacts:
    """One phone in its domain, read in one snapshot.

    `users` holds the users of the phone's lines, by extension, with their SIP passwords.
    `phone.buttons` are the layout's with the phone's own over them, sorted by (module, key).
    `directory` is None unless it was asked for; sorted by name, then number. `epoch` is the
    domain's, read inside the same snapshot. `by_old_token` says that the token that found it is
    the one before a renewal.
    """

    domain: DomainFacts
    phone: Phone
    phone_id: int
    epoch: int
    users: Mapping[str, User] = field(default_factory=dict)
    directory: tuple[DirectoryEntry, ...] | None = None
    by_old_token: bool = False
