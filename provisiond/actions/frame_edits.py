"""What does an edit, as people type it, make of a time frame? `mon-fri 08:00-17:00`, `12-24`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from provisiond.actions.number_trees import WEEKDAYS, clock, days_text
from provisiond.actions.typed_edits import Attempts, choice, day
from provisiond.inventory.errors import Rejected
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.texts import shown, small_number
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    TimeFrame,
    WeeklyHours,
    arranged,
)

_CLOCK = re.compile(r"(\d{1,2})[:.]?(\d{2})?")
_DAY_OF_YEAR = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})")
_EVERY_DAY = ("daily", "all", "every day")
_ALL_WEEK = frozenset(range(1, 8))


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameEdit:
    """An edit. None leaves a field alone, the empty text clears it.

    `hours` are `DAYS FROM-TO[,FROM-TO]`, `dates` `START[/END][ REPEAT[ EVERY]][ until DAY]`,
    `holidays` `COUNTRY[-REGION][,OBSERVANCE[,NAME;NAME]]`, `days`
    `[YEAR-]MM-DD[,NAME[,OBSERVANCE]]`. Each that is given replaces all of its sort, one empty text
    takes them away. `kind` follows from them where it is not given.
    """

    name: str | None = None
    owner: str | None = None
    kind: str | None = None
    time_zone: str | None = None
    hours: tuple[str, ...] | None = None
    dates: tuple[str, ...] | None = None
    holidays: tuple[str, ...] | None = None
    days: tuple[str, ...] | None = None


def edited_frame(frame: TimeFrame, edit: FrameEdit) -> TimeFrame:
    """The frame after the edit. Raises RejectedAll with everything that cannot be read."""
    attempts = Attempts()
    parts = list(frame.parts)
    parts = _replaced(attempts, parts, WeeklyHours, edit.hours, parse_hours)
    parts = _replaced(attempts, parts, DateRange, edit.dates, _one_range)
    parts = _replaced(attempts, parts, HolidayCalendar, edit.holidays, _one_calendar)
    parts = _replaced(attempts, parts, OwnHoliday, edit.days, _one_day)
    given = edit.kind
    kind = frame.kind
    if given is not None:
        kind = attempts.read(kind, choice, FrameKind, given, "kind")
    elif tuple(parts) != frame.parts:
        kind = kind_of(parts)
    if kind is FrameKind.ALWAYS and given is not None:
        parts = []
    attempts.finish()
    changes: dict[str, Any] = {
        name: getattr(edit, name) or None
        for name in ("owner", "time_zone")
        if getattr(edit, name) is not None
    }
    if edit.name is not None:
        frame = replace(frame, name=edit.name)
    return arranged(replace(frame, kind=kind, parts=tuple(parts), **changes))


def kind_of(parts: Sequence[Part]) -> FrameKind:
    """The kind of a frame of these parts: without any it always holds."""
    sorts = {type(part) for part in parts}
    if not sorts:
        return FrameKind.ALWAYS
    if sorts == {WeeklyHours}:
        return FrameKind.WEEKLY
    if sorts == {DateRange}:
        return FrameKind.DATES
    if sorts <= {HolidayCalendar, OwnHoliday}:
        return FrameKind.HOLIDAYS
    return FrameKind.CUSTOM


def parse_hours(written: str) -> tuple[Part, ...]:
    """`mon-fri 08:00-12:00,13:00-17:00`: one part a range. Raises Rejected(hours)."""
    text = written.strip()
    match = re.fullmatch(r"(.*?)\s+([\d:.]+\s*-.*)", text)
    if match is None:
        raise Rejected(
            "hours", f"{written!r} names no days and times.", "Write it as mon-fri 08:00-17:00."
        )
    weekdays = parse_days(match.group(1))
    found: list[Part] = []
    for span in match.group(2).split(","):
        start, dash, end = span.partition("-")
        if not dash:
            raise Rejected("hours", f"{span!r} has no end.", "Write it as 08:00-17:00.")
        found.append(WeeklyHours(weekdays=weekdays, start=parse_clock(start), end=parse_clock(end)))
    return tuple(found)


def parse_days(written: str, field: str = "hours") -> frozenset[int]:
    """`mon-fri,sun` as ISO weekdays. Raises Rejected(field)."""
    text = written.strip().lower()
    if text in _EVERY_DAY:
        return _ALL_WEEK
    found: set[int] = set()
    for run in re.split(r"[,\s]+", text):
        first, dash, last = run.partition("-")
        start = _weekday(first, field)
        end = _weekday(last, field) if dash else start
        found.add(start)
        while start != end:
            start = start % 7 + 1
            found.add(start)
    return frozenset(found)


def parse_clock(written: str, field: str = "hours") -> int:
    """`08:30` as the minute of the day; `24:00` is 1440. Raises Rejected(field)."""
    match = _CLOCK.fullmatch(written.strip())
    minute = int(match.group(1)) * 60 + int(match.group(2) or 0) if match else -1
    if match is None or int(match.group(2) or 0) > 59 or minute > 1440:
        remedy = "Write it as 08:30; midnight at the end of a day is 24:00."
        raise Rejected(field, f"{written.strip()!r} is no time of day.", remedy)
    return minute


def parse_range(written: str) -> DateRange:
    """`2026-12-24T12:00/2026-12-26 yearly`. An end without time is that day's end, no end that of
    the first day. Raises Rejected(dates)."""
    example = "Write it as 2026-12-24/2026-12-26 yearly, or 2026-12-24T12:00/2026-12-24T18:00."
    words = written.split()
    if not words:
        raise Rejected("dates", "no date is given.", example)
    start_text, _, end_text = words[0].partition("/")
    start, end = _moment(start_text, at_end=False), _moment(end_text or start_text, at_end=True)
    if not end_text and "T" in start_text:
        raise Rejected("dates", f"{words[0]!r} has no end.", example)
    until: date | None = None
    if len(words) > 2 and words[-2].lower() == "until":
        until = day(words[-1], "dates")
        words = words[:-2]
    if len(words) > 3:
        raise Rejected("dates", f"{words[3]!r} was not understood.", example)
    repeat = choice(Repeat, words[1], "dates") if len(words) > 1 else Repeat.NONE
    every = small_number(words[2] if len(words) > 2 else "1")
    if every is None:
        message = f"{shown(words[2])} is no number."
        raise Rejected("dates", message, "Write every second week as weekly 2.")
    return DateRange(start=start, end=end, repeat=repeat, every=every, until=until)


def parse_calendar(written: str) -> HolidayCalendar:
    """`US-CA,next_workday,Christmas Day;New Year's Day`. Raises Rejected(holidays)."""
    place, _, rest = written.strip().partition(",")
    observed, _, names = rest.partition(",")
    country, _, region = place.strip().partition("-")
    if not country:
        raise Rejected("holidays", "no country is given.", "Write it as US, US-CA or DE-BY.")
    ticked = frozenset(name.strip() for name in names.split(";") if name.strip())
    return HolidayCalendar(
        country=country.upper(),
        region=region or None,
        names=ticked or None,
        observance=_observance(observed),
    )


def parse_own_day(written: str) -> OwnHoliday:
    """`12-24,Christmas Eve` for every year, `2026-05-04` for one. Raises Rejected(days)."""
    when, _, rest = written.strip().partition(",")
    name, comma, observed = rest.rpartition(",")
    if not comma or observed.strip() not in {each.value for each in Observance}:
        name, observed = rest, ""
    match = _DAY_OF_YEAR.fullmatch(when.strip())
    if match is None:
        remedy = "Write it as 12-24, or 2026-12-24 for one year."
        raise Rejected("days", f"{when!r} is no day.", remedy)
    year, month, number = match.groups()
    return OwnHoliday(
        month=int(month),
        day=int(number),
        year=int(year) if year else None,
        name=name.strip(),
        observance=_observance(observed),
    )


def part_text(part: Part) -> str:
    """A part as it is typed: what reads it makes the same part of it."""
    match part:
        case WeeklyHours():
            return f"{days_text(part.weekdays)} {clock(part.start)}-{clock(part.end)}"
        case DateRange():
            start, end = (at.isoformat(timespec="minutes") for at in (part.start, part.end))
            every = f" {part.every}" if part.every != 1 else ""
            repeat = f" {part.repeat.value}{every}" if part.repeat is not Repeat.NONE else ""
            until = f" until {part.until}" if part.until is not None else ""
            return f"{start}/{end}{repeat}{until}"
        case HolidayCalendar():
            region = f"-{part.region}" if part.region else ""
            names = f",{';'.join(sorted(part.names))}" if part.names is not None else ""
            return f"{part.country}{region},{part.observance.value}{names}"
        case OwnHoliday():
            year = f"{part.year:04}-" if part.year is not None else ""
            return f"{year}{part.month:02}-{part.day:02},{part.name},{part.observance.value}"


def _one_range(written: str) -> tuple[Part, ...]:
    return (parse_range(written),)


def _one_calendar(written: str) -> tuple[Part, ...]:
    return (parse_calendar(written),)


def _one_day(written: str) -> tuple[Part, ...]:
    return (parse_own_day(written),)


def _replaced(
    attempts: Attempts,
    parts: list[Part],
    sort: type[Part],
    given: tuple[str, ...] | None,
    parse: Callable[[str], tuple[Part, ...]],
) -> list[Part]:
    """The parts with those of one sort replaced by what was typed."""
    if given is None:
        return parts
    none: tuple[Part, ...] = ()
    found = [part for text in given if text.strip() for part in attempts.read(none, parse, text)]
    return [*(part for part in parts if not isinstance(part, sort)), *found]


def _weekday(written: str, field: str) -> int:
    for index, name in enumerate(WEEKDAYS, 1):
        if written[:3] == name:
            return index
    there = ", ".join(WEEKDAYS)
    raise Rejected(field, f"{written!r} is no day of the week.", f"There are {there}.")


def _moment(written: str, *, at_end: bool) -> datetime:
    try:
        if "T" in written:
            moment = datetime.fromisoformat(written)
        else:
            moment = datetime.combine(date.fromisoformat(written), time.min)
            moment += timedelta(days=1) if at_end else timedelta()
    except (ValueError, OverflowError):
        remedy = "Write it as 2026-12-24, or 2026-12-24T12:00."
        raise Rejected("dates", f"{written!r} is no day.", remedy) from None
    if moment.tzinfo is not None:
        message = f"{written!r} has a time zone."
        raise Rejected("dates", message, "Leave it out; --time-zone is the frame's.")
    return moment.replace(second=0, microsecond=0)


def _observance(written: str) -> Observance:
    text = written.strip()
    return choice(Observance, text, "holidays") if text else Observance.SAME_DAY
