"""How is the journal written without anybody waiting for it? In batches, behind the replies."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from provisiond.inventory.errors import ProvisiondError
from provisiond.inventory.journal import Delivery, RequestEntry, Sighting
from provisiond.store.database import Database
from provisiond.store.errands import add_errand
from provisiond.store.journal_entries import (
    add_change,
    add_changes,
    add_requests,
    get_sightings,
    latest_changes,
    latest_requests,
    prune_requests,
)
from provisiond.store.transaction import Write

__all__ = [
    "ALARM_ERRAND",
    "SWEEP_ERRAND",
    "JournalLimits",
    "JournalWriter",
    "Sighting",
    "add_change",
    "add_changes",
    "get_sightings",
    "latest_changes",
    "latest_requests",
]

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 5.0
ALARM_ERRAND = "alarm"
SWEEP_ERRAND = "sweep_alarm"
"""The kinds of errand that alarms are which somebody elsewhere is to be told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLimits:
    """How the writer works: it waits `flush_seconds` for a batch to gather, writes `batch` rows
    a transaction, and holds at most `backlog` while the store is away, and `alarms` beside."""

    flush_seconds: float = 1.0
    batch: int = 4000
    backlog: int = 50_000
    alarms: int = 1_000


class JournalWriter:
    """Takes entries at once and writes them soon.

    `add` never waits. While the store is away or its disk full, entries are held up to the
    backlog; beyond it the oldest go, alarms last, counted in `dropped`, and the journal gets an
    entry with the outcome `journal_gap` that tells how many, as soon as it can be written again.

    With `alarm_body` each alarm is written together with an errand that has this body, and
    `alarmed` is set when there are such.
    """

    def __init__(
        self,
        database: Database,
        limits: JournalLimits | None = None,
        alarm_body: Callable[[RequestEntry], str] | None = None,
    ) -> None:
        self._database = database
        self._limits = limits or JournalLimits()
        self._alarm_body = alarm_body
        self.alarmed = asyncio.Event()
        self._waiting: deque[RequestEntry | Delivery] = deque()
        self._alarms: deque[RequestEntry | Delivery] = deque()  # older than those that wait
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()
        self._untold = 0
        self._away = False
        self._singly = 0
        self.written = 0
        self.dropped = 0

    @property
    def pending(self) -> int:
        """Entries not yet written."""
        return len(self._alarms) + len(self._waiting)

    def add(self, entry: RequestEntry | Delivery) -> None:
        """Take an entry; never blocks, never fails."""
        self._waiting.append(entry)
        self._shed()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; a store that is away is tried again and again."""
        pause = 0.0
        while True:
            await self._wake.wait()
            await asyncio.sleep(pause or self._limits.flush_seconds)
            try:
                # A transaction that is cancelled half way may hold the writer's turn for a while.
                await asyncio.shield(self.flush())
                pause = 0.0
            except ProvisiondError:
                pause = min(_LONGEST_PAUSE, max(pause * 2, 0.25))

    async def flush(self) -> None:
        """Write all that waits. Raises StoreUnavailable or StoreUnusable, and nothing is lost."""
        async with self._turn:
            self._wake.clear()
            while self.pending or self._untold:
                await self._write(self._take())

    async def prune(self, *, days: float, rows: int) -> int:
        """Delete entries older than `days`, and the oldest beyond `rows` that are no alarms;
        answers how many."""
        before = datetime.now(UTC) - timedelta(days=days)
        return await prune_requests(self._database, before=before, keep=rows)

    async def close(self) -> None:
        """Write what waits, as far as the store lets us; what cannot be written is counted."""
        with contextlib.suppress(ProvisiondError):
            await self.flush()
        if self.pending:
            _log.error("%d journal entries were lost: the store is away", self.pending)
            self._drop(self.pending)
            self._alarms.clear()
            self._waiting.clear()

    def _take(self) -> list[RequestEntry | Delivery]:
        count = min(self._limits.batch, self.pending)
        if self._singly > 0:
            self._singly -= 1
            count = min(count, 1)
        alarms = min(count, len(self._alarms))
        taken = [self._alarms.popleft() for _ in range(alarms)]
        return taken + [self._waiting.popleft() for _ in range(count - alarms)]

    async def _write(self, taken: list[RequestEntry | Delivery]) -> None:
        untold = self._untold
        batch = [*taken, _gap(untold)] if untold else taken
        try:
            async with self._database.append() as write:
                await add_requests(write, batch)
                alarms = await self._leave_alarms(write, batch)
        except ProvisiondError as fault:
            self._put_back(taken)
            if not self._away:
                self._away = True
                _log.error("the journal waits for the store: %s", fault)
            raise
        except Exception:  # noqa: BLE001 - whatever a driver makes of it
            # A row that no store takes must not stop those that come with and after it.
            if len(taken) <= 1:
                _log.exception("a journal entry could not be written")
                self._drop(len(taken))
                return
            self._put_back(taken)
            self._singly = len(taken)
            return
        except BaseException:  # cancelled: perhaps written, perhaps not; rather twice than never
            self._put_back(taken)
            raise
        self.written += len(taken)
        self._untold -= untold
        if alarms:
            self.alarmed.set()
        if self._away:
            self._away = False
            _log.info("the journal is written again; %d entries were dropped so far", self.dropped)

    async def _leave_alarms(self, write: Write, batch: Sequence[RequestEntry | Delivery]) -> int:
        """Leave an errand for each alarm, where anybody wants to hear of them; how many."""
        if self._alarm_body is None:
            return 0
        alarms = [entry for entry in batch if isinstance(entry, RequestEntry) and entry.alarm]
        for alarm in alarms:
            kind = SWEEP_ERRAND if alarm.outcome == "sweep" else ALARM_ERRAND
            await add_errand(write, kind, self._alarm_body(alarm))
        return len(alarms)

    def _put_back(self, taken: list[RequestEntry | Delivery]) -> None:
        self._waiting.extendleft(reversed(taken))
        self._shed()
        self._wake.set()

    def _shed(self) -> None:
        """Let the oldest go that are too many, alarms last."""
        while len(self._waiting) > self._limits.backlog:
            oldest = self._waiting.popleft()
            if isinstance(oldest, RequestEntry) and oldest.alarm:
                self._alarms.append(oldest)
            else:
                self._drop(1)
        while len(self._alarms) > self._limits.alarms:
            self._alarms.popleft()
            self._drop(1)

    def _drop(self, count: int) -> None:
        self.dropped += count
        self._untold += count


def _gap(count: int) -> RequestEntry:
    return RequestEntry(
        at=datetime.now(UTC),
        transport="",
        address="",
        method="",
        name="",
        outcome="journal_gap",
        detail=f"{count} entries before this one were dropped: the store was away",
        alarm=True,
    )
