"""Do two names of SIP servers, as settings have them, lead to the same users?"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")
_ANY: Final = IPv4Address(0)


def may_be_one_server(own: str, other: str) -> bool:
    """Whether a message for a user of the server `own` may reach phones that register at `other`.

    Case, a last dot and the form of an address make no difference (RFC 3261 §19.1.4). Two names
    are two domains, whose users a server tells apart, and two addresses two servers. A server
    takes each of its addresses for its name: who asks by an address may mean any name, who asks
    by loopback, which every machine has, any server.
    """
    mine, theirs = _plain(own), _plain(other)
    if isinstance(mine, str):
        return mine == theirs
    return isinstance(theirs, str) or mine == theirs or mine.is_loopback or mine.is_unspecified


def server_address(name: str) -> str | None:
    """The address that the name is, None where it is a name."""
    plain = _plain(name)
    return None if isinstance(plain, str) else str(plain)


def _plain(host: str) -> str | IPv4Address | IPv6Address:
    """One form of all that mean the same. Numbers that are read in more ways than one (`127.1`,
    `010.0.0.1`) may be any address."""
    bare = host.removeprefix("[").removesuffix("]").removesuffix(".").lower()
    try:
        address = ip_address(bare)
    except ValueError:
        is_number = ":" in bare or _NUMBER.fullmatch(bare.rpartition(".")[2])
        return _ANY if is_number else bare
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
