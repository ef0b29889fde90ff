"""What is left for a daemon to do, also after a restart? Rows that one of them finishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from provisiond.store.dialects import database_now
from provisiond.store.instants import from_stored
from provisiond.store.schema import errand
from provisiond.store.transaction import AnyRow, Read, Write

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A thing to do: `kind` says what, `body` with what (JSON of the kind's own).

    `state` is waiting, done or failed; `result` says how it went.
    """

    errand_id: int
    kind: str
    body: str
    state: str
    created_at: datetime
    result: str = ""


async def add_errand(write: Write, kind: str, body: str) -> int:
    """Leave an errand; answers its id, to look at later."""
    row = await write.first(
        sa.insert(errand)
        .values(
            kind=kind,
            body=body,
            state="waiting",
            created_at=database_now(write.connection),
        )
        .returning(errand.c.id)
    )
    assert row is not None
    errand_id: int = row[0]
    return errand_id


async def waiting_errands(
    read: Read, *kinds: str, besides: Sequence[int] = (), limit: int = 20
) -> tuple[Errand, ...]:
    """Those that wait and that nobody took, `besides` some ids: by kind in the order given, the
    oldest first. For kinds whose doer has a lease."""
    turn = sa.case({kind: turn for turn, kind in enumerate(kinds)}, value=errand.c.kind)
    rows = await read.rows(
        sa.select(errand)
        .where(errand.c.state == "waiting", errand.c.kind.in_(kinds))
        .where(errand.c.id.not_in(besides))
        .order_by(turn, errand.c.id)
        .limit(limit)
    )
    return tuple([_record(row) for row in rows])


async def finish_errand(
    write: Write, errand_id: int, *, result: str = "", failed: bool = False
) -> None:
    """Say how it went."""
    await write.connection.execute(
        sa.update(errand)
        .where(errand.c.id == errand_id)
        .values(
            state="failed" if failed else "done",
            result=result,
            done_at=database_now(write.connection),
        )
    )


async def prune_errands(write: Write, *, older_than: float) -> int:
    """Delete errands that ended `older_than` seconds ago, or that wait for so long; answers how
    many."""
    limit = database_now(write.connection) - int(older_than * _SECOND)
    ended = sa.func.coalesce(errand.c.done_at, errand.c.created_at)
    done = await write.connection.execute(sa.delete(errand).where(ended < limit))
    return int(done.rowcount)


def _record(row: AnyRow) -> Errand:
    return Errand(
        errand_id=row.id,
        kind=row.kind,
        body=row.body,
        state=row.state,
        created_at=from_stored(row.created_at),
        result=row.result,
    )
