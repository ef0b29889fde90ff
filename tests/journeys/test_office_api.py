"""A manager's days by the API: numbers, SMS numbers, phones, their keys, emergency data.

One real server answers all of it, and phones fetch from it what was programmed. The tests stand in
the order in which an office goes about it; each begins with what it is that people do.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.desk_phone import DeskPhone
from tests.journeys.manager import Manager, faults
from tests.journeys.office import DOMAIN, KEYS
from tests.journeys.prompt import Prompt
from tests.journeys.server import ServerProcess, wait_for

MAIN, LAB = "+18005550100", "+18005550101"
FRONT, BACK = "001565aabb01", "001565aabb02"
PLACE = {
    "house_number": "350", "street": "Fifth Avenue", "floor": "3", "city": "New York",
    "state": "New York", "postcode": "10118", "country": "us",
}  # fmt: skip


@pytest.fixture(scope="module")
def manager(
    tmp_path_factory: pytest.TempPathFactory, office_data: Path, provider: int
) -> Iterator[Manager]:
    """A manager's token for a domain with people in it, and the server that takes the token."""
    server = ServerProcess(
        folder=tmp_path_factory.mktemp("office"),
        settings="[emergency.provider]\n"
        f'name = "Made-up"\nurl = "http://127.0.0.1:{provider}/v1/addresses/validate"\n'
        'token = "try-me"\nnetworks = ["127.0.0.0/8"]\n',
    )
    server.configure()
    shutil.copytree(office_data, server.folder / "data")
    made = Prompt(server.config).told(
        "tokens", "create", "the office", "--role", "manager", "--domain", DOMAIN
    )
    server.start()
    try:
        yield Manager(server, made["text"], DOMAIN)
    finally:
        server.stop()


def test_add_number(manager: Manager) -> None:
    """Add number: typed in any format, kept as E.164, shown in national format, available."""
    for kind, extension, name in (
        ("call_queue", "300", "Support"), ("conference", "310", "Monday bridge"),
        ("auto_attendant", "320", "Main menu"), ("fax_server", "330", "Faxes"),
        ("sip_trunk", "340", "Lab"),
    ):  # fmt: skip
        manager.add("destinations", kind=kind, extension=extension, name=name)
    added = manager.add("numbers", number="(800) 555-0100")
    assert (added["number"], added["national"]) == (MAIN, "(800) 555-0100")
    [listed] = manager.rows("numbers")
    assert (listed["default"]["treatment"], listed["now"]["handling"]) == ("available", None)


TREATMENTS = [
    ("user", "Alice Example", "101", "Alice Example"),
    ("conference", "monday bridge", "310", "Monday bridge"),
    ("call_queue", "support", "300", "Support"),
    ("call_queue", "300", "300", "Support"),
    ("voicemail", "102", "102", "Bob Sample"),
    ("auto_attendant", "Main menu", "320", "Main menu"),
    ("pstn", "(212) 555-0142", "+12125550142", None),
    ("fax_server", "330", "330", "Faxes"),
    ("sip_trunk", "Lab", "340", "Lab"),
]


@pytest.mark.parametrize(("treatment", "typed", "stored", "name"), TREATMENTS)
def test_what_the_number_does(
    manager: Manager, treatment: str, typed: str, stored: str, name: str | None
) -> None:
    """Edit dialog: what the number does (treatment). The list shows what it is programmed to."""
    does = {"treatment": treatment, "destination": typed}
    saved = manager.save("numbers", MAIN, default=does)["default"]
    assert (saved["treatment"], saved["destination"]) == (treatment, stored)
    [listed] = manager.rows("numbers")
    for shown in (listed["default"], listed["now"]["handling"]):
        assert (shown["treatment"], shown["destination"], shown["name"] or None) == (
            treatment,
            stored,
            name,
        )
    assert manager.get("numbers", MAIN)["default"]["destination"] == stored


