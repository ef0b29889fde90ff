"""A table of phones is read as people and other systems write it, and written to be read."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.actions.csv_table import guarded, read_table
from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.import_reading import is_table
from provisiond.actions.imports import ImportInventory, Mode, import_inventory
from provisiond.actions.inventory_load import load_domain
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.phone_csv import COLUMNS
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Finding, NotFound, Refused, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, MAC, NOW, load, load_csv, written

NEW = Mac("02ac3e0000aa")
ROW = f"{NEW},Acme D-6"


@pytest.fixture
async def pbx(lite: Database, shelf: Shelf) -> Database:
    """A store with the inventory's domain in it."""
    await load(lite, shelf)
    return lite


async def stored(db: Database) -> DomainContents:
    async with db.read() as read:
        return await load_domain(read, DOMAIN)


async def faults(db: Database, shelf: Shelf, text: str | bytes) -> list[Finding]:
    with pytest.raises(RejectedAll) as caught:
        await load_csv(db, shelf, text)
    return [finding for finding in caught.value.findings if finding.severity == "error"]


async def test_several_rows_are_one_phones_lines_and_users_are_made(
    pbx: Database, shelf: Shelf
) -> None:
    table = (
        f"{','.join(COLUMNS)}\r\n"
        "02:ac:3e:00:00:aa,acme d6,Lab,HQ,1,201,"
        "Mary Ann Smith,u201,pw201,Mary,reception,near door\r\n"
        "02:ac:3e:00:00:aa,,,,2,101,,,,,,\r\n"
    )
    report = await load_csv(pbx, shelf, table)
    contents = await stored(pbx)
    phone, user = contents.phones[NEW], contents.users["201"]
    assert (phone.model, phone.name, phone.site, phone.layout, phone.notes) == (
        "Acme D-6",
        "Lab",
        "HQ",
        "reception",
        "near door",
    )
    assert [(one.line, one.extension, one.label) for one in phone.lines] == [
        (1, "201", "Mary"),
        (2, "101", ""),
    ]
    assert (user.first_name, user.last_name, user.sip_user) == ("Mary Ann", "Smith", "u201")
    assert user.sip_password.reveal() == "pw201"
    assert report.domains[0].generated == ()


@pytest.mark.parametrize(
    "header",
    [
        "MAC Address;Phone Model;Ext;First Name;Last Name;Password",
        "device_address\tdevice_model\tuser_id\tfname\tlname\tauth_password",
        "LastName|Mac_Address|AuthPassword|Model|Extension|FirstName",
        "\ufeffMAC0,Phonetype,Number,FIRST NAME,LAST-NAME,Sip Authentication Password",
        "sep=;\r\nmac;model;exten;first;last;secret",
        '"x_phone_mac_address","device-models-brand-and-model","ext","fname","lname","password"',
    ],
)
async def test_other_systems_columns_are_known_in_any_order(
    pbx: Database, shelf: Shelf, header: str
) -> None:
    first = header.splitlines()[-1].lstrip("\ufeff")
    separator = next(s for s in ";\t|," if s in first)
    cells = []
    for name in first.replace('"', "").split(separator):
        folded = name.lower().replace("_", " ").replace("-", " ")
        cells.append(
            "02-AC-3E-00-00-AA"
            if "mac" in folded or "address" in folded
            else "Acme D-6"
            if "model" in folded or "type" in folded
            else "Ann"
            if folded.startswith("f")
            else "Lee"
            if folded.startswith("l")
            else "pw"
            if "pass" in folded or folded == "secret"
            else "201"
        )
    await load_csv(pbx, shelf, f"{header}\r\n{separator.join(cells)}\r\n")
    contents = await stored(pbx)
    user = contents.users["201"]
    assert (user.first_name, user.last_name, user.sip_password.reveal()) == ("Ann", "Lee", "pw")
    assert [line.extension for line in contents.phones[NEW].lines] == ["201"]


