"""What happened? One line a file request, one entry a change."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from provisiond.inventory.mac import Mac


class RequestEntry(NamedTuple):
    """One file request as the journal keeps it. A named tuple, for one is made a request, and a
    frozen dataclass of as many fields costs five times as much.

    `outcome` is `served` or the `code` of the error (`unknown_phone`, `not_admitted`,
    `malformed`, …); `name` has tokens masked; `body_hash` is the ETag of what was sent.
    `proves` is true when the phone fetched a file that proves it current; of a TFTP read that is
    known only at its end, and stands in the sighting alone.
    `alarm` marks what a person should look at. `device_model` and `device_version` are what the
    User-Agent claimed, where it was understood.
    """

    at: datetime
    transport: str
    address: str
    method: str
    name: str
    outcome: str
    detail: str = ""
    domain_id: int | None = None
    phone_id: int | None = None
    mac: Mac | None = None
    user_agent: str | None = None
    size: int = 0
    body_hash: str = ""
    proves: bool = False
    alarm: bool = False
    device_model: str | None = None
    device_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """At `at` a client had all of a file that proves it current; the journal has the line of its
    request, `entry`, already."""

    entry: RequestEntry
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """When, where and as what a phone was last served. `count` counts its requests.

    `proved_hash` and `proved_at` are of the last file that proves the phone current.
    """

    first_seen: datetime
    last_seen: datetime
    address: str
    transport: str
    last_file: str
    count: int
    user_agent: str | None = None
    model: str | None = None
    version: str | None = None
    proved_hash: str | None = None
    proved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEntry:
    """One change of the inventory: who, what, when; secrets are masked before they get here.

    `part_of` is the journal's id of the change of many (an import) that it belongs to, `undoes`
    that of the change that it undid.
    """

    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    domain_id: int | None = None
    before: str = ""
    after: str = ""
    part_of: int | None = None
    undoes: int | None = None
