"""Which sources are answered, from which address, and what the kernel grants."""

import logging
import socket
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from provisiond.boot import tftp_socket
from provisiond.boot.tftp_socket import Allowed, Asked, address_asked, open_listener
from tests.needs import need

NETWORKS = tuple(ip_network(n) for n in ("10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("host", "admitted"),
    [
        ("10.1.2.3", IPv4Address("10.1.2.3")),
        ("11.0.0.0", None),
        ("9.255.255.255", None),
        ("192.0.2.7", IPv4Address("192.0.2.7")),
        ("192.0.2.8", None),
        ("fd12::1", IPv6Address("fd12::1")),
        ("2001:db9::1", None),
        ("::ffff:10.1.2.3", IPv4Address("10.1.2.3")),
        ("::ffff:11.1.2.3", None),
        ("fe80::1%eth0", None),
    ],
)
def test_only_the_networks_are_admitted(
    host: str, admitted: IPv4Address | IPv6Address | None
) -> None:
    assert Allowed(NETWORKS).admit(host) == admitted


def test_without_networks_nobody_is_admitted() -> None:
    assert Allowed(()).admit("127.0.0.1") is None
    assert Allowed(()).admit("::1") is None


def test_an_ipv4_datagram_tells_the_address_that_was_asked() -> None:
    with (
        open_listener(socket.AF_INET, ("0.0.0.0", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.sendto(b"x", ("127.0.0.77", listener.getsockname()[1]))
        _, ancillary, _, _ = listener.recvmsg(10, tftp_socket.ADDRESS_SPACE)
    asked = address_asked(ancillary)
    assert asked is not None
    assert asked.bindable(7) == ("127.0.0.77", 7)


def test_an_ipv6_datagram_tells_the_address_that_was_asked() -> None:
    need("ipv6")
    with (
        open_listener(socket.AF_INET6, ("::", 0)) as listener,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client,
    ):
        client.sendto(b"x", ("::1", listener.getsockname()[1]))
        _, ancillary, _, _ = listener.recvmsg(10, tftp_socket.ADDRESS_SPACE)
    asked = address_asked(ancillary)
    assert asked is not None
    assert asked.bindable(7) == ("::1", 7, 0, 0)


def test_a_link_local_address_keeps_its_interface() -> None:
    asked = Asked(socket.inet_pton(socket.AF_INET6, "fe80::1"), 3)
    assert asked.bindable(0) == ("fe80::1", 0, 0, 3)


def test_broadcast_and_multicast_are_for_nobody() -> None:
    """RFC 1123 §4.2.3.4."""
    broadcast = socket.inet_aton("127.0.0.1") + socket.inet_aton("127.255.255.255")
    assert address_asked([(socket.IPPROTO_IP, 8, bytes(4) + broadcast)]) is None
    multicast = socket.inet_pton(socket.AF_INET6, "ff02::1") + bytes(4)
    assert address_asked([(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, multicast)]) is None
    assert address_asked([]) is None


def test_a_capped_receive_buffer_is_said_with_the_remedy(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a kernel's int can hold is never granted, whatever this machine's cap is."""
    monkeypatch.setattr(tftp_socket, "RECEIVE_BUFFER", 2**31 - 1)
    with caplog.at_level(logging.WARNING):
        open_listener(socket.AF_INET, ("127.0.0.1", 0)).close()
    assert "sysctl -w net.core.rmem_max=2147483647" in caplog.text


def test_a_granted_receive_buffer_is_not_spoken_of(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tftp_socket, "RECEIVE_BUFFER", 65_536)
    with caplog.at_level(logging.WARNING):
        open_listener(socket.AF_INET, ("127.0.0.1", 0)).close()
    assert caplog.text == ""
