"""Facts become a clean context: accounts, keys, labels, URLs, settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from provisiond.catalog.build import build_context, build_family_context, provisioning_url
from provisiond.catalog.context import Context
from provisiond.catalog.family import Family, load_family
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import BUILT_IN, Settings, SipTransport, Site, inherit
from provisiond.inventory.facts import DomainFacts, PhoneFacts
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

ACME = Path(__file__).parent.parent / "models" / "acme" / "desk"
TOKEN = "abcdefghijklmnopqrstuvwx23"
URLS = PublicUrls(https="https://prov.example.test", http="http://prov.example.test")


@pytest.fixture(scope="module")
def acme() -> Family:
    return load_family(ACME, "acme/desk")


def facts(phone: Phone, settings: Settings = BUILT_IN, **sites: Settings) -> PhoneFacts:
    users = {
        "101": User(
            extension="101", first_name="Alice", last_name="Ex;ample", sip_password=Secret("s3cret")
        ),
        "102": User(extension="102", sip_user="u102", sip_auth_user="a102"),
        "103": User(extension="103", first_name="Carol"),
    }
    return PhoneFacts(
        domain=DomainFacts(
            domain_id=1,
            name="pbx.example.test",
            epoch=1,
            settings=settings,
            sites={name: Site(name=name, settings=layer) for name, layer in sites.items()},
            users={key: replace(user, sip_password=Secret("")) for key, user in users.items()},
        ),
        phone=phone,
        phone_id=1,
        epoch=1,
        users={line.extension: users[line.extension] for line in phone.lines},
        directory=(DirectoryEntry(name="Al\nice", number="101"),),
    )


PHONE = Phone(
    mac=Mac("02ac3e000001"),
    model="Acme D-6",
    lines=(PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102", label="Door")),
    token=Secret(TOKEN),
)


def build(family: Family, given: PhoneFacts, rule: str = "mac", **more: object) -> Context:
    return build_context(
        family=family,
        model=family.models["d6"],
        facts=given,
        rule=family.rule(rule),
        urls=URLS,
        year=2026,
        **more,  # type: ignore[arg-type]
    )


def test_every_account_of_the_model_stands_there_used_or_not(acme: Family) -> None:
    one = replace(PHONE, lines=PHONE.lines[:1])
    context = build(acme, facts(one))
    assert [(a.number, a.used) for a in context.accounts] == [(1, True), (2, False)]
    alice = context.lines[0]
    assert (alice.user, alice.auth_user, alice.password) == ("101", "101", "s3cret")
    assert alice.display_name == "Alice Ex;ample"
    assert context.accounts[1].password == ""


def test_sip_names_default_to_the_extension_and_labels_to_the_line(acme: Family) -> None:
    second = build(acme, facts(PHONE)).accounts[1]
    assert (second.user, second.auth_user, second.label) == ("u102", "a102", "Door")


def test_an_accepted_account_beyond_the_lower_count_appears_when_used(acme: Family) -> None:
    third = replace(PHONE, lines=(PhoneLine(line=3, extension="103"),))
    assert [a.used for a in build(acme, facts(third)).accounts] == [False, False, True]


def test_keys_hold_codes_values_and_labels(acme: Family) -> None:
    codes = Settings(feature_codes=(("pickup", "*8{value}"), ("queue_login", "*81")))
    phone = replace(
        PHONE,
        buttons=(
            Button(module=0, key=3, kind=ButtonKind.BLF, value="103"),
            Button(module=0, key=4, kind=ButtonKind.QUEUE_LOGIN, label="In;\tnow" + "x" * 40),
            Button(module=0, key=5, kind=ButtonKind.QUEUE_LOGOUT),
            Button(module=0, key=6, kind=ButtonKind.REDIAL),
        ),
    )
    keys = build(acme, facts(phone, inherit(BUILT_IN, codes))).keys
    assert [(k.kind, k.line, k.value, k.pickup) for k in keys] == [
        ("line", 1, "", ""),
        ("line", 2, "", ""),
        ("blf", 1, "103", "*8103"),
        ("queue_login", 0, "*81", ""),
        ("none", 0, "", ""),
        ("none", 0, "", ""),
    ]
    assert keys[2].label == "Carol"
    assert keys[3].label == "In now" + "x" * 14
    assert keys[4].code == {"type": 0}


def test_sidecar_keys_skip_holes_and_unknown_sidecars_are_left_out(acme: Family) -> None:
    phone = replace(
        PHONE,
        sidecars=("EXP", "GONE"),
        buttons=(
            Button(module=1, key=3, kind=ButtonKind.SPEED_DIAL, value="5"),
            Button(module=1, key=4, kind=ButtonKind.DTMF, value="5"),
        ),
    )
    [sidecar] = build(acme, facts(phone)).sidecars
    assert [key.number for key in sidecar.keys] == [1, 2, 4, 5, 6]
    assert [key.kind for key in sidecar.keys] == ["none", "none", "speed_dial", "none", "none"]


def test_settings_come_from_the_nearest_layer(acme: Family) -> None:
    phone = replace(PHONE, site="HQ", settings=Settings(poll_minutes=30))
    context = build(
        acme,
        facts(phone, HQ=Settings(time_zone="Europe/Berlin", poll_minutes=60, tone_country="de")),
    )
    settings = context.settings
    assert (settings.poll_minutes, settings.tone_country) == (30, "DE")
    assert 0 <= settings.poll_jitter < 30
    assert context.zone.offset == 60
    other = replace(PHONE, mac=Mac("02ac3e000002"), settings=Settings(poll_minutes=30))
    assert {
        build(acme, facts(replace(other, mac=Mac(f"02ac3e{n:06x}")))).settings.poll_jitter
        for n in range(20)
    } != {settings.poll_jitter}


@pytest.mark.parametrize(
    ("given", "port", "proxy_port"),
    [
        (Settings(), 5060, 5060),
        (Settings(transport=SipTransport.TLS), 5061, 5061),
        (Settings(transport=SipTransport.TLS, sip_port=5070), 5070, 5070),
        (Settings(outbound_proxy_port=5080), 5060, 5080),
    ],
)
def test_ports_default_to_the_transports(
    acme: Family, given: Settings, port: int, proxy_port: int
) -> None:
    settings = build(acme, facts(PHONE, inherit(BUILT_IN, given))).settings
    assert (settings.sip_port, settings.outbound_proxy_port) == (port, proxy_port)


def test_a_model_that_lacks_a_scheme_gets_the_next_best(acme: Family) -> None:
    old = acme.models["d6"].model_copy(update={"schemes": ("http", "tftp")})
    context = build_context(
        family=acme, model=old, facts=facts(PHONE), rule=acme.rule("mac"), urls=URLS, year=2026
    )
    assert context.urls.scheme == "http"


def test_no_control_or_line_separator_reaches_a_template(acme: Family) -> None:
    phone = replace(
        PHONE,
        name="Front\r\ndesk\u2028x\0",
        lines=(PhoneLine(line=1, extension="101", label="a\nb"),),
    )
    context = build(acme, facts(phone), "directory")
    texts = [context.phone.name, context.accounts[0].label, context.directory.entries[0][0]]
    assert all(text.isprintable() for text in texts)


def test_a_file_of_ascii_is_given_ascii_to_look_at(acme: Family) -> None:
    phone = replace(
        PHONE,
        name="Büro",
        lines=(PhoneLine(line=1, extension="101", label="Tür\uff1b"),),
        buttons=(Button(module=0, key=3, kind=ButtonKind.BLF, value="103\uff1bx", label="É"),),
    )
    rule = acme.rule("mac").model_copy(update={"ascii_only": True})
    context = build_context(
        family=acme, model=acme.models["d6"], facts=facts(phone), rule=rule, urls=URLS, year=2026
    )
    assert (context.phone.name, context.accounts[0].label) == ("Buro", "Tur")
    assert (context.keys[2].value, context.keys[2].label) == ("103;x", "E")
    assert build(acme, facts(phone)).keys[2].value == "103\uff1bx"


def test_urls_carry_the_token_and_the_best_scheme(acme: Family) -> None:
    firmware = Settings(firmware=(("Acme D-6", "d6.rom"),))
    urls = build(acme, facts(PHONE, inherit(BUILT_IN, firmware))).urls
    assert urls.base == f"https://prov.example.test/p/{TOKEN}/"
    assert urls.firmware == f"https://prov.example.test/p/{TOKEN}/assets/d6.rom"
    assert urls.scheme == "https"


@pytest.mark.parametrize(
    ("form", "file", "url"),
    [
        ("base", "", "https://h/p/t/"),
        ("bare", "", "h/p/t"),
        ("full", "$MA.cfg", "https://h/p/t/$MA.cfg"),
    ],
)
def test_the_provisioning_url_takes_the_familys_form(
    acme: Family, form: str, file: str, url: str
) -> None:
    wanted = acme.manifest.provisioning_url.model_copy(update={"form": form, "file": file})
    manifest = acme.manifest.model_copy(update={"provisioning_url": wanted})
    assert provisioning_url(manifest, "https://h/p/t/") == url
    assert provisioning_url(manifest, "") == ""


def test_only_declared_query_parameters_are_readable(acme: Family) -> None:
    context = build(acme, facts(PHONE), "directory", query=(("n", "10\n1"), ("x", "1")))
    assert context.query == {"n": "10 1"} or context.query == {"n": "101"}


def test_a_family_file_knows_nothing_of_a_tenant(acme: Family) -> None:
    context = build_family_context(
        family=acme, rule=acme.rule("common"), urls=URLS, words={"code": "06"}
    )
    assert context.urls.base == "https://prov.example.test/"
    assert context.model is not None
    assert context.model.name == "D-6"
