"""Who can be found by phones and people that know nothing yet? SIP multicast and mDNS, by lease.

Neither holds up the start: phones that know their URL are served before a name is announced.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

from provisiond.actions.pnp_answers import PnpAnswers, Seeker
from provisiond.boot.mdns import Advertised, Advertiser, advertised_url, read_advertised
from provisiond.boot.pnp import PnpCounters, PnpListener
from provisiond.boot.pnp_message import Subscription
from provisiond.inventory.access import Peer
from provisiond.inventory.errors import Failed
from provisiond.settings import Settings
from provisiond.store.database import Database
from provisiond.store.leases import Lease

_log = logging.getLogger(__name__)
_LEASE_SECONDS = 60.0
_RENEW_SECONDS = 15.0

Begin = Callable[[], Awaitable[None]]
End = Callable[[], Awaitable[None]]


class Onboarding:
    """Answers and announces while this node holds the lease, where the settings want it."""

    def __init__(self, settings: Settings, database: Database, answers: PnpAnswers) -> None:
        self._settings = settings
        self._database = database
        self._answers = answers
        self._listener = PnpListener(self._url_for)

    @property
    def pnp(self) -> PnpCounters:
        """What phones asked by multicast."""
        return self._listener.counters

    def jobs(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """What runs beside the listeners."""
        jobs: list[Callable[[], Awaitable[None]]] = []
        if self._settings.pnp.addresses:
            jobs.append(self.answer_multicast)
        if self._settings.mdns.addresses:
            jobs.append(self.announce)
        return jobs

    async def answer_multicast(self) -> None:
        """Answer phones until cancelled."""
        addresses = self._settings.pnp.addresses

        async def begin() -> None:
            self._listener.start(addresses)
            _log.info("phones that look for their provisioning are answered from %s", addresses)

        async def end() -> None:
            self._listener.stop()

        await self._while_held("pnp", "pnp.addresses", begin, end)

    async def announce(self) -> None:
        """Be found by name until cancelled."""
        advertiser = Advertiser(self._settings.mdns.addresses, socket.gethostname())
        services = services_of(self._settings)

        async def begin() -> None:
            await advertiser.advertise(services)
            _log.info("advertised by mDNS: %s", ", ".join(one.type for one in services))

        await self._while_held("mdns", "mdns.addresses", begin, advertiser.close)

    async def _while_held(self, name: str, setting: str, begin: Begin, end: End) -> None:
        lease = Lease(self._database, name)
        told = False
        while True:
            try:
                if await asyncio.shield(lease.acquire(_LEASE_SECONDS)):
                    try:
                        await begin()
                        await self._keep(lease)
                    finally:
                        await asyncio.shield(end())
                        await asyncio.shield(lease.release())
            except OSError as fault:
                if not told:
                    _log.error("%s: %s. Is it an address of this machine?", setting, fault)
                told = True
            except Failed as fault:
                _log.warning("%s waits for the store: %s", name, fault)
            await asyncio.sleep(_RENEW_SECONDS)

    @staticmethod
    async def _keep(lease: Lease) -> None:
        """Return once the lease is another's."""
        held = True
        while held:
            await asyncio.sleep(_RENEW_SECONDS)
            held = await asyncio.shield(lease.renew(_LEASE_SECONDS))

    async def _url_for(self, asked: Subscription, peer: Peer) -> str | None:
        seeker = Seeker(
            mac=asked.mac, vendor=asked.vendor, model=asked.model, version=asked.version
        )
        try:
            return await self._answers.url_for(seeker, peer, datetime.now(UTC))
        except Failed as fault:
            _log.warning("a phone that asked by multicast got no answer: %s", fault)
            return None


def services_of(settings: Settings) -> tuple[Advertised, ...]:
    """What is advertised: the portal where others can reach it, where phones fetch, and what the
    settings name beyond that."""
    public, web = settings.public_url, settings.web
    urls = [("provisiond phones", url) for url in (public.https, public.http, public.tftp) if url]
    reachable = [one for one in web.listen if not one.is_loopback]
    portal = web.url or (f"https://portal:{reachable[0].port}/" if reachable else None)
    if portal is not None:
        urls.insert(0, ("provisiond portal", portal))
    made = [advertised_url(url, name) for name, url in urls]
    return (
        *[one for one in made if one is not None],
        *[read_advertised(text) for text in settings.mdns.services],
    )
