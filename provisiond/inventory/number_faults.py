"""What of a number, SMS number, call destination or time frame cannot stand, whatever is stored?

Every function answers with all faults at once; `where` is a field below the record
(`rules[1].destination`), empty for the record itself.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from provisiond.inventory.destinations import Destination
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding, Rejected
from provisiond.inventory.faults import MAX_NAME, MAX_NOTES, settings_faults
from provisiond.inventory.holiday_calendars import check_calendar
from provisiond.inventory.numbers import Announcement, Handling, Number, Treatment
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import is_extension, shown, text_faults
from provisiond.inventory.timeframes import (
    DAY,
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    TimeFrame,
    WeeklyHours,
    part_places,
)

MAX_PREFIX = 32
MAX_RULES = 64
MAX_PARTS = 64
MAX_EVERY = 999
MAX_REPEATED_DAYS = 366
FIRST_YEAR = 1900

_TREATMENT = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_KNOWN = {treatment.value for treatment in Treatment}
_WITHOUT_PREFIX = {Treatment.AVAILABLE.value, Treatment.FAX_SERVER.value}
_LEAP_YEAR = 2028
_PARTS: dict[FrameKind, tuple[type[Part], ...]] = {
    FrameKind.ALWAYS: (),
    FrameKind.WEEKLY: (WeeklyHours,),
    FrameKind.DATES: (DateRange,),
    FrameKind.HOLIDAYS: (HolidayCalendar, OwnHoliday),
    FrameKind.CUSTOM: (WeeklyHours, DateRange, HolidayCalendar, OwnHoliday),
}
_NEEDED = {  # the field that misses them, and what a person adds
    FrameKind.WEEKLY: ("hours", "hours"),
    FrameKind.DATES: ("dates", "dates"),
    FrameKind.HOLIDAYS: ("holidays", "holidays"),
    FrameKind.CUSTOM: ("hours", "hours, dates or holidays"),
}


def number_faults(number: Number) -> tuple[Finding, ...]:
    """What is wrong with a number and its rules; one that nobody may have is a warning. Of more
    rules than MAX_RULES the others are not looked at."""
    return tuple(_number(number))


def sms_faults(number: SmsNumber) -> tuple[Finding, ...]:
    """What is wrong with an SMS number; group MMS without MMS is a warning."""
    return tuple(_sms(number))


def destination_faults(destination: Destination) -> tuple[Finding, ...]:
    """What is wrong with a call destination."""
    return (
        *_extension("extension", destination.extension),
        *text_faults("name", destination.name, MAX_NAME),
    )


def frame_faults(frame: TimeFrame) -> tuple[Finding, ...]:
    """What is wrong with a time frame and its parts; of more than MAX_PARTS with the first."""
    return tuple(_frame(frame))


def is_called_default(frame: str) -> bool:
    """Whether a frame has the name that tables give a number's default."""
    return frame.strip().casefold() == "default"


def missing_frame(where: str, frame: str) -> Finding:
    """That a rule's time frame does not exist; `where` is the rule's field."""
    if is_called_default(frame):
        message = f"{shown(frame)} is no time frame: a number's default comes last by itself."
        remedy = "Take the rule out; say under `default` (at the prompt --treatment) what it does."
    else:
        message = f"there is no time frame {frame!r}."
        remedy = "Choose another, or add it under Time Frames."
    return Finding(where=where, message=message, remedy=remedy)


def reserved_faults(frame: TimeFrame) -> tuple[Finding, ...]:
    """What is wrong with the name of a frame that is new, or renamed; one that stands may stay."""
    if not is_called_default(frame.name):
        return ()
    message = f"{shown(frame.name)} is what tables call a number's default."
    remedy = "Give the time frame another name."
    return (Finding(where="name", message=message, remedy=remedy),)


