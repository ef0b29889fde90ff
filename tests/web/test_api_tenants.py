"""Another domain does not exist: generated from the table of routes, so that each is covered."""

from typing import Any

import pytest
import sqlalchemy as sa

from provisiond.actions.people import add_person
from provisiond.actions.webhooks import add_webhook
from provisiond.inventory.access import PERMISSIONS, Role, Verb
from provisiond.inventory.accounts import Account
from provisiond.inventory.mac import Mac
from provisiond.inventory.webhooks import Webhook
from provisiond.store.database import Database
from provisiond.store.schema import change_journal, metadata
from provisiond.store.schema import domain as domain_table
from provisiond.web.api.openapi import document
from provisiond.web.api.route import Route
from provisiond.web.api.table import ROUTES
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.actions.people import PASSWORD, joined
from tests.web.bodies import IN_A_DOMAIN, KEYED, RENAMED, body_of, key_of, told_apart
from tests.web.offices import FOREIGN, OTHER, OWN, Client, asked, token

EVERYBODYS = {"/login"}  # the only paths that ask for nobody
BEYOND = [route for route in ROUTES if route.parameters and "domain" not in route.parameters]
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
async def test_what_is_found_without_a_domain_is_answered_like_what_is_not_there(
    role: Role, client: Client, db: Database
) -> None:
    """Every route whose keys are the server's (a MAC, the id of a change, a name): the same bytes
    for the other domain's as for nobody's, and nothing is changed. A new kind of key has no
    example, and fails."""
    keys = await keys_beyond(db)
    who = await of_the_own_domain(client, db, role)
    before = await contents(db)
    for route in BEYOND:
        told = []
        for office in (0, 1):
            used = {name: keys[name][office] for name in route.parameters}
            answer, problem = await ask(client, route, route.path.format(**used), who)
            assert answer.status in (403, 404), (name_of(route), problem)
            text = str(problem)
            for key in used.values():
                text = text.replace(key, "…")
            told.append(text.replace(str(Mac(keys["mac"][office])), "…"))
        assert told[0] == told[1], name_of(route)
    paths = {route.path for route in BEYOND}
    assert paths >= {"/phones/{mac}/resync", "/audit/{entry}/undo", "/webhooks/{name}/test"}
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


async def keys_beyond(db: Database) -> dict[str, tuple[str, str]]:
    """By parameter: a key that the other domain has, and nobody's."""
    hook = Webhook(name="theirs", url="https://hooks.example.test/", domain=OTHER)
    await add_webhook(db, ADMIN, hook, (), NOW)
    await add_person(db, ADMIN, Account(name="theirs", role=Role.MANAGER, domain=OTHER), NOW)
    secret = (await token(db, Role.MANAGER, OTHER))["Authorization"]
    return {
        "mac": (FOREIGN.mac, "02ac3e0009ff"),
        "entry": (str(await entry_of(db, OTHER)), "999999"),
        "name": ("theirs", "nobodys"),
        "token_id": (secret.split("_")[1], "zzzzzzzz"),
        "delivery": ("1", "999999"),
    }


async def entry_of(db: Database, name: str) -> int:
    """The newest change of a domain that is of an import."""
    change = change_journal.c
    async with db.read() as read:
        row = await read.first(
            sa.select(sa.func.max(change.part_of))
            .join(domain_table, domain_table.c.id == change.domain_id)
            .where(domain_table.c.name == name)
        )
    assert row is not None
    assert row[0] is not None
    return int(row[0])


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
