"""When does a time frame hold? Weekly hours, dates with recurrence, holidays, or a mix of them.

A frame is read off the wall: it holds while the clocks of its time zone show a time that one of
its parts names. An hour that the clocks show twice is in it twice, one that they skip is not
there at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from zoneinfo import ZoneInfo

from provisiond.inventory.holiday_calendars import Holiday, Observance, holidays_around, kept

DAY = 1440
"""minutes of a day on the wall"""

_MINUTE = timedelta(minutes=1)

Minutes = tuple[int, int]
"""From this minute of the day up to that one, at most 1440."""


class FrameKind(Enum):
    """How people made a frame; decides which parts it may have."""

    ALWAYS = "always"
    WEEKLY = "weekly"
    DATES = "dates"
    HOLIDAYS = "holidays"
    CUSTOM = "custom"


class Repeat(Enum):
    """How a range of dates comes again."""

    NONE = "none"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyHours:
    """Hours on days of the week, 1 Monday to 7 Sunday, from `start` up to `end`.

    Minutes of the day; `end` is 1440 for midnight, and where it lies before `start` the hours run
    into the next day.
    """

    weekdays: frozenset[int]
    start: int = 0
    end: int = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class DateRange:
    """From one moment on the wall up to another, and again every `every` days, weeks, ….

    The last repetition begins on `until` at the latest. A month without the day is left out, as
    in RFC 5545: what begins on the 31st comes seven times a year.
    """

    start: datetime
    end: datetime
    repeat: Repeat = Repeat.NONE
    every: int = 1
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HolidayCalendar:
    """The holidays of a country, and of a region where `region` names one (ISO 3166-2).

    `names` are those that were ticked, None is all. `observance` says what becomes of one that
    falls on a weekend.
    """

    country: str
    region: str | None = None
    names: frozenset[str] | None = None
    observance: Observance = Observance.SAME_DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnHoliday:
    """A day of the firm's own: every year, or in `year` alone."""

    month: int
    day: int
    year: int | None = None
    name: str = ""
    observance: Observance = Observance.SAME_DAY


