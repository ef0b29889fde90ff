"""How do programs see phones that ask and that nobody has, take them in, and dismiss them?"""

from datetime import datetime
from typing import Literal

from provisiond.actions.import_merge import merge_phone
from provisiond.actions.pending import approve_pending, dismiss_pending, list_pending
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.lists import PendingOrder, PendingQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import faults, listing, ordered
from provisiond.web.api.phone_shapes import PhoneBody, PhoneShown, phone_shown
from provisiond.web.api.phones import get_phone
from provisiond.web.api.route import Call, Reply, Route, ShownBy
from provisiond.web.api.shapes import Listing, SearchQuery, Shape


class PendingPhonesQuery(SearchQuery):
    """Which phones. `q` is found in the MAC (in any notation), the address, the User-Agent, what
    was recognised and the file; `dismissed` adds those that somebody dismissed."""

    dismissed: bool = False
    sort: Literal[
        "mac",
        "-mac",
        "model",
        "-model",
        "first_seen",
        "-first_seen",
        "last_seen",
        "-last_seen",
        "count",
        "-count",
    ] = "-last_seen"


class PendingShown(Shape):
    """A phone that asks and is in no inventory. `vendor`, `model` and `version` are what was
    recognised, empty where nothing was; `name` is the file that it asked for last."""

    mac: str
    address: str
    transport: str
    user_agent: str
    vendor: str
    model: str
    version: str
    name: str
    first_seen: datetime
    last_seen: datetime
    count: int
    dismissed_at: datetime | None


async def list_pending_phones(call: Call) -> Reply:
    """Phones that ask and that nobody has, who asked last first."""
    query: PendingPhonesQuery = call.query
    wanted = PendingQuery(
        text=query.q.strip(),
        dismissed=query.dismissed,
        after=place_of(call),
        limit=query.limit,
        **ordered(PendingOrder, query.sort),
    )
    page = await list_pending(call.desk.db, call.actor, wanted)
    return listing(call, page, _shown, PendingShown)


async def approve_pending_phone(call: Call) -> Reply:
    """Take a phone into a domain and open its enrolment."""
    body: PhoneBody = call.body
    desk = call.desk
    saved = await approve_pending(
        desk.db,
        desk.shelf(),
        call.actor,
        call.of("domain"),
        Mac(call.of("mac")),
        lambda phone: merge_phone(phone, body),
        call.at,
        enrolment_hours=desk.enrolment_hours,
    )
    shown = phone_shown(saved.phone).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(
        body=shown,
        revision=saved.phone.revision,
        location=f"/domains/{saved.domain}/phones/{saved.phone.mac.text}",
    )


async def dismiss_pending_phone(call: Call) -> Reply:
    """Show a phone no more, also when it asks again."""
    await dismiss_pending(call.desk.db, call.actor, Mac(call.of("mac")), call.at)
    return Reply()


def _shown(one: PendingPhone) -> PendingShown:
    return PendingShown(
        mac=str(one.mac),
        address=one.address,
        transport=one.transport,
        user_agent=one.user_agent,
        vendor=one.vendor,
        model=one.model,
        version=one.version,
        name=one.name,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        count=one.count,
        dismissed_at=one.dismissed_at,
    )


ROUTES = (
    Route(
        method="GET",
        path="/pending-phones",
        summary="List phones that ask and that nobody has",
        noun=Noun.PHONES,
        handler=list_pending_phones,
        query=PendingPhonesQuery,
        answer=Listing[PendingShown],
    ),
    Route(
        method="POST",
        path="/pending-phones/{mac}/dismissal",
        summary="Show a phone that nobody has no more",
        noun=Noun.PHONES,
        verb=Verb.DELETE,
        handler=dismiss_pending_phone,
    ),
    Route(
        method="POST",
        path="/domains/{domain}/pending-phones/{mac}/approval",
        summary="Take a phone that nobody has into a domain",
        noun=Noun.PHONES,
        verb=Verb.ADD,
        handler=approve_pending_phone,
        request=PhoneBody,
        answer=PhoneShown,
        status=201,
        partial=True,
        keyed="mac",
        rehearsed={},
        shown_by=ShownBy(handler=get_phone, key="mac"),
    ),
)
