"""Where are log-ins kept, and the links that are followed once?"""

from datetime import datetime, timedelta

import sqlalchemy as sa

from provisiond.inventory.accounts import JoinLink, LoginSession
from provisiond.store.accounts import account_record, select_accounts
from provisiond.store.instants import from_stored, to_stored
from provisiond.store.schema_access import account, join_link, login_session
from provisiond.store.transaction import Read, Write

SESSIONS_EACH = 20
"""Log-ins that an account may have at once; the oldest end first."""


async def add_session(
    write: Write,
    key_hash: bytes,
    account_id: int,
    *,
    at: datetime,
    lasts: timedelta,
    address: str,
) -> None:
    """Keep a log-in. What has ended, and the oldest beyond SESSIONS_EACH, go."""
    await write.connection.execute(
        sa.delete(login_session).where(login_session.c.expires_at <= to_stored(at))
    )
    rows = await write.rows(
        sa.select(login_session.c.key_hash)
        .where(login_session.c.account_id == account_id)
        .order_by(login_session.c.created_at.desc(), login_session.c.key_hash)
        .offset(SESSIONS_EACH - 1)
    )
    for row in rows:
        await delete_session(write, row[0])
    await write.insert(
        login_session,
        [
            {
                "key_hash": key_hash,
                "account_id": account_id,
                "created_at": to_stored(at),
                "seen_at": to_stored(at),
                "expires_at": to_stored(at + lasts),
                "address": address,
            }
        ],
    )


async def find_session(read: Read, key_hash: bytes) -> LoginSession | None:
    """The log-in with its account, whether it still counts or not."""
    row = await read.first(
        select_accounts()
        .add_columns(
            login_session.c.created_at.label("began_at"),
            login_session.c.seen_at,
            login_session.c.expires_at,
            login_session.c.address,
        )
        .join(login_session, login_session.c.account_id == account.c.id)
        .where(login_session.c.key_hash == key_hash)
    )
    if row is None:
        return None
    return LoginSession(
        account=account_record(read, row),
        created_at=from_stored(row.began_at),
        seen_at=from_stored(row.seen_at),
        expires_at=from_stored(row.expires_at),
        address=row.address,
    )


async def note_seen(write: Write, key_hash: bytes, at: datetime) -> None:
    """Note that the log-in was used."""
    await write.connection.execute(
        sa.update(login_session)
        .where(login_session.c.key_hash == key_hash)
        .values(seen_at=to_stored(at))
    )


async def delete_session(write: Write, key_hash: bytes) -> None:
    """End a log-in, where it is there."""
    await write.connection.execute(
        sa.delete(login_session).where(login_session.c.key_hash == key_hash)
    )


async def renew_session(write: Write, key_hash: bytes, new_hash: bytes) -> bool:
    """Give a log-in another key; it ends when it would have. False where it has ended."""
    done = await write.connection.execute(
        sa.update(login_session)
        .where(login_session.c.key_hash == key_hash)
        .values(key_hash=new_hash)
    )
    return bool(done.rowcount)


async def add_link(
    write: Write, key_hash: bytes, account_id: int | None, link: JoinLink, at: datetime
) -> None:
    """Keep a link in place of those before it for the same account, or for the first admin."""
    same = join_link.c.account_id == account_id
    if account_id is None:
        same = join_link.c.account_id.is_(None)
    await write.connection.execute(
        sa.delete(join_link).where(same | (join_link.c.expires_at <= to_stored(at)))
    )
    await write.insert(
        join_link,
        [
            {
                "key_hash": key_hash,
                "account_id": account_id,
                "created_by": link.created_by,
                "created_at": to_stored(at),
                "expires_at": to_stored(link.expires_at),
            }
        ],
    )


async def find_link(read: Read, key_hash: bytes, at: datetime) -> JoinLink | None:
    """The link, where it may still be followed."""
    row = await read.first(
        sa.select(join_link, account.c.name)
        .outerjoin(account, account.c.id == join_link.c.account_id)
        .where(join_link.c.key_hash == key_hash, join_link.c.expires_at > to_stored(at))
    )
    if row is None:
        return None
    return JoinLink(
        account=row.name, created_by=row.created_by, expires_at=from_stored(row.expires_at)
    )


async def delete_link(write: Write, key_hash: bytes) -> bool:
    """Use a link up; False where somebody was quicker."""
    done = await write.connection.execute(
        sa.delete(join_link).where(join_link.c.key_hash == key_hash)
    )
    return bool(done.rowcount)
