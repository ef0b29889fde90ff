"""How does another system hear of an alarm? By a POST of JSON."""

import hashlib
import hmac
import json
import secrets

import aiohttp

from provisiond import __version__
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import Secret

_SECONDS = 10
SIGNATURE = "X-Provisiond-Signature"


class AlarmWebhook:
    """Posts an alarm's body. With a secret, the header `X-Provisiond-Signature` is `sha256=` and
    the hexadecimal HMAC-SHA256 of the body."""

    def __init__(self, url: str, secret: Secret | None) -> None:
        self._url = url
        self._secret = secret

    async def post(self, text: str) -> str:
        """Why it was not taken; empty where the receiver answered 2xx. Redirects are not followed.

        Returns within ten seconds.
        """
        body = text.encode()
        headers = {"User-Agent": f"provisiond/{__version__}", "Content-Type": "application/json"}
        if self._secret is not None:
            key = self._secret.reveal().encode()
            headers[SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.post(self._url, data=body, allow_redirects=False) as reply,
            ):
                return "" if reply.status // 100 == 2 else f"it answered {reply.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as fault:
            return str(fault) or type(fault).__name__


def alarm_body(alarm: RequestEntry) -> str:
    """An alarm as JSON, an object: `id` (the same in each try), `at`, `kind`, `text`, `address`,
    `transport`, `mac`, `user_agent`, `domain_id`."""
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
    return json.dumps(told)
