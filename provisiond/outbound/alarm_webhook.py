"""How does another system hear of an alarm? By a POST of JSON, tried again for an hour."""

import asyncio
import hashlib
import hmac
import json
import logging
import secrets
from collections import deque

import aiohttp

from provisiond import __version__
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import Secret

_log = logging.getLogger(__name__)
_WAITING = 1000
_SECONDS = 10
_PAUSES = (2.0, 10.0, 60.0, 300.0, 900.0, 2400.0)
SIGNATURE = "X-Provisiond-Signature"


class AlarmWebhook:
    """Posts alarms one after another, each until the receiver answers 2xx or its tries are spent.

    The body is a JSON object: `id` (the same in each try), `at`, `kind`, `text`, `address`,
    `transport`, `mac`, `user_agent`, `domain_id`. With a secret, the header
    `X-Provisiond-Signature` is `sha256=` and the hexadecimal HMAC-SHA256 of the body. At most
    1,000 wait; beyond, the oldest are dropped. `delivered` and `dropped` count since the start.
    """

    def __init__(
        self, url: str, secret: Secret | None, pauses: tuple[float, ...] = _PAUSES
    ) -> None:
        self._url = url
        self._secret = secret
        self._pauses = pauses
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self.delivered = 0
        self.dropped = 0

    def add(self, alarm: RequestEntry) -> None:
        """Take an alarm; never blocks, never fails."""
        if len(self._waiting) >= _WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(_body(alarm))
        self._wake.set()

    async def run(self) -> None:
        """Post until cancelled."""
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        headers = {"User-Agent": f"provisiond/{__version__}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    await self._deliver(session, self._waiting.popleft())

    async def _deliver(self, session: aiohttp.ClientSession, body: bytes) -> None:
        reason = await self._post(session, body)
        for pause in self._pauses:
            if not reason:
                break
            _log.warning("the alarm webhook: %s; tried again in %g s", reason, pause)
            await asyncio.sleep(pause)
            reason = await self._post(session, body)
        if reason:
            self.dropped += 1
            _log.error("the alarm webhook never took an alarm: %s", reason)
        else:
            self.delivered += 1

    async def _post(self, session: aiohttp.ClientSession, body: bytes) -> str:
        """Why it was not taken; empty where it was. Redirects are not followed."""
        headers = {}
        if self._secret is not None:
            key = self._secret.reveal().encode()
            headers[SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        try:
            async with session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as reply:
                return "" if reply.status // 100 == 2 else f"it answered {reply.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            return str(fault) or type(fault).__name__


def _body(alarm: RequestEntry) -> bytes:
    told = {
        "id": secrets.token_hex(8),
        "at": alarm.at.isoformat(),
        "kind": alarm.outcome,
        "text": alarm.detail,
        "address": alarm.address,
        "transport": alarm.transport,
        "mac": str(alarm.mac) if alarm.mac is not None else None,
        "user_agent": alarm.user_agent,
        "domain_id": alarm.domain_id,
    }
    return json.dumps(told).encode()
