"""How do programs see a phone, its lines, buttons and settings?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from provisiond.actions.inventory_schema import ButtonEntry, Entry, PhoneFields, PhoneTerms
from provisiond.actions.inventory_write import phone_tree
from provisiond.actions.phones import PhoneView
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.domains import Dtmf, ResyncRoute, SipTransport, Srtp
from provisiond.inventory.journal import Sighting
from provisiond.inventory.phones import Enrolment, Phone, PhoneLine, PhoneSummary
from provisiond.web.api.bulk import ManyBody
from provisiond.web.api.shapes import Record, SearchQuery, Shape

PhoneSort = Literal["mac", "-mac", "name", "-name", "model", "-model", "last_seen", "-last_seen"]


class PhonesQuery(SearchQuery):
    """Which phones. `q` is found in the MAC (in any notation), the name, and the extension or
    name of a line's user; three letters or more ask an index."""

    site: Annotated[str | None, Field(max_length=128)] = None
    model: Annotated[str | None, Field(max_length=128)] = None
    extension: Annotated[str | None, Field(max_length=15)] = None
    enabled: bool | None = None
    sort: PhoneSort = "mac"


class OwnPhonesQuery(SearchQuery):
    """Which of the own phones; as of all."""

    sort: PhoneSort = "mac"


class LineShown(Shape):
    """A line: which extension rings there."""

    line: int
    extension: str
    label: str
    shared: bool
    user: str | None = None


class ButtonShown(Shape):
    """A button: what it is for, in the order of the phone's keys."""

    module: int
    key: int
    kind: ButtonKind
    line: int | None
    value: str
    label: str


class HandsetShown(Shape):
    """A handset of a DECT base."""

    handset: int
    name: str
    ipei: str
    lines: list[int]


class SettingsShown(Shape):
    """The settings that are set in this layer; null is inherited. Secrets are `***`."""

    sip_server: str | None = None
    sip_port: int | None = None
    outbound_proxy: str | None = None
    outbound_proxy_port: int | None = None
    transport: SipTransport | None = None
    register_expires: int | None = None
    codecs: list[str] | None = None
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
    phone_admin_password: str | None = None
    firmware: dict[str, str] | None = None
    emergency_numbers: list[str] | None = None
    resync_route: ResyncRoute | None = None


class SightingShown(Shape):
    """When, where and as what a phone was last served."""

    first_seen: datetime
    last_seen: datetime
    address: str
    transport: str
    last_file: str
    count: int
    user_agent: str | None
    model: str | None
    version: str | None


class EnrolmentShown(Shape):
    """Whether the URL without a token serves the phone's files now, and who came by it.
    `renewed_at` is when its token was renewed, until it has moved to the new one."""

    open_until: datetime | None
    closed_at: datetime | None
    held_reason: str | None
    first_address: str | None
    renewed_at: datetime | None


class PhoneRow(Record):
    """A phone as a list shows it. `held` says that its enrolment waits for a person."""

    mac: str
    model: str
    name: str
    site: str | None
    notes: str
    enabled: bool
    lines: list[LineShown]
    last_seen: datetime | None
    held: bool


class PhoneShown(Record):
    """A phone with all its parts. Secret overrides and settings are `***`."""

    mac: str
    model: str
    name: str
    site: str | None
    notes: str
    directory: str | None
    enabled: bool
    lines: list[LineShown]
    handsets: list[HandsetShown]
    sidecars: list[str]
    layout: str | None
    buttons: list[ButtonShown]
    overrides: dict[str, str | None]
    settings: SettingsShown
    emergency_address: str | None
    enrolment: EnrolmentShown
    sighting: SightingShown | None


class ButtonsShown(Record):
    """The buttons of a phone."""

    mac: str
    model: str
    name: str
    layout: str | None
    lines: list[LineShown]
    buttons: list[ButtonShown]


