"""An independent model of time frames: what a patient clerk with a calendar would say.

Shares no code with provisiond beside the records it reads: no rrule, no spans, no caches; it looks
at each day and minute by itself, and finds holidays by rule of its own.
"""

from datetime import date, datetime, timedelta
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
_KNOWN: dict[tuple[str, str | None, int], dict[date, str]] = {}


def clerk_routes(
    number: Number, frames: dict[str, TimeFrame], at: datetime, zone: str
) -> Handling | None:
    """Where the clerk sends the call; None is nowhere."""
    wall = at.astimezone(ZoneInfo(number.time_zone or zone))
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


def clerk_says(frame: TimeFrame, at: datetime, zone: str) -> bool:
    """Whether the frame holds, by the clocks on the wall."""
    wall = at.astimezone(ZoneInfo(frame.time_zone or zone)).replace(tzinfo=None)
    if frame.kind is FrameKind.ALWAYS:
        return True
    for part in frame.parts:
        if isinstance(part, WeeklyHours) and _in_week(part, wall):
            return True
        if isinstance(part, DateRange) and _in_range(part, wall):
            return True
        if isinstance(part, HolidayCalendar) and _is_kept(part, wall.date()):
            return True
        if isinstance(part, OwnHoliday) and _is_own(part, wall.date()):
            return True
    return False


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


def _calendar(part: HolidayCalendar, year: int) -> dict[date, str]:
    key = (part.country, part.region, year)
    if key not in _KNOWN:
        found = calendars.country_holidays(
            part.country, subdiv=part.region, years=year, observed=False
        )
        _KNOWN[key] = dict(found.items())
    return _KNOWN[key]


def _is_kept(part: HolidayCalendar, day: date) -> bool:
    free = {
        when
        for year in (day.year - 1, day.year, day.year + 1)
        for when, names in _calendar(part, year).items()
        if part.names is None or set(names.split("; ")) & part.names
    }
    for holiday in free:
        if abs((holiday - day).days) < 15 and _kept_on(holiday, part.observance, free) == day:
            return True
    return False


def _kept_on(day: date, observance: Observance, free: set[date]) -> date:
    if day.isoweekday() < 6 or observance is Observance.SAME_DAY:
        return day
    forward = observance is Observance.NEXT_WORKDAY
    while day.isoweekday() >= 6 or day in free:
        day = day + ONE_DAY if forward else day - ONE_DAY
    return day


def _is_own(part: OwnHoliday, day: date) -> bool:
    for year in (day.year - 1, day.year, day.year + 1):
        if part.year in (None, year):
            try:
                when = date(year, part.month, part.day)
            except ValueError:
                continue
            if _kept_on(when, part.observance, set()) == day:
                return True
    return False
