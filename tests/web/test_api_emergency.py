"""Emergency data as programs keep it: validated, accepted, saved, assigned, reported."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from pytest_aiohttp import AiohttpClient

from provisiond.actions.desk import Desk
from provisiond.actions.emergency_checks import AddressDesk
from provisiond.actions.emergency_report import readiness, readiness_csv
from provisiond.actions.feed import ChangeFeed
from provisiond.actions.provider_turns import PER_MINUTE
from provisiond.inventory.access import Role
from provisiond.inventory.emergency import Civic, Terms
from provisiond.outbound.address_check import CheckAnswer, Verdict
from provisiond.store.database import Database
from provisiond.web.app import Health, Shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import DOMAIN
from tests.web.offices import FRONT, OWN, Client, asked, token

BASE = f"/domains/{DOMAIN}"
ANY = {"If-Match": "*"}
PLACE = {
    "country": "us",
    "state": "New York",
    "city": "New York",
    "postcode": "10118",
    "house_number": "350",
    "street": "Fifth Ave",
    "floor": "7",
}


async def accepted(client: Client, who: dict[str, str], **place: str) -> dict[str, Any]:
    answer, found = await asked(client, "POST", f"{BASE}/address-validations", who, json=place)
    assert answer.status == 201, found
    one = f"{BASE}/address-validations/{found['id']}"
    assert answer.headers["Location"].endswith(one)
    answer, told = await asked(client, "POST", f"{one}/accept", who, json={})
    assert answer.status == 200, told
    assert (await asked(client, "GET", one, who))[1]["accepted"] == told["accepted"]
    record: dict[str, Any] = told
    return record


async def test_validate_accept_save_change_delete(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"{BASE}/emergency-addresses"
    answer, problem = await asked(client, "POST", path, who, json={"name": "HQ", **PLACE})
    assert (answer.status, "not validated" in problem["detail"]) == (409, True)
    found = await accepted(client, who, **PLACE)
    assert (found["outcome"], found["provider"], found["level"]) == (
        *("checked", ""),
        "postal_consistent",
    )
    answer, record = await asked(
        client, "POST", path, who, json={"name": "HQ", "validation": found["id"]}
    )
    assert answer.status == 201, record
    assert (record["state"], record["floor"], record["validated_by"]) == ("NY", "7", None)
    one = f"{path}/HQ"
    _, shown = await asked(client, "GET", one, who)
    assert shown["status"].startswith("postal-consistent, checked on")
    change = {"caller_name": "Example Inc"}
    answer, _ = await asked(client, "PATCH", one, who, json=change, extra={"If-Match": '"1"'})
    assert answer.status == 200
    moved = {"floor": "8"}
    answer, problem = await asked(client, "PATCH", one, who, json=moved, extra={"If-Match": '"2"'})
    assert (answer.status, "not validated" in problem["detail"]) == (409, True)
    again = await accepted(client, who, **{**PLACE, "floor": "8"})
    answer, record = await asked(
        client, "PATCH", one, who, json={"validation": again["id"]}, extra={"If-Match": '"2"'}
    )
    assert (answer.status, record["floor"], record["caller_name"]) == (200, "8", "Example Inc")
    answer, _ = await asked(client, "DELETE", one, who, extra={"If-Match": '"3"'})
    assert answer.status == 204


async def test_a_validation_of_a_number_that_no_store_holds_is_refused(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    body = {"name": "HQ", "validation": 70072514144692502528}
    answer, problem = await asked(client, "POST", f"{BASE}/emergency-addresses", who, json=body)
    assert answer.status == 422
    assert [fault["field"] for fault in problem["errors"]] == ["validation"]


async def test_what_cannot_be_right_tells_each_field(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    place = {**PLACE, "city": "", "line2": "PO Box 9"}
    _, found = await asked(client, "POST", f"{BASE}/address-validations", who, json=place)
    assert (found["outcome"], found["choices"]) == ("impossible", [])
    assert [fault["field"] for fault in found["findings"]] == ["city", "line2"]


async def test_addresses_are_assigned_and_the_nearest_holds(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    give = {"name": "Front", "users": ["101"], "default": True}
    _, told = await asked(client, "POST", f"{BASE}/emergency-assignments", who, json=give)
    assert told == {"changed": 2}
    _, user = await asked(client, "GET", f"{BASE}/users/101/emergency-address", who)
    assert (user["address"], user["origin"]) == ("Front", "from user 101")
    _, phone = await asked(client, "GET", f"{BASE}/phones/{OWN.mac}/emergency-address", who)
    assert phone["origin"] == "from user 101"
    own = {"emergency_address": "Front"}
    change = await asked(
        client, "PATCH", f"{BASE}/phones/{OWN.mac}", who, json=own, extra={"If-Match": "*"}
    )
    assert change[0].status == 200, change[1]
    _, phone = await asked(client, "GET", f"{BASE}/phones/{OWN.mac}/emergency-address", who)
    assert phone["origin"].startswith("from phone")
    gone = {"name": None, "phones": ["02-AC-3E-00-00-01"]}
    _, told = await asked(client, "POST", f"{BASE}/emergency-assignments", who, json=gone)
    assert told == {"changed": 1}
    _, shown = await asked(client, "GET", f"{BASE}/users/101", who)
    assert shown["emergency_address"] == "Front"
    lost = {"emergency_address": "Mars"}
    for path in (f"{BASE}/users/101", f"{BASE}/sites/HQ", f"{BASE}/phones/{OWN.mac}"):
        answer, problem = await asked(
            client, "PATCH", path, who, json=lost, extra={"If-Match": "*"}
        )
        assert (answer.status, problem["errors"][0]["field"]) == (422, "emergency_address")


async def test_the_report_as_a_file_is_the_one_that_the_prompt_writes(
    client: Client, desk: Desk, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    formula = {"site": None, "first_name": "=cmd()"}
    await asked(client, "PATCH", f"{BASE}/users/101", who, json=formula, extra={"If-Match": "*"})
    report = await readiness(db, desk.shelf(), Terms(), DOMAIN, desk.clock())
    for problems, only in (("true", True), ("false", False)):
        path = f"{BASE}/emergency-readiness?format=csv&problems={problems}"
        answer = await client.get(f"/api/v1{path}", headers=who)
        assert answer.content_type == "text/csv"
        assert await answer.read() == readiness_csv(report, problems_only=only)
        assert only or ",'=cmd()" in await answer.text()
    answer, problem = await asked(client, "GET", f"{BASE}/emergency-readiness?format=pdf", who)
    assert (answer.status, problem["errors"][0]["field"]) == (422, "format")


async def test_caller_ids_and_the_report(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    _, report = await asked(client, "GET", f"{BASE}/emergency-readiness", who)
    before = report["problems"]
    assert {row["problem"] for row in report["rows"] if row["noun"] == "user"} == {"no_address"}
    give = {"name": "Front", "default": True}
    await asked(client, "POST", f"{BASE}/emergency-assignments", who, json=give)
    every = {"number": OWN.number}
    _, told = await asked(client, "POST", f"{BASE}/emergency-caller-ids", who, json=every)
    assert told["changed"] >= 3
    _, report = await asked(client, "GET", f"{BASE}/emergency-readiness?problems=false", who)
    assert report["problems"] == 0 < before
    assert len(report["rows"]) > 3
    _, endpoint = await asked(client, "GET", f"{BASE}/emergency-endpoints/{OWN.number}", who)
    assert endpoint["users"] == told["changed"]
    answer, problem = await asked(
        client, "DELETE", f"{BASE}/emergency-endpoints/{OWN.number}", who, extra={"If-Match": "*"}
    )
    assert (answer.status, "user 101" in problem["detail"]) == (409, True)


async def test_a_document_for_providers(client: Client, db: Database) -> None:
    who = await token(db, Role.TECH, None)
    path = f"/api/v1{BASE}/emergency-addresses/Front/pidf-lo"
    answer = await client.get(path, headers=who)
    assert (answer.status, answer.content_type) == (200, "application/pidf+xml")
    document = etree.fromstring(await answer.read())
    said = "".join(str(text) for text in document.itertext())
    assert FRONT.street in said


async def undone(client: Client, who: dict[str, str]) -> tuple[int, Any]:
    """Undo the newest change of a record."""
    _, changes = await asked(client, "GET", "/audit?limit=1", who)
    newest = changes["items"][0]["id"]
    answer, told = await asked(client, "POST", f"/audit/{newest}/undo", who)
    return answer.status, told


async def test_an_address_is_undone_to_a_place_that_was_accepted(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    path, one = f"{BASE}/emergency-addresses", f"{BASE}/emergency-addresses/Main"
    first = await accepted(client, who, **PLACE)
    body = {"name": "HQ", "validation": first["id"], "caller_name": "Example Inc"}
    await asked(client, "POST", path, who, json=body)
    second = await accepted(client, who, **{**PLACE, "floor": "8", "room": "801"})
    change = {"name": "Main", "validation": second["id"], "multi_floor": True}
    answer, _ = await asked(client, "PATCH", f"{path}/HQ", who, json=change, extra=ANY)
    assert answer.status == 200
    status, told = await undone(client, who)
    assert (status, told["record"]["name"], told["record"]["floor"]) == (200, "HQ", "7")
    assert (told["record"]["room"], told["record"]["multi_floor"]) == ("", False)
    status, told = await undone(client, who)  # the undoing is undone
    assert (status, told["record"]["name"], told["record"]["room"]) == (200, "Main", "801")
    await asked(client, "DELETE", one, who, extra=ANY)
    status, told = await undone(client, who)
    assert (status, told["record"]["line"].endswith("801")) == (200, False), told
    _, back = await asked(client, "GET", one, who)
    assert (back["caller_name"], back["room"], back["multi_floor"]) == ("Example Inc", "801", True)
    assert back["status"].startswith("postal-consistent, checked on")
    status, told = await undone(client, who)
    assert (status, told["record"]) == (200, None)
    assert (await asked(client, "GET", one, who))[0].status == 404


async def test_a_place_that_nobody_accepted_here_does_not_come_back_by_undoing(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "DELETE", f"{BASE}/emergency-endpoints/{OWN.number}", who, extra=ANY)
    await asked(client, "DELETE", f"{BASE}/emergency-addresses/Front", who, extra=ANY)
    status, problem = await undone(client, who)
    assert (status, "not validated" in problem["detail"]) == (409, True)


async def test_an_endpoint_is_undone(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    one = f"{BASE}/emergency-endpoints/{OWN.number}"
    _, before = await asked(client, "GET", one, who)
    change = {"caller_name": "Front desk", "location": "lobby", "site": "HQ"}
    answer, told = await asked(client, "PATCH", one, who, json=change, extra=ANY)
    assert answer.status == 200, told
    # Whose an address is has nothing to do with the endpoint, nor has an SMS number of its digits.
    give = {"name": "Front", "users": ["101"]}
    _, changes = await asked(client, "GET", "/audit?limit=1", who)
    await asked(client, "POST", f"{BASE}/emergency-assignments", who, json=give)
    edit = changes["items"][0]["id"]
    answer, told = await asked(client, "POST", f"/audit/{edit}/undo", who)
    assert answer.status == 200, told
    _, again = await asked(client, "GET", one, who)
    assert {**again, "revision": 1} == {**before, "revision": 1}
    await asked(client, "DELETE", one, who, extra=ANY)
    status, told = await undone(client, who)
    assert (status, told["record"]["address"]) == (200, "Front")


async def test_what_was_made_available_meanwhile_is_not_undone_over(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    one = f"{BASE}/numbers/{OWN.number}"
    await asked(client, "PATCH", one, who, json={"notes": "new"}, extra=ANY)
    _, changes = await asked(client, "GET", "/audit?limit=1", who)
    edit = changes["items"][0]["id"]
    texts = {"number": OWN.number, "notes": "SMS"}
    answer, told = await asked(client, "POST", f"{BASE}/sms-numbers", who, json=texts)
    assert answer.status == 201, told
    await asked(client, "POST", f"{one}/available", who, extra=ANY)
    answer, problem = await asked(client, "POST", f"/audit/{edit}/undo", who)
    assert (answer.status, "changed again meanwhile" in problem["detail"]) == (409, True)
    await asked(client, "PATCH", one, who, json={"notes": "newest"}, extra=ANY)
    texts = {"number": OWN.number, "notes": "SMS again"}
    await asked(client, "PATCH", f"{BASE}/sms-numbers/{OWN.number}", who, json=texts, extra=ANY)
    _, changes = await asked(client, "GET", "/audit?action=edit%20number&limit=1", who)
    answer, told = await asked(client, "POST", f"/audit/{changes['items'][0]['id']}/undo", who)
    assert (answer.status, told["record"]["notes"]) == (200, "new"), told


IS_VALIDATED = r"""["',]validated["',]|validated (by|it)|valid_until": *['"]"""


class YesMan:
    """A provider to whom every place is right."""

    name = "Example E911"

    async def check(self, civic: Civic, caller_name: str) -> CheckAnswer:
        until = datetime(2100, 1, 1, tzinfo=UTC)
        return CheckAnswer(verdict=Verdict.VALID, places=(civic,), until=until)


async def test_what_a_provider_validated_is_not_called_so_once_nobody_is_asked(
    desk: Desk, health: Health, shown: Shown, aiohttp_client: AiohttpClient, db: Database
) -> None:
    who, feed = await token(db, Role.ADMIN), ChangeFeed(db)

    async def portal(addresses: AddressDesk) -> Client:
        own = replace(desk, addresses=addresses)
        client: Client = await aiohttp_client(make_portal(health, own, WebPolicy(), shown, feed))
        return client

    asking = AddressDesk(terms=Terms(provider=YesMan.name), checker=YesMan())
    client = await portal(asking)
    found = await accepted(client, who, **PLACE)
    assert (found["level"], found["words"]) == ("validated", "validated by Example E911")
    body = {"name": "HQ", "validation": found["id"], "default": True}
    answer, _ = await asked(client, "POST", f"{BASE}/emergency-addresses", who, json=body)
    assert answer.status == 201
    endpoint = {"number": "+18005550177", "address": "HQ"}
    answer, _ = await asked(client, "POST", f"{BASE}/emergency-endpoints", who, json=endpoint)
    assert answer.status == 201
    _, record = await asked(client, "GET", f"{BASE}/emergency-addresses/HQ", who)
    assert (record["level"], record["validated_by"]) == ("validated", YesMan.name)
    assert record["valid_until"].startswith("2100-01-01")
    client = await portal(AddressDesk(terms=Terms()))
    one = f"{BASE}/address-validations/{found['id']}"
    paths = [
        *(one, f"{BASE}/emergency-addresses", f"{BASE}/emergency-addresses/HQ"),
        *(f"{BASE}/emergency-endpoints", f"{BASE}/emergency-endpoints/+18005550177"),
        *(f"{BASE}/users/101/emergency-address", f"{BASE}/phones/{OWN.mac}/emergency-address"),
        *(f"{BASE}/emergency-readiness?problems=false", f"{BASE}/export", "/export"),
        *(f"{BASE}/export?format=csv&table=emergency_addresses", "/audit", "/audit/export"),
        *("/audit/export?format=csv", f"{BASE}/emergency-addresses/HQ/pidf-lo"),
    ]
    texts = {}
    for path in paths:
        answer = await client.get(f"/api/v1{path}", headers=who)
        texts[path] = await answer.text()
        assert answer.status == 200, (path, texts[path])
    answer = await client.post(f"/api/v1{one}/accept", headers=who, json={})
    texts["accept"] = await answer.text()
    texts["events"] = str(await feed.after(0, DOMAIN, 0.1))
    report = await readiness(db, desk.shelf(), Terms(), DOMAIN, desk.clock())
    texts["table"] = readiness_csv(report).decode()
    assert [name for name, text in texts.items() if re.search(IS_VALIDATED, text)] == []
    for name in (one, "accept", f"{BASE}/emergency-addresses/HQ", "table"):
        assert re.search(r"Example E911 looked at it on .* is not asked any more", texts[name])
    _, again = await asked(client, "GET", one, who)
    assert (again["level"], again["outcome"]) == ("postal_consistent", "valid")


async def test_a_provider_that_was_asked_too_often_is_told_with_the_time_to_wait(
    desk: Desk, health: Health, shown: Shown, aiohttp_client: AiohttpClient, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    addresses = AddressDesk(terms=Terms(provider=YesMan.name), checker=YesMan())
    own = replace(desk, addresses=addresses)
    client = await aiohttp_client(make_portal(health, own, WebPolicy(), shown, ChangeFeed(db)))
    path = f"{BASE}/address-validations"
    for _ in range(PER_MINUTE - 1):
        with addresses.turns.taken(DOMAIN, YesMan.name, desk.clock()):
            pass
    assert (await asked(client, "POST", path, who, json=PLACE))[0].status == 201
    answer, problem = await asked(client, "POST", path, who, json=PLACE)
    assert (answer.status, problem["code"]) == (429, "too_often")
    assert "try again in" in problem["detail"]
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await asked(client, "GET", f"{BASE}/emergency-addresses", who))[0].status == 200
