"""Is what must run once held by one, and what was left to do done once?"""

import asyncio

from provisiond.store import errands, leases
from provisiond.store.database import Database
from provisiond.store.leases import Lease


async def test_a_lease_is_held_by_one(db: Database, other: Database) -> None:
    mine, theirs = Lease(db, "prune"), Lease(other, "prune")
    assert await mine.acquire(60)
    assert not await theirs.acquire(60)
    assert await mine.acquire(60)
    assert await mine.renew(60)
    assert not await theirs.renew(60)
    async with other.read() as read:
        assert await leases.lease_holder(read, "prune") == mine.holder
    await theirs.release()
    assert not await theirs.acquire(60)
    await mine.release()
    assert await theirs.acquire(60)


async def test_leases_of_different_names_do_not_meet(db: Database) -> None:
    assert await Lease(db, "prune").acquire(60)
    assert await Lease(db, "pnp").acquire(60)


async def test_a_lease_ends_by_itself(db: Database, other: Database) -> None:
    mine, theirs = Lease(db, "prune"), Lease(other, "prune")
    assert await mine.acquire(0)
    assert not await mine.renew(60)
    async with db.read() as read:
        assert await leases.lease_holder(read, "prune") is None
    assert await theirs.acquire(60)
    assert not await mine.acquire(60)


async def test_one_of_many_at_once_gets_it(db: Database, other: Database) -> None:
    attempts = [Lease(database, "wave").acquire(60) for database in (db, other) * 5]
    assert sorted(await asyncio.gather(*attempts)) == [False] * 9 + [True]


async def test_errands_of_a_kind_wait_in_their_order(db: Database) -> None:
    async with db.append() as write:
        ids = [await errands.add_errand(write, "alarm", str(n)) for n in range(4)]
        await errands.add_errand(write, "resync", "")
        await errands.finish_errand(write, ids[0])
        ids.append(await errands.add_errand(write, "first", "f"))
        waiting = await errands.waiting_errands(write, "alarm", limit=2)
        by_kind = await errands.waiting_errands(write, "first", "alarm", besides=ids[1:2])
    assert [errand.body for errand in waiting] == ["1", "2"]
    assert [errand.body for errand in by_kind] == ["f", "2", "3"]


async def test_errands_go_when_they_ended_long_ago_or_never_did(db: Database) -> None:
    async with db.append() as write:
        ids = [await errands.add_errand(write, "alarm", str(n)) for n in range(3)]
        await errands.finish_errand(write, ids[0], result="it answered 500", failed=True)
        assert await errands.prune_errands(write, older_than=60) == 0
        assert await errands.prune_errands(write, older_than=-1) == 3
