"""Does an alarm reach the receiver, signed, and again where it was not taken?"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret
from provisiond.outbound.alarm_webhook import SIGNATURE, AlarmWebhook

ALARM = RequestEntry(
    at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    transport="http",
    address="192.0.2.9",
    method="GET",
    name="001565aabb01.cfg",
    outcome="enrolment_held",
    detail="a second address",
    mac=Mac("001565aabb01"),
    domain_id=7,
    alarm=True,
)


class Receiver:
    """Answers with the statuses it was given, then 204; keeps what it got."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.got: asyncio.Queue[tuple[bytes, str]] = asyncio.Queue()

    async def answer(self, request: web.Request) -> web.Response:
        """Keep body and signature."""
        self.got.put_nowait((await request.read(), request.headers.get(SIGNATURE, "")))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 204)


@pytest.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/alarm", receiver.answer)
    server = TestServer(app)
    await server.start_server()
    yield receiver, str(server.make_url("/alarm"))
    await server.close()


async def ran(webhook: AlarmWebhook, until: "asyncio.Future[None]") -> None:
    job = asyncio.create_task(webhook.run())
    try:
        async with asyncio.timeout(20):
            await until
    finally:
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)


async def test_an_alarm_is_posted_signed_and_tried_again_with_the_same_id(
    receiver: tuple[Receiver, str],
) -> None:
    there, url = receiver
    there.statuses = [500, 302]
    webhook = AlarmWebhook(url, Secret("key"), pauses=(0.01, 0.01, 0.01))
    webhook.add(ALARM)
    done: list[tuple[bytes, str]] = []

    async def three() -> None:
        done.extend([await there.got.get() for _ in range(3)])
        while not webhook.delivered:
            await asyncio.sleep(0.01)

    await ran(webhook, asyncio.ensure_future(three()))
    assert len({body for body, _ in done}) == 1
    body, signature = done[0]
    assert signature == f"sha256={hmac.new(b'key', body, hashlib.sha256).hexdigest()}"
    told = json.loads(body)
    assert {name: told[name] for name in ("kind", "mac", "address", "domain_id", "text")} == {
        "kind": "enrolment_held",
        "mac": "00:15:65:aa:bb:01",
        "address": "192.0.2.9",
        "domain_id": 7,
        "text": "a second address",
    }


async def test_a_receiver_that_is_away_costs_alarms_only_after_all_tries() -> None:
    webhook = AlarmWebhook("http://127.0.0.1:1/", None, pauses=(0.01,))
    webhook.add(ALARM)

    async def dropped() -> None:
        while not webhook.dropped:
            await asyncio.sleep(0.01)

    await ran(webhook, asyncio.ensure_future(dropped()))
    assert (webhook.delivered, webhook.dropped) == (0, 1)


async def test_no_more_than_a_thousand_wait() -> None:
    webhook = AlarmWebhook("http://127.0.0.1:1/", None)
    for _ in range(1_005):
        webhook.add(ALARM)
    assert webhook.dropped == 5
