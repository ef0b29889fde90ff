"""What Snom's phones and bases are told, against values worked out by hand from public sources."""

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from provisiond.catalog.build import build_context
from provisiond.catalog.check import check_family, check_goldens
from provisiond.catalog.family import Family, load_family, model_key
from provisiond.catalog.fit import fit
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import Applied, findings, is_protected
from provisiond.catalog.placing import phone_slots
from provisiond.catalog.render import Rendered
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
from provisiond.inventory.phones import Handset, Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls

TEMPLATES = Path(__file__).parents[2] / "templates" / "models"
MAC = "000413aabbcc"
UPPER = "000413AABBCC"
TOKEN = "abcdefghijklmnopqrstuvwxyz"
BASE = f"https://prov.example.test/p/{TOKEN}/"
URLS = PublicUrls(https="https://prov.example.test/", http="http://prov.example.test/")

SETTINGS = Settings(
    sip_server="pbx.example.test",
    time_zone="America/New_York",
    voicemail_number="*97",
    phone_admin_password=Secret("Adm1n-Pass-8"),
    feature_codes=(
        ("pickup", "*8{value}"),
        ("group_pickup", "*80"),
        ("queue_login", "*81"),
        ("queue_toggle", "*83{value}"),
        ("timeframe_toggle", "*28{value}"),
        ("move_call", "*86"),
        ("personal_park", "*68"),
        ("park", "{value}"),
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
    return load_family(TEMPLATES / "snom" / "phones", "snom/phones")


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
    wanted: dict[str, object] = {"mac": Mac(MAC), "model": f"Snom {model}", "lines": TWO_LINES}
    return Phone(**(wanted | {"token": Secret(TOKEN)} | fields))  # type: ignore[arg-type]


def render(
    family: Family,
    model: str = "D785",
    file: str = "config",
    *,
    settings: Settings = Settings(),
    overrides: Sequence[Applied] = (),
    entries: tuple[DirectoryEntry, ...] | None = None,
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
    found = check_structure(rendered.body, rule, rendered.record)
    assert [finding for finding in found if finding.severity == "error"] == []
    return rendered


def config(family: Family, model: str = "D785", **wanted: object) -> dict[str, str]:
    """A phone's own file as the phone reads it: `name` or `name[idx]`, keys as `fkey[idx]`."""
    root = ElementTree.fromstring(render(family, model, **wanted).body)  # type: ignore[arg-type]
    assert root.tag == "settings"
    return {
        f"{each.tag}[{each.get('idx')}]" if each.get("idx") else each.tag: each.text or ""
        for section in root
        for each in section
    }


def base(family: Family, model: str = "M400", **wanted: object) -> dict[str, str]:
    return config(family, model, file="base", **wanted)


def fkey(family: Family, kind: str, value: str = "", *, model: str = "D785", **more: object) -> str:
    """What a button on the third key becomes."""
    return config(family, model, buttons=(button(3, kind, value),), **more)["fkey[2]"]


def attributes(family: Family, index: int, **wanted: object) -> dict[str, str]:
    root = ElementTree.fromstring(render(family, **wanted).body)  # type: ignore[arg-type]
    found = root.find(f"functionKeys/fkey[@idx='{index}']")
    assert found is not None
    return dict(found.attrib)


# --- the whole family -------------------------------------------------------------------------


def test_family_is_fit_to_serve(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()


@pytest.mark.parametrize(
    ("model", "accounts", "keys", "accept", "sidecars"),
    [
        ("D120", 2, 2, 2, {}),
        ("D140", 2, 2, 2, {}),
        ("D150", 2, 2, 2, {}),
        ("D305", 4, 5, 5, {"D3": 3}),
        ("D315", 4, 5, 5, {"D3": 3}),
        ("D335", 12, 32, 48, {}),
        ("D345", 12, 48, 48, {"D3": 3}),
        ("D375", 12, 12, 12, {"D3": 3}),
        ("D385", 12, 48, 48, {"D3": 3, "D7": 3}),
        ("D710", 4, 5, 5, {}),
        ("D712", 4, 5, 5, {}),
        ("D713", 6, 4, 4, {}),
        ("D715", 4, 5, 5, {"D7": 3}),
        ("D717", 6, 3, 4, {"D7": 3, "D7C": 3}),
        ("D725", 12, 18, 18, {"D7": 3}),
        ("D735", 12, 32, 32, {"D7": 3, "D7C": 3}),
        ("D745", 12, 32, 32, {"D7": 3}),
        ("D765", 12, 16, 16, {"D7": 3, "D7C": 3}),
        ("D785", 12, 24, 24, {"D7": 3, "D7C": 3}),
        ("D810", 6, 4, 4, {"D8C": 3}),
        ("D812", 12, 28, 32, {"D8C": 3}),
        ("D815", 12, 36, 40, {"D8C": 3}),
        ("D862", 8, 28, 32, {"D8C": 3}),
        ("D865", 12, 36, 40, {"D8C": 3}),
        ("D892", 12, 36, 40, {"D8C": 3}),
        ("D895", 12, 56, 56, {"D8C": 3}),
        ("SP800", 4, 28, 32, {}),
        ("300", 4, 6, 6, {}),
        ("320", 12, 12, 12, {}),
        ("360", 12, 12, 12, {}),
        ("370", 12, 12, 12, {}),
        ("710", 4, 5, 5, {}),
        ("715", 4, 5, 5, {"D7": 3}),
        ("720", 12, 18, 18, {"D7": 3}),
        ("725", 12, 18, 18, {"D7": 3}),
        ("760", 12, 16, 16, {"D7": 3, "D7C": 3}),
        ("820", 12, 12, 12, {}),
        ("821", 12, 12, 12, {}),
        ("870", 12, 12, 12, {}),
        ("MP", 12, 0, 0, {}),
        ("PA1", 12, 0, 0, {}),
        ("M300", 20, 0, 0, {}),
        ("M400", 20, 0, 0, {}),
        ("M700", 20, 0, 0, {}),
        ("M900", 20, 0, 0, {}),
    ],
)
def test_every_model_has_its_counts(
    family: Family, model: str, accounts: int, keys: int, accept: int, sidecars: dict[str, int]
) -> None:
    rule = family.models[model_key(model)]
    assert (rule.name, rule.accounts, rule.sidecars) == (model, accounts, sidecars)
    slots = phone_slots(family.manifest.layouts[rule.layout])
    assert [slot.number for slot in slots] == list(range(accept))
    assert sum(not slot.beyond for slot in slots) == keys
    assert rule.names["type"] == f"snom{model}"


def test_there_are_these_models_and_no_other(family: Family) -> None:
    assert len(family.manifest.model) == 45
    assert {name: rule.keys for name, rule in family.manifest.sidecars.items()} == {
        "D3": 18,
        "D7": 18,
        "D7C": 48,
        "D8C": 60,
    }
    assert {name: family.models[name].handsets for name in ("m300", "m400", "m700", "m900")} == {
        "m300": 20,
        "m400": 20,
        "m700": 30,
        "m900": 30,
    }


def test_every_desk_phone_has_a_settings_file_and_every_base_a_bases_one(family: Family) -> None:
    for model in family.manifest.model:
        ids = {rule.id for rule in family.rules_for(model)}
        dect = bool(model.features["base"])
        assert ("config" in ids) is not dect
        assert ("base" in ids) is dect
        assert ("directory" in ids) is (not dect and bool(model.features["contacts"]))
        assert bool(model.features.get("module_first")) is bool(model.sidecars)


# --- boot -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rules", "mac"),
    [
        ("/snomD735.htm", ["general"], None),
        ("snom320.htm", ["general"], None),
        (f"snomD735-{UPPER}.htm", ["start"], MAC),
        (f"snomd735-{MAC}.htm", ["start"], MAC),
        (f"snomM900-{UPPER}.htm", ["start"], MAC),
        (f"p/{TOKEN}/{UPPER}.htm", ["start-by-token"], MAC),
        (f"p/{TOKEN}/{UPPER}.xml", ["config", "base"], MAC),
        ("00-04-13-AA-BB-CC.xml", ["config", "base"], MAC),
        (f"directory-{UPPER}.xml", ["directory", "base-directory"], MAC),
        (f"p/{TOKEN}/contacts.xml", ["contacts"], None),
        (f"p/{TOKEN}/firmware.xml", ["firmware"], None),
        ("gui_lang.xml", ["phone-languages"], None),
        ("snomD999.htm", [], None),
        ("snomD735-000000000000.htm", [], None),
        (f"{UPPER}.xml.bak", [], None),
    ],
)
def test_file_names(family: Family, name: str, rules: list[str], mac: str | None) -> None:
    found = candidates([family], parse_name(name).path)
    assert [match.rule.id for match in found if match.rule] == rules
    assert {match.mac.text for match in found if match.mac} == ({mac} if mac else set())


def test_the_boot_chain(family: Family) -> None:
    steps = [(step.file, step.expect, step.link) for step in family.manifest.boot]
    assert steps == [
        ("general", 404, ""),
        ("start", 200, ""),
        ("config", 200, "url[1]"),
        ("base", 200, "url[1]"),
        ("directory", 200, "url[2]"),
        ("base-directory", 200, "phonebook_filename"),
        ("firmware", 200, "firmware_status"),
        ("start-by-token", 200, "setting_server"),
    ]
    rules = {rule.id: rule for rule in family.manifest.file}
    assert [name for name, rule in rules.items() if rule.proves_current] == ["config", "base"]
    assert {name for name, rule in rules.items() if rule.secret} == {
        "start",
        "start-by-token",
        "config",
        "base",
        "firmware",
    }
    assert [name for name, rule in rules.items() if rule.post_reads] == ["contacts"]
    assert not any(rule.conditional for rule in rules.values())  # no source says they read 304


def listed(body: bytes) -> list[str | None]:
    root = ElementTree.fromstring(body)
    assert root.tag == "setting-files"
    return [file.get("url") for file in root]


def test_the_list_of_files_leads_below_the_token(family: Family) -> None:
    wanted = [f"{BASE}{UPPER}.xml", f"{BASE}directory-{UPPER}.xml"]
    assert listed(render(family, file="start").body) == wanted
    assert listed(render(family, file="start-by-token").body) == wanted
    assert listed(render(family, file="start", directory=None).body) == wanted[:1]
    assert listed(render(family, "M900", "start").body) == wanted[:1]
    assert listed(render(family, "PA1", "start").body) == [
        wanted[0].replace("https", "http")  # no directory, and no https
    ]


class BootingPhone:
    """A phone as the vendor's pages tell it: it works through provisioning_order until a step
    succeeds; `redirection` is the URL in setting_server, which a file may set anew."""

    def __init__(self, family: Family, dhcp: str) -> None:
        self.family, self.dhcp = family, dhcp
        self.memory = {
            "setting_server": "https://cloud.example.net/",
            "provisioning_order": "redirection:stop pnp:stop dhcp:stop tr69:stop",
        }
        self.closed = False

    def boot(self) -> list[str]:
        """The URLs asked for here; those that got a 404 end in one."""
        asked: list[str] = []
        for step in self.memory["provisioning_order"].split():
            way, _, then = step.partition(":")
            url = {"redirection": self.memory["setting_server"], "dhcp": self.dhcp}.get(way, "")
            if url and self._provision(url, asked) and then == "stop":
                break
        return asked

    def _provision(self, url: str, asked: list[str]) -> bool:
        urls = [url.replace("{mac}", UPPER)]
        if url.endswith("/"):
            urls = [f"{url}snomD785.htm", f"{url}snomD785-{UPPER}.htm"]
        before, found = self.memory["setting_server"], False
        for each in urls:
            body = self._fetch(each, asked)
            for file in listed(body) if body else []:
                found = True
                settings = self._fetch(file or "", asked)
                if settings and file == f"{BASE}{UPPER}.xml":
                    self.memory |= config(self.family)
        if self.memory["setting_server"] != before:  # a new one is asked at once
            self._provision(self.memory["setting_server"], asked)
        return found

    def _fetch(self, url: str, asked: list[str]) -> bytes | None:
        if not url.startswith("https://prov.example.test/"):
            return None
        parsed = parse_name(url.removeprefix("https://prov.example.test/"))
        rule = candidates([self.family], parsed.path)[0].rule
        assert rule is not None
        self.closed = self.closed or parsed.token == TOKEN
        served = rule.template is not None and (parsed.token == TOKEN or not self.closed)
        asked.append(url if served else f"{url} 404")
        return render(self.family, file=rule.id).body if served else None


def test_an_enrolled_phone_asks_by_token_even_where_dhcp_still_names_the_old_url(
    family: Family,
) -> None:
    phone = BootingPhone(family, "https://prov.example.test/")
    files = [f"{BASE}{UPPER}.xml", f"{BASE}directory-{UPPER}.xml"]
    assert phone.boot() == [
        "https://prov.example.test/snomD785.htm 404",
        f"https://prov.example.test/snomD785-{UPPER}.htm",
        *files,
        f"{BASE}{UPPER}.htm",
        *files,
    ]
    assert phone.closed
    for _ in range(2):
        assert phone.boot() == [f"{BASE}{UPPER}.htm", *files]


def test_without_a_public_url_the_phones_other_ways_stay_open(family: Family) -> None:
    read = config(family, urls=PublicUrls())
    assert not {"setting_server", "provisioning_order", "pnp_config"} & set(read)
    assert read["firmware_status"] == ""
    read = base(family, urls=PublicUrls())
    assert not {"setting_server", "pnp_config", "dhcp_option_pnp"} & set(read)
    assert (read["phonebook_location"], read["phonebook_filename"]) == ("", "")


def test_phones_of_firmware_8_are_sent_to_plain_urls(family: Family) -> None:
    plain = BASE.replace("https", "http")
    assert config(family, "320")["setting_server"] == plain + "{mac}.htm"
    assert config(family, "710")["setting_server"] == BASE + "{mac}.htm"


def test_what_the_vendor_would_do_on_its_own_is_off(family: Family) -> None:
    assert config(family)["tr369_enable[1]"] == "false"
    assert "tr369_enable[1]" not in config(family, "D120")
    assert "tr369_enable[1]" not in config(family, "320")
    assert next(iter(config(family))) == "auto_reboot_on_setting_change"


def test_firmware(family: Family) -> None:
    read = config(family)
    assert (read["update_policy"], read["firmware_status"]) == (
        "settings_only",
        f"{BASE}firmware.xml",
    )
    wanted = Settings(firmware=(("Snom D785", "snomD785-10.1.215.13.bin"),))
    assert config(family, settings=wanted)["update_policy"] == "auto_update"
    file = ElementTree.fromstring(render(family, file="firmware", settings=wanted).body)
    assert file.tag == "firmware-settings"
    assert file.findtext("firmware") == f"{BASE}assets/snomD785-10.1.215.13.bin"
    ringer = Applied(key="user_ringer[1]", value="Ringer2", layer="domain")
    file = ElementTree.fromstring(render(family, file="firmware", overrides=[ringer]).body)
    assert [(each.tag, each.text) for each in file] == [("firmware", None)]


def test_polls_are_spread_and_can_be_off(family: Family) -> None:
    read = config(family)  # once a day: at night, by the phone's own dice
    assert (read["prov_polling_enabled"], read["prov_polling_mode"]) == ("on", "random")
    assert (read["prov_polling_period"], read["settings_refresh_timer"]) == ("86400", "0")
    assert (read["prov_polling_time"], read["prov_polling_time_rand_end"]) == ("01:00", "05:00")
    often = Settings(poll_minutes=60)
    periods = {
        int(config(family, mac=Mac(f"000413aabb{n:02x}"), settings=often)["prov_polling_period"])
        for n in range(16)
    }
    assert len(periods) > 10
    assert all(3600 <= period < 3960 for period in periods)
    off = Settings(poll_minutes=0)
    read = config(family, settings=off)
    assert (read["prov_polling_enabled"], "prov_polling_mode" in read) == ("off", False)
    old = config(family, "710", settings=often)
    assert 3600 <= int(old["settings_refresh_timer"]) < 3960
    assert "prov_polling_enabled" not in old
    assert config(family, "710", settings=off)["settings_refresh_timer"] == "0"


def test_passwords(family: Family) -> None:
    read = config(family)
    assert (read["http_user"], read["http_pass"]) == ("admin", "Adm1n-Pass-8")
    assert read["admin_mode_password"] == read["admin_mode_password_confirm"] == "Adm1n-Pass-8"
    assert "webserver_admin_password" not in read
    read = config(family, "D862")
    assert read["webserver_admin_password"] == read["webserver_user_password"] == "Adm1n-Pass-8"
    for model in ("D785", "D862"):
        bare = config(family, model, settings=Settings(phone_admin_password=Secret("")))
        assert not [name for name in bare if "pass" in name and "user_pass" not in name]
    read = base(family)
    assert read["http_pass"] == read["http_engineer_pass"] == read["http_basic_pass"]
    assert read["http_pass"] == "Adm1n-Pass-8"


def test_permissions_never_yield_to_the_user(family: Family) -> None:
    root = ElementTree.fromstring(render(family).body)
    classes = {each.tag: each.get("perm") for section in root for each in section}
    assert set(classes.values()) == {"R", "RW"}
    assert {name for name, perm in classes.items() if perm == "RW"} == {
        "setting_server",
        "admin_mode",
        "language",
        "web_language",
        "tone_scheme",
        "time_24_format",
        "date_us_format",
        "mwi_notification",
    }


@pytest.mark.parametrize(
    ("route", "proxy", "checked"),
    [
        (ResyncRoute.VIA_PROXY, "", "on"),
        (ResyncRoute.VIA_PROXY, "proxy.example.test", "off"),
        (ResyncRoute.DIRECT, "", "off"),
    ],
)
def test_the_phone_never_refuses_our_own_notify(
    family: Family, route: ResyncRoute, proxy: str, checked: str
) -> None:
    read = config(family, settings=Settings(resync_route=route, outbound_proxy=proxy or None))
    assert read["filter_registrar"] == checked
    assert (read["challenge_checksync"], read["challenge_reboot"]) == ("off", "off")
    resync = family.manifest.resync
    assert (resync.event, resync.reboot_event) == (
        "check-sync;reboot=false",
        "check-sync;reboot=true",
    )
    assert base(family)["sip_check_sync_always_reboot"] == "off"


# --- accounts ---------------------------------------------------------------------------------


def test_a_line_becomes_an_identity(family: Family) -> None:
    read = config(family)
    expected = {
        "user_active": "on",
        "user_realname": "Alice Example",
        "user_name": "101",
        "user_pname": "auth101",
        "user_pass": "s3cret-1",
        "user_host": "pbx.example.test",
        "user_outbound": "pbx.example.test:5060;transport=udp",
        "user_expiry": "600",
        "user_idle_text": "101",
        "user_mailbox": "*97",
        "user_shared_line": "off",
        "user_dtmf_info": "off",
        "codec_priority_list": "g722,pcmu,pcma,telephone-event",
        "user_srtp": "off",
        "user_savp": "off",
        "user_auth_tag": "off",
    }
    assert {name: read[f"{name}[1]"] for name in expected} == expected
    assert (read["user_name[2]"], read["user_pass[2]"]) == ("102", "s3cret-2")


def test_unused_identities_are_off_and_empty(family: Family) -> None:
    read = config(family)
    for n in range(3, 13):
        assert read[f"user_active[{n}]"] == "off"
        for name in ("user_name", "user_pname", "user_pass", "user_host", "user_realname"):
            assert read[f"{name}[{n}]"] == ""
    assert "user_active[13]" not in read


@pytest.mark.parametrize(
    ("transport", "outbound", "proxied"),
    [
        (SipTransport.UDP, "pbx.example.test:5071;transport=udp", "px.test:5072;transport=udp"),
        (SipTransport.TCP, "pbx.example.test:5071;transport=tcp", "px.test:5072;transport=tcp"),
        (SipTransport.TLS, "pbx.example.test:5071;transport=tls", "px.test:5072;transport=tls"),
        (SipTransport.DNS_NAPTR, "", "px.test"),
    ],
)
def test_transport(family: Family, transport: SipTransport, outbound: str, proxied: str) -> None:
    wanted = Settings(transport=transport, sip_port=5071)
    read = config(family, settings=wanted)
    assert (read["user_host[1]"], read["user_outbound[1]"]) == ("pbx.example.test", outbound)
    wanted = Settings(
        transport=transport, sip_port=5071, outbound_proxy="px.test", outbound_proxy_port=5072
    )
    read = config(family, settings=wanted)
    assert read["user_outbound[1]"] == proxied
    host = "pbx.example.test" if transport is SipTransport.DNS_NAPTR else "pbx.example.test:5071"
    assert read["user_host[1]"] == host


def test_an_address_of_version_6_stands_in_brackets(family: Family) -> None:
    read = config(family, settings=Settings(sip_server="2001:db8::1"))
    assert read["user_host[1]"] == "[2001:db8::1]"
    assert read["user_outbound[1]"] == "[2001:db8::1]:5060;transport=udp"
    assert fkey(family, "blf", "103", settings=Settings(sip_server="2001:db8::1")) == (
        "blf <sip:103@[2001:db8::1]>|*8"
    )


@pytest.mark.parametrize(
    ("srtp", "words", "of_base"),
    [
        (Srtp.OFF, ("off", "off"), "disabled"),
        (Srtp.OPTIONAL, ("on", "optional"), "optional"),
        (Srtp.REQUIRED, ("on", "mandatory"), "mandatory"),
    ],
)
def test_srtp(family: Family, srtp: Srtp, words: tuple[str, str], of_base: str) -> None:
    read = config(family, settings=Settings(srtp=srtp))
    assert (read["user_srtp[1]"], read["user_savp[1]"]) == words
    assert base(family, settings=Settings(srtp=srtp))["user_srtp[1]"] == of_base


@pytest.mark.parametrize(
    ("dtmf", "word", "events"),
    [
        (Dtmf.RFC2833, "off", True),
        (Dtmf.INFO, "sip_info_only", True),
        (Dtmf.INBAND, "off", False),
        (Dtmf.AUTO, "off", True),
    ],
)
def test_dtmf(family: Family, dtmf: Dtmf, word: str, events: bool) -> None:
    read = config(family, settings=Settings(dtmf=dtmf))
    assert read["user_dtmf_info[1]"] == word
    assert read["codec_priority_list[1]"].endswith(",telephone-event") is events
    assert base(family, settings=Settings(dtmf=dtmf))["user_dtmf_info[1]"] == word


def test_codecs_keep_their_order_and_unknown_ones_are_left_out(family: Family) -> None:
    wanted = Settings(codecs=("opus", "g729", "g722", "ilbc", "g726_32", "pcma"))
    read = config(family, settings=wanted)
    assert read["codec_priority_list[1]"] == "g729,g722,g726-32,pcma,telephone-event"
    assert base(family, settings=wanted)["codec_priority_list[1]"] == "g729,g722,g726,pcma"
    only = config(family, settings=Settings(codecs=("opus",)))["codec_priority_list[1]"]
    assert only == "pcmu,pcma,telephone-event"


# --- keys -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        ("blf", "103", "blf <sip:103@pbx.example.test>|*8"),
        ("blf", "103@other.test", "blf <sip:103@other.test>|*8"),
        ("park", "701", "blf <sip:701@pbx.example.test>"),
        ("personal_park", "", "speed *68"),
        ("speed_dial", "+12125550100", "speed +12125550100"),
        ("dtmf", "1,2#", "dtmf 1,2#"),
        ("queue_login", "400", "speed *81"),
        ("queue_toggle", "400", "speed *83400"),
        ("timeframe_toggle", "500", "speed *28500"),
        ("move_call", "", "speed *86"),
        ("dnd", "", "keyevent F_DND"),
        ("forward", "", "keyevent F_REDIRECT"),
        ("forward", "104", "redirect 104"),
        ("record", "", "dtmf *1"),
        ("voicemail", "", "keyevent F_RETRIEVE"),
        ("voicemail", "*98103", "speed *98103"),
        ("group_pickup", "", "speed *80"),
        ("directed_pickup", "103", "speed *8103"),
        ("paging", "224.0.1.116:5001", "multicast 224.0.1.116:5001"),
        ("paging", "600", "speed 600"),
        ("intercom", "104", "icom 104"),
        ("conference", "", "keyevent F_CONFERENCE"),
        ("conference", "3000", "conference 3000"),
        ("transfer", "", "keyevent F_TRANSFER"),
        ("transfer", "105", "transfer 105"),
        ("hold", "", "keyevent F_HOLD"),
        ("redial", "", "keyevent F_REDIAL"),
        ("directory", "", "keyevent F_ADR_BOOK"),
        ("url", "https://pbx.example.test/a?b=1&c=2", "url https://pbx.example.test/a?b=1&c=2"),
        ("url", "file:///etc/passwd", "none"),
        ("queue_logout", "400", "none"),
        ("directory_cascade", "", "none"),
        ("prefix", "9", "none"),
        ("lock", "", "none"),
    ],
)
def test_what_a_key_becomes(family: Family, kind: str, value: str, wanted: str) -> None:
    assert fkey(family, kind, value) == wanted


def test_codes_of_the_domain_make_paging_and_intercom_calls(family: Family) -> None:
    wanted = Settings(feature_codes=(("paging", "*84{value}"), ("intercom", "*85{value}")))
    assert fkey(family, "paging", "600", settings=wanted) == "speed *84600"
    assert fkey(family, "intercom", "104", settings=wanted) == "speed *85104"


@pytest.mark.parametrize("code", ["*8", "*8{value}#", "{value}{value}", "{value}"])
def test_a_pickup_code_that_the_phone_cannot_form_is_left_out(family: Family, code: str) -> None:
    wanted = Settings(feature_codes=(("pickup", code),))
    assert fkey(family, "blf", "103", settings=wanted) == "blf <sip:103@pbx.example.test>"


@pytest.mark.parametrize(
    ("model", "wanted"),
    [
        ("710", "orbit 701"), ("715", "orbit 701"), ("720", "orbit 701"), ("725", "orbit 701"),
        ("760", "orbit 701"), ("D765", "orbit 701"), ("D735", "blf <sip:701@pbx.example.test>"),
    ],
)  # fmt: skip
def test_park_keys_of_their_own_kind(family: Family, model: str, wanted: str) -> None:
    assert fkey(family, "park", "701", model=model) == wanted


def test_lines_take_the_first_keys_and_unused_ones_are_cleared(family: Family) -> None:
    read = config(family, buttons=(button(3, "blf", "103", line=2),))
    assert [read[f"fkey[{n}]"] for n in range(24)] == [
        "line",
        "line",
        "blf <sip:103@pbx.example.test>|*8",
        *["none"] * 21,
    ]
    assert "fkey[24]" not in read
    of = {"buttons": (button(3, "blf", "103", line=2), button(4, "dnd"))}
    assert attributes(family, 0) == {"idx": "0", "context": "1", "label": "101", "perm": "R"}
    assert attributes(family, 1)["context"] == "2"
    assert attributes(family, 2, **of) == {
        "idx": "2",
        "context": "2",
        "label": "Carol Example",
        "perm": "R",
    }
    assert attributes(family, 3, **of)["context"] == "active"
    assert attributes(family, 4, **of) == {
        "idx": "4",
        "context": "active",
        "label": "",
        "perm": "R",
    }


def test_a_shared_line(family: Family) -> None:
    lines = (TWO_LINES[0], PhoneLine(line=2, extension="102", shared=True))
    read = config(family, lines=lines)
    assert (read["user_shared_line[1]"], read["user_shared_line[2]"]) == ("off", "on")
    assert (read["fkey[0]"], read["fkey[1]"]) == ("line", "mult <sip:102@pbx.example.test>")
    read = config(family, buttons=(button(5, "shared_line", line=1),))
    assert (read["user_shared_line[1]"], read["fkey[4]"]) == (
        "on",
        "mult <sip:101@pbx.example.test>",
    )


@pytest.mark.parametrize(
    ("model", "type_", "keys", "first"),
    [
        ("D305", "D3", 18, 5), ("D315", "D3", 18, 5), ("D345", "D3", 18, 48),
        ("D375", "D3", 18, 12), ("D715", "D7", 18, 5), ("D717", "D7", 18, 3),
        ("D717", "D7C", 48, 3), ("720", "D7", 18, 18), ("D725", "D7", 18, 18),
        ("D735", "D7", 18, 32), ("D735", "D7C", 48, 32), ("D745", "D7", 18, 32),
        ("D765", "D7C", 48, 16), ("D785", "D7", 18, 24), ("D785", "D7C", 48, 24),
        ("D810", "D8C", 60, 4), ("D812", "D8C", 60, 32), ("D815", "D8C", 60, 40),
        ("D862", "D8C", 60, 32), ("D865", "D8C", 60, 40), ("D895", "D8C", 60, 56),
    ],
)  # fmt: skip
def test_module_keys_count_on(
    family: Family, model: str, type_: str, keys: int, first: int
) -> None:
    read = config(
        family,
        model,
        sidecars=(type_,) * 3,
        buttons=tuple(button(keys, "blf", f"20{unit}", module=unit) for unit in (1, 2, 3)),
    )
    for unit in (1, 2, 3):
        index = first + unit * keys - 1
        assert read[f"fkey[{index}]"] == f"blf <sip:20{unit}@pbx.example.test>|*8"
    assert read[f"fkey[{first}]"] == "none"
    assert f"fkey[{first + 3 * keys}]" not in read


def test_module_keys_of_a_d385_stand_where_either_reading_looks(family: Family) -> None:
    read = config(family, "D385", sidecars=("D7",), buttons=(button(2, "blf", "201", module=1),))
    assert read["fkey[49]"] == read["fkey[175]"] == "blf <sip:201@pbx.example.test>|*8"
    assert {f"fkey[{n}]" for n in range(48, 66)} | {f"fkey[{n}]" for n in range(174, 192)} == {
        name for name in read if name.startswith("fkey") and int(name[5:-1]) > 47
    }


@pytest.mark.parametrize(("model", "page"), [("D862", 8), ("D812", 8), ("D865", 10)])
def test_the_key_that_may_turn_pages_is_left_alone(family: Family, model: str, page: int) -> None:
    read = config(family, model)
    assert not [n for n in range(page * 4) if f"fkey[{n}]" not in read if (n + 1) % page]
    assert [n for n in range(page * 4) if f"fkey[{n}]" not in read] == [
        page - 1,
        2 * page - 1,
        3 * page - 1,
        4 * page - 1,
    ]
    read = config(family, model, buttons=(button(page, "blf", "103"),))
    assert read[f"fkey[{page - 1}]"].startswith("blf ")


def test_keys_beyond_the_lower_count_are_taken_with_a_warning(family: Family) -> None:
    phone = phone_of("D862", buttons=(button(30, "blf", "103"),))
    found = fit(family, family.models["d862"], phone, {})
    assert [finding.severity for finding in found] == ["warning"]
    assert config(family, "D862", buttons=phone.buttons)["fkey[29]"].startswith("blf ")


@pytest.mark.parametrize(
    "value", ["103>|*99", "103|*99", "1 0 3", "<sip:103>", "103;x=1", "!!$(::)!!$(user_pass)"]
)
def test_a_value_cannot_say_more_than_a_number(family: Family, value: str) -> None:
    for kind in ("blf", "speed_dial", "park", "transfer", "intercom", "dtmf"):
        text = fkey(family, kind, value)
        assert text.count("|") == (kind == "blf")
        assert text.count("<") == text.count(">") == (kind in ("blf", "park"))
        assert ";" not in text
        assert "$" not in text
        assert text.count(" ") == 1
    label = attributes(family, 2, buttons=(button(3, "blf", "103", value),))["label"]
    assert not set(label) & set("<>$")


# --- time, language, network ------------------------------------------------------------------

NEW_YORK = "3600 03.02.07 02:00:00 11.01.07 02:00:00"


@pytest.mark.parametrize(
    ("zone", "code", "offset", "dst"),
    [
        ("America/New_York", "USA-5", "-18000", NEW_YORK),
        ("America/Chicago", "USA-6", "-21600", NEW_YORK),
        ("America/Denver", "USA-7", "-25200", NEW_YORK),
        ("America/Phoenix", "USA2-7", "-25200", ""),
        ("America/Los_Angeles", "USA-8", "-28800", NEW_YORK),
        ("America/St_Johns", "CAN-3.5", "-12600", NEW_YORK),
        ("America/Sao_Paulo", "", "-10800", ""),
        ("America/Mexico_City", "", "-21600", ""),
        ("Europe/London", "GBR-0", "0", "3600 03.05.07 01:00:00 10.05.07 02:00:00"),
        ("Europe/Berlin", "GER+1", "3600", "3600 03.05.07 02:00:00 10.05.07 03:00:00"),
        ("Europe/Rome", "ITA+1", "3600", "3600 03.05.07 02:00:00 10.05.07 03:00:00"),
        ("Europe/Athens", "GRC+2", "7200", "3600 03.05.07 03:00:00 10.05.07 04:00:00"),
        ("Europe/Istanbul", "", "10800", ""),
        ("Asia/Jerusalem", "", "7200", "3600 27.03 02:00:00 25.10 02:00:00"),
        ("Asia/Kolkata", "IND+5.5", "19800", ""),
        ("Asia/Kathmandu", "", "20700", ""),
        ("Asia/Tokyo", "JPN+9", "32400", ""),
        ("Australia/Sydney", "AUS+10", "36000", "3600 10.01.07 02:00:00 04.01.07 03:00:00"),
        ("Australia/Lord_Howe", "AUS+10.5", "37800", "1800 10.01.07 02:00:00 04.01.07 02:00:00"),
        ("Pacific/Auckland", "NZL+12", "43200", "3600 09.05.07 02:00:00 04.01.07 03:00:00"),
        ("Etc/UTC", "", "0", ""),
    ],
)
def test_time_zones(family: Family, zone: str, code: str, offset: str, dst: str) -> None:
    read = config(family, settings=Settings(time_zone=zone))
    assert (read["timezone"], read["utc_offset"], read["dst"]) == (code, offset, dst)
    assert read["ntp_server"] == "pool.ntp.org"


@pytest.mark.parametrize(
    ("zone", "code", "rule"),
    [
        ("Europe/Berlin", "GER+1", ("auto", "3", "0", "2", "1", "5", "10", "0", "3", "1", "5")),
        ("America/New_York", "USA-5", ("auto", "3", "0", "2", "1", "2", "11", "0", "2", "1", "1")),
        ("Asia/Jerusalem", "GRC+2", ("auto", "3", "27", "2", "0", "0", "10", "25", "2", "0", "0")),
        ("Asia/Tokyo", "JPN+9", ("off",)),
        ("America/Mexico_City", "USA-6", ("off",)),
        ("Asia/Kathmandu", None, ("off",)),
    ],
)
def test_time_zones_of_bases(
    family: Family, zone: str, code: str | None, rule: tuple[str, ...]
) -> None:
    read = base(family, settings=Settings(time_zone=zone))
    assert read.get("timezone") == code
    assert (read["timezone_by_country_region"], read["dst_by_country_region"]) == ("off", "off")
    names = ["dst_enable"]
    for change in ("start", "stop"):
        names += [f"dst_{change}_{what}" for what in ("month", "date", "time", "day_of_week")]
        names += [f"dst_{change}_wday_last_in_month"]
    assert tuple(read[name] for name in names if name in read) == rule


@pytest.mark.parametrize(
    ("tag", "new", "old", "of_base"),
    [
        ("en", "English", "English", "English"),
        ("en-GB", "English(UK)", "English", "English"),
        ("fr-CA", "Français", "Francais", "Francais"),
        ("nl", "Nederlands", "Dutch", "Dutch"),
        ("cs", "Čeština", "English", "English"),
        ("xx", "English", "English", "English"),
    ],
)
def test_languages(family: Family, tag: str, new: str, old: str, of_base: str) -> None:
    wanted = Settings(language=tag)
    read = config(family, settings=wanted)
    assert read["language"] == read["web_language"] == new
    assert config(family, "710", settings=wanted)["language"] == old
    assert base(family, settings=wanted)["language"] == of_base


def test_clock_and_tones(family: Family) -> None:
    read = config(family)
    assert (read["time_24_format"], read["date_us_format"]) == ("off", "on")
    read = config(family, settings=Settings(language="de", tone_country="CH"))
    assert (read["time_24_format"], read["date_us_format"]) == ("on", "off")
    assert read["tone_scheme"] == "SWI"
    assert "tone_scheme" not in config(family, settings=Settings(tone_country="BR"))


def test_vlan_and_emergency_numbers(family: Family) -> None:
    names = ("vlan_id", "vlan_pc_id", "vlan_port_tagging")
    assert not set(names) & set(config(family))
    read = config(family, settings=Settings(vlan_phone=100, vlan_pc=20))
    assert [read[name] for name in names] == ["100", "20", "on"]
    read = config(family, settings=Settings(vlan_phone=0))
    assert [read[name] for name in names] == ["", "", "off"]
    assert base(family, settings=Settings(vlan_phone=100))["vlan_id"] == "100"
    wanted = Settings(emergency_numbers=("911", "933", "1 12"))
    assert config(family, settings=wanted)["keyboard_lock_emergency"] == "911 933 112"
    none = Settings(emergency_numbers=())
    assert "keyboard_lock_emergency" not in config(family, settings=none)


# --- directories ------------------------------------------------------------------------------

ENTRIES = (
    DirectoryEntry(name="Bob & Sons <Ltd>", number="+1 212-555-0111"),
    DirectoryEntry(name="!!$(::)!!$(user_pass)", number="104"),
)
MANY = tuple(DirectoryEntry(name=f"Person {n:04}", number=f"{1000 + n}") for n in range(1200))


def test_the_directory_replaces_the_phones_own(family: Family) -> None:
    root = ElementTree.fromstring(render(family, file="directory", entries=ENTRIES).body)
    assert (root.tag, root.attrib) == ("tbook", {"e": "2", "complete": "true"})
    found = [(item.get("index"), item.findtext("name"), item.findtext("number")) for item in root]
    assert found == [
        ("0", "Bob & Sons <Ltd>", "+1 212-555-0111"),
        ("1", "(::)(user_pass)", "104"),
    ]
    for model, most in (("320", 100), ("370", 250), ("D785", 1000)):
        root = ElementTree.fromstring(render(family, model, "directory", entries=MANY).body)
        assert len(root) == most
    assert len(ElementTree.fromstring(render(family, file="directory", entries=()).body)) == 0


def test_the_remote_directory(family: Family) -> None:
    root = ElementTree.fromstring(render(family, "D865", "contacts", entries=ENTRIES).body)
    book = root.find("tbook")
    assert book is not None
    assert book.attrib == {"e": "2", "version": "2.0"}
    contact = book[0]
    assert contact.attrib == {"fav": "false", "vip": "false", "blocked": "false"}
    assert (contact.findtext("first_name"), contact.findtext("last_name")) == (
        "",
        "Bob & Sons <Ltd>",
    )
    number = contact.find("numbers/number")
    assert number is not None
    assert number.attrib == {"no": "+1 212-555-0111", "type": "sip", "outgoing_id": "0"}


def test_a_base_loads_its_directory_from_where_it_is_told(family: Family) -> None:
    read = base(family)
    assert read["phonebook_location"] + read["phonebook_filename"] == (
        f"{BASE}directory-{UPPER}.xml"
    )
    assert read["phonebook_server_location"] == "0"
    root = ElementTree.fromstring(render(family, "M400", "base-directory", entries=ENTRIES).body)
    assert [(e.findtext("Name"), e.findtext("Telephone")) for e in root] == [
        ("Bob & Sons <Ltd>", "+12125550111"),
        ("!!$(::)!!$(user_pass)", "104"),
    ]
    read = base(family, directory=None)
    assert (read["phonebook_location"], read["phonebook_reload_time"]) == ("", "0")


# --- DECT bases -------------------------------------------------------------------------------


def test_a_base_has_one_server_and_an_extension_a_line(family: Family) -> None:
    read = base(family, settings=Settings(outbound_proxy="proxy.example.test"))
    assert (read["user_host[1]"], read["user_outbound[1]"]) == (
        "pbx.example.test:5060",
        "proxy.example.test:5060",
    )
    assert (read["srv_sip_transport[1]"], read["user_expiry[1]"]) == ("udp", "600")
    expected = {
        "user_active": "on",
        "user_name": "101",
        "user_pname": "auth101",
        "user_pass": "s3cret-1",
        "user_realname": "Alice Example",
        "user_mailnumber": "*97",
        "subscr_sip_line_name": "101",
        "subscr_sip_hs_idx": "1",
        "subscr_sip_ua_data_server_id": "1",
        "subscr_dect_ipui": "0xFFFFFFFFFF",
    }
    assert {name: read[f"{name}[1]"] for name in expected} == expected
    for n in range(3, 21):
        assert read[f"user_active[{n}]"] == "off"
        assert read[f"user_name[{n}]"] == read[f"user_pass[{n}]"] == ""
    root = ElementTree.fromstring(render(family, "M400", "base").body)
    assert [section.tag for section in root] == ["global", "server", "extension", "multicell"]


def test_handsets_ring_for_their_lines(family: Family) -> None:
    handsets = (
        Handset(handset=1, ipei="0328d30001", lines=(1,)),
        Handset(handset=4, ipei="0328d3abcd", lines=(2,)),
    )
    read = base(family, handsets=handsets)
    assert (read["subscr_sip_hs_idx[1]"], read["subscr_sip_hs_idx[2]"]) == ("1", "4")
    assert read["subscr_dect_ipui[1]"] == "0x0328D30001"
    assert read["subscr_dect_ipui[2]"] == "0xFFFFFFFFFF"
    assert read["subscr_dect_ipui[4]"] == "0x0328D3ABCD"


@pytest.mark.parametrize(
    ("transport", "word", "server"),
    [
        (SipTransport.TLS, "tls", "pbx.example.test:5061"),
        (SipTransport.TCP, "tcp", "pbx.example.test:5060"),
        (SipTransport.DNS_NAPTR, "auto", "pbx.example.test"),
    ],
)
def test_transport_of_bases(
    family: Family, transport: SipTransport, word: str, server: str
) -> None:
    read = base(family, settings=Settings(transport=transport))
    assert (read["srv_sip_transport[1]"], read["user_host[1]"]) == (word, server)


def test_bases_poll(family: Family) -> None:
    names = ("auto_resync_polling", "auto_resync_period", "auto_resync_max_delay")
    read = base(family, settings=Settings(poll_minutes=120))
    assert [read[name] for name in names] == ["enabled", "120", "12"]
    read = base(family, settings=Settings(poll_minutes=0))
    assert [read[name] for name in names] == ["disabled", "0", "0"]


# --- overrides --------------------------------------------------------------------------------


def test_overrides_replace_add_and_remove(family: Family) -> None:
    read = config(
        family,
        overrides=(
            Applied(key="tone_scheme", value="GBR", layer="domain"),
            Applied(key="user_ringer[2]", value="Ringer4", layer="site"),
            Applied(key="functionKeys/fkey[5]", value="keyevent F_STATUS", layer="phone"),
            Applied(key="functionKeys/fkey[90]", value="line", layer="phone"),
            Applied(key="mwi_notification", value=None, layer="phone"),
        ),
    )
    assert (read["tone_scheme"], read["user_ringer[2]"]) == ("GBR", "Ringer4")
    assert (read["fkey[5]"], read["fkey[90]"]) == ("keyevent F_STATUS", "line")
    assert "mwi_notification" not in read
    read = base(
        family,
        overrides=(
            Applied(key="server/conferencing[1]", value="conf@pbx.example.test", layer="domain"),
            Applied(key="firmware-settings/fp_fwu_sw_version", value="0790", layer="domain"),
        ),
    )
    assert read["conferencing[1]"] == "conf@pbx.example.test"
    assert read["fp_fwu_sw_version"] == "0790"


def test_who_may_override_what(family: Family) -> None:
    for key in (
        "setting_server",
        "provisioning_order",
        "pnp_config",
        "user_pass[3]",
        "user_host[1]",
        "extension/user_pass[7]",
        "server/user_host[1]",
        "http_pass",
        "admin_mode_password",
        "filter_registrar",
        "url[1]",
        "firmware",
        "action_incoming_url",
    ):
        assert is_protected(key, family.manifest), key
    keys = tuple(family.renderer.keys())
    free = ["user_ringer[2]", "functionKeys/fkey[3]", "call_waiting", "ldap_server", "gui_fkey1",
            "mc_address[1]", "extension/call_waiting[4]", "context_key[0]"]  # fmt: skip
    assert findings([(key, "x") for key in free], family.manifest, keys, admin=False) == ()
    near = findings([("user_rigner[2]", "x")], family.manifest, keys, admin=False)
    assert "user_ringer[2]" in near[0].remedy


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("Mozilla/4.0 (compatible; snomD735-SIP 10.1.175.16 2010.12 1C7126010203 SXM:0)", "D735"),
        ("Mozilla/4.0 (compatible; snomSP800-SIP 10.1.200.1 x 000413010203)", "SP800"),
        ("Mozilla/4.0 (compatible; snom lid 3605)", None),  # a boot loader; names no model
        ("Mozilla/4.0 (compatible; MSIE 6.0) AVAYA/J179-4.1.3.0.6 (MAC:c81fea83e85a)", None),
    ],
)
def test_user_agents(family: Family, text: str, model: str | None) -> None:
    found = [match for pattern in family.user_agents if (match := pattern.search(text))]
    assert [match["model"] for match in found] == ([model] if model else [])
    assert all(model_key(match["model"]) in family.models for match in found)
    assert all(len(match["mac"]) == 12 for match in found)
