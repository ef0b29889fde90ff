"""How do users, numbers, time frames and other records stand in a table? As in a file, by rows."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from provisiond.actions.csv_table import Row, Table, read_table
from provisiond.actions.frame_edits import (
    parse_calendar,
    parse_hours,
    parse_own_day,
    parse_range,
)
from provisiond.actions.inventory_file import (
    Fault,
    Found,
    Place,
    Source,
    located,
    refusal,
    source_of,
)
from provisiond.actions.inventory_text import ALL, MAX_FAULTS, Limits, Path, Tree
from provisiond.actions.number_trees import part_tree
from provisiond.actions.record_tables import COLUMNS, TREATMENT_WORDS, TableKind
from provisiond.actions.setting_cells import SETTINGS, read_setting
from provisiond.actions.stand_ins import KEYS
from provisiond.inventory.directory import COMPANY
from provisiond.inventory.errors import Rejected, RejectedAll
from provisiond.inventory.number_faults import is_called_default
from provisiond.inventory.numbers import Treatment
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import shown
from provisiond.inventory.timeframes import Part

_TABLE: Path = ("",)  # the path of what is said of the table itself
_AS_NUMBER = re.compile(r"(\d+)[.,]0+")
_SCIENTIFIC = re.compile(r"\d+([.,]\d+)?[eE][+-]?\d+")
_KEYS = ("extension", "number", "destination", "owner", "module", "key", "line", "value")
_MAY_BE_NULL = (
    *("emergency_address", "emergency_caller_id", "site", "language", "time_zone"),
    *("enable_on", "disable_on", "owner", "kind"),
)
_NUMBERS = ("module", "key", "line")
_OF_BUTTON = (*_NUMBERS, "kind", "value", "label")
_HANDLING = ("treatment", "destination", "caller_id_prefix", "announcement", "enhanced_voicemail")
_OF_NUMBER = ("notes", "language", "time_zone", "enabled", "enable_on", "disable_on")
_UNCHANGED = "[*]"  # how one other system writes "as it comes"
_PARTS: Mapping[str, Callable[[str], tuple[Part, ...]]] = {
    "hours": parse_hours,
    "dates": lambda text: (parse_range(text),),
    "holidays": lambda text: (parse_calendar(text),),
    "day": lambda text: (parse_own_day(text),),
}
_SORTS = {"hours": "hours", "dates": "dates", "holidays": "calendars", "day": "holidays"}
"""Where the parts of a column stand."""


def read_record_csv(
    content: bytes, domain: str, kind: TableKind, country: str, limits: Limits = ALL
) -> Source:
    """Read a table of one noun of one domain, whose numbers without `+` are of `country`.

    Raises RejectedAll where it cannot be read at all.
    """
    columns = COLUMNS[kind]
    table = read_table(content, columns.read, columns.key, limits)
    return read_record_table(table, domain, kind, country)


def read_record_table(table: Table, domain: str, kind: TableKind, country: str) -> Source:
    """The same for rows that were read already."""
    reader = _RecordRows(table, kind, country)
    for row in table.rows:
        if len(reader.unread) >= MAX_FAULTS:
            break
        reader.read(row)
    tree: Tree = {"domain": domain, **reader.records}
    try:
        source = source_of(tree, reader.locate, is_table=reader.names_joined, unread=reader.unread)
    except RejectedAll as fault:
        found = located(reader.faults, reader.locate)
        raise refusal((*fault.findings, *found)) from fault
    told = (
        Fault(
            path=(*_TABLE, warning.where),
            message=warning.message,
            remedy=warning.remedy,
            severity=warning.severity,
        )
        for warning in table.warnings
    )
    return replace(source, faults=(*told, *reader.faults, *source.faults))


class _RecordRows:
    """Gathers rows into records, and remembers in which cell each field stood; `unread` are the
    fields that have one of its `faults`."""

    def __init__(self, table: Table, kind: TableKind, country: str) -> None:
        self._table = table
        self._country = country
        self._kind = kind
        self._cells: dict[Path, tuple[Row, str]] = {}
        self._at: dict[tuple[str, str], int] = {}
        self.records: dict[str, Any] = {}
        self.faults = Found()
        self.unread: list[Path] = []
        self._lost: set[str] = set()  # columns of the row, which cannot be read
        self.names_joined = False
        self._defaults: set[Path] = set()  # of numbers, that a row without a frame told

    def read(self, row: Row) -> None:
        """Take one row in."""
        cells = dict(row.cells)
        self._lost = set()
        for column in _KEYS:
            if column in cells and (whole := _AS_NUMBER.fullmatch(cells[column])):
                self._warn(row, column, f"{cells[column]} was read as {whole.group(1)}.")
                cells[column] = whole.group(1)
            if column in cells and _SCIENTIFIC.fullmatch(cells[column]):
                message = f"a spreadsheet turned it into {cells[column]}; its digits are lost."
                self._fault(row, column, message, "Type it again, and format the column as text.")
                self._lost.add(column)
        key = COLUMNS[self._kind].key
        if not cells.get(key):
            self._fault(row, key, f"the {key} is missing.", "Each row names its record.")
            self._lost.add(key)
            cells[key] = ""
        reader = {
            TableKind.USERS: self._user,
            TableKind.NUMBERS: self._number,
            TableKind.SMS: self._sms,
            TableKind.DESTINATIONS: self._destination,
            TableKind.TIMEFRAMES: self._frame,
            TableKind.DIRECTORIES: self._entry,
            TableKind.EMERGENCY_ADDRESSES: self._address,
            TableKind.EMERGENCY_ENDPOINTS: self._endpoint,
            TableKind.SITES: self._site,
            TableKind.LAYOUTS: self._button,
        }[self._kind]
        reader(row, cells)

    def locate(self, paths: Iterable[Path]) -> Mapping[Path, Place]:
        """The row and column of each field; of a field that has none, those of what it is in."""
        answer: dict[Path, Place] = {}
        for path in paths:
            cell = self._cell_of(path)
            if cell is not None:
                answer[path] = Place(where=self._table.place(*cell), rank=cell[0].number)
            else:
                answer[path] = Place(where=str(path[-1]) if path[:1] == _TABLE else "file")
        return answer

    def _cell_of(self, path: Path) -> tuple[Row, str] | None:
        """The row and column where a field stands, or what it is in. Cells in the row that names
        their record are not kept: tables have a million of them."""
        near = path
        while near and near not in self._cells:
            near = near[:-1]
        if not near:
            return None
        row, column = self._cells[near]
        if len(near) == 2 < len(path) and near[0] != "directories" and path[2] in row.cells:
            return row, str(path[2])
        return row, column

    def _user(self, row: Row, cells: dict[str, str]) -> None:
        if "display_name" in cells and not {"first_name", "last_name"} & cells.keys():
            first, _, last = cells["display_name"].rpartition(" ")
            cells |= {"first_name": first or last, "last_name": last if first else ""}
            self.names_joined = True
        cells.pop("display_name", None)
        self._plain(row, "users", cells)

    def _destination(self, row: Row, cells: dict[str, str]) -> None:
        if "kind" in cells:
            cells["kind"] = _treatment(cells["kind"])
        self._plain(row, "destinations", cells)

    def _sms(self, row: Row, cells: dict[str, str]) -> None:
        number = self._known(cells["number"])
        self._plain(row, "sms_numbers", {**_handling(cells), "number": number})

    def _address(self, row: Row, cells: dict[str, str]) -> None:
        self._plain(row, "emergency_addresses", cells)

    def _endpoint(self, row: Row, cells: dict[str, str]) -> None:
        number = self._known(cells["number"])
        self._plain(row, "emergency_endpoints", {**cells, "number": number})

    def _site(self, row: Row, cells: dict[str, str]) -> None:
        settings = {name: cells.pop(name) for name in SETTINGS if name in cells}
        path = self._plain(row, "sites", cells)
        for name, cell in settings.items():
            try:
                self._at_path(path).setdefault(name, read_setting(name, cell))
            except Rejected as fault:
                self._fault(row, name, fault.message, fault.remedy)
                self.unread.append((*path, name))
            self._cells.setdefault((*path, name), (row, name))

    def _button(self, row: Row, cells: dict[str, str]) -> None:
        """A row a button; one that names a layout alone says nothing of its buttons."""
        name = cells["layout"]
        path = self._record(row, "layouts", name, {"name": name}, "layout")
        told = {column: cells[column] for column in _OF_BUTTON if column in cells}
        if not told:
            return
        buttons = self._at_path(path).setdefault("buttons", [])
        place = (*path, "buttons", len(buttons))
        self._cells[place] = (row, "key")
        self._cells |= {(*place, column): (row, column) for column in _OF_BUTTON}
        button = {column: cell for column, cell in told.items() if cell or column not in _NUMBERS}
        if "kind" in button:
            button["kind"] = _word(button["kind"])
        if button:
            buttons.append(button)
            self.unread += [(*place, column) for column in button if column in self._lost]

    def _plain(self, row: Row, kind: str, cells: dict[str, str]) -> Path:
        key = COLUMNS[self._kind].key
        path = self._record(row, kind, cells[key], {key: cells[key]}, key, once=True)
        for column, cell in cells.items():
            if column != key:
                self._set(row, path, column, column, cell)
        return path

    def _number(self, row: Row, cells: dict[str, str]) -> None:
        cells = _handling(cells)
        number = self._known(cells["number"])
        path = self._record(row, "numbers", number, {"number": number}, "number")
        frame = cells.get("frame")
        for column in _OF_NUMBER:
            if column in cells:
                self._set(row, path, column, column, cells[column])
        told = {column: cells[column] for column in _HANDLING if column in cells}
        record = self._at_path(path)
        if frame == "":
            record.setdefault("rules", [])
        if frame and (path in self._defaults or not is_called_default(frame)):
            rules = record.setdefault("rules", [])
            place = (*path, "rules", len(rules))
            rules.append({"frame": frame, **told})
            self.unread += [(*place, column) for column in told if column in self._lost]
            self._cells[place] = (row, "frame")
            for column in told:
                self._cells[*place, column] = (row, column)
            return
        if frame is None and told:
            self._defaults.add(path)
        for column, cell in told.items():
            self._set(row, (*path, "default"), column, column, cell)

    def _frame(self, row: Row, cells: dict[str, str]) -> None:
        name, owner = cells["name"], cells.get("owner") or None
        start = {"name": name, "owner": owner}
        path = self._record(row, "time_frames", f"{name}\0{owner}", start, "name")
        for column in ("kind", "time_zone"):
            if column in cells:
                self._set(row, path, column, column, cells[column])
        record = self._at_path(path)
        for column, parse in _PARTS.items():
            if not cells.get(column):
                continue
            try:
                parts = parse(cells[column])
            except Rejected as fault:
                self._fault(row, column, fault.message, fault.remedy)
                listed = record.setdefault(_SORTS[column], [])
                self.unread.append((*path, _SORTS[column], len(listed)))
                listed.append(None)
                continue
            for part in parts:
                sort, tree = part_tree(part)
                listed = record.setdefault(sort, [])
                self._cells[*path, sort, len(listed)] = (row, column)
                listed.append(tree)

    def _entry(self, row: Row, cells: dict[str, str]) -> None:
        name = cells.get("directory") or COMPANY
        start = {"name": name, "entries": []}
        path = self._record(row, "directories", name, start, "directory")
        entries = self._at_path(path)["entries"]
        place = (*path, "entries", len(entries))
        entries.append({"name": cells["name"], "number": cells.get("number", "")})
        self._cells[place] = (row, "name")
        self._cells[*place, "number"] = (row, "number")
        self.unread += [(*place, column) for column in ("name", "number") if column in self._lost]

    def _record(
        self, row: Row, kind: str, key: str, start: dict[str, Any], column: str, once: bool = False
    ) -> Path:
        """The path of the record of this key, a new one where it is named first. A key that cannot
        be read, or stands there `once` more, is that of a record of its own."""
        records = self.records.setdefault(kind, [])
        of = {KEYS[kind]: column, "owner": "owner"}
        lost = [field for field in start if of.get(field) in self._lost]
        index = self._at.setdefault((kind, key), len(records)) if not lost else len(records)
        if once and index < len(records):
            other = self._table.row_name(self._cells[kind, index][0])
            self._fault(row, column, f"{key} is in {other} too.", "Keep one of them.")
            index, lost = len(records), [KEYS[kind]]
        path: Path = (kind, index)
        if index == len(records):
            records.append(start)
            self._cells[path] = (row, column)
            self._cells[*path, column] = (row, column)
            self.unread += [(*path, field) for field in lost]
        return path

    def _known(self, written: str) -> str:
        """One spelling of a number, so that its rows are known to be of one."""
        try:
            return E164.parse(written, self._country).text
        except Rejected:
            return written  # it is told with the plan

    def _at_path(self, path: Path) -> dict[str, Any]:
        node: Any = self.records
        for part in path:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
        found: dict[str, Any] = node
        return found

    def _set(self, row: Row, path: Path, field: str, column: str, cell: str) -> None:
        record = self._at_path(path)
        value = None if cell == "" and field in _MAY_BE_NULL else cell
        if column in self._lost:
            self.unread.append((*path, field))
            return
        stands = self._cell_of((*path, field))
        if field in record and record[field] != value:
            assert stands is not None
            other = self._table.row_name(stands[0])
            secret = column == "sip_password"
            both = f"{shown(cell or 'nothing')} and {shown(record[field] or 'nothing')}"
            said = "" if secret else f" ({both})"
            message = f"there is another {column} in {other}{said}."
            self._fault(row, column, message, "Write the same in both, or fill it once.")
            return
        if field not in record and stands != (row, column):
            self._cells[*path, field] = (row, column)
        record[field] = value

    def _fault(self, row: Row, column: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(path=self._cell(row, column), message=message, remedy=remedy))

    def _warn(self, row: Row, column: str, message: str) -> None:
        path, remedy = self._cell(row, column), "Format the column as text."
        self.faults.append(Fault(path=path, message=message, remedy=remedy, severity="warning"))

    def _cell(self, row: Row, column: str) -> Path:
        """A path for a cell that is no field."""
        path: Path = (*_TABLE, row.number, column)
        self._cells[path] = (row, column)
        return path


def _handling(cells: dict[str, str]) -> dict[str, str]:
    """Cells of a handling with other systems' words for treatments and for "nothing"."""
    told = dict(cells)
    if "treatment" in told:
        told["treatment"] = _treatment(told["treatment"]) or Treatment.AVAILABLE.value
    if told.get("caller_id_prefix") == _UNCHANGED:
        told["caller_id_prefix"] = ""
    if told.get("treatment") == Treatment.AVAILABLE.value and told.get("destination") == "*":
        told["destination"] = ""
    return told


def _word(written: str) -> str:
    """A word of a list as we write it: blanks and dashes are forgiven."""
    return re.sub(r"[\s-]+", "_", written.strip().lower())


def _treatment(written: str) -> str:
    text = _word(written)
    if text in TREATMENT_WORDS:
        return TREATMENT_WORDS[text]
    return text if text in {treatment.value for treatment in Treatment} else written
