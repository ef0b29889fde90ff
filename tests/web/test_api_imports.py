"""Files come in whole or not at all, by whoever may do by hand what they do; and go out again."""

import asyncio
import csv
import io
import json
import zipfile
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from aiohttp import ClientResponse

from provisiond.actions.desk import Desk
from provisiond.actions.import_profiles import load_profiles
from provisiond.actions.record_tables import TableKind
from provisiond.actions.workbook import workbook_bytes
from provisiond.actions.workbook_reading import workbook_rows
from provisiond.inventory.access import Role
from provisiond.settings import shipped
from provisiond.store.database import Database
from provisiond.web.api.imports import MOST_BYTES, MOST_UNPACKED, WORKBOOK
from tests.actions.inventory import DOMAIN, document
from tests.actions.test_import_profiles import EXPORTS
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token
from tests.web.test_api_tenants import contents

PATH = f"/domains/{DOMAIN}/import"
USERS = "extension,first_name,last_name\n101,Alicia,Example\n150,Carol,Muster\n"


@pytest.fixture
def desk(desk: Desk) -> Desk:
    return replace(desk, profiles=load_profiles(shipped("configs") / "imports"))


async def sent(
    client: Client, who: dict[str, str], content: bytes | str, media: str, query: str = "",
    path: str = PATH, **extra: str,
) -> tuple[ClientResponse, Any]:  # fmt: skip
    body = content.encode() if isinstance(content, str) else content
    headers = {"Content-Type": media, **extra}
    return await asked(client, "POST", f"{path}?{query}", who, data=body, extra=headers)


def counts(report: dict[str, Any], kind: str) -> dict[str, int]:
    found: dict[str, int] = next(
        one for one in report["domains"][0]["counts"] if one["kind"] == kind
    )
    return {name: number for name, number in found.items() if name != "kind" and number}


