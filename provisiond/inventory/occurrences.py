"""From when until when does a time frame hold, in instants that no clock change can confuse?"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from provisiond.inventory.timeframes import TimeFrame, minutes_of

Span = tuple[datetime, datetime]
"""From an instant (UTC) up to another."""

Occurrence = tuple[datetime | None, datetime | None]
"""As a span; None is further away than was looked: 92 days or more before the moment that is asked
for, ten years or more after it."""

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_LOOK = timedelta(hours=6)  # no zone changes its clocks twice within it
_AHEAD = timedelta(days=92)
_FARTHEST = 40  # steps of _AHEAD: ten years


def instant(at: datetime, time_zone: str) -> datetime:
    """The instant (UTC) that is meant by `at`; without an offset it is on the clocks of the zone.

    As RFC 5545, 3.3.5, has it: an hour that they show twice is its first, and in one that they
    skip the offset is that before it, so that 02:30 is 03:30.
    """
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(time_zone))).astimezone(UTC)


def spans(frame: TimeFrame, start: datetime, end: datetime, time_zone: str) -> tuple[Span, ...]:
    """When the frame holds between two instants: in order, apart from each other, cut at both."""
    return merged(_pieces(frame, start, end, time_zone))


def holds_within(frame: TimeFrame, start: datetime, end: datetime, time_zone: str) -> bool:
    """Whether the frame holds at any moment between two instants; looks no further than there."""
    return next(_pieces(frame, start, end, time_zone), None) is not None


def next_occurrences(
    frame: TimeFrame, after: datetime, time_zone: str, count: int = 5
) -> tuple[Occurrence, ...]:
    """The next `count` times that the frame holds, ten years ahead at most.

    The first began earlier where the frame holds already; of one that always holds it is the only
    one, without beginning and end.
    """
    first = begin = after - _AHEAD
    found: tuple[Span, ...] = ()
    for step in range(1, _FARTHEST + 1):
        until = after + step * _AHEAD
        found = merged((*found, *spans(frame, begin, until, time_zone)))
        if sum(after < end < until for _, end in found) >= count:
            break
        begin = until
    last = after + _FARTHEST * _AHEAD
    return tuple(
        [
            (None if start == first else start, None if end == last else end)
            for start, end in found
            if end > after
        ][:count]
    )


def merged(some: Iterable[Span]) -> tuple[Span, ...]:
    """The spans in order, those that touch or overlap made one."""
    found: list[Span] = []
    for start, end in sorted(some):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def _pieces(frame: TimeFrame, start: datetime, end: datetime, time_zone: str) -> Iterator[Span]:
    zone = ZoneInfo(frame.time_zone or time_zone)
    for low, high, offset in _segments(zone, start, end):
        for first, last in _of_segment(frame, low, high, offset):
            if first < end and last > start:
                yield max(first, start), min(last, end)


def _of_segment(
    frame: TimeFrame, low: datetime, high: datetime, offset: timedelta
) -> Iterator[Span]:
    """When the frame holds between two instants with one offset from UTC."""
    first, last = (low + offset).replace(tzinfo=None), (high + offset).replace(tzinfo=None)
    day = first.date()
    while day <= last.date():
        midnight = datetime.combine(day, time.min)
        for start, end in minutes_of(frame, day):
            begin = max(midnight + start * _MINUTE, first)
            finish = min(midnight + end * _MINUTE, last)
            if begin < finish:
                yield (
                    (begin - offset).replace(tzinfo=UTC),
                    (finish - offset).replace(tzinfo=UTC),
                )
        if day == date.max:
            return
        day += _DAY


def _segments(
    zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The stretches between two instants in which the zone keeps one offset, and that offset."""
    low = start.astimezone(UTC)
    end = end.astimezone(UTC)
    offset = _offset(zone, low)
    at = low
    while at < end:
        step = min(at + _LOOK, end)
        if _offset(zone, step) == offset:
            at = step
            continue
        change = _change(zone, at, step, offset)
        yield low, change, offset
        low = at = change
        offset = _offset(zone, change)
    if low < end:
        yield low, end, offset


def _change(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The first second between two instants at which the offset is another."""
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle <= before:
            break
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
