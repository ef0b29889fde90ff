"""What does the web listener answer? People and programs, and health for monitors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.web.api.mount import mount_api
from provisiond.web.api.problems import tell_problems
from provisiond.web.headers import know_the_caller, protect
from provisiond.web.health import DEADLINE_SECONDS, Check, look
from provisiond.web.keys import DESK, FEED, POLICY, WebPolicy
from provisiond.web.listener import SERVER
from provisiond.web.pages.html import PAGES, Pages
from provisiond.web.pages.join import save_join, show_join
from provisiond.web.static_files import STATIC, StaticFile, load_static, serve_static

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What pages are made of."""

    pages: Pages
    static: Mapping[str, StaticFile]


def load_shown() -> Shown:
    """Read the pages' files: call it in a thread, or before the loop."""
    return Shown(pages=Pages(), static=load_static())


def make_portal(
    health: Health, desk: Desk, policy: WebPolicy, shown: Shown, feed: ChangeFeed
) -> web.Application:
    """The application of the listeners for people and programs; monitors are answered too."""
    app = make_app(health, middlewares=(know_the_caller, tell_problems))
    app[DESK] = desk
    app[POLICY] = policy
    app[FEED] = feed
    app[PAGES] = shown.pages
    app[STATIC] = shown.static
    app.on_response_prepare.append(protect)
    mount_api(app, health.version)
    app.router.add_get("/static/{name:.+}", serve_static)
    app.router.add_get("/join/{key}", show_join)
    app.router.add_post("/join/{key}", save_join)
    return app


def make_app(health: Health, *, middlewares: tuple[Middleware, ...] = ()) -> web.Application:
    """The application of the listeners for monitors.

    `/healthz`: 200 while the loop turns (restart what does not answer). `/readyz`: 200, or 503
    with the reasons, as JSON (send phones elsewhere meanwhile). `/metrics`: Prometheus text, or
    OpenMetrics where that is asked for.
    """
    app = web.Application(middlewares=middlewares)
    app[_HEALTH] = health
    app.on_response_prepare.append(_tell_no_version)
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    return app


async def _tell_no_version(request: web.Request, answer: web.StreamResponse) -> None:
    del request
    answer.headers["Server"] = SERVER


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
