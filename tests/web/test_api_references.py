"""A body or a query that names another domain's record: generated from the table of routes."""

import json
from typing import Any

import pytest

from provisiond.inventory.access import Role
from provisiond.store.database import Database
from provisiond.web.api.table import ROUTES
from tests.actions.inventory import DOMAIN, INVENTORY, document
from tests.actions.people import joined
from tests.web.bodies import (
    PLAIN,
    REFERENCES,
    TAKEN,
    WAITING,
    body_of,
    fields_of,
    namings,
    roles_of,
    told_apart,
)
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token
from tests.web.test_api_tenants import contents, entry_of, name_of

MARKS = (OTHER, FOREIGN.mac, FOREIGN.number, FOREIGN.sms, "02:ac:3e:00:01:02", "theirs", "888")
ASKERS = [Role.ADMIN, Role.TECH, Role.MANAGER]
BODIED = [route for route in ROUTES if route.request is not None]

# What a question about all domains may say that names no record. Whoever adds a field says here,
# or in the test, which it is.
NARROW = {
    "action", "address", "alarm", "cursor", "dismissed", "format", "limit", "noun", "outcome",
    "refused", "since", "sort", "until",
}  # fmt: skip


async def asker(db: Database, role: Role) -> dict[str, str]:
    return await token(db, role, None if role is Role.ADMIN else DOMAIN)


def blurred(told: Any, *keys: Any) -> str:
    """An answer without the key that was asked for."""
    text = json.dumps(told)
    for key in keys:
        text = text.replace(str(key), "…")
    return text


def test_of_every_field_it_is_said_whether_it_names_a_record() -> None:
    """A new field fails here until it is said: what is not said is not asked below."""
    for route in BODIED:
        assert route.request is not None
        for model, name in fields_of(route.request):
            known = {name, f"{model}.{name}"} & {*REFERENCES, *TAKEN, *PLAIN}
            assert known, f"{name_of(route)}: does {model}.{name} name a record?"
        body_of(route)  # fails where no body can be made
    assert {each.what for route in BODIED for each in namings(route)} == set(REFERENCES)


@pytest.mark.parametrize("role", ASKERS)
async def test_another_domains_record_in_a_body_is_answered_like_nobodys(
    role: Role, client: Client, db: Database
) -> None:
    validation = await told_apart(db)
    who = await asker(db, role)
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    before = await contents(db)
    count = 0
    for route in BODIED:
        if route.noun is None or role not in roles_of(route):
            continue
        path = OWN.path(route.path)
        if "pending" in path:
            if role is not Role.ADMIN:
                continue  # they are told of none
            path = path.replace(OWN.mac, WAITING)
        for naming in namings(route):
            theirs, nobodys = REFERENCES[naming.what]
            theirs = theirs or validation
            told = []
            for key in (theirs, nobodys):
                answer, problem = await asked(
                    client, route.method, path, who,
                    json=naming.body(key), extra={"If-Match": "*"},
                )  # fmt: skip
                place = (name_of(route), naming.where, key)
                assert answer.status in (404, 422), (place, problem)
                said = blurred(problem)
                assert str(key) in said or naming.where[-1] in said, (place, problem)
                told.append(blurred(problem, theirs, nobodys))
            assert told[0] == told[1], (name_of(route), naming.where)
            count += 1
    assert count >= 10
    assert await contents(db) == before


@pytest.mark.parametrize("role", [Role.MANAGER])
async def test_of_what_another_domain_has_no_more_is_told_than_that_it_is_taken(
    role: Role, client: Client, db: Database
) -> None:
    await told_apart(db)
    who = await asker(db, role)
    before = await contents(db)
    for route in BODIED:
        assert route.request is not None
        if route.method != "POST" or route.noun is None or role not in roles_of(route):
            continue
        for model, name in fields_of(route.request):
            key = TAKEN.get(f"{model}.{name}")
            if key is None or route.keyed == name:
                continue
            body = {**body_of(route)["json"], name: key, "model": "Acme D-6"}
            body = {k: v for k, v in body.items() if k in route.request.model_fields}
            answer, problem = await asked(client, "POST", OWN.path(route.path), who, json=body)
            assert answer.status == 422, (name_of(route), problem)
            text = blurred(problem, key, "02:ac:3e:00:01:02")
            assert not any(mark in text for mark in MARKS), (name_of(route), problem)
    assert await contents(db) == before


@pytest.mark.parametrize("role", [Role.ADMIN, Role.TECH])
async def test_another_domains_record_in_a_query_is_answered_like_nobodys(
    role: Role, client: Client, db: Database
) -> None:
    await told_apart(db)
    who = await asker(db, role)
    keys = {
        "site": ("theirs", "nobodys"), "owner": ("888", "998"), "extension": ("888", "998"),
        "destination": ("888", "998"), "frame": ("theirs", "nobodys"), "q": ("theirs", "nobodys"),
    }  # fmt: skip
    wide = {
        "domain": (OTHER, "never.example.test"), "mac": (FOREIGN.mac, "02ac3e0009ff"),
        "part_of": (str(await entry_of(db, OTHER)), "999999"), "q": ("theirs", "nobodys"),
        "subject": ("theirs", "nobodys"), "actor": ("theirs", "nobodys"),
    }  # fmt: skip
    count = 0
    for route in ROUTES:
        if route.method != "GET" or route.query is None or role not in roles_of(route):
            continue
        if "domain" not in route.parameters and role is Role.ADMIN:
            continue  # who sees every domain
        for name in route.query.model_fields:
            given = keys.get(name) if "domain" in route.parameters else wide.get(name)
            assert given or "domain" in route.parameters or name in NARROW, (name_of(route), name)
            if given is None:
                continue
            told = []
            for key in given:
                path = f"{OWN.path(route.path)}?{name}={key}"
                answer, body = await asked(client, "GET", path, who)
                told.append((answer.status, blurred(body, *given)))
            assert told[0] == told[1], (name_of(route), name)
            count += 1
    assert count > 5


@pytest.mark.parametrize("role", [Role.TECH])
async def test_no_answer_tells_of_another_domain(role: Role, client: Client, db: Database) -> None:
    """A tech reads whatever anybody of a domain may."""
    await told_apart(db)
    who = await asker(db, role)
    for route in ROUTES:
        if route.method != "GET" or role not in roles_of(route) or route.path == "/events":
            continue
        answer = await client.get(f"/api/v1{OWN.path(route.path)}", headers=who)
        text = await answer.text()
        assert answer.status in (200, 403, 404, 422), (name_of(route), text)
        assert not any(mark in text for mark in MARKS), (name_of(route), text)


@pytest.mark.parametrize("role", [Role.TECH, Role.MANAGER])
async def test_a_file_for_another_domain_is_answered_like_one_for_nobodys(
    role: Role, client: Client, db: Database
) -> None:
    await told_apart(db)
    who = await asker(db, role)
    before = await contents(db)
    uploads = [route for route in ROUTES if route.uploads and role in roles_of(route)]
    assert uploads
    for route in uploads:
        told = []
        for domain in (OTHER, "never.example.test"):
            content = document({**INVENTORY, "domain": domain})
            answer, problem = await asked(
                client, "POST", OWN.path(route.path), who, data=content,
                extra={"Content-Type": "application/json"},
            )  # fmt: skip
            assert answer.status in (403, 404, 422), (name_of(route), problem)
            told.append(blurred(problem, domain))
        assert told[0] == told[1], name_of(route)
    assert await contents(db) == before
