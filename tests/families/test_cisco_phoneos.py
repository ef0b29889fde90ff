"""What Cisco's PhoneOS (9800 series, 8875) is told otherwise than its elders."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisiond.catalog.build import build_context, build_family_context
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.placing import phone_slots
from provisiond.catalog.structure import check_structure
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import BUILT_IN, Settings, SipTransport, inherit
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

TEMPLATES = Path(__file__).parents[2] / "templates" / "models"
MAC = "505c885df37f"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
BASE = f"https://prov.example.test/p/{TOKEN}/"
URLS = PublicUrls(https="https://prov.example.test/")
SETTINGS = Settings(
    sip_server="pbx.example.test",
    voicemail_number="*97",
    time_zone="America/New_York",
    phone_admin_password=Secret("Adm1n-Pass-8"),
    feature_codes=(("pickup", "*8{value}"), ("queue_login", "*81"), ("park", "{value}")),
)
USERS = {
    f"{n}": User(extension=f"{n}", first_name="U", last_name=f"{n}", sip_password=Secret("pw"))
    for n in range(101, 118)
}
TWO_LINES = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))
MODELS = ["9811", "9841", "9851", "9861", "9871", "8875"]


@pytest.fixture(scope="module")
def family() -> Family:
    return load_family(TEMPLATES / "cisco" / "mpp", "cisco/mpp")


def button(key: int, kind: str, value: str = "", label: str = "", **where: int) -> Button:
    return Button(
        module=where.get("module", 0),
        key=key,
        kind=ButtonKind(kind),
        line=where.get("line"),
        value=value,
        label=label,
    )


def phone_of(model: str, **fields: object) -> Phone:
    wanted: dict[str, object] = {"mac": Mac(MAC), "model": f"Cisco {model}", "lines": TWO_LINES}
    return Phone(**(wanted | {"token": Secret(TOKEN)} | fields))  # type: ignore[arg-type]


def config(
    family: Family,
    model: str = "9861",
    *,
    settings: Settings = Settings(),
    entries: Sequence[DirectoryEntry] | None = None,
    **phone: object,
) -> dict[str, str]:
    """The phone's own file as the phone reads it."""
    rule, named = family.rule("config"), family.models[model_key(model)]
    domain = DomainFacts(
        domain_id=1,
        name="pbx.example.test",
        epoch=1,
        settings=inherit(BUILT_IN, SETTINGS, settings),
        users=USERS,
    )
    facts = PhoneFacts(
        domain=domain,
        phone=phone_of(model, **phone),
        phone_id=1,
        epoch=1,
        users=USERS,
        directory=None if entries is None else tuple(entries),
    )
    context = build_context(
        family=family, model=named, facts=facts, rule=rule, urls=URLS, year=2026
    )
    rendered = family.renderer.render(rule, context)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    root = ElementTree.fromstring(rendered.body)
    return {child.tag: (child.text or "").strip() for child in root}


def key_of(read: Mapping[str, str], number: int) -> tuple[str, str]:
    return read[f"Extension_{number}_"], read[f"Extended_Function_{number}_"]


@pytest.mark.parametrize(
    ("model", "accounts", "accept", "keys", "accept_keys", "sidecars"),
    [
        ("9811", 2, 16, 2, 2, {}),
        ("9841", 16, 16, 4, 4, {}),
        ("9851", 16, 16, 6, 6, {"DP-9800-KEM": 1}),
        ("9861", 16, 16, 10, 10, {"DP-9800-KEM": 3}),
        ("9871", 16, 16, 32, 32, {"DP-9800-KEM": 3}),
        ("8875", 16, 16, 10, 12, {}),
    ],
)
def test_every_model_has_its_counts(
    family: Family,
    model: str,
    accounts: int,
    accept: int,
    keys: int,
    accept_keys: int,
    sidecars: dict[str, int],
) -> None:
    kind = "Video Phone" if model == "8875" else "Desk Phone"
    for name in (model, f"{kind} {model}", f"{model}-3PCC"):
        assert family.models[model_key(name)].name == model
    rule = family.models[model]
    assert (rule.accounts, rule.accept_accounts or rule.accounts) == (accounts, accept)
    slots = phone_slots(family.manifest.layouts[rule.layout])
    assert (sum(not slot.beyond for slot in slots), len(slots)) == (keys, accept_keys)
    assert rule.sidecars == sidecars
    read = config(family, model)
    assert sum(name.startswith("Line_Enable_") for name in read) == 16


