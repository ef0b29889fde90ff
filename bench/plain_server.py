#!/usr/bin/env python3
"""The peer of a cold file: aiohttp that renders the same assignments with plain sandboxed Jinja.

    plain_server.py PORT BODY-FILE [asyncio|uvloop]

No store, no admission, no record, no journal: what a careful beginner would write.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

from aiohttp import web
from jinja2.sandbox import ImmutableSandboxedEnvironment


def make_app(body: bytes) -> web.Application:
    """Answers every path with the rendered assignments of `body`."""
    is_xml = body.startswith(b"<")
    pattern = r"<([^/>?!]+)>([^<]*)</" if is_xml else r"^(\S+) = ?(.*)$"
    items = [
        {"key": key, "value": value}
        for key, value in re.findall(pattern, body.decode(), re.MULTILINE)
    ]
    line = "<{{ a.key }}>{{ a.value }}</{{ a.key }}>" if is_xml else "{{ a.key }} = {{ a.value }}"
    template = ImmutableSandboxedEnvironment(autoescape=is_xml).from_string(
        "{% for a in items %}" + line + "\n{% endfor %}"
    )

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=template.render(items=items).encode())

    app = web.Application()
    app.router.add_get("/{name}", answer)
    return app


def main() -> None:
    if "uvloop" in sys.argv[3:]:
        import uvloop

        asyncio.set_event_loop(uvloop.new_event_loop())
    loop = asyncio.get_event_loop_policy().get_event_loop()
    app = make_app(Path(sys.argv[2]).read_bytes())
    web.run_app(
        app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None, loop=loop
    )


if __name__ == "__main__":
    main()
