"""How are thousands of rows written cheaply? By statements compiled once for the driver.

SQLAlchemy's own path builds each row's parameters anew; a storm of boots would feel it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.engine.interfaces import Dialect

from provisiond.store.schema import phone, request_journal, sighting
from provisiond.store.transaction import Write

_TOGETHER = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A statement for many rows; `order` names the value at each place of it.

    `together` takes `_TOGETHER` rows at once, where that is cheaper: SQLite gives up the
    interpreter's lock at every execution, and thousands of hand-overs cost more than the rows.
    """

    sql: str
    order: tuple[str, ...]
    together: str = ""

    async def run(self, write: Write, rows: Sequence[dict[str, Any]]) -> None:
        """Carry it out for every row."""
        if not rows:
            return
        order = self.order
        values = [tuple([row[name] for name in order]) for row in rows]
        whole = len(values) // _TOGETHER * _TOGETHER if self.together else 0
        for start in range(0, whole, _TOGETHER):
            some = values[start : start + _TOGETHER]
            flat = tuple([value for row in some for value in row])
            await write.connection.exec_driver_sql(self.together, flat)
        if values[whole:]:
            await write.connection.exec_driver_sql(self.sql, values[whole:])


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatements:
    """What is written in bulk behind the replies."""

    requests: Batch
    sightings: Batch
    first_fetches: Batch
    closes: Batch
    holds: Batch
    moves: Batch


@functools.cache
def batch_statements(dialect_name: str) -> BatchStatements:
    """The statements for an engine."""
    if dialect_name == "postgresql":
        dialect: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
        upsert: sqlite.Insert | postgresql.Insert = postgresql.insert(sighting)
    else:
        dialect = sqlite.dialect(paramstyle="qmark")
        upsert = sqlite.insert(sighting)
    columns = [column for column in request_journal.c if column.name != "id"]
    requests = sa.insert(request_journal).values(
        {column.name: sa.bindparam(column.name, type_=column.type) for column in columns}
    )
    return BatchStatements(
        requests=_together(_compiled(requests, dialect), dialect_name),
        sightings=_compiled(_upsert_sighting(upsert), dialect),
        first_fetches=_compiled(_note("first_address", "first_user_agent"), dialect),
        closes=_compiled(_close(), dialect),
        holds=_compiled(_note("held_reason"), dialect),
        moves=_compiled(_move(), dialect),
    )


def _upsert_sighting(
    insert: sqlite.Insert | postgresql.Insert,
) -> sqlite.Insert | postgresql.Insert:
    """From the phone itself, so that one deleted meanwhile is passed over."""
    given = {column.name: sa.bindparam(column.name, type_=column.type) for column in sighting.c}
    source = sa.select(*given.values()).where(
        phone.c.domain_id == given["domain_id"], phone.c.id == given["phone_id"]
    )
    new, old = insert.excluded, sighting.c
    changes: dict[str, Any] = {
        name: new[name] for name in ("last_seen", "address", "transport", "last_file")
    }
    for name in ("user_agent", "model", "version", "proved_hash", "proved_at"):
        changes[name] = sa.func.coalesce(new[name], old[name])
    changes["count"] = old["count"] + new["count"]
    return insert.from_select(list(given), source).on_conflict_do_update(
        index_elements=["domain_id", "phone_id"], set_=changes
    )


def _note(*names: str) -> sa.Update:
    """Set columns of an enrolment that was not opened since, where the first of them is not set:
    the first wins."""
    noted_at = sa.bindparam("noted_at", type_=phone.c.opened_at.type)
    return (
        sa.update(phone)
        .where(phone.c.domain_id == sa.bindparam("of_domain", type_=sa.BigInteger()))
        .where(phone.c.id == sa.bindparam("of_phone", type_=sa.BigInteger()))
        .where(phone.c[names[0]].is_(None))
        .where(
            (noted_at.is_(None)) | (phone.c.opened_at.is_(None)) | (phone.c.opened_at <= noted_at)
        )
        .values({name: sa.bindparam(name, type_=phone.c[name].type) for name in names})
    )


def _close() -> sa.Update:
    """Close an enrolment, and note who does where nobody was the first."""
    address = sa.bindparam("first_address", type_=phone.c.first_address.type)
    agent = sa.bindparam("first_user_agent", type_=phone.c.first_user_agent.type)
    is_first = phone.c.first_address.is_(None)
    return _note("closed_at").values(
        first_address=sa.case((is_first, address), else_=phone.c.first_address),
        first_user_agent=sa.case((is_first, agent), else_=phone.c.first_user_agent),
    )


def _move() -> sa.Update:
    """Forget the old token of a phone whose token was not renewed once more since."""
    noted_at = sa.bindparam("noted_at", type_=phone.c.renewed_at.type)
    return (
        sa.update(phone)
        .where(phone.c.domain_id == sa.bindparam("of_domain", type_=sa.BigInteger()))
        .where(phone.c.id == sa.bindparam("of_phone", type_=sa.BigInteger()))
        .where(phone.c.renewed_at <= noted_at)
        .values(old_token=sa.null(), old_token_hash=sa.null(), renewed_at=sa.null())
    )


def _together(batch: Batch, dialect_name: str) -> Batch:
    """The same plain INSERT for many rows in one execution; PostgreSQL's driver batches itself."""
    if dialect_name == "postgresql":
        return batch
    head, values = batch.sql.split(" VALUES ")
    return replace(batch, together=f"{head} VALUES {', '.join([values] * _TOGETHER)}")


def _compiled(statement: sa.Insert | sa.Update, dialect: Dialect) -> Batch:
    compiled = statement.compile(dialect=dialect)
    order = compiled.positiontup
    assert order
    return Batch(sql=str(compiled), order=tuple(order))
