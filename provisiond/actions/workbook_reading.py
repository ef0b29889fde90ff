"""Which rows has the first sheet of a workbook (.xlsx)?

Read by ECMA-376, part 1, §18: the workbook names its sheets, cells refer to texts and styles, and
a style's number format tells whether a number is a day or a time.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisiond.actions.workbook_parts import (
    MAX_ELEMENTS,
    MAX_TEXT,
    Package,
    refuse,
    relations,
)

MAX_ROWS = 100_000
MAX_COLUMNS = 1_000

_REFERENCE = re.compile(r"([A-Z]{1,3})[0-9]+")
_NUMBER = re.compile(r"[+-]?[0-9]{0,32}(\.[0-9]{0,32})?([eE][+-]?[0-9]{1,3})?")
# §18.8.30: the formats that every workbook has; 27-36 and 50-58 are those of East Asia.
_BUILT_IN = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_BUILT_IN_SPAN = 46
_LITERAL = re.compile(r'"[^"]*"|[\\_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE)
_SPAN = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_MAX_STYLE_PARTS = 500_000  # elements: spreadsheets end at 65,490 styles of a few each
_MAX_BOOK_PARTS = 100_000
_SHEET_COLUMNS, _SHEET_ROWS = 16_384, 1_048_576  # a format may reach as far in any spreadsheet
# A spreadsheet's days have no time zone.
_EPOCH_1900, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001
_DAY = 86_400  # seconds

_ROW = "worksheet/sheetData/row"
_CELL = f"{_ROW}/c"
_VALUES = (f"{_CELL}/v", f"{_CELL}/is/t", f"{_CELL}/is/r/t")
_TEXT = "sst/si"
_XF = "styleSheet/cellXfs/xf"
_FORMAT = "styleSheet/numFmts/numFmt"


def is_workbook(content: bytes) -> bool:
    """Whether these bytes are a packed file, as workbooks are."""
    return content[:4] == b"PK\x03\x04"


def workbook_rows(content: bytes, elements: int = MAX_ELEMENTS) -> Iterator[list[str]]:
    """The cells of the first sheet as texts, row by row and empty rows too, up to the last one that
    holds something: whole numbers without their `.0`, days and times by ISO 8601.

    Raises RejectedAll where it is no workbook, or goes beyond a limit: `elements` are all that are
    read of it.
    """
    package = Package(content, elements)
    book = _book(package)
    told = 0
    for number, cells in _filled_rows(package, book):
        # One row more than may be: who counts them tells so.
        while told < min(number - 1, MAX_ROWS + 1):
            told += 1
            yield []
        told += 1
        yield cells
        if told > MAX_ROWS + 1:
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class _Book:
    """What cells refer to: `moments` and `spans` are the numbers of styles that show a number as a
    day or time, or as hours that may be more than 24."""

    sheet: str
    texts: list[str]
    moments: frozenset[int]
    spans: frozenset[int]
    epoch: datetime


def _book(package: Package) -> _Book:
    main = next(
        (at for kind, at in relations(package, "").values() if kind == "officeDocument"), ""
    )
    main = main or "xl/workbook.xml"
    sheets, since_1904 = [], False
    wanted = ("workbook/sheets/sheet", "workbook/workbookPr")
    for element in package.elements(main, *wanted, most=_MAX_BOOK_PARTS):
        if element.path == "workbook/workbookPr":
            since_1904 = element.attributes.get("date1904") in ("1", "true")
        else:
            told = element.attributes  # r:id, whatever the prefix
            sheets.append(next((told[key] for key in told if key.endswith(":id")), ""))
    related = relations(package, main)
    known = dict(related.values())
    first = next(
        (related[id_] for id_ in sheets if related.get(id_, ("",))[0] == "worksheet"), None
    )
    if first is None:
        refuse("it cannot be read as a workbook: it names no sheet of cells.")
    moments, spans = _dated_styles(package, known.get("styles", ""))
    return _Book(
        sheet=first[1],
        texts=_texts(package, known.get("sharedStrings", "")),
        moments=moments,
        spans=spans,
        # Day 60 of 1900 is a 29th of February that there was not: _moment passes over it.
        epoch=_EPOCH_1904 if since_1904 else _EPOCH_1900,
    )


def _texts(package: Package, part: str) -> list[str]:
    texts: list[str] = []
    pieces: list[str] = []
    for element in package.elements(part, _TEXT, f"{_TEXT}/t", f"{_TEXT}/r/t"):
        if element.path == _TEXT:
            texts.append(_joined(pieces))
            package.allowance.spend(texts[-1])
            pieces = []
        else:
            pieces.append(element.text)
    return texts


def _joined(pieces: list[str]) -> str:
    if sum(map(len, pieces)) > MAX_TEXT:
        refuse(f"a text in it has more than {MAX_TEXT} characters.")
    return "".join(pieces)


def _dated_styles(package: Package, part: str) -> tuple[frozenset[int], frozenset[int]]:
    """The numbers of the styles that show moments, and of those that show spans."""
    dated, long = set(_BUILT_IN), {_BUILT_IN_SPAN}
    moments, spans = set(), set()
    at = 0
    for element in package.elements(part, _FORMAT, _XF, most=_MAX_STYLE_PARTS):
        id_ = _whole(element.attributes.get("numFmtId", "0"))
        if element.path == _FORMAT:
            shape = _LITERAL.sub("", element.attributes.get("formatCode", "").partition(";")[0])
            if _SPAN.search(shape):
                long.add(id_)
            elif re.search("[dmyhs]", shape, re.IGNORECASE):
                dated.add(id_)
            continue
        if id_ in long:
            spans.add(at)
        elif id_ in dated:
            moments.add(at)
        at += 1
    return frozenset(moments), frozenset(spans)


def _filled_rows(package: Package, book: _Book) -> Iterator[tuple[int, list[str]]]:
    """The rows that hold something, with their numbers."""
    number, column, widest = 0, 0, 0
    cells: dict[int, str] = {}
    pieces: list[str] = []
    for element in package.elements(book.sheet, _ROW, _CELL, *_VALUES):
        if element.path == _ROW:
            number = max(number + 1, _whole(element.attributes.get("r", "0")))
            if number > _SHEET_ROWS:
                refuse(f"it has a row {number}; {MAX_ROWS} rows are the most.")
            if widest > MAX_COLUMNS:
                refuse(f"row {number} reaches to column {widest}; {MAX_COLUMNS} are the most.")
            if cells:
                yield number, [cells.get(at, "") for at in range(1, widest + 1)]
            column, widest, cells = 0, 0, {}
        elif element.path == _CELL:
            if column > _SHEET_COLUMNS:
                refuse(f"row {number + 1} has more cells than a sheet has columns.")
            column = _column(element.attributes.get("r", "")) or column + 1
            text = _cell(element.attributes, _joined(pieces), book)
            pieces = []
            if text:
                package.allowance.spend(text)
                widest = max(widest, column)
                if column <= MAX_COLUMNS:
                    cells[column] = text
        else:
            pieces.append(element.text)


def _column(reference: str) -> int:
    """The number of a cell's column, from 1; 0 where it is not told."""
    found = _REFERENCE.fullmatch(reference)
    number = 0
    for letter in found.group(1) if found else "":
        number = number * 26 + ord(letter) - 64
    return number


