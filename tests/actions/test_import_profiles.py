"""What other systems export comes over: known by its headings, faults by row and column."""

import json
from pathlib import Path

import pytest

from provisiond.actions.import_profiles import load_profile, load_profiles
from provisiond.actions.import_reading import is_table
from provisiond.actions.imports import ImportInventory, ImportReport, import_inventory
from provisiond.actions.inventory_load import load_domain
from provisiond.actions.inventory_state import DomainContents
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Finding, NotFound, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.settings import shipped
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, NOW

EXPORTS = Path(__file__).parent / "exports_of_others"
PROFILES = load_profiles(shipped("configs") / "imports")
DOMAIN = "acme.example.test"
FRONT = Mac("001565aabb01")
PEOPLE = [{"extension": one, "sip_password": f"pw-{one}"} for one in ("1000", "1001")]


@pytest.fixture
def phones(shipped_shelf: Shelf) -> Shelf:
    """The catalogue as it is shipped: profiles name real models."""
    return shipped_shelf


@pytest.fixture
async def acme(lite: Database, phones: Shelf) -> Database:
    """A store with an empty domain."""
    tree = {"domain": DOMAIN, "settings": {"sip_server": DOMAIN}}
    await bring(lite, phones, json.dumps(tree).encode(), "domain.json")
    return lite


async def bring(
    db: Database, shelf: Shelf, content: bytes, name: str, profile: str | None = None
) -> ImportReport:
    command = ImportInventory(
        content=content, filename=name, domain=None, profiles=PROFILES, profile=profile
    )
    return await import_inventory(db, shelf, ADMIN, command, NOW)


async def sample(db: Database, shelf: Shelf, name: str) -> ImportReport:
    return await bring(db, shelf, (EXPORTS / name).read_bytes(), name)


async def people(db: Database, shelf: Shelf) -> None:
    await bring(db, shelf, json.dumps({"domain": DOMAIN, "users": PEOPLE}).encode(), "users.json")


async def stored(db: Database) -> DomainContents:
    async with db.read() as read:
        return await load_domain(read, DOMAIN)


@pytest.mark.parametrize("name", sorted(path.name for path in EXPORTS.glob("*.csv")))
def test_an_export_without_its_name_is_a_table_by_its_headings(name: str) -> None:
    content = (EXPORTS / name).read_bytes()
    assert is_table(ImportInventory(content=content, profiles=PROFILES))


def told(report: ImportReport) -> str:
    return "\n".join(str(warning) for warning in report.warnings)


async def faults(
    db: Database, shelf: Shelf, text: str, profile: str | None = None
) -> list[Finding]:
    with pytest.raises(RejectedAll) as caught:
        await bring(db, shelf, text.encode(), "export.csv", profile)
    return [finding for finding in caught.value.findings if finding.severity == "error"]


@pytest.mark.parametrize(
    ("file", "profile"),
    [
        ("netsapiens-phones.json", "netsapiens-phones"),
        ("netsapiens-devices.csv", "netsapiens-devices"),
        ("fusionpbx-devices.csv", "fusionpbx"),
        ("fusionpbx-lines.csv", "fusionpbx"),
        ("fusionpbx-keys.csv", "fusionpbx"),
        ("freepbx-extensions.csv", "freepbx-extensions"),
        ("3cx-extensions.csv", "3cx-extensions"),
        ("yeastar-phones.csv", "yeastar-phones"),
        ("yeastar-s-phones.csv", "yeastar-phones"),
        ("yeastar-extensions.csv", "yeastar-extensions"),
        ("wazo-provd.json", "wazo-provd"),
        ("netsapiens-numbers.json", "netsapiens-numbers"),
        ("fusionpbx-destinations.csv", "fusionpbx-destinations"),
        ("freepbx-dids.csv", "freepbx-dids"),
        ("yeastar-dids.csv", "yeastar-dids"),
    ],
)
async def test_an_export_is_known_by_its_headings(
    acme: Database, phones: Shelf, file: str, profile: str
) -> None:
    title = next(one.file.title for one in PROFILES if one.name == profile)
    try:
        said = told(await sample(acme, phones, file))
    except RejectedAll as refused:  # users that the file does not bring
        said = "\n".join(str(finding) for finding in refused.findings)
    assert f"it was read as {title}." in said


def test_every_profile_has_a_sample() -> None:
    samples = [path.name for path in EXPORTS.iterdir()]
    assert all(any(name.startswith(one.name) for name in samples) for one in PROFILES)


async def test_phones_with_their_slots(acme: Database, phones: Shelf) -> None:
    await people(acme, phones)
    report = await sample(acme, phones, "netsapiens-phones.json")
    contents = await stored(acme)
    front = contents.phones[FRONT]
    assert (front.model, front.notes, front.directory) == (
        "Yealink SIP-T46S", "Front desk", "company",
    )  # fmt: skip
    assert [(line.line, line.extension, line.shared) for line in front.lines] == [
        (1, "1000", False),
        (2, "1001", True),
    ]
    second = contents.phones[Mac("001565aabb02")]
    assert second.directory is None
    assert second.settings.transport is not None
    assert second.settings.transport.value == "tls"
    said = told(report)
    assert "field overrides: it is filled in 1 row(s)" in said
    assert "token in its URL" in said


