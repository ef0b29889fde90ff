"""A phone's domain is found by its MAC, by those who see it; to others there is no such phone."""

import pytest

from provisiond.actions.phone_domain import domain_of_phone
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, load

FRONT = Mac.parse(MAC)


async def test_a_phones_domain_is_found_by_its_mac(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    own = Actor(kind="api", name="x", role=Role.USER, domain=DOMAIN)
    assert await domain_of_phone(lite, ADMIN, FRONT) == DOMAIN
    assert await domain_of_phone(lite, own, FRONT) == DOMAIN
    with pytest.raises(NotFound):
        await domain_of_phone(lite, ADMIN, Mac("02ac3e0000aa"))


async def test_who_does_not_see_the_domain_sees_no_phone(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    stranger = Actor(kind="api", name="x", role=Role.MANAGER, domain="other.example.test")
    with pytest.raises(NotFound) as told:
        await domain_of_phone(lite, stranger, FRONT)
    assert str(told.value) == f"there is no phone {FRONT}."
