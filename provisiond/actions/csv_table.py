"""Which rows has this table, as a spreadsheet or another system wrote it?

Separators, byte order marks and the names of columns differ; what is meant is told here, and what
cannot be told is a fault with its row and column.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NoReturn

from provisiond.actions.inventory_text import MAX_BYTES
from provisiond.inventory.errors import Finding, RejectedAll

MAX_ROWS = 100_000
CLEAR = "-"
"""A cell that empties the field; an empty cell leaves it alone."""

ALIASES: Mapping[str, tuple[str, ...]] = {
    "mac": (
        "mac address", "mac_0", "mac0", "mac addr", "device mac", "device_address",
        "device mac address", "device_mac_address", "device-provisioning-mac-address",
        "phone mac", "ethernet address",
    ),
    "vendor": ("brand", "manufacturer", "device_vendor", "make"),
    "model": (
        "phone model", "phonetype", "phone type", "device_model", "device model",
        "device-models-brand-and-model", "phonemodel14",
    ),
    "name": ("phone name", "device name", "device_label", "device label"),
    "site": ("location", "device_location", "office", "building"),
    "line": ("line number", "line_number", "account", "line no"),
    "extension": (
        "ext", "exten", "extension number", "number", "user", "user_id", "userid", "alias",
        "device1",
    ),
    "display_name": ("display", "full name", "caller name", "caller id name", "user name"),
    "first_name": ("first", "firstname", "fname", "given name"),
    "last_name": ("last", "lastname", "lname", "surname", "family name"),
    "sip_user": ("sip username", "sip user name", "sipname", "sip id", "register name"),
    "sip_auth_user": (
        "auth id", "auth_id", "authid", "auth user", "authname", "auth name",
        "authentication id",
    ),
    "sip_password": (
        "password", "sip pass", "sip secret", "secret", "authpassword", "auth password",
        "sip authentication password",
    ),
    "label": ("line label", "account label", "line_label"),
    "layout": ("template", "device_template", "button layout", "phonetemplate14",
               "provision_template_id"),
    "notes": ("note", "description", "device_description", "comment", "comments", "remark"),
}  # fmt: skip
"""The columns we read, and what other systems call them; case, blanks and signs do not count."""

_SEPARATORS = ",;\t|"
_MAC_LIKE = re.compile(r"[0-9a-fA-F]{2}([:.-]?[0-9a-fA-F]{2}){5}")
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\0")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number as a spreadsheet counts, and its filled cells by our column names.

    A cell that only clears its field is the empty text.
    """

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows, and what the file calls our columns; `warnings` were found while reading."""

    rows: tuple[Row, ...]
    headings: Mapping[str, str]
    warnings: tuple[Finding, ...] = field(default=())

    def place(self, number: int, column: str) -> str:
        """A cell as messages name it, with the file's own heading."""
        return f"row {number}, column {self.headings.get(column, column)}"


def read_table(
    content: bytes, known: Mapping[str, tuple[str, ...]] = ALIASES, needed: str = "mac"
) -> Table:
    """Read a table whose first row names the columns: those `known`, by any of their names, of
    which `needed` must be there.

    Comma, semicolon, tab or bar; UTF-8, UTF-16 or (with a warning) Windows-1252. Raises
    RejectedAll with every fault.
    """
    warnings: list[Finding] = []
    text = _decode(content, warnings)
    faults: list[Finding] = []
    records = _records(text, faults)
    first = next(records, None)
    if first is None:
        _reject(faults or [_fault("file", "it is empty.", "The first row names the columns.")])
    header = first[1]
    columns = _columns(header, known, warnings, faults)
    if needed not in columns:
        faults.append(_no_column(header, known, needed))
        _reject(faults)
    rows = tuple(_rows(records, columns, header, faults))
    if faults:
        _reject(faults)
    headings = {name: header[index].strip() for name, index in columns.items()}
    return Table(rows=rows, headings=headings, warnings=tuple(warnings))


