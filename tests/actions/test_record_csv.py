"""Tables of users, numbers, time frames and others are read as people write them, and written
to be read."""

import csv
import io
from dataclasses import replace

import pytest

from provisiond.actions.edits import domain_record
from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.import_reading import is_table
from provisiond.actions.imports import ImportInventory, ImportReport, Mode, import_inventory
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.record_tables import COLUMNS, TableKind, kind_of_table
from provisiond.actions.table_records import read_records
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.numbers import Handling, NumberRule
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, TimeFrame
from provisiond.store.database import Database
from provisiond.store.numbers import find_numbers, update_numbers
from provisiond.store.timeframes import insert_frames
from tests.actions.inventory import ADMIN, NOW, load
from tests.actions.test_number_files import DOMAIN, MAIN, OFFICE, stored

RECORDS = [kind for kind in TableKind if kind is not TableKind.PHONES]


@pytest.fixture
async def office(lite: Database, shelf: Shelf) -> Database:
    """A store with the office in it."""
    await load(lite, shelf, OFFICE)
    await load(
        lite,
        shelf,
        {
            "domain": DOMAIN,
            "directories": [
                {"name": "company", "entries": [{"name": "Taxi", "number": "+1 555 0100"}]}
            ],
            "emergency_addresses": [{"name": "HQ", "country": "DE", "street": "Hafenstr"}],
            "emergency_endpoints": [{"number": "+18005550177", "address": "HQ"}],
            "sites": [
                {
                    "name": "Größe, West",
                    "emergency_address": "HQ",
                    "sip_server": "west.example.test",
                    "codecs": ["g722", "pcma"],
                    "transport": "tls",
                    "vlan_phone": 0,
                    "feature_codes": {"pickup": "*8{value}", "queue_login": "*81"},
                    "emergency_numbers": ["911", "112"],
                    "phone_admin_password": "-CANARY,x",
                },
                {"name": "bare"},
            ],
            "layouts": [
                {
                    "name": "=Reception",
                    "buttons": [
                        {"key": 3, "kind": "blf", "value": "0101", "label": "-Bob"},
                        {"module": 1, "key": 2, "kind": "speed_dial", "value": "+1800"},
                        {"key": 1, "kind": "line", "line": 2},
                    ],
                },
                {"name": "empty"},
            ],
        },
    )
    return lite


async def take(
    db: Database,
    shelf: Shelf,
    text: str | bytes,
    *,
    table: TableKind | None = None,
    name: str = "t.csv",
    **more: object,
) -> ImportReport:
    content = text.encode() if isinstance(text, str) else text
    command = ImportInventory(
        content=content,
        filename=name,
        domain=DOMAIN,
        table=table,
        **more,  # type: ignore[arg-type]
    )
    return await import_inventory(db, shelf, ADMIN, command, NOW)


async def faults(db: Database, shelf: Shelf, text: str, **more: object) -> list[Finding]:
    with pytest.raises(RejectedAll) as caught:
        await take(db, shelf, text, **more)  # type: ignore[arg-type]
    return [finding for finding in caught.value.findings if finding.severity == "error"]


async def table(db: Database, kind: TableKind) -> bytes:
    command = ExportInventory(domain=DOMAIN, with_secrets=True, format=Format.CSV, table=kind)
    return await export_inventory(db, ADMIN, command, NOW)


@pytest.mark.parametrize("kind", RECORDS)
async def test_a_written_table_is_known_by_its_columns_and_changes_nothing(
    office: Database, shelf: Shelf, kind: TableKind
) -> None:
    written = await table(office, kind)
    assert kind_of_table(list(read_records(written).header)) is kind
    report = await take(office, shelf, written, name="")
    assert [(c.added, c.changed) for c in report.domains[0].counts if c.added or c.changed] == []
    assert sum(count.unchanged for count in report.domains[0].counts) >= 1
    assert await table(office, kind) == written


