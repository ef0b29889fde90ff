"""How does a store get its tables, and the next version's? Alembic, loaded only when needed."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import event

from provisiond.inventory.errors import StoreUnusable
from provisiond.store import (  # their tables belong to the schema
    schema_access,  # noqa: F401
    schema_emergency,  # noqa: F401
    schema_numbers,  # noqa: F401
    schema_pending,  # noqa: F401
    schema_resyncs,  # noqa: F401
)
from provisiond.store.failures import is_about_tables
from provisiond.store.location import SqliteFile
from provisiond.store.schema import domain, epoch, epoch_clock, server_settings
from provisiond.store.sealing import KEY_CHECK, KEY_CHECK_TEXT, SecretKey
from provisiond.store.version import HEAD, check_version, sqlite_version

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationStep
    from alembic.script import ScriptDirectory

_log = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"

Upgrade = Callable[[sa.Connection], list[str]]


def plan(current: str | None, target: str = HEAD, folder: Path = MIGRATIONS) -> Upgrade:
    """Load the migrations from `current` (None: an empty database) to `target`. Blocks.

    The answer runs them on a connection and says what it did; it touches no file, so that it may
    run in an event loop.
    """
    from alembic.runtime.migration import MigrationContext, MigrationStep

    script = _script(folder)
    revisions = list(script.iterate_revisions(target, current or "base"))
    steps = [
        MigrationStep.upgrade_from_script(script.revision_map, revision)
        for revision in reversed(revisions)
    ]

    def upgrade(connection: sa.Connection) -> list[str]:
        context = MigrationContext.configure(
            connection,
            opts={"fn": lambda found, _: _checked(found, current, steps)},
        )
        from alembic.operations import Operations

        with Operations.context(context):
            context.run_migrations()
        return [f"{step.to_revisions[0]}: {step.doc}" for step in steps]

    return upgrade


def create_sqlite(file: SqliteFile, key: SecretKey) -> None:
    """Make an embedded store. Blocks. It is whole or not there. Raises StoreUnusable."""
    if file.path.exists():
        raise StoreUnusable(f"there is a file {file.path} already; nothing was changed.")
    if not file.path.parent.is_dir():
        raise StoreUnusable(f"there is no folder {file.path.parent}; create it first.")
    unfinished = file.path.with_name(file.path.name + ".new")
    for leftover in _files(unfinished):
        leftover.unlink(missing_ok=True)
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    upgrade = plan(None)
    engine = _sync_engine(unfinished)
    try:
        with engine.begin() as connection:
            upgrade(connection)
            fill(connection, key)
        with engine.connect() as connection:
            _outside_transaction(connection, "PRAGMA journal_mode=WAL")
            _outside_transaction(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        engine.dispose()
    _sync_path(unfinished)
    os.link(unfinished, file.path)  # unlike a rename, never over a file made meanwhile
    unfinished.unlink()
    _sync_path(file.path.parent)


def migrate_sqlite(file: SqliteFile, target: str = HEAD, folder: Path = MIGRATIONS) -> list[str]:
    """Bring an embedded store to HEAD after a backup. Blocks. All steps, or none.

    Foreign keys are off meanwhile (a table that is rebuilt would empty those that refer to it)
    and checked at the end.
    """
    current = sqlite_version(file)
    if current == target:
        return []
    if not current or current > target:
        check_version(current, str(file))
    assert current is not None
    upgrade = plan(current, target, folder)
    backup = _backup(file, current)
    engine = _sync_engine(file.path)
    try:
        with engine.begin() as connection:
            try:
                with fitting(str(file), current):
                    done = upgrade(connection)
            except StoreUnusable:
                backup.unlink()  # of what is broken: nobody is to put that back
                raise
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise StoreUnusable(
                    f"the migration would leave {len(broken)} row(s) without what they refer to "
                    f"(first: table {broken[0][0]}); nothing was changed. The backup {backup} is "
                    "of before."
                )
    finally:
        engine.dispose()
    return [f"backup: {backup}", *done]


def fill(connection: sa.Connection, key: SecretKey) -> None:
    """The rows every store has."""
    connection.execute(
        sa.insert(server_settings),
        [{"id": 1, "settings": {}, "key_check": key.seal(KEY_CHECK_TEXT, KEY_CHECK)}],
    )
    connection.execute(sa.insert(epoch_clock), [{"id": 1, "seq": 1, "next_id": 1}])
    connection.execute(
        sa.insert(epoch),
        [{"kind": kind, "domain_id": 0, "value": 1, "seq": 1} for kind in ("catalog", "server")],
    )


@contextmanager
def fitting(where: str, version: str) -> Iterator[None]:
    """Run a migration; where the tables are not those of the version that the store names, that is
    said with the remedy. Raises StoreUnusable."""
    try:
        yield
    except sa.exc.DBAPIError as fault:
        if not is_about_tables(fault):
            raise
        raise _half_migrated(where, version, str(fault.orig)) from fault


def check_tables(connection: sa.Connection, where: str) -> None:
    """Raise StoreUnusable unless a store that names HEAD has its tables."""
    found = differences(connection)
    if found:
        raise _half_migrated(where, HEAD, _words(found[0]))


def differences(connection: sa.Connection) -> list[Any]:
    """Where the tables differ from the schema's description; empty when migrations are complete."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    def ours(_: Any, name: str | None, kind: str, *_more: Any) -> bool:
        return "_search" not in (name or "")  # the index of `store.search` is the engines' own

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_object": ours}
    )
    found: list[Any] = compare_metadata(context, domain.metadata)
    return found