def test_destination_by_type_ahead(manager: Manager) -> None:
    """Destination by type-ahead on extension or name; what does not exist is refused by name."""

    def offered(treatment: str, typed: str) -> list[tuple[str, str]]:
        rows = manager.rows("suggestions", treatment=treatment, q=typed)
        return [(row["extension"], row["name"]) for row in rows]

    assert offered("user", "ali") == [("101", "Alice Example")]
    assert offered("user", "10") == [
        ("101", "Alice Example"), ("102", "Bob Sample"),
        ("103", "Carol Example"), ("104", "Dan Sample"),
    ]  # fmt: skip
    assert offered("conference", "bridge") == [("310", "Monday bridge")]
    assert offered("call_queue", "30") == offered("call_queue", "supp") == [("300", "Support")]

    def refused(treatment: str, destination: str) -> str:
        does = {"treatment": treatment, "destination": destination}
        return manager.refused("numbers", MAIN, default=does)

    said = "there is no call queue 'Suport'. Did you mean Support (300)?"
    assert refused("call_queue", "Suport") == f"default.destination: {said}"
    assert "there is no user 'Zoe'" in refused("user", "Zoe")
    assert "there is no user with the extension 300 (300 is a call queue)" in refused("user", "300")
    assert "there is no conference 999" in refused("conference", "999")
    assert manager.get("numbers", MAIN)["default"]["destination"] == "340"


@pytest.mark.parametrize(
    ("treatment", "destination"), [("user", "101"), ("conference", "310"), ("call_queue", "300")]
)
def test_caller_id_prefix(manager: Manager, treatment: str, destination: str) -> None:
    """Caller ID Prefix with User, Conference, Call Queue."""
    does = {"treatment": treatment, "destination": destination, "caller_id_prefix": "Main"}
    manager.save("numbers", MAIN, default=does)
    assert manager.get("numbers", MAIN)["default"]["caller_id_prefix"] == "Main"


def test_announcement_enhanced_voicemail_and_notes(manager: Manager) -> None:
    """Call Queue: announcement for caller. Voicemail: Enhanced Voicemail on/off. Notes."""
    queue = {"treatment": "call_queue", "destination": "300"}
    for announcement in ("none", "callers_ahead", "expected_wait"):
        manager.save("numbers", MAIN, default={**queue, "announcement": announcement})
        assert manager.get("numbers", MAIN)["default"]["announcement"] == announcement
    mail = {"treatment": "voicemail", "destination": "101"}
    said = json.loads(manager.server.look("api/openapi.json")[1])["components"]["schemas"]
    assert "its prompt fails where the user forwards calls" in " ".join(
        said["HandlingEntry"]["description"].split()
    )
    for enhanced in (True, False):
        manager.save("numbers", MAIN, default={**mail, "enhanced_voicemail": enhanced})
        assert manager.get("numbers", MAIN)["default"]["enhanced_voicemail"] is enhanced
    wrong = manager.refused("numbers", MAIN, default={**mail, "announcement": "expected_wait"})
    assert "only call queues have an announcement" in wrong
    for notes in ("main support line", "prescription refill line", "appointments line"):
        manager.save("numbers", MAIN, notes=notes)
        assert [row["notes"] for row in manager.rows("numbers")] == [notes]


def test_enable_time_frames(manager: Manager) -> None:
    """Enable time frames: an ordered list, each rule with a treatment, destination and prefix."""
    week = {"days": ["mon", "tue", "wed", "thu", "fri"]}
    hours = [{**week, "start": "08:00", "end": "12:00"}, {**week, "start": "13:00", "end": "17:00"}]
    manager.add("timeframes", name="Office hours", kind="weekly", hours=hours)
    manager.add("timeframes", name="Morning", kind="weekly", hours=[{**hours[0], "start": "09:00"}])
    manager.add("timeframes", name="Holidays", kind="holidays", calendars=[{"country": "US"}])
    for name, start, end in (("Evening", "17:00", "20:00"), ("Night", "20:00", "24:00")):
        manager.add("timeframes", name=name, hours=[{**week, "start": start, "end": end}])
    manager.add("timeframes", name="Weekend", hours=[{"days": ["sat", "sun"]}])
    default = {"treatment": "voicemail", "destination": "101"}
    queue = {"frame": "Office hours", "treatment": "call_queue", "destination": "Support"}
    outside = {"frame": "Morning", "treatment": "pstn", "destination": "212 555 0142"}
    fax = {"frame": "Holidays", "treatment": "fax_server", "destination": "Faxes"}
    rest = [
        {"frame": "Evening", "treatment": "user", "destination": "bob sample"},
        {"frame": "Night", "treatment": "voicemail", "destination": "102"},
        {"frame": "Weekend", "treatment": "auto_attendant", "destination": "Main menu"},
    ]
    rules = [{**queue, "caller_id_prefix": "Sup"}, outside, fax, *rest]
    told = manager.save("numbers", MAIN, default=default, rules=rules)["warnings"]
    said = " ".join(warning["message"] for warning in told)
    assert "Morning can never win: Office hours above it" in said
    assert "Office hours wins over Holidays" in said
    shown = manager.get("numbers", MAIN)["rules"]
    assert [(one["frame"], one["treatment"], one["destination"]) for one in shown] == [
        ("Office hours", "call_queue", "300"),
        ("Morning", "pstn", "+12125550142"),
        ("Holidays", "fax_server", "330"),
        ("Evening", "user", "102"),
        ("Night", "voicemail", "102"),
        ("Weekend", "auto_attendant", "320"),
    ]
    assert shown[0]["caller_id_prefix"] == "Sup"
    missing = manager.refused("numbers", MAIN, rules=[{**queue, "frame": "Ofice hours"}])
    assert "Ofice hours" in missing


