"""How do programs keep phones, and people the buttons of their own?"""

from collections.abc import Callable
from dataclasses import replace

from provisiond.actions.import_merge import buttons_of, merge_phone, merge_phone_terms
from provisiond.actions.phones import (
    Saved,
    add_phone,
    change_phone,
    change_phones,
    delete_phone,
    renew_phone_token,
    reopen_enrolment,
    search_phones,
    show_phone,
)
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import NotFound
from provisiond.inventory.lists import PhoneOrder, PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.web.api.bulk import many_of, many_reply, many_route
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, ordered, seen
from provisiond.web.api.phone_shapes import (
    ButtonsBody,
    ButtonsShown,
    EnrolmentBody,
    OwnPhonesQuery,
    PhoneBody,
    PhoneRow,
    PhonesBody,
    PhoneShown,
    PhonesQuery,
    buttons_shown,
    phone_row,
    phone_shown,
    view_shown,
)
from provisiond.web.api.route import Call, Reply, Route, ShownBy
from provisiond.web.api.shapes import Listing, Record

_PATH = "/domains/{domain}/phones"


async def list_phones(call: Call) -> Reply:
    """Phones that match, as a list shows them."""
    query: PhonesQuery = call.query
    wanted = PhoneQuery(
        text=query.q.strip(),
        site=query.site,
        model=query.model,
        extension=query.extension,
        enabled=query.enabled,
        after=place_of(call),
        limit=query.limit,
        **ordered(PhoneOrder, query.sort),
    )
    page = await search_phones(call.desk.db, call.of("domain"), wanted)
    return listing(call, page, phone_row, PhoneRow)


async def get_phone(call: Call) -> Reply:
    """One phone with all its parts."""
    view = await show_phone(call.desk.db, call.of("domain"), _mac(call))
    return Reply(body=view_shown(view), revision=view.phone.revision)


async def post_phone(call: Call) -> Reply:
    """Add a phone and open its enrolment."""
    body: PhoneBody = call.body
    phone = merge_phone(None, body)
    desk, domain = call.desk, call.of("domain")
    saved = await add_phone(
        desk.db,
        desk.shelf(),
        call.actor,
        domain,
        phone,
        call.at,
        enrolment_hours=desk.enrolment_hours,
    )
    return replace(_saved(saved), location=f"/domains/{saved.domain}/phones/{saved.phone.mac.text}")


async def patch_phone(call: Call) -> Reply:
    """Change a phone; another MAC is another device, with a token of its own."""
    body: PhoneBody = call.body
    return await _change(call, lambda stood: replace(merge_phone(stood, body), mac=body.mac))


async def patch_phones(call: Call) -> Reply:
    """Change what many phones have in common."""
    body: PhonesBody = call.body
    command = many_of(call, "mac", Mac, lambda phone: merge_phone_terms(phone, body.changes))
    desk = call.desk
    done = await change_phones(desk.db, desk.shelf(), call.actor, command, call.at)
    return many_reply(call, done)


async def remove_phone(call: Call) -> Reply:
    """Delete a phone."""
    db, domain, mac = call.desk.db, call.of("domain"), _mac(call)
    await delete_phone(db, call.actor, domain, mac, call.at, revision=call.revision)
    return Reply()


async def open_phone(call: Call) -> Reply:
    """Open a phone's enrolment anew, as after a factory reset."""
    body: EnrolmentBody = call.body
    saved = await reopen_enrolment(
        call.desk.db,
        call.actor,
        call.of("domain"),
        _mac(call),
        call.at,
        hours=body.hours or call.desk.enrolment_hours,
        with_new_token=body.new_token,
    )
    return _saved(saved)


async def renew_phone(call: Call) -> Reply:
    """Give a phone a fresh token; the old one is good until the phone has asked with the new."""
    domain, mac = call.of("domain"), _mac(call)
    await renew_phone_token(call.desk.db, call.actor, domain, mac, call.at)
    return await get_phone(call)


async def get_buttons(call: Call) -> Reply:
    """The buttons of a phone; a user's own phones alone."""
    stood = await _stood(call)
    return Reply(body=buttons_shown(stood), revision=stood.revision)


