"""Layouts are edited; what no longer fits the phones that have one is a warning."""

from dataclasses import replace

import pytest

from provisiond.actions.layouts import (
    AddLayout,
    ChangeLayout,
    DeleteLayout,
    add_layout,
    change_layout,
    delete_layout,
    list_domain_layouts,
    show_layout,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Layout
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, NOW, load
from tests.actions.offices import changes

DND = Button(module=0, key=3, kind=ButtonKind.DND)
PARK = Button(module=0, key=1, kind=ButtonKind.PARK, value="701")


async def test_a_layout_is_added_changed_and_deleted(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    lab = Layout(name="lab", buttons=(DND, PARK))
    saved = await add_layout(db, ADMIN, AddLayout(domain=DOMAIN, layout=lab), NOW)
    assert saved.record.buttons == (PARK, DND)
    renamed = replace(saved.record, name="desk", buttons=(DND,))
    command = ChangeLayout(domain=DOMAIN, name="lab", layout=renamed)
    saved = await change_layout(db, shelf, ADMIN, command, NOW)
    assert (await show_layout(db, DOMAIN, "desk")).layout == saved.record
    await delete_layout(db, ADMIN, DeleteLayout(domain=DOMAIN, name="desk"), NOW)
    assert [layout.name for layout in await list_domain_layouts(db, DOMAIN)] == ["reception"]
    with pytest.raises(NotFound):
        await show_layout(db, DOMAIN, "desk")
    assert [entry.action for entry in (await changes(db))[:3]] == [
        "delete layout",
        "edit layout",
        "add layout",
    ]


async def test_what_does_not_fit_a_phone_that_has_it_is_told(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    view = await show_layout(lite, DOMAIN, "reception")
    assert view.phones == (Mac.parse(MAC),)
    far = replace(view.layout, buttons=(replace(DND, key=99),))
    command = ChangeLayout(domain=DOMAIN, name="reception", layout=far, dry_run=True)
    saved = await change_layout(lite, shelf, ADMIN, command, NOW)
    assert [(f.where, f.severity) for f in saved.warnings] == [(f"phone {MAC}", "warning")]
    assert "Acme D-6" in saved.warnings[0].message
    assert (await show_layout(lite, DOMAIN, "reception")).layout == view.layout


async def test_a_layout_in_use_stays_and_faults_are_told(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    with pytest.raises(Conflict, match=Mac.parse(MAC).text):
        await delete_layout(lite, ADMIN, DeleteLayout(domain=DOMAIN, name="reception"), NOW)
    wrong = Layout(name="reception", buttons=(DND, DND))
    with pytest.raises(RejectedAll) as caught:
        await add_layout(lite, ADMIN, AddLayout(domain=DOMAIN, layout=wrong), NOW)
    assert [f.where for f in caught.value.findings] == ["buttons[1]", "name"]
