"""Where is everything kept? The store opened, its transactions, and its version checked."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing, suppress

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from provisiond.inventory.errors import Finding, StoreUnavailable, StoreUnusable
from provisiond.store import engines
from provisiond.store.answered import OpenQuestion
from provisiond.store.epochs import Epochs
from provisiond.store.facts import FactsReader
from provisiond.store.facts_postgres import PostgresFacts
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.failures import translated
from provisiond.store.location import PostgresServer, SqliteFile, parse_location
from provisiond.store.lock import ServingLock
from provisiond.store.sealing import SecretKey
from provisiond.store.server import check_key
from provisiond.store.transaction import Read, Write
from provisiond.store.version import HEAD, check_version, sqlite_version

__all__ = ["Database", "Read", "Write"]


class Database:
    """An open store. Make one with `open`; end it with `close`.

    `epochs` is the process's copy, right after every own commit and every poll. `facts` is the
    phones' path. Errors of the engines come out as StoreUnavailable (try again later),
    StoreUnusable (a person must act) and Conflict.
    """

    def __init__(
        self,
        *,
        location: SqliteFile | PostgresServer,
        key: SecretKey,
        writer: AsyncEngine | None,
        reader: AsyncEngine,
        facts: FactsReader,
        lock: ServingLock | None = None,
        question: OpenQuestion | None = None,
        around: Write | None = None,
    ) -> None:
        self.location = location
        self.key = key
        self.epochs = Epochs()
        self.facts = facts
        self._writer = writer
        self._reader = reader
        self._lock = lock
        self._question = question
        self._around = around

    @classmethod
    async def open(
        cls, url: str, key: SecretKey, *, serving: bool = False, read_only: bool = False
    ) -> "Database":
        """Open an existing store; it is never made here.

        `serving` takes the lock of an embedded store for this process; `read_only` opens no
        writer. Raises StoreUnusable where the store is not there, of another version, damaged,
        sealed with another key or served by another process, and StoreUnavailable.
        """
        location = parse_location(url)
        if isinstance(location, PostgresServer):
            database = _open_postgres(location, key, read_only)
        else:
            database = await _open_sqlite(location, key, serving, read_only)
        try:
            async with database.read() as read:
                if isinstance(location, PostgresServer):
                    check_version(await _postgres_version(read.connection), str(location))
                await check_key(read)
            await database.epochs.poll(database)
        except BaseException:
            await database.close()
            raise
        return database

    @classmethod
    async def create(cls, url: str, key: SecretKey) -> None:
        """Make a store: a new file, or the tables in an empty database of a server.

        Raises StoreUnusable where there is one already; then nothing was changed.
        """
        from provisiond.store import migration

        location = parse_location(url)
        if isinstance(location, SqliteFile):
            with translated(connecting=True):
                await asyncio.to_thread(migration.create_sqlite, location, key)
            return
        upgrade = await asyncio.to_thread(migration.plan, None)

        def make(connection: sa.Connection) -> None:
            upgrade(connection)
            migration.fill(connection, key)

        async with _alone(location) as connection:
            if await _postgres_version(connection) is not None:
                raise StoreUnusable(f"there is a store in {location} already.")
            await connection.run_sync(make)

    @classmethod
    async def migrate(cls, url: str, key: SecretKey) -> list[str]:
        """Bring a store to this program's version; answers what was done, empty for nothing.

        An embedded store is backed up first (the answer says where) and must not be served
        meanwhile; a server's database takes all steps or none. Raises StoreUnusable.
        """
        from provisiond.store import migration

        location = parse_location(url)
        if isinstance(location, SqliteFile):
            with translated(connecting=True):
                done = await asyncio.to_thread(_migrate_sqlite, location)
        else:
            done = await _migrate_postgres(location, migration.plan)
        database = await cls.open(url, key, read_only=True)
        try:
            async with database.read() as read:
                await read.connection.run_sync(migration.check_tables, str(location))
        finally:
            await database.close()
        return done

    def answering(self, place: bytes) -> "Database":
        """The same store, to answer one question by: the first transaction that commits says in
        the same commit that the question's change is made. Raises Conflict there where it was
        answered meanwhile, and then nothing is committed."""
        return self._bound(question=OpenQuestion(place))

    def within(self, write: Write) -> "Database":
        """The same store, inside of a transaction of it: what reads sees what was written there,
        and what writes is committed or undone with it. Nothing else may use `write` meanwhile."""
        return self._bound(around=write)

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator["Database"]:
        """The same store to try things out in: what the block does stands in one transaction, and
        is undone at its end."""
        with suppress(_Undone):
            async with self.write() as write:
                yield self.within(write)
                raise _Undone

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Write]:
        """One transaction, committed at the end of the block; an exception undoes all of it.

        Only one writes at a time, on either engine and whatever process: what a check saw holds
        until the commit. After the commit `epochs` has the new values.
        """
        if self._around is not None:
            async with self._step(self._around) as step:
                yield step
            return
        async with self._transaction() as connection:
            with translated():
                await engines.take_writers_turn(connection)
            write = Write(connection, self.key, has_turn=True)
            yield write
            with translated():
                bumps = await write.settle()
        self.epochs.apply(bumps)

    @asynccontextmanager
    async def append(self) -> AsyncIterator[Write]:
        """A transaction for what is no inventory and no event (requests, leases, errands): it
        waits for no writer of a PostgreSQL store, and marks nothing stale."""
        if self._around is not None:
            async with self._step(self._around) as step:
                yield step
            return
        async with self._transaction() as connection:
            yield Write(connection, self.key, has_turn=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Read]:
        """One snapshot, read-only."""
        if self._around is not None:
            yield self._around
            return
        with translated(connecting=True):
            context = engines.snapshot(self._reader)
            connection = await context.__aenter__()
        try:
            with translated():
                yield Read(connection, self.key)
        finally:
            with translated():
                await context.__aexit__(None, None, None)

    async def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the store as a whole; reads all of it (for `check`)."""
        if isinstance(self.location, PostgresServer):
            return ()
        with translated():
            lines = await asyncio.to_thread(_inspect, self.location)
        return tuple([Finding(where=str(self.location), message=line) for line in lines])

    async def close(self) -> None:
        """Close every connection and give up the lock."""
        await self.facts.close()
        for engine in {self._reader, self._writer} - {None}:
            assert engine is not None
            await engine.dispose()
        if self._lock is not None:
            await asyncio.to_thread(self._lock.release)

    def _bound(
        self, *, question: OpenQuestion | None = None, around: Write | None = None
    ) -> "Database":
        bound = Database(
            location=self.location,
            key=self.key,
            writer=self._writer,
            reader=self._reader,
            facts=self.facts,
            question=question,
            around=around,
        )
        bound.epochs = self.epochs
        return bound

    @asynccontextmanager
    async def _step(self, around: Write) -> AsyncIterator[Write]:
        """A part of a transaction, which an exception undoes by itself."""
        with translated():
            async with around.connection.begin_nested():
                yield around

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        if self._writer is None:
            raise StoreUnusable("the store was opened for reading only.")
        with translated(connecting=True):
            connection = await self._writer.connect()
        try:
            with translated():
                async with connection.begin():
                    yield connection
                    if self._question is not None:
                        await self._question.mark(connection)
            if self._question is not None:
                self._question.committed()
        except StoreUnavailable:
            await connection.invalidate()  # whatever state it is in, nobody gets it again
            raise
        finally:
            with translated():
                await connection.close()


