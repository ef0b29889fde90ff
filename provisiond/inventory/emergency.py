"""Where is somebody who calls for help? Civic addresses, emergency addresses and endpoints."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import Enum

from provisiond.inventory.telephone import E164


class AddressLevel(Enum):
    """How far an address has come; values are the stored spelling, each rung above the last.

    The first three are what an offline look tells. Only a provider's answer makes VALIDATED.
    """

    DRAFT = "draft"
    WELL_FORMED = "well_formed"
    POSTAL_CONSISTENT = "postal_consistent"
    VALIDATED = "validated"

    @property
    def words(self) -> str:
        """`well-formed`."""
        return self.value.replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Civic:
    """A place by its street address, in the parts that RFC 5139 and address providers tell apart.

    `country` is ISO 3166-1 alpha-2, `state` a state or province. `pre_directional` (N),
    `street_suffix` (Ave) and `post_directional` (NW) may stand in `street` instead, where nobody
    tells them apart. `location` says in words where help must go: second floor, room 203.
    """

    country: str = ""
    state: str = ""
    county: str = ""
    city: str = ""
    postcode: str = ""
    house_number: str = ""
    house_number_suffix: str = ""
    pre_directional: str = ""
    street: str = ""
    street_suffix: str = ""
    post_directional: str = ""
    line2: str = ""
    building: str = ""
    unit: str = ""
    floor: str = ""
    room: str = ""
    location: str = ""

    @property
    def street_line(self) -> str:
        """House number and street in one line, as a US or British envelope has them."""
        parts = (
            f"{self.house_number}{self.house_number_suffix}",
            self.pre_directional,
            self.street,
            self.street_suffix,
            self.post_directional,
        )
        return " ".join(part for part in parts if part)

    @property
    def line(self) -> str:
        """The whole address in one line, for lists."""
        within = (
            self.line2,
            self.building,
            f"unit {self.unit}" if self.unit else "",
            f"floor {self.floor}" if self.floor else "",
            f"room {self.room}" if self.room else "",
            self.location,
        )
        town = f"{self.state} {self.postcode}".strip()
        parts = (self.street_line, *within, self.city, town, self.country)
        return ", ".join(part for part in parts if part)

    @property
    def outdoors(self) -> tuple[str, ...]:
        """What two addresses in the same building have in common."""
        same = (self.country, self.state, self.city, self.postcode, self.street_line, self.building)
        return tuple(part.casefold() for part in same)


CIVIC_FIELDS = tuple(field.name for field in fields(Civic))

CIVIC_ELEMENTS = (
    ("country", "country"),
    ("state", "A1"),
    ("county", "A2"),
    ("city", "A3"),
    ("pre_directional", "PRD"),
    ("street", "RD"),
    ("street_suffix", "STS"),
    ("post_directional", "POD"),
    ("house_number", "HNO"),
    ("house_number_suffix", "HNS"),
    ("floor", "FLR"),
    ("postcode", "PC"),
    ("building", "BLD"),
    ("unit", "UNIT"),
    ("room", "ROOM"),
)
"""Fields and the elements of RFC 5139 §3.1 that hold them; `line2` and `location` are LOC, the
caller name is NAM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Who looked at exactly these civic fields, when, and whether they passed.

    `provider` is empty where only the offline check did: that is *checked*, never validated.
    `until` is when the provider's answer ends; `reference` is the provider's own name for it.
    `is_rejected` is a place that the provider does not know, or no more.
    """

    provider: str = ""
    at: datetime
    until: datetime | None = None
    reference: str = ""
    is_rejected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyAddress:
    """A named place of the domain that users and phones are associated with.

    `is_default` marks the one of the domain that holds where nothing nearer is set. `multi_floor`
    says that the building has several floors: an address there needs a floor or a room.
    """

    name: str
    civic: Civic = Civic()
    caller_name: str = ""
    multi_floor: bool = False
    is_default: bool = False
    proof: Proof | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyEndpoint:
    """A fixed location behind the callback number that is sent to emergency services.

    `address` names an emergency address, `site` the site whose one endpoint this is.
    """

    number: E164
    address: str
    caller_name: str = ""
    location: str = ""
    site: str | None = None
    revision: int = 0


class Scope(Enum):
    """Where an emergency address is set; the nearest to the phone wins."""

    DOMAIN = "domain"
    SITE = "site"
    USER = "user"
    PHONE = "phone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """The address that holds, and where it comes from: `site HQ`. No name: nobody set any."""

    name: str | None = None
    scope: Scope | None = None
    key: str = ""

    @property
    def words(self) -> str:
        """`from site HQ`, `from the domain`."""
        if self.scope is None:
            return "set nowhere"
        return "from the domain" if self.scope is Scope.DOMAIN else f"from {self.origin}"

    @property
    def origin(self) -> str:
        """`site HQ`."""
        return f"{self.scope.value} {self.key}".strip() if self.scope is not None else ""


def effective_address(
    *,
    domain: tuple[str, str | None],
    site: tuple[str, str | None] = ("", None),
    user: tuple[str, str | None] = ("", None),
    phone: tuple[str, str | None] = ("", None),
) -> Effective:
    """The nearest address: phone, user, site, domain. Each is its key and the address it names."""
    nearest = ((Scope.PHONE, phone), (Scope.USER, user), (Scope.SITE, site), (Scope.DOMAIN, domain))
    for scope, (key, name) in nearest:
        if name is not None:
            return Effective(name=name, scope=scope, key=key)
    return Effective()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When is an address good enough? `provider` is the one that is configured, or empty.

    `recheck_months` after a proof it is looked at again; 0 is never.
    """

    provider: str = ""
    checked_is_enough: bool = True
    recheck_months: int = 12


