"""What Yealink phones are told, against values worked out by hand from the vendor's guides."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisiond.catalog.build import build_context, build_family_context
from provisiond.catalog.check import check_family, check_goldens
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.manifest import ModelRule
from provisiond.catalog.match import candidates, parse_name, upload
from provisiond.catalog.overrides import Applied, findings, is_protected
from provisiond.catalog.placing import phone_slots, sidecar_slots
from provisiond.catalog.render import Rendered
from provisiond.catalog.samples import SAMPLES, sample_context, sample_family_context
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
PLAIN_BASE = f"http://prov.example.test/p/{TOKEN}/"  # these speak TLS 1.0 at most
NULL = "%NULL%"
OLD = ("SIP-T20P", "SIP-T22P", "SIP-T26P", "SIP-T28P", "SIP-T32G", "SIP-T38G")

PUBLIC = PublicUrls(https="https://prov.example.test/", http="http://prov.example.test/")
SETTINGS = Settings(
    sip_server="pbx.example.test",
    outbound_proxy="proxy.example.test",
    voicemail_number="*97",
    time_zone="America/New_York",
    phone_admin_password=Secret("Adm1n:pass"),
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
        ("park", "{value}"),
    ),
)
USERS = {
    "101": User(
        extension="101",
        first_name="Alice",
        last_name="Example",
        sip_user="101",
        sip_auth_user="auth101",
        sip_password=Secret("s3cret-1"),
    ),
    "102": User(extension="102", sip_password=Secret("s3cret-2")),
}


@pytest.fixture(scope="module")
def family() -> Family:
    return load_family(TEMPLATES / "yealink" / "sip", "yealink/sip")


def button(key: int, kind: str, value: str = "", label: str = "", **where: int) -> Button:
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
    model: str = "SIP-T46U",
    file: str = "config",
    *,
    settings: Settings = Settings(),
    lines: Sequence[PhoneLine] | None = None,
    buttons: Sequence[Button] = (),
    sidecars: tuple[str, ...] = (),
    users: Mapping[str, User] = USERS,
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
    directory: str | None = "company",
    year: int = 2026,
    urls: PublicUrls = PUBLIC,
) -> Rendered:
    rule = family.rule(file)
    named = family.models[model_key(model)]
    if lines is None:
        lines = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))
    phone = Phone(
        mac=Mac("001565aabbcc"),
        model=f"Yealink {model}",
        lines=tuple(lines)[: named.accept_accounts or named.accounts],
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
        users=users,
    )
    facts = PhoneFacts(
        domain=domain, phone=phone, phone_id=1, epoch=1, users=users, directory=entries
    )
    context = build_context(
        family=family,
        model=named,
        facts=facts,
        rule=rule,
        urls=urls,
        year=year,
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def values(rendered: Rendered) -> dict[str, str]:
    """The file as a phone reads it: a later line of the same name wins."""
    lines = rendered.body.decode().split("\n")
    assert lines[0] == "#!version:1.0.0.1"
    read: dict[str, str] = {}
    for line in lines[1:]:
        if line.strip() and not line.startswith("#"):
            key, equals, value = line.partition(" = ")
            assert equals, line
            read[key] = value
    return read


def config(family: Family, model: str = "SIP-T46U", **wanted: object) -> dict[str, str]:
    return values(render(family, model, **wanted))  # type: ignore[arg-type]


def key_of(read: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(
        read[f"{prefix}.{part}"] for part in ("type", "line", "value", "label", "extension")
    )


# --- accounts -----------------------------------------------------------------------------------


def test_a_line_becomes_an_account(family: Family) -> None:
    read = config(family)
    expected = {
        "enable": "1",
        "label": "101",
        "display_name": "Alice Example",
        "user_name": "101",
        "auth_name": "auth101",
        "password": "s3cret-1",
        "sip_server.1.address": "pbx.example.test",
        "sip_server.1.port": "5060",
        "sip_server.1.transport_type": "0",
        "sip_server.1.expires": "600",
        "outbound_proxy_enable": "1",
        "outbound_proxy.1.address": "proxy.example.test",
        "outbound_proxy.1.port": "5060",
        "srtp_encryption": "0",
        "dtmf.type": "1",
        "shared_line": "0",
        "subscribe_mwi": "1",
    }
    assert {key: read[f"account.1.{key}"] for key in expected} == expected
    assert read["voice_mail.number.1"] == "*97"
    assert read["account.2.auth_name"] == "102"


def test_unused_accounts_are_off_and_empty(family: Family) -> None:
    read = config(family)
    for n in range(3, 17):
        assert read[f"account.{n}.enable"] == "0"
        for field in ("label", "display_name", "user_name", "auth_name", "password"):
            assert read[f"account.{n}.{field}"] == NULL
        assert read[f"account.{n}.sip_server.1.address"] == NULL
        assert read[f"voice_mail.number.{n}"] == NULL
    assert "account.17.enable" not in read


def test_another_systems_second_server_is_cleared_on_every_account(family: Family) -> None:
    read = config(family)
    for n in range(1, 17):
        assert read[f"account.{n}.sip_server.2.address"] == NULL
    assert read["account.1.outbound_proxy.2.address"] == NULL


def test_without_a_proxy_an_old_one_is_cleared(family: Family) -> None:
    read = config(family, settings=Settings(outbound_proxy=""))
    assert read["account.1.outbound_proxy_enable"] == "0"
    assert read["account.1.outbound_proxy.1.address"] == NULL
    assert read["account.1.outbound_proxy.1.port"] == NULL


@pytest.mark.parametrize(
    ("transport", "number"),
    [
        (SipTransport.UDP, "0"),
        (SipTransport.TCP, "1"),
        (SipTransport.TLS, "2"),
        (SipTransport.DNS_NAPTR, "3"),
    ],
)
def test_transport(family: Family, transport: SipTransport, number: str) -> None:
    read = config(family, settings=Settings(transport=transport, sip_port=5071))
    assert read["account.1.sip_server.1.transport_type"] == number
    assert read["account.1.sip_server.1.port"] == ("0" if number == "3" else "5071")
    assert read["account.1.outbound_proxy.1.port"] == ("0" if number == "3" else "5071")


@pytest.mark.parametrize(
    ("srtp", "number"), [(Srtp.OFF, "0"), (Srtp.OPTIONAL, "1"), (Srtp.REQUIRED, "2")]
)
def test_srtp(family: Family, srtp: Srtp, number: str) -> None:
    read = config(family, settings=Settings(srtp=srtp))
    assert read["account.1.srtp_encryption"] == number


@pytest.mark.parametrize(
    ("dtmf", "number"),
    [(Dtmf.INBAND, "0"), (Dtmf.RFC2833, "1"), (Dtmf.INFO, "2"), (Dtmf.AUTO, "1")],
)
def test_dtmf(family: Family, dtmf: Dtmf, number: str) -> None:
    read = config(family, settings=Settings(dtmf=dtmf))
    assert read["account.1.dtmf.type"] == number
    assert read.get("account.1.dtmf.info_type") == ("1" if dtmf is Dtmf.INFO else None)


def test_codecs_keep_their_order(family: Family) -> None:
    read = config(family, settings=Settings(codecs=("g722", "pcma", "opus")))
    wanted = {"g722": 1, "pcma": 2, "opus": 3, "pcmu": 0, "g729": 0, "ilbc": 0, "g726_32": 0}
    for codec, priority in wanted.items():
        assert read[f"account.1.codec.{codec}.enable"] == ("1" if priority else "0")
        assert read[f"account.1.codec.{codec}.priority"] == str(priority)


def test_a_shared_line_is_shared_on_its_account(family: Family) -> None:
    lines = (
        PhoneLine(line=1, extension="101", shared=True),
        PhoneLine(line=2, extension="102"),
    )
    read = config(family, lines=lines)
    assert (read["account.1.shared_line"], read["account.2.shared_line"]) == ("1", "0")
    read = config(family, buttons=(button(5, "shared_line", line=2),))
    assert (read["account.1.shared_line"], read["account.2.shared_line"]) == ("0", "1")
    assert read["linekey.5.type"] == "15"


def test_without_voicemail_nothing_is_subscribed(family: Family) -> None:
    read = config(family, settings=Settings(voicemail_number=""))
    assert read["account.1.subscribe_mwi"] == "0"
    assert read["voice_mail.number.1"] == NULL


# --- keys ---------------------------------------------------------------------------------------

KINDS = [
    ("line", "", ("15", "1", NULL, "K", NULL)),
    ("shared_line", "", ("15", "1", NULL, "K", NULL)),
    ("blf", "103", ("16", "1", "103", "K", "*8103")),
    ("park", "701", ("16", "1", "701", "K", NULL)),
    ("personal_park", "", ("13", "1", "*68", "K", NULL)),
    ("speed_dial", "5550100", ("13", "1", "5550100", "K", NULL)),
    ("dtmf", "1,2#", ("11", NULL, "1,2#", "K", NULL)),
    ("queue_login", "", ("13", "1", "*81", "K", NULL)),
    ("queue_logout", "", ("13", "1", "*82", "K", NULL)),
    ("queue_toggle", "", ("13", "1", "*83", "K", NULL)),
    ("timeframe_toggle", "9", ("16", "1", "*289", "K", NULL)),
    ("move_call", "", ("13", "1", "*86", "K", NULL)),
    ("directory_cascade", "", ("61", NULL, NULL, "K", NULL)),
    ("dnd", "", ("5", NULL, NULL, "K", NULL)),
    ("forward", "104", ("2", NULL, "104", "K", NULL)),
    ("record", "", ("11", NULL, "*1", "K", NULL)),
    ("voicemail", "", ("12", "1", "*97", "K", NULL)),
    ("group_pickup", "", ("23", "1", "*80", "K", NULL)),
    ("directed_pickup", "103", ("9", "1", "*8103", "K", NULL)),
    ("paging", "224.0.1.116:10000", ("24", NULL, "224.0.1.116:10000", "K", NULL)),
    ("paging", "*84", ("13", "1", "*84", "K", NULL)),
    ("intercom", "104", ("14", "1", "104", "K", NULL)),
    ("conference", "", ("1", NULL, NULL, "K", NULL)),
    ("transfer", "105", ("3", NULL, "105", "K", NULL)),
    ("hold", "", ("4", NULL, NULL, "K", NULL)),
    ("redial", "", ("0", NULL, NULL, NULL, NULL)),
    ("prefix", "9", ("40", NULL, "9", "K", NULL)),
    ("directory", "", ("61", NULL, NULL, "K", NULL)),
    ("url", "https://pbx.example.test/x", ("17", NULL, "https://pbx.example.test/x", "K", NULL)),
    ("lock", "", ("50", NULL, NULL, "K", NULL)),
    ("none", "", ("0", NULL, NULL, NULL, NULL)),
]  # fmt: skip


def test_every_kind_is_in_the_list() -> None:
    assert {kind for kind, _, _ in KINDS} == {kind.value for kind in ButtonKind}


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_of_button(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    read = config(family, buttons=(button(7, kind, value, "K"),))
    assert key_of(read, "linekey.7") == expected


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_on_a_sidecar(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    read = config(
        family, sidecars=("EXP43", "EXP43"), buttons=(button(21, kind, value, "K", module=2),)
    )
    assert key_of(read, "expansion_module.2.key.21") == expected


def test_codes_of_the_server_for_paging_and_intercom(family: Family) -> None:
    codes = Settings(feature_codes=(("paging", "*84{value}"), ("intercom", "*85{value}")))
    buttons = (button(7, "paging", "3", "P"), button(8, "intercom", "104", "I"))
    read = config(family, settings=codes, buttons=buttons)
    assert key_of(read, "linekey.7") == ("13", "1", "*843", "P", NULL)
    assert key_of(read, "linekey.8") == ("14", "1", "*85104", "I", NULL)


def test_a_button_works_on_its_own_line(family: Family) -> None:
    read = config(family, buttons=(button(7, "blf", "103", line=2),))
    assert read["linekey.7.line"] == "2"


def test_lines_take_the_lowest_free_keys_and_all_others_are_cleared(family: Family) -> None:
    read = config(family, buttons=(button(1, "blf", "103", "Carol"),))
    assert key_of(read, "linekey.2") == ("15", "1", NULL, "101", NULL)
    assert key_of(read, "linekey.3") == ("15", "2", NULL, "102", NULL)
    for k in range(4, 28):
        assert key_of(read, f"linekey.{k}") == ("0", NULL, NULL, NULL, NULL)
    assert "linekey.28.type" not in read
    assert read["features.auto_linekeys.enable"] == "0"
    assert read["phone_setting.dsskey_directory_auto.enable"] == "0"


def test_the_pickup_code_is_sent_as_it_stands(family: Family) -> None:
    read = config(family, buttons=(button(7, "blf", "103"),))
    assert read["linekey.7.extension"] == "*8103"
    assert read["features.blf_pickup_only_send_code"] == "1"
    assert read["features.pickup.direct_pickup_enable"] == "1"
    assert read["features.pickup.direct_pickup_code"] == "*8"
    assert read["features.pickup.group_pickup_code"] == "*80"


def test_without_a_pickup_code_none_is_left_on_the_phone(family: Family) -> None:
    domain = Settings(feature_codes=(("pickup", ""), ("group_pickup", "")))
    read = config(family, settings=domain, buttons=(button(7, "blf", "103"),))
    assert read["linekey.7.extension"] == NULL
    assert read["features.pickup.direct_pickup_enable"] == "0"
    assert read["features.pickup.direct_pickup_code"] == NULL
    assert read["features.pickup.group_pickup_enable"] == "0"


def test_a_lock_key_needs_locking_to_be_on(family: Family) -> None:
    assert config(family)["phone_setting.phone_lock.enable"] == NULL
    here = config(family, buttons=(button(7, "lock"),))
    there = config(family, sidecars=("EXP43",), buttons=(button(7, "lock", module=1),))
    for read in (here, there):
        assert read["phone_setting.phone_lock.enable"] == "1"
        assert read["phone_setting.phone_lock.lock_time_out"] == "0"


def test_exp20_has_no_key_21_and_keeps_its_page_key(family: Family) -> None:
    read = config(
        family,
        "SIP-T29G",
        sidecars=("EXP20",),
        buttons=(button(20, "blf", "201", module=1), button(21, "blf", "202", module=1)),
    )
    numbers = {
        int(found.group(1))
        for found in (re.match(r"expansion_module\.1\.key\.(\d+)\.", key) for key in read)
        if found
    }
    assert numbers == {*range(1, 21), *range(22, 41)}
    assert read["expansion_module.1.key.20.value"] == "201"
    assert read["expansion_module.1.key.22.value"] == "202"
    assert read["expansion_module.1.key.1.type"] == NULL
    assert read["expansion_module.1.key.2.type"] == "0"
    used = config(family, "SIP-T29G", sidecars=("EXP20",), buttons=(button(1, "dnd", module=1),))
    assert used["expansion_module.1.key.1.type"] == "5"


@pytest.mark.parametrize(
    ("sidecar", "numbers"),
    [
        ("EXP20", [*range(1, 21), *range(22, 41)]),
        ("EXP38", [*range(1, 39)]),
        ("EXP39", [*range(1, 21), *range(22, 41)]),
        ("EXP40", [*range(1, 41)]),
        ("EXP43", [*range(1, 61)]),
        ("EXP50", [*range(1, 61)]),
        ("EXP55", [*range(1, 79)]),
    ],
)
def test_the_keys_of_the_sidecars(family: Family, sidecar: str, numbers: list[int]) -> None:
    slots = sidecar_slots(family.manifest.sidecars[sidecar])
    assert [slot.number for slot in slots] == numbers


# --- models -------------------------------------------------------------------------------------

# accounts, keys (line, memory), accepted keys, sidecar, how many, code of the common file
MODELS = {
    "T19P": (1, 0, 0, 0, "", 0, "053"), "T19P_E2": (1, 0, 0, 0, "", 0, "053"),
    "T20P": (2, 2, 0, 2, "", 0, "007"), "T22P": (3, 3, 0, 3, "", 0, "005"),
    "T26P": (3, 3, 10, 13, "EXP39", 6, "004"), "T28P": (6, 6, 10, 16, "EXP39", 6, "000"),
    "T32G": (3, 3, 0, 3, "", 0, "032"), "T38G": (6, 6, 10, 16, "EXP39", 6, "038"),
    "T21P": (2, 2, 0, 2, "", 0, "052"), "T21P_E2": (2, 2, 0, 2, "", 0, "052"),
    "T23P": (3, 3, 0, 3, "", 0, "044"), "T23G": (3, 3, 0, 3, "", 0, "044"),
    "T27P": (6, 21, 0, 21, "EXP20", 6, "045"), "T27G": (6, 21, 0, 21, "EXP20", 6, "069"),
    "T29G": (16, 27, 0, 27, "EXP20", 6, "046"),
    "T30": (1, 0, 0, 0, "", 0, "127"), "T30P": (1, 0, 0, 0, "", 0, "127"),
    "T31": (2, 2, 0, 2, "", 0, "123"), "T31P": (2, 2, 0, 2, "", 0, "123"),
    "T31G": (2, 2, 0, 2, "", 0, "123"), "T31W": (2, 2, 0, 2, "", 0, "172"),
    "T33P": (4, 12, 0, 12, "", 0, "124"), "T33G": (4, 12, 0, 12, "", 0, "124"),
    "T34W": (4, 12, 0, 12, "", 0, "171"),
    "T40P": (3, 3, 0, 3, "", 0, "054"), "T40G": (3, 3, 0, 3, "", 0, "076"),
    "T41P": (6, 15, 0, 15, "", 0, "036"), "T41S": (6, 15, 0, 15, "", 0, "068"),
    "T41U": (6, 15, 0, 15, "", 0, "115"), "T42G": (12, 15, 0, 15, "", 0, "029"),
    "T42S": (12, 15, 0, 15, "", 0, "067"), "T42U": (6, 15, 0, 15, "", 0, "116"),
    "T43U": (12, 21, 0, 21, "EXP43", 3, "107"),
    "T44U": (12, 21, 0, 24, "EXP43", 3, "173"), "T44W": (12, 21, 0, 24, "EXP43", 3, "174"),
    "T46G": (16, 27, 0, 27, "EXP40", 6, "028"), "T46S": (16, 27, 0, 27, "EXP40", 6, "066"),
    "T46U": (16, 27, 0, 27, "EXP43", 3, "108"), "T48G": (16, 29, 0, 29, "EXP40", 6, "035"),
    "T48S": (16, 29, 0, 29, "EXP40", 6, "065"), "T48U": (16, 29, 0, 29, "EXP43", 3, "109"),
    "T49G": (16, 29, 0, 29, "", 0, "051"),
    "T52S": (12, 21, 0, 21, "EXP50", 3, "074"), "T54S": (16, 27, 0, 27, "EXP50", 3, "070"),
    "T53": (12, 21, 0, 21, "EXP50", 3, "095"), "T53C": (12, 21, 0, 21, "EXP50", 3, "095"),
    "T53W": (12, 21, 0, 21, "EXP50", 3, "095"), "T54W": (16, 27, 0, 27, "EXP50", 3, "096"),
    "T57W": (16, 29, 0, 29, "EXP50", 3, "097"), "T56A": (16, 27, 0, 27, "EXP50", 3, "056"),
    "T58A": (16, 27, 0, 27, "EXP50", 3, "058"), "T58V": (16, 27, 0, 27, "EXP50", 3, "058"),
    "T58W": (16, 27, 0, 27, "EXP50", 3, "150"), "VP59": (16, 16, 0, 27, "EXP50", 3, "091"),
    "T73U": (12, 40, 0, 48, "EXP55", 3, "186"), "T73W": (12, 40, 0, 48, "EXP55", 3, "183"),
    "T74U": (16, 50, 0, 60, "EXP55", 3, "187"), "T74W": (16, 50, 0, 60, "EXP55", 3, "184"),
    "T77U": (16, 56, 0, 95, "EXP55", 3, "188"), "T85W": (16, 60, 0, 72, "EXP55", 3, "196"),
    "T87W": (16, 84, 0, 95, "EXP55", 3, "197"), "T88V": (16, 84, 0, 95, "EXP55", 3, "192"),
    "T88W": (16, 84, 0, 95, "EXP55", 3, "192"),
    "CP860": (1, 0, 0, 0, "", 0, "037"), "CP920": (1, 0, 0, 0, "", 0, "078"),
    "CP925": (1, 0, 0, 0, "", 0, "148"), "CP960": (1, 0, 0, 0, "", 0, "073"),
    "CP965": (1, 0, 0, 0, "", 0, "143"),
}  # fmt: skip


def test_no_model_is_missing_and_none_is_invented(family: Family) -> None:
    named = {family.models[model_key(name)].name for name in MODELS}
    assert named == {model.name for model in family.manifest.model}


@pytest.mark.parametrize("name", MODELS)
def test_a_models_counts(family: Family, name: str) -> None:
    accounts, line, memory, accepted, sidecar, units, code = MODELS[name]
    model = family.models[model_key(name)]
    slots = phone_slots(family.manifest.layouts[model.layout])
    sure = [slot for slot in slots if not slot.beyond]
    assert model.accounts == accounts
    assert [slot.number for slot in sure if slot.bank == "line"] == [*range(1, line + 1)]
    assert [slot.number for slot in sure if slot.bank == "memory"] == [*range(1, memory + 1)]
    assert len(slots) == accepted
    assert model.sidecars.get(sidecar, 0) == units
    assert model.names["code"] == f"000000000{code}"
    if accepted > line + memory:
        assert model.confidence == "conflict"


def test_where_sources_disagree_the_higher_count_is_accepted_with_a_warning(
    family: Family,
) -> None:
    def severities(model: str, phone: Phone) -> list[str]:
        return [f.severity for f in fit(family, family.models[model_key(model)], phone, {})]

    def phone(*, line: int = 1, key: int = 1) -> Phone:
        return Phone(
            mac=Mac("001565aabbcc"),
            model="",
            lines=(PhoneLine(line=line, extension="101"),),
            buttons=(button(key, "dnd"),),
        )

    assert severities("T42U", phone(line=6)) == []
    assert severities("T42U", phone(line=12)) == ["warning"]
    assert severities("T42U", phone(line=13)) == ["error"]
    assert severities("T73W", phone(key=40)) == []
    assert severities("T73W", phone(key=48)) == ["warning"]
    assert severities("T73W", phone(key=49)) == ["error"]


def test_too_long_a_value_and_too_many_lines_are_refused(family: Family) -> None:
    phone = Phone(
        mac=Mac("001565aabbcc"),
        model="",
        lines=(PhoneLine(line=1, extension="101"), PhoneLine(line=17, extension="102")),
        buttons=(button(7, "speed_dial", "1" * 100),),
        sidecars=("EXP43",) * 4,
    )
    messages = [str(f) for f in fit(family, family.models["sipt46u"], phone, {})]
    assert len(messages) == 3
    assert any("line 17 does not exist" in m for m in messages)
    assert any("at most 3" in m for m in messages)
    assert any("99 characters" in m for m in messages)


def test_models_are_found_as_people_write_them(family: Family) -> None:
    for spelling in ("SIP-T46U", "sip-t46u", "T46U", "t46 u"):
        assert family.models[model_key(spelling)].name == "SIP-T46U"
    assert family.models[model_key("T49G")].name == family.models[model_key("VP-T49G")].name


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_every_model_renders_every_sample(family: Family, name: str, sample: str) -> None:
    model = family.models[model_key(name)]
    for rule in family.rules_for(model):
        context = (
            sample_family_context(family, model, rule)
            if rule.scope == "family"
            else sample_context(family, model, sample, rule)
        )
        rendered = family.renderer.render(rule, context)
        assert check_structure(rendered.body, rule, rendered.record) == ()
        if rule.id == "config":
            assert_keys_follow_the_manifest(family, model, values(rendered))


def assert_keys_follow_the_manifest(
    family: Family, model: ModelRule, read: Mapping[str, str]
) -> None:
    slots = phone_slots(family.manifest.layouts[model.layout])
    for prefix, bank in (("linekey", "line"), ("memorykey", "memory")):
        printed = {k for k in read if k.startswith(f"{prefix}.")}
        numbers = {int(k.split(".")[1]) for k in printed}
        assert numbers == {slot.number for slot in slots if slot.bank == bank}
    accounts = {int(k.split(".")[1]) for k in read if k.startswith("account.")}
    assert accounts >= set(range(1, model.accounts + 1))
    assert max(accounts) <= (model.accept_accounts or model.accounts)


# --- firmware V70 to V73 ------------------------------------------------------------------------


@pytest.mark.parametrize("name", OLD)
def test_old_firmware_gets_the_names_it_knows(family: Family, name: str) -> None:
    read = config(family, name, settings=Settings(vlan_phone=20, vlan_pc=0))
    assert read["auto_provision.server.url"] == PLAIN_BASE
    assert read["auto_provision.pnp_enable"] == "0"
    assert read["auto_provision.dhcp_option.enable"] == "0"
    assert read["zero_touch.enable"] == "0"
    assert read["security.user_password"] == "user:Adm1n:pass"
    assert read["network.vlan.internet_port_vid"] == "20"
    assert read["account.1.sip_server_host"] == "pbx.example.test"
    assert read["account.1.sip_server_port"] == "5060"
    assert read["account.1.transport"] == "0"
    assert read["account.1.expires"] == "600"
    assert read["account.1.outbound_host"] == "proxy.example.test"
    assert read["account.1.sip_trust_ctrl"] == "1"
    assert "features.blf_pickup_only_send_code" not in read


@pytest.mark.parametrize("name", ["SIP-T21P_E2", "SIP-T46G", "CP860"])
def test_phones_sold_before_v81_get_both_spellings(family: Family, name: str) -> None:
    read = config(family, name)
    assert read["auto_provision.server.url"] == read["static.auto_provision.server.url"] == BASE
    assert read["account.1.transport"] == "0"
    assert "account.1.sip_server_host" not in read


def test_newer_phones_get_only_the_new_names(family: Family) -> None:
    for name in ("SIP-T46U", "SIP-T54W", "SIP-T88W", "CP925"):
        read = config(family, name)
        assert not [k for k in read if k.startswith(("auto_provision.", "security.", "network."))]


def test_old_codecs_are_numbered(family: Family) -> None:
    read = config(family, "SIP-T28P", settings=Settings(codecs=("opus", "pcma", "g722")))
    slot = {n: read[f"account.1.codec.{n}.enable"] for n in range(1, 14)}
    assert {n for n, on in slot.items() if on == "1"} == {2, 6}
    assert read["account.1.codec.2.payload_type"] == "PCMA"
    assert read["account.1.codec.2.priority"] == "1"
    assert read["account.1.codec.6.payload_type"] == "G722"
    assert read["account.1.codec.6.priority"] == "2"


def test_memory_keys_follow_the_line_keys(family: Family) -> None:
    read = config(family, "SIP-T28P", buttons=(button(7, "blf", "103", "Carol"),))
    assert key_of(read, "memorykey.1") == ("16", "1", "103", "Carol", "*8")
    assert read["memorykey.1.pickup_value"] == "*8"
    assert key_of(read, "memorykey.10") == ("0", NULL, NULL, NULL, NULL)


@pytest.mark.parametrize("name", ["SIP-T32G", "SIP-T38G"])
def test_watching_keys_count_accounts_from_zero_on_the_t3(family: Family, name: str) -> None:
    buttons = (button(2, "blf", "103", line=2), button(3, "speed_dial", "5", line=2))
    read = config(family, name, buttons=buttons)
    assert (read["linekey.2.type"], read["linekey.2.line"]) == ("16", "1")
    assert (read["linekey.3.type"], read["linekey.3.line"]) == ("13", "2")
    assert (read["linekey.1.type"], read["linekey.1.line"]) == ("15", "1")


def test_what_only_old_or_only_new_firmware_has(family: Family) -> None:
    redial = (button(2, "redial", label="R"),)
    assert config(family, "SIP-T28P", buttons=redial)["linekey.2.type"] == "6"
    assert config(family, "SIP-T46U", buttons=redial)["linekey.2.type"] == "0"
    for kind in ("directory", "directory_cascade", "lock"):
        assert config(family, "SIP-T20P", buttons=(button(2, kind),))["linekey.2.type"] == "0"


# --- time, language, network --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("America/New_York", ("-5", "1", "1", "3/2/7/2", "11/1/7/2", "60")),
        ("America/Denver", ("-7", "1", "1", "3/2/7/2", "11/1/7/2", "60")),
        ("America/Phoenix", ("-7", "0", None, None, None, None)),
        ("America/St_Johns", ("-3:30", "1", "1", "3/2/7/2", "11/1/7/2", "60")),
        ("America/Mexico_City", ("-6", "0", None, None, None, None)),
        ("Europe/London", ("0", "1", "1", "3/5/7/1", "10/5/7/2", "60")),
        ("Europe/Dublin", ("0", "1", "1", "3/5/7/1", "10/5/7/2", "60")),
        ("Europe/Berlin", ("+1", "1", "1", "3/5/7/2", "10/5/7/3", "60")),
        ("Europe/Athens", ("+2", "1", "1", "3/5/7/3", "10/5/7/4", "60")),
        ("Asia/Kolkata", ("+5:30", "0", None, None, None, None)),
        ("Asia/Kathmandu", ("+5:45", "0", None, None, None, None)),
        ("Australia/Sydney", ("+10", "1", "1", "10/1/7/2", "4/1/7/3", "60")),
        ("Australia/Lord_Howe", ("+10:30", "1", "1", "10/1/7/2", "4/1/7/2", "30")),
        ("Pacific/Auckland", ("+12", "1", "1", "9/5/7/2", "4/1/7/3", "60")),
        ("Etc/UTC", ("0", "0", None, None, None, None)),
    ],
)
def test_time_zones(family: Family, zone: str, expected: tuple[str | None, ...]) -> None:
    read = config(family, settings=Settings(time_zone=zone))
    assert zone_of(read) == expected
    assert read["local_time.dhcp_time"] == "0"
    assert read["local_time.ntp_server1"] == "pool.ntp.org"


def zone_of(read: Mapping[str, str]) -> tuple[str | None, ...]:
    names = ("time_zone", "summer_time", "dst_time_type", "start_time", "end_time", "offset_time")
    return tuple(read.get(f"local_time.{name}") for name in names)


@pytest.mark.parametrize(
    ("model", "zone", "expected"),
    [
        # The Friday before the last Sunday of March: last Sunday, two days earlier.
        ("SIP-T54W", "Asia/Jerusalem", ("+2", "1", "1", "3/5/7/2/-2", "10/5/7/2", "60")),
        ("SIP-T46U", "Asia/Jerusalem", ("+2", "1", "0", "3/27/2", "10/25/2", "60")),
    ],
)
def test_rules_that_are_no_week_rule(
    family: Family, model: str, zone: str, expected: tuple[str, ...]
) -> None:
    read = config(family, model, settings=Settings(time_zone=zone), year=2026)
    assert zone_of(read) == expected


def test_a_date_rule_changes_with_the_year(family: Family) -> None:
    jerusalem = Settings(time_zone="Asia/Jerusalem")
    read = config(family, "SIP-T46U", settings=jerusalem, year=2027)
    assert read["local_time.start_time"] == "3/26/2"
    assert read["local_time.end_time"] == "10/31/2"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "English"), ("en-US", "English"), ("fr-CA", "French"), ("de_AT", "German"),
        ("it", "Italian"), ("es", "Spanish"), ("pt-BR", "Portuguese"), ("nl", "Dutch"),
        ("da", "Danish"), ("ru", "Russian"), ("tr", "Turkish"), ("pl", "Polish"),
        ("xx", "English"),
    ],
)  # fmt: skip
def test_languages(family: Family, tag: str, name: str) -> None:
    read = config(family, settings=Settings(language=tag))
    assert read["lang.gui"] == read["lang.wui"] == name


@pytest.mark.parametrize(
    ("country", "name"),
    [("US", "United States"), ("CA", "United States"), ("GB", "Great Britain"),
     ("DE", "Germany"), ("CZ", "Czech"), ("XX", NULL)],
)  # fmt: skip
def test_tones(family: Family, country: str, name: str) -> None:
    read = config(family, settings=Settings(tone_country=country))
    assert read["voice.tone.country"] == name


def test_vlans_are_left_alone_until_somebody_sets_one(family: Family) -> None:
    assert not [k for k in config(family) if "vlan" in k or "cdp" in k]
    read = config(family, settings=Settings(vlan_phone=20))
    assert read["static.network.vlan.internet_port_enable"] == "1"
    assert read["static.network.vlan.internet_port_vid"] == "20"
    assert read["static.network.vlan.pc_port_enable"] == "0"
    assert read["static.network.vlan.pc_port_vid"] == NULL
    assert read["static.network.cdp.enable"] == "0"
    read = config(family, settings=Settings(vlan_phone=0, vlan_pc=30))
    assert read["static.network.vlan.internet_port_enable"] == "0"
    assert read["static.network.vlan.pc_port_vid"] == "30"


def test_emergency_numbers_dial_while_locked(family: Family) -> None:
    assert config(family)["phone_setting.emergency.number"] == "911,933,112"


# --- provisioning -------------------------------------------------------------------------------


def test_polling_is_spread_but_never_rarer_than_asked(family: Family) -> None:
    read = config(family, settings=Settings(poll_minutes=1440))
    assert read["static.auto_provision.repeat.enable"] == "1"
    assert 1260 < int(read["static.auto_provision.repeat.minutes"]) <= 1440
    longest = config(family, settings=Settings(poll_minutes=100_000))
    assert int(longest["static.auto_provision.repeat.minutes"]) <= 43200
    never = config(family, settings=Settings(poll_minutes=0))
    assert never["static.auto_provision.repeat.enable"] == "0"
    assert never["static.auto_provision.power_on"] == "1"


def test_both_web_users_get_the_generated_password(family: Family) -> None:
    body = render(family).body.decode()
    assert re.findall(r"^static\.security\.user_password = (.*)$", body, re.MULTILINE) == [
        "admin:Adm1n:pass",
        "user:Adm1n:pass",
    ]


def test_firmware_is_named_only_where_it_is_set(family: Family) -> None:
    assert "static.firmware.url" not in config(family)
    wanted = Settings(firmware=(("Yealink SIP-T46U", "108.86.0.90.rom"),))
    read = config(family, settings=wanted)
    assert read["static.firmware.url"] == f"{BASE}assets/108.86.0.90.rom"
    assert "static.firmware.url" not in config(family, "SIP-T54W", settings=wanted)


@pytest.mark.parametrize("model", ["SIP-T28P", "SIP-T23G", "SIP-T46U"])
def test_whatever_a_url_leads_to_is_fetched_with_the_log_in(family: Family, model: str) -> None:
    firmware = Settings(firmware=((f"Yealink {model}", "new.rom"),))
    plain = config(family, model, settings=firmware)
    read = config(family, model, settings=firmware, urls=replace(PUBLIC, passwords=b"key"))
    user = read["static.auto_provision.server.username"]
    password = read["static.auto_provision.server.password"]
    assert user == "001565aabbcc"
    assert password
    for key in ("remote_phonebook.data.1.url", "static.directory_setting.url",
                "static.firmware.url"):  # fmt: skip
        scheme, _, rest = plain[key].partition("://")
        assert read[key] == f"{scheme}://{user}:{password}@{rest}"
        assert read.get(key.removeprefix("static."), read[key]) == read[key]
    assert read["static.auto_provision.server.url"] == plain["static.auto_provision.server.url"]
    assert read["remote_phonebook.data.1.username"] == user
    assert read["remote_phonebook.data.1.password"] == password
    assert "remote_phonebook.data.1.username" not in plain


def test_the_phone_obeys_the_registrar_and_does_not_reboot(family: Family) -> None:
    read = config(family)
    assert read["sip.trust_ctrl"] == "1"
    assert read["features.direct_ip_call_enable"] == NULL
    assert read["sip.notify_reboot_enable"] == "0"
    assert family.manifest.resync.event == "check-sync;reboot=false"
    assert family.manifest.resync.trusted_from == "registrar"


def test_a_notify_straight_from_the_server_is_heard_and_calls_from_anywhere_are_not(
    family: Family,
) -> None:
    straight = Settings(resync_route=ResyncRoute.DIRECT)
    read = config(family, settings=straight)
    assert read["sip.trust_ctrl"] == "0"
    assert read["features.direct_ip_call_enable"] == "0"
    assert config(family, "SIP-T28P", settings=straight)["account.1.sip_trust_ctrl"] == "0"
    assert config(family, "SIP-T28P")["account.1.sip_trust_ctrl"] == "1"


def boot_url(flash: Mapping[str, str], offered: Mapping[str, str]) -> str:
    """Where a phone looks first: the vendor's order of sources, factory settings all on."""
    sources = (
        ("redirection", "static.zero_touch.enable"),
        ("pnp", "static.auto_provision.pnp_enable"),
        ("option 160", "static.auto_provision.dhcp_option.enable"),
        ("option 66", "static.auto_provision.dhcp_option.enable"),
        ("option 43", "static.auto_provision.dhcp_option.enable"),
    )
    for source, switch in sources:
        if source in offered and flash.get(switch, "1") == "1":
            return offered[source]
    return flash.get("static.auto_provision.server.url", "")


