"""How is a change undone? By asking the API for the opposite, as whoever undoes it.

The opposite of an edit is an edit back to what stood, of an addition a deletion, of a deletion an
addition. It needs the same rights, meets the same faults and stands in the journal itself. An
import is undone by undoing the changes of its records, all or none.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from provisiond.actions.audit import default_given, journaled, parts, together, undoing
from provisiond.actions.desk import Desk
from provisiond.actions.standing import RecordKey
from provisiond.inventory.access import demand
from provisiond.inventory.errors import Conflict, NotAllowed, Refused, RejectedAll
from provisiond.inventory.faults import MASK
from provisiond.inventory.lists import ChangeRow
from provisiond.web.api import domains, emergency, numbers, phones, sms, timeframes, users
from provisiond.web.api.dispatch import as_shown, read_body
from provisiond.web.api.parameters import PARAMETERS
from provisiond.web.api.route import Call, Route

MOST_TOGETHER = 200
"""changes of an import that are undone together: others wait to write meanwhile"""
_BY_THEMSELVES = "the others may be undone by themselves."
_TO_AND_FRO = "the default goes back to the address that had it, or stays where it is."
_NOT_SO = "this change cannot be undone by itself; change it by hand."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Where a noun of the journal is kept, and what its trees say beside its fields."""

    path: str
    key: str
    routes: tuple[Route, ...]
    dropped: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()  # what follows from the rest, and is nobody's to give
    beside: tuple[str, ...] = ()  # what a change asks for beside the path, and cannot change
    nests: bool = False  # settings stand beside the name

    def route(self, method: str) -> Route:
        path = self.path if method == "POST" else f"{self.path}/{{{self.key}}}"
        return next(r for r in self.routes if (r.method, r.path) == (method, path))


def _of(noun: str, key: str, routes: tuple[Route, ...], **more: Any) -> _Kept:
    return _Kept(path=f"/domains/{{domain}}/{noun}", key=key, routes=routes, **more)


