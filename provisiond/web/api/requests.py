"""How do programs read what phones asked for, and what came of it?"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from provisiond.actions.request_journal import list_requests, phone_requests
from provisiond.inventory.access import Noun
from provisiond.inventory.lists import Page, RequestQuery, RequestRow
from provisiond.inventory.mac import Mac
from provisiond.web.api.cursors import next_cursor, place_of
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import AgeQuery, Listing, Moment, Shape


class PhoneRequestsQuery(AgeQuery):
    """Which requests. `q` is found in the file's name, the address, the MAC (in any notation) and
    the User-Agent; times without a zone are UTC."""

    outcome: Annotated[
        str | None,
        Field(max_length=64, description="served, or the reason: unknown_phone, not_admitted, …"),
    ] = None
    address: Annotated[str | None, Field(max_length=64)] = None
    refused: Annotated[bool, Field(description="leave out what was served")] = False
    alarm: Annotated[bool, Field(description="only what a person should look at")] = False
    since: Moment | None = None
    until: Moment | None = None


class RequestsQuery(PhoneRequestsQuery):
    """The same, of any phone. A MAC address may be that of a phone that nobody has."""

    domain: Annotated[str | None, Field(max_length=255)] = None
    mac: Annotated[str | None, Field(max_length=64)] = None


class RequestShown(Shape):
    """One request for a file. `outcome` is why it was refused, which phones are never told;
    `proves` says that it proved the phone current. Tokens in `name` are masked."""

    id: int
    at: datetime
    domain: str | None
    mac: str | None
    transport: str
    address: str
    method: str
    name: str
    outcome: str
    detail: str
    user_agent: str | None
    size: int
    proves: bool
    alarm: bool


async def get_requests(call: Call) -> Reply:
    """What phones asked for, by age."""
    query: RequestsQuery = call.query
    mac = Mac.parse(query.mac) if query.mac is not None else None
    page = await list_requests(
        call.desk.db, call.actor, _wanted(call, query, domain=query.domain, mac=mac)
    )
    return _listed(call, page)


async def get_phone_requests(call: Call) -> Reply:
    """What one phone asked for, by age."""
    page = await phone_requests(
        call.desk.db, call.actor, call.of("domain"), Mac(call.of("mac")), _wanted(call, call.query)
    )
    return _listed(call, page)


def _wanted(
    call: Call, query: PhoneRequestsQuery, *, domain: str | None = None, mac: Mac | None = None
) -> RequestQuery:
    return RequestQuery(
        text=query.q.strip(),
        domain=domain,
        mac=mac,
        outcome=query.outcome,
        address=query.address,
        refused=query.refused,
        alarm=query.alarm,
        since=query.since,
        until=query.until,
        descending=query.sort.startswith("-"),
        after=place_of(call),
        limit=query.limit,
    )


def _listed(call: Call, page: Page[RequestRow]) -> Reply:
    items = [_shown(row) for row in page.rows]
    return Reply(body=Listing[RequestShown](items=items, next=next_cursor(call, page.after)))


def _shown(row: RequestRow) -> RequestShown:
    entry = row.request
    return RequestShown(
        id=row.entry_id,
        at=entry.at,
        domain=row.domain,
        mac=str(entry.mac) if entry.mac is not None else None,
        transport=entry.transport,
        address=entry.address,
        method=entry.method,
        name=entry.name,
        outcome=entry.outcome,
        detail=entry.detail,
        user_agent=entry.user_agent,
        size=entry.size,
        proves=entry.proves,
        alarm=entry.alarm,
    )


ROUTES = (
    Route(
        method="GET",
        path="/requests",
        summary="List what phones asked for",
        noun=Noun.REQUESTS,
        handler=get_requests,
        query=RequestsQuery,
        answer=Listing[RequestShown],
        fails_with=(404,),
    ),
    Route(
        method="GET",
        path="/domains/{domain}/phones/{mac}/requests",
        summary="List what a phone asked for",
        noun=Noun.REQUESTS,
        handler=get_phone_requests,
        query=PhoneRequestsQuery,
        answer=Listing[RequestShown],
    ),
)
