"""A webhook is told by a signed POST, and never a neighbour of this server."""

import asyncio
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import TestServer

from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.secret import Secret
from provisiond.inventory.webhooks import Webhook, may_reach, webhook_faults
from provisiond.outbound.webhook_sender import SIGNATURE, WebhookSender, signature

LOOPBACK = (ip_network("127.0.0.0/8"),)


class Canary:
    """A listener on loopback that counts who came."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.location = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((dict(request.headers), await request.read()))
        headers = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=headers)


@pytest.fixture
async def canary() -> AsyncIterator[tuple[Canary, TestServer]]:
    listener = Canary()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", listener.answer)
    server = TestServer(app)
    await server.start_server()
    yield listener, server
    await server.close()


async def test_what_is_sent_is_signed_and_can_be_checked(
    canary: tuple[Canary, TestServer],
) -> None:
    listener, server = canary
    sender = WebhookSender(LOOPBACK)
    body, secret = b'{"id": 7}', Secret("whs_secret")
    header = signature(secret, body, 1_800_000_000)
    said = await sender.send(str(server.make_url("/hook")), body, {SIGNATURE: header})
    await sender.close()
    assert said == "answered 200"
    [(headers, got)] = listener.requests
    assert got == body
    assert headers["Content-Type"] == "application/json"
    stamp, _, mac = headers[SIGNATURE].partition(",v1=")
    expected = hmac.new(
        b"whs_secret", stamp.removeprefix("t=").encode() + b"." + body, hashlib.sha256
    )
    assert mac == expected.hexdigest()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost",
     "0.0.0.0", "[::]", "169.254.169.254", "10.0.0.1", "[fe80::1]", "[64:ff9b::7f00:1]",
     "[2002:7f00:1::]"],
)  # fmt: skip
async def test_no_neighbour_is_reached_however_its_address_is_written(
    host: str, canary: tuple[Canary, TestServer]
) -> None:
    listener, server = canary
    sender = WebhookSender(())
    with pytest.raises(OutsideUnavailable):
        await sender.send(f"http://{host}:{server.port}/", b"{}", {})
    await sender.close()
    assert listener.requests == []


async def test_a_redirect_is_an_answer_and_is_not_followed(
    canary: tuple[Canary, TestServer],
) -> None:
    listener, server = canary
    listener.status, listener.location = 302, str(server.make_url("/inner"))
    sender = WebhookSender(LOOPBACK)
    with pytest.raises(OutsideUnavailable, match="answered 302"):
        await sender.send(str(server.make_url("/")), b"{}", {})
    await sender.close()
    assert len(listener.requests) == 1


class Rebinding:
    """A name server that gives a public address first, and loopback from then on."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked = 0

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        self.asked += 1
        address = "192.0.2.1" if self.asked == 1 else "127.0.0.1"
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is held."""


async def test_a_name_that_answers_differently_leads_nowhere(
    canary: tuple[Canary, TestServer],
) -> None:
    """192.0.2.0/24 is no public network either, so a documentation network is let through."""
    listener, server = canary
    sender = WebhookSender((ip_network("192.0.2.0/24"),), seconds=0.5)
    names = Rebinding(server.port or 0)
    sender._session.connector._resolver._inner = names  # type: ignore[union-attr]
    for _ in range(3):
        with pytest.raises(OutsideUnavailable):
            await sender.send(f"http://rebinding.example.test:{server.port}/", b"{}", {})
    await sender.close()
    assert names.asked >= 2
    assert listener.requests == []


async def test_one_bad_address_of_a_name_is_enough() -> None:
    class Mixed(Rebinding):
        async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
            first = await super().resolve(host, port, family)
            return [*first, *(await super().resolve(host, port, family))]

    sender = WebhookSender((ip_network("192.0.2.0/24"),), seconds=0.5)
    sender._session.connector._resolver._inner = Mixed(1)  # type: ignore[union-attr]
    with pytest.raises(OutsideUnavailable, match="may not reach"):
        await sender.send("http://mixed.example.test/", b"{}", {})
    await sender.close()


async def test_a_silent_listener_is_given_up() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = WebhookSender(LOOPBACK, seconds=0.2)
    with pytest.raises(OutsideUnavailable, match="in time"):
        await sender.send(f"http://127.0.0.1:{port}/", b"{}", {})
    await sender.close()
    await ended.wait()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("address", "reachable"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("192.168.1.1", False),
        ("100.64.0.1", False), ("224.0.0.1", False), ("240.0.0.1", False), ("fd00::1", False),
        ("ff02::1", False), ("::ffff:8.8.8.8", True), ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False), ("2002:a00:1::", False),
    ],
)  # fmt: skip
def test_which_addresses_are_on_the_open_internet(address: str, reachable: bool) -> None:
    assert may_reach(ip_address(address), ()) is reachable


def test_a_private_network_that_is_meant_may_be_reached() -> None:
    assert may_reach(ip_address("10.1.2.3"), (ip_network("10.1.0.0/16"),))
    assert not may_reach(ip_address("10.2.2.3"), (ip_network("10.1.0.0/16"),))


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://hooks.example.test/x", True), ("http://hooks.example.test/x", False),
        ("https://user:pw@hooks.example.test/", False), ("https://10.0.0.1/", False),
        ("ftp://hooks.example.test/", False), ("https:///x", False), ("https://[::1]/", False),
        ("https://x:99999/", False), ("javascript:alert(1)", False), ("", False),
        ("https://hooks.example.test/#x", False), ("https://[x/", False),
    ],
)  # fmt: skip
def test_a_url_that_cannot_be_meant_is_refused(url: str, is_good: bool) -> None:
    assert (webhook_faults(Webhook(name="x", url=url), ()) == ()) is is_good