_KEPT: Mapping[str, _Kept] = {
    "site": _of("sites", "name", domains.ROUTES, nests=True),
    "layout": _of("layouts", "name", domains.ROUTES),
    "user": _of("users", "extension", users.ROUTES, dropped=("sip_password",)),
    "destination": _of("destinations", "extension", sms.ROUTES),
    "number": _of("numbers", "number", numbers.ROUTES),
    "SMS number": _of("sms-numbers", "number", sms.ROUTES),
    "time frame": _of("timeframes", "name", timeframes.ROUTES, beside=("owner",)),
    "phone": _of("phones", "mac", phones.ROUTES, dropped=("token", "enrolment")),
    "emergency address": _of("emergency-addresses", "name", emergency.ROUTES, untold=("proof",)),
    "emergency endpoint": _of("emergency-endpoints", "number", emergency.ROUTES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`record` is what stands then of a change's record, None where it is gone and for an import;
    `records` counts the changes that were undone."""

    record: BaseModel | None
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opposite:
    """What is to be asked to undo a change: of which record, where and how."""

    row: ChangeRow
    key: RecordKey
    kept: _Kept
    route: Route
    call: Call


async def undo_entry(call: Call, row: ChangeRow) -> Outcome:
    """Undo a change, or an import: the changes of its records in one transaction, the last first.
    An emergency address that took the domain's default gives it back to whom it was of.

    Raises Conflict where a change cannot be undone or its record was changed since, and what the
    opposite itself raises; then nothing is undone.
    """
    db = call.desk.db
    if row.change.action == "import":
        changes = await parts(db, row, most=MOST_TOGETHER)
        done = await _undo_all(call, changes, _BY_THEMSELVES, is_told=False)
        return Outcome(record=None, records=len(done))
    if giver := await default_given(db, row):
        records = await _undo_all(call, (row, giver), _TO_AND_FRO, is_told=True)
        return Outcome(record=records[0], records=len(records))
    return Outcome(record=await _undo(_opposite(call, row), call.desk, is_told=True), records=1)


async def _undo_all(
    call: Call, rows: Sequence[ChangeRow], remedy: str, *, is_told: bool
) -> list[BaseModel | None]:
    opposites = []
    for part in rows:
        with _named(part, remedy):
            opposites.append(_opposite(call, part))
    records = []
    async with together(call.desk.db) as db:
        desk = replace(call.desk, db=db)
        for opposite in opposites:
            with _named(opposite.row, remedy):
                records.append(await _undo(opposite, desk, is_told=is_told))
    return records


@contextlib.contextmanager
def _named(part: ChangeRow, remedy: str) -> Iterator[None]:
    """A fault of one of many says of which, and what is to be done."""
    what = f"{part.change.action} {part.change.subject} (entry {part.entry_id})"
    told = f"nothing was undone, for {what} cannot be; {remedy}"
    try:
        yield
    except RejectedAll as fault:
        raise RejectedAll(fault.findings, told) from fault
    except NotAllowed:
        raise
    except Refused as fault:
        raise Conflict(f"{told} {fault}") from fault


def _opposite(call: Call, row: ChangeRow) -> _Opposite:
    """Raises Conflict where a change cannot be undone, and NotAllowed."""
    verb, _, noun = row.change.action.partition(" ")
    kept = _KEPT.get(noun)
    if kept is None or row.domain is None or verb not in ("add", "edit", "delete"):
        raise Conflict(_NOT_SO)
    before, after = journaled(row.change.before), journaled(row.change.after)
    key = _key(row, noun, kept, {**before, **after})
    route = kept.route({"add": "DELETE", "edit": "PATCH", "delete": "POST"}[verb])
    demand(call.actor, route.noun or _never(), route.verb, row.domain)
    path = {"domain": row.domain}
    if verb != "delete":
        path[kept.key] = PARAMETERS[kept.key].read(key.name)
    asked = replace(call, path=path, query=_query(route, key), revision=None)
    if verb != "add":
        body = _patch(before, after, kept) if verb == "edit" else _whole(before, key.name, kept)
        asked = replace(asked, body=read_body(route, body, path))
    return _Opposite(row=row, key=key, kept=kept, route=route, call=asked)


async def _undo(opposite: _Opposite, desk: Desk, *, is_told: bool) -> BaseModel | None:
    """Answers the record as it stands then where it `is_told`."""
    kept, route = opposite.kept, opposite.route
    assert route.handler is not None
    moving = (*kept.dropped, *kept.untold)
    async with undoing(desk.db, opposite.row, opposite.key, moving=moving) as inside:
        call = replace(opposite.call, desk=replace(desk, db=inside))
        reply = await route.handler(call)
        return (await as_shown(route, call, reply)).body if is_told else None


def _key(row: ChangeRow, noun: str, kept: _Kept, told: Mapping[str, Any]) -> RecordKey:
    """The record as it was called after the change; its subject says whose it is, too."""
    owner = told.get("owner") if kept.beside else None
    nameless = RecordKey(noun=noun, name="", owner=owner)
    name = row.change.subject.removesuffix(nameless.subject)
    return replace(nameless, name=str(told.get(kept.key, name)))


def _patch(before: dict[str, Any], after: dict[str, Any], kept: _Kept) -> dict[str, Any]:
    """What an edit changed, as it stood: what it added goes, what it took away comes back."""
    if any(before.get(name) != after.get(name) for name in kept.beside):
        raise Conflict(_NOT_SO)
    left = (*kept.untold, *kept.beside)
    names = [name for name in {**after, **before} if name not in left]
    body = {name: before.get(name) for name in names}
    if isinstance(body.get("settings"), dict) or isinstance(after.get("settings"), dict):
        added: dict[str, Any] = dict.fromkeys(after.get("settings") or {})
        body["settings"] = {**added, **(before.get("settings") or {})}
    # An edit by hand of a secret alone differs in nothing that the journal may tell.
    if MASK in json.dumps(body) or not (before or after):
        raise Conflict("the journal keeps no secrets, and this change was of one.")
    return _nested(body, kept)


def _whole(before: dict[str, Any], subject: str, kept: _Kept) -> dict[str, Any]:
    """A record that was deleted, without what nobody can bring back."""
    left = (*kept.dropped, *kept.untold)
    body = {name: value for name, value in before.items() if name not in left}
    if MASK in json.dumps(body):
        raise Conflict("the journal keeps no secrets, and the record had one.")
    return _nested({kept.key: subject, **body}, kept)


def _nested(body: dict[str, Any], kept: _Kept) -> dict[str, Any]:
    if not kept.nests:
        return body
    if body.get("overrides"):
        raise Conflict(_NOT_SO)
    beside: dict[str, Any] = {
        name: body[name] for name in ("name", "emergency_address") if name in body
    }
    settings = {n: v for n, v in body.items() if n not in (*beside, "overrides")}
    return {**beside, "settings": settings}


def _query(route: Route, key: RecordKey) -> BaseModel | None:
    """Whose the record is, where the route asks for that."""
    if route.query is None:
        return None
    return route.query.model_validate({"owner": key.owner} if key.owner is not None else {})


def _never() -> Any:
    raise AssertionError("a route of records asks for somebody")