def test_order_matters(manager: Manager) -> None:
    """The first frame from the top that holds wins; Holidays at the top, Default at the bottom."""
    given = {
        rule["frame"]: {name: rule[name] for name in ("frame", "treatment", "destination")}
        for rule in manager.get("numbers", MAIN)["rules"]
    }
    order = ["Holidays", "Morning", "Office hours", "Evening", "Night", "Weekend"]
    ordered = [given[frame] for frame in order]
    assert manager.save("numbers", MAIN, rules=ordered)["warnings"] == []

    def winner(at: str) -> tuple[str | None, str]:
        call = manager.get("numbers", MAIN, "route", at=at)["call"]
        frames = [one["frame"] for one in call["considered"]]
        assert frames == [*order, None], "Default is last by itself"
        [won] = [one["frame"] for one in call["considered"] if one["wins"]]
        return won, call["handling"]["treatment"]

    assert winner("2026-12-25T15:00:00Z") == ("Holidays", "fax_server")
    assert winner("2026-12-22T15:00:00Z") == ("Morning", "pstn")
    assert winner("2026-12-22T10:00") == ("Morning", "pstn"), "the number's own clocks"
    assert winner("2026-12-22T19:30:00Z") == ("Office hours", "call_queue")
    assert winner("2026-12-19T15:00:00Z") == ("Weekend", "auto_attendant")
    assert winner("2026-12-22T06:00:00Z") == (None, "voicemail")


def test_frames_of_every_kind(manager: Manager) -> None:
    """Always, days of the week, dates that recur, holidays, a mix of one user; when each holds
    next; one that a number uses stays."""
    dates = {"start": "2026-12-30T18:00", "end": "2026-12-31T06:00", "repeat": "yearly"}
    own = {"date": "12-24", "name": "Christmas Eve", "observance": "next_workday"}
    manager.add("timeframes", name="Always")
    manager.add("timeframes", name="Stocktaking", dates=[dates], time_zone="Europe/Berlin")
    manager.add(
        "timeframes", name="forward", owner="101", dates=[{**dates, "repeat": "monthly"}],
        hours=[{"days": ["sat"]}], holidays=[own], calendars=[{"country": "DE", "region": "BY"}],
    )  # fmt: skip
    kinds = {row["name"]: row["kind"] for row in manager.rows("timeframes")}
    assert (kinds["Always"], kinds["Stocktaking"], kinds["forward"]) == (
        "always",
        "dates",
        "custom",
    )
    assert manager.get("timeframes", "Always")["next"] == [[None, None]]
    shown = manager.get("timeframes", "Stocktaking")["next"]
    assert [begin[5:16] for begin, _ in shown[:2]] == ["12-30T17:00"] * 2, "in UTC"
    assert manager.get("timeframes", "forward", owner="101")["owner"] == "101"
    held = manager.ask("DELETE", "timeframes", "Holidays", etag="*")
    assert (held.status, MAIN in held.body["detail"]) == (409, True), held


