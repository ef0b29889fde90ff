"""How do the inventory's phones come in, in each mode: from the box too, and only once?"""

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.inventory.admission import Mode, opened
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import new_token
from provisiond.simulator_fleet import Wanted, fleet_of
from provisiond.store.database import Database
from tests.actions.conftest import lite, shelf
from tests.actions.service import NOW, furnished

__all__ = ["lite", "shelf"]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        (Mode.TOKEN, [(True, True), (False, True)]),
        (Mode.PASSWORD, [(True, False), (True, False)]),
        (Mode.OPEN, [(True, False), (True, False)]),
    ],
)
async def test_the_mode_says_what_the_url_without_token_yields(
    lite: Database, shelf: Shelf, mode: Mode, told: list[tuple[bool, bool]]
) -> None:
    inventory = [
        Phone(mac=Mac("02ac3e000001"), model="Acme D-6", token=new_token(), enrolment=opened(NOW)),
        Phone(mac=Mac("02ac3e000002"), model="Acme D-6", token=new_token()),
    ]
    await furnished(lite, inventory)
    fleet = await fleet_of(lite, shelf, Wanted(), mode, NOW)
    assert [(phone.is_open, phone.closes) for phone in fleet.phones] == told
