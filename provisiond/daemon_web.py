"""How is the listener for people and monitors wired?"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.actions.log_in import Door, SessionTerms
from provisiond.actions.login_throttle import LoginThrottle
from provisiond.actions.passwords import Passwords
from provisiond.actions.webhooks import deliver_due, prune_outbox
from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_setup import address_desk, bound, shown
from provisiond.inventory.errors import Failed
from provisiond.outbound.webhook_sender import WebhookSender
from provisiond.settings import Settings
from provisiond.store.database import Database
from provisiond.store.leases import Lease
from provisiond.web.app import Health, load_shown, make_app, make_portal
from provisiond.web.keys import WebPolicy
from provisiond.web.listener_log import listener_log

_log = logging.getLogger(__name__)
_LINE_BYTES = 32 << 10  # a list's filters, each letter of which may take twelve
_SHUTDOWN_SECONDS = 2.0  # event streams never end by themselves
_LEASE_SECONDS = 60.0
_OUTBOX_SECONDS = 2.0
_PRUNE_TURNS = 1800


class Outbox:
    """Sends what webhooks are to be told; one node at a time, by lease."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def run(self) -> None:
        """Send what is due until cancelled; a store that is away is asked again."""
        sender = WebhookSender(self._desk.webhook_networks)
        lease = Lease(self._desk.db, "webhooks")
        turns = 0
        try:
            while True:
                tried = 0
                try:
                    if await asyncio.shield(lease.acquire(_LEASE_SECONDS)):
                        tried = await asyncio.shield(
                            deliver_due(self._desk.db, sender, self._desk.clock())
                        )
                        if turns % _PRUNE_TURNS == 0:
                            await asyncio.shield(prune_outbox(self._desk.db, self._desk.clock()))
                        turns += 1
                except Failed as fault:
                    _log.warning("webhooks wait for the store: %s", fault)
                await asyncio.sleep(0 if tried else _OUTBOX_SECONDS)
        finally:
            await sender.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWeb:
    """The listeners' addresses, and the certificate that they show, if any."""

    addresses: tuple[str, ...]
    tls: PhoneTls | None
    feed: ChangeFeed
    outbox: Outbox


def desk_of(settings: Settings, database: Database, shelf: Callable[[], Shelf]) -> Desk:
    """What the doors for people hand on to the actions."""
    terms = SessionTerms(
        idle=timedelta(minutes=settings.web.session_idle_minutes),
        longest=timedelta(hours=settings.web.session_hours),
    )
    door = Door(passwords=Passwords(), throttle=LoginThrottle(), terms=terms)
    return Desk(
        db=database,
        shelf=shelf,
        door=door,
        addresses=address_desk(settings),
        webhook_networks=settings.web.webhook_networks,
        has_registrar=settings.sip.registrar is not None,
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
    portal = make_portal(health, desk, policy, pages, feed)
    people = await _runner(stack, portal)
    for listener in own.listen:
        context = tls.context if tls is not None else None
        site = web.TCPSite(people, listener.host, listener.port, ssl_context=context)
        await bound("web.listen", listener, site.start())
    monitors = await _runner(stack, make_app(health))
    for listener in own.monitor:
        site = web.TCPSite(monitors, listener.host, listener.port)
        await bound("web.monitor", listener, site.start())
    addresses = [*people.addresses, *monitors.addresses]
    return OpenWeb(
        addresses=tuple([shown((a[0], a[1])) for a in addresses]),
        tls=tls,
        feed=feed,
        outbox=Outbox(desk),
    )


async def _runner(stack: contextlib.AsyncExitStack, app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=listener_log(),
        max_line_size=_LINE_BYTES,
        shutdown_timeout=_SHUTDOWN_SECONDS,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return runner
