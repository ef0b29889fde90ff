"""What else is wrong with a body that does not fit its model? So that one answer tells it all."""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from provisiond.actions.inventory_file import path_below
from provisiond.actions.inventory_salvage import Remains, remains
from provisiond.actions.inventory_text import written
from provisiond.actions.inventory_values import Entry
from provisiond.inventory.errors import (
    Finding,
    NotAllowed,
    ProvisiondError,
    Rejected,
    RejectedAll,
    Stale,
)
from provisiond.web.api.problems import MOST_ERRORS, rejected
from provisiond.web.api.route import Call, Route


async def faults_of(route: Route, call: Call, given: Any, error: ValidationError) -> RejectedAll:
    """The model's faults, then those that the handler finds in what is left without them.

    Raises Stale and NotAllowed, which come before any fault of a field.
    """
    edge = rejected(error, "body")
    if route.rehearsed is None or len(edge.findings) > MOST_ERRORS:
        return edge
    assert route.request is not None
    assert issubclass(route.request, Entry)
    key = route.keyed
    stand_ins = route.rehearsed if key is None else {key: call.path[route.parameters[-1]]}
    details = error.errors(include_url=False, include_input=False, include_context=False)
    faulty = [tuple([part for part in detail["loc"] if part != "[key]"]) for detail in details]
    left = remains(given, faulty, route.request, stand_ins)
    if left is None:
        return edge
    findings = (*edge.findings, *await _rehearsed(route, call, left))
    return RejectedAll(findings, f"{len(findings)} fault(s) in the body; nothing was changed.")


async def _rehearsed(route: Route, call: Call, left: Remains) -> tuple[Finding, ...]:
    """What the handler says of the rest, in a transaction that is given up."""
    assert route.request is not None
    assert route.handler is not None
    try:
        body = route.request.model_validate(left.tree)
        async with call.desk.db.rehearsal() as stage:
            await route.handler(replace(call, body=body, desk=replace(call.desk, db=stage)))
    except (Stale, NotAllowed):
        raise
    except RejectedAll as fault:
        found = fault.findings
    except Rejected as fault:
        found = (Finding(where=fault.field, message=fault.message, remedy=fault.remedy),)
    except (ValidationError, ProvisiondError):
        return ()
    else:
        return ()
    errors = [
        (left.original(path_below(one.where)), one) for one in found if one.severity == "error"
    ]
    return tuple([replace(one, where=written(at)) for at, one in errors if left.is_judged(at)])
