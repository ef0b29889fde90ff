"""Does every process learn of every change, and of nothing else?"""

from collections.abc import AsyncIterator

import pytest

from provisiond.inventory.domains import Domain, Settings
from provisiond.store import domains, server
from provisiond.store.database import Database
from provisiond.store.enrolment import EnrolmentNote, write_notes
from provisiond.store.epochs import Bump, Epochs
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.journal import JournalWriter
from provisiond.store.leases import Lease
from provisiond.store.location import SqliteFile, parse_location
from provisiond.store.sealing import SecretKey
from tests.store.inventory import MAC, NOW, PHONE, fill, filled, served


async def test_a_change_is_in_the_process_copy_after_the_commit(db: Database) -> None:
    domain_id = await filled(db)
    before = db.epochs.domain(domain_id)
    world = db.epochs.world
    async with db.write() as write:
        write.touch_domain(domain_id)
        assert db.epochs.domain(domain_id) == before
    assert db.epochs.domain(domain_id) == before + 1
    assert db.epochs.world > world


async def test_a_failed_transaction_moves_nothing(db: Database) -> None:
    domain_id = await filled(db)
    before = db.epochs.domain(domain_id), db.epochs.world

    async def fail() -> None:
        async with db.write() as write:
            write.touch_domain(domain_id)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await db.epochs.poll(db)
    assert (db.epochs.domain(domain_id), db.epochs.world) == before


async def test_another_process_sees_a_change_after_one_tick(db: Database, other: Database) -> None:
    domain_id = await filled(db)
    assert other.epochs.domain(domain_id) == 0
    assert await other.epochs.poll(other)
    assert other.epochs.domain(domain_id) == db.epochs.domain(domain_id)
    assert not await other.epochs.poll(other)


async def test_a_tick_sees_what_others_committed_before_an_own_change(
    db: Database, other: Database
) -> None:
    domain_id = await filled(db)
    await other.epochs.poll(other)
    async with db.write() as write:
        write.touch_domain(domain_id)
    async with other.write() as write:
        write.touch_catalog()
    assert other.epochs.domain(domain_id) < db.epochs.domain(domain_id)
    assert await other.epochs.poll(other)
    assert other.epochs.domain(domain_id) == db.epochs.domain(domain_id)


async def test_the_servers_settings_make_every_domain_stale(db: Database, other: Database) -> None:
    first = await filled(db)
    async with db.write() as write:
        second = await domains.insert_domain(write, Domain(name="second.example.test"))
    before = [db.epochs.domain(domain_id) for domain_id in (first, second)]
    server_epoch = db.epochs.server
    async with db.write() as write:
        _, revision = await server.get_server_settings(write)
        await server.update_server_settings(write, Settings(language="fr"), revision=revision)
    assert [db.epochs.domain(i) for i in (first, second)] == [value + 1 for value in before]
    assert db.epochs.server == server_epoch + 1
    await other.epochs.poll(other)
    assert other.epochs.domain(second) == db.epochs.domain(second)
    facts = await other.facts.for_mac(MAC)
    assert facts is not None
    assert facts.domain.settings.language == "fr"


async def test_one_domains_change_leaves_the_others_alone(db: Database) -> None:
    first = await filled(db)
    async with db.write() as write:
        second = await domains.insert_domain(write, Domain(name="second.example.test"))
    before = db.epochs.domain(first)
    async with db.write() as write:
        write.touch_domain(second)
    assert db.epochs.domain(first) == before


async def test_an_enrolment_moves_its_own_epoch_alone(db: Database, other: Database) -> None:
    domain_id = await filled(db)
    await other.epochs.poll(other)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    before = db.epochs.domain(domain_id), db.epochs.world
    enrolment = db.epochs.enrolment(domain_id)
    async with db.write() as write:
        closed = EnrolmentNote(domain_id=domain_id, phone_id=facts.phone_id, closed_at=NOW)
        await write_notes(write, [closed])
    assert (db.epochs.domain(domain_id), db.epochs.world) == before
    assert db.epochs.enrolment(domain_id) == enrolment + 1
    assert await other.epochs.poll(other)
    assert other.epochs.enrolment(domain_id) == enrolment + 1


async def test_journal_sightings_and_leases_move_nothing(db: Database) -> None:
    domain_id = await filled(db)
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    journal = JournalWriter(db)
    journal.add(served(domain_id, facts.phone_id))
    await journal.flush()
    await Lease(db, "prune").acquire(10)
    assert journal.written == 1
    assert not await db.epochs.poll(db)


async def test_a_deleted_domain_is_a_change_for_other_processes(
    db: Database, other: Database
) -> None:
    domain_id = await filled(db)
    await other.epochs.poll(other)
    async with db.write() as write:
        await domains.delete_domain(write, domain_id)
    before = other.epochs.domain(domain_id)
    assert await other.epochs.poll(other)
    assert other.epochs.domain(domain_id) > before
    assert await other.facts.for_mac(MAC) is None


def test_an_epoch_never_goes_backwards() -> None:
    epochs = Epochs()
    newer = Bump(kind="domain", domain_id=1, value=5, seq=9)
    assert epochs.apply([newer])
    assert not epochs.apply([Bump(kind="domain", domain_id=1, value=4, seq=8)])
    assert (epochs.domain(1), epochs.world) == (5, 9)


@pytest.fixture
async def counted(
    sqlite_store: str, key: SecretKey
) -> AsyncIterator[tuple[Database, SqliteFacts, list[str]]]:
    """A filled embedded store with a reader whose statements are listed."""
    database = await Database.open(sqlite_store, key)
    async with database.write() as write:
        await fill(write)
    statements: list[str] = []
    location = parse_location(sqlite_store)
    assert isinstance(location, SqliteFile)
    facts = SqliteFacts(location, key, trace=statements.append)
    yield database, facts, statements
    await facts.close()
    await database.close()


def _selects(statements: list[str]) -> list[str]:
    return [text for text in statements if text not in ("BEGIN", "COMMIT")]


async def test_a_tick_without_news_is_one_statement(
    counted: tuple[Database, SqliteFacts, list[str]],
) -> None:
    _, facts, statements = counted
    await facts.epochs_since(10**9)
    assert len(_selects(statements)) == 1


async def test_a_phone_of_a_known_domain_costs_two_statements(
    counted: tuple[Database, SqliteFacts, list[str]],
) -> None:
    _, facts, statements = counted
    await facts.for_mac(MAC, directory=True)
    statements.clear()
    await facts.for_mac(MAC, directory=True)
    assert len(_selects(statements)) == 2
    statements.clear()
    await facts.for_token(PHONE.token.reveal())
    assert len(_selects(statements)) == 2


async def test_a_file_without_directory_does_not_read_one(
    counted: tuple[Database, SqliteFacts, list[str]],
) -> None:
    _, facts, statements = counted
    await facts.for_mac(MAC)
    assert not [text for text in statements if "directory_entry" in text]
    await facts.for_mac(MAC, directory=True)
    assert len([text for text in statements if "directory_entry" in text]) == 1


async def test_domain_facts_are_read_once_a_domain_epoch(
    counted: tuple[Database, SqliteFacts, list[str]],
) -> None:
    database, facts, statements = counted
    first = await facts.for_mac(MAC)
    again = await facts.for_mac(MAC)
    assert first is not None
    assert again is not None
    assert again.domain is first.domain
    async with database.write() as write:
        write.touch_domain(first.domain.domain_id)
    after = await facts.for_mac(MAC)
    assert after is not None
    assert after.domain is not first.domain
    assert len([text for text in statements if "FROM user_account" in text]) == 2