Part = WeeklyHours | DateRange | HolidayCalendar | OwnHoliday
_SORTS: Mapping[type[Part], str] = {
    WeeklyHours: "hours",
    DateRange: "dates",
    HolidayCalendar: "calendars",
    OwnHoliday: "holidays",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeFrame:
    """A named time, of a domain or, with `owner`, of the user with that extension.

    A frame of kind `always` has no parts. `time_zone` None: that of whatever asks.
    """

    name: str
    kind: FrameKind
    parts: tuple[Part, ...] = ()
    owner: str | None = None
    time_zone: str | None = None
    revision: int = 0


def arranged(frame: TimeFrame) -> TimeFrame:
    """The frame with its parts by their sorts, as files write them; their order says nothing."""
    sorts = tuple(_SORTS)
    parts = sorted(frame.parts, key=lambda part: sorts.index(type(part)))
    return replace(frame, parts=tuple(parts))


def part_places(frame: TimeFrame) -> tuple[str, ...]:
    """Where files and programs have each part, counted in its sort: `hours[1]`, `dates[0]`."""
    counts = dict.fromkeys(_SORTS, 0)
    places = []
    for part in frame.parts:
        places.append(f"{_SORTS[type(part)]}[{counts[type(part)]}]")
        counts[type(part)] += 1
    return tuple(places)


def holds(frame: TimeFrame, instant: datetime, time_zone: str) -> bool:
    """Whether the frame holds at `instant` (aware); `time_zone` is for a frame without its own."""
    wall = instant.astimezone(ZoneInfo(frame.time_zone or time_zone))
    minute = wall.hour * 60 + wall.minute
    return any(start <= minute < end for start, end in minutes_of(frame, wall.date()))


def minutes_of(frame: TimeFrame, day: date) -> tuple[Minutes, ...]:
    """When the frame holds on a day on the wall: sorted, apart from each other."""
    if frame.kind is FrameKind.ALWAYS:
        return ((0, DAY),)
    if _holidays(frame, day):
        return ((0, DAY),)
    found = sorted(span for part in frame.parts for span in _minutes(part, day))
    merged: list[Minutes] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def why(frame: TimeFrame, instant: datetime, time_zone: str) -> str:
    """In words, whether and why the frame holds at `instant`."""
    wall = instant.astimezone(ZoneInfo(frame.time_zone or time_zone))
    clock = f"{wall:%A %d %B %Y, %H:%M}"
    if frame.kind is FrameKind.ALWAYS:
        return "always holds"
    if not holds(frame, instant, time_zone):
        return f"does not hold: it is {clock}"
    return ", ".join((f"holds: it is {clock}", *_holidays(frame, wall.date())))


def _minutes(part: Part, day: date) -> Iterator[Minutes]:
    """Of hours and dates; what is kept of holidays is the whole frame's."""
    match part:
        case WeeklyHours():
            yield from _weekly(part, day)
        case DateRange():
            yield from _dates(part, day)


def _weekly(part: WeeklyHours, day: date) -> Iterator[Minutes]:
    overnight = part.end <= part.start
    if day.isoweekday() in part.weekdays:
        yield (part.start, DAY if overnight else part.end)
    if overnight and part.end and _before(day).isoweekday() in part.weekdays:
        yield (0, part.end)


def _before(day: date) -> date:
    return day - timedelta(days=1) if day > date.min else day


def _dates(part: DateRange, day: date) -> Iterator[Minutes]:
    """Two repetitions at most: one begins on the day, and of those that began before it the last
    lasts longest."""
    length = part.end - part.start
    midnight = datetime.combine(day, time.min)
    latest = last_start(part, datetime.combine(day, time.max))
    begun = [latest]
    if latest is not None and latest > midnight:
        begun.insert(0, last_start(part, midnight))
    for start in begun:
        if start is None:
            continue
        first = max((start - midnight) // _MINUTE, 0)
        last = min((start - midnight + length) // _MINUTE, DAY)
        if first < last:
            yield (first, last)


def last_start(part: DateRange, at: datetime) -> datetime | None:
    """When the last repetition begins that has begun by `at` on the wall; None before the first.

    Counted, not walked to: as much work for a range that began in 1900. What is repeated is that
    of RFC 5545, 3.3.10: a day that a month or year has not is left out.
    """
    if part.until is not None:
        at = min(at, datetime.combine(part.until, time.max))
    if at < part.start:
        return None
    match part.repeat:
        case Repeat.NONE:
            return part.start
        case Repeat.DAILY | Repeat.WEEKLY:
            step = timedelta(days=part.every * (7 if part.repeat is Repeat.WEEKLY else 1))
            return part.start + (at - part.start) // step * step
    months = part.every * (12 if part.repeat is Repeat.YEARLY else 1)
    passed = (at.year - part.start.year) * 12 + at.month - part.start.month
    # The first is always there; 29 February every 25 years comes after 16 that are not.
    return next(
        start
        for count in range(passed // months, -1, -1)
        if (start := _months_later(part.start, count * months)) is not None and start <= at
    )


def _months_later(start: datetime, months: int) -> datetime | None:
    """The same day and time of a later month; None where the month has no such day."""
    years, month = divmod(start.month - 1 + months, 12)
    try:
        return start.replace(year=start.year + years, month=month + 1)
    except ValueError:
        return None


def _holidays(frame: TimeFrame, day: date) -> tuple[str, ...]:
    """What is celebrated on a day by all of the frame's holidays; empty for nothing."""
    parts = tuple([p for p in frame.parts if isinstance(p, HolidayCalendar | OwnHoliday)])
    return _kept(parts, day.year).get(day, ()) if parts else ()


@lru_cache(maxsize=512)
def _kept(
    parts: tuple[HolidayCalendar | OwnHoliday, ...], year: int
) -> Mapping[date, tuple[str, ...]]:
    """The days of a year, and of some about it, on which the holidays are kept together."""
    return kept(one for part in parts for one in _celebrated(part, year))


def _celebrated(part: HolidayCalendar | OwnHoliday, year: int) -> Iterator[Holiday]:
    """The holidays of a year and of those about it, from which one may be moved across New Year."""
    if isinstance(part, OwnHoliday):
        for each in (part.year,) if part.year else range(year - 1, year + 2):
            try:
                day = date(each, part.month, part.day)
            except (ValueError, OverflowError):  # 29 February, or beyond the last year
                continue
            yield Holiday(day=day, name=part.name or f"{day:%d %B}", observance=part.observance)
        return
    named = holidays_around(part.country, part.region, year)
    for day, names in named.days.items():
        for name in names:
            if part.names is not None and name not in part.names:
                continue
            fixed = name in named.of_weekends
            observance = Observance.SAME_DAY if fixed else part.observance
            yield Holiday(day=day, name=name, observance=observance, weekend=named.weekend)
