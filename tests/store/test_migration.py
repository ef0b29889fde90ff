"""Does a store reach the next version whole, or stay as it was?"""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from provisiond.inventory.errors import StoreUnusable
from provisiond.store import migration
from provisiond.store.database import Database
from provisiond.store.location import SqliteFile
from provisiond.store.schema import metadata
from provisiond.store.sealing import SecretKey
from provisiond.store.version import HEAD, sqlite_version
from tests.store.inventory import MAC, filled, filled_numbers

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9998"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("phone") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="black"))
        batch.alter_column("model", type_=sa.String(200))
    {then}
"""
BREAKS_A_REFERENCE = 'op.execute("UPDATE phone_line SET user_id = 999999 WHERE line = 2")'


@pytest.fixture
async def populated(sqlite_store: str, key: SecretKey) -> SqliteFile:
    """An embedded store with one of everything in it."""
    database = await Database.open(sqlite_store, key)
    await filled_numbers(database)
    await database.close()
    return SqliteFile(path=Path(sqlite_store.removeprefix("sqlite:///")))


@pytest.fixture(params=["sqlite", "postgres"])
def engine_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, on each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url


def next_version(folder: Path, then: str = "") -> Path:
    """The migrations with a further one that rebuilds the phones' table."""
    shutil.copytree(migration.MIGRATIONS, folder / "migrations")
    text = NEXT.format(head=HEAD, then=then)
    (folder / "migrations" / "versions" / "9998_next.py").write_text(text)
    return folder / "migrations"


def counts(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as connection:
        return {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
            for name in sorted(metadata.tables)
        }


def test_the_version_this_program_needs_is_the_newest_migration() -> None:
    assert migration.head() == HEAD


async def test_the_migrations_make_what_the_schema_describes(db: Database) -> None:
    async with db.read() as read:
        assert await read.connection.run_sync(migration.differences) == []


async def test_a_store_at_head_is_left_alone(store_url: str, key: SecretKey) -> None:
    assert await Database.migrate(store_url, key) == []


async def test_a_missing_store_is_not_migrated(sqlite_url: str, key: SecretKey) -> None:
    with pytest.raises(StoreUnusable, match="provisiond init"):
        await Database.migrate(sqlite_url, key)


def test_a_table_is_rebuilt_with_every_row_of_its_children(
    populated: SqliteFile, tmp_path: Path
) -> None:
    before = counts(populated.path)
    assert before["phone_line"] == 2
    folder = next_version(tmp_path)
    done = migration.migrate_sqlite(populated, "9998", folder)
    assert sqlite_version(populated) == "9998"
    assert counts(populated.path) == before
    with closing(sqlite3.connect(populated.path)) as connection:
        assert connection.execute("SELECT mac, colour FROM phone").fetchall() == [
            (MAC.text, "black")
        ]
    backup = Path(done[0].removeprefix("backup: "))
    assert counts(backup) == before
    assert sqlite_version(SqliteFile(path=backup)) == HEAD
    assert backup.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("then", ["1 / 0", BREAKS_A_REFERENCE])
def test_a_migration_that_fails_leaves_the_store_as_it_was(
    populated: SqliteFile, tmp_path: Path, then: str
) -> None:
    before = counts(populated.path)
    folder = next_version(tmp_path, then)
    with pytest.raises((StoreUnusable, ZeroDivisionError)):
        migration.migrate_sqlite(populated, "9998", folder)
    assert sqlite_version(populated) == HEAD
    assert counts(populated.path) == before
    with closing(sqlite3.connect(populated.path)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(phone)")]
    assert "colour" not in columns


OLDER = f"{int(HEAD) - 1:04}"


async def half_migrated(url: str, key: SecretKey, statement: str) -> None:
    """Somebody put a part of a backup back: version and tables are not of one moment."""
    database = await Database.open(url, key)
    async with database.write() as write:
        await write.connection.execute(sa.text(statement))
    await database.close()


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE alembic_version SET version_num = '{OLDER}'",
        "DROP TABLE webhook_delivery",
        "ALTER TABLE phone DROP COLUMN name",
        "DELETE FROM alembic_version",
    ],
    ids=["version behind", "table gone", "column gone", "no version"],
)
async def test_a_half_migrated_store_is_said_to_be_one(
    engine_url: str, key: SecretKey, statement: str
) -> None:
    if "COLUMN" in statement and engine_url.startswith("sqlite"):
        statement = "ALTER TABLE phone RENAME COLUMN name TO label"  # triggers hold on to it
    await half_migrated(engine_url, key, statement)
    with pytest.raises(StoreUnusable, match=r"half migrated.*backup") as caught:
        await Database.migrate(engine_url, key)
    said = {
        "UPDATE": OLDER,
        "DROP": "webhook_delivery",
        "ALTER": "phone.name",
        "DELETE": "alembic_version is empty",
    }
    assert said[statement.split()[0]] in str(caught.value)
    if engine_url.startswith("sqlite"):
        assert not list(Path(engine_url.removeprefix("sqlite:///")).parent.glob("*.before-*"))


