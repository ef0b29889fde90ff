"""Are those found whom a message would reach beside its phone, in every domain, on both engines?"""

from dataclasses import replace

import pytest

from provisiond.catalog.build import effective_settings
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import PhoneLine
from provisiond.inventory.secret import new_token
from provisiond.store import journal_entries, phones, server, sites
from provisiond.store import users as user_store
from provisiond.store.database import Database
from provisiond.store.resync_reach import (
    Neighbours,
    line_owners,
    neighbours,
    users_elsewhere,
)
from tests.store.inventory import MAC, PHONE, fill, served
from tests.store.test_journal import phone_of


async def test_who_else_is_the_same_user_at_which_server_in_every_domain(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    line = (PhoneLine(line=1, extension="104"),)
    second = replace(PHONE, mac=Mac("001565aabb99"), lines=line, token=new_token(), enabled=False)
    named = replace(second, mac=Mac("001565aabb98"), token=new_token())
    named = replace(named, settings=Settings(sip_server="192.0.2.1"))
    async with db.write() as write:
        await user_store.insert_users(write, domain_id, [User(extension="104", sip_user="A101")])
        await phones.insert_phones(write, domain_id, [second, named])
        other = await fill(
            write,
            domain=Domain(
                name="other.example.test", settings=Settings(sip_server="PBX.example.test")
            ),
            phone=replace(PHONE, mac=Mac("001565aabb97"), token=new_token(), settings=Settings()),
        )
    async with db.read() as read:
        found = await line_owners(read, phone_id, ["a101", "102"])
        assert [(one.domain_id, one.mac.text[-2:], one.user, one.server) for one in found] == [
            (other, "97", "102", "PBX.example.test"),
            (other, "97", "a101", "PBX.example.test"),
            (domain_id, "98", "a101", "192.0.2.1"),
            (domain_id, "99", "a101", "pbx.example.test"),
        ]
        assert await line_owners(read, phone_id, ["A101", "102"]) == found
        assert await line_owners(read, phone_id, ["101", "104"]) == ()
        assert await users_elsewhere(read, other, ["A101", "102", "104"]) == {"a101", "102"}
        assert await users_elsewhere(read, domain_id, ["104"]) == frozenset()


@pytest.mark.parametrize("layer", ["phone", "site", "domain", "server", "blank"])
async def test_the_server_is_that_of_the_nearest_layer(layer: str, db: Database) -> None:
    """What `inherit` makes of the layers for a phone's file, the statement makes of them too."""
    far, near = Settings(sip_server="far.example.test"), Settings(sip_server="near.example.test")
    layers = ["phone", "site", "domain", "server"]
    place = layers.index(layer) if layer in layers else 0
    near = Settings(sip_server="") if layer == "blank" else near
    own, of_site, of_domain, of_all = [
        near if at == place else far if at > place else Settings() for at in range(4)
    ]
    async with db.write() as write:
        _, revision = await server.get_server_settings(write)
        await server.update_server_settings(write, of_all, revision=revision)
        domain_id = await fill(
            write,
            domain=Domain(name="other.example.test", settings=of_domain),
            phone=replace(PHONE, settings=own),
        )
        hq = await sites.get_site(write, domain_id, "HQ")
        await sites.update_site(write, domain_id, "HQ", replace(hq, settings=of_site))
    facts = await db.facts.for_mac(MAC)
    assert facts is not None
    wanted = effective_settings(facts).sip_server or facts.domain.name
    assert wanted == ("other.example.test" if layer == "blank" else "near.example.test")
    async with db.read() as read:
        found = await line_owners(read, 0, ["102"])
    assert [(owner.mac, owner.server) for owner in found] == [(MAC, wanted)]


async def test_how_many_others_were_last_seen_at_an_address(db: Database) -> None:
    domain_id, phone_id = await phone_of(db)
    strange = replace(PHONE, mac=Mac("001565aabb97"), token=new_token())
    async with db.write() as write:
        other = await fill(write, domain=Domain(name="other.example.test"), phone=strange)
        other_id = (await phones.phone_ids(write, other, [strange.mac]))[strange.mac]
    async with db.append() as write:
        entries = [served(domain_id, phone_id), served(other, other_id, mac=strange.mac)]
        await journal_entries.add_requests(write, entries)
    async with db.read() as read:
        seen = (await journal_entries.get_sightings(read, domain_id, [phone_id]))[phone_id]
        assert await neighbours(read, domain_id, phone_id, seen.address) == (
            Neighbours(own=0, elsewhere=1)
        )
        assert await neighbours(read, domain_id, 0, seen.address) == (
            Neighbours(own=1, elsewhere=1)
        )
        assert await neighbours(read, domain_id, 0, "192.0.2.99") == Neighbours()
