"""Is the journal written behind the replies, and nothing dropped in silence?"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from provisiond.inventory.errors import Failed, ProvisiondError
from provisiond.inventory.journal import ChangeEntry, Delivery, RequestEntry
from provisiond.inventory.lists import ChangeQuery, RequestQuery
from provisiond.inventory.mac import Mac
from provisiond.store import domains, journal, phones
from provisiond.store.changes import query_changes
from provisiond.store.database import Database
from provisiond.store.journal import JournalLimits, JournalWriter
from provisiond.store.journal_entries import add_requests, prune_requests
from provisiond.store.requests import query_requests
from provisiond.store.schema import change_journal
from tests.store.inventory import DOMAIN, MAC, NOW, filled, later, served

CHANGE = ChangeEntry(
    at=NOW,
    actor_kind="cli",
    actor="root",
    action="phones.edit",
    subject="00:15:65:aa:bb:cc",
    before="name: a",
    after="name: b",
)


async def phone_of(db: Database) -> tuple[int, int]:
    domain_id = await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    return domain_id, facts.phone_id


async def outcomes(db: Database) -> list[str]:
    async with db.read() as read:
        return [entry.outcome for _, entry in await journal.latest_requests(read, None)]


async def test_an_entry_comes_back_as_it_was(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    entry = served(domain_id, phone_id, proves=True, alarm=True, detail="d")
    writer = JournalWriter(db)
    writer.add(entry)
    assert writer.pending == 1
    await writer.flush()
    async with db.read() as read:
        ((_, found),) = await journal.latest_requests(read, domain_id, mac=MAC)
    assert found == entry
    assert (writer.pending, writer.written, writer.dropped) == (0, 1, 0)


async def test_add_needs_no_store_and_never_waits(db: Database) -> None:
    writer = JournalWriter(db, JournalLimits(backlog=10))
    await db.close()
    for number in range(25):
        writer.add(served(1, 1, detail=str(number)))
    assert (writer.pending, writer.dropped) == (10, 15)


async def test_the_running_writer_writes_by_itself(db: Database) -> None:
    writer = JournalWriter(db, JournalLimits(flush_seconds=0.01))
    task = asyncio.create_task(writer.run())
    writer.add(served(1, 1))
    while writer.written == 0:
        await asyncio.sleep(0.01)
    task.cancel()
    assert await outcomes(db) == ["served"]


async def test_a_store_that_is_away_loses_nothing_and_is_caught_up(db: Database) -> None:
    writer = JournalWriter(db, JournalLimits(batch=2))
    for number in range(5):
        writer.add(served(1, 1, detail=str(number)))
    await _rename_journal(db, "request_journal", "elsewhere")
    with pytest.raises(Failed):
        await writer.flush()
    assert (writer.pending, writer.written) == (5, 0)
    await _rename_journal(db, "elsewhere", "request_journal")
    await writer.flush()
    async with db.read() as read:
        found = await journal.latest_requests(read, None)
    assert [entry.detail for _, entry in found] == ["4", "3", "2", "1", "0"]


async def _rename_journal(db: Database, before: str, after: str) -> None:
    async with db.write() as write:
        await write.connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")


async def test_what_was_dropped_is_told_in_the_journal(db: Database) -> None:
    writer = JournalWriter(db, JournalLimits(backlog=2))
    for number in range(5):
        writer.add(served(1, 1, detail=str(number)))
    await writer.flush()
    async with db.read() as read:
        found = await journal.latest_requests(read, None)
    assert [(entry.outcome, entry.alarm) for _, entry in found] == [
        ("journal_gap", True),
        ("served", False),
        ("served", False),
    ]
    assert found[0][1].detail.startswith("3 entries")
    assert [entry.detail for _, entry in found[1:]] == ["4", "3"]


async def test_alarms_are_the_last_to_go_and_are_written_first(db: Database) -> None:
    writer = JournalWriter(db, JournalLimits(backlog=2, alarms=2))
    for number in range(4):
        writer.add(served(1, 1, outcome="sweep", alarm=True, detail=f"alarm {number}"))
        writer.add(served(1, 1, detail=str(number)))
    assert (writer.pending, writer.dropped) == (4, 4)
    await _rename_journal(db, "request_journal", "elsewhere")
    with pytest.raises(Failed):
        await writer.flush()
    await _rename_journal(db, "elsewhere", "request_journal")
    await writer.flush()
    async with db.read() as read:
        found = await journal.latest_requests(read, None)
    assert [entry.detail for _, entry in found[1:]] == ["3", "alarm 3", "alarm 2", "alarm 1"]
    assert found[0][1].detail.startswith("4 entries")


async def test_close_writes_what_waits(db: Database) -> None:
    writer = JournalWriter(db)
    writer.add(served(1, 1))
    await writer.close()
    assert await outcomes(db) == ["served"]


async def test_close_counts_what_cannot_be_written(db: Database) -> None:
    writer = JournalWriter(db)
    writer.add(served(1, 1))
    await _rename_journal(db, "request_journal", "elsewhere")
    await writer.close()
    assert (writer.pending, writer.dropped) == (0, 1)


async def test_a_row_no_store_takes_stops_no_other(db: Database) -> None:
    writer = JournalWriter(db)
    writer.add(served(1, 1, detail="before"))
    writer.add(served(1, 1, size=2**70))
    writer.add(served(1, 1, detail="after"))
    await writer.flush()
    assert (writer.written, writer.dropped) == (2, 1)
    assert await outcomes(db) == ["journal_gap", "served", "served"]


async def test_hostile_text_is_kept_in_a_form_that_can_be_stored(db: Database) -> None:
    writer = JournalWriter(db)
    name = "a\0b\udcffc" + "x" * 5000
    writer.add(served(1, 1, name=name, user_agent="\0" * 600, detail="ü\ud800"))
    await writer.flush()
    async with db.read() as read:
        ((_, found),) = await journal.latest_requests(read, None)
    assert found.name.startswith("a\\x00b\\udcffcxxx")
    assert len(found.name) < 600
    assert found.detail == "ü\\ud800"


async def test_latest_requests_are_found_by_what_a_person_asks(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    writer = JournalWriter(db)
    stranger = Mac("001565000009")
    entries: list[RequestEntry] = [
        served(domain_id, phone_id),
        served(domain_id, phone_id, outcome="not_admitted", detail="closed"),
        served(None, None, mac=stranger, outcome="unknown_phone"),
        served(domain_id, phone_id, outcome="enrolment_held", alarm=True),
    ]
    for entry in entries:
        writer.add(entry)
    await writer.flush()

    async def found(
        domain: int | None = None, mac: Mac | None = None, **which: object
    ) -> list[str]:
        async with db.read() as read:
            rows = await journal.latest_requests(read, domain, mac=mac, **which)  # type: ignore[arg-type]
        return [entry.outcome for _, entry in rows]

    assert await found() == ["enrolment_held", "unknown_phone", "not_admitted", "served"]
    assert await found(domain_id) == ["enrolment_held", "not_admitted", "served"]
    assert await found(mac=stranger) == ["unknown_phone"]
    assert await found(outcome="not_admitted") == ["not_admitted"]
    assert await found(refused=True, limit=2) == ["enrolment_held", "unknown_phone"]
    assert await found(alarm=True) == ["enrolment_held"]
    async with db.read() as read:
        newest = (await journal.latest_requests(read, None, limit=1))[0][0]
    assert await found(before=newest, limit=1) == ["unknown_phone"]


async def test_requests_are_found_page_by_page_with_the_domain_of_their_phone(
    db: Database,
) -> None:
    domain_id, phone_id = await phone_of(db)
    stranger = Mac("001565000009")
    entries: list[RequestEntry] = [
        served(domain_id, phone_id),
        served(domain_id, phone_id, at=later(hours=1), outcome="not_admitted", alarm=True),
        served(None, None, at=later(hours=2), mac=stranger, outcome="unknown_phone"),
    ]
    async with db.append() as write:
        await add_requests(write, entries)

    async def found(**terms: object) -> list[tuple[str, str | None]]:
        async with db.read() as read:
            page = await query_requests(read, RequestQuery(**terms))  # type: ignore[arg-type]
        return [(row.request.outcome, row.domain) for row in page.rows]

    own = DOMAIN.name
    first, second, third = ("served", own), ("not_admitted", own), ("unknown_phone", None)
    assert await found() == [third, second, first]
    assert await found(domain=own, refused=True) == [second]
    assert await found(domain="never.example.test") == []
    assert await found(mac=stranger, outcome="unknown_phone") == [third]
    assert await found(alarm=True, address=entries[1].address) == [second]
    assert await found(since=later(hours=1), until=later(hours=2)) == [second]
    async with db.read() as read:
        page = await query_requests(read, RequestQuery(limit=2))
        rest = await query_requests(read, RequestQuery(limit=2, after=page.after))
    assert [row.request for row in (*page.rows, *rest.rows)] == entries[::-1]
    assert rest.after == ()


async def test_a_sighting_says_when_and_where_a_phone_was_last_served(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    writer = JournalWriter(db)
    writer.add(served(domain_id, phone_id, proves=True, device_model="SIP-T46U"))
    writer.add(served(domain_id, phone_id, at=later(seconds=1), name="second"))
    await writer.flush()
    writer.add(served(domain_id, phone_id, at=later(hours=1), address="192.0.2.8", name="third"))
    writer.add(
        served(
            domain_id, phone_id, at=later(hours=2), address="203.0.113.1", outcome="not_admitted"
        )
    )
    await writer.flush()
    async with db.read() as read:
        sighting = (await journal.get_sightings(read, domain_id, [phone_id, 999]))[phone_id]
    assert (sighting.first_seen, sighting.last_seen) == (NOW, later(hours=1))
    assert (sighting.address, sighting.last_file, sighting.count) == ("192.0.2.8", "third", 3)
    assert (sighting.proved_hash, sighting.proved_at) == ('"abc"', NOW)
    assert sighting.model == "SIP-T46U"


async def test_a_delivery_proves_the_phone_current_and_is_no_request(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    writer = JournalWriter(db)
    writer.add(served(domain_id, phone_id))
    writer.add(Delivery(entry=served(domain_id, phone_id), at=later(seconds=2)))
    await writer.flush()
    async with db.read() as read:
        sighting = (await journal.get_sightings(read, domain_id, [phone_id]))[phone_id]
        assert len(await journal.latest_requests(read, domain_id)) == 1
    assert (sighting.count, sighting.proved_at) == (1, later(seconds=2))


async def test_a_phone_deleted_meanwhile_is_journaled_and_not_seen(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    writer = JournalWriter(db)
    writer.add(served(domain_id, phone_id))
    async with db.write() as write:
        await phones.delete_phone(write, domain_id, MAC, revision=1)
    await writer.flush()
    assert await outcomes(db) == ["served"]
    async with db.read() as read:
        assert await journal.get_sightings(read, domain_id, [phone_id]) == {}


async def test_old_entries_are_pruned_by_age_and_number(db: Database) -> None:
    writer = JournalWriter(db)
    for day in range(10):
        writer.add(served(1, 1, at=NOW + timedelta(days=day), detail=str(day)))
    await writer.flush()
    assert await prune_requests(db, before=later(days=3), keep=100, chunk=2) == 3
    assert await prune_requests(db, before=later(days=3), keep=4, chunk=2) == 3
    async with db.read() as read:
        left = [entry.detail for _, entry in await journal.latest_requests(read, None)]
    assert left == ["9", "8", "7", "6"]
    assert await JournalWriter(db).prune(days=30, rows=2) == 4  # those of NOW are long past
    assert await outcomes(db) == []


async def test_alarms_are_pruned_by_age_alone(db: Database) -> None:
    writer = JournalWriter(db)
    for day in range(6):
        for alarm in (True, False):
            writer.add(served(1, 1, at=NOW + timedelta(days=day), detail=str(day), alarm=alarm))
    await writer.flush()
    assert await prune_requests(db, before=NOW, keep=2, chunk=2) == 5
    async with db.read() as read:
        left = await journal.latest_requests(read, None)
    assert [(entry.detail, entry.alarm) for _, entry in left] == [
        ("5", False),
        *((str(day), True) for day in range(5, -1, -1)),
    ]
    assert await prune_requests(db, before=later(days=5), keep=100, chunk=2) == 5
    async with db.read() as read:
        left = await journal.latest_requests(read, None)
    assert [(entry.detail, entry.alarm) for _, entry in left] == [("5", False), ("5", True)]


async def test_a_change_and_its_entry_are_kept_together(db: Database) -> None:
    domain_id = await filled(db)
    entry = replace(CHANGE, domain_id=domain_id)
    async with db.write() as write:
        await journal.add_change(write, entry)

    async def fail() -> None:
        async with db.write() as write:
            await journal.add_change(write, entry)
            await domains.insert_domain(write, DOMAIN)  # is there already

    with pytest.raises(ProvisiondError):
        await fail()
    async with db.read() as read:
        assert [found for _, found in await journal.latest_changes(read, domain_id)] == [entry]
        assert await journal.latest_changes(read, domain_id + 1) == ()


async def test_changes_are_found_by_what_they_are_of(db: Database) -> None:
    actions = ("edit number", "make number available", "add SMS number", "import", "edit user")
    async with db.write() as write:
        for action in actions:
            entry = ChangeEntry(at=NOW, actor_kind="cli", actor="tess", action=action, subject="x")
            await journal.add_change(write, entry)

    async def of(noun: str) -> list[str]:
        async with db.read() as read:
            page = await query_changes(read, ChangeQuery(noun=noun))
        return [row.change.action for row in reversed(page.rows)]

    assert await of("number") == ["edit number", "make number available"]
    assert await of("sms Number") == ["add SMS number"]
    for nothing in ("umber", "available", "%", "numbe_", "\\", ""):
        assert await of(nothing) == []


async def test_a_change_whose_entry_cannot_be_written_does_not_happen(db: Database) -> None:
    async with db.write() as write:
        await write.connection.execute(sa.schema.DropTable(change_journal))

    async def change() -> None:
        async with db.write() as write:
            await domains.insert_domain(write, DOMAIN)
            await journal.add_change(write, CHANGE)

    with pytest.raises(ProvisiondError):
        await change()
    async with db.read() as read:
        assert await domains.list_domains(read) == ()
