"""Which connections may live, and for how long? The cap and the sweep over all deadlines.

aiohttp itself has no deadline for headers, bodies or readers. One sweep a tick serves the
deadlines of all connections, since a timer for each would cost more than most requests do.
"""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from typing import Protocol

from provisiond.boot.limits import HttpCounters, HttpLimits

TICK_SECONDS = 0.5


class Guarded(Protocol):
    """What the gate knows of a connection; `deadline` is in the loop's time."""

    deadline: float
    overloaded: bool

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""

    def close_gently(self) -> None:
        """Close after what was sent has gone out."""

    def cancel(self) -> None:
        """Close at once, and give up the answer that is being made."""

    def expire(self, now: float) -> None:
        """The deadline has passed."""


class Gate:
    """What all listeners share: the cap, the counters, and the sweep over all deadlines."""

    def __init__(self, limits: HttpLimits, counters: HttpCounters) -> None:
        self.limits = limits
        self.counters = counters
        self.stopping = False
        self.emptied = asyncio.Event()
        self.emptied.set()
        self._connections: dict[Guarded, None] = {}
        # Ordered by how long they have waited; popping the front of a plain dict would be O(n).
        self._waiting: OrderedDict[Guarded, None] = OrderedDict()
        self._sweeper: asyncio.TimerHandle | None = None
        shortest = min(
            limits.header_seconds, limits.idle_seconds, limits.body_seconds, limits.linger_seconds
        )
        self._tick = min(TICK_SECONDS, shortest / 4)

    def admit(self, connection: Guarded) -> bool:
        """Count a newcomer in, if need be in the place of the one that has waited longest.

        False where the newcomer is beyond even the hard cap and must be dropped.
        """
        counters, limits = self.counters, self.limits
        counters.accepted += 1
        counters.open += 1
        self._connections[connection] = None
        self.emptied.clear()
        if self._sweeper is None:
            self._arm()
        if counters.open > limits.connections:
            if self._waiting:
                longest, _ = self._waiting.popitem(last=False)
                counters.evicted += 1
                longest.abort()
            else:
                counters.overloaded += 1
                connection.overloaded = True
                return counters.open <= limits.hard_connections
        self._waiting[connection] = None
        return True

    def wait(self, connection: Guarded) -> None:
        """The connection waits for its next request."""
        self._waiting[connection] = None

    def busy(self, connection: Guarded) -> None:
        """The connection has a request, or waits no more."""
        self._waiting.pop(connection, None)

    def leave(self, connection: Guarded) -> None:
        """The connection is gone, and nothing is being answered for it any more."""
        if connection in self._connections:
            del self._connections[connection]
            self._waiting.pop(connection, None)
            self.counters.open -= 1
            if not self._connections:
                self.emptied.set()

    async def close(self, grace: float) -> None:
        """Close what waits at once, let what is being answered finish within `grace` seconds."""
        self.stopping = True
        for connection in list(self._waiting):
            connection.close_gently()
        try:
            async with asyncio.timeout(grace):
                await self.emptied.wait()
        except TimeoutError:
            for connection in list(self._connections):
                connection.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self.emptied.wait()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def _sweep(self) -> None:
        if not self._connections:
            self._sweeper = None
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        late = [c for c in self._connections if c.deadline < now]
        if late:
            # After a long turn of the loop a request may lie unread in its socket, and uvloop
            # runs timers before it reads: whoever has spoken by the next turn is not late.
            loop.call_later(0, self._cut, late)
        self._arm()

    def _cut(self, late: list[Guarded]) -> None:
        now = asyncio.get_running_loop().time()
        for connection in late:
            if connection.deadline < now:
                connection.expire(now)

    def _arm(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(self._tick, self._sweep)