def test_make_available(manager: Manager) -> None:
    """A number is made available: it stays with its notes, and the list says so."""
    etag = manager.ask("GET", "numbers", MAIN).etag
    answer = manager.ask("POST", "numbers", MAIN, "available", etag=etag)
    assert answer.status == 200, answer
    [listed] = manager.rows("numbers")
    assert (listed["default"]["treatment"], listed["rules"]) == ("available", [])
    assert listed["notes"] == "appointments line"
    other = {
        "language": "en-US", "time_zone": "America/Chicago", "enabled": False,
        "enable_on": "2026-01-01", "disable_on": "2031-12-31",
    }  # fmt: skip
    saved = manager.save("numbers", "1-800-555-0100", **other)
    assert {name: saved[name] for name in other} == other
    manager.save("numbers", MAIN, **{**dict.fromkeys(other), "enabled": True})


def test_an_import_loses_nothing(manager: Manager) -> None:
    """What a file has for a treatment that is none here is kept as it is written."""
    default = {"treatment": "to-oracle", "destination": "Delphi"}
    number = "+18005550189"
    manager.do("import", domain=DOMAIN, numbers=[{"number": number, "default": default}])
    kept = manager.get("numbers", number)["default"]
    assert {name: kept[name] for name in default} == default


def test_sms_numbers(manager: Manager) -> None:
    """SMS number: Call Queue or User, or available; by name or extension; one destination."""
    more = {"carrier": "Example", "mms": True, "group_mms": True, "notes": "texts"}
    added = manager.add("sms-numbers", number="800 555 0101", **more)
    assert (added["number"], added["treatment"]) == (LAB, "available")
    assert {name: added[name] for name in more} == more
    for treatment, typed, stored, name in (
        ("call_queue", "Support", "300", "Support"), ("user", "bob sample", "102", "Bob Sample"),
        ("user", "101", "101", "Alice Example"),
    ):  # fmt: skip
        manager.save("sms-numbers", LAB, treatment=treatment, destination=typed)
        [listed] = manager.rows("sms-numbers")
        shown = (listed["treatment"], listed["destination"], listed["name"])
        assert shown == (treatment, stored, name)
    wrong = manager.refused("sms-numbers", LAB, treatment="call_queue", destination="310")
    assert "there is no call queue 310 (310 is a conference)" in wrong
    two = manager.refused("sms-numbers", LAB, treatment="user", destination="101, 102")
    assert "there is no user '101, 102'" in two
    manager.save("sms-numbers", LAB, treatment="available", destination="")
    [listed] = manager.rows("sms-numbers")
    assert (listed["treatment"], listed["destination"]) == ("available", "")


@pytest.fixture(scope="module")
def front(manager: Manager) -> DeskPhone:
    """Add Phone: model, MAC in any notation, users for three lines by name or extension, and the
    company directory."""
    models = [row["model"] for row in manager.rows("models", q="t46")]
    assert "Yealink SIP-T46U" in models
    added = manager.add(
        "phones", model="Yealink SIP-T46U", mac="00-15-65-AA-BB-01", name="Front desk",
        notes="by the door", directory="company",
        lines=[
            {"line": 1, "extension": "101", "label": "Alice"},
            {"line": 2, "extension": "Bob Sample"},
            {"line": 3, "extension": "carol example"},
        ],
    )  # fmt: skip
    assert [(one["extension"], one["user"]) for one in added["lines"]] == [
        ("101", "Alice Example"),
        ("102", "Bob Sample"),
        ("103", "Carol Example"),
    ]
    phone = DeskPhone(manager.server, FRONT)
    phone.boots_with("account.1.user_name = 101", "account.1.label = Alice")
    return phone


def test_all_phones_of_the_domain(manager: Manager, front: DeskPhone) -> None:
    """The list shows all phones: MAC, model, lines, notes; what was added is in it, and fetches."""
    [listed] = manager.rows("phones")
    assert (listed["mac"], listed["model"], listed["notes"]) == (
        "00:15:65:aa:bb:01",
        "Yealink SIP-T46U",
        "by the door",
    )
    assert [(one["line"], one["extension"]) for one in listed["lines"]] == [
        (1, "101"),
        (2, "102"),
        (3, "103"),
    ]
    front.boots_with("account.2.user_name = 102", "account.3.user_name = 103")
    directory = front.directory()
    for name in ("Alice Example", "Bob Sample", "Carol Example", "Dan Sample"):
        assert f"<Name>{name}</Name>" in directory
    wait_for(lambda: manager.rows("phones")[0]["last_seen"] is not None)
    seen = manager.get("phones", FRONT)["sighting"]
    assert (seen["model"], seen["version"], seen["transport"]) == (
        "SIP-T46U",
        "108.86.0.20",
        "http",
    )
    for search in ("0015.65AA", "front", "carol", "102"):
        assert [row["mac"] for row in manager.rows("phones", q=search)] == [listed["mac"]], search


