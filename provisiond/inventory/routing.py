"""Where would a call go? The rule that wins at a moment, the ones it beats, and what can't win."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from provisiond.inventory.errors import Finding
from provisiond.inventory.numbers import Handling, Number, NumberRule, Treatment
from provisiond.inventory.occurrences import Span, merged, spans, without
from provisiond.inventory.timeframes import FrameKind, HolidayCalendar, OwnHoliday, TimeFrame, why
from provisiond.inventory.timeframes import holds as frame_holds

_HORIZON = timedelta(days=2 * 366)  # every yearly thing comes twice

FindFault = Callable[[Handling], str]
"""What is wrong with a handling's destination ("gone", "disabled"), or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """A rule on the way to the answer; `rule` None is the default. `wins` is true of one."""

    rule: NumberRule | None
    wins: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a call goes at a moment. `handling` None: nowhere, and `reason` says why."""

    handling: Handling | None
    reason: str
    considered: tuple[Considered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a number's rules depend on: the domain's frames by name, and its time zone."""

    frames: Mapping[str, TimeFrame]
    time_zone: str

    def zone_of(self, number: Number) -> str:
        """The time zone that the number's frames are read in."""
        return number.time_zone or self.time_zone


def route(number: Number, schedule: Schedule, at: datetime) -> Route:
    """Where a call to `number` goes at `at` (aware): the first rule from the top that holds."""
    zone = schedule.zone_of(number)
    closed = _why_closed(number, at, zone)
    if closed:
        return Route(handling=None, reason=closed, considered=())
    considered: list[Considered] = []
    won: Considered | None = None
    for rule in number.rules:
        frame = schedule.frames.get(rule.frame)
        if won is not None:
            assert won.rule is not None
            beaten = f"comes after {won.rule.frame}, which wins"
            considered.append(Considered(rule=rule, wins=False, reason=beaten))
        elif frame is None:
            reason = "its time frame does not exist any more"
            considered.append(Considered(rule=rule, wins=False, reason=reason))
        else:
            wins = frame_holds(frame, at, zone)
            considered.append(Considered(rule=rule, wins=wins, reason=why(frame, at, zone)))
            won = considered[-1] if wins else None
    last = "comes after a rule that wins" if won is not None else "no rule above it holds"
    considered.append(Considered(rule=None, wins=won is None, reason=last))
    chosen = won.rule.handling if won is not None and won.rule is not None else number.default
    if chosen.treatment == Treatment.AVAILABLE.value:
        return Route(
            handling=None, reason="nothing is programmed for it", considered=tuple(considered)
        )
    reason = f"{won.rule.frame} {won.reason}" if won is not None and won.rule else last
    return Route(handling=chosen, reason=reason, considered=tuple(considered))


def _why_closed(number: Number, at: datetime, zone: str) -> str:
    today = at.astimezone(ZoneInfo(zone)).date()
    if not number.enabled:
        return "the number is disabled"
    if number.enable_on is not None and today < number.enable_on:
        return f"the number is enabled on {number.enable_on:%d %B %Y}"
    if number.disable_on is not None and today >= number.disable_on:
        return f"the number has been disabled since {number.disable_on:%d %B %Y}"
    return ""


def holes(
    number: Number, schedule: Schedule, now: datetime, find_fault: FindFault
) -> tuple[Span, ...]:
    """When, in two years from `now`, a call meets nothing: no handling, or one that is gone."""
    until = now + _HORIZON
    left: tuple[Span, ...] = ((now, until),)
    empty: list[Span] = []
    for rule, held in _held(number, schedule, now, until):
        taken = without(left, without(left, held))
        left = without(left, held)
        if _is_nothing(rule.handling, find_fault):
            empty += taken
    if _is_nothing(number.default, find_fault):
        empty += left
    return merged(empty)


def _is_nothing(handling: Handling, find_fault: FindFault) -> bool:
    return handling.treatment == Treatment.AVAILABLE.value or bool(find_fault(handling))


def _held(
    number: Number, schedule: Schedule, now: datetime, until: datetime
) -> Iterator[tuple[NumberRule, tuple[Span, ...]]]:
    zone = schedule.zone_of(number)
    for rule in number.rules:
        frame = schedule.frames.get(rule.frame)
        yield rule, spans(frame, now, until, zone) if frame is not None else ()


def check_rules(
    number: Number, schedule: Schedule, now: datetime, find_fault: FindFault
) -> tuple[Finding, ...]:
    """What a person should know before the rules are saved; each finding names the rules.

    A frame that does not exist is a fault. Warnings: one that can never win because those above
    it cover it for two years to come, holidays below hours that they should interrupt, a
    destination that is gone or disabled.
    """
    return tuple(_findings(number, schedule, now, find_fault))


def _findings(
    number: Number, schedule: Schedule, now: datetime, find_fault: FindFault
) -> Iterator[Finding]:
    above: list[tuple[TimeFrame, tuple[Span, ...]]] = []
    held = list(_held(number, schedule, now, now + _HORIZON))
    for index, (rule, times) in enumerate(held):
        where = f"rules[{index}]"
        frame = schedule.frames.get(rule.frame)
        fault = find_fault(rule.handling)
        if fault:
            yield _warning(f"{where}.destination", f"{rule.frame}: {fault}")
        if frame is None:
            yield Finding(
                where=f"{where}.frame",
                message=f"there is no time frame {rule.frame!r}.",
                remedy="Choose another, or add it under Time Frames.",
            )
            continue
        if not times:
            yield _warning(
                where,
                f"{rule.frame} holds at no time of the next two years.",
                "Give it dates that are still to come, or remove the rule.",
            )
        elif not _rest(times, above):
            yield _shadowed(where, rule.frame, times, above)
        elif _is_holiday(frame):
            yield from _late_holidays(where, frame, times, above)
        above.append((frame, times))
    fault = find_fault(number.default)
    if fault:
        yield _warning("default.destination", f"Default: {fault}")


def _rest(
    times: tuple[Span, ...], above: Sequence[tuple[TimeFrame, tuple[Span, ...]]]
) -> tuple[Span, ...]:
    for _, others in above:
        times = without(times, others)
    return times


def _shadowed(
    where: str,
    name: str,
    times: tuple[Span, ...],
    above: Sequence[tuple[TimeFrame, tuple[Span, ...]]],
) -> Finding:
    alone = [frame.name for frame, others in above if not without(times, others)]
    covering = alone[:1] or [
        frame.name for frame, others in above if without(times, others) != times
    ]
    return _warning(
        where,
        f"{name} can never win: {' and '.join(covering)} above it "
        f"{'hold' if len(covering) > 1 else 'holds'} whenever it does.",
        f"Move {name} above {covering[0]}, or remove it.",
    )


def _late_holidays(
    where: str,
    frame: TimeFrame,
    times: tuple[Span, ...],
    above: Sequence[tuple[TimeFrame, tuple[Span, ...]]],
) -> Iterator[Finding]:
    for other, taken in above:
        if not _is_holiday(other) and without(times, taken) != times:
            yield _warning(
                where,
                f"on holidays {other.name} wins over {frame.name}, which stands below it.",
                f"Move {frame.name} above {other.name}: holidays belong at the top.",
            )
            return


def _warning(where: str, message: str, remedy: str = "") -> Finding:
    return Finding(where=where, message=message, remedy=remedy, severity="warning")


def _is_holiday(frame: TimeFrame) -> bool:
    return frame.kind is FrameKind.HOLIDAYS or (
        bool(frame.parts)
        and all(isinstance(part, HolidayCalendar | OwnHoliday) for part in frame.parts)
    )
