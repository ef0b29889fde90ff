"""How would an address provider answer? A made-up one, to try the journey out without a contract.

It knows no place at all. Its answers follow from the street's name alone, so that each kind of
answer can be seen: `docs/emergency.md` lists them.
"""

import asyncio
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

PATH = "/v1/addresses/validate"
_WORDS = {"street": "St", "avenue": "Ave", "road": "Rd", "boulevard": "Blvd", "drive": "Dr"}
_VALID_DAYS = 365


def made_up_provider(
    token: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> web.Application:
    """The provider as an application; it answers whoever sends the token."""

    async def validate(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"reasons": ["who is asking?"]}, status=401)
        try:
            asked = await request.json()
        except ValueError:
            return web.json_response({"reasons": ["no JSON"]}, status=400)
        if not isinstance(asked, dict):
            return web.json_response({"reasons": ["no JSON object"]}, status=400)
        return await _answered({str(name): str(text) for name, text in asked.items()}, clock())

    app = web.Application(client_max_size=64 * 1024)
    app.router.add_post(PATH, validate)
    return app


async def serve_provider(host: str, port: int, token: str, ready: Callable[[str], None]) -> None:
    """Answer until the task is cancelled; `ready` is told the URL. Raises OSError where the
    address is taken."""
    runner = web.AppRunner(made_up_provider(token), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        taken = runner.addresses[0][1]
        ready(f"http://{host}:{taken}{PATH}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


async def _answered(asked: dict[str, str], now: datetime) -> web.StreamResponse:
    street = asked.get("street", "").lower()
    if "outage" in street:
        return web.json_response({"reasons": ["try again later"]}, status=503)
    if "silent" in street:
        await asyncio.sleep(3600)
    if "nowhere" in street:
        return _json({"result": "rejected", "reasons": ["no such street in that city"]})
    if "twin" in street and not asked.get("pre_directional"):
        listed = [{**_neat(asked), "pre_directional": side} for side in ("N", "S")]
        return _json({"result": "candidates", "candidates": listed})
    neat = _neat(asked)
    reference = hashlib.sha256(json.dumps(neat, sort_keys=True).encode()).hexdigest()[:12]
    return _json(
        {
            "result": "valid" if neat == asked else "corrected",
            "address": neat,
            "reference": f"ADR-{reference}",
            "until": (now + timedelta(days=_VALID_DAYS)).isoformat(timespec="seconds"),
        }
    )


def _neat(asked: dict[str, str]) -> dict[str, str]:
    """As this provider writes it: kinds of streets cut short."""
    words = asked.get("street", "").split()
    words = [_WORDS.get(word.lower().rstrip("."), word) for word in words]
    return {**asked, "street": " ".join(words)}


def _json(tree: dict[str, Any]) -> web.Response:
    return web.json_response(tree)