class ButtonsBody(Entry):
    """The buttons that a phone is to have; those that stood and are not listed go."""

    buttons: tuple[ButtonEntry, ...]


class PhoneBody(PhoneFields):
    """A phone as it is to be. A line's `extension` may be its user's name; a line that rings on
    another phone already is refused unless it is `shared`. `lines`, `buttons`, `sidecars` and
    `overrides` that are given replace all; of `settings` only those that are given change, and
    null takes one away."""


class PhonesBody(ManyBody):
    """What many phones are to have in common. `buttons`, `sidecars` and `overrides` that are given
    replace all of each; of `settings` only those that are given change."""

    changes: PhoneTerms


class EnrolmentBody(Entry):
    """How many hours the URL without a token is to serve the phone's files, by default
    `admission.enrolment_hours`; with `new_token`, and after a hold, the old URL yields nothing from
    now on."""

    hours: Annotated[int, Field(ge=1, le=2160)] | None = None
    new_token: bool = False


def phone_row(one: PhoneSummary) -> PhoneRow:
    """A phone of a list."""
    return PhoneRow(
        revision=one.revision,
        mac=str(one.mac),
        model=one.model,
        name=one.name,
        site=one.site,
        notes=one.notes,
        enabled=one.enabled,
        lines=[_line(line, {}) for line in one.lines],
        last_seen=one.last_seen,
        held=one.held,
    )


def phone_shown(
    phone: Phone, sighting: Sighting | None = None, names: Mapping[str, str] | None = None
) -> PhoneShown:
    """A phone with all its parts."""
    tree: dict[str, Any] = phone_tree(phone)
    del tree["token"]
    tree |= {
        "revision": phone.revision,
        "lines": [_line(line, names or {}) for line in phone.lines],
        "handsets": tree.get("handsets", []),
        "buttons": [button_shown(button) for button in phone.buttons],
        "settings": tree.get("settings", {}),
        "emergency_address": phone.emergency_address,
        "enrolment": _enrolment(phone.enrolment),
        "sighting": _sighting(sighting) if sighting is not None else None,
    }
    return PhoneShown.model_validate(tree)


def view_shown(view: PhoneView) -> PhoneShown:
    """A phone with the names of its lines' users, and when it was last seen."""
    names = {extension: user.display_name for extension, user in view.users.items()}
    return phone_shown(view.phone, view.sighting, names)


def buttons_shown(phone: Phone) -> ButtonsShown:
    """What the owner of a phone may see of it."""
    return ButtonsShown(
        revision=phone.revision,
        mac=str(phone.mac),
        model=phone.model,
        name=phone.name,
        layout=phone.layout,
        lines=[_line(line, {}) for line in phone.lines],
        buttons=[button_shown(button) for button in phone.buttons],
    )


def button_shown(button: Button) -> ButtonShown:
    """A button."""
    return ButtonShown(
        module=button.module,
        key=button.key,
        kind=button.kind,
        line=button.line,
        value=button.value,
        label=button.label,
    )


def _line(line: PhoneLine, names: Mapping[str, str]) -> LineShown:
    return LineShown(
        line=line.line,
        extension=line.extension,
        label=line.label,
        shared=line.shared,
        user=names.get(line.extension),
    )


def _enrolment(enrolment: Enrolment) -> EnrolmentShown:
    return EnrolmentShown(
        open_until=enrolment.open_until,
        closed_at=enrolment.closed_at,
        held_reason=enrolment.held_reason,
        first_address=enrolment.first_address,
        renewed_at=enrolment.renewed_at,
    )


def _sighting(sighting: Sighting) -> SightingShown:
    return SightingShown(
        first_seen=sighting.first_seen,
        last_seen=sighting.last_seen,
        address=sighting.address,
        transport=sighting.transport,
        last_file=sighting.last_file,
        count=sighting.count,
        user_agent=sighting.user_agent,
        model=sighting.model,
        version=sighting.version,
    )
