"""Do SIP messages stay away from this machine and its links, and reach private networks?"""

import socket
from ipaddress import ip_network

import pytest

from provisiond.outbound.sip_targets import SipTargets

LOCAL = tuple([ip_network(text) for text in ("127.0.0.1", "::1", "169.254.7.0/24")])


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.9",
        "172.16.0.1",
        "192.168.1.5",
        "100.64.0.1",
        "198.51.100.1",
        "fd00::9",
        "2001:db8::1",
    ],
)
def test_servers_and_phones_on_private_networks_are_reached(address: str) -> None:
    assert SipTargets().may_reach(address, 5060)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "0.0.0.0",
        "169.254.169.254",
        "224.0.1.75",
        "::1",
        "::",
        "fe80::1%eth0",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
    ],
)
def test_this_machine_its_links_and_groups_are_not(address: str) -> None:
    assert not SipTargets().may_reach(address, 5060)


def test_what_the_settings_name_is_reached_and_no_more() -> None:
    targets = SipTargets(networks=LOCAL)
    for address in ("127.0.0.1", "::1", "169.254.7.9", "::ffff:127.0.0.1", "10.0.0.9"):
        assert targets.may_reach(address, 5060), address
    for address in ("127.0.0.2", "169.254.169.254", "0.0.0.0"):
        assert not targets.may_reach(address, 5060), address


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_listeners_of_our_own_are_never_reached(host: str) -> None:
    targets = SipTargets(networks=LOCAL, own=((host, 8081),))
    assert not targets.may_reach("127.0.0.1", 8081)
    assert not targets.may_reach("::ffff:127.0.0.1", 8081)
    assert targets.may_reach("127.0.0.1", 5060)
    assert targets.may_reach("192.0.2.9", 8081), "another machine's"


def test_a_listener_on_all_addresses_is_on_each_that_this_machine_has() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("no route but loopback")
        own = probe.getsockname()[0]
    targets = SipTargets(own=(("0.0.0.0", 8081),))
    assert not targets.may_reach(own, 8081)
    assert targets.may_reach(own, 5060)
