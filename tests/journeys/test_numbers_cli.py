"""What an office manager asks of numbers and SMS numbers, done at a prompt by real processes."""

import json
from typing import Any

import pytest

from tests.journeys.server import ServerProcess

DOMAIN = "pbx.example.test"
MAIN = "+18005550100"
INVENTORY = {
    "domain": DOMAIN,
    "settings": {"sip_server": DOMAIN, "time_zone": "America/New_York", "tone_country": "US"},
    "users": [
        {"extension": "101", "first_name": "Alice", "last_name": "Example", "sip_password": "a1"},
        {"extension": "102", "first_name": "Bob", "last_name": "Sample", "sip_password": "b1"},
    ],
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
    ],
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    """A store with people, and what their numbers can lead to."""
    server = ServerProcess(folder=tmp_path_factory.mktemp("office"))
    server.configure()
    server.run("init")
    server.load(INVENTORY)
    server.run(
        "timeframes", "add", "Holidays",
        "--holidays", "US,next_workday", "--day", "12-24,Christmas Eve",
    )  # fmt: skip
    return server


def told(office: ServerProcess, *arguments: str, code: int = 0) -> Any:
    return json.loads(office.run(*arguments, code=code, as_json=True).stdout)


def number(office: ServerProcess, *arguments: str) -> Any:
    return told(office, "numbers", "edit", MAIN, *arguments)["number"]


@pytest.fixture(scope="module")
def main(office: ServerProcess) -> str:
    """The main number, added as its country writes it: available, with a note."""
    added = told(office, "numbers", "add", "(800) 555-0100", "--notes", "main support line")[
        "number"
    ]
    assert added["number"] == MAIN
    assert (added["default"]["treatment"], added["default"]["destination"]) == ("available", "")
    return MAIN


TREATMENTS = [
    ("user", "Alice Example", "101"),
    ("conference", "monday bridge", "310"),
    ("call_queue", "Support", "300"),
    ("voicemail", "102", "102"),
    ("auto_attendant", "Main menu", "320"),
    ("pstn", "(212) 555-0142", "+12125550142"),
    ("fax_server", "330", "330"),
    ("sip_trunk", "Lab", "340"),
]


@pytest.mark.parametrize(("treatment", "typed", "stored"), TREATMENTS)
def test_a_number_does_what_its_treatment_says(
    office: ServerProcess, main: str, treatment: str, typed: str, stored: str
) -> None:
    done = number(office, "--treatment", treatment, "--destination", typed)["default"]
    assert (done["treatment"], done["destination"]) == (treatment, stored)


def test_a_destination_that_does_not_exist_is_refused_by_name(
    office: ServerProcess, main: str
) -> None:
    refused = office.run("numbers", "edit", main, "-t", "call_queue", "-e", "Suport", code=1).stderr
    assert "no call queue 'Suport'. Did you mean Support (300)?" in refused
    refused = office.run("numbers", "edit", main, "-t", "user", "-e", "300", code=1).stderr
    assert "no user with the extension 300 (300 is a call queue)" in refused
    office.run("numbers", "edit", "nonsense", "--notes", "x", code=2)


def test_prefix_announcement_enhanced_voicemail_and_notes(office: ServerProcess, main: str) -> None:
    done = number(
        office, "-t", "call_queue", "-e", "300", "--prefix", "Main",
        "--announcement", "expected_wait", "--notes", "prescription refill line",
    )  # fmt: skip
    assert done["default"]["announcement"] == "expected_wait"
    assert done["default"]["caller_id_prefix"] == "Main"
    assert done["notes"] == "prescription refill line"
    done = number(office, "-t", "voicemail", "-e", "101", "--enhanced")["default"]
    assert (done["enhanced_voicemail"], done["announcement"]) == (True, "none")
    assert number(office, "--no-enhanced")["default"]["enhanced_voicemail"] is False
    wrong = office.run("numbers", "edit", main, "--announcement", "callers_ahead", code=1)
    assert "only call queues have an announcement" in wrong.stderr
    assert "forwards calls" in office.run("numbers", "edit", "--help").stdout


def test_time_frames_are_an_ordered_list_and_the_first_that_holds_wins(
    office: ServerProcess, main: str
) -> None:
    done = told(
        office, "numbers", "edit", main, "-t", "voicemail", "-e", "101",
        "--rule", "Office hours=call_queue,300,Main,callers_ahead",
        "--rule", "Morning=user,102",
        "--rule", "Holidays=voicemail,101,,enhanced",
    )  # fmt: skip
    said = " ".join(finding["message"] for finding in done["warnings"])
    assert "Morning can never win: Office hours above it" in said
    assert "on holidays Office hours wins over Holidays" in said
    done = told(office, "numbers", "edit", main, "--move", "Holidays=1", "--move", "Morning=2")
    assert done["warnings"] == []
    assert [rule["frame"] for rule in done["number"]["rules"]] == [
        "Holidays",
        "Morning",
        "Office hours",
    ]


