"""May the address provider be asked once more now? So many at once and a minute for each domain."""

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from provisiond.inventory.errors import TooOften

AT_ONCE = 4
PER_MINUTE = 60
"""Questions of one domain; providers count them, and who asks too often is shut out for all."""

_MINUTE = timedelta(minutes=1)
_SOON = 5.0


class ProviderTurns:
    """Who asks the provider, and who did within the last minute, in this process."""

    def __init__(self) -> None:
        self._asking: Counter[str] = Counter()
        self._asked: dict[str, deque[datetime]] = {}

    @contextmanager
    def taken(self, domain: str, provider: str, at: datetime) -> Iterator[None]:
        """A turn of the domain, for as long as the block lasts. Raises TooOften."""
        if self._asking[domain] >= AT_ONCE:
            message = f"{provider} is asked about {AT_ONCE} addresses of {domain} already;"
            raise TooOften(message, _SOON)
        asked = self._asked.setdefault(domain, deque(maxlen=PER_MINUTE))
        if len(asked) == PER_MINUTE and at - asked[0] < _MINUTE:
            message = f"{provider} was asked {PER_MINUTE} times for {domain} within a minute;"
            raise TooOften(message, (asked[0] + _MINUTE - at).total_seconds())
        asked.append(at)
        self._asking[domain] += 1
        try:
            yield
        finally:
            self._asking[domain] -= 1
            if not self._asking[domain]:
                del self._asking[domain]