def test_models_without_a_radio_are_the_same_model(family: Family) -> None:
    for name in ("9861NR", "DP-9871NR", "Video Phone 8875NR", "DP-9851-K9", "CP-8875"):
        assert family.models[model_key(name)].features["phoneos"]


@pytest.mark.parametrize("model", MODELS)
def test_the_models_file_is_named_by_its_number(family: Family, model: str) -> None:
    """$PSN is the bare number; its elders' file is `<number>-3PCC.xml`."""
    for file, word, name in (("enrol", "psn", model), ("enrol-alike", "alike", f"{model}-3PCC")):
        assert family.models[model].names[word] == name
        context = build_family_context(
            family=family, rule=family.rule(file), urls=URLS, words={word: name}
        )
        body = family.renderer.render(family.rule(file), context).body
        rule = ElementTree.fromstring(body).findtext("Profile_Rule_B") or ""
        assert rule == '("$P" eq "enrolled")? $O$MA.xml | https://prov.example.test/$MA.xml'
    assert model not in family.rule("enrol-older").models


def test_after_enrolment_the_tokened_url_wins(family: Family) -> None:
    read = config(family)
    assert read["Profile_Rule"] == f"{BASE}$MA.xml"
    assert (read["DHCP_Option_To_Use"], read["Webex_Onboard_Enable"]) == ("", "No")


def test_sharing_is_a_yes_or_no(family: Family) -> None:
    lines = (PhoneLine(line=1, extension="101", shared=True), TWO_LINES[1])
    read = config(family, lines=lines)
    assert [read[f"Share_Ext_{n}_"] for n in (1, 2, 3)] == ["Yes", "No", "No"]
    assert read["Share_Call_Appearance_1_"] == "shared"  # as ever
    assert config(family, "8851", lines=lines)["Share_Ext_1_"] == "shared"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "English-US"),
        ("en-US", "English-US"),
        ("en-GB", "English"),
        ("de-AT", "German"),
        ("fr-CA", "French_Canada"),
        ("pt-BR", "Portuguese_Brazil"),
        ("zh-HK", "Chinese_HongKong"),
        ("xx", "English-US"),
    ],
)
def test_languages_are_in_the_phone(family: Family, tag: str, name: str) -> None:
    read = config(family, settings=Settings(language=tag))
    assert read["Phone_Language"] == name
    assert not {"Dictionary_Server_Script", "Language_Selection", "Locale"} & set(read)
    assert "Phone_Language" not in config(family, "8851", settings=Settings(language=tag))


def test_vlan_1_is_untagged(family: Family) -> None:
    assert "VLAN_ID" not in config(family)
    read = config(family, settings=Settings(vlan_phone=100))
    assert (read["VLAN_ID"], read["PC_Port_VLAN_ID"], read["Enable_CDP"]) == ("100", "1", "No")
    read = config(family, settings=Settings(vlan_phone=0))
    assert (read["VLAN_ID"], read["Enable_CDP"]) == ("1", "Yes")
    assert "Enable_VLAN" not in read


def test_a_line_key_redials_here_and_nowhere_else(family: Family) -> None:
    wanted = button(3, "redial", label="Again")
    assert key_of(config(family, buttons=(wanted,)), 3) == ("Disabled", "fnc=redial")
    assert key_of(config(family, "8851", buttons=(wanted,)), 3) == ("Disabled", "")
    for model, severities in (("9861", []), ("8851", ["warning"])):
        phone = phone_of(model, buttons=(wanted,))
        found = fit(family, family.models[model], phone, {})
        assert [finding.severity for finding in found] == severities


def test_the_directory_is_an_application_too(family: Family) -> None:
    entries = (DirectoryEntry(name="Reception", number="100"),)
    read = config(family, entries=entries, directory="company")
    assert read["XML_Application_Service_Name"] == "company"
    assert read["XML_Application_Service_URL"] == f"{BASE}directories.xml"
    bare = config(family, directory=None)
    assert bare["XML_Application_Service_URL"] == bare["XML_Application_Service_Name"] == ""
    assert "XML_Application_Service_URL" not in config(family, "8851")


@pytest.mark.parametrize(
    ("transport", "word"), [(SipTransport.TLS, "TLS"), (SipTransport.DNS_NAPTR, "AUTO")]
)
def test_transport(family: Family, transport: SipTransport, word: str) -> None:
    assert config(family, settings=Settings(transport=transport))["SIP_Transport_1_"] == word


