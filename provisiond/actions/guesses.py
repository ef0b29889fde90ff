"""Who asks for what nobody has, how often, and is it a sweep? Counted in this process, bounded.

Throttled and taken for sweeps are misses: requests that name no known phone and no file of a known
family. What makes refusals wait is every refusal, of known and of unknown names alike: the wait of
the next one must not tell which of the two the one before was. What is served never waits, whatever
others do behind the same address.

Each door counts for itself. Over UDP (TFTP, SIP multicast) anybody can ask in another's name: what
is missed there slows nobody down at HTTP, and neither raises nor mutes an alarm of it.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from provisiond.inventory.access import Transport, network_of

_MINUTE = 60.0
_KEPT = 5_000
_OF_A_NETWORK = 2
_OF_ALL = 10
_TOLD_BESIDE = 3
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessLimits:
    """How much guessing is borne, at each door.

    `misses`: in a minute from one address, twice as many from its /24 or /64; those beyond are
    throttled. `names`: different unknown names that make a sweep when one address asks for them
    within `minutes`, twice as many from a /24 or /64, ten times as many from everybody. `pause`:
    seconds that a refusal is held back for who was refused as often as `misses` says.
    """

    misses: int = 60
    names: int = 30
    minutes: int = 10
    pause: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """What a miss was: `throttled`, and the first of its minute that is (`first_throttled`);
    `sweeps` are the sources to tell of that it made sweeping; `unnamed` is how many more did so
    since some were named last. `made_up` says that its source may be, as those of others now."""

    throttled: bool = False
    first_throttled: bool = False
    sweeps: tuple[str, ...] = ()
    unnamed: int = 0
    made_up: bool = False


@dataclass(slots=True)
class _Source:
    level: float = 0.0
    at: float = 0.0
    refusals: float = 0.0
    refused_at: float = 0.0
    throttled_at: float = -_MINUTE
    since: float = 0.0
    names: set[int] = field(default_factory=set)
    told: bool = False


_Sources = OrderedDict[str, _Source]


@dataclass(slots=True)
class _Door:
    sources: _Sources = field(default_factory=OrderedDict)
    since: float = 0.0
    named: int = 0
    unnamed: int = 0


class GuessWatch:
    """Counts misses and refusals by address, by /24 or /64, and misses of everybody; the least
    recent sources are forgotten.

    Where a source can be forged there is no /24 and no /64: one address must not be slowed down
    for others. There is no end of sources: once everybody sweeps at a door, three more that do
    are named in a minute and the others counted; where they can be forged, none is told apart any
    more. `misses`, `throttled` and `sweeps` count since the start, at all doors.
    """

    def __init__(self, limits: GuessLimits | None = None) -> None:
        self._limits = limits or GuessLimits()
        self._doors: dict[Transport, _Door] = {}
        self.misses = 0
        self.throttled = 0
        self.sweeps = 0

    def missed(self, door: Transport, address: str, name: str, at: datetime) -> Miss:
        """Count a miss; `name` is what was asked for, a MAC or a file."""
        now = at.timestamp()
        self.misses += 1
        counted = self._doors.setdefault(_counted_at(door), _Door())
        flooded = self._is_told(counted.sources, EVERYBODY, now)
        made_up = flooded and door.is_forgeable
        unnamed = _unnamed(counted, now)
        sweeps, throttled, first = [], False, False
        for key, weight in _keys(door, address):
            source = _source(counted.sources, key, now)
            if self._swept(source, weight, name, now) and not made_up:
                sweeps.append(key)
            if key == EVERYBODY:
                continue
            source.level = self._left(source.level, now - source.at, weight) + 1
            source.at = now
            if source.level > self._limits.misses * weight:
                is_due = now - source.throttled_at >= _MINUTE
                first = first or (is_due and not throttled)
                source.throttled_at = now if is_due else source.throttled_at
                throttled = True
        self.throttled += throttled
        self.sweeps += len(sweeps)
        return Miss(
            throttled=throttled,
            first_throttled=first,
            sweeps=_named(counted, sweeps) if flooded else tuple(sweeps),
            unnamed=unnamed,
            made_up=made_up,
        )

    def refused(self, door: Transport, address: str, at: datetime) -> None:
        """Count a refusal, whatever was asked for and whether it was a miss or not."""
        now = at.timestamp()
        sources = self._doors.setdefault(_counted_at(door), _Door()).sources
        for key, weight in _keys(door, address)[:-1]:
            source = _source(sources, key, now)
            elapsed = now - source.refused_at
            source.refusals = self._left(source.refusals, elapsed, weight) + 1
            source.refused_at = now

    def pause(self, door: Transport, address: str, at: datetime) -> float:
        """Seconds for which a refusal to this address is held back; 0 as a rule.

        It hangs on how often the address was refused, never on what it asked for: a refusal that
        is held back tells a guesser nothing, nor does one that is not.
        """
        counted = self._doors.get(_counted_at(door))
        if counted is None:
            return 0.0
        now = at.timestamp()
        for key, weight in _keys(door, address)[:-1]:
            source = counted.sources.get(key)
            if source is None:
                continue
            refusals = self._left(source.refusals, now - source.refused_at, weight)
            if refusals >= self._limits.misses * weight:
                return self._limits.pause
        return 0.0

    def words(self, door: Transport, source: str) -> str:
        """What a sweep was, for people."""
        weight = _OF_ALL if source == EVERYBODY else _OF_A_NETWORK if "/" in source else 1
        forged = "; over UDP a source can be forged" if door.is_forgeable else ""
        return (
            f"{source} asked for {self._limits.names * weight} different phones or files that "
            f"nobody has within {self._limits.minutes} minutes{forged}"
        )

    def words_of_more(self, count: int) -> str:
        """What sweeps were that were counted, for people."""
        return (
            f"{count} more addresses or networks asked for as many within a minute, while "
            f"{EVERYBODY} sweeps; only {_TOLD_BESIDE} a minute are told one by one"
        )

    def _left(self, level: float, elapsed: float, weight: int) -> float:
        """What is not yet forgotten after so many seconds: `misses` are, every minute."""
        forgotten = max(elapsed, 0.0) * self._limits.misses * weight / _MINUTE
        return max(level - forgotten, 0.0)

    def _swept(self, source: _Source, weight: int, name: str, now: float) -> bool:
        if self._is_over(source, now):
            source.since, source.told = now, False
            source.names.clear()
        if source.told:
            return False
        source.names.add(hash(name))
        if len(source.names) < self._limits.names * weight:
            return False
        source.told = True
        source.names.clear()
        return True

    def _is_told(self, sources: _Sources, key: str, now: float) -> bool:
        source = sources.get(key)
        return source is not None and source.told and not self._is_over(source, now)

    def _is_over(self, source: _Source, now: float) -> bool:
        return now - source.since >= self._limits.minutes * _MINUTE


def _source(sources: _Sources, key: str, now: float) -> _Source:
    source = sources.get(key)
    if source is None:
        source = sources[key] = _Source(at=now, since=now)
        if len(sources) > _KEPT:
            sources.popitem(last=False)
    else:
        sources.move_to_end(key)
    return source


def _named(door: _Door, sweeps: list[str]) -> tuple[str, ...]:
    """Those that are within the minute's share; the others are counted."""
    named = sweeps[: _TOLD_BESIDE - door.named]
    door.named += len(named)
    door.unnamed += len(sweeps) - len(named)
    return tuple(named)


def _unnamed(door: _Door, now: float) -> int:
    """How many were counted in a minute that is over, once; a new one begins."""
    if now - door.since < _MINUTE:
        return 0
    unnamed, door.unnamed, door.named, door.since = door.unnamed, 0, 0, now
    return unnamed


def _counted_at(door: Transport) -> Transport:
    """HTTP and HTTPS are one door: who asks at both is the same."""
    return Transport.HTTP if door is Transport.HTTPS else door


def _keys(door: Transport, address: str) -> tuple[tuple[str, int], ...]:
    """The sources that a miss counts for, each with how many times an address's share it has;
    the last is everybody."""
    own, everybody = (address, 1), (EVERYBODY, _OF_ALL)
    if door.is_forgeable:
        return (own, everybody)
    return (own, (network_of(address), _OF_A_NETWORK), everybody)
