"""Directories are edited, and the journal tells which entries came and went."""

from dataclasses import replace

import pytest

from provisiond.actions.directories import (
    AddDirectory,
    ChangeDirectory,
    DeleteDirectory,
    add_directory,
    change_directory,
    delete_directory,
    list_domain_directories,
    show_directory,
)
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN
from tests.actions.offices import NOW, changes, open_office

TAXI = DirectoryEntry(name="Taxi", number="+1 555 0100")
PIZZA = DirectoryEntry(name="Pizza", number="555-0199")


async def test_a_directory_is_added_changed_and_deleted(db: Database) -> None:
    await open_office(db)
    town = Directory(name="town", entries=(TAXI,))
    saved = await add_directory(db, ADMIN, AddDirectory(domain=DOMAIN, directory=town), NOW)
    more = replace(saved.record, name="city", entries=(PIZZA, TAXI))
    command = ChangeDirectory(domain=DOMAIN, name="town", directory=more)
    saved = await change_directory(db, ADMIN, command, NOW)
    assert await show_directory(db, DOMAIN, "city") == saved.record
    turned = replace(saved.record, entries=(TAXI, PIZZA))
    await change_directory(db, ADMIN, replace(command, name="city", directory=turned), NOW)
    await delete_directory(db, ADMIN, DeleteDirectory(domain=DOMAIN, name="city"), NOW)
    assert [d.name for d in await list_domain_directories(db, DOMAIN)] == ["company"]
    with pytest.raises(NotFound):
        await show_directory(db, DOMAIN, "city")
    gone, order, edit, add = await changes(db)
    assert [e.action for e in (gone, order, edit, add)] == [
        "delete directory",
        "edit directory",
        "edit directory",
        "add directory",
    ]
    assert edit.after == '{"name": "city", "entries": ["Pizza: 555-0199"]}'
    assert order.after == '{"entries": "in another order"}'


async def test_the_company_directory_keeps_its_name_and_stays(lite: Database) -> None:
    await open_office(lite)
    company = await show_directory(lite, DOMAIN, "company")
    renamed = replace(company, name="firm")
    command = ChangeDirectory(domain=DOMAIN, name="company", directory=renamed)
    with pytest.raises(Conflict, match="keeps its name"):
        await change_directory(lite, ADMIN, command, NOW)
    gone = DeleteDirectory(domain=DOMAIN, name="company")
    with pytest.raises(Conflict, match="the domain's own"):
        await delete_directory(lite, ADMIN, gone, NOW)


async def test_faults_are_told_with_their_entries(lite: Database) -> None:
    await open_office(lite)
    wrong = Directory(name="company", entries=(replace(TAXI, number="call me"), TAXI))
    with pytest.raises(RejectedAll) as caught:
        await add_directory(lite, ADMIN, AddDirectory(domain=DOMAIN, directory=wrong), NOW)
    assert [f.where for f in caught.value.findings] == ["entries[0].number", "name"]
    stale = Directory(name="company", revision=7)
    command = ChangeDirectory(domain=DOMAIN, name="company", directory=stale)
    with pytest.raises(Conflict, match="look at it again"):
        await change_directory(lite, ADMIN, command, NOW)
