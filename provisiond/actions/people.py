"""Who may log in? Accounts listed, added, changed, disabled, deleted, and given a new link."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisiond.actions.changes import change_entry, differing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor, Noun, Role, Verb, demand
from provisiond.inventory.accounts import (
    LINK_HOURS,
    Account,
    JoinLink,
    account_faults,
    key_hash,
    new_key,
)
from provisiond.inventory.errors import Conflict, RejectedAll, Stale
from provisiond.inventory.lists import Page, PersonQuery
from provisiond.inventory.secret import Secret
from provisiond.store.accounts import (
    delete_account,
    end_sessions,
    get_account,
    has_admin,
    insert_account,
    list_accounts,
    update_account,
)
from provisiond.store.database import Database, Read, Write
from provisiond.store.domains import find_domain
from provisiond.store.journal import add_change
from provisiond.store.sessions import add_link


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A link's key, which is told once, and until when it may be followed."""

    key: Secret
    expires_at: datetime
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEdit:
    """What to change; None leaves a field alone, the empty text takes domain or extension away.

    `revision` None overwrites whatever stands.
    """

    role: Role | None = None
    domain: str | None = None
    extension: str | None = None
    disabled: bool | None = None
    revision: int | None = None


async def list_people(db: Database, actor: Actor, query: PersonQuery) -> Page[Account]:
    """Accounts that match, sorted. Raises NotAllowed and NotFound."""
    demand(actor, Noun.PEOPLE, Verb.READ, query.domain)
    async with db.read() as read:
        return await list_accounts(read, query)


async def show_person(db: Database, actor: Actor, name: str) -> Account:
    """One account. Raises NotAllowed and NotFound."""
    demand(actor, Noun.PEOPLE, Verb.READ)
    async with db.read() as read:
        return (await get_account(read, name))[1]


async def is_without_admin(db: Database) -> bool:
    """Whether nobody can log in who may let others in."""
    async with db.read() as read:
        return not await has_admin(read)


async def add_person(
    db: Database, actor: Actor, account: Account, at: datetime, *, hours: int = LINK_HOURS
) -> Invitation:
    """Add an account; the invitation lets its owner choose a password. Raises RejectedAll
    (early) for what is no account, and Rejected for a name that is taken or a place that is not
    there."""
    demand(actor, Noun.PEOPLE, Verb.ADD)
    account = replace(account, name=account.name.strip().lower())
    async with db.write() as write:
        _check(account)
        account_id = await insert_account(write, account, at)
        invitation = await _invite(write, actor, account_id, account.name, at, hours)
        await _journal(write, actor, "add person", account, at, after=account_tree(account))
    return invitation


async def change_person(
    db: Database, actor: Actor, name: str, edit: AccountEdit, at: datetime
) -> Account:
    """Change an account. What it may do changes at once, and a disabled one's sessions end.

    Raises RejectedAll (early), Rejected, NotFound, and Conflict where it was changed meanwhile or
    no admin would be left.
    """
    demand(actor, Noun.PEOPLE, Verb.EDIT)
    async with db.write() as write:
        account_id, stood = await get_account(write, name)
        if edit.revision is not None and edit.revision != stood.revision:
            raise Stale(f"{stood.name} was changed meanwhile; look at it again.")
        account = edited(stood, edit)
        if account == stood:
            return stood
        _check(account)
        await update_account(write, name, account)
        if account.disabled:
            await end_sessions(write, account_id)
        await _keep_an_admin(write, stood)
        before, after = differing(account_tree(stood), account_tree(account))
        await _journal(write, actor, "edit person", account, at, before=before, after=after)
        return (await get_account(write, name))[1]


