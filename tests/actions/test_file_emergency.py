"""Emergency data in inventory files: nothing is lost, nothing is forged."""

import json
from typing import Any

import pytest

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.imports import ImportInventory, ImportReport, import_inventory
from provisiond.actions.record_tables import TableKind
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.store.database import Database
from provisiond.store.domains import find_domain
from provisiond.store.emergency import all_addresses
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER, NOW

PLACE = {
    "country": "US",
    "state": "NY",
    "city": "New York",
    "postcode": "10118",
    "house_number": "350",
    "street": "Fifth Ave",
    "floor": "3",
}
PROOF = {"provider": "Example", "at": "2026-11-01T08:00:00Z", "until": "2027-11-01T08:00:00Z"}
FILE: dict[str, Any] = {
    "domain": DOMAIN,
    "settings": {"sip_server": "pbx.example.test"},
    "sites": [{"name": "HQ", "emergency_address": "HQ"}],
    "users": [
        {
            "extension": "101",
            "sip_password": "x",
            "emergency_address": "Dock",
            "emergency_caller_id": "+18005550100",
        }
    ],
    "phones": [{"mac": "02:ac:3e:00:00:01", "model": "Acme D-6", "emergency_address": "HQ"}],
    "emergency_addresses": [
        {"name": "Dock", **PLACE, "location": "gate 4", "multi_floor": True},
        {"name": "HQ", **PLACE, "caller_name": "Example Inc", "default": True, "proof": PROOF},
    ],
    "emergency_endpoints": [
        {"number": "(800) 555-0100", "address": "HQ", "site": "HQ", "location": "reception"}
    ],
}


async def bring(
    db: Database, shelf: Shelf, tree: dict[str, Any], actor: Actor = ADMIN
) -> ImportReport:
    command = ImportInventory(content=json.dumps(tree).encode(), filename="x.json")
    return await import_inventory(db, shelf, actor, command, NOW)


async def take(db: Database, form: Format = Format.JSON) -> bytes:
    command = ExportInventory(domain=DOMAIN, with_secrets=True, format=form)
    return await export_inventory(db, ADMIN, command, NOW)


def with_address(**changes: Any) -> dict[str, Any]:
    return {"domain": DOMAIN, "emergency_addresses": [{"name": "New", **PLACE, **changes}]}


async def test_the_round_trip_loses_nothing(db: Database, lite: Database, shelf: Shelf) -> None:
    report = await bring(db, shelf, FILE)
    counts = {count.kind: count.added for count in report.domains[0].counts}
    assert (counts["emergency_addresses"], counts["emergency_endpoints"]) == (2, 1)
    first = await take(db)
    tree = json.loads(first)
    assert tree["emergency_addresses"][1]["proof"] == PROOF
    assert tree["emergency_endpoints"][0]["number"] == "+18005550100"
    assert tree["sites"][0]["emergency_address"] == "HQ"
    assert tree["users"][0]["emergency_caller_id"] == "+18005550100"
    assert tree["phones"][0]["emergency_address"] == "HQ"
    await bring(lite, shelf, tree)
    assert await take(lite) == first
    again = await bring(lite, shelf, tree)
    assert {(c.added, c.changed) for c in again.domains[0].counts} == {(0, 0)}


async def test_a_file_without_the_fields_leaves_them_alone(lite: Database, shelf: Shelf) -> None:
    await bring(lite, shelf, FILE)
    before = await take(lite)
    bare = {"domain": DOMAIN, "users": [{"extension": "101"}], "sites": [{"name": "HQ"}]}
    await bring(lite, shelf, bare)
    assert await take(lite) == before
    await bring(
        lite, shelf, {"domain": DOMAIN, "sites": [{"name": "HQ", "emergency_address": None}]}
    )
    assert "emergency_address" not in json.loads(await take(lite))["sites"][0]


async def test_only_an_admin_brings_a_validation_back(lite: Database, shelf: Shelf) -> None:
    await bring(lite, shelf, {"domain": DOMAIN, "settings": {"sip_server": "x.test"}})
    report = await bring(lite, shelf, with_address(proof=PROOF), MANAGER)
    assert ["admin's to bring back" in one.message for one in report.warnings] == [True]
    async with lite.read() as read:
        found = await find_domain(read, DOMAIN)
        assert found is not None
        assert (await all_addresses(read, found[0]))["New"].proof is None


