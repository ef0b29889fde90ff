"""Who gets in: the right ones, for as long as they should, and nobody else."""

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from provisiond.actions.joining import add_second_factor, offer_second_factor
from provisiond.actions.log_in import log_in, log_out, session_of
from provisiond.actions.people import AccountEdit, change_person, delete_person, invite_again
from provisiond.actions.time_codes import STEP_SECONDS, code_step
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account
from provisiond.inventory.errors import CodeNeeded, TooManyGuesses, WrongLogin
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import Secret
from provisiond.store.accounts import insert_account
from provisiond.store.database import Database
from tests.actions.people import ADDRESS, ADMIN, NOW, OTHER, PASSWORD, door, joined, typed

MINUTE = timedelta(minutes=1)


async def test_a_session_is_had_with_name_and_password_and_ends_at_the_log_out(
    db: Database,
) -> None:
    account = await joined(db)
    gate = door()
    key, who = await log_in(db, gate, typed("  TESS "), NOW)
    assert (who.name, who.role) == (account.name, Role.ADMIN)
    session = await session_of(db, gate, key, NOW + MINUTE)
    assert session is not None
    assert session.account.actor().kind == "portal"
    assert session.account.logged_in_at == NOW
    await log_out(db, session.account.actor(), key, NOW)
    assert await session_of(db, gate, key, NOW) is None


async def test_a_log_in_rotates_the_session(lite: Database) -> None:
    await joined(lite)
    gate = door()
    old, _ = await log_in(lite, gate, typed(), NOW)
    new, _ = await log_in(lite, gate, typed(replaces=old), NOW)
    assert new != old
    assert await session_of(lite, gate, old, NOW) is None
    assert await session_of(lite, gate, new, NOW) is not None


async def test_a_session_ends_when_idle_and_is_prolonged_by_use(lite: Database) -> None:
    await joined(lite)
    gate = door()
    key, _ = await log_in(lite, gate, typed(), NOW)
    at = NOW
    for _ in range(5):
        at += timedelta(minutes=100)
        assert await session_of(lite, gate, key, at) is not None
    assert await session_of(lite, gate, key, at + timedelta(minutes=121)) is None
    assert await session_of(lite, gate, key, NOW + gate.terms.longest) is None


async def test_keys_are_kept_as_hashes_only(lite: Database) -> None:
    await joined(lite)
    key, _ = await log_in(lite, door(), typed(), NOW)
    async with lite.read() as read:
        rows = await read.rows(sa.text("SELECT * FROM login_session"))
        accounts = await read.rows(sa.text("SELECT password_hash FROM account"))
    assert len(rows) == 1
    assert key.reveal() not in repr(rows)
    assert accounts[0][0].startswith("$argon2id$")


@pytest.mark.parametrize("name", ["tess", "nobody", "waiting", "gone", "x" * 500, "\0", ""])
async def test_whatever_is_wrong_with_a_log_in_is_told_alike(lite: Database, name: str) -> None:
    await joined(lite)
    await joined(lite, "gone")
    await change_person(lite, ADMIN, "gone", AccountEdit(disabled=True), NOW)
    async with lite.write() as write:
        await insert_account(write, Account(name="waiting", role=Role.TECH), NOW)
    password = OTHER if name == "tess" else PASSWORD
    with pytest.raises(WrongLogin) as caught:
        await log_in(lite, door(), typed(name, password), NOW)
    assert str(caught.value) == "name or password are not right."


async def test_the_security_log_hears_who_is_turned_away_and_no_password(lite: Database) -> None:
    await joined(lite)
    told: list[RequestEntry] = []
    gate = replace(door(), denied=told.append)
    for name in ("tess", PASSWORD.reveal()):
        with pytest.raises(WrongLogin):
            await log_in(lite, gate, typed(name, OTHER), NOW)
    await log_in(lite, gate, typed(), NOW)
    for _ in range(10):
        with contextlib.suppress(WrongLogin, TooManyGuesses):
            await log_in(lite, gate, typed("tess", OTHER), NOW)
    assert [(entry.name, entry.outcome) for entry in told[:2]] == [
        ("tess", "wrong_login"),
        ("-", "wrong_login"),
    ]
    assert told[-1].outcome == "login_paused"
    assert {(entry.address, entry.transport) for entry in told} == {(ADDRESS, "web")}
    assert PASSWORD.reveal() not in repr(told)
    assert OTHER.reveal() not in repr(told)


