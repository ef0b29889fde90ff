"""What does somebody see who follows a link? A form to choose a password by."""

from aiohttp import web

from provisiond.actions.joining import join, look_at_link
from provisiond.inventory.accounts import MAX_PASSWORD, MIN_PASSWORD, JoinLink
from provisiond.inventory.errors import Finding, NotFound, RejectedAll
from provisiond.inventory.secret import Secret
from provisiond.web.keys import CALLER, DESK
from provisiond.web.origin import is_from_elsewhere
from provisiond.web.pages.html import PAGES


async def show_join(request: web.Request) -> web.Response:
    """The form; 404 where the link was used or has ended."""
    desk = request.app[DESK]
    try:
        link = await look_at_link(desk.db, _key(request), desk.clock())
    except NotFound as fault:
        return _gone(request, fault)
    return _form(request, link, link.account or "", ())


async def save_join(request: web.Request) -> web.Response:
    """Take the form: the password counts from now on, and the link does not."""
    if is_from_elsewhere(request, secure=request[CALLER].secure):
        raise web.HTTPForbidden(text="this form was sent from another site.")
    desk, key = request.app[DESK], _key(request)
    form = await request.post()
    name, password, again = (str(form.get(field, "")) for field in ("name", "password", "again"))
    try:
        link = await look_at_link(desk.db, key, desk.clock())
    except NotFound as fault:
        return _gone(request, fault)
    try:
        if password != again:
            differ = Finding(where="again", message="it is another.", remedy="Type it again.")
            return _form(request, link, name, (differ,))
        account = await join(
            desk.db, desk.door.passwords, key, name, Secret(password), desk.clock()
        )
    except NotFound as fault:
        return _gone(request, fault)
    except RejectedAll as fault:
        return _form(request, link, name, fault.findings)
    done = f"{account.name} can log in with this password now. This link is used up."
    return request.app[PAGES].answer("join.html", heading="Saved", done=done, faults=())


def _form(
    request: web.Request, link: JoinLink, name: str, faults: tuple[Finding, ...]
) -> web.Response:
    return request.app[PAGES].answer(
        "join.html",
        status=422 if faults else 200,
        heading="Choose a password" if link.account else "The first admin",
        asks_name=link.account is None,
        name=link.account or name,
        faults=faults,
        done="",
        gone="",
        least=MIN_PASSWORD,
        most=MAX_PASSWORD,
    )


def _gone(request: web.Request, fault: NotFound) -> web.Response:
    return request.app[PAGES].answer(
        "join.html", status=404, heading="No such link", gone=str(fault), done="", faults=()
    )


def _key(request: web.Request) -> Secret:
    return Secret(request.match_info["key"])