async def test_a_file_from_before_a_rejection_does_not_undo_it(
    lite: Database, shelf: Shelf
) -> None:
    await bring(lite, shelf, FILE)
    rejection = {"provider": "Example", "at": "2026-11-20T08:00:00Z", "rejected": True}
    tree = {"domain": DOMAIN, "emergency_addresses": [{"name": "HQ", "proof": rejection}]}
    await bring(lite, shelf, tree)
    before = await take(lite)
    assert json.loads(before)["emergency_addresses"][1]["proof"] == rejection
    report = await bring(lite, shelf, FILE)
    assert ["was rejected since" in one.message for one in report.warnings] == [True]
    assert await take(lite) == before
    newer = PROOF | {"at": "2026-11-21T08:00:00Z"}
    tree = {"domain": DOMAIN, "emergency_addresses": [{"name": "HQ", "proof": newer}]}
    await bring(lite, shelf, tree)
    assert json.loads(await take(lite))["emergency_addresses"][1]["proof"] == newer


async def test_another_place_loses_what_was_said_of_the_old(lite: Database, shelf: Shelf) -> None:
    await bring(lite, shelf, FILE)
    moved = {"domain": DOMAIN, "emergency_addresses": [{"name": "HQ", "floor": "9"}]}
    await bring(lite, shelf, moved)
    [_, hq] = json.loads(await take(lite))["emergency_addresses"]
    assert (hq["floor"], hq["street"], "proof" in hq) == ("9", "Fifth Ave", False)


@pytest.mark.parametrize("kind", ["emergency_addresses", "emergency_endpoints", "users"])
async def test_tables_come_back_as_they_went(lite: Database, shelf: Shelf, kind: str) -> None:
    await bring(lite, shelf, FILE)
    before = await take(lite)
    command = ExportInventory(domain=DOMAIN, format=Format.CSV, table=TableKind(kind))
    table = await export_inventory(lite, ADMIN, command, NOW)
    brought = ImportInventory(content=table, filename="x.csv", domain=DOMAIN)
    report = await import_inventory(lite, shelf, ADMIN, brought, NOW)
    assert {(c.added, c.changed) for c in report.domains[0].counts} == {(0, 0)}
    assert await take(lite) == before


async def test_another_systems_table_of_addresses_is_read(lite: Database, shelf: Shelf) -> None:
    await bring(lite, shelf, FILE)
    table = (
        "Address Name;Street Number;Street Name;Locality;Province;ZIP;Country;Suite\n"
        "Annex;12;Main St;Toronto;Ontario;m5v 2t6;ca;4\n"
    )
    brought = ImportInventory(content=table.encode(), filename="x.csv", domain=DOMAIN)
    await import_inventory(lite, shelf, ADMIN, brought, NOW)
    [annex, *_] = json.loads(await take(lite))["emergency_addresses"]
    assert (annex["state"], annex["postcode"], annex["unit"]) == ("ON", "M5V 2T6", "4")


@pytest.mark.parametrize(
    ("tree", "where", "words"),
    [
        (with_address(line2="PO Box 1"), "emergency_addresses[0].line2", "post office box"),
        (with_address(city="a\u0007b"), "emergency_addresses[0].city", "control character"),
        (with_address(stret="x"), "emergency_addresses[0].stret", "no field 'stret'"),
        (
            {"domain": DOMAIN, "users": [{"extension": "101", "emergency_address": "Mars"}]},
            "users[0].emergency_address",
            "no emergency address 'Mars'",
        ),
        (
            {"domain": DOMAIN, "users": [{"extension": "101", "emergency_caller_id": "911"}]},
            "users[0].emergency_caller_id",
            "no telephone number",
        ),
        (
            {"domain": DOMAIN, "emergency_endpoints": [{"number": "+18005550101", "address": "M"}]},
            "emergency_endpoints[0].address",
            "no emergency address 'M'",
        ),
        (
            {
                "domain": DOMAIN,
                "emergency_endpoints": [
                    {"number": "+18005550101", "address": "HQ", "site": "HQ"},
                ],
            },
            "emergency_endpoints[0].site",
            "has the endpoint +18005550100 already",
        ),
    ],
)
async def test_faults_name_their_place_and_nothing_is_written(
    lite: Database, shelf: Shelf, tree: dict[str, Any], where: str, words: str
) -> None:
    await bring(lite, shelf, FILE)
    before = await take(lite)
    with pytest.raises(RejectedAll) as caught:
        await bring(lite, shelf, tree)
    faults: list[Finding] = [one for one in caught.value.findings if one.severity == "error"]
    assert [(one.where, words in one.message) for one in faults] == [(where, True)]
    assert await take(lite) == before


async def test_a_draft_comes_in_as_one(lite: Database, shelf: Shelf) -> None:
    await bring(lite, shelf, FILE)
    report = await bring(lite, shelf, with_address(postcode="90210", city=""))
    assert [one.severity for one in report.warnings] == ["warning"]
