"""Where may a SIP message go that a tenant's settings lead somewhere?"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from provisiond.inventory.webhooks import Address, Networks, carried_ipv4


@dataclass(frozen=True, slots=True, kw_only=True)
class SipTargets:
    """Everywhere but this machine's loopback, links of its own and groups, since SIP servers and
    phones stand on private networks; `networks` may be reached all the same. `own` are listeners
    of this server for people and monitors, host and port: no message ever goes there.
    """

    networks: Networks = ()
    own: tuple[tuple[str, int], ...] = ()

    def may_reach(self, address: str, port: int) -> bool:
        """Whether a message may go there. An IPv6 address that carries an IPv4 one is judged by
        both."""
        spelt = ip_address(address.partition("%")[0])
        meant = [spelt]
        if isinstance(spelt, IPv6Address):
            carried = carried_ipv4(spelt)
            meant += [carried] if carried is not None else []
        return all(self._allows(one) and not self._is_own(one, port) for one in meant)

    def _allows(self, address: Address) -> bool:
        if any(net.version == address.version and address in net for net in self.networks):
            return True
        return not (
            address.is_loopback
            or address.is_unspecified  # the kernel takes it for loopback
            or address.is_link_local
            or address.is_multicast
        )

    def _is_own(self, address: Address, port: int) -> bool:
        hosts = [ip_address(host) for host, listening in self.own if listening == port]
        if not hosts:
            return False
        is_here = address.is_loopback or address.is_unspecified or _is_of_this_machine(address)
        return address in hosts or (is_here and any(host.is_unspecified for host in hosts))


def _is_of_this_machine(address: IPv4Address | IPv6Address) -> bool:
    """The kernel talks to its own addresses from themselves; nothing is sent to find that out."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect((str(address), 9))
        except OSError:
            return False
        return ip_address(probe.getsockname()[0]) == address
