"""Which days are holidays in a country, and which do people keep when one falls on a weekend?

The days are those of the `holidays` library under their names in the country's own language,
without its own rules for weekends: what is kept instead is the office's choice.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cache, lru_cache
from types import MappingProxyType

from provisiond.inventory.errors import Rejected

WEEKEND = frozenset({6, 7})
"""Saturday and Sunday, as ISO weekdays"""


class Observance(Enum):
    """What becomes of a holiday on a weekend. The nearest workday is that of the United States'
    federal holidays: Friday for Saturday, Monday for Sunday (5 U.S.C. 6103(b), E.O. 11582)."""

    SAME_DAY = "same_day"
    NEXT_WORKDAY = "next_workday"
    PREVIOUS_WORKDAY = "previous_workday"
    NEAREST_WORKDAY = "nearest_workday"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDays:
    """The holidays of a year, the days before and after it, and the country's weekend.

    `of_weekends` are the names of those that fall on the same day of the weekend each year, such
    as Easter Sunday: nobody gets another day for them.
    """

    days: Mapping[date, tuple[str, ...]]
    weekend: frozenset[int]
    of_weekends: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """One holiday of a year; `weekend` are the days that are none to work on anyway."""

    day: date
    name: str
    observance: Observance
    weekend: frozenset[int] = WEEKEND


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """Every country with a calendar (ISO 3166-1 alpha-2), to its regions (ISO 3166-2 endings)."""
    import holidays

    found = holidays.list_supported_countries(include_aliases=False)
    return MappingProxyType({code: tuple(found[code]) for code in sorted(found) if len(code) == 2})


def check_calendar(country: str, region: str | None) -> None:
    """Raise Rejected(country or region) for a calendar that does not exist."""
    known = countries()
    if country not in known:
        raise Rejected(
            "country",
            f"there is no holiday calendar of {country!r}.",
            "Give the country's two letters, such as US, CA or DE.",
        )
    if region is not None and region not in known[country]:
        regions = ", ".join(known[country]) or "no regions"
        raise Rejected(
            "region",
            f"{country} has no holiday calendar of a region {region!r}.",
            f"It has {regions}.",
        )


@lru_cache(maxsize=512)
def holidays_around(country: str, region: str | None, year: int) -> NamedDays:
    """The holidays of `year` and of a fortnight on either side: one may be kept across New Year.

    Raises Rejected for a calendar that does not exist.
    """
    check_calendar(country, region)
    import holidays

    # Without a language the library takes the process's locale: names that were ticked at a prompt
    # would be no holidays to the daemon.
    calendar = holidays.country_holidays(
        country,
        subdiv=region,
        years=(year - 1, year, year + 1),
        observed=False,
        language=getattr(holidays, country).default_language,
    )
    first, last = date(year, 1, 1) - timedelta(days=14), date(year, 12, 31) + timedelta(days=14)
    weekend = frozenset(day + 1 for day in calendar.weekend)
    named = {day: tuple(calendar.get_list(day)) for day in sorted(calendar)}
    return NamedDays(
        days=MappingProxyType({day: named[day] for day in named if first <= day <= last}),
        weekend=weekend,
        of_weekends=_of_weekends(named, weekend),
    )


def _of_weekends(named: Mapping[date, tuple[str, ...]], weekend: frozenset[int]) -> frozenset[str]:
    """In three years a date falls on three days of the week."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for day, names in named.items():
        for name in names:
            found[name].append(day.isoweekday())
    return frozenset(
        name
        for name, weekdays in found.items()
        if len(weekdays) > 1 and len({*weekdays}) == 1 and weekdays[0] in weekend
    )


def kept(some: Iterable[Holiday]) -> Mapping[date, tuple[str, ...]]:
    """The days on which holidays are kept together, and their names.

    One that falls on a weekend goes to the first workday after or before it: neither weekend, nor
    another holiday, nor taken by one that was moved already. So two of one weekend are kept on two
    days, as Christmas and Boxing Day on Monday and Tuesday. Later days are given away in the order
    of the calendar, then earlier ones from its end.
    """
    holidays = {*some}
    taken = {holiday.day for holiday in holidays}
    found: defaultdict[date, set[str]] = defaultdict(set)
    moving: defaultdict[tuple[date, frozenset[int], bool], set[str]] = defaultdict(set)
    for one in holidays:
        if one.observance is Observance.SAME_DAY or one.day.isoweekday() not in one.weekend:
            found[one.day].add(one.name)
        else:
            moving[one.day, one.weekend, _goes_later(one)].add(one.name)
    for later in (True, False):
        each = (key for key in moving if key[2] is later)
        for key in sorted(each, key=lambda key: (key[0], *sorted(key[1])), reverse=not later):
            day, weekend, _ = key
            step = timedelta(days=1 if later else -1)
            try:
                while day.isoweekday() in weekend or day in taken:
                    day += step
            except OverflowError:  # beyond the last year, or before the first
                continue
            taken.add(day)
            found[day] |= moving[key]
    return MappingProxyType({day: tuple(sorted(found[day])) for day in sorted(found)})


def _goes_later(holiday: Holiday) -> bool:
    """Whether one on a weekend is kept after it; in its middle, that is as near as before it."""
    if holiday.observance is not Observance.NEAREST_WORKDAY:
        return holiday.observance is Observance.NEXT_WORKDAY
    weekday, weekend = holiday.day.isoweekday(), holiday.weekend
    for days in range(1, 7):
        if (weekday + days - 1) % 7 + 1 not in weekend:
            return True
        if (weekday - days - 1) % 7 + 1 not in weekend:
            return False
    return True