def _cell(attributes: Mapping[str, str], value: str, book: _Book) -> str:
    """What a cell shows, as a text."""
    kind = attributes.get("t", "n")
    if kind == "s":
        at = _whole(value) if value else -1
        if not 0 <= at < len(book.texts):
            refuse(f"cell {attributes.get('r', '')[:16]!r} names a text that is not there.")
        return book.texts[at]
    if kind == "b":
        return {"1": "yes", "true": "yes", "0": "no", "false": "no"}.get(value.strip(), value)
    if kind != "n" or not value or _NUMBER.fullmatch(value.strip()) is None:
        return value
    return _number(value.strip(), _whole(attributes.get("s", "0")), book)


def _number(value: str, style: int, book: _Book) -> str:
    if value.isdigit() and style not in book.moments and style not in book.spans:
        return str(int(value))
    try:
        number = float(value)
        if style in book.spans and number >= 0:
            seconds = round(number * _DAY)
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        if style in book.moments:
            return _moment(number, book.epoch)
    except (ValueError, OverflowError):
        return value
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(number)


def _moment(number: float, epoch: datetime) -> str:
    """A day or a time of day. Raises OverflowError beyond the year 9999."""
    day, second = divmod(round(number * _DAY), _DAY)
    if 0 <= number < 1:
        return (epoch + timedelta(seconds=second)).time().isoformat()
    if epoch is _EPOCH_1900 and 0 < day < 60:
        day += 1
    return (epoch + timedelta(days=day, seconds=second)).isoformat()


def _whole(text: str) -> int:
    """A number of the workbook's own; one that is none refers to nothing."""
    return int(text) if re.fullmatch("[0-9]{1,9}", text, re.ASCII) else -1
