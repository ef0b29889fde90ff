"""How do rows become phones and users? Gathered by MAC and extension, each field with its cell."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisiond.actions.csv_table import Row, Table
from provisiond.actions.inventory_file import Fault, Found, Place
from provisiond.actions.inventory_text import Path
from provisiond.inventory.errors import Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.texts import (
    is_sheet_date,
    is_sheet_error,
    is_sheet_number,
    shown,
    small_number,
    spreadsheet_damage,
)

TABLE: Path = ("",)
"""The path of what is said of the table itself."""

_OF_PHONE = (
    *("model", "name", "site", "layout", "notes", "emergency_address", "enabled", "directory"),
)
_OF_USER = ("first_name", "last_name", "sip_user", "sip_auth_user", "sip_password")
_OF_LINE = ("extension", "label", "shared")
_OF_BUTTON = ("module", "key", "kind", "value", "label", "line")
_MAY_BE_NULL = ("site", "layout", "emergency_address", "directory")
_AS_NUMBER = re.compile(r"(\d+)[.,]0+")
_NUMBERED = re.compile(r"\D*(\d+)")


def _no_model(vendor: str, model: str) -> str | None:
    del vendor, model
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What tells a value that a spreadsheet or another system changed.

    `extensions` are those of the store, `mac_prefixes` what vendors' addresses begin with (lower-
    case hex), `model_of` the name on the box for a vendor and what somebody calls the model.
    """

    extensions: frozenset[str] = frozenset()
    mac_prefixes: tuple[str, ...] = ()
    model_of: Callable[[str, str], str | None] = _no_model


