"""Are re-syncs queued, taken once, ended, confirmed and forgotten, on both engines alike?"""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from provisiond.inventory.domains import Domain
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import ResyncState
from provisiond.inventory.secret import new_token
from provisiond.store import journal_entries, phones, resyncs
from provisiond.store.database import Database, Read
from tests.store.inventory import MAC, NOW, PHONE, fill, served
from tests.store.test_journal import phone_of

LATER = NOW + timedelta(seconds=5)


async def queued(db: Database, domain_id: int, phone_id: int) -> int:
    async with db.append() as write:
        return await resyncs.insert_resync(
            write,
            domain_id,
            phone_id,
            NOW,
            requested_by="tess",
            reboot=True,
            even_if_shared=False,
        )


async def told(read: Read, before: datetime = NOW) -> tuple[resyncs.OpenResync, ...]:
    """Those about which something may be done that were told before, by default none of today."""
    return await resyncs.told_resyncs(read, lost=before, watched=before, limit=9)


async def test_one_is_queued_taken_once_ended_and_confirmed(db: Database, other: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    new = await queued(db, domain_id, phone_id)
    async with db.append() as write:
        assert await resyncs.start_resync(write, domain_id, phone_id, new, LATER, ["a", "b"])
    async with other.append() as write:
        assert not await resyncs.start_resync(write, domain_id, phone_id, new, LATER, [])
    async with db.append() as write:
        await resyncs.end_resync(
            write, domain_id, new, LATER, ResyncState.ANSWERED, target="sip:x", code=200
        )
        await journal_entries.add_requests(write, [served(domain_id, phone_id, proves=True)])
        assert await told(write) == ()
        fetch = served(domain_id, phone_id, proves=True)._replace(at=LATER)
        await journal_entries.add_requests(write, [fetch])
    async with other.read() as read:
        assert await resyncs.queued_resyncs(read, limit=9) == ()
        (row,) = await told(read)
    assert (row.domain_id, row.phone_id, row.wanted) == (domain_id, phone_id, ("a", "b"))
    assert (row.proved_hash, row.proved_at) == ('"abc"', LATER)
    assert (row.resync.state, row.resync.code, row.resync.mac) == (ResyncState.ANSWERED, 200, MAC)
    assert (row.resync.requested_by, row.resync.reboot) == ("tess", True)
    async with db.append() as write:
        await resyncs.confirm_resync(write, domain_id, new, LATER)
    async with db.read() as read:
        assert await told(read) == ()
        found = await resyncs.find_resync(read, domain_id, new)
        assert found is not None
        assert (found.confirmed_at, found.closed) == (LATER, True)
        assert await resyncs.find_resync(read, domain_id + 1, new) is None


async def test_the_newest_stands_first_and_old_closed_ones_go(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    first, second = [await queued(db, domain_id, phone_id) for _ in range(2)]
    async with db.append() as write:
        await resyncs.close_resync(write, domain_id, first)
    async with db.read() as read:
        listed = await resyncs.latest_resyncs(read, domain_id, phone_id)
        assert [each.resync_id for each in listed] == [second, first]
        newest = await resyncs.newest_resyncs(read, domain_id, [phone_id, 999])
        assert {place: each.resync_id for place, each in newest.items()} == {phone_id: second}
    async with db.append() as write:
        assert await resyncs.prune_resyncs(write, NOW) == 0
        assert await resyncs.prune_resyncs(write, LATER) == 1
    async with db.read() as read:
        assert len(await resyncs.latest_resyncs(read, domain_id, phone_id)) == 1


async def test_each_domain_has_its_turn_however_many_another_has(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    strange = replace(PHONE, mac=Mac("001565aabb97"), token=new_token())
    async with db.write() as write:
        other_id = await fill(write, domain=Domain(name="other.example.test"), phone=strange)
        stranger = (await phones.phone_ids(write, other_id, [strange.mac]))[strange.mac]
    many = [await queued(db, domain_id, phone_id) for _ in range(4)]
    late = await queued(db, other_id, stranger)
    async with db.read() as read:
        first = await resyncs.queued_resyncs(read, limit=3)
        assert [row.resync.resync_id for row in first] == [many[0], late, many[1]]
        assert await resyncs.count_queued(read, domain_id, most=9) == 4
        assert await resyncs.count_queued(read, domain_id, most=3) == 3
        assert await resyncs.count_queued(read, other_id, most=9) == 1
    async with db.append() as write:
        assert await resyncs.start_resync(write, domain_id, phone_id, many[0], NOW, [])
    async with db.read() as read:
        waiting = await resyncs.queued_resyncs(read, limit=9)
        assert [row.resync.resync_id for row in waiting] == [late], "a phone is told one at a time"
        assert await told(read, LATER) != ()


async def test_what_was_told_before_is_closed_and_what_waits_is_not(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    first, second, third = [await queued(db, domain_id, phone_id) for _ in range(3)]
    async with db.append() as write:
        for one in (first, second):
            assert await resyncs.start_resync(write, domain_id, phone_id, one, NOW, [])
            await resyncs.end_resync(
                write, domain_id, one, NOW, ResyncState.SILENT, reason="Nothing came back."
            )
        listed = await resyncs.latest_resyncs(write, domain_id, phone_id)
    assert [each.resync_id for each in listed] == [third, second, first]
    assert [each.closed for each in listed] == [False, False, True]
    assert listed[1].reason == "Nothing came back."
    assert listed[2].reason == "Nothing came back. It was told again before it fetched."


async def test_those_of_a_phone_go_with_it(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    await queued(db, domain_id, phone_id)
    async with db.write() as write:
        record = await phones.get_phone(write, domain_id, MAC)
        await phones.delete_phone(write, domain_id, MAC, revision=record.revision)
    async with db.read() as read:
        assert await resyncs.queued_resyncs(read, limit=9) == ()


async def test_of_two_who_ask_at_once_the_second_sees_the_firsts(
    db: Database, other: Database
) -> None:
    domain_id, phone_id = await phone_of(db)

    async def second() -> int:
        async with other.append() as write:
            assert await resyncs.lock_phone(write, domain_id, phone_id)
            return len(await resyncs.latest_resyncs(write, domain_id, phone_id))

    async with db.append() as write:
        assert await resyncs.lock_phone(write, domain_id, phone_id)
        assert not await resyncs.lock_phone(write, domain_id, phone_id + 1)
        waiting = asyncio.create_task(second())
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await resyncs.insert_resync(
            write, domain_id, phone_id, NOW, requested_by="tess", reboot=False, even_if_shared=False
        )
    assert await waiting == 1
