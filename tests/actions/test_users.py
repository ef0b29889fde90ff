"""Users are edited; their passwords are never told but once, and what is theirs holds them."""

from dataclasses import replace

import pytest

from provisiond.actions.numbers import show_number
from provisiond.actions.users import (
    AddUser,
    ChangeUser,
    DeleteUser,
    add_user,
    change_user,
    delete_user,
    list_domain_users,
    show_user,
)
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.lists import UserQuery
from provisiond.inventory.people import User
from provisiond.inventory.secret import Secret
from provisiond.store import users
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN
from tests.actions.offices import MAIN, NOW, added, changes, open_office, to

CAROL = User(extension="104", first_name="Carol", sip_password=Secret("CANARY-104"))


async def password(db: Database, extension: str) -> str:
    async with db.read() as read:
        return (await users.get_user(read, 1, extension)).sip_password.reveal()


async def test_a_user_is_added_changed_and_deleted(db: Database) -> None:
    await open_office(db)
    await add_user(db, ADMIN, AddUser(domain=DOMAIN, user=CAROL), NOW)
    seen = (await show_user(db, DOMAIN, "104")).user
    assert seen.sip_password == Secret(MASK)
    moved = replace(seen, extension="204", last_name="Sample")
    command = ChangeUser(domain=DOMAIN, extension="104", user=moved)
    saved = await change_user(db, ADMIN, command, NOW)
    assert (saved.record.revision, saved.record.sip_password) == (2, Secret(MASK))
    assert await password(db, "204") == "CANARY-104"
    await delete_user(db, ADMIN, DeleteUser(domain=DOMAIN, extension="204"), NOW)
    with pytest.raises(NotFound):
        await show_user(db, DOMAIN, "204")
    entries = await changes(db)
    assert [entry.action for entry in entries] == ["delete user", "edit user", "add user"]
    assert not any("CANARY" in entry.before + entry.after for entry in entries)


async def test_a_user_without_a_password_gets_one_and_it_is_said(lite: Database) -> None:
    await open_office(lite)
    command = AddUser(domain=DOMAIN, user=replace(CAROL, sip_password=Secret("")))
    saved = await add_user(lite, ADMIN, command, NOW)
    assert [f.where for f in saved.warnings] == ["sip_password"]
    assert await password(lite, "104") == saved.record.sip_password.reveal() != ""


async def test_a_new_password_is_journaled_as_one_and_not_told(lite: Database) -> None:
    await open_office(lite)
    await add_user(lite, ADMIN, AddUser(domain=DOMAIN, user=CAROL), NOW)
    seen = (await show_user(lite, DOMAIN, "104")).user
    fresh = replace(seen, sip_password=Secret("CANARY-new"))
    command = ChangeUser(domain=DOMAIN, extension="104", user=fresh)
    await change_user(lite, ADMIN, command, NOW)
    assert await password(lite, "104") == "CANARY-new"
    entry, _ = await changes(lite)
    assert entry.after == '{"sip_password": "*** (a new one)"}'


async def test_a_user_in_use_is_held_and_numbers_follow_the_extension(lite: Database) -> None:
    await open_office(lite)
    await added(lite, default=to("user", "101"))
    with pytest.raises(Conflict, match=r"extension 101 is used by number \+18005550100"):
        await delete_user(lite, ADMIN, DeleteUser(domain=DOMAIN, extension="101"), NOW)
    view = await show_user(lite, DOMAIN, "101")
    assert [str(use) for use in view.uses] == ["number +18005550100"]
    moved = replace(view.user, extension="201")
    await change_user(lite, ADMIN, ChangeUser(domain=DOMAIN, extension="101", user=moved), NOW)
    assert (await show_number(lite, DOMAIN, MAIN, NOW)).number.default.destination == "201"


async def test_faults_are_told_all_at_once(lite: Database) -> None:
    await open_office(lite)
    broken = User(extension="300", first_name=" x", site="Mars", sip_user="a b")
    with pytest.raises(RejectedAll) as caught:
        await add_user(lite, ADMIN, AddUser(domain=DOMAIN, user=broken), NOW)
    assert {f.where for f in caught.value.findings if f.severity == "error"} == {
        "first_name",
        "site",
        "sip_user",
        "extension",
    }
    taken = replace(CAROL, extension="102")
    with pytest.raises(RejectedAll, match="the extension of the user Bob"):
        await add_user(lite, ADMIN, AddUser(domain=DOMAIN, user=taken), NOW)


async def test_a_list_tells_no_password(lite: Database) -> None:
    await open_office(lite)
    await add_user(lite, ADMIN, AddUser(domain=DOMAIN, user=CAROL), NOW)
    page = await list_domain_users(lite, DOMAIN, UserQuery(text="carol"))
    assert [user.sip_password.reveal() for user in page.rows] == [MASK]
