"""Are phones kept whole, changed only by who saw them last, and refused in words?"""

from dataclasses import replace

import pytest

from provisiond.inventory.admission import opened
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Enrolment, Phone, PhoneLine
from provisiond.inventory.secret import Secret, is_token
from provisiond.store import phones, sites
from provisiond.store.database import Database
from provisiond.store.enrolment import EnrolmentNote, write_notes
from tests.store.inventory import MAC, NOW, PHONE, TOKEN, filled, later

MODEL = "Yealink SIP-T46U"


def some(count: int) -> list[Phone]:
    return [
        Phone(
            mac=Mac(f"{0x001565100000 + i:012x}"),
            model=MODEL,
            lines=(PhoneLine(line=1, extension="101"),),
            buttons=(Button(module=0, key=2, kind=ButtonKind.BLF, value="102"),),
        )
        for i in range(count)
    ]


async def stored(db: Database, domain_id: int, mac: Mac = MAC) -> Phone:
    async with db.read() as read:
        return await phones.get_phone(read, domain_id, mac)


async def phone_id(db: Database, domain_id: int) -> int:
    async with db.read() as read:
        return (await phones.phone_ids(read, domain_id, [MAC]))[MAC]


async def test_a_phone_is_read_as_it_was_written(db: Database) -> None:
    domain_id = await filled(db)
    assert await stored(db, domain_id) == replace(PHONE, revision=1)


