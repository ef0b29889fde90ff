"""An office manager's emergency data at a prompt, with a provider that answers and without one.

The commands run in this process, as `main` runs them: a fresh one for each of so many takes long.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.prompt import Prompt

CONFIG = """
data_dir = "data"
[public_url]
http = "http://phones.example.test"
[emergency.provider]
"""

PLACE = (
    *("--house-number", "350", "--street", "Fifth Avenue", "--floor", "3"),
    *("--city", "New York", "--state", "New York", "--postcode", "10118", "--country", "us"),
)
OFFICE: dict[str, Any] = {
    "domain": "pbx.example.test",
    "settings": {"sip_server": "pbx.example.test"},
    "sites": [{"name": "HQ"}, {"name": "Dock"}],
    "users": [
        {"extension": "101", "first_name": "Alice", "site": "HQ"},
        {"extension": "102", "first_name": "Bob", "site": "Dock"},
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


class Office(Prompt):
    """A prompt in a configured folder with a store."""

    def use_provider(self, port: int) -> None:
        self.config.write_text(
            f'{CONFIG}name = "Made-up"\nurl = "http://127.0.0.1:{port}/v1/addresses/validate"\n'
            'token = "try-me"\nnetworks = ["127.0.0.0/8"]\n'
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A domain without emergency data, and no provider."""
    prompt = Office(tmp_path / "provisiond.toml")
    prompt.config.write_text(CONFIG)
    prompt("init")
    (tmp_path / "office.json").write_text(json.dumps(OFFICE))
    prompt("import", str(tmp_path / "office.json"))
    prompt("numbers", "add", "+18005550100")
    return prompt


def run(office: Office, *arguments: str, code: int = 0) -> str:
    return office("emergency", *arguments, code=code)


def told(office: Office, *arguments: str, code: int = 0) -> Any:
    return office.told(*arguments, code=code)


def test_add_address_validate_accept_save(office: Office, provider: int) -> None:
    """Add Address: address fields and a descriptive name; Validate; accept; Save."""
    office.use_provider(provider)
    fields = ("350", "Fifth Ave")
    assert "not validated and accepted" in run(office, "addresses", "add", "HQ", *PLACE, code=1)
    answer = told(office, "emergency", "validate", *PLACE)
    assert (answer["outcome"], answer["level"]) == ("corrected", "validated")
    assert (answer["choices"][0]["house_number"], answer["choices"][0]["street"]) == fields
    number = str(answer["id"])
    assert "nobody accepted" in run(
        office, "addresses", "add", "HQ", "--validation", number, code=1
    )
    assert "accepted 350 Fifth Ave" in run(office, "accept", number)
    saved = run(office, "addresses", "add", "HQ third floor", "--validation", number)
    assert "added emergency address HQ third floor" in saved
    [listed] = told(office, "emergency", "addresses", "list")
    assert (listed["level"], listed["standing"]) == ("validated", "good")
    assert listed["status"].startswith("validated by Made-up on ")
    raw = told(office, "emergency", "addresses", "show", "HQ third floor", "--answer")["answer"]
    assert json.loads(raw)["result"] == "corrected"
    # An edit of the place drops the status: it is saved only after another validation.
    edited = ("addresses", "edit", "HQ third floor", "--room", "203")
    assert "not validated and accepted" in run(office, *edited, code=1)
    again = told(office, "emergency", "validate", "--address", "HQ third floor", "--room", "203")
    run(office, "accept", str(again["id"]))
    assert "saved emergency address" in run(office, *edited)


def test_users_are_associated_with_addresses(office: Office) -> None:
    """Named addresses for each site; users are associated with them."""
    for name, floor in (("Front", "1"), ("Back", "2")):
        place = told(office, "emergency", "validate", *PLACE, "--floor", floor)
        run(office, "accept", str(place["id"]))
        run(office, "addresses", "add", name, "--validation", str(place["id"]))
    assert "2 records changed" in run(office, "assign", "Front", "--site", "HQ", "--user", "103")
    run(office, "assign", "Back", "--default")
    assert told(office, "emergency", "where", "101")["from"] == "from site HQ"
    assert told(office, "emergency", "where", "103")["from"] == "from user 103"
    phone = told(office, "emergency", "where", "001565aabb01")
    assert (phone["address"], phone["from"]) == ("Back", "from the domain")
    counts = {
        one["name"]: one["associated"]["users"]
        for one in told(office, "emergency", "addresses", "list")
    }
    assert counts == {"Front": 2, "Back": 1}
    refused = run(office, "addresses", "delete", "Front", "--yes", code=1)
    assert "used by user 103, site HQ" in refused
    assert "<ca:FLR>1</ca:FLR>" in run(office, "where", "101", "--pidf")


def test_add_endpoint_with_a_validated_address(office: Office, provider: int) -> None:
    """Add Endpoint: callback number and address, Validate, accept, Save; then caller IDs."""
    office.use_provider(provider)
    add = ("endpoints", "add", "800 555 0100", "--address", "HQ", "--site", "HQ")
    assert "no emergency address 'HQ'" in run(office, *add, code=1)
    place = told(office, "emergency", "validate", *PLACE)
    run(office, "accept", str(place["id"]))
    run(office, "addresses", "add", "HQ", "--validation", str(place["id"]))
    assert "would be added" in run(office, *add, "--dry-run")
    assert "added emergency endpoint +18005550100" in run(office, *add)
    assert "3 users changed" in run(office, "caller-id", "(800) 555-0100", "--all")
    assert "1 user changed" in run(office, "caller-id", "", "--user", "103")
    shown = told(office, "emergency", "endpoints", "show", "+18005550100")
    assert (shown["site"], shown["uses"]) == ("HQ", ["user 101", "user 102"])
    assert "used by user 101, user 102" in run(
        office, "endpoints", "delete", "+18005550100", "--yes", code=1
    )


def test_without_a_provider_an_address_is_checked_and_never_validated(
    office: Office,
) -> None:
    answer = run(office, "validate", *PLACE)
    assert "nobody validated it" in answer
    assert "validated by" not in answer
    number = told(office, "emergency", "validate", *PLACE)["id"]
    run(office, "accept", str(number))
    run(office, "addresses", "add", "HQ", "--validation", str(number))
    listed = run(office, "addresses", "list")
    assert "postal-consistent, checked on" in listed
    assert "validated by" not in listed
    box = ("--street", "PO Box 12", "--house-number", "")
    assert "post office box" in run(office, "validate", *PLACE, *box, code=1)


def test_the_readiness_report_is_a_table_json_and_csv(office: Office, tmp_path: Path) -> None:
    table = run(office, "readiness", code=1)
    assert table.count("no address") == 4
    report = told(office, "emergency", "readiness", code=1)
    assert report["problems"] == 4
    number = told(office, "emergency", "validate", *PLACE)["id"]
    run(office, "accept", str(number))
    run(office, "addresses", "add", "HQ", "--validation", str(number), "--default")
    assert told(office, "emergency", "readiness") | {"at": ""} == {
        "domain": "pbx.example.test",
        "at": "",
        "problems": 0,
        "rows": [],
    }
    file = tmp_path / "report.csv"
    run(office, "readiness", "--all", "--output", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    assert [(row["noun"], row["key"]) for row in rows] == [
        ("user", "101"),
        ("user", "102"),
        ("user", "103"),
        ("phone", "00:15:65:aa:bb:01"),
        ("address", "HQ"),
    ]