def test_edit_basic_and_advanced(manager: Manager, front: DeskPhone) -> None:
    """Edit: the Basic and the Advanced fields, each of which the phone is told."""
    lines = [
        {"line": 1, "extension": "101", "label": "Reception"},
        {"line": 2, "extension": "Bob Sample", "label": "Bob"},
    ]
    manager.save("phones", FRONT, name="Lobby", notes="moved", lines=lines)
    settings = {
        "sip_server": "edge.example.test", "transport": "tls", "time_zone": "Europe/Berlin",
        "language": "de", "vlan_phone": 42, "vlan_pc": 43,
    }  # fmt: skip
    overrides = {"phone_setting.ring_type": "Ring2.wav"}
    shown = manager.save("phones", FRONT, settings=settings, overrides=overrides)
    assert {name: shown["settings"][name] for name in settings} == settings
    front.boots_with(
        "account.1.label = Reception", "account.2.label = Bob", "account.3.enable = 0",
        "account.1.sip_server.1.address = edge.example.test", "lang.gui = German",
        "account.1.sip_server.1.transport_type = 2", "local_time.time_zone = +1",
        "static.network.vlan.internet_port_vid = 42", "static.network.vlan.pc_port_vid = 43",
        "phone_setting.ring_type = Ring2.wav",
    )  # fmt: skip
    wrong = manager.refused("phones", FRONT, overrides={"phone_setting.ring_typ": "x\ny"})
    assert "phone_setting.ring_typ" in wrong
    manager.save("phones", FRONT, settings={"sip_server": None, "transport": None}, overrides={})
    front.boots_with(f"account.1.sip_server.1.address = {DOMAIN}")


def test_a_line_on_another_phone(manager: Manager, front: DeskPhone) -> None:
    """A line that is already on another phone is refused unless shared; so is a MAC twice."""
    back = {"model": "yealink sip t46u", "mac": "001565AABB02", "name": "Back office"}

    def added(**fields: Any) -> str:
        return faults(manager.ask("POST", "phones", body={**back, **fields}))

    taken = added(lines=[{"line": 1, "extension": "Bob Sample"}])
    assert "line 1: 102 rings on line 2 of 00:15:65:aa:bb:01 (Lobby) already" in taken
    assert "there is no user 'Bob Simple'. Did you mean Bob Sample (102)" in added(
        lines=[{"line": 1, "extension": "Bob Simple"}]
    )
    assert "is a phone of pbx.example.test already" in added(mac=FRONT)
    assert "is no model we know" in added(model="Yealink T99Z")
    assert manager.ask("GET", "phones", BACK).status == 404
    shared = [{"line": 1, "extension": "102", "shared": True}, {"line": 2, "extension": "104"}]
    [warning] = manager.add("phones", **back, lines=shared)["warnings"]
    assert "102 is not shared on line 2 of 00:15:65:aa:bb:01 (Lobby)" in warning["message"]
    DeskPhone(manager.server, BACK).boots_with("account.1.user_name = 102")
    lines = [
        {"line": 1, "extension": "101", "label": "Reception"},
        {"line": 2, "extension": "102", "label": "Bob", "shared": True},
    ]
    assert manager.save("phones", FRONT, lines=lines)["warnings"] == []
    unshared = [lines[0], {**lines[1], "shared": False}]
    assert "rings on line 1 of" in manager.refused("phones", FRONT, lines=unshared)


BUTTONS = [
    {"key": 3, "kind": "blf", "value": "104", "label": "Dan"},
    {"key": 4, "kind": "speed_dial", "value": "+12125550142", "label": "Taxi"},
    {"key": 5, "kind": "queue_login", "value": "300", "label": "In"},
    {"key": 6, "kind": "queue_logout", "value": "300", "label": "Out"},
]


