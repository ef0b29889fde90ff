"""Which days are holidays in a country, and which do people keep when one falls on a weekend?

The days are those of the `holidays` library under their names in the country's own language,
without its own rules for weekends: what is kept instead is the office's choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import cache, lru_cache
from types import MappingProxyType

from provisiond.inventory.errors import Rejected

WEEKEND = frozenset({6, 7})
"""Saturday and Sunday, as ISO weekdays"""


class Observance(Enum):
    """What becomes of a holiday on a weekend."""

    SAME_DAY = "same_day"
    NEXT_WORKDAY = "next_workday"
    PREVIOUS_WORKDAY = "previous_workday"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedDays:
    """The holidays of a year, the days before and after it, and the country's weekend."""

    days: Mapping[date, tuple[str, ...]]
    weekend: frozenset[int]


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
    return NamedDays(
        days=MappingProxyType(
            {day: tuple(calendar.get_list(day)) for day in sorted(calendar) if first <= day <= last}
        ),
        weekend=frozenset(day + 1 for day in calendar.weekend),
    )


def moved(
    day: date,
    observance: Observance,
    holidays: frozenset[date],
    weekend: frozenset[int] = WEEKEND,
) -> date:
    """The day on which a holiday is kept. A workday is neither weekend nor another holiday."""
    if observance is Observance.SAME_DAY or day.isoweekday() not in weekend:
        return day
    step = timedelta(days=1 if observance is Observance.NEXT_WORKDAY else -1)
    while day.isoweekday() in weekend or day in holidays:
        day += step
    return day
