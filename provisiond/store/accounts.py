"""Where are the people kept who may log in?"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account
from provisiond.inventory.errors import NotFound, Rejected, Stale
from provisiond.inventory.lists import Page, PersonOrder, PersonQuery
from provisiond.inventory.secret import Secret
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored, to_stored_if_any
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.schema import domain, user_account
from provisiond.store.schema_access import account, login_session
from provisiond.store.transaction import AnyRow, Read, Write

_ORDERS: dict[PersonOrder, tuple[sa.ColumnElement[Any], ...]] = {
    PersonOrder.NAME: (account.c.name,),
    PersonOrder.ROLE: (account.c.role, account.c.name),
    PersonOrder.DOMAIN: (sa.func.coalesce(domain.c.name, ""), account.c.name),
    PersonOrder.LOGGED_IN: (sa.func.coalesce(account.c.logged_in_at, 0), account.c.name),
}


async def list_accounts(read: Read, query: PersonQuery) -> Page[Account]:
    """Those that match, sorted."""
    select = select_accounts()
    if query.domain is not None:
        select = select.where(domain.c.name == query.domain.lower())
    if query.text:
        full_name = user_account.c.first_name + " " + user_account.c.last_name
        columns = (account.c.name, user_account.c.extension, full_name)
        select = select.where(matches(query.text, *columns))
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    found = tuple([account_record(read, row) for row in rows])
    return Page(rows=found, after=after, total=await count_rows(read, select))


async def find_account(read: Read, name: str) -> tuple[int, Account] | None:
    """The account's id and record, or None."""
    row = await read.first(select_accounts().where(account.c.name == name.lower()))
    return (row.account_id, account_record(read, row)) if row is not None else None


async def get_account(read: Read, name: str) -> tuple[int, Account]:
    """The account's id and record. Raises NotFound."""
    found = await find_account(read, name)
    if found is None:
        raise NotFound(f"nobody is called {name}.")
    return found


async def has_admin(read: Read) -> bool:
    """Whether there is an admin who can log in."""
    wanted = (
        sa.select(account.c.id)
        .where(account.c.role == Role.ADMIN.value, account.c.disabled.is_(False))
        .where(account.c.password_hash != "")
        .limit(1)
    )
    return await read.first(wanted) is not None


async def insert_account(write: Write, record: Account, at: datetime) -> int:
    """Add an account; answers its id. Raises Rejected(name|domain|extension)."""
    if await find_account(write, record.name) is not None:
        raise Rejected("name", f"somebody is called {record.name} already.", "Take another name.")
    (account_id,) = await write.new_ids(1)
    columns = await _columns(write, account_id, record)
    row = {"id": account_id, "created_at": to_stored(at), **columns}
    await write.insert(account, [row])
    return account_id


async def update_account(write: Write, name: str, record: Account) -> None:
    """Replace the account called `name`, which keeps its name; `record.revision` is the one that
    was read. Raises NotFound, Conflict and Rejected(domain|extension)."""
    account_id, stood = await get_account(write, name)
    if stood.revision != record.revision:
        raise Stale(f"{name} was changed meanwhile; load it again and repeat.")
    columns = await _columns(write, account_id, record)
    await write.connection.execute(
        sa.update(account)
        .where(account.c.id == account_id)
        .values(revision=account.c.revision + 1, **columns)
    )


async def delete_account(write: Write, name: str) -> None:
    """Delete an account with its sessions and links. Raises NotFound."""
    account_id, _ = await get_account(write, name)
    await write.connection.execute(sa.delete(account).where(account.c.id == account_id))


async def note_login(write: Write, account_id: int, at: datetime, totp_step: int) -> bool:
    """Note a log-in; False where a time code of this step or a later one was used already."""
    done = await write.connection.execute(
        sa.update(account)
        .where(account.c.id == account_id)
        .where((account.c.totp_step < totp_step) | (sa.literal(totp_step) == 0))
        .values(
            logged_in_at=to_stored(at),
            totp_step=totp_step or account.c.totp_step,
        )
    )
    return bool(done.rowcount)


async def end_sessions(write: Write, account_id: int, *, keep: bytes | None = None) -> int:
    """End the sessions of an account, all but `keep`; answers how many."""
    doomed = sa.delete(login_session).where(login_session.c.account_id == account_id)
    if keep is not None:
        doomed = doomed.where(login_session.c.key_hash != keep)
    return int((await write.connection.execute(doomed)).rowcount)


def select_accounts() -> sa.Select[Any]:
    """Accounts with the names of their domain and user."""
    same_user = (user_account.c.domain_id == account.c.domain_id) & (
        user_account.c.id == account.c.user_id
    )
    return (
        sa.select(
            account.c.id.label("account_id"),
            account,
            domain.c.name.label("domain_name"),
            user_account.c.extension,
        )
        .outerjoin(domain, domain.c.id == account.c.domain_id)
        .outerjoin(user_account, same_user)
    )


def account_record(read: Read, row: AnyRow) -> Account:
    """The record of a row of `select_accounts`."""
    totp = Secret("")
    if row.totp is not None:
        totp = read.key.open(row.totp, _where(row.account_id))
    return Account(
        name=row.name,
        role=Role(row.role),
        domain=row.domain_name,
        extension=row.extension,
        disabled=row.disabled,
        password_hash=Secret(row.password_hash),
        totp=totp,
        totp_step=row.totp_step,
        created_at=from_stored(row.created_at),
        logged_in_at=from_stored_if_any(row.logged_in_at),
        revision=row.revision,
    )


def _where(account_id: int) -> str:
    return f"account/{account_id}/totp"


async def _columns(write: Write, account_id: int, record: Account) -> dict[str, Any]:
    domain_id, user_id = await _place(write, record)
    totp = write.key.seal(record.totp, _where(account_id)) if record.totp else None
    return {
        "name": record.name.lower(),
        "role": record.role.value,
        "domain_id": domain_id,
        "user_id": user_id,
        "disabled": record.disabled,
        "password_hash": record.password_hash.reveal(),
        "totp": totp,
        "totp_step": record.totp_step,
        "logged_in_at": to_stored_if_any(record.logged_in_at),
    }


async def _place(write: Write, record: Account) -> tuple[int | None, int | None]:
    if record.domain is None:
        return None, None
    found = await write.first(sa.select(domain.c.id).where(domain.c.name == record.domain.lower()))
    if found is None:
        raise Rejected("domain", f"there is no domain {record.domain}.")
    if record.extension is None:
        return found[0], None
    user = await write.first(
        sa.select(user_account.c.id)
        .where(user_account.c.domain_id == found[0])
        .where(user_account.c.extension == record.extension)
    )
    if user is None:
        raise Rejected("extension", f"there is no extension {record.extension}.")
    return found[0], user[0]
