"""What phones that read alias names are told, against values worked out by hand from the sheets."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from provisiond.catalog.check import check_family, check_goldens, star_code_findings
from provisiond.catalog.family import Family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import findings, is_protected
from provisiond.catalog.placing import phone_slots, sidecar_slots
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.directory import DirectoryEntry
from provisiond.inventory.domains import Dtmf, ResyncRoute, Settings, SipTransport, Srtp
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from tests.families.grandstream import (
    MAC,
    PATH,
    PUBLIC,
    TOKEN,
    button,
    config,
    grandstream,
    override,
    render,
)


@pytest.fixture(scope="module")
def family() -> Family:
    return grandstream("alias")


def key_of(read: dict[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(
        read[f"{prefix}.{part}"] for part in ("keyMode", "account", "description", "value")
    )


# --- accounts -----------------------------------------------------------------------------------


def test_a_line_becomes_an_account(family: Family) -> None:
    read = config(family, "GXP2135")
    expected = {
        "enable": "Yes",
        "name": "101",
        "sip.server.1.address": "pbx.example.test:5060",
        "sip.server.2.address": "",
        "sip.outboundProxy.1.address": "proxy.example.test:5060",
        "sip.outboundProxy.2.address": "",
        "sip.userid": "101",
        "sip.subscriber.userid": "auth101",
        "sip.subscriber.password": "s3cret-1",
        "sip.subscriber.name": "Alice Example",
        "sip.transport": "UDP",
        "network.dnsMode": "ARecord",
        "sip.registration": "Yes",
        "sip.registerExpiration": "10",  # minutes of 600 s
        "sip.subscribe.forMwi": "Yes",
        "sip.voicemail.number": "*97",
        "sip.blf.callPickup.prefix": "*8",
        "sip.blf.callPickup.forcePrefix": "Auto",
        "featureCodes.callFeatures": "No",
        "sip.allowSipReset": "No",
        "sip.validate.incomingServer": "Yes",
        "audio.srtpMode": "Disabled",
        "dtmf.sendInAudio": "No",
        "dtmf.sendInRtp": "Yes",
        "dtmf.sendInSip": "No",
    }
    assert {key: read[f"account.1.{key}"] for key in expected} == expected
    assert read["account.2.sip.subscriber.userid"] == "102"


def test_accounts_without_a_line_are_off_and_empty(family: Family) -> None:
    read = config(family, "GXP2160")
    for n in range(3, 7):
        assert read[f"account.{n}.enable"] == "No"
        for field in ("name", "sip.userid", "sip.subscriber.userid", "sip.subscriber.password"):
            assert read[f"account.{n}.{field}"] == ""
        assert read[f"account.{n}.sip.server.1.address"] == ""
    assert "account.7.enable" not in read
    read = config(family, "GXP2135")  # 4 accounts by one source, 8 by another
    assert [read[f"account.{n}.enable"] for n in range(1, 9)] == ["Yes"] * 2 + ["No"] * 6
    assert read["account.8.sip.subscriber.password"] == ""


@pytest.mark.parametrize(
    ("transport", "word", "dns", "server"),
    [
        (SipTransport.UDP, "UDP", "ARecord", "pbx.example.test:5071"),
        (SipTransport.TCP, "TCP", "ARecord", "pbx.example.test:5071"),
        (SipTransport.TLS, "TlsOrTcp", "ARecord", "pbx.example.test:5071"),
        (SipTransport.DNS_NAPTR, "UDP", "NaptrOrSrv", "pbx.example.test"),
    ],
)
def test_transport(
    family: Family, transport: SipTransport, word: str, dns: str, server: str
) -> None:
    read = config(family, "GRP2613", settings=Settings(transport=transport, sip_port=5071))
    assert read["account.1.sip.transport"] == word
    assert read["account.1.network.dnsMode"] == dns
    assert read["account.1.sip.server.1.address"] == server


def test_addresses_of_ipv6_stand_in_brackets(family: Family) -> None:
    read = config(family, "GRP2613", settings=Settings(outbound_proxy="2001:db8::1"))
    assert read["account.1.sip.outboundProxy.1.address"] == "[2001:db8::1]:5060"


@pytest.mark.parametrize(
    ("srtp", "word"),
    [
        (Srtp.OFF, "Disabled"),
        (Srtp.OPTIONAL, "EnabledButNotForced"),
        (Srtp.REQUIRED, "EnabledAndForced"),
    ],
)
def test_srtp(family: Family, srtp: Srtp, word: str) -> None:
    assert (
        config(family, "GRP2613", settings=Settings(srtp=srtp))["account.1.audio.srtpMode"] == word
    )


@pytest.mark.parametrize(
    ("dtmf", "audio", "rtp", "sip"),
    [
        (Dtmf.RFC2833, "No", "Yes", "No"),
        (Dtmf.AUTO, "No", "Yes", "No"),
        (Dtmf.INFO, "No", "No", "Yes"),
        (Dtmf.INBAND, "Yes", "No", "No"),
    ],
)
def test_dtmf(family: Family, dtmf: Dtmf, audio: str, rtp: str, sip: str) -> None:
    read = config(family, "GRP2613", settings=Settings(dtmf=dtmf))
    sent = tuple(read[f"account.1.dtmf.sendIn{where}"] for where in ("Audio", "Rtp", "Sip"))
    assert sent == (audio, rtp, sip)


def test_codecs_in_order_and_the_last_fills_the_rest(family: Family) -> None:
    read = config(family, "GXP2135", settings=Settings(codecs=("g722", "pcmu", "pcma")))
    chosen = [read[f"account.1.codec.choice.{n}"] for n in range(1, 9)]
    assert chosen == ["G.722", "PCMU"] + ["PCMA"] * 6


def test_only_the_server_may_send_where_the_notify_comes_through_it(family: Family) -> None:
    direct = config(family, "GRP2613", settings=Settings(resync_route=ResyncRoute.DIRECT))
    assert direct["account.1.sip.validate.incomingServer"] == "No"
    by_dns = config(family, "GRP2613", settings=Settings(transport=SipTransport.DNS_NAPTR))
    assert by_dns["account.1.sip.validate.incomingServer"] == "No"
    for read in (direct, by_dns, config(family, "GRP2613")):
        assert read["sip.notify.challenge"] == "No"
        assert read["account.1.sip.allowSipReset"] == "No"
        assert read["account.2.sip.allowSipReset"] == "No"


@pytest.mark.parametrize(
    ("codes", "answers"),
    [((), "No"), ((("intercom", "*80{value}"),), "Yes"), ((("paging", "*84"),), "Yes")],
)
def test_who_is_called_by_intercom_answers_where_the_server_has_a_code_for_it(
    family: Family, codes: tuple[tuple[str, str], ...], answers: str
) -> None:
    read = config(family, "GRP2613", settings=Settings(feature_codes=codes))
    assert read["account.1.intercom.allowAutoAnswer"] == answers
    assert read["account.2.intercom.allowAutoAnswer"] == answers
    assert "account.3.intercom.allowAutoAnswer" not in read  # nobody's


def test_a_pickup_code_that_does_not_end_in_the_number_cannot_be_a_prefix(family: Family) -> None:
    codes = Settings(feature_codes=(("pickup", "{value}*8"),))
    assert config(family, "GRP2613", settings=codes)["account.1.sip.blf.callPickup.prefix"] == ""


# --- keys ---------------------------------------------------------------------------------------

KINDS = [
    ("line", "", ("Line", "0", "K", "")),
    ("shared_line", "", ("SharedLine", "0", "K", "")),
    ("blf", "103", ("BLF", "0", "K", "103")),
    ("park", "701", ("MonitoredCallPark", "0", "K", "701")),
    ("personal_park", "", ("CallPark", "0", "K", "*68")),
    ("speed_dial", "5550100", ("SpeedDial", "0", "K", "5550100")),
    ("dtmf", "1,2#", ("DialDTMF", "0", "K", "1,2#")),
    ("queue_login", "", ("SpeedDial", "0", "K", "*81")),
    ("queue_logout", "", ("SpeedDial", "0", "K", "*82")),
    ("queue_toggle", "", ("BLF", "0", "K", "*83")),
    ("timeframe_toggle", "9", ("BLF", "0", "K", "*289")),
    ("move_call", "", ("SpeedDial", "0", "K", "*86")),
    ("directory_cascade", "", ("None", "0", "", "")),
    ("dnd", "", ("DND", "0", "K", "")),
    ("forward", "104", ("Forward", "0", "K", "104")),
    ("record", "", ("DialDTMF", "0", "K", "*1")),
    ("voicemail", "", ("VoiceMail", "0", "K", "*97")),
    ("group_pickup", "", ("SpeedDial", "0", "K", "*80")),
    ("directed_pickup", "103", ("SpeedDial", "0", "K", "*8103")),
    ("paging", "224.0.1.116:5001", ("MulticastPaging", "0", "K", "224.0.1.116:5001")),
    ("paging", "*84", ("SpeedDial", "0", "K", "*84")),
    ("intercom", "104", ("Intercom", "0", "K", "104")),
    ("conference", "", ("Conference", "0", "K", "")),
    ("transfer", "105", ("Transfer", "0", "K", "105")),
    ("hold", "", ("None", "0", "", "")),
    ("redial", "", ("Redial", "0", "K", "")),
    ("prefix", "9", ("None", "0", "", "")),
    ("directory", "", ("Phonebook", "0", "K", "")),
    ("url", "https://pbx.example.test/x", ("None", "0", "", "")),
    ("lock", "", ("KeypadLock", "0", "K", "")),
    ("none", "", ("None", "0", "", "")),
]  # fmt: skip


def test_every_kind_is_in_the_list() -> None:
    assert {kind for kind, _, _ in KINDS} == {kind.value for kind in ButtonKind}


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_of_button(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    read = config(family, "GXP2135", buttons=(button(7, kind, value, "K"),))
    assert key_of(read, "pks.vpk.7") == expected


@pytest.mark.parametrize(("kind", "value", "expected"), KINDS)
def test_each_kind_on_an_extension_board(
    family: Family, kind: str, value: str, expected: tuple[str, ...]
) -> None:
    read = config(
        family,
        "GRP2615",
        sidecars=("GBX20", "GBX20"),
        buttons=(button(3, kind, value, "K", module=2),),
    )
    mode, _, label, dialled = expected
    if kind in ("line", "shared_line"):
        mode = label = dialled = ""
    assert key_of(read, "pks.ext.43") == (mode or "None", "Account1", label, dialled)


def test_accounts_count_from_0_beside_the_screen_and_are_words_elsewhere(family: Family) -> None:
    buttons = (button(8, "blf", "103", line=2), button(30, "blf", "103", line=2))
    read = config(family, "GXP2160", buttons=buttons)
    assert key_of(read, "pks.vpk.8") == ("BLF", "1", "Carol Example", "103")
    assert key_of(read, "pks.mpk.6") == ("BLF", "Account2", "Carol Example", "103")


def test_further_pages_have_no_gap_and_lines_stand_on_fixed_keys(family: Family) -> None:
    read = config(family, "GXP2130", buttons=(button(12, "speed_dial", "1", "last"),))
    assert [read[f"pks.vpk.{k}.keyMode"] for k in range(1, 13)] == (
        ["Line"] * 2 + ["None"] * 9 + ["SpeedDial"]
    )
    assert "pks.vpk.13.keyMode" not in read
    assert [read[f"pks.mpk.{k}.keyMode"] for k in range(1, 9)] == ["None"] * 8
    moved = config(family, "GXP2130", buttons=(button(4, "line", line=1),))
    assert moved["pks.vpk.4.keyMode"] == "None"


def test_a_line_key_on_a_further_page_is_told_to_whoever_saves_it(family: Family) -> None:
    model = family.models[model_key("GXP2130")]
    phone = Phone(
        mac=Mac(MAC),
        model="Grandstream GXP2130",
        lines=(PhoneLine(line=1, extension="101"),),
        buttons=(button(4, "line"),),
    )
    assert "line keys only" in str(fit(family, model, phone, {})[0])


def test_boards_are_numbered_through(family: Family) -> None:
    read = config(
        family,
        "GXP2170",
        sidecars=("GXP2200EXT",) * 4,
        buttons=(button(1, "blf", "103", module=1), button(40, "blf", "103", module=4)),
    )
    modes = [read[f"pks.ext.{k}.keyMode"] for k in range(1, 161)]
    assert modes == ["BLF"] + ["None"] * 158 + ["BLF"]
    assert read["pks.ext.2.account"] == "Account1"


def test_codes_of_the_server_for_paging_and_intercom(family: Family) -> None:
    codes = Settings(feature_codes=(("paging", "*84{value}"), ("intercom", "*85{value}")))
    buttons = (button(7, "paging", "3", "P"), button(8, "intercom", "104", "I"))
    read = config(family, "GXP2135", settings=codes, buttons=buttons)
    assert key_of(read, "pks.vpk.7") == ("SpeedDial", "0", "P", "*843")
    assert key_of(read, "pks.vpk.8") == ("SpeedDial", "0", "I", "*85104")


def test_a_lock_key_needs_locking_to_be_on(family: Family) -> None:
    assert config(family, "GXP2135")["keys.lock.enable"] == "No"
    assert config(family, "GXP2135", buttons=(button(7, "lock"),))["keys.lock.enable"] == "Yes"


@pytest.mark.parametrize(
    ("model", "accounts", "vpk", "mpk", "boards"),
    [
        ("GXP2130", 3, 12, 8, 0),
        ("GXP2135", 4, 32, 0, 0),
        ("GXP2140", 4, 16, 0, 160),
        ("GXP2160", 6, 24, 24, 0),
        ("GXP2170", 6, 48, 0, 160),
        ("GRP2612", 2, 16, 0, 0),
        ("GRP2613", 3, 24, 0, 0),
        ("GRP2614", 4, 16, 24, 0),
        ("GRP2615", 5, 40, 0, 160),
        ("GRP2616", 6, 16, 24, 0),
    ],
)
def test_counts_of_the_models(
    family: Family, model: str, accounts: int, vpk: int, mpk: int, boards: int
) -> None:
    rule = family.models[model_key(model)]
    slots = phone_slots(family.manifest.layouts[rule.layout])
    numbers = [slot.number for slot in slots if slot.bank in ("line", "more")]
    assert rule.accounts == accounts
    assert numbers == list(range(1, vpk + 1))
    assert sum(slot.bank == "mpk" for slot in slots) == mpk
    assert boards == sum(
        count * len(sidecar_slots(family.manifest.sidecars[name]))
        for name, count in rule.sidecars.items()
    )


def test_the_fixed_keys_are_those_of_the_vendors_template(family: Family) -> None:
    fixed = {"GXP2130": 3, "GXP2135": 8, "GXP2140": 4, "GXP2160": 6, "GXP2170": 12}
    for name, count in fixed.items():
        layout = family.manifest.layouts[family.models[model_key(name)].layout]
        assert [slot.bank for slot in phone_slots(layout)].count("line") == count


# --- clock, language, tones, network ------------------------------------------------------------

ZONES = [
    ("America/New_York", "TZS5TZD4,M3.2.0/02:00:00,M11.1.0/02:00:00"),
    ("America/Phoenix", "TZS7"),
    ("America/St_Johns", "TZS3:30TZD2:30,M3.2.0/02:00:00,M11.1.0/02:00:00"),
    ("Europe/London", "TZS0TZD-1,M3.5.0/01:00:00,M10.5.0/02:00:00"),
    ("Europe/Dublin", "TZS0TZD-1,M3.5.0/01:00:00,M10.5.0/02:00:00"),
    ("Europe/Berlin", "TZS-1TZD-2,M3.5.0/02:00:00,M10.5.0/03:00:00"),
    ("Europe/Helsinki", "TZS-2TZD-3,M3.5.0/03:00:00,M10.5.0/04:00:00"),
    ("Europe/Moscow", "TZS-3"),
    ("Asia/Kolkata", "TZS-5:30"),
    ("Asia/Kathmandu", "TZS-5:45"),
    ("Asia/Tokyo", "TZS-9"),
    ("Australia/Adelaide", "TZS-9:30TZD-10:30,M10.1.0/02:00:00,M4.1.0/03:00:00"),
    ("Australia/Lord_Howe", "TZS-10:30TZD-11,M10.1.0/02:00:00,M4.1.0/02:00:00"),
    ("Pacific/Auckland", "TZS-12TZD-13,M9.5.0/02:00:00,M4.1.0/03:00:00"),
    ("Pacific/Chatham", "TZS-12:45TZD-13:45,M9.5.0/02:45:00,M4.1.0/03:45:00"),
    ("Pacific/Honolulu", "TZS10"),
    ("America/Sao_Paulo", "TZS3"),
    ("Etc/UTC", "TZS0"),
]


@pytest.mark.parametrize(("zone", "rule"), ZONES)
def test_the_zone_as_a_rule(family: Family, zone: str, rule: str) -> None:
    read = config(family, "GRP2613", settings=Settings(time_zone=zone))
    assert read["dateTime.timezone"] == "customize"
    assert read["dateTime.timezone.custom"] == rule
    assert len(rule) <= 64
    assert read["dateTime.override.dhcp.allowOption2"] == "No"


def test_a_rule_that_is_no_week_holds_for_this_year(family: Family) -> None:
    # Friday before the last Sunday of March: the 27th in 2026 (its 4th Friday), the 26th in 2027.
    zone = Settings(time_zone="Asia/Jerusalem")
    rules = [
        config(family, "GRP2613", settings=zone, year=year)["dateTime.timezone.custom"]
        for year in (2026, 2030)
    ]
    assert rules[0] == "TZS-2TZD-3,M3.4.5/02:00:00,M10.5.0/02:00:00"
    assert rules[1] == "TZS-2TZD-3,M3.5.5/02:00:00,M10.5.0/02:00:00"


def test_the_time_server_and_who_may_change_it(family: Family) -> None:
    read = config(family, "GRP2613")
    assert read["dateTime.ntp.server.1"] == "pool.ntp.org"
    assert read["dateTime.override.dhcp.allowOption42"] == "No"
    read = config(family, "GRP2613", settings=Settings(ntp_server=""))
    assert "dateTime.ntp.server.1" not in read
    assert read["dateTime.override.dhcp.allowOption42"] == "Yes"


@pytest.mark.parametrize(
    ("language", "code"),
    [("en", "en"), ("fr-CA", "fr"), ("cs", "cz"), ("sv-SE", "se"), ("zh-TW", "zh-tw"),
     ("zh-CN", "zh"), ("eu", "en")],
)  # fmt: skip
def test_language(family: Family, language: str, code: str) -> None:
    assert config(family, "GRP2613", settings=Settings(language=language))["language.gui"] == code


def test_tones_of_a_country_and_silence_about_others(family: Family) -> None:
    read = config(family, "GRP2613", settings=Settings(tone_country="GB"))
    assert read["audio.tone.dial"] == "f1=350,f2=440;"
    assert read["audio.tone.ringBack"] == "f1=400,f2=450,c=40/20-40/200;"
    assert read["audio.tone.busy"] == "f1=400,c=38/38;"
    read = config(family, "GRP2613", settings=Settings(tone_country="US"))
    factory = {
        "dial": "f1=350,f2=440;",
        "ringBack": "f1=440,f2=480,c=200/400;",
        "busy": "f1=480,f2=620,c=50/50;",
        "reorder": "f1=480,f2=620,c=25/25;",
    }
    assert {tone: read[f"audio.tone.{tone}"] for tone in factory} == factory
    read = config(family, "GRP2613", settings=Settings(tone_country="ZZ"))
    assert not [key for key in read if key.startswith("audio.tone")]


def test_vlan_only_where_somebody_set_one(family: Family) -> None:
    assert not [key for key in config(family, "GRP2613") if "vlan" in key]
    read = config(family, "GRP2613", settings=Settings(vlan_phone=100, vlan_pc=200))
    assert read["network.port.eth.1.vlan.enable"] == "Yes"
    assert read["network.port.eth.1.vlan.tag"] == "100"
    assert read["network.port.pc.vlan.tag"] == "200"
    read = config(family, "GRP2613", settings=Settings(vlan_phone=0))
    assert read["network.port.eth.1.vlan.enable"] == "No"
    assert read["network.port.eth.1.vlan.tag"] == "0"


def test_emergency_numbers(family: Family) -> None:
    read = config(family, "GRP2613", settings=Settings(emergency_numbers=("110", "112")))
    assert read["keys.lock.emergency"] == "110,112"
    assert read["e911.emergency"] == "110,112"
    assert "e911.enable" not in read


# --- provisioning -------------------------------------------------------------------------------


def test_paths_have_no_scheme_and_no_slash_at_the_end(family: Family) -> None:
    read = config(family, "GRP2613")
    assert read["provisioning.config.protocol"] == "HTTPS"
    assert read["provisioning.config.serverPath"] == PATH
    plain = config(family, "GRP2613", urls=PublicUrls(http="http://prov.example.test:8080/"))
    assert plain["provisioning.config.protocol"] == "HTTP"
    assert plain["provisioning.config.serverPath"] == f"prov.example.test:8080/p/{TOKEN}"


@pytest.mark.parametrize(
    ("rival", "value"),
    [
        ("provisioning.override.dhcp.allowCommonOptions", "No"),
        ("provisioning.override.dhcp.allowCustomOption", "None"),
        ("provisioning.override.dhcp.enableOption150", "No"),
        ("provisioning.override.dhcp.enableOption160", "No"),
        ("provisioning.override.dhcp.enableOption161", "No"),
        ("provisioning.3cxAutoProvision", "No"),
        ("tr069.enable", "No"),
        ("provisioning.config.filePrefix", ""),
        ("provisioning.config.filePostfix", ""),
        ("provisioning.config.filePassword", ""),
        ("sip.override.dhcp.allowOption120", "No"),
    ],
)
def test_what_would_go_before_the_path_is_off(family: Family, rival: str, value: str) -> None:
    for model in family.manifest.model:
        assert config(family, model.name)[rival] == value


def test_without_a_public_url_no_way_to_the_server_is_closed(family: Family) -> None:
    read = config(family, "GRP2613", urls=PublicUrls())
    for key in ("config.serverPath", "override.dhcp.allowCommonOptions", "3cxAutoProvision"):
        assert f"provisioning.{key}" not in read
    assert "tr069.enable" not in read
    assert read["phonebook.download.mode"] == "Disabled"


def test_polling_is_never_rarer_than_asked_and_at_least_hourly(family: Family) -> None:
    read = config(family, "GRP2613", settings=Settings(poll_minutes=1440))
    assert read["provisioning.auto.mode"] == "YesUpgradeMin"
    assert 1260 <= int(read["provisioning.auto.minute"]) <= 1440
    read = config(family, "GRP2613", settings=Settings(poll_minutes=10))
    assert read["provisioning.auto.minute"] == "60"
    read = config(family, "GRP2613", settings=Settings(poll_minutes=0))
    assert read["provisioning.auto.mode"] == "No"
    assert "provisioning.auto.minute" not in read


def test_the_firmware_path_is_the_folder_of_the_asset(family: Family) -> None:
    asset = (("Grandstream GRP2613", "1.0.9/grp2610fw.bin"),)
    read = config(family, "GRP2613", settings=Settings(firmware=asset))
    assert read["provisioning.firmware.serverPath"] == f"{PATH}/assets/1.0.9"
    assert read["provisioning.firmware.protocol"] == "HTTPS"
    assert read["provisioning.firmware.confirm.enable"] == "No"


def test_no_firmware_is_taken_from_the_vendor_unasked(family: Family) -> None:
    read = config(family, "GXP2140", settings=Settings(poll_minutes=1440))
    assert read["provisioning.firmware.protocol"] == "HTTPS"
    assert read["provisioning.firmware.serverPath"] == PATH
    assert "provisioning.firmware.checkCondition" not in read
    without = config(family, "GXP2140", urls=PublicUrls())
    assert "provisioning.firmware.serverPath" not in without


def test_phonebook_and_firmware_are_fetched_with_the_log_in_of_the_configuration(
    family: Family,
) -> None:
    places = ("provisioning.config", "provisioning.firmware", "phonebook.download")
    read = config(family, "GRP2613", urls=replace(PUBLIC, passwords=b"key"))
    told = {(read[f"{at}.username"], read[f"{at}.password"]) for at in places}
    ((user, password),) = told
    assert user == MAC
    assert password
    read = config(family, "GRP2613")
    assert not [key for key in read if key.startswith(places) and key.endswith("name")]


def test_the_family_passes_its_own_check(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


def test_codes_of_the_server_are_not_taken_by_the_phone(family: Family) -> None:
    assert star_code_findings(family, (("move_call", "*72"), ("park", "*90{value}"))) == ()


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rule", "mac", "is_served"),
    [
        (f"cfg{MAC}.xml", "config", MAC, True),
        (f"cfg{MAC.upper()}.xml", "config", MAC, True),
        (f"p/{TOKEN}/cfg{MAC}.xml", "config", MAC, True),
        (f"cfg{MAC}", "binary", MAC, False),
        (f"cfg{MAC}.bin", "binary-bin", MAC, False),
        (f"dev{MAC}.cfg", "device", MAC, False),
        ("cfggxp2130.xml", "model", None, False),
        ("cfggrp2612w.xml", "model-wifi", None, False),
        ("cfggrp2601p.xml", "model-poe", None, False),
        ("cfg.xml", "common", None, False),
        (f"p/{TOKEN}/phonebook.xml", "phonebook", None, True),
        ("ring1.bin", "ring-1", None, False),
        (f"p/{TOKEN}/gxp2140fw.bin", "firmware", None, False),
        ("grp2600fw.bin", "firmware-260x", None, False),
        ("grp2610fw.bin", "firmware-261x", None, False),
    ],
)
def test_the_answer_to_each_name(
    family: Family, name: str, rule: str, mac: str | None, is_served: bool
) -> None:
    (match,) = candidates((family,), parse_name(name).path)
    assert match.rule is not None
    assert (match.rule.id, match.rule.template is not None) == (rule, is_served)
    assert (match.mac.text if match.mac else None) == mac


@pytest.mark.parametrize(
    "name", ["cfg000000000000.xml", "cfgabc.xml", f"{MAC}.xml", f"cfg{MAC}.cfg"]
)
def test_names_that_no_phone_of_the_family_asks(family: Family, name: str) -> None:
    assert candidates((family,), name) == ()


def test_only_the_configuration_is_secret_and_proves_anything(family: Family) -> None:
    rules = [compiled.rule for compiled in family.rules]
    assert [rule.id for rule in rules if rule.secret] == ["config"]
    assert [rule.id for rule in rules if rule.proves_current] == ["config"]
    assert not any(rule.conditional for rule in rules)


def test_no_mac_is_named_that_a_phone_could_compare(family: Family) -> None:
    assert MAC.encode() not in render(family, "GRP2613").body


def test_the_phonebook(family: Family) -> None:
    entries = (
        DirectoryEntry(name="Bob & Sons <Ltd>", number="+12125550111"),
        DirectoryEntry(name="", number="100"),
    )
    root = ElementTree.fromstring(render(family, "GRP2613", "phonebook", entries=entries).body)
    assert root.tag == "AddressBook"
    assert root.findtext("version") == "1"
    read = [
        (
            contact.findtext("id"),
            contact.findtext("LastName"),
            contact.find("Phone[@type='Work']/phonenumber").text,  # type: ignore[union-attr]
            contact.findtext("Phone/accountindex"),
        )
        for contact in root.iter("Contact")
    ]
    assert read == [
        ("1", "Bob & Sons <Ltd>", "+12125550111", "0"),
        ("2", "100", "100", "0"),
    ]


def test_a_phonebook_longer_than_phones_take_is_cut(family: Family) -> None:
    entries = tuple(DirectoryEntry(name=f"N{n:05}", number=str(n)) for n in range(2100))
    root = ElementTree.fromstring(render(family, "GRP2613", "phonebook", entries=entries).body)
    assert len(root.findall("Contact")) == 2000


def test_where_the_phonebook_is_and_that_there_is_none(family: Family) -> None:
    read = config(family, "GRP2613")
    assert read["phonebook.download.mode"] == "EnabledUseHTTPS"
    assert read["phonebook.download.server"] == PATH
    assert read["phonebook.download.interval"] == "720"
    read = config(family, "GRP2613", directory=None)
    assert read["phonebook.download.mode"] == "Disabled"
    assert read["phonebook.download.server"] == ""


# --- what people type, overrides, User-Agents ----------------------------------------------------


def test_what_is_typed_into_a_name_stays_text(family: Family) -> None:
    typed = '</item><item name="provisioning.config.serverPath">evil'
    users = {"101": User(extension="101", first_name=typed, sip_password=Secret(typed))}
    lines = (PhoneLine(line=1, extension="101"),)
    read = config(family, "GRP2613", users=users, lines=lines)
    assert read["account.1.sip.subscriber.name"] == typed
    assert read["account.1.sip.subscriber.password"] == typed
    assert read["provisioning.config.serverPath"] == PATH


def test_overrides_replace_add_and_take_away(family: Family) -> None:
    read = config(
        family,
        "GRP2613",
        overrides=(
            override("language.gui", "auto"),
            override("pks.vpk.9.keyMode", "Redial"),
            override("lcd.backlight.activeTimeout", "5"),
            override("dateTime.format.date", None),
            override("security.validate.serverCertificate", "Yes"),
        ),
    )
    assert read["language.gui"] == "auto"
    assert read["pks.vpk.9.keyMode"] == "Redial"
    assert read["lcd.backlight.activeTimeout"] == "5"
    assert "dateTime.format.date" not in read
    assert read["security.validate.serverCertificate"] == "Yes"


def test_what_decides_whom_the_phone_obeys_is_for_admins(family: Family) -> None:
    for key in (
        "account.1.sip.server.1.address",
        "account.2.sip.outboundProxy.1.address",
        "account.3.sip.subscriber.password",
        "account.1.sip.allowSipReset",
        "account.1.sip.validate.incomingServer",
        "provisioning.config.serverPath",
        "provisioning.firmware.serverPath",
        "provisioning.override.dhcp.allowCommonOptions",
        "sip.notify.challenge",
        "tr069.url",
        "users.admin.password",
        "security.validate.serverCertificate",
        "remoteControl.enable",
        "ldap.password",
    ):
        assert is_protected(key, family.manifest), key
    for key in ("account.1.name", "language.gui", "pks.vpk.3.value", "lcd.wallpaper.source"):
        assert not is_protected(key, family.manifest), key


def test_names_that_are_not_the_vendors_are_noticed(family: Family) -> None:
    keys = family.renderer.keys()
    wrong = [("account.1.sip.registerExpires", "10"), ("P271", "1"), ("dateTime.timezones", "x")]
    found = findings(wrong, family.manifest, keys, admin=True)
    assert [f.severity for f in found] == ["warning"] * 3
    assert "account.1.sip.registerExpiration" in found[0].remedy
    right = [("account.4.call.autoAnswer", "Yes"), ("multicast.listening.3.address", "x"),
             ("e911.held.identity.2.name", "companyID"), ("PKS.MPK.24.VALUE", "1")]  # fmt: skip
    assert findings(right, family.manifest, keys, admin=True) == ()


@pytest.mark.parametrize(
    ("agent", "model", "version", "mac"),
    [
        ("Grandstream Model HW GXP2135 SW 1.0.7.97 DevId 000b828aa872",
         "GXP2135", "1.0.7.97", "000b828aa872"),
        ("Grandstream Model HW GRP2614 SW 1.0.5.15 DevId c074ad0b63ee",
         "GRP2614", "1.0.5.15", "c074ad0b63ee"),
        ("Grandstream Model HW GRP2612W V1.1A SW 1.0.5.67 DevId c074ad112233",
         "GRP2612", "1.0.5.67", "c074ad112233"),
    ],
)  # fmt: skip
def test_user_agents_are_recognised(
    family: Family, agent: str, model: str, version: str, mac: str
) -> None:
    device = Shelf(families={family.name: family}).recognise(agent)
    assert device is not None
    assert (device.model, device.version) == (model, version)
    assert device.mac == Mac(mac)


@pytest.mark.parametrize(
    "agent",
    [
        "Grandstream Model HW GXP1628 SW 1.0.4.138 DevId c074ad2bd859",
        "Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10",
        "Grandstream Model HW GXV3350  V1.3A SW 1.0.1.8 DevId c074ad150b88",
        "Grandstream Model HW GXP2200 V2.2A SW 1.0.1.33 DevId 000b82462d97",
        "Grandstream Model HW GXP1405 SW 1.0.4.23 DevId 000b8240d55c",
        "Grandstream Model HW GXV3240 V1.6B SW 1.0.1.27 DevId 000b82632815",
        "Grandstream GXP2000 (gxp2000e.bin:1.2.5.3/boot55e.bin:1.1.6.9) DevId 000b822726c8",
        "Yealink SIP-T46G 28.83.0.120 00:15:65:4a:a9:37",
    ],
)
def test_other_devices_are_not_taken_for_these(family: Family, agent: str) -> None:
    assert Shelf(families={family.name: family}).recognise(agent) is None
