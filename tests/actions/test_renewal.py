"""A token is renewed: old and new are good until the phone has moved, and then the new alone."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.phones import renew_phone_token, reopen_enrolment
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotAdmitted, NotFound, Refused, UnknownPhone
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.store import phones
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN
from tests.actions.service import CANARY, NOW, Desk, desk_of, furnished

MAC = Mac("02ac3e000001")
OLD = Secret("abcdefghijklmnopqrstuvwx23")
DOMAIN = "pbx.example.test"
NAME = f"{MAC.text}.cfg"


@pytest.fixture
async def desk(db: Database, shelf: Shelf, tmp_path: Path) -> Desk:
    phone = Phone(mac=MAC, model="Acme D-6", lines=(PhoneLine(line=1, extension="101"),), token=OLD)
    return desk_of(db, shelf, await furnished(db, [phone]), tmp_path)


async def renewed(desk: Desk) -> Phone:
    await renew_phone_token(desk.database, ADMIN, DOMAIN, MAC, NOW - timedelta(seconds=1))
    async with desk.database.read() as read:
        return await phones.get_phone(read, desk.domain_id, MAC)


def own(token: Secret) -> str:
    return f"p/{token.reveal()}/{NAME}"


async def test_the_old_url_gives_the_new_one_until_that_is_used(desk: Desk) -> None:
    await desk.get(own(OLD))
    new = (await renewed(desk)).token
    assert new != OLD
    for _ in range(3):  # a phone that lost power before it kept the new one
        body = (await desk.get(own(OLD))).body
        assert f"p/{new.reveal()}/".encode() in body
        assert CANARY in body
    assert CANARY in (await desk.get(own(new))).body
    with pytest.raises(NotAdmitted):
        await desk.get(own(OLD))
    await desk.book.flush()
    async with desk.database.read() as read:
        assert (await phones.get_phone(read, desk.domain_id, MAC)).enrolment.renewed_at is None
    with pytest.raises(Refused):
        await desk.get(own(OLD))
    assert CANARY in (await desk.get(own(new))).body
    assert desk.alarms == []


async def test_renewed_twice_the_one_in_between_names_nobody(desk: Desk) -> None:
    between = (await renewed(desk)).token
    last = (await renewed(desk)).token
    assert CANARY in (await desk.get(own(OLD))).body
    with pytest.raises(UnknownPhone):
        await desk.get(own(between))
    assert CANARY in (await desk.get(own(last))).body


async def test_an_enrolment_with_a_new_token_voids_both(desk: Desk) -> None:
    between = (await renewed(desk)).token
    await reopen_enrolment(desk.database, ADMIN, DOMAIN, MAC, NOW, with_new_token=True)
    for token in (OLD, between):
        with pytest.raises(UnknownPhone):
            await desk.get(own(token))


async def test_another_node_learns_of_it(desk: Desk, shelf: Shelf, tmp_path: Path) -> None:
    other = desk_of(desk.database, shelf, desk.domain_id, tmp_path)
    new = (await renewed(desk)).token
    assert CANARY in (await other.get(own(OLD))).body
    await desk.get(own(new))
    await desk.book.flush()
    with pytest.raises(Refused):
        await other.get(own(OLD))


async def test_a_move_that_is_older_than_the_renewal_changes_nothing(desk: Desk) -> None:
    new = (await renewed(desk)).token
    await desk.get(own(new))
    await renew_phone_token(desk.database, ADMIN, DOMAIN, MAC, NOW + timedelta(seconds=5))
    await desk.book.flush()
    async with desk.database.read() as read:
        stood = await phones.get_phone(read, desk.domain_id, MAC)
    assert stood.enrolment.renewed_at is not None
    with pytest.raises(NotFound):
        await renew_phone_token(desk.database, ADMIN, DOMAIN, Mac("02ac3e000099"), NOW)


async def test_many_move_in_one_batch(db: Database, shelf: Shelf, tmp_path: Path) -> None:
    line = (PhoneLine(line=1, extension="101"),)
    macs = [Mac(f"02ac3e0001{n:02x}") for n in range(60)]
    many = [Phone(mac=mac, model="Acme D-6", lines=line) for mac in macs]
    desk = desk_of(db, shelf, await furnished(db, many), tmp_path)
    for mac in macs:
        await renew_phone_token(db, ADMIN, DOMAIN, mac, NOW - timedelta(seconds=1))
    async with db.read() as read:
        found = await phones.find_phones(read, desk.domain_id, macs)
    await asyncio.gather(
        *[desk.get(f"p/{one.token.reveal()}/{mac.text}.cfg") for mac, one in found.items()]
    )
    await desk.book.flush()
    book = EnrolmentBook(StoredEnrolments(db), db.epochs.enrolment)
    async with db.read() as read:
        ids = await phones.phone_ids(read, desk.domain_id, macs)
    for phone_id in ids.values():
        known = await book.facts(desk.domain_id, phone_id)
        assert known is not None
        assert known.enrolment.renewed_at is None