async def test_an_empty_cell_leaves_alone_and_a_dash_clears(pbx: Database, shelf: Shelf) -> None:
    before = (await stored(pbx)).phones[Mac.parse(MAC)]
    await load_csv(pbx, shelf, f"mac,name,site,layout,notes,label,line\n{MAC},Lobby,-,,-,-,1\n")
    after = (await stored(pbx)).phones[Mac.parse(MAC)]
    assert (after.name, after.site, after.layout, after.notes) == ("Lobby", None, "reception", "")
    assert [(line.line, line.extension, line.label) for line in after.lines] == [
        (1, "101", ""),
        (2, "0102", ""),
    ]
    assert after.buttons == before.buttons


async def test_a_row_changes_its_line_and_leaves_the_others(pbx: Database, shelf: Shelf) -> None:
    await load_csv(pbx, shelf, f"mac,model,line,extension\n{ROW},1,101\n{ROW},2,0102\n")
    await load_csv(pbx, shelf, f"mac,line,extension\n{NEW},2,103\n")
    lines = (await stored(pbx)).phones[NEW].lines
    assert [(one.line, one.extension) for one in lines] == [(1, "101"), (2, "103")]
    await load_csv(pbx, shelf, f"mac,line,extension\n{NEW},2,-\n")
    assert [one.line for one in (await stored(pbx)).phones[NEW].lines] == [1]


async def test_a_line_is_not_taken_from_under_a_handset(pbx: Database, shelf: Shelf) -> None:
    (fault,) = await faults(pbx, shelf, f"mac,line,extension\n{MAC},2,-\n")
    assert (fault.where, fault.message) == ("row 2, column mac", "the phone has no line 2.")
    assert "handset" in fault.remedy
    lines = (await stored(pbx)).phones[Mac.parse(MAC)].lines
    assert [one.line for one in lines] == [1, 2]


async def test_a_display_name_that_is_the_same_moves_no_part_of_it(
    pbx: Database, shelf: Shelf
) -> None:
    users = [{"extension": "103", "first_name": "Ludwig", "last_name": "van Beethoven"}]
    await load(pbx, shelf, {"domain": DOMAIN, "users": users})
    table = "mac,model,extension,display_name\n02ac3e0000aa,Acme D-6,103,Ludwig van Beethoven\n"
    await load_csv(pbx, shelf, table)
    user = (await stored(pbx)).users["103"]
    assert (user.first_name, user.last_name) == ("Ludwig", "van Beethoven")


@pytest.mark.parametrize(
    ("table", "where", "says"),
    [
        ("mac\n1.56511E+11\n", "row 2, column mac", "its digits are lost"),
        ("MAC Address;label\n1,56511E+11;x\n", "row 2, column MAC Address", "its digits are lost"),
        ("mac\n1565112233\n", "row 2, column mac", "it was 00:15:65:11:22:33"),
        ("mac\n02ac3e0000ag\n", "row 2, column mac", "'g' is no hex digit"),
        ("mac,name\n,Lobby\n", "row 2, column mac", "the MAC address is missing"),
        (f"mac,model,ext\n{ROW},109\n", "row 2, column ext", "no user with the extension '109'"),
        (f"mac,model,line\n{ROW},one\n", "row 2, column line", "not a whole number"),
        (f"mac,model,line\n{ROW},1\n", "row 2, column extension", "line 1 has no extension"),
        (f"mac,model,site\n\n{ROW},Mars\n", "row 3, column site", "no site 'Mars'"),
        ("mac,model\n02ac3e0000aa,Acme D-7\n", "row 2, column model", "no model we know"),
        ("mac\n02ac3e0000aa\n", "row 2, column mac", "the model is missing"),
        (f"mac,model,name\n{ROW},a\n{ROW},b\n", "row 3, column name", "another name in row 2"),
        (f"mac,model,line,ext\n{ROW},1,101\n{ROW},1,103\n", "row 3, column line", "row 2 too"),
        (f"mac,model,display_name\n{ROW},Al\n", "row 2, column display_name", "no extension says"),
        (f"mac,model\n{ROW},x\n", "row 2", "3 cells, the first row 2"),
        ("mac,model\n02ac3e0000aa,\"Acme\" D-6\n", "row 2", "cannot be read"),
        ("mac,MAC Address\n1,2\n", "column MAC Address", "so does the column mac"),
        ("name,model\nx,y\n", "row 1", "no column holds the MAC"),
        ("02ac3e0000aa,Acme D-6\n", "row 1", "it holds a phone"),
        ("", "file", "is empty"),
        ("mac\n\0\n", "file", "NUL"),
    ],
)  # fmt: skip
async def test_each_fault_is_told_by_row_and_column(
    pbx: Database, shelf: Shelf, table: str, where: str, says: str
) -> None:
    found = await faults(pbx, shelf, table)
    assert [finding.where for finding in found] == [where]
    assert says in found[0].message


