"""Which columns has the table of each noun, and what do other systems call them?"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from provisiond.actions.csv_table import ALIASES, folded
from provisiond.actions.setting_cells import SETTINGS

_NUMBER = (
    "did", "phone number", "phonenumber", "phone_number", "tn", "telephone", "telephone number",
)  # fmt: skip
_NOTES = (*ALIASES["notes"], "dial-rule-description", "phone-number-description")
_DESTINATION = (
    "to", "extension", "ext", "dest", "forward to", "dial-rule-translation-destination-user",
)  # fmt: skip
_TREATMENT = ("application", "routing", "type", "dial-rule-application")
_NAME = ("queue name", "bridge name", "description", "label")


class TableKind(Enum):
    """What a table holds."""

    PHONES = "phones"
    USERS = "users"
    NUMBERS = "numbers"
    SMS = "sms"
    DESTINATIONS = "destinations"
    TIMEFRAMES = "timeframes"
    DIRECTORIES = "directories"
    EMERGENCY_ADDRESSES = "emergency_addresses"
    EMERGENCY_ENDPOINTS = "emergency_endpoints"
    SITES = "sites"
    LAYOUTS = "layouts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table: `written` in this order, `read` with their other names; each row
    needs `key`."""

    written: tuple[str, ...]
    read: Mapping[str, tuple[str, ...]]
    key: str


def _columns(key: str, /, **read: tuple[str, ...]) -> Columns:
    written = tuple(name for name in read if name != "display_name")
    return Columns(written=written, read=read, key=key)


COLUMNS: Mapping[TableKind, Columns] = {
    TableKind.USERS: _columns(
        "extension",
        extension=ALIASES["extension"],
        first_name=ALIASES["first_name"],
        last_name=ALIASES["last_name"],
        display_name=(*ALIASES["display_name"], "name"),
        sip_user=ALIASES["sip_user"],
        sip_auth_user=ALIASES["sip_auth_user"],
        sip_password=ALIASES["sip_password"],
        site=ALIASES["site"],
        in_directory=("directory", "listed", "dir_inc", "include_in_directory"),
        emergency_address=("emergency-address-id", "e911 address"),
        emergency_caller_id=("caller-id-number-emergency", "e911 caller id", "elin"),
    ),
    TableKind.NUMBERS: _columns(
        "number",
        number=_NUMBER,
        frame=("time frame", "time_frame", "timeframe"),
        treatment=_TREATMENT,
        destination=_DESTINATION,
        caller_id_prefix=("prefix", "caller id prefix", "dial-rule-translation-source-name"),
        announcement=("announce",),
        enhanced_voicemail=("enhanced",),
        notes=_NOTES,
        language=("lang",),
        time_zone=("timezone", "tz"),
        enabled=("enable", "active"),
        enable_on=("enable date", "start date"),
        disable_on=("disable date", "end date"),
    ),
    TableKind.SMS: _columns(
        "number",
        number=(*_NUMBER, "sms", "sms number"),
        treatment=_TREATMENT,
        destination=_DESTINATION,
        carrier=("provider",),
        mms=("mms capable",),
        group_mms=("group mms capable", "group"),
        notes=_NOTES,
    ),
    TableKind.DESTINATIONS: _columns(
        "extension",
        extension=("ext", "number", "bridge", "queue"),
        kind=("type", "treatment"),
        name=_NAME,
        enabled=("enable", "active"),
    ),
    TableKind.TIMEFRAMES: _columns(
        "name",
        name=("time frame", "time_frame", "timeframe", "frame"),
        owner=("user", "extension"),
        kind=("type",),
        time_zone=("timezone", "tz"),
        hours=("days and times", "weekly"),
        dates=("ranges", "date"),
        holidays=("calendar", "holiday calendar"),
        day=("holiday", "own holiday"),
    ),
    TableKind.DIRECTORIES: _columns(
        "name",
        directory=("directory name",),
        name=("contact", "display name", "full name"),
        number=("phone", "telephone", "phone number"),
    ),
    TableKind.EMERGENCY_ADDRESSES: _columns(
        "name",
        name=("address name", "label"),
        caller_name=("caller name",),
        country=("country code", "iso_country"),
        state=("province", "region", "administrative_area"),
        county=(),
        city=("locality", "town"),
        postcode=("zip", "zip code", "postal code", "postal_code"),
        house_number=("house no", "street number", "street_number", "legacy_data.house_number"),
        house_number_suffix=("house number suffix",),
        pre_directional=("predirectional", "predir"),
        street=("street name", "street_name", "street info", "streetname"),
        street_suffix=("streetsuffix",),
        post_directional=("postdirectional", "postdir"),
        line2=("address line 2", "street address 2", "extended_address"),
        building=(),
        unit=("suite", "apartment"),
        floor=(),
        room=(),
        location=("location description",),
        multi_floor=("multi floor", "several floors"),
        default=(),
    ),
    TableKind.EMERGENCY_ENDPOINTS: _columns(
        "number",
        number=(*_NUMBER, "callback number", "callback"),
        address=("emergency address",),
        caller_name=("caller name",),
        location=("location description",),
        site=("office",),
    ),
    TableKind.SITES: _columns(
        "name",
        name=("site", "site name", "location", "office"),
        emergency_address=("e911 address",),
        **dict.fromkeys(SETTINGS, ()),
    ),
    TableKind.LAYOUTS: _columns(
        "layout",
        layout=("layout name", "template"),
        module=("unit", "sidecar"),
        key=("button", "position"),
        kind=("type", "feature"),
        line=("line number",),
        value=("number", "extension"),
        label=("text",),
    ),
}

