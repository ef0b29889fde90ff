"""How is a question answered? Who asks, may they, is it well put; then the route's handler."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from provisiond.actions.answered import (
    Answered,
    Question,
    answered_before,
    desk_answering,
    keep_answer,
    let_go,
)
from provisiond.actions.log_in import turned_away
from provisiond.inventory.access import Actor, demand
from provisiond.inventory.errors import (
    Finding,
    NotAllowed,
    NotFound,
    ProvisiondError,
    Rejected,
    RejectedAll,
    Stale,
    StoreUnavailable,
)
from provisiond.web.api.faulty_body import fitted, read_as, told_with_the_rest
from provisiond.web.api.json_body import read_json, read_upload
from provisiond.web.api.parameters import cleaned
from provisiond.web.api.problems import rejected, told
from provisiond.web.api.route import PREFIX, Call, Reply, Route, Unprocessable
from provisiond.web.identity import Identity, has_csrf_token, identify, session_key, set_session
from provisiond.web.keys import CALLER, DESK
from provisiond.web.origin import is_from_elsewhere

NOBODY = Actor(kind="portal", name="")
_IDEMPOTENT_HEADER = "Idempotency-Key"
_LONGEST_KEY = 200


async def dispatch(route: Route, request: web.Request) -> web.StreamResponse:
    """Answer one request. Raises the house's errors, which `tell_problems` tells."""
    try:
        return await _answer(route, request)
    except Stale as fault:
        return told(fault, conditional=route.conditional)


async def _answer(route: Route, request: web.Request) -> web.StreamResponse:
    call = await _asked(route, request)
    content = b""
    if route.request is not None:
        given, content = await read_json(request, route.most_bytes)
        call = await fitted(route, replace(call, given=given), content)
    elif route.uploads:
        upload = await read_upload(request, route.uploads, route.most_bytes)
        call, content = replace(call, body=upload), upload.content
    elif request.can_read_body and route.is_change:
        await _expect_nothing(request)
    if route.stream is not None:
        return await route.stream(call, request)
    if not route.is_change:
        return answer_of(route, request, await _handled(route, call))
    return await _once(route, request, call, content)


async def _asked(route: Route, request: web.Request) -> Call:
    """The question without its body: who, may they, the query, and which revision."""
    desk = request.app[DESK]
    who = await identify(request)
    if who is None and route.noun is not None:
        if "Authorization" in request.headers:
            _tell_of_wrong_token(request)
        raise Unprocessable(
            401,
            "not_known",
            "say who asks: a token in `Authorization: Bearer …`, or a log-in.",
            {"WWW-Authenticate": "Bearer"},
        )
    _refuse_forgery(route, request, who)
    actor = who.actor if who is not None else NOBODY
    path = {name: cleaned(name, request.match_info[name]) for name in route.parameters}
    if route.noun is not None:
        demand(actor, route.noun, route.verb, path.get("domain"))
    return Call(
        desk=desk,
        actor=actor,
        at=desk.clock(),
        caller=request[CALLER],
        path=path,
        query=read_query(route, request),
        revision=_revision(route, request),
        session=who.session if who is not None else session_key(request),
    )


def _tell_of_wrong_token(request: web.Request) -> None:
    desk = request.app[DESK]
    detail = "this token is of nobody, has ended or was revoked"
    address = request[CALLER].address
    desk.door.denied(turned_away(address, "wrong_token", detail, desk.clock()))


def _refuse_forgery(route: Route, request: web.Request, who: Identity | None) -> None:
    """A browser's request that changes something must come from a page of this server."""
    if not route.is_change:
        return
    is_browser = who is None or who.session is not None
    if is_browser and is_from_elsewhere(request, secure=request[CALLER].secure):
        raise NotAllowed("this request was sent from a page of another site.")
    if route.noun is None or who is None or who.session is None:
        return  # a log-in is of nobody yet, and a token comes from no browser
    if not has_csrf_token(request, who.session):
        raise NotAllowed("send the session's token in X-CSRF-Token; GET /api/v1/me tells it.")


def read_query(route: Route, request: web.Request) -> BaseModel | None:
    """The query as the route's model. Raises RejectedAll with every fault."""
    found = list(_unfit(request))
    query = None
    if route.query is not None:
        try:
            query = route.query.model_validate_strings(dict(request.query))
        except ValidationError as error:
            told = {finding.where for finding in found}
            found += [one for one in rejected(error, "query").findings if one.where not in told]
    elif request.query:
        message = "this path takes no query."
        found = [
            Finding(where=name, message=message, remedy="Remove it.")
            for name in dict.fromkeys(request.query)
        ]
    if found:
        raise RejectedAll(tuple(found), f"{len(found)} fault(s) in the query; nothing was changed.")
    return query


def _unfit(request: web.Request) -> Iterator[Finding]:
    """What no query may have, whatever it is of."""
    times = Counter([name for name, _ in request.query.items()])
    for name in sorted(name for name, count in times.items() if count > 1):
        yield Finding(where=name, message="it is given twice.", remedy="Give it once.")
    for name, value in request.query.items():
        if "\0" in value or (not value.isascii() and _is_half(value)):
            yield Finding(where=name, message="it holds what is no text.", remedy="Correct it.")


def _is_half(text: str) -> bool:
    return any(0xD800 <= ord(letter) <= 0xDFFF for letter in text)


def read_body(route: Route, given: Any, path: Mapping[str, str]) -> BaseModel:
    """The body as the route's model; the key that the path gives need not stand there again.

    Raises RejectedAll with every fault.
    """
    try:
        return read_as(route, given, path)
    except ValidationError as error:
        raise rejected(error, "body") from error


