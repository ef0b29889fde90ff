"""What phones that read P-values are told, against values worked out by hand from the sheets."""

from dataclasses import replace

import pytest

from provisiond.catalog.check import check_family, check_goldens, star_code_findings
from provisiond.catalog.family import Family, model_key
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.overrides import findings, is_protected
from provisiond.catalog.placing import phone_slots, sidecar_slots
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.domains import Dtmf, ResyncRoute, Settings, SipTransport, Srtp
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import PhoneLine
from provisiond.inventory.urls import PublicUrls
from tests.families.grandstream import MAC, PATH, PUBLIC, button, config, grandstream, override

MEMORY = {  # mode, account, label, value
    1: (323, 301, 302, 303),
    2: (324, 304, 305, 306),
    7: (329, 319, 320, 321),
    8: (353, 354, 355, 356),
    18: (393, 394, 395, 396),
    19: (1440, 1441, 1442, 1443),
    24: (1460, 1461, 1462, 1463),
}
BESIDE = {
    1: (1363, 1364, 1465, 1466),
    2: (1365, 1366, 1467, 1468),
    6: (1373, 1374, 1475, 1476),
    7: (23800, 23801, 23802, 23803),
    8: (23804, 23805, 23806, 23807),
    9: (23808, 23809, 23810, 23811),
    32: (23900, 23901, 23902, 23903),
}


@pytest.fixture(scope="module")
def family() -> Family:
    return grandstream("pvalue")


def at(read: dict[str, str], codes: tuple[int, ...]) -> tuple[str, ...]:
    return tuple(read[f"P{code}"] for code in codes)


# --- accounts -----------------------------------------------------------------------------------


def test_the_sheets_example_with_two_lines(family: Family) -> None:
    read = config(family, "GXP1782", settings=Settings(codecs=("g722", "pcmu", "pcma")))
    first = {
        "P271": "1", "P270": "101", "P47": "pbx.example.test:5060", "P2312": "",
        "P48": "proxy.example.test:5060", "P2333": "", "P35": "101", "P36": "auth101",
        "P34": "s3cret-1", "P3": "Alice Example", "P33": "*97", "P99": "1", "P103": "0",
        "P130": "0", "P31": "1", "P32": "10", "P2347": "1", "P1347": "*8", "P191": "0",
        "P183": "0", "P2301": "0", "P2302": "1", "P2303": "0", "P26015": "0",
        "P57": "9", "P58": "0", "P59": "8", "P60": "8", "P46": "8", "P98": "8",
    }  # fmt: skip
    second = {
        "P401": "1", "P417": "102", "P402": "pbx.example.test:5060", "P2412": "",
        "P403": "proxy.example.test:5060", "P2433": "", "P404": "102", "P405": "102",
        "P406": "s3cret-2", "P407": "Bob", "P426": "*97", "P415": "1", "P408": "0",
        "P448": "0", "P410": "1", "P412": "10", "P2447": "1", "P481": "*8", "P420": "0",
        "P443": "0", "P2401": "0", "P2402": "1", "P2403": "0", "P26115": "0",
        "P451": "9", "P452": "0", "P453": "8", "P457": "8", "P458": "8",
    }  # fmt: skip
    for expected in (first, second):
        assert {key: read[key] for key in expected} == expected


def test_accounts_five_and_six_have_bases_of_their_own(family: Family) -> None:
    lines = (PhoneLine(line=5, extension="101"), PhoneLine(line=6, extension="102"))
    read = config(family, "GXP2120", lines=lines)
    assert (read["P1701"], read["P1704"], read["P1706"]) == ("1", "101", "s3cret-1")
    assert (read["P1801"], read["P1804"], read["P1806"]) == ("1", "102", "s3cret-2")
    assert (read["P2747"], read["P2847"]) == ("1", "1")
    assert "P26415" not in read  # not known to be theirs


def test_accounts_without_a_line_are_off_and_empty(family: Family) -> None:
    read = config(family, "GXP2120", lines=())
    for base in (4, 5, 6, 17, 18):
        assert read[f"P{base}01"] == "0"
        assert [read[f"P{base}0{n}"] for n in (2, 3, 4, 5, 6, 7)] == [""] * 6
    assert read["P271"] == "0"
    assert [read[key] for key in ("P47", "P48", "P35", "P36", "P34", "P3")] == [""] * 6


