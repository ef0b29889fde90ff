"""What is noted of a miss? Itself while there are few, the sweep it belongs to, the stranger."""

from collections.abc import Callable

from provisiond.actions.guesses import GuessWatch
from provisiond.inventory.access import Transport
from provisiond.inventory.journal import RequestEntry


class MissNotes:
    """Counts the misses of every door, and tells what they amount to.

    `journal` takes alarms too; `stranger` takes the entry of a request that names a MAC which is
    in no inventory, or may be.
    """

    def __init__(
        self,
        watch: GuessWatch,
        journal: Callable[[RequestEntry], None],
        stranger: Callable[[RequestEntry], None],
    ) -> None:
        self._watch = watch
        self._journal = journal
        self._stranger = stranger

    def note(self, entry: RequestEntry, name: str, *, stranger: bool) -> None:
        """Count a miss, and journal it unless there were too many. `name` is what was asked for;
        `stranger` says that it may be a phone that nobody has added yet."""
        door = Transport(entry.transport)
        miss = self._watch.missed(door, entry.address, name, entry.at)
        sweeps = [self._watch.words(door, source) for source in miss.sweeps]
        if miss.unnamed:
            sweeps.append(self._watch.words_of_more(miss.unnamed))
        for words in sweeps:
            self._journal(entry._replace(outcome="sweep", detail=words, mac=None, alarm=True))
        if stranger and not miss.made_up:
            self._stranger(entry)
        if miss.first_throttled:
            detail = "too many misses in a minute; further ones are counted, not journaled"
            self._journal(entry._replace(outcome="throttled", detail=detail))
        if not miss.throttled:
            self._journal(entry)
