"""How do programs keep emergency addresses and endpoints?"""

from dataclasses import replace

from aiohttp import web

from provisiond.actions.edits import Saved
from provisiond.actions.emergency_addresses import (
    AddAddress,
    AddressView,
    ChangeAddress,
    DeleteAddress,
    add_address,
    change_address,
    delete_address,
    list_domain_addresses,
    show_address,
)
from provisiond.actions.emergency_checks import (
    accepted_place,
)
from provisiond.actions.emergency_endpoints import (
    AddEndpoint,
    ChangeEndpoint,
    DeleteEndpoint,
    EndpointView,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    list_domain_endpoints,
    show_endpoint,
)
from provisiond.actions.pidf_lo import CONTENT_TYPE, address_document
from provisiond.actions.telephones import meant_number
from provisiond.inventory.access import Noun
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    EmergencyAddress,
    EmergencyEndpoint,
)
from provisiond.inventory.lists import AddressOrder, AddressQuery, EndpointOrder, EndpointQuery
from provisiond.inventory.telephone import E164
from provisiond.web.api.cursors import place_of
from provisiond.web.api.emergency_shapes import (
    AddressBody,
    AddressesQuery,
    AddressShown,
    EndpointBody,
    EndpointChange,
    EndpointShown,
    EndpointsQuery,
    address_shown,
    endpoint_shown,
)
from provisiond.web.api.kept import Keeping, faults, kept, listing, ordered, seen
from provisiond.web.api.numbers import must_stay
from provisiond.web.api.route import Call, Reply, Route

_ADDRESSES = "/domains/{domain}/emergency-addresses"
_ENDPOINTS = "/domains/{domain}/emergency-endpoints"


async def list_addresses(call: Call) -> Reply:
    """Emergency addresses that match, each with how it stands."""
    query: AddressesQuery = call.query
    wanted = AddressQuery(
        text=query.q.strip(),
        after=place_of(call),
        limit=query.limit,
        **ordered(AddressOrder, query.sort),
    )
    terms = call.desk.addresses.terms
    page = await list_domain_addresses(call.desk.db, terms, call.of("domain"), wanted, call.at)
    return listing(call, page, _address_view_shown, AddressShown)


async def get_address(call: Call) -> Reply:
    """One emergency address, how it stands and who names it."""
    view = await _address(call)
    return Reply(body=_address_view_shown(view), revision=view.address.revision)


async def post_address(call: Call) -> Reply:
    """Add an emergency address that was validated and accepted."""
    body: AddressBody = call.body
    record = await _merged(call, EmergencyAddress(name=body.name), body)
    command = AddAddress(domain=call.of("domain"), address=record)
    desk = call.desk
    return _saved_address(await add_address(desk.db, desk.addresses, call.actor, command, call.at))


async def patch_address(call: Call) -> Reply:
    """Change an emergency address; another place must have been validated and accepted."""
    body: AddressBody = call.body
    stood = (await _address(call)).address
    record = await _merged(call, stood, body)
    record = replace(record, name=body.name, revision=seen(call, stood.revision))
    command = ChangeAddress(domain=call.of("domain"), name=stood.name, address=record)
    desk = call.desk
    return _saved_address(
        await change_address(desk.db, desk.addresses, call.actor, command, call.at)
    )


async def remove_address(call: Call) -> Reply:
    """Delete an emergency address that nobody names."""
    command = DeleteAddress(domain=call.of("domain"), name=call.of("name"), revision=call.revision)
    await delete_address(call.desk.db, call.actor, command, call.at)
    return Reply()


async def address_pidf_lo(call: Call, request: web.Request) -> web.StreamResponse:
    """An emergency address as RFC 4119 and RFC 5139 have it."""
    del request
    view = await _address(call)
    document = await address_document(view.address, view.domain, call.at)
    return web.Response(body=document, content_type=CONTENT_TYPE, charset="utf-8")


async def list_endpoints(call: Call) -> Reply:
    """Emergency endpoints that match."""
    query: EndpointsQuery = call.query
    wanted = EndpointQuery(
        text=query.q.strip(),
        after=place_of(call),
        limit=query.limit,
        **ordered(EndpointOrder, query.sort),
    )
    terms = call.desk.addresses.terms
    page = await list_domain_endpoints(call.desk.db, terms, call.of("domain"), wanted, call.at)
    return listing(call, page, _endpoint_view_shown, EndpointShown)


