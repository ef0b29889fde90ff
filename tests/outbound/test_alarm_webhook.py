"""Does an alarm reach the receiver, signed, and is it told where it was not taken?"""

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
from provisiond.outbound.alarm_webhook import SIGNATURE, AlarmWebhook, alarm_body

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


async def test_an_alarm_is_posted_as_json_signed(receiver: tuple[Receiver, str]) -> None:
    there, url = receiver
    body = alarm_body(ALARM)
    assert await AlarmWebhook(url, Secret("key")).post(body) == ""
    got, signature = there.got.get_nowait()
    assert got == body.encode()
    assert signature == f"sha256={hmac.new(b'key', got, hashlib.sha256).hexdigest()}"
    told = json.loads(got)
    assert {name: told[name] for name in ("kind", "mac", "address", "domain_id", "text")} == {
        "kind": "enrolment_held",
        "mac": "00:15:65:aa:bb:01",
        "address": "192.0.2.9",
        "domain_id": 7,
        "text": "a second address",
    }
    assert told["id"] != json.loads(alarm_body(ALARM))["id"]


async def test_it_is_told_why_an_alarm_was_not_taken(receiver: tuple[Receiver, str]) -> None:
    there, url = receiver
    there.statuses = [500, 302]
    webhook = AlarmWebhook(url, None)
    assert await webhook.post("{}") == "it answered 500"
    assert await webhook.post("{}") == "it answered 302", "no redirect is followed"
    assert there.got.qsize() == 2
    assert there.got.get_nowait()[1] == "", "without a secret nothing is signed"
    assert await AlarmWebhook("http://127.0.0.1:1/", None).post("{}") != ""
