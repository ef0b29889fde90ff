"""Which rows has this table, by the names that we have for its columns?

The names of columns differ from system to system; what is meant is told here, and what cannot be
told is a fault with its row and column.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from provisiond.actions.inventory_text import ALL, MAX_FAULTS, Limits
from provisiond.actions.table_records import (
    Record,
    fault,
    read_records,
    reject,
)
from provisiond.actions.workbook_reading import MAX_ROWS
from provisiond.inventory.errors import Finding
from provisiond.inventory.near import near

__all__ = ["ALIASES", "CLEAR", "FAULT", "MAX_ROWS", "Row", "Table", "cell_text", "folded",
           "guarded", "heading_text", "read_table"]  # fmt: skip

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
    "shared": ("shared line", "sla"),
    "emergency_address": ("e911 address", "emergency location"),
}  # fmt: skip
"""The columns we read, and what other systems call them; case, blanks and signs do not count."""

FAULT = "fault"
"""The column that `import --faults` adds; it is no field, and is passed over."""

_HEADING = 60
_MAC_LIKE = re.compile(r"[0-9a-fA-F]{2}([:.-]?[0-9a-fA-F]{2}){5}")
_TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\0")
_ESCAPED = re.compile(r"'+[=+\-@\t\r\0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: its number as a spreadsheet counts, and its filled cells by our column names.

    A cell that only clears its field is the empty text. `headings` are the file's names of columns
    that another row may have elsewhere.
    """

    number: int
    cells: Mapping[str, str]
    headings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The rows, and what the file calls our columns; `warnings` were found while reading."""

    rows: tuple[Row, ...]
    headings: Mapping[str, str]
    warnings: tuple[Finding, ...] = field(default=())
    row_word: str = "row"
    column_word: str = "column"

    def place(self, row: Row, column: str) -> str:
        """A cell as messages name it, with the file's own heading."""
        heading = row.headings.get(column) or self.headings.get(column, column)
        return f"{self.row_name(row)}, {self.column_word} {heading}"

    def row_name(self, row: Row) -> str:
        """A row as messages name it."""
        return f"{self.row_word} {row.number}"


def read_table(
    content: bytes,
    known: Mapping[str, tuple[str, ...]] = ALIASES,
    needed: str = "mac",
    limits: Limits = ALL,
) -> Table:
    """Read a table, CSV or a workbook, whose first row names the columns: those `known`, by any
    of their names, of which `needed` must be there. Raises RejectedAll with every fault.
    """
    records = read_records(content, limits)
    header, faults = records.header, records.faults
    columns = _columns(header, known, records.warnings, faults)
    if needed not in columns:
        faults.append(_no_column(header, known, needed))
        reject(faults)
    rows = tuple(_rows(records.rows, columns, header, faults))
    if faults:
        reject(faults)
    headings = {name: heading_text(header[index]) for name, index in columns.items()}
    return Table(rows=rows, headings=headings, warnings=tuple(records.warnings))


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula, and that does not read as "clear".

    `read_table` takes the quote away again (OWASP ASVS 5.0, 1.2.10).
    """
    return f"'{cell}" if cell.startswith(_TRIGGERS) or _ESCAPED.match(cell) else cell


def heading_text(heading: str) -> str:
    """A heading as places name it, at most 60 characters: each fault has one."""
    text = heading.strip()
    return text if len(text) <= _HEADING else f"{text[: _HEADING - 1]}…"


def folded(heading: str) -> str:
    """A column's name as we compare it: case, blanks and signs do not count."""
    return re.sub(r"[\W_]+", "", heading).casefold()


def _columns(
    header: tuple[str, ...],
    known: Mapping[str, tuple[str, ...]],
    warnings: list[Finding],
    faults: list[Finding],
) -> dict[str, int]:
    columns: dict[str, int] = {}
    # A column's own name goes before another's alias.
    spellings = {folded(other): name for name, others in known.items() for other in others}
    spellings |= {folded(name): name for name in known}
    for index, heading in enumerate(header):
        if not heading.strip() or heading.strip().casefold() == FAULT:
            continue
        text = folded(heading)
        column = spellings.get(text)
        # Some makers put their name before it: …_phone_mac_address.
        if "mac" in known and text.endswith("macaddress"):
            column = "mac"
        if column is None:
            close = near(text, spellings, most=1, cutoff=0.75)
            like = f" Did you mean {spellings[close[0]]}?" if close else ""
            warnings.append(
                Finding(
                    where=f"column {heading_text(heading)}",
                    message="this column is not known and is left out.",
                    remedy=f"We read {', '.join(known)}.{like}",
                    severity="warning",
                )
            )
        elif column in columns:
            other = heading_text(header[columns[column]])
            message = f"it means {column}, and so does the column {other}."
            remedy = "Remove or rename one of them."
            faults.append(fault(f"column {heading_text(heading)}", message, remedy))
        else:
            columns[column] = index
    return columns


def _no_column(
    header: tuple[str, ...], known: Mapping[str, tuple[str, ...]], needed: str
) -> Finding:
    if needed == "mac" and any(_MAC_LIKE.fullmatch(cell.strip()) for cell in header):
        return fault(
            "row 1", "it holds a phone.", f"The first row names the columns: {', '.join(known)}."
        )
    what = "the MAC address" if needed == "mac" else f"the {needed}"
    named = ", ".join(cell.strip() for cell in header if cell.strip())
    return fault(
        "row 1",
        f"no column holds {what}; there are {named[:200]}.",
        f'Call the column "{needed}".',
    )


def _rows(
    records: Iterator[Record],
    columns: Mapping[str, int],
    header: tuple[str, ...],
    faults: list[Finding],
) -> Iterator[Row]:
    for number, record in records:
        if len(faults) >= MAX_FAULTS:
            return
        if any(cell.strip() for cell in record[len(header) :]):
            message = f"it has {len(record)} cells, the first row {len(header)}."
            remedy = "Put cells that hold a separator in quotes."
            faults.append(fault(f"row {number}", message, remedy))
            continue
        cells = {
            column: cell_text(record[index])
            for column, index in columns.items()
            if index < len(record) and record[index].strip()
        }
        if cells:
            yield Row(number=number, cells=cells)


def cell_text(written: str) -> str:
    """A cell as it is meant: without what guards it, and empty where it only clears."""
    text = written.strip()
    if text == CLEAR:
        return ""
    return text[1:] if _ESCAPED.match(text) else text