async def get_endpoint(call: Call) -> Reply:
    """One emergency endpoint, and whose caller ID it is."""
    view = await _endpoint(call)
    return Reply(body=_endpoint_view_shown(view), revision=view.endpoint.revision)


async def post_endpoint(call: Call) -> Reply:
    """Add an emergency endpoint: a callback number, written in any form, and an address."""
    body: EndpointBody = call.body
    number = await meant_number(call.desk.db, call.of("domain"), body.number)
    record = EmergencyEndpoint(
        number=number,
        address=body.address,
        caller_name=body.caller_name,
        location=body.location,
        site=body.site,
    )
    command = AddEndpoint(domain=call.of("domain"), endpoint=record)
    terms = call.desk.addresses.terms
    return _saved_endpoint(await add_endpoint(call.desk.db, terms, call.actor, command, call.at))


async def patch_endpoint(call: Call) -> Reply:
    """Change an emergency endpoint."""
    body: EndpointChange = call.body
    await must_stay(call, body.number)
    stood = (await _endpoint(call)).endpoint
    names = ("caller_name", "location", "site")
    given = {name: getattr(body, name) for name in names if name in body.model_fields_set}
    address = body.address if body.address is not None else stood.address
    record = replace(stood, address=address, **given, revision=seen(call, stood.revision))
    command = ChangeEndpoint(domain=call.of("domain"), endpoint=record)
    terms = call.desk.addresses.terms
    return _saved_endpoint(await change_endpoint(call.desk.db, terms, call.actor, command, call.at))


async def remove_endpoint(call: Call) -> Reply:
    """Delete an emergency endpoint that is nobody's caller ID."""
    number = E164(call.of("number"))
    command = DeleteEndpoint(domain=call.of("domain"), number=number, revision=call.revision)
    await delete_endpoint(call.desk.db, call.actor, command, call.at)
    return Reply()


async def _merged(call: Call, stood: EmergencyAddress, body: AddressBody) -> EmergencyAddress:
    given, civic = body.model_fields_set, stood.civic
    if body.validation is not None:
        civic = await accepted_place(call.desk.db, call.of("domain"), body.validation)
    parts = {name: getattr(body, name) for name in CIVIC_FIELDS if name in given}
    record = replace(stood, civic=replace(civic, **parts))
    if "caller_name" in given:
        record = replace(record, caller_name=body.caller_name)
    if "multi_floor" in given:
        record = replace(record, multi_floor=body.multi_floor)
    return replace(record, is_default=body.default) if "default" in given else record


async def _address(call: Call) -> AddressView:
    terms = call.desk.addresses.terms
    return await show_address(call.desk.db, terms, call.of("domain"), call.of("name"), call.at)


async def _endpoint(call: Call) -> EndpointView:
    terms, number = call.desk.addresses.terms, E164(call.of("number"))
    return await show_endpoint(call.desk.db, terms, call.of("domain"), number, call.at)


def _address_view_shown(view: AddressView) -> AddressShown:
    return address_shown(view.address, view)


def _endpoint_view_shown(view: EndpointView) -> EndpointShown:
    return endpoint_shown(view.endpoint, view)


def _saved_address(saved: Saved[EmergencyAddress]) -> Reply:
    shown = address_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


def _saved_endpoint(saved: Saved[EmergencyEndpoint]) -> Reply:
    shown = endpoint_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.EMERGENCY,
            path=_ADDRESSES,
            key="name",
            one="an emergency address",
            many="emergency addresses",
            listed=list_addresses,
            shown=get_address,
            added=post_address,
            changed=patch_address,
            removed=remove_address,
            query=AddressesQuery,
            request=AddressBody,
            answer=AddressShown,
            rehearsed={"name": "x????????????"},
        )
    ),
    Route(
        method="GET",
        path=_ADDRESSES + "/{name}/pidf-lo",
        summary="Show an emergency address as a PIDF-LO document",
        noun=Noun.EMERGENCY,
        stream=address_pidf_lo,
        media=(CONTENT_TYPE,),
    ),
    *kept(
        Keeping(
            noun=Noun.EMERGENCY,
            path=_ENDPOINTS,
            key="number",
            one="an emergency endpoint",
            many="emergency endpoints",
            listed=list_endpoints,
            shown=get_endpoint,
            added=post_endpoint,
            changed=patch_endpoint,
            removed=remove_endpoint,
            query=EndpointsQuery,
            request=EndpointBody,
            change=EndpointChange,
            answer=EndpointShown,
            rehearsed={"number": "+1200???????", "address": "x"},
        )
    ),
)
