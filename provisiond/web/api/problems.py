"""How is a fault told to a program? As application/problem+json, every fault at once (RFC 9457)."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from provisiond.actions.inventory_text import MAX_FAULTS
from provisiond.inventory.errors import (
    CodeNeeded,
    Conflict,
    Failed,
    Finding,
    NotAllowed,
    NotFound,
    OutsideUnavailable,
    Overloaded,
    ProvisiondError,
    Refused,
    Rejected,
    RejectedAll,
    Stale,
    StoreUnavailable,
    TooManyGuesses,
    TooManyOpen,
    TooOften,
    WrongLogin,
)
from provisiond.web.api.route import Unprocessable
from provisiond.web.api.shapes import Place

_log = logging.getLogger(__name__)
MEDIA = "application/problem+json"
_RETRY_SECONDS = 5
MOST_ERRORS = 1000
"""of one answer; it says how many there are in all"""

_STATUS: tuple[tuple[type[ProvisiondError], int], ...] = (
    (WrongLogin, 401),
    (CodeNeeded, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Rejected, 422),
    (RejectedAll, 422),
    (TooManyGuesses, 429),
    (TooManyOpen, 429),
    (TooOften, 429),
    (Refused, 409),
    (StoreUnavailable, 503),
    (OutsideUnavailable, 502),
    (Overloaded, 503),
    (Failed, 500),
)


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Finding] = (),
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """The answer that tells a fault."""
    body: dict[str, Any] = {
        "type": f"urn:provisiond:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if len(errors) > MOST_ERRORS:
        least = "at least " if len(errors) >= MAX_FAULTS else ""
        many = f"There are {least}{len(errors):,} in all, and these are the first {MOST_ERRORS:,}."
        body["detail"] = f"{detail} {many}"
        errors = sorted(errors, key=lambda one: one.severity != "error")
    if errors:
        listed = [Place.of(error) for error in errors[:MOST_ERRORS]]
        body["errors"] = [one.model_dump(mode="json", exclude_none=True) for one in listed]
        body["errors_in_all"] = len(errors)
    text = json.dumps(body, ensure_ascii=True)
    return web.Response(text=text, status=status, content_type=MEDIA, headers=headers)


def told(fault: ProvisiondError, *, conditional: bool = False) -> web.Response:
    """The answer for one of the house's errors."""
    if isinstance(fault, Unprocessable):
        return problem(fault.status, fault.name, str(fault), headers=fault.headers)
    status = next((status for kind, status in _STATUS if isinstance(fault, kind)), 500)
    if conditional and isinstance(fault, Stale):
        status = 412
    headers: dict[str, str] = {}
    errors: tuple[Finding, ...] = ()
    detail = str(fault)
    if isinstance(fault, RejectedAll):
        errors, detail = fault.findings, fault.summary
    elif isinstance(fault, Rejected):
        errors = (Finding(where=fault.field, message=fault.message, remedy=fault.remedy),)
    elif isinstance(fault, NotFound | Stale):
        errors = fault.findings
    elif isinstance(fault, TooManyGuesses | TooOften):
        headers["Retry-After"] = f"{fault.seconds:.0f}"
    if status == 503:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 500:
        _log.error("%s: %s", fault.code, fault)
    return problem(status, fault.code, detail, errors=errors, headers=headers)


def rejected(error: ValidationError, what: str) -> RejectedAll:
    """A model's complaints in a person's words, each with its place."""
    details = error.errors(include_url=False, include_input=False)
    findings = tuple([finding_of(detail) for detail in details])
    return RejectedAll(findings, f"{len(findings)} fault(s) in the {what}; nothing was changed.")


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every fault below /api/ is a problem, whoever raised it; the rest is left alone."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    try:
        return await handler(request)
    except ProvisiondError as fault:
        return told(fault)
    except web.HTTPRequestEntityTooLarge:
        return problem(413, "too_large", "the body is larger than this path takes.")
    except web.HTTPException as fault:
        if fault.status < 400:
            raise
        headers = {k: v for k, v in fault.headers.items() if k in ("Allow", "Retry-After")}
        if fault.status == 408:
            headers["Connection"] = "close"
        code = HTTPStatus(fault.status).phrase.lower().replace(" ", "_")
        return problem(fault.status, code, _SAID.get(fault.status, fault.reason), headers=headers)
    except Exception:  # noqa: BLE001 - whatever it was, it is told as a problem
        _log.exception("%s %s failed", request.method, request.rel_url.path)
        return problem(500, "failed", "this is a fault of ours; the log has it.")


_SAID = {
    404: "there is no such path.",
    405: "this path does not take that method.",
    408: "the body came too slowly.",
}
_SAYINGS = {
    "missing": ("it is missing.", "Add it."),
    "extra_forbidden": ("there is no such field.", "Remove it, or correct its name."),
    "string_type": ("it is no text.", "Correct it."),
    "bool_type": ("it is neither true nor false.", "Correct it."),
    "int_type": ("it is no whole number.", "Correct it."),
    "string_unicode": ("it holds half a character (a lone surrogate).", "Remove it."),
}


def finding_of(detail: ErrorDetails) -> Finding:
    """One complaint of a model in a person's words."""
    parts = [part for part in detail["loc"] if part not in ("[key]", "body")]
    context = detail.get("ctx", {})
    where = ""
    for part in parts:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else part
    if detail["type"] == "rejected":
        return Finding(where=where, message=context["message"], remedy=context["remedy"])
    if detail["type"] in _SAYINGS:
        message, remedy = _SAYINGS[detail["type"]]
        return Finding(where=where, message=message, remedy=remedy)
    message = detail["msg"]
    return Finding(where=where, message=f"{message[:1].lower()}{message[1:]}.")