def _number(number: Number) -> Iterator[Finding]:
    yield from _unassigned(number.number)
    yield from _handling("default", number.default)
    if len(number.rules) > MAX_RULES:
        message = f"{len(number.rules)} rules; {MAX_RULES} are the most."
        yield Finding(where=f"rules[{MAX_RULES}]", message=message, remedy="Remove some.")
    for index, rule in enumerate(number.rules[:MAX_RULES]):
        where = f"rules[{index}]"
        if not rule.frame:
            message = "the rule has no time frame."
            remedy = "Choose one; what holds at all other times is the default."
            yield Finding(where=f"{where}.frame", message=message, remedy=remedy)
        yield from _handling(where, rule.handling)
    yield from text_faults("notes", number.notes, MAX_NOTES, lines=True)
    yield from settings_faults(Settings(time_zone=number.time_zone, language=number.language))
    enable, disable = number.enable_on, number.disable_on
    if enable is not None and disable is not None and disable <= enable:
        yield Finding(
            where="disable_on",
            message=f"the number would be disabled on {disable}, before it is enabled on {enable}.",
            remedy="Give a later day.",
        )


def _unassigned(number: E164) -> Iterator[Finding]:
    if not number.is_assigned:
        message = f"{number.international} is in no range of its country that is known here."
        remedy = "Look at it once more; new ranges are known with some delay."
        yield Finding(where="number", message=message, remedy=remedy, severity="warning")


def _handling(where: str, handling: Handling) -> Iterator[Finding]:
    treatment, destination = handling.treatment, handling.destination
    if _TREATMENT.fullmatch(treatment) is None:
        yield Finding(
            where=f"{where}.treatment",
            message=f"{shown(treatment)} is no treatment.",
            remedy=f"There are {', '.join(sorted(_KNOWN))}.",
        )
    yield from _destination(f"{where}.destination", treatment, destination)
    prefix = handling.caller_id_prefix
    yield from text_faults(f"{where}.caller_id_prefix", prefix, MAX_PREFIX)
    if prefix and treatment in _WITHOUT_PREFIX:
        yield Finding(
            where=f"{where}.caller_id_prefix",
            message=f"nobody would see it: the treatment is {treatment}.",
            remedy="Leave it empty.",
        )
    if handling.announcement is not Announcement.NONE and _is_other(
        treatment, Treatment.CALL_QUEUE
    ):
        message = f"only call queues have an announcement; the treatment is {treatment}."
        yield Finding(where=f"{where}.announcement", message=message, remedy="Set it to none.")
    if handling.enhanced_voicemail and _is_other(treatment, Treatment.VOICEMAIL):
        message = f"only voicemail can be enhanced; the treatment is {treatment}."
        yield Finding(where=f"{where}.enhanced_voicemail", message=message, remedy="Turn it off.")


def _is_other(treatment: str, wanted: Treatment) -> bool:
    return treatment in _KNOWN and treatment != wanted.value


def _destination(where: str, treatment: str, destination: str) -> Iterator[Finding]:
    if treatment == Treatment.AVAILABLE.value:
        if destination:
            message = "what is available leads nowhere."
            remedy = "Leave the destination empty, or choose a treatment."
            yield Finding(where=where, message=message, remedy=remedy)
    elif not destination:
        if treatment in _KNOWN:
            what = "a telephone number" if treatment == Treatment.PSTN.value else "an extension"
            message = "the destination is missing."
            yield Finding(where=where, message=message, remedy=f"Give {what}.")
    elif treatment == Treatment.PSTN.value:
        try:
            E164.parse(destination, "ZZ", where)
        except Rejected as fault:
            yield Finding(where=where, message=fault.message, remedy=fault.remedy)
    elif treatment in _KNOWN:
        yield from _extension(where, destination)
    else:
        yield from text_faults(where, destination, 255)


def _extension(where: str, text: str) -> Iterator[Finding]:
    if not is_extension(text):
        yield Finding(
            where=where,
            message=f"{shown(text)} is no extension: 1-15 digits, * or #.",
            remedy="Give the number that people dial.",
        )


def _sms(number: SmsNumber) -> Iterator[Finding]:
    yield from _unassigned(number.number)
    if number.treatment is SmsTreatment.AVAILABLE:
        if number.destination:
            message = "what is available leads nowhere."
            remedy = "Leave the destination empty, or choose a treatment."
            yield Finding(where="destination", message=message, remedy=remedy)
    elif not number.destination:
        message = "the destination is missing."
        yield Finding(where="destination", message=message, remedy="Give an extension.")
    else:
        yield from _extension("destination", number.destination)
    yield from text_faults("carrier", number.carrier, MAX_NAME)
    yield from text_faults("notes", number.notes, MAX_NOTES, lines=True)
    if number.group_mms and not number.mms:
        yield Finding(
            where="group_mms",
            message="messages of a group are MMS, and the number takes none.",
            remedy="Say that it takes MMS, or turn group MMS off.",
            severity="warning",
        )