async def _expect_nothing(request: web.Request) -> None:
    if await request.content.read(1):
        raise Unprocessable(400, "no_body", "this path takes no body.", {"Connection": "close"})


def _revision(route: Route, request: web.Request) -> int | None:
    """What If-Match names (RFC 9110 §13.1.1); None for any. Raises Unprocessable(412, 428)."""
    text = request.headers.get("If-Match")
    if not route.conditional:
        return None
    if text is None:
        raise Unprocessable(
            428, "if_match_needed", "send If-Match with the ETag of the record that you have seen."
        )
    if text.strip() == "*":
        return None
    tag = text.strip()
    number = tag[1:-1]
    quoted = len(tag) > 2 and tag[0] == tag[-1] == '"'
    if not (quoted and number.isascii() and number.isdigit() and len(number) < 19):
        raise Unprocessable(412, "if_match", "If-Match names no revision of this record.")
    return int(number)


async def _once(
    route: Route, request: web.Request, call: Call, content: bytes
) -> web.StreamResponse:
    """Answer a change; with an Idempotency-Key only once, and then with the same answer again."""
    key = request.headers.get(_IDEMPOTENT_HEADER)
    if key is None or route.noun is None:
        return answer_of(route, request, await _handled(route, call))
    if not 0 < len(key) <= _LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Unprocessable(400, "idempotency_key", "Idempotency-Key is 1 to 200 ASCII letters.")
    question = Question(
        actor=f"{call.actor.kind}:{call.actor.name}",
        key=key,
        asked=f"{request.method} {request.path_qs} {request.headers.get('If-Match', '')}",
        content=content,
    )
    kept = await answered_before(call.desk, question, call.at)
    if kept is not None:
        return _again(route, kept)
    own = replace(call, desk=desk_answering(call.desk, question))
    try:
        answer = answer_of(route, request, await _handled(route, own))
    except ProvisiondError as fault:
        answer = told(fault, conditional=route.conditional)
        if answer.status >= 500 or answer.status in (401, 403, 409, 412, 429):
            await let_go(call.desk, question)
            return answer
    except BaseException:
        await let_go(call.desk, question)
        raise
    text = answer.text or ""
    shown = {k: v for k, v in answer.headers.items() if k in ("ETag", "Location", "Content-Type")}
    await keep_answer(call.desk, question, answer.status, shown, text)
    return answer


def _again(route: Route, kept: Answered) -> web.Response:
    """The answer once more. Raises Unprocessable(409) where it was lost and held more than that
    the change is made."""
    headers = {**kept.headers, "Idempotency-Replayed": "true"}
    if not kept.is_lost:
        body = kept.body.reveal().encode() or None
        return web.Response(status=kept.status, body=body, headers=headers)
    if route.answer is None:
        return web.Response(status=204, headers=headers)
    raise Unprocessable(
        409,
        "answer_lost",
        "this change was made, and its answer is not there (the server stopped before it was "
        "kept, or it was very long); look at the record.",
        headers,
    )


async def _handled(route: Route, call: Call) -> Reply:
    """The handler's answer. Who overwrites whatever stands is never late: where somebody came in
    between, it is looked at again in the writers' turn, when nobody else changes it."""
    try:
        return await _tried(route, call)
    except Stale:
        if not route.conditional or call.revision is not None:
            raise
    async with call.desk.db.write() as write:
        desk = replace(call.desk, db=call.desk.db.within(write))
        return await _tried(route, replace(call, desk=desk))


async def _tried(route: Route, call: Call) -> Reply:
    """The handler's answer. Raises Rejected and RejectedAll with the faults of all the body."""
    assert route.handler is not None
    try:
        reply = await route.handler(call)
    except (Rejected, RejectedAll) as fault:
        whole = await told_with_the_rest(route, call, fault)
        if whole is fault:
            raise
        raise whole from fault
    return await as_shown(route, call, reply)


async def as_shown(route: Route, call: Call, reply: Reply) -> Reply:
    """The answer to a change: the record as its GET shows it under the same ETag.

    Where it was changed again since, it is what was saved, and beside that what is known now; where
    it is gone since or cannot be read, what was saved alone, for the change is made.
    """
    shown_by, saved = route.shown_by, reply.body
    if shown_by is None or saved is None:
        return reply
    query, key = None, shown_by.key
    if shown_by.query is not None:
        names = shown_by.query.model_fields
        query = shown_by.query.model_validate({name: getattr(saved, name) for name in names})
    try:
        path = {**call.path, key: cleaned(key, getattr(saved, key))}
        found = await shown_by.handler(replace(call, path=path, query=query))
    except (NotFound, StoreUnavailable):
        return reply
    assert found.body is not None
    if found.revision == reply.revision:
        own = {name: getattr(saved, name) for name in shown_by.own}
        return replace(reply, body=found.body.model_copy(update=own))
    untold = type(saved).model_fields.keys() - saved.model_fields_set
    known = {name: getattr(found.body, name) for name in untold}
    return replace(reply, body=saved.model_copy(update=known))


def answer_of(route: Route, request: web.Request, reply: Reply) -> web.Response:
    """The answer as it goes out."""
    headers: dict[str, str] = {}
    if reply.revision is not None:
        headers["ETag"] = f'"{reply.revision}"'
    if reply.location is not None:
        headers["Location"] = f"{PREFIX}{reply.location}"
    if reply.body is None:
        answer = web.Response(status=204 if route.answer is None else route.status, headers=headers)
    else:
        text = json.dumps(reply.body.model_dump(mode="json"), ensure_ascii=False)
        answer = web.Response(
            text=text, status=route.status, content_type="application/json", headers=headers
        )
    if reply.session is not None:
        set_session(answer, request, reply.session)
    return answer
