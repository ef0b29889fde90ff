"""Does a store open, refuse, commit and roll back as it promises?"""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import ProvisiondError, StoreUnavailable, StoreUnusable
from provisiond.store import domains, engines, phones
from provisiond.store.database import Database
from provisiond.store.facts import FactsProgram, Reading
from provisiond.store.facts_postgres import PostgresFacts
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.failures import is_about_tables
from provisiond.store.sealing import SecretKey
from provisiond.store.server import get_server_settings
from tests.store.inventory import MAC, filled


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def scribble(url: str, statement: str) -> None:
    with closing(sqlite3.connect(path_of(url), isolation_level=None)) as connection:
        connection.execute(statement)


async def test_a_store_is_made_and_opened(database_url: str, key: SecretKey) -> None:
    await Database.create(database_url, key)
    database = await Database.open(database_url, key, serving=True)
    assert (database.epochs.catalog, database.epochs.server) == (1, 1)
    assert await database.findings() == ()
    await database.close()


async def test_a_store_is_never_made_over_another(store_url: str, key: SecretKey) -> None:
    with pytest.raises(StoreUnusable, match="already"):
        await Database.create(store_url, SecretKey.throwaway())
    await (await Database.open(store_url, key)).close()


async def test_a_missing_file_is_never_made_by_opening(sqlite_url: str, key: SecretKey) -> None:
    with pytest.raises(StoreUnusable, match="provisiond init"):
        await Database.open(sqlite_url, key, serving=True)
    assert list(path_of(sqlite_url).parent.iterdir()) == []


async def test_what_a_broken_creation_left_is_no_store(sqlite_url: str, key: SecretKey) -> None:
    path = path_of(sqlite_url)
    path.with_name(path.name + ".new").write_bytes(b"half a database")
    with pytest.raises(StoreUnusable):
        await Database.open(sqlite_url, key)
    await Database.create(sqlite_url, key)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_empty_database_is_told_from_a_store(database_url: str, key: SecretKey) -> None:
    if database_url.startswith("sqlite"):
        scribble(database_url, "CREATE TABLE something (a)")
    with pytest.raises(StoreUnusable, match="no provisiond store"):
        await Database.open(database_url, key)


async def test_a_newer_store_is_refused_in_words(sqlite_store: str, key: SecretKey) -> None:
    scribble(sqlite_store, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreUnusable, match=r"newer provisiond.*9999"):
        await Database.open(sqlite_store, key)
    with pytest.raises(StoreUnusable, match="newer provisiond"):
        await Database.migrate(sqlite_store, key)


async def test_an_older_store_asks_for_migrate(sqlite_store: str, key: SecretKey) -> None:
    scribble(sqlite_store, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreUnusable, match="provisiond migrate"):
        await Database.open(sqlite_store, key)


async def test_a_damaged_store_is_told_and_left_alone(sqlite_store: str, key: SecretKey) -> None:
    path = path_of(sqlite_store)
    damaged = b"\0" * 200 + path.read_bytes()[200:]
    path.write_bytes(damaged)
    with pytest.raises(StoreUnusable, match="damaged"):
        await Database.open(sqlite_store, key, serving=True)
    assert path.read_bytes() == damaged


async def test_a_truncated_store_is_told(sqlite_store: str, key: SecretKey) -> None:
    path = path_of(sqlite_store)
    path.write_bytes(path.read_bytes()[: 4096 * 3])
    with pytest.raises(StoreUnusable, match=r"damaged|no provisiond store"):
        await Database.open(sqlite_store, key)


async def test_an_emptied_file_is_no_fresh_store(sqlite_store: str, key: SecretKey) -> None:
    path_of(sqlite_store).write_bytes(b"")
    with pytest.raises(StoreUnusable, match="no provisiond store"):
        await Database.open(sqlite_store, key)


