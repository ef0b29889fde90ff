"""Is a full disk told, survived, and over when there is space again?"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.people import User
from provisiond.store import domains, users
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter
from provisiond.store.sealing import SecretKey
from tests.needs import need
from tests.store.inventory import MAC, filled, served


async def _limit(database: Database, pages: int) -> None:
    async with database.write() as write:
        await write.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


async def test_a_write_that_does_not_fit_is_refused_and_undone(
    sqlite_store: str, key: SecretKey
) -> None:
    database = await Database.open(sqlite_store, key)
    domain_id = await filled(database)
    await _limit(database, 1)  # SQLite makes it the present size
    many = [User(extension=str(10_000 + n), first_name="x" * 500) for n in range(500)]

    async def add() -> None:
        async with database.write() as write:
            await users.insert_users(write, domain_id, many)

    epoch = database.epochs.domain(domain_id)
    with pytest.raises(StoreUnavailable, match="disk of the store is full"):
        await add()
    assert database.epochs.domain(domain_id) == epoch
    assert await database.facts.for_mac(MAC) is not None
    await _limit(database, 1)  # a new connection: the limit is one's own
    journal = JournalWriter(database)
    for _ in range(300):
        journal.add(served(None, None, detail="x" * 1000))
    with pytest.raises(StoreUnavailable):
        await journal.flush()
    assert journal.pending == 300
    await _limit(database, 1_000_000)
    await add()
    await journal.flush()
    assert (journal.written, journal.dropped) == (300, 0)
    async with database.read() as read:
        assert len(await users.list_users(read, domain_id)) == len(many) + 3
        assert await domains.find_domain(read, "pbx.example.test") is not None
    assert await database.findings() == ()
    await database.close()


async def test_a_store_that_does_not_fit_is_not_half_made(
    sqlite_store: str, key: SecretKey
) -> None:
    database = await Database.open(sqlite_store, key)
    await _limit(database, 1)

    async def add() -> None:
        async with database.write() as write:
            for number in range(2000):
                await domains.insert_domain(write, Domain(name=f"d{number}.example.test"))

    with pytest.raises(StoreUnavailable):
        await add()
    async with database.read() as read:
        assert await domains.list_domains(read) == ()
    await database.close()


def test_a_full_file_system_loses_nothing_and_is_recovered_from(tmp_path: Path) -> None:
    need("full-disk")
    root = Path(__file__).parents[2]
    folder = tmp_path / "small"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=4m small {folder}"
    program = f"{sys.executable} -m tests.store.full_disk_program {folder}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{mount} && exec {program}"],
        capture_output=True,
        text=True,
        cwd=root,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["acknowledged"] > 0
    assert told["found"] == told["acknowledged"]
    assert "full" in told["refusal"]
    assert told["journal_refusal"]
    assert (told["pending"], told["journal_written"]) == (300, 300)
    assert told["served"] is True
    assert told["findings"] == []
