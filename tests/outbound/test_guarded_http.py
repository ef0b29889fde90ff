"""Is a request made only where it may go, in time, and is the answer bounded?"""

import asyncio
import socket
from collections.abc import AsyncIterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from aiohttp import web

from provisiond.inventory.errors import OutsideUnavailable
from provisiond.outbound.guarded_http import Guard

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
OPEN = Guard(networks=LOOPBACK, seconds=5, max_bytes=4096)
SHUT = Guard(seconds=5, max_bytes=4096)


class Canary:
    """A listener that counts who came, and answers as its path says."""

    def __init__(self) -> None:
        self.connections = 0
        self.paths: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        if request.path == "/redirect":
            raise web.HTTPFound(f"http://127.0.0.1:{self.port}/elsewhere")
        if request.path == "/large":
            return web.Response(body=b"x" * 100_000)
        if request.path == "/silent":
            await asyncio.sleep(30)
        if request.path == "/trickle":
            response = web.StreamResponse()
            await response.prepare(request)
            for _ in range(100):
                await response.write(b" ")
                await asyncio.sleep(0.1)
            return response
        return web.json_response({"got": await request.json()})


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    listener = Canary()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        listener.connections += 1
        assert isinstance(request, web.Request)
        return await listener.answer(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.port = runner.addresses[0][1]
    yield listener
    await runner.cleanup()


async def post(guard: Guard, url: str) -> Any:
    return await guard.post_json(url, {"a": 1}, {"Authorization": "Bearer s3cret"}, "Example")


async def test_an_allowed_network_is_asked(canary: Canary) -> None:
    answer = await post(OPEN, f"http://127.0.0.1:{canary.port}/")
    assert (answer.status, answer.body) == (200, b'{"got": {"a": 1}}')


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
    ],
)
async def test_loopback_is_asked_under_no_name(canary: Canary, host: str) -> None:
    with pytest.raises(OutsideUnavailable, match=r"no public address|cannot be asked"):
        await post(SHUT, f"http://{host}:{canary.port}/")
    assert canary.connections == 0


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("169.254.169.254", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("172.16.0.1", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::", False),
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("::ffff:8.8.8.8", True),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::8.8.8.8", True),  # NAT64
        ("64:ff9b::10.0.0.1", False),
        ("64:ff9b::127.0.0.1", False),
        ("64:ff9b::169.254.169.254", False),
        ("64:ff9b::224.0.0.1", False),
        ("64:ff9b:1::8.8.8.8", False),  # NAT64 of a network's own
        ("64:ff9b:1::10.0.0.1", False),
        ("64:ff9b:1:a00:0:100::", False),
        ("2002:a00:1::1", False),  # 6to4: 10.0.0.1
        ("2002:7f00:1::1", False),
        ("2002:a9fe:a9fe::1", False),
        ("::10.0.0.1", False),
        ("::8.8.8.8", False),
        ("::ffff:0:10.0.0.1", False),
        ("2001:0:808:808::f5ff:fffe", False),  # Teredo: 10.0.0.1
        ("fec0::1", False),
        ("ff0e::1", False),
    ],
)
def test_only_public_addresses_are_asked(address: str, allowed: bool) -> None:
    assert SHUT.allows(ip_address(address)) is allowed


@pytest.mark.parametrize("address", ["::ffff:10.1.2.3", "64:ff9b::10.1.2.3"])
def test_a_network_of_ours_is_reached_whatever_carries_its_addresses(address: str) -> None:
    assert Guard(networks=(ip_network("10.0.0.0/8"),)).allows(ip_address(address))


async def test_the_connection_goes_to_the_address_that_was_checked(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means an allowed address when it is checked and another when it is dialled."""
    guard = Guard(networks=(ip_network("127.0.0.2/32"),), seconds=2)
    answers = iter(["127.0.0.2", "127.0.0.1", "127.0.0.1"])
    asked: list[str] = []

    async def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        address = next(answers)
        asked.append(address)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", rebinding, raising=False)
    with pytest.raises(OutsideUnavailable, match="cannot be asked"):
        await post(guard, f"http://rebind.example.test:{canary.port}/")
    with pytest.raises(OutsideUnavailable, match="no public address"):
        await post(guard, f"http://rebind.example.test:{canary.port}/")
    assert canary.connections == 0
    assert asked == ["127.0.0.2", "127.0.0.1"]


async def test_a_redirect_is_not_followed(canary: Canary) -> None:
    answer = await post(OPEN, f"http://127.0.0.1:{canary.port}/redirect")
    assert (answer.status, canary.paths) == (302, ["/redirect"])


async def test_too_large_an_answer_is_cut_off(canary: Canary) -> None:
    with pytest.raises(OutsideUnavailable, match="more than 4096 bytes"):
        await post(OPEN, f"http://127.0.0.1:{canary.port}/large")


@pytest.mark.parametrize("path", ["silent", "trickle"])
async def test_the_deadline_is_for_all_of_it(canary: Canary, path: str) -> None:
    quick = Guard(networks=LOOPBACK, seconds=0.4)
    with pytest.raises(OutsideUnavailable, match=r"within 0\.4 s"):
        await post(quick, f"http://127.0.0.1:{canary.port}/{path}?key=s3cret")


async def test_nobody_there_is_told_without_the_key_in_the_url() -> None:
    with pytest.raises(OutsideUnavailable, match="Example cannot be asked") as caught:
        await post(OPEN, "http://127.0.0.1:9/path?key=s3cret")
    assert "s3cret" not in str(caught.value)


async def test_proxies_of_the_environment_are_not_used(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await post(OPEN, f"http://127.0.0.1:{canary.port}/")).status == 200
