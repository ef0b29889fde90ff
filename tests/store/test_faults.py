"""Does the phones' path go on while something is wrong with the store, and recover by itself?"""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import asyncpg
import pytest

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import StoreUnavailable, StoreUnusable
from provisiond.store import domains
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter
from provisiond.store.sealing import SecretKey
from tests.store.inventory import MAC, filled, served


async def add(database: Database, name: str) -> None:
    async with database.write() as write:
        await domains.insert_domain(write, Domain(name=name))


async def test_phones_are_read_while_another_process_writes(
    sqlite_store: str, key: SecretKey
) -> None:
    database = await Database.open(sqlite_store, key)
    await filled(database)
    path = Path(sqlite_store.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path, isolation_level=None)) as hog:
        hog.execute("BEGIN IMMEDIATE")
        hog.execute("DELETE FROM phone")
        waiting = asyncio.create_task(add(database, "later.example.test"))
        for _ in range(20):
            assert await database.facts.for_mac(MAC) is not None
            assert not await database.epochs.poll(database)
        assert not waiting.done()
        hog.execute("ROLLBACK")
    await waiting
    await database.close()


async def test_a_damaged_page_is_told_and_the_rest_is_served(
    sqlite_store: str, key: SecretKey
) -> None:
    """The journal's table is overwritten: phones get their files, the journal says why not."""
    database = await Database.open(sqlite_store, key)
    await filled(database)
    await database.close()
    path = Path(sqlite_store.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'request_journal'"
        ).fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    database = await Database.open(sqlite_store, key, serving=True)
    assert await database.facts.for_mac(MAC) is not None
    journal = JournalWriter(database)
    journal.add(served(None, None))
    with pytest.raises(StoreUnusable, match="damaged"):
        await journal.flush()
    assert journal.pending == 1
    assert await database.findings() != ()
    await database.close()


async def test_a_restarted_server_is_reached_again(postgres_store: str, key: SecretKey) -> None:
    database = await Database.open(postgres_store, key)
    await filled(database)
    await cut_connections(postgres_store)
    with suppress(StoreUnavailable):  # it may not have heard of it yet
        await database.facts.for_mac(MAC)
    assert await database.facts.for_mac(MAC) is not None
    await cut_connections(postgres_store)
    await add(database, "second.example.test")
    async with database.read() as read:
        assert len(await domains.list_domains(read)) == 2
    await database.close()


async def test_a_transaction_whose_server_went_away_is_told_and_not_half_done(
    postgres_store: str, key: SecretKey
) -> None:
    database = await Database.open(postgres_store, key)

    async def interrupted() -> None:
        async with database.write() as write:
            await domains.insert_domain(write, Domain(name="never.example.test"))
            await cut_connections(postgres_store)

    with pytest.raises(StoreUnavailable):
        await interrupted()
    with suppress(StoreUnavailable):  # the poller's own connection was cut, too
        await database.epochs.poll(database)
    assert not await database.epochs.poll(database)
    async with database.read() as read:
        assert await domains.list_domains(read) == ()
    await database.close()


async def test_a_poll_that_fails_changes_nothing(db: Database, other: Database) -> None:
    domain_id = await filled(db)
    before = other.epochs.world
    await other.facts.close()
    with pytest.raises(StoreUnavailable):
        await other.epochs.poll(other)
    assert (other.epochs.world, other.epochs.domain(domain_id)) == (before, 0)


async def cut_connections(url: str) -> None:
    """As a restart of the server does."""
    own = await asyncpg.connect(url)
    await own.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await own.close()
