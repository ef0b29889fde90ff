"""Which addresses has a name? The system's answer, waited for in threads of its own."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final

_THREADS: Final = 8
_KEPT_SECONDS: Final = 30.0
_MOST_KEPT: Final = 10_000


def system_addresses(name: str) -> Sequence[str]:
    """The addresses that the system has for a name, /etc/hosts included. Blocks for as long as
    its name servers are silent; raises OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    until: float
    addresses: tuple[str, ...] = ()
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class _LookUp:
    """A name that is asked for, or waits to be; `waiting` counts who wants it, by tenant."""

    answer: "asyncio.Future[_Answer]"
    waiting: Counter[int] = field(default_factory=Counter)
    is_asked: bool = False


class Names:
    """Asks for each name once at a time and keeps the answer, also that there is none, for 30 s.

    Tenants choose the names, and one whose name servers are silent holds a thread for as long as
    the system waits. The threads are therefore nobody else's, and a tenant may have as many under
    way as are free beside: there is one for the next tenant at any time. `ask` blocks.
    """

    def __init__(
        self,
        ask: Callable[[str], Sequence[str]] = system_addresses,
        *,
        threads: int = _THREADS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._ask = ask
        self._most = threads
        self._clock = clock
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="sip-names")
        self._kept: dict[str, _Answer] = {}
        self._look_ups: dict[str, _LookUp] = {}
        self._under_way: Counter[int] = Counter()

    async def addresses(self, name: str, tenant: int) -> tuple[str, ...]:
        """The addresses of a name that `tenant` wants to reach. Raises OSError where it has none;
        who waits no longer cancels."""
        key = name.lower()
        answer = self._kept.get(key)
        if answer is None or answer.until <= self._clock():
            answer = await self._wait(key, tenant)
        if not answer.addresses:
            raise OSError(answer.fault)
        return answer.addresses

    async def _wait(self, name: str, tenant: int) -> _Answer:
        look_up = self._look_ups.get(name)
        if look_up is None:
            look_up = _LookUp(answer=asyncio.get_running_loop().create_future())
            self._look_ups[name] = look_up
        look_up.waiting[tenant] += 1
        try:
            self._begin()
            return await asyncio.shield(look_up.answer)
        finally:
            look_up.waiting[tenant] -= 1
            if not look_up.is_asked and not +look_up.waiting:
                del self._look_ups[name]

    def _begin(self) -> None:
        """Ask for those names that a tenant waits for who may have one more under way."""
        for name, look_up in self._look_ups.items():
            free = self._most - self._under_way.total()
            if free <= 0:
                return
            if look_up.is_asked:
                continue
            tenants = [one for one in +look_up.waiting if self._under_way[one] < free]
            if not tenants:
                continue
            look_up.is_asked = True
            self._under_way[tenants[0]] += 1
            asked = asyncio.get_running_loop().run_in_executor(self._threads, self._ask, name)
            asked.add_done_callback(partial(self._end, name, tenants[0]))

    def _end(self, name: str, tenant: int, asked: "asyncio.Future[Sequence[str]]") -> None:
        self._under_way[tenant] -= 1
        look_up = self._look_ups.pop(name)
        look_up.answer.set_result(self._keep(name, asked))
        self._begin()

    def _keep(self, name: str, asked: "asyncio.Future[Sequence[str]]") -> _Answer:
        now, fault = self._clock(), "it has no address"
        addresses: tuple[str, ...] = ()
        try:
            addresses = tuple(asked.result())
        except (OSError, ValueError) as raised:  # a name that IDNA does not take is the latter
            fault = getattr(raised, "strerror", None) or str(raised)
        answer = _Answer(until=now + _KEPT_SECONDS, addresses=addresses, fault=fault)
        self._kept.pop(name, None)
        self._kept[name] = answer
        while len(self._kept) > _MOST_KEPT or next(iter(self._kept.values())).until <= now:
            del self._kept[next(iter(self._kept))]  # kept in order of their time
        return answer
