"""Which alarms has the webhook not taken yet? Errands of the store, posted one after another."""

import asyncio
import contextlib
import logging
from datetime import UTC, datetime, timedelta

from provisiond.inventory.errors import Failed
from provisiond.outbound.alarm_webhook import AlarmWebhook
from provisiond.store.database import Database
from provisiond.store.errands import Errand, finish_errand, waiting_errands
from provisiond.store.journal import ALARM_ERRAND
from provisiond.store.leases import Lease

_log = logging.getLogger(__name__)
_PAUSES = (2.0, 10.0, 60.0, 300.0, 900.0, 2400.0)
_LONG_AGO = timedelta(seconds=sum(_PAUSES))
_LEASE_SECONDS = 60.0
_LOOK_SECONDS = 60.0


class AlarmPosts:
    """Posts alarms that the journal left in the store, those of before a restart too.

    Each is tried until the receiver takes it or its tries are spent, which takes an hour; what is
    older is tried once. Of several nodes one posts, under a lease; where it dies between the post
    and its note, an alarm is posted twice, with the same `id`. `alarmed` is set when there may be
    new ones. `delivered` and `dropped` count since the start.
    """

    def __init__(
        self,
        database: Database,
        webhook: AlarmWebhook,
        alarmed: asyncio.Event,
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        self._database = database
        self._webhook = webhook
        self._alarmed = alarmed
        self._pauses = pauses
        self.delivered = 0
        self.dropped = 0

    async def run(self) -> None:
        """Post until cancelled; a store that is away is asked again."""
        lease = Lease(self._database, "alarms")
        while True:
            self._alarmed.clear()
            try:
                await self._post_all(lease)
            except Failed as fault:
                _log.warning("alarms wait for the store: %s", fault)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._alarmed.wait()

    async def _post_all(self, lease: Lease) -> None:
        while waiting := await self._waiting():
            if not await asyncio.shield(lease.acquire(_LEASE_SECONDS)):
                return
            try:
                for errand in waiting:
                    if not await self._deliver(lease, errand):
                        return
            finally:
                await asyncio.shield(lease.release())

    async def _waiting(self) -> tuple[Errand, ...]:
        async with self._database.read() as read:
            return await waiting_errands(read, ALARM_ERRAND)

    async def _deliver(self, lease: Lease, errand: Errand) -> bool:
        """Try until it is taken or given up. False where another node has the lease by now."""
        reason = await self._webhook.post(errand.body)
        for pause in self._pauses:
            if not reason or datetime.now(UTC) - errand.created_at > _LONG_AGO:
                break
            _log.warning("the alarm webhook: %s; tried again in %g s", reason, pause)
            if not await self._rest(lease, pause):
                return False
            reason = await self._webhook.post(errand.body)
        await asyncio.shield(self._finish(errand, reason))
        if reason:
            self.dropped += 1
            _log.error("the alarm webhook never took an alarm: %s", reason)
        else:
            self.delivered += 1
        return await asyncio.shield(lease.renew(_LEASE_SECONDS))

    async def _finish(self, errand: Errand, reason: str) -> None:
        async with self._database.append() as write:
            await finish_errand(write, errand.errand_id, result=reason, failed=bool(reason))

    async def _rest(self, lease: Lease, seconds: float) -> bool:
        """Wait, and hold the lease meanwhile."""
        while seconds > 0:
            part = min(seconds, _LEASE_SECONDS / 3)
            await asyncio.sleep(part)
            seconds -= part
            if not await asyncio.shield(lease.renew(_LEASE_SECONDS)):
                return False
        return True