async def test_all_tables_together_make_the_same_domain_elsewhere(
    db: Database, lite: Database, office: Database, shelf: Shelf
) -> None:
    bare = {"domain": DOMAIN, "settings": OFFICE["settings"]}
    await load(db, shelf, bare)
    for kind in (
        TableKind.USERS,
        TableKind.DESTINATIONS,
        TableKind.TIMEFRAMES,
        TableKind.NUMBERS,
        TableKind.SMS,
        TableKind.DIRECTORIES,
        TableKind.EMERGENCY_ADDRESSES,
        TableKind.EMERGENCY_ENDPOINTS,
        TableKind.SITES,
        TableKind.LAYOUTS,
    ):
        await take(db, shelf, await table(office, kind))
    for kind in RECORDS:
        assert await table(db, kind) == await table(office, kind)
    old, new = await stored(office), await stored(db)
    assert bare_of(new) == bare_of(old)


def bare_of(contents: DomainContents) -> object:
    """The records without their revisions."""
    return [
        [str(record).partition("revision")[0] for _, record in sorted(records.items(), key=str)]
        for records in (
            contents.users,
            contents.destinations,
            contents.time_frames,
            contents.numbers,
            contents.sms_numbers,
            contents.sites,
            contents.layouts,
        )
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("DID;Application;To\n", TableKind.NUMBERS),
        (
            "phonenumber,dial-rule-application,dial-rule-translation-destination-user\n",
            TableKind.NUMBERS,
        ),
        ("Ext,First Name,Last Name\n", TableKind.USERS),
        ("Number\tTreatment\tDestination\tCarrier\n", TableKind.SMS),
        ("Extension,Type,Name\n", TableKind.DESTINATIONS),
        ("Time Frame,Hours\n", TableKind.TIMEFRAMES),
        ("Directory,Name,Phone\n", TableKind.DIRECTORIES),
        ("MAC Address,Extension,First Name\n", TableKind.PHONES),
        ("Site,SIP server,Codecs\n", TableKind.SITES),
        ("Layout,Button,Type,Value,Label\n", TableKind.LAYOUTS),
        ("MAC,Layout,Key,Kind\n", TableKind.PHONES),
        ("foo,bar\n", TableKind.PHONES),
    ],
)
def test_what_a_table_holds_is_told_by_its_columns(text: str, kind: TableKind) -> None:
    assert kind_of_table(list(read_records(text.encode()).header)) is kind
    unnamed = ImportInventory(content=text.encode(), filename="table.txt")
    assert is_table(unnamed) is not text.startswith("foo")


async def test_rows_of_one_number_are_its_default_and_its_rules_in_order(
    office: Database, shelf: Shelf
) -> None:
    await take(
        office,
        shelf,
        "sep=;\r\nDID;Time frame;Application;To;Prefix;Description\r\n"
        "(800) 555-0130;;to-callqueue;300;[*];appointments line\r\n"
        "(800) 555-0130;forward;Voicemail;101;;\r\n"
        '8005550130;"Office, hours";User;Alice;Front;\r\n'
        "18005550131;;available-number;*;;\r\n",
    )
    numbers = (await stored(office)).numbers
    made = numbers[E164("+18005550130")]
    assert made.default == Handling(treatment="call_queue", destination="300")
    assert [(r.frame, r.handling.treatment, r.handling.destination) for r in made.rules] == [
        ("forward", "voicemail", "101"),
        ("Office, hours", "user", "101"),
    ]
    assert (made.rules[1].handling.caller_id_prefix, made.notes) == ("Front", "appointments line")
    assert numbers[E164("+18005550131")].default == Handling()


async def test_a_frame_of_old_that_is_called_default_goes_out_and_comes_back(
    office: Database, shelf: Shelf
) -> None:
    async with office.write() as write:
        domain_id, _ = await domain_record(write, DOMAIN)
        frame = TimeFrame(name="Default", kind=FrameKind.ALWAYS)
        await insert_frames(write, domain_id, [frame])
        number = (await find_numbers(write, domain_id, [MAIN]))[MAIN]
        last = NumberRule(frame=frame.name, handling=Handling(treatment="user", destination="101"))
        await update_numbers(write, domain_id, [replace(number, rules=(*number.rules, last))])
    before = (await stored(office)).numbers[MAIN]
    written = await table(office, TableKind.NUMBERS)
    await take(office, shelf, "number,frame,treatment\n8005550100,-,available\n")
    assert (await stored(office)).numbers[MAIN].rules == ()
    await take(office, shelf, written)
    after = (await stored(office)).numbers[MAIN]
    assert (after.default, after.rules) == (before.default, before.rules)
    assert await table(office, TableKind.NUMBERS) == written


