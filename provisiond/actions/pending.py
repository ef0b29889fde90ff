"""Which phones ask and are in no inventory, and what becomes of them? Noted behind the replies."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from provisiond.actions.changes import change_entry
from provisiond.actions.phones import Saved, add_phone
from provisiond.catalog.match import candidates, parse_name
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, network_of
from provisiond.inventory.admission import DEFAULT_HOURS
from provisiond.inventory.errors import (
    NotAllowed,
    NotFound,
    ProvisiondError,
    Rejected,
    UnknownFile,
)
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.lists import Page, PendingQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.inventory.phones import Phone
from provisiond.store import pending as store
from provisiond.store.database import Database
from provisiond.store.journal import add_change

_log = logging.getLogger(__name__)
_FLUSH_SECONDS = 2.0
_AGAIN_SECONDS = 10.0
_AT_ONCE = 1000
_OF_A_NETWORK_AT_ONCE = 100


class PendingBook:
    """Takes requests of unknown phones at once and keeps them soon, at most 1,000 at a time, of
    them 100 of one /24 or /64."""

    def __init__(self, database: Database, shelf: Callable[[], Shelf]) -> None:
        self._database = database
        self._shelf = shelf
        self._entries: dict[str, tuple[RequestEntry, int, datetime]] = {}
        self._networks: Counter[str] = Counter()
        self._wake = asyncio.Event()
        self._is_full = False

    def note(self, entry: RequestEntry) -> None:
        """Take a request; never waits."""
        key = entry.mac.text if entry.mac is not None else entry.name
        before = self._entries.get(key)
        if before is not None:
            self._entries[key] = (_better(before[0], entry), before[1] + 1, before[2])
        elif len(self._entries) < _AT_ONCE and self._has_share(network_of(entry.address)):
            self._entries[key] = (entry, 1, entry.at)
            self._wake.set()

    def _has_share(self, network: str) -> bool:
        """Whether a network may bring one more before the next writing."""
        self._networks[network] += 1
        return self._networks[network] <= _OF_A_NETWORK_AT_ONCE

    async def run(self) -> None:
        """Write until cancelled; a store that is away is tried again."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_FLUSH_SECONDS)
            try:
                await asyncio.shield(self.flush())
            except ProvisiondError as fault:
                _log.warning("pending phones are not noted for now: %s", fault)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def flush(self) -> None:
        """Write what was taken; where the store is away it is lost, for they ask again."""
        self._wake.clear()
        taken, self._entries = self._entries, {}
        self._networks.clear()
        phones: dict[Mac, PendingPhone] = {}
        for entry, count, since in taken.values():
            phone = self._recognised(entry, count, since)
            if phone is not None:
                phones[phone.mac] = phone
        if phones:
            async with self._database.append() as write:
                left_out = await store.note_pending(write, list(phones.values()))
            self._tell(left_out)

    def _tell(self, left_out: int) -> None:
        """Say once that phones find no room, until one does again."""
        if left_out and not self._is_full:
            _log.warning(
                "%d phones that nobody has are not listed: their network has asked for too many "
                "already, or the list is full; `provisiond pending list` shows who asks",
                left_out,
            )
        self._is_full = left_out > 0

    def _recognised(self, entry: RequestEntry, count: int, since: datetime) -> PendingPhone | None:
        shelf = self._shelf()
        device = shelf.recognise(entry.user_agent) if entry.user_agent else None
        mac = entry.mac if entry.mac is not None else self._mac_of(shelf, entry.name)
        if mac is None:
            return None
        return PendingPhone(
            mac=mac,
            address=entry.address,
            transport=entry.transport,
            first_seen=since,
            last_seen=entry.at,
            user_agent=entry.user_agent or "",
            vendor=device.vendor if device is not None else _vendor(shelf, mac),
            model=device.model if device is not None else entry.device_model or "",
            version=device.version if device is not None else entry.device_version or "",
            name=entry.name,
            count=count,
        )

    @staticmethod
    def _mac_of(shelf: Shelf, name: str) -> Mac | None:
        try:
            path = parse_name(name).path
        except UnknownFile:
            return None
        for match in candidates(shelf.families.values(), path):
            if match.mac is not None:
                return match.mac
        return None


async def list_pending(db: Database, actor: Actor, query: PendingQuery) -> Page[PendingPhone]:
    """Phones that ask and are in no inventory, those that match, sorted. Raises NotAllowed."""
    _demand(actor)
    async with db.read() as read:
        return await store.list_pending(read, query)


async def show_pending(db: Database, actor: Actor, mac: Mac) -> PendingPhone:
    """One of them. Raises NotAllowed, NotFound."""
    _demand(actor)
    async with db.read() as read:
        return _found(mac, await store.find_pending(read, mac))


async def approve_pending(
    db: Database,
    shelf: Shelf,
    actor: Actor,
    domain: str,
    mac: Mac,
    made: Callable[[Phone], Phone],
    at: datetime,
    *,
    enrolment_hours: int = DEFAULT_HOURS,
) -> Saved:
    """Take a phone into a domain and open its enrolment: it is served when it asks again.

    `made` gets a phone of the model that was recognised, if any, and says its model, lines and
    layout. Raises NotFound, Rejected(model), RejectedAll with every fault.
    """
    pending = await show_pending(db, actor, mac)
    claimed = f"{pending.vendor} {pending.model}".strip()
    found = shelf.find_model(claimed) if pending.model else None
    phone = made(Phone(mac=mac, model=claimed if found is not None else ""))
    if not phone.model:
        told = pending.model != ""
        said = f"it calls itself {claimed!r}, which is no model here" if told else "it is unknown"
        near = " or ".join(shelf.near_models(claimed)) if told else ""
        remedy = f"Give it; did you mean {near}?" if near else "Give it, as on the box."
        raise Rejected("model", f"{said}.", remedy)
    saved = await add_phone(db, shelf, actor, domain, phone, at, enrolment_hours=enrolment_hours)
    async with db.append() as write:
        await store.forget_pending(write, mac)
    return saved


async def dismiss_pending(db: Database, actor: Actor, mac: Mac, at: datetime) -> PendingPhone:
    """Show a phone no more, also when it asks again. Raises NotAllowed, NotFound."""
    _demand(actor)
    async with db.write() as write:
        pending = _found(mac, await store.find_pending(write, mac))
        await store.dismiss_pending(write, mac, at)
        await add_change(write, change_entry(actor, "dismiss pending phone", str(mac), at))
    return replace(pending, dismissed_at=at)


def _demand(actor: Actor) -> None:
    if actor.domain is not None:
        raise NotAllowed("phones that are of no domain yet are your provider's; ask there.")


def _found(mac: Mac, pending: PendingPhone | None) -> PendingPhone:
    if pending is None:
        raise NotFound(f"no phone {mac} waits; `provisiond pending list` shows those that do.")
    return pending


def _better(before: RequestEntry, entry: RequestEntry) -> RequestEntry:
    """The later entry, with what only the earlier one told of the device."""
    if entry.user_agent:
        return entry
    return entry._replace(
        user_agent=before.user_agent,
        device_model=before.device_model,
        device_version=before.device_version,
    )


def _vendor(shelf: Shelf, mac: Mac) -> str:
    """The vendor that such a MAC is of, where the families' hints agree; else nothing."""
    vendors = {
        family.manifest.vendor
        for family in shelf.families.values()
        if mac.text.startswith(family.manifest.mac_prefixes)
    }
    return vendors.pop() if len(vendors) == 1 else ""
