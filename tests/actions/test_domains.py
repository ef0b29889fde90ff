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
from tests.actions.inventory import ADMIN, DOMAIN, NOW
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
    assert errors == {"name", "settings.sip_port"}
    with pytest.raises(RejectedAll, match="already"):
        await add_domain(lite, shelf, ADMIN, AddDomain(domain=Domain(name=DOMAIN)), NOW)
