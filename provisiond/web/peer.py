"""From where does this person ask, and can anybody on the path read along?"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from aiohttp import web

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The far end of a request, after a trusted proxy's word was believed.

    `address` is text, IPv4-mapped IPv6 unmapped; `secure` says that it came over HTTPS.
    """

    address: str
    secure: bool


def caller_of(request: web.BaseRequest, trusted: Sequence[Network]) -> Caller:
    """Who asks: from a trusted proxy the rightmost address of X-Forwarded-For that is no trusted
    proxy itself, and the rightmost X-Forwarded-Proto; from anybody else the socket's own."""
    near = _address(request.remote or "")
    secure = request.secure
    if near is None or not _is_trusted(near, trusted):
        return Caller(address=str(near or "?"), secure=secure)
    proto = request.headers.getall("X-Forwarded-Proto", [])
    if proto:
        secure = proto[-1].rpartition(",")[2].strip().lower() == "https"
    chain = ",".join(request.headers.getall("X-Forwarded-For", []))
    for text in reversed(chain.split(",")):
        address = _address(text.strip())
        if address is None:
            break
        near = address
        if not _is_trusted(address, trusted):
            break
    return Caller(address=str(near), secure=secure)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address
    return address


def _is_trusted(address: Address, networks: Sequence[Network]) -> bool:
    return any(net.version == address.version and address in net for net in networks)
