"""Another domain does not exist: generated from the table of routes, so that each is covered."""

from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.inventory.access import PERMISSIONS, Role, Verb
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.schema import metadata
from provisiond.web.api.openapi import document
from provisiond.web.api.route import Route
from provisiond.web.api.table import ROUTES
from tests.actions.inventory import DOMAIN
from tests.actions.people import PASSWORD, joined
from tests.web.bodies import IN_A_DOMAIN, KEYED, RENAMED, body_of, key_of, told_apart
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token

EVERYBODYS = {"/login"}  # the only paths that ask for nobody
BY_MAC = [
    route for route in ROUTES if "mac" in route.parameters and "domain" not in route.parameters
]
OF_MANY = [route for route in IN_A_DOMAIN if route.request and "keys" in route.request.model_fields]
# What a table may gain by being asked: when somebody was last seen, and answers to be repeated.
NOTED = {"api_token", "login_session", "answered"}


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


async def ask(client: Client, route: Route, path: str, who: dict[str, str]) -> tuple[Any, Any]:
    extra = {"If-Match": "*"} if route.conditional else {}
    return await asked(client, route.method, path, who, **body_of(route), extra=extra)


async def contents(db: Database) -> dict[str, list[Any]]:
    """Everything in the store but what NOTED holds."""
    async with db.read() as read:
        found = {}
        for name, table in metadata.tables.items():
            if name not in NOTED:
                found[name] = sorted(map(repr, await read.rows(sa.select(table))))
        return found


def test_only_what_is_listed_asks_for_nobody() -> None:
    assert {route.path for route in ROUTES if route.noun is None} == EVERYBODYS


def test_no_two_routes_are_the_same_and_names_are_unique() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    operations = [route.operation for route in ROUTES]
    assert sorted(operations) == sorted(set(operations))
    assert len(document(ROUTES, "1")["paths"]) == len({route.path for route in ROUTES})


async def test_whoever_is_nobody_learns_and_changes_nothing(client: Client, db: Database) -> None:
    before = await contents(db)
    for route in ROUTES:
        for who in ({}, {"Authorization": "Bearer x"}, {"Cookie": "provisiond=nonsense"}):
            if route.noun is None:
                continue
            answer, problem = await ask(client, route, OWN.path(route.path), who)
            assert answer.status == 401, (name_of(route), problem)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await contents(db) == before


@pytest.mark.parametrize("role", [Role.TECH, Role.MANAGER, Role.USER])
async def test_another_domain_is_answered_like_one_that_does_not_exist(
    role: Role, client: Client, db: Database
) -> None:
    """Every route with keys that exist there: 404 in the same bytes, and nothing is changed."""
    who = await of_the_own_domain(client, db, role)
    before = await contents(db)
    for route in IN_A_DOMAIN:
        told = []
        for domain in (OTHER, "never.example.test"):
            path = FOREIGN.path(route.path).replace(OTHER, domain)
            answer, problem = await ask(client, route, path, who)
            assert answer.status == 404, (name_of(route), problem)
            told.append(str(problem).replace(domain, "…"))
        assert told[0] == told[1], name_of(route)
    assert await contents(db) == before


@pytest.mark.parametrize("role", [Role.TECH, Role.MANAGER, Role.USER])
async def test_another_domains_phone_is_answered_like_one_that_nobody_has(
    role: Role, client: Client, db: Database
) -> None:
    """Every route that finds a phone by its MAC alone: the same bytes, and nothing is changed."""
    who = await of_the_own_domain(client, db, role)
    before = await contents(db)
    for route in BY_MAC:
        told = []
        for mac in (Mac(FOREIGN.mac), Mac("02ac3e0009ff")):
            path = route.path.format(mac=mac.text)
            answer, problem = await ask(client, route, path, who)
            assert answer.status in (403, 404), (name_of(route), problem)
            told.append(str(problem).replace(str(mac), "…").replace(mac.text, "…"))
        assert told[0] == told[1], name_of(route)
    assert {route.path for route in BY_MAC} >= {"/phones/{mac}/resync"}
    assert await contents(db) == before


