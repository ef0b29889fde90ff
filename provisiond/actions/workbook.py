"""How is a workbook (.xlsx) written?"""

import io
import re
from collections.abc import Iterable, Sequence
from importlib import import_module
from types import ModuleType

from provisiond.actions.workbook_parts import MAX_TEXT, refuse

_AS_TEXT = "@"  # the number format of cells that a spreadsheet leaves as they are


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


def _openpyxl() -> ModuleType:
    try:
        return import_module("openpyxl")
    except ImportError as fault:
        message = "writing workbooks needs the extra xlsx: pip install 'provisiond[xlsx]'."
        refuse(message, fault, "Install it, or ask for CSV.")


def _writable(value: str) -> str:
    """The text without what no XML can hold; a sheet's cells end at 32,767 characters."""
    kept = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", value)
    return kept[:MAX_TEXT]
