"""Who changed what, told to those who may know, and undone where nobody changed it since."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from provisiond.actions.audit import show_change, undoing
from provisiond.actions.edits import domain_record
from provisiond.actions.standing import RecordKey
from provisiond.actions.users import ChangeUser, change_user, show_user
from provisiond.inventory.access import Role
from provisiond.inventory.emergency import EmergencyAddress, Proof
from provisiond.inventory.errors import Stale
from provisiond.inventory.people import User
from provisiond.store.database import Database
from provisiond.store.emergency import insert_addresses
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.web.offices import FRONT, OTHER, OWN, Client, asked, token
from tests.web.test_api_records import BASE, RECORDS

ANY = {"If-Match": "*"}


async def newest(client: Client, who: dict[str, str], **terms: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in terms.items())
    answer, body = await asked(client, "GET", f"/audit?{query}", who)
    assert answer.status == 200, body
    items: list[dict[str, Any]] = body["items"]
    return items


async def test_a_change_stands_there_with_who_what_and_before(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "PATCH", f"{BASE}/users/101", who, extra=ANY, json={"last_name": "New",
                "sip_password": "CANARY-new-secret"})  # fmt: skip
    entry = (await newest(client, who))[0]
    assert entry["action"] == "edit user"
    assert (entry["subject"], entry["domain"], entry["actor_kind"]) == ("101", DOMAIN, "api")
    assert entry["before"]["last_name"] == "Example"
    assert entry["after"]["last_name"] == "New"
    assert "CANARY" not in json.dumps(entry)
    one, same = await asked(client, "GET", f"/audit/{entry['id']}", who)
    assert (one.status, same) == (200, entry)


async def test_filters_go_together_and_pages_go_on(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    for number in range(5):
        await asked(client, "PATCH", f"{BASE}/users/101", who, extra=ANY,
                    json={"last_name": f"N{number}"})  # fmt: skip
    found = await newest(client, who, action="edit user".replace(" ", "%20"), subject="101")
    assert [entry["after"]["last_name"] for entry in found] == ["N4", "N3", "N2", "N1", "N0"]
    assert await newest(client, who, actor="nobody") == []
    of_users = {entry["action"] for entry in await newest(client, who, noun="user")}
    assert of_users == {"edit user", "add user"}
    assert await newest(client, who, noun="ser") == []
    assert await newest(client, who, since="2999-01-01T00:00:00Z") == []
    rows: list[int] = []
    cursor = ""
    while True:
        _, page = await asked(client, "GET", f"/audit?limit=2{cursor}", who)
        rows += [entry["id"] for entry in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert rows == sorted(rows, reverse=True)
    assert len(rows) == len(set(rows)) >= 6


async def test_another_domains_changes_do_not_exist(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    assert {entry["domain"] for entry in await newest(client, who)} == {DOMAIN}
    for query in (f"domain={OTHER}", "domain=never.example.test"):
        for path in ("/audit", "/audit/export", "/events"):
            answer, _ = await asked(client, "GET", f"{path}?{query}", who)
            assert answer.status == 404


async def test_changes_are_exported_as_lines_and_as_a_table(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "PATCH", f"{BASE}/users/101", who, extra=ANY, json={"last_name": "=1+1"})
    listed = await newest(client, who, limit="1000")
    answer = await client.get("/api/v1/audit/export?format=jsonl", headers=who)
    assert answer.content_type == "application/jsonl"
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert lines == listed
    answer = await client.get("/api/v1/audit/export?format=csv&action=edit%20user", headers=who)
    assert answer.content_type == "text/csv"
    [row] = list(csv.DictReader(io.StringIO(await answer.text())))
    assert (row["action"], row["subject"]) == ("edit user", "101")
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize("noun", [n for n in RECORDS if n != "directories"])
async def test_what_was_added_edited_and_deleted_is_undone(
    noun: str, client: Client, db: Database
) -> None:
    key, body, change = RECORDS[noun]
    who = await token(db, Role.MANAGER, DOMAIN)
    _, record = await asked(client, "POST", f"{BASE}/{noun}", who, json=body)
    one = f"{BASE}/{noun}/{record[key]}"
    _, first = await asked(client, "GET", one, who)
    edited, _ = await asked(client, "PATCH", one, who, json=change, extra=ANY)
    assert edited.status == 200
    edit = (await newest(client, who))[0]
    answer, tried = await asked(client, "POST", f"/audit/{edit['id']}/undo?dry_run=true", who)
    assert (answer.status, tried["dry_run"]) == (200, True), tried
    assert (await newest(client, who))[0] == edit
    answer, undone = await asked(client, "POST", f"/audit/{edit['id']}/undo", who)
    assert answer.status == 200, undone
    assert {**tried["record"], "revision": 0} == {**undone["record"], "revision": 0}
    _, again = await asked(client, "GET", one, who)
    assert {**undone["record"], "warnings": []} == again
    moving = {"revision", "now", "next", "holds", "sighting", "warnings"}
    assert {k: v for k, v in again.items() if k not in moving} == {
        k: v for k, v in first.items() if k not in moving
    }
    twice, problem = await asked(client, "POST", f"/audit/{edit['id']}/undo", who)
    assert (twice.status, problem["code"]) == (409, "conflict")
    await asked(client, "DELETE", one, who, extra=ANY)
    gone = (await newest(client, who))[0]
    answer, tried = await asked(client, "POST", f"/audit/{gone['id']}/undo?dry_run=true", who)
    assert answer.status == 200, tried
    assert (await asked(client, "GET", one, who))[0].status == 404
    answer, undone = await asked(client, "POST", f"/audit/{gone['id']}/undo", who)
    assert answer.status == 200, undone
    assert (await asked(client, "GET", one, who))[0].status == 200
    back = (await newest(client, who))[0]
    answer, undone = await asked(client, "POST", f"/audit/{back['id']}/undo", who)
    assert (answer.status, undone["record"]) == (200, None)
    assert (await asked(client, "GET", one, who))[0].status == 404


async def test_undoing_needs_the_right_to_the_opposite(client: Client, db: Database) -> None:
    manager = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "PATCH", f"{BASE}/users/101", manager, extra=ANY, json={"last_name": "New"})
    edit = (await newest(client, manager))[0]
    for who in (await token(db, Role.TECH, DOMAIN),
                await token(db, Role.MANAGER, DOMAIN, read_only=True)):  # fmt: skip
        answer, _ = await asked(client, "POST", f"/audit/{edit['id']}/undo", who)
        assert answer.status == 403


async def test_what_holds_secrets_or_is_no_record_is_not_undone(
    client: Client, db: Database
) -> None:
    admin = await token(db, Role.ADMIN)
    body = {"sip_password": "CANARY-another-one"}
    await asked(client, "PATCH", f"{BASE}/users/101", admin, extra=ANY, json=body)
    await asked(client, "POST", f"{BASE}/phones/{OWN.mac}/enrolment", admin, json={})
    for secret in ("CANARY-site", "CANARY-other"):
        settings = {"phone_admin_password": secret}
        path = f"{BASE}/sites/HQ"
        await asked(client, "PATCH", path, admin, extra=ANY, json={"settings": settings})
    site, _, opened, edited = (await newest(client, admin, domain=DOMAIN))[:4]
    for entry, said in (
        (opened, "cannot be undone"),
        (edited, "keeps no secrets"),
        (site, "keeps no secrets"),
    ):
        answer, problem = await asked(client, "POST", f"/audit/{entry['id']}/undo", admin)
        assert answer.status == 409
        assert said in problem["detail"]


async def undone(client: Client, who: dict[str, str], entry: dict[str, Any]) -> tuple[int, Any]:
    answer, body = await asked(client, "POST", f"/audit/{entry['id']}/undo", who)
    return answer.status, body


async def test_a_later_change_of_many_is_not_overwritten(client: Client, db: Database) -> None:
    """The journal names no user of a bulk change: what stands tells that it came later."""
    who = await token(db, Role.MANAGER, DOMAIN)
    user, given = f"{BASE}/users/101", {"emergency_caller_id": OWN.number}
    await asked(client, "PATCH", user, who, extra=ANY, json=given)
    caller_id = (await newest(client, who))[0]
    await asked(client, "PATCH", user, who, extra=ANY, json={"emergency_address": "Front"})
    address = (await newest(client, who))[0]
    await asked(client, "POST", f"{BASE}/users", who, json={"extension": "150"})
    added = (await newest(client, who))[0]
    for path, body in (
        ("caller-ids", {"number": OWN.number, "extensions": ["150"]}),
        ("caller-ids", {"number": None, "extensions": None}),
        ("assignments", {"name": None, "users": ["101"]}),
        ("assignments", {"name": "Front", "users": ["150"]}),
    ):
        answer, problem = await asked(client, "POST", f"{BASE}/emergency-{path}", who, json=body)
        assert answer.status == 200, problem
    before = (await asked(client, "GET", user, who))[1]
    for entry in (caller_id, address, added):
        status, problem = await undone(client, who, entry)
        assert (status, problem["code"]) == (409, "conflict"), problem
        assert "meanwhile" in problem["detail"]
    assert (await asked(client, "GET", user, who))[1] == before
    assert (await asked(client, "GET", f"{BASE}/users/150", who))[0].status == 200


async def test_what_a_change_of_many_left_alone_is_undone(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "PATCH", f"{BASE}/users/101", who, extra=ANY, json={"last_name": "New"})
    edit = (await newest(client, who))[0]
    body = {"number": OWN.number, "extensions": ["101"]}
    await asked(client, "POST", f"{BASE}/emergency-caller-ids", who, json=body)
    status, told = await undone(client, who, edit)
    assert (status, told["record"]["last_name"]) == (200, "Example")
    assert told["record"]["emergency_caller_id"] == OWN.number


async def test_the_default_address_of_later_stays_the_default(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    front = f"{BASE}/emergency-addresses/Front"
    await asked(client, "PATCH", front, who, extra=ANY, json={"default": True})
    await asked(client, "PATCH", front, who, extra=ANY, json={"default": False})
    edit = (await newest(client, who))[0]
    async with db.write() as write:
        domain_id, _ = await domain_record(write, DOMAIN)
        back = EmergencyAddress(name="Back", civic=FRONT, proof=Proof(at=NOW), is_default=True)
        await insert_addresses(write, domain_id, [back])
    status, problem = await undone(client, who, edit)
    assert status == 409, problem
    assert "Back is" in problem["detail"]
    assert (await asked(client, "GET", front, who))[1]["default"] is False


async def test_a_time_frame_of_a_user_is_undone_as_that_users(client: Client, db: Database) -> None:
    """The domain has one of the same name, and one that is called like the entry's subject."""
    who = await token(db, Role.MANAGER, DOMAIN)
    path, own = f"{BASE}/timeframes", "?owner=101"
    hours = [{"days": ["mon"], "start": "20:00", "end": "06:00"}]
    frame = {"name": "Night", "kind": "weekly", "hours": hours}
    for body in (frame, {**frame, "name": "Night of user 101"}, {**frame, "owner": "101"}):
        answer, problem = await asked(client, "POST", path, who, json=body)
        assert answer.status == 201, problem
    added = (await newest(client, who))[0]
    theirs = [(await asked(client, "GET", f"{path}/{name}", who))[1] for name in
              ("Night", "Night%20of%20user%20101")]  # fmt: skip
    one = f"{path}/Night{own}"
    first = (await asked(client, "GET", one, who))[1]
    for change in ({"hours": [{"days": ["sat"]}]}, {"name": "Late"}):
        answer, problem = await asked(client, "PATCH", one, who, extra=ANY, json=change)
        assert answer.status == 200, problem
        status, told = await undone(client, who, (await newest(client, who))[0])
        assert (status, told["record"]["hours"], told["record"]["owner"]) == (
            200,
            first["hours"],
            "101",
        )
        one = f"{path}/{told['record']['name']}{own}"
    await asked(client, "DELETE", one, who, extra=ANY)
    status, told = await undone(client, who, (await newest(client, who))[0])
    assert (status, told["record"]["name"], told["record"]["owner"]) == (200, "Night", "101")
    back = (await newest(client, who))[0]
    assert (await undone(client, who, back))[0] == 200
    assert (await undone(client, who, added))[0] == 409
    assert (await asked(client, "GET", one, who))[0].status == 404
    for name, before in zip(("Night", "Night%20of%20user%20101"), theirs, strict=True):
        assert (await asked(client, "GET", f"{path}/{name}", who))[1] == before


