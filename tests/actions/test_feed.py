"""Whoever reads on from the last event misses none, in whatever order transactions end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from provisiond.actions.api_tokens import MakeToken, make_token
from provisiond.actions.changes import change_entry
from provisiond.actions.feed import ChangeFeed
from provisiond.inventory.access import Role
from provisiond.store.database import Database
from provisiond.store.journal import add_change
from provisiond.store.sealing import SecretKey
from tests.actions.inventory import ADMIN, NOW

EDIT = change_entry(ADMIN, "edit number", "+18005550100", NOW)
LOG_IN = change_entry(ADMIN, "log in", "tess", NOW)
_MEANWHILE = 0.5
"""Seconds in which a transaction that waits for none is committed, and told."""


@pytest.fixture
async def other(db: Database, store_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """The same store, opened by another process."""
    database = await Database.open(store_url, key)
    yield database
    await database.close()


@pytest.fixture
async def feed(db: Database) -> AsyncIterator[ChangeFeed]:
    """A feed that looks for news."""
    feed = ChangeFeed(db, poll_seconds=0.02)
    running = asyncio.create_task(feed.run())
    async with feed.listening(ADMIN):
        yield feed
    await asyncio.sleep(0.1)  # nobody listens, so nothing is read that would be cut short
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def told(feed: ChangeFeed, last: int, count: int) -> list[str]:
    """The actions of so many events after one, each read on from the one before."""
    actions: list[str] = []
    while len(actions) < count:
        rows = await feed.after(last, None, patience=10.0)
        assert rows, f"nothing comes after {actions}"
        actions += [row.change.action for row in rows]
        last = rows[-1].entry_id
    return actions


async def test_an_event_that_is_committed_late_is_not_passed_over(
    db: Database, other: Database, feed: ChangeFeed
) -> None:
    async with db.write() as write:
        await add_change(write, EDIT)
        command = MakeToken(label="x", role=Role.ADMIN)
        later = asyncio.create_task(make_token(other, ADMIN, command, NOW))
        listener = asyncio.create_task(told(feed, await feed.newest(), 2))
        await asyncio.sleep(_MEANWHILE)
    await later
    assert await listener == ["edit number", "add token"]


async def test_what_is_no_event_hides_none_that_is_committed_after_it(
    db: Database, other: Database, feed: ChangeFeed
) -> None:
    async def log_in() -> None:
        async with other.append() as write:
            await add_change(write, LOG_IN)

    async with db.write() as write:
        await add_change(write, EDIT)
        later = asyncio.create_task(log_in())
        listener = asyncio.create_task(told(feed, await feed.newest(), 1))
        await asyncio.sleep(_MEANWHILE)
    await later
    assert await listener == ["edit number"]
    assert await feed.after(await feed.newest(), None, patience=0.01) == ()


async def test_an_event_is_not_journaled_out_of_turn(db: Database) -> None:
    with pytest.raises(AssertionError, match="write"):
        async with db.append() as write:
            await add_change(write, EDIT)