def _half_migrated(where: str, version: str, detail: str) -> StoreUnusable:
    return StoreUnusable(
        f"the store {where} is half migrated: it says that it is of schema {version}, and its "
        f"tables are not ({detail}). Nothing was changed. Put back the newest backup that is "
        "whole, store and version together (`provisiond migrate` leaves one beside an embedded "
        "store, its name ending in .before-<version>-<time>), and run `provisiond migrate` again."
    )


def _words(difference: Any) -> str:
    """One difference as alembic lists it: a tuple, or a list of those for one column."""
    kind, *parts = difference[0] if isinstance(difference, list) else difference
    names = [getattr(part, "name", part) for part in parts]
    what = ".".join(str(name) for name in names if isinstance(name, str))
    said = {"add_table": "there is no table", "add_column": "there is no column"}
    return f"{said.get(kind, kind.replace('_', ' '))} {what}"


def head() -> str | None:
    """The newest migration among the files. Blocks."""
    return _script(MIGRATIONS).get_current_head()


def _script(folder: Path) -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(folder), version_locations=[str(folder / "versions")])


def _checked(
    found: tuple[str, ...], planned: str | None, steps: "Sequence[MigrationStep]"
) -> "Sequence[MigrationStep]":
    if found != ((planned,) if planned is not None else ()):
        raise StoreUnusable("another process is migrating this store; nothing was changed.")
    return steps


def _backup(file: SqliteFile, version: str) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    backup = file.path.with_name(f"{file.path.name}.before-{version}-{stamp}")
    with closing(sqlite3.connect(file.uri, uri=True)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    backup.chmod(0o600)
    _sync_path(backup)
    _sync_path(backup.parent)
    _log.info("backup before the migration: %s", backup)
    return backup


def _sync_engine(path: Path) -> sa.Engine:
    engine = sa.create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, isolation_level=None),
        poolclass=sa.pool.NullPool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=OFF")

    @event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _outside_transaction(connection: sa.Connection, statement: str) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    if raw.in_transaction:
        raw.rollback()
    raw.execute(statement).fetchall()


def _files(path: Path) -> tuple[Path, ...]:
    return (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal")))


def _sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