async def test_whoever_changes_the_record_meanwhile_waits_for_the_undoing(
    client: Client, db: Database
) -> None:
    """Look and change are one transaction: a writer between them comes after, and loses nothing."""
    who = await token(db, Role.MANAGER, DOMAIN)
    await asked(client, "PATCH", f"{BASE}/users/101", who, extra=ANY, json={"last_name": "New"})
    entry = await show_change(db, ADMIN, (await newest(client, who))[0]["id"])
    later = ChangeUser(domain=DOMAIN, extension="101", user=User(extension="101", revision=2))
    async with undoing(db, entry, RecordKey(noun="user", name="101")) as inside:
        racing = asyncio.create_task(change_user(db, ADMIN, later, NOW))
        await asyncio.sleep(0.1)
        assert not racing.done()
        user = (await show_user(inside, DOMAIN, "101")).user
        command = ChangeUser(domain=DOMAIN, extension="101", user=replace(user, last_name="Old"))
        await change_user(inside, ADMIN, command, NOW)
    with pytest.raises(Stale):
        await racing
    assert (await show_user(db, DOMAIN, "101")).user.last_name == "Old"


async def brought(client: Client, who: dict[str, str], tree: dict[str, Any]) -> dict[str, Any]:
    """Import a file; the import's entry."""
    body = json.dumps({"domain": DOMAIN, **tree})
    headers = {"Content-Type": "application/json"}
    answer, report = await asked(
        client, "POST", f"{BASE}/import?file=x.json", who, data=body, extra=headers
    )
    assert answer.status == 200, report.get("errors", report)
    return (await newest(client, who, action="import"))[0]


