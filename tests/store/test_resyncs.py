"""Are re-syncs queued, taken once, ended, confirmed and forgotten, on both engines alike?"""

from dataclasses import replace
from datetime import timedelta

from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import PhoneLine
from provisiond.inventory.resyncs import ResyncState
from provisiond.inventory.secret import new_token
from provisiond.store import journal_entries, phones, resyncs
from provisiond.store.database import Database
from tests.store.inventory import MAC, NOW, PHONE, filled, served
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


async def test_one_is_queued_taken_once_ended_and_confirmed(db: Database, other: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    new = await queued(db, domain_id, phone_id)
    async with db.append() as write:
        assert await resyncs.start_resync(write, domain_id, new, LATER, ["a", "b"])
    async with other.append() as write:
        assert not await resyncs.start_resync(write, domain_id, new, LATER, [])
    async with db.append() as write:
        await resyncs.end_resync(
            write, domain_id, new, LATER, ResyncState.ANSWERED, target="sip:x", code=200
        )
        await journal_entries.add_requests(write, [served(domain_id, phone_id, proves=True)])
    async with other.read() as read:
        (row,) = await resyncs.open_resyncs(read)
    assert (row.domain_id, row.phone_id, row.wanted) == (domain_id, phone_id, ("a", "b"))
    assert (row.proved_hash, row.proved_at) == ('"abc"', NOW)
    assert (row.resync.state, row.resync.code, row.resync.mac) == (ResyncState.ANSWERED, 200, MAC)
    assert (row.resync.requested_by, row.resync.reboot) == ("tess", True)
    async with db.append() as write:
        await resyncs.confirm_resync(write, domain_id, new, LATER)
    async with db.read() as read:
        assert await resyncs.open_resyncs(read) == ()
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


async def test_those_of_a_phone_go_with_it(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    await queued(db, domain_id, phone_id)
    async with db.write() as write:
        record = await phones.get_phone(write, domain_id, MAC)
        await phones.delete_phone(write, domain_id, MAC, revision=record.revision)
    async with db.read() as read:
        assert await resyncs.open_resyncs(read) == ()


async def test_who_else_has_a_line_of_the_same_user(db: Database) -> None:
    domain_id = await filled(db)
    second = replace(
        PHONE,
        mac=Mac("001565aabb99"),
        lines=(PhoneLine(line=1, extension="102"),),
        token=new_token(),
    )
    disabled = replace(second, mac=Mac("001565aabb98"), enabled=False, token=new_token())
    async with db.write() as write:
        await phones.insert_phones(write, domain_id, [second, disabled])
    async with db.read() as read:
        found = await resyncs.line_owners(read, domain_id, PHONE.lines, MAC)
    assert [(owner.mac, owner.extension) for owner in found] == [(second.mac, "102")]


async def test_how_many_others_were_last_seen_at_an_address(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    async with db.append() as write:
        await journal_entries.add_requests(write, [served(domain_id, phone_id)])
    async with db.read() as read:
        seen = (await journal_entries.get_sightings(read, domain_id, [phone_id]))[phone_id]
        assert await resyncs.neighbours(read, domain_id, phone_id, seen.address) == 0
        assert await resyncs.neighbours(read, domain_id, phone_id + 1, seen.address) == 1
