"""How do programs and pages learn of changes as they happen? As server-sent events."""

import contextlib
import json
from typing import Annotated

from aiohttp import web
from pydantic import Field

from provisiond.inventory.access import Noun, Verb, demand
from provisiond.inventory.errors import Failed
from provisiond.inventory.lists import ChangeRow
from provisiond.web.api.route import Call, Route
from provisiond.web.api.shapes import Asked
from provisiond.web.identity import identify
from provisiond.web.keys import FEED, POLICY

_RETRY_MILLISECONDS = 3000
_LONGEST_ID = 18


class EventsQuery(Asked):
    """Changes of one domain; of all that the asker has where it is left out."""

    domain: Annotated[str | None, Field(max_length=255)] = None


async def stream_events(call: Call, request: web.Request) -> web.StreamResponse:
    """Changes as they are made, and a comment every 15 seconds so that nobody hangs up.

    `Last-Event-ID` goes on from there (HTML Living Standard, server-sent events). It ends when
    whoever listens is let in no more, hangs up, or the store is away.
    """
    query: EventsQuery = call.query
    if query.domain is not None:
        demand(call.actor, Noun.EVENTS, Verb.READ, query.domain)
    domain = query.domain.lower() if query.domain is not None else call.actor.domain
    feed = request.app[FEED]
    async with feed.listening(call.actor):
        last = _last_id(request)
        if last is None:
            last = await feed.newest()
        answer = web.StreamResponse(
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        answer.content_type = "text/event-stream"
        with contextlib.suppress(ConnectionError, Failed):
            await answer.prepare(request)
            await _tell(answer, request, call, domain, last)
        return answer


async def _tell(
    answer: web.StreamResponse, request: web.Request, call: Call, domain: str | None, last: int
) -> None:
    """Tell what comes after the entry `last`, for as long as the asker is let in. Raises
    ConnectionError where the far end has hung up, and what reading the store raises."""
    await answer.write(f"retry: {_RETRY_MILLISECONDS}\n\n".encode())
    while True:
        rows = await request.app[FEED].after(last, domain, request.app[POLICY].heartbeat)
        if await _is_gone(request, call):
            return
        content = "".join([_event(row) for row in rows]) or ": still here\n\n"
        await answer.write(content.encode())
        last = rows[-1].entry_id if rows else last


async def _is_gone(request: web.Request, call: Call) -> bool:
    """Whether the asker would be refused now: a session or token that has ended since. A stream
    that is open is no use of a session: its page may be long forgotten."""
    who = await identify(request, is_use=False)
    return who is None or who.actor != call.actor


def _last_id(request: web.Request) -> int | None:
    text = request.headers.get("Last-Event-ID", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID else None


def _event(row: ChangeRow) -> str:
    change = row.change
    told = {
        "id": row.entry_id,
        "at": change.at.isoformat(),
        "actor": change.actor,
        "action": change.action,
        "subject": change.subject,
        "domain": row.domain,
    }
    return f"id: {row.entry_id}\nevent: change\ndata: {json.dumps(told)}\n\n"


ROUTES = (
    Route(
        method="GET",
        path="/events",
        summary="Learn of changes as they happen",
        noun=Noun.EVENTS,
        stream=stream_events,
        query=EventsQuery,
        media=("text/event-stream",),
        fails_with=(404, 429),
    ),
)