async def test_what_an_import_made_of_one_record_is_undone_by_itself(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    numbers = [{"number": "+12125550199"}]
    users = [{"extension": "101", "last_name": "New"}]
    tree = {"users": users, "numbers": numbers, "sites": [{"name": "Lab"}]}
    whole = await brought(client, who, tree)
    tech = await token(db, Role.TECH, DOMAIN)
    assert (await undone(client, tech, whole))[0] == 403
    parts = await newest(client, who, part_of=str(whole["id"]))
    assert [part["action"] for part in parts] == ["add number", "edit user", "add site"]
    number, user, site = parts
    status, told = await undone(client, who, user)
    assert (status, told["record"]["last_name"], told["records"]) == (200, "Example", 1)
    there = (await newest(client, who))[0]
    status, told = await undone(client, who, whole)
    assert (status, told["code"]) == (409, "conflict")
    assert f"edit user 101 (entry {user['id']})" in told["detail"]
    assert (await newest(client, who))[0] == there
    for part in (number, site):
        assert (await undone(client, who, part))[0] == 200
    assert (await asked(client, "GET", f"{BASE}/sites/Lab", who))[0].status == 404


async def test_an_import_of_what_cannot_be_undone_is_not_undone_whole(
    client: Client, db: Database
) -> None:
    """It is told by name, and nothing is undone; what can be, can be by itself."""
    who = await token(db, Role.ADMIN)
    await brought(client, who, {"sites": [{"name": "HQ", "phone_admin_password": "CANARY-1"}]})
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({"users": [{"extension": "101", "sip_password": "CANARY-2"}]}, "edit user 101"),
        ({"directories": [{"name": "extra"}]}, "add directory extra"),
        ({"settings": {"sip_port": 5071}}, f"edit domain {DOMAIN}"),
        ({"overrides": []}, f"edit overrides {DOMAIN}"),
        ({"sites": [{"name": "HQ", "phone_admin_password": "CANARY-3"}]}, "edit site HQ"),
    )
    for place, (tree, named) in enumerate(refused):
        number = {"number": f"+1212555018{place}"}
        whole = await brought(client, who, {"numbers": [number], **tree})
        last = (await newest(client, who))[0]
        status, told = await undone(client, who, whole)
        assert (status, told["code"]) == (409, "conflict"), named
        assert named in told["detail"]
        assert (await newest(client, who))[0] == last
        parts = await newest(client, who, part_of=str(whole["id"]), noun="number")
        assert (await undone(client, who, parts[0]))[0] == 200
    assert "CANARY" not in json.dumps(await newest(client, who, limit="1000"))
