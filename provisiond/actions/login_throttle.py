"""How often may somebody guess? A pause that doubles, for each account and each address."""

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

_KEPT = 10_000
_FORGET_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Leniency:
    """How a source is slowed down: after `free` misses each further one doubles the pause, from
    one second up to `longest`."""

    free: int
    longest: float


@dataclass(slots=True)
class _Misses:
    count: int = 0
    last: float = 0.0
    until: float = 0.0


class LoginThrottle:
    """What was guessed wrong lately, in this process, by the clock that the caller hands over.

    Three sources are counted: an address with one name (its guesses at an account), the address
    alone (its guesses at everybody; the /64 of IPv6), and the name alone, whose pause stays short:
    a stranger must not be able to shut somebody out. Bounded; the longest unheard-of go first.
    """

    def __init__(self) -> None:
        self._tables: tuple[tuple[Leniency, OrderedDict[str, _Misses]], ...] = (
            (Leniency(free=5, longest=900), OrderedDict()),
            (Leniency(free=20, longest=900), OrderedDict()),
            (Leniency(free=50, longest=5), OrderedDict()),
        )

    def pause(self, name: str, address: str, now: float) -> float:
        """Seconds to wait before the next guess is looked at; 0 where none."""
        waits = [0.0]
        for key, (_, table) in zip(_keys(name, address), self._tables, strict=True):
            misses = table.get(key)
            if misses is not None:
                waits.append(misses.until - now)
        return max(waits)

    def missed(self, name: str, address: str, now: float) -> None:
        """Count a guess. Call it before the guess is looked at: those that come at once count."""
        for key, (leniency, table) in zip(_keys(name, address), self._tables, strict=True):
            misses = table.pop(key, None)
            if misses is None or now - misses.last > _FORGET_SECONDS:
                misses = _Misses()
            misses.count += 1
            misses.last = now
            over = misses.count - leniency.free
            if over >= 0:
                misses.until = now + min(2.0 ** min(over, 16), leniency.longest)
            table[key] = misses
            if len(table) > _KEPT:
                table.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the misses of this name at this address, and one of the address."""
        own, near, far = _keys(name, address)
        self._tables[0][1].pop(own, None)
        for key, (_, table) in zip((near, far), self._tables[1:], strict=True):
            misses = table.get(key)
            if misses is not None:
                misses.count = max(misses.count - 1, 0)
                misses.until = 0.0


def _keys(name: str, address: str) -> tuple[str, str, str]:
    name, network = name.lower()[:64], _network(address)
    return f"{network} {name}", network, name


def _network(address: str) -> str:
    try:
        network = ip_network(address)
    except ValueError:
        return address[:64]
    found: IPv4Address | IPv6Address = network.network_address
    return address if found.version == 4 else str(ip_network((int(found) >> 64 << 64, 64)))
