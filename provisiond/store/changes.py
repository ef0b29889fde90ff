"""What was changed, by whom? The journal of changes, filtered and read page by page."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.lists import ChangeQuery, ChangeRow, Page
from provisiond.store.instants import from_stored, to_stored
from provisiond.store.journal_entries import QUIET
from provisiond.store.paging import matches, read_page
from provisiond.store.schema import change_journal, domain
from provisiond.store.transaction import AnyRow, Read, chunks


async def query_changes(read: Read, query: ChangeQuery) -> Page[ChangeRow]:
    """Those that match, by age. One statement; `total` is not counted."""
    rows, after = await read_page(
        read,
        _filtered(query),
        (change_journal.c.id,),
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    return Page(rows=tuple([_row(row) for row in rows]), after=after, total=0)


async def find_change(read: Read, entry_id: int) -> ChangeRow | None:
    """One entry, or None."""
    row = await read.first(_select().where(change_journal.c.id == entry_id))
    return _row(row) if row is not None else None


async def count_parts(read: Read, entry_id: int) -> int:
    """How many changes belong to this entry."""
    row = await read.first(sa.select(sa.func.count()).where(change_journal.c.part_of == entry_id))
    assert row is not None
    return int(row[0])


async def parts_of(read: Read, entry_id: int) -> tuple[ChangeRow, ...]:
    """The changes that belong to this entry, the last first."""
    query = _select().where(change_journal.c.part_of == entry_id)
    rows = await read.rows(query.order_by(change_journal.c.id.desc()))
    return tuple([_row(row) for row in rows])


async def changes_beside(read: Read, entry: ChangeRow, noun: str) -> tuple[ChangeRow, ...]:
    """The changes of records of this noun that the same act made before this one (an edit, or an
    import), the last first."""
    table, change = change_journal, entry.change
    query = (
        _select()
        .where(table.c.id < entry.entry_id, table.c.at == to_stored(change.at))
        .where(table.c.domain_id == change.domain_id, table.c.actor == change.actor)
        .where(table.c.part_of.is_not_distinct_from(change.part_of))
        .where(_of_noun(table.c.action, noun))
        .order_by(table.c.id.desc())
    )
    return tuple([_row(row) for row in await read.rows(query)])


async def changes_after(
    read: Read, entry_id: int, domain_name: str | None, *, limit: int
) -> tuple[ChangeRow, ...]:
    """What was changed after this entry, in order; of one domain where it is named."""
    query = (
        _select()
        .where(change_journal.c.id > entry_id, change_journal.c.action.not_in(QUIET))
        .order_by(change_journal.c.id)
        .limit(limit)
    )
    if domain_name is not None:
        query = query.where(domain.c.name == domain_name)
    return tuple([_row(row) for row in await read.rows(query)])


async def last_event(read: Read) -> int:
    """The id of the newest entry that is an event; 0 where there is none. Other entries do not
    count: one of them may be committed before an event of a lower id."""
    row = await read.first(
        sa.select(change_journal.c.id)
        .where(change_journal.c.action.not_in(QUIET))
        .order_by(change_journal.c.id.desc())
        .limit(1)
    )
    return row[0] if row is not None else 0


async def later_changes(
    read: Read, entry: ChangeRow, subjects: Iterable[str], noun: str
) -> tuple[str, ...]:
    """Who changed one of these subjects, a record of this noun, after the entry. What was undone
    since does not count, and neither does its undoing."""
    rows = await read.rows(
        sa.select(
            change_journal.c.id,
            change_journal.c.actor,
            change_journal.c.action,
            change_journal.c.undoes,
        )
        .where(change_journal.c.id > entry.entry_id)
        .where(change_journal.c.domain_id == entry.change.domain_id)
        .where(change_journal.c.subject.in_(set(subjects)))
        .order_by(change_journal.c.id)
    )
    found = [row for row in rows if _is_of(row.action, noun)]
    gone = await undone_by(read, [row.id for row in found])
    standing = [row for row in found if row.id not in gone]
    return tuple([row.actor for row in standing if (row.undoes or 0) <= entry.entry_id])


async def undone_by(read: Read, entry_ids: Sequence[int]) -> dict[int, int]:
    """By which entries those of these that are undone were: an undoing that was undone itself
    counts for nothing."""
    found: dict[int, int] = {}
    for some in chunks(entry_ids):
        journal, further = change_journal, change_journal.alias("further")
        undoing = (
            sa.select(journal.c.id, journal.c.undoes)
            .where(journal.c.undoes.in_(some))
            .cte("undoing", recursive=True)
        )
        undoing = undoing.union(
            sa.select(further.c.id, further.c.undoes).join(
                undoing, further.c.undoes == undoing.c.id
            )
        )
        rows = await read.rows(sa.select(undoing).order_by(undoing.c.id.desc()))
        for row in rows:  # the newest first: what undid an undoing is later than it
            if row.id not in found:
                found[row.undoes] = row.id
    return found


def _is_of(action: str, noun: str) -> bool:
    """Whether an action changed a record of this noun: a number may be an SMS number, too."""
    _, _, rest = action.partition(" ")
    return rest == noun or rest.startswith(f"{noun} ")


def _of_noun(action: sa.ColumnElement[str], noun: str) -> sa.ColumnElement[bool]:
    """What `_is_of` says, as a condition: the noun stands behind the first word."""
    escaped = re.sub(r"([%_\\])", r"\\\1", noun)

    def like(words: str) -> sa.ColumnElement[bool]:
        first = action.ilike(f"% {words}", escape="\\")
        return first & action.not_ilike(f"% % {words}", escape="\\")

    return like(escaped) | like(f"{escaped} %")


def _select() -> sa.Select[Any]:
    return sa.select(change_journal, domain.c.name.label("domain_name")).outerjoin(
        domain, domain.c.id == change_journal.c.domain_id
    )


def _filtered(query: ChangeQuery) -> sa.Select[Any]:
    table, select = change_journal, _select()
    if query.text:
        columns = (table.c.actor, table.c.action, table.c.subject)
        select = select.where(matches(query.text, *columns))
    if query.domain is not None:
        of_domain = sa.select(domain.c.id).where(domain.c.name == query.domain)
        select = select.where(table.c.domain_id == of_domain.scalar_subquery())
    if query.actor is not None:
        select = select.where(table.c.actor == query.actor)
    if query.action is not None:
        select = select.where(table.c.action == query.action)
    if query.noun is not None:
        select = select.where(_of_noun(table.c.action, query.noun))
    if query.subject is not None:
        select = select.where(table.c.subject == query.subject)
    if query.since is not None:
        select = select.where(table.c.at >= to_stored(query.since))
    if query.until is not None:
        select = select.where(table.c.at < to_stored(query.until))
    if query.part_of is not None:
        select = select.where(table.c.part_of == query.part_of)
    return select


def _row(row: AnyRow) -> ChangeRow:
    return ChangeRow(
        entry_id=row.id,
        domain=row.domain_name,
        change=ChangeEntry(
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
        ),
    )
