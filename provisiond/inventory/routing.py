"""Where would a call go? The rule that wins at a moment, the ones it beats, and what can't win."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from provisiond.inventory.errors import Finding
from provisiond.inventory.look_ahead import Frames, LookAhead, Outlook, look_days, stretches
from provisiond.inventory.number_faults import missing_frame
from provisiond.inventory.numbers import Handling, Number, NumberRule, Treatment
from provisiond.inventory.occurrences import Span, merged
from provisiond.inventory.timeframes import FrameKind, HolidayCalendar, OwnHoliday, TimeFrame, why
from provisiond.inventory.timeframes import holds as frame_holds
from provisiond.inventory.uses import Use, told

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

    def frames_of(self, number: Number) -> Frames:
        """The frames of the number's rules, from the top."""
        return tuple([self.frames.get(rule.frame) for rule in number.rules])


def route(number: Number, schedule: Schedule, at: datetime) -> Route:
    """Where a call to `number` goes at `at` (aware): the first rule from the top that holds."""
    zone = schedule.zone_of(number)
    closed = _why_closed(number, at, zone)
    if closed:
        losers = [
            Considered(rule=rule, wins=False, reason=closed) for rule in (*number.rules, None)
        ]
        return Route(handling=None, reason=closed, considered=tuple(losers))
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
    """When, in two years from `now`, a call meets nothing: no handling, one that is gone, or the
    number is not enabled.

    Where the rules' frames have many parts, in as many days as LOOK_WORK allows.
    """
    frames = schedule.frames_of(number)
    until = now + timedelta(days=look_days(frames))
    silent = [_is_nothing(rule.handling, find_fault) for rule in number.rules]
    silent.append(_is_nothing(number.default, find_fault))
    zone = schedule.zone_of(number)
    # The lowest bit is of the rule that wins; without one it is the default, the last.
    unanswered = [
        (start, end)
        for start, end, bits in stretches(frames, now, until, zone)
        if silent[(bits & -bits).bit_length() - 1]
    ]
    return merged((*unanswered, *_closed(number, now, until, ZoneInfo(zone))))


def _closed(number: Number, now: datetime, until: datetime, zone: ZoneInfo) -> Iterator[Span]:
    """When the number is not enabled."""
    if not number.enabled:
        yield (now, until)
    days = timedelta(days=2)

    def begins(day: date) -> datetime:
        day = min(max(day, now.date() - days), until.date() + days)
        return min(max(datetime.combine(day, time.min, zone).astimezone(UTC), now), until)

    if number.enable_on is not None:
        yield (now, begins(number.enable_on))
    if number.disable_on is not None:
        yield (begins(number.disable_on), until)


def _is_nothing(handling: Handling, find_fault: FindFault) -> bool:
    return handling.treatment == Treatment.AVAILABLE.value or bool(find_fault(handling))


def check_rules(
    number: Number, schedule: Schedule, ahead: LookAhead, find_fault: FindFault
) -> tuple[Finding, ...]:
    """What a person should know before the rules are saved; each finding names the rules.

    A frame that does not exist is a fault. Warnings: one that can never win because those above
    it cover it for two years to come, holidays below hours that they should interrupt, a
    destination that is gone or disabled; and that the work that `ahead` may do was not enough for
    two years of so many parts, so that what comes later was not looked at.
    """
    faults = [(rule.frame, find_fault(rule.handling)) for rule in number.rules]
    of_rules = (
        _warning(f"rules[{index}].destination", f"{frame}: {fault}")
        for index, (frame, fault) in enumerate(faults)
        if fault
    )
    fault = find_fault(number.default)
    of_default = [_warning("default.destination", f"Default: {fault}")] if fault else []
    return (*of_rules, *check_frames(number, schedule, ahead), *of_default)


def check_frames(
    number: Number, schedule: Schedule, ahead: LookAhead | None
) -> tuple[Finding, ...]:
    """Those findings of `check_rules` that the frames alone give; without `ahead` only the faults,
    as nothing is looked at."""
    outlook = None
    if ahead is not None:
        outlook = ahead.rules(schedule.frames_of(number), schedule.zone_of(number))
    return tuple(_findings(number, schedule, outlook))


def check_users(
    numbers: Iterable[Number], schedule: Schedule, ahead: LookAhead
) -> tuple[Finding, ...]:
    """What `check_frames` warns of for each of the numbers that use a time frame, told once for
    all of which it is true; `where` is `uses`."""
    told_of: defaultdict[tuple[str, str], list[Use]] = defaultdict(list)
    for number in numbers:
        for finding in check_frames(number, schedule, ahead):
            if finding.severity == "warning":
                use = Use(noun="number", key=number.number.text)
                told_of[finding.message, finding.remedy].append(use)
    return tuple(
        [
            _warning("uses", f"{told(uses)}: {message}", remedy)
            for (message, remedy), uses in told_of.items()
        ]
    )


def _findings(number: Number, schedule: Schedule, outlook: Outlook | None) -> Iterator[Finding]:
    for index, rule in enumerate(number.rules):
        where = f"rules[{index}]"
        if rule.frame not in schedule.frames:
            yield missing_frame(f"{where}.frame", rule.frame)
        elif outlook is not None and outlook.days:
            yield from _standing(number, schedule, outlook, index)
    if outlook is not None and not outlook.is_whole:
        yield _warning("rules", *_cut(outlook))


def _standing(
    number: Number, schedule: Schedule, outlook: Outlook, index: int
) -> Iterator[Finding]:
    where, name = f"rules[{index}]", number.rules[index].frame
    standing = outlook.standings[index]
    if not standing.holds:
        yield _warning(
            where,
            f"{name} holds at no time of the next {_time(outlook)}.",
            "Give it dates that are still to come, or remove the rule.",
        )
    elif not standing.wins:
        covering = [
            number.rules[place].frame for place in standing.always[:1] or standing.sometimes
        ]
        never = "can never win" if outlook.is_whole else f"wins never in the next {_time(outlook)}"
        yield _warning(
            where,
            f"{name} {never}: {' and '.join(covering)} above it "
            f"{'hold' if len(covering) > 1 else 'holds'} whenever it does.",
            f"Move {name} above {covering[0]}, or remove it.",
        )
    elif _is_holiday(schedule.frames[name]):
        others = [number.rules[place].frame for place in standing.sometimes]
        late = [other for other in others if not _is_holiday(schedule.frames[other])][:1]
        for other in late:
            yield _warning(
                where,
                f"on holidays {other} wins over {name}, which stands below it.",
                f"Move {name} above {other}: holidays belong at the top.",
            )


def _time(outlook: Outlook) -> str:
    return "two years" if outlook.is_whole else f"{outlook.days} days"


def _cut(outlook: Outlook) -> tuple[str, str]:
    if not outlook.days:
        return "which of them can win was not looked at: there is too much of it.", ""
    return (
        f"which of them can win was looked at for the next {outlook.days} days only: their time "
        "frames have very many parts.",
        "Where two years matter, give the frames fewer parts.",
    )


def _warning(where: str, message: str, remedy: str = "") -> Finding:
    return Finding(where=where, message=message, remedy=remedy, severity="warning")


def _is_holiday(frame: TimeFrame) -> bool:
    return frame.kind is FrameKind.HOLIDAYS or (
        bool(frame.parts)
        and all(isinstance(part, HolidayCalendar | OwnHoliday) for part in frame.parts)
    )
