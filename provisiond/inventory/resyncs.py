"""How did it go when a phone was told to fetch again? One record a request, and its end."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from provisiond.inventory.mac import Mac

WATCHED = timedelta(minutes=15)
"""How long a phone that was told is watched for: some fetch when they are idle, some restart."""

WAITS = timedelta(minutes=15)
"""How long a request waits for a daemon; later the phone would be told out of the blue."""


TOLD_AGAIN = "It was told again before it fetched."
"""How the reason of one ends whose phone was told once more; the newer one is watched instead."""


class ResyncState(Enum):
    """What came of it so far. Whether the phone is current is `confirmed_at`, apart from this."""

    QUEUED = "queued"
    SENDING = "sending"
    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"
    FAILED = "failed"

    @property
    def is_outcome(self) -> bool:
        """Whether the message has met its end."""
        return self not in (ResyncState.QUEUED, ResyncState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """A phone told, or to be told, to fetch again.

    `target` is the URI that was asked, `code` the last SIP response, `reason` a sentence for the
    person who asked. `confirmed_at` is when the phone fetched a file of the wanted version that
    proves it current; `closed` says that nothing more is waited for. `even_if_shared` lets the
    message reach other phones of the same user.
    """

    resync_id: int
    domain: str
    mac: Mac
    reboot: bool
    even_if_shared: bool
    state: ResyncState
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    target: str = ""
    code: int | None = None
    reason: str = ""
    confirmed_at: datetime | None = None
    closed: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether the message is yet to meet its end."""
        return not self.closed and not self.state.is_outcome

    @property
    def was_told_again(self) -> bool:
        """Whether a newer one took its place before it was confirmed."""
        return self.closed and self.reason.endswith(TOLD_AGAIN)

    @property
    def is_settled(self) -> bool:
        """Whether waiting any longer is of no use."""
        return self.closed or self.confirmed_at is not None
