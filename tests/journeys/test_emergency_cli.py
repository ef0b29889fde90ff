"""An office manager's emergency data at a prompt, with a provider that answers and without one.

Where a provider answers a server serves the store all the while, and says by its API what the
commands did. Processes of their own run what people ask for in so many words; variations run in
this process, for a fresh one for each takes long.
"""

import csv
import io
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

CONFIG = """
data_dir = "data"
[public_url]
http = "http://phones.example.test"
"""
PROVIDER = """
[emergency.provider]
name = "Made-up"
url = "http://127.0.0.1:{}/v1/addresses/validate"
token = "try-me"
networks = ["127.0.0.0/8"]
"""
MAIN = "+18005550100"
PLACE = (
    *("--house-number", "350", "--street", "Fifth Avenue", "--floor", "3"),
    *("--city", "New York", "--state", "New York", "--postcode", "10118", "--country", "us"),
)
OFFICE: dict[str, Any] = {
    "domain": DOMAIN,
    "settings": {"sip_server": DOMAIN},
    "users": [
        {"extension": "101", "first_name": "Alice"},
        {"extension": "102", "first_name": "Bob"},
        {"extension": "103", "first_name": "Carol"},
    ],
    "phones": [
        {
            "mac": "00:15:65:aa:bb:01",
            "model": "Yealink SIP-T46U",
            "lines": [{"line": 1, "extension": "102"}],
        }
    ],
}


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, office_data: Path, provider: int
) -> Iterator[ServerProcess]:
    """A domain with people and a number, served, and a provider that answers."""
    folder = tmp_path_factory.mktemp("office")
    for server in serving(folder, office_data, PROVIDER.format(provider)):
        Prompt(server.config)("numbers", "add", MAIN)
        yield server


@pytest.fixture(scope="module")
def prompt(office: ServerProcess) -> Prompt:
    return Prompt(office.config)


@pytest.fixture(scope="module")
def served(office: ServerProcess, prompt: Prompt) -> Manager:
    """Who asks the running server what it has."""
    made = prompt.told("tokens", "create", "eyes", "--role", "manager", "--domain", DOMAIN)
    return Manager(office, made["text"], DOMAIN)


def run(office: ServerProcess, *arguments: str, code: int = 0) -> str:
    """What a process of its own says."""
    done = office.run("emergency", *arguments, code=code)
    return done.stdout + done.stderr


def validated(office: ServerProcess, *place: str) -> str:
    """Validate, see the place, and accept it; the number of the answer."""
    answer = json.loads(office.run("emergency", "validate", *place, as_json=True).stdout)
    assert (answer["outcome"], answer["level"]) == ("corrected", "validated")
    [seen] = answer["choices"]
    assert (seen["house_number"], seen["street"]) == ("350", "Fifth Ave")
    number = str(answer["id"])
    assert "accepted 350 Fifth Ave" in run(office, "accept", number)
    return number


def test_add_address_validate_accept_save(
    office: ServerProcess, prompt: Prompt, served: Manager
) -> None:
    """Add Address: address fields and a descriptive name; Validate; accept; Save."""
    add = ("addresses", "add", "HQ third floor")
    assert "not validated and accepted" in run(office, *add, *PLACE, code=1)
    unasked = str(prompt.told("emergency", "validate", *PLACE)["id"])
    assert "nobody accepted" in prompt("emergency", *add, "--validation", unasked, code=1)
    number = validated(office, *PLACE)
    assert "added emergency address HQ third floor" in run(office, *add, "--validation", number)
    [listed] = served.rows("emergency-addresses")
    assert (listed["name"], listed["standing"]) == ("HQ third floor", "good")
    assert listed["status"].startswith("validated by Made-up on ")
    show = ("emergency", "addresses", "show", "HQ third floor")
    raw = prompt.told(*show, "--answer")["answer"]
    assert json.loads(raw)["result"] == "corrected"
    # An edit of the place drops the status: it is saved only after another validation.
    edited = ("emergency", "addresses", "edit", "HQ third floor", "--room", "203")
    assert "not validated and accepted" in prompt(*edited, code=1)
    again = prompt.told("emergency", "validate", "--address", "HQ third floor", "--room", "203")
    prompt("emergency", "accept", str(again["id"]))
    assert "saved emergency address" in prompt(*edited, "--caller-name", "Example Inc")
    shown = served.get("emergency-addresses", "HQ third floor")
    assert (shown["room"], shown["caller_name"]) == ("203", "Example Inc")


