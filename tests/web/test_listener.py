"""Connections that stall or come in crowds are closed, and nobody else waits for them."""

import asyncio
import logging
import socket
import ssl
import tracemalloc

import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.inventory.access import Role
from provisiond.store.database import Database
from provisiond.web.app import Health, Shown, make_app, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import DOMAIN
from tests.boot.http_wire import until
from tests.web.listening import connected, listening
from tests.web.offices import token

ASK = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
HEALTH = Health(checks=(), registry=CollectorRegistry())
USERS = f"/api/v1/domains/{DOMAIN}/users"


def monitor() -> web.Application:
    return make_app(HEALTH)


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nHo"])
async def test_a_header_that_does_not_come_is_waited_for_so_long(said: bytes) -> None:
    async with listening(monitor(), header_seconds=0.2) as door, connected(door) as client:
        await client.send(said)
        assert await client.closed() == b""
    assert door.counters.cut_header == 1


async def test_a_header_that_drips_is_cut_all_the_same() -> None:
    async with listening(monitor(), header_seconds=0.3) as door, connected(door) as client:

        async def drip() -> None:
            await client.send(b"GET /healthz HTTP/1.1\r\n")
            while True:
                await client.send(b"X-A: b\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        await client.closed()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert door.counters.cut_header == 1


async def test_a_second_header_is_held_to_the_deadline_too() -> None:
    async with (
        listening(monitor(), header_seconds=0.3, idle_seconds=600) as door,
        connected(door) as client,
    ):
        await client.send(ASK)
        assert (await client.response()).status == 200
        await client.send(b"GET /hea")
        assert await client.closed() == b""
    assert door.counters.cut_header == 1


async def test_a_silent_kept_connection_is_closed() -> None:
    async with (
        listening(monitor(), header_seconds=600, idle_seconds=0.2) as door,
        connected(door) as client,
    ):
        await client.send(ASK)
        assert (await client.response()).status == 200
        assert await client.closed() == b""
        await until(lambda: door.counters.open == 0)
    assert door.counters.cut_header == 0


async def test_a_connection_in_use_outlives_the_header_deadline() -> None:
    async with listening(monitor(), header_seconds=0.3) as door, connected(door) as client:
        for _ in range(6):
            await client.send(ASK)
            assert (await client.response()).status == 200
            await asyncio.sleep(0.1)
    assert (door.counters.cut_header, door.counters.accepted) == (0, 1)


async def test_a_header_without_end_is_refused_early() -> None:
    async with listening(monitor(), header_seconds=600) as door, connected(door) as client:
        await client.send(b"GET /healthz HTTP/1.1\r\n")
        for number in range(12):
            await client.send(b"X-%d: %s\r\n" % (number, b"y" * 6000))
            await asyncio.sleep(0.01)
        assert (await client.closed()).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("path", ["/api/v1/login", "/join/key", "/nothing"])
async def test_a_body_that_trickles_is_cut(
    desk: Desk, shown: Shown, feed: ChangeFeed, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_portal(HEALTH, desk, WebPolicy(), shown, feed)
    async with (
        listening(app, body_seconds=0.3, linger_seconds=600) as door,
        connected(door) as client,
    ):
        kind = "json" if path.startswith("/api") else "x-www-form-urlencoded"
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/{kind}\r\n"
        await client.send(f"{head}Content-Length: 900\r\n\r\n".encode())

        async def trickle() -> None:
            while True:
                await client.send(b" ")
                await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        said = await client.closed()
        trickling.cancel()
        await asyncio.gather(trickling, return_exceptions=True)
    assert said.startswith(b"HTTP/1.1 404 " if path == "/nothing" else b"HTTP/1.1 408 ")
    assert door.counters.cut_body == 1
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


async def test_a_long_body_that_flows_is_taken_whole(
    desk: Desk, db: Database, shown: Shown, feed: ChangeFeed
) -> None:
    who = await token(db, Role.MANAGER, DOMAIN)
    app = make_portal(HEALTH, desk, WebPolicy(), shown, feed)
    body = b'{"extension": "177"' + b" " * 9_000 + b"}"
    async with listening(app, body_seconds=0.3, body_rate=1_000) as door, connected(door) as one:
        head = f"POST {USERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in who.items())
        await one.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        for start in range(0, len(body), 1_000):
            await one.send(body[start : start + 1_000])
            await asyncio.sleep(0.05)  # half a second in all, and one earned each time
        assert (await one.response()).status == 201
    assert door.counters.cut_body == 0


@pytest.mark.parametrize(
    ("head", "body", "status"),
    [
        (b"Content-Length: 104857600\r\n\r\n", b" ", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n", 413),
        (b"Content-Length: 600\r\n\r\n" + b"[" * 300 + b"]" * 300, b"", 400),
    ],
    ids=["announced", "in chunks", "deep"],
)
async def test_a_body_of_a_hundred_megabytes_or_300_levels_is_refused_and_not_held(
    desk: Desk, shown: Shown, feed: ChangeFeed, head: bytes, body: bytes, status: int
) -> None:
    app = make_portal(HEALTH, desk, WebPolicy(), shown, feed)
    start = b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    async with listening(app, linger_seconds=0.3) as door, connected(door) as client:
        tracemalloc.start()
        await client.send(start + head)

        async def pour() -> None:
            for _ in range(1600 if body else 0):
                await client.send(body)

        pouring = asyncio.create_task(pour())
        answer = await client.response()
        await asyncio.gather(pouring, return_exceptions=True)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status == status
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert peak < 16 << 20


async def test_thousands_of_idle_connections_keep_nobody_waiting() -> None:
    async with listening(monitor(), connections=200, header_seconds=600, idle_seconds=600) as door:
        silent = []
        for _ in range(2_000):
            silent.append(socket.create_connection(("127.0.0.1", door.port)))
            if len(silent) % 100 == 0:
                async with connected(door) as client:
                    await client.send(ASK)
                    assert (await client.response()).status == 200
        await until(lambda: door.counters.open <= 200)
        assert door.counters.evicted >= 1_800
        for sock in silent:
            sock.close()
        await until(lambda: door.counters.open == 0)


async def test_who_asked_lately_stays_where_others_give_way() -> None:
    async with (
        listening(monitor(), connections=2) as door,
        connected(door) as first,
        connected(door) as second,
    ):
        await until(lambda: door.counters.open == 2)
        for client in (second, first):
            await client.send(ASK)
            assert (await client.response()).status == 200
        async with connected(door) as third:
            assert await second.closed() == b""
            for client in (third, first):
                await client.send(ASK)
                assert (await client.response()).status == 200
    assert (door.counters.evicted, door.counters.overloaded) == (1, 0)


async def test_where_all_are_being_answered_a_newcomer_gets_503() -> None:
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        asked.set()
        await release.wait()
        return web.Response()

    app = web.Application()
    app.router.add_get("/slow", slow)
    async with listening(app, connections=1) as door, connected(door) as client:
        await client.send(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asked.wait()
        async with connected(door) as newcomer:
            assert (await newcomer.closed()).startswith(b"HTTP/1.1 503 ")
        release.set()
        assert (await client.response()).status == 200
    assert door.counters.overloaded == 1


async def test_a_reader_that_takes_nothing_is_cut() -> None:
    lost = asyncio.Event()

    async def big(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        try:
            while True:
                await answer.write(b"x" * 100_000)
        finally:
            lost.set()

    app = web.Application()
    app.router.add_get("/big", big)
    async with listening(app, stall_seconds=0.3) as door:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", door.port))
        sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(20):
            await lost.wait()
        await until(lambda: door.counters.open == 0)
        sock.close()


async def test_who_says_nothing_over_tls_is_cut_too() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    async with listening(monitor(), context, header_seconds=0.3) as door:
        async with connected(door) as client:
            assert await client.closed() == b""
        assert door.counters.accepted == 0


@pytest.mark.parametrize(
    "content", [ASK, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", b"no\r\n\r\n"]
)
async def test_no_answer_says_of_which_version_we_are(content: bytes) -> None:
    async with listening(monitor()) as door, connected(door) as client:
        await client.send(content)
        answer = await client.response()
    assert answer.headers["server"] == "provisiond"
    assert b"aiohttp" not in answer.head
    assert b"Python" not in answer.head
