"""How do phones stand in a table? One row a line; read into records, and written from them."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from provisiond.actions.csv_table import Row, Table, guarded, read_table
from provisiond.actions.inventory_file import Fault, Place, Source, located, source_of
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path, Tree
from provisiond.inventory.errors import Rejected, RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.texts import spreadsheet_damage

COLUMNS = (
    "mac",
    "model",
    "name",
    "site",
    "line",
    "extension",
    "display_name",
    "sip_user",
    "sip_password",
    "label",
    "layout",
    "notes",
)
"""What is written, in this order; what is read beside it stands in `csv_table.ALIASES`."""

_OF_PHONE = ("model", "name", "site", "layout", "notes")
_OF_USER = ("first_name", "last_name", "sip_user", "sip_auth_user", "sip_password")
_MAY_BE_NULL = ("site", "layout")
_TABLE: Path = ("",)  # the path of what is said of the table itself
_AS_NUMBER = re.compile(r"(\d+)[.,]0+")


def read_phone_csv(content: bytes, domain: str) -> Source:
    """Read a table of phones of one domain; several rows of a MAC are its lines.

    Users are added or changed where a row tells something of them. Raises RejectedAll where it
    cannot be read at all.
    """
    table = read_table(content)
    reader = _PhoneRows(table)
    for row in table.rows:
        reader.read(row)
    tree: Tree = {"domain": domain, "users": reader.users, "phones": reader.phones}
    try:
        source = source_of(tree, reader.locate, is_table=True)
    except RejectedAll as fault:
        raise RejectedAll((*fault.findings, *located(reader.faults, reader.locate))) from fault
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


def phone_csv_bytes(contents: DomainContents, *, with_secrets: bool = False) -> bytes:
    """The domain's phones as a table that `read_phone_csv` takes back: UTF-8 with a byte order
    mark, so that spreadsheets read names right; passwords are `***` without secrets."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for mac in sorted(contents.phones):
        phone = contents.phones[mac]
        lines = sorted(phone.lines, key=lambda line: line.line)
        for line in lines or (None,):
            user = contents.users.get(line.extension) if line is not None else None
            cells = _cells(phone, line, user, with_secrets=with_secrets)
            writer.writerow([guarded(cells.get(column, "")) for column in COLUMNS])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(
    phone: Phone, line: PhoneLine | None, user: User | None, *, with_secrets: bool
) -> Mapping[str, str]:
    cells = {
        "mac": str(phone.mac),
        "model": phone.model,
        "name": phone.name,
        "site": phone.site or "",
        "layout": phone.layout or "",
        "notes": phone.notes,
    }
    if line is not None:
        cells |= {"line": str(line.line), "extension": line.extension, "label": line.label}
    if user is not None:
        password = user.sip_password
        cells |= {
            "display_name": f"{user.first_name} {user.last_name}".strip(),
            "sip_user": user.sip_user,
            "sip_password": password.reveal() if with_secrets or not password else MASK,
        }
    return cells