async def test_phones_are_listed_by_mac_in_pages(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        await phones.insert_phones(write, domain_id, list(reversed(some(5))))
    async with db.read() as read:
        first = await phones.list_phones(read, domain_id, limit=4)
        rest = await phones.list_phones(read, domain_id, after=first[-1].mac, limit=4)
    macs = [phone.mac for phone in (*first, *rest)]
    assert macs == sorted([MAC, *(phone.mac for phone in some(5))])
    assert [len(first), len(rest)] == [4, 2]


async def test_a_phone_without_a_token_gets_one(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        await phones.insert_phones(write, domain_id, some(2))
    async with db.read() as read:
        found = await phones.find_phones(read, domain_id, [phone.mac for phone in some(2)])
    tokens = {phone.token.reveal() for phone in found.values()}
    assert len(tokens) == 2
    assert all(is_token(token) for token in tokens)


async def test_an_update_replaces_all_parts_and_keeps_token_and_enrolment(db: Database) -> None:
    domain_id = await filled(db)
    before = await stored(db, domain_id)
    changed = replace(
        before,
        name="Back office",
        site="Annex",
        directory=None,
        enabled=False,
        lines=(PhoneLine(line=1, extension="103"),),
        sidecars=("EXP50",),
        layout=None,
        buttons=(Button(module=0, key=9, kind=ButtonKind.DND),),
        overrides=(("b.key", "now set"), ("c.key", "new")),
        settings=Settings(vlan_phone=7),
        token=Secret(""),
        enrolment=Enrolment(),
    )
    async with db.write() as write:
        await phones.update_phone(write, domain_id, MAC, changed)
    kept = replace(changed, token=TOKEN, enrolment=PHONE.enrolment, revision=2)
    assert await stored(db, domain_id) == kept


async def test_a_swapped_device_keeps_its_record_under_the_new_mac(db: Database) -> None:
    domain_id = await filled(db)
    before = await stored(db, domain_id)
    new = Mac("001565ffffff")
    async with db.write() as write:
        await phones.update_phone(write, domain_id, MAC, replace(before, mac=new))
    assert await db.facts.for_mac(MAC) is None
    facts = await db.facts.for_token(TOKEN.reveal())
    assert facts is not None
    assert facts.phone.mac == new
    assert len(facts.phone.lines) == 2


async def test_who_has_not_seen_the_last_change_is_refused(db: Database) -> None:
    domain_id = await filled(db)
    seen = await stored(db, domain_id)
    async with db.write() as write:
        await phones.update_phone(write, domain_id, MAC, replace(seen, name="first"))
    with pytest.raises(Conflict, match="changed meanwhile"):
        await _update(db, domain_id, replace(seen, name="second"))
    with pytest.raises(Conflict):
        await _delete(db, domain_id, revision=1)
    assert (await stored(db, domain_id)).name == "first"


async def _update(db: Database, domain_id: int, phone: Phone) -> None:
    async with db.write() as write:
        await phones.update_phone(write, domain_id, phone.mac, phone)


async def _insert(db: Database, domain_id: int, *new: Phone) -> None:
    async with db.write() as write:
        await phones.insert_phones(write, domain_id, new)


async def _delete(db: Database, domain_id: int, *, revision: int, mac: Mac = MAC) -> None:
    async with db.write() as write:
        await phones.delete_phone(write, domain_id, mac, revision=revision)


async def test_a_deleted_phone_is_gone_for_the_phones_path(db: Database) -> None:
    domain_id = await filled(db)
    await _delete(db, domain_id, revision=1)
    assert await db.facts.for_mac(MAC) is None
    assert await db.facts.for_token(TOKEN.reveal()) is None
    with pytest.raises(NotFound):
        await stored(db, domain_id)
    with pytest.raises(NotFound):
        await _delete(db, domain_id, revision=1)


async def test_every_unknown_name_is_told_at_once(db: Database) -> None:
    domain_id = await filled(db)
    first, second = some(2)
    with pytest.raises(RejectedAll) as caught:
        await _insert(
            db,
            domain_id,
            replace(first, lines=(PhoneLine(line=1, extension="999"),)),
            replace(second, lines=(PhoneLine(line=4, extension="888"),)),
        )
    assert "line 1" in str(caught.value)
    assert "888" in str(caught.value)


async def test_what_stands_twice_is_refused(db: Database) -> None:
    domain_id = await filled(db)
    (phone,) = some(1)
    line, button = phone.lines[0], phone.buttons[0]
    for bad, words in (
        (replace(phone, lines=(line, line)), "line 1 twice"),
        (replace(phone, buttons=(button, button)), "two buttons"),
        (replace(phone, token=TOKEN), "another phone's"),
    ):
        with pytest.raises(Rejected, match=words):
            await _insert(db, domain_id, bad)
    with pytest.raises(Rejected, match="twice"):
        await _insert(db, domain_id, phone, phone)
    async with db.read() as read:
        assert len(await phones.list_phones(read, domain_id)) == 1


async def test_many_phones_are_updated_at_once(db: Database) -> None:
    domain_id = await filled(db)
    await _insert(db, domain_id, *some(600))
    async with db.write() as write:
        found = await phones.list_phones(write, domain_id)
        changed = [
            replace(phone, name="x", buttons=phone.buttons[1:], enrolment=opened(NOW))
            for phone in found
        ]
        await phones.update_phones(write, domain_id, changed, enrolments=True)
    async with db.read() as read:
        after = await phones.list_phones(read, domain_id)
    assert list(after) == [replace(phone, revision=2) for phone in changed]


async def test_an_unchanged_override_keeps_its_author_and_time(db: Database) -> None:
    domain_id = await filled(db)
    before = await stored(db, domain_id)
    changed = replace(before, overrides=(*before.overrides, ("z.key", "z")))
    async with db.write() as write:
        await phones.update_phone(write, domain_id, MAC, changed, author="tech", at=later(days=1))
        rows = await write.connection.exec_driver_sql(
            "SELECT key, author FROM override_value WHERE phone_id IS NOT NULL ORDER BY key"
        )
        assert [tuple(row) for row in rows] == [
            ("a.key", "tests"),
            ("b.key", "tests"),
            ("z.key", "tech"),
        ]


async def test_a_new_token_replaces_the_old(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        token = await phones.rotate_token(write, domain_id, MAC)
    assert await db.facts.for_token(TOKEN.reveal()) is None
    facts = await db.facts.for_token(token.reveal())
    assert facts is not None
    assert facts.phone.token == token


async def test_an_enrolment_opens_afresh_and_leaves_the_record_as_it_is(db: Database) -> None:
    domain_id = await filled(db)
    ident = await phone_id(db, domain_id)
    held = EnrolmentNote(domain_id=domain_id, phone_id=ident, held_reason="a second address")
    fresh = opened(later(days=2))
    async with db.write() as write:
        await write_notes(write, [held])
        assert await phones.open_enrolment(write, domain_id, ident, fresh)
        assert not await phones.open_enrolment(write, domain_id, ident + 999, fresh)
    assert (await stored(db, domain_id)).enrolment == fresh
    assert (await stored(db, domain_id)).revision == 1
    at = later(days=3)
    closes = replace(held, held_reason=None, closed_at=at, first_address="192.0.2.3")
    async with db.write() as write:
        await write_notes(write, [replace(closes, first_user_agent="Yealink")])
    assert (await stored(db, domain_id)).enrolment == replace(
        fresh, closed_at=at, first_address="192.0.2.3", first_user_agent="Yealink"
    )


async def test_a_storm_of_enrolments_is_noted_as_one_by_one(db: Database) -> None:
    domain_id = await filled(db)
    ident = await phone_id(db, domain_id)
    before = db.epochs.enrolment(domain_id), db.epochs.domain(domain_id)
    first = EnrolmentNote(
        domain_id=domain_id, phone_id=ident, first_address="192.0.2.1", first_user_agent="Yealink"
    )
    notes = [
        EnrolmentNote(
            domain_id=domain_id, phone_id=ident, closed_at=NOW, first_address="192.0.2.3"
        ),
        first,
        replace(first, first_address="192.0.2.2", first_user_agent=None),
        EnrolmentNote(domain_id=domain_id, phone_id=ident, closed_at=later(hours=1)),
        EnrolmentNote(domain_id=domain_id, phone_id=ident + 999, closed_at=NOW),
        EnrolmentNote(domain_id=domain_id, phone_id=ident, held_reason="first"),
        EnrolmentNote(domain_id=domain_id, phone_id=ident, held_reason="second"),
    ]
    async with db.write() as write:
        await write_notes(write, notes)
    assert (await stored(db, domain_id)).enrolment == replace(
        PHONE.enrolment,
        first_address="192.0.2.1",
        first_user_agent="Yealink",
        closed_at=NOW,
        held_reason="first",
    )
    assert db.epochs.enrolment(domain_id) == before[0] + 1
    assert db.epochs.domain(domain_id) == before[1]


async def test_a_site_in_use_is_not_deleted(db: Database) -> None:
    domain_id = await filled(db)

    async def delete(name: str) -> None:
        async with db.write() as write:
            await sites.delete_site(write, domain_id, name, revision=1)

    with pytest.raises(Conflict, match=MAC.text):
        await delete("HQ")
    await delete("Annex")
    with pytest.raises(NotFound):
        await delete("Annex")
