"""Who is coming aboard? Enrolments as this process knows them, written behind the reply.

A storm of first boots must not wait for one commit each: what a fetch changes (first address,
closed, held) holds in this process at once and is written in batches. The first fetch of all waits
for its batch, since secrets leave with it and a crash must not forget to whom. Other nodes see
changes with their next tick.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from provisiond.inventory.errors import Failed
from provisiond.inventory.phones import Enrolment

_log = logging.getLogger(__name__)
_FLUSH_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentChange:
    """One change to write: `kind` is first, close, hold or move (to a renewed token)."""

    kind: str
    domain_id: int
    phone_id: int
    at: datetime
    address: str = ""
    user_agent: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionFacts:
    """What admission needs of a phone beside the answer."""

    enrolment: Enrolment
    enabled: bool


class EnrolmentStore(Protocol):
    """The store's side: one transaction a batch, conditional on what stands there."""

    async def read(self, domain_id: int, phone_id: int) -> AdmissionFacts | None: ...

    async def write(self, changes: Sequence[EnrolmentChange]) -> None: ...


class EnrolmentBook:
    """Admission facts by phone. `epoch` gives a domain's enrolment epoch; when it moves, what
    is known of that domain is read again."""

    def __init__(self, store: EnrolmentStore, epoch: Callable[[int], int]) -> None:
        self._store = store
        self._epoch = epoch
        self._seen: dict[int, int] = {}
        self._known: dict[int, dict[int, AdmissionFacts]] = {}
        self._pending: list[EnrolmentChange] = []
        self._flushing: list[EnrolmentChange] = []
        self._wake = asyncio.Event()
        self._turn = asyncio.Lock()

    def peek(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        """What is known without asking the store, or None."""
        if self._seen.get(domain_id) != self._epoch(domain_id):
            self._known.pop(domain_id, None)
            self._seen[domain_id] = self._epoch(domain_id)
            return None
        known = self._known.get(domain_id)
        return known.get(phone_id) if known is not None else None

    def waiting(self) -> tuple[EnrolmentChange, ...]:
        """The changes that a read which begins now may not see yet."""
        return (*self._flushing, *self._pending)

    def learn(
        self,
        domain_id: int,
        phone_id: int,
        facts: AdmissionFacts,
        waiting: Sequence[EnrolmentChange],
    ) -> AdmissionFacts:
        """Take facts that were read, with what the read could not see on top of them: `waiting`
        is from before it, for a batch may have been written while it was under way."""
        for change in (*waiting, *self._flushing, *self._pending):
            if change.phone_id == phone_id and change.domain_id == domain_id:
                facts = replace(facts, enrolment=applied(facts.enrolment, change))
        self._known.setdefault(domain_id, {})[phone_id] = facts
        return facts

    async def facts(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        """The admission facts, from the store where they are not known; None: the phone is gone."""
        known = self.peek(domain_id, phone_id)
        return known if known is not None else await self.read(domain_id, phone_id)

    async def read(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        """The admission facts as the store has them now; one statement."""
        waiting = self.waiting()
        read = await self._store.read(domain_id, phone_id)
        return self.learn(domain_id, phone_id, read, waiting) if read is not None else None

    def change(self, change: EnrolmentChange) -> None:
        """Make a change hold in this process now, and have it written soon."""
        known = self._known.get(change.domain_id, {}).get(change.phone_id)
        if known is not None:
            changed = replace(known, enrolment=applied(known.enrolment, change))
            self._known[change.domain_id][change.phone_id] = changed
        self._pending.append(change)
        self._wake.set()

    async def change_for_good(self, change: EnrolmentChange) -> None:
        """Make a change hold and return once it is on disk, written with all that wait too.

        Those who come while a batch is written go together into the next. Raises
        StoreUnavailable; then it is still tried later.
        """
        self.change(change)
        await asyncio.shield(self.flush())

    async def run(self) -> None:
        """Write changes until cancelled; a store that is away is tried again."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                # Cancelled half way, a transaction may hold the writer's turn for a while.
                await asyncio.shield(self.flush())
            except Failed as fault:
                _log.error("enrolment changes wait for the store: %s", fault)
                await asyncio.sleep(1)

    async def flush(self) -> None:
        """Write what is pending in one transaction. On failure nothing is forgotten."""
        async with self._turn:
            await self._flush()

    async def _flush(self) -> None:
        self._wake.clear()
        self._flushing, self._pending = self._pending, []
        if not self._flushing:
            return
        before = {change.domain_id: self._seen.get(change.domain_id) for change in self._flushing}
        try:
            await self._store.write(self._flushing)
        except BaseException:
            self._pending = [*self._flushing, *self._pending]
            self._flushing = []
            self._wake.set()
            raise
        self._flushing = []
        for domain_id, seen in before.items():
            # Only our own batch moved the epoch: what we know already holds it.
            if seen is not None and self._epoch(domain_id) == seen + 1:
                self._seen[domain_id] = seen + 1


def applied(enrolment: Enrolment, change: EnrolmentChange) -> Enrolment:
    """The enrolment after a change; a first fetch, close or hold that stands already stays, and
    so does an enrolment that was opened after it. Who closes one that nobody asked for before,
    for it had the token already, is its first."""
    if change.kind == "move":
        renewed = enrolment.renewed_at
        moved = renewed is not None and renewed <= change.at
        return replace(enrolment, renewed_at=None) if moved else enrolment
    if enrolment.opened_at is not None and enrolment.opened_at > change.at:
        return enrolment
    is_close = change.kind == "close" and enrolment.closed_at is None
    if is_close:
        enrolment = replace(enrolment, closed_at=change.at)
    if (change.kind == "first" or is_close) and enrolment.first_address is None:
        return replace(enrolment, first_address=change.address, first_user_agent=change.user_agent)
    if change.kind == "hold" and enrolment.held_reason is None:
        return replace(enrolment, held_reason=change.reason)
    return enrolment
