"""Made-up time frames, rules and moments on the edges: clock changes, leap days, New Year."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.numbers import Handling, Number, NumberRule
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    TimeFrame,
    WeeklyHours,
)

ZONES = (
    "America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe",
    "America/Santiago", "Asia/Kathmandu", "Etc/UTC", "Pacific/Auckland", "Africa/Casablanca",
)  # fmt: skip
CALENDARS = (("US", "CA"), ("US", None), ("DE", "BY"), ("AU", "NSW"), ("GB", "SCT"))
MONTHLY_DAYS = (28, 29, 30, 31)


def frame(dice: Random, name: str) -> TimeFrame:
    """A frame of one to three parts of any sort."""
    if dice.random() < 0.05:
        return TimeFrame(name=name, kind=FrameKind.ALWAYS)
    parts = tuple(part(dice) for _ in range(dice.randrange(1, 4)))
    zone = dice.choice(ZONES) if dice.random() < 0.2 else None
    return TimeFrame(name=name, kind=FrameKind.CUSTOM, parts=parts, time_zone=zone)


def part(dice: Random) -> Part:
    """Weekly hours, dates, a calendar or a day of the firm's own."""
    sort = dice.random()
    if sort < 0.4:
        start = dice.choice((0, 60, 90, 120, 150, 480, 1320, 1439))
        end = dice.choice((90, 120, 150, 180, 360, 1020, 1440))
        days = frozenset(dice.sample(range(1, 8), dice.randrange(1, 8)))
        return WeeklyHours(weekdays=days, start=start, end=end if end != start else 1440)
    if sort < 0.7:
        return dates(dice)
    if sort < 0.9:
        country, region = dice.choice(CALENDARS)
        return HolidayCalendar(
            country=country, region=region, observance=dice.choice(list(Observance))
        )
    month = dice.choice((1, 2, 12))
    return OwnHoliday(
        month=month,
        day=dice.choice((1, 29 if month == 2 else 31, 26)),
        year=dice.choice((None, None, 2026, 2028)),
        observance=dice.choice(list(Observance)),
    )


def dates(dice: Random) -> DateRange:
    """A range that begins on an awkward day."""
    month = dice.choice((1, 2, 3, 10, 12))
    day = dice.choice((1, 27, 28) if month == 2 else MONTHLY_DAYS)
    hour, minute = dice.choice((0, 2, 23)), dice.choice((0, 30))
    start = datetime.fromisoformat(f"2024-{month:02}-{day:02}T{hour:02}:{minute:02}")
    if dice.random() < 0.2:
        start = datetime.fromisoformat("2024-02-29T01:00")
    return DateRange(
        start=start,
        end=start + timedelta(minutes=dice.choice((1, 30, 90, 1440, 3 * 1440, 40 * 1440))),
        repeat=dice.choice(list(Repeat)),
        every=dice.choice((1, 1, 2, 3, 7)),
        until=dice.choice((None, None, date(2026, 3, 29), date(2027, 12, 31))),
    )


def moment(dice: Random, zone: str) -> datetime:
    """An instant at or beside an edge of the zone's clocks or of the calendar, 2025 to 2030."""
    year = dice.randrange(2025, 2031)
    sort = dice.random()
    if sort < 0.4:
        edge = dice.choice(changes(zone, year))
        return edge + timedelta(minutes=dice.choice((-61, -31, -1, 0, 1, 59)))
    if sort < 0.7:
        month, day = dice.choice(((1, 1), (12, 31), (3, 1), (2, 28), (7, 4), (12, 25), (12, 26)))
        wall = datetime(year, month, day, tzinfo=ZoneInfo(zone))
        return (wall + timedelta(minutes=dice.choice((-1, 0, 1, 720)))).astimezone(UTC)
    start = datetime(year, 1, 1, tzinfo=UTC)
    return start + timedelta(minutes=dice.randrange(366 * 1440))


def asked_moment(dice: Random, zone: str) -> datetime:
    """A time without an offset, as a person asks for it, about a change of the zone's clocks: of
    those that they skip and those that they show twice, too."""
    change = dice.choice(changes(zone, dice.randrange(2025, 2031)))
    wall = (change - timedelta(hours=2)).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return wall + timedelta(minutes=dice.choice((0, 59, 60, 75, 90, 119, 120, 150, 179, 180)))


@cache
def changes(zone: str, year: int) -> tuple[datetime, ...]:
    """The instants at which the zone changes its clocks in a year; New Year where it does not."""
    info = ZoneInfo(zone)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=h) for h in range(365 * 24)]
    found = [
        later
        for earlier, later in pairwise(hours)
        if earlier.astimezone(info).utcoffset() != later.astimezone(info).utcoffset()
    ]
    return tuple(found or hours[:1])


def number(dice: Random, frames: list[TimeFrame]) -> Number:
    """A number with up to six rules; some name frames that do not exist."""
    names = [f.name for f in frames] + ["gone"]
    return Number(
        number=E164("+18005550100"),
        default=Handling(treatment=dice.choice(("voicemail", "available")), destination="100"),
        rules=tuple(
            NumberRule(
                frame=dice.choice(names),
                handling=Handling(
                    treatment=dice.choice(("user", "call_queue", "available")),
                    destination=str(200 + index),
                ),
            )
            for index in range(dice.randrange(7))
        ),
        time_zone=dice.choice((None, None, dice.choice(ZONES))),
        enabled=dice.random() > 0.05,
        enable_on=dice.choice((None, None, None, date(2026, 1, 1))),
        disable_on=dice.choice((None, None, None, date(2029, 12, 31))),
    )