async def test_devices_bring_users_with_their_passwords(acme: Database, phones: Shelf) -> None:
    report = await sample(acme, phones, "netsapiens-devices.csv")
    contents = await stored(acme)
    assert contents.users["1000"].sip_password.reveal() == "hQ7sD2kLm9"
    assert contents.users["1002"].last_name == "Nophone"
    assert [line.extension for line in contents.phones[FRONT].lines] == ["1000", "1001"]
    assert len(contents.phones) == 1
    assert report.domains[0].generated == ()


async def test_a_device_with_letters_is_told_by_row_and_column(
    acme: Database, phones: Shelf
) -> None:
    table = (
        "mac,model,device1,device2\n"
        "001565AABB01,Yealink SIP-T46S,sip:1000a@x.test,sip:1000@x.test\n"
    )
    found = await faults(acme, phones, table)
    assert found[0].where == "row 2, column device1"
    assert "second account" in found[0].remedy
    assert found[1].where == "row 2, column device2"
    assert "no user with the extension '1000'" in found[1].message


async def test_devices_lines_and_keys_come_one_file_after_the_other(
    acme: Database, phones: Shelf
) -> None:
    await sample(acme, phones, "fusionpbx-devices.csv")
    report = await sample(acme, phones, "fusionpbx-lines.csv")
    assert "switched off there" in told(report)
    report = await sample(acme, phones, "fusionpbx-keys.csv")
    contents = await stored(acme)
    front = contents.phones[FRONT]
    assert (front.model, front.name, front.notes) == (
        "Yealink SIP-T46S",
        "Front desk",
        "by the door",
    )
    assert [(line.line, line.extension, line.label) for line in front.lines] == [
        (1, "1000", "Alice"),
        (2, "1001", "Board"),
    ]
    assert [(b.module, b.key, b.kind.value, b.value, b.line) for b in front.buttons] == [
        (0, 1, "line", "", 1),
        (0, 3, "blf", "1001", 1),
        (0, 4, "speed_dial", "15550100", None),
    ]
    board = contents.phones[Mac("64167faabb02")]
    assert (board.model, board.enabled) == ("Poly VVX 250", False)
    said = told(report)
    assert "'yealink:73'" in said
    assert "1 row(s) were passed over, row 6 first" in said


async def test_people_without_phones(acme: Database, phones: Shelf) -> None:
    report = await sample(acme, phones, "freepbx-extensions.csv")
    users = (await stored(acme)).users
    assert sorted(users) == ["1000", "1001"]
    assert (users["1001"].first_name, users["1001"].last_name) == ("Board", "Room")
    assert users["1001"].sip_password.reveal() == "pW3xT8vNc4"
    assert "Only SIP accounts" in told(report)
    await sample(acme, phones, "yeastar-extensions.csv")
    users = (await stored(acme)).users
    assert (users["1000"].sip_auth_user, users["1001"].last_name) == ("al7Kx2", "Sample")


async def test_extensions_with_their_first_phone(acme: Database, phones: Shelf) -> None:
    report = await sample(acme, phones, "3cx-extensions.csv")
    contents = await stored(acme)
    assert sorted(contents.users) == ["1000", "1001"]
    assert contents.users["1000"].sip_auth_user == "aL1ceAuth"
    assert {str(mac): phone.model for mac, phone in contents.phones.items()} == {
        str(FRONT): "Yealink SIP-T46S"
    }
    assert [line.extension for line in contents.phones[FRONT].lines] == ["1000"]
    assert "55 column(s) are not read" in told(report)


async def test_phones_of_provisioning_lists(acme: Database, phones: Shelf) -> None:
    await people(acme, phones)
    report = await sample(acme, phones, "yeastar-phones.csv")
    contents = await stored(acme)
    assert contents.phones[FRONT].model == "Yealink SIP-T46S"
    assert contents.phones[Mac("000413aabb02")].lines[0].extension == "1001"
    assert len(contents.phones) == 2
    assert "anybody logs in" in told(report)
    await sample(acme, phones, "yeastar-s-phones.csv")
    lines = (await stored(acme)).phones[FRONT].lines
    assert [(line.extension, line.label) for line in lines] == [("1000", "Alice"), ("1001", "Bob")]


async def test_devices_joined_with_their_configurations(acme: Database, phones: Shelf) -> None:
    report = await sample(acme, phones, "wazo-provd.json")
    contents = await stored(acme)
    front = contents.phones[FRONT]
    assert [(line.line, line.extension) for line in front.lines] == [(1, "1000"), (2, "1001")]
    assert [(b.key, b.kind.value, b.value) for b in front.buttons] == [
        (3, "blf", "1001"),
        (4, "speed_dial", "15550100"),
    ]
    assert contents.users["1000"].sip_user == "dm2p5o"
    assert contents.phones[Mac("000413aabb02")].lines == ()
    assert "'groups'" in told(report)