async def test_another_domains_keys_below_the_own_one_lead_nowhere(
    client: Client, db: Database
) -> None:
    """The own domain with a MAC, number, extension or name that only the other one has."""
    validation = await told_apart(db)
    who = await token(db, Role.ADMIN)
    before = await contents(db)
    for route in KEYED:
        path = FOREIGN.path(route.path).replace(OTHER, DOMAIN)
        for _, _, own, theirs in RENAMED:
            path = path.replace(f"/{own}", f"/{theirs}")
        path = path.replace("/address-validations/1", f"/address-validations/{validation}")
        answer, problem = await ask(client, route, path, who)
        assert answer.status == 404, (path, problem)
    assert await contents(db) == before


async def test_another_domains_keys_in_a_body_are_answered_like_those_that_nobody_has(
    client: Client, db: Database
) -> None:
    """Every route that changes many: with a key of its own and one of the other domain, nothing is
    changed, and nobody learns that it is there."""
    await told_apart(db)
    who = await token(db, Role.MANAGER, DOMAIN)
    before = await contents(db)
    for route in OF_MANY:
        own, theirs = key_of(OWN, route), key_of(FOREIGN, route)
        theirs = {mine: other for _, _, mine, other in RENAMED}.get(theirs, theirs)
        assert route.request is not None
        shape = route.request.model_fields["changes"].annotation
        assert shape is not None
        change = {"notes": "mine"} if "notes" in shape.model_fields else {"site": None}
        told = []
        for key in (theirs, theirs[:-1] + "9"):
            body = {"keys": [own, key], "changes": change}
            answer, problem = await asked(
                client, route.method, OWN.path(route.path), who, json=body
            )
            assert answer.status == 404, (name_of(route), problem)
            shown = str(Mac(key)) if "phones" in route.path else key
            assert [error["field"] for error in problem["errors"]] == [shown]
            told.append(str(problem).replace(shown, "…"))
        assert told[0] == told[1], name_of(route)
    nouns = ("users", "phones", "numbers", "sms-numbers")
    assert {route.path for route in OF_MANY} >= {f"/domains/{{domain}}/{noun}" for noun in nouns}
    assert await contents(db) == before


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_ask_what_the_table_allows_and_nothing_else(
    role: Role, client: Client, db: Database
) -> None:
    """Every route by every role, and by a read-only token: 403 where the table says so."""
    domain = None if role is Role.ADMIN else DOMAIN
    askers = [(False, await users_cookie(client, db))] if role is Role.USER else []
    if not askers:
        client.session.cookie_jar.clear()
        askers.append((True, await token(db, role, domain, read_only=True)))
        askers.append((False, await token(db, role, domain)))
    # What adds and deletes comes last: what is asked for first must still be there.
    order = {"GET": 0, "PUT": 1, "PATCH": 2, "POST": 3, "DELETE": 4}
    for read_only, who in askers:
        for route in sorted(ROUTES, key=lambda route: order[route.method]):
            if route.noun is None or route.path == "/logout":
                continue
            answer, problem = await ask(client, route, OWN.path(route.path), who)
            allowed = route.verb in PERMISSIONS[role].get(route.noun, frozenset())
            allowed = allowed and (route.verb is Verb.READ or not read_only)
            refused = answer.status == 403 and "may not" in problem["detail"]
            assert refused is not allowed, (role, read_only, name_of(route), problem)


async def of_the_own_domain(client: Client, db: Database, role: Role) -> dict[str, str]:
    """A token, or a user's log-in."""
    return await (users_cookie(client, db) if role is Role.USER else token(db, role, DOMAIN))


async def users_cookie(client: Client, db: Database) -> dict[str, str]:
    """A user's log-in, as the headers of a browser's page."""
    await joined(db, "bob", Role.USER, DOMAIN, "101")
    answer, me = await asked(
        client, "POST", "/login", {}, json={"name": "bob", "password": PASSWORD.reveal()}
    )
    assert answer.status == 200, me
    return {"X-CSRF-Token": me["csrf_token"]}
