"""Workbooks part by part, as a spreadsheet or a stranger writes them."""

import io
import zipfile
from collections.abc import Iterable, Mapping

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

PARTS: Mapping[str, str] = {
    "_rels/.rels": f'<Relationships><Relationship Id="rId1" Type="{RELATIONS}/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="Phones" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships>"
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{RELATIONS}/styles" Target="styles.xml"/>'
    f'<Relationship Id="rId3" Type="{RELATIONS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    "</Relationships>",
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"/>',
    "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>',
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>',
}


def packed(parts: Mapping[str, str | Iterable[bytes]]) -> bytes:
    """A workbook of PARTS with these in their place; large ones come in pieces."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in {**PARTS, **parts}.items():
            if isinstance(content, str):
                written.writestr(name, content)
                continue
            with written.open(name, "w") as part:
                for piece in content:
                    part.write(piece)
    return out.getvalue()


def sheet(rows: str) -> dict[str, str | Iterable[bytes]]:
    """The part of a sheet with these rows."""
    text = f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    return {"xl/worksheets/sheet1.xml": text}


def repeated(before: str, unit: bytes, times: int, after: str) -> Iterable[bytes]:
    """A part that says the same very often."""
    yield before.encode()
    for _ in range(times // 1_000):
        yield unit * 1_000
    yield unit * (times % 1_000) + after.encode()
