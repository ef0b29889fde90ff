"""How is a phone told to fetch its files again? Asked for here, sent by the daemon."""

from dataclasses import dataclass
from datetime import datetime

from provisiond.actions.changes import change_entry
from provisiond.actions.inventory_text import Tree
from provisiond.actions.phone_domain import domain_of_phone
from provisiond.actions.render_file import place_of
from provisiond.actions.resync_reach import Accepts, check_reach, look_around, route_of
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.errors import Conflict, NotFound, Rejected
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import Resync, ResyncState
from provisiond.store.database import Database
from provisiond.store.domains import find_domain
from provisiond.store.journal import add_change, get_sightings
from provisiond.store.leases import lease_holder
from provisiond.store.phones import phone_ids
from provisiond.store.resyncs import (
    count_queued,
    find_resync,
    insert_resync,
    join_resync,
    latest_resyncs,
    lock_phone,
)
from provisiond.store.transaction import Write

LEASE = "resync"
"""Who holds this lease sends what is queued."""

MOST_QUEUED = 1000
"""So many of a domain may wait to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestResync:
    """The command. `registrar` says whether the daemon can ask one for the phone's own contact;
    `even_if_shared` accepts that other phones of the same user are told too."""

    mac: Mac
    reboot: bool = False
    even_if_shared: bool = False
    registrar: bool = False


async def request_resync(
    db: Database, shelf: Shelf, actor: Actor, domain: str, command: RequestResync, at: datetime
) -> Resync:
    """Queue the message that tells a phone to fetch again; journaled and committed with it.

    One that waits for the same is answered instead of a second; while one is being sent, a second
    waits for its end, since the phone may have fetched before what was changed meanwhile. Raises
    NotFound, Rejected where the phone cannot be reached or does not know how to restart so,
    Conflict where it is disabled, others would be reached too, or too many of the domain wait.
    """
    demand(actor, Noun.PHONES, Verb.RUN, domain)
    facts = await db.facts.for_mac(command.mac)
    if facts is None or facts.domain.name != domain.lower():
        raise NotFound(f"there is no phone {command.mac} in {domain}.")
    event = _event(shelf, facts, reboot=command.reboot)
    domain_id = facts.domain.domain_id
    accepts = Accepts(shared=command.even_if_shared, strangers=actor.domain is None)
    async with db.read() as read:
        around = await look_around(read, facts)
    check_reach(facts, around, accepts, registrar=command.registrar)
    async with db.write() as write:
        if not await lock_phone(write, domain_id, facts.phone_id):
            raise NotFound(f"there is no phone {command.mac} in {domain}.")
        stood = await _to_join(write, facts, command)
        if stood is None:
            await _check_room(write, facts)
            resync_id = await insert_resync(
                write,
                domain_id,
                facts.phone_id,
                at,
                requested_by=actor.name,
                reboot=command.reboot,
                even_if_shared=command.even_if_shared,
            )
        else:
            resync_id = stood.resync_id
            await join_resync(
                write, domain_id, resync_id, at, even_if_shared=command.even_if_shared
            )
        if stood is None or (command.even_if_shared and not stood.even_if_shared):
            await add_change(write, _entry(actor, facts, command, event, at))
        made = await find_resync(write, domain_id, resync_id)
    assert made is not None
    return made


async def request_resync_of(
    db: Database, shelf: Shelf, actor: Actor, command: RequestResync, at: datetime
) -> Resync:
    """The same for a phone whose domain the asker need not know. Raises NotFound for one of a
    domain that is not the actor's, in the words for one that does not exist."""
    domain = await domain_of_phone(db, actor, command.mac)
    return await request_resync(db, shelf, actor, domain, command, at)


async def show_resync(db: Database, actor: Actor, domain: str, resync_id: int) -> Resync:
    """One re-sync as it stands. Raises NotFound."""
    demand(actor, Noun.PHONES, Verb.READ, domain)
    async with db.read() as read:
        found = await find_domain(read, domain.lower())
        resync = await find_resync(read, found[0], resync_id) if found is not None else None
    if resync is None:
        raise NotFound(f"there is no re-sync {resync_id} in {domain}.")
    return resync


async def list_resyncs(
    db: Database, actor: Actor, domain: str, mac: Mac, *, limit: int = 20
) -> tuple[Resync, ...]:
    """A phone's re-syncs, the newest first. Raises NotFound."""
    demand(actor, Noun.PHONES, Verb.READ, domain)
    async with db.read() as read:
        found = await find_domain(read, domain.lower())
        ids = await phone_ids(read, found[0], [mac]) if found is not None else {}
        if found is None or mac not in ids:
            raise NotFound(f"there is no phone {mac} in {domain}.")
        return await latest_resyncs(read, found[0], ids[mac], limit=limit)


async def is_sender_there(db: Database) -> bool:
    """Whether a daemon runs that sends what is queued."""
    async with db.read() as read:
        return await lease_holder(read, LEASE) is not None


async def _to_join(write: Write, facts: PhoneFacts, command: RequestResync) -> Resync | None:
    """The one that does for this request too: one that waits, or a restart that is being asked for
    and after which the phone has not fetched yet. It need not restart twice for that."""
    domain_id, phone_id = facts.domain.domain_id, facts.phone_id
    told = await latest_resyncs(write, domain_id, phone_id)
    same = [one for one in told if one.is_under_way and one.reboot == command.reboot]
    waiting = next((one for one in same if one.state is ResyncState.QUEUED), None)
    if waiting is not None or not same or not command.reboot:
        return waiting
    seen = (await get_sightings(write, domain_id, [phone_id])).get(phone_id)
    proved_at, sent_at = seen.proved_at if seen is not None else None, same[0].sent_at
    has_fetched = proved_at is not None and sent_at is not None and proved_at >= sent_at
    return None if has_fetched else same[0]


async def _check_room(write: Write, facts: PhoneFacts) -> None:
    if await count_queued(write, facts.domain.domain_id, most=MOST_QUEUED) >= MOST_QUEUED:
        raise Conflict(
            f"{MOST_QUEUED} phones of {facts.domain.name} wait to be told already. Ask again in a "
            "minute; where they stay that many, their SIP server does not answer, or no "
            "provisiond runs."
        )


def _entry(
    actor: Actor, facts: PhoneFacts, command: RequestResync, event: str, at: datetime
) -> ChangeEntry:
    after: dict[str, Tree] = {"event": event, "route": route_of(facts).value}
    if command.even_if_shared:
        after["even_if_shared"] = True
    domain_id = facts.domain.domain_id
    return change_entry(
        actor, "re-sync phone", str(command.mac), at, domain_id=domain_id, after=after
    )


def _event(shelf: Shelf, facts: PhoneFacts, *, reboot: bool) -> str:
    rule = place_of(shelf, facts.phone.model).family.manifest.resync
    if not reboot:
        return rule.event
    if not rule.reboot_event:
        message = f"no event makes a {facts.phone.model} restart in any case."
        raise Rejected("reboot", message, "Leave it out: it restarts where a change needs it.")
    return rule.reboot_event
