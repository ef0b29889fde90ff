"""What else is wrong with a body that has a fault? So that one answer tells it all."""

import asyncio
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from pydantic import BaseModel, ValidationError

from provisiond.actions.inventory_file import path_below
from provisiond.actions.inventory_salvage import Remains, remains
from provisiond.actions.inventory_text import MAX_FAULTS, Path, written
from provisiond.inventory.errors import (
    Finding,
    NotAllowed,
    ProvisiondError,
    Rejected,
    RejectedAll,
    Stale,
)
from provisiond.web.api.bulk import ManyBody
from provisiond.web.api.json_body import LARGE, zeros
from provisiond.web.api.problems import MOST_ERRORS, finding_of
from provisiond.web.api.route import Call, Route

_MOST_TRIES = 5  # a handler may read so many fields one by one
_OF_MANY = ManyBody.model_fields
_Faulty = tuple[Path, Finding]


def read_as(route: Route, given: Any, path: Mapping[str, str]) -> BaseModel:
    """A body as the route's model; the key that the path gives need not stand there again. Raises
    ValidationError."""
    assert route.request is not None
    if route.keyed is not None and isinstance(given, dict):
        given = {route.keyed: path[route.parameters[-1]], **given}
    return route.request.model_validate(given)


async def fitted(route: Route, call: Call, content: bytes) -> Call:
    """The question with its body read. Raises RejectedAll with what cannot be read of it, and what
    the handler has against the rest; Stale and NotAllowed come before any fault of a field."""
    has_zeros = rb"\u0000" in content
    if len(content) > LARGE:
        body, faulty = await asyncio.to_thread(_read, route, call, has_zeros)
    else:
        body, faulty = _read(route, call, has_zeros)
    if faulty:
        raise await _with_the_rest(route, call, faulty)
    return replace(call, body=body)


async def told_with_the_rest(
    route: Route, call: Call, fault: Rejected | RejectedAll
) -> Rejected | RejectedAll:
    """What a handler said of a body; where it looked at no more than that, with the rest."""
    if route.rehearsed is None or not _is_early(fault):
        return fault
    whole = await _with_the_rest(route, call, list(_faulty(route, fault)))
    return whole if len(whole.findings) > len(_findings(fault)) else fault


def _read(route: Route, call: Call, has_zeros: bool) -> tuple[BaseModel | None, list[_Faulty]]:
    """The body, or what cannot be read of it: not more than anybody is told of."""
    faulty = list(islice(zeros(call.given), MAX_FAULTS)) if has_zeros else []
    try:
        return read_as(route, call.given, call.path), faulty
    except ValidationError as error:
        unread = _unread(error, frozenset([path for path, _ in faulty]))
        return None, faulty + list(islice(unread, MAX_FAULTS - len(faulty)))


def _unread(error: ValidationError, told: Collection[Path]) -> Iterator[_Faulty]:
    """The model's faults, but those at places that are told already, and below them."""
    for detail in error.errors(include_url=False, include_input=False):
        path = tuple([part for part in detail["loc"] if part != "[key]"])
        if not any(path[:length] in told for length in range(len(path) + 1)):
            yield path, finding_of(detail)


async def _with_the_rest(route: Route, call: Call, faulty: Sequence[_Faulty]) -> RejectedAll:
    """These faults, and what the handler says without the fields that have them. It may find a
    field that it cannot read before it looks at the others: then it is tried again."""
    findings = [finding for _, finding in faulty]
    places = [path for path, _ in faulty]
    for _ in range(_MOST_TRIES):
        if len(findings) > MOST_ERRORS:
            break
        left = await asyncio.to_thread(_left, route, call, places)
        fault = await _rehearsed(route, call, left) if left is not None else None
        if left is None or fault is None:
            break
        most = MAX_FAULTS - len(findings)
        found = await asyncio.to_thread(_first_faulty, route, fault, left, most)
        findings += [one for _, one in found]
        places += [path for path, _ in found]
        if not found or not _is_early(fault):
            break
    return RejectedAll(
        tuple(findings), f"{len(findings)} fault(s) in the body; nothing was changed."
    )


def _left(route: Route, call: Call, places: Sequence[Path]) -> Remains | None:
    if route.rehearsed is None:
        return None
    assert route.request is not None
    key = route.keyed
    stand_ins = {name: _nobodys(text) for name, text in route.rehearsed.items()}
    if key is not None:
        stand_ins = {key: call.path[route.parameters[-1]]}
    return remains(call.given, places, route.request, stand_ins)


def _nobodys(text: str) -> str:
    """A stand-in that no record has: each `?` becomes a digit."""
    return "".join([secrets.choice("0123456789") if sign == "?" else sign for sign in text])


async def _rehearsed(route: Route, call: Call, left: Remains) -> Rejected | RejectedAll | None:
    """What the handler has against the rest, in a transaction that is given up."""
    assert route.handler is not None
    try:
        body = read_as(route, left.tree, call.path)
        async with call.desk.db.rehearsal() as stage:
            await route.handler(replace(call, body=body, desk=replace(call.desk, db=stage)))
    except (Stale, NotAllowed):
        raise
    except (Rejected, RejectedAll) as fault:
        return fault
    except (ValidationError, ProvisiondError):
        return None
    return None


def _is_early(fault: Rejected | RejectedAll) -> bool:
    return fault.early if isinstance(fault, RejectedAll) else True


def _findings(fault: Rejected | RejectedAll) -> tuple[Finding, ...]:
    if isinstance(fault, RejectedAll):
        return fault.findings
    return (Finding(where=fault.field, message=fault.message, remedy=fault.remedy),)


def _first_faulty(
    route: Route, fault: Rejected | RejectedAll, left: Remains, most: int
) -> list[_Faulty]:
    return list(islice(_faulty(route, fault, left), most))


def _faulty(
    route: Route, fault: Rejected | RejectedAll, left: Remains | None = None
) -> Iterator[_Faulty]:
    """The faults, and where the body has them; of what was `left` of it those that are its own."""
    assert route.request is not None
    for one in _findings(fault):
        path = path_below(one.where)
        key: Path = ()
        if issubclass(route.request, ManyBody) and path and path[0] not in _OF_MANY:
            path, key = ("changes", *path[1:]), path[:1]  # said of a record, by its key
        if left is None:
            yield path, one
            continue
        at = left.original(path)
        if one.severity == "error" and left.is_judged(at):
            yield at, replace(one, where=written((*key, *at[1:]) if key else at))
