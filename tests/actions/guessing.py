"""Somebody who guesses and phones that boot, over real HTTP and from one and the same address."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp

from provisiond.boot.http import PhoneHttp
from provisiond.boot.limits import HttpLimits
from provisiond.inventory.digest import phone_password
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from tests.actions.service import CANARY, NOW, PASSWORD_KEY, Desk


@asynccontextmanager
async def listening(desk: Desk) -> AsyncIterator[str]:
    """The URL of a listener before this service."""
    server = PhoneHttp(
        serve=desk.service.serve_file,
        trusted_proxies=(),
        limits=HttpLimits(),
        on_malformed=lambda _, __: None,
        now=lambda: NOW,
    )
    _, port = await server.start("127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        await server.stop(1)


_TOKEN = re.compile(rb"/p/([a-z2-7]{26})/")


def own_name(body: bytes, mac: Mac) -> str:
    """What a served file says that its phone is to ask from then on, as guessers read it, too."""
    found = _TOKEN.search(body)
    assert found is not None
    return f"p/{found[1].decode()}/{mac.text}.cfg"


@dataclass
class Guesser:
    """Asks for every MAC of a list, `at_once` at a time, and again until `enough` is set. Where it
    is served it follows the token at once, and so closes the enrolment."""

    base: str
    macs: Sequence[Mac]
    at_once: int = 500
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    secrets: set[Mac] = field(default_factory=set)
    statuses: set[int] = field(default_factory=set)

    async def run(self) -> None:
        """Guess."""
        waiting = self._names()
        connector = aiohttp.TCPConnector(limit=self.at_once)
        async with aiohttp.ClientSession(connector=connector) as session:
            await asyncio.gather(*(self._some(session, waiting) for _ in range(self.at_once)))

    def _names(self) -> Iterator[Mac]:
        yield from self.macs
        while not self.enough.is_set():
            for mac in self.macs:
                if self.enough.is_set():
                    return
                yield mac

    async def _some(self, session: aiohttp.ClientSession, waiting: Iterator[Mac]) -> None:
        for mac in waiting:
            async with session.get(f"{self.base}{mac.text}.cfg") as reply:
                self.asked += 1
                self.statuses.add(reply.status)
                body = await reply.read()
            if CANARY in body:
                self.secrets.add(mac)
                async with session.get(f"{self.base}{own_name(body, mac)}") as reply:
                    assert reply.status == 200


async def boot_all(base: str, phones: Sequence[Phone], *, logs_in: bool, at_once: int = 50) -> int:
    """Boot them, each over connections of its own; how many ended with their account."""
    waiting, bodies = iter(phones), list[bytes]()

    async def some() -> None:
        for phone in waiting:
            bodies.append(await _boot(base, phone, logs_in))

    await asyncio.gather(*(some() for _ in range(at_once)))
    return sum(CANARY in body for body in bodies)


async def _boot(base: str, phone: Phone, logs_in: bool) -> bytes:
    password = phone_password(PASSWORD_KEY, phone.token).reveal()
    login = aiohttp.DigestAuthMiddleware(login=phone.mac.text, password=password)
    own = f"{base}p/{phone.token.reveal()}/{phone.mac.text}"
    async with aiohttp.ClientSession(middlewares=(login,) if logs_in else ()) as session:
        async with session.get(f"{own}.boot") as reply:
            assert reply.status == 404, "this family's boot file is optional"
        async with session.get(f"{own}.cfg") as reply:
            return await reply.read() if reply.status == 200 else b""
