"""How is each engine opened? Settings that durability and snapshots hang on, asserted."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from provisiond.inventory.errors import StoreUnusable
from provisiond.store.location import PostgresServer, SqliteFile

BUSY_SECONDS = 5
"""How long a writer waits for another process's write before it gives up."""
_POOL_SECONDS = 10
_WRITERS_TURN = 0x70726F76  # "prov": the advisory lock every writing transaction takes first
_SYNCHRONOUS_FULL = 2


def sqlite_writer(file: SqliteFile) -> AsyncEngine:
    """The one writer of this process: a pool of one."""
    return durable(_sqlite(file, size=1))


def durable(engine: AsyncEngine) -> AsyncEngine:
    """Make an engine on SQLite a writer: BEGIN IMMEDIATE, WAL, synchronous=FULL, all asserted.

    A commit that was acknowledged survives a power cut; with synchronous=NORMAL the last ones
    would not (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """
    pragmas = (
        f"PRAGMA synchronous={_SYNCHRONOUS_FULL}",
        "PRAGMA foreign_keys=ON",
        "PRAGMA journal_size_limit=67108864",
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, entry: ConnectionPoolEntry) -> None:
        assert entry is not None
        _run(connection, *pragmas)
        _assert_pragma(connection, "journal_mode", "wal")
        _assert_pragma(connection, "synchronous", _SYNCHRONOUS_FULL)
        _assert_pragma(connection, "foreign_keys", 1)

    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def sqlite_reader(file: SqliteFile) -> AsyncEngine:
    """Readers whose transactions are one snapshot each and which cannot write."""
    engine = _sqlite(file, size=2)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, entry: ConnectionPoolEntry) -> None:
        assert entry is not None
        _run(connection, "PRAGMA query_only=ON")
        _assert_pragma(connection, "query_only", 1)

    _begin_with(engine, "BEGIN")
    return engine


def postgres_engine(server: PostgresServer) -> AsyncEngine:
    """Connections to the server; an acknowledged commit is as durable as the server is set up."""
    arguments: dict[str, Any] = {"timeout": _POOL_SECONDS, "command_timeout": 60}
    url = server.url
    if not server.prepare:
        arguments["statement_cache_size"] = 0
        arguments["prepared_statement_name_func"] = lambda: f"__provisiond_{uuid.uuid4()}__"
        url = url.update_query_dict({"prepared_statement_cache_size": "0"})
    return create_async_engine(
        url,
        pool_size=4,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        pool_pre_ping=True,
        connect_args=arguments,
    )


async def take_writers_turn(connection: AsyncConnection) -> None:
    """Wait until no other transaction writes the inventory (PostgreSQL; SQLite does it by BEGIN).

    Writers one after another: a check made in a transaction holds until its commit, and the
    epochs' order is the order of the commits. Given up after BUSY_SECONDS.
    """
    if connection.dialect.name == "postgresql":
        await connection.execute(
            sa.text("SELECT set_config('lock_timeout', :wait, true)"),
            {"wait": f"{BUSY_SECONDS}s"},
        )
        await connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _WRITERS_TURN}
        )


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees one state throughout and cannot write."""
    async with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        async with connection.begin():
            yield connection


def _sqlite(file: SqliteFile, size: int) -> AsyncEngine:
    url = URL.create(
        "sqlite+aiosqlite",
        database=f"file:{quote(str(file.path))}",
        query={"mode": "rw", "uri": "true"},
    )
    return create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        # No transactions behind our back: BEGIN is said by the hook alone.
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "cached_statements": 256},
    )


def _begin_with(engine: AsyncEngine, words: str) -> None:
    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(words)


def _run(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    try:
        for statement in statements:
            cursor.execute(statement)
    finally:
        cursor.close()


def _assert_pragma(connection: Any, name: str, wanted: str | int) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(f"PRAGMA {name}")
        found = cursor.fetchone()[0]
    finally:
        cursor.close()
    if found != wanted:
        raise StoreUnusable(
            f"the store's {name} is {found!r}, and {wanted!r} is needed for nothing to be lost. "
            "Is the file on a network file system? An embedded store needs a local disk."
        )