async def test_all_faults_of_a_table_are_told_in_the_order_of_its_rows(
    pbx: Database, shelf: Shelf
) -> None:
    table = (
        "mac,model,site,extension\n02ac3e0000ag,x,,\n02ac3e0000aa,Acme D-9,Mars,109\n"
        "1.5E+11,,,\n02ac3e0000ab,Acme D-6,,\n"
    )
    rows = [f.where for f in await faults(pbx, shelf, table)]
    assert [row.partition(",")[0] for row in rows] == [
        *("row 2", "row 2"),
        *["row 3"] * 3,
        "row 4",
    ]
    assert NEW not in (await stored(pbx)).phones


async def test_a_line_is_shared_and_a_phone_has_an_address_by_its_table(
    pbx: Database, shelf: Shelf
) -> None:
    address = "name,house_number,street,city,state,postcode,country\n"
    await load_csv(pbx, shelf, f"{address}HQ,350,Fifth Ave,New York,NY,10118,US\n")
    table = f"mac,model,extension,shared,emergency_address\n{ROW},101,{{}},{{}}\n"
    report = await load_csv(pbx, shelf, table.format("no", "HQ"))
    assert [warning.where for warning in report.warnings] == ["row 2, column shared"]
    assert "101 rings on 02:ac:3e:00:00:01 too" in report.warnings[0].message
    phone = (await stored(pbx)).phones[NEW]
    assert (phone.lines[0].shared, phone.emergency_address) == (False, "HQ")
    again = await load_csv(pbx, shelf, table.format("no", ""))
    assert again.warnings == (), "what stood already is not told again"
    assert (await load_csv(pbx, shelf, table.format("yes", "-"))).warnings == ()
    phone = (await stored(pbx)).phones[NEW]
    assert (phone.lines[0].shared, phone.emergency_address) == (True, None)
    assert {f.where for f in await faults(pbx, shelf, table.format("maybe", "Elsewhere"))} == {
        "row 2, column shared",
        "row 2, column emergency_address",
    }
    missing = await faults(pbx, shelf, table.format("", "Elsewhere"))
    assert [f.where for f in missing] == ["row 2, column emergency_address"]


async def test_unknown_columns_and_other_alphabets_are_warnings(
    pbx: Database, shelf: Shelf
) -> None:
    table = f"mac,model,colour,extension\n{ROW},red,103.0\n"
    report = await load_csv(pbx, shelf, table)
    assert [w.where for w in report.warnings] == ["column colour", "row 2, column extension"]
    assert [line.extension for line in (await stored(pbx)).phones[NEW].lines] == ["103"]
    latin = f"mac,model,name\n{ROW},Müller\n".encode("cp1252")
    report = await load_csv(pbx, shelf, latin)
    assert "read as Windows-1252" in report.warnings[0].message
    assert (await stored(pbx)).phones[NEW].name == "Müller"


async def test_a_password_that_differs_is_not_repeated_in_the_fault(
    pbx: Database, shelf: Shelf
) -> None:
    table = f"mac,model,line,extension,password\n{ROW},1,201,CANARY-a\n{ROW},2,201,CANARY-b\n"
    found = await faults(pbx, shelf, table)
    assert "CANARY" not in str(found)


