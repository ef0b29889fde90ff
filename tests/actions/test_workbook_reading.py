"""Are the cells of a workbook told as a person sees them?"""

import io
from collections.abc import Mapping
from datetime import datetime, time, timedelta

import pytest
from openpyxl import Workbook

from provisiond.actions.workbook_reading import MAX_ROWS, workbook_rows
from provisiond.inventory.errors import RejectedAll
from tests.actions.packed_workbooks import MAIN, PARTS, packed, sheet

STRICT = "http://purl.oclc.org/ooxml"


def cell(attributes: str, inner: str, parts: Mapping[str, str] | None = None) -> str:
    row = f'<row r="1"><c r="A1" {attributes}>{inner}</c></row>'
    [[text]] = workbook_rows(packed({**(parts or {}), **sheet(row)}))
    return text


def test_what_another_library_wrote_is_read() -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(["02ac3e0000aa", 101, 1.5, 2.0, True, None, "Zoë & <Co>", 18005550100])
    first.append(
        [datetime.fromisoformat("2026-12-24T09:30"), time(9, 0), timedelta(hours=25), -3, "x\ny"]
    )
    first["J4"] = "far"
    book.create_sheet("Second").append(["not this"])
    out = io.BytesIO()
    book.save(out)
    assert list(workbook_rows(out.getvalue())) == [
        ["02ac3e0000aa", "101", "1.5", "2", "yes", "", "Zoë & <Co>", "18005550100"],
        ["2026-12-24T09:30:00", "09:00:00", "25:00:00", "-3", "x\ny"],
        [],
        [*[""] * 9, "far"],
    ]


@pytest.mark.parametrize(
    ("attributes", "inner", "text"),
    [
        ("", "<v>101</v>", "101"),
        ("", "<v>1.8005550100E10</v>", "18005550100"),
        ("", "<v>0.10000000000000001</v>", "0.1"),
        ('t="b"', "<v>0</v>", "no"),
        ('t="e"', "<v>#N/A</v>", "#N/A"),
        ('t="str"', "<f>A2&amp;1</f><v>x1</v>", "x1"),
        ('t="d"', "<v>2026-12-24</v>", "2026-12-24"),
        ('t="inlineStr"', "<is><t>in</t></is>", "in"),
        ('t="inlineStr"', "<is><r><t>in </t></r><r><t>two</t></r></is>", "in two"),
        ("", "<v>not a number</v>", "not a number"),
    ],
)
def test_every_kind_of_cell_has_its_text(attributes: str, inner: str, text: str) -> None:
    assert cell(attributes, inner) == text


def test_texts_of_several_runs_are_joined_and_how_they_are_spoken_is_left_out() -> None:
    texts = f"""<x:sst xmlns:x="{MAIN}"><x:si><x:t>plain</x:t></x:si>
        <x:si><x:r><x:rPr/><x:t>two </x:t></x:r><x:r><x:t>runs</x:t></x:r>
        <x:rPh sb="0" eb="1"><x:t>spoken</x:t></x:rPh></x:si></x:sst>"""
    assert cell('t="s"', "<v>1</v>", {"xl/sharedStrings.xml": texts}) == "two runs"
    with pytest.raises(RejectedAll, match="'A1' names a text that is not there"):
        cell('t="s"', "<v>2</v>", {"xl/sharedStrings.xml": texts})


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        ("yyyy-mm-dd", "46380", "2026-12-24T00:00:00"),
        ("dd/mm/yyyy hh:mm", "46380.395833333336", "2026-12-24T09:30:00"),
        ("h:mm AM/PM", "0.375", "09:00:00"),
        ("h:mm", "0.99999999999", "00:00:00"),
        ("[h]:mm", "1", "24:00:00"),
        ("[$-409]d mmm;@", "59", "1900-02-28T00:00:00"),
        ("yyyy", "61", "1900-03-01T00:00:00"),
        ("yyyy", "99999999", "99999999"),
        ("[Red]0", "46380", "46380"),
        ('0" days"', "3", "3"),
        ("#,##0.00_d", "3", "3"),
    ],
)
def test_a_number_is_a_day_where_its_format_shows_one(shape: str, value: str, text: str) -> None:
    shown = shape.replace('"', "&quot;")
    styles = f"""<styleSheet xmlns="{MAIN}"><numFmts>
        <numFmt numFmtId="164" formatCode="{shown}"/></numFmts>
        <cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
        <cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>"""
    assert cell('s="1"', f"<v>{value}</v>", {"xl/styles.xml": styles}) == text
    assert cell('s="0"', f"<v>{value}</v>", {"xl/styles.xml": styles}) == str(value)


def test_days_are_counted_from_1904_where_the_workbook_does() -> None:
    book = PARTS["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    parts = {"xl/workbook.xml": book, "xl/styles.xml": styles}
    assert cell("", "<v>1</v>", parts) == "1904-01-02T00:00:00"


def test_the_strict_form_and_other_names_of_parts_are_read() -> None:
    named = {
        name.replace("xl/", "XL/"): text.replace(MAIN, f"{STRICT}/spreadsheetml/main").replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            f"{STRICT}/officeDocument/relationships",
        )
        for name, text in {**PARTS, **sheet("<row><c><v>7</v></c><c><v>8</v></c></row>")}.items()
        if isinstance(text, str)
    }
    assert list(workbook_rows(packed(named))) == [["7", "8"]]


def test_formats_that_reach_far_hold_nothing() -> None:
    rows = '<row r="2"><c r="B2"><v>1</v></c><c r="XFD2" s="1"/></row><row r="1048576"><c s="1"/>'
    assert list(workbook_rows(packed(sheet(f"{rows}</row>")))) == [[], ["", "1"]]


def test_a_row_far_below_is_one_more_than_may_be() -> None:
    rows = '<row r="900000"><c r="A900000"><v>1</v></c></row>'
    assert sum(1 for _ in workbook_rows(packed(sheet(rows)))) == MAX_ROWS + 2


def test_what_holds_no_sheet_is_no_workbook() -> None:
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        with pytest.raises(RejectedAll, match="names no sheet of cells"):
            list(workbook_rows(packed({part: "<a/>"})))
