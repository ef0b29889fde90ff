"""Files that are too large, too deep or full of junk: words with a place, bounded memory, nothing
half written."""

import asyncio
import io
import itertools
import json
import resource
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.actions.inventory_file import Fault, Found, Place, source_of
from provisiond.actions.inventory_text import (
    MAX_BYTES,
    MAX_FAULTS,
    Limits,
    Repeated,
    parse_document,
)
from provisiond.actions.phone_csv import COLUMNS
from provisiond.actions.stand_ins import names_stand_in
from provisiond.actions.table_records import read_records, records_of_objects
from provisiond.actions.workbook import workbook_bytes
from provisiond.actions.workbook_parts import MAX_UNPACKED
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, NOW, document, load, written

CONTROLS = [
    *(chr(point) for point in (*range(0x20), *range(0x7F, 0xA0))),
    *("\u2028", "\u2029", "\ufeff", "\ufdd0", "\ufffe", "\U0001fffe", "\ud800", "\udfff"),
]
BLANKS = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\u2028\u2029"


async def refused(
    db: Database, shelf: Shelf, content: bytes, name: str, domain: str | None = None
) -> tuple[Finding, ...]:
    """What is said of a file that must not come in; the store stays as it was."""
    before = await written(db)
    command = ImportInventory(content=content, filename=name, domain=domain)
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(db, shelf, ADMIN, command, NOW)
    assert await written(db) == before
    assert all(f.message and f.where for f in caught.value.findings)
    return tuple(f for f in caught.value.findings if f.severity == "error")


