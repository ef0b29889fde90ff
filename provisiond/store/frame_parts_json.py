"""How are the parts of a time frame kept? As one list beside it: nobody asks for one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.timeframes import (
    DateRange,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    WeeklyHours,
)

Json = dict[str, Any]


def parts_to_json(parts: Sequence[Part]) -> list[Json]:
    """The list as it is stored, in the frame's order."""
    return [_to_json(part) for part in parts]


def parts_from_json(stored: Sequence[Json]) -> tuple[Part, ...]:
    """The parts of a stored list."""
    return tuple([_from_json(part) for part in stored])


def _to_json(part: Part) -> Json:
    match part:
        case WeeklyHours():
            days = sorted(part.weekdays)
            return {"part": "hours", "weekdays": days, "start": part.start, "end": part.end}
        case DateRange():
            return {
                "part": "dates",
                "start": part.start.isoformat(),
                "end": part.end.isoformat(),
                "repeat": part.repeat.value,
                "every": part.every,
                "until": part.until.isoformat() if part.until is not None else None,
            }
        case HolidayCalendar():
            return {
                "part": "calendar",
                "country": part.country,
                "region": part.region,
                "names": sorted(part.names) if part.names is not None else None,
                "observance": part.observance.value,
            }
        case OwnHoliday():
            return {
                "part": "day",
                "month": part.month,
                "day": part.day,
                "year": part.year,
                "name": part.name,
                "observance": part.observance.value,
            }


def _from_json(stored: Json) -> Part:
    values = {name: value for name, value in stored.items() if name != "part"}
    if "observance" in values:
        values["observance"] = Observance(values["observance"])
    match stored["part"]:
        case "hours":
            return WeeklyHours(
                weekdays=frozenset(values["weekdays"]), start=values["start"], end=values["end"]
            )
        case "dates":
            return DateRange(
                start=datetime.fromisoformat(values["start"]),
                end=datetime.fromisoformat(values["end"]),
                repeat=Repeat(values["repeat"]),
                every=values["every"],
                until=date.fromisoformat(values["until"]) if values["until"] else None,
            )
        case "calendar":
            names = values.pop("names")
            return HolidayCalendar(**values, names=None if names is None else frozenset(names))
        case _:
            return OwnHoliday(**values)
