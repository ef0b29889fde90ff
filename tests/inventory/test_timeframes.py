"""Time frames at the edges: midnight, clock changes, leap days, weekends; and their occurrences."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import holidays as calendars
import pytest
from dateutil import rrule

from provisiond.inventory.errors import Rejected
from provisiond.inventory.holiday_calendars import Observance, check_calendar, countries
from provisiond.inventory.occurrences import next_occurrences, spans
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    TimeFrame,
    WeeklyHours,
    holds,
    last_start,
    minutes_of,
)
from tests.inventory.made_up_frames import ZONES, frame, moment
from tests.inventory.work import calls

NEW_YORK = "America/New_York"
FIRST, LAST = datetime.combine(date.min, time.min), datetime.combine(date.max, time.max)


def of(*parts: Part) -> TimeFrame:
    return TimeFrame(name="forward", kind=FrameKind.CUSTOM, parts=parts)


def at(zone: str, *wall: int, fold: int = 0) -> datetime:
    return datetime(*wall, tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)  # type: ignore[misc,arg-type]


def hours(*days: int, start: int, end: int) -> WeeklyHours:
    return WeeklyHours(weekdays=frozenset(days), start=start, end=end)


def test_the_last_minute_is_in_and_the_end_is_not() -> None:
    office = of(hours(1, start=480, end=1020))
    assert holds(office, at(NEW_YORK, 2026, 6, 1, 16, 59), NEW_YORK)
    assert not holds(office, at(NEW_YORK, 2026, 6, 1, 17, 0), NEW_YORK)


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    night = of(hours(6, start=1320, end=360))
    assert holds(night, at(NEW_YORK, 2026, 6, 7, 5, 59), NEW_YORK)
    assert not holds(night, at(NEW_YORK, 2026, 6, 8, 5, 59), NEW_YORK)
    assert not holds(night, at(NEW_YORK, 2026, 6, 6, 5, 59), NEW_YORK)


def test_two_ranges_a_day_and_those_that_touch_are_one() -> None:
    frame = of(hours(1, start=480, end=720), hours(1, start=780, end=1020))
    assert minutes_of(frame, date(2026, 6, 1)) == ((480, 720), (780, 1020))
    touching = of(hours(1, start=480, end=720), hours(1, start=720, end=1020))
    assert minutes_of(touching, date(2026, 6, 1)) == ((480, 1020),)


def test_an_hour_that_the_clocks_skip_is_not_there() -> None:
    frame = of(hours(7, start=120, end=180))  # 02:00 to 03:00 on 8 March 2026
    day = (at(NEW_YORK, 2026, 3, 8), at(NEW_YORK, 2026, 3, 9))
    assert spans(frame, *day, NEW_YORK) == ()


def test_an_hour_that_the_clocks_show_twice_is_in_it_twice() -> None:
    frame = of(hours(7, start=75, end=105))  # 01:15 to 01:45 on 1 November 2026
    day = (at(NEW_YORK, 2026, 11, 1), at(NEW_YORK, 2026, 11, 2))
    assert spans(frame, *day, NEW_YORK) == (
        (at(NEW_YORK, 2026, 11, 1, 1, 15), at(NEW_YORK, 2026, 11, 1, 1, 45)),
        (at(NEW_YORK, 2026, 11, 1, 1, 15, fold=1), at(NEW_YORK, 2026, 11, 1, 1, 45, fold=1)),
    )


def test_a_night_over_a_clock_change_has_its_real_length() -> None:
    night = of(hours(6, start=1320, end=360))
    assert next_occurrences(night, at(NEW_YORK, 2026, 10, 31, 12), NEW_YORK, 1) == (
        (datetime(2026, 11, 1, 2, tzinfo=UTC), datetime(2026, 11, 1, 11, tzinfo=UTC)),
    )


def test_the_31st_comes_in_months_that_have_it_and_the_29th_of_february_in_leap_years() -> None:
    start = datetime.fromisoformat("2024-01-31T09:00")
    end = start + timedelta(hours=1)
    monthly = of(DateRange(start=start, end=end, repeat=Repeat.MONTHLY))
    found = next_occurrences(monthly, datetime(2026, 1, 1, tzinfo=UTC), "Etc/UTC", 4)
    assert [start and start.month for start, _ in found] == [1, 3, 5, 7]
    leap = datetime.fromisoformat("2024-02-29")
    yearly = of(DateRange(start=leap, end=leap + timedelta(days=1), repeat=Repeat.YEARLY))
    found = next_occurrences(yearly, datetime(2025, 1, 1, tzinfo=UTC), "Etc/UTC", 1)
    assert found[0][0] == datetime(2028, 2, 29, tzinfo=UTC)


def test_a_repetition_ends_with_the_last_that_begins_by_its_end_date() -> None:
    start = datetime.fromisoformat("2026-01-01T22:00")
    part = DateRange(
        start=start,
        end=start + timedelta(hours=4),
        repeat=Repeat.DAILY,
        every=2,
        until=date(2026, 1, 5),
    )
    found = next_occurrences(of(part), datetime(2026, 1, 1, tzinfo=UTC), "Etc/UTC", 9)
    assert [start and start.day for start, _ in found] == [1, 3, 5]
    assert found[-1][1] == datetime(2026, 1, 6, 2, tzinfo=UTC)


FREQUENCIES = {
    Repeat.DAILY: rrule.DAILY,
    Repeat.WEEKLY: rrule.WEEKLY,
    Repeat.MONTHLY: rrule.MONTHLY,
    Repeat.YEARLY: rrule.YEARLY,
}


def made_up_range(dice: Random) -> DateRange:
    """A repeated range, near the ends of the calendar, a leap day or a century as often as not."""
    year = dice.choice((1, 1896, 1900, 1999, 2000, 2023, 2024, 2096, 9600, 9990))
    month, day = dice.choice(((1, 31), (2, 28), (3, 30), (5, 31), (12, 31), (6, 1), (1, 29)))
    if year in (1896, 2000, 2024, 2096, 9600) and dice.random() < 0.5:
        month, day = 2, 29
    start = datetime.fromisoformat(f"{year:04}-{month:02}-{day:02}T{dice.choice((0, 8, 23)):02}:30")
    length = timedelta(minutes=dice.choice((1, 90, 1440, 40 * 1440, 366 * 1440)))
    until = start.date() + timedelta(days=dice.choice((0, 1, 40, 366, 3000)))
    return DateRange(
        start=start,
        end=min(start + length, LAST.replace(second=0, microsecond=0)),
        repeat=dice.choice(list(FREQUENCIES)),
        every=dice.choice((1, 1, 2, 3, 4, 7, 25, 100, 999)),
        until=dice.choice((None, until)) if year < 9990 else None,
    )


def test_repetitions_are_those_of_rfc_5545() -> None:
    """4,000 ranges: the last that began, and the minutes of a day, as dateutil walks to them."""
    dice = Random(5545)
    found = 0
    for _ in range(4_000):
        part = made_up_range(dice)
        until = datetime.combine(part.until, time.max) if part.until else None
        rule = rrule.rrule(
            FREQUENCIES[part.repeat],  # type: ignore[arg-type]
            dtstart=part.start,
            interval=part.every,
            until=until,
        )
        away = timedelta(days=dice.choice((-400, -1, 0, 1, 31, 365, 366, 1461, 3653)))
        away += timedelta(minutes=dice.choice((-1, 0, 1)))
        at = min(max(part.start, FIRST + abs(away)), LAST - abs(away)) + away
        assert last_start(part, at) == rule.before(at, inc=True), (part, at)
        found += _walked(rule, part, at.date())
    assert found > 1_000


def _walked(rule: rrule.rrule, part: DateRange, day: date) -> bool:
    """Whether anything of the day is in the range, of which the minutes are compared."""
    midnight = datetime.combine(day, time.min)
    low = midnight - min(part.end - part.start, midnight - FIRST)
    begun = rule.between(low, datetime.combine(day, time.max), inc=True)
    minutes = {
        minute
        for start in begun
        for minute in range(
            max(0, (start - midnight) // timedelta(minutes=1)),
            min(1440, (start - midnight + part.end - part.start) // timedelta(minutes=1)),
        )
    }
    ours = minutes_of(of(part), day)
    assert {m for first, last in ours for m in range(first, last)} == minutes, (part, day)
    return bool(minutes)


@pytest.mark.parametrize("repeat", FREQUENCIES)
def test_a_range_since_1900_is_as_much_work_as_one_of_today(repeat: Repeat) -> None:
    start = datetime.fromisoformat("1904-02-29T08:00")
    part = DateRange(start=start, end=start + timedelta(days=366), repeat=repeat)
    for year in (1904, 2026, 9999):
        work = calls(lambda year=year: minutes_of(of(part), date(year, 12, 31)))  # type: ignore[misc]
        assert 1 <= work["last_start"] <= 2
        assert work["_months_later"] <= 16


def test_threads_that_ask_for_a_range_that_is_over_all_get_an_answer() -> None:
    start = datetime.fromisoformat("2020-01-01T08:00")
    begin = Barrier(4)
    answers: list[object] = []

    def ask(until: date) -> None:
        end = start + timedelta(hours=1)
        part = DateRange(start=start, end=end, repeat=Repeat.DAILY, until=until)
        begin.wait()
        answers.append(minutes_of(of(part), date(2026, 1, 1)))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for days in range(60, 100):
            until = start.date() + timedelta(days=days)
            threads = [Thread(target=ask, args=(until,), daemon=True) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            assert not any(thread.is_alive() for thread in threads), until
    finally:
        sys.setswitchinterval(before)
    assert answers == [()] * 160


@pytest.mark.parametrize(
    ("observance", "kept"),
    [
        (Observance.SAME_DAY, [date(2027, 12, 25), date(2027, 12, 26)]),
        (Observance.NEXT_WORKDAY, [date(2027, 12, 27), date(2027, 12, 28)]),
        (Observance.PREVIOUS_WORKDAY, [date(2027, 12, 23), date(2027, 12, 24)]),
        (Observance.NEAREST_WORKDAY, [date(2027, 12, 24), date(2027, 12, 27)]),
    ],
)
def test_a_holiday_on_a_weekend_is_kept_as_the_office_says(
    observance: Observance, kept: list[date]
) -> None:
    """Christmas of 2027 in Germany: Saturday and Sunday."""
    calendar = of(HolidayCalendar(country="DE", observance=observance))
    days = [date(2027, 12, day) for day in range(20, 31)]
    assert [day for day in days if minutes_of(calendar, day)] == kept


@pytest.mark.parametrize(
    ("country", "region", "observance", "not_moved"),
    [
        ("GB", None, Observance.NEXT_WORKDAY, ()),
        ("GB", "SCT", Observance.NEXT_WORKDAY, ()),
        ("NZ", None, Observance.NEXT_WORKDAY, ()),
        ("AU", "NSW", Observance.NEXT_WORKDAY, ("ANZAC Day", "ANZAC Day (observed)")),
        ("AU", "QLD", Observance.NEXT_WORKDAY, ("ANZAC Day", "ANZAC Day (observed)")),
        ("US", None, Observance.NEAREST_WORKDAY, ()),
    ],
)
def test_the_workday_off_is_the_one_that_the_country_itself_keeps(
    country: str, region: str | None, observance: Observance, not_moved: tuple[str, ...]
) -> None:
    """Workdays off since New Zealand moves all of its holidays (2014), as `holidays` knows the
    law: among them Christmas and Boxing Day on one weekend (2021, 2027), and Easter Sunday, for
    which nobody gets a day."""
    language = getattr(calendars, country).default_language

    def of_library(year: int, *, observed: bool) -> calendars.HolidayBase:
        return calendars.country_holidays(
            country, subdiv=region, years=year, observed=observed, language=language
        )

    for year in range(2014, 2031):
        law, bare = of_library(year, observed=True), of_library(year, observed=False)
        names = {name for day in bare for name in bare.get_list(day)} - {*not_moved}
        calendar = HolidayCalendar(
            country=country,
            region=region,
            names=frozenset(names),
            observance=observance,
        )
        days = (date(year, 1, 1) + timedelta(days=count) for count in range(366))
        ours = {day for day in days if day.year == year and minutes_of(of(calendar), day)}
        theirs = {day for day in law if day.year == year and {*law.get_list(day)} - {*not_moved}}
        assert {day for day in ours if day.isoweekday() < 6} == {
            day for day in theirs if day.isoweekday() < 6
        }, year


def test_holidays_of_one_frame_share_no_workday() -> None:
    """The firm's Boxing Day beside Germany's Christmas of 2022 (Sunday, Monday), and by itself."""
    later = Observance.NEXT_WORKDAY
    eve = OwnHoliday(month=12, day=24, observance=later)
    days = [date(2022, 12, day) for day in range(23, 32)]
    alone = of(eve, OwnHoliday(month=12, day=25, observance=later))
    assert [day.day for day in days if minutes_of(alone, day)] == [26, 27]
    beside = of(eve, HolidayCalendar(country="DE", observance=later))
    assert [day.day for day in days if minutes_of(beside, day)] == [26, 27, 28]
    twice = of(eve, eve, OwnHoliday(month=12, day=24, observance=later, name="Eve"))
    assert [day.day for day in days if minutes_of(twice, day)] == [26]


def test_new_year_on_a_saturday_is_kept_in_the_old_year() -> None:
    calendar = of(HolidayCalendar(country="US", observance=Observance.PREVIOUS_WORKDAY))
    assert minutes_of(calendar, date(2027, 12, 31)) == ((0, 1440),)
    own = of(OwnHoliday(month=1, day=1, observance=Observance.PREVIOUS_WORKDAY))
    assert minutes_of(own, date(2027, 12, 31)) == ((0, 1440),)


def test_only_the_ticked_holidays_are_kept() -> None:
    calendar = of(HolidayCalendar(country="US", names=frozenset({"Christmas Day"})))
    assert minutes_of(calendar, date(2026, 12, 25))
    assert not minutes_of(calendar, date(2026, 11, 26))


def test_a_region_has_holidays_of_its_own() -> None:
    assert minutes_of(of(HolidayCalendar(country="DE", region="BY")), date(2026, 1, 6))
    assert not minutes_of(of(HolidayCalendar(country="DE")), date(2026, 1, 6))


def test_a_calendar_that_does_not_exist_is_refused_with_those_that_do() -> None:
    assert "US" in countries()
    with pytest.raises(Rejected, match="no holiday calendar of 'XX'"):
        check_calendar("XX", None)
    with pytest.raises(Rejected, match="BY") as refused:
        check_calendar("DE", "Bavaria")
    assert refused.value.field == "region"


def test_a_frame_reads_its_own_zone_before_the_asker_s() -> None:
    frame = TimeFrame(
        name="x",
        kind=FrameKind.WEEKLY,
        parts=(hours(1, start=0, end=60),),
        time_zone="Europe/Berlin",
    )
    assert holds(frame, at("Europe/Berlin", 2026, 6, 1, 0, 30), NEW_YORK)


@pytest.mark.parametrize("day", [date.min, date(2026, 6, 1), date.max])
def test_dates_at_the_ends_of_the_calendar_are_dates(day: date) -> None:
    for repeat in (Repeat.NONE, Repeat.YEARLY):
        part = DateRange(start=FIRST, end=LAST, repeat=repeat)
        assert minutes_of(of(part), day)[0][0] == 0
    late = DateRange(start=LAST.replace(hour=8, minute=0), end=LAST)
    assert minutes_of(of(late), day) == (((480, 1439),) if day == date.max else ())
    for number in (1, 10**30):
        assert minutes_of(of(OwnHoliday(month=13, day=number, year=number)), day) == ()


def test_what_always_holds_has_no_beginning_and_no_end() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for always in (
        TimeFrame(name="Always", kind=FrameKind.ALWAYS),
        of(hours(1, 2, 3, 4, 5, 6, 7, start=0, end=1440)),
    ):
        assert next_occurrences(always, now, NEW_YORK) == ((None, None),)


def test_what_began_long_ago_has_no_beginning_and_what_ends_far_away_no_end() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for start, end, told in (
        (2020, 2027, (None, datetime(2027, 1, 1, tzinfo=UTC))),
        (2028, 2100, (datetime(2028, 1, 1, tzinfo=UTC), None)),
    ):
        day, far = (datetime.fromisoformat(f"{year}-01-01") for year in (start, end))
        assert next_occurrences(of(DateRange(start=day, end=far)), now, "Etc/UTC") == (told,)


def test_spans_hold_exactly_the_instants_at_which_the_frame_holds() -> None:
    dice = Random(7)
    checked = 0
    for _ in range(400):
        made, zone = frame(dice, "f"), dice.choice(ZONES)
        for _ in range(5):
            instant = moment(dice, made.time_zone or zone)
            low, high = instant - timedelta(days=2), instant + timedelta(days=2)
            found = spans(made, low, high, zone)
            assert found == tuple(sorted(found))
            inside = any(start <= instant < end for start, end in found)
            assert inside == holds(made, instant, zone), (made, instant, zone)
            checked += inside
    assert checked > 300


@pytest.mark.parametrize("locale", ["C", "en_US.UTF-8", "de_DE.UTF-8"])
def test_holidays_are_called_the_same_whatever_the_locale_of_the_process(locale: str) -> None:
    program = (
        "from provisiond.inventory.holiday_calendars import holidays_around\n"
        "print(sorted(holidays_around('DE', 'BY', 2027).days.items())[1][1])"
    )
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LANGUAGE": locale, "LANG": locale, "LC_ALL": locale},
    )
    assert done.stdout == "('Zweiter Weihnachtstag',)\n"
