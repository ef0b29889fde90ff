"""Where are answers kept for those who ask the same again? For a day, a bounded number each.

A question is open (status null) until the transaction that makes its change says so in the same
commit (`CHANGED`): whoever dies then has made the change once, and nobody makes it again.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from provisiond.inventory.errors import Conflict
from provisiond.inventory.secret import Secret
from provisiond.store.dialects import insert_or_update
from provisiond.store.instants import to_stored
from provisiond.store.schema_access import answered
from provisiond.store.transaction import Read, Write

MOST_EACH = 1000
"""Questions that an actor may have kept; the oldest go first."""

CHANGED = 0
"""The status of a question whose change is made and whose answer is not kept, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """What was answered; `status` None while somebody is about it, `CHANGED` before it is kept."""

    print: bytes
    status: int | None
    headers: str
    body: Secret


async def add_question(
    write: Write,
    place: bytes,
    print_: bytes,
    *,
    actor: str,
    at: datetime,
    since: datetime,
    stuck_since: datetime,
) -> KeptAnswer | None:
    """Take a question up: None, or what is kept under its place already.

    What is older than `since` is forgotten, and what nobody answered since `stuck_since`.
    """
    old = answered.c.at < to_stored(since)
    stuck = answered.c.status.is_(None) & (answered.c.at < to_stored(stuck_since))
    await write.connection.execute(sa.delete(answered).where(old | stuck))
    row = {"place": place, "actor": actor, "print": print_, "at": to_stored(at)}
    insert = insert_or_update(write.connection, answered).values(**row)
    taken = insert.on_conflict_do_nothing(index_elements=["place"]).returning(answered.c.place)
    if (await write.connection.execute(taken)).first() is None:
        return await _find(write, place)
    await _bound(write, actor)
    return None


async def keep_stored(write: Write, place: bytes, answer: KeptAnswer) -> None:
    """Keep the answer; its body, which may hold a secret, is sealed."""
    await write.connection.execute(
        sa.update(answered)
        .where(answered.c.place == place)
        .values(
            status=answer.status,
            headers=answer.headers,
            body=write.key.seal(answer.body, _where(place)),
        )
    )


async def drop_question(write: Write, place: bytes) -> None:
    """Forget a question, unless its change was made."""
    await write.connection.execute(
        sa.delete(answered).where(answered.c.place == place, answered.c.status.is_(None))
    )


async def drop_open_questions(write: Write) -> None:
    """Forget what somebody was about who is dead; what was changed stays."""
    await write.connection.execute(sa.delete(answered).where(answered.c.status.is_(None)))


async def has_open_questions(read: Read) -> bool:
    """Whether there is a question that somebody is about."""
    found = sa.select(answered.c.place).where(answered.c.status.is_(None)).limit(1)
    return await read.first(found) is not None


class OpenQuestion:
    """A question whose change is being made. The first transaction that commits for it marks it,
    in the same commit; where it is not open any more, nothing is committed."""

    def __init__(self, place: bytes) -> None:
        self._place = place
        self._is_marked = False

    async def mark(self, connection: AsyncConnection) -> None:
        """Mark it in this transaction. Raises Conflict where somebody else has answered it."""
        if self._is_marked:
            return
        done = await connection.execute(
            sa.update(answered)
            .where(answered.c.place == self._place, answered.c.status.is_(None))
            .values(status=CHANGED)
        )
        if not done.rowcount:
            raise Conflict("the same request was answered meanwhile; ask again.")

    def committed(self) -> None:
        """The transaction that marked it is committed."""
        self._is_marked = True


async def _find(read: Read, place: bytes) -> KeptAnswer | None:
    row = await read.first(sa.select(answered).where(answered.c.place == place))
    if row is None:
        return None
    body = read.key.open(row.body, _where(place)) if row.body is not None else Secret("")
    return KeptAnswer(print=bytes(row.print), status=row.status, headers=row.headers, body=body)


async def _bound(write: Write, actor: str) -> None:
    newest = (
        sa.select(answered.c.at)
        .where(answered.c.actor == actor)
        .order_by(answered.c.at.desc())
        .offset(MOST_EACH)
        .limit(1)
    )
    limit = await write.first(newest)
    if limit is not None:
        await write.connection.execute(
            sa.delete(answered).where(answered.c.actor == actor, answered.c.at <= limit[0])
        )


def _where(place: bytes) -> str:
    return f"answered/{place.hex()}/body"
