"""How is a record found by its natural key, and changed only by who has seen it last?"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import Conflict, Finding, NotFound, Rejected, RejectedAll, Stale
from provisiond.store.transaction import Read, Write, chunks


async def ids_by(
    read: Read, domain_id: int, column: sa.Column[str], keys: Iterable[str | None]
) -> dict[str, int]:
    """The ids of the rows of a domain with these natural keys; keys nobody has are left out."""
    table = column.table
    wanted = sorted({key for key in keys if key is not None})
    found: dict[str, int] = {}
    for some in chunks(wanted):
        rows = await read.rows(
            sa.select(column, table.c.id)
            .where(table.c.domain_id == domain_id)
            .where(column.in_(some))
        )
        found.update({row[0]: row[1] for row in rows})
    return found


async def seen_last(
    write: Write,
    domain_id: int,
    column: sa.Column[str],
    revisions: Mapping[str, int],
    noun: str,
) -> dict[str, int]:
    """The ids of the rows with these keys, each of which must be at the revision given.

    Nobody else writes meanwhile, so that what is seen here holds until the commit. Raises
    NotFound and Conflict.
    """
    table = column.table
    ids: dict[str, int] = {}
    for some in chunks(sorted(revisions)):
        rows = await write.rows(
            sa.select(column, table.c.id, table.c.revision)
            .where(table.c.domain_id == domain_id)
            .where(column.in_(some))
        )
        for key, row_id, revision in rows:
            if revision != revisions[key]:
                raise Stale(
                    f"{noun} {key} was changed meanwhile (revision {revision}, yours is "
                    f"{revisions[key]}); load it again and repeat."
                )
            ids[key] = row_id
    for key in revisions:
        if key not in ids:
            raise NotFound(f"there is no {noun} {key}.")
    return ids


async def must_be_new(
    write: Write, domain_id: int, column: sa.Column[str], keys: Sequence[str], noun: str
) -> None:
    """Raise Rejected(field) where one of the keys is taken, or stands there twice."""
    taken = await ids_by(write, domain_id, column, keys)
    seen: set[str] = set()
    findings = []
    for key in keys:
        if key in taken:
            findings.append((key, f"there is a {noun} {key!r} already."))
        elif key in seen:
            findings.append((key, f"{noun} {key!r} stands there twice."))
        seen.add(key)
    refuse(column.name, findings)


def refuse(field: str, faults: Sequence[tuple[str, str]]) -> None:
    """Raise Rejected for one fault, RejectedAll for several; each is (where, what)."""
    if len(faults) == 1:
        raise Rejected(field, faults[0][1])
    if faults:
        raise RejectedAll(
            tuple([Finding(where=f"{where} {field}", message=what) for where, what in faults])
        )


def absent_items(
    field: str,
    noun: str,
    keys: Sequence[str],
    there: Container[str],
    shown: Callable[[str], object] = str,
) -> list[Finding]:
    """A fault for each key of a list that nothing has, at its place in the list."""
    return [
        Finding(where=f"{field}[{index}]", message=f"there is no {noun} {shown(key)}.")
        for index, key in enumerate(keys)
        if key not in there
    ]


async def update_rows(
    write: Write, table: sa.Table, domain_id: int, rows: Sequence[dict[str, Any]]
) -> None:
    """Set columns of rows by id (`id_` in each), raising the revision by one."""
    if not rows:
        return
    columns = [name for name in rows[0] if name != "id_"]
    await write.connection.execute(
        sa.update(table)
        .where(table.c.domain_id == domain_id)
        .where(table.c.id == sa.bindparam("id_"))
        .values(
            revision=table.c.revision + 1, **{name: sa.bindparam(f"new_{name}") for name in columns}
        ),
        [{"id_": row["id_"], **{f"new_{name}": row[name] for name in columns}} for row in rows],
    )


async def delete_ids(
    write: Write, column: sa.Column[int], domain_id: int, ids: Sequence[int]
) -> None:
    """Delete the rows of a domain whose column is one of the ids."""
    table = column.table
    for some in chunks(ids):
        await write.connection.execute(
            sa.delete(table).where(table.c.domain_id == domain_id).where(column.in_(some))
        )


async def refuse_if_used(
    write: Write,
    domain_id: int,
    shown: sa.Column[str],
    reference: sa.ColumnElement[bool],
    what: str,
) -> None:
    """Raise Conflict naming those that use `what`, up to five of them."""
    table = shown.table
    rows = await write.rows(
        sa.select(shown).where(table.c.domain_id == domain_id, reference).order_by(shown).limit(6)
    )
    if rows:
        named = ", ".join(row[0] for row in rows[:5]) + (", …" if len(rows) > 5 else "")
        nouns = {"user_account": "extension", "emergency_endpoint": "emergency endpoint"}
        noun = nouns.get(table.name, table.name)
        raise Conflict(f"{what} is used by {noun} {named}; change that first.")
