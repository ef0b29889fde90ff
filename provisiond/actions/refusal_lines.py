"""How much of the journal may refusals fill? A minute's share for each source, then one count."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from provisiond.inventory.journal import RequestEntry

OF_A_SOURCE = 60
OF_ALL = 5_000

_MINUTE = timedelta(minutes=1)
_SOURCES = 2_000
_WHOLE = frozenset({"served", "absent_file", "throttled"})
"""Outcomes that only phones which were let in have, and one that stands for many already."""


class RefusalLines:
    """Hands entries of requests on to the journal. What was served and alarms all go there; of
    everything else, in a minute, the first of each known phone, 60 of a source, and no more than
    5,000 of all. So behind one address a phone's own reason is not lost among those of others.

    The rest of that minute is one entry of each source, `more_refused`, with how many there were
    of each outcome; sources beyond 2,000 share one without an address.
    """

    def __init__(self, journal: Callable[[RequestEntry], None]) -> None:
        self._journal = journal
        self._minute: datetime | None = None
        self._lines = 0
        self._written: Counter[str] = Counter()
        self._phones: set[int] = set()
        self._more: dict[tuple[str, str], Counter[str]] = {}

    def add(self, entry: RequestEntry) -> None:
        """Journal an entry, or count it. Returns at once."""
        if entry.outcome in _WHOLE or entry.alarm:
            self._journal(entry)
            return
        self.tick(entry.at)
        if self._minute is None:
            self._minute = entry.at.replace(second=0, microsecond=0)
        if self._lines < OF_ALL and self._has_share(entry):
            self._lines += 1
            self._written[entry.address] += 1
            if entry.phone_id is not None:
                self._phones.add(entry.phone_id)
            self._journal(entry)
            return
        source = (entry.address, entry.transport)
        if source not in self._more and len(self._more) >= _SOURCES:
            source = ("", "")
        self._more.setdefault(source, Counter())[entry.outcome] += 1

    def _has_share(self, entry: RequestEntry) -> bool:
        is_first = entry.phone_id is not None and entry.phone_id not in self._phones
        return is_first or self._written[entry.address] < OF_A_SOURCE

    def tick(self, at: datetime) -> None:
        """Journal the counts of a minute that is over. Call it often, for a source may stop."""
        if self._minute is not None and at - self._minute >= _MINUTE:
            self.stop()

    def stop(self) -> None:
        """Journal the counts so far, and begin anew."""
        if self._minute is None:
            return
        for (address, transport), counts in self._more.items():
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
            self._journal(
                RequestEntry(
                    at=self._minute,
                    transport=transport,
                    address=address,
                    method="",
                    name="",
                    outcome="more_refused",
                    detail=f"{counts.total()} more in the minute {self._minute:%Y-%m-%dT%H:%MZ}: "
                    f"{kinds}",
                )
            )
        self._minute = None
        self._lines = 0
        self._written.clear()
        self._phones.clear()
        self._more.clear()
