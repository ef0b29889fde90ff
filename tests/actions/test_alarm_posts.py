"""Alarms reach the webhook: tried again, once each, and those of before a restart too."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from provisiond.actions.alarm_posts import AlarmPosts
from provisiond.inventory.journal import RequestEntry
from provisiond.outbound.alarm_webhook import AlarmWebhook, alarm_body
from provisiond.store.database import Database
from provisiond.store.errands import waiting_errands
from provisiond.store.journal import ALARM_ERRAND, SWEEP_ERRAND, JournalWriter
from provisiond.store.schema import errand
from tests.actions.service import NOW

ALARM = RequestEntry(
    at=NOW,
    transport="http",
    address="10.0.0.9",
    method="GET",
    name="x",
    outcome="sweep",
    alarm=True,
)


class Receiver:
    """Answers with the statuses it was given, then 204, and a User-Agent that it takes for an
    attack always with 403; keeps what it got."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: list[dict[str, Any]] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Keep the body."""
        self.got.append(await request.json())
        if "<script>" in (self.got[-1]["user_agent"] or ""):
            return web.Response(status=403)
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, AlarmWebhook]]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/alarm", receiver.answer)
    server = TestServer(app)
    await server.start_server()
    yield receiver, AlarmWebhook(str(server.make_url("/alarm")), None)
    await server.close()


async def alarmed(database: Database, *details: str) -> JournalWriter:
    """A writer that has journaled an alarm for each detail, and what is none."""
    writer = JournalWriter(database, alarm_body=alarm_body)
    for detail in details:
        writer.add(ALARM._replace(detail=detail))
        writer.add(ALARM._replace(outcome="served", alarm=False))
    await writer.flush()
    return writer


@asynccontextmanager
async def running(*posts: AlarmPosts) -> AsyncIterator[None]:
    jobs = [asyncio.create_task(one.run()) for one in posts]
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def left(database: Database) -> list[str]:
    """What was said of the alarms that wait."""
    async with database.read() as read:
        waiting = await waiting_errands(read, ALARM_ERRAND, SWEEP_ERRAND)
    return [json.loads(one.body)["text"] for one in waiting]


async def test_an_alarm_is_tried_again_with_the_same_id_and_the_next_one_follows(
    db: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    there.statuses = [500, 302]
    writer = await alarmed(db, "first")
    posts = AlarmPosts(db, webhook, writer.alarmed, pauses=(0.01, 0.01))
    async with running(posts):
        await until(lambda: posts.delivered == 1)
        writer.add(ALARM._replace(detail="second"))
        await writer.flush()
        await until(lambda: posts.delivered == 2)
    assert [told["text"] for told in there.got] == ["first", "first", "first", "second"]
    assert len({told["id"] for told in there.got}) == 2
    assert await left(db) == []


async def test_what_a_restart_interrupted_goes_out_after_it(
    db: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    there.statuses = [503, 503]
    writer = await alarmed(db, "first", "second")
    before = AlarmPosts(db, webhook, writer.alarmed, pauses=(3600.0,))
    async with running(before):
        await until(lambda: len(there.got) == 2)
    assert await left(db) == ["first", "second"]
    after = AlarmPosts(db, webhook, asyncio.Event())
    async with running(after):
        await until(lambda: after.delivered == 2)
    assert [told["text"] for told in there.got] == ["first", "second", "first", "second"]
    assert there.got[0]["id"] == there.got[2]["id"]


async def test_one_that_the_receiver_never_takes_holds_up_no_other(
    db: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    writer = JournalWriter(db, alarm_body=alarm_body)
    writer.add(ALARM._replace(detail="refused", user_agent="<script>alert(1)</script>"))
    writer.add(ALARM._replace(detail="sweep"))
    writer.add(ALARM._replace(detail="held", outcome="enrolment_held"))
    await writer.flush()
    posts = AlarmPosts(db, webhook, writer.alarmed, pauses=(3600.0,))
    async with running(posts):
        await until(lambda: posts.delivered == 2)
        writer.add(ALARM._replace(detail="held later", outcome="enrolment_held"))
        await writer.flush()
        await until(lambda: posts.delivered == 3)
    assert [told["text"] for told in there.got] == ["held", "refused", "sweep", "held later"]
    assert await left(db) == ["refused"]


async def test_those_that_are_not_taken_are_tried_in_turns_and_each_as_often(
    lite: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    there.statuses = [500] * 6
    writer = await alarmed(lite, "a", "b")
    posts = AlarmPosts(lite, webhook, writer.alarmed, pauses=(0.01, 0.01))
    async with running(posts):
        await until(lambda: posts.dropped == 2)
        writer.add(ALARM._replace(detail="c"))
        await writer.flush()
        await until(lambda: posts.delivered == 1)
    told = [told["text"] for told in there.got]
    assert (told.count("a"), told.count("b"), told[-1]) == (3, 3, "c")


async def test_one_that_the_store_forgot_is_waited_for_no_more(
    lite: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    there.statuses = [500]
    writer = await alarmed(lite, "gone")
    posts = AlarmPosts(lite, webhook, writer.alarmed, pauses=(0.5, 3600.0))
    async with running(posts):
        await until(lambda: len(there.got) == 1)
        async with lite.append() as write:
            await write.connection.execute(sa.delete(errand))
        await until(lambda: not posts._refused)
        writer.add(ALARM._replace(detail="next"))
        await writer.flush()
        await until(lambda: posts.delivered == 1)
    assert [told["text"] for told in there.got] == ["gone", "next"]


async def test_an_alarm_is_given_up_after_its_tries_and_one_of_long_ago_after_one(
    lite: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    there.statuses = [500] * 4
    writer = await alarmed(lite, "old", "new")
    async with lite.append() as write:
        first = sa.select(sa.func.min(errand.c.id)).scalar_subquery()
        old = sa.update(errand).where(errand.c.id == first).values(created_at=0)
        await write.connection.execute(old)
    posts = AlarmPosts(lite, webhook, writer.alarmed, pauses=(0.01, 0.01))
    async with running(posts):
        await until(lambda: posts.dropped == 2)
    assert [told["text"] for told in there.got] == ["old", "new", "new", "new"]
    assert (posts.delivered, await left(lite)) == (0, [])


async def test_of_two_nodes_one_posts(
    db: Database, receiver: tuple[Receiver, AlarmWebhook]
) -> None:
    there, webhook = receiver
    writer = await alarmed(db, *(str(number) for number in range(10)))
    nodes = [AlarmPosts(db, webhook, writer.alarmed) for _ in range(2)]
    async with running(*nodes):
        await until(lambda: sum(node.delivered for node in nodes) == 10)
    assert [told["text"] for told in there.got] == [str(number) for number in range(10)]


async def test_without_a_webhook_no_alarm_waits(lite: Database) -> None:
    writer = JournalWriter(lite)
    writer.add(ALARM)
    await writer.flush()
    assert await left(lite) == []
    assert not writer.alarmed.is_set()
