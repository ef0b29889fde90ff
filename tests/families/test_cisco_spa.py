"""What Cisco's SPA phones and adapters are told, against values worked out by hand."""

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
from provisiond.catalog.overrides import Applied, findings, is_protected
from provisiond.catalog.placing import phone_slots, sidecar_slots
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
MAC = "000e08aabbcc"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
ENROL = "http://prov.example.test/"
BASE = f"http://prov.example.test/p/{TOKEN}/"
URLS = PublicUrls(https="https://prov.example.test/", http=ENROL)
ROUTER = "router-configuration/"

SETTINGS = Settings(
    sip_server="pbx.example.test",
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
    "201": User(
        extension="201",
        first_name="Ann",
        last_name="Example",
        sip_auth_user="auth201",
        sip_password=Secret("s3cret-1"),
    ),
    "202": User(extension="202", sip_password=Secret("s3cret-2")),
    "205": User(extension="205", first_name="Bob", last_name="Müller"),
}
TWO_LINES = (PhoneLine(line=1, extension="201"), PhoneLine(line=2, extension="202"))


@pytest.fixture(scope="module")
def family() -> Family:
    return load_family(TEMPLATES / "cisco" / "spa", "cisco/spa")


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
    model: str = "SPA508G",
    file: str = "config",
    *,
    settings: Settings = Settings(),
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
        users=USERS,
    )
    if named.accounts == 1:
        phone.setdefault("lines", TWO_LINES[:1])
    facts = PhoneFacts(
        domain=domain,
        phone=phone_of(model, **phone),
        phone_id=1,
        epoch=1,
        users=USERS,
        directory=entries,
    )
    context = build_context(
        family=family, model=named, facts=facts, rule=rule, urls=urls, year=2027, query=query
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def config(family: Family, model: str = "SPA508G", **wanted: object) -> dict[str, str]:
    """The device's own file as the device reads it; keys of the router section as paths."""
    body = render(family, model, **wanted).body  # type: ignore[arg-type]
    assert re.search(rb"<[^>]+/>", body) is None, "an empty-element tag means: leave it"
    assert body.isascii()
    return elements(body)


def elements(body: bytes) -> dict[str, str]:
    root = ElementTree.fromstring(body)
    assert root.tag == "flat-profile"
    return dict(leaves(root, ""))


def leaves(element: ElementTree.Element, path: str) -> Iterator[tuple[str, str]]:
    for child in element:
        if len(child):
            yield from leaves(child, f"{path}{child.tag}/")
        else:
            yield path + child.tag, (child.text or "").strip()


def model_file(family: Family, model: str = "SPA508G") -> bytes:
    rule, words = family.rule("enrol"), family.models[model_key(model)].names
    context = build_family_context(family=family, rule=rule, urls=URLS, words=words)
    return family.renderer.render(rule, context).body


def key_of(read: Mapping[str, str], number: int) -> tuple[str, ...]:
    names = ("Extension", "Short_Name", "Share_Call_Appearance", "Extended_Function")
    return tuple(read[f"{name}_{number}_"] for name in names)


# --- the whole family -------------------------------------------------------------------------


def test_family_is_fit_to_serve(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


CONSOLES = {"SPA500S": 2, "SPA500DS": 2}


@pytest.mark.parametrize(
    ("model", "accounts", "keys", "sidecars", "boot"),
    [
        ("SPA301", 1, 0, {}, "spa301"),
        ("SPA303", 3, 3, {}, "spa303"),
        ("SPA501G", 8, 8, {}, "spa501G"),
        ("SPA502G", 1, 0, CONSOLES, "spa502G"),
        ("SPA504G", 4, 4, CONSOLES, "spa504G"),
        ("SPA508G", 8, 8, CONSOLES, "spa508G"),
        ("SPA509G", 12, 12, CONSOLES, "spa509G"),
        ("SPA512G", 1, 0, {}, "spa512G"),
        ("SPA514G", 4, 4, CONSOLES, "spa514G"),
        ("SPA525G", 5, 5, CONSOLES, "spa525G"),
        ("SPA525G2", 5, 5, CONSOLES, "spa525G2"),
        ("SPA901", 1, 0, {}, "spa901"),
        ("SPA921", 1, 0, {}, "spa921"),
        ("SPA922", 1, 0, {}, "spa922"),
        ("SPA941", 4, 4, {}, "spa941"),
        ("SPA942", 4, 4, {}, "spa942"),
        ("SPA962", 6, 6, {"SPA932": 2}, "spa962"),
        ("SPA112", 2, 0, {}, "spa112"),
        ("SPA122", 2, 0, {}, "spa122"),
        ("ATA191", 2, 0, {}, "ata191"),
        ("ATA192", 2, 0, {}, "ata192"),
    ],
)
def test_every_model_has_its_counts_and_its_boot_file(
    family: Family, model: str, accounts: int, keys: int, sidecars: dict[str, int], boot: str
) -> None:
    rule = family.models[model_key(f"cisco {model}".partition(" ")[2])]
    assert (rule.name, rule.accounts, rule.sidecars) == (model, accounts, sidecars)
    assert len(phone_slots(family.manifest.layouts[rule.layout])) == keys
    assert rule.names["boot"] == boot
    read = config(family, model)
    assert sum(name.startswith("Line_Enable_") for name in read) == accounts
    appearances = 1 if rule.features["fixed_line"] else keys
    assert sum(name.startswith("Extension_") for name in read) == appearances
    assert len(family.manifest.model) == 21


def test_consoles_have_thirty_two_keys_or_two_pages_of_fifteen(family: Family) -> None:
    counts = {
        name: (rule.keys, rule.accept or rule.keys)
        for name, rule in family.manifest.sidecars.items()
    }
    assert counts == {"SPA500S": (32, 32), "SPA500DS": (30, 32), "SPA932": (32, 32)}
    numbers = [slot.number for slot in sidecar_slots(family.manifest.sidecars["SPA500DS"])]
    assert numbers == list(range(1, 33))


# --- accounts ---------------------------------------------------------------------------------


def test_a_line_becomes_an_extension(family: Family) -> None:
    expected = {
        "Line_Enable": "Yes",
        "Proxy": "pbx.example.test:5060",
        "Use_Outbound_Proxy": "No",
        "Outbound_Proxy": "",
        "Register": "Yes",
        "Register_Expires": "600",
        "User_ID": "201",
        "Use_Auth_ID": "Yes",
        "Auth_ID": "auth201",
        "Password": "s3cret-1",
        "Display_Name": "Ann Example",
        "SIP_Transport": "UDP",
        "Use_DNS_SRV": "No",
        "NAT_Keep_Alive_Enable": "Yes",
        "NAT_Keep_Alive_Dest": "$PROXY",
        "Mailbox_ID": "201",
        "DTMF_Tx_Method": "AVT",
        "Auth_Resync-Reboot": "Yes",
        "Emergency_Number": "911,933,112",
    }
    for model in ("SPA508G", "SPA942", "SPA122"):
        read = config(family, model)
        assert {name: read[f"{name}_1_"] for name in expected} == expected
        assert (read["User_ID_2_"], read["Password_2_"]) == ("202", "s3cret-2")
        assert "SIP_Port_1_" not in read  # the phone's own port, not the server's
    assert config(family)["Voice_Mail_Number"] == "*97"


def test_an_outbound_proxy_is_used(family: Family) -> None:
    read = config(family, settings=Settings(outbound_proxy="2001:db8::1"))
    assert read["Use_Outbound_Proxy_1_"] == "Yes"
    assert read["Outbound_Proxy_1_"] == "[2001:db8::1]:5060"


@pytest.mark.parametrize("model", ["SPA508G", "SPA122"])
def test_unused_accounts_are_off_and_empty(family: Family, model: str) -> None:
    read = config(family, model, lines=TWO_LINES[:1])
    for n in range(2, family.models[model_key(model)].accounts + 1):
        assert read[f"Line_Enable_{n}_"] == "No"
        for name in ("User_ID", "Auth_ID", "Password", "Proxy", "Outbound_Proxy", "Display_Name"):
            assert read[f"{name}_{n}_"] == ""


def test_another_systems_second_servers_are_cleared_on_phones(family: Family) -> None:
    read = config(family, lines=TWO_LINES[:1])
    for n in range(1, 9):
        assert (read[f"Alternate_Proxy_{n}_"], read[f"Alternate_Outbound_Proxy_{n}_"]) == ("", "")
    assert "Alternate_Proxy_1_" not in config(family, "SPA122")  # in no dump of an adapter


@pytest.mark.parametrize(
    ("transport", "word", "srv", "proxy"),
    [
        (SipTransport.UDP, "UDP", "No", "pbx.example.test:5071"),
        (SipTransport.TCP, "TCP", "No", "pbx.example.test:5071"),
        (SipTransport.TLS, "TLS", "No", "pbx.example.test:5071"),
        (SipTransport.DNS_NAPTR, "UDP", "Yes", "pbx.example.test"),
    ],
)
def test_transport(
    family: Family, transport: SipTransport, word: str, srv: str, proxy: str
) -> None:
    read = config(family, settings=Settings(transport=transport, sip_port=5071))
    got = (read["SIP_Transport_1_"], read["Use_DNS_SRV_1_"], read["Proxy_1_"])
    assert got == (word, srv, proxy)


@pytest.mark.parametrize(
    ("srtp", "said"), [(Srtp.OFF, "No"), (Srtp.OPTIONAL, "Yes"), (Srtp.REQUIRED, "Yes")]
)
def test_srtp_is_one_switch_on_the_phone_and_one_a_port_on_the_adapter(
    family: Family, srtp: Srtp, said: str
) -> None:
    read = config(family, settings=Settings(srtp=srtp))
    assert (read["SRTP_Method"], read["Secure_Call_Setting"]) == ("s-descriptor", said)
    read = config(family, "SPA112", settings=Settings(srtp=srtp))
    assert (read["Secure_Call_Setting_1_"], read["Secure_Call_Serv_2_"]) == (said, said)


@pytest.mark.parametrize(
    ("dtmf", "word"),
    [(Dtmf.RFC2833, "AVT"), (Dtmf.INFO, "INFO"), (Dtmf.INBAND, "InBand"), (Dtmf.AUTO, "Auto")],
)
def test_dtmf(family: Family, dtmf: Dtmf, word: str) -> None:
    assert config(family, settings=Settings(dtmf=dtmf))["DTMF_Tx_Method_1_"] == word


def test_three_codecs_keep_their_order_and_adapters_have_no_wideband(family: Family) -> None:
    codecs = Settings(codecs=("opus", "g722", "pcma", "g726_32", "g729"))
    wanted = ("Preferred_Codec_1_", "Second_Preferred_Codec_1_", "Third_Preferred_Codec_1_")
    read = config(family, settings=codecs)
    assert [read[name] for name in wanted] == ["G722", "G711a", "G726-32"]
    on = {c for c in ("G711u", "G711a", "G722", "G729a", "G726-32")
          if read[f"{c}_Enable_1_"] == "Yes"}  # fmt: skip
    assert on == {"G722", "G711a", "G726-32", "G729a"}
    read = config(family, "SPA122", settings=codecs)
    assert [read[name] for name in wanted] == ["G711a", "G726-32", "G729a"]
    assert "G722_Enable_1_" not in read
    read = config(family, settings=Settings(codecs=("pcmu",)))
    assert [read[name] for name in wanted] == ["G711u", "Unspecified", "Unspecified"]


def test_a_shared_line_is_shared_on_its_extension(family: Family) -> None:
    read = config(family, lines=(PhoneLine(line=1, extension="201", shared=True), TWO_LINES[1]))
    assert (read["Share_Ext_1_"], read["Shared_User_ID_1_"]) == ("shared", "201")
    assert (read["Share_Ext_2_"], read["Shared_User_ID_2_"]) == ("private", "")
    assert key_of(read, 1) == ("1", "201", "shared", "")
    read = config(family, buttons=(button(5, "shared_line", line=2),))
    assert (read["Share_Ext_2_"], key_of(read, 5)[:3:2]) == ("shared", ("2", "shared"))


def test_other_letters_are_spelled_in_ascii(family: Family) -> None:
    read = config(family, buttons=(button(3, "blf", "205"),), name="Empfang 日本")
    assert key_of(read, 3)[1] == "Bob Muller"
    assert read["Station_Name"] == "Empfang ??"


# --- keys -------------------------------------------------------------------------------------

ON_KEY_3 = [
    ("blf", "205", "Bob", "fnc=blf+sd+cp;sub=205@$PROXY;ext=205@$PROXY;nme=Bob"),
    ("park", "701", "Park1", "fnc=blf+sd;sub=701@$PROXY;ext=701@$PROXY;nme=Park1"),
    ("personal_park", "", "Hold", "fnc=sd;ext=*68@$PROXY;nme=Hold"),
    ("speed_dial", "18005550100", "Supplier", "fnc=sd;ext=18005550100@$PROXY;nme=Supplier"),
    ("speed_dial", "bob@sip.example.test", "B", "fnc=sd;ext=bob@sip.example.test;nme=B"),
    ("queue_login", "", "Queue in", "fnc=sd;ext=*81@$PROXY;nme=Queue in"),
    ("queue_logout", "400", "Out", "fnc=sd;ext=*82400@$PROXY;nme=Out"),
    ("queue_toggle", "", "Q", "fnc=sd;ext=*83@$PROXY;nme=Q"),
    ("timeframe_toggle", "5", "Night", "fnc=sd;ext=*285@$PROXY;nme=Night"),
    ("move_call", "", "Move", "fnc=sd;ext=*86@$PROXY;nme=Move"),
    ("voicemail", "", "VM", "fnc=sd;ext=*97@$PROXY;nme=VM"),
    ("group_pickup", "", "Pick", "fnc=sd;ext=*80@$PROXY;nme=Pick"),
    ("directed_pickup", "205", "Pick", "fnc=sd;ext=*8205@$PROXY;nme=Pick"),
    ("intercom", "205", "Talk", "fnc=sd;ext=*84205@$PROXY;nme=Talk"),
    ("paging", "800", "All", "fnc=sd;ext=800@$PROXY;nme=All"),
    ("directory", "", "Book", f"fnc=xml;url={BASE}directory.xml;nme=Book"),
    ("directory_cascade", "", "Books", f"fnc=xml;url={BASE}directory.xml;nme=Books"),
    ("url", "http://x.test/a?b=1;c=2", "U", "fnc=xml;url=http://x.test/a?b=1%3Bc=2;nme=U"),
]


@pytest.mark.parametrize(("kind", "value", "label", "function"), ON_KEY_3)
def test_every_kind_has_its_function_string(
    family: Family, kind: str, value: str, label: str, function: str
) -> None:
    read = config(
        family,
        buttons=(button(3, kind, value, label), button(2, kind, value, label, module=2)),
        sidecars=("SPA500S", "SPA500S"),
    )
    assert key_of(read, 3) == ("Disabled", label, "private", function)
    assert read["Unit_2_Key_2"] == function  # no underscore at the end, unlike later phones


def test_a_key_on_another_line_says_so(family: Family) -> None:
    read = config(family, buttons=(button(3, "speed_dial", "9", "X", line=2),))
    assert key_of(read, 3)[3] == "fnc=sd;ext=9@$PROXY;vid=2;nme=X"


def test_lines_come_first_and_free_keys_are_empty(family: Family) -> None:
    read = config(
        family, buttons=(button(1, "line", line=2), button(4, "line", label="Me", line=1))
    )
    assert key_of(read, 1) == ("2", "202", "private", "")
    assert key_of(read, 4) == ("1", "Me", "private", "")
    for n in (2, 3, 5, 6, 7, 8):
        assert key_of(read, n) == ("Disabled", "", "private", "")
    assert "Extension_9_" not in read


def test_the_only_line_key_of_small_models_is_line_1(family: Family) -> None:
    for model in ("SPA301", "SPA502G", "SPA512G", "SPA921"):
        assert key_of(config(family, model), 1) == ("1", "201", "private", "")
    assert "Extension_1_" not in config(family, "SPA122")


@pytest.mark.parametrize("console", ["SPA500S", "SPA500DS"])
def test_attached_consoles_are_on_and_their_free_keys_empty(family: Family, console: str) -> None:
    read = config(family, sidecars=(console,), buttons=(button(1, "blf", "210", module=1),))
    assert (read["Unit_1_Enable"], read["Unit_2_Enable"]) == ("Yes", "No")
    assert read["Unit_1_Key_1"].startswith("fnc=blf+sd+cp;sub=210@$PROXY;")
    assert [read[f"Unit_1_Key_{n}"] for n in range(2, 31)] == [""] * 29
    assert "Unit_2_Key_1" not in read
    assert (read["Server_Type"], read["Subscribe_Expires"]) == ("Asterisk", "1800")
    assert "Unit_1_Enable" not in config(family, "SPA303")


@pytest.mark.parametrize(
    ("code", "dialled", "call_pickup", "function"),
    [
        ("*8{value}", "*8#", "*8", "blf+sd+cp"),
        ("**{value}", "**#", "**", "blf+sd+cp"),
        ("*8", "", "", "blf+sd"),
        ("{value}*8", "", "", "blf+sd"),
        ("#8{value}", "", "#8", "blf+sd"),
    ],
)
def test_the_pickup_of_a_watched_number(
    family: Family, code: str, dialled: str, call_pickup: str, function: str
) -> None:
    settings = Settings(feature_codes=(("pickup", code),))
    read = config(family, settings=settings, buttons=(button(3, "blf", "205", "Bob"),))
    assert read["Attendant_Console_Call_Pickup_Code"] == dialled
    assert read["Call_Pickup_Code"] == call_pickup
    assert read["Attendant_Console_Call_Park_Code"] == ""  # not the factory's *68
    assert key_of(read, 3)[3].startswith(f"fnc={function};sub=205@")


@pytest.mark.parametrize(
    "kind",
    ["dtmf", "record", "dnd", "forward", "conference", "transfer", "hold", "redial", "prefix",
     "lock"],
)  # fmt: skip
def test_kinds_without_a_form_leave_the_key_empty_and_say_why(family: Family, kind: str) -> None:
    wanted = button(3, kind, "1")
    assert key_of(config(family, buttons=(wanted,)), 3) == ("Disabled", "", "private", "")
    found = fit(
        family, family.models["spa508g"], phone_of("SPA508G", buttons=(wanted,)), {"record": "1"}
    )
    assert [finding.severity for finding in found] == ["warning"]


@pytest.mark.parametrize("model", ["SPA501G", "SPA942", "SPA962"])
@pytest.mark.parametrize("kind", ["directory", "directory_cascade", "url"])
def test_a_phone_that_shows_no_pages_has_no_keys_for_them(
    family: Family, model: str, kind: str
) -> None:
    read = config(family, model, buttons=(button(3, kind, "http://x.test/"),))
    assert key_of(read, 3) == ("Disabled", "", "private", "")
    assert read["XML_Directory_Service_URL"] == ""


SMUGGLED = ["205;nme=Boss;fnc=dnd", "1;vid=9", "$PASSWORD|x", "1\uff1bfnc\uff1dsd\uff04USER"]


@pytest.mark.parametrize("hostile", [*HOSTILE, *SMUGGLED])
def test_no_value_or_label_can_add_a_field(family: Family, hostile: str) -> None:
    kinds = [kind for kind, *_ in ON_KEY_3]
    read = config(
        family,
        buttons=tuple(
            button(n, kind, hostile, hostile, module=1) for n, kind in enumerate(kinds, 1)
        ),
        sidecars=("SPA500S",),
        settings=Settings(voicemail_number=hostile),
    )
    for n, (kind, _, _, example) in enumerate(ON_KEY_3, 1):
        function = read[f"Unit_1_Key_{n}"]
        fields = [field.partition("=")[0] for field in function.split(";") if field]
        allowed = [field.partition("=")[0] for field in example.split(";")]
        assert set(fields) <= {*allowed, "nme"}, function
        assert len(set(fields)) == len(fields), function
        if kind != "url":
            assert function.count("$") == function.count("@$PROXY")
            assert not set(function.partition(";nme=")[2]) & set(";=,|<>$")


# --- codes, dial plan, time -------------------------------------------------------------------


def test_no_star_code_of_the_device_is_left(family: Family) -> None:
    codes = [(f"code_{n}", f"{star}0") for n, star in enumerate(family.manifest.star_codes)]
    assert star_code_findings(family, codes) == ()
    ours = {"Call_Pickup_Code", "Group_Call_Pickup_Code", "Attendant_Console_Call_Pickup_Code"}
    for model, some in (("SPA508G", "Call_Park_Code"), ("SPA122", "Modem_Line_Toggle_Code")):
        read = config(family, model)
        assert some in read
        left = {k for k, v in read.items() if k.endswith("_Code") and v and k not in ours}
        assert not left
    assert config(family)["Group_Paging_Script"] == ""  # 800 is the domain's
    assert config(family)["Group_Call_Pickup_Code"] == "*80"


def test_the_dial_plan_lets_everything_pass_and_an_own_one_is_escaped(family: Family) -> None:
    plan = config(family)["Dial_Plan_1_"]
    patterns = [p.replace("*", r"\*").replace("x.", r"\d*").replace("x", r"\d")
                for p in plan.strip("()").split("|")]  # fmt: skip
    for number in ("112", "911", "933", "201", "*97", "*8103", "**103", "#72", "0012125550100"):
        assert any(re.fullmatch(pattern, number) for pattern in patterns), number
    own = "(<9,:>1xxxxxxxxxx|<:1650>xxxxxxxS0 & more)"
    out = render(family, overrides=[Applied(key="Dial_Plan_1_", value=own, layer="domain")])
    assert b"<Dial_Plan_1_>(&lt;9,:&gt;1xxxxxxxxxx|&lt;:1650&gt;xxxxxxxS0 &amp; more)<" in out.body
    assert elements(out.body)["Dial_Plan_1_"] == own


NEW_YORK = "start=3/8/7/2:0:0;end=11/1/7/2:0:0;save=1:0:0"
BERLIN = "start=3/-1/7/2:0:0;end=10/-1/7/3:0:0;save=1:0:0"


@pytest.mark.parametrize(
    ("zone", "name", "rest", "rule", "adapter"),
    [
        ("America/New_York", "GMT-05:00", "", NEW_YORK, "-05 2 1"),
        ("America/Chicago", "GMT-06:00", "", NEW_YORK, "-06 2 1"),
        ("America/Denver", "GMT-07:00", "", NEW_YORK, "-07 2 1"),
        ("America/Phoenix", "GMT-07:00", "", "", "-07 1 0"),
        ("America/Los_Angeles", "GMT-08:00", "", NEW_YORK, "-08 1 1"),
        ("America/St_Johns", "GMT-03:30", "", NEW_YORK, "-03.5 1 1"),
        ("America/Sao_Paulo", "GMT-03:00", "", "", "-03 1 0"),
        ("America/Mexico_City", "GMT-06:00", "", "", "-06 1 0"),
        (
            "Europe/London",
            "GMT",
            "",
            "start=3/-1/7/1:0:0;end=10/-1/7/2:0:0;save=1:0:0",
            "+00 2 2",
        ),
        ("Europe/Berlin", "GMT+01:00", "", BERLIN, "+01 2 2"),
        (
            "Europe/Athens",
            "GMT+02:00",
            "",
            "start=3/-1/7/3:0:0;end=10/-1/7/4:0:0;save=1:0:0",
            "+02 2 2",
        ),
        ("Europe/Istanbul", "GMT+03:00", "", "", "+03 1 0"),
        ("Asia/Kabul", "GMT+04:00", "00/30", "", "+04 1 0"),
        ("Asia/Kolkata", "GMT+05:30", "", "", "+05.5 1 0"),
        ("Asia/Tokyo", "GMT+09:00", "", "", "+09 1 0"),
        (
            "Australia/Sydney",
            "GMT+10:00",
            "",
            "start=10/1/7/2:0:0;end=4/1/7/3:0:0;save=1:0:0",
            "+10 2 4",
        ),
        (
            "Australia/Lord_Howe",
            "GMT+10:00",
            "00/30",
            "start=10/1/7/2:0:0;end=4/1/7/2:0:0;save=0:30:0",
            "+10 1 0",
        ),
        (
            "Pacific/Auckland",
            "GMT+12:00",
            "",
            "start=9/-1/7/2:0:0;end=4/1/7/3:0:0;save=1:0:0",
            "+12 2 4",
        ),
        ("Pacific/Kiritimati", "GMT+13:00", "01/00", "", "+12 1 0"),
    ],
)
def test_time_zones(
    family: Family, zone: str, name: str, rest: str, rule: str, adapter: str
) -> None:
    read = config(family, settings=Settings(time_zone=zone))
    assert (read["Time_Zone"], read["Time_Offset__HH_mm_"]) == (name, rest)
    assert read["Daylight_Saving_Time_Enable"] == ("Yes" if rule else "No")
    assert read.get("Daylight_Saving_Time_Rule", "") == rule
    assert (read["NTP_Enable"], read["Ignore_DHCP_Time_Offset"]) == ("Yes", "Yes")
    read = config(family, "SPA122", settings=Settings(time_zone=zone))
    assert read[f"{ROUTER}Time_Setup/Time_Zone"] == adapter
    summer = bool(rule) and adapter[-1] != "0"
    assert read[f"{ROUTER}Time_Setup/Auto_Adjust_Clock"] == ("1" if summer else "0")
    assert read[f"{ROUTER}Time_Setup/Time_Server_Mode"] == "manual"
    assert read[f"{ROUTER}Time_Setup/Time_Server"] == "pool.ntp.org"
    assert "Time_Zone" not in read


def test_languages_come_as_an_asset_for_the_series(family: Family) -> None:
    german = Settings(language="de-AT")
    for model, series in (("SPA504G", "spa50x"), ("SPA525G2", "spa525"), ("SPA942", "spa9xx")):
        read = config(family, model, settings=german)
        script = f"serv={BASE}assets/;d1=German;x1=de-DE_{series}.xml"
        assert read["Dictionary_Server_Script"] == script
        assert (read["Language_Selection"], read["Locale"]) == ("German", "de-DE")
    read = config(family, "SPA501G", settings=german)  # no screen
    assert (read["Dictionary_Server_Script"], read["Language_Selection"]) == ("", "English")
    assert config(family, "SPA525G")["Language_Selection"] == "English-US"
    assert (config(family)["Time_Format"], config(family)["Date_Format"]) == ("12hr", "month/day")


def test_vlans_of_phones_and_of_adapters(family: Family) -> None:
    assert not [key for key in config(family) if "VLAN" in key]
    assert not [key for key in config(family, "SPA122") if "VLAN" in key]
    tagged = Settings(vlan_phone=100, vlan_pc=20)
    read = config(family, settings=tagged)
    names = ("Enable_VLAN", "VLAN_ID", "Enable_PC_Port_VLAN_Tagging", "PC_Port_VLAN_ID",
             "Enable_CDP")  # fmt: skip
    assert [read[name] for name in names] == ["Yes", "100", "Yes", "20", "No"]
    read = config(family, settings=Settings(vlan_phone=0))
    assert [read.get(name) for name in names] == ["No", None, "No", None, "Yes"]
    read = config(family, "SPA122", settings=tagged)
    section = f"{ROUTER}WAN_VLAN_Setting/"
    assert [read[section + name] for name in ("WAN_VLAN_Enable", "WAN_VLAN_ID")] == ["1", "100"]
    assert read[f"{ROUTER}CLDP_Setting/CDP_ENABLE"] == "0"


# --- the adapters' router section -------------------------------------------------------------


def test_an_adapter_keeps_its_password_in_the_router_section(family: Family) -> None:
    long = Settings(phone_admin_password=Secret("0123456789" * 4))
    read = config(family, "SPA122", settings=long)
    assert read[f"{ROUTER}Web_Login_Admin_Name"] == "admin"
    assert read[f"{ROUTER}Web_Login_Admin_Password"] == ("0123456789" * 4)[:32]
    assert read[f"{ROUTER}Web_Login_Guest_Password"] == ("0123456789" * 4)[:32]
    assert "Admin_Passwd" not in read
    bare = config(family, "SPA122", settings=Settings(phone_admin_password=Secret("")))
    assert not [key for key in bare if "Web_Login" in key]
    assert read[f"{ROUTER}TR_069/TR_069_Status"] == "0"


def test_overrides_find_their_section(family: Family) -> None:
    values = {
        "FXS_Port_Impedance": "900",
        f"{ROUTER}Router_Mode": "0",
        f"{ROUTER}Time_Setup/Time_Zone": "+09 1 0",
        f"{ROUTER}Time_Setup/Resync_Timer": "7200",
        f"{ROUTER}WAN_VLAN_Setting/WAN_VLAN_ID": "7",
        f"{ROUTER}Log_Configuration/Syslog_Server_IP": "192.0.2.9",
        f"{ROUTER}SNMP/SNMP_Enabled": "0",
    }
    layer = [Applied(key=key, value=value, layer="domain") for key, value in values.items()]
    out = render(family, "SPA122", overrides=layer)
    assert values.items() <= elements(out.body).items()
    assert out.record.leftovers == ()
    assert b"<SNMP>" not in render(family, "SPA122").body
    found = findings(values.items(), family.manifest, tuple(family.renderer.keys()), admin=True)
    assert found == ()
    assert is_protected(f"{ROUTER}Web_Login_Admin_Password", family.manifest)


@pytest.mark.parametrize(
    ("route", "proxy", "said"),
    [
        (ResyncRoute.VIA_PROXY, "", "Yes"),
        (ResyncRoute.DIRECT, "", "No"),
        (ResyncRoute.VIA_PROXY, "proxy.example.test", "No"),
    ],
)
def test_adapters_listen_to_the_registrar_alone_where_our_notify_comes_through_it(
    family: Family, route: ResyncRoute, proxy: str, said: str
) -> None:
    read = config(family, "SPA112", settings=Settings(resync_route=route, outbound_proxy=proxy))
    assert (read["Restrict_Source_IP_1_"], read["Auth_Resync-Reboot_1_"]) == (said, "Yes")


# --- provisioning -----------------------------------------------------------------------------


def test_polls_are_spread_and_can_be_off(family: Family) -> None:
    periods = {
        int(config(family, mac=Mac(f"000e08aabb{n:02x}"))["Resync_Periodic"]) for n in range(16)
    }
    assert len(periods) > 12
    assert all(0.9 * 86400 <= period <= 86400 for period in periods)
    assert config(family, settings=Settings(poll_minutes=0))["Resync_Periodic"] == "0"
    assert config(family)["Resync_At__HHmm_"] == ""  # a time of day would outrank the period


def test_admin_password_firmware_and_notify(family: Family) -> None:
    read = config(family, settings=Settings(firmware=(("Cisco SPA508G", "spa50x-7-6-2.bin"),)))
    assert read["Admin_Passwd"] == read["Admin_Password"] == "Adm1n-Pass-8"
    assert (read["Upgrade_Enable"], read["Upgrade_Rule"]) == (
        "Yes",
        f"{BASE}assets/spa50x-7-6-2.bin",
    )
    assert config(family)["Upgrade_Rule"] == ""
    assert (read["Resync_From_SIP"], read["Auth_Resync-Reboot_3_"]) == ("Yes", "Yes")
    assert (read["SPCP_Auto-detect"], read["SPA525-protocol"]) == ("No", "SIP")
    resync = family.manifest.resync
    assert (resync.event, resync.reboot_event, resync.trusted_from) == (
        "resync",
        "reboot_now",
        "registrar",
    )
    bare = config(family, settings=Settings(phone_admin_password=Secret("")))
    assert not {"Admin_Passwd", "Admin_Password"} & set(bare)  # an empty one would open the phone


def test_a_phone_is_never_sent_to_a_certificate_that_it_cannot_check(family: Family) -> None:
    only = PublicUrls(https="https://prov.example.test/")
    read = config(family, urls=only)
    assert not {"Profile_Rule", "GPP_P", "DHCP_Option_To_Use"} & set(read)
    assert read["XML_Directory_Service_URL"] == ""
    tftp = config(family, urls=PublicUrls(tftp="tftp://prov.example.test/"))
    assert tftp["Profile_Rule"] == f"tftp://prov.example.test/p/{TOKEN}/$MA.xml"


def test_the_models_file_is_the_same_for_all_and_holds_nothing_of_a_tenant(family: Family) -> None:
    body = model_file(family)
    assert body == model_file(family, "SPA122")
    assert set(elements(body)) == {
        "Profile_Rule_B",
        "Resync_On_Reset",
        "Resync_Error_Retry_Delay",
    }
    assert TOKEN.encode() not in body


class RuleReader:
    """A device's resync as the guides tell it: the rules in order, conditions, macros, a failure
    ends the sequence. `dhcp` is the rule that option 66 or 160 hands out; `dhcp_wins` is the
    reading in which it goes before a rule that a file set."""

    def __init__(self, family: Family, dhcp: str, *, dhcp_wins: bool) -> None:
        self.family, self.dhcp, self.dhcp_wins = family, dhcp, dhcp_wins
        self.memory = {"Profile_Rule": "/spa$PSN.cfg"}
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
        macros = {"MA": MAC, "PSN": "508G"}
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
        if name == "spa508G.cfg":
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
    phone = RuleReader(family, f"{ENROL}spa$PSN.cfg", dhcp_wins=dhcp_wins)
    assert phone.resync() == [f"{ENROL}spa508G.cfg", f"{ENROL}{MAC}.xml"]
    detour = [f"{ENROL}spa508G.cfg"] if dhcp_wins else []
    for _ in range(3):
        assert phone.resync() == [*detour, f"{BASE}{MAC}.xml"]
    assert phone.closed
    assert phone.memory["Profile_Rule"] == f"{BASE}$MA.xml"
    assert phone.memory["DHCP_Option_To_Use"] == phone.memory["Profile_Rule_B"] == ""


def test_a_phone_of_nobody_keeps_asking_and_is_enrolled_once_it_is_known(family: Family) -> None:
    phone = RuleReader(family, f"{ENROL}spa$PSN.cfg", dhcp_wins=False)
    phone.closed = True
    assert phone.resync() == [f"{ENROL}spa508G.cfg", f"{ENROL}{MAC}.xml 404"]
    assert phone.memory["Resync_Error_Retry_Delay"].startswith("60+30,")
    phone.closed = False
    assert phone.resync()[-1] == f"{ENROL}{MAC}.xml"


@pytest.mark.parametrize(
    ("name", "rule", "mac"),
    [
        (f"/{MAC}.xml", "config", MAC),
        (f"p/{TOKEN}/{MAC.upper()}.XML", "config", MAC),
        ("00:0e:08:aa:bb:cc.xml", "config", MAC),
        ("/spa504G.cfg", "enrol", None),
        ("spa504g.cfg", "enrol", None),
        ("\\spa525G2.cfg", "enrol", None),
        ("/spa122.cfg", "enrol", None),
        ("ata192.cfg", "enrol", None),
        (f"p/{TOKEN}/directory.xml", "directory", None),
        ("SEP000E08AABBCC.cnf.xml", "sccp", MAC),
        ("CTLSEP000E08AABBCC.tlv", "sccp-trust", MAC),
        ("XMLDefault.cnf.xml", "sccp-default", None),
        ("spa2102.cfg", None, None),
        ("init.cfg", None, None),
        ("000000000000.xml", None, None),
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
        ("sccp-trust", 404, ""),
        ("sccp", 404, ""),
        ("sccp-default", 404, ""),
        ("enrol", 200, ""),
        ("config", 200, "Profile_Rule_B"),
    ]
    rules = {rule.id: rule for rule in family.manifest.file}
    assert not any(rule.conditional for rule in rules.values())  # 304 is a failure to the phone
    assert [name for name, rule in rules.items() if rule.proves_current] == ["config"]
    assert {name for name, rule in rules.items() if rule.secret} == {"config", "directory"}
    served = [rule for rule in rules.values() if rule.template]
    assert all(rule.ascii_only for rule in served)


@pytest.mark.parametrize(
    ("text", "model", "version", "mac"),
    [
        ("Cisco/SPA501G-7.4.4 (8843E157DDCC)(CBT141100HR)", "SPA501G", "7.4.4", "8843E157DDCC"),
        ("Cisco/SPA508G-7.4.8a (0002FDFF2103)(CBT141400UK)", "SPA508G", "7.4.8a", "0002FDFF2103"),
        ("Cisco/SPA525G-7.4.7 (CBT141900G7)", "SPA525G", "7.4.7", None),
        ("Linksys/SPA-942-6.1.5(a) (88019FA42805)", "SPA942", "6.1.5(a)", None),
        ("Linksys/SPA-962-6.1.5(a) (4MM00F903042)", "SPA962", "6.1.5(a)", None),
        ("Cisco-CP-8841-3PCC/11.0 (00562b043615)", None, "", None),
    ],
)
def test_user_agents_and_a_serial_number_is_no_mac(
    family: Family, text: str, model: str | None, version: str, mac: str | None
) -> None:
    groups = [found.groupdict() for p in family.user_agents if (found := p.search(text))]
    assert len(groups) == (1 if model else 0)
    for group in groups:
        assert family.models[model_key(group["model"])].name == model
        assert (group["version"], group.get("mac")) == (version, mac)


# --- directory --------------------------------------------------------------------------------

PEOPLE = tuple(DirectoryEntry(name=f"Person {n:03}", number=f"{1000 + n}") for n in range(70))


def shown(body: bytes) -> list[str]:
    root = ElementTree.fromstring(body)
    assert root.tag == "CiscoIPPhoneDirectory"
    return [entry.findtext("Telephone") or "" for entry in root.iter("DirectoryEntry")]


def page(family: Family, **query: str) -> bytes:
    return render(family, file="directory", entries=PEOPLE, query=tuple(query.items())).body


def test_the_directory_comes_in_pages_of_thirty_two_behind_a_menu(family: Family) -> None:
    numbers = [entry.number for entry in PEOPLE]
    menu = ElementTree.fromstring(page(family))
    assert menu.tag == "CiscoIPPhoneMenu"
    urls = [item.findtext("URL") for item in menu.iter("MenuItem")]
    assert urls == [f"{BASE}directory.xml?page={n}" for n in (1, 2, 3)]
    assert menu.findtext("MenuItem/Name") == "Person 000 - Person 031"
    assert shown(page(family, page="1")) == numbers[:32]
    assert shown(page(family, page="3")) == shown(page(family, page="99")) == numbers[64:]
    for wrong in ("0", "-1", "x", "9" * 300):
        assert shown(page(family, page=wrong)) == numbers[:32]


def test_a_small_directory_is_one_list_in_ascii(family: Family) -> None:
    entries = (
        DirectoryEntry(name="Bob & Söhne \uff1cGmbH\uff1e", number="+49 30 1"),
        DirectoryEntry(name="Carol", number="205"),
    )
    body = render(family, file="directory", entries=entries).body
    assert body.isascii()
    assert shown(body) == ["+49 30 1", "205"]
    assert ElementTree.fromstring(body).findtext("DirectoryEntry/Name") == "Bob & Sohne <GmbH>"
    assert shown(render(family, file="directory", entries=()).body) == []


def test_a_phone_without_directory_has_none(family: Family) -> None:
    read = config(family, directory=None)
    assert (read["XML_Directory_Service_URL"], read["XML_Directory_Service_Name"]) == ("", "")
    assert config(family)["XML_Directory_Service_URL"] == f"{BASE}directory.xml"


def test_the_directory_is_fetched_with_the_log_in_of_the_phone(family: Family) -> None:
    urls = replace(URLS, passwords=b"key")
    read = config(family, urls=urls)
    assert read["XML_User_Name"] == MAC
    assert read["XML_Password"] == urls.password(Secret(TOKEN)).reveal() != ""
    for without in (
        config(family),
        config(family, urls=urls, directory=None),
        config(family, "SPA942", urls=urls),  # shows no pages
    ):
        assert not {"XML_User_Name", "XML_Password"} & without.keys()