@pytest.mark.parametrize(
    ("model", "places", "opus"),
    [("GXP1630", 7, ""), ("GXP1782", 8, "125"), ("WP810", 7, "123"), ("GXP2124", 7, "")],
)
def test_places_of_the_codec_list_and_the_number_of_opus(
    family: Family, model: str, places: int, opus: str
) -> None:
    read = config(family, model, settings=Settings(codecs=("opus", "ilbc")))
    codes = ("P57", "P58", "P59", "P60", "P61", "P62", "P46", "P98")[:places]
    assert at(read, tuple(int(code[1:]) for code in codes))[0] == (opus or "98")
    assert {read[code] for code in codes[1:]} == {"98"}
    assert ("P98" in read) == (places == 8)


@pytest.mark.parametrize(
    ("transport", "number", "dns", "server"),
    [
        (SipTransport.UDP, "0", "0", "pbx.example.test:5071"),
        (SipTransport.TCP, "1", "0", "pbx.example.test:5071"),
        (SipTransport.TLS, "2", "0", "pbx.example.test:5071"),
        (SipTransport.DNS_NAPTR, "0", "2", "pbx.example.test"),
    ],
)
def test_transport(
    family: Family, transport: SipTransport, number: str, dns: str, server: str
) -> None:
    read = config(family, "GXP1625", settings=Settings(transport=transport, sip_port=5071))
    assert (read["P130"], read["P103"], read["P47"]) == (number, dns, server)
    assert (read["P448"], read["P408"], read["P402"]) == (number, dns, server)


@pytest.mark.parametrize(
    ("srtp", "number"), [(Srtp.OFF, "0"), (Srtp.OPTIONAL, "1"), (Srtp.REQUIRED, "2")]
)
def test_srtp(family: Family, srtp: Srtp, number: str) -> None:
    read = config(family, "GXP1625", settings=Settings(srtp=srtp))
    assert (read["P183"], read["P443"]) == (number, number)


@pytest.mark.parametrize(
    ("dtmf", "sent"),
    [(Dtmf.RFC2833, "010"), (Dtmf.AUTO, "010"), (Dtmf.INFO, "001"), (Dtmf.INBAND, "100")],
)
def test_dtmf(family: Family, dtmf: Dtmf, sent: str) -> None:
    read = config(family, "GXP1625", settings=Settings(dtmf=dtmf))
    assert "".join(at(read, (2301, 2302, 2303))) == sent
    assert "".join(at(read, (2401, 2402, 2403))) == sent


def test_only_the_server_may_send_where_the_notify_comes_through_it(family: Family) -> None:
    read = config(family, "GXP1625", settings=Settings(resync_route=ResyncRoute.DIRECT))
    assert (read["P2347"], read["P2447"]) == ("0", "0")
    assert read["P4428"] == "1"  # inverted: 1 asks for no password


@pytest.mark.parametrize(
    ("codes", "answers"),
    [((), "0"), ((("intercom", "*80{value}"),), "1"), ((("paging", "*84"),), "1")],
)
def test_who_is_called_by_intercom_answers_where_the_server_has_a_code_for_it(
    family: Family, codes: tuple[tuple[str, str], ...], answers: str
) -> None:
    lines = (PhoneLine(line=1, extension="101"), PhoneLine(line=6, extension="102"))
    read = config(family, "GXP2120", settings=Settings(feature_codes=codes), lines=lines)
    assert (read["P298"], read["P1838"]) == (answers, answers)


# --- keys ---------------------------------------------------------------------------------------


def test_the_codes_of_keys_beside_the_screen(family: Family) -> None:
    for key, codes in BESIDE.items():
        read = config(family, "GXP1782", buttons=(button(key, "speed_dial", "55", "K"),), lines=())
        mode = "10" if key <= 8 else "0"  # scale B on fixed keys, A on further pages
        assert at(read, codes) == (mode, "0", "K", "55"), key


def test_the_codes_of_memory_keys(family: Family) -> None:
    for key, codes in MEMORY.items():
        read = config(family, "GXP2124", buttons=(button(4 + key, "blf", "103", line=2),))
        assert at(read, codes) == ("1", "1", "Carol Example", "103"), key


def test_keys_without_a_button_are_written_as_the_model_can(family: Family) -> None:
    read = config(family, "GXP1782")
    assert [read[f"P{code}"] for code in (1367, 1369, 1371, 1373, 23800, 23804)] == ["-1"] * 6
    assert [read[f"P{23800 + 4 * (k - 7)}"] for k in range(9, 33)] == ["-1"] * 24
    assert "P23904" not in read
    read = config(family, "GXP1630")
    assert at(read, (1367, 1368, 1469, 1470)) == ("0", "0", "", "")  # a line key of account 1
    assert at(read, MEMORY[8]) == ("0", "0", "", "")  # an empty speed dial


