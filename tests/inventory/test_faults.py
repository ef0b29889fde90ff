"""A record's own faults are all told, each with its field and what to do."""

from dataclasses import replace

import pytest

from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.domains import BUILT_IN, Settings, Site
from provisiond.inventory.faults import (
    MAX_LABEL,
    directory_faults,
    domain_faults,
    layout_faults,
    override_faults,
    phone_faults,
    settings_faults,
    site_faults,
    user_faults,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Layout, Override, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.texts import first_unprintable, is_host, spreadsheet_damage

GOOD = Phone(
    mac=Mac("02ac3e000001"),
    model="Acme D-6",
    name="Empfang – Größe „5“",
    notes="one\ntwo\tthree",
    lines=(PhoneLine(line=1, extension="101", label="Zoë 🦊"),),
    buttons=(Button(module=0, key=1, kind=ButtonKind.URL, value="http://x.test/?a=b&c={d}"),),
    overrides=(("a.b", None), ("c", " leading blanks stay ")),
)


def places(findings: tuple[object, ...]) -> list[str]:
    return [getattr(finding, "where") for finding in findings]  # noqa: B009


def test_what_is_sound_has_no_faults() -> None:
    assert phone_faults(GOOD) == ()
    assert settings_faults(BUILT_IN) == ()
    assert settings_faults(Settings(outbound_proxy="[2001:db8::1]", language="zh-Hant-TW")) == ()
    assert (
        user_faults(User(extension="*101#", sip_user="a.b+c", sip_password=Secret("ß!'\""))) == ()
    )
    assert domain_faults("pbx.example.test") == ()


def test_every_fault_of_a_phone_is_told_at_once() -> None:
    label = "x" * (MAX_LABEL + 1)
    enrolment = Enrolment(held_reason="a\0b")
    line = PhoneLine(line=65, extension="101", label=label)
    button = Button(module=13, key=0, kind=ButtonKind.BLF, line=0, value="1\n2", label=" x")
    broken = replace(GOOD, model="", name="a\0b", lines=(line, line))
    broken = replace(broken, buttons=(button, button), enrolment=enrolment)
    found = places(phone_faults(broken))
    assert found == [
        "name",
        "model",
        "lines[0].line",
        "lines[0].label",
        "lines[1].line",
        "lines[1].line",
        "lines[1].label",
        *(f"buttons[0].{field}" for field in ("module", "key", "line", "value", "label")),
        *("buttons[1].module", "buttons[1].key", "buttons[1]", "buttons[1].line"),
        *("buttons[1].value", "buttons[1].label"),
        "enrolment.held_reason",
    ]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("a\nb", "a line break at character 2"),
        ("a\rb", "a line break at character 2"),
        ("a\u2028b", "a line break"),
        ("a\x85b", "a line break"),
        ("a\tb", "a tab"),
        ("a\0b", "the control character U+0000"),
        ("\x9b31m", "the control character U+009B"),
        ("\ud800", "half a character"),
        ("\ufeffx", "no character"),
        ("\ufdd0", "no character"),
        ("\U0001ffff", "no character"),
    ],
)
def test_what_no_file_can_carry_is_named(value: str, says: str) -> None:
    (finding,) = override_faults(Override(scope="domain", family="f", key="k", value=value))
    assert finding.where == "value"
    assert says in finding.message
    assert value not in finding.message


@pytest.mark.parametrize("text", ["", "plain", "Größe", "🦊", "\u202eabc", "a\u200db", "\u00a0"])
def test_what_phones_can_carry_is_left_alone(text: str) -> None:
    assert first_unprintable(text) is None


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a\nb"])
def test_a_key_that_is_no_name_is_a_fault(key: str) -> None:
    assert override_faults(Override(scope="domain", family="f", key=key, value="1"))


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        (Settings(sip_port=0), "sip_port"),
        (Settings(outbound_proxy_port=65536), "outbound_proxy_port"),
        (Settings(register_expires=1), "register_expires"),
        (Settings(vlan_pc=4095), "vlan_pc"),
        (Settings(poll_minutes=-1), "poll_minutes"),
        (Settings(sip_server="sip:pbx.test"), "sip_server"),
        (Settings(ntp_server="a..b"), "ntp_server"),
        (Settings(time_zone="EST5EDT4"), "time_zone"),
        (Settings(time_zone="../../etc/passwd"), "time_zone"),
        (Settings(language="e"), "language"),
        (Settings(tone_country="USA"), "tone_country"),
        (Settings(codecs=("g722", "g722")), "codecs"),
        (Settings(codecs=("G.711",)), "codecs"),
        (Settings(feature_codes=(("pickup", "*8{value}{value}"),)), "feature_codes.pickup"),
        (Settings(feature_codes=(("pickup", ""),)), "feature_codes.pickup"),
        (Settings(emergency_numbers=("9-1-1",)), "emergency_numbers"),
        (Settings(emergency_numbers=tuple(str(n) for n in range(33))), "emergency_numbers"),
        (Settings(voicemail_number="mailbox"), "voicemail_number"),
        (Settings(phone_admin_password=Secret("a b")), "phone_admin_password"),
        (Settings(firmware=(("Acme D-6", "a//b"),)), "firmware.Acme D-6"),
        (Settings(firmware=(("Acme D-6", "a\\b"),)), "firmware.Acme D-6"),
    ],
)
def test_a_setting_out_of_its_range_is_a_fault(settings: Settings, where: str) -> None:
    assert places(settings_faults(settings)) == [where]
    below = site_faults(Site(name="HQ", settings=settings))
    assert places(below) == [f"settings.{where}"]


def test_other_records_tell_theirs() -> None:
    assert places(user_faults(User(extension="1 1", sip_user="a@b"))) == ["extension", "sip_user"]
    assert places(user_faults(User(extension="1", sip_password=Secret("\u2028")))) == [
        "sip_password"
    ]
    entries = (DirectoryEntry(name="", number="x"), DirectoryEntry(name="a", number="+1 (2) 3"))
    assert places(directory_faults(Directory(name="", entries=entries))) == [
        "name",
        "entries[0].name",
        "entries[0].number",
    ]
    assert places(layout_faults(Layout(name=" x"))) == ["name"]
    for name in ("PBX.test", "pbx test", "", "::1", "pbx.test:5060"):
        assert places(domain_faults(name)) == ["domain"]


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("pbx", True),
        ("pbx.example.test.", True),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("256.0.0.1", False),
        ("-a.test", False),
        ("a" * 64, False),
        ("pbx/x", False),
        ("größe.test", False),
    ],
)
def test_host_names_are_told_from_what_is_none(host: str, is_one: bool) -> None:
    assert is_host(host) is is_one


@pytest.mark.parametrize(
    ("mac", "says"),
    [
        ("1.56511E+11", "turned"),
        ("1,56511E+11", "turned"),
        ("8E+11", "turned"),
        ("1565112233", "00:15:65:11:22:33"),
        ("1565112233.0", "00:15:65:11:22:33"),
        ("001565112233", None),
        ("00:15:65:11:22", None),
        ("805ec0112233", None),
        ("12", None),
    ],
)
def test_what_a_spreadsheet_did_is_told(mac: str, says: str | None) -> None:
    damage = spreadsheet_damage(mac)
    assert (damage is None) is (says is None)
    assert says is None or says in str(damage)
