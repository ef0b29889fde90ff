"""Who does what must be done once? A lease by name, timed by the database's clock."""

import os
import secrets
import socket

import sqlalchemy as sa

from provisiond.store.database import Database
from provisiond.store.dialects import database_now, insert_or_update
from provisiond.store.schema import lease
from provisiond.store.transaction import Read, Write

_SECOND = 1_000_000


class Lease:
    """A lease that this object holds, or not; `holder` is unique to it unless given."""

    def __init__(self, database: Database, name: str, holder: str | None = None) -> None:
        self._database = database
        self._name = name
        self.holder = holder or f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    async def acquire(self, seconds: float) -> bool:
        """Take it for so long, or keep it longer; False while another holds it."""
        async with self._database.append() as write:
            return await acquire_lease(write, self._name, self.holder, seconds=seconds)

    async def renew(self, seconds: float) -> bool:
        """Hold it longer; False where it ran out: stop the work then."""
        async with self._database.append() as write:
            return await renew_lease(write, self._name, self.holder, seconds=seconds)

    async def release(self) -> None:
        """Give it up."""
        async with self._database.append() as write:
            await release_lease(write, self._name, self.holder)


async def acquire_lease(write: Write, name: str, holder: str, *, seconds: float) -> bool:
    """Take the lease, or keep it where `holder` has it; False while another has it.

    `holder` names one process of one node. The lease ends by itself after `seconds`.
    """
    now = database_now(write.connection)
    until = now + int(seconds * _SECOND)
    insert = insert_or_update(write.connection, lease).values(
        name=name, holder=holder, expires_at=until
    )
    taken = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={"holder": holder, "expires_at": until},
        where=(lease.c.holder == holder) | (lease.c.expires_at <= now),
    ).returning(lease.c.name)
    return (await write.connection.execute(taken)).first() is not None


async def renew_lease(write: Write, name: str, holder: str, *, seconds: float) -> bool:
    """Hold the lease longer; False where it ran out or is another's: stop the work then."""
    now = database_now(write.connection)
    done = await write.connection.execute(
        sa.update(lease)
        .where(lease.c.name == name, lease.c.holder == holder, lease.c.expires_at > now)
        .values(expires_at=now + int(seconds * _SECOND))
    )
    return bool(done.rowcount)


async def release_lease(write: Write, name: str, holder: str) -> None:
    """Give the lease up, where `holder` has it."""
    await write.connection.execute(
        sa.delete(lease).where(lease.c.name == name, lease.c.holder == holder)
    )


async def lease_holder(read: Read, name: str) -> str | None:
    """Who holds the lease now, or None."""
    row = await read.first(
        sa.select(lease.c.holder).where(
            lease.c.name == name, lease.c.expires_at > database_now(read.connection)
        )
    )
    return row[0] if row is not None else None
