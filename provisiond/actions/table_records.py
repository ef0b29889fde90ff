"""Which records stand in a file of rows, as a spreadsheet or another system wrote it?

CSV with any separator, a workbook's first sheet, or a list of objects in JSON: each becomes a first
row of headings and numbered rows of texts.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from provisiond.actions.inventory_text import ALL, MAX_BYTES, Limits, Tree, parse_document
from provisiond.actions.workbook_reading import (
    MAX_COLUMNS,
    MAX_ROWS,
    is_workbook,
    workbook_rows,
)
from provisiond.inventory.errors import Finding, RejectedAll

_MAX_LINE = 1 << 20  # characters of one line of text
_MAX_NAMES = 1 << 20  # characters of all names of a list's objects, as of a table's first row
_MAX_NAME = 255
_MAX_CELLS = 5_000_000  # objects times names
_SEPARATORS = ",;\t|"

Record = tuple[int, Sequence[str]]
"""A row: its number as people count, and its cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The headings, and the rows that are not empty.

    `row_word` and `column_word` are how a place is named: `row 3, column mac`. `rows` can be walked
    once; a fault on the way is put into `faults`, and ends it.
    """

    header: tuple[str, ...]
    rows: Iterator[Record]
    row_word: str = "row"
    column_word: str = "column"
    warnings: list[Finding] = field(default_factory=list)
    faults: list[Finding] = field(default_factory=list)


def read_records(content: bytes, limits: Limits = ALL) -> Records:
    """The records of a CSV file or workbook; its first row that is not empty names the columns.

    CSV: comma, semicolon, tab or bar; UTF-8, UTF-16 or (with a warning) Windows-1252. Raises
    RejectedAll where not even the first row can be read.
    """
    warnings: list[Finding] = []
    faults: list[Finding] = []
    if is_workbook(content):
        rows = _filled(workbook_rows(content, limits.elements), faults, limits)
    else:
        rows = _filled(_lines(_decode(content, warnings), faults), faults, limits)
    first = next(rows, None)
    if first is None:
        reject(faults or [fault("file", "it is empty.", "The first row names the columns.")])
    header = tuple(first[1])
    return Records(header=header, rows=rows, warnings=warnings, faults=faults)


def records_of_objects(objects: Sequence[Tree], where: str) -> Records:
    """The objects of a list as records: what stands deeper has a dotted name.

    `where` is how a place calls an object: `devices[3]`. An object's number is its index.
    """
    names: dict[str, None] = {}
    length = 0
    for each in objects:
        for name, _ in _flat(each, "") if isinstance(each, dict) else ():
            if name not in names:
                names[name] = None
                length += len(name)
                if length > _MAX_NAMES:
                    message = f"the names of its fields have more than {_MAX_NAMES:,} characters."
                    reject([fault("file", message, "Split the file.")])
    header = tuple(names)
    if len(header) * len(objects) > _MAX_CELLS:
        message = f"its {len(objects):,} objects have {len(header):,} different names."
        reject([fault("file", message, "Split the file.")])
    return Records(header=header, rows=_rows(objects, header), row_word=where, column_word="field")


def _rows(objects: Sequence[Tree], header: tuple[str, ...]) -> Iterator[Record]:
    for index, each in enumerate(objects):
        flat = dict(_flat(each, "")) if isinstance(each, dict) else {}
        yield index, [flat.get(name, "") for name in header]


def objects_in(content: bytes, filename: str, limits: Limits = ALL) -> Tree:
    """The tree of a JSON file. Raises RejectedAll."""
    return parse_document(content, filename or "records.json", limits).tree


def fault(where: str, message: str, remedy: str) -> Finding:
    """A finding that refuses the file."""
    return Finding(where=where, message=message, remedy=remedy)


def reject(faults: Sequence[Finding]) -> NoReturn:
    """Raise RejectedAll."""
    raise RejectedAll(tuple(faults))


def _flat(tree: Mapping[str, Tree], prefix: str) -> Iterator[tuple[str, str]]:
    for name, below in tree.items():
        path = f"{prefix}{name[:_MAX_NAME]}"
        if isinstance(below, dict):
            yield from _flat(below, f"{path}.")
        elif isinstance(below, list):
            inner = {str(index): one for index, one in enumerate(below)}
            yield from _flat(inner, f"{path}.")
        elif isinstance(below, bool):
            yield path, "yes" if below else "no"
        elif below is not None:
            yield path, str(below)


def _decode(content: bytes, warnings: list[Finding]) -> str:
    if len(content) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES >> 20} MiB."
        reject([fault("file", message, "Split it.")])
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
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
        reject([fault("file", "it holds NUL characters; it is no CSV file.", remedy)])
    return text


def _lines(text: str, faults: list[Finding]) -> Iterator[list[str]]:
    """The records of a CSV text, empty ones too."""
    stream = io.StringIO(text, newline="")
    start = 0
    head = stream.readline()
    separator = None
    if named := re.fullmatch(r'"?sep=(.)"?\s*', head, re.IGNORECASE):
        separator, start = named.group(1), len(head)  # the spreadsheet does not show this line
        head = stream.readline()
    while head and not head.strip():
        head = stream.readline()
    separator = separator or max(_SEPARATORS, key=lambda s: _bare(head).count(s))
    stream.seek(start)
    reader = csv.reader(_short(stream), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            remedy = 'Put cells with separators or quotes in quotes, and double those: "".'
            faults.append(fault(f"row {number}", f"it cannot be read: {error}.", remedy))
            return
        if record is None:
            return
        yield record


def _short(stream: io.StringIO) -> Iterator[str]:
    """The lines of a text; one that would fill the memory is a csv.Error."""
    for line in stream:
        if len(line) > _MAX_LINE:
            raise csv.Error(f"a line has {len(line)} characters; {_MAX_LINE} are the most")
        yield line


def _filled(rows: Iterator[list[str]], faults: list[Finding], limits: Limits) -> Iterator[Record]:
    """The records that are not empty, numbered as rows of a spreadsheet, within limits."""
    most = limits.rows or MAX_ROWS
    for number, record in enumerate(rows, 1):
        if number > most + 1:
            remedy = limits.remedy("Split the file.")
            faults.append(fault(f"row {number}", f"{most} rows are the most.", remedy))
            return
        if not any(cell.strip() for cell in record):
            continue
        if len(record) > MAX_COLUMNS:
            message = f"it has {len(record)} cells; {MAX_COLUMNS} are the most."
            faults.append(fault(f"row {number}", message, "Remove columns that are not needed."))
            return
        yield number, record


def _bare(line: str) -> str:
    """A line without what stands in quotes."""
    return re.sub(r'"[^"]*"', "", line[:_MAX_LINE])
