"""How does somebody on the same network find this server? By DNS-SD over mDNS (RFC 6762, 6763).

Told are the portal and where phones fetch, no tenant's name and no secret. Nothing that others
say there is believed, or even listened to beyond what the protocol needs.
"""

import asyncio
import importlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:  # 4 MiB that only those load who advertise
    from zeroconf import ServiceInfo
    from zeroconf.asyncio import AsyncZeroconf

log = logging.getLogger(__name__)

_PORTS = {"http": 80, "https": 443, "tftp": 69}
_TYPES = {"http": "_http._tcp.local.", "https": "_https._tcp.local.", "tftp": "_tftp._udp.local."}
_LABEL = 63  # octets (RFC 1035 §2.3.4)
_NUMBER = "-999"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advertised:
    """One service: its type as DNS-SD writes it, its name, port, and what its TXT record says."""

    type: str
    name: str
    port: int
    text: tuple[tuple[str, str], ...] = ()


def advertised_url(url: str, name: str) -> Advertised | None:
    """A URL as a service, its path in the TXT record; None for one that nothing serves."""
    parts = urlsplit(url)
    if parts.scheme not in _TYPES:
        return None
    path = (("path", parts.path or "/"),) if parts.scheme != "tftp" else ()
    return Advertised(
        type=_TYPES[parts.scheme],
        name=name,
        port=parts.port or _PORTS[parts.scheme],
        text=path,
    )


def read_advertised(text: str) -> Advertised:
    """A service as settings write it: `_sip._udp:5060 name key=value …`. Raises ValueError."""
    where, *words = text.split()
    kind, colon, port = where.partition(":")
    labels = kind.split(".")
    if len(labels) != 2 or labels[1] not in ("_tcp", "_udp") or not labels[0].startswith("_"):
        raise ValueError(f"{text!r} does not begin with a type such as _http._tcp")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} has no port; write _http._tcp:80")
    names = [word for word in words if "=" not in word]
    pairs = [word.partition("=") for word in words if "=" in word]
    return Advertised(
        type=f"{kind}.local.",
        name=" ".join(names),
        port=int(port),
        text=tuple([(key, value) for key, _, value in pairs]),
    )


class Advertiser:
    """Advertises services from some of our addresses until it is closed."""

    def __init__(self, addresses: Sequence[str], host: str) -> None:
        self._addresses = tuple(addresses)
        self._host = _cut(host.partition(".")[0], _LABEL) or "provisiond"
        self._zeroconf: AsyncZeroconf | None = None

    async def advertise(self, services: Sequence[Advertised]) -> None:
        """Announce them; takes seconds, since each name is probed for first (RFC 6762 §8.1).

        A name that is taken gets a number behind it; a service that cannot be is left out, with a
        warning. Raises OSError where an address is not ours.
        """
        await asyncio.to_thread(importlib.import_module, "zeroconf.asyncio")
        from zeroconf import Error
        from zeroconf.asyncio import AsyncZeroconf

        self._zeroconf = AsyncZeroconf(interfaces=list(self._addresses))
        for service in services:
            try:
                sent = await self._zeroconf.async_register_service(
                    self._info(service), allow_name_change=True
                )
                await sent
            except (Error, ValueError) as fault:
                log.warning("mDNS: %s is not advertised: %s", service.name, fault)

    async def close(self) -> None:
        """Say goodbye (RFC 6762 §10.1)."""
        zeroconf, self._zeroconf = self._zeroconf, None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()

    def _info(self, service: Advertised) -> "ServiceInfo":
        from zeroconf.asyncio import AsyncServiceInfo

        name = f"{(service.name or 'provisiond').replace('.', ' ')} on {self._host}"
        return AsyncServiceInfo(
            type_=service.type,
            name=f"{_cut(name, _LABEL - len(_NUMBER))}.{service.type}",
            port=service.port,
            properties=dict(service.text),
            server=f"{self._host}.local.",
            addresses=[ip_address(address).packed for address in self._addresses],
        )


def _cut(text: str, octets: int) -> str:
    return text.encode()[:octets].decode(errors="ignore")
