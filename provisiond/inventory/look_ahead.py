"""How do the rules of a number stand to each other in the time to come, and what may that cost?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from provisiond.inventory.occurrences import holds_within, spans
from provisiond.inventory.timeframes import TimeFrame

HORIZON_DAYS = 2 * 366  # every yearly thing comes twice
LOOK_WORK = 100_000
"""What looking ahead may cost, in parts of frames times days: a frame counts one more than it has
parts. A second at most: two years of 136 parts, or 24 days of 64 rules with 64 parts each."""

_FIRST_STEP = 7  # days; most frames hold within a week

Frames = tuple[TimeFrame | None, ...]
"""The frames of a number's rules from the top; None where one does not exist any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Of one rule: does it ever `hold`, and ever `win` over those above it?

    Of those above it, by their places from the top: `always` are those that hold whenever it does,
    `sometimes` those that hold at some time that it does.
    """

    holds: bool
    wins: bool
    always: tuple[int, ...]
    sometimes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How rules stand in so many `days` from now; with 0 nothing was looked at."""

    days: int
    standings: tuple[Standing, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the work allowed was enough for the two years."""
        return self.days == HORIZON_DAYS


class LookAhead:
    """Two years from a moment on, or as far as the work allowed reaches: no list of frames that
    people save keeps a processor, or those who wait for a save to end. The same frames are looked
    at once, so that who looked before a transaction knows the answer in it."""

    def __init__(self, now: datetime, work: int = LOOK_WORK) -> None:
        """`now` is aware; `work` is counted as LOOK_WORK is, over all that is asked. No list of
        frames gets more than LOOK_WORK of it."""
        self.now = now
        self._left = work
        self._known: dict[tuple[Frames, str], Outlook] = {}

    def rules(self, frames: Frames, time_zone: str) -> Outlook:
        """How rules for these frames stand to each other; `time_zone` is for frames without one."""
        key = (frames, time_zone)
        if key not in self._known:
            days = self._take(_all_parts(frames), look_days(frames))
            until = self.now + timedelta(days=days)
            masks = {bits for _, _, bits in stretches(frames, self.now, until, time_zone)}
            standings = tuple([_standing(masks, place) for place in range(len(frames))])
            self._known[key] = Outlook(days=days, standings=standings if days else ())
        return self._known[key]

    def holds(self, frame: TimeFrame, time_zone: str) -> bool | None:
        """Whether the frame holds at any time to come; None where the work was not enough."""
        seen, step = 0, _FIRST_STEP
        while seen < HORIZON_DAYS:
            wanted = min(step, HORIZON_DAYS - seen)
            if self._take(_parts(frame), wanted) < wanted:
                return None
            start = self.now + timedelta(days=seen)
            if holds_within(frame, start, start + timedelta(days=wanted), time_zone):
                return True
            seen, step = seen + wanted, 2 * step
        return False

    def _take(self, parts: int, wanted: int) -> int:
        """How many of the wanted days there is work left for; it is spent."""
        days = min(wanted, self._left // parts) if parts else wanted
        self._left -= days * parts
        return days


def look_days(frames: Frames) -> int:
    """How many days ahead frames are looked at for LOOK_WORK."""
    return min(HORIZON_DAYS, LOOK_WORK // max(_all_parts(frames), 1))


def stretches(
    frames: Sequence[TimeFrame | None], start: datetime, end: datetime, time_zone: str
) -> Iterator[tuple[datetime, datetime, int]]:
    """The stretches between two instants in each of which the same frames hold: bit 0 of the
    number is the first of them. They follow each other without a gap."""
    places: defaultdict[TimeFrame, int] = defaultdict(int)
    for place, frame in enumerate(frames):
        if frame is not None:
            places[frame] |= 1 << place
    edges: defaultdict[datetime, int] = defaultdict(int)
    for frame, bits in places.items():
        for first, last in spans(frame, start, end, time_zone):  # apart: no edge is of two
            edges[first] ^= bits
            edges[last] ^= bits
    at, holding = start, 0
    for edge in sorted(edges):
        if at < edge:
            yield at, edge, holding
        at, holding = edge, holding ^ edges[edge]
    if at < end:
        yield at, end, holding


def _parts(frame: TimeFrame) -> int:
    return len(frame.parts) + 1


def _all_parts(frames: Frames) -> int:
    return sum(_parts(frame) for frame in set(frames) if frame is not None)


def _standing(masks: set[int], place: int) -> Standing:
    above = (1 << place) - 1
    with_it = [bits & above for bits in masks if bits >> place & 1]
    always, sometimes = above if with_it else 0, 0
    for bits in with_it:
        always &= bits
        sometimes |= bits
    return Standing(
        holds=bool(with_it),
        wins=0 in with_it,
        always=_places(always),
        sometimes=_places(sometimes),
    )


def _places(bits: int) -> tuple[int, ...]:
    return tuple([place for place in range(bits.bit_length()) if bits >> place & 1])
