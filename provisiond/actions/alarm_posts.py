"""Which alarms has the webhook not taken yet? Errands of the store, each posted when it is due."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisiond.inventory.errors import Failed
from provisiond.outbound.alarm_webhook import AlarmWebhook
from provisiond.store.database import Database
from provisiond.store.errands import Errand, finish_errand, waiting_errands
from provisiond.store.journal import ALARM_ERRAND, SWEEP_ERRAND
from provisiond.store.leases import Lease

_log = logging.getLogger(__name__)
_PAUSES = (2.0, 10.0, 60.0, 300.0, 900.0, 2400.0)
_LONG_AGO = timedelta(seconds=sum(_PAUSES))
_LEASE_SECONDS = 60.0
_LOOK_SECONDS = 60.0
_MOST_REFUSED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refused:
    """How often an alarm was not taken, and when it is tried again, by the loop's clock."""

    tries: int
    due: float


class AlarmPosts:
    """Posts alarms that the journal left in the store, those of before a restart too; sweeps, which
    strangers raise as they like, after all others.

    Each is tried until the receiver takes it or its tries are spent, which takes an hour; what is
    older is tried once. One that is not taken holds up no other, unless a thousand are not. Of
    several nodes one posts, under a lease; where it dies between the post and its note, an alarm
    is posted twice, with the same `id`. `alarmed` is set when there may be new ones. `delivered`
    and `dropped` count since the start.
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
        self._refused: dict[int, _Refused] = {}
        self.delivered = 0
        self.dropped = 0

    async def run(self) -> None:
        """Post until cancelled; a store that is away is asked again."""
        lease = Lease(self._database, "alarms")
        while True:
            try:
                await self._post_all(lease)
            except Failed as fault:
                _log.warning("alarms wait for the store: %s", fault)
            await self._alarm_or(_LOOK_SECONDS)

    async def _post_all(self, lease: Lease) -> None:
        """Post until none waits, or another node has the lease."""
        self._alarmed.clear()
        if not await self._due():
            return
        held = await asyncio.shield(lease.acquire(_LEASE_SECONDS))
        try:
            while held:
                if not await self._post_due(lease):
                    if not self._refused:
                        return
                    await self._rest()
                held = await asyncio.shield(lease.renew(_LEASE_SECONDS))
        finally:
            self._refused.clear()
            await asyncio.shield(lease.release())

    async def _post_due(self, lease: Lease) -> bool:
        """Post what is due; False where nothing was. After one that was not taken it looks anew:
        the try may have lasted, and what came meanwhile may matter more."""
        self._alarmed.clear()
        waiting = await self._due()
        for errand in waiting:
            if not await self._deliver(errand):
                break
            if not await asyncio.shield(lease.renew(_LEASE_SECONDS)):
                break
        return bool(waiting)

    async def _due(self) -> tuple[Errand, ...]:
        now = asyncio.get_running_loop().time()
        resting = {number: one for number, one in self._refused.items() if one.due > now}
        if len(resting) >= _MOST_REFUSED:
            return ()
        async with self._database.read() as read:
            kinds = (ALARM_ERRAND, SWEEP_ERRAND)
            waiting = await waiting_errands(read, *kinds, besides=tuple(resting))
        if not waiting:  # whoever was due and waits no more was forgotten by the store
            self._refused = resting
        return waiting

    async def _deliver(self, errand: Errand) -> bool:
        """Try once; False where it is to be tried again."""
        reason = await self._webhook.post(errand.body)
        before = self._refused.pop(errand.errand_id, None)
        tries = before.tries if before is not None else 0
        is_old = datetime.now(UTC) - errand.created_at > _LONG_AGO
        if reason and tries < len(self._pauses) and not is_old:
            pause = self._pauses[tries]
            due = asyncio.get_running_loop().time() + pause
            self._refused[errand.errand_id] = _Refused(tries=tries + 1, due=due)
            _log.warning("the alarm webhook: %s; tried again in %g s", reason, pause)
            return False
        await asyncio.shield(self._finish(errand, reason))
        if reason:
            self.dropped += 1
            _log.error("the alarm webhook never took an alarm: %s", reason)
        else:
            self.delivered += 1
        return True

    async def _finish(self, errand: Errand, reason: str) -> None:
        async with self._database.append() as write:
            await finish_errand(write, errand.errand_id, result=reason, failed=bool(reason))

    async def _rest(self) -> None:
        """Until an alarm comes or one is due again; not so long that the lease is lost."""
        now = asyncio.get_running_loop().time()
        due = min((one.due for one in self._refused.values() if one.due > now), default=now)
        await self._alarm_or(min(due - now, _LEASE_SECONDS / 3))

    async def _alarm_or(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._alarmed.wait()
