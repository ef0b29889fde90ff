"""Who changed what, told to those who may know, and undone where nobody changed it since."""

import csv
import io
import json
from typing import Any

import pytest

from provisiond.inventory.access import Role
from provisiond.store.database import Database
from tests.actions.inventory import DOMAIN
from tests.web.offices import OTHER, OWN, Client, asked, token
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
    admin = await token(db, Role.ADMIN)
    theirs = (await newest(client, admin, domain=OTHER))[0]
    who = await token(db, Role.MANAGER, DOMAIN)
    assert {entry["domain"] for entry in await newest(client, who)} == {DOMAIN}
    told = []
    for path in (f"/audit/{theirs['id']}", "/audit/999999"):
        for method, more in (("GET", ""), ("POST", "/undo")):
            answer, problem = await asked(client, method, path + more, who)
            assert answer.status == 404
            told.append(problem["detail"].replace(str(theirs["id"]), "999999"))
    assert len(set(told)) == 1
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
    answer, undone = await asked(client, "POST", f"/audit/{edit['id']}/undo", who)
    assert answer.status == 200, undone
    _, again = await asked(client, "GET", one, who)
    moving = {"revision", "now", "next", "holds", "sighting", "warnings"}
    assert {k: v for k, v in again.items() if k not in moving} == {
        k: v for k, v in first.items() if k not in moving
    }
    twice, problem = await asked(client, "POST", f"/audit/{edit['id']}/undo", who)
    assert (twice.status, problem["code"]) == (409, "conflict")
    await asked(client, "DELETE", one, who, extra=ANY)
    gone = (await newest(client, who))[0]
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
    opened, edited = (await newest(client, admin, domain=DOMAIN))[:2]
    for entry, said in ((opened, "cannot be undone"), (edited, "keeps no secrets")):
        answer, problem = await asked(client, "POST", f"/audit/{entry['id']}/undo", admin)
        assert answer.status == 409
        assert said in problem["detail"]
