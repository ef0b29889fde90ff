"""How is the listener for people and monitors wired?"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from provisiond.actions.desk import Desk
from provisiond.actions.log_in import Door, SessionTerms
from provisiond.actions.login_throttle import LoginThrottle
from provisiond.actions.passwords import Passwords
from provisiond.boot.http_tls import PhoneTls, TlsFiles
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_setup import bound, shown
from provisiond.settings import Settings
from provisiond.settings_sections import Web
from provisiond.store.database import Database
from provisiond.web.app import Health, load_shown, make_app, make_portal
from provisiond.web.keys import WebPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWeb:
    """The listeners' addresses, and the certificate that they show, if any."""

    addresses: tuple[str, ...]
    tls: PhoneTls | None


def desk_of(settings: Web, database: Database, shelf: Callable[[], Shelf]) -> Desk:
    """What the doors for people hand on to the actions."""
    terms = SessionTerms(
        idle=timedelta(minutes=settings.session_idle_minutes),
        longest=timedelta(hours=settings.session_hours),
    )
    door = Door(passwords=Passwords(), throttle=LoginThrottle(), terms=terms)
    return Desk(db=database, shelf=shelf, door=door)


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
    portal = make_portal(health, desk, policy, await asyncio.to_thread(load_shown))
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
    return OpenWeb(addresses=tuple([shown((a[0], a[1])) for a in addresses]), tls=tls)


async def _runner(stack: contextlib.AsyncExitStack, app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return runner