def test_users_are_associated_with_addresses(
    office: ServerProcess, prompt: Prompt, served: Manager
) -> None:
    """Named addresses for each site and floor; users are associated with them, so that their
    location goes out with a call."""
    back = str(prompt.told("emergency", "validate", *PLACE, "--floor", "2")["id"])
    prompt("emergency", "accept", back)
    prompt("emergency", "addresses", "add", "Back", "--validation", back)
    assign = ("assign", "HQ third floor", "--site", "HQ", "--user", "102", "--user", "103")
    assert "3 records changed" in run(office, *assign)
    prompt("emergency", "assign", "Back", "--default")
    where = {
        extension: served.get("users", extension, "emergency-address")
        for extension in ("101", "102", "103", "104")
    }
    assert [(one["address"], one["origin"]) for one in where.values()] == [
        ("HQ third floor", "from site HQ"),
        ("HQ third floor", "from user 102"),
        ("HQ third floor", "from user 103"),
        ("Back", "from the domain"),
    ]
    assert prompt.told("emergency", "where", "104")["from"] == "from the domain"
    prompt("phones", "add", "001565aabb01", "--model", "Yealink SIP-T46U", "--line", "1=104")
    phone = prompt.told("emergency", "where", "001565aabb01")
    assert (phone["address"], phone["from"]) == ("Back", "from the domain")
    counts = {
        one["name"]: one["associated"]["users"]
        for one in prompt.told("emergency", "addresses", "list")
    }
    assert counts == {"HQ third floor": 3, "Back": 1}
    refused = prompt("emergency", "addresses", "delete", "HQ third floor", "--yes", code=1)
    assert "used by user 102, user 103, site HQ" in refused
    document = prompt("emergency", "where", "102", "--pidf")
    assert "<ca:FLR>3</ca:FLR>" in document
    assert "<ca:ROOM>203</ca:ROOM>" in document


def test_add_endpoint_with_a_validated_address(
    office: ServerProcess, prompt: Prompt, served: Manager
) -> None:
    """Add Endpoint: callback number and address, Validate, accept, Save; then caller IDs."""
    add = ("endpoints", "add", "800 555 0100", "--address", "Lobby", "--site", "HQ")
    assert "no emergency address 'Lobby'" in run(office, *add, code=1)
    number = validated(office, *PLACE, "--floor", "1")
    run(office, "addresses", "add", "Lobby", "--validation", number)
    assert "would be added" in prompt("emergency", *add, "--dry-run")
    more = ("--caller-name", "Example Inc", "--location", "reception")
    assert "added emergency endpoint +18005550100" in run(office, *add, *more)
    [listed] = served.rows("emergency-endpoints")
    assert (listed["number"], listed["address"], listed["site"]) == (MAIN, "Lobby", "HQ")
    assert listed["status"].startswith("validated by Made-up on ")
    assert "4 users changed" in run(office, "caller-id", "(800) 555-0100", "--all")
    assert "1 user changed" in prompt("emergency", "caller-id", "", "--user", "103")
    shown = prompt.told("emergency", "endpoints", "show", MAIN)
    assert (shown["site"], shown["uses"]) == ("HQ", ["user 101", "user 102", "user 104"])
    assert (shown["caller_name"], shown["location"]) == ("Example Inc", "reception")
    assert "used by user 101, user 102, user 104" in prompt(
        "emergency", "endpoints", "delete", MAIN, "--yes", code=1
    )


@pytest.fixture
def alone(tmp_path: Path) -> Prompt:
    """A domain without emergency data, and no provider."""
    prompt = Prompt(tmp_path / "provisiond.toml")
    prompt.config.write_text(CONFIG)
    prompt("init")
    (tmp_path / "office.json").write_text(json.dumps(OFFICE))
    prompt("import", str(tmp_path / "office.json"))
    return prompt


def test_without_a_provider_an_address_is_checked_and_never_validated(alone: Prompt) -> None:
    answer = alone("emergency", "validate", *PLACE)
    assert "nobody validated it" in answer
    assert "validated by" not in answer
    number = alone.told("emergency", "validate", *PLACE)["id"]
    alone("emergency", "accept", str(number))
    alone("emergency", "addresses", "add", "HQ", "--validation", str(number))
    listed = alone("emergency", "addresses", "list")
    assert "postal-consistent, checked on" in listed
    assert "validated by" not in listed
    box = ("--street", "PO Box 12", "--house-number", "")
    assert "post office box" in alone("emergency", "validate", *PLACE, *box, code=1)


def test_the_readiness_report_is_a_table_json_and_csv(alone: Prompt, tmp_path: Path) -> None:
    table = alone("emergency", "readiness", code=1)
    assert table.count("no address") == 4
    report = alone.told("emergency", "readiness", code=1)
    assert report["problems"] == 4
    number = alone.told("emergency", "validate", *PLACE)["id"]
    alone("emergency", "accept", str(number))
    alone("emergency", "addresses", "add", "HQ", "--validation", str(number), "--default")
    assert alone.told("emergency", "readiness") | {"at": ""} == {
        "domain": "pbx.example.test",
        "at": "",
        "problems": 0,
        "rows": [],
    }
    file = tmp_path / "report.csv"
    alone("emergency", "readiness", "--all", "--output", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [(row["noun"], row["key"]) for row in rows] == [
        ("user", "101"),
        ("user", "102"),
        ("user", "103"),
        ("phone", "00:15:65:aa:bb:01"),
        ("address", "HQ"),
    ]