def peak_of(work: Callable[[], object]) -> int:
    """Bytes that the work took at most."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["big.json", "big.yaml", "big.csv"])
async def test_a_hundred_megabytes_are_refused_unread(
    lite: Database, shelf: Shelf, name: str
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    content = b'{"domain": "' + b"x" * (100 << 20) + b'"}'
    (fault,) = await refused(lite, shelf, content, name)
    assert fault.message == f"the file has more than {MAX_BYTES >> 20} MiB."
    assert "Split" in fault.remedy


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("deep.json", b'{"users":' + b"[" * 300 + b"]" * 300 + b"}"),
        ("deep.json", b'{"a":' * 300 + b"1" + b"}" * 300),
        ("deep.json", b"[" * 200_000),
        ("deep.yaml", b"users: " + b"[" * 300 + b"]" * 300),
        ("deep.yaml", b"".join(b" " * n + b"a:\n" for n in range(300))),
    ],
)
async def test_hundreds_of_levels_are_refused(
    lite: Database, shelf: Shelf, name: str, content: bytes
) -> None:
    (fault,) = await refused(lite, shelf, content, name)
    assert "24 levels" in fault.message


async def test_many_tiny_values_are_refused_before_they_fill_the_memory(
    lite: Database, shelf: Shelf
) -> None:
    content = b'{"users":[' + b"{}," * 6_100_000 + b"{}]}"
    (fault,) = await refused(lite, shelf, content, "many.json")
    assert "more than 6,000,000 values" in fault.message


SMALL = Limits(values=1_000, objects=10, rows=5, larger="Ask for more.")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "users:\n" + "- {extension: 1}\n" * 10, "more than 10 records"),
        ("a.json", '{"users": [' + "{}," * 10 + "{}]}", "more than 10 records"),
        ("a.json", '{"users": [' + "1," * 1_000 + "1]}", "more than 1,000 values"),
        ("a.csv", "extension,first_name\n" + "1,a\n" * 6, "5 rows are the most"),
    ],
)
async def test_a_file_of_more_records_than_its_bringer_may_send_is_refused(
    lite: Database, shelf: Shelf, name: str, content: str, said: str
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    command = ImportInventory(content=content.encode(), filename=name, domain=DOMAIN, limits=SMALL)
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(lite, shelf, ADMIN, command, NOW)
    (fault,) = caught.value.findings
    assert said in fault.message
    assert fault.remedy.startswith("Split")
    assert fault.remedy.endswith("Ask for more.")


def test_many_records_are_refused_while_they_are_read_not_when_all_are_in_memory() -> None:
    content = b"users:\n" + b"- {extension: 1}\n" * 100_000
    limits = Limits(objects=1_000)

    def read() -> None:
        with pytest.raises(RejectedAll):
            parse_document(content, "a.yaml", limits)

    assert peak_of(read) < 3 * len(content)


async def test_faults_are_looked_for_up_to_a_bound_and_the_answer_says_so(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    content = f"domain: {DOMAIN}\nusers:\n" + "- {extension: 1}\n" * (MAX_FAULTS + 100)
    command = ImportInventory(content=content.encode(), filename="a.yaml")
    with pytest.raises(RejectedAll) as caught:
        await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert len(caught.value.findings) == MAX_FAULTS
    assert caught.value.summary.startswith(f"at least {MAX_FAULTS:,} faults; nothing was changed")


def test_warnings_leave_room_for_faults() -> None:
    found, asked = Found(), itertools.count()
    warning = Fault(path=(), message="odd.", severity="warning")
    found.extend(itertools.repeat(warning, MAX_FAULTS + 1))
    found.extend(Fault(path=(), message=str(next(asked))) for _ in itertools.repeat(None))
    kept = [fault.severity for fault in found]
    assert (kept.count("warning"), kept.count("error")) == (MAX_FAULTS, MAX_FAULTS)
    assert next(asked) == MAX_FAULTS, "the rest was not looked for"


def test_a_name_given_twice_among_very_many_is_found_by_counting() -> None:
    names = ",".join(f'"n{number}":1' for number in range(200_000))
    tree = parse_document(f'{{{names},"n7":1}}'.encode(), "a.json").tree
    assert isinstance(tree, Repeated)
    assert tree.names == ("n7",)


async def test_of_very_many_faults_the_first_are_told(lite: Database, shelf: Shelf) -> None:
    tree = {"domain": DOMAIN, "users": [{"colour": 1}] * (MAX_FAULTS + 1)}
    found = await refused(lite, shelf, document(tree), "many.json")
    assert len(found) == MAX_FAULTS
    assert found[0].where.startswith("users[0]")


async def test_every_control_in_an_inventory_file_names_its_field(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    users = [
        {"extension": str(1000 + at), "first_name": f"a{control}b"}
        for at, control in enumerate(CONTROLS)
    ]
    found = await refused(
        lite, shelf, document({"domain": DOMAIN, "users": users}), "controls.json"
    )
    named = {fault.where for fault in found}
    assert named == {f"users[{at}].first_name" for at in range(len(CONTROLS))}
    assert all(str(fault).isprintable() for fault in found)


async def test_every_control_in_a_table_is_told_by_row_or_read_as_a_blank(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    told = 0
    for control in CONTROLS:
        if 0xD800 <= ord(control) <= 0xDFFF or control in "\0\n\r":
            continue
        text = f"extension,first_name\n101,a{control}b\n"
        found = await refused(lite, shelf, text.encode(), "users.csv")
        assert [fault.where for fault in found] == ["row 2, column first_name"], repr(control)
        assert str(found[0]).isprintable()
        told += 1
    assert told > 60
    (fault,) = await refused(lite, shelf, b"extension,first_name\n101,a\0b\n", "users.csv")
    assert "NUL" in fault.message


async def test_ten_thousand_rows_with_a_fault_in_every_column(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    bad = ["zz", "Nothing", "a\x01", "Mars", "one", "xyz", "b\x01", "s p", "p w", "l\x01", "no"]
    rows = [[*bad, f"n{row}\x01"] for row in range(10_000)]
    for content, name in (
        (_csv([list(COLUMNS), *rows]), "phones.csv"),
        (await asyncio.to_thread(workbook_bytes, "phones", [COLUMNS, *rows]), "phones.xlsx"),
    ):
        found = await refused(lite, shelf, content, name)
        assert len(found) == MAX_FAULTS
        assert {fault.where for fault in found} >= {
            f"row {row}, column {column}" for row in (2, 10_001) for column in ("mac", "line")
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak < 3 << 20  # kB


BAD = "a\x01"
BAD_ROWS = {
    "phones": (
        "mac,model,name,site,line,extension,sip_user,label,layout,notes,shared,emergency_address",
        *(f"{mac},Nothing,{BAD},Mars,x,999,s p,{BAD},lay,{BAD},maybe,HQ" for mac in ("zz", "zz")),
        f",Nothing,{BAD},Mars,1,999,s p,{BAD},lay,{BAD},maybe,HQ",
        f"1.2E+11,Nothing,{BAD},Mars,1.1E+3,1.1E+3,s p,{BAD},lay,{BAD},maybe,HQ",
    ),
    "users": (
        "extension,first_name,last_name,sip_user,sip_auth_user,sip_password,site,emergency_address",
        *(f"{key},{BAD},{BAD},s p,s p,p w,Mars,HQ" for key in ("x y", "", "1.1E+3", "x y")),
    ),
    "numbers": (
        "number,treatment,destination,caller_id_prefix,announcement,notes,language,time_zone,"
        "enabled,enable_on",
        *(f"{key},user,x y,{BAD},loud,{BAD},e_,Mars,maybe,soon" for key in ("zz", "", "1.1E+3")),
    ),
    "sms": (
        "number,treatment,destination,carrier,mms,notes",
        *(f"{key},user,x y,{BAD},maybe,{BAD}" for key in ("zz", "", "1.1E+3")),
    ),
    "destinations": (
        "extension,kind,name,enabled",
        *(f"{key},hall,{BAD},maybe" for key in ("x y", "", "1.1E+3", "x y")),
    ),
    "timeframes": (
        "name,owner,kind,time_zone,hours",
        *(f"{key},999,often,Mars,never" for key in (BAD, "")),
    ),
    "directories": ("directory,name,number", *(f"{BAD},{name},x?" for name in (BAD, ""))),
    "emergency_addresses": (
        "name,caller_name,country,street,house_number,multi_floor",
        *(f"{key},{BAD},{BAD},{BAD},1,maybe" for key in (BAD, "", BAD)),
    ),
    "emergency_endpoints": (
        "number,address,caller_name,location,site",
        *(f"{key},HQ,{BAD},{BAD},Mars" for key in ("zz", "", "1.1E+3")),
    ),
    "sites": (
        "name,emergency_address,sip_server,vlan_phone,codecs",
        *(f"{key},HQ,a b,x,loud" for key in (BAD, "", BAD)),
    ),
    "layouts": ("layout,module,key,kind,value,label", f"{BAD},x,x,door,{BAD},{BAD}"),
}
RIGHT = {
    "phones": [(2, "extension"), *((at, c) for at in (3, 4) for c in ("extension", "sip_user")),
               (4, "line")],
    "numbers": [(at, "treatment") for at in (2, 3, 4)],
    "sms": [(at, "treatment") for at in (2, 3, 4)],
    "directories": [(3, "directory")],
    "emergency_addresses": [(at, "house_number") for at in (2, 3, 4)],
    "layouts": [(2, "value")],
}  # fmt: skip
"""Rows and columns that are right, said before, or judged by another that cannot be read."""


@pytest.mark.parametrize("kind", list(BAD_ROWS))
async def test_a_row_whose_key_cannot_be_read_has_its_other_faults_told(
    lite: Database, shelf: Shelf, kind: str
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    head, *rows = BAD_ROWS[kind]
    found = await refused(lite, shelf, "\n".join((head, *rows)).encode(), f"{kind}.csv")
    told = {fault.where for fault in found}
    every = {f"row {at}, column {c}" for at in range(2, len(rows) + 2) for c in head.split(",")}
    assert told == every - {f"row {at}, column {c}" for at, c in RIGHT.get(kind, ())}
    assert not any(names_stand_in(f"{fault.message} {fault.remedy}") for fault in found)


RULE = {"frame": "none", "treatment": "user", "destination": "7"}


async def test_a_record_whose_key_cannot_be_read_has_its_other_faults_told(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN, "users": [{"extension": "101"}]})
    before = {
        "mac": "02ac3e000001",
        "model": "Acme D-6",
        "lines": [{"line": 1, "extension": "101"}],
    }
    await load(lite, shelf, {"domain": DOMAIN, "phones": [before]})
    tree = {
        "domain": DOMAIN,
        "users": [{"first_name": BAD}, {"extension": [], "sip_user": "a b"}, 7, {"extension": []}],
        "phones": [
            {"mac": "zz", "name": BAD, "lines": [{"line": "x", "extension": "7"}, {"line": 1}]},
            {"mac": 1, "site": "Mars", "lines": [{"line": 1, "extension": "101"}]},
            {"mac": "zz", "model": "Acme D-6", "buttons": [{"key": "x", "kind": "blf"}]},
        ],
        "numbers": [
            {"number": "zz", "time_zone": "Mars", "default": {"caller_id_prefix": "A"}},
            {"number": [], "language": "e_", "rules": [RULE]},
            {"number": "yy"},
        ],
        "sms_numbers": [{"number": "zz", "carrier": BAD, "treatment": "user", "destination": "7"}],
        "destinations": [{"kind": "hall", "extension": "x y"}, {"kind": [], "extension": "101"}],
        "emergency_endpoints": [{"number": "zz", "address": "HQ"}, {"number": "+18005550100"}],
    }
    found = await refused(lite, shelf, document(tree), "a.json")
    places = sorted(fault.where for fault in found)
    assert places == [
        *("destinations[0].extension", "destinations[0].kind"),
        *("destinations[1].extension", "destinations[1].kind"),
        *("emergency_endpoints[0].address", "emergency_endpoints[0].number"),
        "emergency_endpoints[1].address",
        *("numbers[0].number", "numbers[0].time_zone"),
        *("numbers[1].language", "numbers[1].number", "numbers[1].rules[0].destination"),
        *("numbers[1].rules[0].frame", "numbers[2].number"),
        *("phones[0].lines[0].extension", "phones[0].lines[0].line", "phones[0].mac"),
        *("phones[0].name", "phones[1].mac", "phones[1].site", "phones[2].buttons[0].key"),
        *("phones[2].mac", "sms_numbers[0].carrier", "sms_numbers[0].destination"),
        *("sms_numbers[0].number", "users[0].extension", "users[0].first_name"),
        *("users[1].extension", "users[1].sip_user", "users[2]", "users[3].extension"),
    ]


def test_a_line_of_separators_is_refused_and_not_taken_apart() -> None:
    content = b"mac,model\n" + b"," * (20 << 20)
    records = read_records(content)

    def walk() -> None:
        assert list(records.rows) == []

    assert peak_of(walk) < 64 << 20
    assert "a line has" in records.faults[0].message


def test_a_cell_far_to_the_right_is_refused() -> None:
    content = workbook_bytes("phones", [["mac"], [""] * 1_000 + ["x"]])
    with pytest.raises(RejectedAll, match="row 2 reaches to column 1001"):
        list(read_records(content).rows)


def test_a_packed_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range((MAX_UNPACKED >> 20) + 1):
                part.write(b" " * (1 << 20))
    content = out.getvalue()
    assert len(content) < 1 << 20

    def read() -> None:
        with pytest.raises(RejectedAll, match="192 MiB are the most"):
            read_records(content)

    assert peak_of(read) < 8 << 20


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><worksheet/>', "declares a document type"),
        (b"<worksheet>", "cannot be read as a workbook"),
    ],
)
def test_a_workbook_that_is_none_is_told(part: bytes, said: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("xl/workbook.xml", part)
    with pytest.raises(RejectedAll, match=said):
        read_records(out.getvalue())
    with pytest.raises(RejectedAll, match="cannot be unpacked"):
        read_records(out.getvalue()[:40])


async def test_a_workbook_that_was_exported_comes_back(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    before = await written(lite)
    command = ExportInventory(format=Format.XLSX, with_secrets=True)
    content = await export_inventory(lite, ADMIN, command, NOW)
    report = await import_inventory(
        lite, shelf, ADMIN, ImportInventory(content=content, filename="phones.xlsx"), NOW
    )
    assert {(c.added, c.changed) for c in report.domains[0].counts} == {(0, 0)}
    assert await written(lite) == before


def test_without_its_library_a_workbook_is_read_and_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = workbook_bytes("phones", [["mac"], ["02ac3e0000aa"]])
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert list(read_records(content).rows) == [(2, ["02ac3e0000aa"])]
    with pytest.raises(RejectedAll, match=r"provisiond\[xlsx\]"):
        workbook_bytes("phones", [["mac"]])


def _csv(rows: list[list[str]]) -> bytes:
    return "\r\n".join(",".join(row) for row in rows).encode()


LONG = "n" * 100_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", f"mac{'-' * 100_000},model\n" + "zz,Acme D-6\n" * 500),
        ("a.csv", f"mac,name\n02ac3e000001,{LONG}\n" + "02ac3e000001,other\n" * 500),
        ("a.csv", f"extension,first_name\n101,{LONG}\n" + "101,other\n" * 500),
        ("a.json", f'{{"{LONG}": [' + '{"a": 1, "a": 1},' * 500 + "{}]}"),
    ],
)
async def test_what_is_long_once_is_not_told_whole_with_each_fault(
    lite: Database, shelf: Shelf, name: str, content: str
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    told = await refused(lite, shelf, content.encode(), name, DOMAIN)
    assert len(told) >= 500
    assert max(len(f.where) + len(f.message) + len(f.remedy) for f in told[:-1]) < 2_000


@pytest.mark.parametrize(
    ("records", "said"),
    [
        (lambda: [{"a": {LONG: dict.fromkeys(map(str, range(2_000)), 1)}}], ""),
        (lambda: [{LONG[:200] + str(i): 1 for i in range(6_000)}], "1,048,576 characters"),
        (lambda: [{f"n{i}": 1 for i in range(6_000)}, *[{}] * 1_000], "6,000 different names"),
    ],
)
def test_lists_of_other_systems_objects_have_bounds_of_names(
    records: Callable[[], list[Any]], said: str
) -> None:
    def read() -> None:
        if said:
            with pytest.raises(RejectedAll) as caught:
                records_of_objects(records(), "record")
            assert said in caught.value.findings[0].message
        else:
            assert len(records_of_objects(records(), "record").header[0]) < 600

    assert peak_of(read) < 16 << 20


async def test_a_file_in_which_all_is_wrong_is_read_up_to_its_last_fault_that_is_told() -> None:
    wrong = dict.fromkeys("abcdefgh", "")
    tree: Any = {"domain": DOMAIN, "users": [wrong] * 30_000}

    def read() -> None:
        with pytest.raises(RejectedAll) as caught:
            source_of(tree, lambda paths: {path: Place(where="", rank=0) for path in paths})
        assert len(caught.value.findings) == MAX_FAULTS

    assert peak_of(read) < 48 << 20


async def test_objects_of_very_many_names_and_lists_of_very_many_texts_are_one_fault(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    tree = {
        "domain": DOMAIN,
        "settings": {"codecs": [None] * 3_000, "feature_codes": {str(i): 1 for i in range(3_000)}},
        "users": [{f"n{i}": 1 for i in range(3_000)}, {"extension": "101", "x": 1}],
    }
    told = await refused(lite, shelf, json.dumps(tree).encode(), "a.json")
    assert [fault.where for fault in told] == [
        *("settings.codecs", "settings.feature_codes", "users[0]", "users[1].x"),
    ]
    assert "3,000 entries; 2,000 are the most" in told[0].message


def test_a_workbook_has_as_many_elements_as_its_bringer_may_send() -> None:
    content = workbook_bytes("a", [["extension"], *[["101"]] * 40])
    assert len(list(read_records(content, Limits(elements=1_000)).rows)) == 40
    with pytest.raises(RejectedAll, match="fault") as caught:
        list(read_records(content, Limits(elements=100)).rows)
    assert "more elements" in caught.value.findings[0].message
