"""What happens where somebody follows a link? A password is chosen, or the first admin comes."""

from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.changes import change_entry
from provisiond.actions.log_in import USED_CODE, Door, LogIn, recognised
from provisiond.actions.passwords import Passwords
from provisiond.actions.time_codes import code_step, key_uri, new_time_key
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.accounts import (
    Account,
    JoinLink,
    account_faults,
    key_hash,
    new_key,
    password_faults,
)
from provisiond.inventory.errors import (
    CodeNeeded,
    Finding,
    NotAllowed,
    NotFound,
    RejectedAll,
    Stale,
    WrongLogin,
)
from provisiond.inventory.secret import Secret
from provisiond.store.accounts import (
    end_sessions,
    find_account,
    get_account,
    insert_account,
    update_account,
)
from provisiond.store.database import Database, Write
from provisiond.store.journal import add_change
from provisiond.store.sessions import delete_link, find_link, renew_session

_GONE = "this link was used or has ended; ask for a new one (`provisiond people reset`)."


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """A time key that was just made: as text, and as the URI of a QR code."""

    key: Secret
    uri: Secret


async def look_at_link(db: Database, key: Secret, at: datetime) -> JoinLink:
    """What the link is for. Raises NotFound."""
    async with db.read() as read:
        link = await find_link(read, key_hash(key.reveal()), at)
    if link is None:
        raise NotFound(_GONE)
    return link


async def join(
    db: Database, passwords: Passwords, key: Secret, name: str, password: Secret, at: datetime
) -> Account:
    """Follow a link: the account gets the password, or an admin called `name` is made.

    The link is used up. Raises NotFound, and RejectedAll with every fault, when it stays.
    """
    link = await look_at_link(db, key, at)
    name = link.account or name.strip().lower()
    faults = list(password_faults(password, name))
    if link.account is None:
        faults += account_faults(Account(name=name, role=Role.ADMIN))
    if faults:
        raise RejectedAll(tuple(faults))
    kept = await passwords.hash(password)
    actor = Actor(kind="portal", name=name)
    async with db.write() as write:
        if not await delete_link(write, key_hash(key.reveal())):
            raise NotFound(_GONE)
        if link.account is None:
            if await find_account(write, name) is not None:
                finding = Finding(
                    where="name",
                    message=f"somebody is called {name} already.",
                    remedy="Take another.",
                )
                raise RejectedAll((finding,))
            account = Account(name=name, role=Role.ADMIN, password_hash=kept)
            await insert_account(write, account, at)
            entry = change_entry(actor, "add person", name, at, after={"role": "admin"})
        else:
            account_id, stood = await get_account(write, name)
            account = replace(stood, password_hash=kept)
            await update_account(write, name, account)
            await end_sessions(write, account_id)
            entry = change_entry(actor, "set password", name, at)
        await add_change(write, entry)
    return account


async def change_password(
    db: Database, door: Door, actor: Actor, command: LogIn, new: Secret, at: datetime
) -> Secret:
    """Change the own password, of which `command` has the old one; answers the new key of the
    session that asks, `command.replaces`. Every other session of the account ends.

    Raises WrongLogin for a wrong old one, TooManyGuesses, RejectedAll, and NotAllowed where the
    session has ended.
    """
    _, account, _ = await recognised(db, door, command, at, with_code=False)
    door.throttle.succeeded(account.name, command.address)
    faults = password_faults(new, account.name)
    if faults:
        raise RejectedAll(faults)
    kept, key = await door.passwords.hash(new), new_key()
    assert command.replaces is not None
    asking = key_hash(command.replaces.reveal())
    async with db.write() as write:
        account_id, stood = await get_account(write, account.name)
        if stood.password_hash != account.password_hash:
            raise Stale("the password was changed meanwhile; log in with the new one.")
        await update_account(write, stood.name, replace(stood, password_hash=kept))
        await end_sessions(write, account_id, keep=asking)
        if not await renew_session(write, asking, key_hash(key.reveal())):
            raise NotAllowed("this session has ended; log in again.")
        await add_change(write, change_entry(actor, "set password", stood.name, at))
    return key


def offer_second_factor(actor: Actor) -> SecondFactor:
    """A fresh time key, which counts only once `add_second_factor` has seen a code of it."""
    key = new_time_key()
    return SecondFactor(key=key, uri=key_uri(key, actor.name))


async def add_second_factor(
    db: Database, door: Door, actor: Actor, command: LogIn, key: Secret, code: str, at: datetime
) -> None:
    """Ask for time codes of this key at each log-in from now on.

    In place of another key only where `command` has the password and a code of that one. Raises
    RejectedAll for another key's code, WrongLogin, CodeNeeded and TooManyGuesses.
    """
    async with db.read() as read:
        _, account = await get_account(read, actor.name)
    used = 0
    if account.has_second_factor:
        if not command.password or not command.code:
            raise CodeNeeded("a second factor is set: give your password and a code of it, too.")
        account, used = await _proved(db, door, command, at)
    step = code_step(key, code, at)
    if step is None:
        finding = Finding(
            where="code", message="it is not of this key.", remedy="Type what is shown now."
        )
        raise RejectedAll((finding,))
    async with db.write() as write:
        stood = await _as_it_stood(write, account, used)
        await update_account(write, stood.name, replace(stood, totp=key, totp_step=step))
        await add_change(write, change_entry(actor, "add second factor", stood.name, at))


async def remove_second_factor(
    db: Database, door: Door, actor: Actor, command: LogIn, at: datetime
) -> None:
    """Ask for no time codes any more: `command` has the password, and a code where one is set.
    Raises WrongLogin, CodeNeeded and TooManyGuesses."""
    account, used = await _proved(db, door, command, at)
    async with db.write() as write:
        stood = await _as_it_stood(write, account, used)
        await update_account(write, stood.name, replace(stood, totp=Secret(""), totp_step=0))
        await add_change(write, change_entry(actor, "remove second factor", stood.name, at))


async def _proved(db: Database, door: Door, command: LogIn, at: datetime) -> tuple[Account, int]:
    """Whose password and code these are, and the step of the code."""
    _, account, step = await recognised(db, door, command, at)
    if step and step <= account.totp_step:
        raise WrongLogin(USED_CODE)
    door.throttle.succeeded(account.name, command.address)
    return account, step


async def _as_it_stood(write: Write, account: Account, used: int) -> Account:
    """The account, whose second factor and code nobody used meanwhile. Raises Stale."""
    _, stood = await get_account(write, account.name)
    if stood.totp != account.totp or (used and stood.totp_step >= used):
        raise Stale("the second factor was changed or used meanwhile; try again.")
    return stood