def _frame(frame: TimeFrame) -> Iterator[Finding]:
    yield from text_faults("name", frame.name, MAX_NAME, needed=True)
    if frame.owner is not None:
        yield from _extension("owner", frame.owner)
    yield from settings_faults(Settings(time_zone=frame.time_zone))
    if not frame.parts and frame.kind in _NEEDED:
        message = "it would never hold: nothing says when."
        where, what = _NEEDED[frame.kind]
        yield Finding(where=where, message=message, remedy=f"Add {what}.")
    places = part_places(frame)
    if len(frame.parts) > MAX_PARTS:
        message = f"{len(frame.parts)} parts; {MAX_PARTS} are the most."
        yield Finding(where=places[MAX_PARTS], message=message, remedy="Remove some.")
    for where, part in zip(places[:MAX_PARTS], frame.parts, strict=False):
        if not isinstance(part, _PARTS[frame.kind]):
            remedy = "Remove it, or make the frame one of kind custom."
            message = f"a frame of kind {frame.kind.value} has no such part."
            yield Finding(where=where, message=message, remedy=remedy)
        yield from (replace(found, where=f"{where}.{found.where}") for found in _part(part))


def _part(part: Part) -> Iterator[Finding]:
    match part:
        case WeeklyHours():
            yield from _hours(part)
        case DateRange():
            yield from _dates(part)
        case HolidayCalendar():
            try:
                check_calendar(part.country, part.region)
            except Rejected as fault:
                yield Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
            if part.names is not None and not part.names:
                message = "no holiday is ticked."
                yield Finding(where="names", message=message, remedy="Tick one, or take all.")
        case OwnHoliday():
            yield from _own_day(part)


def _hours(part: WeeklyHours) -> Iterator[Finding]:
    if not part.weekdays or not part.weekdays <= frozenset(range(1, 8)):
        message = "it names no day of the week."
        yield Finding(where="days", message=message, remedy="Give some of mon, tue, … sun.")
    if not 0 <= part.start < DAY:
        yield Finding(where="start", message="it is no time of day.", remedy="Write 08:30.")
    if not 0 <= part.end <= DAY:
        remedy = "Write 17:00; midnight is 24:00."
        yield Finding(where="end", message="it is no time of day.", remedy=remedy)
    if part.start == part.end:
        message = "it ends when it begins."
        remedy = "Write 00:00 to 24:00 for a whole day."
        yield Finding(where="end", message=message, remedy=remedy)


def _dates(part: DateRange) -> Iterator[Finding]:
    if part.start >= part.end:
        message = "it ends before it begins."
        yield Finding(where="end", message=message, remedy="Give a later moment.")
    if part.start.year < FIRST_YEAR:
        message = f"it begins in the year {part.start.year}."
        yield Finding(where="start", message=message, remedy=f"Begin in {FIRST_YEAR} or later.")
    if part.repeat is Repeat.NONE:
        if part.until is not None or part.every != 1:
            remedy = "Say how it comes again: daily, weekly, monthly, yearly."
            message = "what comes once is not repeated."
            yield Finding(where="repeat", message=message, remedy=remedy)
        return
    if not 1 <= part.every <= MAX_EVERY:
        message = f"{part.every} is out of range."
        yield Finding(where="every", message=message, remedy=f"Give 1-{MAX_EVERY}.")
    if (part.end - part.start).days > MAX_REPEATED_DAYS:
        message = f"what is repeated lasts {MAX_REPEATED_DAYS} days at most."
        yield Finding(where="end", message=message, remedy="Give an earlier moment.")
    if part.until is not None and part.until < part.start.date():
        message = "the last repetition lies before the first."
        yield Finding(where="until", message=message, remedy="Give a later day.")


def _own_day(part: OwnHoliday) -> Iterator[Finding]:
    if not _exists(part.year if part.year is not None else _LEAP_YEAR, part.month, part.day):
        year = f" in {part.year}" if part.year is not None else ""
        yield Finding(
            where="date",
            message=f"there is no day {part.day} of month {part.month}{year}.",
            remedy="Write it as 12-24, or 2026-12-24 for one year.",
        )
    yield from text_faults("name", part.name, MAX_NAME)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return False
    return True