async def test_an_exported_table_changes_nothing_when_it_is_imported(
    pbx: Database, shelf: Shelf
) -> None:
    before = await written(pbx)
    for secrets in (True, False):
        command = ExportInventory(format=Format.CSV, with_secrets=secrets)
        table = await export_inventory(pbx, ADMIN, command, NOW)
        assert (b"CANARY" in table) is secrets
        report = await load_csv(pbx, shelf, table)
        assert {(c.added, c.changed) for c in report.domains[0].counts} == {(0, 0)}
    assert await written(pbx) == before


async def test_the_exported_table_has_the_contracts_columns(pbx: Database) -> None:
    command = ExportInventory(format=Format.CSV)
    table = (await export_inventory(pbx, ADMIN, command, NOW)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert rows[1][:6] == ["02:ac:3e:00:00:01", "Acme D-6", "Front desk", "HQ", "1", "101"]
    assert rows[2][4:6] == ["2", "0102"]
    assert rows[1][8] == "***"


async def test_a_table_needs_a_domain_that_exists(lite: Database, shelf: Shelf) -> None:
    with pytest.raises(Refused, match="none yet"):
        await load_csv(lite, shelf, f"mac,model\n{ROW}\n")
    with pytest.raises(NotFound, match="import a file with"):
        await load_csv(lite, shelf, f"mac,model\n{ROW}\n", domain=DOMAIN)
    for name in ("a.test", "b.test"):
        await load(lite, shelf, {"domain": name})
    with pytest.raises(Refused, match=r"a\.test, b\.test"):
        await load_csv(lite, shelf, f"mac,model\n{ROW}\n")
    await load_csv(lite, shelf, f"mac,model\n{ROW}\n", domain="B.test")


async def test_modes_hold_for_tables_too(pbx: Database, shelf: Shelf) -> None:
    table = f"mac,name\n{MAC},Lobby\n"
    await load_csv(pbx, shelf, table, mode=Mode.SKIP)
    assert (await stored(pbx)).phones[Mac.parse(MAC)].name == "Front desk"
    with pytest.raises(RejectedAll, match="exists already"):
        await load_csv(pbx, shelf, table, mode=Mode.FAIL)


@pytest.mark.parametrize(
    ("content", "table"),
    [
        (b"mac,model\n", True),
        (b"sep=;\nMAC Address;x\n", True),
        ("mac;ü\n".encode("utf-16"), True),
        (b'{"domain": "mac,x"}', False),
        (b"domain: x\n", False),
        (b"# mac, model\ndomain: x\n", False),
    ],
)
def test_without_a_suffix_the_first_line_tells_a_table(content: bytes, table: bool) -> None:
    assert is_table(ImportInventory(content=content)) is table


CELL = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        CELL | st.sampled_from(["-", "'-", "=1+1", "'=x", "@x", "+15551234", "''-"]), min_size=1
    )
)
def test_any_cell_comes_back_and_none_is_a_formula(cells: list[str]) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["mac", "notes"])
    for cell in cells:
        assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
        writer.writerow(["x", guarded(cell)])
    rows = read_table(out.getvalue().encode()).rows
    assert [row.cells["notes"] for row in rows] == cells


async def test_a_table_of_nasty_names_round_trips(pbx: Database, shelf: Shelf) -> None:
    names = ["=cmd|' /C calc'!A0", "-1", "- -", "'quoted", 'a "b", c;d', "Größe\u202e", "@home"]
    phones = [
        {"mac": f"02ac3e0001{n:02x}", "model": "Acme D-6", "name": name}
        for n, name in enumerate(names)
    ]
    await load(pbx, shelf, {"domain": DOMAIN, "phones": phones})
    command = ExportInventory(format=Format.CSV)
    table = await export_inventory(pbx, ADMIN, command, NOW)
    await load(pbx, shelf, {"domain": DOMAIN, "phones": [{**p, "name": ""} for p in phones]})
    await import_inventory(pbx, shelf, ADMIN, ImportInventory(content=table, filename="x.csv"), NOW)
    contents = await stored(pbx)
    assert [contents.phones[Mac.parse(p["mac"])].name for p in phones] == names
    assert INVENTORY["domain"] == DOMAIN
