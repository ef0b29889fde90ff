"""What Poly's UC Software and Edge E phones are told, against values worked out by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisiond.catalog.build import build_context, build_family_context
from provisiond.catalog.check import check_family, check_goldens
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.match import candidates, parse_name, upload
from provisiond.catalog.overrides import Applied, findings, is_protected
from provisiond.catalog.placing import phone_slots
from provisiond.catalog.render import Rendered
from provisiond.catalog.samples import HOSTILE
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
MAC = "64167f000001"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
BASE = f"https://prov.example.test/p/{TOKEN}/"
PUBLIC = PublicUrls(https="https://prov.example.test/", http="http://prov.example.test/")

SETTINGS = Settings(
    sip_server="pbx.example.test",
    outbound_proxy="proxy.example.test",
    voicemail_number="*97",
    time_zone="America/New_York",
    ntp_server="pool.ntp.org",
    phone_admin_password=Secret("Adm1n-Pass-8"),
    feature_codes=(
        ("pickup", "**{value}"),
        ("group_pickup", "*8"),
        ("queue_login", "*81"),
        ("queue_logout", "*82{value}"),
        ("queue_toggle", "*83"),
        ("timeframe_toggle", "*28{value}"),
        ("move_call", "*86"),
        ("personal_park", "*68"),
        ("intercom", "*84{value}"),
        ("record", "*1"),
        ("park", "{value}"),
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
LINES = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))


@pytest.fixture(scope="module")
def family() -> Family:
    return load_family(TEMPLATES / "poly" / "ucs", "poly/ucs")


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
    wanted: dict[str, object] = {"mac": Mac(MAC), "model": f"Poly {model}", "lines": LINES}
    return Phone(**(wanted | {"token": Secret(TOKEN)} | fields))  # type: ignore[arg-type]


def render(
    family: Family,
    model: str = "VVX 450",
    file: str = "config",
    *,
    settings: Settings = Settings(),
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
    urls: PublicUrls = PUBLIC,
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
    phone.setdefault("lines", LINES[: named.accounts])
    facts = PhoneFacts(
        domain=domain,
        phone=phone_of(model, **phone),
        phone_id=1,
        epoch=1,
        users=USERS,
        directory=entries,
    )
    context = build_context(
        family=family, model=named, facts=facts, rule=rule, urls=urls, year=2026
    )
    rendered = family.renderer.render(rule, context, overrides)
    assert check_structure(rendered.body, rule, rendered.record) == ()
    return rendered


def attributes(body: bytes) -> dict[str, str]:
    """The file as the phone reads it: attributes, whatever elements they stand on."""
    read: dict[str, str] = {}
    for element in ElementTree.fromstring(body).iter():
        assert not set(element.attrib) & set(read), "of two the phone would take one"
        read |= element.attrib
    return read


def config(family: Family, model: str = "VVX 450", **wanted: object) -> dict[str, str]:
    return attributes(render(family, model, **wanted).body)  # type: ignore[arg-type]


def key_of(read: Mapping[str, str], key: int) -> tuple[str, ...]:
    """A line key as the phone resolves it: category, then what stands behind its index."""
    category = read.get(f"lineKey.{key}.category", "Unassigned")
    index = int(read.get(f"lineKey.{key}.index", "0"))
    if category == "Line":
        return category, read[f"reg.{index}.address"]
    if category == "BLF":
        assert index == 0, "the list is taken in order"
        before = [read.get(f"lineKey.{k}.category") for k in range(1, key)].count("BLF")
        entry = f"attendant.resourceList.{before + 1}"
        return category, *(read[f"{entry}.{part}"] for part in ("address", "type", "label"))
    if category == "EFK":
        macro = f"efk.efklist.{index}"
        assert read[f"{macro}.status"] == "1"
        return category, read[f"{macro}.action.string"], read[f"{macro}.label"]
    assert (category, index) == ("Unassigned", 0)
    return (category,)


# --- the whole family ---------------------------------------------------------------------------


def test_the_family_passes_its_own_check(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


SOUND = {"SoundPoint-EM": 3}
VVX_EM = {"VVX-EM-Paper": 3, "VVX-EM-Color": 3}
COUNTS = {
    # accounts, accepted, keys, accepted, modules
    "SoundPoint IP 300": (2, 2, 2, 2, {}),
    "SoundPoint IP 301": (2, 2, 2, 2, {}),
    "SoundPoint IP 320": (2, 2, 2, 2, {}),
    "SoundPoint IP 321": (2, 2, 2, 2, {}),
    "SoundPoint IP 330": (2, 2, 2, 2, {}),
    "SoundPoint IP 331": (2, 2, 2, 2, {}),
    "SoundPoint IP 335": (2, 2, 2, 2, {}),
    "SoundPoint IP 430": (2, 2, 2, 2, {}),
    "SoundPoint IP 450": (3, 3, 3, 3, {}),
    "SoundPoint IP 500": (3, 3, 3, 3, {}),
    "SoundPoint IP 501": (3, 3, 3, 3, {}),
    "SoundPoint IP 550": (4, 4, 4, 4, {}),
    "SoundPoint IP 560": (4, 4, 4, 4, {}),
    "SoundPoint IP 600": (6, 6, 6, 6, {}),
    "SoundPoint IP 601": (6, 12, 6, 6, SOUND),
    "SoundPoint IP 650": (6, 34, 6, 6, SOUND),
    "SoundPoint IP 670": (6, 34, 6, 6, SOUND),
    "SoundStation IP 4000": (1, 1, 0, 0, {}),
    "SoundStation IP 5000": (1, 1, 0, 0, {}),
    "SoundStation IP 6000": (1, 1, 0, 0, {}),
    "SoundStation IP 7000": (1, 1, 0, 0, {}),
    "SoundStation Duo": (1, 1, 0, 0, {}),
    "VVX 101": (1, 1, 2, 2, {}),
    "VVX 150": (2, 2, 2, 2, {}),
    "VVX 200": (2, 2, 2, 2, {}),
    "VVX 201": (2, 2, 2, 2, {}),
    "VVX 250": (4, 34, 4, 4, {}),
    "VVX 300": (6, 34, 6, 6, VVX_EM),
    "VVX 301": (6, 34, 6, 6, VVX_EM),
    "VVX 310": (6, 34, 6, 6, VVX_EM),
    "VVX 311": (6, 34, 6, 6, VVX_EM),
    "VVX 350": (6, 34, 6, 6, {}),
    "VVX 400": (12, 34, 12, 12, VVX_EM),
    "VVX 401": (12, 34, 12, 12, VVX_EM),
    "VVX 410": (12, 34, 12, 12, VVX_EM),
    "VVX 411": (12, 34, 12, 12, VVX_EM),
    "VVX 450": (12, 34, 12, 48, {"EM50": 3}),
    "VVX 500": (12, 34, 12, 12, VVX_EM),
    "VVX 501": (12, 34, 12, 12, VVX_EM),
    "VVX 600": (16, 34, 16, 16, VVX_EM),
    "VVX 601": (16, 34, 16, 16, VVX_EM),
    "VVX 1500": (6, 6, 6, 6, {}),
    "Trio 8300": (1, 3, 0, 0, {}),
    "Trio 8500": (1, 3, 0, 0, {}),
    "Trio 8800": (1, 3, 0, 0, {}),
    "Trio C60": (1, 3, 0, 0, {}),
    "CCX 350": (24, 34, 24, 24, {}),
    "CCX 400": (24, 34, 24, 24, {"EM60": 1}),
    "CCX 500": (24, 34, 24, 24, {"EM60": 1}),
    "CCX 505": (24, 34, 24, 24, {"EM60": 1}),
    "CCX 600": (24, 34, 24, 54, {"EM60": 1}),
    "CCX 700": (24, 34, 24, 54, {"EM60": 1}),
    "Edge E100": (8, 8, 8, 16, {}),
    "Edge E220": (16, 16, 16, 16, {}),
    "Edge E300": (32, 32, 32, 32, {}),
    "Edge E320": (32, 32, 32, 32, {}),
    "Edge E350": (32, 32, 32, 32, {"Edge-EM": 1}),
    "Edge E400": (34, 34, 32, 44, {"Edge-EM": 1}),
    "Edge E450": (34, 34, 32, 44, {"Edge-EM": 1}),
    "Edge E500": (34, 34, 48, 50, {"Edge-EM": 1}),
    "Edge E550": (34, 34, 48, 50, {"Edge-EM": 1}),
}


def test_no_model_is_missing_and_every_one_has_its_counts(family: Family) -> None:
    found = {}
    for model in family.manifest.model:
        slots = phone_slots(family.manifest.layouts[model.layout])
        found[model.name] = (
            model.accounts,
            model.accept_accounts or model.accounts,
            sum(not slot.beyond for slot in slots),
            len(slots),
            model.sidecars,
        )
    assert found == COUNTS


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Polycom VVX 411", "VVX 411"),
        ("vvx411", "VVX 411"),
        ("SoundPoint IP 335", "SoundPoint IP 335"),
        ("SPIP_335", "SoundPoint IP 335"),
        ("SSIP 6000", "SoundStation IP 6000"),
        ("RealPresence Trio 8800", "Trio 8800"),
        ("CCX-500", "CCX 500"),
        ("Edge E450", "Edge E450"),
        ("E450", "Edge E450"),
    ],
)
def test_models_are_found_as_people_write_them(family: Family, written: str, name: str) -> None:
    assert family.models[model_key(written)].name == name


# --- accounts -----------------------------------------------------------------------------------


def test_a_line_becomes_a_registration(family: Family) -> None:
    read = config(family)
    expected = {
        "reg.1.address": "101",
        "reg.1.auth.userId": "auth101",
        "reg.1.auth.password": "s3cret-1",
        "reg.1.label": "101",
        "reg.1.displayName": "Alice Example",
        "reg.1.type": "private",
        "reg.1.lineKeys": "1",
        "reg.1.server.1.address": "pbx.example.test",
        "reg.1.server.1.port": "5060",
        "reg.1.server.1.transport": "UDPOnly",
        "reg.1.server.1.expires": "600",
        "reg.1.server.1.register": "1",
        "reg.1.outboundProxy.address": "proxy.example.test",
        "reg.1.outboundProxy.port": "5060",
        "reg.1.outboundProxy.transport": "UDPOnly",
        "msg.mwi.1.callBackMode": "contact",
        "msg.mwi.1.callBack": "*97",
        "msg.mwi.1.subscribe": "101",
        "up.oneTouchVoiceMail": "1",
    }
    assert {key: read[key] for key in expected} == expected
    assert (read["reg.2.address"], read["reg.2.auth.userId"]) == ("102", "102")


def test_unused_registrations_are_off_and_keep_no_secret(family: Family) -> None:
    read = config(family)
    for n in range(3, 13):
        for field in ("address", "auth.userId", "auth.password"):
            assert read[f"reg.{n}.{field}"] == ""
        assert read[f"msg.mwi.{n}.subscribe"] == ""


def test_registrations_beyond_the_keys_are_accepted_with_a_warning(family: Family) -> None:
    lines = tuple(PhoneLine(line=n, extension="101") for n in range(1, 35))
    assert config(family, lines=lines)["reg.34.address"] == "101"
    found = fit(family, family.models["vvx450"], phone_of("VVX 450", lines=lines), {})
    assert {finding.severity for finding in found} == {"warning"}


def test_a_trio_is_told_how_many_registrations_to_take(family: Family) -> None:
    lines = (PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102"))
    assert config(family, "Trio 8800", lines=lines)["reg.limit"] == "2"
    assert config(family, "Trio 8800", lines=lines[:1])["reg.limit"] == "1"
    assert config(family, "Trio 8800", lines=())["reg.limit"] == "1"
    for model in ("VVX 450", "SoundStation IP 6000"):
        assert "reg.limit" not in config(family, model)


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        (SipTransport.UDP, ("UDPOnly", "UDPonly", "5071")),
        (SipTransport.TCP, ("TCPOnly", "TCPonly", "5071")),
        (SipTransport.TLS, ("TLS", "TLS", "5071")),
        (SipTransport.DNS_NAPTR, ("DNSnaptr", "DNSnaptr", "0")),
    ],
)
def test_the_case_of_the_transport_changed_with_uc_software(
    family: Family, transport: SipTransport, words: tuple[str, str, str]
) -> None:
    wanted = Settings(transport=transport, sip_port=5071, outbound_proxy_port=5071)
    for model, word in (("VVX 450", words[0]), ("SoundPoint IP 501", words[1])):
        read = config(family, model, settings=wanted)
        for place in ("server.1", "outboundProxy"):
            assert read[f"reg.1.{place}.transport"] == word
            assert read[f"reg.1.{place}.port"] == words[2]


@pytest.mark.parametrize(
    ("srtp", "flags"),
    [(Srtp.OFF, "000"), (Srtp.OPTIONAL, "110"), (Srtp.REQUIRED, "111")],
)
def test_srtp(family: Family, srtp: Srtp, flags: str) -> None:
    read = config(family, settings=Settings(srtp=srtp))
    assert "".join(read[f"sec.srtp.{name}"] for name in ("enable", "offer", "require")) == flags


@pytest.mark.parametrize(
    ("dtmf", "flags"),
    [(Dtmf.RFC2833, "110"), (Dtmf.AUTO, "110"), (Dtmf.INBAND, "100"), (Dtmf.INFO, "001")],
)
def test_dtmf(family: Family, dtmf: Dtmf, flags: str) -> None:
    read = config(family, settings=Settings(dtmf=dtmf))
    names = (
        "tone.dtmf.viaRtp",
        "tone.dtmf.rfc2833Control",
        "voIpProt.SIP.dtmfViaSignaling.rfc2976",
    )
    assert "".join(read[name] for name in names) == flags
    assert read["tone.dtmf.rfc2833Payload"] == "101"


def codecs(read: Mapping[str, str]) -> dict[str, int]:
    stem = "voice.codecPref."
    return {key.removeprefix(stem): int(v) for key, v in read.items() if key.startswith(stem)}


def test_every_codec_has_its_rank_or_is_off(family: Family) -> None:
    wanted = Settings(codecs=("g722", "pcma", "ilbc", "g726_32"))
    ranks = codecs(config(family, settings=wanted))
    assert {name: rank for name, rank in ranks.items() if rank} == {
        "G722": 1,
        "G711_A": 2,
        "iLBC.13_33kbps": 3,
        "iLBC.15_2kbps": 4,
    }
    assert len(ranks) == 19
    only = codecs(config(family, settings=Settings(codecs=("g726_32",))))
    assert {name for name, rank in only.items() if rank} == {"G711_Mu", "G711_A"}


def test_sip_3_spells_codecs_otherwise_and_ranks_some_models_apart(family: Family) -> None:
    wanted = Settings(codecs=("opus", "pcma", "pcmu"))
    ranks = codecs(config(family, "SoundPoint IP 501", settings=wanted))
    assert ranks == {
        "G711A": 1,
        "G711Mu": 2,
        "G729AB": 0,
        "iLBC.13_33kbps": 0,
        "iLBC.15_2kbps": 0,
    }
    for model, variant in (("SoundPoint IP 301", "IP_300"), ("SoundStation IP 4000", "IP_4000")):
        own = codecs(config(family, model, settings=wanted))
        assert (own[f"{variant}.G711A"], own[f"{variant}.G729AB"]) == (1, 0)


def test_a_shared_line_is_shared_on_its_registration(family: Family) -> None:
    lines = (PhoneLine(line=1, extension="101", shared=True), LINES[1])
    read = config(family, lines=lines)
    assert (read["reg.1.type"], read["reg.2.type"]) == ("shared", "private")
    read = config(family, buttons=(button(5, "shared_line", line=2),))
    assert (read["reg.1.type"], read["reg.2.type"]) == ("private", "shared")


def test_without_voicemail_nothing_is_subscribed(family: Family) -> None:
    read = config(family, settings=Settings(voicemail_number=""))
    assert (read["msg.mwi.1.callBackMode"], read["msg.mwi.1.subscribe"]) == ("disabled", "")


# --- keys ---------------------------------------------------------------------------------------

EMPTY = ("Unassigned",)
KINDS: list[tuple[str, str, tuple[str, ...]]] = [
    ("line", "", ("Line", "101")),
    ("shared_line", "", ("Line", "101")),
    ("blf", "103", ("BLF", "103", "normal", "K")),
    ("park", "5901", ("BLF", "5901", "automata", "K")),
    ("personal_park", "", ("BLF", "*68", "automata", "K")),
    ("speed_dial", "5551234", ("EFK", "5551234$Tinvite$", "K")),
    ("dtmf", "12#", ("EFK", "12#$Tdtmf$", "K")),
    ("queue_login", "", ("EFK", "*81$Tinvite$", "K")),
    ("queue_logout", "400", ("EFK", "*82400$Tinvite$", "K")),
    ("queue_toggle", "", ("BLF", "*83", "automata", "K")),
    ("timeframe_toggle", "9", ("BLF", "*289", "automata", "K")),
    ("move_call", "", ("EFK", "*86$Tinvite$", "K")),
    ("directory_cascade", "", EMPTY),
    ("dnd", "", EMPTY),
    ("forward", "104", EMPTY),
    ("record", "", ("EFK", "*1$Tdtmf$", "K")),
    ("voicemail", "", ("EFK", "*97$Tinvite$", "K")),
    ("group_pickup", "", ("EFK", "*8$Tinvite$", "K")),
    ("directed_pickup", "103", ("EFK", "**103$Tinvite$", "K")),
    ("paging", "800", ("EFK", "800$Tinvite$", "K")),
    ("intercom", "104", ("EFK", "*84104$Tinvite$", "K")),
    ("conference", "", EMPTY),
    ("transfer", "105", ("EFK", "105$Trefer$", "K")),
    ("transfer", "", ("EFK", "$FTransfer$", "K")),
    ("hold", "", ("EFK", "$Chold$", "K")),
    ("redial", "", EMPTY),
    ("prefix", "9", ("EFK", "9$P1N20$$Tinvite$", "K")),
    ("directory", "", ("EFK", "$FDirectories$", "K")),
    ("url", "https://pbx.example.test/x", EMPTY),
    ("lock", "", EMPTY),
    ("none", "", EMPTY),
]


def test_every_kind_is_in_the_list() -> None:
    assert {kind for kind, _, _ in KINDS} == {kind.value for kind in ButtonKind}


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_of_button(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    read = config(family, buttons=(button(7, kind, value, "K"),))
    assert key_of(read, 7) == expected
    rest = ["102"] if expected == ("Line", "101") else ["101", "102"]  # on the lowest free keys
    assert [key_of(read, k) for k in range(1, len(rest) + 1)] == [("Line", name) for name in rest]
    assert all(key_of(read, k) == EMPTY for k in range(len(rest) + 1, 13) if k != 7)
    switches = ("feature.enhancedFeatureKeys.enabled", "feature.EFKLineKey.enabled")
    assert [read[name] for name in switches] == ["1", "1"]
    assert (read["efk.version"], read["lineKey.reassignment.enabled"]) == ("2", "1")


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_on_the_second_module(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    """VVX 411 with two colour modules: 12 + 84 + key."""
    read = config(
        family,
        "VVX 411",
        sidecars=("VVX-EM-Color", "VVX-EM-Color"),
        buttons=(button(29, kind, value, "K", module=2),),
    )
    assert key_of(read, 12 + 84 + 29) == expected


@pytest.mark.parametrize(
    "kind", ["directory_cascade", "dnd", "forward", "conference", "redial", "url", "lock"]
)
def test_kinds_without_a_line_key_say_why(family: Family, kind: str) -> None:
    phone = phone_of("VVX 450", buttons=(button(5, kind),))
    found = fit(family, family.models["vvx450"], phone, {})
    assert [finding.severity for finding in found] == ["warning"]
    assert family.manifest.buttons[ButtonKind(kind)].unavailable


def test_a_parked_call_is_fetched_where_the_server_says(family: Family) -> None:
    wanted = Settings(feature_codes=(("park", "*88{value}"),))
    read = config(family, settings=wanted, buttons=(button(3, "park", "5901"),))
    assert read["attendant.resourceList.1.address"] == "5901"
    assert read["attendant.resourceList.1.callAddress"] == "*885901"
    plain = config(family, buttons=(button(3, "park", "5901"),))
    assert "attendant.resourceList.1.callAddress" not in plain


def test_watched_numbers_are_listed_in_the_order_of_their_keys(family: Family) -> None:
    """The phone fills BLF keys from the list one after the other, modules last."""
    read = config(
        family,
        sidecars=("EM50",),
        buttons=(
            button(2, "blf", "205", module=1),
            button(9, "blf", "203"),
            button(1, "park", "204", module=1),
            button(4, "blf", "201"),
            button(6, "speed_dial", "999"),
            button(7, "queue_toggle"),
        ),
    )
    listed = [read[f"attendant.resourceList.{n}.address"] for n in range(1, 6)]
    assert listed == ["201", "*83", "203", "204", "205"]
    assert "attendant.resourceList.6.address" not in read
    assert (read["attendant.uri"], read["attendant.reg"]) == ("", "1")
    assert [key_of(read, k)[1] for k in (4, 7, 9, 13, 14)] == listed
    assert read["attendant.behaviors.display.spontaneousCallAppearances.normal"] == "0"


def test_keys_of_one_line_are_counted_into_its_appearances(family: Family) -> None:
    read = config(family, buttons=(button(1, "line", line=1), button(8, "line", line=1)))
    assert (read["reg.1.lineKeys"], read["reg.2.lineKeys"]) == ("2", "1")
    assert (key_of(read, 8), key_of(read, 2)) == (("Line", "101"), ("Line", "102"))


@pytest.mark.parametrize(
    ("model", "sidecar", "count", "first", "last"),
    [
        ("SoundPoint IP 650", "SoundPoint-EM", 3, 7, 48),
        ("VVX 301", "VVX-EM-Paper", 3, 7, 126),
        ("VVX 411", "VVX-EM-Color", 1, 13, 96),
        ("VVX 601", "VVX-EM-Color", 3, 17, 268),
        ("VVX 450", "EM50", 1, 13, 102),
    ],
)
def test_modules_go_on_after_the_phones_keys(
    family: Family, model: str, sidecar: str, count: int, first: int, last: int
) -> None:
    rule = family.manifest.sidecars[sidecar]
    read = config(
        family,
        model,
        sidecars=(sidecar,) * count,
        buttons=(
            button(1, "blf", "201", module=1),
            button(rule.keys, "blf", "202", module=count),
        ),
    )
    assert (key_of(read, first)[1], key_of(read, last)[1]) == ("201", "202")
    assert f"lineKey.{last + 1}.category" not in read
    assert read["up.em.smartpaging.enabled"] == "0"  # pages in the order of the numbers


def test_without_modules_nothing_is_said_of_them(family: Family) -> None:
    assert "up.em.smartpaging.enabled" not in config(family, "VVX 411")


def test_modules_of_two_types_are_refused(family: Family) -> None:
    phone = phone_of("VVX 411", sidecars=("VVX-EM-Paper", "VVX-EM-Color"))
    found = fit(family, family.models["vvx411"], phone, {})
    assert [finding.severity for finding in found] == ["error"]


@pytest.mark.parametrize(
    ("model", "page", "key", "sidecars", "paged"),
    [
        ("VVX 450", 12, 12, (), "0"),
        ("VVX 450", 12, 13, (), "1"),
        ("Edge E220", 4, 16, (), "1"),
        ("Edge E550", 12, 48, (), "1"),
        ("Edge E350", 8, 9, ("Edge-EM",), "0"),
    ],
)
def test_further_pages_are_switched_on_where_a_key_needs_one(
    family: Family, model: str, page: int, key: int, sidecars: tuple[str, ...], paged: str
) -> None:
    buttons = (button(key, "blf", "201"), button(1, "blf", "202", module=1))
    read = config(family, model, sidecars=sidecars, buttons=buttons[: 1 + len(sidecars)])
    assert read["up.Pagination.enabled"] == paged
    # With a module, the keys of further pages would take its numbers: the module has them.
    assert key_of(read, key)[1] == ("202" if sidecars else "201")
    assert family.models[model_key(model)].features["keys"] == page


def test_a_phone_without_flexible_keys_gets_the_list_alone(family: Family) -> None:
    """It fills its keys itself: lines, then the list; what dials is in the list, too."""
    buttons = (button(2, "speed_dial", "5551234", "Taxi"), button(1, "line", line=1))
    read = config(family, "SoundPoint IP 335", lines=LINES[:1], buttons=buttons)
    assert not any(key.startswith(("lineKey.", "efk.", "feature.EFK")) for key in read)
    parts = ("address", "label", "type")
    assert [read[f"attendant.resourceList.1.{p}"] for p in parts] == ["5551234", "Taxi", "automata"]


def test_soundpoint_line_keys_run_no_macros_and_say_so(family: Family) -> None:
    buttons = (button(4, "speed_dial", "5551234", "Taxi"), button(3, "transfer", "105"))
    read = config(family, "SoundPoint IP 550", buttons=buttons)
    assert key_of(read, 4) == ("BLF", "5551234", "automata", "Taxi")
    assert key_of(read, 3) == EMPTY
    model = family.models[model_key("SoundPoint IP 550")]
    found = fit(family, model, phone_of("SoundPoint IP 550", buttons=buttons), {})
    assert "run no macros" in " ".join(f"{f.message} {f.remedy}" for f in found)


@pytest.mark.parametrize("model", ["SoundStation IP 6000", "Trio 8800"])
def test_a_phone_without_line_keys_reassigns_none(family: Family, model: str) -> None:
    """A reassignment without a Line key would leave the registration without any."""
    read = config(family, model)
    assert read["reg.1.address"] == "101"
    assert not any(key.startswith(("lineKey.", "efk.")) for key in read)


@pytest.mark.parametrize("hostile", [*HOSTILE, "$Chu$", "!key1", "^103", "9|$FTransfer$"])
def test_nobodys_text_is_read_as_a_macro(family: Family, hostile: str) -> None:
    kinds = [kind for kind, value, _ in KINDS if value or kind in ("hold", "directory")]
    buttons = tuple(button(n, kind, hostile, hostile) for n, kind in enumerate(kinds, 3))
    read = config(
        family,
        "VVX 601",
        buttons=buttons[:14],
        settings=Settings(voicemail_number=hostile),
    )
    ends = ("$Tinvite$", "$Tdtmf$", "$Trefer$", "$P1N20$$Tinvite$", "$FTransfer$", "$Chold$")
    for key, value in read.items():
        if key.endswith("action.string"):
            assert len(value) <= 100
            end = max((end for end in (*ends, "$FDirectories$") if value.endswith(end)), key=len)
            assert not set(value.removesuffix(end)) & set("$!^|"), value
        if key.endswith("mname"):
            assert value.isalnum()


# --- calls --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [("**{value}", ("legacy", "**")), ("*8", (None, None)), ("{value}*", (None, None))],
)
def test_pickup_by_a_lamp_dials_the_code_and_the_number(
    family: Family, code: str, expected: tuple[str | None, str | None]
) -> None:
    read = config(family, settings=Settings(feature_codes=(("pickup", code),)))
    names = ("call.directedCallPickupMethod", "call.directedCallPickupString")
    assert tuple(read.get(name) for name in names) == expected


def test_the_dial_plan_lets_everything_pass(family: Family) -> None:
    read = config(family)
    assert read["dialplan.digitmap"] == "[0123456789*#].T"
    assert read["dialplan.digitmap.timeOut"] == "3"
    assert read["dialplan.impossibleMatchHandling"] == "2"  # `+` waits for the Send key


def test_emergency_calls_go_straight_to_the_server(family: Family) -> None:
    wanted = Settings(emergency_numbers=("911", "933"), outbound_proxy="")
    read = config(family, settings=wanted)
    stem = "dialplan.routing."
    assert {k.removeprefix(stem): v for k, v in read.items() if k.startswith(stem)} == {
        "server.1.address": "pbx.example.test",
        "server.1.port": "5060",
        "server.1.transport": "UDPOnly",
        "emergency.1.value": "911,933",
        "emergency.1.server.1": "1",
    }
    behind = config(family, settings=Settings(emergency_numbers=("911",)))
    assert not any(key.startswith(stem) for key in behind)


# --- time, language, network --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "offset", "start", "stop"),
    [
        ("America/New_York", -18000, "3/8/1/0/2", "11/1/1/0/2"),
        ("America/Chicago", -21600, "3/8/1/0/2", "11/1/1/0/2"),
        ("America/Los_Angeles", -28800, "3/8/1/0/2", "11/1/1/0/2"),
        ("America/Phoenix", -25200, None, None),
        ("America/St_Johns", -12600, "3/8/1/0/2", "11/1/1/0/2"),
        ("America/Sao_Paulo", -10800, None, None),
        ("Europe/London", 0, "3/1/1/1/1", "10/1/1/1/2"),
        ("Europe/Dublin", 0, "3/1/1/1/1", "10/1/1/1/2"),
        ("Europe/Berlin", 3600, "3/1/1/1/2", "10/1/1/1/3"),
        ("Europe/Helsinki", 7200, "3/1/1/1/3", "10/1/1/1/4"),
        ("Europe/Moscow", 10800, None, None),
        ("Asia/Kolkata", 19800, None, None),
        ("Asia/Tokyo", 32400, None, None),
        ("Australia/Adelaide", 34200, "10/1/1/0/2", "4/1/1/0/3"),
        ("Australia/Sydney", 36000, "10/1/1/0/2", "4/1/1/0/3"),
        ("Australia/Lord_Howe", 37800, None, None),  # half an hour cannot be said
        ("Pacific/Auckland", 43200, "9/1/1/1/2", "4/1/1/0/3"),
    ],
)
def test_time_zones(
    family: Family, zone: str, offset: int, start: str | None, stop: str | None
) -> None:
    read = config(family, settings=Settings(time_zone=zone))
    stem = "tcpIpApp.sntp."
    assert read[f"{stem}gmtOffset"] == str(offset)
    assert read[f"{stem}gmtOffset.overrideDHCP"] == "1"
    assert read[f"{stem}daylightSavings.enable"] == ("1" if start else "0")
    parts = ("month", "date", "dayOfWeek", "dayOfWeek.lastInMonth", "time")
    for side, expected in (("start", start), ("stop", stop)):
        values = [read.get(f"{stem}daylightSavings.{side}.{part}") for part in parts]
        assert values == (expected.split("/") if expected else [None] * 5)
    if start:
        assert read[f"{stem}daylightSavings.fixedDayEnable"] == "0"


def test_an_irregular_zone_is_written_as_this_years_dates(family: Family) -> None:
    read = config(family, settings=Settings(time_zone="Asia/Jerusalem"))
    stem = "tcpIpApp.sntp.daylightSavings."
    assert (read[f"{stem}fixedDayEnable"], read[f"{stem}start.date"]) == ("1", "27")


def test_newer_phones_hear_the_zones_name_too(family: Family) -> None:
    name = "tcpIpApp.sntp.olsonTimezoneID"
    assert config(family, "CCX 500")[name] == "America/New_York"
    assert config(family, "Edge E450")[name] == "America/New_York"
    assert name not in config(family, "VVX 450")


def test_the_clock_of_the_updater_and_of_the_phone(family: Family) -> None:
    read = config(family)
    assert read["tcpIpApp.sntp.address"] == read["device.sntp.serverName"] == "pool.ntp.org"
    assert read["tcpIpApp.sntp.address.overrideDHCP"] == read["device.sntp.serverName.set"] == "1"


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", ""),
        ("en-US", "English_United_States"),
        ("en-GB", "English_United_Kingdom"),
        ("de-AT", "German_Germany"),
        ("fr-CA", "French_France"),
        ("nb", "Norwegian_Norway"),
        ("xx", ""),
    ],
)
def test_languages_are_those_the_phone_carries(family: Family, tag: str, name: str) -> None:
    assert config(family, settings=Settings(language=tag))["lcl.ml.lang"] == name
    old = config(family, "SoundPoint IP 650", settings=Settings(language=tag))
    assert old["lcl.ml.lang"] == ""  # it would fetch a dictionary that nobody has


def test_vlans_are_left_alone_until_somebody_sets_one(family: Family) -> None:
    assert not any("vlan" in key.lower() for key in config(family))
    read = config(family, settings=Settings(vlan_phone=100))
    assert (read["device.net.vlanId.set"], read["device.net.vlanId"]) == ("1", "100")
    assert read["device.dhcp.dhcpVlanDiscUseOpt"] == "Disabled"
    assert config(family, settings=Settings(vlan_phone=0))["device.net.vlanId"] == ""


# --- provisioning -------------------------------------------------------------------------------


def test_after_enrolment_the_tokened_url_wins_over_everything(family: Family) -> None:
    read = config(family)
    assert read["device.prov.serverName"] == BASE
    assert read["device.prov.serverType"] == "HTTPS"
    assert read["device.dhcp.bootSrvUseOpt"] == "Static"
    assert (read["device.prov.ztpEnabled"], read["prov.quickSetup.enabled"]) == ("0", "0")
    keys = {rival.key for rival in family.manifest.outranked_by}
    assert {"device.set", "device.dhcp.bootSrvUseOpt", "device.prov.ztpEnabled"} <= keys


@pytest.mark.parametrize("model", ["VVX 450", "SoundPoint IP 300", "Trio 8800", "Edge E100"])
def test_no_device_parameter_lacks_its_switch(family: Family, model: str) -> None:
    """device.* is read only with device.set and its own .set."""
    read = config(family, model, settings=Settings(vlan_phone=7))
    named = {key for key in read if key.startswith("device.") and not key.endswith(".set")}
    assert named
    assert {f"{key}.set" for key in named} | {"device.set"} == {
        key for key in read if key.startswith("device.") and key.endswith("set")
    }


def test_old_phones_are_not_sent_to_https(family: Family) -> None:
    read = config(family, "SoundPoint IP 650")
    assert read["device.prov.serverName"] == BASE.replace("https", "http")
    assert read["device.prov.serverType"] == "HTTP"


def test_without_a_public_url_no_way_to_the_server_is_closed(family: Family) -> None:
    read = config(family, urls=PublicUrls())
    closed = ("device.prov.serverName", "device.dhcp.bootSrvUseOpt", "device.prov.ztpEnabled")
    assert not set(closed) & set(read)


def test_polling_at_night_or_spread_over_the_day(family: Family) -> None:
    read = config(family)
    assert (read["prov.polling.enabled"], read["prov.polling.mode"]) == ("1", "random")
    assert read["prov.polling.period"] == "86400"
    assert (read["prov.polling.time"], read["prov.polling.timeRandomEnd"]) == ("01:00", "05:00")
    periods = {
        int(
            config(family, settings=Settings(poll_minutes=120), mac=Mac(f"64167f0000{n:02x}"))[
                "prov.polling.period"
            ]
        )
        for n in range(12)
    }
    assert len(periods) > 8
    assert all(7200 <= period < 7920 for period in periods)
    soon = config(family, settings=Settings(poll_minutes=10))
    assert int(soon["prov.polling.period"]) >= 3600  # the phone knows no shorter one
    assert config(family, settings=Settings(poll_minutes=0))["prov.polling.enabled"] == "0"


@pytest.mark.parametrize(
    ("route", "proxy", "method"),
    [
        (ResyncRoute.VIA_PROXY, "", "source"),
        (ResyncRoute.VIA_PROXY, "proxy.example.test", ""),
        (ResyncRoute.DIRECT, "", ""),
    ],
)
def test_no_notify_of_ours_is_ever_refused(
    family: Family, route: ResyncRoute, proxy: str, method: str
) -> None:
    read = config(family, settings=Settings(resync_route=route, outbound_proxy=proxy))
    stem = "voIpProt.SIP.requestValidation.1."
    expected = ("NOTIFY", method, "check-sync") if method else ("", "", "")
    assert (read[f"{stem}request"], read[f"{stem}method"], read[f"{stem}request.1.event"]) == (
        expected
    )
    assert read["voIpProt.SIP.specialEvent.checkSync.alwaysReboot"] == "0"
    assert (family.manifest.resync.event, family.manifest.resync.reboot_event) == ("check-sync", "")


def test_the_admin_password_and_no_empty_one(family: Family) -> None:
    assert config(family)["device.auth.localAdminPassword"] == "Adm1n-Pass-8"
    bare = config(family, settings=Settings(phone_admin_password=Secret("")))
    assert "device.auth.localAdminPassword" not in bare


def test_newer_phones_are_sip_phones_and_nobodys_cloud(family: Family) -> None:
    for model in ("VVX 450", "Trio 8800", "CCX 500", "Edge E450"):
        read = config(family, model)
        assert read["device.baseProfile"] == "Generic"
        clouds = ("lens", "da", "obitalk", "pcc")
        assert [read[f"feature.{cloud}.enabled"] for cloud in clouds] == ["0"] * 4
    assert "device.baseProfile" not in config(family, "SoundPoint IP 650")


# --- files --------------------------------------------------------------------------------------


def served(family: Family, name: str) -> tuple[str | None, str | None, bool]:
    """Rule, MAC, and whether there is anything to send."""
    found = [match for match in candidates((family,), parse_name(name).path) if match.rule]
    if not found:
        return None, None, False
    (match,) = found
    assert match.rule is not None
    mac = match.mac.text if match.mac else None
    return match.rule.id, mac, match.rule.template is not None


@pytest.mark.parametrize(
    ("name", "rule", "mac", "is_served"),
    [
        (f"{MAC}.cfg", "master", MAC, True),
        (f"{MAC.upper()}.cfg", "master", MAC, True),
        (f"p/{TOKEN}/{MAC}-user.cfg", "config", MAC, True),
        ("000000000000.cfg", "default-master", None, True),
        ("poly-waiting.cfg", "waiting", None, True),
        (f"{MAC}-phone.cfg", "phone-overrides", MAC, False),
        (f"{MAC}-web.cfg", "web-overrides", MAC, False),
        (f"{MAC}-license.cfg", "license", MAC, False),
        ("000000000000-license.cfg", "common-license", None, False),
        (f"{MAC}-directory.xml", "directory", MAC, True),
        ("000000000000-directory.xml", "common-directory", None, False),
        (f"own/{MAC}-directory.xml", "own-directory", MAC, False),
        (f"{MAC}-calls.xml", "calls", MAC, False),
        (f"{MAC}-app.log", "application-log", MAC, False),
        (f"{MAC}-boot.log", "boot-log", MAC, False),
        ("sip.ld", "firmware", None, False),
        ("sip.ver", "firmware-version", None, False),
        ("3111-48450-001.sip.ld", "firmware-part", None, False),
        ("2345-12600-001.sip.ld", "firmware-part", None, False),
        ("9999-12600-001.sip.ld", None, None, False),
        (f"{MAC}.cfg.bak", None, None, False),
        (f"y{MAC}.cfg", None, None, False),
    ],
)
def test_the_answer_to_each_name(
    family: Family, name: str, rule: str | None, mac: str | None, is_served: bool
) -> None:
    assert served(family, name) == (rule, mac, is_served)


@pytest.mark.parametrize(
    "name",
    ["-phone.cfg", "-web.cfg", "-directory.xml", "-app.log", "-boot.log", "-calls.xml"],
)
def test_what_the_phone_uploads_is_known(family: Family, name: str) -> None:
    assert upload((family,), f"{MAC.upper()}{name}") is not None
    assert upload((family,), f"{MAC}{name}x") is None


@pytest.mark.parametrize("name", [f"{MAC}.cfg", f"{MAC}-user.cfg", "000000000000.cfg"])
def test_nothing_of_ours_can_be_overwritten(family: Family, name: str) -> None:
    assert upload((family,), name) is None


def test_the_boot_chain_has_the_order_and_the_answers_of_the_guides(family: Family) -> None:
    chain = [(step.file, step.expect) for step in family.manifest.boot if not step.optional]
    assert chain == [
        ("master", 200),
        ("config", 200),
        ("phone-overrides", 404),
        ("web-overrides", 404),
    ]
    rules = [compiled.rule for compiled in family.rules]
    assert [rule.id for rule in rules if rule.secret] == ["master", "config"]
    assert [rule.id for rule in rules if rule.proves_current] == ["config"]
    assert not any(rule.conditional for rule in rules)


def test_the_master_names_the_settings_and_the_firmware(family: Family) -> None:
    read = attributes(render(family, file="master").body)
    assert (read["CONFIG_FILES"], read["APP_FILE_PATH"]) == (f"{MAC}-user.cfg", "sip.ld")
    firmware = Settings(firmware=(("Poly VVX 450", "ucs-6.4.6/sip.ld"),))
    read = attributes(render(family, file="master", settings=firmware).body)
    assert read["APP_FILE_PATH"] == f"{BASE}assets/ucs-6.4.6/sip.ld"


def test_the_firmware_is_fetched_with_the_log_in_of_the_configuration(family: Family) -> None:
    firmware = Settings(firmware=(("Poly VVX 450", "sip.ld"),))
    urls = replace(PUBLIC, passwords=b"key")
    told = config(family, urls=urls)
    user, password = told["device.prov.user"], told["device.prov.password"]
    assert user == MAC
    assert password
    read = attributes(render(family, file="master", settings=firmware, urls=urls).body)
    below = BASE.removeprefix("https://")
    assert read["APP_FILE_PATH"] == f"https://{user}:{password}@{below}assets/sip.ld"
    read = attributes(render(family, file="master", urls=urls).body)
    assert read["APP_FILE_PATH"] == "sip.ld"
    assert family.rule("master").secret


def test_what_is_the_same_for_all_names_no_server_and_no_tenant(family: Family) -> None:
    read = {}
    for file in ("default-master", "waiting"):
        rule = family.rule(file)
        context = build_family_context(family=family, rule=rule, urls=PUBLIC, words={})
        read[file] = attributes(family.renderer.render(rule, context).body)
    assert read["default-master"]["CONFIG_FILES"] == (
        "[PHONE_MAC_ADDRESS]-user.cfg, poly-waiting.cfg"
    )
    assert read["waiting"]["prov.polling.period"] == "3600"
    settings = {**read["default-master"], **read["waiting"]}
    assert not any(key.startswith(("device.", "reg.")) for key in settings)
    assert not any("prov.example.test" in value for value in settings.values())


# --- directory ----------------------------------------------------------------------------------


def contacts(body: bytes) -> list[tuple[str, ...]]:
    root = ElementTree.fromstring(body)
    assert [root.tag, root[0].tag] == ["directory", "item_list"]
    return [tuple(item.findtext(tag) or "" for tag in ("fn", "ln", "ct")) for item in root[0]]


def book(family: Family, entries: Sequence[tuple[str, str]], model: str = "VVX 450") -> bytes:
    listed = tuple(DirectoryEntry(name=name, number=number) for name, number in entries)
    return render(family, model, "directory", entries=listed, directory="company").body


def test_the_directory_document(family: Family) -> None:
    body = book(family, [("Bob & Sons <Ltd>", "+12125550111"), ("Reception", "100")])
    assert contacts(body) == [("Bob & Sons <Ltd>", "", "+12125550111"), ("Reception", "", "100")]
    assert b"<sd>" not in body  # a speed dial index would put the contact on a line key


def test_a_number_is_once_in_the_list_and_never_a_macro(family: Family) -> None:
    entries = [("A", "100"), ("B", "100"), ("C", "!key1"), ("D", "^$Chu$9"), ("E", "!")]
    assert [ct for _, _, ct in contacts(book(family, entries))] == ["100", "key1", "Chu9"]


def test_names_have_forty_bytes(family: Family) -> None:
    entries = [("x" * 60, "1"), ("é" * 30, "2"), ("漢" * 30, "3")]
    names = [fn for fn, _, _ in contacts(book(family, entries))]
    assert sorted(len(name.encode()) for name in names) == [39, 40, 40]


@pytest.mark.parametrize(
    ("model", "most"), [("SoundPoint IP 335", 99), ("SoundStation IP 6000", 99), ("VVX 500", 500)]
)
def test_small_phones_get_as_many_contacts_as_they_hold(
    family: Family, model: str, most: int
) -> None:
    entries = [(f"P{n:04}", f"{10000 + n}") for n in range(600)]
    assert len(contacts(book(family, entries, model))) == most


def test_a_phone_without_a_directory_keeps_its_users(family: Family) -> None:
    with_one = attributes(render(family, file="master", directory="company").body)
    without = attributes(render(family, file="master", directory=None).body)
    assert (with_one["CONTACTS_DIRECTORY"], without["CONTACTS_DIRECTORY"]) == ("", "own")
    assert config(family, directory="company")["dir.local.readonly"] == "1"
    assert config(family, directory=None)["dir.local.readonly"] == "0"
    assert served(family, f"own/{MAC}-directory.xml")[2] is False


# --- overrides ----------------------------------------------------------------------------------


def test_overrides_replace_add_and_take_away(family: Family) -> None:
    read = config(
        family,
        overrides=(
            Applied(key="call.callWaiting.enable", value="0", layer="domain"),
            Applied(key="dialplan.digitmap", value="9xxx", layer="phone"),
            Applied(key="up.oneTouchVoiceMail", value=None, layer="phone"),
            Applied(key="voice.codecPref.iLBC.13_33kbps", value="9", layer="phone"),
        ),
    )
    assert (read["call.callWaiting.enable"], read["dialplan.digitmap"]) == ("0", "9xxx")
    assert read["voice.codecPref.iLBC.13_33kbps"] == "9"
    assert "up.oneTouchVoiceMail" not in read


@pytest.mark.parametrize(
    ("key", "protected"),
    [
        ("device.prov.serverName", True),
        ("device.prov.serverName.set", True),
        ("device.set", True),
        ("reg.3.server.1.address", True),
        ("reg.3.address.VVX500", True),
        ("reg.1.auth.password", True),
        ("dialplan.routing.server.1.address", True),
        ("dialplan.2.routing.server.1.address", True),
        ("dir.corp.password.VVX500", True),
        ("CONFIG_FILES", True),
        ("sec.TLS.customCaCert.1", True),
        ("feature.lens.enabled", True),
        ("call.callWaiting.enable", False),
        ("reg.1.ringType", False),
        ("up.backlight.onIntensity", False),
    ],
)
def test_what_decides_whom_the_phone_obeys_is_for_admins(
    family: Family, key: str, protected: bool
) -> None:
    assert is_protected(key, family.manifest) is protected


def test_names_that_are_not_the_vendors_are_noticed(family: Family) -> None:
    keys = family.renderer.keys()
    wrong = ["call.callWaitng.enable", "attendent.reg", "tcpIpApp.snpt.address"]
    found = findings([(key, "1") for key in wrong], family.manifest, keys, admin=True)
    assert [finding.severity for finding in found] == ["warning"] * 3
    assert "call.callWaiting.enable" in found[0].remedy
    right = [
        "reg.2.ringType",
        "nat.keepalive.interval",
        "se.rt.custom1.ringer",
        "voIpProt.SIP.alertInfo.1.class",
        "dir.corp.attribute.3.type",
        "ptt.pageMode.group.2.subscribed",
        "device.em.power",
    ]
    assert findings([(key, "1") for key in right], family.manifest, keys, admin=True) == ()


# --- User-Agents --------------------------------------------------------------------------------

AGENTS = [
    ("PolycomSoundPointIP-SPIP_335-UA/3.2.1.0078", "SoundPoint IP 335", "3.2.1.0078", ""),
    ("PolycomSoundPointIP-SPIP_335-UA/4.2.1.0275", "SoundPoint IP 335", "4.2.1.0275", ""),
    ("PolycomSoundPointIP-SPIP_450-UA/3.2.3.1734", "SoundPoint IP 450", "3.2.3.1734", ""),
    (
        "PolycomSoundStationIP-SSIP_6000-UA/4.0.4.2906 Type/Application",
        "SoundStation IP 6000",
        "4.0.4.2906",
        "",
    ),
    (
        "PolycomSoundStationIP-SSIP_6000-UA/5.0.3.1667 Type/Updater",
        "SoundStation IP 6000",
        "",
        "",
    ),
    (
        "PolycomSoundStationIP-SSIP_5000-UA/4.0.3.7562 (SN:0004f2e765da) Type/Application",
        "SoundStation IP 5000",
        "4.0.3.7562",
        "0004f2e765da",
    ),
    ("PolycomVVX-VVX_400-UA/4.1.4.7430 Type/Application", "VVX 400", "4.1.4.7430", ""),
    ("PolycomVVX-VVX_450-UA/5.9.1.0615 Type/Application", "VVX 450", "5.9.1.0615", ""),
    (
        "PolycomRealPresenceTrio-Trio_8500-UA/5.9.2.7727 Type/Application",
        "Trio 8500",
        "5.9.2.7727",
        "",
    ),
    (
        "PolyCCX-CCX_600-UA/8.0.2.3267 (SN:482567b5313f) Type/Application",
        "CCX 600",
        "8.0.2.3267",
        "482567b5313f",
    ),
    ("PolyEdge-Edge_E450-UA/8.0.0.15602 Type/Application", "Edge E450", "8.0.0.15602", ""),
]


@pytest.mark.parametrize(("agent", "model", "version", "mac"), AGENTS)
def test_real_user_agents_are_recognised(
    family: Family, agent: str, model: str, version: str, mac: str
) -> None:
    """The updater's version is not the firmware's, and is not taken for it."""
    device = Shelf(families={family.name: family}).recognise(f"FileTransport {agent}")
    assert device is not None
    assert family.models[model_key(device.model)].name == model
    assert (device.version, device.mac.text if device.mac else "") == (version, mac)


@pytest.mark.parametrize(
    "agent",
    [
        "FileTransport PolycomVVX",
        "Poly/Rove 8.0",
        "OBIHAI/VVX450-6.4.0",
        "Yealink SIP-T46U 108.86.0.20 80:5e:0c:11:22:33",
        "curl/7.88.1",
    ],
)
def test_other_devices_are_not_taken_for_these(family: Family, agent: str) -> None:
    assert Shelf(families={family.name: family}).recognise(agent) is None
