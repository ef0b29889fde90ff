"""How is a webhook told something? By one signed POST, to nobody's neighbour."""

import asyncio
import hashlib
import hmac
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.secret import Secret
from provisiond.inventory.webhooks import Networks, may_reach

SIGNATURE = "Provisiond-Signature"
_SECONDS = 10.0
_ANSWER_BYTES = 4096


def signature(secret: Secret, body: bytes, seconds: int) -> str:
    """`t=<Unix time>,v1=<hex>`: HMAC-SHA256 of the time, a full stop and the body."""
    signed = f"{seconds}.".encode() + body
    return f"t={seconds},v1={hmac.digest(secret.reveal().encode(), signed, hashlib.sha256).hex()}"


class WebhookSender:
    """Sends; `close` it in the end.

    A name is looked up once for each connection, every address is judged, and the connection goes
    to an address that was judged: a name that answers differently a moment later leads nowhere.
    No redirect is followed, and no proxy of the environment asked. As many are sent at once as are
    asked for: whoever waited here for others would be given up in their place.
    """

    def __init__(self, private: Networks, *, seconds: float = _SECONDS) -> None:
        self._private = private
        resolver = _JudgingResolver(private)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, limit=0, force_close=True
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=seconds),
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        """POST it; answers what the other side said. Raises OutsideUnavailable with the reason
        where that was not 2xx, nobody answered in time, or the address is not to be reached."""
        try:
            target = URL(url)
        except ValueError as fault:
            raise OutsideUnavailable(_said(fault)) from fault
        self._judge_literal(target)
        try:
            async with self._session.post(
                target,
                data=body,
                headers={"Content-Type": "application/json", **headers},
                allow_redirects=False,
            ) as answer:
                await answer.content.read(_ANSWER_BYTES)
                if not 200 <= answer.status < 300:
                    raise OutsideUnavailable(f"answered {answer.status}")
                return f"answered {answer.status}"
        except (aiohttp.ClientError, OSError, ValueError) as fault:
            raise OutsideUnavailable(_said(fault)) from fault
        except TimeoutError as fault:
            raise OutsideUnavailable("no answer in time") from fault

    async def close(self) -> None:
        """Give its connections up."""
        await self._session.close()

    def _judge_literal(self, url: URL) -> None:
        """An address that stands in the URL is looked up by nobody."""
        host = url.host or ""
        try:
            address = ip_address(host)
        except ValueError:
            return
        if not may_reach(address, self._private):
            raise OutsideUnavailable(f"{host} is of a network that webhooks may not reach")


class _JudgingResolver(AbstractResolver):
    """Gives only addresses that may be reached, and none where one of a name's may not."""

    def __init__(self, private: Networks) -> None:
        self._private = private
        self._inner: AbstractResolver | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if self._inner is None:
            self._inner = DefaultResolver()
        found = await self._inner.resolve(host, port, family)
        for one in found:
            if not may_reach(ip_address(one["host"].partition("%")[0]), self._private):
                raise OSError(f"{host} is {one['host']}, of a network that webhooks may not reach")
        return found

    async def close(self) -> None:
        if self._inner is not None:
            await self._inner.close()


def _said(fault: BaseException) -> str:
    if isinstance(fault, asyncio.TimeoutError):
        return "no answer in time"
    cause: Any = fault.__cause__ if isinstance(fault, aiohttp.ClientConnectorError) else None
    return f"{type(fault).__name__}: {cause or fault}"[:400]
