"""What does one daemon of all do? Re-syncs sent and old rows removed, each under its lease."""

import asyncio
import logging
import ssl
from datetime import UTC, datetime, timedelta

from provisiond.actions.resolve_file import FileSources
from provisiond.actions.resync_delivery import Outside, ResyncDelivery
from provisiond.inventory.errors import Failed
from provisiond.outbound.notify import SipNotifier
from provisiond.outbound.registrar import KamailioRegistrar
from provisiond.outbound.sip_place import Finder
from provisiond.outbound.sip_targets import SipTargets
from provisiond.settings import Settings
from provisiond.settings_sections import Journal, Sip
from provisiond.store.database import Database
from provisiond.store.errands import prune_errands
from provisiond.store.journal import JournalWriter
from provisiond.store.leases import Lease
from provisiond.store.resyncs import prune_resyncs

_log = logging.getLogger(__name__)
_PRUNE_SECONDS = 600
_ERRAND_SECONDS = 7 * 86_400.0


def delivery_of(settings: Settings, database: Database, sources: FileSources) -> ResyncDelivery:
    """What sends the re-syncs, as the settings have it."""
    sip, web = settings.sip, settings.web
    own = tuple([(one.host, one.port) for one in (*web.listen, *web.monitor)])
    notifier = SipNotifier(
        Finder(),
        targets=SipTargets(networks=sip.targets, own=own),
        source=sip.source,
        tls=lambda: _trusting(sip),
    )
    registrar = KamailioRegistrar(sip.registrar) if sip.registrar is not None else None
    return ResyncDelivery(database, sources, Outside(notifier=notifier, registrar=registrar))


async def prune(database: Database, journal: JournalWriter, keep: Journal) -> None:
    """Remove old rows until cancelled; one node at a time, by lease."""
    lease = Lease(database, "prune")
    while True:
        try:
            if await asyncio.shield(lease.acquire(_PRUNE_SECONDS)):
                await asyncio.shield(journal.prune(days=keep.keep_days, rows=keep.keep_rows))
                await asyncio.shield(_prune_rest(database, keep))
        except Failed as fault:
            _log.warning("old journal entries stay for now: %s", fault)
        await asyncio.sleep(_PRUNE_SECONDS)


async def _prune_rest(database: Database, keep: Journal) -> None:
    async with database.append() as write:
        await prune_resyncs(write, datetime.now(UTC) - timedelta(days=keep.keep_days))
        await prune_errands(write, older_than=_ERRAND_SECONDS)


def _trusting(sip: Sip) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(sip.ca) if sip.ca is not None else None)