async def delete_person(
    db: Database, actor: Actor, name: str, at: datetime, *, revision: int | None = None
) -> Account:
    """Delete an account; its sessions end. Raises NotFound, and Conflict for the last admin and
    where it was changed meanwhile."""
    demand(actor, Noun.PEOPLE, Verb.DELETE)
    async with db.write() as write:
        _, stood = await get_account(write, name)
        if revision is not None and revision != stood.revision:
            raise Stale(f"{stood.name} was changed meanwhile; look at it again.")
        await delete_account(write, name)
        await _keep_an_admin(write, stood)
        await _journal(write, actor, "delete person", stood, at, before=account_tree(stood))
    return stood


async def invite_again(
    db: Database,
    actor: Actor,
    name: str,
    at: datetime,
    *,
    hours: int = LINK_HOURS,
    without_code: bool = False,
) -> Invitation:
    """A new link to choose a password by: the old password, links and sessions end at once.

    With `without_code` the second factor goes too (a lost telephone). Raises NotFound.
    """
    demand(actor, Noun.PEOPLE, Verb.EDIT)
    async with db.write() as write:
        account_id, stood = await get_account(write, name)
        account = replace(stood, password_hash=Secret(""))
        if without_code:
            account = replace(account, totp=Secret(""), totp_step=0)
        await update_account(write, name, account)
        await end_sessions(write, account_id)
        invitation = await _invite(write, actor, account_id, stood.name, at, hours)
        after: Tree = {"second factor": "removed"} if without_code else None
        await _journal(write, actor, "reset person", stood, at, after=after)
    return invitation


async def invite_admin(
    db: Database, actor: Actor, at: datetime, *, hours: int = LINK_HOURS
) -> Invitation:
    """A link by which an admin account is made, under a name that its owner chooses."""
    demand(actor, Noun.PEOPLE, Verb.ADD)
    async with db.write() as write:
        invitation = await _invite(write, actor, None, None, at, hours)
        await add_change(write, change_entry(actor, "invite admin", "", at))
    return invitation


def edited(account: Account, edit: AccountEdit) -> Account:
    """The account after an edit; a role that is bound to nothing lets domain and extension go."""
    role = edit.role or account.role
    domain = account.domain if edit.domain is None else edit.domain.lower() or None
    extension = account.extension if edit.extension is None else edit.extension or None
    if edit.role is not None and edit.role is not account.role:
        domain = None if role is Role.ADMIN and edit.domain is None else domain
        extension = None if role is not Role.USER and edit.extension is None else extension
    disabled = account.disabled if edit.disabled is None else edit.disabled
    return replace(account, role=role, domain=domain, extension=extension, disabled=disabled)


def account_tree(account: Account) -> dict[str, Tree]:
    """An account as the journal keeps it: nothing secret."""
    return {
        "role": account.role.value,
        "domain": account.domain,
        "extension": account.extension,
        "disabled": account.disabled,
    }


def _check(account: Account) -> None:
    faults = account_faults(account)
    if faults:
        raise RejectedAll(faults, early=True)


async def _keep_an_admin(write: Write, stood: Account) -> None:
    could_log_in = stood.role is Role.ADMIN and stood.password_hash and not stood.disabled
    if could_log_in and not await has_admin(write):
        raise Conflict(f"{stood.name} is the last admin who can log in; make another one first.")


async def _invite(
    write: Write, actor: Actor, account_id: int | None, name: str | None, at: datetime, hours: int
) -> Invitation:
    key, expires_at = new_key(), at + timedelta(hours=hours)
    link = JoinLink(account=name, created_by=actor.name, expires_at=expires_at)
    await add_link(write, key_hash(key.reveal()), account_id, link, at)
    return Invitation(key=key, expires_at=expires_at, account=name)


async def _journal(
    write: Write,
    actor: Actor,
    action: str,
    account: Account,
    at: datetime,
    *,
    before: Tree = None,
    after: Tree = None,
) -> None:
    domain_id = await _domain_id(write, account.domain)
    entry = change_entry(
        actor, action, account.name, at, domain_id=domain_id, before=before, after=after
    )
    await add_change(write, entry)


async def _domain_id(read: Read, domain: str | None) -> int | None:
    found = await find_domain(read, domain) if domain is not None else None
    return found[0] if found is not None else None
