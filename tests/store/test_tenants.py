"""Can a row of one domain point into another? The tables themselves refuse it."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Conflict, Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import new_token
from provisiond.inventory.telephone import E164
from provisiond.store import domains, layouts, phones, sites, users
from provisiond.store.database import Database
from provisiond.store.schema import metadata
from tests.store.inventory import DOMAIN, MAC, PHONE, fill, fill_emergency, fill_numbers, filled

SERVER_WIDE = {
    "account",
    "alembic_version",
    "answered",
    "api_token",
    "change_journal",
    "domain",
    "epoch",
    "epoch_clock",
    "errand",
    "join_link",
    "lease",
    "login_session",
    "pending_phone",
    "request_journal",
    "server_override",
    "server_settings",
    "webhook",
    "webhook_delivery",
}
BELOW = sorted(set(metadata.tables) - SERVER_WIDE)


def references() -> list[tuple[str, str, str]]:
    """(table, column, table it refers to) of every reference below the domain."""
    return [
        (name, constraint.column_keys[1], constraint.referred_table.name)
        for name in BELOW
        for constraint in sorted(
            metadata.tables[name].foreign_key_constraints, key=lambda c: c.column_keys[-1]
        )
        if constraint.referred_table.name != "domain"
    ]


@pytest.mark.parametrize("name", BELOW)
def test_every_table_below_domain_is_keyed_by_it(name: str) -> None:
    table = metadata.tables[name]
    assert next(column.name for column in table.primary_key) == "domain_id"
    for constraint in table.foreign_key_constraints:
        assert constraint.column_keys[0] == "domain_id"


async def test_no_reference_into_another_domain_can_be_stored(db: Database) -> None:
    async with db.write() as write:
        own = await fill(write)
        foreign = await fill(
            write, domain=Domain(name="other.example.test"), phone=_in_other_domain()
        )
        await fill_numbers(write, own)
        await fill_numbers(write, foreign, prefix="+1888")
        await fill_emergency(write, own)
        await fill_emergency(write, foreign, number=E164("+18885550100"))
    assert len(references()) >= 28
    for name, column, referred in references():
        with pytest.raises(Conflict):
            await _point_elsewhere(db, own, foreign, name, column, referred)


async def _point_elsewhere(
    db: Database, own: int, foreign: int, name: str, column: str, referred: str
) -> None:
    table, target = metadata.tables[name], metadata.tables[referred]
    async with db.write() as write:
        theirs = await write.first(sa.select(target.c.id).where(target.c.domain_id == foreign))
        assert theirs is not None
        mine = sa.select(table).where(table.c.domain_id == own, table.c[column].is_not(None))
        row = (await write.connection.execute(mine)).mappings().first()
        values: dict[str, Any]
        if row is None:
            values = {**_FIRST_ROWS[name], "domain_id": own}
            await write.insert(table, [{**values, column: theirs[0]}])
            return
        key = [table.c[c.name] == row[c.name] for c in table.primary_key]
        await write.connection.execute(sa.update(table).where(*key).values({column: theirs[0]}))


# Of tables that have no row before a phone came or was told something.
_FIRST_ROWS: dict[str, dict[str, Any]] = {
    "served_file": {"file": "config", "hash": "x", "n": 1},
    "sighting": {"first_seen": 1, "last_seen": 1, "count": 1},
    "resync": {
        "id": 1, "reboot": False, "even_if_shared": False, "state": "queued",
        "requested_at": 1, "closed": False,
    },
}  # fmt: skip


def _in_other_domain() -> Phone:
    return replace(PHONE, mac=Mac("001565ddeeff"), token=new_token())


async def test_a_mac_is_unique_on_the_server_and_the_owner_is_not_told(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="other.example.test"))
    with pytest.raises(Rejected, match="belongs to another phone of this domain"):
        await _add(db, domain_id, Phone(mac=MAC, model="Yealink SIP-T46U"))
    with pytest.raises(Rejected, match="ask your provider") as caught:
        await _add(db, other, Phone(mac=MAC, model="Yealink SIP-T46U"))
    assert DOMAIN.name not in str(caught.value)


async def test_names_are_those_of_the_own_domain(db: Database) -> None:
    """A site, layout or extension of another domain is one that is not there."""
    await filled(db)
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="other.example.test"))
    for phone in (
        Phone(mac=Mac("001565000001"), model="m", site="HQ"),
        Phone(mac=Mac("001565000001"), model="m", layout="reception"),
        Phone(mac=Mac("001565000001"), model="m", directory="suppliers"),
        Phone(mac=Mac("001565000001"), model="m", lines=PHONE.lines[:1]),
    ):
        with pytest.raises(Rejected, match="not there"):
            await _add(db, other, phone)
    async with db.read() as read:
        assert await sites.list_sites(read, other) == ()
        assert await users.list_users(read, other) == ()
        assert await layouts.list_layouts(read, other) == ()
        assert await phones.list_phones(read, other) == ()
        assert await phones.find_phones(read, other, [MAC]) == {}


async def _add(db: Database, domain_id: int, phone: Phone) -> None:
    async with db.write() as write:
        await phones.insert_phones(write, domain_id, [phone])


async def test_a_deleted_domain_takes_all_that_is_below_it(db: Database) -> None:
    async with db.write() as write:
        own = await fill(write)
        kept = await fill(write, domain=Domain(name="other.example.test"), phone=_in_other_domain())
        await fill_numbers(write, own)
        await fill_numbers(write, kept, prefix="+1888")
        await fill_emergency(write, own)
        await fill_emergency(write, kept, number=E164("+18885550100"))
    async with db.write() as write:
        await domains.delete_domain(write, own)
    async with db.read() as read:
        for name in BELOW:
            table = metadata.tables[name]
            rows = await read.rows(sa.select(table.c.domain_id).distinct())
            assert [row[0] for row in rows] in ([kept], [])
