"""Phones are added, changed and deleted by one transaction and one journal entry each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from provisiond.actions.phone_edits import PhoneEdit, edited
from provisiond.actions.phones import (
    add_phone,
    change_phone,
    delete_phone,
    list_domain_phones,
    reopen_enrolment,
    show_phone,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import is_open
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.lists import PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, MANAGER, NOW, load
from tests.actions.offices import changes as changes_of_all

FRONT = Mac.parse(MAC)
NEW = Mac("02ac3e0000aa")
PHONE = Phone(mac=NEW, model="acme d6", name="Lab", lines=(PhoneLine(line=1, extension="103"),))


async def changes(db: Database) -> list[ChangeEntry]:
    """The journal, the newest first, without the import that filled the store."""
    return (await changes_of_all(db))[:-1]


async def test_an_added_phone_has_a_token_an_open_enrolment_and_an_entry(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    saved = await add_phone(db, shelf, ADMIN, DOMAIN.upper(), PHONE, NOW, enrolment_hours=2)
    view = await show_phone(db, DOMAIN, NEW)
    assert view.phone.model == "Acme D-6"
    assert view.phone.token == saved.phone.token
    assert is_open(view.phone.enrolment, NOW)
    assert view.phone.enrolment.open_until is not None
    assert (view.phone.enrolment.open_until - NOW).total_seconds() == 7200
    (entry,) = await changes(db)
    assert (entry.action, entry.subject, entry.before) == ("add phone", str(NEW), "")
    assert '"extension": "103"' in entry.after
    assert saved.phone.token.reveal() not in entry.after


async def test_a_phone_with_faults_is_not_added_and_all_are_told(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    lines = (PhoneLine(line=1, extension="109"), PhoneLine(line=9, extension="103"))
    button = Button(module=0, key=99, kind=ButtonKind.DND)
    broken = replace(PHONE, site="Mars", lines=lines, buttons=(button,))
    with pytest.raises(RejectedAll) as caught:
        await add_phone(lite, shelf, ADMIN, DOMAIN, broken, NOW)
    assert {finding.where for finding in caught.value.findings} == {
        "site",
        "lines[0].extension",
        "lines[1]",
        "buttons[0]",
    }
    assert await changes(lite) == []
    with pytest.raises(NotFound):
        await show_phone(lite, DOMAIN, NEW)


async def test_a_mac_that_is_taken_is_told_without_naming_other_tenants(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    await load(lite, shelf, {"domain": "b.test", "users": [{"extension": "103"}]})
    taken = replace(PHONE, mac=FRONT)
    with pytest.raises(RejectedAll, match=f"a phone of {DOMAIN}"):
        await add_phone(lite, shelf, ADMIN, "b.test", taken, NOW)
    with pytest.raises(RejectedAll, match="Ask your provider") as caught:
        await add_phone(lite, shelf, MANAGER, "b.test", taken, NOW)
    assert DOMAIN not in str(caught.value)
    with pytest.raises(RejectedAll, match=f"a phone of {DOMAIN}"):
        await add_phone(lite, shelf, MANAGER, DOMAIN, taken, NOW)


async def test_a_change_journals_only_what_differs(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    before = (await show_phone(db, DOMAIN, FRONT)).phone
    await change_phone(
        db, shelf, ADMIN, DOMAIN, FRONT, edited(before, PhoneEdit(name="Lobby")), NOW
    )
    after = (await show_phone(db, DOMAIN, FRONT)).phone
    assert after.name == "Lobby"
    assert after.revision == before.revision + 1
    assert (after.token, after.enrolment) == (before.token, before.enrolment)
    (entry,) = await changes(db)
    assert (entry.before, entry.after) == ('{"name": "Front desk"}', '{"name": "Lobby"}')


async def test_a_change_of_nothing_is_none(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    before = (await show_phone(lite, DOMAIN, FRONT)).phone
    epoch = lite.epochs.world
    await change_phone(lite, shelf, ADMIN, DOMAIN, FRONT, before, NOW)
    assert await changes(lite) == []
    assert lite.epochs.world == epoch


async def test_who_saw_an_older_record_must_look_again(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    seen = (await show_phone(db, DOMAIN, FRONT)).phone
    await change_phone(db, shelf, ADMIN, DOMAIN, FRONT, replace(seen, name="first"), NOW)
    with pytest.raises(Conflict, match="look at it again"):
        await change_phone(db, shelf, ADMIN, DOMAIN, FRONT, replace(seen, name="second"), NOW)
    assert (await show_phone(db, DOMAIN, FRONT)).phone.name == "first"


async def test_another_device_takes_a_phones_place(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    seen = (await show_phone(lite, DOMAIN, FRONT)).phone
    swapped = edited(seen, PhoneEdit(mac="02-AC-3E-00-00-AA"))
    saved = await change_phone(lite, shelf, ADMIN, DOMAIN, FRONT, swapped, NOW, enrolment_hours=7)
    assert saved.phone.enrolment.open_until == NOW + timedelta(hours=7)
    assert saved.warnings[0].where == "enrolment", "it was held"
    after = (await show_phone(lite, DOMAIN, NEW)).phone
    assert after.lines == seen.lines
    assert after.token != seen.token, "the old device's token names nobody any more"
    assert is_open(after.enrolment, NOW)
    with pytest.raises(NotFound):
        await show_phone(lite, DOMAIN, FRONT)
    taken = edited(after, PhoneEdit(mac="02ac3e000002"))
    with pytest.raises(RejectedAll, match="already"):
        await change_phone(lite, shelf, ADMIN, DOMAIN, NEW, taken, NOW)


async def test_a_deleted_phone_is_gone_and_its_entry_says_what_it_was(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    await delete_phone(db, ADMIN, DOMAIN, FRONT, NOW)
    with pytest.raises(NotFound):
        await delete_phone(db, ADMIN, DOMAIN, FRONT, NOW)
    (entry,) = await changes(db)
    assert entry.action == "delete phone"
    assert '"name": "Front desk"' in entry.before
    assert "abcdefghijklmnopqrstuvwxyz" not in entry.before


async def test_an_enrolment_is_opened_anew_and_its_hold_forgotten(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    before = (await show_phone(db, DOMAIN, FRONT)).phone
    assert before.enrolment.held_reason is not None
    saved = await reopen_enrolment(db, ADMIN, DOMAIN, FRONT, NOW, hours=1)
    after = saved.phone
    assert is_open(after.enrolment, NOW)
    assert after.enrolment.held_reason is None
    assert after.token != before.token, "the old one may be with somebody else"
    (warning,) = saved.warnings
    assert "the SIP passwords of 0102, 101 and" in warning.message
    assert "users edit EXT --sip-password-stdin" in warning.remedy
    assert "the phones' admin password (phone_admin_password)" in warning.message
    assert f"domains edit {DOMAIN} --set phone_admin_password=NEW" in warning.remedy
    again = await reopen_enrolment(db, ADMIN, DOMAIN, FRONT, NOW)
    assert (again.phone.token, again.warnings) == (after.token, ())
    renewed = await reopen_enrolment(db, ADMIN, DOMAIN, FRONT, NOW, with_new_token=True)
    assert renewed.phone.token != after.token
    told = await changes(db)
    assert [entry.action for entry in told] == ["open enrolment"] * 3
    assert ['"new token": true' in entry.after for entry in told] == [True, False, True]
    with pytest.raises(NotFound):
        await reopen_enrolment(db, ADMIN, DOMAIN, NEW, NOW)


async def test_phones_are_listed_whole_with_their_users_but_no_passwords(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    page = await list_domain_phones(lite, DOMAIN, PhoneQuery(limit=1))
    (first,) = page.rows
    (second,) = (await list_domain_phones(lite, DOMAIN, PhoneQuery(after=page.after))).rows
    assert (first.phone.mac, second.phone.mac) == (FRONT, Mac("02ac3e000002"))
    assert {user.display_name for user in first.users.values()} == {"Alice Example", "Bob"}
    assert not any(user.sip_password for user in first.users.values())
    assert first.sighting is None


async def test_there_are_no_phones_of_a_domain_that_is_not_there(lite: Database) -> None:
    with pytest.raises(NotFound, match="no domain"):
        await list_domain_phones(lite, "nowhere.test", PhoneQuery())


async def test_what_an_admin_set_stands_while_others_edit_the_phone(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    own = (("dial.prefix", "9"), ("dial.plan", "["), ("provision.url", "http://x.test/"))
    for pair in own:
        with pytest.raises(RejectedAll):
            await add_phone(lite, shelf, MANAGER, DOMAIN, replace(PHONE, overrides=(pair,)), NOW)
    await add_phone(lite, shelf, ADMIN, DOMAIN, replace(PHONE, overrides=own), NOW)
    stood = (await show_phone(lite, DOMAIN, NEW)).phone
    saved = await change_phone(lite, shelf, MANAGER, DOMAIN, NEW, replace(stood, name="Den"), NOW)
    assert {w.where for w in saved.warnings} == {"overrides.dial.prefix", "overrides.dial.plan"}
    stood = (await show_phone(lite, DOMAIN, NEW)).phone
    worse = replace(stood, overrides=(("dial.prefix", "0"), *own[1:]))
    with pytest.raises(RejectedAll, match="1 fault"):
        await change_phone(lite, shelf, MANAGER, DOMAIN, NEW, worse, NOW)