def test_where_a_call_goes_at_a_moment_and_why(office: ServerProcess, main: str) -> None:
    route = told(office, "numbers", "route", main, "--at", "2026-12-25T10:00")
    assert route["handling"]["treatment"] == "voicemail"
    assert "Christmas Day" in route["reason"]
    assert [(each["frame"], each["wins"]) for each in route["considered"]] == [
        ("Holidays", True),
        ("Morning", False),
        ("Office hours", False),
        (None, False),
    ]
    shown = office.run("numbers", "route", main, "--at", "2026-12-22T14:30").stdout
    assert "to call queue 300 Support" in shown
    assert "Tuesday 2026-12-22 14:30 in America/New_York" in shown
    assert "does not hold" in shown
    office.run("numbers", "route", main, "--at", "yesterday", code=2)


def test_a_frame_lists_its_next_times_and_is_held_by_its_numbers(
    office: ServerProcess, main: str
) -> None:
    listed = told(office, "timeframes", "next", "Office hours", "--count", "4")
    assert len(listed["next"]) == 4
    assert listed["time_zone"] == "America/New_York"
    held = office.run("timeframes", "delete", "Holidays", "--yes", code=1).stderr
    assert f"used by number {main}" in held
    office.run("timeframes", "edit", "Morning", "--name", "forward")
    rules = told(office, "numbers", "show", main)["rules"]
    assert [rule["frame"] for rule in rules] == ["Holidays", "forward", "Office hours"]


def test_a_number_is_made_available_and_kept(office: ServerProcess, main: str) -> None:
    dry = office.run("numbers", "make-available", main, "--dry-run").stdout
    assert "dry run" in dry
    assert told(office, "numbers", "show", main)["rules"] != []
    office.run("numbers", "make-available", main)
    shown = told(office, "numbers", "show", main)
    assert (shown["rules"], shown["notes"]) == ([], "prescription refill line")
    assert "available" in office.run("numbers", "list").stdout


def test_sms_numbers_have_one_destination(office: ServerProcess, main: str) -> None:
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
    queue = told(office, "sms", "edit", main, "-t", "call_queue", "-e", "Support")
    assert queue["sms_number"]["destination"] == "300"
    refused = office.run("sms", "edit", main, "-e", "310", code=1).stderr
    assert "no call queue 310 (310 is a conference)" in refused
    office.run("sms", "make-available", main)
    assert told(office, "sms", "show", main)["destination"] == ""
    office.run("sms", "delete", main, "--yes")
    assert told(office, "sms", "list") == []


def test_tables_of_numbers_come_and_go(office: ServerProcess, main: str) -> None:
    listed = office.folder / "numbers.csv"
    office.run("export", "--csv", "--table", "numbers", "-o", str(listed))
    text = listed.read_text(encoding="utf-8-sig")
    assert main in text
    report = told(office, "import", str(listed), "--dry-run")
    [count] = [c for c in report["domains"][0]["counts"] if c["kind"] == "numbers"]
    assert (count["added"], count["changed"], count["unchanged"]) == (0, 0, 1)
    listed.write_text("DID;Application;To\n800 555 0188;to-callqueue;Support\n1;User;101\n")
    refused = office.run("import", str(listed), code=1).stderr
    assert "row 3, column DID" in refused
    listed.write_text("DID;Application;To\n800 555 0188;to-callqueue;Support\n")
    office.run("import", str(listed))
    [free] = told(office, "numbers", "list", "--search", "0188")
    assert free["default"]["destination"] == "300"


def test_people_places_directories_and_domains_are_kept_too(office: ServerProcess) -> None:
    run = office.run
    run("sites", "add", "Lab", "--set", "time_zone=Europe/Berlin")
    run("sites", "edit", "Lab", "--set", "vlan_phone=42", "--name", "Plant")
    assert told(office, "sites", "show", "Plant")["vlan_phone"] == 42
    added = run("users", "add", "103", "--first-name", "Carol", "--site", "Plant")
    assert "the registrar must learn it" in added.stderr
    assert "used by extension 103" in run("sites", "delete", "Plant", "--yes", code=1).stderr
    run("users", "delete", "103", "--yes")
    run("directories", "edit", "company", "--entry", "Taxi=+1 555 0142", "--entry", "Door=100")
    directory = told(office, "directories", "edit", "company", "--no-entry", "Door")["directory"]
    assert directory["entries"] == [{"name": "Taxi", "number": "+1 555 0142"}]
    domain = told(
        office, "domains", "add", "b.test", "--set", "feature_codes.pickup=*8{value}"
    )["domain"]  # fmt: skip
    assert domain["settings"]["feature_codes"] == {"pickup": "*8{value}"}
    assert domain["settings"]["phone_admin_password"] == "***"
    # With two domains a number says itself whose it is; a plain list must be told.
    assert told(office, "numbers", "show", MAIN)["domain"] == DOMAIN
    assert "--domain" in run("numbers", "list", code=1).stderr
    taken = run("numbers", "add", MAIN, "-d", "b.test", code=1)
    assert "is a number of" in taken.stderr
    run("domains", "delete", "b.test", "--yes")


def test_nobody_answers_a_question_and_nothing_is_deleted(office: ServerProcess) -> None:
    refused = office.run("numbers", "delete", MAIN, code=1)
    assert "Delete the number" in refused.stderr
    assert told(office, "numbers", "show", MAIN)["number"] == MAIN
