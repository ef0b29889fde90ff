"""A list of 10,000 phones is filtered, sorted and searched by indexes, in a few statements."""

import re
from dataclasses import replace

import pytest

from provisiond.inventory.domains import Domain, Site
from provisiond.inventory.lists import PhoneOrder, PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.store import domains, phones, sites, users
from provisiond.store.database import Database
from provisiond.store.phone_lists import query_phones
from provisiond.store.schema import phone, phone_line, user_account
from tests.store.plans import OF_PHONES, OF_USERS, explained, statements, ten_thousand

SITES = 20


async def fleet(db: Database) -> int:
    """A domain of ten phones, and on PostgreSQL of 10,000 more: of 50 models in 20 sites, each of
    a user of its own."""
    async with db.write() as write:
        domain_id = await domains.insert_domain(write, Domain(name="a.example.test"))
        places = [Site(name=f"site {number:02}") for number in range(SITES)]
        await sites.insert_sites(write, domain_id, places)
        await users.insert_users(write, domain_id, [User(extension="101", first_name="Alice")])
        first = Phone(
            mac=Mac("001565000000"),
            model="Acme D-6",
            site="site 00",
            lines=(PhoneLine(line=1, extension="101"),),
        )
        await phones.insert_phones(
            write, domain_id, [replace(first, mac=Mac(f"00156500000{n}")) for n in range(10)]
        )
    async with db.read() as read:
        if read.connection.dialect.name != "postgresql":
            return domain_id
    await ten_thousand(db, user_account, OF_USERS, "extension = '101'")
    site_id = f"(SELECT min(id) FROM site) + g % {SITES}"
    own = {**OF_PHONES, "model": "'Acme ' || g % 50", "site_id": site_id}
    await ten_thousand(db, phone, own, "mac = '001565000000'")
    of_lines = {"id": "3000000 + g", "phone_id": "1000000 + g", "user_id": "2000000 + g"}
    await ten_thousand(db, phone_line, of_lines, "line = 1")
    return domain_id


ASKED = {
    "model": (PhoneQuery(model="Acme 7"), "ix_phone_domain_id_model_mac"),
    "site": (PhoneQuery(site="site 07"), "ix_phone_domain_id_site_id_mac"),
    "user": (PhoneQuery(extension="9777"), "ix_phone_line_domain_id_user_id"),
    "by MAC": (PhoneQuery(order=PhoneOrder.MAC), "phone_(domain_id_)?mac"),
    "by name": (PhoneQuery(order=PhoneOrder.NAME), "ix_phone_domain_id_name_mac"),
    "by model": (PhoneQuery(order=PhoneOrder.MODEL), "ix_phone_domain_id_model_mac"),
    "part of a MAC": (PhoneQuery(text="65000"), "phone_search"),
    "part of a name": (PhoneQuery(text="7a7b", order=PhoneOrder.NAME), "phone_search"),
}
"""Lists, and the index that each must take."""


def reads_all(plan: str) -> bool:
    """Whether a plan reads every phone of the store or, in the order of an index, of the domain
    to find those that are asked for."""
    lines = [line.strip() for line in plan.splitlines()]
    whole = (line.endswith("(domain_id=?)") for line in lines if "SEARCH phone USING" in line)
    return "Seq Scan on phone " in plan or "SCAN phone" in lines or any(whole)


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_a_list_of_ten_thousand_asks_indexes(db: Database) -> None:
    domain_id = await fleet(db)
    for what, (query, index) in ASKED.items():
        async with db.read() as read:
            sent = await statements(read, lambda query=query: query_phones(read, domain_id, query))  # type: ignore[misc]
            page, *_, count = [await explained(read, [one]) for one in sent]
        assert len(sent) <= 3, what
        assert re.search(index, page), (what, page)
        assert "Seq Scan on phone " not in page, (what, page)
        if query in (PhoneQuery(order=order) for order in PhoneOrder):
            assert "Sort" not in page, (what, page)
            assert "ORDER BY" not in page, (what, page)
        else:  # whoever counts all phones reads them
            assert not reads_all(page), (what, page)
            assert not reads_all(count), (what, count)


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_a_site_without_phones_and_one_that_is_none_have_an_empty_list(db: Database) -> None:
    async with db.write() as write:
        domain_id = await domains.insert_domain(write, Domain(name="a.example.test"))
        other_id = await domains.insert_domain(write, Domain(name="b.example.test"))
        await sites.insert_sites(write, domain_id, [Site(name="HQ"), Site(name="Mill")])
        await sites.insert_sites(write, other_id, [Site(name="HQ"), Site(name="Dock")])
        first = Phone(mac=Mac("001565000001"), model="Acme D-6", site="HQ")
        await phones.insert_phones(write, domain_id, [first])
        second = replace(first, mac=Mac("001565000002"), site=None)
        await phones.insert_phones(write, other_id, [second])
    async with db.read() as read:
        for place, found in (("HQ", 1), ("Mill", 0), ("Dock", 0), ("", 0)):
            page = await query_phones(read, domain_id, PhoneQuery(site=place))
            assert (len(page.rows), page.total) == (found, found)
