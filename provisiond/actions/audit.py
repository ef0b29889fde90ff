"""Who changed what, when, and what was it before? The journal of changes, as far as one sees."""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace

from provisiond.actions.standing import Object, RecordKey, standing_tree
from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.errors import Conflict, NotFound
from provisiond.inventory.lists import ChangeQuery, ChangeRow, Page
from provisiond.inventory.uses import told
from provisiond.store.changes import (
    changes_beside,
    count_parts,
    find_change,
    later_changes,
    parts_of,
    query_changes,
    undone_by,
)
from provisiond.store.database import Database, Read
from provisiond.store.emergency import all_addresses
from provisiond.store.uses import hanging_on

_PAGE = 500
_ADDRESS = "emergency address"


async def list_changes(db: Database, actor: Actor, query: ChangeQuery) -> Page[ChangeRow]:
    """Changes by age; of the own domain where the actor has one. Raises NotFound for
    another domain, and NotAllowed."""
    demand(actor, Noun.AUDIT, Verb.READ, query.domain)
    domain = query.domain.lower() if query.domain is not None else actor.domain
    async with db.read() as read:
        return await query_changes(read, replace(query, domain=domain))


async def all_changes(
    db: Database, actor: Actor, query: ChangeQuery
) -> AsyncIterator[tuple[ChangeRow, ...]]:
    """The same, all of them, some at a time: whoever reads slowly holds no snapshot."""
    query = replace(query, limit=_PAGE)
    while True:
        page = await list_changes(db, actor, query)
        yield page.rows
        if not page.after:
            return
        query = replace(query, after=page.after)


async def show_change(db: Database, actor: Actor, entry_id: int) -> ChangeRow:
    """One entry. Raises NotFound, also for one of another domain."""
    demand(actor, Noun.AUDIT, Verb.READ)
    async with db.read() as read:
        row = await find_change(read, entry_id)
    if row is None or (actor.domain is not None and row.domain != actor.domain):
        raise NotFound(f"there is no entry {entry_id}.")
    return row


async def parts(db: Database, entry: ChangeRow, *, most: int) -> tuple[ChangeRow, ...]:
    """The changes of an import's records, the last first. Raises Conflict where there are none, or
    more than `most`."""
    async with db.read() as read:
        count = await count_parts(read, entry.entry_id)
        rows = await parts_of(read, entry.entry_id) if count <= most else ()
    if count > most:
        raise Conflict(
            f"the import made {count:,} changes, and at most {most:,} are undone together; undo "
            f"those that should go by themselves (part_of={entry.entry_id} lists them)."
        )
    if not rows:
        raise Conflict("the journal has no record of this import; change it by hand.")
    return rows


async def default_given(db: Database, row: ChangeRow) -> ChangeRow | None:
    """Of a change that made an emergency address the domain's default the one by which another
    address gave that away: undone alone, it would leave the domain with none."""
    if not row.change.action.endswith(f" {_ADDRESS}") or _gives(row) != (False, True):
        return None
    async with db.read() as read:
        beside = await changes_beside(read, row, _ADDRESS)
    # By hand the giver's entry is the one before; an import has others between them.
    found = beside if row.change.part_of is not None else beside[:1]
    return next((one for one in found if _gives(one) == (True, False)), None)


def _gives(row: ChangeRow) -> tuple[bool, bool]:
    """Whether the address was the domain's default before the change, and after it."""
    before, after = journaled(row.change.before), journaled(row.change.after)
    return before.get("default") is True, after.get("default") is True


@asynccontextmanager
async def together(db: Database) -> AsyncIterator[Database]:
    """The store in one transaction in which several changes are undone, or none."""
    async with db.write() as write:
        yield db.within(write)


@asynccontextmanager
async def undoing(
    db: Database, row: ChangeRow, key: RecordKey, *, moving: Collection[str] = ()
) -> AsyncIterator[Database]:
    """The store in the one transaction in which the change is undone: nobody else writes in it.

    `key` is the record as it was called after the change, `moving` are fields that change by
    themselves. Raises Conflict where the record was changed since, by whatever way.
    """
    async with db.write() as write:
        await _must_be_the_last(write, row, key)
        await _must_stand(write, row, key, moving)
        await _must_be_free(write, row, key)
        await _must_be_bare(write, row, key)
        write.undoes = row.entry_id
        try:
            yield db.within(write)
        finally:
            write.undoes = None


async def _must_be_the_last(read: Read, row: ChangeRow, key: RecordKey) -> None:
    undone = await undone_by(read, [row.entry_id])
    if by := undone.get(row.entry_id):
        raise Conflict(
            f"{row.change.action} {row.change.subject} was undone already, by entry {by}; undo "
            "that to have it again."
        )
    others = await later_changes(read, row, (row.change.subject, key.subject), key.noun)
    if others:
        raise _overtaken(row, key, f"was changed again meanwhile (by {others[0]}); undo that first")


async def _must_stand(read: Read, row: ChangeRow, key: RecordKey, moving: Collection[str]) -> None:
    """The journal does not name every record of a change of many: what stands tells."""
    change = row.change
    if change.action.startswith("delete"):
        return
    stands = await standing_tree(read, _domain_id(row), key)
    if stands is None:
        raise _overtaken(row, key, "is gone meanwhile; add it anew")
    before, after = journaled(change.before), journaled(change.after)
    names = {**before, **after} if change.action.startswith("edit") else {**stands, **after}
    others = [name for name in names if stands.get(name) != after.get(name) and name not in moving]
    if others:
        told = ", ".join(others).replace("_", " ")
        raise _overtaken(row, key, f"was changed again meanwhile ({told}); undo that first")


async def _must_be_free(read: Read, row: ChangeRow, key: RecordKey) -> None:
    """A domain has one default address: another one's turn is not taken away."""
    if key.noun != _ADDRESS or not journaled(row.change.before).get("default"):
        return
    addresses = await all_addresses(read, _domain_id(row))
    other = next((one for one in addresses.values() if one.is_default), None)
    if other is not None and other.name != key.name:
        raise _overtaken(row, key, f"is the default no more: {other.name} is; undo that first")


async def _must_be_bare(read: Read, row: ChangeRow, key: RecordKey) -> None:
    """What others hung on an added record since would go with it, and nobody would be told."""
    if not row.change.action.startswith("add"):
        return
    found = await hanging_on(read, _domain_id(row), key.noun, key.name)
    if found:
        raise _overtaken(row, key, f"has by now {told(found)}; delete that first")


def journaled(text: str) -> Object:
    """The fields of a record as an entry holds them. Raises Conflict where it holds no record."""
    tree = json.loads(text) if text else {}
    if not isinstance(tree, dict):
        raise Conflict("this change is of no record; change it by hand.")
    return tree


def _domain_id(row: ChangeRow) -> int:
    assert row.change.domain_id is not None
    return row.change.domain_id


def _overtaken(row: ChangeRow, key: RecordKey, what: str) -> Conflict:
    return Conflict(f"{key.noun} {row.change.subject} {what}, or change it by hand.")
