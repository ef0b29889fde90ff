"""Each vendor's phones get the DHCP options that they read, in the bytes that they expect."""

from ipaddress import IPv4Address

import pytest

from provisiond.catalog.dhcp import DhcpGroup, DhcpOption, dhcp_groups
from provisiond.catalog.dhcp_text import SERVERS, snippet
from provisiond.inventory.urls import PublicUrls
from tests.catalog.hostile import FAMILIES, shipped

URLS = PublicUrls(http="http://prov.example.test/", tftp="tftp://prov.example.test/")
ADDRESS = IPv4Address("192.0.2.7")


def group(name: str, urls: PublicUrls = URLS) -> DhcpGroup:
    """The one group of a family by itself."""
    (found,) = dhcp_groups([shipped(name)], urls, [ADDRESS])
    return found


def octets(name: str, urls: PublicUrls = URLS) -> dict[int, bytes]:
    return {option.code: option.octets for option in group(name, urls).options}


URL = b"http://prov.example.test/"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("yealink/sip", {66: URL, 160: URL}),
        ("poly/ucs", {66: URL, 160: URL}),
        # 66 inside of 43: code, length with the NUL at the end, value.
        ("snom/phones", {43: bytes((66, len(URL) + 1)) + URL + b"\0", 66: URL}),
        # The TFTP server's name in 66, its address in 150, a whole URL with the file in 160.
        ("cisco/mpp", {66: b"prov.example.test", 150: bytes((192, 0, 2, 7)),
                       160: URL + b"$PSN.xml"}),
    ],
)  # fmt: skip
def test_a_vendors_phones_get_what_they_read(name: str, wanted: dict[int, bytes]) -> None:
    assert octets(name) == wanted


def test_tftp_servers_are_left_out_where_there_is_no_tftp() -> None:
    without = PublicUrls(http="http://prov.example.test/")
    elsewhere = PublicUrls(http="http://prov.example.test/", tftp="tftp://prov.example.test:6969/")
    for urls in (without, elsewhere):
        assert set(octets("cisco/mpp", urls)) == {160}
        assert len(group("cisco/mpp", urls).notes) == 2


def test_phones_that_cannot_fetch_over_any_public_url_get_nothing_and_a_note() -> None:
    secure = PublicUrls(https="https://prov.example.test/")
    found = group("cisco/spa", secure)
    assert found.options == ()
    assert "no public_url" in found.notes[0]


def test_families_with_the_same_options_are_one_group_and_every_family_is_in_one() -> None:
    families = [shipped(name) for name in FAMILIES]
    groups = dhcp_groups(families, URLS, [ADDRESS])
    titles = [title for one in groups for title in one.titles]
    assert sorted(titles) == sorted(f.manifest.title for f in families if f.manifest.dhcp.options)
    assert len({one.name for one in groups}) == len(groups) < len(families)
    assert all(one.prefixes or one.classes for one in groups)
    prefixes = [prefix for one in groups for prefix in one.prefixes]
    assert len(prefixes) == len(set(prefixes)), "a phone is in one group"


MADE = DhcpGroup(
    name="made-up",
    titles=("Made-up phones",),
    prefixes=("02ac3e",),
    classes=("Made Up",),
    options=(
        DhcpOption(code=43, data=b"\x42\x01a"),
        DhcpOption(code=66, text="http://h/"),
        DhcpOption(code=150, addresses=(ADDRESS, IPv4Address("192.0.2.8"))),
        DhcpOption(code=160, text="http://h/$MA.xml"),
    ),
    notes=("something is left out",),
)
LINES = {
    "dnsmasq": (
        "# something is left out",
        "dhcp-mac=set:provisiond-made-up,02:ac:3e:*:*:*",
        "dhcp-vendorclass=set:provisiond-made-up,Made Up",
        "dhcp-option-force=tag:provisiond-made-up,43,42:01:61",
        'dhcp-option-force=tag:provisiond-made-up,66,"http://h/"',
        "dhcp-option-force=tag:provisiond-made-up,150,192.0.2.7,192.0.2.8",
    ),
    "isc": (
        "option provisiond-150 code 150 = array of ip-address;",
        "option provisiond-160 code 160 = text;",
        '  match if binary-to-ascii(16, 8, ":", substring(hardware, 1, 3)) = "2:ac:3e"',
        '    or substring(option vendor-class-identifier, 0, 7) = "Made Up";',
        "  option vendor-encapsulated-options 42:01:61;",
        '  option tftp-server-name "http://h/";',
        "  option provisiond-150 192.0.2.7, 192.0.2.8;",
        '  option provisiond-160 "http://h/$MA.xml";',
    ),
    "kea": (
        '    "test": "substring(pkt4.mac,0,3) == 0x02ac3e or '
        "substring(option[60].text,0,7) == 'Made Up'\",",
        '      { "code": 150, "space": "dhcp4", "csv-format": false, "always-send": true, '
        '"data": "C0000207C0000208" },',
    ),
    "windows": (
        "Set-DhcpServerv4OptionValue -PolicyName 'provisiond-made-up' -OptionId 43 "
        "-Value 0x42,0x01,0x61",
        "Set-DhcpServerv4OptionValue -PolicyName 'provisiond-made-up' -OptionId 160 "
        "-Value 'http://h/$MA.xml'",
    ),
    "mikrotik": (
        "/ip dhcp-server option add name=provisiond-made-up-150 code=150 force=yes "
        'value="0xc0000207c0000208"',
        "/ip dhcp-server option add name=provisiond-made-up-160 code=160 force=yes "
        "value=\"'http://h/\\$MA.xml'\"",
    ),
}


@pytest.mark.parametrize("server", SERVERS)
def test_the_lines_for_each_server(server: str) -> None:
    lines = snippet(server, [MADE]).splitlines()
    assert [line for line in LINES[server] if line not in lines] == []
