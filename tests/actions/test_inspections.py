"""`check` finds what an import let through and what came to be wrong since."""

import asyncio
from pathlib import Path

from provisiond.actions.inspections import inspect_inventory
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Domain
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database
from provisiond.store.domains import insert_domain
from provisiond.store.phones import insert_phones
from provisiond.store.users import insert_users
from tests.actions.inventory import DOMAIN, MAC, NOW, changed, load

URLS = PublicUrls(http="http://phones.example.test/")


async def said(db: Database, shelf: Shelf, urls: PublicUrls = URLS) -> list[tuple[str, str]]:
    findings = await inspect_inventory(db, shelf, urls, NOW)
    return [(f.severity, f"{f.where}: {f.message}") for f in findings]


async def test_a_sound_inventory_has_no_faults(db: Database, shelf: Shelf) -> None:
    await load(db, shelf)
    assert [text for severity, text in await said(db, shelf) if severity == "error"] == []


async def test_a_phone_whose_family_is_gone_is_a_fault(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    await load(lite, shelf)
    empty = await asyncio.to_thread(Shelf.load, [tmp_path])
    found = await said(lite, empty)
    assert (
        "error",
        f"{DOMAIN} {MAC} model: 'Acme D-6' is no model we know.",
    ) in found


async def test_a_url_the_phone_cannot_keep_or_fetch_is_a_fault(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    long = PublicUrls(http=f"http://{'a' * 60}.{'b' * 60}.example.test/")
    assert any("provisioning URL: it has" in text for _, text in await said(lite, shelf, long))
    none = await said(lite, shelf, PublicUrls())
    assert any("can be given no URL" in text for _, text in none)


async def test_a_domain_without_a_registrar_and_a_misfit_are_found(
    lite: Database, shelf: Shelf
) -> None:
    async with lite.write() as write:
        domain_id = await insert_domain(write, Domain(name="b.test"))
        phone = Phone(mac=Mac("02ac3e0000aa"), model="Acme D-6", sidecars=("XXL",))
        await insert_phones(write, domain_id, [phone])
    found = await said(lite, shelf)
    assert ("warning", "b.test settings: no sip_server is set; phones would not know where to "
            "register.") in found  # fmt: skip
    assert any("takes no sidecar 'XXL'" in text for _, text in found)


async def test_a_password_that_a_phone_would_be_told_otherwise_is_found(
    lite: Database, shelf: Shelf
) -> None:
    async with lite.write() as write:
        domain_id = await insert_domain(write, Domain(name="b.test"))
        user = User(extension="101", sip_password=Secret("hush-hush "))
        await insert_users(write, domain_id, [user])
        lines = (PhoneLine(line=1, extension="101"),)
        phone = Phone(mac=Mac("02ac3e0000aa"), model="Acme D-6", lines=lines)
        await insert_phones(write, domain_id, [phone])
    found = [
        text
        for severity, text in await said(lite, shelf)
        if severity == "warning" and "SIP password of 101" in text
    ]
    assert len(found) == 1
    assert found[0].startswith("b.test 02:ac:3e:00:00:aa lines[0]: ")
    assert "hush-hush" not in found[0]


async def test_an_override_that_undoes_the_enrolment_is_a_fault_of_each_phone(
    lite: Database, shelf: Shelf
) -> None:
    tree = changed()
    tree["overrides"] = [{"family": "acme/desk", "key": "provision.dhcp", "value": "1"}]
    tree["phones"][0]["overrides"] = {"provision.url": "http://elsewhere.example.test/"}
    tree["phones"][1]["overrides"] = {"provision.url": None}
    await load(lite, shelf, tree)
    findings = await inspect_inventory(lite, shelf, URLS, NOW)
    undoing = {(f.where, f.remedy) for f in findings if "undoes the enrolment" in f.message}
    command = "`provisiond phones edit {} --no-override provision.url`"
    second = "02:ac:3e:00:00:02"
    assert undoing == {
        (f"{DOMAIN} {MAC} overrides.provision.url", f"Remove it with {command.format(MAC)}."),
        (f"{DOMAIN} {second} overrides.provision.url", f"Remove it with {command.format(second)}."),
        (f"{DOMAIN} {MAC} overrides.provision.dhcp", "Remove it from the overrides of the domain."),
        (
            f"{DOMAIN} {second} overrides.provision.dhcp",
            "Remove it from the overrides of the domain.",
        ),
    }


async def test_a_dial_plan_is_tried_with_the_numbers_of_each_place_where_it_holds(
    lite: Database, shelf: Shelf
) -> None:
    tree = changed(phones=[], settings={"emergency_numbers": ["911"]})
    tree["overrides"] = [{"family": "acme/desk", "key": "dial.plan", "value": "911|9911"}]
    tree["sites"] = [{"name": "Bern", "emergency_numbers": ["144"]}, {"name": "HQ"}]
    server = [{"family": "acme/desk", "key": "dial.plan", "value": "112|933|9911|91[12]T"}]
    await load(lite, shelf, {"server": {"overrides": server}, "domains": [tree]})
    plans = [text for _, text in await said(lite, shelf) if "144 is" in text or "911 is" in text]
    wanted = f"{DOMAIN} settings.emergency_numbers: site Bern: dial.plan: 144 is not let out."
    assert plans == [wanted, wanted]  # the server's and the domain's


async def test_an_override_that_keeps_the_enrolment_or_cannot_be_judged_is_no_fault(
    lite: Database, shelf: Shelf
) -> None:
    tree = changed()
    token = tree["phones"][0]["token"]
    url = f"http://phones.example.test/p/{token}/"
    tree["phones"][0]["overrides"] = {"provision.url": url, "provision.dhcp": "0"}
    await load(lite, shelf, tree)
    for urls in (URLS, PublicUrls()):
        assert not any("undoes" in text for _, text in await said(lite, shelf, urls))


async def test_numbers_whose_rules_cannot_win_or_whose_queue_is_off_are_found(
    lite: Database, shelf: Shelf
) -> None:
    handling = {"treatment": "call_queue", "destination": "300"}
    hours = {"days": "mon-fri", "start": "08:00", "end": "17:00"}
    tree = {
        "domain": "office.example.test",
        "settings": {"sip_server": "office.example.test"},
        "destinations": [{"kind": "call_queue", "extension": "300", "enabled": False}],
        "time_frames": [{"name": "Always", "kind": "always"}, {"name": "Day", "hours": [hours]}],
        "numbers": [
            {
                "number": "+18005550100",
                "rules": [{"frame": "Always", **handling}, {"frame": "Day", **handling}],
            }
        ],
        "sms_numbers": [{"number": "+18005550100", **handling}],
    }
    await load(lite, shelf, tree)
    found = await inspect_inventory(lite, shelf, URLS, NOW)
    assert [(f.where.removeprefix("office.example.test "), f.severity) for f in found] == [
        ("+18005550100 rules[1]", "warning"),
        ("+18005550100 rules[0].destination", "warning"),
        ("+18005550100 rules[1].destination", "warning"),
        ("SMS +18005550100 destination", "warning"),
    ]
