"""How do programs keep telephone numbers, and learn where a call would go?"""

from dataclasses import replace

from provisiond.actions.edits import Saved
from provisiond.actions.number_merge import Names, merge_number, merge_number_terms
from provisiond.actions.number_schema import NumberEntry
from provisiond.actions.numbers import (
    AddNumber,
    ChangeNumber,
    DeleteNumber,
    MakeAvailable,
    RouteNumber,
    add_number,
    change_number,
    change_numbers,
    delete_number,
    list_domain_numbers,
    make_available,
    route_number,
    show_number,
    suggest_destinations,
)
from provisiond.actions.telephones import meant_number
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Rejected
from provisiond.inventory.lists import NumberOrder, NumberQuery
from provisiond.inventory.numbers import Number
from provisiond.inventory.telephone import E164
from provisiond.web.api.bulk import many_of, many_reply, many_route
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, ordered, seen
from provisiond.web.api.number_shapes import (
    NumbersBody,
    NumberShown,
    NumbersQuery,
    RouteQuery,
    RouteShown,
    Suggestions,
    SuggestionShown,
    SuggestQuery,
    call_shown,
    number_shown,
    number_view_shown,
)
from provisiond.web.api.route import Call, Reply, Route, ShownBy

_PATH = "/domains/{domain}/numbers"


async def list_numbers(call: Call) -> Reply:
    """Numbers that match, each with where a call goes now."""
    query: NumbersQuery = call.query
    wanted = NumberQuery(
        text=query.q.strip(),
        treatment=query.treatment,
        destination=query.destination,
        frame=query.frame,
        enabled=query.enabled,
        after=place_of(call),
        limit=query.limit,
        **ordered(NumberOrder, query.sort),
    )
    page = await list_domain_numbers(call.desk.db, call.of("domain"), wanted, call.at)
    return listing(call, page, number_view_shown, NumberShown)


async def get_number(call: Call) -> Reply:
    """One number, and where a call goes now."""
    view = await show_number(call.desk.db, call.of("domain"), _number(call), call.at)
    return Reply(body=number_view_shown(view), revision=view.number.revision)


async def post_number(call: Call) -> Reply:
    """Add a number, written in any form."""
    body: NumberEntry = call.body
    number = await meant_number(call.desk.db, call.of("domain"), body.number)
    record = _merged(None, body, number)
    command = AddNumber(domain=call.of("domain"), number=record)
    saved = await add_number(call.desk.db, call.actor, command, call.at)
    return replace(_saved(saved), location=f"/domains/{saved.domain}/numbers/{number.text}")


async def patch_number(call: Call) -> Reply:
    """Change what a number does; the number itself stays."""
    body: NumberEntry = call.body
    await must_stay(call, body.number)
    view = await show_number(call.desk.db, call.of("domain"), _number(call), call.at)
    record = _merged(view.number, body, _number(call))
    record = replace(record, revision=seen(call, view.number.revision))
    command = ChangeNumber(domain=call.of("domain"), number=record)
    return _saved(await change_number(call.desk.db, call.actor, command, call.at))


async def patch_numbers(call: Call) -> Reply:
    """Change what many numbers do."""
    body: NumbersBody = call.body
    names = Names.none()
    command = many_of(
        call, "number", E164, lambda number: merge_number_terms(number, body.changes, names)
    )
    return many_reply(call, await change_numbers(call.desk.db, call.actor, command, call.at))


async def remove_number(call: Call) -> Reply:
    """Delete a number."""
    command = DeleteNumber(domain=call.of("domain"), number=_number(call), revision=call.revision)
    await delete_number(call.desk.db, call.actor, command, call.at)
    return Reply()


async def free_number(call: Call) -> Reply:
    """Take away what a number does; it stays with its notes."""
    command = MakeAvailable(domain=call.of("domain"), number=_number(call), revision=call.revision)
    return _saved(await make_available(call.desk.db, call.actor, command, call.at))


async def route_call(call: Call) -> Reply:
    """Where a call would go at a moment, the rules that it beats, and why."""
    query: RouteQuery = call.query
    command = RouteNumber(domain=call.of("domain"), number=_number(call), at=query.at or call.at)
    report = await route_number(call.desk.db, command)
    return Reply(
        body=RouteShown(
            number=report.number.number.text,
            at=report.at,
            time_zone=report.time_zone,
            call=call_shown(report.route, report.names),
            findings=faults(report.findings),
            holes=list(report.holes),
        )
    )


async def suggest(call: Call) -> Reply:
    """Destinations to choose from, by what was typed of the extension or name."""
    query: SuggestQuery = call.query
    found = await suggest_destinations(
        call.desk.db, call.of("domain"), query.treatment, query.q.strip(), query.limit
    )
    items = [SuggestionShown(extension=extension, name=name) for extension, name in found]
    return Reply(body=Suggestions(items=items))


async def must_stay(call: Call, written: str) -> None:
    """A number is what it is: another one in a change is refused. Raises Rejected(number)."""
    if await meant_number(call.desk.db, call.of("domain"), written) != _number(call):
        message = "a number cannot become another one."
        raise Rejected("number", message, "Delete it, and add the other one.")


def _merged(stood: Number | None, body: NumberEntry, number: E164) -> Number:
    return merge_number(stood, body, number, Names.none())


def _number(call: Call) -> E164:
    return E164(call.of("number"))


def _saved(saved: Saved[Number]) -> Reply:
    shown = number_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.NUMBERS,
            path=_PATH,
            key="number",
            one="a number",
            many="numbers",
            listed=list_numbers,
            shown=get_number,
            added=post_number,
            changed=patch_number,
            removed=remove_number,
            query=NumbersQuery,
            request=NumberEntry,
            answer=NumberShown,
            rehearsed={"number": "+1200???????"},
        )
    ),
    many_route(
        noun=Noun.NUMBERS, path=_PATH, many="numbers", handler=patch_numbers, request=NumbersBody
    ),
    Route(
        method="POST",
        path=_PATH + "/{number}/available",
        summary="Take away what a number does",
        noun=Noun.NUMBERS,
        verb=Verb.EDIT,
        handler=free_number,
        answer=NumberShown,
        conditional=True,
        shown_by=ShownBy(handler=get_number, key="number"),
    ),
    Route(
        method="GET",
        path=_PATH + "/{number}/route",
        summary="Where would a call go?",
        noun=Noun.NUMBERS,
        handler=route_call,
        query=RouteQuery,
        answer=RouteShown,
    ),
    Route(
        method="GET",
        path="/domains/{domain}/suggestions",
        summary="Suggest destinations",
        noun=Noun.NUMBERS,
        handler=suggest,
        query=SuggestQuery,
        answer=Suggestions,
    ),
)
