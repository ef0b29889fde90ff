"""Who waits for changes? Those who listen are woken when something is journaled, on any node."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Failed, Overloaded, TooManyOpen
from provisiond.inventory.lists import ChangeRow
from provisiond.store.changes import changes_after, last_event
from provisiond.store.database import Database

MOST_LISTENERS = 200
MOST_EACH = 10
"""Streams that a person or token may have open at once: a browser's tabs, a program's restarts."""
_POLL_SECONDS = 0.5
_AT_ONCE = 200


class ChangeFeed:
    """One statement every half second while anybody listens, none otherwise.

    Each listener reads on from the last entry that it was told, so that nothing is told twice or
    left out, whoever is slow.
    """

    def __init__(
        self,
        db: Database,
        *,
        poll_seconds: float = _POLL_SECONDS,
        most: int = MOST_LISTENERS,
        most_each: int = MOST_EACH,
    ) -> None:
        self._db = db
        self._poll_seconds = poll_seconds
        self._most = most
        self._most_each = most_each
        self._listeners: Counter[tuple[str, str]] = Counter()
        self._wanted = asyncio.Event()
        self._news = asyncio.Condition()
        self._last = 0

    async def run(self) -> None:
        """Look for news until cancelled; a store that is away is asked again."""
        while True:
            await self._wanted.wait()
            with contextlib.suppress(Failed):
                async with self._db.read() as read:
                    last = await last_event(read)
                if last != self._last:
                    self._last = last
                    async with self._news:
                        self._news.notify_all()
            await asyncio.sleep(self._poll_seconds)

    @contextlib.asynccontextmanager
    async def listening(self, actor: Actor) -> AsyncIterator[None]:
        """Count as a listener for as long as the block lasts. Raises TooManyOpen where the actor
        has enough of them, and Overloaded where all have."""
        who = (actor.kind, actor.name)
        if self._listeners[who] >= self._most_each:
            raise TooManyOpen(
                f"{actor.name} listens {self._most_each} times already; end one of those first."
            )
        if self._listeners.total() >= self._most:
            raise Overloaded("too many listen for changes already; try again later.")
        self._listeners[who] += 1
        self._wanted.set()
        try:
            yield
        finally:
            self._listeners -= Counter([who])  # leaves out those who are at none
            if not self._listeners:
                self._wanted.clear()

    async def newest(self) -> int:
        """The entry after which a new listener is told of changes."""
        async with self._db.read() as read:
            return await last_event(read)

    async def after(
        self, entry_id: int, domain: str | None, patience: float
    ) -> tuple[ChangeRow, ...]:
        """Changes after this entry, of one domain where it is named; none after `patience`
        seconds without one."""
        until = asyncio.get_running_loop().time() + patience
        while True:
            last = self._last
            async with self._db.read() as read:  # never cut short: its connection is used again
                rows = await changes_after(read, entry_id, domain, limit=_AT_ONCE)
            if rows:
                return rows
            try:
                async with asyncio.timeout_at(until), self._news:
                    await self._news.wait_for(lambda seen=last: self._last != seen)  # type: ignore[misc]
            except TimeoutError:
                return ()
