"""How are a phone's facts read from SQLite? In one hop into the one thread that reads them."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from functools import cache
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from sqlalchemy.dialects import sqlite as dialect

from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.facts import KnownPhone, PhoneFacts, PhoneKeys
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Enrolment
from provisiond.store.engines import BUSY_SECONDS
from provisiond.store.epochs import Bump
from provisiond.store.facts import FactsProgram, Reading
from provisiond.store.facts_select import Statements, compile_statements
from provisiond.store.failures import translated
from provisiond.store.location import SqliteFile
from provisiond.store.sealing import SecretKey, token_hash

_T = TypeVar("_T")
_TOGETHER = 16
_Asked = tuple[Reading[Any] | None, asyncio.Future[Any]]
_Read = tuple[asyncio.Future[Any], Any, BaseException | None]


@cache
def _statements() -> Statements:
    return compile_statements(dialect.dialect(paramstyle="qmark"))


class SqliteFacts:
    """A FactsReader with a connection of its own in a thread of its own.

    Askers that wait together are read in one go and woken by one call: changing threads costs
    more than reading. `trace` is told every statement that runs; tests count with it.
    """

    def __init__(
        self, file: SqliteFile, key: SecretKey, *, trace: Callable[[str], None] | None = None
    ) -> None:
        self._file = file
        self._trace = trace
        self._program = FactsProgram(_statements(), key)
        self._asked: SimpleQueue[_Asked] = SimpleQueue()
        self._thread: Thread | None = None
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    async def known(self, macs: Sequence[Mac]) -> KnownPhone | None:
        """The first of these MACs that is a phone's."""
        return await self._hop(self._program.known([mac.text for mac in macs]))

    async def for_mac(self, mac: Mac, *, directory: bool = False) -> PhoneFacts | None:
        """The facts of the phone with this MAC, or None."""
        return await self._hop(self._program.for_mac(mac.text, directory))

    async def for_token(self, token: str, *, directory: bool = False) -> PhoneFacts | None:
        """The facts of the phone with this token, in either case, or None."""
        return await self._hop(self._program.for_token(token_hash(token), directory))

    async def keys(self, mac: Mac) -> PhoneKeys | None:
        """The tokens of the phone with this MAC, or None."""
        return await self._hop(self._program.keys(mac.text))

    async def enrolment(self, domain_id: int, phone_id: int) -> tuple[Enrolment, bool] | None:
        """The admission facts alone, and whether the phone is enabled; None: it is gone."""
        return await self._hop(self._program.enrolment(domain_id, phone_id))

    async def epochs_since(self, seq: int) -> tuple[Bump, ...]:
        """The epochs that moved after this place in the order of changes."""
        return await self._hop(self._program.epochs_since(seq))

    async def close(self) -> None:
        """Close the connection and end the thread."""
        if not self._closed:
            self._closed = True
            if self._thread is not None:
                await self._ask(None)

    async def _hop(self, reading: Reading[_T]) -> _T:
        if self._closed:
            raise StoreUnavailable("the store is closed.")
        if self._thread is None:
            self._thread = Thread(target=self._read_all, name="facts", daemon=True)
            self._thread.start()
        answer: _T = await self._ask(reading)
        return answer

    def _ask(self, reading: Reading[Any] | None) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        self._asked.put((reading, future))
        return future

    def _read_all(self) -> None:
        """The thread: reads for those who ask until one asks for the end."""
        ended = False
        while not ended:
            read: list[_Read] = []
            while not read or (len(read) < _TOGETHER and not self._asked.empty()):
                reading, future = self._asked.get()
                if reading is None:
                    self._disconnect()
                    ended = True
                    read.append((future, None, None))
                    break
                try:
                    read.append((future, self._run(reading), None))
                except BaseException as fault:  # noqa: BLE001 - the asker gets it, whatever it is
                    read.append((future, None, fault))
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits
                read[0][0].get_loop().call_soon_threadsafe(_tell, read)

    def _run(self, reading: Reading[_T]) -> _T:
        with translated():
            connection = self._connection or self._connect()
            connection.execute("BEGIN")
            try:
                return _drive(connection, reading)
            finally:
                self._end(connection)

    def _end(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("COMMIT")
        except sqlite3.Error:  # the read itself failed and says why; begin afresh next time
            self._disconnect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file.uri,
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only=ON")
        # KiB, for the inner pages of 100,000 phones; the kernel has the others in its cache.
        connection.execute("PRAGMA cache_size=-3072")
        connection.set_trace_callback(self._trace)
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _tell(read: list[_Read]) -> None:
    for future, answer, fault in read:
        if future.done():  # its asker went away
            continue
        if fault is None:
            future.set_result(answer)
        else:
            future.set_exception(fault)


def _drive(connection: sqlite3.Connection, reading: Reading[_T]) -> _T:
    execute = connection.execute
    try:
        statement, values = next(reading)
        while True:
            rows: list[Any] = execute(statement.sql, statement.arguments(values)).fetchall()
            statement, values = reading.send(rows)
    except StopIteration as done:
        answer: _T = done.value
        return answer