def test_after_enrolment_the_tokened_url_wins_over_everything(family: Family) -> None:
    old = "http://prov.example.test/"
    for model in family.manifest.model:
        own = PLAIN_BASE if model.name in OLD else BASE
        for source in ("redirection", "pnp", "option 160", "option 66", "option 43"):
            offered = {source: old}
            assert boot_url({}, offered) == old
            assert boot_url(config(family, model.name), offered) == own


def test_each_rival_of_the_url_is_named_and_settled(family: Family) -> None:
    read = config(family)
    assert {o.key for o in family.manifest.outranked_by} == {
        "static.zero_touch.enable",
        "static.auto_provision.pnp_enable",
        "static.auto_provision.dhcp_option.enable",
        "static.auto_provision.server.url",
    }
    for outranked in family.manifest.outranked_by:
        assert read[outranked.key] == (outranked.value or BASE)
    assert family.manifest.provisioning_url.form == "base"


def test_without_a_public_url_no_way_to_the_server_is_closed(family: Family) -> None:
    read = config(family, "SIP-T46G", urls=PublicUrls())
    assert not [k for k in read if "server.url" in k or "pnp" in k or "dhcp_option" in k]
    assert not [k for k in read if "zero_touch" in k or "directory_setting.url" in k]
    assert read["remote_phonebook.data.1.url"] == NULL


