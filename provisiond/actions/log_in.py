"""Who is this person? A name, a password and a code turned into a session, and back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisiond.actions.changes import change_entry
from provisiond.actions.login_throttle import LoginThrottle
from provisiond.actions.passwords import Passwords
from provisiond.actions.time_codes import code_step
from provisiond.inventory.access import Actor
from provisiond.inventory.accounts import Account, LoginSession, key_hash, new_key
from provisiond.inventory.errors import CodeNeeded, TooManyGuesses, WrongLogin
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import Secret
from provisiond.store.accounts import find_account, note_login, update_account
from provisiond.store.database import Database
from provisiond.store.journal import add_change
from provisiond.store.sessions import (
    add_session,
    delete_session,
    find_session,
    note_seen,
)

USED_CODE = "this code was used already; wait for the next."
_SEEN_EVERY = timedelta(minutes=1)  # how exactly it is known when a session was last used


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """The command: what was typed, and from where. `now` is seconds of a clock that only rises."""

    name: str
    password: Secret
    address: str
    now: float
    code: str = ""
    replaces: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTerms:
    """How long a log-in lasts: `idle` after its last use, `longest` after its beginning."""

    idle: timedelta = timedelta(hours=2)
    longest: timedelta = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What the log-in needs beside the store. `denied` hears of everybody who is turned away."""

    passwords: Passwords
    throttle: LoginThrottle
    terms: SessionTerms = SessionTerms()
    denied: Callable[[RequestEntry], None] = lambda _: None


def turned_away(
    address: str, outcome: str, detail: str, at: datetime, *, name: str = ""
) -> RequestEntry:
    """What the security log is told of somebody who is not let in.

    `name` only where there is such an account: people type passwords into the wrong field.
    """
    return RequestEntry(
        at=at,
        transport="web",
        address=address,
        method="LOGIN",
        name=name or "-",
        outcome=outcome,
        detail=detail,
    )


async def log_in(db: Database, door: Door, command: LogIn, at: datetime) -> tuple[Secret, Account]:
    """A fresh session's key, and whose it is; the session that it replaces ends.

    Whoever does not exist, is disabled or has no password yet costs the same work and gets the
    same answer as a wrong password. Raises WrongLogin, CodeNeeded and TooManyGuesses.
    """
    account_id, account, step = await recognised(db, door, command, at)
    name = account.name
    kept = account.password_hash
    key = new_key()
    stronger = None
    if door.passwords.is_weak(kept):
        stronger = await door.passwords.hash(command.password)
    async with db.append() as write:
        if not await note_login(write, account_id, at, step):
            raise WrongLogin(USED_CODE)
        if command.replaces is not None:
            await delete_session(write, key_hash(command.replaces.reveal()))
        await add_session(
            write,
            key_hash(key.reveal()),
            account_id,
            at=at,
            lasts=door.terms.longest,
            address=command.address,
        )
        await add_change(
            write, change_entry(account.actor(), "log in", name, at, after=command.address)
        )
    if stronger is not None:
        await _strengthen(db, name, kept, stronger)
    door.throttle.succeeded(name, command.address)
    return key, account


async def recognised(
    db: Database, door: Door, command: LogIn, at: datetime, *, with_code: bool = True
) -> tuple[int, Account, int]:
    """The account's id, the account, and the step of the code, 0 where none is asked for.

    A guess counts, whatever it is for: `door.throttle` is to be told where it was right. Raises
    WrongLogin, CodeNeeded and TooManyGuesses.
    """
    name = command.name.strip().lower()
    wait = door.throttle.pause(name, command.address, command.now)
    if wait > 0:
        door.denied(turned_away(command.address, "login_paused", "guesses are slowed down", at))
        raise TooManyGuesses(max(wait, 1.0))
    door.throttle.missed(name, command.address, command.now)
    async with db.read() as read:
        found = await find_account(read, name) if len(name) <= 64 else None
    known = name if found is not None else ""
    try:
        return await _known(door, command, found, at, with_code=with_code)
    except WrongLogin as fault:
        door.denied(turned_away(command.address, fault.code, str(fault), at, name=known))
        raise


async def session_of(
    db: Database, door: Door, key: Secret, at: datetime, *, is_use: bool = True
) -> LoginSession | None:
    """The log-in behind a session's key, while it counts; that it was used is noted, where this
    is a use."""
    hashed = key_hash(key.reveal())
    async with db.read() as read:
        session = await find_session(read, hashed)
    if session is None or not session.lives(at, door.terms.idle):
        return None
    if is_use and at - session.seen_at >= _SEEN_EVERY:
        async with db.append() as write:
            await note_seen(write, hashed, at)
    return session


async def log_out(db: Database, actor: Actor, key: Secret, at: datetime) -> None:
    """End the session; whoever has its key from now on has nothing."""
    async with db.append() as write:
        await delete_session(write, key_hash(key.reveal()))
        await add_change(write, change_entry(actor, "log out", actor.name, at))


async def _known(
    door: Door,
    command: LogIn,
    found: tuple[int, Account] | None,
    at: datetime,
    *,
    with_code: bool,
) -> tuple[int, Account, int]:
    kept = found[1].password_hash if found is not None else Secret("")
    is_right = await door.passwords.match(kept, command.password)
    if found is None or not is_right or found[1].disabled:
        raise WrongLogin("name or password are not right.")
    return (*found, _checked_step(found[1], command.code, at) if with_code else 0)


def _checked_step(account: Account, code: str, at: datetime) -> int:
    if not account.has_second_factor:
        return 0
    if not code:
        raise CodeNeeded("give the code that your authenticator shows, too.")
    step = code_step(account.totp, code, at)
    if step is None:
        raise WrongLogin("this code is not right; is the clock of your telephone?")
    return step


async def _strengthen(db: Database, name: str, kept: Secret, stronger: Secret) -> None:
    async with db.write() as write:
        found = await find_account(write, name)
        if found is not None and found[1].password_hash == kept:
            await update_account(write, name, replace(found[1], password_hash=stronger))