async def test_a_table_is_looked_at_and_then_brought_in(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    answer, report = await sent(client, who, USERS, "text/csv", "dry_run=true")
    assert (answer.status, report["dry_run"]) == (200, True)
    assert counts(report, "users") == {"added": 1, "changed": 1}
    assert report["domains"][0]["generated"] == ["150"]
    assert await contents(db) == before
    answer, again = await sent(client, who, USERS, "text/csv", "file=people.csv")
    assert (answer.status, again["dry_run"]) == (200, False)
    _, user = await asked(client, "GET", f"/domains/{DOMAIN}/users/101", who)
    assert user["first_name"] == "Alicia"
    _, changes = await asked(client, "GET", "/audit?action=import&limit=1", who)
    (entry,) = changes["items"]
    assert (entry["action"], entry["domain"]) == ("import", DOMAIN)
    assert entry["after"]["file"] == "people.csv"
    assert entry["after"]["users added"] == 1


async def test_every_fault_is_told_by_row_and_column_and_nothing_comes_in(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    table = "extension,first_name,site\n160,Fine,HQ\nx,Bad,HQ\n161,Lost,Mars\n"
    answer, problem = await sent(client, who, table, "text/csv")
    assert (answer.status, problem["code"]) == (422, "rejected")
    told = [(e["field"], e["severity"]) for e in problem["errors"]]
    assert told == [("row 3, column extension", "error"), ("row 4, column site", "error")]
    assert all(error["message"] and error["remedy"] for error in problem["errors"])
    tree = {"domain": DOMAIN, "users": [{"extension": "x"}], "phones": [{"mac": "7"}]}
    answer, problem = await sent(client, who, document(tree), "application/json")
    assert answer.status == 422
    places = {error["field"]: error["line"] for error in problem["errors"]}
    assert places == {"users[0].extension": 5, "phones[0].mac": 10}
    assert await contents(db) == before


@pytest.mark.parametrize(
    ("mode", "status", "name"), [("update", 200, "Alicia"), ("skip", 200, "Alice"),
                                 ("fail", 422, "Alice")],
)  # fmt: skip
async def test_what_exists_is_updated_skipped_or_refused(
    client: Client, db: Database, mode: str, status: int, name: str
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, _ = await sent(client, who, USERS, "text/csv", f"mode={mode}")
    assert answer.status == status
    _, user = await asked(client, "GET", f"/domains/{DOMAIN}/users/101", who)
    assert user["first_name"] == name


async def test_workbooks_yaml_and_exports_of_others_come_in_too(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    rows = [row.split(",") for row in USERS.splitlines()]
    book = await asyncio.to_thread(workbook_bytes, "users", rows)
    answer, report = await sent(client, who, book, WORKBOOK)
    assert (answer.status, counts(report, "users")) == (200, {"added": 1, "changed": 1})
    text = f"domain: {DOMAIN}\nusers:\n- extension: '151'\n  first_name: Dora\n"
    answer, report = await sent(client, who, text, "application/yaml")
    assert counts(report, "users") == {"added": 1}
    theirs = "Extension,Name,Voicemail\n152,Emil,yes\n"
    answer, report = await sent(client, who, theirs, "text/csv", "table=users")
    assert counts(report, "users") == {"added": 1}
    dids = (EXPORTS / "freepbx-dids.csv").read_bytes()
    answer, problem = await sent(client, who, dids, "text/csv", "dry_run=true")
    assert "row 2, column destination" in [error["field"] for error in problem["errors"]]
    answer, problem = await sent(client, who, dids, "text/csv", "profile=nobody")
    assert answer.status == 404
    assert "freepbx-dids" in problem["detail"]
    octets = "application/octet-stream"
    answer, report = await sent(client, who, book, octets)
    assert counts(report, "users") == {"unchanged": 2}


REFUSED: tuple[tuple[Role, dict[str, Any], str], ...] = (
    (Role.MANAGER, {"settings": {"sip_server": "evil.example.test"}}, "edit a domain"),
    (Role.MANAGER, {"overrides": []}, "override what a whole domain"),
    (
        Role.MANAGER,
        {"sites": [{"name": "HQ", "overrides": []}]},
        "override what a whole domain or site",
    ),
    (
        Role.MANAGER,
        {"phones": [{"mac": OWN.mac, "token": "a" * 26}]},
        "token of a phone is an admin's",
    ),
    (
        Role.MANAGER,
        {"phones": [{"mac": OWN.mac, "enrolment": {"open_until": "2999-01-01T00:00:00Z"}}]},
        "enrolment of a phone is an admin's",
    ),
    (Role.TECH, {"users": [{"extension": "170"}]}, "the role tech may not add users"),
    (Role.TECH, {"users": [{"extension": "101", "first_name": "X"}]}, "may not edit users"),
    (Role.TECH, {"numbers": [{"number": "+18005550166"}]}, "may not add numbers"),
    (
        Role.TECH,
        {"emergency_addresses": [{"name": "Front", "floor": "2"}]},
        "may not edit emergency",
    ),
)


async def test_a_file_is_no_way_around_what_a_role_may_do(client: Client, db: Database) -> None:
    who = {role: await token(db, role, DOMAIN) for role in (Role.MANAGER, Role.TECH)}
    before = await contents(db)
    for role, part, said in REFUSED:
        for query in ("dry_run=true", ""):
            tree = document({"domain": DOMAIN, **part})
            answer, problem = await sent(client, who[role], tree, "application/json", query)
            assert answer.status == 422, problem
            assert said in " ".join(error["message"] for error in problem["errors"])
    assert await contents(db) == before


async def test_what_a_role_may_do_it_may_do_by_a_file(client: Client, db: Database) -> None:
    tech = await token(db, Role.TECH, DOMAIN)
    phone = {"mac": "02ac3e000088", "model": "Acme D-6", "lines": [{"line": 1, "extension": "103"}]}
    masked = {"mac": OWN.mac, "name": "Lobby", "token": "***", "enrolment": "***"}
    tree = document({"domain": DOMAIN, "phones": [phone, masked], "users": [{"extension": "101"}]})
    answer, report = await sent(client, tech, tree, "application/json")
    assert answer.status == 200, report
    assert counts(report, "phones") == {"added": 1, "changed": 1}


async def test_another_domains_things_stay_theirs(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    theirs = document({"domain": OTHER, "users": [{"extension": "190"}]})
    both = document({"domains": [{"domain": OTHER, "users": [{"extension": "190"}]}]})
    for content in (theirs, both):
        answer, problem = await sent(client, who, content, "application/json")
        assert answer.status == 404
        assert DOMAIN in problem["detail"]
    stolen = {"domain": DOMAIN, "phones": [{"mac": FOREIGN.mac, "model": "Acme D-6"}]}
    number = {"domain": DOMAIN, "numbers": [{"number": FOREIGN.number}]}
    for tree in (stolen, number):
        answer, problem = await sent(client, who, document(tree), "application/json")
        assert answer.status == 422
        assert "Ask your provider." in [error["remedy"] for error in problem["errors"]]
        assert OTHER not in json.dumps(problem)
    server = document({"server": {"settings": {"ntp_server": "x.test"}}, "domains": []})
    answer, _ = await sent(client, who, server, "application/json", path="/import")
    assert answer.status == 403
    assert await contents(db) == before


async def test_an_admin_brings_in_all_domains_at_once(client: Client, db: Database) -> None:
    admin = await token(db, Role.ADMIN)
    answer = await client.get("/api/v1/export?secrets=true", headers=admin)
    assert answer.status == 200
    whole = await answer.read()
    answer, report = await sent(client, admin, whole, "application/json", path="/import")
    assert answer.status == 200, report
    assert [one["domain"] for one in report["domains"]] == [OTHER, DOMAIN]
    assert {one["step"] for one in report["domains"]} == {"unchanged"}
    for kind in ("users", "phones", "numbers", "emergency_addresses"):
        assert set(counts(report, kind)) == {"unchanged"}


async def test_bodies_that_are_no_file_are_refused_unread(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    for content, media, status, code in (
        (b"x", "image/png", 415, "unsupported_media_type"),
        (b"", "text/csv", 400, "no_file"),
        (b"{", "application/json", 422, "rejected"),
        (b"[" * 300, "application/json", 422, "rejected"),
        (b"\0\1\2", "application/octet-stream", 422, "rejected"),
        (b"PK\x03\x04", WORKBOOK, 422, "rejected"),
    ):
        answer, problem = await sent(client, who, content, media)
        assert (answer.status, problem["code"]) == (status, code), media
    for query, field in (("mode=maybe", "mode"), ("table=dogs", "table"), ("colour=1", "colour")):
        answer, problem = await sent(client, who, USERS, "text/csv", query)
        assert (answer.status, problem["errors"][0]["field"]) == (422, field)
    try:
        large = io.BytesIO(b" " * (MOST_BYTES + 1))
        headers = {**who, "Content-Type": "text/csv"}
        answer, problem = await asked(client, "POST", PATH, headers, data=large)
        assert (answer.status, problem["code"]) == (413, "too_large")
    except OSError:
        pass  # cut off while it was still sending: refused all the same


async def test_a_workbook_that_would_fill_the_memory_is_refused_packed(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b" " * (MOST_UNPACKED + 1))
    answer, problem = await sent(client, who, out.getvalue(), WORKBOOK)
    assert answer.status == 422
    assert "48 MiB are the most" in problem["errors"][0]["message"]


async def test_of_many_faults_the_first_are_told_and_every_faulty_row_is_written(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    rows = "".join(f"x{number},=Bad,{number}\n" for number in range(1200))
    table = f"extension,first_name,last_name\n160,Fine,One\n{rows}"
    answer, problem = await sent(client, who, table, "text/csv")
    assert (answer.status, len(problem["errors"]), problem["errors_in_all"]) == (422, 1000, 1200)
    assert "1,200 in all" in problem["detail"]
    assert "first 1,000" in problem["detail"]
    assert "import/faults answers the rows" in problem["detail"]
    faulty = await posted(client, who, "format=csv", table)
    assert (faulty.status, faulty.content_type) == (200, "text/csv")
    assert faulty.headers["Content-Disposition"].endswith('filename="faults.csv"')
    found = list(csv.DictReader(io.StringIO((await faulty.read()).decode("utf-8-sig"))))
    assert [row["extension"] for row in found] == [f"x{number}" for number in range(1200)]
    assert all(row["fault"].startswith("extension: ") for row in found)
    packed = await posted(client, who, "format=xlsx", table)
    assert (packed.status, packed.content_type) == (200, WORKBOOK)
    assert len(list(workbook_rows(await packed.read()))) == 1201
    assert await contents(db) == before


async def posted(client: Client, who: dict[str, str], query: str, table: str) -> ClientResponse:
    return await client.post(
        f"/api/v1{PATH}/faults?{query}", data=table, headers={**who, "Content-Type": "text/csv"}
    )


async def test_a_table_without_faults_has_no_faulty_rows_and_what_is_no_table_none_either(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    looking = await token(db, Role.MANAGER, DOMAIN, read_only=True)
    before = await contents(db)
    answer = await posted(client, who, "", USERS)
    assert await answer.text(encoding="utf-8-sig") == "extension,first_name,last_name,fault\r\n"
    for content, media in ((document({"domain": DOMAIN}), "application/json"), ("a\n", "text/csv")):
        answer, problem = await sent(client, who, content, media, path=f"{PATH}/faults")
        assert (answer.status, problem["code"]) == (422, "rejected")
    assert (await posted(client, looking, "", USERS)).status == 403
    assert await contents(db) == before


async def test_one_file_at_a_time_comes_in(client: Client, db: Database, desk: Desk) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    async with desk.importing:
        answer, problem = await sent(client, who, USERS, "text/csv")
    assert (answer.status, problem["code"]) == (503, "overloaded")
    assert answer.headers["Retry-After"]
    async with desk.importing:
        assert (await posted(client, who, "", USERS)).status == 503
    answer, _ = await sent(client, who, USERS, "text/csv")
    assert answer.status == 200


async def test_a_file_that_is_sent_twice_is_brought_in_once(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    once = {"Idempotency-Key": "people of november"}
    first, report = await sent(client, who, USERS, "text/csv", **once)
    again, same = await sent(client, who, USERS, "text/csv", **once)
    assert (first.status, again.status) == (200, 200)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert report == same
    other, _ = await sent(client, who, USERS + "153,X,Y\n", "text/csv", **once)
    assert other.status == 422


async def test_each_table_that_goes_out_comes_back_and_changes_nothing(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    formats = (("csv", "text/csv"), ("xlsx", WORKBOOK))
    for table, (form, media) in product(TableKind, formats):
        path = f"/api/v1/domains/{DOMAIN}/export?format={form}&table={table.value}"
        answer = await client.get(path, headers=who)
        content = await answer.read()
        assert (answer.status, answer.content_type) == (200, media)
        name = f'filename="{table.value}.{form}"'
        assert answer.headers["Content-Disposition"].endswith(name)
        assert answer.headers["Cache-Control"] == "no-store"
        assert b"CANARY" not in content
        query = f"dry_run=true&table={table.value}"
        answer, report = await sent(client, who, content, media, query)
        assert answer.status == 200, report
        found = report["domains"][0]["counts"]
        assert all(one["added"] == one["changed"] == 0 for one in found)
        assert sum(one["unchanged"] for one in found) > 0
    assert await contents(db) == before


async def test_an_inventory_that_goes_out_comes_back_and_changes_nothing(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    for form, media in (("json", "application/json"), ("yaml", "application/yaml")):
        answer = await client.get(f"/api/v1/domains/{DOMAIN}/export?format={form}", headers=who)
        content = await answer.read()
        assert (answer.status, answer.content_type) == (200, media)
        assert b"CANARY" not in content
        assert OTHER.encode() not in content
        answer, report = await sent(client, who, content, media, "dry_run=true")
        assert answer.status == 200, report
        assert report["domains"][0]["step"] == "unchanged"
        assert all(one["added"] == one["changed"] == 0 for one in report["domains"][0]["counts"])
    assert await contents(db) == before


async def test_secrets_go_out_to_an_admin_who_asks_and_that_is_journaled(
    client: Client, db: Database
) -> None:
    path = f"/domains/{DOMAIN}/export?secrets=true"
    for role in (Role.MANAGER, Role.TECH):
        answer, problem = await asked(client, "GET", path, await token(db, role, DOMAIN))
        assert (answer.status, problem["code"]) == (403, "not_allowed")
    admin = await token(db, Role.ADMIN)
    answer = await client.get(f"/api/v1{path}", headers=admin)
    assert "CANARY-101" in await answer.text()
    _, changes = await asked(client, "GET", "/audit?limit=1", admin)
    (entry,) = changes["items"]
    assert (entry["action"], entry["subject"]) == ("export with secrets", DOMAIN)
    answer = await client.get(f"/api/v1/domains/{DOMAIN}/export", headers=admin)
    assert "CANARY" not in await answer.text()
    answer, problem = await asked(client, "GET", "/export?format=csv", admin)
    assert answer.status == 409
    assert "one domain" in problem["detail"]


async def test_phones_are_listed_while_a_file_is_planned(client: Client, db: Database) -> None:
    """The plan is made beside the loop: others are answered meanwhile."""
    who = await token(db, Role.MANAGER, DOMAIN)
    rows = "".join(f"{2000 + n},N{n},x\n" for n in range(2000))
    work = asyncio.create_task(
        sent(client, who, "extension,first_name,last_name\n" + rows, "text/csv", "dry_run=true")
    )
    answered = 0
    while not work.done():
        answer, _ = await asked(client, "GET", f"/domains/{DOMAIN}/phones", who)
        answered += answer.status == 200
    answer, report = await work
    assert answer.status == 200, report
    assert answered > 1
