"""Nobody fills the log by speaking no HTTP; faults of ours are told."""

import asyncio
import logging

import pytest
from aiohttp import web

from provisiond.web.listener_log import listener_log

NONSENSE = (
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"nonsense\r\n\r\n",
)


async def fail(_: web.Request) -> web.Response:
    raise ZeroDivisionError("ours")


async def test_what_is_no_http_is_answered_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = web.Application()
    app.router.add_get("/fail", fail)
    runner = web.AppRunner(app, access_log=None, logger=listener_log())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    async def ask(content: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        answer = await asyncio.wait_for(reader.read(20), 10)
        writer.close()
        await writer.wait_closed()
        return answer

    with caplog.at_level(logging.INFO):
        for content in NONSENSE:
            assert (await ask(content)).startswith(b"HTTP/1.") or content[0] == 0x16
        assert caplog.records == []
        assert b"500" in await ask(b"GET /fail HTTP/1.1\r\nHost: x\r\n\r\n")
        assert "ZeroDivisionError" in caplog.text
    await runner.cleanup()
