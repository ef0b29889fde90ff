"""Parts of MACs, numbers and names are found, and an index answers."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from provisiond.inventory.domains import Domain
from provisiond.inventory.lists import PhoneOrder, PhoneQuery, UserQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.phone_lists import phones_of_lines, query_phones
from provisiond.store.schema import phone as phone_table
from provisiond.store.schema import user_account
from tests.store.plans import OF_PHONES, OF_USERS, explained, statements, ten_thousand

NAMES = ("Front desk", "Größe 50%", "Back_office", 'say "hi"', "x" * 100, "")
PEOPLE = (
    User(extension="101", first_name="Alice", last_name="Example"),
    User(extension="2000", first_name="Bob"),
)


def mac(number: int) -> Mac:
    return Mac(f"001565{number:06x}")


async def office(db: Database, count: int = 6) -> int:
    """Phones of all these names, and the same in another domain."""
    async with db.write() as write:
        found = []
        for domain, first in (("a.example.test", 0), ("b.example.test", 0x800000)):
            domain_id = await domains.insert_domain(write, Domain(name=domain))
            await users.insert_users(write, domain_id, PEOPLE)
            records = [
                Phone(
                    mac=mac(first + number),
                    model="Acme D-6",
                    name=NAMES[number % len(NAMES)],
                    lines=(PhoneLine(line=1, extension=PEOPLE[number % 2].extension),),
                )
                for number in range(count)
            ]
            await phones.insert_phones(write, domain_id, records)
            found.append(domain_id)
    return found[0]


async def names(db: Database, domain_id: int, text: str, **more: object) -> list[str]:
    async with db.read() as read:
        query = PhoneQuery(text=text, order=PhoneOrder.MAC, **more)  # type: ignore[arg-type]
        page = await query_phones(read, domain_id, query)
        assert page.total == len(page.rows)
        return [row.name for row in page.rows]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ront", ["Front desk"]),
        ("FRONT D", ["Front desk"]),
        ("GRÖẞE", ["Größe 50%"]),
        ("Ö", ["Größe 50%"]),
        ("0%", ["Größe 50%"]),
        ("k_o", ["Back_office"]),
        ('"hi"', ['say "hi"']),
        ("y", ['say "hi"']),
        ("00:15:65:00:00:02", ["Back_office"]),
        ("0015.6500.0002", ["Back_office"]),
        ("5000003", ['say "hi"']),
        ("800002", []),
        ("alic", ["Front desk", "Back_office", "x" * 100]),
        ("ice exam", ["Front desk", "Back_office", "x" * 100]),
        ("200", ["Größe 50%", 'say "hi"', ""]),
        ("nobody", []),
        ("%%%", []),
        ("' OR 1=1 --", []),
        ('" OR mac : "0', []),
        ("a\0b", []),
        ("***", []),
        ("NEAR(", []),
    ],
)
async def test_a_part_is_found_in_any_case_and_means_itself(
    db: Database, text: str, found: list[str]
) -> None:
    domain_id = await office(db)
    assert await names(db, domain_id, text.replace("\0", "")) == found


async def test_the_index_follows_every_change(db: Database) -> None:
    domain_id = await office(db, 2)
    async with db.write() as write:
        phone = await phones.get_phone(write, domain_id, mac(0))
        moved = replace(phone, name="Lobby", mac=mac(0x777777))
        await phones.update_phone(write, domain_id, mac(0), moved)
        await users.update_user(
            write, domain_id, "101", replace(PEOPLE[0], last_name="Zimmer", revision=1)
        )
    assert await names(db, domain_id, "Front") == []
    assert await names(db, domain_id, "777777") == ["Lobby"]
    assert await names(db, domain_id, "zimmer") == ["Lobby"]
    async with db.write() as write:
        await phones.delete_phone(write, domain_id, mac(0x777777), revision=2)
    assert await names(db, domain_id, "lobby") == []
    async with db.write() as write:
        await domains.delete_domain(write, domain_id)
    async with db.read() as read:
        assert (await query_phones(read, domain_id, PhoneQuery(text="größe"))).rows == ()


async def test_filters_and_orders_go_together(db: Database) -> None:
    domain_id = await office(db)
    assert await names(db, domain_id, "", extension="2000") == ["Größe 50%", 'say "hi"', ""]
    assert await names(db, domain_id, "desk", extension="2000") == []
    assert await names(db, domain_id, "", enabled=False) == []
    for order in PhoneOrder:
        rows: list[str] = []
        after: tuple[str, ...] = ()
        async with db.read() as read:
            while True:
                query = PhoneQuery(order=order, descending=True, after=after, limit=4)
                page = await query_phones(read, domain_id, query)
                rows += [str(row.mac) for row in page.rows]
                after = page.after
                if not after:
                    break
        assert len(rows) == len(set(rows)) == 6


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("alic", ["101"]),
        ("ICE EXAM", ["101"]),
        ("e e", ["101"]),
        ("200", ["2000"]),
        ("0", ["101", "2000"]),
        ("nobody", []),
        ("%", []),
        ('" OR extension : "1', []),
    ],
)
async def test_a_part_of_a_user_is_found_in_the_own_domain_alone(
    db: Database, text: str, found: list[str]
) -> None:
    domain_id = await office(db)
    async with db.read() as read:
        page = await users.query_users(read, domain_id, UserQuery(text=text))
    assert [user.extension for user in page.rows] == found
    assert page.total == len(found)


@pytest.mark.parametrize("text", ["65000", "desk", "lice"])
async def test_a_list_of_parts_asks_indexes_alone(db: Database, text: str) -> None:
    domain_id = await office(db)
    async with db.read() as read:
        is_postgres = read.connection.dialect.name == "postgresql"
    if is_postgres:
        await ten_thousand(db, phone_table, OF_PHONES, f"mac = '{mac(0).text}'")
    async with db.read() as read:
        query = PhoneQuery(text=text, limit=100)
        sent = await statements(read, lambda: query_phones(read, domain_id, query))
        assert len(sent) == 3
        plan = await explained(read, sent)
    if is_postgres:
        assert "Seq Scan on phone " not in plan, plan
        assert "ix_phone_search" in plan, plan
        return
    assert "phone_search VIRTUAL TABLE INDEX" in plan
    assert "user_account_search VIRTUAL TABLE INDEX" in plan
    scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
    assert all("VIRTUAL TABLE" in line or "subquery" in line.lower() for line in scans), plan


@pytest.mark.parametrize("text", ["lice", "ice exam", "2000"])
async def test_a_list_of_users_asks_the_index_alone(db: Database, text: str) -> None:
    domain_id = await office(db)
    async with db.read() as read:
        is_postgres = read.connection.dialect.name == "postgresql"
    if is_postgres:
        await ten_thousand(db, user_account, OF_USERS, "extension = '101'")
    async with db.read() as read:
        query = UserQuery(text=text, limit=100)
        sent = await statements(read, lambda: users.query_users(read, domain_id, query))
        assert len(sent) == 2
        plan = await explained(read, sent)
    if is_postgres:
        assert "Seq Scan on user_account" not in plan, plan
        assert "ix_user_account_search" in plan, plan
        return
    assert "user_account_search VIRTUAL TABLE INDEX" in plan
    scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
    assert all("VIRTUAL TABLE" in line or "subquery" in line.lower() for line in scans), plan


async def test_the_triggers_of_the_index_are_there(db: Database) -> None:
    """A migration that rebuilds one of the tables drops them without a word."""
    async with db.read() as read:
        if read.connection.dialect.name == "postgresql":
            rows = await read.rows(sa.text("SELECT indexname FROM pg_indexes"))
            assert {"ix_phone_search", "ix_user_account_search"} <= {row[0] for row in rows}
            return
        rows = await read.rows(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    assert {row[0] for row in rows} == {
        f"{table}_search_{what}"
        for table in ("phone", "user_account")
        for what in ("come", "gone", "moved")
    }


async def test_whose_line_rings_elsewhere_is_asked_of_indexes(db: Database) -> None:
    domain_id = await office(db)
    async with db.read() as read:
        sent = await statements(read, lambda: phones_of_lines(read, domain_id, ["101", "102"]))
        plan = await explained(read, sent)
        is_postgres = read.connection.dialect.name == "postgresql"
    assert len(sent) == 1
    assert is_postgres or "SCAN" not in plan, plan  # of a few rows PostgreSQL reads all