async def test_damage_inside_is_found_by_check(sqlite_store: str, key: SecretKey) -> None:
    database = await Database.open(sqlite_store, key)
    await filled(database)
    await database.close()
    scribble(sqlite_store, "PRAGMA wal_checkpoint(TRUNCATE)")
    scribble(sqlite_store, "DELETE FROM user_account")  # foreign keys are off here
    database = await Database.open(sqlite_store, key)
    found = await database.findings()
    await database.close()
    assert any("refers to a missing row of user_account" in finding.message for finding in found)


async def test_another_key_is_refused_in_words(store_url: str) -> None:
    with pytest.raises(StoreUnusable, match="another key"):
        await Database.open(store_url, SecretKey.throwaway())


async def test_an_unknown_engine_is_refused(key: SecretKey) -> None:
    for url in ("mysql://h/db", "nonsense", "sqlite://"):
        with pytest.raises(StoreUnusable, match=r"database\.url"):
            await Database.open(url, key)


async def test_a_server_that_is_away_is_unavailable(key: SecretKey) -> None:
    with pytest.raises(StoreUnavailable, match="away"):
        await Database.open("postgresql://nobody:secret@127.0.0.1:1/none", key)


async def test_an_embedded_store_has_one_serving_process(sqlite_store: str, key: SecretKey) -> None:
    database = await Database.open(sqlite_store, key, serving=True)
    with pytest.raises(StoreUnusable, match=f"process {os.getpid()} is serving"):
        await Database.open(sqlite_store, key, serving=True)
    with pytest.raises(StoreUnusable, match="serving"):
        await Database.migrate(sqlite_store, key)
    beside = await Database.open(sqlite_store, key)  # the command line, while it serves
    await filled(beside)
    await beside.close()
    assert await database.facts.for_mac(MAC) is not None
    await database.close()
    await (await Database.open(sqlite_store, key, serving=True)).close()


