"""What adapters and DECT bases are told, against values worked out by hand from the sheets."""

from dataclasses import replace

import pytest

from provisiond.catalog.check import check_family, check_goldens, star_code_findings
from provisiond.catalog.family import Family, model_key
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import is_protected
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.domains import Dtmf, ResyncRoute, Settings, SipTransport, Srtp
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Handset, PhoneLine
from provisiond.inventory.urls import PublicUrls
from tests.families.grandstream import MAC, PATH, PUBLIC, TWO_LINES, config, grandstream

SECOND_ONLY = (PhoneLine(line=2, extension="102"),)


@pytest.fixture(scope="module")
def family() -> Family:
    return grandstream("ht-dp")


def test_the_sheets_example_with_two_ports(family: Family) -> None:
    read = config(family, "HT802", settings=Settings(codecs=("pcmu", "pcma")))
    expected = {
        "P271": "1", "P47": "pbx.example.test:5060", "P48": "proxy.example.test:5060",
        "P967": "", "P2333": "", "P35": "101", "P36": "auth101", "P34": "s3cret-1",
        "P3": "Alice Example", "P130": "0", "P103": "0", "P31": "1", "P32": "10", "P99": "1",
        "P191": "0", "P243": "1", "P26015": "0", "P57": "0", "P58": "8", "P59": "8", "P46": "8",
        "P183": "0", "P850": "101", "P851": "102", "P852": "100",
        "P401": "1", "P747": "pbx.example.test:5060", "P748": "proxy.example.test:5060",
        "P987": "", "P2433": "", "P735": "102", "P736": "102", "P734": "s3cret-2", "P703": "Bob",
        "P830": "0", "P702": "0", "P731": "1", "P732": "10", "P709": "1", "P751": "0",
        "P743": "1", "P26115": "0", "P757": "0", "P758": "8", "P762": "8", "P814": "8",
        "P443": "0", "P860": "101", "P861": "102", "P862": "100",
        "P64": "customize", "P246": "TZS5TZD4,M3.2.0/02:00:00,M11.1.0/02:00:00", "P143": "0",
        "P30": "pool.ntp.org", "P2": "Adm1n-pass", "P212": "2", "P237": PATH, "P342": "0",
    }  # fmt: skip
    assert {key: read[key] for key in expected} == expected
    assert "P4060" not in read


def test_a_port_without_a_line_is_off_and_empty(family: Family) -> None:
    read = config(family, "HT802", lines=SECOND_ONLY)
    assert (read["P271"], read["P401"]) == ("0", "1")
    assert [read[key] for key in ("P47", "P48", "P35", "P36", "P34", "P3")] == [""] * 6
    read = config(family, "HT801")
    assert (read["P271"], read["P401"]) == ("1", "0")
    assert [read[key] for key in ("P747", "P748", "P735", "P736", "P734", "P703")] == [""] * 6


@pytest.mark.parametrize(("model", "ports"), [("HT814", 4), ("HT818", 8)])
def test_users_of_many_ports_stand_in_lists_below_profile_1(
    family: Family, model: str, ports: int
) -> None:
    read = config(family, model, lines=SECOND_ONLY)
    assert (read["P271"], read["P47"], read["P401"]) == ("1", "pbx.example.test:5060", "0")
    users = [read[f"P{4060 + k}"] for k in range(ports)]
    assert users == ["", "102"] + [""] * (ports - 2)
    assert read["P4091"] == "102"
    assert read["P4121"] == "s3cret-2"
    assert read["P4181"] == "Bob"
    assert [read[f"P{4595 + k}"] for k in range(ports)] == ["0", "1"] + ["0"] * (ports - 2)
    assert {read[f"P{4150 + k}"] for k in range(ports)} == {"0"}
    assert f"P{4060 + ports}" not in read
    assert "P35" not in read


def test_both_readings_of_the_ht812_say_the_same(family: Family) -> None:
    read = config(family, "HT812")
    for line, codes in enumerate(((35, 36, 34, 3), (735, 736, 734, 703))):
        own = [read[f"P{code}"] for code in codes]
        assert own == [read[f"P{start + line}"] for start in (4060, 4090, 4120, 4180)]
        assert read[f"P{4150 + line}"] == str(line)  # profile 1 has port 1's codes, 2 port 2's
    second = config(family, "HT812", lines=SECOND_ONLY)
    assert (second["P271"], second["P401"], second["P4595"], second["P4596"]) == (
        "0",
        "1",
        "0",
        "1",
    )


