"""An inventory file is taken whole or not at all, and every fault of it is told at once."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from provisiond.actions import import_check
from provisiond.actions.exports import Format
from provisiond.actions.imports import ImportInventory, Mode, import_inventory
from provisiond.actions.inventory_load import load_domain
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.users import ChangeUser, change_user
from provisiond.catalog.family import Family
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import is_open
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.lists import ChangeQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret
from provisiond.store.changes import later_changes, query_changes
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from tests.actions.inventory import (
    ADMIN,
    DOMAIN,
    INVENTORY,
    MAC,
    MANAGER,
    NOW,
    changed,
    document,
    faults,
    load,
    written,
)

PHONE: dict[str, Any] = INVENTORY["phones"][0]
BARE: dict[str, Any] = {"mac": MAC, "model": "Acme D-6"}
Bad = tuple[dict[str, Any], str, str, str]


def bad(where: str, says: str, remedy: str = "", **parts: Any) -> Bad:
    """The inventory with a part that is wrong: where that is told, and what."""
    return changed(**parts), where, says, remedy


def bad_phone(where: str, says: str, remedy: str = "", **fields: Any) -> Bad:
    """A phone with a field that is wrong."""
    return bad(f"phones[0].{where}", says, remedy, phones=[{**BARE, **fields}])


async def stored(db: Database, name: str = DOMAIN) -> DomainContents:
    async with db.read() as read:
        return await load_domain(read, name)


async def test_what_is_exported_and_imported_elsewhere_is_exported_in_the_same_bytes(
    db: Database, lite: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    first = await written(db)
    await import_inventory(lite, shelf, ADMIN, ImportInventory(content=first), NOW)
    assert await written(lite) == first
    assert json.loads(first)["phones"][0]["token"] == "abcdefghijklmnopqrstuvwxyz"
    assert json.loads(first)["phones"][0]["enrolment"]["held_reason"] == "a second address"


async def test_every_field_of_the_file_is_stored(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    contents = await stored(db)
    phone = contents.phones[Mac.parse(MAC)]
    assert contents.users["101"].sip_password == Secret("CANARY-101")
    assert contents.users["103"].in_directory is False
    assert phone.model == "Acme D-6"
    assert contents.phones[Mac("02ac3e000002")].model == "Acme D-2"
    assert phone.notes == "two\nlines"
    assert [(one.line, one.extension, one.shared) for one in phone.lines] == [
        (1, "101", False),
        (2, "0102", True),
    ]
    assert dict(phone.overrides) == {"screen.brightness": "5", "screen.contrast": None}
    assert phone.settings.poll_minutes == 60
    assert {row.site for row in contents.overrides} == {None, "HQ"}
    assert contents.phones[Mac("02ac3e000002")].directory is None
    assert contents.phones[Mac("02ac3e000002")].enabled is False


async def test_a_new_phone_gets_a_token_and_an_open_enrolment(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    phone = (await stored(lite)).phones[Mac("02ac3e000002")]
    assert len(phone.token.reveal()) == 26
    assert is_open(phone.enrolment, NOW)


async def test_a_new_user_without_a_password_gets_one_and_it_is_told(
    lite: Database, shelf: Shelf
) -> None:
    users = [{"extension": "101"}, {"extension": "102", "sip_password": "***"}]
    report = await load(lite, shelf, changed(users=users, phones=[], sites=[]))
    assert report.domains[0].generated == ("101", "102")
    contents = await stored(lite)
    assert len(contents.users["101"].sip_password.reveal()) == 20
    assert contents.users["102"].sip_password.reveal() != "***"


async def test_a_dry_run_finds_everything_and_changes_nothing(db: Database, shelf: Shelf) -> None:
    epoch = db.epochs.world
    report = await load(db, shelf, dry_run=True)
    assert [(c.kind, c.added) for c in report.domains[0].counts if c.added] == [
        ("sites", 2),
        ("users", 3),
        ("directories", 2),
        ("layouts", 1),
        ("phones", 2),
    ]
    assert (await stored(db)).domain_id is None
    assert db.epochs.world == epoch


async def test_one_fault_and_nothing_of_the_file_is_stored(lite: Database, shelf: Shelf) -> None:
    broken = changed(phones=[PHONE, {"mac": "02ac3e000009", "model": "Acme D-6", "site": "Mars"}])
    (finding,) = [f for f in await faults(lite, shelf, broken) if f.severity == "error"]
    assert "there is no site 'Mars'" in finding.message
    assert (await stored(lite)).domain_id is None


async def test_the_same_file_again_changes_nothing_and_makes_nothing_stale(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    before, epoch = await written(db), db.epochs.world
    report = await load(db, shelf)
    assert {(c.added, c.changed) for c in report.domains[0].counts} == {(0, 0)}
    assert report.domains[0].step == "unchanged"
    assert await written(db) == before
    assert db.epochs.world == epoch


async def test_what_was_planned_is_written_only_on_what_it_was_planned_for(
    db: Database, shelf: Shelf
) -> None:
    """Two at once plan on an empty store: the second to write finds all there, and plans anew."""
    reports = await asyncio.gather(load(db, shelf), load(db, shelf))
    assert sorted(report.domains[0].step for report in reports) == ["added", "unchanged"]
    async with db.read() as read:
        once, again = await load_domain(read, DOMAIN), await load_domain(read, DOMAIN)
    assert once == again, "what stands is known again, or each import would plan twice"
    assert once.phones


class _Meddling(Shelf):
    """A catalogue that, while a file is planned, lets somebody else write; `left` times."""

    meddle: Callable[[], None]

    def find_model(self, text: str) -> tuple[Family, ModelRule] | None:
        self.meddle()
        return super().find_model(text)


@pytest.mark.parametrize(("times", "ends"), [(1, "added"), (99, "conflict")])
async def test_who_writes_while_a_file_is_planned_waits_for_nobody(
    lite: Database, shelf: Shelf, times: int, ends: str
) -> None:
    """Were it planned in the transaction, the other's write would wait for ever."""
    await load(lite, shelf, {"domain": DOMAIN, "users": [{"extension": "101"}]})
    loop = asyncio.get_running_loop()
    wrote: list[str] = []

    async def edit() -> None:
        seen = (await stored(lite)).users["101"]
        record = replace(seen, first_name=f"N{len(wrote)}")
        command = ChangeUser(domain=DOMAIN, extension="101", user=record)
        await asyncio.wait_for(change_user(lite, ADMIN, command, NOW), 20)
        wrote.append(record.first_name)

    def meddle() -> None:
        if len(wrote) < times:
            asyncio.run_coroutine_threadsafe(edit(), loop).result()

    busy = _Meddling(families=shelf.families)
    object.__setattr__(busy, "meddle", meddle)
    command = ImportInventory(content=document({"domain": DOMAIN, "phones": [BARE]}))
    if ends == "conflict":
        with pytest.raises(Conflict, match=r"others changed.*Try again"):
            await import_inventory(lite, busy, ADMIN, command, NOW)
        assert len(wrote) >= 3
    else:
        await import_inventory(lite, busy, ADMIN, command, NOW)
    now = await stored(lite)
    assert now.users["101"].first_name == wrote[-1]
    assert bool(now.phones) is (ends == "added")