class _PhoneRows:
    """Gathers rows into phones and users, and remembers in which cell each field stood."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places: dict[Path, Place] = {}
        self._phone_at: dict[Mac, int] = {}
        self._user_at: dict[str, int] = {}
        self._line_at: dict[tuple[int, int], int] = {}
        self.phones: list[Any] = []
        self.users: list[Any] = []
        self.faults: list[Fault] = []

    def read(self, row: Row) -> None:
        """Take one row in."""
        mac = self._mac(row)
        cells = dict(row.cells)
        if "vendor" in cells and "model" in cells:
            vendor, model = cells["vendor"], cells["model"]
            if not model.casefold().startswith(vendor.casefold()):
                cells["model"] = f"{vendor} {model}"
        for column in ("extension", "line"):
            if column in cells and (whole := _AS_NUMBER.fullmatch(cells[column])):
                self._warn(row, column, f"{cells[column]} was read as {whole.group(1)}.")
                cells[column] = whole.group(1)
        self._user(row, cells)
        if mac is None:
            return
        index = self._phone(row, mac, cells)
        if {"line", "extension", "label"} & cells.keys():
            self._line(row, index, cells)

    def locate(self, paths: Iterable[Path]) -> Mapping[Path, Place]:
        """The row and column of each field; of a field that has none, those of what it is in."""
        answer: dict[Path, Place] = {}
        for path in paths:
            near = path
            while near and near not in self._places:
                near = near[:-1]
            told = Place(where=str(path[-1])) if path[:1] == _TABLE else Place(where="file")
            answer[path] = self._places.get(near, told)
        return answer

    def _mac(self, row: Row) -> Mac | None:
        written = row.cells.get("mac", "")
        if not written:
            remedy = "Each row names its phone; several rows of one MAC are its lines."
            self._fault(row, "mac", "the MAC address is missing.", remedy)
            return None
        try:
            return Mac.parse(written)
        except Rejected as fault:
            damage = spreadsheet_damage(written)
            if damage is None:
                self._fault(row, "mac", fault.message, fault.remedy)
            else:
                remedy = "Copy it from the label, and format the column as text."
                self._fault(row, "mac", f"{damage}.", remedy)
            return None

    def _phone(self, row: Row, mac: Mac, cells: Mapping[str, str]) -> int:
        index = self._phone_at.setdefault(mac, len(self.phones))
        if index == len(self.phones):
            self.phones.append({"mac": str(mac)})
            self._places["phones", index] = self._place(row, "mac")
        phone = self.phones[index]
        for column in _OF_PHONE:
            if column not in cells:
                continue
            cell: str | None = cells[column]
            if cell == "" and column in _MAY_BE_NULL:
                cell = None
            self._set(row, phone, ("phones", index), column, cell, f"the phone {mac}")
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
            return
        index = self._user_at.setdefault(extension, len(self.users))
        if index == len(self.users):
            self.users.append({"extension": extension})
            self._places["users", index] = self._place(row, "extension")
        for column, cell in told.items():
            heading = column if column in row.cells else "display_name"
            who = f"the user {extension}"
            self._set(row, self.users[index], ("users", index), column, cell, who, heading)

    def _line(self, row: Row, index: int, cells: Mapping[str, str]) -> None:
        phone = self.phones[index]
        lines = phone.setdefault("lines", [])
        path = ("phones", index, "lines", len(lines))
        last = max((line for of, line in self._line_at if of == index), default=0)
        number = cells.get("line") or str(last + 1)
        line: dict[str, Any] = {"line": number}
        line |= {name: cells[name] for name in ("extension", "label") if name in cells}
        for column in ("line", "extension", "label"):
            self._places[*path, column] = self._place(row, column)
        self._places[path] = self._place(row, "mac")
        if number.isascii() and number.isdigit():
            place = (index, int(number))
            if place in self._line_at:
                self._fault(
                    row,
                    "line" if "line" in cells else "mac",
                    f"line {number} of {phone['mac']} is in row {self._line_at[place]} too.",
                    "Give each line of a phone once.",
                )
                return
            self._line_at[place] = row.number
        lines.append(line)

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
        place = self._place(row, heading or column)
        if column in record and record[column] != cell:
            other = self._places[*path, column].where.partition(",")[0]
            secret = column == "sip_password"
            said = "" if secret else f" ({cell or 'nothing'!r} and {record[column] or 'nothing'!r})"
            self._fault(
                row,
                heading or column,
                f"{who} has another {column} in {other}{said}.",
                "Write the same in both, or fill it once.",
            )
            return
        record[column] = cell
        self._places.setdefault((*path, column), place)

    def _fault(self, row: Row, column: str, message: str, remedy: str) -> None:
        self.faults.append(Fault(path=self._cell(row, column), message=message, remedy=remedy))

    def _warn(self, row: Row, column: str, message: str) -> None:
        path, remedy = self._cell(row, column), "Format the column as text."
        self.faults.append(Fault(path=path, message=message, remedy=remedy, severity="warning"))

    def _cell(self, row: Row, column: str) -> Path:
        """A path for a cell that is no field."""
        path: Path = (*_TABLE, row.number, column)
        self._places[path] = self._place(row, column)
        return path

    def _place(self, row: Row, column: str) -> Place:
        return Place(where=self._table.place(row.number, column), rank=row.number)
