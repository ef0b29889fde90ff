"""What happened? File requests as they came, changes of the inventory, sightings of phones."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from provisiond.inventory.journal import ChangeEntry, Delivery, RequestEntry, Sighting
from provisiond.inventory.mac import Mac
from provisiond.store.batches import batch_statements
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored
from provisiond.store.schema import change_journal, request_journal, sighting
from provisiond.store.schema_access import webhook, webhook_delivery
from provisiond.store.subjects import subject_key, subject_noun, subject_values
from provisiond.store.transaction import AnyRow, Read, Write, chunks

if TYPE_CHECKING:
    from provisiond.store.database import Database

_SEEN = frozenset({"served", "absent_file"})
"""Outcomes of phones that were let in: only these say where a phone is."""
_NAME_LENGTH = 512
_DETAIL_LENGTH = 1000
_AGENT_LENGTH = 256


async def add_requests(write: Write, entries: Sequence[RequestEntry | Delivery]) -> None:
    """Write journal rows and the sightings that follow from them, in one transaction."""
    statements = batch_statements(write.connection.dialect.name)
    lines = [_request_row(entry) for entry in entries if not isinstance(entry, Delivery)]
    await statements.requests.run(write, lines)
    await statements.sightings.run(write, _sighting_rows(entries))


QUIET = ("log in", "log out", "export with secrets")
"""Actions that change nothing others wait for: they are no events."""


async def add_change(write: Write, entry: ChangeEntry) -> int:
    """Journal a change in the transaction that makes it, and put it into the outbox of each
    webhook that is to be told: all are kept, or none. Answers its id.

    Events need the writers' turn: their ids are then in the order of the commits, and whoever
    reads on from one misses none.
    """
    (change_id,) = await _journal(write, [entry])
    if entry.action not in QUIET:
        await _tell(write, [(change_id, entry)])
    return change_id


async def add_changes(write: Write, entries: Sequence[ChangeEntry]) -> None:
    """The same of many in their order, with a few statements for all."""
    if not entries:
        return
    ids = await _journal(write, entries)
    if await write.first(sa.select(webhook.c.id).where(webhook.c.enabled.is_(True)).limit(1)):
        told = [pair for pair in zip(ids, entries, strict=True) if pair[1].action not in QUIET]
        for _, some in itertools.groupby(told, lambda pair: subject_noun(pair[1])):
            await _tell(write, list(some))


async def _journal(write: Write, entries: Sequence[ChangeEntry]) -> Sequence[int]:
    are_quiet = all(entry.action in QUIET for entry in entries)
    assert write.has_turn or are_quiet, "an event is journaled in Database.write()"
    statement = sa.insert(change_journal).returning(change_journal.c.id)
    rows = [{**_change_row(entry), "undoes": write.undoes} for entry in entries]
    found = await write.connection.execute(statement, rows)
    # Both engines number the rows of a VALUES list in its order, in whichever they return them.
    return sorted(found.scalars())


async def _tell(write: Write, changes: Sequence[tuple[int, ChangeEntry]]) -> None:
    """Tell the webhooks of these changes of one noun, in one execution."""
    noun = subject_noun(changes[0][1])
    rows = [
        {
            "of_change": change_id,
            "of_domain": entry.domain_id,
            "of_at": to_stored(entry.at),
            **subject_values(replace(entry, subject=_clean(entry.subject, _NAME_LENGTH)), noun),
        }
        for change_id, entry in changes
    ]
    await write.connection.execute(_told(noun), rows)


@functools.cache
def _told(noun: str | None) -> sa.Insert:
    """A delivery for each webhook of the change's domain, and of all domains."""
    own = webhook.c.domain_id == sa.bindparam("of_domain", type_=sa.BigInteger())
    columns = ("webhook_id", "change_id", "subject", "state", "due_at")
    return sa.insert(webhook_delivery).from_select(
        columns,
        sa.select(
            webhook.c.id,
            sa.bindparam("of_change", type_=sa.BigInteger()),
            subject_key(noun),
            sa.literal("waiting"),
            sa.bindparam("of_at", type_=sa.BigInteger()),
        ).where(webhook.c.enabled.is_(True), webhook.c.domain_id.is_(None) | own),
    )


