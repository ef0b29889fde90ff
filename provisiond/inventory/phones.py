"""What is a phone of the inventory? Its record, lines, sidecars, overrides and layouts."""

from dataclasses import dataclass
from datetime import datetime

from provisiond.inventory.buttons import Button
from provisiond.inventory.domains import Settings
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """Line n of a phone: account n, port n. `extension` names a user of the same domain."""

    line: int
    extension: str
    label: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handset:
    """A handset of a DECT base: `ipei` is its serial number, `lines` those it rings for.

    An IPEI (ETSI EN 300 175-6) is kept as 10 hex digits, as bases are told it; empty: any
    handset may subscribe in this place.
    """

    handset: int
    name: str = ""
    ipei: str = ""
    lines: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One parameter of a family set by hand; the nearest scope wins, model beats family.

    `scope` is server, domain, site or phone; `value` None means "do not print this key".
    """

    scope: str
    family: str
    key: str
    value: str | None
    model: str | None = None
    site: str | None = None
    author: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A named set of buttons that several phones share; a phone's own buttons go over it."""

    name: str
    buttons: tuple[Button, ...] = ()
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """How long the token-less URL serves this phone's full files.

    Open while `opened_at <= now < open_until`, not held and not closed. `first_address` and
    `first_user_agent` are of the first token-less fetch since it was opened. `renewed_at` is when
    the token was renewed; it stands until the phone has asked with the new one, and so long the
    old one is good, too.
    """

    opened_at: datetime | None = None
    open_until: datetime | None = None
    closed_at: datetime | None = None
    held_reason: str | None = None
    first_address: str | None = None
    first_user_agent: str | None = None
    renewed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone as the inventory keeps it. `model` is "Vendor Model" as on the box.

    `emergency_address` None takes that of the user of its first line.
    """

    mac: Mac
    model: str
    name: str = ""
    site: str | None = None
    notes: str = ""
    directory: str | None = "company"
    enabled: bool = True
    lines: tuple[PhoneLine, ...] = ()
    handsets: tuple[Handset, ...] = ()
    sidecars: tuple[str, ...] = ()
    layout: str | None = None
    buttons: tuple[Button, ...] = ()
    overrides: tuple[tuple[str, str | None], ...] = ()
    settings: Settings = Settings()
    token: Secret = Secret("")
    enrolment: Enrolment = Enrolment()
    emergency_address: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneSummary:
    """A phone as a list shows it. `held` says that its enrolment waits for a person."""

    mac: Mac
    model: str
    name: str
    site: str | None
    notes: str
    enabled: bool
    lines: tuple[PhoneLine, ...]
    last_seen: datetime | None
    held: bool
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneOfLine:
    """A phone that has a line of somebody, and which of its lines that is."""

    mac: Mac
    name: str
    line: PhoneLine
