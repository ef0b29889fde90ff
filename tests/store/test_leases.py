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


async def test_an_errand_goes_to_one_taker_and_its_result_back(
    db: Database, other: Database
) -> None:
    async with db.append() as write:
        ids = [await errands.add_errand(write, "resync", f'{{"n": {n}}}') for n in range(3)]
    async with db.append() as write:
        mine = await errands.take_errands(write, "a", limit=2)
    async with other.append() as write:
        theirs = await errands.take_errands(write, "b")
    assert [errand.errand_id for errand in (*mine, *theirs)] == ids
    assert mine[0].body == '{"n": 0}'
    async with db.append() as write:
        await errands.finish_errand(write, ids[0], result="answered")
        await errands.finish_errand(write, ids[1], result="silent", failed=True)
        assert await errands.take_errands(write, "a") == ()
        done = await errands.find_errand(write, ids[0])
        assert done is not None
        assert (done.state, done.result) == ("done", "answered")
        failed = await errands.find_errand(write, ids[1])
        assert failed is not None
        assert failed.state == "failed"
        assert await errands.prune_errands(write, older_than=60) == 0
        assert await errands.prune_errands(write, older_than=-1) == 3, "also what never ended"
        assert await errands.find_errand(write, ids[0]) is None


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


async def test_an_errand_whose_taker_died_is_taken_again(db: Database) -> None:
    async with db.append() as write:
        await errands.add_errand(write, "resync", "{}")
        assert len(await errands.take_errands(write, "dead")) == 1
        assert await errands.take_errands(write, "b") == ()
        assert len(await errands.take_errands(write, "b", forgotten_after=-1)) == 1