async def latest_requests(
    read: Read,
    domain_id: int | None,
    *,
    mac: Mac | None = None,
    outcome: str | None = None,
    refused: bool = False,
    alarm: bool = False,
    before: int | None = None,
    limit: int = 100,
) -> tuple[tuple[int, RequestEntry], ...]:
    """Journal ids and entries, the newest first; of all domains where `domain_id` is None.

    `refused` leaves out what was served, `alarm` all but alarms; `before` is an id to page on.
    """
    table = request_journal
    query = sa.select(table)
    if domain_id is not None:
        query = query.where(table.c.domain_id == domain_id)
    query = requests_where(query, mac=mac, outcome=outcome, refused=refused, alarm=alarm)
    if before is not None:
        query = query.where(table.c.id < before)
    query = query.order_by(table.c.id.desc())
    return tuple([(row.id, request_entry(row)) for row in await read.rows(query.limit(limit))])


def requests_where(
    query: sa.Select[Any],
    *,
    mac: Mac | None,
    outcome: str | None,
    refused: bool,
    alarm: bool,
) -> sa.Select[Any]:
    """The query of request journal rows with these conditions."""
    table = request_journal
    if mac is not None:
        query = query.where(table.c.mac == mac.text)
    if outcome is not None:
        query = query.where(table.c.outcome == outcome)
    if outcome not in (None, "served") or refused:
        query = query.where(sa.text("outcome <> 'served'"))  # as the index of refusals has it
    if alarm:
        query = query.where(sa.text("alarm"))
    return query


async def latest_changes(
    read: Read, domain_id: int | None, *, before: int | None = None, limit: int = 100
) -> tuple[tuple[int, ChangeEntry], ...]:
    """Journal ids and changes, the newest first; of all domains where `domain_id` is None."""
    table = change_journal
    query = sa.select(table).order_by(table.c.id.desc()).limit(limit)
    if domain_id is not None:
        query = query.where(table.c.domain_id == domain_id)
    if before is not None:
        query = query.where(table.c.id < before)
    return tuple([(row.id, _change(row)) for row in await read.rows(query)])


async def get_sightings(
    read: Read, domain_id: int, phone_ids: Sequence[int]
) -> dict[int, Sighting]:
    """When and where those of the phones that ever came were last served, by id."""
    found: dict[int, Sighting] = {}
    for some in chunks(phone_ids):
        rows = await read.rows(
            sa.select(sighting)
            .where(sighting.c.domain_id == domain_id)
            .where(sighting.c.phone_id.in_(some))
        )
        found.update({row.phone_id: _sighting(row) for row in rows})
    return found


async def prune_requests(
    database: "Database", *, before: datetime, keep: int, chunk: int = 2000
) -> int:
    """Delete request rows older than `before`, and the oldest beyond `keep` that are no alarms:
    who is refused all day pushes none out. Answers how many.

    A chunk a transaction, so that nobody waits long for the writer.
    """
    deleted = 0
    for doomed in (_old_lines, _old_alarms):
        done = chunk
        while done == chunk:
            async with database.append() as write:
                done = await doomed(write, to_stored(before), keep, chunk)
            deleted += done
    return deleted


async def _old_lines(write: Write, before: int, keep: int, chunk: int) -> int:
    table = request_journal
    newest = await write.first(sa.select(sa.func.max(table.c.id)))
    if newest is None or newest[0] is None:
        return 0
    oldest = (
        sa.select(table.c.id, table.c.at)
        .where(table.c.alarm.is_(False))
        .order_by(table.c.id)
        .limit(chunk)
        .subquery("oldest")
    )
    doomed = sa.select(oldest.c.id).where(
        (oldest.c.at < before) | (oldest.c.id <= newest[0] - keep)
    )
    done = await write.connection.execute(sa.delete(table).where(table.c.id.in_(doomed)))
    return int(done.rowcount)


async def _old_alarms(write: Write, before: int, keep: int, chunk: int) -> int:
    table = request_journal
    doomed = (
        sa.select(table.c.id)
        .where(sa.text("alarm"), table.c.at < before)
        .order_by(table.c.id)
        .limit(chunk)
    )
    done = await write.connection.execute(sa.delete(table).where(table.c.id.in_(doomed)))
    return int(done.rowcount)


def _change_row(entry: ChangeEntry) -> dict[str, Any]:
    return {
        "at": to_stored(entry.at),
        "actor_kind": entry.actor_kind,
        "actor": _clean(entry.actor, _NAME_LENGTH),
        "action": entry.action,
        "subject": _clean(entry.subject, _NAME_LENGTH),
        "domain_id": entry.domain_id,
        "before": _clean(entry.before, None),
        "after": _clean(entry.after, None),
        "part_of": entry.part_of,
    }


