"""An office's phones and their keys at a prompt, and what the phones then fetch from a real server.

Processes of their own run what people ask for in so many words; variations run in this process, for
a fresh one for each takes long.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import serving
from tests.journeys.desk_phone import DeskPhone
from tests.journeys.office import DOMAIN, KEYS
from tests.journeys.prompt import Prompt
from tests.journeys.server import ServerProcess, wait_for

FRONT, BACK, HALL = "001565aabb01", "001565aabb02", "001565aabb03"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, office_data: Path) -> Iterator[ServerProcess]:
    """A domain with people and no phones, served."""
    yield from serving(tmp_path_factory.mktemp("office"), office_data, "")


@pytest.fixture(scope="module")
def prompt(server: ServerProcess) -> Prompt:
    return Prompt(server.config)


@pytest.fixture(scope="module")
def front(server: ServerProcess) -> DeskPhone:
    """Add Phone: model, MAC in any notation, users for three lines by name or extension, and the
    company directory."""
    added = server.run(
        "phones", "add", "00-15-65-AA-BB-01", "--model", "yealink sip-t46u",
        "--name", "Front desk", "--notes", "by the door", "--directory", "company",
        "--line", "1=101", "--line", "2=Bob Sample", "--line", "3=carol example",
        "--label", "1=Alice",
    )  # fmt: skip
    assert "added 00:15:65:aa:bb:01, Yealink SIP-T46U; its enrolment is open" in added.stdout
    phone = DeskPhone(server, FRONT)
    phone.boots_with("account.1.user_name = 101", "account.1.label = Alice")
    return phone


def test_a_model_is_one_of_those_there_are(server: ServerProcess, prompt: Prompt) -> None:
    """Model by brand and model, searched for; what is none is refused with those that are near."""
    found = server.run("models", "list", "--search", "SIP t46").stdout
    assert [line for line in found.splitlines() if line.startswith("Yealink SIP-T46U ")]
    [model] = prompt.told("models", "list", "--search", "yealinksipt46u")
    assert (model["lines"], model["keys"]) == (16, 27)
    assert model["unavailable"]["redial"].startswith("no key type for it")
    wrong = prompt("phones", "add", HALL, "--model", "Yealink SIP-T46Q", code=1)
    assert "is no model we know" in wrong
    assert "Yealink SIP-T46U" in wrong


def test_all_phones_of_the_domain(server: ServerProcess, front: DeskPhone) -> None:
    """The list shows all phones: MAC, model, lines, notes; what was added is in it, and fetches."""
    listed = server.run("phones", "list").stdout
    row = next(line for line in listed.splitlines() if "aa:bb:01" in line)
    for text in ("00:15:65:aa:bb:01", "Yealink SIP-T46U", "101, 102, 103", "by the door"):
        assert text in row
    front.boots_with("account.2.user_name = 102", "account.3.user_name = 103")
    for name in ("Alice Example", "Bob Sample", "Carol Example", "Dan Sample"):
        assert f"<Name>{name}</Name>" in front.directory()


def test_edit_basic_and_advanced(server: ServerProcess, prompt: Prompt, front: DeskPhone) -> None:
    """Edit: the Basic and the Advanced fields, each of which the phone is told."""
    place = (
        *("--house-number", "350", "--street", "Fifth Ave", "--city", "New York"),
        *("--state", "NY", "--postcode", "10118", "--country", "US"),
    )
    checked = str(prompt.told("emergency", "validate", *place)["id"])
    prompt("emergency", "accept", checked)
    prompt("emergency", "addresses", "add", "HQ", "--validation", checked)
    server.run(
        "phones", "edit", FRONT, "--name", "Lobby", "--notes", "moved", "--directory", "suppliers",
        "--line", "3=", "--label", "1=Reception", "--label", "2=Bob",
        "--set", "sip_server=edge.example.test", "--set", "transport=tls",
        "--set", "time_zone=Europe/Berlin", "--set", "language=de",
        "--set", "vlan_phone=42", "--set", "vlan_pc=43",
        "--override", "phone_setting.ring_type=Ring2.wav", "--emergency-address", "HQ",
    )  # fmt: skip
    front.boots_with(
        "account.1.label = Reception", "account.2.label = Bob", "account.3.enable = 0",
        "account.1.sip_server.1.address = edge.example.test", "lang.gui = German",
        "account.1.sip_server.1.transport_type = 2", "local_time.time_zone = +1",
        "static.network.vlan.internet_port_vid = 42", "static.network.vlan.pc_port_vid = 43",
        "phone_setting.ring_type = Ring2.wav",
    )  # fmt: skip
    assert "<Name>Taxi</Name>" in front.directory()
    shown = json.loads(server.run("phones", "show", FRONT, as_json=True).stdout)
    assert (shown["name"], shown["notes"], shown["emergency_address"]) == ("Lobby", "moved", "HQ")
    edit = ("phones", "edit", FRONT)
    assert "would be saved: this was a dry run" in prompt(*edit, "--name", "x", "--dry-run")
    prompt(*edit, "--set", "sip_server=", "--no-override", "phone_setting.ring_type")
    assert prompt.told("phones", "show", FRONT)["name"] == "Lobby"
    front.boots_with(f"account.1.sip_server.1.address = {DOMAIN}")


def test_the_emergency_address_of_a_phone(prompt: Prompt, front: DeskPhone) -> None:
    """Emergency address of a phone: its own, or inherited, which is the default."""

    def where() -> str:
        return str(prompt.told("emergency", "where", FRONT)["from"])

    assert where() == "from phone 00:15:65:aa:bb:01"
    prompt("users", "edit", "101", "--emergency-address", "HQ")
    prompt("phones", "edit", FRONT, "--emergency-address", "")
    assert where() == "from user 101"
    wrong = prompt("phones", "edit", FRONT, "--emergency-address", "Elsewhere", code=1)
    assert "there is no emergency address 'Elsewhere'" in wrong
    prompt("sites", "edit", "HQ", "--emergency-address", "HQ")
    prompt("users", "edit", "101", "--emergency-address", "")
    assert where() == "from site HQ"


def test_a_line_on_another_phone(server: ServerProcess, prompt: Prompt, front: DeskPhone) -> None:
    """A line that is already on another phone is refused unless shared; so is a MAC twice."""
    add = ("phones", "add", BACK, "--model", "Yealink SIP-T46U", "--name", "Back office")
    taken = server.run(*add, "--line", "1=Bob Sample", code=1).stderr
    assert "line 1: 102 rings on line 2 of 00:15:65:aa:bb:01 (Lobby) already" in taken
    assert "Did you mean Bob Sample (102)" in prompt(*add, "--line", "1=Bob Simple", code=1)
    twice = prompt("phones", "add", FRONT, "--model", "Yealink SIP-T46U", code=1)
    assert "is a phone of pbx.example.test already" in twice
    assert [phone["mac"] for phone in prompt.told("phones", "list")] == ["00:15:65:aa:bb:01"]
    shared = server.run(*add, "--line", "1=Bob Sample,shared", "--line", "2=Dan Sample").stderr
    assert "warning: lines[0].shared: line 1: 102 is not shared on line 2 of" in shared
    DeskPhone(server, BACK).boots_with("account.1.user_name = 102")
    assert "warning" not in prompt("phones", "edit", FRONT, "--line", "2=102,shared")
    assert "rings on line 1 of" in prompt("phones", "edit", FRONT, "--line", "2=102", code=1)


def test_buttons_of_a_phone(server: ServerProcess, prompt: Prompt, front: DeskPhone) -> None:
    """The buttons of a phone: user (BLF) for status, speed dial, queue login and logout."""
    server.run(
        "phones", "edit", FRONT, "--button", "3=blf,104,Dan",
        "--button", "4=speed_dial,+12125550142,Taxi",
        "--button", "5=queue_login,300,In", "--button", "6=queue_logout,300,Out",
    )  # fmt: skip
    front.boots_with("linekey.1.type = 15", "linekey.2.type = 15", *KEYS)
    shown = prompt("phones", "show", FRONT)
    for kind in ("blf", "speed_dial", "queue_login", "queue_logout"):
        assert kind in shown
    far = prompt("phones", "edit", FRONT, "--button", "99=blf,104", code=1)
    assert "key 99 is beyond the last key of the Yealink SIP-T46U" in far
    prompt("phones", "edit", FRONT, "--button", "6=")
    front.boots_with("linekey.6.type = 0", *KEYS[:-2])


def test_a_layout_for_any_model(server: ServerProcess, prompt: Prompt, front: DeskPhone) -> None:
    """Buttons saved as a layout and put on phones of any model; what does not fit is listed
    before it is saved."""
    more = (
        "--button",
        "2=blf,103,Carol",
        "--button",
        "6=queue_logout,300,Out",
        "--button",
        "20=blf,101,Alice",
    )
    added = server.run("layouts", "add", "reception", "--from-phone", FRONT, *more)
    assert "added layout reception" in added.stdout
    prompt("phones", "add", HALL, "--model", "Yealink SIP-T31P", "--button", "2=dnd")
    listed = prompt("layouts", "apply", "reception", HALL, "--dry-run")
    far = "layout 'reception': key 20 is beyond the last key of the Yealink SIP-T31P"
    assert f"warning: 00:15:65:aa:bb:03 Yealink SIP-T31P: {far}" in listed
    assert "key 2: the phone's own button stays" in listed
    assert "would get reception: this was a dry run" in listed
    nobody = server.run("layouts", "apply", "reception", HALL, BACK, code=1)
    assert far in nobody.stderr
    assert prompt.told("layouts", "show", "reception")["phones"] == []
    both = server.run("layouts", "apply", "reception", HALL, BACK, "--yes", "--replace")
    assert "00:15:65:aa:bb:02, Yealink SIP-T46U has reception now" in both.stdout
    DeskPhone(server, BACK).boots_with(*KEYS, "linekey.20.label = Alice")
    assert prompt.told("phones", "show", HALL)["buttons"] == []
    prompt("layouts", "edit", "reception", "--button", "3=blf,103,Carol", "--yes")
    DeskPhone(server, BACK).boots_with("linekey.3.label = Carol")
    held = prompt("layouts", "delete", "reception", "--yes", code=1)
    assert "used by phone 001565aabb02" in held
    prompt("layouts", "edit", "reception", "--name", "desk", "--yes")
    for mac in (BACK, HALL):
        prompt("phones", "edit", mac, "--layout", "")
    assert "deleted layout desk" in prompt("layouts", "delete", "desk", "--yes")
    assert prompt.told("layouts", "list") == []


def test_many_at_once(prompt: Prompt, front: DeskPhone) -> None:
    """Phones, users and numbers changed many at once, named or from a pipe: all or none."""
    macs = "".join(f"{phone['mac']}\n" for phone in prompt.told("phones", "list"))
    edit = ("phones", "edit", "-", "--site", "HQ", "--set", "language=fr")
    tried = prompt.told(*edit, "--dry-run", given=macs)
    assert (tried["dry_run"], tried["changed"], len(tried["items"])) == (True, 3, 3)
    assert all("settings" in one["fields"] for one in tried["items"])
    assert "language" not in str(prompt.told("phones", "show", HALL))
    assert "3 of 3 phones would be saved: this was a dry run." in prompt(*edit, "-n", given=macs)
    assert prompt.told(*edit, given=macs) == {**tried, "dry_run": False}
    front.boots_with("lang.gui = French")
    assert "saved 0 of 2 phones." in prompt("phones", "edit", HALL, BACK, "--site", "HQ")
    wrong = prompt("phones", "edit", HALL, BACK, HALL, "--site", "Mars", code=1)
    for mac in ("00:15:65:aa:bb:02", "00:15:65:aa:bb:03"):
        assert f"{mac}.site: there is no site 'Mars'" in wrong
    assert "2 fault(s); nothing was changed." in wrong
    gone = prompt("phones", "edit", HALL, "0015650000ff", "--notes", "x", code=1)
    assert "there is no phone 00:15:65:00:00:ff in" in gone
    assert prompt.told("phones", "show", HALL)["notes"] == ""
    for options in (("--name", ""), ("--mac", BACK), ("--line", "1=101")):
        assert f"{options[0]} is of one alone" in prompt(
            "phones", "edit", HALL, BACK, *options, code=2
        )
    assert "names nothing" in prompt("phones", "edit", "-", "--notes", "x", given="\n", code=2)
    assert "saved 2 of 2 users." in prompt("users", "edit", "101", "102", "--hidden")
    assert "--extension is of one" in prompt(
        "users", "edit", "101", "102", "--extension", "9", code=2
    )
    one, other = "+18005550150", "+18005550151"
    for noun in ("numbers", "sms"):
        prompt(noun, "add", one)
        prompt(noun, "add", other)
        changed = prompt.told(noun, "edit", one, other, "-t", "user", "-e", "Bob Sample")
        assert [item["key"] for item in changed["items"]] == [one, other]
        assert "102" in str(prompt.told(noun, "show", other))


def test_a_broken_phone_is_replaced_and_what_is_gone_gets_nothing(
    server: ServerProcess, prompt: Prompt, front: DeskPhone
) -> None:
    """Edit: another MAC and model, with the lines and buttons that stood; then its enrolment opened
    anew, a fresh URL, which its next file has, and the phone deleted."""
    prompt("phones", "edit", HALL, "--line", "1=103,shared", "--button", "2=blf,104,Dan")
    new = "001565aabb04"
    server.run("phones", "edit", HALL, "--mac", new, "--model", "Yealink SIP-T46U")
    hall = DeskPhone(server, new)
    hall.boots_with("account.1.user_name = 103", "linekey.2.value = 104", "linekey.2.label = Dan")
    assert "is open until" in prompt("phones", "enrol", new)
    prompt("phones", "renew", new)
    before = hall.folder

    def has_moved() -> bool:
        hall.boot()
        return hall.folder != before

    wait_for(has_moved)
    assert prompt("phones", "delete", new, "--yes")
    assert [phone["mac"] for phone in prompt.told("phones", "list")] == [
        "00:15:65:aa:bb:01",
        "00:15:65:aa:bb:02",
    ]
    wait_for(lambda: server.get(f"{hall.folder}{new}.cfg")[0] == 404)
