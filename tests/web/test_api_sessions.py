"""A browser logs in and changes things; a page of another site does not."""

from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.inventory.access import Role
from provisiond.inventory.secret import Secret
from provisiond.settings_values import parse_network
from provisiond.store.database import Database
from provisiond.web.app import Health, Shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import DOMAIN
from tests.actions.people import OTHER as WRONG
from tests.actions.people import PASSWORD, joined
from tests.actions.test_log_in import code_at
from tests.web.offices import OWN, Client, asked, token

GOOD = {"name": "olga", "password": PASSWORD.reveal()}
USERS = f"/domains/{DOMAIN}/users"


@pytest.fixture
async def olga(client: Client, db: Database) -> dict[str, Any]:
    """A manager, logged in with the client's cookie."""
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    answer, me = await asked(client, "POST", "/login", {}, json=GOOD)
    assert answer.status == 200
    return dict(me)


async def test_a_log_in_gives_a_cookie_that_scripts_cannot_read(
    client: Client, olga: dict[str, Any]
) -> None:
    answer, again = await asked(client, "POST", "/login", {}, json=GOOD)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("provisiond=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie  # loopback over plain HTTP
    assert again["csrf_token"] != olga["csrf_token"]
    _, me = await asked(client, "GET", "/me", {})
    assert (me["name"], me["role"], me["domain"]) == ("olga", "manager", DOMAIN)
    assert me["may"]["numbers"] == ["read", "add", "edit", "delete"]
    assert "people" not in me["may"]


async def test_over_https_the_cookie_is_of_this_host_alone(
    desk: Desk,
    db: Database,
    health: Health,
    shown: Shown,
    feed: ChangeFeed,
    aiohttp_client: AiohttpClient,
) -> None:
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    policy = WebPolicy(trusted_proxies=(parse_network("127.0.0.1"),))
    client: Client = await aiohttp_client(make_portal(health, desk, policy, shown, feed))
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9"}
    answer, me = await asked(client, "POST", "/login", headers, json=GOOD)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-provisiond=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    key = cookie.split("=", 1)[1].split(";")[0]
    plain = {"Cookie": f"__Host-provisiond={key}; provisiond={key}"}
    assert me["name"] == "olga"
    assert (await asked(client, "GET", "/me", {**headers, **plain}))[0].status == 200
    other = {**headers, "Cookie": f"provisiond={key}"}
    client.session.cookie_jar.clear()
    assert (await asked(client, "GET", "/me", other))[0].status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"X-CSRF-Token": "guessed"}, 403),
        ({"X-CSRF-Token": "\xff"}, 403),
        ({"right": "", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"right": "", "Sec-Fetch-Site": "same-site"}, 403),
        ({"right": "", "Origin": "https://evil.example.test"}, 403),
        ({"right": "", "Origin": "null"}, 403),
        ({"right": "", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"right": ""}, 201),
    ],
)
async def test_a_change_needs_the_sessions_token_and_a_page_of_ours(
    client: Client, olga: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    sent = {name: value for name, value in headers.items() if name != "right"}
    if "right" in headers:
        sent["X-CSRF-Token"] = olga["csrf_token"]
    answer, body = await asked(client, "POST", USERS, sent, json={"extension": "155"})
    assert answer.status == status, body


async def test_a_form_cannot_log_anybody_in_from_elsewhere(client: Client, db: Database) -> None:
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.test"}):
        answer, _ = await asked(client, "POST", "/login", headers, json=GOOD)
        assert answer.status == 403
    form = await client.post("/api/v1/login", data=GOOD)
    assert form.status == 415


async def test_after_a_log_out_the_cookie_opens_nothing(
    client: Client, olga: dict[str, Any]
) -> None:
    [cookie] = list(client.session.cookie_jar)
    answer, _ = await asked(client, "POST", "/logout", {"X-CSRF-Token": olga["csrf_token"]})
    assert answer.status == 204
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    kept = {"Cookie": f"provisiond={cookie.value}"}
    assert (await asked(client, "GET", "/me", kept))[0].status == 401


async def test_a_session_planted_before_the_log_in_opens_nothing_after_it(
    client: Client, db: Database
) -> None:
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    planted = {"Cookie": "provisiond=" + "A" * 43}
    answer, _ = await asked(client, "POST", "/login", planted, json=GOOD)
    assert answer.status == 200
    client.session.cookie_jar.clear()
    assert (await asked(client, "GET", "/me", planted))[0].status == 401


async def test_wrong_log_ins_are_told_alike_and_then_slowed(client: Client, db: Database) -> None:
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    told = []
    for name, password in (("olga", WRONG), ("nobody", PASSWORD)):
        body = {"name": name, "password": password.reveal()}
        answer, problem = await asked(client, "POST", "/login", {}, json=body)
        told.append((answer.status, problem))
    assert told[0] == told[1]
    assert told[0][0] == 401
    body = {"name": "olga", "password": WRONG.reveal()}
    for _ in range(8):
        await asked(client, "POST", "/login", {}, json=body)
    answer, problem = await asked(client, "POST", "/login", {}, json=body)
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert problem["code"] == "too_many_guesses"


async def test_the_second_factor_is_set_up_and_asked_for(
    client: Client, olga: dict[str, Any]
) -> None:
    shown = {"X-CSRF-Token": olga["csrf_token"]}
    _, offer = await asked(client, "POST", "/me/second-factor/offer", shown)
    code = code_at(Secret(offer["key"]), 0)
    body = {"key": offer["key"], "code": code}
    assert (await asked(client, "POST", "/me/second-factor", shown, json=body))[0].status == 200
    answer, problem = await asked(client, "POST", "/login", {}, json=GOOD)
    assert (answer.status, problem["code"]) == (401, "code_needed")
    later = {**GOOD, "code": code_at(Secret(offer["key"]), 1)}
    _, me = await asked(client, "POST", "/login", {}, json=later)
    shown = {"X-CSRF-Token": me["csrf_token"]}
    remove = "/me/second-factor/remove"
    wrong = {"password": WRONG.reveal(), "code": code_at(Secret(offer["key"]), 0)}
    assert (await asked(client, "POST", remove, shown, json=wrong))[0].status == 401
    right = {"password": PASSWORD.reveal()}
    answer, problem = await asked(client, "POST", remove, shown, json=right)
    assert (answer.status, problem["code"]) == (401, "code_needed")
    answer, problem = await asked(client, "POST", "/me/second-factor", shown, json=body)
    assert (answer.status, problem["code"]) == (401, "code_needed")


async def test_a_changed_password_leaves_this_browser_alone_logged_in(
    client: Client, olga: dict[str, Any]
) -> None:
    [cookie] = list(client.session.cookie_jar)
    shown = {"X-CSRF-Token": olga["csrf_token"]}
    body = {"old": PASSWORD.reveal(), "new": "short"}
    answer, problem = await asked(client, "POST", "/me/password", shown, json=body)
    assert (answer.status, problem["errors"][0]["field"]) == (422, "password")
    body = {"old": PASSWORD.reveal(), "new": WRONG.reveal()}
    answer, me = await asked(client, "POST", "/me/password", shown, json=body)
    assert answer.status == 200
    [fresh] = list(client.session.cookie_jar)
    assert fresh.value != cookie.value
    assert me["csrf_token"] != olga["csrf_token"]
    answer, again = await asked(client, "GET", "/me", {})
    assert (answer.status, again["csrf_token"]) == (200, me["csrf_token"])
    client.session.cookie_jar.clear()
    stolen = {"Cookie": f"provisiond={cookie.value}"}
    assert (await asked(client, "GET", "/me", stolen))[0].status == 401


async def test_guesses_at_the_own_password_are_slowed(client: Client, olga: dict[str, Any]) -> None:
    shown = {"X-CSRF-Token": olga["csrf_token"]}
    body = {"old": WRONG.reveal(), "new": "another one of twelve"}
    told = []
    for _ in range(6):
        answer, problem = await asked(client, "POST", "/me/password", shown, json=body)
        told.append((answer.status, problem["code"], "Retry-After" in answer.headers))
    assert told == [(401, "wrong_login", False)] * 5 + [(429, "too_many_guesses", True)]
    assert (await asked(client, "POST", "/login", {}, json=GOOD))[0].status == 429


async def test_a_token_has_no_account_of_its_own(client: Client, db: Database) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    _, me = await asked(client, "GET", "/me", who)
    assert me["csrf_token"] is None
    body = {"old": "x", "new": "y"}
    assert (await asked(client, "POST", "/me/password", who, json=body))[0].status == 403


async def test_a_user_has_the_buttons_of_the_own_phones_and_nothing_else(
    client: Client, db: Database
) -> None:
    """Of two phones of the domain only that with the own extension exists."""
    manager = await token(db, Role.MANAGER, DOMAIN)
    body = {"mac": "02ac3e000055", "model": "Acme D-6", "lines": [{"line": 1, "extension": "103"}]}
    assert (await asked(client, "POST", f"/domains/{DOMAIN}/phones", manager, json=body))[
        0
    ].status == 201
    await joined(db, "alice", Role.USER, DOMAIN, "101")
    login = {**GOOD, "name": "alice"}
    _, me = await asked(client, "POST", "/login", {}, json=login)
    who = {"X-CSRF-Token": me["csrf_token"]}
    _, own = await asked(client, "GET", "/me/phones", who)
    assert [phone["mac"] for phone in own["items"]] == ["02:ac:3e:00:00:01"]
    for query, count in (("q=FRONT&sort=-last_seen", 1), ("q=00:00:01", 1), ("q=02ac3e000055", 0)):
        _, own = await asked(client, "GET", f"/me/phones?{query}", who)
        assert len(own["items"]) == count, query
    path = f"/domains/{DOMAIN}/phones/{OWN.mac}/buttons"
    answer, buttons = await asked(client, "GET", path, who)
    assert buttons["buttons"][0]["value"] == "0102"
    seen = {"If-Match": answer.headers["ETag"]}
    body = {"buttons": [{"key": 4, "kind": "speed_dial", "value": "+15550100", "label": "Mum"}]}
    answer, buttons = await asked(client, "PUT", path, who, json=body, extra=seen)
    assert answer.status == 200, buttons
    assert [button["label"] for button in buttons["buttons"]] == ["Mum"]
    theirs = f"/domains/{DOMAIN}/phones/02ac3e000055/buttons"
    answer, told = await asked(client, "GET", theirs, who)
    never = await asked(client, "GET", theirs.replace("55", "56"), who)
    assert (answer.status, never[0].status) == (404, 404)
    assert told["detail"].replace("55", "56") == never[1]["detail"]
    answer, _ = await asked(client, "PUT", theirs, who, json=body, extra={"If-Match": "*"})
    assert answer.status == 404
    assert (await asked(client, "GET", f"/domains/{DOMAIN}/phones/{OWN.mac}", who))[0].status == 403