async def test_an_empty_cell_leaves_alone_and_a_dash_clears(office: Database, shelf: Shelf) -> None:
    before = (await stored(office)).numbers[MAIN]
    await take(office, shelf, "number,treatment,notes,language\n8005550100,,,-\n")
    after = (await stored(office)).numbers[MAIN]
    assert (after.default, after.rules, after.notes) == (before.default, before.rules, before.notes)
    assert after.language is None
    await take(office, shelf, "number,frame,treatment,notes\n8005550100,-,,-\n")
    after = (await stored(office)).numbers[MAIN]
    assert (after.default, after.rules, after.notes) == (before.default, (), "")


async def test_faults_are_told_with_row_and_the_files_own_column(
    office: Database, shelf: Shelf
) -> None:
    found = await faults(
        office,
        shelf,
        "DID,Time Frame,Treatment,Destination,enabled,Enable Date\n"
        "1.80056E+10,,user,101,,\n"
        ",,user,101,,\n"
        "8005550140,,user,999,maybe,\n"
        "8005550141,Nights,user,101,,\n"
        "8005550142,,conference,300,,soon\n"
        "8005550143,,user,101,,\n"
        "8005550143,,user,102,,\n",
    )
    assert [(finding.where, finding.message.split(";")[0]) for finding in found] == [
        ("row 2, column DID", "a spreadsheet turned it into 1.80056E+10"),
        ("row 3, column DID", "the number is missing."),
        ("row 4, column enabled", "'maybe' is not true or false."),
        ("row 4, column Destination", "there is no user with the extension 999."),
        ("row 5, column Time Frame", "there is no time frame 'Nights'."),
        ("row 6, column Enable Date", "it is no day."),
        ("row 6, column Destination", "there is no conference 300 (300 is a call queue)."),
        ("row 8, column Destination", "there is another destination in row 7 ('102' and '101')."),
    ]


async def test_frames_are_typed_in_one_cell_or_in_rows(office: Database, shelf: Shelf) -> None:
    await take(
        office,
        shelf,
        "name,hours,dates,holidays,day\n"
        'Shifts,"mon-fri 08:00-12:00,13:00-17:00",,,\n'
        'Shifts,"sat 22:00-02:00",2026-12-24/2026-12-26 yearly,US-CA,"12-24,Eve"\n',
    )
    frame = (await stored(office)).time_frames["Shifts", None]
    assert (frame.kind.value, len(frame.parts)) == ("custom", 6)
    found = await faults(office, shelf, "name,hours\nBad,mon 8-\nWorse,8:00-9:00\n")
    assert [finding.where for finding in found][:2] == [
        "row 2, column hours",
        "row 3, column hours",
    ]


async def test_the_entries_of_a_directory_are_its_rows(office: Database, shelf: Shelf) -> None:
    await load(office, shelf, {"domain": DOMAIN, "directories": [{"name": "town"}]})
    await take(office, shelf, "directory,name,number\ntown,Pizza,555-0199\n,Front,100\n")
    directories = (await stored(office)).directories
    assert [(e.name, e.number) for e in directories["town"].entries] == [("Pizza", "555-0199")]
    assert [e.name for e in directories["company"].entries] == ["Front"]
    [finding] = await faults(office, shelf, "directory,name,number\ntown,Pizza,call\n")
    assert finding.where == "row 2, column number"


async def test_users_are_made_and_changed(office: Database, shelf: Shelf) -> None:
    report = await take(office, shelf, "ext,Full Name,listed\n101,Alice Cooper,no\n107,Zed,yes\n")
    assert report.domains[0].generated == ("107",)
    users = (await stored(office)).users
    assert (users["101"].last_name, users["101"].in_directory) == ("Cooper", False)
    assert users["101"].sip_password.reveal() == "CANARY-1"
    [finding] = await faults(office, shelf, "ext,first\n108,A\n108,B\n")
    assert "108 is in row 2 too" in finding.message


