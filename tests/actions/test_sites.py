"""Sites are edited; the secrets of their settings stay where they are not typed anew."""

from dataclasses import replace

import pytest

from provisiond.actions.sites import (
    AddSite,
    ChangeSite,
    DeleteSite,
    add_site,
    change_site,
    delete_site,
    list_domain_sites,
    show_site,
)
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Settings, Site
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret
from provisiond.store import sites
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MAC, MANAGER, NOW, faults, load
from tests.actions.offices import changes

LAB = Site(
    name="Lab",
    settings=Settings(
        time_zone="Europe/Berlin",
        phone_admin_password=Secret("CANARY-lab"),
        firmware=(("acme d6", "d6.rom"),),
    ),
)


async def test_a_site_is_added_changed_and_deleted(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    saved = await add_site(db, shelf, ADMIN, AddSite(domain=DOMAIN, site=LAB), NOW)
    assert saved.record.settings.firmware == (("Acme D-6", "d6.rom"),)
    seen = await show_site(db, DOMAIN, "Lab")
    assert seen.settings.phone_admin_password == Secret(MASK)
    renamed = replace(seen, name="Plant", settings=replace(seen.settings, vlan_phone=42))
    command = ChangeSite(domain=DOMAIN, name="Lab", site=renamed)
    await change_site(db, shelf, ADMIN, command, NOW)
    async with db.read() as read:
        stored = await sites.get_site(read, 1, "Plant")
    assert stored.settings.phone_admin_password == Secret("CANARY-lab")
    with pytest.raises(NotFound):
        await change_site(db, shelf, ADMIN, command, NOW)
    stale = replace(command, name="Plant")
    with pytest.raises(Conflict):
        await change_site(db, shelf, ADMIN, stale, NOW)
    await delete_site(db, ADMIN, DeleteSite(domain=DOMAIN, name="Plant"), NOW)
    assert "Plant" not in [site.name for site in await list_domain_sites(db, DOMAIN)]
    entries = (await changes(db))[:3]
    assert [entry.action for entry in entries] == ["delete site", "edit site", "add site"]
    assert not any("CANARY" in entry.before + entry.after for entry in entries)


async def test_a_site_where_somebody_is_stays(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    with pytest.raises(Conflict, match=Mac.parse(MAC).text):
        await delete_site(lite, ADMIN, DeleteSite(domain=DOMAIN, name="HQ"), NOW)


async def test_faults_and_unknown_models(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    wrong = Site(name="HQ", settings=Settings(time_zone="Europe/Berln", vlan_phone=9999))
    with pytest.raises(RejectedAll) as caught:
        await add_site(lite, shelf, ADMIN, AddSite(domain=DOMAIN, site=wrong), NOW)
    assert {f.where for f in caught.value.findings} == {
        "settings.time_zone",
        "settings.vlan_phone",
        "name",
    }
    odd = Site(name="x", settings=Settings(firmware=(("Acme Nine", "a.rom"),)))
    saved = await add_site(lite, shelf, ADMIN, AddSite(domain=DOMAIN, site=odd), NOW)
    assert [(f.where, f.severity) for f in saved.warnings] == [
        ("settings.firmware.Acme Nine", "warning")
    ]


async def test_dial_plans_are_tried_with_the_emergency_numbers_of_a_new_or_changed_site(
    lite: Database, shelf: Shelf
) -> None:
    plan = {"family": "acme/desk", "key": "dial.plan", "value": "911|9911|112|933"}
    await load(lite, shelf, {"domain": DOMAIN, "overrides": [plan]})
    bern = Site(name="Bern", settings=Settings(emergency_numbers=("144",)))
    added = await add_site(lite, shelf, ADMIN, AddSite(domain=DOMAIN, site=bern), NOW)
    assert [w.message for w in added.warnings] == ["site Bern: dial.plan: 144 is not let out."]
    moved = replace(added.record, settings=Settings(emergency_numbers=("112", "118")))
    command = ChangeSite(domain=DOMAIN, name="Bern", site=moved)
    saved = await change_site(lite, shelf, ADMIN, command, NOW)
    assert [w.message for w in saved.warnings] == ["site Bern: dial.plan: 118 is not let out."]


async def test_who_is_no_admin_leaves_no_emergency_number_out(db: Database, shelf: Shelf) -> None:
    """At a new site, a stored one, a phone, by hand and by file; more numbers may be added."""
    await load(db, shelf)
    place = "settings.emergency_numbers"

    async def refused(numbers: tuple[str, ...]) -> str:
        bern = Site(name="Bern", settings=Settings(emergency_numbers=numbers))
        with pytest.raises(RejectedAll) as fault:
            await add_site(db, shelf, MANAGER, AddSite(domain=DOMAIN, site=bern), NOW)
        assert [finding.where for finding in fault.value.findings] == [place]
        return fault.value.findings[0].message

    assert (await refused(())).startswith("911, 933, 112 would be no emergency number")
    assert (await refused(("911", "112", "144"))).startswith("933 would be")
    more = Settings(emergency_numbers=("911", "933", "112", "144"))
    bern = Site(name="Bern", settings=more)
    saved = await add_site(db, shelf, MANAGER, AddSite(domain=DOMAIN, site=bern), NOW)
    fewer = replace(saved.record, settings=Settings(emergency_numbers=("911", "144")))
    change = ChangeSite(domain=DOMAIN, name="Bern", site=fewer)
    with pytest.raises(RejectedAll, match="1 fault"):
        await change_site(db, shelf, MANAGER, change, NOW)
    saved = await change_site(db, shelf, ADMIN, change, NOW)
    stands = replace(saved.record, settings=replace(fewer.settings, vlan_phone=7))
    await change_site(db, shelf, MANAGER, replace(change, site=stands), NOW)

    tree = {
        "domain": DOMAIN,
        "sites": [{"name": "Ulm", "emergency_numbers": ["110"]}],
        "phones": [{"mac": MAC, "settings": {"emergency_numbers": []}}],
    }
    found = [f for f in await faults(db, shelf, tree, actor=MANAGER) if f.severity == "error"]
    assert {finding.where for finding in found} == {
        "sites[0].emergency_numbers",
        "phones[0].settings.emergency_numbers",
    }
    await load(db, shelf, tree)