def test_boards_are_numbered_through(family: Family) -> None:
    boards = ("GXP2100EXT", "GXP2100EXT")
    wanted = (
        button(1, "blf", "103", module=1, line=2),
        button(56, "park", "701", "Lot", module=1),
        button(1, "speed_dial", "55", "Taxi", module=2),
    )
    read = config(family, "GXP2120", buttons=wanted, sidecars=boards)
    assert at(read, (23000, 23001, 23002, 23003)) == ("1", "1", "Carol Example", "103")
    assert at(read, (23005, 23006, 23007, 23008)) == ("0", "0", "", "")  # an empty speed dial
    assert at(read, (23275, 23276, 23277, 23278)) == ("9", "0", "Lot", "701")
    assert at(read, (23280, 23281, 23282, 23283)) == ("0", "0", "Taxi", "55")
    assert at(read, (23555, 23558)) == ("0", "")
    assert not {"P23004", "P23560"} & read.keys()
    assert "P23000" not in config(family, "GXP2120")


def test_which_models_take_boards(family: Family) -> None:
    taking = {m.name: dict(m.sidecars) for m in family.manifest.model if m.sidecars}
    assert taking == {name: {"GXP2100EXT": 2} for name in ("GXP2110", "GXP2120", "GXP2124")}
    assert len(sidecar_slots(family.manifest.sidecars["GXP2100EXT"])) == 56


KINDS = [  # kind, value, mode on fixed keys, mode on further pages, value
    ("line", "", "0", "-1", ""),
    ("shared_line", "", "1", "-1", ""),
    ("blf", "103", "11", "1", "103"),
    ("park", "701", "26", "16", "701"),
    ("personal_park", "", "19", "9", "*68"),
    ("speed_dial", "55", "10", "0", "55"),
    ("dtmf", "1#", "15", "5", "1#"),
    ("queue_login", "", "10", "0", "*81"),
    ("queue_logout", "", "10", "0", "*82"),
    ("queue_toggle", "", "11", "1", "*83"),
    ("timeframe_toggle", "9", "11", "1", "*289"),
    ("move_call", "", "10", "0", "*86"),
    ("directory_cascade", "", "-1", "-1", ""),
    ("dnd", "", "-1", "-1", ""),
    ("forward", "104", "-1", "-1", ""),
    ("record", "", "15", "5", "*1"),
    ("voicemail", "", "16", "6", "*97"),
    ("group_pickup", "", "10", "0", "*80"),
    ("directed_pickup", "103", "10", "0", "*8103"),
    ("paging", "224.0.1.116:5001", "23", "13", "224.0.1.116:5001"),
    ("paging", "*84", "10", "0", "*84"),
    ("intercom", "104", "20", "10", "104"),
    ("conference", "", "-1", "-1", ""),
    ("transfer", "105", "18", "8", "105"),
    ("hold", "", "-1", "-1", ""),
    ("redial", "", "-1", "-1", ""),
    ("prefix", "9", "-1", "-1", ""),
    ("directory", "", "-1", "-1", ""),
    ("url", "https://x.example.test/", "-1", "-1", ""),
    ("lock", "", "-1", "-1", ""),
    ("none", "", "-1", "-1", ""),
]


def test_every_kind_is_in_the_list() -> None:
    assert {kind for kind, *_ in KINDS} == {kind.value for kind in ButtonKind}


@pytest.mark.parametrize(("kind", "value", "fixed", "further", "dialled"), KINDS)
def test_each_kind_of_button(
    family: Family, kind: str, value: str, fixed: str, further: str, dialled: str
) -> None:
    both = (button(5, kind, value, "K"), button(9, kind, value, "K"))
    read = config(family, "GXP1782", buttons=both)
    shown = [
        ("K" if mode != "-1" else "", dialled if mode != "-1" else "") for mode in (fixed, further)
    ]
    assert at(read, (1371, 1372, 1473, 1474)) == (fixed, "0", *shown[0])
    assert at(read, (23808, 23809, 23810, 23811)) == (further, "0", *shown[1])