def test_the_gear_opens_the_buttons(manager: Manager, front: DeskPhone) -> None:
    """The gear: the buttons of the phone, put there as a whole and fetched by it: user (BLF) for
    status, speed dial, queue login and logout."""
    seen = manager.ask("GET", "phones", FRONT, "buttons")
    assert seen.body["buttons"] == []
    put = manager.ask("PUT", "phones", FRONT, "buttons", body={"buttons": BUTTONS}, etag=seen.etag)
    assert (put.status, put.body["warnings"]) == (200, []), put
    front.boots_with("linekey.1.type = 15", "linekey.2.type = 15", *KEYS)
    read = manager.get("phones", FRONT, "buttons")["buttons"]
    assert [(one["kind"], one["value"], one["label"]) for one in read] == [
        ("blf", "104", "Dan"),
        ("speed_dial", "+12125550142", "Taxi"),
        ("queue_login", "300", "In"),
        ("queue_logout", "300", "Out"),
    ]
    again = manager.ask("PUT", "phones", FRONT, "buttons", body={"buttons": []}, etag=seen.etag)
    assert again.status == 412, "somebody else's buttons are not overwritten unseen"
    [model] = manager.rows("models", q="SIP-T46U")
    assert model["unavailable"]["redial"].startswith("no key type for it")
    far = {"key": 99, "kind": "blf", "value": "104"}
    wrong = manager.ask("PUT", "phones", FRONT, "buttons", body={"buttons": [far]}, etag=put.etag)
    assert "key 99 is beyond the last key of the Yealink SIP-T46U" in faults(wrong)


def test_a_layout_for_any_model(manager: Manager, front: DeskPhone) -> None:
    """Buttons saved as a layout and put on a phone of any model; what does not fit is listed
    before it is saved."""
    own = manager.get("phones", FRONT, "buttons")["buttons"]
    far = {"key": 20, "kind": "blf", "value": "101", "label": "Alice"}
    manager.add("layouts", name="reception", buttons=[*own, far])
    small = manager.add("phones", model="Yealink SIP-T31P", mac="001565aabb03", name="Hall")
    apply = ("layouts", "reception", "application")
    [tried] = manager.do(*apply, phones=[small["mac"]], dry_run=True)["phones"]
    said = [warning["message"] for warning in tried["warnings"]]
    assert any("key 20 is beyond the last key of the Yealink SIP-T31P" in one for one in said)
    assert manager.get("phones", "001565aabb03")["layout"] is None
    [done] = manager.do(*apply, phones=[small["mac"]])["phones"]
    assert (done["changed"], done["warnings"]) == (True, tried["warnings"])
    assert manager.get("layouts", "reception")["phones"] == ["00:15:65:aa:bb:03"]
    manager.do(*apply, phones=[BACK])
    DeskPhone(manager.server, BACK).boots_with(*KEYS, "linekey.20.label = Alice")


def test_a_broken_phone_is_replaced_and_what_is_gone_gets_nothing(
    manager: Manager, front: DeskPhone
) -> None:
    """Edit: another MAC and model, with the layout that stood; then its enrolment opened anew, a
    fresh URL, which its next file has, and the phone deleted."""
    new = "001565aabb04"
    manager.save("phones", "001565aabb03", mac=new, model="Yealink SIP-T46U")
    assert manager.ask("GET", "phones", "001565aabb03").status == 404
    hall = DeskPhone(manager.server, new)
    hall.boots_with(*KEYS)
    assert manager.do("phones", new, "enrolment", hours=2)["enrolment"]["open_until"]
    assert manager.ask("POST", "phones", new, "renewal").status == 200
    before = hall.folder

    def has_moved() -> bool:
        hall.boot()
        return hall.folder != before

    wait_for(has_moved)
    assert manager.ask("DELETE", "phones", new, etag="*").status == 204
    wait_for(lambda: manager.server.get(f"{hall.folder}{new}.cfg")[0] == 404)


def unsaved(manager: Manager, **fields: Any) -> str:
    """Why an address that is to be added was not saved."""
    answer = manager.ask("POST", "emergency-addresses", body=fields)
    assert answer.status == 409, answer
    return str(answer.body["detail"])