def test_a_dect_bases_accounts_and_handsets(family: Family) -> None:
    handsets = (
        Handset(handset=1, name="Reception desk", ipei="", lines=(1, 2)),
        Handset(handset=4, name="Yard", ipei="", lines=(2, 1, 3)),
        Handset(handset=5, name="Lab", ipei="", lines=(3,)),
    )
    lines = (*TWO_LINES, PhoneLine(line=3, extension="103"))
    read = config(family, "DP750", lines=lines, handsets=handsets)
    assert [read[f"P{27020 + k}"] for k in range(5)] == ["Reception", "", "", "Yard", "Lab"]
    assert [read[f"P{4300 + k}"] for k in range(10)] == ["1", "2"] + ["0"] * 8
    assert [read[f"P{4310 + k}"] for k in range(20)] == ["0"] * 20
    fourth = ["P4250", "P4251", *(f"P{21320 + k}" for k in range(8))]
    assert [read[key] for key in fourth] == ["2", "1", "3"] + ["0"] * 7
    assert [read[f"P{21328 + k}"] for k in range(10)] == ["3"] + ["0"] * 9
    # 103: several handsets ring at once. Account 3 would be handset 5's alone, but 4 has it, too.
    assert [read[f"P{27080 + k}"] for k in range(10)] == ["103"] * 10
    alone = config(family, "DP750", handsets=(Handset(handset=2, name="A", ipei="", lines=(1,)),))
    assert alone["P27080"] == "2"
    assert read["P27680"] == "*97"
    assert (read["P330"], read["P331"], read["P27002"]) == ("3", PATH, "0")
    assert [read[f"P{4595 + k}"] for k in range(10)] == ["1"] * 3 + ["0"] * 7


@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Berlin", "Australia/Sydney", "Pacific/Auckland"]
)
def test_a_dect_base_keeps_32_letters_of_a_zone(family: Family, zone: str) -> None:
    assert len(config(family, "DP750", settings=Settings(time_zone=zone))["P246"]) <= 32
    berlin = config(family, "DP750", settings=Settings(time_zone="Europe/Berlin"))
    assert berlin["P246"] == "TZS-1TZD-2,M3.5.0/2,M10.5.0/3"
    chatham = config(family, "DP750", settings=Settings(time_zone="Pacific/Chatham"))
    assert "/2:45," in chatham["P246"]


@pytest.mark.parametrize(
    ("model", "codecs", "numbers"),
    [
        ("HT802", ("opus", "g722", "ilbc", "pcma"), ["123", "97", "8"]),
        ("HT818", ("opus", "g722", "ilbc", "pcma"), ["123", "97", "8"]),
        ("DP750", ("opus", "g722", "ilbc", "pcma"), ["9", "98", "8"]),
    ],
)
def test_numbers_of_codecs(
    family: Family, model: str, codecs: tuple[str, ...], numbers: list[str]
) -> None:
    read = config(family, model, settings=Settings(codecs=codecs))
    assert [read[key] for key in ("P57", "P58", "P59")] == numbers


@pytest.mark.parametrize(
    ("dtmf", "order"),
    [
        (Dtmf.RFC2833, ("101", "102", "100")),
        (Dtmf.AUTO, ("101", "102", "100")),
        (Dtmf.INFO, ("102", "101", "100")),
        (Dtmf.INBAND, ("100", "101", "102")),
    ],
)
def test_dtmf_in_order_of_preference(
    family: Family, dtmf: Dtmf, order: tuple[str, str, str]
) -> None:
    read = config(family, "HT802", settings=Settings(dtmf=dtmf))
    assert (read["P850"], read["P851"], read["P852"]) == order
    assert (read["P860"], read["P861"], read["P862"]) == order


def test_transport_srtp_and_whom_it_obeys(family: Family) -> None:
    wanted = Settings(transport=SipTransport.TLS, srtp=Srtp.REQUIRED)
    read = config(family, "HT802", settings=wanted)
    assert (read["P130"], read["P830"], read["P183"], read["P443"]) == ("2", "2", "2", "2")
    assert read["P47"] == "pbx.example.test:5061"
    read = config(family, "HT802", settings=Settings(resync_route=ResyncRoute.DIRECT))
    assert (read["P243"], read["P743"], read["P4428"]) == ("0", "0", "1")


@pytest.mark.parametrize(
    ("model", "mode", "newer_mode"),
    [("HT802", "3", "1"), ("HT818", "3", "1"), ("DP750", "1", None)],
)
def test_polling_has_other_numbers_on_adapters(
    family: Family, model: str, mode: str, newer_mode: str | None
) -> None:
    read = config(family, model, settings=Settings(poll_minutes=1440))
    assert read["P194"] == mode
    assert 1260 <= int(read["P193"]) <= 1440
    assert read.get("P22296") == newer_mode
    never = config(family, model, settings=Settings(poll_minutes=0))
    assert never["P194"] == "0"
    assert never.get("P22296") == (newer_mode and "0")


@pytest.mark.parametrize(
    ("rival", "value"),
    [("P145", "0"), ("P1414", "0"), ("P1409", "0"), ("P1411", "0"), ("P234", ""), ("P235", "")],
)
def test_what_would_go_before_the_path_is_off(family: Family, rival: str, value: str) -> None:
    for model in family.manifest.model:
        assert config(family, model.name)[rival] == value


def test_the_firmware_path_is_the_folder_of_the_asset(family: Family) -> None:
    asset = (("Grandstream HT802", "1.0.63.3/ht802fw.bin"),)
    read = config(family, "HT802", settings=Settings(firmware=asset))
    assert (read["P6767"], read["P192"]) == ("2", f"{PATH}/assets/1.0.63.3")
    assert (read["P238"], read["P8375"]) == ("0", "0")


