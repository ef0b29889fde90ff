"""When is a request sent again, and when is it given up? RFC 3261 §17.1.2 without I/O."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Timers:
    """Seconds (RFC 3261 §17.1.1.1): T1 estimates the round trip, T2 bounds the re-sends' pace."""

    t1: float = 0.5
    t2: float = 4.0

    @property
    def timeout(self) -> float:
        """Timer F: how long an answer is waited for."""
        return 64 * self.t1


STANDARD: Final = Timers()


class Phase(Enum):
    """Where a non-INVITE client transaction stands."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class ClientTransaction:
    """A non-INVITE client transaction; time is an argument, in seconds of any clock.

    Over UDP the request is sent at 0, T1, 3·T1, 7·T1, …, the pauses doubling up to T2; over TCP
    and TLS (`reliable`) once. `deadline` is when `expire` wants to be called next.
    """

    def __init__(self, now: float, *, reliable: bool, timers: Timers = STANDARD) -> None:
        self.phase = Phase.TRYING
        self._timers = timers
        self._gives_up = now + timers.timeout
        self._pause = timers.t1
        self._again = self._gives_up if reliable else now + timers.t1

    @property
    def deadline(self) -> float:
        """When the next timer fires."""
        return min(self._again, self._gives_up)

    @property
    def is_over(self) -> bool:
        """Whether there is an answer, or none will be waited for."""
        return self.phase in (Phase.COMPLETED, Phase.TERMINATED)

    def expire(self, now: float) -> bool:
        """A timer fired; True where the request is to be sent again."""
        if self.is_over:
            return False
        if now >= self._gives_up:
            self.phase = Phase.TERMINATED
            return False
        if now < self._again:
            return False
        proceeding = self.phase is Phase.PROCEEDING
        self._pause = self._timers.t2 if proceeding else min(2 * self._pause, self._timers.t2)
        self._again = now + self._pause
        return True

    def receive(self, code: int) -> None:
        """A response of this transaction came."""
        if self.is_over:
            return
        self.phase = Phase.COMPLETED if code >= 200 else Phase.PROCEEDING