async def test_the_lock_ends_with_its_process(sqlite_store: str, key: SecretKey) -> None:
    program = (
        "import sys; from pathlib import Path; from provisiond.store.lock import ServingLock\n"
        "ServingLock(Path(sys.argv[1])).take(); print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path_of(sqlite_store))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(StoreUnusable, match=f"process {process.pid} is serving"):
        await Database.open(sqlite_store, key, serving=True)
    process.kill()
    process.communicate()
    await (await Database.open(sqlite_store, key, serving=True)).close()


async def test_the_writer_is_durable_and_keeps_foreign_keys(
    sqlite_store: str, key: SecretKey
) -> None:
    database = await Database.open(sqlite_store, key)
    async with database.write() as write:
        found = [
            (await write.connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    await database.close()
    assert found == ["wal", 2, 1]


async def test_a_store_that_left_wal_is_refused(sqlite_store: str, key: SecretKey) -> None:
    scribble(sqlite_store, "PRAGMA journal_mode=DELETE")
    database = await Database.open(sqlite_store, key)
    with pytest.raises(StoreUnusable, match="journal_mode"):
        async with database.write():
            pass
    await database.close()


async def test_a_read_is_one_snapshot(db: Database, other: Database) -> None:
    await filled(db)
    async with db.read() as read:
        first = await domains.list_domains(read)
        async with other.write() as write:
            await domains.insert_domain(write, Domain(name="later.example.test"))
        assert await domains.list_domains(read) == first
    async with db.read() as read:
        assert len(await domains.list_domains(read)) == len(first) + 1


@pytest.mark.may_block("the test holds the reader between two of its statements on purpose")
async def test_a_phones_facts_are_one_snapshot(
    db: Database, store_url: str, key: SecretKey
) -> None:
    domain_id = await filled(db)
    statements = (await _program(db))._statements

    def interrupted(reading: Reading[Any]) -> Generator[Any, Any, Any]:
        question = next(reading)
        while True:
            rows = yield question
            if question[0] in (statements.phone_by_mac, statements.domain):
                other = threading.Thread(target=lambda: asyncio.run(_rename(store_url, key)))
                other.start()
                other.join()
            try:
                question = reading.send(rows)
            except StopIteration as done:
                return done.value

    reading = (await _program(db)).for_mac(MAC.text, True)
    if isinstance(db.facts, SqliteFacts):
        facts = await db.facts._hop(interrupted(reading))
    else:
        assert isinstance(db.facts, PostgresFacts)
        facts = await db.facts._snapshot(interrupted(reading))
    assert facts.phone.name == "Front desk"
    assert [line.label for line in facts.phone.lines] == ["Alice", ""]
    assert facts.epoch == db.epochs.domain(domain_id)
    after = await db.facts.for_mac(MAC)
    assert after is not None
    assert after.phone.name == "renamed"
    assert after.phone.lines == ()
    assert after.epoch > facts.epoch


async def _program(db: Database) -> FactsProgram:
    assert isinstance(db.facts, SqliteFacts | PostgresFacts)
    return db.facts._program


async def _rename(url: str, key: SecretKey) -> None:
    database = await Database.open(url, key)
    async with database.write() as write:
        domain_id, _ = await domains.get_domain(write, "pbx.example.test")
        phone = await phones.get_phone(write, domain_id, MAC)
        renamed = replace(phone, name="renamed", lines=())
        await phones.update_phone(write, domain_id, MAC, renamed)
    await database.close()


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises((ProvisiondError, sa.exc.DBAPIError)):
        async with db.read() as read:
            await read.connection.execute(sa.text("DELETE FROM domain"))


async def test_a_store_opened_for_reading_refuses_writes(store_url: str, key: SecretKey) -> None:
    database = await Database.open(store_url, key, read_only=True)
    with pytest.raises(StoreUnusable, match="reading only"):
        async with database.write():
            pass
    await database.close()


async def test_an_exception_undoes_all_of_a_transaction(db: Database) -> None:
    async def fail() -> None:
        async with db.write() as write:
            await domains.insert_domain(write, Domain(name="never.example.test"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with db.read() as read:
        assert await domains.list_domains(read) == ()


async def test_what_is_done_within_a_transaction_is_committed_or_undone_with_it(
    db: Database,
) -> None:
    async def add(name: str, store: Database) -> None:
        async with store.write() as write:
            await domains.insert_domain(write, Domain(name=name))
            if name.startswith("bad"):
                raise ZeroDivisionError

    async def stand(store: Database) -> list[str]:
        async with store.read() as read:
            return [one.name for _, one in await domains.list_domains(read)]

    async with db.write() as write:
        inside = db.within(write)
        await add("a.example.test", inside)
        with pytest.raises(ZeroDivisionError):  # a part may fail by itself
            await add("bad.example.test", inside)
        assert await stand(inside) == ["a.example.test"]
        assert await stand(db) == []
    assert await stand(db) == ["a.example.test"]
    with suppress(ZeroDivisionError):
        async with db.write() as write:
            await add("b.example.test", db.within(write))
            raise ZeroDivisionError
    assert await stand(db) == ["a.example.test"]


async def test_a_rehearsal_is_seen_inside_of_it_and_undone(db: Database, other: Database) -> None:
    async with db.rehearsal() as stage:
        async with stage.write() as write:
            await domains.insert_domain(write, Domain(name="a.test"))
        async with stage.read() as inside, other.read() as outside:
            assert [one.name for _, one in await domains.list_domains(inside)] == ["a.test"]
            assert await domains.list_domains(outside) == ()
    assert db.epochs.world == other.epochs.world
    async with db.write() as write:
        await domains.insert_domain(write, Domain(name="b.test"))
        assert [one.name for _, one in await domains.list_domains(write)] == ["b.test"]


async def test_a_cancelled_writer_leaves_nothing_and_blocks_nobody(db: Database) -> None:
    started = asyncio.Event()

    async def never_ends() -> None:
        async with db.write() as write:
            await domains.insert_domain(write, Domain(name="never.example.test"))
            started.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ends())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.write() as write:
        assert await domains.list_domains(write) == ()


async def test_writers_take_turns(db: Database, other: Database) -> None:
    """Two processes that look before they write: no update is lost."""

    async def count_up(database: Database) -> None:
        for _ in range(10):
            async with database.write() as write:
                domain_id, domain = await domains.get_domain(write, "pbx.example.test")
                port = (domain.settings.sip_port or 0) + 1
                settings = replace(domain.settings, sip_port=port)
                await domains.update_domain(write, domain_id, replace(domain, settings=settings))

    async with db.write() as write:
        await domains.insert_domain(write, Domain(name="pbx.example.test"))
    await asyncio.gather(count_up(db), count_up(other), count_up(db))
    async with db.read() as read:
        _, domain = await domains.get_domain(read, "pbx.example.test")
    assert (domain.settings.sip_port, domain.revision) == (30, 31)


async def test_a_writer_that_waits_too_long_is_told(
    db: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(db.facts, SqliteFacts):
        async with other._writer.connect() as connection:  # type: ignore[union-attr]
            await connection.exec_driver_sql("PRAGMA busy_timeout=50")
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    async with db.write():
        with pytest.raises(StoreUnavailable, match="another process is writing"):
            async with other.write():
                pass
    async with other.write() as write:
        await domains.insert_domain(write, Domain(name="now.example.test"))


async def test_a_closed_store_is_unavailable(sqlite_store: str, key: SecretKey) -> None:
    database = await Database.open(sqlite_store, key)
    await database.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await database.facts.for_mac(MAC)


async def test_ids_are_never_used_twice(db: Database) -> None:
    async with db.write() as write:
        first = list(await write.new_ids(3)) + list(await write.new_ids(100))
    async with db.write() as write:
        second = list(await write.new_ids(40))
    assert len({*first, *second}) == 143


async def test_a_pooler_without_named_statements_works(postgres_store: str, key: SecretKey) -> None:
    database = await Database.open(f"{postgres_store}?statement_cache_size=0", key)
    await filled(database)
    assert await database.facts.for_mac(MAC) is not None
    await database.close()


async def test_a_pooler_that_loses_prepared_statements_is_told_with_what_to_set(
    pooled_store: str, key: SecretKey
) -> None:
    """Statements of one connection come to another one of the server, as soon as the pooler has
    given its own to somebody else."""
    unset = await Database.open(pooled_store.partition("?")[0], key)
    other = await Database.open(pooled_store, key)
    with pytest.raises(StoreUnusable, match=r"database\.url .*\?statement_cache_size=0") as caught:
        await lost(unset, other)
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert not is_about_tables(caught.value.__cause__)  # no migration is called half done for it
    for database in (unset, other):
        await database.close()


async def lost(database: Database, other: Database) -> None:
    """Read the same with one of the server's connections after the other."""
    async with AsyncExitStack() as held:
        for _ in range(3):
            async with database.read() as read:
                await get_server_settings(read)
            await get_server_settings(await held.enter_async_context(other.read()))


async def test_the_servers_password_is_not_in_what_is_shown(key: SecretKey) -> None:
    with pytest.raises(ProvisiondError) as caught:
        await Database.open("postgresql://nobody:CANARY@127.0.0.1:1/none", key)
    assert "CANARY" not in str(caught.value)


async def test_a_vanished_file_is_unavailable_and_not_made_anew(
    sqlite_store: str, key: SecretKey, tmp_path: Path
) -> None:
    database = await Database.open(sqlite_store, key)
    path = path_of(sqlite_store)
    shutil.move(path, tmp_path / "elsewhere")
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    await database._reader.dispose()
    with pytest.raises(StoreUnavailable):
        async with database.read():
            pass
    await database.close()
    assert not path.exists()
