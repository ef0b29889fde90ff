"""What Cisco's multiplatform phones are told, against values worked out by hand from the guides."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisiond.catalog.build import build_context, build_family_context
from provisiond.catalog.check import check_family, check_goldens, star_code_findings
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import Applied, is_protected
from provisiond.catalog.placing import phone_slots
from provisiond.catalog.render import Rendered
from provisiond.catalog.samples import HOSTILE
from provisiond.catalog.structure import check_structure
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import (
    BUILT_IN,
    Dtmf,
    ResyncRoute,
    Settings,
    SipTransport,
    Srtp,
    inherit,
)
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

TEMPLATES = Path(__file__).parents[2] / "templates" / "models"
MAC = "00562b043615"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
ENROL = "https://prov.example.test/"
BASE = f"https://prov.example.test/p/{TOKEN}/"
URLS = PublicUrls(https=ENROL)

SETTINGS = Settings(
    sip_server="pbx.example.test",
    outbound_proxy="proxy.example.test",
    time_zone="America/New_York",
    voicemail_number="*97",
    phone_admin_password=Secret("Adm1n-Pass-8"),
    feature_codes=(
        ("pickup", "*8{value}"),
        ("group_pickup", "*80"),
        ("queue_login", "*81"),
        ("queue_logout", "*82{value}"),
        ("queue_toggle", "*83"),
        ("timeframe_toggle", "*28{value}"),
        ("move_call", "*86"),
        ("personal_park", "*68"),
        ("park", "{value}"),
        ("intercom", "*84{value}"),
        ("record", "*1"),
    ),
)
USERS = {
    "101": User(
        extension="101",
        first_name="Alice",
        last_name="Example",
        sip_auth_user="auth101",
        sip_password=Secret("s3cret-1"),
    ),
    "102": User(extension="102", sip_password=Secret("s3cret-2")),
    "103": User(extension="103", first_name="Carol", last_name="Example"),
}
TWO_LINES = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))


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


def render(
    family: Family,
    model: str = "8851",
    file: str = "config",
    *,
    settings: Settings = Settings(),
    users: Mapping[str, User] = USERS,
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
    query: Sequence[tuple[str, str]] = (),
    urls: PublicUrls = URLS,
    **phone: object,
) -> Rendered:
    rule, named = family.rule(file), family.models[model_key(model)]
    domain = DomainFacts(
        domain_id=1,
        name="pbx.example.test",
        epoch=1,
        settings=inherit(BUILT_IN, SETTINGS, settings),
        users=users,
    )
    if named.accounts == 1:
        phone.setdefault("lines", TWO_LINES[:1])
    facts = PhoneFacts(
        domain=domain,
        phone=phone_of(model, **phone),
        phone_id=1,
        epoch=1,
        users=users,
        directory=entries,
    )
    context = build_context(
        family=family, model=named, facts=facts, rule=rule, urls=urls, year=2026, query=query
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def config(family: Family, model: str = "8851", **wanted: object) -> dict[str, str]:
    """The phone's own file as the phone reads it."""
    body = render(family, model, **wanted).body  # type: ignore[arg-type]
    assert re.search(rb"<[^>]+/>", body) is None, "an empty-element tag may mean: leave it"
    return elements(body)


def elements(body: bytes) -> dict[str, str]:
    root = ElementTree.fromstring(body)
    assert root.tag == "flat-profile"
    return {child.tag: (child.text or "").strip() for child in root}


def model_file(family: Family, file: str = "enrol", word: str = "psn") -> bytes:
    rule = family.rule(file)
    words = {word: family.models["8851"].names[word]}
    context = build_family_context(family=family, rule=rule, urls=URLS, words=words)
    return family.renderer.render(rule, context).body


def key_of(read: Mapping[str, str], number: int) -> tuple[str, ...]:
    names = ("Extension", "Short_Name", "Share_Call_Appearance", "Extended_Function")
    return tuple(read[f"{name}_{number}_"] for name in names)


# --- the whole family -------------------------------------------------------------------------


