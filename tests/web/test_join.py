"""What somebody sees who follows a link, with or without a browser that runs scripts."""

import pytest

from provisiond.actions.log_in import log_in
from provisiond.actions.people import add_person, invite_admin
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account
from provisiond.store.database import Database
from tests.actions.people import ADMIN, NOW, PASSWORD, door, typed
from tests.web.offices import Client

GOOD = {"name": "tess", "password": PASSWORD.reveal(), "again": PASSWORD.reveal()}


async def test_the_first_admin_chooses_name_and_password(
    client: Client,
    db: Database,
) -> None:
    link = f"/join/{(await invite_admin(db, ADMIN, NOW)).key.reveal()}"
    page = await client.get(link)
    assert page.status == 200
    assert 'name="name"' in await page.text()
    saved = await client.post(link, data=GOOD)
    assert saved.status == 200
    assert "tess can log in" in await saved.text()
    await log_in(db, door(), typed(), NOW)
    again = await client.get(link)
    assert again.status == 404
    assert "ask for a new one" in await again.text()
    assert (await client.post(link, data=GOOD)).status == 404


async def test_an_invited_person_is_greeted_by_name_and_keeps_it(
    client: Client,
    db: Database,
) -> None:
    invitation = await add_person(db, ADMIN, Account(name="olga", role=Role.TECH), NOW)
    link = f"/join/{invitation.key.reveal()}"
    assert "<strong>olga</strong>" in await (await client.get(link)).text()
    assert "olga can log in" in await (await client.post(link, data=GOOD)).text()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({**GOOD, "again": "another"}, "again: it is another."),
        ({**GOOD, "password": "short", "again": "short"}, "12 are the least"),
        ({**GOOD, "name": '"><script>alert(1)</script>'}, "&lt;script&gt;"),
        ({}, "12 are the least"),
    ],
)
async def test_faults_are_told_in_the_form_and_the_link_stays(
    client: Client,
    db: Database,
    form: dict[str, str],
    told: str,
) -> None:
    link = f"/join/{(await invite_admin(db, ADMIN, NOW)).key.reveal()}"
    refused = await client.post(link, data=form)
    text = await refused.text()
    assert refused.status == 422
    assert told in text
    assert "<script>" not in text
    assert PASSWORD.reveal() not in text
    assert (await client.post(link, data=GOOD)).status == 200


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example.test"}]
)
async def test_a_form_of_another_site_is_refused(
    client: Client,
    db: Database,
    headers: dict[str, str],
) -> None:
    link = f"/join/{(await invite_admin(db, ADMIN, NOW)).key.reveal()}"
    assert (await client.post(link, data=GOOD, headers=headers)).status == 403
    own = {"Origin": f"http://{client.host}:{client.port}"}
    assert (await client.post(link, data=GOOD, headers=own)).status == 200


@pytest.mark.parametrize("path", ["/join/x", "/static/provisiond.css", "/nowhere", "/static/../x"])
async def test_every_answer_is_protected(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


async def test_static_files_are_those_that_came_along(client: Client) -> None:
    css = await client.get("/static/provisiond.css")
    assert (css.status, css.content_type) == (200, "text/css")
    etag = css.headers["ETag"]
    same = await client.get("/static/provisiond.css", headers={"If-None-Match": etag})
    assert same.status == 304
    for path in ("/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/nope.css", "/static/"):
        assert (await client.get(path)).status == 404
