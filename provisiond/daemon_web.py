"""How is the listener for people and monitors wired?"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from provisiond.actions.answered import forget_open_questions
from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.actions.import_profiles import load_profiles
from provisiond.actions.log_in import Door, SessionTerms
from provisiond.actions.login_throttle import LoginThrottle
from provisiond.actions.outbox import Outbox, look_at_outbox, prune_outbox
from provisiond.actions.passwords import Passwords
from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_setup import address_desk, bound, public_urls, shown
from provisiond.inventory.errors import Failed
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.webhooks import OutboxStanding
from provisiond.outbound.webhook_sender import WebhookSender
from provisiond.settings import Settings, shipped
from provisiond.store.database import Database
from provisiond.store.leases import Lease
from provisiond.web.app import Health, load_shown, make_app, make_portal
from provisiond.web.keys import WebPolicy
from provisiond.web.listener import WebCounters, WebLimits, WebListener

_log = logging.getLogger(__name__)
_SHUTDOWN_SECONDS = 2.0  # event streams never end by themselves
_LEASE_SECONDS = 60.0
_OUTBOX_SECONDS = 2.0
_PRUNE_TURNS = 1800
_LOOK_SECONDS = 15.0


class OutboxRun:
    """Has webhooks told of changes; one node at a time, by lease. `standing` is how the outbox
    stood a few seconds ago."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.standing = OutboxStanding()

    async def watch(self) -> None:
        """Look every few seconds how it stands, until cancelled; every node by itself."""
        while True:
            with contextlib.suppress(Failed):  # `run` says that the store is away
                self.standing = await look_at_outbox(self._desk.db)
            await asyncio.sleep(_LOOK_SECONDS)

    async def run(self) -> None:
        """Send what is due until cancelled; a store that is away is asked again."""
        sender = WebhookSender(self._desk.webhook_networks)
        outbox = Outbox(self._desk.db, sender, self._desk.clock)
        lease = Lease(self._desk.db, "webhooks")
        turns = 0
        try:
            while True:
                try:
                    if await asyncio.shield(lease.acquire(_LEASE_SECONDS)):
                        await asyncio.shield(outbox.begin())
                        if turns % _PRUNE_TURNS == 0:
                            await asyncio.shield(prune_outbox(self._desk.db, self._desk.clock()))
                        turns += 1
                except Failed as fault:
                    _log.warning("webhooks wait for the store: %s", fault)
                await asyncio.sleep(_OUTBOX_SECONDS)
        finally:
            await sender.close()  # nobody waits for those who do not answer
            await outbox.end()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWeb:
    """The listeners' addresses, and the certificate that they show, if any."""

    addresses: tuple[str, ...]
    tls: PhoneTls | None
    feed: ChangeFeed
    outbox: OutboxRun
    counters: WebCounters


def desk_of(
    settings: Settings,
    database: Database,
    shelf: Callable[[], Shelf],
    denied: Callable[[RequestEntry], None],
) -> Desk:
    """What the doors for people hand on to the actions; `denied` hears who is turned away."""
    terms = SessionTerms(
        idle=timedelta(minutes=settings.web.session_idle_minutes),
        longest=timedelta(hours=settings.web.session_hours),
    )
    door = Door(passwords=Passwords(), throttle=LoginThrottle(), terms=terms, denied=denied)
    return Desk(
        db=database,
        shelf=shelf,
        door=door,
        addresses=address_desk(settings),
        webhook_networks=settings.web.webhook_networks,
        has_registrar=settings.sip.registrar is not None,
        urls=public_urls(settings, database),
        profiles=load_profiles(shipped("configs") / "imports"),
        enrolment_hours=settings.admission.enrolment_hours,
    )


async def open_web(
    stack: contextlib.AsyncExitStack, settings: Settings, health: Health, desk: Desk
) -> OpenWeb:
    """Listen for people and for monitors until the stack ends. Raises BadSettings."""
    own = settings.web
    tls = None
    if own.certificate is not None and own.key is not None:
        files = TlsFiles(certificate=own.certificate, key=own.key, setting="web")
        tls = await asyncio.to_thread(PhoneTls, files)
    policy = WebPolicy(trusted_proxies=own.trusted_proxies)
    feed = ChangeFeed(desk.db)
    pages = await asyncio.to_thread(load_shown)
    await forget_open_questions(desk.db)
    limits = WebLimits(
        connections=own.max_connections,
        header_seconds=own.header_seconds,
        idle_seconds=own.idle_seconds,
    )
    counters = WebCounters()
    addresses: list[tuple[str, int]] = []
    portal = make_portal(health, desk, policy, pages, feed)
    people = await _listener(stack, portal, limits, counters)
    for listener in own.listen:
        context = tls.context if tls is not None else None
        start = people.start(listener.host, listener.port, context)
        addresses.append(await bound("web.listen", listener, start))
    monitors = await _listener(stack, make_app(health), limits, counters)
    for listener in own.monitor:
        start = monitors.start(listener.host, listener.port)
        addresses.append(await bound("web.monitor", listener, start))
    return OpenWeb(
        addresses=tuple([shown(address) for address in addresses]),
        tls=tls,
        feed=feed,
        outbox=OutboxRun(desk),
        counters=counters,
    )


async def _listener(
    stack: contextlib.AsyncExitStack,
    app: web.Application,
    limits: WebLimits,
    counters: WebCounters,
) -> WebListener:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    listener = WebListener(runner.server, limits, counters)
    stack.callback(listener.close)
    return listener