def test_family_is_fit_to_serve(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


@pytest.mark.parametrize(
    ("model", "accounts", "keys", "accept", "sidecars"),
    [
        ("6821", 2, 2, 2, {}),
        ("6841", 4, 4, 4, {}),
        ("6851", 4, 4, 4, {"CP-68KEM-3PCC": 1}),
        ("6861", 4, 4, 4, {}),
        ("6871", 6, 6, 6, {}),
        ("7811", 1, 0, 1, {}),
        ("7821", 2, 2, 2, {}),
        ("7832", 1, 0, 1, {}),
        ("7841", 4, 4, 4, {}),
        ("7861", 16, 16, 16, {}),
        ("8811", 10, 10, 16, {}),
        ("8832", 1, 0, 1, {}),
        ("8841", 10, 10, 16, {}),
        ("8845", 10, 10, 16, {}),
        ("8851", 10, 10, 16, {"BEKEM": 2, "CP-8800-Audio": 2}),
        ("8861", 10, 10, 16, {"BEKEM": 3, "CP-8800-Audio": 3}),
        ("8865", 10, 10, 16, {"BEKEM": 3, "CP-8800-Video": 3}),
    ],
)
def test_every_model_has_its_counts(
    family: Family, model: str, accounts: int, keys: int, accept: int, sidecars: dict[str, int]
) -> None:
    rule = family.models[model]
    for name in (model, f"CP-{model}-3PCC", f"{model}-3PCC", f"cp {model}"):
        assert family.models[model_key(name)] is rule
        assert (rule.name, rule.accounts, rule.sidecars) == (model, accounts, sidecars)
    assert (rule.accept_accounts or rule.accounts) == accept
    slots = phone_slots(family.manifest.layouts[rule.layout])
    assert sum(not slot.beyond for slot in slots) == keys
    assert rule.names["psn"] == f"{model}-3PCC"
    read = config(family, model)
    assert sum(name.startswith("Line_Enable_") for name in read) == accept


def test_there_are_these_models_and_no_other(family: Family) -> None:
    older = [model.name for model in family.manifest.model if not model.features["phoneos"]]
    newer = {model.name for model in family.manifest.model} - set(older)
    assert len(older) == 17
    assert newer == {"9811", "9841", "9851", "9861", "9871", "8875"}
    counts = {name: rule.keys for name, rule in family.manifest.sidecars.items()}
    assert counts == {
        "BEKEM": 36,
        "CP-8800-Audio": 28,
        "CP-8800-Video": 28,
        "CP-68KEM-3PCC": 28,
        "DP-9800-KEM": 40,
    }


# --- accounts ---------------------------------------------------------------------------------


def test_a_line_becomes_an_extension(family: Family) -> None:
    read = config(family)
    expected = {
        "Line_Enable": "Yes",
        "Proxy": "pbx.example.test:5060",
        "Outbound_Proxy": "proxy.example.test:5060",
        "Register_Expires": "600",
        "User_ID": "101",
        "Auth_ID": "auth101",
        "Password": "s3cret-1",
        "Display_Name": "Alice Example",
        "SIP_Transport": "UDP",
        "Use_DNS_SRV": "No",
        "Share_Ext": "private",
        "Mailbox_ID": "101",
        "DTMF_Tx_Method": "AVT",
        "Secure_Call_Option": "Optional",
        "Auth_Resync-Reboot": "Yes",
    }
    assert {name: read[f"{name}_1_"] for name in expected} == expected
    assert (read["User_ID_2_"], read["Password_2_"]) == ("102", "s3cret-2")
    assert read["Voice_Mail_Number"] == "*97"
    assert "SIP_Port_1_" not in read  # the phone's own port, not the server's


def test_unused_extensions_are_off_and_empty_up_to_the_newest_firmware(family: Family) -> None:
    read = config(family)
    for n in range(3, 17):
        assert read[f"Line_Enable_{n}_"] == "No"
        for name in ("User_ID", "Auth_ID", "Password", "Proxy", "Outbound_Proxy", "Display_Name"):
            assert read[f"{name}_{n}_"] == ""
    assert "Line_Enable_17_" not in read


def test_another_systems_second_servers_are_cleared_on_every_extension(family: Family) -> None:
    read = config(family)
    for n in range(1, 17):
        assert (read[f"Alternate_Proxy_{n}_"], read[f"Alternate_Outbound_Proxy_{n}_"]) == ("", "")


def test_more_than_ten_lines_are_accepted_where_newer_firmware_takes_them(family: Family) -> None:
    lines = tuple(PhoneLine(line=n, extension="101") for n in range(1, 17))
    read = config(family, lines=lines)
    assert read["Line_Enable_16_"] == "Yes"
    found = fit(family, family.models["8851"], phone_of("8851", lines=lines), {})
    assert [finding.severity for finding in found] == ["warning"] * 6


@pytest.mark.parametrize(
    ("transport", "word", "srv", "proxy"),
    [
        (SipTransport.UDP, "UDP", "No", "pbx.example.test:5071"),
        (SipTransport.TCP, "TCP", "No", "pbx.example.test:5071"),
        (SipTransport.TLS, "TLS", "No", "pbx.example.test:5071"),
        (SipTransport.DNS_NAPTR, "AUTO", "Yes", "pbx.example.test"),
    ],
)
def test_transport(
    family: Family, transport: SipTransport, word: str, srv: str, proxy: str
) -> None:
    read = config(family, settings=Settings(transport=transport, sip_port=5071))
    assert (read["SIP_Transport_1_"], read["Use_DNS_SRV_1_"], read["Proxy_1_"]) == (
        word,
        srv,
        proxy,
    )


@pytest.mark.parametrize(
    ("srtp", "setting", "option"),
    [
        (Srtp.OFF, "No", "Optional"),
        (Srtp.OPTIONAL, "Yes", "Optional"),
        (Srtp.REQUIRED, "Yes", "Required"),
    ],
)
def test_srtp(family: Family, srtp: Srtp, setting: str, option: str) -> None:
    read = config(family, settings=Settings(srtp=srtp))
    assert (read["Secure_Call_Setting"], read["Secure_Call_Option_1_"]) == (setting, option)


@pytest.mark.parametrize(
    ("dtmf", "word"),
    [(Dtmf.RFC2833, "AVT"), (Dtmf.INFO, "INFO"), (Dtmf.INBAND, "InBand"), (Dtmf.AUTO, "Auto")],
)
def test_dtmf(family: Family, dtmf: Dtmf, word: str) -> None:
    assert config(family, settings=Settings(dtmf=dtmf))["DTMF_Tx_Method_1_"] == word


def test_three_codecs_keep_their_order_and_the_rest_is_on_or_off(family: Family) -> None:
    read = config(family, settings=Settings(codecs=("g726_32", "g722", "pcma", "opus", "g729")))
    wanted = ("Preferred_Codec_1_", "Second_Preferred_Codec_1_", "Third_Preferred_Codec_1_")
    assert [read[name] for name in wanted] == ["G722", "G711a", "OPUS"]
    enabled = {c for c in ("G711u", "G711a", "G722", "G722.2", "G729a", "iLBC", "OPUS")
               if read[f"{c}_Enable_1_"] == "Yes"}  # fmt: skip
    assert enabled == {"G722", "G711a", "OPUS", "G729a"}
    read = config(family, settings=Settings(codecs=("pcmu",)))
    assert [read[name] for name in wanted] == ["G711u", "Unspecified", "Unspecified"]


def test_a_shared_line_is_shared_on_its_extension(family: Family) -> None:
    lines = (PhoneLine(line=1, extension="101", shared=True), TWO_LINES[1])
    read = config(family, lines=lines)
    assert (read["Share_Ext_1_"], read["Shared_User_ID_1_"]) == ("shared", "101")
    assert (read["Share_Ext_2_"], read["Shared_User_ID_2_"]) == ("private", "")
    assert key_of(read, 1) == ("1", "101", "shared", "")
    read = config(family, buttons=(button(5, "shared_line", line=2),))
    assert (read["Share_Ext_2_"], key_of(read, 5)[:3:2]) == ("shared", ("2", "shared"))


# --- keys -------------------------------------------------------------------------------------

ON_KEY_3 = [
    ("blf", "103", "Carol", "fnc=blf+sd+cp;sub=103@$PROXY;ext=103@$PROXY;vid=1;nme=Carol"),
    ("park", "701", "Park 1", "fnc=blf+sd;sub=701@$PROXY;ext=701@$PROXY;nme=Park 1"),
    ("personal_park", "", "Hold", "fnc=sd;ext=*68@$PROXY;vid=1;nme=Hold"),
    ("speed_dial", "5550100", "Taxi", "fnc=sd;ext=5550100@$PROXY;vid=1;nme=Taxi"),
    ("speed_dial", "bob@sip.example.test", "B", "fnc=sd;ext=bob@sip.example.test;vid=1;nme=B"),
    ("queue_login", "", "Queue in", "fnc=sd;ext=*81@$PROXY;vid=1;nme=Queue in"),
    ("queue_logout", "400", "Out", "fnc=sd;ext=*82400@$PROXY;vid=1;nme=Out"),
    ("queue_toggle", "", "Q", "fnc=sd;ext=*83@$PROXY;vid=1;nme=Q"),
    ("timeframe_toggle", "5", "Night", "fnc=sd;ext=*285@$PROXY;vid=1;nme=Night"),
    ("move_call", "", "Move", "fnc=sd;ext=*86@$PROXY;vid=1;nme=Move"),
    ("group_pickup", "", "Pick", "fnc=sd;ext=*80@$PROXY;vid=1;nme=Pick"),
    ("directed_pickup", "103", "Pick", "fnc=sd;ext=*8103@$PROXY;vid=1;nme=Pick"),
    ("intercom", "103", "Talk", "fnc=sd;ext=*84103@$PROXY;vid=1;nme=Talk"),
    ("paging", "800", "All", "fnc=sd;ext=800@$PROXY;vid=1;nme=All"),
    (
        "voicemail",
        "",
        "VM",
        "fnc=mwi+sd;ext=*97@$PROXY;sub=101@pbx.example.test;vid=1;nme=VM",
    ),
    ("dnd", "", "DND", "fnc=dnd"),
    ("forward", "", "Forward", "fnc=cfwd"),
    ("directory", "", "Book", f"fnc=xml;url={BASE}directory.xml;nme=Book"),
    ("directory_cascade", "", "Books", f"fnc=xml;url={BASE}directories.xml;nme=Books"),
    ("url", "http://x.test/a?b=1;c=2", "U", "fnc=xml;url=http://x.test/a?b=1%3Bc=2;vid=1;nme=U"),
]


@pytest.mark.parametrize(("kind", "value", "label", "function"), ON_KEY_3)
def test_every_kind_has_its_function_string(
    family: Family, kind: str, value: str, label: str, function: str
) -> None:
    read = config(
        family,
        buttons=(button(3, kind, value, label), button(2, kind, value, label, module=1)),
        sidecars=("CP-8800-Audio",),
    )
    assert key_of(read, 3) == ("Disabled", label, "private", function)
    assert read["Unit_1_Key_2_"] == function


def test_lines_come_first_and_free_keys_are_empty(family: Family) -> None:
    read = config(
        family, buttons=(button(1, "line", line=2), button(4, "line", label="Me", line=1))
    )
    assert key_of(read, 1) == ("2", "102", "private", "")
    assert key_of(read, 4) == ("1", "Me", "private", "")
    for n in (2, 3, 5, 6, 7, 8, 9, 10):
        assert key_of(read, n) == ("Disabled", "", "private", "")


@pytest.mark.parametrize(
    "kind", ["dtmf", "record", "conference", "transfer", "hold", "redial", "prefix", "lock"]
)
def test_kinds_without_a_line_key_form_leave_the_key_empty_and_say_why(
    family: Family, kind: str
) -> None:
    wanted = button(3, kind, "1")
    assert key_of(config(family, buttons=(wanted,)), 3) == ("Disabled", "", "private", "")
    found = fit(family, family.models["8851"], phone_of("8851", buttons=(wanted,)), {"record": "1"})
    assert [finding.severity for finding in found] == ["warning"]


def test_kinds_without_their_value_leave_the_key_empty(family: Family) -> None:
    read = config(
        family,
        settings=Settings(voicemail_number=""),
        buttons=(button(3, "voicemail"), button(4, "url", "ftp://x"), button(5, "paging")),
    )
    assert [read[f"Extended_Function_{n}_"] for n in (3, 4, 5)] == ["", "", ""]


def test_the_only_line_key_of_the_7811_is_never_disabled(family: Family) -> None:
    assert key_of(config(family, "7811"), 1) == ("1", "101", "private", "")
    for model in ("7832", "8832"):
        assert "Extension_1_" not in config(family, model)


@pytest.mark.parametrize("hostile", [*HOSTILE, "103;nme=Boss;fnc=dnd", "1;vid=9", "$PASSWORD|x"])
def test_no_value_or_label_can_add_a_field(family: Family, hostile: str) -> None:
    kinds = [kind for kind, *_ in ON_KEY_3]
    read = config(
        family,
        buttons=tuple(
            button(n, kind, hostile, hostile, module=1) for n, kind in enumerate(kinds, 1)
        ),
        sidecars=("BEKEM",),
        settings=Settings(voicemail_number=hostile),
    )
    for n, (kind, _, _, example) in enumerate(ON_KEY_3, 1):
        function = read[f"Unit_1_Key_{n}_"]
        assert len(function) <= 511
        fields = [field.partition("=")[0] for field in function.split(";") if field]
        allowed = [field.partition("=")[0] for field in example.split(";")]
        assert set(fields) <= {*allowed, "nme"}, function
        assert len(set(fields)) == len(fields), function
        if kind != "url":
            assert function.count("$") == function.count("@$PROXY")
            assert not set(function.partition(";nme=")[2]) & set(";=,|<>$")


@pytest.mark.parametrize(
    ("model", "sidecars", "count", "keys", "kem", "poe"),
    [
        ("8851", ("BEKEM", "BEKEM"), "2", 72, "BEKEM", "Maximum"),
        ("8851", ("CP-8800-Audio",), "1", 28, "CP-8800-Audio", "Maximum"),
        ("8861", ("CP-8800-Audio",) * 3, "3", 84, "CP-8800-Audio", "Maximum"),
        ("8865", ("CP-8800-Video",) * 3, "3", 84, "CP-8800-Video", "Maximum"),
        ("8865", ("BEKEM",) * 3, "3", 108, "BEKEM", "Maximum"),
        ("6851", ("CP-68KEM-3PCC",), "1", 28, None, None),
        ("8851", (), "0", 0, None, "Normal"),
        ("8841", (), None, 0, None, None),
    ],
)
def test_sidecars(
    family: Family,
    model: str,
    sidecars: tuple[str, ...],
    count: str | None,
    keys: int,
    kem: str | None,
    poe: str | None,
) -> None:
    read = config(family, model, sidecars=sidecars)
    assert read.get("Number_of_Units") == count
    assert read.get("KEM_Type") == kem
    assert read.get("PoE_Power_Required") == poe
    assert sum(name.startswith("Unit_") for name in read) == keys
    assert fit(family, family.models[model], phone_of(model, sidecars=sidecars), {}) == ()


def test_modules_of_two_types_are_refused(family: Family) -> None:
    phone = phone_of("8851", sidecars=("BEKEM", "CP-8800-Audio"))
    found = fit(family, family.models["8851"], phone, {})
    assert [finding.severity for finding in found] == ["error"]


# --- star codes and the dial plan -------------------------------------------------------------


def test_every_star_code_of_the_factory_is_emptied_or_the_domains(family: Family) -> None:
    read = config(family)
    for code, key in family.manifest.star_codes.items():
        wanted = {"#97": "*8", "#98": "*80"}.get(code, "")
        assert read[key] == wanted, key
    for stem in ("Call_Return", "Blind_Transfer", "DND_Act", "DND_Deact", "Cfwd_All_Act",
                 "Block_CID_Per_Call_Act", "Block_CID_Per_Call_Deact", "Secure_One_Call_Act",
                 "Paging", "Call_Park", "Call_Unpark", "Force_G729a", "Prefer_G722.2"):  # fmt: skip
        assert read[f"{stem}_Code"] == ""
    assert star_code_findings(family, SETTINGS.feature_codes or ()) == ()


@pytest.mark.parametrize("code", ["*8", "*8{value}#", "{value}{value}"])
def test_a_pickup_code_that_the_phone_cannot_form_is_left_out(family: Family, code: str) -> None:
    wanted = Settings(feature_codes=(("pickup", code), ("group_pickup", "*7{value}")))
    read = config(family, settings=wanted, buttons=(button(3, "blf", "103"),))
    assert (read["Call_Pickup_Code"], read["Group_Call_Pickup_Code"]) == ("", "")
    assert read["Extended_Function_3_"].startswith("fnc=blf+sd;sub=103@$PROXY;")


def test_the_dial_plan_lets_everything_pass(family: Family) -> None:
    read = config(family, settings=Settings(emergency_numbers=("911", "933", "112")))
    plan = read["Dial_Plan_1_"]
    assert (read["Emergency_Number_1_"], plan) == ("911,933,112", "(*xx.|**x.|xx.)")
    shapes = [
        shape.replace("*", r"\*").replace("x", r"\d").replace(".", "*")
        for shape in plan.strip("()").split("|")
    ]
    for number in ("101", "112", "911", "933", "*97", "*8103", "**103", "0012125550100", "10"):
        assert any(re.fullmatch(shape, number) for shape in shapes), number


def test_as_many_emergency_numbers_as_fit(family: Family) -> None:
    many = tuple(f"91{n:02}" for n in range(20))
    listed = config(family, settings=Settings(emergency_numbers=many))["Emergency_Number_1_"]
    assert listed.split(",") == list(many[:12])  # 12 × 4 digits and 11 commas: 59 of 63


# --- time, language, network ------------------------------------------------------------------

NEW_YORK = "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1:0:0"


@pytest.mark.parametrize(
    ("zone", "option", "offset", "rule"),
    [
        ("America/New_York", "GMT-05:00", "", NEW_YORK),
        ("America/Chicago", "GMT-06:00", "", NEW_YORK),
        ("America/Los_Angeles", "GMT-08:00", "", NEW_YORK),
        ("America/St_Johns", "GMT-03:30", "", NEW_YORK),
        ("America/Phoenix", "GMT-07:00", "", None),
        ("America/Sao_Paulo", "GMT-03:00", "", None),
        ("America/Santiago", "GMT-04:00", "", "start=9/2/7/0:0:0;end=4/2/7/0:0:0;save=1:0:0"),
        ("Europe/London", "GMT", "", "start=3/-1/7/1:0:0;end=10/-1/7/2:0:0;save=1:0:0"),
        ("Europe/Berlin", "GMT+01:00", "", "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1:0:0"),
        ("Europe/Athens", "GMT+02:00", "", "start=3/-1/7/3:0:0;end=10/-1/7/4:0:0;save=1:0:0"),
        ("Asia/Jerusalem", "GMT+02:00", "", "start=3/23/5/2:0:0;end=10/-1/7/2:0:0;save=1:0:0"),
        ("Asia/Kolkata", "GMT+05:30", "", None),
        ("Asia/Kathmandu", "GMT+05:45", "", None),
        ("Australia/Sydney", "GMT+10:00", "", "start=10/1/7/2:0:0;end=4/1/7/3:0:0;save=1:0:0"),
        ("Pacific/Auckland", "GMT+12:00", "", "start=9/-1/7/2:0:0;end=4/1/7/3:0:0;save=1:0:0"),
        (
            "Australia/Lord_Howe",
            "GMT+10:00",
            "00/30",
            "start=10/1/7/2:0:0;end=4/1/7/2:0:0;save=0:30:0",
        ),
        ("Pacific/Marquesas", "GMT-10:00", "00/30", None),
        ("Australia/Eucla", "GMT+08:00", "00/45", None),
        ("Etc/UTC", "GMT", "", None),
    ],
)
def test_time_zones(family: Family, zone: str, option: str, offset: str, rule: str | None) -> None:
    read = config(family, settings=Settings(time_zone=zone))
    assert (read["Time_Zone"], read["Time_Offset__HH_mm_"]) == (option, offset)
    assert read["Daylight_Saving_Time_Enable"] == ("Yes" if rule else "No")
    assert read.get("Daylight_Saving_Time_Rule") == rule
    assert read["Primary_NTP_Server"] == "pool.ntp.org"


def test_languages_need_their_dictionary(family: Family) -> None:
    read = config(family)
    assert (read["Language_Selection"], read["Locale"]) == ("English-US", "en-US")
    assert read["Dictionary_Server_Script"] == ""
    read = config(family, "7841", settings=Settings(language="de-AT"))
    assert read["Dictionary_Server_Script"] == (
        f"serv={BASE}assets/;d1=German;l1=de-DE;x1=de-DE_78xx.xml"
    )
    assert (read["Language_Selection"], read["Locale"]) == ("German", "de-DE")
    assert (read["Time_Format"], read["Date_Format"]) == ("24hr", "day/month")
    assert config(family, settings=Settings(language="fr-CA"))["Locale"] == "fr-CA"
    assert config(family, settings=Settings(language="xx"))["Locale"] == "en-US"


def test_vlan(family: Family) -> None:
    assert "Enable_VLAN" not in config(family)
    read = config(family, settings=Settings(vlan_phone=100, vlan_pc=20))
    names = ("Enable_VLAN", "VLAN_ID", "PC_Port_VLAN_ID", "Enable_CDP")
    assert [read[name] for name in names] == ["Yes", "100", "20", "No"]
    read = config(family, settings=Settings(vlan_phone=0))
    assert [read.get(name) for name in names] == ["No", None, "0", "Yes"]


# --- provisioning -----------------------------------------------------------------------------


def test_polls_are_spread_and_can_be_off(family: Family) -> None:
    periods = {
        int(config(family, mac=Mac(f"00562b0436{n:02x}"))["Resync_Periodic"]) for n in range(16)
    }
    assert len(periods) > 12
    assert all(0.9 * 86400 <= period <= 86400 for period in periods)
    assert config(family, settings=Settings(poll_minutes=0))["Resync_Periodic"] == "0"
    assert config(family)["Resync_At__HHmm_"] == ""  # a time of day would outrank the period


def test_admin_password_firmware_and_notify(family: Family) -> None:
    firmware = (("Cisco 8851", "sip88xx.12-0-7MPP0201-66.loads"),)
    read = config(family, settings=Settings(firmware=firmware))
    assert read["Admin_Password"] == "Adm1n-Pass-8"
    assert read["Upgrade_Rule"] == f"{BASE}assets/sip88xx.12-0-7MPP0201-66.loads"
    assert config(family)["Upgrade_Rule"] == ""
    assert (read["Resync_From_SIP"], read["Auth_Resync-Reboot_3_"]) == ("Yes", "Yes")
    resync = family.manifest.resync
    assert (resync.event, resync.trusted_from) == ("resync", "registrar")
    bare = config(family, settings=Settings(phone_admin_password=Secret("")))
    assert "Admin_Password" not in bare  # an empty one would open the phone


def test_nobody_is_asked_for_a_password_at_the_first_start(family: Family) -> None:
    read = config(family)
    assert (read["User_Password_Prompt"], read["Display_Password_Warnings"]) == ("No", "No")


@pytest.mark.parametrize(
    ("transport", "route", "said"),
    [
        (SipTransport.UDP, ResyncRoute.VIA_PROXY, "Yes"),
        (SipTransport.UDP, ResyncRoute.DIRECT, "No"),
        (SipTransport.TCP, ResyncRoute.VIA_PROXY, "No"),
        (SipTransport.TLS, ResyncRoute.VIA_PROXY, "No"),
        (SipTransport.DNS_NAPTR, ResyncRoute.VIA_PROXY, "No"),
    ],
)
def test_over_udp_the_phone_listens_to_its_proxies_alone_where_our_notify_comes_through_them(
    family: Family, transport: SipTransport, route: ResyncRoute, said: str
) -> None:
    read = config(family, settings=Settings(transport=transport, resync_route=route))
    assert read["Block_Nonproxy_SIP"] == said
    assert is_protected("Block_Nonproxy_SIP", family.manifest)


def test_the_models_file_is_the_same_for_all_and_holds_nothing_of_a_tenant(family: Family) -> None:
    body = model_file(family)
    assert body == model_file(family, "enrol-older", "pn")
    assert set(elements(body)) == {
        "Profile_Rule_B",
        "Resync_On_Reset",
        "Resync_Error_Retry_Delay",
    }
    assert TOKEN.encode() not in body


class RuleReader:
    """A phone's resync as the guides tell it: the rules in order, conditions, macros, a failure
    ends the sequence. `dhcp` is the rule that option 66 or 160 hands out; `dhcp_wins` is the
    reading in which it goes before a rule that a file set."""

    def __init__(self, family: Family, dhcp: str, *, dhcp_wins: bool) -> None:
        self.family, self.dhcp, self.dhcp_wins = family, dhcp, dhcp_wins
        self.memory = {"Profile_Rule": "/$PSN.xml", "DHCP_Option_To_Use": "66,160,159,150"}
        self.closed = False

    def resync(self) -> list[str]:
        """The URLs asked for; those that got a 404 end in one."""
        asked: list[str] = []
        for name in ("Profile_Rule", "Profile_Rule_B", "Profile_Rule_C", "Profile_Rule_D"):
            rule = self.memory.get(name, "")
            if name == "Profile_Rule" and (rule.startswith("/") or self.dhcp_wins):
                rule = self.dhcp
            for url in self._chosen(rule):
                body = self._fetch(url)
                asked.append(url if body else f"{url} 404")
                if body is None:
                    return asked
                self.memory |= elements(body)
        return asked

    def _chosen(self, rule: str) -> Iterator[str]:
        macros = {"MA": MAC, "PSN": "8851-3PCC"}
        macros |= {c: self.memory.get(f"GPP_{c}", "") for c in "ABCDEFGHIJKLMNOP"}
        names = "|".join(sorted(macros, key=len, reverse=True))
        expanded = re.sub(rf"\$({names})", lambda found: macros[found[1]], rule)
        for alternative in expanded.split("|"):
            found = re.fullmatch(r'\s*(?:\("(.*?)" (eq|ne) "(.*?)"\)\?)?\s*(\S*)\s*', alternative)
            assert found is not None, alternative
            left, operator, right, url = found.groups()
            if operator is None or (left == right) == (operator == "eq"):
                if url:
                    yield url
                return

    def _fetch(self, url: str) -> bytes | None:
        name = url.removeprefix(ENROL)
        if name == "8851-3PCC.xml":
            return model_file(self.family)
        if name == f"p/{TOKEN}/{MAC}.xml":
            self.closed = True
            return render(self.family).body
        if name == f"{MAC}.xml" and not self.closed:
            return render(self.family).body
        return None


@pytest.mark.parametrize("dhcp_wins", [False, True])
def test_an_enrolled_phone_asks_by_token_even_where_dhcp_still_names_the_old_url(
    family: Family, dhcp_wins: bool
) -> None:
    phone = RuleReader(family, f"{ENROL}$PSN.xml", dhcp_wins=dhcp_wins)
    assert phone.resync() == [f"{ENROL}8851-3PCC.xml", f"{ENROL}{MAC}.xml"]
    detour = [f"{ENROL}8851-3PCC.xml"] if dhcp_wins else []
    for _ in range(3):
        assert phone.resync() == [*detour, f"{BASE}{MAC}.xml"]
    assert phone.closed
    assert phone.memory["Profile_Rule"] == f"{BASE}$MA.xml"
    assert phone.memory["DHCP_Option_To_Use"] == phone.memory["DHCPv6_Option_To_Use"] == ""


def test_a_phone_of_nobody_keeps_asking_and_is_enrolled_once_it_is_known(family: Family) -> None:
    phone = RuleReader(family, f"{ENROL}$PSN.xml", dhcp_wins=False)
    phone.closed = True
    assert phone.resync() == [f"{ENROL}8851-3PCC.xml", f"{ENROL}{MAC}.xml 404"]
    assert phone.memory["Resync_Error_Retry_Delay"].startswith("60+30,")
    phone.closed = False
    assert phone.resync()[-1] == f"{ENROL}{MAC}.xml"


def test_without_a_public_url_no_rule_is_written(family: Family) -> None:
    read = config(family, urls=PublicUrls())
    assert not {"Profile_Rule", "GPP_P", "DHCP_Option_To_Use"} & set(read)
    assert read["XML_Directory_Service_URL"] == ""


@pytest.mark.parametrize(
    ("name", "rule", "mac"),
    [
        (f"/{MAC}.xml", "config", MAC),
        (f"p/{TOKEN}/{MAC.upper()}.XML", "config", MAC),
        ("00-56-2B-04-36-15.xml", "config", MAC),
        ("00:56:2b:04:36:15.xml", "config", MAC),
        ("/8851-3PCC.xml", "enrol", None),
        ("\\8851-3pcc.xml", "enrol", None),
        ("CP-8865-3PCC.cfg", "enrol-older", None),
        (f"p/{TOKEN}/directory.xml", "directory", None),
        ("directories.xml", "directories", None),
        ("9861.xml", "enrol", None),
        ("9861-3PCC.xml", "enrol-alike", None),
        ("8851.xml", None, None),
        ("CP-9861-3PCC.cfg", None, None),
        ("000000000000.xml", None, None),
        ("8851-3PCCxxml", None, None),
        (f"{MAC}.xml.bak", None, None),
    ],
)
def test_file_names(family: Family, name: str, rule: str | None, mac: str | None) -> None:
    found = candidates([family], parse_name(name).path)
    assert [match.rule.id for match in found if match.rule] == ([rule] if rule else [])
    assert [match.mac.text for match in found if match.mac] == ([mac] if mac else [])


def test_the_boot_chain(family: Family) -> None:
    steps = [(step.file, step.expect, step.link) for step in family.manifest.boot]
    assert steps == [
        ("enrol-older", 200, ""),
        ("enrol", 200, ""),
        ("enrol-alike", 200, ""),
        ("config", 200, "Profile_Rule_B"),
    ]
    rules = {rule.id: rule for rule in family.manifest.file}
    assert not any(rule.conditional for rule in rules.values())  # 304 is a failure to the phone
    assert [name for name, rule in rules.items() if rule.proves_current] == ["config"]
    assert {name for name, rule in rules.items() if rule.secret} == {
        "config",
        "directory",
        "directories",
    }


def test_overrides_replace_add_and_remove(family: Family) -> None:
    read = config(
        family,
        overrides=(
            Applied(key="Server_Type", value="RFC3265_4235", layer="domain"),
            Applied(key="Dial_Tone", value="425@-10;10(*/0/1)", layer="site"),
            Applied(key="Dial_Plan_1_", value="(<9:>xx.)", layer="phone"),
            Applied(key="Time_Format", value=None, layer="phone"),
        ),
    )
    assert (read["Server_Type"], read["Dial_Tone"]) == ("RFC3265_4235", "425@-10;10(*/0/1)")
    assert read["Dial_Plan_1_"] == "(<9:>xx.)"
    assert "Time_Format" not in read
    for key in ("Profile_Rule", "GPP_O", "Proxy_3_", "Password_1_", "Admin_Password"):
        assert is_protected(key, family.manifest)
    assert not is_protected("Dial_Tone", family.manifest)


# --- directory --------------------------------------------------------------------------------

PEOPLE = tuple(DirectoryEntry(name=f"Person {n:03}", number=f"{1000 + n}") for n in range(120))


def shown(body: bytes) -> list[str]:
    root = ElementTree.fromstring(body)
    assert root.tag == "CiscoIPPhoneDirectory"
    return [entry.findtext("Telephone") or "" for entry in root.iter("DirectoryEntry")]


def page(family: Family, **query: str) -> bytes:
    return render(family, file="directory", entries=PEOPLE, query=tuple(query.items())).body


def test_the_directory_comes_in_pages_of_fifty(family: Family) -> None:
    numbers = [entry.number for entry in PEOPLE]
    assert shown(page(family)) == numbers[:50]
    assert shown(page(family, page="2")) == numbers[50:100]
    assert shown(page(family, page="3")) == shown(page(family, page="99")) == numbers[100:]
    for wrong in ("", "0", "-1", "x", "9" * 300, "²"):
        assert shown(page(family, page=wrong)) == numbers[:50]
    urls = [
        item.findtext("URL") for item in ElementTree.fromstring(page(family)).iter("SoftKeyItem")
    ]
    assert urls == ["SoftKey:Dial", f"{BASE}directory.xml?page=2"]
    menu = ElementTree.fromstring(render(family, file="directories", entries=PEOPLE).body)
    assert [item.findtext("URL") for item in menu.iter("MenuItem")] == [
        f"{BASE}directory.xml?page={n}" for n in (1, 2, 3)
    ]


def test_a_caller_is_looked_up_by_number(family: Family) -> None:
    assert shown(page(family, n="1007")) == ["1007"]
    assert shown(page(family, n="100")) == []
    entries = (
        DirectoryEntry(name="Bob & Sons <Ltd>", number="+1 212-555-0111"),
        DirectoryEntry(name="Carol", number="0111"),
    )
    for asked in ("12125550111", "+12125550111", "2125550111"):
        found = render(family, file="directory", entries=entries, query=(("n", asked),)).body
        assert shown(found) == ["+1 212-555-0111"]
        assert ElementTree.fromstring(found).findtext("DirectoryEntry/Name") == "Bob & Sons <Ltd>"
    assert shown(render(family, file="directory", entries=()).body) == []


def test_a_phone_without_directory_has_none(family: Family) -> None:
    read = config(family, directory=None)
    assert (read["XML_Directory_Service_URL"], read["XML_Directory_Service_Name"]) == ("", "")
    assert config(family)["XML_Directory_Service_URL"] == f"{BASE}directory.xml"


def test_the_directory_is_fetched_with_the_log_in_of_the_configuration(family: Family) -> None:
    firmware = Settings(firmware=(("Cisco 8851", "new.loads"),))
    read = config(family, urls=replace(URLS, passwords=b"key"), settings=firmware)
    user, password = read["XML_User_Name"], read["XML_Password"]
    assert user == MAC
    assert password
    assert read["Profile_Rule"].startswith(f"[--uid {user} --pwd {password}] https://")
    assert read["XML_Directory_Service_URL"] == f"{BASE}directory.xml"
    assert read["Upgrade_Rule"] == f"{BASE}assets/new.loads"  # takes no options
    assert "XML_User_Name" not in config(family)
