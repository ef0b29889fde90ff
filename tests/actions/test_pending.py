"""Phones that nobody has: noted while they ask, taken in and served, or dismissed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from provisiond.actions.pending import (
    PendingBook,
    approve_pending,
    dismiss_pending,
    list_pending,
)
from provisiond.actions.phone_edits import PhoneEdit, edited
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role, Transport
from provisiond.inventory.errors import NotAllowed, NotFound, Rejected, RejectedAll, UnknownPhone
from provisiond.inventory.lists import PendingQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.inventory.phones import Phone
from provisiond.store import pending as store
from provisiond.store.database import Database
from provisiond.store.pending import note_pending
from provisiond.store.phones import insert_phones
from tests.actions.inventory import ADMIN, MANAGER
from tests.actions.service import CANARY, GUESSER, NOW, Desk, desk_of, furnished

NEW = Mac("02ac3e000777")
AGENT = "Acme D6 1.2 02:ac:3e:00:07:77"
DOMAIN = "pbx.example.test"
_FIVE_DAYS = timedelta(days=5)
OF_A_DOMAIN = replace(MANAGER, domain=DOMAIN)


async def asked(desk: Desk, shelf: Shelf, *names: str, agent: str | None = AGENT) -> PendingBook:
    """An unknown phone asks for its files, and what it asked is written."""
    for name in names:
        with pytest.raises(UnknownPhone):
            await desk.get(name, replace(GUESSER, user_agent=agent))
    book = PendingBook(desk.database, lambda: shelf)
    for entry in desk.strangers:
        book.note(entry)
    await book.flush()
    return book


@pytest.fixture
async def desk(db: Database, shelf: Shelf, tmp_path: Path) -> Desk:
    return desk_of(db, shelf, await furnished(db, []), tmp_path)


async def test_an_unknown_phone_is_listed_with_what_it_says_of_itself(
    desk: Desk, shelf: Shelf
) -> None:
    await asked(desk, shelf, f"{NEW.text}.boot", f"{NEW.text}.cfg")
    [one] = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert (one.mac, one.vendor, one.model, one.version) == (NEW, "Acme", "D-6", "1.2")
    assert (one.address, one.transport, one.count) == ("10.0.0.66", "http", 2)
    assert one.name == f"{NEW.text}.cfg"
    assert one.first_seen == one.last_seen == NOW


@pytest.mark.parametrize("transport", [Transport.HTTP, Transport.TFTP])
async def test_a_carton_of_new_phones_behind_one_address_is_listed_whole(
    desk: Desk, shelf: Shelf, transport: Transport
) -> None:
    """It looks like a sweep, which is told, and the bounds of the list are what bounds it."""
    book = PendingBook(desk.database, lambda: shelf)
    peer = replace(GUESSER, transport=transport)
    for number in range(90):
        with pytest.raises(UnknownPhone):
            await desk.get(f"02ac3e01{number:04x}.cfg", peer)
    assert desk.alarms[0] == "sweep"
    for entry in desk.strangers:
        book.note(entry)
    await book.flush()
    assert (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).total == 90


async def test_a_later_request_moves_it_and_what_was_said_before_stays(
    desk: Desk, shelf: Shelf
) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg")
    async with desk.database.append() as write:
        later = PendingPhone(
            mac=NEW,
            address="10.0.0.9",
            transport="tftp",
            first_seen=NOW + timedelta(hours=1),
            last_seen=NOW + timedelta(hours=1),
            count=3,
        )
        await note_pending(write, [later])
    [one] = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert (one.first_seen, one.last_seen) == (NOW, NOW + timedelta(hours=1))
    assert (one.address, one.transport, one.count, one.model) == ("10.0.0.9", "tftp", 4, "D-6")


async def test_approved_it_is_served_when_it_asks_again(desk: Desk, shelf: Shelf) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg")
    edit = PhoneEdit(lines=("1=101",), name="Lobby")
    saved = await approve_pending(desk.database, shelf, ADMIN, DOMAIN, NEW, made(edit), NOW)
    assert saved.phone.model == "Acme D-6"
    assert CANARY in (await desk.get(f"{NEW.text}.cfg")).body
    assert (await list_pending(desk.database, ADMIN, PendingQuery(dismissed=True))).rows == ()
    with pytest.raises(NotFound):
        await approve_pending(desk.database, shelf, ADMIN, DOMAIN, NEW, made(edit), NOW)


async def test_one_that_was_not_recognised_needs_its_model(desk: Desk, shelf: Shelf) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg", agent="curl/8")
    database = desk.database
    with pytest.raises(Rejected, match="as on the box"):
        await approve_pending(database, shelf, ADMIN, DOMAIN, NEW, made(PhoneEdit()), NOW)
    wrong = PhoneEdit(model="Acme D-99")
    with pytest.raises(RejectedAll):
        await approve_pending(database, shelf, ADMIN, DOMAIN, NEW, made(wrong), NOW)
    saved = await approve_pending(
        database, shelf, ADMIN, DOMAIN, NEW, made(PhoneEdit(model="acme d2")), NOW
    )
    assert saved.phone.model == "Acme D-2"


async def test_dismissed_it_is_shown_no_more_also_when_it_asks_again(
    desk: Desk, shelf: Shelf
) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg")
    await dismiss_pending(desk.database, ADMIN, NEW, NOW)
    await asked(desk, shelf, f"{NEW.text}.cfg")
    assert (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows == ()
    [one] = (await list_pending(desk.database, ADMIN, PendingQuery(dismissed=True))).rows
    assert one.dismissed_at == NOW
    with pytest.raises(NotFound):
        await dismiss_pending(desk.database, ADMIN, Mac("02ac3e000778"), NOW)


async def test_what_is_in_the_inventory_by_now_does_not_wait(desk: Desk, shelf: Shelf) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg")
    async with desk.database.write() as write:
        await insert_phones(write, desk.domain_id, [Phone(mac=NEW, model="Acme D-6")])
    assert (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows == ()
    async with desk.database.append() as write:
        await note_pending(write, [pending(NEW)])
        await note_pending(write, [pending(Mac("02ac3e000779"))])
    [one] = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert one.mac.text == "02ac3e000779"


async def test_no_more_are_kept_than_the_bound_and_those_of_long_ago_go(desk: Desk) -> None:
    macs = [Mac(f"02ac3e0100{number:02x}") for number in range(20)]
    async with desk.database.append() as write:
        for number, mac in enumerate(macs):
            assert await note_pending(write, [pending(mac, timedelta(days=number))], most=5) == 0
    found = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert [one.mac for one in found] == macs[:-6:-1]


async def test_a_flood_pushes_out_nothing_that_asked_lately_or_was_dismissed(desk: Desk) -> None:
    dismissed, old, recent, late = (Mac(f"02ac3e0100{number:02x}") for number in range(4))
    flood = [
        replace(pending(Mac(f"02ac3e02{number:04x}"), _FIVE_DAYS), address=f"192.0.{number}.1")
        for number in range(100)
    ]
    async with desk.database.append() as write:
        await note_pending(write, [pending(dismissed), pending(old)], most=5)
        await store.dismiss_pending(write, dismissed, NOW)
        await note_pending(write, [pending(recent, timedelta(days=3))], most=5)
        assert await note_pending(write, flood, most=5) == 96
        assert await note_pending(write, flood[:4], most=5) == 0, "those that are listed are noted"
        after = timedelta(days=9)
        assert await note_pending(write, [pending(late, after)], most=5) == 0, "the next ones are"
    found = (await list_pending(desk.database, ADMIN, PendingQuery(dismissed=True))).rows
    macs = {one.mac for one in found}
    assert {dismissed, late} <= macs
    assert old not in macs
    assert len(macs) == 6
    [twice] = [one for one in found if one.mac == flood[0].mac]
    assert twice.count == 2
    assert recent not in macs, "six days later the oldest made room for the next"


async def test_one_network_fills_no_list(desk: Desk) -> None:
    here = [pending(Mac(f"02ac3e02{number:04x}")) for number in range(20)]
    six = [replace(one, mac=Mac(f"02ac3e03{number:04x}")) for number, one in enumerate(here)]
    six = [replace(one, address=f"2001:db8::{number:x}") for number, one in enumerate(six)]
    near = replace(pending(Mac("02ac3e040000")), address="10.0.1.1")
    async with desk.database.append() as write:
        assert await note_pending(write, here[:5], of_a_network=8) == 0
        assert await note_pending(write, [*here, *six, near], of_a_network=8) == 12 + 12
        later = pending(Mac("02ac3e040001"), _FIVE_DAYS)
        assert await note_pending(write, [later], of_a_network=8) == 0, "what was long ago is over"
    found = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert {one.mac for one in found} == {one.mac for one in (*here[:8], *six[:8], near, later)}


async def test_no_more_are_dismissed_than_the_bound(desk: Desk) -> None:
    macs = [Mac(f"02ac3e0100{number:02x}") for number in range(4)]
    async with desk.database.append() as write:
        await note_pending(write, [pending(mac) for mac in macs])
        for number, mac in enumerate(macs[:3]):
            await store.dismiss_pending(write, mac, NOW + timedelta(days=number), most=2)
    found = (await list_pending(desk.database, ADMIN, PendingQuery(dismissed=True))).rows
    assert [one.mac for one in found] == macs[:0:-1]


async def test_one_network_leaves_room_in_what_waits_to_be_written_and_is_told_of(
    desk: Desk, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    book = await asked(desk, shelf, f"{NEW.text}.cfg")
    [entry] = desk.strangers
    for number in range(1_000):
        book.note(entry._replace(mac=Mac(f"02ac3e04{number:04x}"), address=f"10.1.0.{number % 99}"))
    book.note(entry._replace(mac=Mac("02ac3e050000"), address="10.0.1.1"))
    await book.flush()
    assert (
        len((await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows)
        == 1 + 100 + 1
    )
    for turn in range(1, 7):
        for number in range(100):
            mac = Mac(f"02ac3e06{turn:02x}{number:02x}")
            book.note(entry._replace(mac=mac, address=f"10.1.0.{number}"))
        await book.flush()
    assert (
        len((await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows)
        == 1 + store.OF_A_NETWORK + 1
    )
    told = [line.getMessage() for line in caplog.records if "not listed" in line.getMessage()]
    assert len(told) == 1, "twice left out, told once"


async def test_whoever_has_one_domain_knows_of_none(desk: Desk, shelf: Shelf) -> None:
    await asked(desk, shelf, f"{NEW.text}.cfg")
    actors: Sequence[Actor] = (OF_A_DOMAIN, replace(ADMIN, domain=DOMAIN, role=Role.TECH))
    for actor in actors:
        with pytest.raises(NotAllowed):
            await list_pending(desk.database, actor, PendingQuery())
        with pytest.raises(NotAllowed):
            await dismiss_pending(desk.database, actor, NEW, NOW)
        with pytest.raises(NotAllowed):
            await approve_pending(desk.database, shelf, actor, DOMAIN, NEW, made(PhoneEdit()), NOW)


async def test_a_hostile_user_agent_is_kept_as_text(desk: Desk) -> None:
    hostile = replace(pending(NEW), user_agent="a\0\udcff\x1b[31m", name="\0", model="é" * 999)
    async with desk.database.append() as write:
        await note_pending(write, [hostile])
    [one] = (await list_pending(desk.database, ADMIN, PendingQuery(limit=1000))).rows
    assert "\0" not in one.user_agent
    assert len(one.model) <= 256


def pending(mac: Mac, after: timedelta = timedelta()) -> PendingPhone:
    at = NOW + after
    address = str(ip_address("10.0.0.1"))
    return PendingPhone(mac=mac, address=address, transport="http", first_seen=at, last_seen=at)


def made(edit: PhoneEdit) -> Callable[[Phone], Phone]:
    return lambda phone: edited(phone, edit)


async def test_a_long_list_is_told_page_by_page(desk: Desk) -> None:
    macs = [Mac(f"02ac3e0200{number:02x}") for number in range(7)]
    async with desk.database.append() as write:
        await note_pending(write, [pending(mac) for mac in macs])
    after: tuple[str, ...] = ()
    found: list[Mac] = []
    for _ in range(4):
        page = await list_pending(desk.database, ADMIN, PendingQuery(after=after, limit=2))
        found += [one.mac for one in page.rows]
        after = page.after
        assert page.total == 7
    assert (found, after) == (macs[::-1], ())