# --- modules ------------------------------------------------------------------------------------


def test_modules_of_the_9861_have_their_own_numbers(family: Family) -> None:
    """Page 2 begins with key 21 of 40; a key that is no line has Extension Disabled."""
    buttons = (
        button(3, "blf", "103", "Carol"),
        button(1, "blf", "104", "Dan", module=1),
        button(21, "voicemail", "", "VM", module=1),
        button(40, "speed_dial", "5550100", "Taxi", module=3),
    )
    read = config(family, buttons=buttons, sidecars=("DP-9800-KEM",) * 3)
    assert (read["Number_of_Units"], read["KEM_Type"]) == ("3", "DP-9800-KEM")
    watch = "fnc=blf+sd+cp;sub=104@$PROXY;ext=104@$PROXY;vid=1;nme=Dan"
    assert read["Unit_1_Key_1_"] == watch
    assert (
        read["Unit_1_Key_21_"] == "fnc=mwi+sd;ext=*97@$PROXY;sub=101@pbx.example.test;vid=1;nme=VM"
    )
    assert read["Unit_3_Key_40_"] == "fnc=sd;ext=5550100@$PROXY;vid=1;nme=Taxi"
    assert read["Unit_2_Key_7_"] == ""
    assert {v for k, v in read.items() if k.startswith("Unit_") and "Extension" in k} == {
        "Disabled"
    }
    assert sum(name.startswith("Unit_") for name in read) == 3 * 40 * 2
    assert "Number_of_Phone_Lines" not in read
    assert key_of(read, 3)[1].startswith("fnc=blf+sd+cp;sub=103@")
    assert "Extension_11_" not in read


def test_modules_of_the_9871_count_on_after_eight_keys_of_its_screen(family: Family) -> None:
    """What stood further down on the screen moves to the module, where its key is free."""
    buttons = (
        button(8, "blf", "108", "Eight"),
        button(9, "blf", "109", "Nine"),
        button(10, "blf", "110", "Ten"),
        button(2, "dnd", "", "DND", module=1),
        button(1, "blf", "111", "Second", module=2),
        button(40, "blf", "112", "Last", module=3),
    )
    read = config(family, "9871", buttons=buttons, sidecars=("DP-9800-KEM",) * 3)
    assert (read["Number_of_Units"], read["Number_of_Phone_Lines"]) == ("3", "8")
    assert key_of(read, 1) == ("1", "")
    assert key_of(read, 8)[1].startswith("fnc=blf+sd+cp;sub=108@")
    assert key_of(read, 9)[1].startswith("fnc=blf+sd+cp;sub=109@")
    assert key_of(read, 10) == ("Disabled", "fnc=dnd")
    assert key_of(read, 49)[1].startswith("fnc=blf+sd+cp;sub=111@")
    assert key_of(read, 128)[1].startswith("fnc=blf+sd+cp;sub=112@")
    assert "Extension_129_" not in read
    assert not any(name.startswith("Unit_") for name in read)


def test_without_modules_the_9871_keeps_its_thirty_two_keys(family: Family) -> None:
    read = config(family, "9871", buttons=(button(32, "blf", "103", "Carol"),))
    assert key_of(read, 32)[1].startswith("fnc=blf+sd+cp;sub=103@")
    assert read["Number_of_Units"] == "0"
    assert not {"Number_of_Phone_Lines", "KEM_Type", "Extension_33_"} & set(read)


def test_lines_beyond_the_screen_move_to_the_module(family: Family) -> None:
    lines = tuple(PhoneLine(line=n, extension=f"{100 + n}") for n in range(1, 17))
    read = config(family, "9871", lines=lines, sidecars=("DP-9800-KEM",))
    assert [read[f"Extension_{n}_"] for n in range(1, 18)] == [
        *(str(n) for n in range(1, 17)),
        "Disabled",
    ]
    assert read["Short_Name_16_"] == "116"


def test_models_take_the_module_of_their_series_only(family: Family) -> None:
    for model, sidecar in (("9861", "BEKEM"), ("8861", "DP-9800-KEM"), ("9841", "DP-9800-KEM")):
        found = fit(family, family.models[model], phone_of(model, sidecars=(sidecar,)), {})
        assert "error" in [finding.severity for finding in found]
