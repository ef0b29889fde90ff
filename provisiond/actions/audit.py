"""Who changed what, when, and what was it before? The journal of changes, as far as one sees."""

from collections.abc import AsyncIterator
from dataclasses import replace

from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.errors import Conflict, NotFound
from provisiond.inventory.lists import ChangeQuery, ChangeRow, Page
from provisiond.store.changes import find_change, later_changes, query_changes
from provisiond.store.database import Database

_PAGE = 500


async def list_changes(db: Database, actor: Actor, query: ChangeQuery) -> Page[ChangeRow]:
    """Changes, the newest first; of the own domain where the actor has one. Raises NotFound for
    another domain, and NotAllowed."""
    demand(actor, Noun.AUDIT, Verb.READ, query.domain)
    domain = query.domain.lower() if query.domain is not None else actor.domain
    async with db.read() as read:
        return await query_changes(read, replace(query, domain=domain))


async def all_changes(
    db: Database, actor: Actor, query: ChangeQuery
) -> AsyncIterator[tuple[ChangeRow, ...]]:
    """The same, all of them, some at a time: whoever reads slowly holds no snapshot."""
    before = query.before
    while True:
        page = await list_changes(db, actor, replace(query, before=before, limit=_PAGE))
        yield page.rows
        if not page.after:
            return
        before = int(page.after[0])


async def show_change(db: Database, actor: Actor, entry_id: int) -> ChangeRow:
    """One entry. Raises NotFound, also for one of another domain."""
    demand(actor, Noun.AUDIT, Verb.READ)
    async with db.read() as read:
        row = await find_change(read, entry_id)
    if row is None or (actor.domain is not None and row.domain != actor.domain):
        raise NotFound(f"there is no entry {entry_id}.")
    return row


async def must_be_the_last(
    db: Database, row: ChangeRow, subjects: tuple[str, ...], noun: str
) -> None:
    """Raise Conflict where the same record was changed after the entry, or may have been."""
    async with db.read() as read:
        others = await later_changes(read, row, subjects, noun)
    if others:
        raise Conflict(
            f"{noun} {row.change.subject} was changed again meanwhile (by {others[0]}); "
            "undo that first, or change it by hand."
        )
