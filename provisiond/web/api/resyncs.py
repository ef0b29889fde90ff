"""How do programs tell a phone to fetch its files again, and see what came of it?"""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from provisiond.actions.resync import (
    RequestResync,
    list_resyncs,
    request_resync,
    request_resync_of,
)
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import Resync
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Asked, Listing, Shape

_PATH = "/domains/{domain}/phones/{mac}/resyncs"
_SHOWN = 20


class ResyncBody(Asked):
    """How the phone is to be told. `even_if_shared` accepts that other phones of the same user
    are told too."""

    reboot: Annotated[bool, Field(description="restart the phone, which fetches again then")] = (
        False
    )
    even_if_shared: bool = False


class ResyncShown(Shape):
    """A phone told, or to be told, to fetch again. `state` is what came of the message; whether
    the phone has fetched the wanted version since is `confirmed_at` alone."""

    id: int
    state: Annotated[str, Field(description="queued, sending, answered, refused, silent or failed")]
    reboot: bool
    requested_by: str
    requested_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None
    target: Annotated[str, Field(description="the URI that was asked")]
    code: Annotated[int | None, Field(description="the last SIP response")]
    reason: Annotated[str, Field(description="what came of it, in words")]
    confirmed_at: datetime | None
    settled: Annotated[bool, Field(description="whether waiting any longer is of no use")]


async def resync_phone(call: Call) -> Reply:
    """Queue the message; the daemon that holds the lease sends it. Journaled before it is sent."""
    desk, domain = call.desk, call.of("domain")
    return _queued(
        await request_resync(desk.db, desk.shelf(), call.actor, domain, _command(call), call.at)
    )


async def resync_phone_by_mac(call: Call) -> Reply:
    """The same for whoever has the MAC alone; Location leads to what came of it."""
    desk = call.desk
    return _queued(
        await request_resync_of(desk.db, desk.shelf(), call.actor, _command(call), call.at)
    )


async def list_phone_resyncs(call: Call) -> Reply:
    """The latest of a phone, the newest first."""
    found = await list_resyncs(
        call.desk.db, call.actor, call.of("domain"), Mac(call.of("mac")), limit=_SHOWN
    )
    return Reply(body=Listing[ResyncShown](items=[_shown(one) for one in found]))


def _command(call: Call) -> RequestResync:
    body: ResyncBody = call.body
    return RequestResync(
        mac=Mac(call.of("mac")),
        reboot=body.reboot,
        even_if_shared=body.even_if_shared,
        registrar=call.desk.has_registrar,
    )


def _queued(made: Resync) -> Reply:
    return Reply(body=_shown(made), location=_PATH.format(domain=made.domain, mac=made.mac.text))


def _shown(one: Resync) -> ResyncShown:
    return ResyncShown(
        id=one.resync_id,
        state=one.state.value,
        reboot=one.reboot,
        requested_by=one.requested_by,
        requested_at=one.requested_at,
        sent_at=one.sent_at,
        ended_at=one.ended_at,
        target=one.target,
        code=one.code,
        reason=one.reason,
        confirmed_at=one.confirmed_at,
        settled=one.is_settled,
    )


ROUTES = (
    Route(
        method="POST",
        path=_PATH,
        summary="Tell a phone to fetch its files again",
        noun=Noun.PHONES,
        verb=Verb.RUN,
        handler=resync_phone,
        request=ResyncBody,
        answer=ResyncShown,
        status=202,
    ),
    Route(
        method="POST",
        path="/phones/{mac}/resync",
        summary="Tell a phone of any domain to fetch its files again",
        noun=Noun.PHONES,
        verb=Verb.RUN,
        handler=resync_phone_by_mac,
        request=ResyncBody,
        answer=ResyncShown,
        status=202,
    ),
    Route(
        method="GET",
        path=_PATH,
        summary="List what came of telling a phone",
        noun=Noun.PHONES,
        handler=list_phone_resyncs,
        answer=Listing[ResyncShown],
    ),
)
