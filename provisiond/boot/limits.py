"""How much may phones ask of the HTTP listener, how much did they, and how much is logged of it?"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLimits:
    """What one HTTP listener grants; times in seconds, sizes in bytes.

    `connections`: open at once; beyond, the one that has waited longest for a request is closed,
    and where all are being served the newcomer gets 503 with Retry-After.
    `header_seconds`: from the first chance to speak to the last byte of the header.
    `idle_seconds`: between two requests of one connection. `body_seconds`: for a whole request
    body. `stall_seconds`: a reader that takes nothing for so long is cut. `linger_seconds` and
    `linger_bytes`: what is still read and thrown away after an early answer, so that closing
    does not destroy the answer before the client has read it (RFC 9112 section 9.6).
    `line_bytes`: the request target; `field_bytes`: one header field; `header_bytes`: all of them.
    """

    connections: int = 12_000
    header_seconds: float = 10.0
    idle_seconds: float = 30.0
    body_seconds: float = 30.0
    stall_seconds: float = 60.0
    linger_seconds: float = 2.0
    linger_bytes: int = 1 << 20
    line_bytes: int = 4096
    field_bytes: int = 8190
    header_fields: int = 64
    header_bytes: int = 32_768
    body_bytes: int = 65_536
    backlog: int = 16_384
    retry_after: int = 10

    @property
    def hard_connections(self) -> int:
        """Beyond so many not even a 503 is spent on a newcomer."""
        return self.connections + self.connections // 8 + 16


@dataclass(slots=True, kw_only=True)
class HttpCounters:
    """What happened since the start; all rise but `open`, which is of now.

    `cut_*`: connections closed at a deadline. `evicted`: closed while waiting to make room.
    `aborted`: the client went before its answer was whole.
    """

    open: int = 0
    accepted: int = 0
    requests: int = 0
    served: int = 0
    partial: int = 0
    not_modified: int = 0
    not_found: int = 0
    challenged: int = 0
    wrong_method: int = 0
    too_large: int = 0
    malformed: int = 0
    forged: int = 0
    faults: int = 0
    unavailable: int = 0
    overloaded: int = 0
    evicted: int = 0
    aborted: int = 0
    cut_header: int = 0
    cut_idle: int = 0
    cut_body: int = 0
    cut_stalled: int = 0
    bytes_sent: int = 0


class LogBrake:
    """Lets the first few lines of a kind through each minute, so that a fleet can't flood the log.

    A template fault, or a proxy that nobody declared, meets every phone at every boot.
    """

    def __init__(
        self, burst: int = 10, period: timedelta = timedelta(minutes=1), kinds: int = 256
    ) -> None:
        self._burst = burst
        self._period = period
        self._kinds = kinds
        self._seen: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def passes(self, kind: str, at: datetime) -> tuple[bool, int]:
        """Whether a line of this kind may be logged now, and how many were held back before it."""
        since, count = self._seen.get(kind, (at, 0))
        held = 0
        if at - since >= self._period:
            held, since, count = max(0, count - self._burst), at, 0
        self._seen[kind] = (since, count + 1)
        self._seen.move_to_end(kind)
        if len(self._seen) > self._kinds:
            self._seen.popitem(last=False)
        return count < self._burst, held
