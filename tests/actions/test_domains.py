"""Domains are added, changed and deleted with all that they hold."""

from dataclasses import replace

import pytest

from provisiond.actions.domains import (
    AddDomain,
    ChangeDomain,
    DeleteDomain,
    add_domain,
    change_domain,
    delete_domain,
    list_all_domains,
    show_domain,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.secret import Secret
from provisiond.store.database import Database
from provisiond.store.domains import get_domain
from tests.actions.inventory import ADMIN, DOMAIN, MAC, NOW, load
from tests.actions.offices import added, changes, open_office


async def test_a_domain_is_added_changed_and_deleted(db: Database, shelf: Shelf) -> None:
    new = Domain(name="New.Example.Test", settings=Settings(sip_server="sip.example.test"))
    dry = AddDomain(domain=new, dry_run=True)
    assert (await add_domain(db, shelf, ADMIN, dry, NOW)).record.name == "new.example.test"
    assert await list_all_domains(db) == ()
    await add_domain(db, shelf, ADMIN, AddDomain(domain=new), NOW)
    seen = (await show_domain(db, "NEW.example.test")).domain
    assert seen.settings.phone_admin_password == Secret(MASK)
    async with db.read() as read:
        made = (await get_domain(read, seen.name))[1].settings.phone_admin_password
    assert made is not None
    assert len(made.reveal()) > 8
    renamed = replace(seen, name="b.test", settings=replace(seen.settings, language="fr-CA"))
    command = ChangeDomain(name=seen.name, domain=renamed)
    saved = await change_domain(db, shelf, ADMIN, command, NOW)
    async with db.read() as read:
        stored = (await get_domain(read, "b.test"))[1]
    assert stored.settings.phone_admin_password == made
    assert (stored.revision, saved.record.revision) == (2, 2)
    with pytest.raises(Conflict):
        await change_domain(db, shelf, ADMIN, replace(command, name="b.test"), NOW)
    await delete_domain(db, ADMIN, DeleteDomain(name="b.test"), NOW)
    with pytest.raises(NotFound):
        await show_domain(db, "b.test")
    entries = await changes(db)
    assert [e.action for e in entries] == ["delete domain", "edit domain", "add domain"]
    assert not any(made.reveal() in e.before + e.after for e in entries)


async def test_what_a_domain_holds_is_counted_and_told_when_it_goes(lite: Database) -> None:
    await open_office(lite)
    await open_office(lite, "b.test")
    await added(lite)
    own, other = await list_all_domains(lite)
    assert (own.domain.name, other.domain.name) == ("b.test", DOMAIN)
    assert other.counts == {**own.counts, "numbers": 1}
    assert (other.counts["users"], other.counts["time frames"]) == (3, 3)
    dry = DeleteDomain(name=DOMAIN, dry_run=True)
    assert (await delete_domain(lite, ADMIN, dry, NOW)).counts["numbers"] == 1
    assert (await show_domain(lite, DOMAIN)).counts["numbers"] == 1
    await delete_domain(lite, ADMIN, replace(dry, dry_run=False), NOW)
    assert [view.domain.name for view in await list_all_domains(lite)] == ["b.test"]
    assert '"numbers": 1' in (await changes(lite))[0].before


async def test_faults_are_told(lite: Database, shelf: Shelf) -> None:
    await open_office(lite)
    wrong = Domain(name="a b", settings=Settings(sip_port=0))
    with pytest.raises(RejectedAll) as caught:
        await add_domain(lite, shelf, ADMIN, AddDomain(domain=wrong), NOW)
    errors = {f.where for f in caught.value.findings if f.severity == "error"}
    assert errors == {"domain", "settings.sip_port"}
    with pytest.raises(RejectedAll, match="already"):
        await add_domain(lite, shelf, ADMIN, AddDomain(domain=Domain(name=DOMAIN)), NOW)


PLANS = {
    "domain": DOMAIN,
    "settings": {"emergency_numbers": ["911"]},
    "overrides": [{"family": "acme/desk", "key": "dial.plan", "value": "911|9911|112|933"}],
    "sites": [
        {
            "name": "HQ",
            "overrides": [{"family": "acme/desk", "key": "dial.plan", "value": "911|9911|110"}],
        },
        {"name": "Bern", "emergency_numbers": ["144"]},
    ],
}


async def test_dial_plans_are_tried_again_when_the_emergency_numbers_change(
    lite: Database, shelf: Shelf
) -> None:
    phone = {"mac": MAC, "model": "Acme D-6", "overrides": {"dial.plan": "11[0-9]T|911|9911"}}
    first = await load(lite, shelf, {**PLANS, "phones": [phone]})
    assert any("site Bern: dial.plan: 144 is not let out" in w.message for w in first.warnings)
    seen = (await show_domain(lite, DOMAIN)).domain
    settings = replace(seen.settings, emergency_numbers=("911", "110"))
    command = ChangeDomain(name=DOMAIN, domain=replace(seen, settings=settings))
    saved = await change_domain(lite, shelf, ADMIN, command, NOW)
    told = [w for w in saved.warnings if w.where == "settings.emergency_numbers"]
    assert [w.message for w in told] == [
        f"domain {DOMAIN}: dial.plan: 110 is not let out.",
        "site Bern: dial.plan: 144 is not let out.",
    ]
    assert {w.severity for w in told} == {"warning"}
    language = replace(saved.record.settings, language="fr-CA")
    command = ChangeDomain(name=DOMAIN, domain=replace(saved.record, settings=language))
    assert (await change_domain(lite, shelf, ADMIN, command, NOW)).warnings == ()


async def test_many_plans_are_told_as_many(lite: Database, shelf: Shelf) -> None:
    phones = [
        {
            "mac": f"02ac3e0001{n:02x}",
            "model": "Acme D-6",
            "overrides": {"dial.plan": f"911|9911|7{n}"},
        }
        for n in range(210)
    ]
    site = {"name": "HQ", "emergency_numbers": ["911"]}
    numbers = {"emergency_numbers": ["911"]}
    tree = {"domain": DOMAIN, "settings": numbers, "sites": [site], "phones": phones}
    await load(lite, shelf, tree)
    seen = (await show_domain(lite, DOMAIN)).domain
    settings = replace(seen.settings, emergency_numbers=("112",))
    command = ChangeDomain(name=DOMAIN, domain=replace(seen, settings=settings))
    told = (await change_domain(lite, shelf, ADMIN, command, NOW)).warnings
    assert len(told) == 21
    assert told[-1].message == "there are more."
