"""Changes are told as they happen, to those who may know, and from where they left off."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse, ClientSession
from pytest_aiohttp import AiohttpClient

from provisiond.actions.api_tokens import list_tokens, revoke_token
from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.inventory.access import Role
from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.lists import ChangeRow, TokenQuery
from provisiond.store.database import Database
from provisiond.web.app import Health, Shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.actions.people import PASSWORD, joined
from tests.web.listening import listening
from tests.web.offices import OTHER, Client, asked, token

ANY = {"If-Match": "*"}


async def listen(client: Client, who: dict[str, str], **headers: str) -> ClientResponse:
    answer = await client.get("/api/v1/events", headers={**who, **headers})
    assert answer.status == 200
    assert answer.content_type == "text/event-stream"
    return answer


async def event(answer: ClientResponse) -> dict[str, Any]:
    """The next event; comments are passed over."""
    found: dict[str, str] = {}
    async with asyncio.timeout(10):
        async for line in answer.content:
            text = line.decode().rstrip("\n")
            if not text and "data" in found:
                told: dict[str, Any] = json.loads(found["data"])
                assert found["id"] == str(told["id"])
                return told
            name, _, value = text.partition(": ")
            if name in ("id", "event", "data"):
                found[name] = value
    raise AssertionError("the stream ended")


async def rename(client: Client, who: dict[str, str], domain: str, name: str) -> None:
    path = f"/domains/{domain}/users/101"
    answer, problem = await asked(client, "PATCH", path, who, extra=ANY, json={"last_name": name})
    assert answer.status == 200, problem


async def test_a_change_is_told_to_its_own_domain_alone(client: Client, db: Database) -> None:
    admin, manager = await token(db, Role.ADMIN), await token(db, Role.MANAGER, DOMAIN)
    stream = await listen(client, manager)
    await rename(client, admin, OTHER, "Theirs")
    await rename(client, admin, DOMAIN, "Ours")
    told = await event(stream)
    assert (told["action"], told["subject"], told["domain"]) == ("edit user", "101", DOMAIN)
    assert "before" not in told
    stream.close()


async def test_what_was_missed_is_told_from_the_last_event_on(client: Client, db: Database) -> None:
    admin = await token(db, Role.ADMIN)
    stream = await listen(client, admin)
    await rename(client, admin, DOMAIN, "One")
    first = await event(stream)
    stream.close()
    await rename(client, admin, DOMAIN, "Two")
    await rename(client, admin, OTHER, "Three")
    again = await listen(client, admin, **{"Last-Event-ID": str(first["id"])})
    assert [(await event(again))["domain"] for _ in range(2)] == [DOMAIN, OTHER]
    again.close()


async def test_silence_is_filled_and_ends_with_the_right_to_listen(
    desk: Desk,
    db: Database,
    health: Health,
    shown: Shown,
    feed: ChangeFeed,
    aiohttp_client: AiohttpClient,
) -> None:
    policy = WebPolicy(heartbeat=0.1)
    client: Client = await aiohttp_client(make_portal(health, desk, policy, shown, feed))
    who = await token(db, Role.MANAGER, DOMAIN)
    stream = await listen(client, who)
    async with asyncio.timeout(10):
        while b"still here" not in await stream.content.readline():
            pass
        [mine] = (await list_tokens(db, ADMIN, TokenQuery())).rows
        await revoke_token(db, ADMIN, mine.token_id, NOW)
        await stream.content.read()  # ends


async def test_nothing_is_told_to_a_token_that_was_revoked(client: Client, db: Database) -> None:
    manager, admin = await token(db, Role.MANAGER, DOMAIN), await token(db, Role.ADMIN)
    [mine] = [
        one for one in (await list_tokens(db, ADMIN, TokenQuery())).rows if one.role is Role.MANAGER
    ]
    stream = await listen(client, manager)
    await stream.content.readuntil(b"\n\n")
    await revoke_token(db, ADMIN, mine.token_id, NOW)
    await rename(client, admin, DOMAIN, "Secret")
    async with asyncio.timeout(10):
        assert await stream.content.read() == b""


async def test_a_stream_keeps_no_session_from_ending_when_idle(
    desk: Desk,
    db: Database,
    health: Health,
    shown: Shown,
    feed: ChangeFeed,
    aiohttp_client: AiohttpClient,
) -> None:
    moments = [NOW]
    desk = replace(desk, clock=lambda: moments[-1])
    policy = WebPolicy(heartbeat=0.05)
    client: Client = await aiohttp_client(make_portal(health, desk, policy, shown, feed))
    await joined(db, "olga", Role.MANAGER, DOMAIN)
    typed = {"name": "olga", "password": PASSWORD.reveal()}
    answer, _ = await asked(client, "POST", "/login", {}, json=typed)
    assert answer.status == 200
    stream = await listen(client, {})
    idle = desk.door.terms.idle
    moments.append(NOW + idle - timedelta(minutes=1))
    async with asyncio.timeout(10):
        for _ in range(4):
            await stream.content.readuntil(b"\n\n")
        moments.append(NOW + idle)
        await stream.content.read()  # ends


async def test_who_hangs_up_is_no_fault(
    desk: Desk,
    db: Database,
    health: Health,
    shown: Shown,
    caplog: pytest.LogCaptureFixture,
) -> None:
    feed = ChangeFeed(db, most=1)
    portal = make_portal(health, desk, WebPolicy(heartbeat=0.05), shown, feed)
    headers = await token(db, Role.ADMIN)
    async with listening(portal) as door, ClientSession(door.url, headers=headers) as session:
        stream = await session.get("/api/v1/events")
        await stream.content.readuntil(b"\n\n")
        stream.close()
        async with asyncio.timeout(10):
            while (again := await session.get("/api/v1/events")).status != 200:
                await asyncio.sleep(0.02)
        again.close()
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def test_a_stream_ends_when_the_store_is_away(
    desk: Desk,
    db: Database,
    health: Health,
    shown: Shown,
    aiohttp_client: AiohttpClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Away(ChangeFeed):
        async def after(
            self, entry_id: int, domain: str | None, patience: float
        ) -> tuple[ChangeRow, ...]:
            raise StoreUnavailable("the store is away.")

    portal = make_portal(health, desk, WebPolicy(), shown, Away(db))
    client: Client = await aiohttp_client(portal)
    stream = await listen(client, await token(db, Role.ADMIN))
    assert await stream.content.read() == b"retry: 3000\n\n"
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == []


async def test_one_listener_leaves_room_for_others_and_all_are_bounded(
    desk: Desk, db: Database, health: Health, shown: Shown, aiohttp_client: AiohttpClient
) -> None:
    feed = ChangeFeed(db, poll_seconds=0.02, most=3, most_each=2)
    running = asyncio.create_task(feed.run())
    policy = WebPolicy(heartbeat=0.05)
    client: Client = await aiohttp_client(make_portal(health, desk, policy, shown, feed))
    first, second, third = [await token(db, Role.TECH, DOMAIN) for _ in range(3)]
    streams = [await listen(client, first) for _ in range(2)]
    answer, problem = await asked(client, "GET", "/events", first)
    assert (answer.status, problem["code"]) == (429, "too_many_open")
    assert answer.content_type == "application/problem+json"
    assert "2 times" in problem["detail"]
    streams.append(await listen(client, second))  # of the same label: tokens are told apart
    answer, problem = await asked(client, "GET", "/events", third)
    assert (answer.status, problem["code"]) == (503, "overloaded")
    assert "Retry-After" in answer.headers
    streams[0].close()
    async with asyncio.timeout(10):
        while (again := await client.get("/api/v1/events", headers=first)).status != 200:
            await asyncio.sleep(0.02)
    streams.append(again)
    for stream in streams:
        stream.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_user_may_not_listen(client: Client, db: Database) -> None:
    who = await token(db, Role.TECH, DOMAIN)
    assert (await listen(client, who)).status == 200
    answer, _ = await asked(client, "GET", "/events?domain=x&colour=red", who)
    assert answer.status == 422
