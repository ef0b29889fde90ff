"""How do programs have places validated, and learn whether help would find everybody?"""

import asyncio

from aiohttp import web

from provisiond.actions.emergency_assign import AssignAddress, assign_address
from provisiond.actions.emergency_checks import (
    AcceptAddress,
    ValidateAddress,
    accept_address,
    show_validation,
    validate_address,
)
from provisiond.actions.emergency_endpoints import (
    SetCallerId,
    set_emergency_caller_id,
)
from provisiond.actions.emergency_report import (
    effective_of_phone,
    effective_of_user,
    readiness,
    readiness_csv,
)
from provisiond.actions.telephones import meant_number
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    Civic,
)
from provisiond.inventory.mac import Mac
from provisiond.web.api.emergency_shapes import (
    AcceptanceBody,
    AssignmentBody,
    CallerIdBody,
    ChangedShown,
    EffectiveShown,
    ReadinessQuery,
    ReadinessShown,
    ValidationBody,
    ValidationShown,
    effective_shown,
    readiness_shown,
    validation_shown,
)
from provisiond.web.api.route import Call, Reply, Route

_VALIDATIONS = "/domains/{domain}/address-validations"


async def post_validation(call: Call) -> Reply:
    """Ask whether a place is right: by its country's rules, then the provider."""
    body: ValidationBody = call.body
    civic = Civic(**{name: getattr(body, name) for name in CIVIC_FIELDS})
    command = ValidateAddress(domain=call.of("domain"), civic=civic, caller_name=body.caller_name)
    desk = call.desk
    found = await validate_address(desk.db, desk.addresses, call.actor, command, call.at)
    return Reply(
        body=validation_shown(found),
        location=f"/domains/{found.domain}/address-validations/{found.id}",
    )


async def get_validation(call: Call) -> Reply:
    """A validation as it was answered."""
    number = int(call.of("validation"))
    terms = call.desk.addresses.terms
    found = await show_validation(call.desk.db, terms, call.of("domain"), number)
    return Reply(body=validation_shown(found))


async def accept_validation(call: Call) -> Reply:
    """Accept a place of a validation; then it may be saved as it stands."""
    body: AcceptanceBody = call.body
    number = int(call.of("validation"))
    command = AcceptAddress(domain=call.of("domain"), id=number, choice=body.choice)
    desk = call.desk
    found = await accept_address(desk.db, desk.addresses, call.actor, command, call.at)
    return Reply(body=validation_shown(found))


async def assign_emergency_address(call: Call) -> Reply:
    """Say whose an emergency address is: users', phones', sites', the domain's."""
    body: AssignmentBody = call.body
    command = AssignAddress(
        domain=call.of("domain"),
        name=body.name,
        users=body.users,
        phones=body.phones,
        sites=body.sites,
        for_domain=body.default,
    )
    changed = await assign_address(call.desk.db, call.actor, command, call.at)
    return Reply(body=ChangedShown(changed=changed))


async def set_caller_ids(call: Call) -> Reply:
    """Set the emergency caller ID of all users, or of some."""
    body: CallerIdBody = call.body
    number = None
    if body.number:
        number = await meant_number(call.desk.db, call.of("domain"), body.number)
    command = SetCallerId(domain=call.of("domain"), number=number, extensions=body.extensions)
    changed = await set_emergency_caller_id(call.desk.db, call.actor, command, call.at)
    return Reply(body=ChangedShown(changed=changed))


async def get_readiness(call: Call, request: web.Request) -> web.StreamResponse:
    """Who would not be found, and why."""
    del request
    query: ReadinessQuery = call.query
    terms = call.desk.addresses.terms
    desk = call.desk
    report = await readiness(desk.db, desk.shelf(), terms, call.of("domain"), call.at)
    if query.format == "json":
        shown = readiness_shown(report, problems_only=query.problems)
        return web.Response(text=shown.model_dump_json(), content_type="application/json")
    return web.Response(
        body=await asyncio.to_thread(readiness_csv, report, problems_only=query.problems),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="emergency-readiness.csv"'},
    )


async def get_address_of_user(call: Call) -> Reply:
    """The emergency address that holds for a user, and where it comes from."""
    terms, extension = call.desk.addresses.terms, call.of("extension")
    view = await effective_of_user(call.desk.db, terms, call.of("domain"), extension, call.at)
    return Reply(body=effective_shown(view))


async def get_address_of_phone(call: Call) -> Reply:
    """The emergency address that holds for a phone, and where it comes from."""
    terms, mac = call.desk.addresses.terms, Mac(call.of("mac"))
    view = await effective_of_phone(call.desk.db, terms, call.of("domain"), mac, call.at)
    return Reply(body=effective_shown(view))


ROUTES = (
    Route(
        method="POST",
        path=_VALIDATIONS,
        summary="Ask whether a place is right",
        noun=Noun.EMERGENCY,
        verb=Verb.RUN,
        handler=post_validation,
        request=ValidationBody,
        answer=ValidationShown,
        status=201,
        fails_with=(429, 502),
    ),
    Route(
        method="GET",
        path=_VALIDATIONS + "/{validation}",
        summary="Show a validation again",
        noun=Noun.EMERGENCY,
        handler=get_validation,
        answer=ValidationShown,
    ),
    Route(
        method="POST",
        path=_VALIDATIONS + "/{validation}/accept",
        summary="Accept a place of a validation",
        noun=Noun.EMERGENCY,
        verb=Verb.RUN,
        handler=accept_validation,
        request=AcceptanceBody,
        answer=ValidationShown,
        fails_with=(429, 502),
    ),
    Route(
        method="POST",
        path="/domains/{domain}/emergency-assignments",
        summary="Say whose an emergency address is",
        noun=Noun.EMERGENCY,
        verb=Verb.EDIT,
        handler=assign_emergency_address,
        request=AssignmentBody,
        rehearsed={},
        answer=ChangedShown,
    ),
    Route(
        method="POST",
        path="/domains/{domain}/emergency-caller-ids",
        summary="Set the emergency caller ID of users",
        noun=Noun.EMERGENCY,
        verb=Verb.EDIT,
        handler=set_caller_ids,
        request=CallerIdBody,
        rehearsed={},
        answer=ChangedShown,
    ),
    Route(
        method="GET",
        path="/domains/{domain}/emergency-readiness",
        summary="Tell who would not be found",
        noun=Noun.EMERGENCY,
        stream=get_readiness,
        query=ReadinessQuery,
        answer=ReadinessShown,
        media=("application/json", "text/csv"),
    ),
    Route(
        method="GET",
        path="/domains/{domain}/users/{extension}/emergency-address",
        summary="Show the emergency address that holds for a user",
        noun=Noun.EMERGENCY,
        handler=get_address_of_user,
        answer=EffectiveShown,
    ),
    Route(
        method="GET",
        path="/domains/{domain}/phones/{mac}/emergency-address",
        summary="Show the emergency address that holds for a phone",
        noun=Noun.EMERGENCY,
        handler=get_address_of_phone,
        answer=EffectiveShown,
    ),
)
