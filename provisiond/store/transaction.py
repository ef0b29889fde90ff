"""What may a transaction do? Read one snapshot; or write, and say what it made stale."""

from collections.abc import Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from provisiond.store.epochs import CATALOG, DOMAIN, ENROLMENT, SERVER, Bump
from provisiond.store.schema import epoch, epoch_clock
from provisiond.store.sealing import SecretKey

_CHUNK = 500  # rows a statement: SQLite takes 32,766 parameters, PostgreSQL 32,767
_ID_BLOCK = 32
_T = TypeVar("_T")
AnyRow = sa.Row[*tuple[Any, ...]]


class Read:
    """One snapshot of the store. Store functions take it first, the domain id second."""

    def __init__(self, connection: AsyncConnection, key: SecretKey) -> None:
        self.connection = connection
        self.key = key

    async def rows(self, statement: sa.Executable, **values: Any) -> Sequence[AnyRow]:
        """All rows of a statement."""
        return (await self.connection.execute(statement, values)).all()

    async def first(self, statement: sa.Executable) -> AnyRow | None:
        """The first row of a statement, or None."""
        return (await self.connection.execute(statement)).first()


class Write(Read):
    """One transaction; where `has_turn`, nobody else writes the inventory meanwhile, on either
    engine.

    Store functions mark what they change; an action need not. The marks are written once, at
    the end, in the same transaction.
    """

    def __init__(self, connection: AsyncConnection, key: SecretKey, *, has_turn: bool) -> None:
        super().__init__(connection, key)
        self.has_turn = has_turn
        self.undoes: int | None = None  # of which entry what is journaled now is the undoing
        self._touched: dict[tuple[str, int], None] = {}
        self._ids = range(0)

    def touch_domain(self, domain_id: int) -> None:
        """Every cached answer of this domain is stale after the commit."""
        self._touched[DOMAIN, domain_id] = None

    def touch_enrolment(self, domain_id: int) -> None:
        """Admission facts of this domain are stale after the commit; its answers are not."""
        self._touched[ENROLMENT, domain_id] = None

    def touch_catalog(self) -> None:
        """Everything rendered is stale after the commit."""
        self._touched[CATALOG, 0] = None

    def touch_server(self) -> None:
        """What the server hands down changed: the server's epoch and every domain's move."""
        self._touched[SERVER, 0] = None

    async def new_ids(self, count: int) -> range:
        """Ids that no row of the store has or ever had."""
        if len(self._ids) < count:
            block = max(count, _ID_BLOCK)
            row = await self.first(
                sa.update(epoch_clock)
                .values(next_id=epoch_clock.c.next_id + block)
                .returning(epoch_clock.c.next_id)
            )
            assert row is not None
            self._ids = range(row[0] - block, row[0])
        taken, self._ids = self._ids[:count], self._ids[count:]
        return taken

    async def insert(self, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows, many to a statement."""
        if rows:
            await self.connection.execute(sa.insert(table), list(rows))

    async def settle(self) -> tuple[Bump, ...]:
        """Write the marks; answers the new values. The transaction's last statements."""
        if not self._touched:
            return ()
        clock = await self.first(
            sa.update(epoch_clock).values(seq=epoch_clock.c.seq + 1).returning(epoch_clock.c.seq)
        )
        assert clock is not None
        seq: int = clock[0]
        bumps: list[Bump] = []
        if (SERVER, 0) in self._touched:
            bumps += await self._raise(epoch.c.kind == DOMAIN, seq)
        done = {(bump.kind, bump.domain_id) for bump in bumps}
        for kind, domain_id in self._touched:
            if (kind, domain_id) not in done:
                bumps += await self._raise_one(kind, domain_id, seq)
        return tuple(bumps)

    async def _raise(self, which: sa.ColumnElement[bool], seq: int) -> list[Bump]:
        rows = await self.rows(
            sa.update(epoch)
            .where(which)
            .values(value=epoch.c.value + 1, seq=seq)
            .returning(epoch.c.kind, epoch.c.domain_id, epoch.c.value)
        )
        return [Bump(kind=k, domain_id=d, value=v, seq=seq) for k, d, v in rows]

    async def _raise_one(self, kind: str, domain_id: int, seq: int) -> list[Bump]:
        raised = await self._raise((epoch.c.kind == kind) & (epoch.c.domain_id == domain_id), seq)
        if not raised:
            row = {"kind": kind, "domain_id": domain_id, "value": 1, "seq": seq}
            await self.insert(epoch, [row])
            raised = [Bump(kind=kind, domain_id=domain_id, value=1, seq=seq)]
        return raised


def chunks(items: Sequence[_T], size: int = _CHUNK) -> list[Sequence[_T]]:
    """Slices short enough for one IN list."""
    return [items[start : start + size] for start in range(0, len(items), size)]
