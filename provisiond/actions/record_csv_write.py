"""How are a domain's users, numbers, time frames and other records written as tables?"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from provisiond.actions.csv_table import guarded
from provisiond.actions.emergency_trees import address_tree, endpoint_tree
from provisiond.actions.frame_edits import part_text
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Tree
from provisiond.actions.inventory_write import settings_tree
from provisiond.actions.number_trees import destination_tree
from provisiond.actions.record_tables import COLUMNS, TableKind
from provisiond.actions.setting_cells import setting_cell
from provisiond.actions.workbook import workbook_bytes
from provisiond.inventory.faults import MASK
from provisiond.inventory.number_faults import is_called_default
from provisiond.inventory.numbers import Handling
from provisiond.inventory.timeframes import (
    DateRange,
    HolidayCalendar,
    OwnHoliday,
    Part,
    TimeFrame,
    WeeklyHours,
)

_DEFAULT = "Default"
_COLUMN_OF = {
    WeeklyHours: "hours",
    DateRange: "dates",
    HolidayCalendar: "holidays",
    OwnHoliday: "day",
}
_Cells = Mapping[str, str]
_Record = TypeVar("_Record")


def record_csv_bytes(
    contents: DomainContents, kind: TableKind, *, with_secrets: bool = False
) -> bytes:
    """A table that `read_record_csv` takes back: UTF-8 with a byte order mark, so that
    spreadsheets read names right; passwords are `***` without secrets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows(_written(contents, kind, with_secrets=with_secrets))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def record_workbook_bytes(
    contents: DomainContents, kind: TableKind, *, with_secrets: bool = False
) -> bytes:
    """The same as a workbook, whose cells are texts. Raises RejectedAll where what writes
    workbooks is not installed."""
    return workbook_bytes(kind.value, _written(contents, kind, with_secrets=with_secrets))


def _written(
    contents: DomainContents, kind: TableKind, *, with_secrets: bool
) -> Iterator[Sequence[str]]:
    columns = COLUMNS[kind].written
    yield columns
    for cells in _rows(contents, kind, with_secrets=with_secrets):
        yield [guarded(cells.get(column, "")) for column in columns]


def _rows(contents: DomainContents, kind: TableKind, *, with_secrets: bool) -> Iterator[_Cells]:
    match kind:
        case TableKind.USERS:
            yield from _users(contents, with_secrets=with_secrets)
        case TableKind.NUMBERS:
            yield from _numbers(contents)
        case TableKind.SMS:
            yield from _sms(contents)
        case TableKind.DESTINATIONS:
            trees = [destination_tree(one) for one in _by_extension(contents.destinations)]
            yield from (_cells_of(tree) for tree in trees)
        case TableKind.TIMEFRAMES:
            yield from _frames(contents)
        case TableKind.DIRECTORIES:
            yield from _directories(contents)
        case TableKind.EMERGENCY_ADDRESSES:
            addresses = sorted(contents.emergency_addresses.values(), key=lambda one: one.name)
            yield from (_cells_of(address_tree(one)) for one in addresses)
        case TableKind.EMERGENCY_ENDPOINTS:
            endpoints = sorted(contents.emergency_endpoints.values(), key=lambda one: one.number)
            yield from (_cells_of(endpoint_tree(one)) for one in endpoints)
        case TableKind.SITES:
            yield from _sites(contents, with_secrets=with_secrets)
        case TableKind.LAYOUTS:
            yield from _layouts(contents)
        case TableKind.PHONES:
            raise AssertionError("phones have a table of their own")


def _frames(contents: DomainContents) -> Iterator[_Cells]:
    for frame in sorted(
        contents.time_frames.values(), key=lambda frame: (frame.name, frame.owner or "")
    ):
        yield from _frame(frame)


def _directories(contents: DomainContents) -> Iterator[_Cells]:
    for name in sorted(contents.directories):
        for entry in contents.directories[name].entries:
            yield {"directory": name, "name": entry.name, "number": entry.number}


