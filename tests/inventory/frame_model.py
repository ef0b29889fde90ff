"""An independent model of time frames: what a patient clerk with a calendar would say.

Shares no code with provisiond beside the records it reads: no rrule, no spans, no caches; it looks
at each day and minute by itself, and finds holidays by rule of its own.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays as calendars

from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.numbers import Handling, Number
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Repeat,
    TimeFrame,
    WeeklyHours,
)

ONE_DAY = timedelta(days=1)


def clerk_routes(
    number: Number, frames: dict[str, TimeFrame], at: datetime, zone: str
) -> Handling | None:
    """Where the clerk sends the call; None is nowhere."""
    wall = _wall(at, number.time_zone or zone)
    if not number.enabled:
        return None
    if number.enable_on and wall.date() < number.enable_on:
        return None
    if number.disable_on and not wall.date() < number.disable_on:
        return None
    chosen = number.default
    for rule in reversed(number.rules):
        frame = frames.get(rule.frame)
        if frame and clerk_says(frame, at, number.time_zone or zone):
            chosen = rule.handling
    return None if chosen.treatment == "available" else chosen


def clerk_means(asked: datetime, zone: str) -> datetime:
    """The instant (UTC) of a time without an offset: the clerk watches a clock from some hours
    before until it shows the time, or jumps over it; what it jumps over comes as long after the
    quarter of an hour before as if it had not jumped."""
    clock, quarter = asked.replace(tzinfo=UTC), timedelta(minutes=15)
    clock -= _wall(clock, zone) - asked + timedelta(hours=4)
    shown, follows = _wall(clock, zone), _wall(clock + quarter, zone)
    while not shown <= asked < max(shown + quarter, follows):
        clock += quarter
        shown, follows = follows, _wall(clock + quarter, zone)
    return clock + (asked - shown)


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def clerk_says(frame: TimeFrame, at: datetime, zone: str) -> bool:
    """Whether the frame holds, by the clocks on the wall."""
    wall = _wall(at, frame.time_zone or zone)
    if frame.kind is FrameKind.ALWAYS:
        return True
    for part in frame.parts:
        if isinstance(part, WeeklyHours) and _in_week(part, wall):
            return True
        if isinstance(part, DateRange) and _in_range(part, wall):
            return True
    days = [part for part in frame.parts if isinstance(part, HolidayCalendar | OwnHoliday)]
    return bool(days) and wall.date() in _days_off(tuple(days), wall.year)


def _in_week(part: WeeklyHours, wall: datetime) -> bool:
    minute = wall.hour * 60 + wall.minute
    today, yesterday = wall.isoweekday(), (wall - ONE_DAY).isoweekday()
    if part.start < part.end:
        return today in part.weekdays and part.start <= minute < part.end
    return (today in part.weekdays and minute >= part.start) or (
        yesterday in part.weekdays and minute < part.end
    )


def _in_range(part: DateRange, wall: datetime) -> bool:
    length = part.end - part.start
    if part.repeat is Repeat.NONE:
        return part.start <= wall < part.end
    for count in range(4000):
        start = _again(part, count)
        if start is None:
            continue
        if part.until and start.date() > part.until:
            return False
        if start > wall:
            return False
        if wall < start + length:
            return True
    raise AssertionError("the model does not look so far")


def _again(part: DateRange, count: int) -> datetime | None:
    """The start of the count-th repetition; None where its month has no such day."""
    steps = count * part.every
    if part.repeat is Repeat.DAILY:
        return part.start + steps * ONE_DAY
    if part.repeat is Repeat.WEEKLY:
        return part.start + steps * 7 * ONE_DAY
    months = steps * (12 if part.repeat is Repeat.YEARLY else 1) + part.start.month - 1
    try:
        return part.start.replace(year=part.start.year + months // 12, month=months % 12 + 1)
    except ValueError:
        return None


@cache
def _calendar(country: str, region: str | None, year: int) -> dict[date, str]:
    found = calendars.country_holidays(country, subdiv=region, years=year, observed=False)
    return dict(found.items())


@cache
def _always_on_weekends(country: str, region: str | None) -> set[str]:
    """Names that stand on a Saturday or Sunday in each of 28 years: Easter Sunday."""
    weekdays = defaultdict(list)
    for year in range(2010, 2038):
        for day, names in _calendar(country, region, year).items():
            for name in names.split("; "):
                weekdays[name].append(day.isoweekday())
    return {name for name, found in weekdays.items() if len(found) > 1 and min(found) >= 6}


def _written(part: HolidayCalendar | OwnHoliday, year: int) -> set[tuple[date, Observance]]:
    """What the clerk writes into his calendar of a year: days, and what to do on a weekend."""
    if isinstance(part, OwnHoliday):
        try:
            return (
                {(date(year, part.month, part.day), part.observance)}
                if part.year
                in (
                    None,
                    year,
                )
                else set()
            )
        except ValueError:
            return set()
    fixed = _always_on_weekends(part.country, part.region)
    return {
        (day, Observance.SAME_DAY if name in fixed else part.observance)
        for day, names in _calendar(part.country, part.region, year).items()
        for name in names.split("; ")
        if part.names is None or name in part.names
    }


def _direction(day: date, what: Observance) -> Observance:
    """The nearest workday: Friday for a Saturday, else Monday."""
    if what is not Observance.NEAREST_WORKDAY:
        return what
    return Observance.PREVIOUS_WORKDAY if day.isoweekday() == 6 else Observance.NEXT_WORKDAY


@cache
def _days_off(parts: tuple[HolidayCalendar | OwnHoliday, ...], year: int) -> set[date]:
    """The clerk turns the pages of three years. Who had a holiday on a weekend stands in a queue,
    and each workday that nobody has yet goes to the next in it; then he turns them backwards."""
    written = {
        entry
        for part in parts
        for near in (year - 1, year, year + 1)
        for entry in _written(part, near)
    }
    holidays = {day for day, _ in written}
    written = {(day, _direction(day, what)) for day, what in written}
    off = {day for day, what in written if day.isoweekday() < 6 or what is Observance.SAME_DAY}
    given: set[date] = set()
    pages = [date(year - 1, 1, 1) + count * ONE_DAY for count in range(3 * 365 + 1)]
    for what, order in (
        (Observance.NEXT_WORKDAY, pages),
        (Observance.PREVIOUS_WORKDAY, pages[::-1]),
    ):
        queue = 0
        for day in order:
            if day.isoweekday() >= 6:
                queue += (day, what) in written
            elif queue and day not in holidays | given:
                given.add(day)
                queue -= 1
    return off | given