class Standing(Enum):
    """What is to be done about an address."""

    GOOD = "good"
    UNVERIFIED = "unverified"
    DUE = "due"
    EXPIRED = "expired"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How an address stands now: its rung, what is to be done about it, and both in words."""

    level: AddressLevel
    standing: Standing
    words: str

    @property
    def is_usable(self) -> bool:
        """Whether help can be sent there for all that is known; a re-check may be due."""
        return self.standing in (Standing.GOOD, Standing.DUE)


def status_of(
    address: EmergencyAddress, level: AddressLevel, terms: Terms, now: datetime
) -> Status:
    """The status; `level` is what the offline look says of its civic fields, VALIDATED never.

    A proof counts as validation only where it is of the provider that is configured now: without
    one nothing is ever called validated.
    """
    proof = address.proof
    if proof is not None and proof.is_rejected:
        return _rejected(proof, level, terms)
    asked = proof is not None and bool(proof.provider) and proof.provider == terms.provider
    if proof is not None and asked and level is not AddressLevel.DRAFT:
        return _validated(proof, level, terms, now)
    if level is AddressLevel.DRAFT:
        words = "draft: it is not complete, or not of its country's form"
        return Status(level=level, standing=Standing.UNVERIFIED, words=words)
    if proof is None:
        words = f"{level.words}, accepted by nobody yet"
        return Status(level=level, standing=Standing.UNVERIFIED, words=words)
    day = f"{proof.at:%Y-%m-%d}"
    words = f"{level.words}, checked on {day}"
    if proof.provider:
        words = f"{level.words}; {proof.provider} looked at it on {day} and is not asked any more"
    if not terms.checked_is_enough:
        return Status(level=level, standing=Standing.UNVERIFIED, words=f"{words}: not validated")
    if is_due(proof, terms, now):
        return Status(level=level, standing=Standing.DUE, words=f"{words}: check it again")
    return Status(level=level, standing=Standing.GOOD, words=words)


def is_due(proof: Proof, terms: Terms, now: datetime) -> bool:
    """Whether the proof is older than `recheck_months`."""
    if terms.recheck_months <= 0:
        return False
    return now >= months_after(proof.at, terms.recheck_months)


def months_after(at: datetime, months: int) -> datetime:
    """The same day so many months later; the last of its month where there is no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in (at.day, 30, 29, 28):
        try:
            return at.replace(year=year, month=month + 1, day=min(day, at.day))
        except ValueError:
            continue
    return at


def with_civic(address: EmergencyAddress, civic: Civic) -> EmergencyAddress:
    """The address with other civic fields: what was proved of the old ones does not hold."""
    if civic == address.civic:
        return address
    return replace(address, civic=civic, proof=None)


def _rejected(proof: Proof, level: AddressLevel, terms: Terms) -> Status:
    """It stays so when the provider is not asked any more: the place did not come back by that."""
    who = proof.provider or "a provider"
    words = f"{level.words}; rejected by {who} on {proof.at:%Y-%m-%d}"
    if proof.provider != terms.provider:
        words += ", which is not asked any more"
    return Status(level=level, standing=Standing.REJECTED, words=words)


def _validated(proof: Proof, level: AddressLevel, terms: Terms, now: datetime) -> Status:
    words = f"validated by {proof.provider} on {proof.at:%Y-%m-%d}"
    if proof.until is not None and now >= proof.until:
        words = f"the validation by {proof.provider} expired on {proof.until:%Y-%m-%d}"
        return Status(level=level, standing=Standing.EXPIRED, words=words)
    level = AddressLevel.VALIDATED
    if proof.until is not None:
        words += f", until {proof.until:%Y-%m-%d}"
    if is_due(proof, terms, now):
        return Status(level=level, standing=Standing.DUE, words=f"{words}: check it again")
    return Status(level=level, standing=Standing.GOOD, words=words)