QUEUE = [{"extension": "5000", "kind": "call_queue", "name": "Sales"}]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("netsapiens-numbers.json", [
            ("user", "1000", "", True, "main support line"),
            ("call_queue", "5000", "SALES", True, ""),
            ("available", "", "", False, ""),
        ]),
        ("fusionpbx-destinations.csv", [
            ("user", "1000", "MAIN", True, "Main"),
            ("voicemail", "1001", "", True, "After hours"),
            ("available", "", "", False, "Script"),
        ]),
        ("freepbx-dids.csv", [
            ("user", "1000", "MAIN", True, "Main"),
            ("voicemail", "1001", "", True, "After hours"),
            ("call_queue", "5000", "", True, "Sales"),
            ("available", "", "", True, "Menu"),
        ]),
        ("yeastar-dids.csv", [("user", "1000", "", True, ""), ("user", "1001", "", True, "")]),
    ],
)  # fmt: skip
async def test_numbers_come_with_what_they_do(
    acme: Database, phones: Shelf, file: str, expected: list[tuple[object, ...]]
) -> None:
    tree = {"domain": DOMAIN, "users": PEOPLE, "destinations": QUEUE}
    await bring(acme, phones, json.dumps(tree).encode(), "domain.json")
    await sample(acme, phones, file)
    numbers = (await stored(acme)).numbers
    found = [numbers[key] for key in sorted(numbers, key=str)]
    assert [
        (
            one.default.treatment,
            one.default.destination,
            one.default.caller_id_prefix,
            one.enabled,
            one.notes,
        )
        for one in found
    ] == expected
    assert str(found[0].number.text) == "+12125550100"


async def test_a_profile_can_be_named_or_refused(acme: Database, phones: Shelf) -> None:
    await people(acme, phones)
    table = "mac,model,ext\n001565AABB01,Yealink SIP-T46S,1000\n"
    await bring(acme, phones, table.encode(), "", "none")
    with pytest.raises(NotFound, match="3cx-extensions, freepbx"):
        await bring(acme, phones, table.encode(), "", "asterisk")
    report = await bring(acme, phones, table.encode(), "x.csv", "netsapiens-phones")
    assert "1 column(s) are not read: ext." in told(report)


async def test_what_a_spreadsheet_did_is_undone_or_told(acme: Database, phones: Shelf) -> None:
    users = [{"extension": "0100"}, {"extension": "1000"}]
    await bring(acme, phones, json.dumps({"domain": DOMAIN, "users": users}).encode(), "u.json")
    table = (
        "mac,model,extension\n1565112233,Yealink SIP-T46S,1000.0\n001565AABB01,Yealink T46S,100\n"
    )
    report = await bring(acme, phones, table.encode(), "phones.csv")
    contents = await stored(acme)
    assert contents.phones[Mac("001565112233")].lines[0].extension == "1000"
    assert contents.phones[FRONT].lines[0].extension == "0100"
    assert [warning.where for warning in report.warnings] == [
        "row 2, column mac",
        "row 2, column extension",
        "row 3, column extension",
    ]
    bad = (
        "mac,model,extension\n1.56511E+11,Yealink T46S,1000\n12:05:00,Yealink T46S,1000\n"
        "001565AABB02,Yealink T46S,2-Jan\n#NAME?,Yealink T46S,1000\n"
        "001565AABB03,Yealink T46S,1E+03\n"
    )
    found = await faults(acme, phones, bad)
    assert [(one.where, one.message.partition(";")[0]) for one in found] == [
        ("row 2, column mac", "a spreadsheet turned the MAC address into the number 1.56511E+11"),
        (
            "row 3, column mac",
            "a spreadsheet turned the MAC address into the date or time 12:05:00.",
        ),
        ("row 4, column extension", "a spreadsheet turned this into the date 2-Jan"),
        ("row 5, column mac",
         "a spreadsheet wrote its own error #NAME? in place of the MAC address."),
        ("row 6, column extension", "a spreadsheet turned this into the number 1E+03"),
    ]  # fmt: skip


def test_a_profile_with_faults_names_them_all(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'title = "Own"\ncolour = 1\n[[column]]\nto = "mac"\n'
        '[[column]]\nto = "mac"\nfrom = "y"\nmatch = "("\n'
    )
    with pytest.raises(RejectedAll) as caught:
        load_profile(path)
    places = [finding.where for finding in caught.value.findings]
    assert places == ["own.toml: column.0.from", "own.toml: column.1.match", "own.toml: colour"]


def test_a_profile_names_columns_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('title = "Own"\nrows = "numbers"\n[[column]]\nto = "mac"\nfrom = "x"\n')
    with pytest.raises(RejectedAll, match="'mac' is none of number, frame, treatment"):
        load_profile(path)
