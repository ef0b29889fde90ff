"""What does the web listener answer? Health, readiness and metrics, for monitors."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from provisiond.web.health import DEADLINE_SECONDS, Check, look

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What the daemon lets monitors see.

    `checks` decide readiness. `registry` holds the metrics. `deadline` is in seconds, a check.
    """

    checks: tuple[Check, ...]
    registry: CollectorRegistry
    version: str = ""
    deadline: float = DEADLINE_SECONDS


_HEALTH = web.AppKey("health", Health)


def make_app(health: Health) -> web.Application:
    """The web listener's application.

    `/healthz`: 200 while the loop turns (restart what does not answer). `/readyz`: 200, or 503
    with the reasons, as JSON (send phones elsewhere meanwhile). `/metrics`: Prometheus text, or
    OpenMetrics where that is asked for.
    """
    app = web.Application()
    app[_HEALTH] = health
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    return app


async def _healthz(request: web.Request) -> web.Response:
    return web.json_response(
        {"alive": True, "version": request.app[_HEALTH].version}, headers=_HEADERS
    )


async def _readyz(request: web.Request) -> web.Response:
    health = request.app[_HEALTH]
    found = await look(health.checks, health.deadline)
    ready = all(one.ready for one in found)
    return web.json_response(
        {
            "ready": ready,
            "checks": [
                {"name": one.name, "ready": one.ready, "reason": one.reason} for one in found
            ],
        },
        status=200 if ready else 503,
        headers=_HEADERS,
    )


async def _metrics(request: web.Request) -> web.Response:
    encode, content_type = _encoder(request.headers.get("Accept", ""))
    return web.Response(
        body=encode(request.app[_HEALTH].registry),
        headers=_HEADERS | {"Content-Type": content_type},
    )


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """What the Accept header asks for; plain text where the library chokes on its version."""
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):
        return choose_encoder("")
