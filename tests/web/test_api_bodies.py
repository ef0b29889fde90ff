"""What is asked badly is refused in words, and nothing of it is held."""

import json
import sys
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.actions.answered import forget_open_questions
from provisiond.actions.desk import Desk
from provisiond.actions.inventory_text import MAX_FAULTS
from provisiond.inventory.access import Role
from provisiond.inventory.errors import RejectedAll
from provisiond.store.answered import CHANGED
from provisiond.store.database import Database
from provisiond.store.schema_access import answered
from provisiond.web.api.faulty_body import fitted
from provisiond.web.api.json_body import deeper_than, parse_json, read_object
from provisiond.web.api.problems import MOST_ERRORS
from provisiond.web.api.route import Call, Unprocessable
from provisiond.web.api.table import ROUTES
from provisiond.web.peer import Caller
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.web.offices import Client, asked, token

USERS = f"/domains/{DOMAIN}/users"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"{", "line 1"),
        (b"\xff\xfe", "no JSON"),
        (b'{"extension": "\xff"}', "no JSON"),
        (b'{"extension": "1", "extension": "2"}', "'extension' is given twice"),
        (b'{"extension": NaN}', "NaN is no number"),
        (b'{"x": ' + b"9" * 5000 + b"}", "no JSON"),
        (b"[" * 300 + b"]" * 300, "nested deeper than 32 levels"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested deeper than 32 levels"),
    ],
)
async def test_what_is_no_json_is_a_400_that_says_why(
    client: Client, db: Database, content: bytes, said: str
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, problem = await asked(client, "POST", USERS, {**who, **JSON}, data=content)
    assert answer.status == 400
    assert said in problem["detail"]


@pytest.mark.parametrize("body", [None, [], "text", 7, True, [{}]])
async def test_what_is_no_object_is_a_422(client: Client, db: Database, body: Any) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    content = json.dumps(body).encode()
    answer, problem = await asked(client, "POST", USERS, {**who, **JSON}, data=content)
    assert (answer.status, problem["code"]) == (422, "rejected")


async def test_the_character_that_ends_texts_elsewhere_is_told_by_field(
    client: Client, db: Database
) -> None:
    """PostgreSQL takes it in no text and no question."""
    who = await token(db, Role.MANAGER, DOMAIN)
    body = {
        "number": "+18005550199",
        "notes": "\\u0000 written out is none",
        "default": {"treatment": "user", "destination": "1\0"},
        "rules": [{"frame": "Holidays"}, {"frame": "a\0b", "\0": "x"}],
    }
    path = f"/domains/{DOMAIN}/numbers"
    answer, problem = await asked(client, "POST", path, who, json=body)
    assert answer.status == 422
    fields = ["default.destination", "rules[1].frame", "rules[1]", "rules[0].frame"]
    assert [error["field"] for error in problem["errors"]] == fields
    login = {"name": "a\0b", "password": "x"}
    answer, problem = await asked(client, "POST", "/login", {}, json=login)
    assert (answer.status, problem["errors"][0]["field"]) == (422, "name")


async def test_so_many_faults_cost_what_each_costs(desk: Desk) -> None:
    """Who has not logged in yet can send them."""
    login = next(route for route in ROUTES if route.path == "/login")

    async def calls(faults: int) -> int:
        zero, unknown = '"\\u0000"', "0"
        names = [f'"{n}":{zero if n % 2 else unknown}' for n in range(faults)]
        content = f"{{{','.join(names)}}}".encode()
        caller = Caller(address="192.0.2.1", secure=True)
        given = parse_json(content)
        call = Call(desk=desk, actor=ADMIN, at=NOW, caller=caller, given=given)
        count = 0

        def counted(*_: object) -> None:
            nonlocal count
            count += 1

        sys.setprofile(counted)
        try:
            await fitted(login, call, content)
        except RejectedAll as fault:
            sys.setprofile(None)
            assert len(fault.findings) == faults + 1, "the name is missing, too"
        finally:
            sys.setprofile(None)
        return count

    assert 0 < await calls(800) < 2.5 * await calls(400)


async def test_no_more_faults_are_looked_for_than_are_counted(client: Client) -> None:
    texts = ",".join(['"\\u0000"'] * (MAX_FAULTS + 10))
    content = f'{{"name": [{texts}], "twice": 1}}'.encode()
    answer, problem = await asked(client, "POST", "/login", JSON, data=content)
    assert (answer.status, len(problem["errors"])) == (422, MOST_ERRORS)
    assert problem["errors_in_all"] == MAX_FAULTS
    assert f"at least {MAX_FAULTS:,}" in problem["detail"]


def test_of_many_names_the_one_that_stands_twice_is_found_at_once() -> None:
    compared = 0

    class Name(str):
        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return super().__eq__(other)

        __hash__ = str.__hash__

    names = [Name(n) for n in range(1000)]
    with pytest.raises(ValueError, match="'999' is given twice"):
        read_object([(name, 0) for name in [*names, Name(999)]])
    assert compared < 100


async def test_half_a_character_is_told_by_field(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    content = b'{"extension": "1\\ud800", "first_name": "x"}'
    answer, problem = await asked(client, "POST", USERS, {**who, **JSON}, data=content)
    assert (answer.status, problem["errors"][0]["field"]) == (422, "extension")


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content-Type": "text/plain"}, 415), ({**JSON, "Content-Encoding": "gzip"}, 415)],
)
async def test_another_kind_of_body_is_a_415(
    client: Client, db: Database, headers: dict[str, str], status: int
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, _ = await asked(client, "POST", USERS, {**who, **headers}, data=b"{}")
    assert answer.status in (400, status)  # what claims to be packed and is not is no HTTP at all


async def test_a_hundred_megabytes_are_refused_and_not_held(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1600):
            sent += 65536
            yield b" " * 65536

    tracemalloc.start()
    try:
        answer, problem = await asked(client, "POST", USERS, {**who, **JSON}, data=chunks())
        assert (answer.status, problem["code"]) == (413, "too_large")
    except (ConnectionError, OSError):  # cut off while it was still sending: refused all the same
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20
    assert sent < 90 << 20
    length = {**who, **JSON, "Content-Length": "104857600"}
    answer, problem = await asked(client, "GET", "/me", who)
    assert answer.status == 200
    del length


async def test_a_path_that_takes_no_body_says_so(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"/domains/{DOMAIN}/numbers/+18005550100/available"
    answer, problem = await asked(client, "POST", path, who, json={"x": 1}, extra={"If-Match": "*"})
    assert (answer.status, problem["code"]) == (400, "no_body")


@pytest.mark.parametrize(
    "tag", ['"x"', "1", 'W/"1"', '"1", "2"', "", '"99999999999999999999"', '"²"']
)
async def test_an_if_match_that_names_no_revision_is_a_412(
    client: Client, db: Database, tag: str
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, problem = await asked(client, "DELETE", f"{USERS}/103", who, extra={"If-Match": tag})
    assert (answer.status, problem["code"]) == (412, "if_match")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=x", "limit"),
        ("sort=colour", "sort"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("cursor=nonsense", "cursor"),
        ("cursor=%00", "cursor"),
        ("q=" + "x" * 201, "q"),
        ("q=%00&sort=name&sort=name&limit=0&colour=red", "sort q limit colour"),
    ],
)
async def test_a_query_that_means_nothing_is_a_422(
    client: Client, db: Database, query: str, fields: str
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    answer, problem = await asked(client, "GET", f"{USERS}?{query}", who)
    assert answer.status == 422
    assert [error["field"] for error in problem["errors"]] == fields.split()
    answer, problem = await asked(client, "GET", f"{USERS}/101?{query}", who)
    assert answer.status == 422
    assert {error["field"] for error in problem["errors"]} >= set(fields.split())


async def test_a_list_is_read_page_by_page_in_its_order(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    for sort in ("extension", "-extension", "first_name", "-last_name"):
        _, whole = await asked(client, "GET", f"{USERS}?sort={sort}", who)
        rows: list[Any] = []
        cursor = ""
        while True:
            path = f"{USERS}?limit=1&sort={sort}{cursor}"
            answer, page = await asked(client, "GET", path, who)
            assert answer.status == 200
            rows += page["items"]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert rows == whole["items"]
        assert len(rows) == 3


@pytest.mark.parametrize("noun", ["sites", "layouts", "directories"])
async def test_what_is_listed_by_name_is_searched_and_read_backwards(
    client: Client, db: Database, noun: str
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    path = f"/domains/{DOMAIN}/{noun}"
    for name in ("zebra 1", "zebra 2", "Zoo"):
        assert (await asked(client, "POST", path, who, json={"name": name}))[0].status == 201
    _, page = await asked(client, "GET", f"{path}?q=ZEBRA&sort=-name&limit=1", who)
    rows, query = page["items"], f"q=ZEBRA&sort=-name&limit=1&cursor={page['next']}"
    _, page = await asked(client, "GET", f"{path}?{query}", who)
    rows += page["items"]
    assert [row["name"] for row in rows] == ["zebra 2", "zebra 1"]
    assert (page["next"], page["total"]) == (None, 2)


async def test_a_cursor_counts_for_its_own_list_alone(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    _, page = await asked(client, "GET", f"{USERS}?limit=1", who)
    cursor = page["next"]
    for path in (
        f"{USERS}?limit=1&sort=-extension&cursor={cursor}",
        f"{USERS}?q=a&cursor={cursor}",
        f"/domains/{DOMAIN}/sites?cursor={cursor}",
        f"{USERS}?cursor={cursor[:-2]}xx",
    ):
        answer, problem = await asked(client, "GET", path, who)
        assert (answer.status, problem["errors"][0]["field"]) == (422, "cursor")
    admin = await token(db, Role.ADMIN)
    path = f"/domains/other.example.test/users?limit=1&cursor={cursor}"
    assert (await asked(client, "GET", path, admin))[0].status == 422


async def test_a_repeated_change_is_made_once_and_answered_alike(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    once = {"Idempotency-Key": "order 66"}
    first, body = await asked(client, "POST", USERS, who, json={"extension": "166"}, extra=once)
    again, same = await asked(client, "POST", USERS, who, json={"extension": "166"}, extra=once)
    assert (first.status, again.status) == (201, 201)
    assert body == same
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["ETag"] == first.headers["ETag"]
    other, problem = await asked(client, "POST", USERS, who, json={"extension": "167"}, extra=once)
    assert (other.status, problem["errors"][0]["field"]) == (422, "Idempotency-Key")
    theirs = await token(db, Role.ADMIN)
    own, _ = await asked(client, "POST", USERS, theirs, json={"extension": "168"}, extra=once)
    assert own.status == 201
    bad = {"Idempotency-Key": "x" * 201}
    answer, _ = await asked(client, "POST", USERS, who, json={"extension": "169"}, extra=bad)
    assert answer.status == 400
    async with db.read() as read:
        kept = repr(await read.rows(sa.select(answered)))
    assert body["sip_password"] not in kept


async def test_a_refused_change_is_refused_again_and_a_stale_one_asked_anew(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    for key, body, match, expected in (
        ("a", {"first_name": "x" * 500}, '"1"', 422),
        ("b", {"first_name": "New"}, '"9"', 412),
    ):
        extra = {"Idempotency-Key": key, "If-Match": match}
        for replayed in (False, expected == 422):
            answer, _ = await asked(client, "PATCH", f"{USERS}/103", who, json=body, extra=extra)
            assert answer.status == expected
            assert ("Idempotency-Replayed" in answer.headers) is replayed


async def test_a_change_whose_answer_was_lost_is_not_made_twice(
    client: Client, db: Database
) -> None:
    """The process dies between the commit of a change and that of its answer."""
    who = await token(db, Role.ADMIN)
    body, once = {"label": "billing", "role": "manager", "domain": DOMAIN}, {"Idempotency-Key": "a"}
    gone = {"Idempotency-Key": "b", "If-Match": "*"}
    answer, _ = await asked(client, "POST", "/tokens", who, json=body, extra=once)
    assert answer.status == 201
    answer, _ = await asked(client, "DELETE", f"{USERS}/103", who, extra=gone)
    assert answer.status == 204
    async with db.append() as write:
        await write.connection.execute(sa.update(answered).values(status=CHANGED, headers=""))
    await forget_open_questions(db)
    answer, problem = await asked(client, "POST", "/tokens", who, json=body, extra=once)
    assert (answer.status, problem["code"]) == (409, "answer_lost")
    answer, _ = await asked(client, "DELETE", f"{USERS}/103", who, extra=gone)
    assert (answer.status, answer.headers["Idempotency-Replayed"]) == (204, "true")
    _, found = await asked(client, "GET", "/tokens?limit=1000", who)
    assert len([one for one in found["items"] if one["label"] == "billing"]) == 1


async def test_a_question_whose_answerer_died_before_the_change_is_asked_anew(
    client: Client, db: Database
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    body, once = {"extension": "170"}, {"Idempotency-Key": "a"}
    answer, _ = await asked(client, "POST", USERS, who, json=body, extra=once)
    assert answer.status == 201
    answer, _ = await asked(client, "DELETE", f"{USERS}/170", who, extra={"If-Match": "*"})
    async with db.append() as write:
        await write.connection.execute(sa.update(answered).values(status=None))
    answer, problem = await asked(client, "POST", USERS, who, json=body, extra=once)
    assert (answer.status, problem["code"]) == (409, "conflict")
    await forget_open_questions(db)
    answer, _ = await asked(client, "POST", USERS, who, json=body, extra=once)
    assert answer.status == 201
    assert "Idempotency-Replayed" not in answer.headers


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v1/domains/x/nothing"])
async def test_what_is_not_there_is_a_problem_too(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 404
    assert answer.content_type == "application/problem+json"
    assert (await answer.json())["code"] == "not_found"


async def test_a_wrong_method_names_the_right_ones(client: Client) -> None:
    answer = await client.put("/api/v1/me")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"


async def test_an_import_file_is_no_way_around(client: Client, db: Database) -> None:
    """Fields that only files or actions set are no fields here."""
    who = await token(db, Role.MANAGER, DOMAIN)
    for field in ("token", "enrolment", "domain", "domain_id", "id", "revision"):
        body = {"mac": "02ac3e000088", "model": "Acme D-6", field: "x"}
        answer, problem = await asked(client, "POST", f"/domains/{DOMAIN}/phones", who, json=body)
        assert answer.status == 422
        assert [e["field"] for e in problem["errors"]] == [field]


def test_depth_is_counted_outside_of_texts() -> None:
    assert not deeper_than(b'"[[[[" , [[]], "\\"[["', 2)
    assert deeper_than(b'"\\\\"[[[]]]', 2)
    assert not deeper_than(b'"' + b"[" * 1000, 2)


def test_reading_is_linear_in_whatever_is_sent() -> None:
    for content in (b'"\\"' * 400_000, b"[]" * 500_000, b'"' * 1_000_000, b"\\" * 1_000_000):
        assert not deeper_than(content, 32)


def test_deep_json_within_the_bound_is_read() -> None:
    content = b"[" * 32 + b"]" * 32
    assert json.dumps(parse_json(content)).encode() == content
    with pytest.raises(Unprocessable):
        parse_json(b"[" * 33 + b"]" * 33)
