"""A line is given by extension or name, and rings on several phones only where it is shared."""

from dataclasses import replace

import pytest

from provisiond.actions.phones import add_phone, change_phone, show_phone
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, NOW, faults, load

FRONT, NEW = Mac.parse(MAC), Mac("02ac3e0000aa")
TAKEN = "line 1: 101 rings on line 1 of 02:ac:3e:00:00:01 (Front desk) already."


def phone(*lines: PhoneLine) -> Phone:
    return Phone(mac=NEW, model="Acme D-6", lines=lines)


async def refused(db: Database, shelf: Shelf, record: Phone) -> list[tuple[str, str]]:
    with pytest.raises(RejectedAll) as caught:
        await add_phone(db, shelf, ADMIN, DOMAIN, record, NOW)
    return [(found.where, found.message) for found in caught.value.findings]


async def test_a_line_is_given_by_name(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    shared = PhoneLine(line=1, extension="alice example", shared=True)
    saved = await add_phone(db, shelf, ADMIN, DOMAIN, phone(shared), NOW)
    assert saved.phone.lines[0].extension == "101"
    assert (await show_phone(db, DOMAIN, NEW)).phone.lines == saved.phone.lines


async def test_a_name_that_nobody_or_several_have_is_told(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    users = [{"extension": ext, "first_name": "Eve", "last_name": "Twin"} for ext in ("201", "202")]
    await load(lite, shelf, {"domain": DOMAIN, "users": users})
    nobody = phone(PhoneLine(line=1, extension="Alice Exampel"), PhoneLine(line=2, extension=""))
    assert await refused(lite, shelf, nobody) == [
        ("lines[0].extension", "there is no user 'Alice Exampel'."),
        ("lines[1].extension", "line 2 has no extension."),
    ]
    both = phone(PhoneLine(line=1, extension="eve twin"))
    assert await refused(lite, shelf, both) == [
        ("lines[0].extension", "several are called 'eve twin': 201, 202.")
    ]


async def test_a_line_of_another_phone_is_refused_unless_shared(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    own = PhoneLine(line=1, extension="101")
    assert await refused(db, shelf, phone(own)) == [("lines[0].shared", TAKEN)]
    saved = await add_phone(db, shelf, ADMIN, DOMAIN, phone(replace(own, shared=True)), NOW)
    [warning] = saved.warnings
    assert "101 is not shared on line 1 of 02:ac:3e:00:00:01" in warning.message
    unshared = replace(saved.phone, lines=(own,), revision=1)
    with pytest.raises(RejectedAll, match="rings on line 1"):
        await change_phone(db, shelf, ADMIN, DOMAIN, NEW, unshared, NOW)


async def test_what_stood_already_can_be_kept_and_another_device_takes_the_place(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    twice = {"mac": str(NEW), "model": "Acme D-6", "lines": [{"line": 1, "extension": "101"}]}
    report = await load(lite, shelf, {"domain": DOMAIN, "phones": [twice]})
    assert "101 rings on 02:ac:3e:00:00:01 too" in report.warnings[0].message
    stood = (await show_phone(lite, DOMAIN, NEW)).phone
    swapped = replace(stood, name="Lab", mac=Mac("02ac3e0000ab"))
    saved = await change_phone(lite, shelf, ADMIN, DOMAIN, NEW, swapped, NOW)
    assert [warning.message for warning in saved.warnings] == [TAKEN]
    assert saved.phone.name == "Lab"


async def test_a_dry_run_finds_all_and_adds_nothing(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    line = PhoneLine(line=1, extension="103")
    await add_phone(lite, shelf, ADMIN, DOMAIN, phone(line), NOW, dry_run=True)
    await add_phone(lite, shelf, ADMIN, DOMAIN, phone(line), NOW)
    lost = replace(phone(), mac=Mac("02ac3e0000ab"), emergency_address="Nowhere")
    assert await refused(lite, shelf, lost) == [
        ("emergency_address", "there is no emergency address 'Nowhere'.")
    ]
    dead = {"mac": str(NEW), "emergency_address": "Nowhere"}
    found = await faults(lite, shelf, {"domain": DOMAIN, "phones": [dead]})
    assert [finding.where for finding in found] == ["phones[0].emergency_address"]
