"""Call destinations are edited, and numbers follow them or hold them."""

from dataclasses import replace

import pytest

from provisiond.actions.destinations import (
    AddDestination,
    ChangeDestination,
    DeleteDestination,
    add_destination,
    change_destination,
    delete_destination,
    list_domain_destinations,
    show_destination,
)
from provisiond.actions.numbers import show_number
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.lists import DestinationQuery
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN
from tests.actions.offices import MAIN, NOW, added, changes, open_office

FAX = Destination(kind=DestinationKind.FAX_SERVER, extension="390", name="Faxes")


async def test_a_destination_is_added_changed_and_deleted(db: Database) -> None:
    await open_office(db)
    saved = await add_destination(db, ADMIN, AddDestination(domain=DOMAIN, destination=FAX), NOW)
    moved = replace(saved.record, extension="391", kind=DestinationKind.CONFERENCE)
    command = ChangeDestination(domain=DOMAIN, extension="390", destination=moved)
    saved = await change_destination(db, ADMIN, command, NOW)
    assert (await show_destination(db, DOMAIN, "391")).destination == saved.record
    await delete_destination(db, ADMIN, DeleteDestination(domain=DOMAIN, extension="391"), NOW)
    with pytest.raises(NotFound):
        await show_destination(db, DOMAIN, "391")
    found = await list_domain_destinations(db, DOMAIN, DestinationQuery())
    assert [one.extension for one in found.rows] == ["300", "310"]
    assert [entry.action for entry in await changes(db)] == [
        "delete destination",
        "edit destination",
        "add destination",
    ]


async def test_what_numbers_lead_to_is_held_and_followed(lite: Database) -> None:
    await open_office(lite)
    await added(lite)
    view = await show_destination(lite, DOMAIN, "300")
    assert [str(use) for use in view.uses] == ["number +18005550100"]
    command = DeleteDestination(domain=DOMAIN, extension="300")
    with pytest.raises(Conflict, match=r"used by number \+18005550100"):
        await delete_destination(lite, ADMIN, command, NOW)
    moved = replace(view.destination, extension="305", enabled=False)
    change = ChangeDestination(domain=DOMAIN, extension="300", destination=moved)
    saved = await change_destination(lite, ADMIN, change, NOW)
    assert [(f.where, f.severity) for f in saved.warnings] == [("enabled", "warning")]
    assert (await show_number(lite, DOMAIN, MAIN, NOW)).number.default.destination == "305"


async def test_an_extension_is_given_once(lite: Database) -> None:
    await open_office(lite)
    for extension, owner in (("101", "the user Alice Example"), ("300", "the call queue Support")):
        taken = AddDestination(domain=DOMAIN, destination=replace(FAX, extension=extension))
        with pytest.raises(RejectedAll, match=f"{extension} is the extension of {owner}"):
            await add_destination(lite, ADMIN, taken, NOW)
    wrong = AddDestination(domain=DOMAIN, destination=replace(FAX, extension="x", name=" "))
    with pytest.raises(RejectedAll) as caught:
        await add_destination(lite, ADMIN, wrong, NOW)
    assert [f.where for f in caught.value.findings] == ["extension", "name"]