@pytest.mark.parametrize(("model", "by_dhcp"), [("HT802", None), ("HT818", None), ("DP750", "0")])
def test_no_firmware_is_taken_from_the_vendor_unasked(
    family: Family, model: str, by_dhcp: str | None
) -> None:
    read = config(family, model, settings=Settings(poll_minutes=1440))
    assert (read["P6767"], read["P192"]) == ("2", PATH)
    assert read.get("P20719") == by_dhcp
    assert not {"P238", "P8375"} & read.keys()
    assert not {"P192", "P20719"} & config(family, model, urls=PublicUrls()).keys()


@pytest.mark.parametrize(
    ("model", "pairs"),
    [
        ("HT802", [("P1360", "P1361")]),
        ("DP750", [("P1360", "P1361"), ("P6768", "P6769"), ("P6713", "P6714")]),
    ],
)
def test_everything_is_fetched_with_one_log_in(
    family: Family, model: str, pairs: list[tuple[str, str]]
) -> None:
    read = config(family, model, urls=replace(PUBLIC, passwords=b"key"))
    ((user, password),) = {(read[name], read[secret]) for name, secret in pairs}
    assert user == MAC
    assert password
    assert [key for key, value in read.items() if value == password] == [p for _, p in pairs]
    assert not {code for pair in pairs for code in pair} & config(family, model).keys()


@pytest.mark.parametrize(
    ("model", "accounts", "handsets"),
    [("HT801", 1, 0), ("HT801V2", 1, 0), ("HT802", 2, 0), ("HT802V2", 2, 0), ("HT812", 2, 0),
     ("HT813", 2, 0), ("HT814", 4, 0), ("HT818", 8, 0), ("DP750", 10, 5), ("DP752", 10, 5)],
)  # fmt: skip
def test_counts_of_the_models(family: Family, model: str, accounts: int, handsets: int) -> None:
    rule = family.models[model_key(model)]
    assert (rule.accounts, rule.handsets) == (accounts, handsets)


def test_no_button_has_a_place(family: Family) -> None:
    for kind in ButtonKind:
        if kind is not ButtonKind.NONE:
            assert "no keys" in family.manifest.buttons[kind].unavailable


def test_nobody_elses_mac_is_taken_for_this_devices(family: Family) -> None:
    assert family.manifest.mac_offsets == ()


def test_the_family_passes_its_own_check(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()
    assert star_code_findings(family, (("move_call", "*72"), ("record", "*02"))) == ()


@pytest.mark.parametrize(
    ("name", "rule", "is_served"),
    [
        (f"cfg{MAC}.xml", "config", True),
        (f"cfg{MAC}", "binary", False),
        ("cfght802v2.xml", "model", False),
        ("cfg.xml", "common", False),
        ("phonebook.xml", "phonebook", True),
        ("ht818fw.bin", "firmware", False),
        ("ht80xv2fw.bin", "firmware-v2", False),
    ],
)
def test_the_answer_to_each_name(family: Family, name: str, rule: str, is_served: bool) -> None:
    (match,) = candidates((family,), parse_name(name).path)
    assert match.rule is not None
    assert (match.rule.id, match.rule.template is not None) == (rule, is_served)


def test_the_phonebook_is_for_dect_bases(family: Family) -> None:
    served = {
        model.name: [rule.id for rule in family.rules_for(model)] for model in family.manifest.model
    }
    assert served["HT802"] == ["config"]
    assert served["DP752"] == ["config", "phonebook"]


def test_what_decides_whom_the_device_obeys_is_for_admins(family: Family) -> None:
    for code in (47, 747, 48, 748, 34, 734, 4060, 4127, 237, 212, 145, 1414, 2, 243, 743, 4428,
                 6714, 6769, 20719):  # fmt: skip
        assert is_protected(f"P{code}", family.manifest), code
    for code in (342, 57, 4200, 27020, 4001):
        assert not is_protected(f"P{code}", family.manifest), code


@pytest.mark.parametrize(
    ("agent", "model", "version", "mac"),
    [
        ("Grandstream Model HW HT801 V1.1A SW 1.0.17.5 DevId c074ad273a10",
         "HT801", "1.0.17.5", "c074ad273a10"),
        ("Grandstream Model HW HT802V2 V1.0A SW 1.0.5.4 DevId ec74d763e419",
         "HT802V2", "1.0.5.4", "ec74d763e419"),
    ],
)  # fmt: skip
def test_user_agents(family: Family, agent: str, model: str, version: str, mac: str) -> None:
    shelf = Shelf(families={family.name: family})
    device = shelf.recognise(agent)
    assert device is not None
    assert (device.model, device.version, device.mac) == (model, version, Mac(mac))
    assert shelf.recognise("Grandstream Model HW GXP1628 SW 1.0.4.138 DevId c074ad2bd859") is None
