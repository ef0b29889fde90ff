"""How do programs keep SMS numbers and call destinations?"""

from dataclasses import replace

from provisiond.actions.destinations import (
    AddDestination,
    ChangeDestination,
    DeleteDestination,
    add_destination,
    change_destination,
    delete_destination,
    list_domain_destinations,
    show_destination,
)
from provisiond.actions.edits import Saved
from provisiond.actions.number_merge import Names, merge_destination, merge_sms, merge_sms_terms
from provisiond.actions.number_schema import DestinationEntry, SmsEntry
from provisiond.actions.sms import (
    AddSmsNumber,
    ChangeSmsNumber,
    DeleteSmsNumber,
    MakeSmsAvailable,
    SmsView,
    add_sms_number,
    change_sms_number,
    change_sms_numbers,
    delete_sms_number,
    list_domain_sms_numbers,
    make_sms_available,
    show_sms_number,
)
from provisiond.actions.telephones import meant_number
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.destinations import Destination
from provisiond.inventory.lists import DestinationOrder, DestinationQuery, SmsOrder, SmsQuery
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.telephone import E164
from provisiond.web.api.bulk import many_of, many_reply, many_route
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, ordered, seen
from provisiond.web.api.number_shapes import (
    DestinationChange,
    DestinationShown,
    DestinationsQuery,
    SmsNumbersBody,
    SmsQueryShape,
    SmsShown,
    destination_shown,
    sms_shown,
)
from provisiond.web.api.numbers import must_stay
from provisiond.web.api.route import Call, Reply, Route, ShownBy
from provisiond.web.api.users import uses_shown

_PATH = "/domains/{domain}/sms-numbers"


async def list_sms_numbers(call: Call) -> Reply:
    """SMS numbers that match."""
    query: SmsQueryShape = call.query
    wanted = SmsQuery(
        text=query.q.strip(),
        treatment=query.treatment,
        destination=query.destination,
        carrier=query.carrier,
        mms=query.mms,
        after=place_of(call),
        limit=query.limit,
        **ordered(SmsOrder, query.sort),
    )
    page = await list_domain_sms_numbers(call.desk.db, call.of("domain"), wanted)
    return listing(call, page, _view_shown, SmsShown)


async def get_sms_number(call: Call) -> Reply:
    """One SMS number."""
    view = await show_sms_number(call.desk.db, call.of("domain"), _number(call))
    return Reply(body=_view_shown(view), revision=view.number.revision)


async def post_sms_number(call: Call) -> Reply:
    """Add an SMS number, written in any form."""
    body: SmsEntry = call.body
    number = await meant_number(call.desk.db, call.of("domain"), body.number)
    record = _merged(None, body, number)
    command = AddSmsNumber(domain=call.of("domain"), number=record)
    return _saved(await add_sms_number(call.desk.db, call.actor, command, call.at))


async def patch_sms_number(call: Call) -> Reply:
    """Change who gets the messages to a number."""
    body: SmsEntry = call.body
    await must_stay(call, body.number)
    stood = (await show_sms_number(call.desk.db, call.of("domain"), _number(call))).number
    record = _merged(stood, body, _number(call))
    record = replace(record, revision=seen(call, stood.revision))
    command = ChangeSmsNumber(domain=call.of("domain"), number=record)
    return _saved(await change_sms_number(call.desk.db, call.actor, command, call.at))


async def patch_sms_numbers(call: Call) -> Reply:
    """Change who gets the messages to many numbers."""
    body: SmsNumbersBody = call.body
    names = Names.none()
    command = many_of(
        call, "number", E164, lambda number: merge_sms_terms(number, body.changes, names)
    )
    return many_reply(call, await change_sms_numbers(call.desk.db, call.actor, command, call.at))


async def remove_sms_number(call: Call) -> Reply:
    """Delete an SMS number."""
    command = DeleteSmsNumber(
        domain=call.of("domain"), number=_number(call), revision=call.revision
    )
    await delete_sms_number(call.desk.db, call.actor, command, call.at)
    return Reply()


async def free_sms_number(call: Call) -> Reply:
    """Let nobody get the messages to a number any more."""
    command = MakeSmsAvailable(
        domain=call.of("domain"), number=_number(call), revision=call.revision
    )
    return _saved(await make_sms_available(call.desk.db, call.actor, command, call.at))


