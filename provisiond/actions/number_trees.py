"""How are numbers, time frames and call destinations written into a file or the journal?"""

from collections.abc import Iterable

from provisiond.actions.inventory_text import Tree
from provisiond.inventory.destinations import Destination
from provisiond.inventory.numbers import Announcement, Handling, Number, Treatment
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.timeframes import (
    DateRange,
    HolidayCalendar,
    OwnHoliday,
    Part,
    TimeFrame,
    WeeklyHours,
)

Object = dict[str, Tree]

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""ISO weekdays from 1, as files and the command line name them."""


_AS_ALWAYS: Object = {
    "treatment": Treatment.AVAILABLE.value,
    "destination": "",
    "caller_id_prefix": "",
    "announcement": Announcement.NONE.value,
    "enhanced_voicemail": False,
}


def destination_tree(destination: Destination) -> Object:
    """A call destination."""
    return {
        "kind": destination.kind.value,
        "extension": destination.extension,
        "name": destination.name,
        "enabled": destination.enabled,
    }


def frame_tree(frame: TimeFrame) -> Object:
    """A time frame, its parts by their sorts; sorts that it has none of are left out."""
    return {
        "name": frame.name,
        **({"owner": frame.owner} if frame.owner is not None else {}),
        "kind": frame.kind.value,
        "time_zone": frame.time_zone,
        **_parts(frame),
    }


def number_tree(number: Number) -> Object:
    """A telephone number with its rules in order."""
    rules: list[Tree] = [
        {"frame": rule.frame, **handling_tree(rule.handling)} for rule in number.rules
    ]
    return {
        "number": number.number.text,
        "default": {**_AS_ALWAYS, **handling_tree(number.default)},
        "rules": rules,
        "notes": number.notes,
        "language": number.language,
        "time_zone": number.time_zone,
        "enabled": number.enabled,
        "enable_on": number.enable_on.isoformat() if number.enable_on is not None else None,
        "disable_on": number.disable_on.isoformat() if number.disable_on is not None else None,
    }


def sms_tree(number: SmsNumber) -> Object:
    """An SMS number."""
    return {
        "number": number.number.text,
        "treatment": number.treatment.value,
        "destination": number.destination,
        "carrier": number.carrier,
        "mms": number.mms,
        "group_mms": number.group_mms,
        "notes": number.notes,
    }


def handling_tree(handling: Handling) -> Object:
    """What happens to a call; what is as it always is, is left out."""
    tree: Object = {"treatment": handling.treatment, "destination": handling.destination}
    if handling.caller_id_prefix:
        tree["caller_id_prefix"] = handling.caller_id_prefix
    if handling.announcement is not Announcement.NONE:
        tree["announcement"] = handling.announcement.value
    if handling.enhanced_voicemail:
        tree["enhanced_voicemail"] = True
    return tree


def part_tree(part: Part) -> tuple[str, Object]:
    """A part of a time frame, and the field of the frame that lists its sort."""
    match part:
        case WeeklyHours():
            return "hours", _hours(part)
        case DateRange():
            return "dates", _dates(part)
        case HolidayCalendar():
            return "calendars", _calendar(part)
        case OwnHoliday():
            return "holidays", _day(part)


def clock(minute: int) -> str:
    """A minute of the day as people write it: `08:30`, at its end `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def days_text(weekdays: Iterable[int]) -> str:
    """Days of the week as people write them: `mon-fri,sun`."""
    days = sorted(set(weekdays))
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(
        WEEKDAYS[run[0] - 1]
        if len(run) == 1
        else f"{WEEKDAYS[run[0] - 1]}{'-' if len(run) > 2 else ','}{WEEKDAYS[run[-1] - 1]}"
        for run in runs
    )


def _parts(frame: TimeFrame) -> Object:
    sorts: dict[str, list[Tree]] = {}
    for part in frame.parts:
        sort, tree = part_tree(part)
        sorts.setdefault(sort, []).append(tree)
    return {sort: [*listed] for sort, listed in sorts.items()}


def _hours(part: WeeklyHours) -> Object:
    named: list[Tree] = [WEEKDAYS[day - 1] for day in sorted(part.weekdays)]
    return {"days": named, "start": clock(part.start), "end": clock(part.end)}


def _dates(part: DateRange) -> Object:
    return {
        "start": part.start.isoformat(timespec="minutes"),
        "end": part.end.isoformat(timespec="minutes"),
        "repeat": part.repeat.value,
        "every": part.every,
        "until": part.until.isoformat() if part.until is not None else None,
    }


def _calendar(part: HolidayCalendar) -> Object:
    names: list[Tree] | None = None if part.names is None else [*sorted(part.names)]
    return {
        "country": part.country,
        "region": part.region,
        "names": names,
        "observance": part.observance.value,
    }


def _day(part: OwnHoliday) -> Object:
    year = f"{part.year:04}-" if part.year is not None else ""
    return {
        "date": f"{year}{part.month:02}-{part.day:02}",
        "name": part.name,
        "observance": part.observance.value,
    }
