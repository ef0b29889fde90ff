"""Are emergency addresses, endpoints and what was said of them kept, found and guarded?"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from provisiond.inventory.domains import Domain
from provisiond.inventory.emergency import Civic
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import AddressOrder, AddressQuery, EndpointOrder, EndpointQuery
from provisiond.inventory.telephone import E164
from provisiond.store import (
    domains,
    emergency,
    emergency_checks,
    emergency_endpoints,
    emergency_uses,
    phones,
    sites,
    users,
)
from provisiond.store.database import Database, Write
from provisiond.store.emergency_uses import Associated
from tests.store.inventory import ANNEX, ENDPOINT, HQ_FLOOR, MAC, NOW, fill, fill_emergency

OTHER = E164("+18005550101")


async def filled(db: Database) -> int:
    async with db.write() as write:
        domain_id = await fill(write)
        await fill_emergency(write, domain_id)
        return domain_id


async def refused(
    db: Database, kind: type[Exception], words: str, change: Callable[[Write], Awaitable[object]]
) -> None:
    async def run() -> None:
        async with db.write() as write:
            await change(write)

    with pytest.raises(kind, match=words):
        await run()


async def test_everything_comes_back_as_it_was_given(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        assert await emergency.all_addresses(read, domain_id) == {
            "Annex": replace(ANNEX, revision=1),
            "HQ second floor": replace(HQ_FLOOR, revision=1),
        }
        found = await emergency_endpoints.all_endpoints(read, domain_id)
        assert found == {ENDPOINT.number: replace(ENDPOINT, revision=1)}
        assert (await users.get_user(read, domain_id, "101")).emergency_address == "Annex"
        assert (await users.get_user(read, domain_id, "102")).emergency_caller_id == ENDPOINT.number
        assert (await sites.get_site(read, domain_id, "Annex")).emergency_address == "Annex"
        phone = await phones.get_phone(read, domain_id, MAC)
        assert phone.emergency_address == "HQ second floor"


async def test_records_that_name_an_address_keep_it_when_they_are_saved(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        user = await users.get_user(write, domain_id, "102")
        await users.update_user(write, domain_id, "102", replace(user, first_name="Rob"))
        site = await sites.get_site(write, domain_id, "Annex")
        await sites.update_site(write, domain_id, "Annex", replace(site, name="Dock"))
        phone = await phones.get_phone(write, domain_id, MAC)
        await phones.update_phone(write, domain_id, MAC, replace(phone, notes="x"))
    async with db.read() as read:
        kept = await users.get_user(read, domain_id, "102")
        assert (kept.first_name, kept.emergency_caller_id) == ("Rob", ENDPOINT.number)
        assert (await sites.get_site(read, domain_id, "Dock")).emergency_address == "Annex"
        assert (await phones.get_phone(read, domain_id, MAC)).emergency_address == HQ_FLOOR.name


async def test_an_address_that_is_not_there_is_refused_by_name(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        user = await users.get_user(read, domain_id, "101")
        site = await sites.get_site(read, domain_id, "HQ")
        phone = await phones.get_phone(read, domain_id, MAC)
    lost = "Mars"
    changed = replace(user, emergency_address=lost)
    await refused(db, Rejected, lost, lambda w: users.update_user(w, domain_id, "101", changed))
    moved = replace(site, emergency_address=lost)
    await refused(db, Rejected, lost, lambda w: sites.update_site(w, domain_id, "HQ", moved))
    taken = replace(phone, emergency_address=lost)
    await refused(db, Rejected, lost, lambda w: phones.update_phone(w, domain_id, MAC, taken))
    number = E164("+18005550199")
    called = replace(user, emergency_caller_id=number)
    await refused(
        db, Rejected, "8005550199", lambda w: users.update_user(w, domain_id, "101", called)
    )


async def test_names_follow_and_a_used_address_is_not_deleted(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        await emergency.update_address(
            write, domain_id, "Annex", replace(ANNEX, name="Dock", revision=1)
        )
        assert (await users.get_user(write, domain_id, "101")).emergency_address == "Dock"
    await refused(
        db,
        Conflict,
        "used by user 101, site Annex",
        lambda w: emergency.delete_address(w, domain_id, "Dock", revision=2),
    )
    await refused(
        db,
        Conflict,
        "phone 00:15:65:aa:bb:cc, emergency endpoint",
        lambda w: emergency.delete_address(w, domain_id, HQ_FLOOR.name, revision=1),
    )
    async with db.write() as write:
        await emergency_uses.assign(write, domain_id, None, users=["101"], sites=["Annex"])
        await emergency.delete_address(write, domain_id, "Dock", revision=2)
    async with db.read() as read:
        assert list(await emergency.all_addresses(read, domain_id)) == [HQ_FLOOR.name]


async def test_who_has_an_address_is_counted_with_what_is_handed_down(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        bob = await users.get_user(write, domain_id, "102")
        await users.update_user(write, domain_id, "102", replace(bob, site="Annex"))
        counts = await emergency_uses.associated(write, domain_id)
    assert counts == {
        "Annex": Associated(users=2, own_users=1, sites=1),
        "HQ second floor": Associated(users=1, phones=1),
    }


async def test_a_domain_has_one_default(db: Database) -> None:
    domain_id = await filled(db)
    taker = replace(ANNEX, is_default=True, revision=1)
    await refused(
        db, Rejected, "already", lambda w: emergency.update_addresses(w, domain_id, [taker])
    )
    async with db.write() as write:
        giver = replace(HQ_FLOOR, is_default=False, revision=1)
        await emergency.update_addresses(write, domain_id, [taker, giver])
        found = await emergency.all_addresses(write, domain_id)
    assert {name: one.is_default for name, one in found.items()} == {
        "Annex": True,
        "HQ second floor": False,
    }


async def test_addresses_are_found_sorted_and_guarded(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        for text, names in (("350 fif", [HQ_FLOOR.name]), ("kiel", ["Annex"]), ("%", [])):
            page = await emergency.list_addresses(read, domain_id, AddressQuery(text=text))
            assert [one.name for one in page.rows] == names
        query = AddressQuery(order=AddressOrder.CITY, descending=True, limit=1)
        page = await emergency.list_addresses(read, domain_id, query)
        assert ([one.name for one in page.rows], page.total) == ([HQ_FLOOR.name], 2)
        page = await emergency.list_addresses(read, domain_id, replace(query, after=page.after))
        assert [one.name for one in page.rows] == ["Annex"]
        for order in EndpointOrder:
            found = await emergency_endpoints.list_endpoints(
                read, domain_id, EndpointQuery(text="(800) 555", order=order)
            )
            assert found.total == 1
        with pytest.raises(NotFound):
            await emergency.address_uses(read, domain_id, "Mars")
    await refused(
        db,
        Rejected,
        "already",
        lambda w: emergency.insert_addresses(w, domain_id, [replace(ANNEX, revision=0)]),
    )
    await refused(
        db, Conflict, "meanwhile", lambda w: emergency.update_addresses(w, domain_id, [ANNEX])
    )


async def test_a_site_has_one_endpoint_and_two_may_change_places(db: Database) -> None:
    domain_id = await filled(db)
    annex = replace(ENDPOINT, number=OTHER, address="Annex", site="Annex")
    await refused(
        db,
        Rejected,
        "site HQ has the endpoint",
        lambda w: emergency_endpoints.insert_endpoints(w, domain_id, [replace(annex, site="HQ")]),
    )
    async with db.write() as write:
        await emergency_endpoints.insert_endpoints(write, domain_id, [annex])
        swapped = [
            replace(ENDPOINT, site="Annex", revision=1),
            replace(annex, site="HQ", revision=1),
        ]
        await emergency_endpoints.update_endpoints(write, domain_id, swapped)
        found = await emergency_endpoints.all_endpoints(write, domain_id)
        assert {number: one.site for number, one in found.items()} == {
            ENDPOINT.number: "Annex",
            OTHER: "HQ",
        }
    await refused(
        db,
        Conflict,
        "emergency endpoint",
        lambda w: sites.delete_site(w, domain_id, "Annex", revision=2),
    )


async def test_a_caller_id_is_set_for_all_or_chosen_users(db: Database) -> None:
    domain_id = await filled(db)
    async with db.write() as write:
        changed = await emergency_endpoints.set_caller_ids(write, domain_id, None, ENDPOINT.number)
        assert changed == 2  # one had it already
        counts = await emergency_endpoints.caller_id_counts(write, domain_id)
        assert counts == {ENDPOINT.number: 3}
    await refused(
        db,
        Conflict,
        "user 101, user 102",
        lambda w: emergency_endpoints.delete_endpoint(w, domain_id, ENDPOINT.number, revision=1),
    )
    await refused(
        db,
        RejectedAll,
        "extension 999",
        lambda w: emergency_endpoints.set_caller_ids(w, domain_id, ["101", "999"], None),
    )
    async with db.write() as write:
        assert await emergency_endpoints.set_caller_ids(write, domain_id, ["101"], None) == 1
        assert (await users.get_user(write, domain_id, "101")).emergency_caller_id is None


async def test_an_answer_is_kept_as_it_came_and_found_by_what_was_accepted(db: Database) -> None:
    domain_id = await filled(db)
    place = Civic(country="US", street="Main St", house_number="1")
    check = emergency_checks.StoredCheck(
        asked=place,
        choices=(place, replace(place, street="N Main St")),
        outcome="candidates",
        provider="Example",
        at=NOW,
        until=NOW + timedelta(days=30),
        reference="r-1",
        reasons=("two of them",),
        answer='{"raw": "ünïcode \\u0000"}',
    )
    async with db.write() as write:
        check_id = await emergency_checks.add_check(write, domain_id, check)
        kept = await emergency_checks.get_check(write, domain_id, check_id)
        assert kept == replace(check, id=check_id)
        assert await emergency_checks.last_word(write, domain_id, place) is None
        await emergency_checks.accept_check(
            write, domain_id, check_id, check.choices[1], who="alice", at=NOW
        )
        found = await emergency_checks.last_word(write, domain_id, check.choices[1])
        assert found is not None
        assert (found.accepted_by, found.accepted) == ("alice", check.choices[1])
        assert await emergency_checks.last_word(write, domain_id, place) is None
        with pytest.raises(NotFound):
            await emergency_checks.get_check(write, domain_id + 1, check_id)


async def test_an_endpoint_of_another_domain_takes_its_number(db: Database) -> None:
    await filled(db)
    async with db.write() as write:
        other = await domains.insert_domain(write, Domain(name="b.test"))
        await emergency.insert_addresses(write, other, [ANNEX])
    theirs = replace(ENDPOINT, address=ANNEX.name, site=None)
    await refused(
        db,
        Rejected,
        "cannot be added here; ask your provider",
        lambda write: emergency_endpoints.insert_endpoints(write, other, [theirs]),
    )


async def test_the_last_rejection_of_an_accepted_place_is_kept(db: Database) -> None:
    domain_id = await filled(db)
    place = Civic(country="US", street="Main St", house_number="1")
    valid = emergency_checks.StoredCheck(
        asked=place, choices=(place,), outcome="valid", provider="Example", at=NOW
    )
    rejected = replace(valid, choices=(), outcome="rejected", at=NOW + timedelta(days=1))
    unknown = replace(rejected, asked=replace(place, house_number="2"))
    async with db.write() as write:
        first = await emergency_checks.add_check(write, domain_id, valid)
        await emergency_checks.accept_check(write, domain_id, first, place, who="a", at=NOW)
        older, last, other = [
            await emergency_checks.add_check(write, domain_id, one)
            for one in (rejected, rejected, unknown)
        ]
        found = await emergency_checks.last_word(write, domain_id, place)
        assert found == replace(rejected, id=last)
        assert (found.is_rejected, found.proof.is_rejected) == (True, True)
        for days in (30, 60):
            later = replace(unknown, asked=Civic(), at=NOW + timedelta(days=days))
            await emergency_checks.add_check(write, domain_id, later)
        found = await emergency_checks.last_word(write, domain_id, place)
        assert found == replace(rejected, id=last)
        for gone in (older, other):
            with pytest.raises(NotFound):
                await emergency_checks.get_check(write, domain_id, gone)
        again = await emergency_checks.add_check(
            write, domain_id, replace(valid, at=NOW + timedelta(days=61))
        )
        await emergency_checks.accept_check(write, domain_id, again, place, who="a", at=NOW)
        found = await emergency_checks.last_word(write, domain_id, place)
        assert found is not None
        assert (found.id, found.is_rejected) == (again, False)


async def test_addresses_are_found_by_exactly_their_place(db: Database) -> None:
    domain_id = await filled(db)
    async with db.read() as read:
        found = await emergency.addresses_at(read, domain_id, ANNEX.civic)
        assert [one.name for one in found] == ["Annex"]
        other = replace(ANNEX.civic, room="7")
        assert await emergency.addresses_at(read, domain_id, other) == []


async def test_answers_that_nobody_accepted_are_forgotten(db: Database) -> None:
    domain_id = await filled(db)
    check = emergency_checks.StoredCheck(
        asked=Civic(), choices=(Civic(),), outcome="checked", provider="", at=NOW
    )
    async with db.write() as write:
        old = await emergency_checks.add_check(write, domain_id, check)
        kept = await emergency_checks.add_check(write, domain_id, check)
        await emergency_checks.accept_check(write, domain_id, kept, Civic(), who="a", at=NOW)
        later = replace(check, at=NOW + timedelta(days=8))
        await emergency_checks.add_check(write, domain_id, later)
        with pytest.raises(NotFound):
            await emergency_checks.get_check(write, domain_id, old)
        assert (await emergency_checks.get_check(write, domain_id, kept)).id == kept
