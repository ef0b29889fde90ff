"""What an office manager asks of numbers and SMS numbers, done at a prompt.

A server serves the store all the while, and says by its API what the commands did. Processes of
their own run what people ask for in so many words; variations run in this process, for a fresh one
for each takes long.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import serving
from tests.journeys.manager import Manager
from tests.journeys.office import DOMAIN
from tests.journeys.prompt import Prompt
from tests.journeys.server import ServerProcess

MAIN = "+18005550100"
AHEAD = {
    "domain": DOMAIN,
    "destinations": [
        {"extension": "300", "kind": "call_queue", "name": "Support"},
        {"extension": "310", "kind": "conference", "name": "Monday bridge"},
        {"extension": "320", "kind": "auto_attendant", "name": "Main menu"},
        {"extension": "330", "kind": "fax_server", "name": "Faxes"},
        {"extension": "340", "kind": "sip_trunk", "name": "Lab"},
    ],
    "time_frames": [
        {
            "name": "Office hours",
            "hours": [
                {"days": "mon-fri", "start": "08:00", "end": "12:00"},
                {"days": "mon-fri", "start": "13:00", "end": "17:00"},
            ],
        },
        {"name": "Morning", "hours": [{"days": "mon-fri", "start": "09:00", "end": "10:00"}]},
        {"name": "Evening", "hours": [{"days": "mon-fri", "start": "17:00", "end": "20:00"}]},
        {"name": "Night", "hours": [{"days": "mon-fri", "start": "20:00", "end": "24:00"}]},
        {"name": "Weekend", "hours": [{"days": "sat-sun", "start": "00:00", "end": "24:00"}]},
    ],
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, office_data: Path) -> Iterator[ServerProcess]:
    """A store with people, and what their numbers can lead to, served."""
    for server in serving(tmp_path_factory.mktemp("office"), office_data, ""):
        server.load(AHEAD)
        yield server


@pytest.fixture(scope="module")
def prompt(office: ServerProcess) -> Prompt:
    return Prompt(office.config)


@pytest.fixture(scope="module")
def served(office: ServerProcess, prompt: Prompt) -> Manager:
    """Who asks the running server what it has."""
    made = prompt.told("tokens", "create", "eyes", "--role", "manager", "--domain", DOMAIN)
    return Manager(office, made["text"], DOMAIN)


def told(office: ServerProcess, *arguments: str, code: int = 0) -> Any:
    """The JSON that a process of its own prints."""
    return json.loads(office.run(*arguments, code=code, as_json=True).stdout)


@pytest.fixture(scope="module")
def main(office: ServerProcess) -> str:
    """The main number, added as its country writes it: available, with a note."""
    added = told(office, "numbers", "add", "(800) 555-0100", "--notes", "main support line")
    number = added["number"]
    assert (number["number"], number["notes"]) == (MAIN, "main support line")
    assert (number["default"]["treatment"], number["default"]["destination"]) == ("available", "")
    return MAIN


TREATMENTS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("user", "Alice Example", "--prefix", "Main"),
     {"destination": "101", "caller_id_prefix": "Main"}),
    (("conference", "monday bridge", "--prefix", "Monday"),
     {"destination": "310", "caller_id_prefix": "Monday"}),
    (("call_queue", "Support", "--prefix", "Sup", "--announcement", "callers_ahead"),
     {"destination": "300", "caller_id_prefix": "Sup", "announcement": "callers_ahead"}),
    (("call_queue", "300", "--announcement", "expected_wait"),
     {"destination": "300", "caller_id_prefix": "Sup", "announcement": "expected_wait"}),
    (("voicemail", "Bob Sample", "--enhanced"), {"destination": "102", "enhanced_voicemail": True}),
    (("auto_attendant", "Main menu"), {"destination": "320"}),
    (("pstn", "(212) 555-0142"), {"destination": "+12125550142"}),
    (("fax_server", "330"), {"destination": "330"}),
    (("sip_trunk", "Lab"), {"destination": "340"}),
]  # fmt: skip


@pytest.mark.parametrize(("does", "stored"), TREATMENTS)
def test_a_number_does_what_its_treatment_says(
    office: ServerProcess,
    served: Manager,
    main: str,
    does: tuple[str, ...],
    stored: dict[str, Any],
) -> None:
    """Treatment; destination by extension or name; caller ID prefix with User, Conference and Call
    Queue; announcement for caller; enhanced voicemail."""
    treatment, destination, *more = does
    edit = ("numbers", "edit", main, "-t", treatment, "-e", destination, *more)
    done = told(office, *edit)["number"]["default"]
    expected = {"treatment": treatment, **stored}
    for default in (done, served.get("numbers", main)["default"]):
        assert {name: default[name] for name in expected} == expected


def test_a_destination_is_found_by_extension_or_name_or_refused_by_name(
    office: ServerProcess, prompt: Prompt, main: str
) -> None:
    found = told(office, "destinations", "list", "--search", "bridge")
    assert [(one["extension"], one["name"]) for one in found] == [("310", "Monday bridge")]
    [alice] = prompt.told("users", "list", "--search", "ali")
    assert (alice["extension"], alice["first_name"]) == ("101", "Alice")
    refused = office.run("numbers", "edit", main, "-t", "call_queue", "-e", "Suport", code=1).stderr
    assert "no call queue 'Suport'. Did you mean Support (300)?" in refused
    for treatment, typed, said in (
        ("user", "300", "no user with the extension 300 (300 is a call queue)"),
        ("conference", "999", "no conference 999"),
        ("auto_attendant", "Menu", "Did you mean Main menu (320)?"),
    ):
        assert said in prompt("numbers", "edit", main, "-t", treatment, "-e", typed, code=1)
    prompt("numbers", "edit", "nonsense", "--notes", "x", code=2)
    assert prompt.told("numbers", "show", main)["default"]["destination"] == "340"


def test_notes_and_what_else_a_number_has(
    office: ServerProcess, prompt: Prompt, served: Manager, main: str
) -> None:
    other = {
        "language": "en-US", "time_zone": "America/Chicago", "enabled": False,
        "enable_on": "2026-01-01", "disable_on": "2031-12-31",
    }  # fmt: skip
    office.run(
        "numbers", "edit", "1 800 555 0100", "--notes", "prescription refill line",
        "--language", "en-US", "--time-zone", "America/Chicago", "--disable",
        "--enable-on", "2026-01-01", "--disable-on", "2031-12-31",
    )  # fmt: skip
    shown = served.get("numbers", main)
    assert {name: shown[name] for name in other} == other
    assert shown["notes"] == "prescription refill line"
    back = ("--language", "", "--time-zone", "", "--enable", "--enable-on", "", "--disable-on", "")
    prompt("numbers", "edit", main, "--notes", "appointments line", *back)
    assert "appointments line" in prompt("numbers", "list")
    queue, mail = ("-t", "call_queue", "-e", "support"), ("-t", "voicemail", "-e", "102")
    for does, field, value in (
        ((*queue, "--announcement", "callers_ahead"), "announcement", "callers_ahead"),
        ((*queue, "--announcement", "none"), "announcement", "none"),
        ((*queue, "--prefix", ""), "caller_id_prefix", ""),
        ((*mail, "--enhanced"), "enhanced_voicemail", True),
        ((*mail, "--no-enhanced"), "enhanced_voicemail", False),
    ):
        done = prompt.told("numbers", "edit", main, *does)["number"]["default"]
        assert done[field] == value
    wrong = prompt("numbers", "edit", main, "--announcement", "callers_ahead", code=1)
    assert "only call queues have an announcement" in wrong
    assert "forwards calls" in prompt("numbers", "edit", "--help")


def test_time_frames_are_an_ordered_list_and_the_first_that_holds_wins(
    office: ServerProcess, served: Manager, main: str
) -> None:
    """Enable time frames: rules of every treatment with destination and prefix. Holidays belong at
    the top; a frame that can never win is told with the one above it; Default stays the last."""
    office.run(
        "timeframes", "add", "Holidays",
        "--holidays", "US,next_workday", "--day", "12-24,Christmas Eve",
    )  # fmt: skip
    done = told(
        office, "numbers", "edit", main, "-t", "voicemail", "-e", "101",
        "--rule", "Office hours=call_queue,300,Main,callers_ahead",
        "--rule", "Morning=user,Bob Sample,Early",
        "--rule", "Evening=auto_attendant,Main menu",
        "--rule", "Night=pstn,212 555 0142", "--rule", "Weekend=fax_server,Faxes",
        "--rule", "Holidays=voicemail,101,,enhanced",
    )  # fmt: skip
    said = " ".join(finding["message"] for finding in done["warnings"])
    assert "Morning can never win: Office hours above it" in said
    assert "on holidays Office hours wins over Holidays" in said
    done = told(office, "numbers", "edit", main, "--move", "Holidays=1", "--move", "Morning=2")
    assert done["warnings"] == []
    rules = served.get("numbers", main)["rules"]
    assert [
        (rule["frame"], rule["treatment"], rule["destination"], rule["caller_id_prefix"])
        for rule in rules
    ] == [
        ("Holidays", "voicemail", "101", ""),
        ("Morning", "user", "102", "Early"),
        ("Office hours", "call_queue", "300", "Main"),
        ("Evening", "auto_attendant", "320", ""),
        ("Night", "pstn", "+12125550142", ""),
        ("Weekend", "fax_server", "330", ""),
    ]
    assert (rules[0]["enhanced_voicemail"], rules[2]["announcement"]) == (True, "callers_ahead")


def test_where_a_call_goes_at_a_moment_and_why(
    office: ServerProcess, prompt: Prompt, served: Manager, main: str
) -> None:
    route = told(office, "numbers", "route", main, "--at", "2026-12-25T10:00")
    assert route["handling"]["treatment"] == "voicemail"
    assert "Christmas Day" in route["reason"]
    frames = ["Holidays", "Morning", "Office hours", "Evening", "Night", "Weekend", None]
    considered = [(each["frame"], each["wins"]) for each in route["considered"]]
    assert considered == [(frame, frame == "Holidays") for frame in frames]
    skipped = served.get("numbers", main, "route", at="2026-03-08T02:30")
    assert skipped["at"] == "2026-03-08T03:30:00-04:00"
    assert all(at.endswith("Z") for span in skipped["holes"] for at in span)
    call = served.get("numbers", main, "route", at="2026-12-25T10:00")["call"]
    assert call["handling"]["destination"] == route["handling"]["destination"] == "101"
    assert "03:30 in America/New_York" in prompt(
        "numbers", "route", main, "--at", "2026-03-08T02:30"
    )
    shown = prompt("numbers", "route", main, "--at", "2026-12-22T14:30")
    assert "to call queue 300 Support" in shown
    assert "Tuesday 2026-12-22 14:30 in America/New_York" in shown
    assert "does not hold" in shown
    prompt("numbers", "route", main, "--at", "yesterday", code=2)


def test_a_frame_lists_its_next_times_and_is_held_by_its_numbers(prompt: Prompt, main: str) -> None:
    listed = prompt.told("timeframes", "next", "Office hours", "--count", "4")
    assert len(listed["next"]) == 4
    assert listed["time_zone"] == "America/New_York"
    held = prompt("timeframes", "delete", "Holidays", "--yes", code=1)
    assert f"used by number {main}" in held
    prompt("timeframes", "edit", "Morning", "--name", "forward")
    rules = prompt.told("numbers", "show", main)["rules"]
    assert [rule["frame"] for rule in rules][:3] == ["Holidays", "forward", "Office hours"]
    prompt("timeframes", "add", "Always")
    assert prompt("timeframes", "next", "Always").strip() == "always"
    prompt(
        "timeframes", "add", "Stocktaking", "--dates", "2026-12-30T18:00/2026-12-31T06:00 yearly"
    )
    prompt(
        "timeframes", "add", "Alice's", "--owner", "101", "--dates", "2026-03-01 monthly 2",
        "--hours", "sat 10:00-12:00", "--holidays", "DE-BY,same_day",
    )  # fmt: skip
    kinds = {frame["name"]: frame["kind"] for frame in prompt.told("timeframes", "list")}
    assert (kinds["Always"], kinds["Stocktaking"], kinds["Alice's"]) == (
        "always",
        "dates",
        "custom",
    )


def test_a_number_is_made_available_and_kept(
    office: ServerProcess, prompt: Prompt, served: Manager, main: str
) -> None:
    assert "dry run" in prompt("numbers", "make-available", main, "--dry-run")
    assert prompt.told("numbers", "show", main)["rules"] != []
    office.run("numbers", "make-available", main)
    shown = served.get("numbers", main)
    assert (shown["rules"], shown["notes"]) == ([], "appointments line")
    assert shown["default"]["treatment"] == "available"
    assert "available" in prompt("numbers", "list")


def test_sms_numbers_have_one_destination(
    office: ServerProcess, prompt: Prompt, served: Manager, main: str
) -> None:
    office.run(
        "sms", "add", "800 555 0100", "-t", "user", "-e", "Bob Sample",
        "--carrier", "Example", "--mms", "--group-mms", "--notes", "texts",
    )  # fmt: skip
    [listed] = told(office, "sms", "list", "--search", "bob")
    assert (listed["treatment"], listed["destination"], listed["name"]) == (
        "user",
        "102",
        "Bob Sample",
    )
    assert (listed["carrier"], listed["mms"], listed["group_mms"]) == ("Example", True, True)
    assert listed["notes"] == "texts"
    office.run("sms", "edit", main, "-t", "call_queue", "-e", "Support")
    shown = served.get("sms-numbers", main)
    assert (shown["treatment"], shown["destination"]) == ("call_queue", "300")
    user = prompt.told("sms", "edit", main, "-t", "user", "-e", "101")["sms_number"]
    assert (user["treatment"], user["destination"]) == ("user", "101")
    assert "there is no user with the extension 310 (310 is a conference)" in prompt(
        "sms", "edit", main, "-e", "310", code=1
    )
    assert "there is no user '101, 102'" in prompt("sms", "edit", main, "-e", "101, 102", code=1)
    office.run("sms", "make-available", main)
    shown = served.get("sms-numbers", main)
    assert (shown["treatment"], shown["destination"]) == ("available", "")
    prompt("sms", "delete", main, "--yes")
    assert prompt.told("sms", "list") == []


def test_tables_of_numbers_come_and_go(
    office: ServerProcess, prompt: Prompt, served: Manager, main: str
) -> None:
    listed = office.folder / "numbers.csv"
    office.run("export", "--csv", "--table", "numbers", "-o", str(listed))
    text = listed.read_text(encoding="utf-8-sig")
    assert main in text
    report = prompt.told("import", str(listed), "--dry-run")
    [count] = [c for c in report["domains"][0]["counts"] if c["kind"] == "numbers"]
    assert (count["added"], count["changed"], count["unchanged"]) == (0, 0, 1)
    listed.write_text("DID;Application;To\n800 555 0188;to-callqueue;Support\n1;User;101\n")
    refused = prompt("import", str(listed), code=1)
    assert "row 3, column DID" in refused
    listed.write_text(
        "DID;Application;To\n800 555 0188;to-callqueue;Support\n800 555 0189;to-oracle;Delphi\n"
    )
    office.run("import", str(listed))
    does = {
        number: served.get("numbers", number)["default"]
        for number in ("+18005550188", "+18005550189")
    }
    assert [(one["treatment"], one["destination"]) for one in does.values()] == [
        ("call_queue", "300"),
        ("to-oracle", "Delphi"),
    ], "what no treatment is known for is kept"


def test_people_places_directories_and_domains_are_kept_too(prompt: Prompt) -> None:
    prompt("sites", "add", "Lab", "--set", "time_zone=Europe/Berlin")
    prompt("sites", "edit", "Lab", "--set", "vlan_phone=42", "--name", "Plant")
    assert prompt.told("sites", "show", "Plant")["vlan_phone"] == 42
    added = prompt("users", "add", "105", "--first-name", "Erin", "--site", "Plant")
    assert "the registrar must learn it" in added
    assert "used by extension 105" in prompt("sites", "delete", "Plant", "--yes", code=1)
    prompt("users", "delete", "105", "--yes")
    prompt("directories", "edit", "company", "--entry", "Taxi=+1 555 0142", "--entry", "Door=100")
    directory = prompt.told("directories", "edit", "company", "--no-entry", "Door")["directory"]
    assert directory["entries"] == [{"name": "Taxi", "number": "+1 555 0142"}]
    domain = prompt.told(
        "domains", "add", "b.test", "--set", "feature_codes.pickup=*8{value}"
    )["domain"]  # fmt: skip
    assert domain["settings"]["feature_codes"] == {"pickup": "*8{value}"}
    assert domain["settings"]["phone_admin_password"] == "***"
    # With two domains a number says itself whose it is; a plain list must be told.
    assert prompt.told("numbers", "show", MAIN)["domain"] == DOMAIN
    assert "--domain" in prompt("numbers", "list", code=1)
    taken = prompt("numbers", "add", MAIN, "-d", "b.test", code=1)
    assert "is a number of" in taken
    prompt("domains", "delete", "b.test", "--yes")


def test_nobody_answers_a_question_and_nothing_is_deleted(
    office: ServerProcess, served: Manager, main: str
) -> None:
    refused = office.run("numbers", "delete", main, code=1)
    assert "Delete the number" in refused.stderr
    assert served.get("numbers", main)["number"] == main