def header_of(content: bytes) -> list[str]:
    """The names of a table's columns; none where it cannot be read."""
    try:
        first = next(_records(_decode(content, []), []), None)
    except RejectedAll:
        return []
    return first[1] if first is not None else []


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and that does not read as "clear".

    `read_table` takes the quote away again (OWASP ASVS 5.0, 1.2.10).
    """
    return f"'{cell}" if cell.startswith(_TRIGGERS) or _ESCAPED.match(cell) else cell


def _decode(content: bytes, warnings: list[Finding]) -> str:
    if len(content) > MAX_BYTES:
        message = f"the file has {len(content)} bytes; {MAX_BYTES >> 20} MiB are the most."
        _reject([_fault("file", message, "Split it.")])
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as fault:
        row = content.count(b"\n", 0, fault.start) + 1
        text = content.decode("cp1252", errors="replace")
        warnings.append(
            Finding(
                where=f"row {row}",
                message="the file is not UTF-8; it was read as Windows-1252.",
                remedy='Check names with accents, or save it as "CSV UTF-8".',
                severity="warning",
            )
        )
    if "\0" in text:
        remedy = "Export the table as CSV, not as a workbook."
        _reject([_fault("file", "it holds NUL characters; it is no CSV file.", remedy)])
    return text


def _records(text: str, faults: list[Finding]) -> Iterator[tuple[int, list[str]]]:
    """The records that are not empty, numbered as rows of a spreadsheet."""
    lines = text.splitlines(keepends=True)
    separator = None
    if lines and (named := re.fullmatch(r'"?sep=(.)"?\s*', lines[0], re.IGNORECASE)):
        separator, lines = named.group(1), lines[1:]  # the spreadsheet does not show this line
    filled = next((line for line in lines if line.strip()), "")
    separator = separator or max(_SEPARATORS, key=lambda s: _bare(filled).count(s))
    reader = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as fault:
            remedy = 'Put cells with separators or quotes in quotes, and double those: "".'
            faults.append(_fault(f"row {number}", f"it cannot be read: {fault}.", remedy))
            return
        if record is None:
            return
        if number > MAX_ROWS + 1:
            faults.append(
                _fault(f"row {number}", f"{MAX_ROWS} rows are the most.", "Split the file.")
            )
            return
        if any(cell.strip() for cell in record):
            yield number, record


def _bare(line: str) -> str:
    """A line without what stands in quotes."""
    return re.sub(r'"[^"]*"', "", line)


def folded(heading: str) -> str:
    """A column's name without case, blanks and signs."""
    return re.sub(r"[\W_]+", "", heading).casefold()


def _columns(
    header: list[str],
    known: Mapping[str, tuple[str, ...]],
    warnings: list[Finding],
    faults: list[Finding],
) -> dict[str, int]:
    columns: dict[str, int] = {}
    # A column's own name goes before another's alias.
    spellings = {folded(other): name for name, others in known.items() for other in others}
    spellings |= {folded(name): name for name in known}
    for index, heading in enumerate(header):
        if not heading.strip():
            continue
        text = folded(heading)
        column = spellings.get(text)
        # Some makers put their name before it: …_phone_mac_address.
        if "mac" in known and text.endswith("macaddress"):
            column = "mac"
        if column is None:
            close = get_close_matches(text, spellings, n=1, cutoff=0.75)
            near = f" Did you mean {spellings[close[0]]}?" if close else ""
            warnings.append(
                Finding(
                    where=f"column {heading.strip()}",
                    message="this column is not known and is left out.",
                    remedy=f"We read {', '.join(known)}.{near}",
                    severity="warning",
                )
            )
        elif column in columns:
            other = header[columns[column]].strip()
            message = f"it means {column}, and so does the column {other}."
            remedy = "Remove or rename one of them."
            faults.append(_fault(f"column {heading.strip()}", message, remedy))
        else:
            columns[column] = index
    return columns


def _no_column(header: list[str], known: Mapping[str, tuple[str, ...]], needed: str) -> Finding:
    if needed == "mac" and any(_MAC_LIKE.fullmatch(cell.strip()) for cell in header):
        return _fault(
            "row 1", "it holds a phone.", f"The first row names the columns: {', '.join(known)}."
        )
    what = "the MAC address" if needed == "mac" else f"the {needed}"
    named = ", ".join(cell.strip() for cell in header if cell.strip())
    return _fault(
        "row 1",
        f"no column holds {what}; there are {named[:200]}.",
        f'Call the column "{needed}".',
    )


def _rows(
    records: Iterator[tuple[int, list[str]]],
    columns: Mapping[str, int],
    header: list[str],
    faults: list[Finding],
) -> Iterator[Row]:
    for number, record in records:
        if any(cell.strip() for cell in record[len(header) :]):
            message = f"it has {len(record)} cells, the first row {len(header)}."
            remedy = "Put cells that hold a separator in quotes."
            faults.append(_fault(f"row {number}", message, remedy))
            continue
        cells = {
            column: _cell(record[index])
            for column, index in columns.items()
            if index < len(record) and record[index].strip()
        }
        if cells:
            yield Row(number=number, cells=cells)


def _cell(written: str) -> str:
    text = written.strip()
    if text == CLEAR:
        return ""
    return text[1:] if _ESCAPED.match(text) else text


def _fault(where: str, message: str, remedy: str) -> Finding:
    return Finding(where=where, message=message, remedy=remedy)


def _reject(faults: list[Finding]) -> NoReturn:
    raise RejectedAll(tuple(faults))
