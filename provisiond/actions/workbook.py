"""Which rows has the first sheet of a workbook (.xlsx), and how is one written?

A workbook is a packed folder of XML: what unpacks to more than the limit, or brings a document type
of its own, is refused before anything of it is read.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import date, datetime, time
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

from provisiond.inventory.errors import Finding, RejectedAll

MAX_UNPACKED = 192 << 20
MAX_PARTS = 1_000
MAX_ROWS = 100_000
MAX_COLUMNS = 1_000
_HEAD = 4096
_FORBIDDEN = re.compile(rb"<!(DOCTYPE|ENTITY)")
_REMEDY = "Save the sheet as CSV UTF-8 and import that."
_AS_TEXT = "@"  # the number format of cells that a spreadsheet leaves as they are


def is_workbook(content: bytes) -> bool:
    """Whether these bytes are a packed file, as workbooks are."""
    return content[:4] == b"PK\x03\x04"


def workbook_rows(content: bytes) -> Iterator[list[str]]:
    """The cells of the first sheet as texts, row by row; whole numbers without their `.0`.

    Raises RejectedAll where it is no workbook, unpacks to more than the limit, or what reads
    workbooks is not installed.
    """
    check_workbook(content)
    openpyxl = _openpyxl()
    try:
        with closing(
            openpyxl.load_workbook(
                io.BytesIO(content), read_only=True, data_only=True, keep_links=False
            )
        ) as book:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what a file says of its own size is not to be trusted
            yield from _cells(sheet)
    except RejectedAll:
        raise
    except Exception as fault:  # noqa: BLE001  the reader raises whatever its parsers do
        _refuse(f"it cannot be read as a workbook: {type(fault).__name__}.", fault)


def workbook_bytes(title: str, rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook of one sheet whose cells are all texts, so that no spreadsheet turns a MAC
    address into a number. Raises RejectedAll where what writes workbooks is not installed."""
    openpyxl = _openpyxl()
    write_only_cell = import_module("openpyxl.cell").WriteOnlyCell
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    for row in rows:
        cells = []
        for value in row:
            cell = write_only_cell(sheet, value=_writable(value))
            cell.data_type = "s"  # never a formula, whatever it begins with
            cell.number_format = _AS_TEXT
            cells.append(cell)
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(sheet: Any) -> Iterator[list[str]]:
    # One row more than may be: who counts them tells so.
    for number, row in enumerate(sheet.iter_rows(values_only=True, max_row=MAX_ROWS + 2), 1):
        if len(row) > MAX_COLUMNS:
            _refuse(f"row {number} reaches to column {len(row)}; {MAX_COLUMNS} are the most.")
        yield [_text(cell) for cell in row]


def _openpyxl() -> ModuleType:
    try:
        return import_module("openpyxl")
    except ImportError as fault:
        _refuse("workbooks need the extra xlsx: pip install 'provisiond[xlsx]'.", fault)


def check_workbook(content: bytes, most: int = MAX_UNPACKED) -> None:
    """Raise RejectedAll for a packed file that is none, unpacks to more than `most` bytes, or
    declares a document type; nothing of it is unpacked before that is known."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
            size = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or size > most:
                _refuse(
                    f"it unpacks to {len(parts)} parts of {size} bytes; {MAX_PARTS} parts and "
                    f"{most >> 20} MiB are the most."
                )
            for part in parts:
                with packed.open(part) as opened:
                    if _FORBIDDEN.search(opened.read(_HEAD)):
                        _refuse(f"{part.filename} in it declares a document type.")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as fault:
        _refuse("it is packed, and cannot be unpacked.", fault)


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell)


def _writable(value: str) -> str:
    """The text without what no XML can hold; a sheet's cells end at 32,767 characters."""
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", value)
    return kept[:32_767]


def _refuse(message: str, cause: BaseException | None = None) -> NoReturn:
    raise RejectedAll((Finding(where="file", message=message, remedy=_REMEDY),)) from cause
