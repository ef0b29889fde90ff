"""Who is asking, when anybody may claim anything."""

from ipaddress import ip_address, ip_network

import pytest
from multidict import CIMultiDict

from provisiond.boot.peer import Remote, clean_text, identify, read_remote
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import NotAdmitted

PROXIES = (ip_network("10.0.0.0/24"), ip_network("fd00::/64"))


def far_end(host: str, transport: Transport = Transport.HTTP) -> Remote:
    return read_remote(host, 40000, transport, PROXIES)


def peer_of(host: str, *headers: tuple[str, str], transport: Transport = Transport.HTTP) -> Peer:
    return identify(far_end(host, transport), CIMultiDict(headers), PROXIES)


def test_a_phone_is_what_its_socket_says() -> None:
    peer = peer_of("192.0.2.7", ("User-Agent", "Acme A1 1.2.3"))
    assert peer == Peer(
        address=ip_address("192.0.2.7"),
        port=40000,
        transport=Transport.HTTP,
        user_agent="Acme A1 1.2.3",
    )


def test_no_user_agent_is_none() -> None:
    assert peer_of("192.0.2.7").user_agent is None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_ipv6_is_unmapped_and_loses_its_zone(host: str, address: str) -> None:
    assert peer_of(host).address == ip_address(address)


def test_a_mapped_proxy_is_trusted_as_its_ipv4_address() -> None:
    peer = peer_of("::ffff:10.0.0.2", ("X-Forwarded-For", "198.51.100.3"))
    assert peer.address == ip_address("198.51.100.3")


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.3", "198.51.100.3"),
        ("127.0.0.1, 198.51.100.3", "198.51.100.3"),
        ("198.51.100.3, 10.0.0.9", "198.51.100.3"),
        ("203.0.113.1, 198.51.100.3, 10.0.0.8, 10.0.0.9", "198.51.100.3"),
        ("10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("198.51.100.3:5555", "198.51.100.3"),
        ("2001:db8::5", "2001:db8::5"),
        ("[2001:db8::5]", "2001:db8::5"),
        ("[2001:db8::5]:443", "2001:db8::5"),
        ("::ffff:198.51.100.3", "198.51.100.3"),
        ("198.51.100.3, , ", "198.51.100.3"),
        ("nonsense, 198.51.100.3", "198.51.100.3"),
    ],
)
def test_behind_trusted_proxies_the_rightmost_untrusted_address_counts(
    forwarded: str, address: str
) -> None:
    assert peer_of("10.0.0.2", ("X-Forwarded-For", forwarded)).address == ip_address(address)


def test_several_forwarded_fields_are_one_list() -> None:
    peer = peer_of(
        "10.0.0.2", ("X-Forwarded-For", "127.0.0.1"), ("x-forwarded-for", "198.51.100.3")
    )
    assert peer.address == ip_address("198.51.100.3")


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("X-Forwarded-For", ""),),
        (("X-Forwarded-For", " , ,"), ("X-Forwarded-For", "")),
        (("X-Forwarded-Proto", "https"), ("X-Real-IP", "198.51.100.3")),
    ],
)
def test_a_trusted_proxy_that_does_not_say_for_whom_is_refused_with_the_remedy(
    headers: tuple[tuple[str, str], ...],
) -> None:
    with pytest.raises(NotAdmitted, match=r"10\.0\.0\.2 .* make it send X-Forwarded-For"):
        peer_of("10.0.0.2", *headers)


@pytest.mark.parametrize("forwarded", ["unknown", "_hidden", "198.51.100.3, gateway", "1.2.3"])
def test_a_trusted_proxy_that_names_no_address_is_refused(forwarded: str) -> None:
    with pytest.raises(NotAdmitted, match=r"10\.0\.0\.2"):
        peer_of("10.0.0.2", ("X-Forwarded-For", forwarded))


@pytest.mark.parametrize(
    ("proto", "transport"),
    [
        ("https", Transport.HTTPS),
        ("HTTPS", Transport.HTTPS),
        ("http", Transport.HTTP),
        ("https, http", Transport.HTTP),
        ("http, https", Transport.HTTPS),
        ("wss", Transport.HTTP),
        ("", Transport.HTTP),
    ],
)
def test_a_trusted_proxy_says_the_scheme(proto: str, transport: Transport) -> None:
    headers = (("X-Forwarded-For", "198.51.100.3"), ("X-Forwarded-Proto", proto))
    assert peer_of("10.0.0.2", *headers).transport is transport


def test_a_trusted_proxy_over_tls_may_say_that_the_phone_came_plain() -> None:
    headers = (("X-Forwarded-For", "198.51.100.3"), ("X-Forwarded-Proto", "http"))
    peer = peer_of("10.0.0.2", *headers, transport=Transport.HTTPS)
    assert peer.transport is Transport.HTTP


def test_a_strangers_forwarded_headers_are_ignored() -> None:
    peer = peer_of("192.0.2.7", ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"))
    assert peer.address == ip_address("192.0.2.7")
    assert peer.transport is Transport.HTTP


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "x-forwarded-proto", "Forwarded", "X-Real-IP", "X-Forwarded-Host"]
)
def test_a_forwarded_header_from_undeclared_loopback_is_refused(host: str, header: str) -> None:
    with pytest.raises(NotAdmitted, match=r"boot\.trusted_proxies"):
        peer_of(host, (header, "198.51.100.3"))


def test_loopback_itself_may_ask() -> None:
    assert peer_of("127.0.0.1").address == ip_address("127.0.0.1")


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"Acme A1 1.2.3", "Acme A1 1.2.3"),
        (b"Avaya \xff4.0", "Avaya \\xff4.0"),
        (b"a\tb\x1b[31mc\x85", "ab[31mc\\x85"),
        ("Télé".encode(), "Télé"),
        ("a\u2028b\u202ec".encode(), "abc"),
        (b"x" * 300, "x" * 256),
        (b"\xff" * 300, ("\\xff" * 64)),
    ],
)
def test_a_user_agent_becomes_text_that_can_be_stored(raw: bytes, clean: str) -> None:
    text = clean_text(raw.decode("utf-8", "surrogateescape"))
    assert text == clean
    text.encode("utf-8")