def test_phones_and_users_are_still_found_after_their_tables_were_rebuilt(
    tmp_path: Path, key: SecretKey
) -> None:
    """0009 rebuilds tables whose triggers keep the index of parts of texts."""
    file = SqliteFile(path=tmp_path / "old.db")
    with closing(sqlite3.connect(file.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    engine = migration._sync_engine(file.path)
    with engine.begin() as connection_:
        migration.plan(None, "0008")(connection_)
        migration.fill(connection_, key)
        for statement in (
            "INSERT INTO domain (id, name) VALUES (1, 'a.test')",
            "INSERT INTO user_account (domain_id, id, extension, first_name, last_name, "
            "in_directory) VALUES (1, 2, '101', 'Alice', 'Example', 1)",
        ):
            connection_.exec_driver_sql(statement)
    engine.dispose()
    migration.migrate_sqlite(file)
    found = "SELECT rowid FROM user_account_search WHERE user_account_search MATCH ?"
    with closing(sqlite3.connect(file.path)) as connection:
        assert connection.execute(found, ("full_name : lice",)).fetchall() == [(2,)]
        connection.execute("UPDATE user_account SET first_name = 'Alicia' WHERE id = 2")
        assert connection.execute(found, ("full_name : licia",)).fetchall() == [(2,)]
        assert connection.execute(found, ('full_name : "lice"',)).fetchall() == []


async def test_a_servers_migration_keeps_rows_and_undoes_what_fails(
    postgres_store: str, key: SecretKey, tmp_path: Path
) -> None:
    database = await Database.open(postgres_store, key)
    await filled(database)
    folders = [
        next_version(tmp_path / name, then) for name, then in (("bad", "1 / 0"), ("good", ""))
    ]
    upgrades = [await asyncio.to_thread(migration.plan, HEAD, "9998", folder) for folder in folders]
    for upgrade, expected in zip(upgrades, (HEAD, "9998"), strict=True):
        try:
            async with database.write() as write:
                await write.connection.run_sync(upgrade)
        except ZeroDivisionError:
            assert expected == HEAD
        async with database.read() as read:
            version = await read.first(sa.text("SELECT version_num FROM alembic_version"))
            assert version is not None
            assert version[0] == expected
            lines = await read.first(sa.text("SELECT count(*) FROM phone_line"))
            assert lines is not None
            assert lines[0] == 2
    await database.close()


def test_alembic_is_not_loaded_to_open_a_store(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from provisiond.store.database import Database\n"
        "from provisiond.store.sealing import SecretKey\n"
        "async def main():\n"
        "    key = SecretKey.load(Path(sys.argv[2]))\n"
        "    await Database.create(sys.argv[1], key) if sys.argv[3] == 'create' else "
        "await (await Database.open(sys.argv[1], key)).close()\n"
        "asyncio.run(main())\n"
        "sys.exit('alembic' in sys.modules or 'asyncpg' in sys.modules)\n"
    )
    SecretKey.generate(tmp_path / "secret.key")
    url = f"sqlite:///{tmp_path / 'own.db'}"
    arguments = [sys.executable, "-c", program, url, str(tmp_path / "secret.key")]
    assert subprocess.run([*arguments, "create"]).returncode == 1
    assert subprocess.run([*arguments, "open"]).returncode == 0