def test_line_keys_of_the_small_models_take_few_functions(family: Family) -> None:
    allowed = {"0", "1", "10", "14", "15", "16", "17", "18", "20", "21", "23"}
    for kind in ButtonKind:
        for model in ("GXP1610", "GXP1630"):
            read = config(family, model, buttons=(button(2, kind.value, "103"),))
            assert read["P1365"] in allowed, (model, kind)
            if model == "GXP1630":
                read = config(family, model, buttons=(button(4, kind.value, "103"),))
                assert read["P323"] in {str(n) for n in range(12)} | {"13"}, kind


@pytest.mark.parametrize("model", ["GXP1628", "GXP2120"])
def test_park_is_the_simple_mode_where_there_is_no_other(family: Family, model: str) -> None:
    place = 3 if model == "GXP1628" else 7
    assert config(family, model, buttons=(button(place, "park", "701"),))["P323"] == "9"


@pytest.mark.parametrize(
    ("model", "accounts", "beside", "memory"),
    [
        ("GXP1610", 1, 2, 0), ("GXP1615", 1, 2, 0), ("GXP1620", 2, 2, 0), ("GXP1625", 2, 2, 0),
        ("GXP1628", 2, 2, 8), ("GXP1630", 3, 3, 8), ("GXP1760", 3, 24, 0), ("GXP1780", 4, 32, 0),
        ("GXP1782", 4, 32, 0), ("GXP2100", 4, 4, 7), ("GXP2110", 4, 4, 18), ("GXP2120", 6, 6, 7),
        ("GXP2124", 4, 4, 24), ("WP810", 2, 0, 0),
    ],
)  # fmt: skip
def test_counts_of_the_models(
    family: Family, model: str, accounts: int, beside: int, memory: int
) -> None:
    rule = family.models[model_key(model)]
    slots = phone_slots(family.manifest.layouts[rule.layout])
    assert rule.accounts == accounts
    assert sum(slot.bank != "mpk" for slot in slots) == beside
    assert sum(slot.bank == "mpk" for slot in slots) == memory


# --- everything else ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rival", "value"),
    [("P145", "0"), ("P8337", "0"), ("P1414", "0"), ("P1409", "0"), ("P4503", ""), ("P1411", "0"),
     ("P234", ""), ("P235", ""), ("P1359", ""), ("P8467", "0")],
)  # fmt: skip
def test_what_would_go_before_the_path_is_off(family: Family, rival: str, value: str) -> None:
    for model in family.manifest.model:
        assert config(family, model.name)[rival] == value


def test_the_path_has_no_scheme(family: Family) -> None:
    read = config(family, "GXP1625")
    assert (read["P212"], read["P237"]) == ("2", PATH)
    read = config(family, "GXP1625", urls=PublicUrls(tftp="tftp://prov.example.test/"))
    assert (read["P212"], read["P237"], read["P330"]) == ("0", PATH, "2")
    assert "P237" not in config(family, "GXP1625", urls=PublicUrls())


def test_polling(family: Family) -> None:
    read = config(family, "GXP1625", settings=Settings(poll_minutes=1440))
    assert read["P194"] == "1"
    assert 1260 <= int(read["P193"]) <= 1440
    assert config(family, "GXP1625", settings=Settings(poll_minutes=0))["P194"] == "0"


def test_clock_language_and_network(family: Family) -> None:
    wanted = Settings(
        time_zone="Europe/Berlin", language="cs", vlan_phone=100, vlan_pc=200, tone_country="DE",
        emergency_numbers=("112",),
    )  # fmt: skip
    read = config(family, "GXP1782", settings=wanted)
    expected = {
        "P64": "customize", "P246": "TZS-1TZD-2,M3.5.0/02:00:00,M10.5.0/03:00:00", "P143": "0",
        "P30": "pool.ntp.org", "P144": "0", "P122": "1", "P102": "2", "P1362": "cz", "P51": "100",
        "P229": "200", "P343": "f1=425;", "P348": "f1=425,c=48/48;", "P8385": "112",
        "P8597": "112",
    }  # fmt: skip
    assert {key: read[key] for key in expected} == expected
    for model, czech, swedish in (("GXP1625", "cs", "se"), ("WP810", "cs", "sv")):
        assert config(family, model, settings=Settings(language="cs"))["P1362"] == czech
        assert config(family, model, settings=Settings(language="sv"))["P1362"] == swedish


