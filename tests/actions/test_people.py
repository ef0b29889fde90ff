"""Accounts come, change and go; each change in the journal, and never without an admin."""

from dataclasses import replace
from datetime import timedelta

import pytest

from provisiond.actions.joining import (
    add_second_factor,
    change_password,
    join,
    look_at_link,
    offer_second_factor,
    remove_second_factor,
)
from provisiond.actions.log_in import log_in, session_of
from provisiond.actions.people import (
    AccountEdit,
    add_person,
    change_person,
    delete_person,
    invite_admin,
    invite_again,
    is_without_admin,
    list_people,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.accounts import Account
from provisiond.inventory.errors import (
    CodeNeeded,
    Conflict,
    NotAllowed,
    NotFound,
    Rejected,
    RejectedAll,
    TooManyGuesses,
    WrongLogin,
)
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.lists import PersonQuery
from provisiond.inventory.secret import Secret
from provisiond.store.accounts import find_account, get_account
from provisiond.store.database import Database
from provisiond.store.domains import delete_domain, get_domain
from provisiond.store.journal import latest_changes
from provisiond.store.users import delete_user
from tests.actions.inventory import DOMAIN, load
from tests.actions.people import ADMIN, NOW, OTHER, PASSWORD, door, joined, quick, typed
from tests.actions.test_log_in import code_at


async def test_the_first_admin_comes_by_a_link_that_works_once(db: Database) -> None:
    assert await is_without_admin(db)
    invitation = await invite_admin(db, ADMIN, NOW)
    assert (await look_at_link(db, invitation.key, NOW)).account is None
    with pytest.raises(RejectedAll) as caught:
        await join(db, quick(), invitation.key, "Not A Name", Secret("short"), NOW)
    assert [f.where for f in caught.value.findings] == ["password", "name"]
    account = await join(db, quick(), invitation.key, "Tess", PASSWORD, NOW)
    assert (account.name, account.role) == ("tess", Role.ADMIN)
    assert not await is_without_admin(db)
    with pytest.raises(NotFound, match="ask for a new one"):
        await join(db, quick(), invitation.key, "tess2", PASSWORD, NOW)
    await log_in(db, door(), typed(), NOW)


async def test_a_link_ends_and_a_new_one_replaces_it(lite: Database) -> None:
    first = await invite_admin(lite, ADMIN, NOW, hours=1)
    with pytest.raises(NotFound):
        await look_at_link(lite, first.key, NOW + timedelta(hours=1))
    second = await invite_admin(lite, ADMIN, NOW)
    with pytest.raises(NotFound):
        await look_at_link(lite, first.key, NOW)
    with pytest.raises(NotFound):
        await look_at_link(lite, Secret("guessed"), NOW)
    await look_at_link(lite, second.key, NOW)


async def test_an_invited_person_keeps_the_name_given(lite: Database) -> None:
    invitation = await add_person(lite, ADMIN, Account(name="Olga", role=Role.TECH), NOW)
    account = await join(lite, quick(), invitation.key, "mallory", PASSWORD, NOW)
    assert (account.name, account.role) == ("olga", Role.TECH)


async def test_every_fault_of_a_new_person_is_told_and_nobody_is_added(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    for account, where in (
        (Account(name="a b", role=Role.USER), ["name", "domain", "extension"]),
        (Account(name="Olga", role=Role.ADMIN), ["name"]),
        (Account(name="x", role=Role.MANAGER, domain="none.example.test"), ["domain"]),
        (Account(name="x", role=Role.USER, domain=DOMAIN, extension="999"), ["extension"]),
    ):
        with pytest.raises((Rejected, RejectedAll)) as caught:
            await add_person(db, ADMIN, account, NOW)
        fault = caught.value
        assert isinstance(fault, Rejected | RejectedAll)
        fields = [fault.field] if isinstance(fault, Rejected) else [f.where for f in fault.findings]
        assert fields == where
    assert [one.name for one in (await list_people(db, ADMIN, PersonQuery())).rows] == ["olga"]


async def test_a_user_is_bound_to_an_extension_and_goes_with_it(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    user = await joined(db, "bob", Role.USER, DOMAIN, "0102")
    actor = user.actor()
    assert (actor.domain, actor.extension) == (DOMAIN, "0102")
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    async with db.write() as write:
        domain_id, _ = await get_domain(write, DOMAIN)
        from provisiond.store.phones import delete_phone, list_phones

        for phone in await list_phones(write, domain_id):
            await delete_phone(write, domain_id, phone.mac, revision=phone.revision)
        await delete_user(write, domain_id, "0102", revision=1)
    assert [one.name for one in (await list_people(db, ADMIN, PersonQuery())).rows] == ["olga"]
    async with db.write() as write:
        await delete_domain(write, domain_id)
    assert (await list_people(db, ADMIN, PersonQuery())).rows == ()


async def test_a_role_that_is_bound_to_nothing_lets_its_bounds_go(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    await joined(lite, "olga", Role.USER, DOMAIN, "101")
    tech = await change_person(lite, ADMIN, "olga", AccountEdit(role=Role.TECH), NOW)
    assert (tech.domain, tech.extension) == (DOMAIN, None)
    admin = await change_person(lite, ADMIN, "olga", AccountEdit(role=Role.ADMIN), NOW)
    assert admin.domain is None
    with pytest.raises(RejectedAll):
        await change_person(lite, ADMIN, "olga", AccountEdit(role=Role.MANAGER), NOW)
    with pytest.raises(Conflict, match="changed meanwhile"):
        await change_person(lite, ADMIN, "olga", AccountEdit(disabled=True, revision=1), NOW)


async def test_the_last_admin_stays(db: Database) -> None:
    await joined(db, "tess")
    await add_person(db, ADMIN, Account(name="waits", role=Role.ADMIN), NOW)
    for edit in (AccountEdit(disabled=True), AccountEdit(role=Role.TECH)):
        with pytest.raises(Conflict, match="last admin"):
            await change_person(db, ADMIN, "tess", edit, NOW)
    with pytest.raises(Conflict, match="last admin"):
        await delete_person(db, ADMIN, "tess", NOW)
    await delete_person(db, ADMIN, "waits", NOW)
    await joined(db, "tom")
    await delete_person(db, ADMIN, "tess", NOW)


@pytest.mark.parametrize("role", [Role.TECH, Role.MANAGER, Role.USER])
async def test_only_admins_see_or_change_people(lite: Database, role: Role) -> None:
    actor = Actor(kind="portal", name="x", role=role, domain=DOMAIN)
    account = Account(name="new", role=Role.ADMIN)
    for work in (
        list_people(lite, actor, PersonQuery()),
        add_person(lite, actor, account, NOW),
        change_person(lite, actor, "x", AccountEdit(), NOW),
        delete_person(lite, actor, "x", NOW),
        invite_again(lite, actor, "x", NOW),
        invite_admin(lite, actor, NOW),
    ):
        with pytest.raises(NotAllowed):
            await work


async def test_a_changed_password_leaves_one_session_under_a_new_key(lite: Database) -> None:
    account = await joined(lite)
    gate = door()
    here, _ = await log_in(lite, gate, typed(), NOW)
    there, _ = await log_in(lite, gate, typed(), NOW)
    actor, own = account.actor(), typed(replaces=here)
    wrong = typed(password=OTHER, replaces=here)
    with pytest.raises(WrongLogin):
        await change_password(lite, gate, actor, wrong, OTHER, NOW)
    with pytest.raises(RejectedAll):
        await change_password(lite, gate, actor, own, Secret("short"), NOW)
    assert await session_of(lite, gate, there, NOW) is not None
    key = await change_password(lite, gate, actor, own, OTHER, NOW)
    fresh = await session_of(lite, gate, key, NOW)
    assert fresh is not None
    assert fresh.account.name == "tess"
    for gone in (here, there):
        assert await session_of(lite, gate, gone, NOW) is None
    assert await session_of(lite, gate, key, NOW + gate.terms.longest) is None  # no longer than it
    with pytest.raises(NotAllowed, match="has ended"):
        await change_password(lite, gate, actor, wrong, PASSWORD, NOW)
    await log_in(lite, gate, typed(password=OTHER), NOW)


async def test_guesses_at_the_own_password_are_slowed_like_those_of_a_log_in(
    lite: Database,
) -> None:
    """One counter: what was guessed at one place counts at the other; the log hears of both."""
    account = await joined(lite)
    heard: list[RequestEntry] = []
    gate = replace(door(), denied=heard.append)
    key, _ = await log_in(lite, gate, typed(), NOW)
    wrong, actor = typed(password=OTHER, replaces=key), account.actor()
    for _ in range(3):
        with pytest.raises(WrongLogin):
            await change_password(lite, gate, actor, wrong, OTHER, NOW)
    for _ in range(2):
        with pytest.raises(WrongLogin):
            await remove_second_factor(lite, gate, actor, wrong, NOW)
    assert {entry.outcome for entry in heard} == {"wrong_login"}
    with pytest.raises(TooManyGuesses):
        await change_password(lite, gate, actor, typed(replaces=key), OTHER, NOW)
    with pytest.raises(TooManyGuesses):
        await log_in(lite, gate, typed(), NOW)
    assert heard[-1].outcome == "login_paused"
    later = typed(replaces=key, now=2.0)
    await change_password(lite, gate, actor, later, OTHER, NOW)
    await log_in(lite, gate, typed(password=OTHER, now=2.0), NOW)  # what was right is forgotten


async def test_a_second_factor_needs_a_code_to_come_and_password_and_code_to_go(
    lite: Database,
) -> None:
    account = await joined(lite)
    gate, actor = door(), account.actor()
    offer = offer_second_factor(actor)
    with pytest.raises(RejectedAll):
        await add_second_factor(lite, gate, actor, typed(), offer.key, "000000", NOW)
    code = code_at(offer.key, 0)
    await add_second_factor(lite, gate, actor, typed(), offer.key, code, NOW)
    async with lite.read() as read:
        found = await find_account(read, "tess")
    assert found is not None
    assert found[1].totp == offer.key
    wrong = typed(password=OTHER, code=code_at(offer.key, 1))
    with pytest.raises(WrongLogin):
        await remove_second_factor(lite, gate, actor, wrong, NOW)
    with pytest.raises(CodeNeeded):
        await remove_second_factor(lite, gate, actor, typed(), NOW)
    with pytest.raises(WrongLogin, match="used already"):
        await remove_second_factor(lite, gate, actor, typed(code=code), NOW)
    await remove_second_factor(lite, gate, actor, typed(code=code_at(offer.key, 1)), NOW)
    await log_in(lite, gate, typed(), NOW)


async def test_another_second_factor_needs_the_password_and_a_code_of_the_one_before(
    lite: Database,
) -> None:
    account = await joined(lite)
    gate, actor = door(), account.actor()
    first, second = (offer_second_factor(actor).key for _ in range(2))
    await add_second_factor(lite, gate, actor, typed(), first, code_at(first, 0), NOW)
    fresh, old = code_at(second, 0), code_at(first, 1)
    for command, fault in (
        (typed(password=Secret("")), CodeNeeded),
        (typed(), CodeNeeded),
        (typed(password=OTHER, code=old), WrongLogin),
        (typed(code=code_at(first, 40)), WrongLogin),
        (typed(code=code_at(first, 0)), WrongLogin),  # used when it was set
    ):
        with pytest.raises(fault):
            await add_second_factor(lite, gate, actor, command, second, fresh, NOW)
    with pytest.raises(CodeNeeded):
        await log_in(lite, door(), typed(), NOW)
    later = typed(code=old, now=10.0)
    await add_second_factor(lite, gate, actor, later, second, fresh, NOW)
    async with lite.read() as read:
        assert (await get_account(read, "tess"))[1].totp == second


async def test_a_reset_can_take_a_lost_second_factor_away(lite: Database) -> None:
    account = await joined(lite)
    actor = account.actor()
    key = offer_second_factor(actor).key
    await add_second_factor(lite, door(), actor, typed(), key, code_at(key, 0), NOW)
    invitation = await invite_again(lite, ADMIN, "tess", NOW, without_code=True)
    await join(lite, quick(), invitation.key, "", OTHER, NOW)
    await log_in(lite, door(), typed(password=OTHER), NOW)


async def test_the_journal_tells_who_let_whom_in_and_no_secret(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    await joined(lite, "olga", Role.MANAGER, DOMAIN)
    await change_person(lite, ADMIN, "olga", AccountEdit(disabled=True), NOW)
    async with lite.read() as read:
        entries = [entry for _, entry in await latest_changes(read, None, limit=3)]
        own = [e.action for _, e in await latest_changes(read, (await get_domain(read, DOMAIN))[0])]
    assert [entry.action for entry in entries] == ["edit person", "set password", "add person"]
    assert entries[0].before == '{"disabled": false}'
    assert "edit person" in own
    assert "argon2" not in repr(entries)
