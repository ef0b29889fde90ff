"""What of numbers, SMS numbers, destinations and frames cannot stand is told all at once."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.number_faults import (
    destination_faults,
    frame_faults,
    number_faults,
    sms_faults,
)
from provisiond.inventory.numbers import Announcement, Handling, Number, NumberRule
from provisiond.inventory.sms import SmsNumber, SmsTreatment
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

NUMBER = Number(
    number=E164("+18005550100"),
    default=Handling(treatment="call_queue", destination="300", caller_id_prefix="Main"),
    rules=(
        NumberRule(
            frame="Night",
            handling=Handling(treatment="voicemail", destination="101", enhanced_voicemail=True),
        ),
        NumberRule(frame="Day", handling=Handling(treatment="pstn", destination="+493012345")),
    ),
)
HOURS = WeeklyHours(weekdays=frozenset({1}), start=480, end=1020)
BEFORE = datetime.fromisoformat("1899-12-31T00:00")
RANGE = DateRange(
    start=datetime.fromisoformat("2026-12-24T12:00"), end=datetime.fromisoformat("2026-12-27T00:00")
)


def test_what_is_right_has_no_fault() -> None:
    assert number_faults(NUMBER) == ()
    assert number_faults(Number(number=NUMBER.number)) == ()
    foreign = Handling(treatment="to-connection", destination="sip:x@y", enhanced_voicemail=True)
    assert number_faults(replace(NUMBER, default=foreign)) == ()
    assert sms_faults(SmsNumber(number=NUMBER.number)) == ()
    queue = Destination(kind=DestinationKind.CALL_QUEUE, extension="300")
    assert destination_faults(queue) == ()
    for kind, parts in (
        (FrameKind.ALWAYS, ()),
        (FrameKind.WEEKLY, (HOURS, replace(HOURS, start=1320, end=120))),
        (FrameKind.DATES, (RANGE, replace(RANGE, repeat=Repeat.YEARLY, until=date(2030, 1, 1)))),
        (FrameKind.HOLIDAYS, (HolidayCalendar(country="US"), OwnHoliday(month=2, day=29))),
        (FrameKind.CUSTOM, (HOURS, RANGE)),
    ):
        assert frame_faults(TimeFrame(name="forward", kind=kind, parts=parts)) == ()


@pytest.mark.parametrize(
    ("handling", "field"),
    [
        (Handling(treatment="no such"), "treatment"),
        (Handling(treatment="user"), "destination"),
        (Handling(treatment="user", destination="Alice"), "destination"),
        (Handling(treatment="available", destination="101"), "destination"),
        (Handling(treatment="pstn", destination="0301234"), "destination"),
        (Handling(caller_id_prefix="Main"), "caller_id_prefix"),
        (
            Handling(treatment="user", destination="1", caller_id_prefix="x" * 33),
            "caller_id_prefix",
        ),
        (
            Handling(treatment="user", destination="1", announcement=Announcement.EXPECTED_WAIT),
            "announcement",
        ),
        (
            Handling(treatment="user", destination="1", enhanced_voicemail=True),
            "enhanced_voicemail",
        ),
    ],
)
def test_a_handling_that_cannot_stand_is_told_with_its_field(
    handling: Handling, field: str
) -> None:
    rule = NumberRule(frame="Day", handling=handling)
    [first, second] = number_faults(replace(NUMBER, default=handling, rules=(rule,)))
    assert (first.where, second.where) == (f"default.{field}", f"rules[0].{field}")
    assert first.remedy


def test_all_faults_of_a_number_are_told() -> None:
    broken = replace(
        NUMBER,
        rules=(NumberRule(frame="", handling=NUMBER.default),) * 65,
        notes="x" * 4001,
        language="english!",
        time_zone="America/New_Yrok",
        enable_on=date(2026, 2, 1),
        disable_on=date(2026, 2, 1),
    )
    found = number_faults(broken)
    assert {f.where for f in found if "]." not in f.where} == {
        "rules[64]",
        "notes",
        "language",
        "time_zone",
        "disable_on",
    }
    assert "Did you mean America/New_York" in next(
        f.remedy for f in found if f.where == "time_zone"
    )


@pytest.mark.parametrize(
    ("number", "where", "severity"),
    [
        (SmsNumber(number=NUMBER.number, destination="101"), "destination", "error"),
        (SmsNumber(number=NUMBER.number, treatment=SmsTreatment.USER), "destination", "error"),
        (SmsNumber(number=NUMBER.number, carrier=" x"), "carrier", "error"),
        (SmsNumber(number=NUMBER.number, group_mms=True), "group_mms", "warning"),
    ],
)
def test_an_sms_number_that_cannot_stand_is_told(
    number: SmsNumber, where: str, severity: str
) -> None:
    [found] = sms_faults(number)
    assert (found.where, found.severity) == (where, severity)


@pytest.mark.parametrize(
    ("kind", "parts", "where"),
    [
        (FrameKind.WEEKLY, (), "hours"),
        (FrameKind.WEEKLY, (RANGE,), "dates[0]"),
        (FrameKind.ALWAYS, (HOURS,), "hours[0]"),
        (FrameKind.WEEKLY, (replace(HOURS, weekdays=frozenset()),), "hours[0].days"),
        (FrameKind.WEEKLY, (replace(HOURS, weekdays=frozenset({0})),), "hours[0].days"),
        (FrameKind.WEEKLY, (replace(HOURS, end=480),), "hours[0].end"),
        (FrameKind.WEEKLY, (replace(HOURS, start=1440),), "hours[0].start"),
        (FrameKind.DATES, (replace(RANGE, end=RANGE.start),), "dates[0].end"),
        (FrameKind.DATES, (replace(RANGE, every=2),), "dates[0].repeat"),
        (FrameKind.DATES, (replace(RANGE, repeat=Repeat.DAILY, every=0),), "dates[0].every"),
        (
            FrameKind.DATES,
            (replace(RANGE, repeat=Repeat.DAILY, until=date(2026, 12, 23)),),
            "dates[0].until",
        ),
        (FrameKind.HOLIDAYS, (HolidayCalendar(country="XX"),), "calendars[0].country"),
        (FrameKind.HOLIDAYS, (HolidayCalendar(country="US", region="XX"),), "calendars[0].region"),
        (
            FrameKind.HOLIDAYS,
            (HolidayCalendar(country="US", names=frozenset()),),
            "calendars[0].names",
        ),
        (FrameKind.HOLIDAYS, (OwnHoliday(month=2, day=30),), "holidays[0].date"),
        (FrameKind.HOLIDAYS, (OwnHoliday(month=2, day=29, year=2027),), "holidays[0].date"),
        (FrameKind.HOLIDAYS, (OwnHoliday(month=10**30, day=1),), "holidays[0].date"),
        (FrameKind.HOLIDAYS, (OwnHoliday(month=1, day=1, year=-(10**30)),), "holidays[0].date"),
        (FrameKind.DATES, (replace(RANGE, start=BEFORE),), "dates[0].start"),
        (FrameKind.DATES, (replace(RANGE, repeat=Repeat.DAILY, every=10**30),), "dates[0].every"),
    ],
)
def test_a_frame_that_cannot_stand_is_told_with_its_part(
    kind: FrameKind, parts: tuple[Part, ...], where: str
) -> None:
    [found] = frame_faults(TimeFrame(name="Office", kind=kind, parts=parts))
    assert (found.where, found.severity) == (where, "error")
    assert found.message.endswith(".")
    assert found.remedy