class _Undone(Exception):
    """Ends a rehearsal: its transaction is given up."""


async def _open_sqlite(
    file: SqliteFile, key: SecretKey, serving: bool, read_only: bool
) -> Database:
    with translated(connecting=True):
        lock = await asyncio.to_thread(_check_sqlite, file, serving)
    return Database(
        location=file,
        key=key,
        writer=None if read_only else engines.sqlite_writer(file),
        reader=engines.sqlite_reader(file),
        facts=SqliteFacts(file, key),
        lock=lock,
    )


def _open_postgres(server: PostgresServer, key: SecretKey, read_only: bool) -> Database:
    engine = engines.postgres_engine(server)
    return Database(
        location=server,
        key=key,
        writer=None if read_only else engine,
        reader=engine,
        facts=PostgresFacts(server, key),
    )


def _check_sqlite(file: SqliteFile, serving: bool) -> ServingLock | None:
    """The file is there, a store, of this version, and nobody else serves it."""
    if not file.path.is_file():
        raise StoreUnusable(
            f"there is no store {file.path}. `provisiond init` makes one; an empty one is never "
            "made unasked. Is data_dir right, and its disk mounted?"
        )
    lock = ServingLock(file.path) if serving else None
    if lock is not None:
        lock.take()
    try:
        check_version(sqlite_version(file), str(file))
    except BaseException:
        if lock is not None:
            lock.release()
        raise
    return lock


async def _postgres_version(connection: AsyncConnection) -> str | None:
    table = await connection.execute(sa.text("SELECT to_regclass('alembic_version')"))
    if table.scalar() is None:
        return None
    found = await connection.execute(sa.text("SELECT version_num FROM alembic_version"))
    return str(found.scalar() or "")


def _migrate_sqlite(file: SqliteFile) -> list[str]:
    from provisiond.store import migration

    if not file.path.is_file():
        raise StoreUnusable(f"there is no store {file.path}; `provisiond init` makes one.")
    lock = ServingLock(file.path)
    lock.take()
    try:
        return migration.migrate_sqlite(file)
    finally:
        lock.release()


async def _migrate_postgres(
    server: PostgresServer, plan: Callable[[str | None], Callable[[sa.Connection], list[str]]]
) -> list[str]:
    from provisiond.store.migration import fitting

    async with _alone(server) as connection:
        found = await _postgres_version(connection)
        if found == HEAD:
            return []
        if not found or found > HEAD:
            check_version(found, str(server))
        assert found is not None
        upgrade = await asyncio.to_thread(plan, found)
        with fitting(str(server), found):
            return await connection.run_sync(upgrade)


@asynccontextmanager
async def _alone(server: PostgresServer) -> AsyncIterator[AsyncConnection]:
    """A transaction on a server that no other writer runs beside."""
    engine = engines.postgres_engine(server)
    try:
        with translated(connecting=True):
            async with engine.begin() as connection:
                await engines.take_writers_turn(connection)
                yield connection
    finally:
        await engine.dispose()


def _inspect(file: SqliteFile) -> list[str]:
    with closing(sqlite3.connect(file.uri, uri=True, timeout=engines.BUSY_SECONDS)) as connection:
        try:
            lines = [row[0] for row in connection.execute("PRAGMA integrity_check(20)")]
            broken = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
        except sqlite3.DatabaseError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
                raise
            return [f"the store is damaged ({fault}); put back the newest backup."]
    found = [] if lines == ["ok"] else lines
    return found + [f"a row of {row[0]} refers to a missing row of {row[2]}" for row in broken]