async def test_the_unknown_cost_a_hash_like_everybody(lite: Database) -> None:
    class Counting:
        """Counts hashes that were looked at."""

        def __init__(self) -> None:
            self.seen: list[str] = []

        def hash(self, password: str) -> str:
            return f"hash of {password}"

        def verify(self, kept: str, password: str) -> bool:
            self.seen.append(kept)
            return False

    from provisiond.actions.log_in import Door
    from provisiond.actions.login_throttle import LoginThrottle
    from provisiond.actions.passwords import Passwords

    hasher = Counting()
    gate = Door(passwords=Passwords(hasher), throttle=LoginThrottle())  # type: ignore[arg-type]
    for name in ("nobody", "nobody-2"):
        with pytest.raises(WrongLogin):
            await log_in(lite, gate, typed(name), NOW)
    assert len(hasher.seen) == 2
    assert hasher.seen[0] == hasher.seen[1]


async def test_of_ten_thousand_guesses_only_a_few_are_looked_at(lite: Database) -> None:
    """100 a second from one address, for 100 seconds: five at once, then ever fewer."""
    await joined(lite)
    gate = door()
    looked_at = 0
    for guess in range(10_000):
        try:
            await log_in(lite, gate, typed(password=OTHER, now=guess / 100), NOW)
        except WrongLogin:
            looked_at += 1
        except TooManyGuesses as slowed:
            assert slowed.seconds >= 1
    assert looked_at <= 12


async def test_whoever_is_guessed_at_from_elsewhere_still_gets_in(lite: Database) -> None:
    await joined(lite)
    gate = door()
    for source in range(200):
        for _ in range(3):
            with contextlib.suppress(WrongLogin, TooManyGuesses):
                await log_in(lite, gate, typed(password=OTHER, address=f"198.51.100.{source}"), NOW)
    with pytest.raises(TooManyGuesses) as slowed:
        await log_in(lite, gate, typed(), NOW)
    assert slowed.value.seconds <= 5
    key, _ = await log_in(lite, gate, typed(now=6.0), NOW)
    assert await session_of(lite, gate, key, NOW) is not None


async def test_the_second_factor_is_asked_for_and_a_code_counts_once(db: Database) -> None:
    account = await joined(db)
    gate = door()
    offer = offer_second_factor(account.actor())
    assert offer.uri.reveal().startswith("otpauth://totp/provisiond:tess?")
    code = code_at(offer.key, 0)
    await add_second_factor(db, gate, account.actor(), typed(), offer.key, code, NOW)
    with pytest.raises(CodeNeeded):
        await log_in(db, gate, typed(), NOW)
    with pytest.raises(WrongLogin, match="code"):
        await log_in(db, gate, typed(code=code_at(offer.key, 40)), NOW)
    with pytest.raises(WrongLogin, match="used already"):
        await log_in(db, gate, typed(code=code_at(offer.key, 0)), NOW)
    later = NOW + timedelta(seconds=STEP_SECONDS)
    key, _ = await log_in(db, gate, typed(code=code_at(offer.key, 1)), later)
    assert await session_of(db, gate, key, later) is not None
    with pytest.raises(WrongLogin, match="used already"):
        await log_in(db, gate, typed(code=code_at(offer.key, 1)), later)
    with pytest.raises(WrongLogin, match="name or password"):
        await log_in(db, gate, typed(password=OTHER, code=code_at(offer.key, 2)), later)


async def test_who_is_disabled_deleted_or_reset_is_out_at_once(lite: Database) -> None:
    gate = door()
    for name in ("keeper", "one", "two", "three"):
        await joined(lite, name)
    keys = {
        name: (await log_in(lite, gate, typed(name), NOW))[0] for name in ("one", "two", "three")
    }
    await change_person(lite, ADMIN, "one", AccountEdit(disabled=True), NOW)
    await delete_person(lite, ADMIN, "two", NOW)
    await invite_again(lite, ADMIN, "three", NOW)
    for key in keys.values():
        assert await session_of(lite, gate, key, NOW) is None
    with pytest.raises(WrongLogin):
        await log_in(lite, gate, typed("three"), NOW)


async def test_an_account_has_a_bounded_number_of_sessions(lite: Database) -> None:
    await joined(lite)
    gate = door()
    keys = [(await log_in(lite, gate, typed(), NOW + MINUTE * n))[0] for n in range(25)]
    at = NOW + MINUTE * 25
    alive = [key for key in keys if await session_of(lite, gate, key, at) is not None]
    assert alive == keys[-20:]


def code_at(key: Secret, steps: int) -> str:
    """The code that an authenticator shows so many steps from NOW; found by asking the checker."""
    import base64

    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    at = NOW + timedelta(seconds=steps * STEP_SECONDS)
    code = TOTP(base64.b32decode(key.reveal()), 6, SHA1(), 30).generate(int(at.timestamp()))
    assert code_step(key, code.decode(), at) is not None
    return code.decode()
