"""Where does the API hang in the web listener?"""

import json
from collections.abc import Awaitable, Callable
from functools import cache

from aiohttp import web

from provisiond.web.api.dispatch import dispatch
from provisiond.web.api.openapi import document
from provisiond.web.api.route import PREFIX, Route
from provisiond.web.api.table import ROUTES
from provisiond.web.pages.html import PAGES

OPENAPI = "/api/openapi.json"
DOCS = "/api/docs"


def mount_api(app: web.Application, version: str) -> None:
    """Add every route of the table, the document that describes them, and a page to try them."""
    for route in ROUTES:
        app.router.add_route(route.method, PREFIX + route.path, _handler(route))
    text = _described(version)

    async def describe(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type="application/json")

    async def try_out(request: web.Request) -> web.Response:
        return request.app[PAGES].answer("docs.html", document=OPENAPI)

    app.router.add_get(OPENAPI, describe)
    app.router.add_get(DOCS, try_out)


@cache
def _described(version: str) -> str:
    return json.dumps(document(ROUTES, version), ensure_ascii=False)


def _handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await dispatch(route, request)

    return handle