async def put_buttons(call: Call) -> Reply:
    """Put these buttons on a phone; a user's own phones alone."""
    body: ButtonsBody = call.body
    return await _change(
        call, lambda stood: replace(stood, buttons=buttons_of(body.buttons)), only_buttons=True
    )


async def list_own_phones(call: Call) -> Reply:
    """The phones that have a line of the own extension."""
    actor = call.actor
    if actor.domain is None or actor.extension is None:
        raise NotFound("nobody's phones are yours: you have no extension.")
    query: OwnPhonesQuery = call.query
    wanted = PhoneQuery(
        text=query.q.strip(),
        extension=actor.extension,
        after=place_of(call),
        limit=query.limit,
        **ordered(PhoneOrder, query.sort),
    )
    page = await search_phones(call.desk.db, actor.domain, wanted)
    return listing(call, page, phone_row, PhoneRow)


async def _change(
    call: Call, edit: Callable[[Phone], Phone], *, only_buttons: bool = False
) -> Reply:
    stood = await _stood(call)
    wanted = replace(edit(stood), revision=seen(call, stood.revision))
    desk, domain = call.desk, call.of("domain")
    saved = await change_phone(
        desk.db,
        desk.shelf(),
        call.actor,
        domain,
        stood.mac,
        wanted,
        call.at,
        enrolment_hours=desk.enrolment_hours,
    )
    return _saved(saved, only_buttons=only_buttons)


def _saved(saved: Saved, *, only_buttons: bool = False) -> Reply:
    """The phone, and what about it is not as it should be."""
    told = {"warnings": faults(saved.warnings)}
    body: Record = buttons_shown(saved.phone) if only_buttons else phone_shown(saved.phone)
    return Reply(body=body.model_copy(update=told), revision=saved.phone.revision)


async def _stood(call: Call) -> Phone:
    """The phone as it stands; for a user the own ones alone exist. Raises NotFound."""
    phone = (await show_phone(call.desk.db, call.of("domain"), _mac(call))).phone
    own = call.actor.extension
    if own is not None and own not in {line.extension for line in phone.lines}:
        raise NotFound(f"there is no phone {phone.mac} in {call.of('domain')}.")
    return phone


def _mac(call: Call) -> Mac:
    return Mac(call.of("mac"))


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.PHONES,
            path=_PATH,
            key="mac",
            one="a phone",
            many="phones",
            listed=list_phones,
            shown=get_phone,
            added=post_phone,
            changed=patch_phone,
            removed=remove_phone,
            query=PhonesQuery,
            request=PhoneBody,
            answer=PhoneShown,
            rehearsed={"mac": "02??????????"},
            row=PhoneRow,
        )
    ),
    many_route(
        noun=Noun.PHONES, path=_PATH, many="phones", handler=patch_phones, request=PhonesBody
    ),
    Route(
        method="POST",
        path=_PATH + "/{mac}/enrolment",
        summary="Open a phone's enrolment anew",
        noun=Noun.PHONES,
        verb=Verb.RUN,
        handler=open_phone,
        request=EnrolmentBody,
        answer=PhoneShown,
        shown_by=ShownBy(handler=get_phone, key="mac"),
    ),
    Route(
        method="POST",
        path=_PATH + "/{mac}/renewal",
        summary="Give a phone a fresh token while it runs",
        noun=Noun.PHONES,
        verb=Verb.RUN,
        handler=renew_phone,
        answer=PhoneShown,
    ),
    Route(
        method="GET",
        path=_PATH + "/{mac}/buttons",
        summary="Show the buttons of a phone",
        noun=Noun.BUTTONS,
        handler=get_buttons,
        answer=ButtonsShown,
    ),
    Route(
        method="PUT",
        path=_PATH + "/{mac}/buttons",
        summary="Put buttons on a phone",
        noun=Noun.BUTTONS,
        verb=Verb.EDIT,
        handler=put_buttons,
        request=ButtonsBody,
        answer=ButtonsShown,
        conditional=True,
        rehearsed={},
        shown_by=ShownBy(handler=get_buttons, key="mac"),
    ),
    Route(
        method="GET",
        path="/me/phones",
        summary="List the own phones",
        noun=Noun.BUTTONS,
        handler=list_own_phones,
        query=OwnPhonesQuery,
        answer=Listing[PhoneRow],
        fails_with=(404,),
    ),
)
