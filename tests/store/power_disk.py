"""What is on a disk after the power was cut? Only what was flushed, and any part of the rest.

A VFS of SQLite's that keeps, beside the real files, what xSync made durable. After `cut` the
survivors are built: the durable bytes, and of the writes since the last flush none, a torn
beginning, or any 512-byte sectors in any combination.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import aiosqlite
import apsw
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from provisiond.store.engines import durable

SECTOR = 512
PAGES = 20  # a checkpoint every few commits, so that cuts hit those, too


@dataclass(slots=True)
class _Platter:
    """One file: what is durable, and what was written since (a truncation has no bytes)."""

    durable: bytearray
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def flush(self) -> None:
        for offset, data in self.pending:
            _apply(self.durable, offset, data)
        self.pending.clear()

    def survivor(self, dice: Random) -> bytes:
        left = bytearray(self.durable)
        way = dice.choice(("none", "beginning", "any"))
        if way == "beginning" and self.pending:
            whole = dice.randrange(len(self.pending) + 1)
            for offset, data in self.pending[:whole]:
                _apply(left, offset, data)
            if whole < len(self.pending) and self.pending[whole][1] is not None:
                offset, data = self.pending[whole]
                assert data is not None
                _apply(left, offset, data[: SECTOR * dice.randrange(len(data) // SECTOR + 1)])
        elif way == "any":
            for offset, data in self.pending:
                if data is None:
                    if dice.random() < 0.5:
                        _apply(left, offset, None)
                    continue
                for start, end in _sectors(offset, len(data)):
                    if dice.random() < 0.5:
                        _apply(left, start, data[start - offset : end - offset])
        return bytes(left)


class PowerDisk(apsw.VFS):
    """A VFS whose power goes at the `cut_after`-th write, flush or truncation."""

    def __init__(self, name: str) -> None:
        super().__init__(name, "unix")
        self.name = name
        self.platters: dict[str, _Platter] = {}
        self.operations = 0
        self.cut_after: int | None = None

    def xOpen(self, name: Any, flags: list[int]) -> "_PowerFile":  # noqa: N802 - SQLite's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is not None and path not in self.platters:
            there = Path(path)
            self.platters[path] = _Platter(bytearray(there.read_bytes() if there.exists() else b""))
        return _PowerFile(self, name, flags, self.platters.get(path))

    @property
    def is_off(self) -> bool:
        """Whether the power is gone."""
        return self.cut_after is not None and self.operations >= self.cut_after

    def draw(self) -> None:
        """Use power for one operation."""
        if self.is_off:
            raise apsw.IOError("the power is off")
        self.operations += 1

    def survivors(self, folder: Path, dice: Random) -> None:
        """Write what is left of every file into a folder. Shared memory is never left."""
        for path, platter in sorted(self.platters.items()):
            if not path.endswith("-shm"):
                (folder / Path(path).name).write_bytes(platter.survivor(dice))


class _PowerFile(apsw.VFSFile):
    def __init__(
        self, disk: PowerDisk, name: Any, flags: list[int], platter: _Platter | None
    ) -> None:
        super().__init__("unix", name, flags)
        self._disk = disk
        self._platter = platter

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.draw()
        super().xWrite(data, offset)
        if self._platter is not None:
            self._platter.pending.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk.draw()
        super().xTruncate(size)
        if self._platter is not None:
            self._platter.pending.append((size, None))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.draw()
        super().xSync(flags)
        if self._platter is not None:
            self._platter.flush()


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _sectors(offset: int, length: int) -> list[tuple[int, int]]:
    """The pieces of a write that lie in one sector each."""
    edges = sorted(
        {
            offset,
            offset + length,
            *range(offset - offset % SECTOR + SECTOR, offset + length, SECTOR),
        }
    )
    return list(pairwise(edges))


def writer_on(disk: PowerDisk, path: Path, synchronous: str, pages: int = PAGES) -> AsyncEngine:
    """The store's writer, its disk replaced; `synchronous` is FULL where nothing may be lost."""
    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=lambda: aiosqlite.Connection(
            lambda: ApswConnection(path, disk.name),  # type: ignore[arg-type,return-value]
            64,
        ),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
    )
    durable(engine)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA wal_autocheckpoint={pages}")
        cursor.execute(f"PRAGMA synchronous={synchronous}")
        cursor.close()

    return engine


class ApswConnection:
    """apsw spoken to as sqlite3: as much of it as aiosqlite and SQLAlchemy use."""

    isolation_level = None
    row_factory = None

    def __init__(self, path: Path, vfs: str) -> None:
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    def cursor(self) -> "ApswCursor":
        return ApswCursor(self._connection)

    def commit(self) -> None:
        if self.in_transaction:
            self.cursor().execute("COMMIT")

    def rollback(self) -> None:
        if self.in_transaction:
            self.cursor().execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close(True)

    def create_function(
        self, name: str, count: int, function: Callable[..., Any], *, deterministic: bool = False
    ) -> None:
        self._connection.create_scalar_function(name, function, count, deterministic=deterministic)


class ApswCursor:
    """A cursor that has fetched all rows when `execute` returns."""

    arraysize = 1
    lastrowid = None

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1

    def execute(self, statement: str, values: Sequence[Any] = ()) -> "ApswCursor":
        self.description = None
        cursor = self._connection.cursor()
        cursor.exec_trace = self._describe
        self._rows = _in_words(lambda: list(cursor.execute(statement, tuple(values))))
        self.rowcount = self._connection.changes()
        return self

    def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> "ApswCursor":
        count = 0
        for values in many:
            self.execute(statement, values)
            count += self.rowcount
        self.rowcount = count
        return self

    def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int = 1) -> list[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    def close(self) -> None:
        self._rows = []

    def _describe(self, cursor: Any, statement: str, values: Any) -> bool:
        described = cursor.description
        if described:
            self.description = tuple((column[0], *[None] * 6) for column in described)
        return True


def _in_words(run: Callable[[], list[Any]]) -> list[Any]:
    try:
        return run()
    except apsw.Error as fault:
        error = sqlite3.OperationalError(str(fault))
        error.sqlite_errorcode = getattr(fault, "result", sqlite3.SQLITE_IOERR)
        raise error from fault
