"""Where is a SIP server? Addresses for a host, port and transport (RFC 3263 §4)."""

import asyncio
import importlib
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from provisiond.outbound.sip_channel import DEFAULT_PORTS, Hop, Transport
from provisiond.outbound.sip_names import Names

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

_SECONDS: Final = 5.0
_MOST: Final = 8  # addresses tried of one name
_SERVICES: Final[dict[str, Transport]] = {
    "SIP+D2U": "udp",
    "SIP+D2T": "tcp",
    "SIPS+D2T": "tls",
}
_PREFIXES: Final[dict[Transport, str]] = {
    "udp": "_sip._udp",
    "tcp": "_sip._tcp",
    "tls": "_sips._tcp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    transport: Transport
    host: str
    port: int


class Finder:
    """Looks names up. `resolver` is asked for NAPTR and SRV records; addresses come from the
    system, so that /etc/hosts holds. What is not found in so many seconds is not found."""

    def __init__(
        self,
        resolver: "Resolver | None" = None,
        *,
        names: Names | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        self._resolver = resolver
        self._names = names if names is not None else Names()
        self._seconds = seconds

    async def find(
        self, host: str, port: int | None, transport: str, tenant: int = 0
    ) -> tuple[Hop, ...]:
        """The addresses to try, in order. Raises OSError where there is none; `tenant` is whose
        look-up it is.

        With a transport given the port is `port` or the standard's, as phones are told it. `dns`
        asks for NAPTR and SRV records, as phones that are told so do, and takes UDP on 5060 where
        there are none.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._hops(host, port, transport, tenant)
        except TimeoutError as slow:
            raise OSError(f"{host} cannot be found: its name servers are silent") from slow

    async def _hops(
        self, host: str, port: int | None, transport: str, tenant: int
    ) -> tuple[Hop, ...]:
        bare = host.removeprefix("[").removesuffix("]")
        servers = await self._servers(bare, port, transport)
        hops: list[Hop] = []
        why = ""
        for server in servers:
            try:
                addresses = await self._addresses(server.host, tenant)
            except OSError as fault:
                why = f": {fault}"
                continue
            hops += [
                Hop(transport=server.transport, address=address, port=server.port, name=bare)
                for address in addresses
            ]
            if len(hops) >= _MOST:
                break
        if not hops:
            raise OSError(f"{host} cannot be found{why}")
        return tuple(hops[:_MOST])

    async def _addresses(self, host: str, tenant: int) -> tuple[str, ...]:
        return (host,) if _is_address(host) else await self._names.addresses(host, tenant)

    async def _servers(self, host: str, port: int | None, transport: str) -> Sequence[_Server]:
        for known in DEFAULT_PORTS:
            if transport == known:
                return [_Server(transport=known, host=host, port=port or DEFAULT_PORTS[known])]
        if port is not None or _is_address(host):
            return [_Server(transport="udp", host=host, port=port or DEFAULT_PORTS["udp"])]
        found = await self._by_dns(host)
        return found or [_Server(transport="udp", host=host, port=DEFAULT_PORTS["udp"])]

    async def _by_dns(self, host: str) -> list[_Server]:
        services = await self._services(host)
        if not services:  # RFC 3263 §4.1: no NAPTR, so SRV for each transport we speak
            services = [(transport, f"{prefix}.{host}") for transport, prefix in _PREFIXES.items()]
        found: list[_Server] = []
        for transport, name in services:
            records = await self._ask(name, "SRV")
            found += [
                _Server(transport=transport, host=_name(record.target), port=record.port)
                for record in _in_order(records)
            ]
        return found

    async def _services(self, host: str) -> list[tuple[Transport, str]]:
        records = [
            record for record in await self._ask(host, "NAPTR") if record.flags.lower() == b"s"
        ]
        records.sort(key=lambda record: (record.order, record.preference))
        return [
            (_SERVICES[service], _name(record.replacement))
            for record in records
            if (service := record.service.decode("ascii", "replace").upper()) in _SERVICES
        ]

    async def _ask(self, name: str, kind: str) -> list[Any]:
        # 2 MiB, and for most servers never needed: they are given by name and port.
        await asyncio.to_thread(importlib.import_module, "dns.asyncresolver")
        from dns.asyncresolver import Resolver
        from dns.exception import DNSException

        if self._resolver is None:
            self._resolver = await asyncio.to_thread(Resolver)  # reads /etc/resolv.conf
        try:
            answer = await self._resolver.resolve(name, kind, lifetime=_SECONDS)
        except DNSException:
            return []
        return list(answer)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _in_order(records: Iterable[Any]) -> list[Any]:
    """By priority; among equals at random by weight (RFC 2782)."""
    return sorted(
        records,
        key=lambda record: (record.priority, -(random.random() ** (1 / (record.weight or 0.01)))),  # noqa: S311
    )


def _name(name: object) -> str:
    return str(name).rstrip(".")
