"""A layout is put on phones of any model, all or none, and what does not show there is told."""

from dataclasses import replace

import pytest

from provisiond.actions.layout_apply import ApplyLayout, apply_layout
from provisiond.actions.layouts import AddLayout, add_layout
from provisiond.actions.phones import change_phone, show_phone
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Layout
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, NOW, load
from tests.actions.offices import changes

FRONT, OTHER = Mac.parse(MAC), Mac("02ac3e000002")
DND = Button(module=0, key=3, kind=ButtonKind.DND)
LAB = Layout(name="lab", buttons=(DND, Button(module=1, key=1, kind=ButtonKind.DND)))


async def applied(db: Database, shelf: Shelf, **terms: bool) -> dict[Mac, list[str]]:
    command = ApplyLayout(domain=DOMAIN, name="lab", phones=(OTHER, FRONT), **terms)
    done = await apply_layout(db, shelf, ADMIN, command, NOW)
    return {one.mac: [warning.message for warning in one.warnings] for one in done.phones}


async def test_phones_of_any_model_get_it_and_what_does_not_fit_is_told(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    await add_layout(db, ADMIN, AddLayout(domain=DOMAIN, layout=LAB), NOW)
    before = (await show_phone(db, DOMAIN, FRONT)).phone
    tried = await applied(db, shelf, dry_run=True)
    assert (await show_phone(db, DOMAIN, FRONT)).phone == before
    assert tried == await applied(db, shelf)
    assert tried[FRONT] == [
        "key 1 of sidecar 1: the phone's own button stays over that of the layout."
    ]
    assert "layout 'lab': key 1 of sidecar 1: the phone has 0 sidecar(s)." in tried[OTHER]
    after = (await show_phone(db, DOMAIN, FRONT)).phone
    assert (after.layout, after.buttons) == ("lab", before.buttons)
    entries = [entry for entry in await changes(db) if entry.action == "edit phone"]
    assert {entry.subject for entry in entries} == {str(FRONT), str(OTHER)}
    assert '"layout": "lab"' in entries[0].after


async def test_the_phones_own_buttons_go_where_that_is_asked(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    await add_layout(lite, ADMIN, AddLayout(domain=DOMAIN, layout=LAB), NOW)
    assert (await applied(lite, shelf, replace_own=True))[FRONT] == []
    assert (await show_phone(lite, DOMAIN, FRONT)).phone.buttons == ()
    epoch, journal = lite.epochs.world, len(await changes(lite))
    await applied(lite, shelf, replace_own=True)
    assert (lite.epochs.world, len(await changes(lite))) == (epoch, journal), "nothing changed"


async def test_one_phone_that_is_not_there_and_nobody_gets_it(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    await add_layout(lite, ADMIN, AddLayout(domain=DOMAIN, layout=LAB), NOW)
    command = ApplyLayout(domain=DOMAIN, name="lab", phones=(FRONT, Mac("02ac3e0000aa")))
    with pytest.raises(NotFound, match="02:ac:3e:00:00:aa in pbx"):
        await apply_layout(lite, shelf, ADMIN, command, NOW)
    with pytest.raises(NotFound, match="no layout 'nope'"):
        await apply_layout(lite, shelf, ADMIN, replace(command, name="nope"), NOW)
    assert (await show_phone(lite, DOMAIN, FRONT)).phone.layout == "reception"


async def test_a_phone_keeps_a_layout_that_does_not_fit_its_model(
    lite: Database, shelf: Shelf
) -> None:
    """A layout is for phones of any model: its misfits are warnings wherever a phone is saved."""
    await load(lite, shelf)
    await add_layout(lite, ADMIN, AddLayout(domain=DOMAIN, layout=LAB), NOW)
    other = (await show_phone(lite, DOMAIN, OTHER)).phone
    saved = await change_phone(
        lite, shelf, ADMIN, DOMAIN, OTHER, replace(other, layout="lab", name="Lab"), NOW
    )
    assert {(f.where, f.severity) for f in saved.warnings} == {("layout", "warning")}