class PhoneRows:
    """Gathers rows into phones and users, and remembers in which cell each field stood.

    `users` and `phones` are trees as inventory files have them; `faults` were found on the way, and
    `unread` are the fields among the trees' that have one.
    """

    def __init__(self, table: Table, hints: Hints, *, mac_needed: bool = True) -> None:
        self._table = table
        self._hints = hints
        self._mac_needed = mac_needed
        self._cells: dict[Path, tuple[Row, str]] = {}
        self._phone_at: dict[Mac, int] = {}
        self._user_at: dict[str, int] = {}
        self._line_at: dict[tuple[int, int], int] = {}
        self._last_line: dict[int, int] = {}
        self._padded: dict[str, list[str]] = {}
        for extension in sorted(hints.extensions):
            self._padded.setdefault(extension.lstrip("0"), []).append(extension)
        self.phones: list[Any] = []
        self.users: list[Any] = []
        self.faults = Found()
        self.unread: list[Path] = []
        self._lost: set[str] = set()  # columns of the row, which cannot be read

    def read(self, row: Row) -> None:
        """Take one row in."""
        self._lost = set()
        mac = self._mac(row)
        cells = dict(row.cells)
        self._model(row, cells)
        for column in ("extension", "line", "button_line", "button_value"):
            if column in cells:
                self._digits(row, cells, column)
        self._user(row, cells)
        if mac is None and "mac" not in self._lost:
            return
        index = self._phone(row, mac, cells)
        if {"line", "extension", "label", "shared"} & cells.keys():
            self._line(row, index, cells)
        if "button_kind" in cells:
            self._button(row, index, cells)

    def taken(self) -> tuple[list[Any], list[Any]]:
        """The users and phones; who asks where they stood holds them no longer."""
        users, phones = self.users, self.phones
        self.users, self.phones = [], []
        return users, phones

    def locate(self, paths: Iterable[Path]) -> Mapping[Path, Place]:
        """The row and column of each field; of a field that has none, those of what it is in."""
        answer: dict[Path, Place] = {}
        for path in paths:
            cell = self._cell_of(path)
            if cell is not None:
                answer[path] = Place(where=self._table.place(*cell), rank=cell[0].number)
            else:
                of_table = path[:1] == TABLE
                answer[path] = _told(str(path[-1])) if of_table else Place(where="file")
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
        name = path[len(near)] if len(path) > len(near) else None
        if near[-2] == "buttons" and name in _OF_BUTTON:
            return row, f"button_{name}"
        if near[-2] == "lines" and name in ("line", *_OF_LINE):
            return row, str(name)
        if near[-2] not in ("phones", "users") or not isinstance(name, str):
            return row, column
        if name in ("first_name", "last_name") and name not in row.cells:
            name = "display_name"
        return row, name if name in row.cells else column

    def _mac(self, row: Row) -> Mac | None:
        written = row.cells.get("mac", "")
        if not written and not self._mac_needed:
            return None
        if not written:
            remedy = "Each row names its phone; several rows of one MAC are its lines."
            self._lose(row, "mac", "the MAC address is missing.", remedy)
            return None
        try:
            return Mac.parse(written)
        except Rejected as fault:
            damage = spreadsheet_damage(written)
            padded = re.sub(r"[.,]0+$", "", written).zfill(12)
            if padded.isdigit() and padded.startswith(self._hints.mac_prefixes or (" ",)):
                mac = Mac.parse(padded)
                self._warn(row, "mac", f"{written} lost its leading zeros; it was read as {mac}.")
                return mac
            if damage is None:
                self._lose(row, "mac", fault.message, fault.remedy)
            else:
                remedy = "Copy it from the label, and format the column as text."
                self._lose(row, "mac", f"{damage}.", remedy)
            return None

    def _model(self, row: Row, cells: dict[str, str]) -> None:
        vendor, model = cells.get("vendor", ""), cells.get("model", "")
        if not model:
            return
        if vendor and not model.casefold().startswith(vendor.casefold()):
            cells["model"] = f"{vendor} {model}"
        known = self._hints.model_of(vendor, model)
        if known is not None and known != cells["model"]:
            cells["model"] = known

    def _digits(self, row: Row, cells: dict[str, str], column: str) -> None:
        """Undo what a spreadsheet does to digits, where it can be told."""
        written = cells[column]
        if whole := _AS_NUMBER.fullmatch(written):
            self._warn(row, column, f"{written} was read as {whole.group(1)}.")
            cells[column] = whole.group(1)
        elif column in ("extension", "line") and (what := _sheet_word(written)):
            message = f"a spreadsheet turned this into the {what} {written}; what it was is lost."
            self._lose(row, column, message, "Write it again, and format the column as text.")
            return
        extension = cells[column]
        known = self._hints.extensions
        if column != "extension" or extension in known or not extension.isdigit():
            return
        padded = self._padded.get(extension.lstrip("0"), ())
        if len(padded) == 1:
            self._warn(row, column, f"{extension} was read as {padded[0]}, which the store has.")
            cells[column] = padded[0]

    def _phone(self, row: Row, mac: Mac | None, cells: Mapping[str, str]) -> int:
        """The index of the row's phone; a row whose MAC cannot be read is of one of its own."""
        new = len(self.phones)
        index = new if mac is None else self._phone_at.setdefault(mac, new)
        if index == new:
            self.phones.append({"mac": str(mac or row.cells.get("mac", ""))})
            self._cells["phones", index] = (row, "mac")
            if mac is None:
                self.unread.append(("phones", index, "mac"))
        phone = self.phones[index]
        for column in _OF_PHONE:
            if column not in cells:
                continue
            cell: str | None = cells[column]
            if cell == "" and column in _MAY_BE_NULL:
                cell = None
            self._set(row, phone, ("phones", index), column, cell, f"the phone {mac}")
        if "transport" in cells:
            settings = phone.setdefault("settings", {})
            path: Path = ("phones", index, "settings")
            self._set(row, settings, path, "transport", cells["transport"], f"the phone {mac}")
        return index

    def _user(self, row: Row, cells: Mapping[str, str]) -> None:
        told = {column: cells[column] for column in _OF_USER if column in cells}
        if "display_name" in cells and not {"first_name", "last_name"} & told.keys():
            first, _, last = cells["display_name"].rpartition(" ")
            told |= {"first_name": first or last, "last_name": last if first else ""}
        if not told:
            return
        extension = cells.get("extension", "")
        if not extension:
            column = next(iter({*told, "display_name"} & row.cells.keys()))
            remedy = "Fill the column extension too."
            self._fault(row, column, "it is of a user, and no extension says whose.", remedy)
        is_read = extension != "" and "extension" not in self._lost
        new = len(self.users)
        index = self._user_at.setdefault(extension, new) if is_read else new
        if index == new:
            self.users.append({"extension": extension})
            self._cells["users", index] = (row, "extension")
            if not is_read:
                self.unread.append(("users", index, "extension"))
        for column, cell in told.items():
            heading = column if column in row.cells else "display_name"
            who = f"the user {extension}"
            self._set(row, self.users[index], ("users", index), column, cell, who, heading)

    def _line(self, row: Row, index: int, cells: Mapping[str, str]) -> None:
        phone = self.phones[index]
        lines = phone.setdefault("lines", [])
        path = ("phones", index, "lines", len(lines))
        number = cells.get("line") or str(self._last_line.get(index, 0) + 1)
        line: dict[str, Any] = {"line": number}
        line |= {name: cells[name] for name in _OF_LINE if name in cells}
        if line.get("shared") == "":
            line["shared"] = "no"
        self._cells[path] = (row, "mac")
        self.unread += [(*path, lost) for lost in ("line", "extension") if lost in self._lost]
        counted = small_number(number) if "line" not in self._lost else None
        place = (index, counted or 0)
        if counted is not None and place in self._line_at:
            self.unread.append((*path, "line"))
            self._fault(
                row,
                "line" if "line" in cells else "mac",
                f"line {number} of {phone['mac']} is in row {self._line_at[place]} too.",
                "Give each line of a phone once.",
            )
        elif counted is not None:
            self._line_at[place] = row.number
            self._last_line[index] = max(self._last_line.get(index, 0), counted)
        lines.append(line)

    def _button(self, row: Row, index: int, cells: Mapping[str, str]) -> None:
        buttons = self.phones[index].setdefault("buttons", [])
        path = ("phones", index, "buttons", len(buttons))
        button: dict[str, Any] = {}
        for name in _OF_BUTTON:
            if cells.get(f"button_{name}"):
                button[name] = cells[f"button_{name}"]
        self._cells[path] = (row, "button_kind")
        buttons.append(button)

    def _set(
        self,
        row: Row,
        record: dict[str, Any],
        path: Path,
        column: str,
        cell: str | None,
        who: str,
        heading: str = "",
    ) -> None:
        stands = self._cell_of((*path, column))
        if column in record and record[column] != cell:
            assert stands is not None
            other = self._table.row_name(stands[0])
            secret = column == "sip_password"
            both = f"{shown(cell or 'nothing')} and {shown(record[column] or 'nothing')}"
            said = "" if secret else f" ({both})"
            self._fault(
                row,
                heading or column,
                f"{who} has another {column} in {other}{said}.",
                "Write the same in both, or fill it once.",
            )
            return
        if column not in record and stands != (row, heading or column):
            self._cells[*path, column] = (row, heading or column)
        record[column] = cell

    def _fault(self, row: Row, column: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(path=self._cell(row, column), message=message, remedy=remedy))

    def _lose(self, row: Row, column: str, message: str, remedy: str) -> None:
        """Note a cell that cannot be read at all."""
        self._lost.add(column)
        self._fault(row, column, message, remedy)

    def _warn(self, row: Row, column: str, message: str) -> None:
        path, remedy = self._cell(row, column), "Format the column as text."
        self.faults.append(Fault(path=path, message=message, remedy=remedy, severity="warning"))

    def _cell(self, row: Row, column: str) -> Path:
        """A path for a cell that is no field."""
        path: Path = (*TABLE, row.number, column)
        self._cells[path] = (row, column)
        return path


def _sheet_word(text: str) -> str:
    """What a spreadsheet made of digits, in a word; empty where it left them alone."""
    if is_sheet_number(text):
        return "number"
    if is_sheet_date(text):
        return "date"
    return "error" if is_sheet_error(text) else ""


def _told(where: str) -> Place:
    """A place of the table that is no field; told with its row, where it names one."""
    place = where.partition(",")[0]
    numbered = _NUMBERED.fullmatch(place) if "," in where else None
    return Place(where=where, rank=int(numbered.group(1)) if numbered else 0)
