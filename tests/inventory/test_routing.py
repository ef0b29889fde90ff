"""Where a call goes: the first rule that holds, why, what can't win, and when nothing answers."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from provisiond.inventory.errors import Finding
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead, stretches
from provisiond.inventory.numbers import Handling, Number, NumberRule
from provisiond.inventory.occurrences import instant
from provisiond.inventory.routing import Schedule, check_rules, holes, route
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    Repeat,
    TimeFrame,
    WeeklyHours,
)
from tests.inventory.frame_model import clerk_means, clerk_routes
from tests.inventory.made_up_frames import ZONES, asked_moment, frame, moment, number
from tests.inventory.work import calls

WORKDAYS = frozenset({1, 2, 3, 4, 5})
OFFICE = TimeFrame(
    name="Office",
    kind=FrameKind.WEEKLY,
    parts=(WeeklyHours(weekdays=WORKDAYS, start=8 * 60, end=17 * 60),),
)
LUNCH = TimeFrame(
    name="Lunch",
    kind=FrameKind.WEEKLY,
    parts=(WeeklyHours(weekdays=WORKDAYS, start=12 * 60, end=13 * 60),),
)
HOLIDAYS = TimeFrame(
    name="Holidays",
    kind=FrameKind.HOLIDAYS,
    parts=(HolidayCalendar(country="US", observance=Observance.NEXT_WORKDAY),),
)
SCHEDULE = Schedule(
    frames={f.name: f for f in (OFFICE, LUNCH, HOLIDAYS)}, time_zone="America/New_York"
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fine(_: Handling) -> str:
    return ""


def to(destination: str, treatment: str = "user") -> Handling:
    return Handling(treatment=treatment, destination=destination)


NOWHERE = Handling()


def made(*rules: tuple[str, str], default: Handling = NOWHERE) -> Number:
    return Number(
        number=E164("+18005550100"),
        default=default,
        rules=tuple(NumberRule(frame=name, handling=to(target)) for name, target in rules),
    )


def test_the_first_rule_from_the_top_that_holds_wins() -> None:
    noon = datetime(2026, 6, 3, 16, 30, tzinfo=UTC)  # Wednesday, 12:30 in New York
    found = route(made(("Lunch", "101"), ("Office", "102")), SCHEDULE, noon)
    assert found.handling == to("101")
    assert [c.wins for c in found.considered] == [True, False, False]
    assert found.considered[1].reason == "comes after Lunch, which wins"
    assert route(made(("Office", "102"), ("Lunch", "101")), SCHEDULE, noon).handling == to("102")


def test_the_default_is_what_is_left() -> None:
    night = datetime(2026, 6, 3, 3, tzinfo=UTC)
    found = route(made(("Office", "102"), default=to("900", "voicemail")), SCHEDULE, night)
    assert found.handling == to("900", "voicemail")
    assert found.considered[0].reason == "does not hold: it is Tuesday 02 June 2026, 23:00"


def test_a_rule_without_its_frame_never_wins_and_says_so() -> None:
    found = route(made(("Sat", "101"), default=to("900")), SCHEDULE, NOW)
    assert found.handling == to("900")
    assert found.considered[0].reason == "its time frame does not exist any more"


def test_a_number_that_is_available_goes_nowhere() -> None:
    assert route(made(), SCHEDULE, NOW).reason == "nothing is programmed for it"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"enabled": False}, "the number is disabled"),
        ({"enable_on": date(2026, 1, 1)}, "the number is enabled on 01 January 2026"),
        ({"disable_on": date(2025, 12, 31)}, "has been disabled since 31 December 2025"),
    ],
)
def test_a_number_answers_between_its_days_on_the_wall(
    changes: dict[str, object], reason: str
) -> None:
    closed = Number(number=E164("+18005550100"), default=to("101"), **changes)  # type: ignore[arg-type]
    found = route(closed, SCHEDULE, datetime(2026, 1, 1, 4, 59, tzinfo=UTC))
    assert found.handling is None
    assert reason in found.reason


def test_why_names_the_holiday() -> None:
    found = route(made(("Holidays", "900")), SCHEDULE, datetime(2026, 12, 25, 15, tzinfo=UTC))
    assert "Christmas Day" in found.reason


def test_a_frame_that_is_covered_from_above_is_named_with_what_covers_it() -> None:
    [finding] = check_rules(made(("Office", "1"), ("Lunch", "2")), SCHEDULE, LookAhead(NOW), fine)
    assert finding.where == "rules[1]"
    assert finding.message == "Lunch can never win: Office above it holds whenever it does."
    assert check_rules(made(("Lunch", "2"), ("Office", "1")), SCHEDULE, LookAhead(NOW), fine) == ()


def test_a_frame_that_covers_alone_is_named_alone() -> None:
    rules = made(("Holidays", "3"), ("Office", "1"), ("Lunch", "2"))
    [finding] = check_rules(rules, SCHEDULE, LookAhead(NOW), fine)
    assert finding.message == "Lunch can never win: Office above it holds whenever it does."
    assert finding.severity == "warning"


def test_holidays_below_office_hours_are_a_warning() -> None:
    [finding] = check_rules(
        made(("Office", "1"), ("Holidays", "2")), SCHEDULE, LookAhead(NOW), fine
    )
    assert finding.message == ("on holidays Office wins over Holidays, which stands below it.")
    assert (
        check_rules(made(("Holidays", "2"), ("Office", "1")), SCHEDULE, LookAhead(NOW), fine) == ()
    )


def test_a_destination_that_is_gone_is_named_with_its_rule() -> None:
    def gone(handling: Handling) -> str:
        return "extension 2 does not exist." if handling.destination == "2" else ""

    rules = made(("Lunch", "2"), ("Office", "1"), default=to("2"))
    assert [(f.where, f.message) for f in check_rules(rules, SCHEDULE, LookAhead(NOW), gone)] == [
        ("rules[0].destination", "Lunch: extension 2 does not exist."),
        ("default.destination", "Default: extension 2 does not exist."),
    ]


def test_a_rule_for_the_default_is_told_that_it_comes_last_by_itself() -> None:
    """A frame of old that is called so is one as any other."""
    [finding] = check_rules(made(("Sat", "101")), SCHEDULE, LookAhead(NOW), fine)
    assert finding.message == "there is no time frame 'Sat'."
    for name in ("Default", " default", "DEFAULT"):
        [finding] = check_rules(made((name, "101")), SCHEDULE, LookAhead(NOW), fine)
        assert (finding.where, finding.severity) == ("rules[0].frame", "error")
        assert "is no time frame: a number's default comes last by itself." in finding.message
        assert "under `default`" in finding.remedy
        assert "add it" not in finding.remedy
    old = TimeFrame(name="Default", kind=FrameKind.ALWAYS)
    schedule = Schedule(frames={"Default": old}, time_zone="Etc/UTC")
    assert check_rules(made(("Default", "101")), schedule, LookAhead(NOW), fine) == ()


def test_a_frame_that_is_over_is_a_warning() -> None:
    past = TimeFrame(name="Move", kind=FrameKind.DATES, parts=())
    schedule = Schedule(frames={"Move": past}, time_zone="Etc/UTC")
    [finding] = check_rules(made(("Move", "1")), schedule, LookAhead(NOW), fine)
    assert finding.message == "Move holds at no time of the next two years."


def test_holes_are_when_nothing_answers() -> None:
    found = holes(made(("Office", "1")), SCHEDULE, NOW, fine)
    first_office_day = datetime(2026, 1, 1, 13, tzinfo=UTC)
    assert found[0] == (NOW, first_office_day)
    assert found[1] == (datetime(2026, 1, 1, 22, tzinfo=UTC), datetime(2026, 1, 2, 13, tzinfo=UTC))
    assert holes(made(("Office", "1"), default=to("2")), SCHEDULE, NOW, fine) == ()


def test_holes_are_when_the_winner_is_gone_even_where_a_lower_rule_would_answer() -> None:
    def gone(handling: Handling) -> str:
        return "gone" if handling.destination == "2" else ""

    found = holes(made(("Lunch", "2"), ("Office", "1"), default=to("1")), SCHEDULE, NOW, gone)
    assert found[0] == (datetime(2026, 1, 1, 17, tzinfo=UTC), datetime(2026, 1, 1, 18, tzinfo=UTC))


def test_route_agrees_with_a_patient_clerk() -> None:
    """20,000 rule lists and moments on the edges of clocks and calendars; a fifth of the moments
    are asked for without an offset, and some of these the clocks skip or show twice."""
    dice = Random(20260101)
    wins = 0
    kinds: Counter[str] = Counter()
    for _ in range(2_000):
        frames = [frame(dice, f"frame {index}") for index in range(dice.randrange(1, 6))]
        schedule = Schedule(frames={f.name: f for f in frames}, time_zone=dice.choice(ZONES))
        for turn in range(10):
            asked = number(dice, frames)
            zone = schedule.zone_of(asked)
            time = asked_moment(dice, zone) if turn < 2 else moment(dice, zone)
            at, meant = instant(time, zone), time if time.tzinfo else clerk_means(time, zone)
            assert at == meant, (time, zone)
            found = route(asked, schedule, at)
            assert found.handling == clerk_routes(
                asked, dict(schedule.frames), meant, schedule.time_zone
            ), (asked, frames, time, schedule.time_zone)
            wins += any(c.wins and c.rule for c in found.considered)
            second = instant(time.replace(fold=1), zone)
            kinds["twice" if second > at else "skipped" if second < at else "once"] += 1
    assert wins > 5_000
    assert min(kinds["twice"], kinds["skipped"]) > 300, kinds


def test_moments_are_read_in_any_zone() -> None:
    at = datetime(2026, 6, 3, 16, 30, tzinfo=UTC)
    rules = made(("Lunch", "101"))
    assert route(rules, SCHEDULE, at).handling == to("101")
    berlin = at.astimezone(tz=None) + timedelta(0)
    assert route(rules, SCHEDULE, berlin).handling == to("101")


def test_findings_and_holes_agree_with_asking_at_each_moment() -> None:
    """100 rule lists: what wins in ten days is what `route` says at the ends of each stretch, and
    a hole is where it says nowhere."""
    dice = Random(96)
    never = silent = 0
    for _ in range(100):
        frames = [frame(dice, f"frame {index}") for index in range(dice.randrange(1, 6))]
        schedule = Schedule(frames={f.name: f for f in frames}, time_zone=dice.choice(ZONES))
        asked = replace(number(dice, frames), enabled=True, enable_on=None, disable_on=None)
        now = moment(dice, schedule.zone_of(asked)).replace(minute=0)
        held = schedule.frames_of(asked)
        until = now + timedelta(days=10)
        nowhere = holes(asked, schedule, now, fine)
        winners = set()
        for start, end, bits in stretches(held, now, until, schedule.zone_of(asked)):
            found = route(asked, schedule, start)
            last = route(asked, schedule, end - timedelta(minutes=1))
            places = [place for place, one in enumerate(found.considered) if one.wins]
            assert places == [place for place, one in enumerate(last.considered) if one.wins]
            assert places == [(bits & -bits).bit_length() - 1 if bits else len(asked.rules)]
            winners |= {*places}
            is_hole = any(first <= start < last for first, last in nowhere)
            assert is_hole == (found.handling is None), (asked, frames, start)
            silent += is_hole
        parts = sum(len(f.parts) + 1 for f in {f for f in held if f is not None})
        ten_days = LookAhead(now, 10 * parts + parts // 2).rules(held, schedule.zone_of(asked))
        if parts:
            assert ten_days.days == 10
            wins = {place for place, one in enumerate(ten_days.standings) if one.wins}
            assert wins == winners - {len(asked.rules)}
            never += len(asked.rules) - len(wins)
    assert min(never, silent) > 40


def test_a_number_that_is_not_enabled_is_a_hole_and_beats_every_rule() -> None:
    """At 4,000 moments near the days on which numbers begin and end."""
    dice = Random(97)
    kinds = set()
    for _ in range(80):
        zone = dice.choice(ZONES)
        schedule = Schedule(frames=SCHEDULE.frames, time_zone=zone)
        days = sorted(NOW.date() + timedelta(days=dice.randrange(-3, 9)) for _ in range(2))
        asked = replace(
            made(("Office", "1"), default=to("2")),
            enabled=dice.random() < 0.9,
            enable_on=dice.choice((None, days[0], date.min)),
            disable_on=dice.choice((None, days[1], date.max)),
        )
        found = holes(asked, schedule, NOW, fine)
        for _ in range(50):
            at = NOW + timedelta(minutes=dice.randrange(10 * 1440))
            told = route(asked, schedule, at)
            is_hole = any(start <= at < end for start, end in found)
            assert is_hole == (told.handling is None), (asked, zone, at)
            assert len(told.considered) == 2
            assert any(one.wins for one in told.considered) == (not is_hole)
            kinds.add((is_hole, asked.enabled))
    assert kinds == {(True, True), (False, True), (True, False)}


def crowded(rules: int, parts: int) -> tuple[Number, Schedule]:
    """Rules whose frames have daily ranges since 1900, each a minute of its own; one goes on."""
    start = datetime.fromisoformat("1900-01-01T08:00")
    frames = [
        TimeFrame(
            name=f"frame {rule}",
            kind=FrameKind.DATES,
            parts=tuple(
                DateRange(
                    start=start + timedelta(minutes=rule * parts + part),
                    end=start + timedelta(minutes=rule * parts + part + 1),
                    repeat=Repeat.DAILY,
                    until=date(2020, 1, 1) if rule else None,
                )
                for part in range(parts)
            ),
        )
        for rule in range(rules)
    ]
    asked = made(*((f.name, "101") for f in frames))
    return asked, Schedule(frames={f.name: f for f in frames}, time_zone="Etc/UTC")


@pytest.mark.parametrize(("rules", "parts", "days"), [(1, 64, 732), (64, 64, 24)])
def test_the_work_of_looking_ahead_is_bounded_and_said(rules: int, parts: int, days: int) -> None:
    asked, schedule = crowded(rules, parts)
    ahead = LookAhead(NOW)
    found: list[Finding] = []
    work = calls(lambda: found.extend(check_rules(asked, schedule, ahead, fine)))
    assert days * rules * parts <= work["last_start"] <= 2 * LOOK_WORK + 2 * rules * parts
    period = "two years" if days == 732 else f"{days} days"
    over = [f.message for f in found if "holds at no time" in f.message]
    assert over == [
        f"frame {rule} holds at no time of the next {period}." for rule in range(1, rules)
    ]
    told = [f.message for f in found if f.where == "rules"]
    assert bool(told) == (days < 732)
    assert all(f"for the next {days} days only" in message for message in told)
    again = calls(lambda: check_rules(asked, schedule, ahead, fine))
    assert again["last_start"] == 0
    if days < 732:  # the whole allowance is spent: nothing is said that was not looked at
        other, schedule = crowded(1, 63)
        [finding] = check_rules(other, schedule, LookAhead(NOW, 10), fine)
        assert "was not looked at" in finding.message
        assert finding.severity == "warning"


def test_holes_are_looked_for_with_the_same_work() -> None:
    asked, schedule = crowded(64, 64)
    work = calls(lambda: holes(asked, schedule, NOW, fine))
    assert 0 < work["last_start"] <= 2 * LOOK_WORK + 2 * 64 * 64
