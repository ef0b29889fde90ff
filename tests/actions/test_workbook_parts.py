"""Does a packed file cost what its limits say, whatever it unpacks to?"""

import io
import tracemalloc
import zipfile
from collections.abc import Iterable

import pytest

from provisiond.actions.workbook_parts import check_workbook
from provisiond.actions.workbook_reading import workbook_rows
from provisiond.inventory.errors import RejectedAll
from tests.actions.packed_workbooks import PARTS, packed, repeated, sheet

STYLES = "xl/styles.xml"
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
NEAR = "<worksheet><sheetData>"
FAR = "</sheetData></worksheet>"


def _book_of(elements: int) -> Iterable[bytes]:
    before, after = PARTS["xl/workbook.xml"].split("</workbook>")
    return repeated(before, b"<a/>", elements, f"</workbook>{after}")


def refused(content: bytes) -> str:
    with pytest.raises(RejectedAll) as caught:
        list(workbook_rows(content))
    [found] = caught.value.findings
    assert (found.where, bool(found.remedy)) == ("file", True)
    return found.message


@pytest.mark.parametrize(
    ("part", "content", "words", "most"),
    [
        (STYLES, repeated("<styleSheet>", b"<a/>", 500_001, "</styleSheet>"), "elements", 4),
        ("xl/workbook.xml", repeated("<a>", b"<b/>", 100_001, "</a>"), "elements", 4),
        (
            "xl/_rels/workbook.xml.rels",
            repeated("<Relationships>", b'<Relationship Id="1"/>', 10_001, "</Relationships>"),
            "elements",
            4,
        ),
        (SHEET, repeated(f"{NEAR}<row>", b"<c/>", 20_000, f"</row>{FAR}"), "more cells", 8),
        (TEXTS, repeated("<sst>", b"<a>", 100, ""), "64 levels", 4),
        (TEXTS, repeated("<sst><si><t>", b"x", 40_000, "</t></si></sst>"), "32767", 4),
        (TEXTS, repeated("<sst><si>", b"<t>xxxxxxxx</t>", 5_000, "</si></sst>"), "32767", 8),
        (TEXTS, repeated('<sst a="', b"x", 400_000, '"/>'), "a tag of more", 4),
        (TEXTS, [b"<sst>", *(b"<n%d/>" % at for at in range(9_000)), b"</sst>"], "names", 8),
        (SHEET, repeated("<!--", b"x", 6_000, "--><!DOCTYPE a><worksheet/>"), "document type", 4),
        (SHEET, repeated(NEAR, b"<row>", 1, FAR), "is no XML", 4),
    ],
)
def test_what_no_table_needs_is_refused_in_little_memory(
    part: str, content: Iterable[bytes], words: str, most: int
) -> None:
    """`most` is MiB."""
    workbook = packed({part: content})
    tracemalloc.start()
    try:
        assert words in refused(workbook)
        assert tracemalloc.get_traced_memory()[1] < most << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("part", "content", "most"),
    [
        ("xl/workbook.xml", _book_of(99_900), 4),
        (SHEET, repeated(NEAR, b"<row/>", 30_000, FAR), 4),
        (SHEET, repeated(f"{NEAR}<row>", b"<c/>", 16_384, f"</row>{FAR}"), 8),
        (TEXTS, repeated("<sst>", b"<si/>", 30_000, "</sst>"), 8),
    ],
)
def test_what_is_just_let_in_takes_little_memory(
    part: str, content: Iterable[bytes], most: int
) -> None:
    """`most` is MiB."""
    workbook = packed({part: content})
    tracemalloc.start()
    try:
        assert list(workbook_rows(workbook)) == []
        assert tracemalloc.get_traced_memory()[1] < most << 20
    finally:
        tracemalloc.stop()


def test_a_long_text_that_very_many_cells_refer_to_is_refused() -> None:
    text = f"<sst><si><t>{'x' * 32_000}</t></si></sst>"
    cells = repeated(NEAR, b'<row><c t="s"><v>0</v></c></row>', 2_200, FAR)
    assert "characters" in refused(packed({TEXTS: text, SHEET: cells}))


def test_parts_that_are_not_read_may_be_anything() -> None:
    content = packed(
        {
            **sheet('<row r="1"><c r="A1"><v>101</v></c></row>'),
            "xl/media/image1.png": [b"\0" * (6 << 20)],
            "xl/calcChain.xml": repeated("<calcChain>", b"<c/>", 1_000, ""),
        }
    )
    assert list(workbook_rows(content)) == [["101"]]


def test_what_is_packed_as_no_workbook_is_is_refused_unread() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(RejectedAll, match="packed in a way"):
        check_workbook(out.getvalue())
    with pytest.raises(RejectedAll, match="very many parts"):
        check_workbook(b"PK\x03\x04" + b"PK\x01\x02" * 10_001)


def test_a_part_that_is_longer_than_it_says_is_refused() -> None:
    content = bytearray(packed(sheet("<row/>" * 100)))
    place = content.rindex(b"xl/worksheets/sheet1.xml") - 46 + 24  # its size in the directory
    content[place : place + 4] = (100).to_bytes(4, "little")
    assert "cannot be unpacked" in refused(bytes(content)) or "no XML" in refused(bytes(content))
