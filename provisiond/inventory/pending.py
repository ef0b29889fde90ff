"""Which phones ask and are in no inventory? What is known of one that waits to be taken in."""

from dataclasses import dataclass
from datetime import datetime

from provisiond.inventory.mac import Mac


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingPhone:
    """A phone that nobody has, as it last asked; of no domain yet.

    `vendor`, `model` and `version` are what was recognised, empty where nothing was: a claim, no
    more. `name` is the file it asked for last. `count` counts its requests. `dismissed_at` is
    when somebody said that it is not to be shown.
    """

    mac: Mac
    address: str
    transport: str
    first_seen: datetime
    last_seen: datetime
    user_agent: str = ""
    vendor: str = ""
    model: str = ""
    version: str = ""
    name: str = ""
    count: int = 1
    dismissed_at: datetime | None = None
