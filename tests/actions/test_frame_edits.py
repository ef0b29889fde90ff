"""Time frames are typed as people write them, and written as they are typed."""

from dataclasses import replace
from datetime import date, datetime
from random import Random

import pytest

from provisiond.actions.frame_edits import (
    FrameEdit,
    edited_frame,
    kind_of,
    parse_calendar,
    parse_days,
    parse_hours,
    parse_own_day,
    parse_range,
    part_text,
)
from provisiond.actions.number_merge import merge_frame
from provisiond.actions.number_schema import FrameEntry
from provisiond.actions.number_trees import frame_tree
from provisiond.inventory.errors import Rejected, RejectedAll
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.number_faults import frame_faults
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Repeat,
    TimeFrame,
    WeeklyHours,
    arranged,
)
from tests.inventory.made_up_frames import frame as made_up_frame

WEEK = frozenset({1, 2, 3, 4, 5})
ALWAYS = TimeFrame(name="x", kind=FrameKind.ALWAYS)


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("mon-fri", {1, 2, 3, 4, 5}),
        ("Sat, Sun", {6, 7}),
        ("fri-mon", {5, 6, 7, 1}),
        ("tuesday", {2}),
        ("daily", {1, 2, 3, 4, 5, 6, 7}),
    ],
)
def test_days_of_the_week(written: str, days: set[int]) -> None:
    assert parse_days(written) == days


def test_hours_are_a_part_a_range() -> None:
    assert parse_hours("mon-fri 8:00-12:00,13-17.30") == (
        WeeklyHours(weekdays=WEEK, start=480, end=720),
        WeeklyHours(weekdays=WEEK, start=780, end=1050),
    )
    assert parse_hours("sat 22:00-02:00") == (
        WeeklyHours(weekdays=frozenset({6}), start=1320, end=120),
    )
    assert parse_hours("sun 00:00-24:00")[0] == WeeklyHours(weekdays=frozenset({7}))


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2026-12-24", "2026-12-24T00:00", "2026-12-25T00:00"),
        ("2026-12-24/2026-12-26", "2026-12-24T00:00", "2026-12-27T00:00"),
        ("2026-12-24T12:00/2026-12-24T18:00", "2026-12-24T12:00", "2026-12-24T18:00"),
    ],
)
def test_dates_without_times_are_whole_days(written: str, start: str, end: str) -> None:
    made = parse_range(written)
    assert (made.start, made.end) == (
        datetime.fromisoformat(start),
        datetime.fromisoformat(end),
    )


def test_dates_come_again() -> None:
    made = parse_range("2026-01-05/2026-01-05 weekly 2 until 2026-12-31")
    assert (made.repeat, made.every, made.until) == (Repeat.WEEKLY, 2, date(2026, 12, 31))
    assert parse_range("2026-01-05 yearly").repeat is Repeat.YEARLY


def test_holidays() -> None:
    assert parse_calendar("us-CA,next_workday") == HolidayCalendar(
        country="US", region="CA", observance=Observance.NEXT_WORKDAY
    )
    ticked = parse_calendar("US,,Christmas Day;New Year's Day")
    assert ticked.names == frozenset({"Christmas Day", "New Year's Day"})
    assert parse_own_day("12-24") == OwnHoliday(month=12, day=24)
    assert parse_own_day("2026-05-04,Move, and party,previous_workday") == OwnHoliday(
        month=5,
        day=4,
        year=2026,
        name="Move, and party",
        observance=Observance.PREVIOUS_WORKDAY,
    )


@pytest.mark.parametrize(
    ("parse", "written"),
    [
        (parse_hours, "mon-fri"),
        (parse_hours, "08:00-17:00"),
        (parse_hours, "mon 08:00"),
        (parse_hours, "mon 08:61-09:00"),
        (parse_hours, "mon 08:00-25:00"),
        (parse_hours, "someday 08:00-09:00"),
        (parse_range, ""),
        (parse_range, "tomorrow"),
        (parse_range, "2026-12-24T12:00"),
        (parse_range, "2026-12-24T12:00Z/2026-12-24T13:00Z"),
        (parse_range, "2026-12-24 hourly"),
        (parse_range, "2026-12-24 yearly two"),
        (parse_range, "2026-12-24 yearly " + "9" * 5000),
        (parse_range, "99999-12-24"),
        (parse_range, "2026-12-24 yearly 1 2"),
        (parse_range, "2026-12-24 until never"),
        (parse_range, "9999-12-31"),
        (parse_calendar, ",next_workday"),
        (parse_calendar, "US,someday"),
        (parse_own_day, "Christmas"),
        (parse_own_day, "99999-12-24"),
    ],
)
def test_what_cannot_be_read_is_told_with_an_example(parse: object, written: str) -> None:
    with pytest.raises(Rejected) as caught:
        parse(written)  # type: ignore[operator]
    assert caught.value.remedy


def test_an_edit_replaces_parts_by_their_sort() -> None:
    made = edited_frame(
        ALWAYS, FrameEdit(hours=("mon 08:00-09:00", "tue 08:00-09:00"), time_zone="Etc/UTC")
    )
    assert (made.kind, len(made.parts), made.time_zone) == (FrameKind.WEEKLY, 2, "Etc/UTC")
    mixed = edited_frame(made, FrameEdit(holidays=("US",), days=("12-24",)))
    assert (mixed.kind, len(mixed.parts)) == (FrameKind.CUSTOM, 4)
    less = edited_frame(mixed, FrameEdit(hours=("",), name="y", time_zone=""))
    assert (less.kind, less.name, less.time_zone) == (FrameKind.HOLIDAYS, "y", None)
    assert edited_frame(less, FrameEdit(kind="always")).parts == ()
    assert edited_frame(less, FrameEdit()) == less
    with pytest.raises(RejectedAll) as caught:
        edited_frame(ALWAYS, FrameEdit(hours=("x",), days=("y", "z"), kind="now and then"))
    assert [f.where for f in caught.value.findings] == ["hours", "days", "days", "kind"]


def test_every_part_is_read_back_from_its_text_and_every_frame_from_its_tree() -> None:
    dice = Random(7)
    sound = 0
    for count in range(600):
        made = arranged(made_up_frame(dice, f"frame {count}"))
        if frame_faults(made):
            continue
        sound += 1
        texts = [part_text(part) for part in made.parts]
        typed = FrameEdit(
            time_zone=made.time_zone,
            hours=_of(made, texts, WeeklyHours),
            dates=_of(made, texts, DateRange),
            holidays=_of(made, texts, HolidayCalendar),
            days=_of(made, texts, OwnHoliday),
        )
        again = edited_frame(replace(ALWAYS, name=made.name), typed)
        assert again == replace(made, kind=kind_of(made.parts))
        entry = FrameEntry.model_validate(frame_tree(made))
        assert merge_frame(None, entry) == made
    assert sound > 200


def _of(frame: TimeFrame, texts: list[str], sort: type) -> tuple[str, ...] | None:
    found = [text for text, part in zip(texts, frame.parts, strict=True) if type(part) is sort]
    return tuple(found) or None
