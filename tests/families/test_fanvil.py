"""What Fanvil phones are told, against values worked out by hand from public sources."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from provisiond.catalog.build import build_context
from provisiond.catalog.family import Family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import Applied, findings, is_protected
from provisiond.catalog.placing import phone_slots
from provisiond.catalog.render import Rendered
from provisiond.catalog.shelf import Shelf
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
TOKEN = "abcdefghijklmnopqrstuvwxyz"
BASE = f"https://prov.example.test/p/{TOKEN}/"
BOOK = f"{BASE}directory-0c383eaabbcc.xml"
LIST = "SIP_CONFIG_MODULE/SIP_Line_List/SIP"
UPDATE = "AUTOUPDATE_CONFIG_MODULE/"
PUBLIC = PublicUrls(https="https://prov.example.test/", http="http://prov.example.test/")
SETTINGS = Settings(
    sip_server="pbx.example.test",
    voicemail_number="*97",
    time_zone="America/New_York",
    phone_admin_password=Secret("AlnumSecret1"),
    feature_codes=(
        ("pickup", "*8{value}"),
        ("queue_login", "*81"),
        ("queue_logout", "*82"),
        ("queue_toggle", "*83"),
        ("timeframe_toggle", "*28{value}"),
        ("move_call", "*86"),
        ("personal_park", "*68"),
        ("group_pickup", "*80"),
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
}


@pytest.fixture
def shelf(shipped_shelf: Shelf) -> Shelf:
    return shipped_shelf


@pytest.fixture
def sysconf(shelf: Shelf) -> Family:
    return shelf.families["fanvil/sysconf"]


@pytest.fixture
def modules(shelf: Shelf) -> Family:
    return shelf.families["fanvil/modules"]


def button(key: int, kind: str, value: str = "", label: str = "K", **where: int) -> Button:
    return Button(
        module=where.get("module", 0),
        key=key,
        kind=ButtonKind(kind),
        line=where.get("line"),
        value=value,
        label=label,
    )


def render(
    family: Family,
    model: str,
    file: str = "config",
    *,
    settings: Settings = Settings(),
    lines: Sequence[PhoneLine] | None = None,
    buttons: Sequence[Button] = (),
    sidecars: tuple[str, ...] = (),
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
    directory: str | None = "company",
    urls: PublicUrls = PUBLIC,
    revision: int = 1,
    year: int = 2027,
) -> Rendered:
    rule = family.rule(file)
    if lines is None:
        lines = (PhoneLine(line=1, extension="201"), PhoneLine(line=2, extension="202"))
    phone = Phone(
        mac=Mac("0c383eaabbcc"),
        model=f"Fanvil {model}",
        lines=tuple(lines),
        buttons=tuple(buttons),
        sidecars=sidecars,
        directory=directory,
        token=Secret(TOKEN),
    )
    domain = DomainFacts(
        domain_id=1,
        name="pbx.example.test",
        epoch=1,
        settings=inherit(BUILT_IN, SETTINGS, settings),
        users=USERS,
    )
    context = build_context(
        family=family,
        model=family.models[model_key(model)],
        facts=PhoneFacts(
            domain=domain, phone=phone, phone_id=1, epoch=1, users=USERS, directory=entries
        ),
        rule=rule,
        urls=urls,
        year=year,
        revision=revision,
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def xml(family: Family, model: str = "X5U", **wanted: object) -> dict[str, str]:
    """The XML as a phone reads it: path with indexes to text."""
    found: dict[str, str] = {}

    def walk(element: etree._Element, path: str) -> None:
        for child in element:
            index = child.get("index")
            step = f"{path}{child.tag!s}" + (f"[{index}]" if index else "")
            if len(child):
                walk(child, f"{step}/")
            else:
                assert step not in found, step
                found[step] = child.text or ""

    body = render(family, model, **wanted).body  # type: ignore[arg-type]
    root = etree.fromstring(body)
    assert root.tag == "sysConf"
    walk(root, "")
    return found


def text(family: Family, model: str = "X4", **wanted: object) -> dict[str, str]:
    """The text as a phone reads it: module, list and name to value."""
    body = render(family, model, **wanted).body.decode("ascii")  # type: ignore[arg-type]
    assert body.endswith("<<END OF FILE>>\r\n")
    found: dict[str, str] = {}
    place = ""
    for line in body.split("\r\n")[1:]:
        assert "\n" not in line
        module, part = re.match(r"<([A-Z0-9 ]+)>$", line), re.match(r"--(.+?)-- *:$", line)
        if module:
            place = module[1]
        elif part:
            place = f"{place.partition('/')[0]}/{part[1]}"
        elif ":" in line:
            name, _, value = line.partition(":")
            found[f"{place}/{name.rstrip()}".replace(" ", "_")] = value
    return found


def fkey(read: Mapping[str, str], place: str) -> tuple[str, ...]:
    return tuple(read[f"dsskey/{place}/{part}"] for part in ("Type", "Value", "Title"))


def old_key(read: Mapping[str, str], n: int) -> tuple[str, ...]:
    place = f"PHONE_CONFIG_MODULE/Function_Key/Fkey{n}_"
    return tuple(read[place + part] for part in ("Type", "Value", "Title"))


# --- the format ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("revision", "ten", "four"),
    [
        (1, "2.1001000000", "2.1001"),
        (42, "2.1042000000", "2.1042"),
        (8999, "2.9999000000", "2.9999"),
        (9000, "3.0000000000", "3.0000"),
    ],
)
def test_the_number_of_a_file_rises_in_the_digits_that_any_phone_reads(
    sysconf: Family, modules: Family, revision: int, ten: str, four: str
) -> None:
    assert xml(sysconf, revision=revision)["Version"] == ten
    first = render(modules, "X4", revision=revision).body.split(b"\r\n")[0]
    assert first.rstrip() == f"<<VOIP CONFIG FILE>>Version:{four}".encode()
    assert len(first) == 62


def test_numbers_rise_as_text_as_float_and_as_four_digits(sysconf: Family) -> None:
    numbers = [xml(sysconf, revision=n)["Version"] for n in (1, 2, 9, 10, 99, 100, 999, 1000)]
    assert numbers == sorted(numbers)
    assert [float(n[:6]) for n in numbers] == sorted({float(n[:6]) for n in numbers})
    assert min(numbers) > "2.0002"  # what other servers ship, and a phone may have stored


def test_files_are_also_compared_by_content(sysconf: Family, modules: Family) -> None:
    assert xml(sysconf)["mt/AutoServerDigest"] == "1"
    assert text(modules)[f"{UPDATE}Auto_Server_Digest"] == "1"
    for family in (sysconf, modules):
        assert family.rule("config").revision
        assert family.rule("config").proves_current


def test_text_is_ascii_with_crlf_and_names_fill_their_columns(modules: Family) -> None:
    lines = render(modules, "X4").body.split(b"\r\n")
    assert b"<SIP CONFIG MODULE>" in lines
    assert b"--SIP Line List--  :" in lines
    assert b"SIP1 Phone Number  :201" in lines
    assert b"Download CommonConf:0" in lines
    assert all(b"\n" not in line for line in lines)


# --- accounts -----------------------------------------------------------------------------------


def test_a_line_becomes_an_account(sysconf: Family) -> None:
    read = xml(sysconf)
    expected = {
        "EnableReg": "1",
        "PhoneNumber": "201",
        "DisplayName": "Ann Example",
        "SipName": "201",
        "RegisterAddr": "pbx.example.test",
        "RegisterPort": "5060",
        "RegisterUser": "auth201",
        "RegisterPswd": "s3cret-1",
        "RegisterTTL": "600",
        "Transport": "0",
        "TLSVersion": "2",
        "ProxyAddr": "",
        "ProxyUser": "",
        "ProxyPswd": "",
        "MediaCrypto": "0",
        "SRTPAuth-Tag": "0",
        "DTMFMode": "1",
        "NATUDPUpdate": "2",
        "UDPUpdateTTL": "30",
        "Subscribe": "1",
        "MWINum": "*97",
        "PickupNum": "*8",
        "EnableSCA": "0",
        "SvcCodeMode": "0",
    }
    assert {name: read[f"sip/line[1]/{name}"] for name in expected} == expected
    assert read["sip/line[2]/RegisterUser"] == "202"


def test_a_line_becomes_an_account_in_text(modules: Family) -> None:
    read = text(modules)
    expected = {
        "Enable_Reg": "1",
        "Phone_Number": "201",
        "Display_Name": "Ann Example",
        "Sip_Name": "201",
        "Register_Addr": "pbx.example.test",
        "Register_Port": "5060",
        "Register_User": "auth201",
        "Register_Pswd": "s3cret-1",
        "Register_TTL": "600",
        "Transport": "0",
        "Media_Crypto": "0",
        "DTMF_Mode": "1",
        "NAT_UDPUpdate": "2",
        "UDPUpdate_TTL": "30",
        "MWI_Num": "*97",
        "Pickup_Num": "*8",
        "Enable_SCA": "0",
    }
    assert {name: read[f"{LIST}1_{name}"] for name in expected} == expected


def test_unused_accounts_are_off_and_empty(sysconf: Family, modules: Family) -> None:
    read = xml(sysconf)
    for n in range(3, 17):
        assert read[f"sip/line[{n}]/EnableReg"] == "0"
        for name in ("PhoneNumber", "DisplayName", "RegisterUser", "RegisterPswd", "RegisterAddr"):
            assert read[f"sip/line[{n}]/{name}"] == ""
    assert "sip/line[17]/EnableReg" not in read
    old = text(modules)
    for n in (3, 4):
        assert old[f"{LIST}{n}_Enable_Reg"] == "0"
        assert old[f"{LIST}{n}_Register_Pswd"] == ""


def test_lines_that_only_some_sources_know_are_cleared_too(sysconf: Family) -> None:
    read = xml(sysconf, "X3U Pro")
    assert read["sip/line[6]/EnableReg"] == "0"
    assert read["sip/line[6]/RegisterPswd"] == ""
    lines = tuple(PhoneLine(line=n, extension="201") for n in (1, 6))
    assert xml(sysconf, "X3U Pro", lines=lines)["sip/line[6]/EnableReg"] == "1"


def test_an_outbound_proxy_gets_the_account(sysconf: Family, modules: Family) -> None:
    proxy = Settings(outbound_proxy="proxy.example.test", outbound_proxy_port=5070)
    read = xml(sysconf, settings=proxy)
    assert read["sip/line[1]/ProxyAddr"] == "proxy.example.test"
    assert read["sip/line[1]/ProxyPort"] == "5070"
    assert read["sip/line[1]/ProxyUser"] == "auth201"
    assert read["sip/line[1]/ProxyPswd"] == "s3cret-1"
    assert text(modules, settings=proxy)[f"{LIST}1_Proxy_Addr"] == "proxy.example.test"


@pytest.mark.parametrize(
    ("transport", "number", "srv", "port"),
    [
        (SipTransport.UDP, "0", "0", "5060"),
        (SipTransport.TCP, "1", "0", "5060"),
        (SipTransport.TLS, "3", "0", "5061"),
        (SipTransport.DNS_NAPTR, "0", "1", "5060"),
    ],
)
def test_transport(
    sysconf: Family, modules: Family, transport: SipTransport, number: str, srv: str, port: str
) -> None:
    wanted = Settings(transport=transport)
    read, old = xml(sysconf, settings=wanted), text(modules, settings=wanted)
    assert read["sip/line[1]/Transport"] == old[f"{LIST}1_Transport"] == number
    assert read["sip/line[1]/DNSSRV"] == read["sip/line[1]/DNSMode"] == srv
    assert old[f"{LIST}1_DNS_SRV"] == srv
    assert read["sip/line[1]/RegisterPort"] == port


@pytest.mark.parametrize(
    ("srtp", "number"), [(Srtp.OFF, "0"), (Srtp.OPTIONAL, "1"), (Srtp.REQUIRED, "2")]
)
def test_srtp(sysconf: Family, modules: Family, srtp: Srtp, number: str) -> None:
    assert xml(sysconf, settings=Settings(srtp=srtp))["sip/line[1]/MediaCrypto"] == number
    assert text(modules, settings=Settings(srtp=srtp))[f"{LIST}1_Media_Crypto"] == number


@pytest.mark.parametrize(
    ("dtmf", "number"),
    [(Dtmf.INBAND, "0"), (Dtmf.RFC2833, "1"), (Dtmf.INFO, "2"), (Dtmf.AUTO, "3")],
)
def test_dtmf(sysconf: Family, modules: Family, dtmf: Dtmf, number: str) -> None:
    assert xml(sysconf, settings=Settings(dtmf=dtmf))["sip/line[1]/DTMFMode"] == number
    assert text(modules, settings=Settings(dtmf=dtmf))[f"{LIST}1_DTMF_Mode"] == number


def test_codecs_keep_their_order(sysconf: Family, modules: Family) -> None:
    wanted = Settings(codecs=("g722", "pcma", "opus", "pcmu", "g726_32", "ilbc"))
    read, old = xml(sysconf, settings=wanted), text(modules, settings=wanted)
    assert read["sip/line[1]/VoiceCodecMap"] == "G722,PCMA,opus,PCMU,G726-32,iLBC"
    assert read["mm/capability/AudioCodecSets"] == read["sip/line[1]/VoiceCodecMap"]
    assert old[f"{LIST}1_VoiceCodecMap"] == "G722,G711A,G711U,G726-32"
    places = [old[f"DSP_CONFIG_MODULE/Port_Config/P1_Voice_Codec{n}"] for n in range(1, 7)]
    assert places == ["G722/8000", "PCMA/8000", "PCMU/8000", "G726-32/8000", "", ""]


def test_a_shared_line_is_shared_on_its_account(sysconf: Family) -> None:
    lines = (
        PhoneLine(line=1, extension="201", shared=True),
        PhoneLine(line=2, extension="202"),
    )
    read = xml(sysconf, lines=lines)
    assert (read["sip/line[1]/EnableSCA"], read["sip/line[2]/EnableSCA"]) == ("1", "0")
    read = xml(sysconf, buttons=(button(5, "shared_line", line=2),))
    assert (read["sip/line[1]/EnableSCA"], read["sip/line[2]/EnableSCA"]) == ("0", "1")


def test_without_voicemail_nothing_is_subscribed(sysconf: Family) -> None:
    read = xml(sysconf, settings=Settings(voicemail_number=""))
    assert read["sip/line[1]/Subscribe"] == "0"
    assert read["sip/line[1]/MWINum"] == ""


# --- keys ---------------------------------------------------------------------------------------

NOTHING = ("0", "", "")
KINDS = [
    ("line", "", ("2", "SIP1", "K")),
    ("shared_line", "", ("2", "SIP1", "K")),
    ("blf", "205", ("1", "205@1/bc*8205", "K")),
    ("park", "701", ("1", "701@1/c", "K")),
    ("personal_park", "", ("1", "*68@1/f", "K")),
    ("speed_dial", "5550100", ("1", "5550100@1/f", "K")),
    ("dtmf", "1,2#", ("4", "1,2#", "K")),
    ("queue_login", "", ("1", "*81@1/f", "K")),
    ("queue_logout", "", ("1", "*82@1/f", "K")),
    ("queue_toggle", "", ("1", "*83@1/f", "K")),
    ("timeframe_toggle", "9", ("1", "*289@1/f", "K")),
    ("move_call", "", ("1", "*86@1/f", "K")),
    ("directory_cascade", "", ("21", BOOK, "K")),
    ("dnd", "", ("3", "F_DND", "K")),
    ("forward", "", ("3", "F_CFWD", "K")),
    ("forward", "104", ("1", "104@1/a", "K")),
    ("record", "", ("4", "*1", "K")),
    ("voicemail", "", ("3", "F_MWI", "K")),
    ("voicemail", "*98", ("1", "*98@1/m", "K")),
    ("group_pickup", "", ("1", "*80@1/f", "K")),
    ("directed_pickup", "205", ("1", "*8205@1/f", "K")),
    ("paging", "224.0.1.80:5004", ("14", "224.0.1.80:5004/PCMU", "K")),
    ("paging", "*84", ("1", "*84@1/f", "K")),
    ("intercom", "250", ("1", "250@1/i", "K")),
    ("conference", "", NOTHING),
    ("transfer", "", ("3", "F_B_TRANSFER", "K")),
    ("transfer", "105", ("1", "105@1/bb", "K")),
    ("hold", "", ("3", "F_HOLD", "K")),
    ("redial", "", ("3", "F_REDIAL", "K")),
    ("prefix", "9", ("3", "F_PREFIX:9", "K")),
    ("directory", "", ("21", BOOK, "K")),
    ("url", "https://pbx.example.test/x?a=1&b=2", ("7", "https://pbx.example.test/x?a=1&b=2", "K")),
    ("url", "javascript:1", NOTHING),
    ("lock", "", ("3", "F_LOCK", "K")),
    ("none", "", NOTHING),
]


def test_every_kind_is_in_the_list() -> None:
    assert {kind for kind, _, _ in KINDS} == {kind.value for kind in ButtonKind}


def test_each_kind_of_button(sysconf: Family, modules: Family) -> None:
    for kind, value, expected in KINDS:
        pressed = (button(7, kind, value),)
        assert fkey(xml(sysconf, buttons=pressed), "internal[1]/Fkey[3]") == expected, kind
        wanted = list(expected)
        if kind == "url" and expected != NOTHING:
            wanted[1] = f"get:{wanted[1]}"
        assert old_key(text(modules, buttons=pressed), 7) == tuple(wanted), kind


def test_each_kind_on_an_expansion_module_under_both_names(sysconf: Family) -> None:
    for kind, value, expected in KINDS:
        read = xml(
            sysconf, "X6", sidecars=("EXP20",) * 2, buttons=(button(20, kind, value, module=2),)
        )
        assert fkey(read, "external[2]/Fkey[20]") == expected, kind
        assert fkey(read, "external[2]/exKey[20]") == expected, kind


def test_modules_are_announced_and_cleared(sysconf: Family) -> None:
    read = xml(sysconf, "X6", sidecars=("EXP20",), buttons=(button(1, "blf", "210", module=1),))
    assert read["dsskey/ExpandBoardEnable"] == "1"
    assert fkey(read, "external[1]/Fkey[1]") == ("1", "210@1/bc*8210", "K")
    assert all(fkey(read, f"external[1]/Fkey[{n}]") == NOTHING for n in range(2, 21))
    assert "dsskey/external[2]/Fkey[1]/Type" not in read
    assert xml(sysconf, "X6")["dsskey/ExpandBoardEnable"] == "0"
    assert "dsskey/ExpandBoardEnable" not in xml(sysconf, "X5U")


def test_the_worked_example_of_a_phone_with_six_keys(sysconf: Family) -> None:
    read = xml(
        sysconf,
        buttons=(
            button(5, "blf", "205", "Bob"),
            button(6, "park", "701", "Park 1"),
            button(7, "dnd", label="DND"),
            button(8, "speed_dial", "*45600", "Queue"),
        ),
    )
    assert fkey(read, "dssSide[1]/Fkey[1]") == ("2", "SIP1", "201")
    assert fkey(read, "dssSide[1]/Fkey[2]") == ("2", "SIP2", "202")
    assert fkey(read, "dssSide[1]/Fkey[3]") == fkey(read, "dssSide[1]/Fkey[4]") == NOTHING
    assert fkey(read, "internal[1]/Fkey[1]") == ("1", "205@1/bc*8205", "Bob")
    assert fkey(read, "internal[1]/Fkey[2]") == ("1", "701@1/c", "Park 1")
    assert fkey(read, "internal[1]/Fkey[3]") == ("3", "F_DND", "DND")
    assert fkey(read, "internal[1]/Fkey[4]") == ("1", "*45600@1/f", "Queue")
    for page in range(1, 6):
        for n in range(5 if page == 1 else 1, 7):
            assert fkey(read, f"internal[{page}]/Fkey[{n}]") == NOTHING
    assert "dsskey/internal[6]/Fkey[1]/Type" not in read
    assert read["dsskey/SideKeyPageNum"] == read["dsskey/FuncKeyPageNum"] == "1"
    assert read["dsskey/MemoryKeytoBXfer"] == "3"


def test_pages_are_shown_up_to_the_last_key_in_use(sysconf: Family, modules: Family) -> None:
    read = xml(sysconf, buttons=(button(34, "blf", "205"),))
    assert fkey(read, "internal[5]/Fkey[6]") == ("1", "205@1/bc*8205", "K")
    assert read["dsskey/FuncKeyPageNum"] == "5"
    assert xml(sysconf, "V64", buttons=(button(15, "dnd"),))["dsskey/SideKeyPageNum"] == "3"
    old = text(modules, buttons=(button(13, "dnd"),))
    assert old["PHONE_CONFIG_MODULE/FuncKey_Page_Num"] == "3"


def test_a_button_works_on_its_own_line(sysconf: Family) -> None:
    read = xml(sysconf, buttons=(button(5, "blf", "205", line=2), button(6, "voicemail", line=2)))
    assert read["dsskey/internal[1]/Fkey[1]/Value"] == "205@2/bc*8205"
    assert read["dsskey/internal[1]/Fkey[2]/Value"] == "*97@2/m"


def test_codes_of_the_server(sysconf: Family) -> None:
    codes = Settings(
        feature_codes=(("paging", "*84{value}"), ("intercom", "*85{value}"), ("park", "*5{value}"))
    )
    buttons = (
        button(5, "paging", "3"),
        button(6, "intercom", "104"),
        button(7, "park", "701"),
        button(8, "blf", "205"),
    )
    read = xml(sysconf, settings=codes, buttons=buttons)
    values = [read[f"dsskey/internal[1]/Fkey[{n}]/Value"] for n in range(1, 5)]
    assert values == ["*843@1/f", "*85104@1/f", "*5701@1/c", "205@1/bc*8205"]


def test_what_people_type_cannot_part_a_value(sysconf: Family, modules: Family) -> None:
    typed = (button(5, "blf", "205/bf@9 1"), button(6, "speed_dial", "sip:5@evil.test/f"))
    read, old = xml(sysconf, buttons=typed), text(modules, buttons=typed)
    assert read["dsskey/internal[1]/Fkey[1]/Value"].startswith("205bf@1/bc")
    assert read["dsskey/internal[1]/Fkey[1]/Value"].count("@") == 1
    assert read["dsskey/internal[1]/Fkey[2]/Value"] == "sip:5@1/f"
    assert old_key(old, 6)[1] == "sip:5@1/f"


def test_keys_of_a_page_that_only_one_source_knows_are_cleared(sysconf: Family) -> None:
    read = xml(sysconf, "V61G", buttons=(button(4, "dnd"),))
    assert fkey(read, "dssSide[2]/Fkey[1]") == ("3", "F_DND", "K")
    assert all(fkey(read, f"dssSide[{page}]/Fkey[4]") == NOTHING for page in range(1, 5))
    read = xml(sysconf, "V62")
    assert all(fkey(read, f"dssSide[3]/Fkey[{n}]") == NOTHING for n in range(1, 8))
    read = xml(sysconf, "V67")
    assert all(fkey(read, f"dssSide[1]/Fkey[{n}]") == NOTHING for n in range(1, 12))


def test_door_and_hotel_phones_have_their_keys_in_both_places(sysconf: Family) -> None:
    read = xml(sysconf, "i63", buttons=(button(5, "speed_dial", "100"),))
    for place in ("dssSoft[5]", "internal[1]/Fkey[5]"):
        assert fkey(read, place) == ("1", "100@1/f", "K")
    assert fkey(read, "dssSoft[3]") == NOTHING


def test_labels_of_the_old_phones_are_short(modules: Family) -> None:
    read = text(modules, buttons=(button(7, "blf", "205", "Reception <desk>"),))
    assert old_key(read, 7)[2] == "Reception"


# --- models -------------------------------------------------------------------------------------

# lines, side keys, function keys, modules
SYSCONF = {
    "X1S": (2, 0, 2, 0), "X3S Lite": (2, 0, 2, 0), "X3S Pro": (4, 0, 2, 0),
    "X3SG": (4, 0, 2, 0), "X3SG Lite": (2, 0, 2, 0), "X3SW": (4, 0, 2, 0),
    "X3U": (6, 3, 0, 0), "X3U Pro": (4, 3, 2, 0), "X301": (2, 0, 0, 0), "X303": (4, 3, 0, 0),
    "X305": (2, 0, 0, 0), "X306": (2, 0, 0, 0), "X4SG": (6, 0, 30, 0), "X4U": (12, 3, 30, 0),
    "X4U-V2": (12, 6, 30, 0), "X4U Pro": (12, 6, 30, 0), "X5S": (6, 0, 40, 5),
    "X5U": (16, 4, 30, 0), "X5U-V2": (16, 5, 30, 0), "X5U Pro": (16, 5, 30, 0),
    "X6": (6, 0, 60, 5), "X6U": (20, 5, 60, 0), "X7": (20, 11, 116, 0), "X7C": (20, 60, 0, 0),
    "X7A": (20, 0, 112, 0), "X210": (20, 10, 96, 0), "X210-V2": (20, 10, 96, 0),
    "X210 Pro": (20, 10, 96, 0), "V50G": (2, 0, 0, 0), "V61G": (2, 12, 0, 0),
    "V61W": (2, 12, 0, 0), "V62": (6, 15, 0, 0), "V62G": (6, 21, 0, 0), "V62W": (6, 21, 0, 0),
    "V62 Pro": (6, 21, 0, 0), "V63": (12, 21, 0, 0), "V64": (12, 21, 0, 0),
    "V65": (20, 27, 0, 0), "V66": (20, 0, 116, 0), "V66 Pro": (20, 0, 116, 0),
    "V67": (20, 0, 116, 0),
    **dict.fromkeys(
        ("H1", "H2", "H2U", "H3W", "H4", "H5W", "H6W", "H601", "H602", "H603W", "PA2S", "PA3",
         "H2U-V2", "i10S", "i10SV", "i10SD", "i16S", "i16SV", "i51W", "i52W", "i53W", "i61", "i62",
         "i63", "i64"),
        (2, 0, 0, 0),
    ),
    **dict.fromkeys(("W610W", "W611W", "W620W"), (2, 0, 16, 0)),
}  # fmt: skip
SOFT = {
    "H2U-V2": 10, "i10S": 1, "i10SV": 1, "i10SD": 2, "i16S": 1, "i16SV": 1, "i51W": 3, "i52W": 3,
    "i53W": 3, "i61": 1, "i62": 1, "i63": 5, "i64": 4,
}  # fmt: skip
MODULES = {"X2": (2, 9), "X3": (2, 2), "X3S": (2, 2), "X4": (4, 30), "X5": (6, 40), "H5": (2, 6),
           "i30": (2, 1)}  # fmt: skip


def banks(family: Family, model: ModelRule) -> dict[str, int]:
    return {bank.name: bank.keys for bank in family.manifest.layouts[model.layout].banks}


def test_lines_keys_and_modules_of_every_model(sysconf: Family, modules: Family) -> None:
    assert {m.name for m in sysconf.manifest.model} == set(SYSCONF)
    for model in sysconf.manifest.model:
        keys = banks(sysconf, model)
        found = (
            model.accounts,
            keys.get("side", 0),
            keys.get("function", 0),
            model.sidecars.get("EXP20", 0),
        )
        assert found == SYSCONF[model.name], model.name
        assert keys.get("soft", 0) == SOFT.get(model.name, 0)
    assert {
        m.name: (m.accounts, banks(modules, m)["function"]) for m in modules.manifest.model
    } == (MODULES)


@pytest.mark.parametrize(
    ("model", "total"), [("X5U", 34), ("X6U", 65), ("X7", 127), ("X210", 106), ("X4U", 33)]
)
def test_totals_that_several_sources_agree_on(sysconf: Family, model: str, total: int) -> None:
    layout = sysconf.manifest.layouts[sysconf.models[model_key(model)].layout]
    assert len([slot for slot in phone_slots(layout) if not slot.beyond]) == total


def test_pages_hold_whole_numbers_of_keys(sysconf: Family) -> None:
    for model in sysconf.manifest.model:
        for bank in sysconf.manifest.layouts[model.layout].banks:
            size = int(model.features.get(f"{bank.name}_page", 0)) or bank.keys
            assert max(bank.keys, bank.accept or 0) == size * bank.pages, model.name


def test_the_higher_count_is_accepted_with_a_warning(sysconf: Family) -> None:
    model = sysconf.models["v67"]
    phone = Phone(
        mac=Mac("0c383eaabbcc"),
        model="Fanvil V67",
        lines=(PhoneLine(line=1, extension="201"),),
        buttons=(button(117, "dnd"),),
        token=Secret(TOKEN),
    )
    assert [finding.severity for finding in fit(sysconf, model, phone, {})] == ["warning"]


@pytest.mark.parametrize(
    ("spelling", "family", "model"),
    [
        ("Fanvil X6U Pro", "fanvil/sysconf", "X6U"),
        ("fanvil x5u-v2", "fanvil/sysconf", "X5U-V2"),
        ("Fanvil X210i", "fanvil/sysconf", "X210"),
        ("Fanvil X4G", "fanvil/modules", "X4"),
        ("Fanvil X2P", "fanvil/modules", "X2"),
        ("Linkvil W611W", "fanvil/sysconf", "W611W"),
    ],
)
def test_names_as_on_the_box(shelf: Shelf, spelling: str, family: str, model: str) -> None:
    found = shelf.find_model(spelling)
    assert found is not None
    assert (found[0].name, found[1].name) == (family, model)


@pytest.mark.parametrize(
    ("agent", "family", "model", "version", "mac"),
    [
        ("Fanvil X4 2.10.2.6887 0c383e07e16c", "modules", "X4", "2.10.2.6887", "0c383e07e16c"),
        ("Fanvil X6U Pro 0.0.10 0c383e2cd782", "sysconf", "X6U", "0.0.10", "0c383e2cd782"),
        ("Fanvil X5U-V2 2.12.16.17 0c383e557eb1", "sysconf", "X5U-V2", "2.12.16.17",
         "0c383e557eb1"),
        ("Fanvil X5U-V2 2.12.1 0c3800000000", "sysconf", "X5U-V2", "2.12.1", "0c3800000000"),
        ("Fanvil V67 2.6.6.187 0c383e2b29e6", "sysconf", "V67", "2.6.6.187", "0c383e2b29e6"),
        ("Fanvil i10SV 2.12.10.1 0c383e2397f4", "sysconf", "i10SV", "2.12.10.1", "0c383e2397f4"),
        ("Fanvil i53W 2.12.9 0c383e10a440", "sysconf", "i53W", "2.12.9", "0c383e10a440"),
        ("Fanvil V65 2.12.2.4 0c383e38e123", "sysconf", "V65", "2.12.2.4", "0c383e38e123"),
        ("Fanvil H2U-V2 2.12.0 0c383e32342e", "sysconf", "H2U-V2", "2.12.0", "0c383e32342e"),
        ("Fanvil W620W 2.16.10 0c383e7dd216", "sysconf", "W620W", "2.16.10", "0c383e7dd216"),
        ("Fanvil X3S 2.10.2.6887 0c383e000001", "modules", "X3S", "2.10.2.6887", "0c383e000001"),
        ("Fanvil X3SG 2.4.12 0c383e000001", "sysconf", "X3SG", "2.4.12", "0c383e000001"),
    ],
)  # fmt: skip
def test_user_agents(
    shelf: Shelf, agent: str, family: str, model: str, version: str, mac: str
) -> None:
    device = shelf.recognise(agent)
    assert device is not None
    assert device.mac is not None
    assert (device.family, device.model) == (f"fanvil/{family}", model)
    assert (device.version, device.mac.text) == (version, mac)


def test_no_other_family_takes_these_user_agents(shelf: Shelf) -> None:
    for name, family in shelf.families.items():
        for rule in family.manifest.user_agent:
            for example in rule.examples:
                device = shelf.recognise(example.text)
                assert device is not None, example.text
                assert device.family == name, example.text


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("0c383eaabbcc.cfg", "config"),
        ("0C:38:3E:AA:BB:CC.CFG", "config"),
        ("directory-0c383eaabbcc.xml", "directory"),
        ("0c383eaabbcc.xml", "config-xml"),
        ("F0V00X5U0000.cfg", "common"),
        ("F0000X600000.cfg", "common-other"),
        ("fanvil_x5u_v2_hwv2_0.txt", "firmware-check"),
        ("fanvil_v67_hw1_1.txt", "firmware-check"),
    ],
)
def test_names_that_phones_ask_for(sysconf: Family, path: str, rule: str) -> None:
    found = candidates([sysconf], parse_name(path).path)
    assert [match.rule.id for match in found if match.rule] == [rule]


def test_common_files_are_never_served(sysconf: Family, modules: Family) -> None:
    for family in (sysconf, modules):
        for rule in family.manifest.file:
            assert (rule.template is None) == (rule.id not in ("config", "directory"))
        assert [s.file for s in family.manifest.boot if s.expect == 200] == ["config", "directory"]
        assert family.rule("config").secret


def test_a_doubled_slash_leads_to_the_same_file() -> None:
    assert parse_name(f"/p/{TOKEN}//0c383eaabbcc.cfg").path == "0c383eaabbcc.cfg"


# --- provisioning -------------------------------------------------------------------------------


def test_the_tokened_url_comes_first_from_now_on(sysconf: Family, modules: Family) -> None:
    read, old = xml(sysconf), text(modules)
    expected = {
        "ap/FlashServerIP": BASE,
        "ap/FlashFileName": "$mac.cfg",
        "ap/FlashProtocol": "5",
        "ap/DownloadCommonConf": "0",
        "ap/pnp/PNPEnable": "0",
        "ap/opt/DHCPOption": "0",
        "ap/opt/DHCPv6Option": "0",
        "ota/FDPSEnable": "0",
        "tr069/EnableTR069": "0",
    }
    assert {key: read[key] for key in expected} == expected
    names = {
        "Download_Server_IP": BASE,
        "Config_File_Name": "$mac.cfg",
        "Download_Protocol": "5",
        "Download_CommonConf": "0",
        "PNP_Enable": "0",
        "DHCP_Option": "0",
        "FDPS_Enable": "0",
    }
    assert {name: old[UPDATE + name] for name in names} == names
    assert old["TR069_CONFIG_MODULE/Enable_TR069"] == "0"


@pytest.mark.parametrize(
    ("urls", "number"),
    [
        (PublicUrls(http="http://prov.example.test/"), "4"),
        (PublicUrls(tftp="tftp://prov.example.test/"), "2"),
    ],
)
def test_the_protocol_follows_the_url(sysconf: Family, urls: PublicUrls, number: str) -> None:
    assert xml(sysconf, urls=urls)["ap/FlashProtocol"] == number


def test_without_a_public_url_nothing_is_switched_off(sysconf: Family, modules: Family) -> None:
    read = xml(sysconf, urls=PublicUrls())
    for key in ("ap/FlashServerIP", "ap/pnp/PNPEnable", "ap/opt/DHCPOption", "ota/FDPSEnable"):
        assert key not in read
    assert read["phone/xmlContact[1]/Addr"] == ""
    assert f"{UPDATE}DHCP_Option" not in text(modules, urls=PublicUrls())


def test_polls_are_hours_spread_over_an_eighth(sysconf: Family, modules: Family) -> None:
    read = xml(sysconf, settings=Settings(poll_minutes=1440))
    assert read["ap/FlashMode"] == "2"
    assert 21 <= int(read["ap/FlashInterval"]) <= 24
    assert xml(sysconf, settings=Settings(poll_minutes=5))["ap/FlashInterval"] == "1"
    assert xml(sysconf, settings=Settings(poll_minutes=0))["ap/FlashMode"] == "1"
    old = text(modules, settings=Settings(poll_minutes=0))
    assert old[f"{UPDATE}Download_Mode"] == "1"


@pytest.mark.parametrize("route", list(ResyncRoute))
def test_a_notify_is_obeyed_on_either_way(
    sysconf: Family, modules: Family, route: ResyncRoute
) -> None:
    assert xml(sysconf, settings=Settings(resync_route=route))["sip/NotifyReboot"] == "1"
    old = text(modules, settings=Settings(resync_route=route))
    assert old["SIP_CONFIG_MODULE/Notify_Reboot"] == "1"
    for family in (sysconf, modules):
        assert family.manifest.resync.event == "check-sync"
        assert family.manifest.resync.trusted_from == "anyone"


def test_who_may_touch_the_phone(sysconf: Family, modules: Family) -> None:
    read, old = xml(sysconf), text(modules)
    account = "MMI_CONFIG_MODULE/MMI_Account/Account"
    for n, name, level in ((1, "admin", "10"), (2, "guest", "5")):
        assert read[f"web/account[{n}]/Name"] == old[f"{account}{n}_Name"] == name
        assert read[f"web/account[{n}]/Password"] == old[f"{account}{n}_Password"] == "AlnumSecret1"
        assert read[f"web/account[{n}]/Level"] == old[f"{account}{n}_Level"] == level
    assert read["phone/MenuPassword"] == "AlnumSecret1"
    assert read["cti/EnabledActiveUri"] == "0"
    assert old["GLOBAL_CONFIG_MODULE/Active_Uri_IP"] == "127.0.0.1"


def test_firmware_is_written_where_there_is_one(sysconf: Family, modules: Family) -> None:
    read = xml(sysconf, settings=Settings(firmware=(("Fanvil X5U", "x5u.z"),)))
    assert read["ap/AutoImageUrl"] == f"{BASE}assets/x5u.z"
    assert read["fwCheck/EnableAutoUpgrade"] == "0"
    assert "ap/AutoImageUrl" not in xml(sysconf)
    old = text(modules, settings=Settings(firmware=(("Fanvil X4", "x4.z"),)))
    assert old[f"{UPDATE}Auto_Image_Url"] == f"{BASE}assets/x4.z"


# --- time, language, network, directory ---------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "offset", "rule"),
    [
        ("America/New_York", "-20", ("3/2/0/2", "11/1/0/2", "60")),
        ("America/Phoenix", "-28", None),
        ("America/St_Johns", "-14", ("3/2/0/2", "11/1/0/2", "60")),
        ("America/Sao_Paulo", "-12", None),
        ("Europe/London", "0", ("3/5/0/1", "10/5/0/2", "60")),
        ("Europe/Berlin", "4", ("3/5/0/2", "10/5/0/3", "60")),
        ("Europe/Athens", "8", ("3/5/0/3", "10/5/0/4", "60")),
        ("Europe/Istanbul", "12", None),
        ("Asia/Kolkata", "22", None),
        ("Asia/Tokyo", "36", None),
        ("Australia/Sydney", "40", ("10/1/0/2", "4/1/0/3", "60")),
        ("Australia/Lord_Howe", "42", ("10/1/0/2", "4/1/0/2", "30")),
        ("Pacific/Auckland", "48", ("9/5/0/2", "4/1/0/3", "60")),
    ],
)
def test_time_zones(
    sysconf: Family,
    modules: Family,
    zone: str,
    offset: str,
    rule: tuple[str, str, str] | None,
) -> None:
    wanted = Settings(time_zone=zone)
    read, old = xml(sysconf, settings=wanted), text(modules, settings=wanted)
    assert read["phone/date/TimeZone"] == old["GLOBAL_CONFIG_MODULE/Time_Zone"] == offset
    on = "2" if rule else "0"
    for key in ("phone/date/DSTType", "phone/date/EnableDST"):
        assert read[key] == on
    assert old["GLOBAL_CONFIG_MODULE/Enable_DST"] == on
    if rule is None:
        assert "phone/date/DSTStartMon" not in read
        return
    for at, end in enumerate(("Start", "End")):
        parts = ("Mon", "Week", "Wday", "Hour")
        assert "/".join(read[f"phone/date/DST{end}{part}"] for part in parts) == rule[at]
        text_parts = [old[f"GLOBAL_CONFIG_MODULE/DST_{end}_{part}"] for part in parts]
        assert "/".join(text_parts) == rule[at]
    assert read["phone/date/DSTMinOffset"] == rule[2]
    assert read["phone/date/DSTRuleMode"] == "0"
    assert read["phone/date/DSTFixedType"] == old["GLOBAL_CONFIG_MODULE/DST_Fixed_Type"] == "2"


def test_a_zone_without_a_week_rule_has_the_week_of_this_year(sysconf: Family) -> None:
    # Israel: Friday, 26 March 2027, the fourth of the month, two days before the last Sunday.
    read = xml(sysconf, settings=Settings(time_zone="Asia/Jerusalem"), year=2027)
    parts = [read[f"phone/date/DSTStart{part}"] for part in ("Mon", "Week", "Wday", "Hour")]
    assert parts == ["3", "4", "5", "2"]


@pytest.mark.parametrize(
    ("zone", "name"),
    [("America/New_York", "UTC-5"), ("Etc/UTC", "UTC"), ("Asia/Kolkata", "UTC+5:30"),
     ("America/St_Johns", "UTC-3:30"), ("Europe/Berlin", "UTC+1")],
)  # fmt: skip
def test_names_of_time_zones(sysconf: Family, zone: str, name: str) -> None:
    assert xml(sysconf, settings=Settings(time_zone=zone))["phone/date/TimeZoneName"] == name


@pytest.mark.parametrize(
    ("language", "code", "number"),
    [
        ("en", "en", "0"), ("fr-CA", "fr", "4"), ("de", "de", "16"), ("es_MX", "es", "10"),
        ("it", "it", "7"), ("nl", "nl", "3"), ("zh-TW", "tc", "0"), ("zh", "cn", "0"),
        ("ca", "cat", "0"), ("cs", "cz", "0"), ("uk", "ua", "0"), ("xx", "en", "0"),
    ],
)  # fmt: skip
def test_languages(sysconf: Family, modules: Family, language: str, code: str, number: str) -> None:
    wanted = Settings(language=language)
    assert xml(sysconf, settings=wanted)["phone/display/DefaultLanguage"] == code
    assert text(modules, settings=wanted)["GLOBAL_CONFIG_MODULE/Language"] == number


@pytest.mark.parametrize(
    ("country", "number"), [("US", "11"), ("DE", "2"), ("GB", "13"), ("FR", "25"), ("ZZ", "11")]
)
def test_tones(sysconf: Family, modules: Family, country: str, number: str) -> None:
    wanted = Settings(tone_country=country)
    assert xml(sysconf, settings=wanted)["mm/SelectYourTone"] == number
    assert text(modules, settings=wanted)["DSP_CONFIG_MODULE/Signal_Standard"] == number


def test_vlans_are_left_alone_until_somebody_sets_one(sysconf: Family, modules: Family) -> None:
    assert "qos/EnableVLAN" not in xml(sysconf)
    both = Settings(vlan_phone=100, vlan_pc=200)
    read, old = xml(sysconf, settings=both), text(modules, settings=both)
    assert (read["qos/EnableVLAN"], read["qos/VLANID"]) == ("1", "100")
    assert (read["qos/EnablePVID"], read["qos/PVIDValue"]) == ("2", "200")
    assert read["qos/LLDPLearnPolicy"] == "0"
    assert old["QOS_CONFIG_MODULE/VLAN_ID"] == "100"
    read = xml(sysconf, settings=Settings(vlan_phone=0))
    assert (read["qos/EnableVLAN"], read["qos/EnablePVID"]) == ("0", "0")
    assert "qos/VLANID" not in read


def test_emergency_numbers(sysconf: Family, modules: Family) -> None:
    wanted = Settings(emergency_numbers=("911", "933"))
    assert xml(sysconf, settings=wanted)["phone/EmergencyCall"] == "911,933"
    assert text(modules, settings=wanted)["PHONE_CONFIG_MODULE/Emergency_Call"] == "911,933"
    none = Settings(emergency_numbers=())
    assert "phone/EmergencyCall" not in xml(sysconf, settings=none)


def test_the_directory_and_where_it_is(sysconf: Family, modules: Family) -> None:
    read, old = xml(sysconf), text(modules)
    assert read["phone/xmlContact[1]/Name"] == "Company"
    assert read["phone/xmlContact[1]/Addr"] == BOOK
    assert old["PHONE_CONFIG_MODULE/Xml_PhoneBook/XML-PBook1_Addr"] == BOOK
    assert xml(sysconf, directory=None)["phone/xmlContact[1]/Addr"] == ""
    entries = (
        DirectoryEntry(name="Bob & Sons <Ltd>", number="+12125550111"),
        DirectoryEntry(name="Reception", number="100"),
    )
    for family, model in ((sysconf, "X5U"), (modules, "X4")):
        body = render(family, model, "directory", entries=entries).body
        root = etree.fromstring(body)
        assert root.tag == "FanvilIPPhoneDirectory"
        found = [(e.findtext("Name"), e.findtext("Telephone")) for e in root.iter("DirectoryEntry")]
        assert found == [("Bob & Sons <Ltd>", "+12125550111"), ("Reception", "100")]


def test_the_directory_is_fetched_with_the_log_in_of_the_configuration(
    sysconf: Family, modules: Family
) -> None:
    read = xml(sysconf, urls=replace(PUBLIC, passwords=b"key"))
    book = "phone/xmlContact[1]/"
    assert read[f"{book}UserName"] == read["ap/DefaultUsername"] == "0c383eaabbcc"
    assert read[f"{book}PassWd"] == read["ap/DefaultPassword"] != ""
    assert read[f"{book}Addr"] == BOOK
    for without in (
        xml(sysconf),
        xml(sysconf, urls=replace(PUBLIC, passwords=b"key"), directory=None),
    ):
        assert (without[f"{book}UserName"], without[f"{book}PassWd"]) == ("", "")
    auth = "PHONE_CONFIG_MODULE/Xml_PhoneBook/XML-PBook1_Auth"
    told = text(modules, urls=replace(PUBLIC, passwords=b"key"))
    assert told[auth] == f"0c383eaabbcc:{read['ap/DefaultPassword']}"
    assert text(modules)[auth] == ""


# --- overrides ----------------------------------------------------------------------------------


def test_overrides_find_their_section(sysconf: Family, modules: Family) -> None:
    wanted = {
        "sip/line[2]/AutoAnswer": "1",
        "log/SyslogServer": "10.0.0.1",
        "phone/display/BacklightOffTime": "30",
        "dsskey/DSSLongPressAction": "1",
        "qos/VoicePriority": "5",
        "sip/line[1]/Transport": "2",
    }
    layers = [Applied(key=key, value=value, layer="phone") for key, value in wanted.items()]
    read = xml(sysconf, overrides=layers, settings=Settings(vlan_phone=5))
    assert {key: read[key] for key in wanted} == wanted
    old = {
        f"{LIST}1_Auto_Answer": "1",
        "PHONE_CONFIG_MODULE/Backlight_Off_Time": "30",
        "DSP_CONFIG_MODULE/VAD": "1",
        "TELE_CONFIG_MODULE/Port_Config/P1_AutoAnswer": "1",
    }
    layers = [Applied(key=key, value=value, layer="phone") for key, value in old.items()]
    found = text(modules, overrides=layers)
    assert {key: found[key] for key in old} == old


@pytest.mark.parametrize(
    "key",
    ["sip/line[1]/RegisterAddr", "sip/line[3]/ProxyPswd", "ap/FlashServerIP", "ap/pnp/PNPEnable",
     "mt/AutoServerDigest", "web/account[1]/Password", "fwCheck/UpgradeServer1", "ota/FDPSEnable",
     "cti/ActiveUriIP", "tr069/EnableTR069", "Version"],
)  # fmt: skip
def test_what_decides_whom_the_phone_obeys_is_the_admins(sysconf: Family, key: str) -> None:
    assert is_protected(key, sysconf.manifest)


def test_text_phones_have_the_same_protected(modules: Family) -> None:
    for key in (f"{LIST}1_Register_Addr", f"{LIST}2_Register_Pswd", f"{UPDATE}Download_Server_IP",
                "MMI_CONFIG_MODULE/MMI_Account/Account1_Password"):  # fmt: skip
        assert is_protected(key, modules.manifest)


def test_a_misspelt_override_is_told_with_its_neighbours(sysconf: Family) -> None:
    found = findings(
        [("sip/line[1]/AutoAnswr", "1"), ("sip/line[1]/AutoAnswer", "1")],
        sysconf.manifest,
        tuple(sysconf.renderer.keys()),
        admin=False,
    )
    assert [finding.severity for finding in found] == ["warning"]
    assert "sip/line[1]/AutoAnswer" in (found[0].remedy or "")


def test_a_key_that_no_line_of_text_can_name_is_refused(modules: Family) -> None:
    found = findings([("A/b:c", "1"), ("A[1]/b", "1")], modules.manifest, (), admin=True)
    assert [finding.severity for finding in found] == ["error", "error"]