def _sites(contents: DomainContents, *, with_secrets: bool) -> Iterator[_Cells]:
    for name in sorted(contents.sites):
        site = contents.sites[name]
        settings = settings_tree(site.settings, with_secrets=with_secrets)
        yield {
            "name": name,
            "emergency_address": site.emergency_address or "",
            **{setting: setting_cell(value) for setting, value in settings.items()},
        }


def _layouts(contents: DomainContents) -> Iterator[_Cells]:
    """A row a button; of a layout without one its name alone."""
    for name in sorted(contents.layouts):
        buttons = contents.layouts[name].buttons
        for button in sorted(buttons, key=lambda one: (one.module, one.key)):
            yield {
                "layout": name,
                "module": str(button.module),
                "key": str(button.key),
                "kind": button.kind.value,
                "line": str(button.line or ""),
                "value": button.value,
                "label": button.label,
            }
        if not buttons:
            yield {"layout": name}


def _cells_of(tree: Mapping[str, Tree]) -> _Cells:
    """A record that has a column for each field; those that have none are passed over."""
    return {
        name: _yes(value) if isinstance(value, bool) else value or ""
        for name, value in tree.items()
        if value is None or isinstance(value, bool | str)
    }


def _users(contents: DomainContents, *, with_secrets: bool) -> Iterator[_Cells]:
    for user in _by_extension(contents.users):
        password = user.sip_password
        yield {
            "extension": user.extension,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "sip_user": user.sip_user,
            "sip_auth_user": user.sip_auth_user,
            "sip_password": password.reveal() if with_secrets or not password else MASK,
            "site": user.site or "",
            "in_directory": _yes(user.in_directory),
            "emergency_address": user.emergency_address or "",
            "emergency_caller_id": str(user.emergency_caller_id or ""),
        }


def _numbers(contents: DomainContents) -> Iterator[_Cells]:
    """A row for what a number does, and one a rule. Where a frame of old is called as the default
    is, the first has none: then the others are all rules."""
    for number in sorted(contents.numbers.values(), key=lambda one: one.number):
        key = {"number": number.number.text}
        is_told = number.rules and not any(is_called_default(rule.frame) for rule in number.rules)
        yield {
            **key,
            "frame": _DEFAULT if is_told else "",
            **_handling(number.default),
            "notes": number.notes,
            "language": number.language or "",
            "time_zone": number.time_zone or "",
            "enabled": _yes(number.enabled),
            "enable_on": number.enable_on.isoformat() if number.enable_on is not None else "",
            "disable_on": number.disable_on.isoformat() if number.disable_on is not None else "",
        }
        for rule in number.rules:
            yield {**key, "frame": rule.frame, **_handling(rule.handling)}


def _handling(handling: Handling) -> _Cells:
    return {
        "treatment": handling.treatment,
        "destination": handling.destination,
        "caller_id_prefix": handling.caller_id_prefix,
        "announcement": handling.announcement.value,
        "enhanced_voicemail": _yes(handling.enhanced_voicemail),
    }


def _sms(contents: DomainContents) -> Iterator[_Cells]:
    for number in sorted(contents.sms_numbers.values(), key=lambda one: one.number):
        yield {
            "number": number.number.text,
            "treatment": number.treatment.value,
            "destination": number.destination,
            "carrier": number.carrier,
            "mms": _yes(number.mms),
            "group_mms": _yes(number.group_mms),
            "notes": number.notes,
        }


def _frame(frame: TimeFrame) -> Iterator[_Cells]:
    """A row a part; what the frame is beside them stands in its first."""
    told = {
        "name": frame.name,
        "owner": frame.owner or "",
        "kind": frame.kind.value,
        "time_zone": frame.time_zone or "",
    }
    for part in frame.parts or (None,):
        yield {**told, **_part(part)} if part is not None else told
        told = {"name": frame.name, "owner": frame.owner or ""}


def _part(part: Part) -> _Cells:
    return {_COLUMN_OF[type(part)]: part_text(part)}


def _by_extension(records: Mapping[str, _Record]) -> list[_Record]:
    return [records[key] for key in sorted(records, key=lambda key: (len(key), key))]


def _yes(value: bool) -> str:
    return "yes" if value else "no"
