"""A zone's rule is what phones are told: offsets, shift, and transitions that hold for years."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from provisiond.inventory.errors import Rejected
from provisiond.inventory.time_zone import Transition, zone_rule

SUNDAY, THURSDAY, FRIDAY, SATURDAY = 7, 4, 5, 6
# month, weekday, week, on or after, minute
Rule = tuple[int, int, int, int, int]


def told(transition: Transition | None) -> Rule | None:
    if transition is None:
        return None
    t = transition
    return t.month, t.weekday, t.week, t.on_or_after, t.minute


@pytest.mark.parametrize(
    ("name", "offset", "shift", "start", "end"),
    [
        ("America/New_York", -300, 60, (3, 7, 2, 8, 120), (11, 7, 1, 1, 120)),
        ("America/St_Johns", -210, 60, (3, 7, 2, 8, 120), (11, 7, 1, 1, 120)),
        ("America/Havana", -300, 60, (3, 7, 2, 8, 0), (11, 7, 1, 1, 60)),
        ("Europe/London", 0, 60, (3, 7, 5, 25, 60), (10, 7, 5, 25, 120)),
        ("Europe/Dublin", 0, 60, (3, 7, 5, 25, 60), (10, 7, 5, 25, 120)),
        ("Europe/Berlin", 60, 60, (3, 7, 5, 25, 120), (10, 7, 5, 25, 180)),
        ("Europe/Athens", 120, 60, (3, 7, 5, 25, 180), (10, 7, 5, 25, 240)),
        ("Asia/Jerusalem", 120, 60, (3, 5, 0, 23, 120), (10, 7, 5, 25, 120)),
        ("Asia/Beirut", 120, 60, (3, 7, 5, 25, 0), (10, 7, 5, 25, 0)),
        ("Australia/Sydney", 600, 60, (10, 7, 1, 1, 120), (4, 7, 1, 1, 180)),
        ("Australia/Lord_Howe", 630, 30, (10, 7, 1, 1, 120), (4, 7, 1, 1, 120)),
        ("Pacific/Auckland", 720, 60, (9, 7, 5, 24, 120), (4, 7, 1, 1, 180)),
        ("Pacific/Chatham", 765, 60, (9, 7, 5, 24, 165), (4, 7, 1, 1, 225)),
        ("Antarctica/Troll", 0, 120, (3, 7, 5, 25, 60), (10, 7, 5, 25, 180)),
        # 24:00 on Saturday is Sunday 0:00
        ("America/Santiago", -240, 60, (9, 7, 0, 2, 0), (4, 7, 0, 2, 0)),
        # 24:00 on the last Thursday may be a Friday of the next month: said as 23:59
        ("Africa/Cairo", 120, 60, (4, 5, 5, 24, 0), (10, 4, 5, 25, 1439)),
        ("America/Phoenix", -420, 0, None, None),
        ("America/Mexico_City", -360, 0, None, None),
        ("Asia/Kolkata", 330, 0, None, None),
        ("Asia/Kathmandu", 345, 0, None, None),
        ("Etc/UTC", 0, 0, None, None),
    ],
)
def test_rules_of_the_world(
    name: str, offset: int, shift: int, start: Rule | None, end: Rule | None
) -> None:
    rule = zone_rule(name, 2026)
    assert (rule.name, rule.offset, rule.shift, rule.regular) == (name, offset, shift, True)
    assert told(rule.start) == start
    assert told(rule.end) == end


@pytest.mark.parametrize(
    ("name", "year", "start", "end"),
    [
        ("America/New_York", 2026, (3, 8), (11, 1)),
        ("America/New_York", 2027, (3, 14), (11, 7)),
        ("Asia/Jerusalem", 2026, (3, 27), (10, 25)),
        ("America/Santiago", 2026, (9, 6), (4, 5)),
        ("America/Santiago", 2029, (9, 2), (4, 8)),
    ],
)
def test_dates_are_the_years_own(
    name: str, year: int, start: tuple[int, int], end: tuple[int, int]
) -> None:
    rule = zone_rule(name, year)
    assert rule.start is not None
    assert rule.end is not None
    assert (rule.start.month, rule.start.day) == start
    assert (rule.end.month, rule.end.day) == end


def test_morocco_has_no_rule() -> None:
    rule = zone_rule("Africa/Casablanca", 2026)
    assert (rule.offset, rule.shift, rule.regular) == (0, 60, False)
    assert rule.start is not None
    assert rule.end is not None
    assert (rule.start.week, rule.start.on_or_after) == (0, 0)


@pytest.mark.parametrize(("name", "year"), [("Africa/Casablanca", 2029), ("Africa/Cairo", 2010)])
def test_a_year_with_three_or_four_changes_has_no_two_transitions(name: str, year: int) -> None:
    rule = zone_rule(name, year)
    assert (rule.shift, rule.start, rule.end, rule.regular) == (60, None, None, False)


def test_one_change_for_good_is_no_daylight_saving() -> None:
    # Turkey kept its summer time in 2016 for good.
    rule = zone_rule("Europe/Istanbul", 2016)
    assert (rule.offset, rule.shift, rule.start, rule.regular) == (180, 0, None, False)
    assert zone_rule("Europe/Istanbul", 2026).regular


def test_a_rule_that_ends_within_ten_years_is_not_regular() -> None:
    # Mexico had its last summer time in 2022.
    rule = zone_rule("America/Mexico_City", 2020)
    assert (rule.shift, rule.regular) == (60, False)
    assert rule.start is not None
    assert (rule.start.day, rule.start.week) == (5, 0)


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "", "../etc/passwd", "/etc/passwd", "Europe", "a\0b"]
)
def test_a_name_that_is_no_zone_is_rejected_in_words(name: str) -> None:
    with pytest.raises(Rejected, match="is no time zone") as refused:
        zone_rule(name, 2026)
    assert refused.value.field == "time_zone"


def wall(year: int, transition: Transition) -> datetime:
    """When the told rule says that the clocks change in `year`, in wall-clock time."""
    t = transition
    if t.on_or_after:
        day = datetime(year, t.month, t.on_or_after)  # noqa: DTZ001 - a wall clock
        while day.isoweekday() != t.weekday:
            day += timedelta(days=1)
    else:
        day = datetime(year, t.month, t.day)  # noqa: DTZ001
    return day + timedelta(minutes=t.minute)


@pytest.mark.parametrize("name", sorted(available_timezones() - {"localtime"})[::7])
def test_the_told_rule_gives_the_zones_own_time(name: str) -> None:
    rule = zone_rule(name, 2026)
    zone = ZoneInfo(name)
    for year in range(2026, 2036) if rule.regular else (2026,):
        for hours in range(0, 366 * 24, 97):
            instant = datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
            summer = False
            if rule.start is not None and rule.end is not None:
                on = wall(instant.year, rule.start) - timedelta(minutes=rule.offset)
                off = wall(instant.year, rule.end) - timedelta(minutes=rule.offset + rule.shift)
                at = instant.replace(tzinfo=None)
                summer = on <= at < off if on < off else not off <= at < on
            offset = zone.utcoffset(instant.astimezone(zone).replace(tzinfo=None))
            actual = instant.astimezone(zone).utcoffset()
            assert actual is not None
            assert offset is not None
            expected = rule.offset + (rule.shift if summer else 0)
            assert actual == timedelta(minutes=expected), (name, instant)