def test_add_emergency_address(manager: Manager) -> None:
    """Add Address: fields and a descriptive name; Validate; accept; Save; users associated."""
    named = {"name": "HQ third floor"}
    assert "not validated and accepted" in unsaved(manager, **named, **PLACE)
    found = manager.add("address-validations", **PLACE)
    assert (found["outcome"], found["level"]) == ("corrected", "validated")
    assert found["choices"][0]["street"] == "Fifth Ave"
    number = str(found["id"])
    assert "nobody accepted" in unsaved(manager, **named, validation=found["id"])
    accepted = manager.do("address-validations", number, "accept")["accepted"]
    assert (accepted["house_number"], accepted["street"]) == ("350", "Fifth Ave")
    manager.add("emergency-addresses", **named, validation=found["id"])
    stood = manager.ask("GET", "emergency-addresses", "HQ third floor")
    path = ("emergency-addresses", "HQ third floor")
    answer = manager.ask("PATCH", *path, body={"room": "203"}, etag=stood.etag)
    assert (answer.status, "not validated and accepted" in answer.body["detail"]) == (409, True)
    changed = manager.do("emergency-assignments", name="HQ third floor", users=["102", "103"])
    assert changed == {"changed": 2}
    manager.do("emergency-assignments", name="HQ third floor", sites=["HQ"])
    [listed] = manager.rows("emergency-addresses")
    assert listed["status"].startswith("validated by Made-up on ")
    assert (listed["standing"], listed["users"]) == ("good", 3)

    def where(extension: str) -> tuple[str | None, str]:
        told = manager.get("users", extension, "emergency-address")
        return told["address"], told["origin"]

    assert where("102") == ("HQ third floor", "from user 102")
    assert where("101") == ("HQ third floor", "from site HQ")
    assert where("104")[0] is None


def test_the_emergency_address_of_a_phone(manager: Manager, front: DeskPhone) -> None:
    """Emergency address of a phone: inherited from its user by default, or its own."""

    def where(mac: str) -> tuple[str | None, str]:
        told = manager.get("phones", mac, "emergency-address")
        return told["address"], told["origin"]

    assert manager.get("phones", FRONT)["emergency_address"] is None
    assert where(BACK) == ("HQ third floor", "from user 102")
    manager.save("phones", BACK, emergency_address="HQ third floor")
    assert where(BACK) == ("HQ third floor", "from phone 00:15:65:aa:bb:02")
    wrong = manager.refused("phones", BACK, emergency_address="HQ forth floor")
    assert "there is no emergency address 'HQ forth floor'" in wrong
    manager.save("phones", BACK, emergency_address=None)
    assert where(BACK)[1] == "from user 102"


def test_add_emergency_endpoint(manager: Manager) -> None:
    """Add Endpoint: callback number and address, Validate, accept, Save; then caller IDs."""
    endpoint = {"number": "800 555 0100", "address": "HQ first floor", "site": "HQ"}
    missing = manager.ask("POST", "emergency-endpoints", body=endpoint)
    assert "there is no emergency address 'HQ first floor'" in faults(missing)
    found = manager.add("address-validations", **{**PLACE, "floor": "1"})
    manager.do("address-validations", str(found["id"]), "accept", choice=1)
    manager.add("emergency-addresses", name="HQ first floor", validation=found["id"])
    added = manager.add("emergency-endpoints", **endpoint, location="reception")
    assert (added["number"], added["warnings"]) == (MAIN, [])
    [listed] = manager.rows("emergency-endpoints")
    assert (listed["address"], listed["site"]) == ("HQ first floor", "HQ")
    assert listed["status"].startswith("validated by Made-up on ")
    second = {"number": LAB, "address": "HQ third floor", "site": "HQ"}
    assert "has" in faults(manager.ask("POST", "emergency-endpoints", body=second))
    assert manager.do("emergency-caller-ids", number="(800) 555-0100") == {"changed": 4}
    assert manager.do("emergency-caller-ids", extensions=["103"]) == {"changed": 1}
    shown = manager.get("emergency-endpoints", MAIN)
    assert (shown["users"], shown["location"]) == (3, "reception")
    held = manager.ask("DELETE", "emergency-addresses", "HQ third floor", etag="*")
    assert (held.status, "user 102, user 103" in held.body["detail"]) == (409, True), held
