"""When does a zone change its clocks? A rule that is a pure function of (zone, year).

Phones want a standard offset, a shift and two transitions in wall-clock time, some as "second
Sunday", some as "Sunday on or after the 8th", some by date. Nothing else reads a clock.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of the clocks, in the wall-clock time that ends with it.

    `weekday` is 1 (Monday) to 7 (Sunday). `week` is 1-4, or 5 for the last of the month; 0 where
    no such rule holds for all of the ten years from `year` on. `on_or_after` is the day of month d
    so that it is always the first `weekday` on or after d; 0 where none holds. `day` is this
    year's date. `minute` counts from midnight (0-1439).
    """

    month: int
    day: int
    weekday: int
    week: int
    on_or_after: int
    minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """A zone in one year. `offset` is the standard (smallest) offset in minutes east of UTC,
    `shift` the minutes added in summer (0: no daylight saving in this year and the next ten).

    `regular` says that week or on-or-after rules hold for ten years; otherwise `start` and `end`
    hold for this year only (and `start` may be None: the zone has no two transitions).
    """

    name: str
    offset: int
    shift: int
    start: Transition | None
    end: Transition | None
    regular: bool
