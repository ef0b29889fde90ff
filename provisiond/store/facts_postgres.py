"""How are a phone's facts read from PostgreSQL? In one repeatable-read, read-only transaction."""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.engine.interfaces import Dialect

from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.facts import KnownPhone, PhoneFacts, PhoneKeys
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Enrolment
from provisiond.store.epochs import Bump
from provisiond.store.facts import FactsProgram, Reading
from provisiond.store.facts_select import Statements, compile_statements
from provisiond.store.failures import translated
from provisiond.store.location import PostgresServer
from provisiond.store.sealing import SecretKey, token_hash

if TYPE_CHECKING:
    import asyncpg

_T = TypeVar("_T")
_CONNECTIONS = 4
_SECONDS = 10


@cache
def _statements() -> Statements:
    made: Dialect = dialect.dialect()  # type: ignore[no-untyped-call]
    return compile_statements(made)


class PostgresFacts:
    """A FactsReader with a small pool of its own; the pool is made at the first read."""

    def __init__(self, server: PostgresServer, key: SecretKey) -> None:
        self._server = server
        self._program = FactsProgram(_statements(), key)
        self._pool: asyncpg.Pool | None = None
        self._making = asyncio.Lock()
        self._closed = False

    async def known(self, macs: Sequence[Mac]) -> KnownPhone | None:
        """The first of these MACs that is a phone's."""
        return await self._single(self._program.known([mac.text for mac in macs]))

    async def for_mac(self, mac: Mac, *, directory: bool = False) -> PhoneFacts | None:
        """The facts of the phone with this MAC, or None."""
        return await self._snapshot(self._program.for_mac(mac.text, directory))

    async def for_token(self, token: str, *, directory: bool = False) -> PhoneFacts | None:
        """The facts of the phone with this token, in either case, or None."""
        return await self._snapshot(self._program.for_token(token_hash(token), directory))

    async def keys(self, mac: Mac) -> PhoneKeys | None:
        """The tokens of the phone with this MAC, or None."""
        return await self._single(self._program.keys(mac.text))

    async def enrolment(self, domain_id: int, phone_id: int) -> tuple[Enrolment, bool] | None:
        """The admission facts alone, and whether the phone is enabled; None: it is gone."""
        return await self._single(self._program.enrolment(domain_id, phone_id))

    async def epochs_since(self, seq: int) -> tuple[Bump, ...]:
        """The epochs that moved after this place in the order of changes."""
        return await self._single(self._program.epochs_since(seq))

    async def close(self) -> None:
        """Close the pool; a connection that hangs is cut."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                await asyncio.wait_for(pool.close(), _SECONDS)
            except TimeoutError:
                pool.terminate()

    async def _snapshot(self, reading: Reading[_T]) -> _T:
        async with (
            self._connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await _drive(connection, reading)

    async def _single(self, reading: Reading[_T]) -> _T:
        """One statement is a snapshot by itself."""
        async with self._connection() as connection:
            return await _drive(connection, reading)

    @contextlib.asynccontextmanager
    async def _connection(self) -> Any:
        with translated(connecting=True):
            pool = self._pool or await self._make_pool()
            async with pool.acquire(timeout=_SECONDS) as connection:
                yield connection

    async def _make_pool(self) -> "asyncpg.Pool":
        import asyncpg

        async with self._making:
            if self._closed:
                raise StoreUnavailable("the store is closed.")
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._server.dsn,
                    min_size=1,
                    max_size=_CONNECTIONS,
                    timeout=_SECONDS,
                    command_timeout=_SECONDS,
                    statement_cache_size=100 if self._server.prepare else 0,
                )
            return self._pool


async def _drive(connection: Any, reading: Reading[_T]) -> _T:
    try:
        statement, values = next(reading)
        while True:
            rows = await connection.fetch(statement.sql, *statement.arguments(values))
            statement, values = reading.send(rows)
    except StopIteration as done:
        answer: _T = done.value
        return answer