async def list_destinations(call: Call) -> Reply:
    """Call destinations that match."""
    query: DestinationsQuery = call.query
    wanted = DestinationQuery(
        text=query.q.strip(),
        kind=query.kind,
        enabled=query.enabled,
        after=place_of(call),
        limit=query.limit,
        **ordered(DestinationOrder, query.sort),
    )
    page = await list_domain_destinations(call.desk.db, call.of("domain"), wanted)
    return listing(call, page, destination_shown, DestinationShown)


async def get_destination(call: Call) -> Reply:
    """One call destination, and what leads there."""
    view = await show_destination(call.desk.db, call.of("domain"), call.of("extension"))
    shown = destination_shown(view.destination)
    shown = shown.model_copy(update={"uses": uses_shown(view.uses)})
    return Reply(body=shown, revision=view.destination.revision)


async def post_destination(call: Call) -> Reply:
    """Add a call destination."""
    body: DestinationEntry = call.body
    record = merge_destination(None, body)
    command = AddDestination(domain=call.of("domain"), destination=record)
    return _saved_destination(await add_destination(call.desk.db, call.actor, command, call.at))


async def patch_destination(call: Call) -> Reply:
    """Change a call destination; numbers follow its extension."""
    body: DestinationChange = call.body
    key = call.of("extension")
    stood = (await show_destination(call.desk.db, call.of("domain"), key)).destination
    given = body.model_fields_set
    changes = {name: getattr(body, name) for name in ("name", "enabled") if name in given}
    record = replace(
        stood,
        kind=body.kind or stood.kind,
        extension=body.extension,
        revision=seen(call, stood.revision),
        **changes,
    )
    command = ChangeDestination(domain=call.of("domain"), extension=key, destination=record)
    return _saved_destination(await change_destination(call.desk.db, call.actor, command, call.at))


async def remove_destination(call: Call) -> Reply:
    """Delete a call destination no number leads to."""
    command = DeleteDestination(
        domain=call.of("domain"), extension=call.of("extension"), revision=call.revision
    )
    await delete_destination(call.desk.db, call.actor, command, call.at)
    return Reply()


def _merged(stood: SmsNumber | None, body: SmsEntry, number: E164) -> SmsNumber:
    return merge_sms(stood, body, number, Names.none())


def _view_shown(view: SmsView) -> SmsShown:
    return sms_shown(view.number, view.name)


def _number(call: Call) -> E164:
    return E164(call.of("number"))


def _saved(saved: Saved[SmsNumber]) -> Reply:
    shown = sms_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


def _saved_destination(saved: Saved[Destination]) -> Reply:
    shown = destination_shown(saved.record)
    shown = shown.model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.SMS_NUMBERS,
            path=_PATH,
            key="number",
            one="an SMS number",
            many="SMS numbers",
            listed=list_sms_numbers,
            shown=get_sms_number,
            added=post_sms_number,
            changed=patch_sms_number,
            removed=remove_sms_number,
            query=SmsQueryShape,
            request=SmsEntry,
            answer=SmsShown,
            rehearsed={"number": "+1200???????"},
        )
    ),
    many_route(
        noun=Noun.SMS_NUMBERS,
        path=_PATH,
        many="SMS numbers",
        handler=patch_sms_numbers,
        request=SmsNumbersBody,
    ),
    Route(
        method="POST",
        path=_PATH + "/{number}/available",
        summary="Let nobody get the messages to a number any more",
        noun=Noun.SMS_NUMBERS,
        verb=Verb.EDIT,
        handler=free_sms_number,
        answer=SmsShown,
        conditional=True,
        shown_by=ShownBy(handler=get_sms_number, key="number"),
    ),
    *kept(
        Keeping(
            noun=Noun.DESTINATIONS,
            path="/domains/{domain}/destinations",
            key="extension",
            one="a call destination",
            many="call destinations",
            listed=list_destinations,
            shown=get_destination,
            added=post_destination,
            changed=patch_destination,
            removed=remove_destination,
            query=DestinationsQuery,
            request=DestinationEntry,
            change=DestinationChange,
            answer=DestinationShown,
            rehearsed={"extension": "???????????????", "kind": "conference"},
        )
    ),
)
