"""Is a question answered once, whoever dies and whoever else takes it up?"""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Conflict, NotFound
from provisiond.inventory.secret import Secret
from provisiond.store.answered import (
    CHANGED,
    KeptAnswer,
    add_question,
    drop_question,
    keep_stored,
)
from provisiond.store.database import Database
from provisiond.store.domains import get_domain, insert_domain
from provisiond.store.schema_access import answered
from tests.store.inventory import NOW

PLACE, PRINT = b"p" * 32, b"q" * 32


async def take_up(db: Database) -> KeptAnswer | None:
    """Take the question up, whatever became of an earlier answerer."""
    async with db.append() as write:
        return await add_question(
            write,
            PLACE,
            PRINT,
            actor="token:a",
            at=NOW,
            since=NOW - timedelta(hours=24),
            stuck_since=NOW + timedelta(minutes=1),
        )


async def add(db: Database, name: str, *, fails: bool = False) -> None:
    """A change: a domain more, or none where it fails before its end."""
    async with db.write() as write:
        await insert_domain(write, Domain(name=name))
        if fails:
            raise NotFound("undone")


async def status(db: Database) -> int | None:
    async with db.read() as read:
        row = await read.first(sa.select(answered.c.status))
    assert row is not None
    found: int | None = row[0]
    return found


async def test_the_commit_of_a_change_says_that_it_is_made(db: Database) -> None:
    assert await take_up(db) is None
    own = db.answering(PLACE)
    with pytest.raises(NotFound):
        await add(own, "lost.example.test", fails=True)
    assert await status(db) is None
    await add(own, "kept.example.test")
    assert await status(db) == CHANGED
    async with own.append():  # a second transaction of the same answer
        pass
    async with db.append() as write:
        await drop_question(write, PLACE)  # its answerer failed afterwards: it stays made
    assert await status(db) == CHANGED
    kept = await take_up(db)
    assert kept is not None
    assert kept.status == CHANGED
    assert db.epochs is own.epochs


async def test_two_that_answer_one_question_change_once(db: Database, other: Database) -> None:
    """One was thought dead, and another took the question up."""
    assert await take_up(db) is None
    assert await take_up(other) is None
    await add(db.answering(PLACE), "first.example.test")
    with pytest.raises(Conflict, match="answered meanwhile"):
        await add(other.answering(PLACE), "second.example.test")
    async with db.append() as write:
        answer = KeptAnswer(print=PRINT, status=201, headers="{}", body=Secret(""))
        await keep_stored(write, PLACE, answer)
    assert await status(other) == 201
    async with other.read() as read:
        await get_domain(read, "first.example.test")
        with pytest.raises(NotFound):
            await get_domain(read, "second.example.test")