def _request_row(entry: RequestEntry) -> dict[str, Any]:
    return {
        "at": to_stored(entry.at),
        "transport": entry.transport,
        "address": entry.address,
        "method": _clean(entry.method, 16),
        "name": _clean(entry.name, _NAME_LENGTH),
        "outcome": entry.outcome,
        "detail": _clean(entry.detail, _DETAIL_LENGTH),
        "domain_id": entry.domain_id,
        "phone_id": entry.phone_id,
        "mac": entry.mac.text if entry.mac is not None else None,
        "user_agent": _clean(entry.user_agent, _AGENT_LENGTH) if entry.user_agent else None,
        "size": entry.size,
        "body_hash": entry.body_hash,
        "proves": entry.proves,
        "alarm": entry.alarm,
    }


def _clean(text: str, length: int | None) -> str:
    """What both engines can store: no NUL, no lone surrogate, no more than `length`."""
    if length is not None and len(text) > length:
        text = text[: length - 1] + "…"
    if text.isascii():
        return text.replace("\0", "\\x00") if "\0" in text else text
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _sighting_rows(entries: Sequence[RequestEntry | Delivery]) -> list[dict[str, Any]]:
    """One row a phone that was let in, in an order that all nodes keep (no deadlocks)."""
    seen: dict[tuple[int, int], dict[str, Any]] = {}
    for noted in entries:
        entry = noted.entry if isinstance(noted, Delivery) else noted
        if entry.domain_id is None or entry.phone_id is None or entry.outcome not in _SEEN:
            continue
        place = (entry.domain_id, entry.phone_id)
        row = seen.get(place)
        if row is None:
            row = seen[place] = _first_row(entry)
        if isinstance(noted, Delivery):
            row["last_seen"] = row["proved_at"] = to_stored(noted.at)
            row["proved_hash"] = entry.body_hash
        else:
            _count(row, entry)
    return [seen[place] for place in sorted(seen)]


def _first_row(entry: RequestEntry) -> dict[str, Any]:
    at = to_stored(entry.at)
    return {
        "domain_id": entry.domain_id,
        "phone_id": entry.phone_id,
        "first_seen": at,
        "last_seen": at,
        "address": entry.address,
        "transport": entry.transport,
        "last_file": _clean(entry.name, _NAME_LENGTH),
        "user_agent": None,
        "model": None,
        "version": None,
        "proved_hash": None,
        "proved_at": None,
        "count": 0,
    }


def _count(row: dict[str, Any], entry: RequestEntry) -> None:
    at = to_stored(entry.at)
    row["count"] += 1
    row["last_seen"] = at
    row["address"] = entry.address
    row["transport"] = entry.transport
    row["last_file"] = _clean(entry.name, _NAME_LENGTH)
    if entry.user_agent:
        row["user_agent"] = _clean(entry.user_agent, _AGENT_LENGTH)
    if entry.device_model:
        row["model"], row["version"] = entry.device_model, entry.device_version
    if entry.proves:
        row["proved_hash"], row["proved_at"] = entry.body_hash, at


def request_entry(row: AnyRow) -> RequestEntry:
    """A row of the journal of requests as an entry."""
    return RequestEntry(
        at=from_stored(row.at),
        transport=row.transport,
        address=row.address,
        method=row.method,
        name=row.name,
        outcome=row.outcome,
        detail=row.detail,
        domain_id=row.domain_id,
        phone_id=row.phone_id,
        mac=Mac(row.mac) if row.mac is not None else None,
        user_agent=row.user_agent,
        size=row.size,
        body_hash=row.body_hash,
        proves=row.proves,
        alarm=row.alarm,
    )


def _change(row: AnyRow) -> ChangeEntry:
    return ChangeEntry(
        at=from_stored(row.at),
        actor_kind=row.actor_kind,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        domain_id=row.domain_id,
        before=row.before,
        after=row.after,
        part_of=row.part_of,
        undoes=row.undoes,
    )


def _sighting(row: AnyRow) -> Sighting:
    return Sighting(
        first_seen=from_stored(row.first_seen),
        last_seen=from_stored(row.last_seen),
        address=row.address,
        transport=row.transport,
        last_file=row.last_file,
        count=row._mapping["count"],  # noqa: SLF001 - `count` is a method of every tuple
        user_agent=row.user_agent,
        model=row.model,
        version=row.version,
        proved_hash=row.proved_hash,
        proved_at=from_stored_if_any(row.proved_at),
    )