def test_passwords_phonebook_and_firmware(family: Family) -> None:
    asset = (("Grandstream GXP1625", "gxp1600fw.bin"),)
    read = config(family, "GXP1625", settings=Settings(firmware=asset))
    assert (read["P2"], read["P196"]) == ("Adm1n-pass", "Adm1n-pass")
    assert (read["P330"], read["P331"], read["P332"]) == ("3", PATH, "720")
    assert (read["P6767"], read["P192"], read["P238"]) == ("2", f"{PATH}/assets", "0")
    read = config(family, "GXP1625", directory=None)
    assert (read["P330"], read["P331"]) == ("0", "")


def test_no_firmware_is_taken_from_the_vendor_unasked(family: Family) -> None:
    read = config(family, "GXP1782", settings=Settings(poll_minutes=1440))
    assert (read["P6767"], read["P192"]) == ("2", PATH)
    assert not {"P238", "P8375"} & read.keys()
    assert "P192" not in config(family, "GXP1782", urls=PublicUrls())


def test_phonebook_and_firmware_are_fetched_with_the_log_in_of_the_configuration(
    family: Family,
) -> None:
    pairs = (("P1360", "P1361"), ("P6713", "P6714"), ("P6768", "P6769"))
    read = config(family, "GXP1782", urls=replace(PUBLIC, passwords=b"key"))
    ((user, password),) = {(read[name], read[secret]) for name, secret in pairs}
    assert user == MAC
    assert password
    read = config(family, "GXP1782")
    assert not {code for pair in pairs for code in pair} & read.keys()


def test_the_family_passes_its_own_check(family: Family) -> None:
    assert check_family(family) == ()
    assert check_goldens(family) == ()
    assert star_code_findings(family, (("move_call", "*72"),)) == ()


@pytest.mark.parametrize(
    ("name", "rule", "is_served"),
    [
        (f"cfg{MAC}.xml", "config", True),
        (f"cfg{MAC}", "binary", False),
        ("cfggxp1782.xml", "model", False),
        ("cfggxp1760w.xml", "model-wifi", False),
        ("cfg.xml", "common", False),
        ("gxp2124fw.bin", "firmware", False),
        ("gxp1600fw.bin", "firmware-16xx", False),
        ("gxp1700fw.bin", "firmware-17xx", False),
        ("phonebook.xml", "phonebook", True),
        ("gs_phonebook.xml", "phonebook-older", True),
    ],
)
def test_the_answer_to_each_name(family: Family, name: str, rule: str, is_served: bool) -> None:
    (match,) = candidates((family,), parse_name(name).path)
    assert match.rule is not None
    assert (match.rule.id, match.rule.template is not None) == (rule, is_served)


def test_what_decides_whom_the_phone_obeys_is_for_admins(family: Family) -> None:
    ours = (47, 402, 1702, 48, 403, 34, 406, 1806, 237, 212, 192, 145, 1414, 2, 196, 4428)
    for code in (*ours, 194, 2308, 2475, 2846, 8304, 8433, 8502, 9902, 22293):
        assert is_protected(f"P{code}", family.manifest), code
    for code in (270, 417, 102, 1362, 1466, 303):
        assert not is_protected(f"P{code}", family.manifest), code


def test_codes_and_names_that_the_phone_does_not_know_are_noticed(family: Family) -> None:
    keys = family.renderer.keys()
    wrong = [("account.1.enable", "Yes"), ("P99999", "1"), ("P8999", "1")]
    found = findings(wrong, family.manifest, keys, admin=True)
    assert [f.severity for f in found] == ["warning"] * 3
    right = [
        ("P1569", "224.0.1.1:5000"),
        ("P8352", "5"),
        ("P448", "1"),
        ("P8568", "lis.example.test"),
    ]
    assert findings(right, family.manifest, keys, admin=True) == ()


def test_an_override_by_code(family: Family) -> None:
    read = config(family, "GXP1625", overrides=(override("P8352", "3"), override("P1362", "auto")))
    assert (read["P8352"], read["P1362"]) == ("3", "auto")


def test_user_agents(family: Family) -> None:
    shelf = Shelf(families={family.name: family})
    device = shelf.recognise("Grandstream Model HW GXP1628 SW 1.0.4.138 DevId c074ad2bd859")
    assert device is not None
    assert (device.model, device.version) == ("GXP1628", "1.0.4.138")
    assert device.mac == Mac("c074ad2bd859")
    for other in ("GXP2135 SW 1.0.7.97 DevId 000b828aa872", "GXP1405 SW 1.0.4.23", "GXP2200 SW 1"):
        assert shelf.recognise(f"Grandstream Model HW {other}") is None