async def test_modes_and_dry_run_hold_for_tables(office: Database, shelf: Shelf) -> None:
    text = "extension,kind,name\n300,call_queue,Help\n305,Call Queue,New\n"
    report = await take(office, shelf, text, dry_run=True)
    [count] = [c for c in report.domains[0].counts if c.kind == "destinations"]
    assert (count.added, count.changed) == (1, 1)
    await take(office, shelf, text, mode=Mode.SKIP)
    ends = (await stored(office)).destinations
    assert (ends["300"].name, ends["305"].name) == ("Support", "New")
    with pytest.raises(RejectedAll, match="exists already"):
        await take(office, shelf, text, mode=Mode.FAIL)


async def test_cells_that_are_formulas_are_guarded(office: Database) -> None:
    rows = list(
        csv.reader(io.StringIO((await table(office, TableKind.NUMBERS)).decode("utf-8-sig")))
    )
    cells = [cell for row in rows[1:] for cell in row]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert rows[0] == list(COLUMNS[TableKind.NUMBERS].written)


async def test_a_setting_of_a_site_is_a_cell(office: Database, shelf: Shelf) -> None:
    await take(
        office,
        shelf,
        "name;sip server;feature codes;codecs;vlan_phone;transport\n"
        "bare;a.example.test;pickup=*8, park=*5;g722,pcmu;42;\n"
        "Größe, West;-;;-;;udp\n",
    )
    sites = (await stored(office)).sites
    bare, west = sites["bare"].settings, sites["Größe, West"].settings
    assert (bare.sip_server, bare.codecs, bare.vlan_phone) == (
        "a.example.test",
        ("g722", "pcmu"),
        42,
    )
    assert dict(bare.feature_codes or ()) == {"pickup": "*8", "park": "*5"}
    assert (west.sip_server, west.codecs, west.vlan_phone) == (None, None, 0)
    assert west.transport is not None
    assert west.transport.value == "udp"
    assert dict(west.feature_codes or ())["queue_login"] == "*81"
    found = await faults(
        office,
        shelf,
        "site,sip_server,Feature codes,VLAN phone,emergency_address\n"
        "new,a.test,pickup,5000,HQ\n"
        "bare,a.test,,many,Nowhere\n"
        "bare,a.test,,,\n",
    )
    assert {finding.where for finding in found} == {
        "row 2, column Feature codes",
        "row 2, column VLAN phone",
        "row 3, column VLAN phone",
        "row 3, column emergency_address",
        "row 4, column site",
    }


async def test_the_buttons_of_a_layout_are_its_rows(office: Database, shelf: Shelf) -> None:
    await take(
        office,
        shelf,
        "Layout,Unit,Button,Feature,Line,Value,Label\n"
        "Desk,,2.0,Speed Dial,,911,Help\n"
        "Desk,1,1,blf,,101,\n"
        "=Reception,,,,,,\n"
        "empty,,1,line,1,,\n",
    )
    layouts = (await stored(office)).layouts
    assert [(b.module, b.key, b.kind.value, b.value) for b in layouts["Desk"].buttons] == [
        (0, 2, "speed_dial", "911"),
        (1, 1, "blf", "101"),
    ]
    assert [button.line for button in layouts["empty"].buttons] == [1]
    assert len(layouts["=Reception"].buttons) == 3
    await take(office, shelf, "layout,key,kind\nempty,-,\n", table=TableKind.LAYOUTS)
    assert (await stored(office)).layouts["empty"].buttons == ()
    found = await faults(
        office,
        shelf,
        "Layout,Key,Kind,Value\n"
        "Desk,2,teleport,1\n"
        "Desk,,blf,101\n"
        "Desk,soon,blf,101\n"
        "Desk,3,blf,1.8E+10\n"
        ",4,blf,101\n",
    )
    assert [finding.where for finding in found] == [
        "row 2, column Kind",
        "row 3, column Key",
        "row 4, column Key",
        "row 5, column Value",
        "row 6, column Layout",
    ]
    twice = await faults(office, shelf, "layout,key,kind\nDesk,2,blf\nDesk,2,line\n")
    assert [finding.where for finding in twice] == ["row 3, column key"]
