"""A web listener on loopback for tests, with the limits that they want."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiohttp import web

from provisiond.web.listener import WebCounters, WebLimits, WebListener
from tests.boot.http_wire import Client


@dataclass(frozen=True)
class Door:
    """A listener under test."""

    port: int
    counters: WebCounters

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def listening(
    app: web.Application, context: ssl.SSLContext | None = None, **changed: float
) -> AsyncIterator[Door]:
    """A listener on a free port; `changed` are fields of its limits."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    assert runner.server is not None
    counters = WebCounters()
    limits = replace(WebLimits(), **changed)  # type: ignore[arg-type]
    listener = WebListener(runner.server, limits, counters)
    _, port = await listener.start("127.0.0.1", 0, context)
    try:
        yield Door(port, counters)
    finally:
        listener.close()
        await runner.cleanup()


@asynccontextmanager
async def connected(door: Door) -> AsyncIterator[Client]:
    """A connection to it that speaks raw bytes."""
    client = Client(*await asyncio.open_connection("127.0.0.1", door.port))
    try:
        yield client
    finally:
        await client.close()
