"""When does a zone change its clocks? A rule that is a pure function of (zone, year).

Phones want a standard offset, a shift and two transitions in wall-clock time, some as "second
Sunday", some as "Sunday on or after the 8th", some by date. Nothing else reads a clock.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from provisiond.inventory.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of the clocks, in the wall-clock time that ends with it.

    `weekday` is 1 (Monday) to 7 (Sunday). `week` is 1-4, or 5 for the last of the month; 0 where
    no such rule holds for all of the ten years from `year` on. `on_or_after` is the day of month d
    so that it is always the first `weekday` on or after d; 0 where none holds. `day` is this
    year's date. `minute` counts from midnight (0-1439).
    """

    month: int
    day: int
    weekday: int
    week: int
    on_or_after: int
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """A zone in one year. `offset` is the standard (smallest) offset in minutes east of UTC,
    `shift` the minutes added in summer (0: no daylight saving in this year and the next ten).

    `regular` says that week or on-or-after rules hold for ten years; otherwise `start` and `end`
    hold for this year only (and `start` may be None: the zone has no two transitions).
    """

    name: str
    offset: int
    shift: int
    start: Transition | None
    end: Transition | None
    regular: bool


_WEEK = timedelta(days=7)
_YEARS = 10
_CYCLE = 28  # years after which weekdays and dates meet again: tells 8th from 7th apart


@lru_cache(maxsize=1024)
def zone_rule(name: str, year: int) -> ZoneRule:
    """The rule of the IANA zone `name` in the UTC year `year`.

    The standard offset is the smallest of the year, so that a zone whose data calls its winter
    time the shifted one (Europe/Dublin) reads as phones mean it. A zone that changes its clocks
    once in the year, for good, has the offset it ends with and no shift. Raises
    Rejected("time_zone") for a name that is no zone.
    """
    zone = _load(name)
    changes = {y: _changes(zone, y) for y in range(year, year + _CYCLE)}
    window = [changes[y] for y in range(year, year + _YEARS)]
    now = changes[year]
    if not now:
        settled = not any(window)
        offset = _offset(zone, datetime(year, 7, 1, tzinfo=UTC))
        return ZoneRule(name=name, offset=offset, shift=0, start=None, end=None, regular=settled)
    if len(now) == 1:
        last = now[0].after
        return ZoneRule(name=name, offset=last, shift=0, start=None, end=None, regular=False)
    offsets = [c.after for c in now]
    standard, shift = min(offsets), max(offsets) - min(offsets)
    starts = [[c for c in each if c.after > c.before] for each in window]
    ends = [[c for c in each if c.after < c.before] for each in window]
    if len(starts[0]) != 1 or len(ends[0]) != 1:
        return ZoneRule(
            name=name, offset=standard, shift=shift, start=None, end=None, regular=False
        )
    same = all(
        len(s) == 1
        and len(e) == 1
        and s[0].after - s[0].before == shift == e[0].before - e[0].after
        for s, e in zip(starts, ends, strict=True)
    )
    start, end = starts[0][0], ends[0][0]
    later = [c for y in range(year, year + _CYCLE) for c in changes[y]]
    first = _transition(start, [s[0] for s in starts] if same else [], later)
    second = _transition(end, [e[0] for e in ends] if same else [], later)
    regular = all(bool(t.week or t.on_or_after) for t in (first, second))
    return ZoneRule(
        name=name, offset=standard, shift=shift, start=first, end=second, regular=regular
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A change of a zone's offset; `wall` is what the clocks showed when it came."""

    wall: datetime
    before: int
    after: int


def _load(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise Rejected(
            "time_zone",
            f"{name!r} is no time zone.",
            "Use an IANA name such as America/New_York, Europe/Berlin or Etc/UTC.",
        ) from fault


def _offset(zone: ZoneInfo, at: datetime) -> int:
    """Minutes east of UTC at an instant."""
    offset = at.astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _changes(zone: ZoneInfo, year: int) -> tuple[_Change, ...]:
    """The changes of the UTC year, in order. No zone changes twice within a week."""
    found = []
    at, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    before = _offset(zone, at)
    while at < end:
        step = min(at + _WEEK, end)
        after = _offset(zone, step)
        if after != before:
            instant = _instant(zone, at, step, before)
            wall = (instant + timedelta(minutes=before)).replace(tzinfo=None)
            found.append(_Change(wall=wall, before=before, after=after))
        at, before = step, after
    return tuple(found)


def _instant(zone: ZoneInfo, low: datetime, high: datetime, before: int) -> datetime:
    """The minute between `low` and `high` from which the offset is not `before` any more."""
    minutes = int((high - low).total_seconds() // 60)
    start, known = 0, minutes
    while known - start > 1:
        middle = (start + known) // 2
        if _offset(zone, low + timedelta(minutes=middle)) == before:
            start = middle
        else:
            known = middle
    return low + timedelta(minutes=known)


def _transition(change: _Change, yearly: Sequence[_Change], later: Sequence[_Change]) -> Transition:
    """A change as phones are told it; `yearly` has its like in each of the ten years."""
    like = [c.wall for c in later if (c.after > c.before) == (change.after > change.before)]
    told = _ruled(change.wall, [c.wall for c in yearly], like)
    if told.week or told.on_or_after or told.minute or not yearly:
        return told
    # Cairo ends "on the last Thursday at 24:00", a Friday that may fall into November: said as
    # Thursday 23:59 it is a rule.
    back = timedelta(minutes=-1)
    early = _ruled(
        change.wall + back, [c.wall + back for c in yearly], [wall + back for wall in like]
    )
    return early if early.week or early.on_or_after else told


def _ruled(wall: datetime, yearly: Sequence[datetime], later: Sequence[datetime]) -> Transition:
    """`wall` with the rules that hold for all of `yearly`; `later` looks further ahead, to tell
    the 23rd from the 22nd where ten years don't."""

    def sort(day: datetime) -> tuple[int, int, int]:
        return day.month, day.isoweekday(), day.hour * 60 + day.minute

    week = on_or_after = 0
    if yearly and all(sort(day) == sort(wall) for day in yearly):
        week = _week_of(yearly)
        further = [day for day in later if sort(day) == sort(wall)]
        on_or_after = _on_or_after(further) or _on_or_after(yearly)
    return Transition(
        month=wall.month,
        day=wall.day,
        weekday=wall.isoweekday(),
        week=week,
        on_or_after=on_or_after,
        minute=wall.hour * 60 + wall.minute,
    )


def _week_of(days: Sequence[datetime]) -> int:
    """5 where each is the last of its weekday in the month, 1-4 where each is the n-th, else 0."""
    if all(day.day + 7 > monthrange(day.year, day.month)[1] for day in days):
        return 5
    weeks = {(day.day - 1) // 7 + 1 for day in days}
    return weeks.pop() if len(weeks) == 1 else 0


def _on_or_after(days: Sequence[datetime]) -> int:
    """The day of month d so that each is the first of its weekday on or after d, or 0."""
    dates = [day.day for day in days]
    return min(dates) if max(dates) - min(dates) < 7 else 0
