"""How is another system asked over HTTP so that it is the one that was meant, and in time?

A host is resolved, every address is checked, and the connection goes to an address that was
checked: a name that means something else a moment later leads nowhere. No redirects, no proxies
of the environment, TLS verified, one deadline for all of it, answers bounded.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from provisiond.inventory.errors import OutsideUnavailable

Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")
"""All that IANA has given out as global unicast."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 by way of a translator, RFC 6052; its sibling 64:ff9b:1::/48 of RFC 8215 is private."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came back: the status and the body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Where requests may go: public addresses, and those in `networks`. `seconds` is the time for
    all of a request, `max_bytes` the largest answer."""

    networks: Sequence[Network] = ()
    seconds: float = 10.0
    max_bytes: int = 256 * 1024

    def allows(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether a connection may go there. An IPv6 address that carries an IPv4 one, for a
        translator or a tunnel to take out, goes where that one may."""
        mapped = getattr(address, "ipv4_mapped", None)
        plain = mapped if mapped is not None else address
        if any(plain in network for network in self.networks if network.version == plain.version):
            return True
        if not plain.is_global or plain.is_multicast:
            return False
        if isinstance(plain, IPv4Address):
            return True
        carried = _carried(plain)
        if carried is not None:
            return self.allows(carried)
        return plain in _UNICAST

    async def post_json(
        self, url: str, body: Any, headers: Mapping[str, str], what: str
    ) -> HttpAnswer:
        """POST a JSON body. `what` names the other system in errors; the URL's query, which may
        hold a key, is in none of them. Raises OutsideUnavailable."""
        resolver = _CheckedResolver(self, what)
        self._check_literal(url, what)
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=self.seconds)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=timeout,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    trust_env=False,
                ) as session,
                session.post(url, json=body, headers=headers, allow_redirects=False) as answer,
            ):
                return HttpAnswer(status=answer.status, body=await self._read(answer, what))
        except TimeoutError:
            message = f"{what} did not answer within {self.seconds:g} s; try again."
            raise OutsideUnavailable(message) from None
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise OutsideUnavailable(f"{what} cannot be asked: {_reason(fault)}.") from None

    def _check_literal(self, url: str, what: str) -> None:
        """An address in the URL itself is not resolved, and checked here."""
        host = urlsplit(url).hostname or ""
        try:
            address = ip_address(host)
        except ValueError:
            return
        if not self.allows(address):
            raise OutsideUnavailable(_forbidden(what, str(address)))

    async def _read(self, answer: aiohttp.ClientResponse, what: str) -> bytes:
        body = bytearray()
        async for piece in answer.content.iter_chunked(16 * 1024):
            body += piece
            if len(body) > self.max_bytes:
                message = f"{what} sent more than {self.max_bytes} bytes; nothing was taken of it."
                raise OutsideUnavailable(message)
        return bytes(body)


class _CheckedResolver(AbstractResolver):
    """Resolves a host to the addresses that may be asked, and to no other."""

    def __init__(self, guard: Guard, what: str) -> None:
        self._guard = guard
        self._what = what

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The host's addresses. Raises OutsideUnavailable where none may be asked."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        results: list[ResolveResult] = []
        for kind, _, proto, _, place in found:
            address = ip_address(str(place[0]).partition("%")[0])
            if self._guard.allows(address):
                results.append(
                    ResolveResult(
                        hostname=host,
                        host=str(address),
                        port=port,
                        family=kind,
                        proto=proto,
                        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                    )
                )
        if not results:
            refused = str(found[0][4][0]) if found else "nothing"
            raise OutsideUnavailable(_forbidden(self._what, f"{host}, which is {refused}"))
        return results

    async def close(self) -> None:
        """Nothing is held."""


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside one of NAT64 or 6to4 (RFC 3056)."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.sixtofour


def _forbidden(what: str, address: str) -> str:
    return (
        f"{what} would be at {address}; that is no public address. Correct its URL, or list the "
        "network in emergency.provider.networks."
    )


def _reason(fault: Exception) -> str:
    """Why, without the URL, whose query may hold a key."""
    if isinstance(fault, aiohttp.ClientConnectorCertificateError):
        return "its certificate does not hold"
    if isinstance(fault, aiohttp.ClientConnectorError | OSError):
        return getattr(fault, "strerror", None) or "no connection"
    return type(fault).__name__