TREATMENT_WORDS: Mapping[str, str] = {
    "to_user": "user",
    "to_user_residential": "user",
    "to_callqueue": "call_queue",
    "to_queue": "call_queue",
    "queue": "call_queue",
    "to_conference": "conference",
    "bridge": "conference",
    "to_voicemail": "voicemail",
    "attendant": "auto_attendant",
    "aa": "auto_attendant",
    "available_number": "available",
    "fax": "fax_server",
    "trunk": "sip_trunk",
}
"""Treatments as other systems call them; blanks and dashes are underscores here."""


def kind_of_table(header: list[str]) -> TableKind:
    """What a table holds, by the names of its columns; phones where nothing tells."""
    return told_kind(header) or TableKind.PHONES


def told_kind(header: list[str]) -> TableKind | None:
    """The same; None where nothing tells."""
    names = {folded(heading) for heading in header}

    def has(kind: TableKind, column: str) -> bool:
        spellings = (column, *COLUMNS[kind].read[column])
        return any(folded(spelling) in names for spelling in spellings)

    macs = {folded(spelling) for spelling in ("mac", *ALIASES["mac"])}
    if names & macs or any(name.endswith("macaddress") for name in names):
        return TableKind.PHONES
    for kind, every in _TOLD_BY:
        if all(any(has(kind, column) for column in any_of) for any_of in every):
            return kind
    return None


_TOLD_BY: tuple[tuple[TableKind, tuple[tuple[str, ...], ...]], ...] = (
    (TableKind.EMERGENCY_ADDRESSES, (("name",), ("street",), ("house_number", "postcode"))),
    (TableKind.EMERGENCY_ENDPOINTS, (("number",), ("address",))),
    (TableKind.TIMEFRAMES, (("name",), ("hours", "dates", "holidays", "day"))),
    (TableKind.SMS, (("number",), ("carrier", "mms", "group_mms"))),
    (TableKind.DIRECTORIES, (("directory",), ("name",), ("number",))),
    (TableKind.DESTINATIONS, (("extension",), ("kind",), ("name",))),
    (TableKind.LAYOUTS, (("layout",), ("key",), ("kind",))),
    (TableKind.SITES, (("name",), ("sip_server", "outbound_proxy", "vlan_phone", "codecs"))),
    (TableKind.USERS, (("extension",), ("first_name", "last_name", "display_name", "sip_user"))),
    (TableKind.NUMBERS, (("number",), ("treatment", "frame"))),
)