def test_phones_with_tls_1_0_are_not_sent_to_https(family: Family) -> None:
    for model in family.manifest.model:
        old = model.name in OLD
        assert model.schemes == (("http", "tftp") if old else ()), model.name


def test_the_family_passes_its_own_check(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


# --- files --------------------------------------------------------------------------------------


def served(family: Family, name: str) -> tuple[str, str | None, bool]:
    """(rule, MAC, is it 200) of the only rule that the name fits."""
    found = candidates((family,), parse_name(name).path)
    assert len(found) == 1, name
    match = found[0]
    assert match.rule is not None
    return match.rule.id, match.mac.text if match.mac else None, match.rule.template is not None


@pytest.mark.parametrize(
    ("name", "rule", "mac", "is_served"),
    [
        ("001565aabbcc.boot", "mac-boot", "001565aabbcc", False),
        ("y000000000000.boot", "common-boot", None, False),
        ("y000000000108.cfg", "common", None, False),
        ("y000000000000.cfg", "common", None, False),
        ("001565aabbcc.cfg", "config", "001565aabbcc", True),
        ("001565AABBCC.CFG", "config", "001565aabbcc", True),
        ("00-15-65-aa-bb-cc.cfg", "config", "001565aabbcc", True),
        ("00:15:65:aa:bb:cc.cfg", "config", "001565aabbcc", True),
        (f"p/{TOKEN}//001565aabbcc.cfg", "config", "001565aabbcc", True),
        ("001565aabbcc-local.cfg", "local", "001565aabbcc", False),
        ("001565aabbcc-contact.xml", "contacts", "001565aabbcc", False),
        ("001565aabbcc-calllog.xml", "call-log", "001565aabbcc", False),
        ("001565aabbcc_Security.enc", "config-key", "001565aabbcc", False),
        ("y000000000046_Security.enc", "common-key", None, False),
        ("directory-001565aabbcc.xml", "directory", "001565aabbcc", True),
        ("directory_setting.xml", "directory-setting", None, True),
    ],
)
def test_the_answer_to_each_name(
    family: Family, name: str, rule: str, mac: str | None, is_served: bool
) -> None:
    assert served(family, name) == (rule, mac, is_served)


@pytest.mark.parametrize(
    "name", ["000000000000.cfg", "y000000000999.cfg", "001565aabbc.cfg", "x001565aabbcc.cfg"]
)
def test_names_that_no_phone_of_the_family_asks(family: Family, name: str) -> None:
    assert candidates((family,), name) == ()


@pytest.mark.parametrize(
    "name",
    [
        "001565aabbcc-local.cfg",
        "001565AABBCC-contact.xml",
        "001565aabbcc-calllog.xml",
        "001565aabbcc-boot.log",
        "001565aabbcc-sys.log",
    ],
)
def test_what_the_phone_uploads_is_known(family: Family, name: str) -> None:
    assert upload((family,), name) is not None


def test_the_configuration_cannot_be_overwritten(family: Family) -> None:
    assert upload((family,), "001565aabbcc.cfg") is None


def test_the_boot_chain_has_the_order_and_the_answers_of_the_guides(family: Family) -> None:
    chain = [(step.file, step.expect) for step in family.manifest.boot]
    assert chain == [
        ("mac-boot", 404),
        ("common-boot", 404),
        ("common", 404),
        ("config", 200),
        ("local", 404),
        ("contacts", 404),
        ("call-log", 404),
        ("directory-setting", 200),
        ("directory", 200),
    ]
    for step in family.manifest.boot:
        assert (family.rule(step.file).template is not None) == (step.expect == 200)
        if step.link:
            url = config(family)[step.link]
            assert served(family, url.removeprefix("https://prov.example.test/"))[0] == step.file


def test_only_the_configuration_is_secret_and_proves_anything(family: Family) -> None:
    rules = [compiled.rule for compiled in family.rules]
    assert [rule.id for rule in rules if rule.secret] == ["config"]
    assert [rule.id for rule in rules if rule.proves_current] == ["config"]
    assert not any(rule.conditional for rule in rules)


def test_the_token_less_file_names_nobody(family: Family) -> None:
    rule = family.rule("directory-setting")
    context = build_family_context(
        family=family, rule=rule, urls=PublicUrls(https="https://prov.example.test/"), words={}
    )
    root = ElementTree.fromstring(family.renderer.render(rule, context).body)
    shown = [item.get("id_name") for item in root if item.get("enable") == "1"]
    assert root.tag == "root_favorite_set"
    assert shown == ["remotedirectory", "localdirectory", "history"]
    assert "prov.example.test" not in family.renderer.render(rule, context).body.decode()


def test_the_directory_document(family: Family) -> None:
    entries = (
        DirectoryEntry(name="Bob & Sons <Ltd>", number="+12125550111"),
        DirectoryEntry(name="Reception", number="100"),
    )
    root = ElementTree.fromstring(render(family, file="directory", entries=entries).body)
    assert root.tag == "YealinkIPPhoneDirectory"
    assert [(e.findtext("Name"), e.findtext("Telephone")) for e in root] == [
        ("Bob & Sons <Ltd>", "+12125550111"),
        ("Reception", "100"),
    ]
    assert {e.tag for e in root} == {"DirectoryEntry"}


def test_a_directory_longer_than_phones_take_is_cut(family: Family) -> None:
    entries = tuple(DirectoryEntry(name=f"N{n:05}", number=str(n)) for n in range(3001))
    root = ElementTree.fromstring(render(family, file="directory", entries=entries).body)
    assert len(root) == 3000


def test_a_phone_without_a_directory_is_told_so(family: Family) -> None:
    read = config(family)
    assert read["remote_phonebook.data.1.url"] == f"{BASE}directory-001565aabbcc.xml"
    assert read["remote_phonebook.data.1.name"] == "Company"
    read = config(family, directory=None)
    assert read["remote_phonebook.data.1.url"] == NULL
    assert read["features.remote_phonebook.enable"] == "0"


# --- what people type ---------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["%NULL%", " %null% ", "%EMPTY%"])
def test_a_persons_text_is_never_the_vendors_word_for_nothing(family: Family, typed: str) -> None:
    users = {"101": User(extension="101", first_name=typed, sip_password=Secret(typed))}
    lines = (PhoneLine(line=1, extension="101", label=typed),)
    read = config(family, users=users, lines=lines, buttons=(button(7, "speed_dial", "1", typed),))
    word = typed.strip().upper().strip("%")
    assert read["account.1.label"] == read["account.1.display_name"] == word
    assert read["account.1.password"] == word
    assert read["linekey.7.label"] == word


def test_a_line_break_in_a_name_adds_no_parameter(family: Family) -> None:
    users = {"101": User(extension="101", first_name="A\r\naccount.1.password = stolen")}
    read = config(family, users=users, lines=(PhoneLine(line=1, extension="101"),))
    assert read["account.1.display_name"] == "Aaccount.1.password = stolen"
    assert read["account.1.password"] == NULL


# --- overrides ----------------------------------------------------------------------------------


def override(key: str, value: str | None) -> Applied:
    return Applied(key=key, value=value, layer="phone")


def test_overrides_replace_add_and_take_away(family: Family) -> None:
    read = config(
        family,
        overrides=(
            override("lang.gui", "French_CA"),
            override("linekey.9.type", "28"),
            override("phone_setting.backgrounds", "Default.jpg"),
            override("voice.tone.country", None),
            override("static.security.user_password[user]", "user:other"),
        ),
    )
    assert read["lang.gui"] == "French_CA"
    assert read["linekey.9.type"] == "28"
    assert read["phone_setting.backgrounds"] == "Default.jpg"
    assert "voice.tone.country" not in read
    assert read["static.security.user_password"] == "user:other"


def test_what_decides_whom_the_phone_obeys_is_for_admins(family: Family) -> None:
    for key in (
        "account.1.sip_server.1.address",
        "account.3.password",
        "account.1.outbound_proxy.1.address",
        "static.auto_provision.server.url",
        "auto_provision.server.url",
        "static.security.user_password[admin]",
        "static.firmware.url",
        "sip.trust_ctrl",
        "features.action_uri_limit_ip",
    ):
        assert is_protected(key, family.manifest), key
    for key in ("account.1.label", "lang.gui", "phone_setting.backgrounds", "linekey.3.value"):
        assert not is_protected(key, family.manifest), key


def test_names_that_are_not_the_vendors_are_noticed(family: Family) -> None:
    wrong = ["features.auto_line_keys.enable", "dhcp_enable", "over_provision.mode"]
    keys = family.renderer.keys()
    found = findings([(key, "1") for key in wrong], family.manifest, keys, admin=True)
    assert [f.severity for f in found] == ["warning"] * 3
    assert "features.auto_linekeys.enable" in found[0].remedy
    right = ["features.auto_linekeys.enable", "ldap.host", "edk.edklist.1.enable"]
    assert findings([(key, "1") for key in right], family.manifest, keys, admin=True) == ()


# --- User-Agents --------------------------------------------------------------------------------


def test_real_user_agents_are_recognised(family: Family) -> None:
    shelf = Shelf(families={family.name: family})
    for rule in family.manifest.user_agent:
        for example in rule.examples:
            device = shelf.recognise(example.text)
            assert device is not None, example.text
            assert model_key(device.model) in family.models
            assert device.version == example.version
            assert (device.mac.text if device.mac else "") == example.mac


@pytest.mark.parametrize(
    "agent",
    [
        "Yealink W70B 146.87.0.15 80:5e:0c:1d:65:4e",
        "Yealink AX83H 180.86.0.1 80:5e:0c:1d:65:4f",
        "Fanvil X5U-V2 2.12.1 0c3800000000",
        "curl/7.88.1",
    ],
)
def test_other_devices_are_not_taken_for_these(family: Family, agent: str) -> None:
    assert Shelf(families={family.name: family}).recognise(agent) is None