async def test_a_change_moves_the_domains_epoch(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    domain_id = (await stored(lite)).domain_id
    assert domain_id is not None
    epoch = lite.epochs.domain(domain_id)
    await load(lite, shelf, {"domain": DOMAIN, "phones": [{"mac": MAC, "name": "Lobby"}]})
    assert lite.epochs.domain(domain_id) == epoch + 1


async def test_fields_left_out_stay_and_null_goes_back_to_the_default(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    before = (await stored(db)).phones[Mac.parse(MAC)]
    tree = {
        "domain": DOMAIN,
        "settings": {"sip_port": None},
        "users": [{"extension": "101", "last_name": "Sample"}],
        "phones": [{"mac": MAC, "name": "Lobby", "site": None}],
    }
    await load(db, shelf, tree)
    contents = await stored(db)
    after = contents.phones[Mac.parse(MAC)]
    assert (after.name, after.site) == ("Lobby", None)
    assert (after.lines, after.buttons, after.token) == (before.lines, before.buttons, before.token)
    assert after.enrolment == before.enrolment
    assert contents.domain.settings.sip_port is None
    assert contents.domain.settings.sip_server == "pbx.example.test"
    assert contents.users["101"].first_name == "Alice"
    assert contents.users["101"].last_name == "Sample"


async def test_an_export_without_secrets_leaves_them_alone(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    before = await written(db)
    masked = await written(db, secrets=False)
    assert b"CANARY" not in masked
    assert b"abcdefghijklmnopqrstuvwxyz" not in masked
    await import_inventory(db, shelf, ADMIN, ImportInventory(content=masked), NOW)
    assert await written(db) == before


async def test_a_masked_override_that_is_not_stored_is_a_fault(
    lite: Database, shelf: Shelf
) -> None:
    tree = changed(overrides=[{"family": "acme/desk", "key": "ring.password", "value": "***"}])
    (finding,) = [f for f in await faults(lite, shelf, tree) if f.severity == "error"]
    assert "stands for a secret that this file does not tell" in finding.message


async def test_mode_skip_adds_what_is_new_and_leaves_what_exists(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    tree = changed(
        settings={"sip_server": "other.example.test"},
        phones=[{**PHONE, "name": "Lobby"}, {"mac": "02ac3e000003", "model": "Acme D-6"}],
    )
    report = await load(lite, shelf, tree, mode=Mode.SKIP)
    contents = await stored(lite)
    assert contents.phones[Mac.parse(MAC)].name == "Front desk"
    assert Mac("02ac3e000003") in contents.phones
    assert contents.domain.settings.sip_server == "pbx.example.test"
    phones = next(c for c in report.domains[0].counts if c.kind == "phones")
    assert (phones.added, phones.skipped) == (1, 1)


async def test_mode_fail_names_everything_that_exists(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    found = await faults(lite, shelf, changed(settings={}), mode=Mode.FAIL)
    said = "\n".join(finding.message for finding in found)
    for what in (MAC, "101", "HQ", "doctors", "reception"):
        assert f"{what} exists already" in said
    other = changed(domain="other.example.test", phones=[])
    await load(lite, shelf, other, mode=Mode.FAIL)


USERS: list[dict[str, Any]] = INVENTORY["users"]
SPREADSHEET = "a spreadsheet turned the MAC address into the number"
BAD: list[Bad] = [
    bad_phone("mac", "'g' is no hex digit", "label", mac="02:ac:3e:00:00:0g"),
    bad_phone("mac", "has 11 hex digits", "label", mac="02:ac:3e:00:00:0"),
    bad_phone("mac", SPREADSHEET, "format the column as text", mac="1.56511E+11"),
    bad_phone("mac", "it was 00:15:65:11:22:33", mac=1565112233),
    bad_phone("mac", "no MAC address", mac=None),
    bad_phone("mac", "placeholder", mac="000000000000"),
    bad_phone("buttons[0]", "beyond the last key", "lower", buttons=[{"key": 7, "kind": "dnd"}]),
    bad_phone("buttons[0].kind", "none of its values", "blf", buttons=[{"key": 1, "kind": "bfl"}]),
    bad_phone("buttons[0].key", "'key' is missing", "Add it", buttons=[{"kind": "dnd"}]),
    bad_phone(
        "lines[0].extension",
        "no user with the extension '102'",
        "Did you mean 0102",
        lines=[{"line": 1, "extension": "102"}],
    ),
    bad_phone("lines[0]", "line 9 does not", "model", lines=[{"line": 9, "extension": "101"}]),
    bad_phone("lines[0].extension", "line 1 has no extension", lines=[{"line": 1}]),
    bad_phone("lines[0].line", "is missing", "Add it", lines=[{"extension": "101"}]),
    bad_phone(
        "handsets[1].handset", "given twice", "once", handsets=[{"handset": 1}, {"handset": 1}]
    ),
    bad_phone("handsets[0]", "has 2 handset(s)", "lower", handsets=[{"handset": 3}]),
    bad_phone("handsets[0].handset", "no handset 0", "from 1", handsets=[{"handset": 0}]),
    bad_phone(
        "handsets[0].lines",
        "has no line 7",
        "Add the line",
        handsets=[{"handset": 1, "lines": [7]}],
    ),
    bad_phone(
        "handsets[0].ipei",
        "10 digits",
        "handset's menu",
        handsets=[{"handset": 1, "ipei": "0328d3000"}],
    ),
    bad_phone(
        "handsets[1].ipei",
        "handsets[0] too",
        "its own",
        handsets=[{"handset": n, "ipei": "0328d30001"} for n in (1, 2)],
    ),
    bad_phone("lines[1].line", "given twice", "once", lines=[{"line": 1, "extension": "101"}] * 2),
    bad_phone(
        "overrides.a.b", "a line break at character 2", "one line", overrides={"a.b": "1\n2"}
    ),
    bad_phone("overrides.a=b", "no parameter's name", "name alone", overrides={"a=b": "1"}),
    bad_phone("overrides.a.b", "is not a text", overrides={"a.b": ["x"]}),
    bad_phone("model", "no model we know", "Acme D-6", model="Acme D-7"),
    bad_phone("model", "the model is missing", "Vendor Model", model=""),
    bad_phone("site", "no site 'HQQ'", "Did you mean HQ", site="HQQ"),
    bad_phone("layout", "no layout", "reception", layout="recepton"),
    bad_phone("directory", "no directory", "doctors", directory="doctor"),
    bad_phone("sidecars[0]", "takes no sidecar", "EXP", sidecars=["XXL"]),
    bad_phone("token", "no token", "Leave it out", token="short"),
    bad_phone("enrolment.open_until", "point in time", "2026", enrolment={"open_until": "soon"}),
    bad_phone("colour", "no field 'colour'", "", colour="red"),
    bad_phone("modle", "no field 'modle'", "Did you mean model", modle="Acme D-6"),
    bad_phone("name", "control character U+0007", "Remove", name="Front\x07desk"),
    bad_phone("name", "half a character", "Remove", name="Front\ud800desk"),
    bad_phone("settings.poll_minutes", "out of range", settings={"poll_minutes": -1}),
    bad("phones[1]", "in phones[0] too", phones=[BARE, {**BARE, "mac": "02AC.3E00.0001"}]),
    bad("phones", "is not a list", phones={"mac": MAC}),
    bad("phones[0]", "is not an object", phones=["02ac3e000001"]),
    bad("time_frames[0].name", "tables call", "another name", time_frames=[{"name": "default"}]),
    bad("users[3]", "given twice", "Keep one", users=[*USERS, {"extension": "101"}]),
    bad("users[3].extension", "no extension", "dial", users=[*USERS, {"extension": "10 1"}]),
    bad(
        "users[3].sip_password",
        "a blank",
        users=[*USERS, {"extension": "9", "sip_password": "a b"}],
    ),
    bad("users[3].site", "no site", users=[*USERS, {"extension": "9", "site": "Mars"}]),
    bad(
        "settings.time_zone", "no time zone", "New_York", settings={"time_zone": "America/New_Yrok"}
    ),
    bad("settings.language", "no language tag", "BCP 47", settings={"language": "english"}),
    bad("settings.sip_port", "out of range", "1-65535", settings={"sip_port": 70000}),
    bad("settings.sip_port", "'five' is not a whole number", settings={"sip_port": "five"}),
    bad("settings.codecs", "no codec we know", "pcmu", settings={"codecs": ["g711"]}),
    bad(
        "settings.feature_codes.pikup",
        "no feature",
        "pickup",
        settings={"feature_codes": {"pikup": "*8"}},
    ),
    bad("settings.transport", "none of its values", "udp", settings={"transport": "upd"}),
    bad(
        "settings.sip_server",
        "no host name",
        "without scheme",
        settings={"sip_server": "https://pbx"},
    ),
    bad(
        "settings.firmware.Acme D-6", "below assets", settings={"firmware": {"Acme D-6": "../key"}}
    ),
    bad("settngs", "no field 'settngs'", "Did you mean settings?", settngs={}),
    bad("domain", "no SIP domain", "lower case", domain="pbx example"),
    bad(
        "overrides",
        "no family",
        "acme/desk",
        overrides=[{"family": "acme/dsk", "key": "a", "value": "1"}],
    ),
    bad(
        "overrides",
        "a line break",
        overrides=[{"family": "acme/desk", "key": "a", "value": "1\r2"}],
    ),
    bad("overrides[0].value", "is missing", overrides=[{"family": "acme/desk", "key": "a"}]),
    bad(
        "overrides",
        "has no model",
        "Acme D-6",
        overrides=[{"family": "acme/desk", "model": "Acme D-66", "key": "a", "value": "1"}],
    ),
    bad(
        "overrides[1]",
        "'a' is overridden twice for Acme D-6",
        "Keep one",
        overrides=[
            {"family": "acme/desk", "model": model, "key": "a", "value": "1"}
            for model in ("D-6", "Acme D-6")
        ],
    ),
    bad(
        "sites[0].vlan_phone",
        "out of range",
        sites=[{"name": "HQ", "vlan_phone": 5000}, {"name": "x"}],
    ),
    bad(
        "directories[0].entries[0].number",
        "cannot be dialled",
        directories=[{"name": "doctors", "entries": [{"name": "x", "number": "call me"}]}],
    ),
]


@pytest.mark.parametrize(
    ("tree", "where", "says", "remedy"), BAD, ids=[f"{b[1]} {b[2]}" for b in BAD]
)
async def test_each_bad_value_is_told_with_place_line_and_remedy(
    lite: Database, shelf: Shelf, tree: dict[str, Any], where: str, says: str, remedy: str
) -> None:
    found = [f for f in await faults(lite, shelf, tree) if f.severity == "error"]
    assert [f.where for f in found] == [where]
    assert says in found[0].message
    assert remedy in found[0].remedy
    assert found[0].line is not None
    assert found[0].line > 1


async def test_all_faults_are_told_at_once_in_the_files_order(lite: Database, shelf: Shelf) -> None:
    tree = changed(
        settings={"sip_port": 0, "transport": "upd"},
        users=[{"extension": "101", "in_directory": "perhaps"}, {"extension": "0102"}],
        phones=[
            {**PHONE, "mac": "zz"},
            {"mac": "02ac3e000002", "model": "Acme D-6", "site": "Mars"},
            {"mac": "02ac3e000003", "model": "Acme D-6", "lines": [{"line": 1, "extension": "9"}]},
        ],
    )
    found = await faults(lite, shelf, tree)
    assert [f.where for f in found if f.severity == "error"] == [
        "settings.sip_port",
        "settings.transport",
        "users[0].in_directory",
        "phones[0].mac",
        "phones[1].site",
        "phones[2].lines[0].extension",
    ]


async def test_an_unknown_override_key_is_a_warning_with_near_misses(
    lite: Database, shelf: Shelf
) -> None:
    report = await load(
        lite, shelf, changed(phones=[{**PHONE, "overrides": {"screen.brightnes": "3"}}])
    )
    (warning,) = [w for w in report.warnings if "screen.brightnes" in w.where]
    assert warning.severity == "warning"
    assert "screen.brightness" in warning.remedy


async def test_firmware_is_found_whatever_way_its_model_is_spelt(
    lite: Database, shelf: Shelf
) -> None:
    settings = {"firmware": {"acme d6": "d6.rom", "Acme D-99": "d99.rom"}}
    report = await load(lite, shelf, changed(settings=settings, phones=[]))
    firmware = (await stored(lite)).domain.settings.firmware
    assert firmware == (("Acme D-6", "d6.rom"), ("Acme D-99", "d99.rom"))
    assert any(w.where == "settings.firmware.Acme D-99" for w in report.warnings)


async def test_a_protected_key_is_the_admins(lite: Database, shelf: Shelf) -> None:
    tree = changed(phones=[{**PHONE, "overrides": {"provision.url": "http://evil.test/"}}])
    (finding,) = [
        f for f in await faults(lite, shelf, tree, actor=MANAGER) if "protected" in f.message
    ]
    assert finding.where == "phones[0].overrides.provision.url"
    await load(lite, shelf, tree)


async def test_another_domains_mac_is_told_to_the_admin_and_to_nobody_else(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    await load(db, shelf, {"domain": "b.example.test"})
    other = {"domain": "b.example.test", "phones": [{"mac": MAC, "model": "Acme D-6"}]}
    (admin,) = [f for f in await faults(db, shelf, other) if f.severity == "error"]
    assert f"a phone of {DOMAIN}" in admin.message
    found = await faults(db, shelf, other, actor=MANAGER)
    (manager,) = [f for f in found if f.severity == "error"]
    assert manager.remedy == "Ask your provider."
    assert DOMAIN not in str(manager)


async def test_two_domains_of_one_file_cannot_share_a_mac(lite: Database, shelf: Shelf) -> None:
    phone = {"mac": MAC, "model": "Acme D-6"}
    tree = {
        "domains": [
            {"domain": "a.test", "phones": [phone]},
            {"domain": "b.test", "phones": [phone]},
        ]
    }
    (finding,) = [f for f in await faults(lite, shelf, tree) if f.severity == "error"]
    assert finding.where == "domains[1].phones[0].mac"


async def test_another_domains_token_is_refused_and_nothing_is_stored(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    phone = {"mac": "02ac3e0000aa", "model": "Acme D-6", "token": PHONE["token"]}
    found = await faults(db, shelf, {"domain": "b.example.test", "phones": [phone]})
    assert "token" in str(found[0])
    assert (await stored(db, "b.example.test")).domain_id is None


async def test_a_layout_on_very_many_phones_is_looked_at_on_the_first(
    lite: Database, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_check, "_LAYOUT_KEYS", 90)
    keys = [{"key": 60 + at, "kind": "blf", "value": "103"} for at in range(4)]
    phones = [{"mac": f"02ac3e0000{at:02}", "model": "Acme D-6", "layout": "l"} for at in range(5)]
    tree = {"domain": DOMAIN, "layouts": [{"name": "l", "buttons": keys}], "phones": phones}
    report = await load(lite, shelf, tree)
    told = [(one.where, one.message) for one in report.warnings if "layout" in one.message]
    assert [where for where, _ in told] == [
        *["phones[0].layout"] * 4,
        *["phones[1].layout"] * 4,
        "phones[2].layout",
    ]
    assert told[-1][1].startswith("more than 90 keys")


async def test_a_changed_layout_that_fits_a_phone_no_more_is_a_warning(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    layout = {"name": "reception", "buttons": [{"key": 60, "kind": "blf", "value": "103"}]}
    report = await load(lite, shelf, {"domain": DOMAIN, "layouts": [layout]})
    (warning,) = report.warnings
    assert MAC in warning.message
    assert "beyond the last key" in warning.message


async def test_several_domains_and_the_servers_layer_go_through_one_file(
    db: Database, lite: Database, shelf: Shelf
) -> None:
    tree = {
        "server": {
            "settings": {"ntp_server": "ntp.example.test", "feature_codes": {"record": "*1"}},
            "overrides": [{"family": "acme/desk", "key": "screen.brightness", "value": "1"}],
        },
        "domains": [INVENTORY, {"domain": "b.example.test", "settings": {"sip_server": "b"}}],
    }
    await load(db, shelf, tree)
    first = await written(db)
    assert json.loads(first)["server"]["settings"]["ntp_server"] == "ntp.example.test"
    await import_inventory(lite, shelf, ADMIN, ImportInventory(content=first), NOW)
    assert await written(lite) == first
    found = await faults(db, shelf, tree, actor=MANAGER)
    assert any(f.where == "server" and "provider's" in f.message for f in found)


async def test_one_domain_of_a_file_may_be_taken(lite: Database, shelf: Shelf) -> None:
    tree = {"domains": [{"domain": "a.test"}, {"domain": "b.test"}]}
    command = ImportInventory(content=document(tree), domain="B.test")
    await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert (await stored(lite, "a.test")).domain_id is None
    assert (await stored(lite, "b.test")).domain_id is not None
    missing = ImportInventory(content=document(tree), domain="c.test")
    with pytest.raises(NotFound, match=r"holds a\.test, b\.test"):
        await import_inventory(lite, shelf, ADMIN, missing, NOW)


async def test_an_import_that_changes_nothing_leaves_no_journal_entry(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    async with lite.read() as read:
        first = await latest_changes(read, None)
    await load(lite, shelf)
    async with lite.read() as read:
        assert await latest_changes(read, None) == first


async def test_an_import_stands_in_the_way_of_undoing_what_it_changed_and_of_nothing_else(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, {"domain": DOMAIN})
    async with lite.read() as read:
        entry = (await query_changes(read, ChangeQuery())).rows[0]
    many = [{"name": f"d{number}"} for number in range(201)]
    frames = [{"name": "Lunch", "owner": "101"}]
    users, numbers = [{"extension": "101"}], [{"number": "+12125550111"}]
    tree = {"users": users, "time_frames": frames, "numbers": numbers, "directories": many}
    await load(lite, shelf, {"domain": DOMAIN, "phones": [BARE], **tree})

    async def later(noun: str, subject: str) -> tuple[str, ...]:
        async with lite.read() as read:
            return await later_changes(read, entry, [subject], noun)

    for noun, subject in (
        ("user", "101"),
        ("phone", MAC),
        ("number", "+12125550111"),
        ("time frame", "Lunch of user 101"),
        ("directory", "d200"),
    ):
        assert await later(noun, subject) == ("tess",), noun
    for noun, subject in (("user", "102"), ("site", "101"), ("time frame", "Lunch")):
        assert await later(noun, subject) == (), noun


async def test_yaml_says_the_same_as_json(lite: Database, db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    as_yaml = await written(db, form=Format.YAML)
    command = ImportInventory(content=as_yaml, filename="inventory.yaml")
    await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert await written(lite) == await written(db)


async def test_what_is_no_inventory_is_refused_in_words(lite: Database, shelf: Shelf) -> None:
    for content, says in ((b"[]", "not an object"), (b'"x"', "not an object"), (b"{}", "missing")):
        command = ImportInventory(content=content, filename="x.json")
        with pytest.raises(RejectedAll, match=says):
            await import_inventory(lite, shelf, ADMIN, command, NOW)
