"""Which fields has an inventory file? The schema, and what to say of a value that is none.

A field that is left out leaves what stands in the store; `null` goes back to the default; a list
or map that is given replaces the whole one. `docs/inventory-file.md` lists every field.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails

from provisiond.actions.emergency_schema import (
    EMERGENCY_ENTRIES,
    AddressEntry,
    EndpointEntry,
)
from provisiond.actions.inventory_text import Path, Tree
from provisiond.actions.inventory_values import (
    EnrolmentEntry,
    MacText,
    Moment,
    Password,
    Text,
    Verbatim,
    not_masked,
    or_no_map,
    or_none,
    read_secret,
)
from provisiond.actions.inventory_values import (
    Entry as Entry,
)
from provisiond.actions.number_schema import (
    NUMBER_ENTRIES,
    DestinationEntry,
    FrameEntry,
    NumberEntry,
    SmsEntry,
)
from provisiond.actions.people_schema import UserEntry
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.domains import Dtmf, ResyncRoute, SipTransport, Srtp
from provisiond.inventory.errors import Rejected
from provisiond.inventory.faults import MASK
from provisiond.inventory.near import near
from provisiond.inventory.secret import Secret


class SettingsEntry(Entry):
    """The settings of the server, a domain, a site or a phone."""

    sip_server: str | None = None
    sip_port: int | None = None
    outbound_proxy: str | None = None
    outbound_proxy_port: int | None = None
    transport: SipTransport | None = None
    register_expires: int | None = None
    codecs: tuple[str, ...] | None = None
    srtp: Srtp | None = None
    dtmf: Dtmf | None = None
    vlan_phone: int | None = None
    vlan_pc: int | None = None
    time_zone: str | None = None
    language: str | None = None
    tone_country: str | None = None
    ntp_server: str | None = None
    poll_minutes: int | None = None
    voicemail_number: str | None = None
    feature_codes: dict[str, str] | None = None
    phone_admin_password: Annotated[
        Secret | None, BeforeValidator(lambda v: None if v is None else read_secret(v))
    ] = None
    firmware: dict[str, str] | None = None
    emergency_numbers: tuple[str, ...] | None = None
    resync_route: ResyncRoute | None = None


class OverrideEntry(Entry):
    """A parameter set by hand for a family, or for one of its models."""

    family: str
    model: str | None = None
    key: Verbatim
    value: Verbatim | None
    author: Text = ""
    at: Moment = None


Overrides = Annotated[tuple[OverrideEntry, ...], BeforeValidator(or_none)]


class SiteEntry(SettingsEntry):
    """A site; its settings stand beside its name."""

    name: str
    emergency_address: str | None = None
    overrides: Overrides = ()


class ListingEntry(Entry):
    """A line of a directory."""

    name: str
    number: str


class DirectoryEntry(Entry):
    """A directory."""

    name: str
    entries: Annotated[tuple[ListingEntry, ...], BeforeValidator(or_none)] = ()


class ButtonEntry(Entry):
    """A button of a layout or phone."""

    module: int = 0
    key: int
    kind: ButtonKind
    line: int | None = None
    value: Text = ""
    label: Text = ""


Buttons = Annotated[tuple[ButtonEntry, ...], BeforeValidator(or_none)]


class LayoutEntry(Entry):
    """A named layout."""

    name: str
    buttons: Buttons = ()


class LineEntry(Entry):
    """A line of a phone."""

    line: int
    extension: str = ""  # missing is told with the references: a table may leave it out
    label: Text = ""
    shared: bool = False


class HandsetEntry(Entry):
    """A handset of a DECT base."""

    handset: int
    name: Text = ""
    ipei: Text = ""
    lines: Annotated[tuple[int, ...], BeforeValidator(or_none)] = ()


class PhoneTerms(Entry):
    """What phones can have in common."""

    model: str = ""
    site: str | None = None
    notes: Text = ""
    directory: str | None = "company"
    enabled: bool = True
    sidecars: Annotated[tuple[str, ...], BeforeValidator(or_none)] = ()
    layout: str | None = None
    buttons: Buttons = ()
    overrides: Annotated[dict[Verbatim, Verbatim | None], BeforeValidator(or_no_map)] = Field(
        default_factory=dict
    )
    settings: SettingsEntry = SettingsEntry()
    emergency_address: str | None = None


class PhoneFields(PhoneTerms):
    """A phone without what only a file brings back."""

    mac: MacText
    name: Text = ""
    lines: Annotated[tuple[LineEntry, ...], BeforeValidator(or_none)] = ()
    handsets: Annotated[tuple[HandsetEntry, ...], BeforeValidator(or_none)] = ()


class PhoneEntry(PhoneFields):
    """A phone."""

    token: Password = Secret(MASK)
    enrolment: Annotated[EnrolmentEntry | None, BeforeValidator(not_masked)] = None


class DomainEntry(Entry):
    """A domain with everything below it."""

    domain: Annotated[str, AfterValidator(str.lower)]
    settings: SettingsEntry = SettingsEntry()
    overrides: Overrides = ()
    sites: tuple[SiteEntry, ...] = ()
    users: tuple[UserEntry, ...] = ()
    directories: tuple[DirectoryEntry, ...] = ()
    layouts: tuple[LayoutEntry, ...] = ()
    phones: tuple[PhoneEntry, ...] = ()
    destinations: tuple[DestinationEntry, ...] = ()
    time_frames: tuple[FrameEntry, ...] = ()
    numbers: tuple[NumberEntry, ...] = ()
    sms_numbers: tuple[SmsEntry, ...] = ()
    emergency_addresses: tuple[AddressEntry, ...] = ()
    emergency_endpoints: tuple[EndpointEntry, ...] = ()


class ServerEntry(Entry):
    """What holds for all domains of the server."""

    settings: SettingsEntry = SettingsEntry()
    overrides: Overrides = ()


class InventoryEntry(Entry):
    """A file of several domains."""

    server: ServerEntry = ServerEntry()
    domains: tuple[DomainEntry, ...] = ()


ENTRIES: Mapping[str, type[Entry]] = {
    "domains": DomainEntry,
    "server": ServerEntry,
    "settings": SettingsEntry,
    "overrides": OverrideEntry,
    "sites": SiteEntry,
    "users": UserEntry,
    "directories": DirectoryEntry,
    "entries": ListingEntry,
    "layouts": LayoutEntry,
    "buttons": ButtonEntry,
    "lines": LineEntry,
    "handsets": HandsetEntry,
    "phones": PhoneEntry,
    "enrolment": EnrolmentEntry,
    **NUMBER_ENTRIES,
    **EMERGENCY_ENTRIES,
}
"""What stands below a field of this name."""


def settings_entry(tree: dict[str, Tree], field: str) -> SettingsEntry:
    """A few settings by themselves. Raises Rejected(field) for the first fault."""
    try:
        return SettingsEntry.model_validate(tree)
    except ValidationError as error:
        path, message, remedy = explain(error.errors(include_url=False)[0], SettingsEntry)
        raise Rejected(field, f"{path[0]}: {message}", remedy) from error


def explain(detail: ErrorDetails, root: type[Entry]) -> tuple[Path, str, str]:
    """A schema's complaint in a technician's words."""
    path: Path = tuple(part for part in detail["loc"] if part != "[key]")
    kind, given, name = detail["type"], detail["input"], path[-1] if path else "file"
    context = detail.get("ctx", {})
    if kind == "rejected":
        return path, context["message"], context["remedy"]
    if kind == "extra_forbidden":
        names = sorted(entry_at(path[:-1], root).model_fields)
        return path, f"there is no field {name!r} here.", _choice(str(name), names)
    if kind == "string_unicode":
        return path, f"{_brief(given)} holds half a character (a lone surrogate).", "Remove it."
    if kind == "missing":
        return path, f"{name!r} is missing.", "Add it."
    if kind == "enum":
        allowed = str(context.get("expected", "")).replace("'", "")
        names = allowed.replace(" or ", ", ").split(", ")
        return path, f"{_brief(given)} is none of its values.", _choice(str(given), names)
    wanted = next((say for start, say in _WANTED if kind.startswith(start)), detail["msg"])
    return path, f"{_brief(given)} is not {wanted}.", "Correct it."


_WANTED = (
    ("string", "a text"),
    ("int", "a whole number"),
    ("bool", "true or false"),
    ("tuple", "a list"),
    ("dict", "a map of names and texts"),
    ("model", "an object with named fields"),
)


def entry_at(path: Path, root: type[Entry]) -> type[Entry]:
    """The schema of the object at this place."""
    names = [part for part in path if isinstance(part, str)]
    return ENTRIES.get(names[-1], root) if names else root


def _choice(given: str, names: list[str]) -> str:
    close = near(given, names)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There are {', '.join(names)}."


def _brief(value: object) -> str:
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, dict | list | tuple):
        return "a list" if not isinstance(value, dict) else "an object"
    text = repr(value) if isinstance(value, str) else str(value)
    return {"None": "null"}.get(text, text if len(text) <= 60 else f"{text[:57]}…")
