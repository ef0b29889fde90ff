"""Which fields have numbers, time frames and call destinations in an inventory file?"""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from provisiond.actions.frame_edits import parse_clock, parse_days, parse_own_day
from provisiond.actions.inventory_values import Entry, Text, or_none
from provisiond.inventory.destinations import DestinationKind
from provisiond.inventory.errors import Rejected
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.numbers import Announcement, Treatment
from provisiond.inventory.sms import SmsTreatment
from provisiond.inventory.timeframes import FrameKind, Repeat


def _rejected(fault: Rejected) -> PydanticCustomError:
    said: dict[str, Any] = {"message": fault.message, "remedy": fault.remedy}
    return PydanticCustomError("rejected", "{message}", said)


def _days(value: object) -> frozenset[int]:
    """Days of the week: a list of their names, or a text such as `mon-fri`."""
    written = value if isinstance(value, list) else [value]
    try:
        return frozenset(day for each in written for day in parse_days(str(each)))
    except Rejected as fault:
        raise _rejected(fault) from fault


def _clock(value: object) -> int:
    try:
        return parse_clock(str(value))
    except Rejected as fault:
        raise _rejected(fault) from fault


def _moment(value: object) -> datetime:
    """A moment on the wall: without a zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise _rejected(
            Rejected(
                "", "it is no moment on the clocks of a place.", "Write it as 2026-12-24T12:00."
            )
        )
    return at


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise _rejected(Rejected("", "it is no day.", "Write it as 2026-12-24.")) from None


def _day_of_year(value: object) -> str:
    try:
        parse_own_day(str(value).partition(",")[0])
    except Rejected as fault:
        raise _rejected(fault) from fault
    return str(value).strip()


_ClockText = Annotated[str, Field(examples=["08:30", "24:00"])]
_MomentText = Annotated[str, Field(examples=["2026-12-24T12:00"])]
_DayText = Annotated[str, Field(examples=["12-24", "2026-12-24"])]
Days = Annotated[
    frozenset[int],
    BeforeValidator(_days, json_schema_input_type=list[str] | str),
]
Clock = Annotated[int, BeforeValidator(_clock, json_schema_input_type=_ClockText)]
OnTheWall = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=_MomentText)]
Day = Annotated[date | None, BeforeValidator(_day)]


class DestinationEntry(Entry):
    """A call destination: something with an extension that is nobody's."""

    kind: DestinationKind
    extension: str
    name: Text = ""
    enabled: bool = True


class HoursEntry(Entry):
    """Hours on days of the week, all day where no time is given; an end before the start is of the
    next day."""

    days: Days
    start: Clock = Field(default="00:00", validate_default=True)
    end: Clock = Field(default="24:00", validate_default=True)


class DatesEntry(Entry):
    """From one moment on the clocks up to another, and again every `every` days, weeks, …; the last
    time begins on `until` at the latest."""

    start: OnTheWall
    end: OnTheWall
    repeat: Repeat = Repeat.NONE
    every: int = 1
    until: Day = None


class CalendarEntry(Entry):
    """The holidays of a country or region; `names` null is all of them."""

    country: str
    region: str | None = None
    names: tuple[str, ...] | None = None
    observance: Observance = Observance.SAME_DAY


class HolidayEntry(Entry):
    """A holiday of the firm's own: every year, or in one."""

    date: Annotated[str, BeforeValidator(_day_of_year, json_schema_input_type=_DayText)]
    name: Text = ""
    observance: Observance = Observance.SAME_DAY


class FrameParts(Entry):
    """What a time frame is made of, by sorts."""

    hours: Annotated[tuple[HoursEntry, ...], BeforeValidator(or_none)] = ()
    dates: Annotated[tuple[DatesEntry, ...], BeforeValidator(or_none)] = ()
    calendars: Annotated[tuple[CalendarEntry, ...], BeforeValidator(or_none)] = ()
    holidays: Annotated[tuple[HolidayEntry, ...], BeforeValidator(or_none)] = ()


class FrameEntry(FrameParts):
    """A time frame; its parts are given together, and say its kind where that is left out."""

    name: str
    owner: str | None = None
    kind: FrameKind | None = None
    time_zone: str | None = None


class HandlingEntry(Entry):
    """What happens to a call. `destination` is an extension or name, or a number outside. With
    `enhanced_voicemail` the caller may dial another extension before or after the message; its
    prompt fails where the user forwards calls."""

    treatment: str = Treatment.AVAILABLE.value
    destination: Text = ""
    caller_id_prefix: Text = ""
    announcement: Announcement = Announcement.NONE
    enhanced_voicemail: bool = False


class RuleEntry(HandlingEntry):
    """What happens instead while a time frame holds."""

    frame: str


class NumberTerms(Entry):
    """What a number does. `rules` that are given replace all; the first that holds wins."""

    default: HandlingEntry = HandlingEntry()
    rules: Annotated[tuple[RuleEntry, ...], BeforeValidator(or_none)] = ()
    notes: Text = ""
    language: str | None = None
    time_zone: str | None = None
    enabled: bool = True
    enable_on: Day = None
    disable_on: Day = None


class NumberEntry(NumberTerms):
    """A telephone number. `rules` that are given replace all; the first that holds wins."""

    number: str


class SmsTerms(Entry):
    """What an SMS number does."""

    treatment: SmsTreatment = SmsTreatment.AVAILABLE
    destination: Text = ""
    carrier: Text = ""
    mms: bool = False
    group_mms: bool = False
    notes: Text = ""


class SmsEntry(SmsTerms):
    """An SMS number."""

    number: str


NUMBER_ENTRIES: dict[str, type[Entry]] = {
    "destinations": DestinationEntry,
    "time_frames": FrameEntry,
    "hours": HoursEntry,
    "dates": DatesEntry,
    "calendars": CalendarEntry,
    "holidays": HolidayEntry,
    "numbers": NumberEntry,
    "default": HandlingEntry,
    "rules": RuleEntry,
    "sms_numbers": SmsEntry,
}
"""What stands below a field of this name."""
