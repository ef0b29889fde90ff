"""How does a person log in and out, and look after the own account?"""

from datetime import datetime
from time import monotonic
from typing import Annotated

from pydantic import Field, StringConstraints

from provisiond.actions.joining import (
    add_second_factor,
    change_password,
    offer_second_factor,
    remove_second_factor,
)
from provisiond.actions.log_in import LogIn, log_in, log_out
from provisiond.inventory.access import PERMISSIONS, Actor, Noun, Verb
from provisiond.inventory.errors import NotAllowed
from provisiond.inventory.secret import Secret
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Asked, Shape
from provisiond.web.identity import csrf_token

_Typed = Annotated[
    str,
    StringConstraints(max_length=1024, strip_whitespace=False),
    Field(json_schema_extra={"format": "password"}),
]


class LogInBody(Asked):
    """What was typed. `code` is the authenticator's, where a second factor is set up."""

    name: Annotated[str, Field(max_length=256)]
    password: _Typed = ""
    code: Annotated[str, Field(max_length=32)] = ""


class Me(Shape):
    """Who asks, and what they may do: noun → verbs. `csrf_token` goes into X-CSRF-Token of every
    change that a browser's session makes; null for tokens."""

    name: str
    kind: str
    role: str
    domain: str | None
    extension: str | None
    read_only: bool
    may: dict[str, list[str]]
    csrf_token: str | None


class PasswordBody(Asked):
    """The old password and the new one."""

    old: _Typed
    new: _Typed


class FactorOffer(Shape):
    """A time key to put into an authenticator, as text and as the URI of a QR code."""

    key: str
    uri: str


class FactorBody(Asked):
    """The key that was offered, and a code of it; where a second factor is set already, the own
    password and a code of that one, too."""

    key: Annotated[str, Field(pattern="^[A-Z2-7]{32}$")]
    code: Annotated[str, Field(max_length=32)]
    password: _Typed = ""
    old_code: Annotated[str, Field(max_length=32)] = ""


class ConfirmBody(Asked):
    """The own password, once more, and a code of the second factor."""

    password: _Typed
    code: Annotated[str, Field(max_length=32)] = ""


class Done(Shape):
    """It was done."""

    at: datetime


async def begin_session(call: Call) -> Reply:
    """Log in; the browser gets a session's cookie."""
    body: LogInBody = call.body
    command = LogIn(
        name=body.name,
        password=Secret(body.password),
        code=body.code,
        address=call.caller.address,
        now=monotonic(),
        replaces=call.session,
    )
    key, account = await log_in(call.desk.db, call.desk.door, command, call.at)
    return Reply(body=_me(call, account.actor(), key), session=key)


async def end_session(call: Call) -> Reply:
    """Log out; a token is left as it is."""
    if call.session is not None:
        await log_out(call.desk.db, call.actor, call.session, call.at)
    return Reply(session=Secret(""))


async def show_me(call: Call) -> Reply:
    """Who asks, and what they may do."""
    return Reply(body=_me(call, call.actor, call.session))


async def set_password(call: Call) -> Reply:
    """Change the own password; this session gets another key, every other one ends."""
    body: PasswordBody = call.body
    typed = _typed(call, body.old)
    door = call.desk.door
    key = await change_password(call.desk.db, door, call.actor, typed, Secret(body.new), call.at)
    return Reply(body=_me(call, call.actor, key), session=key)


async def offer_factor(call: Call) -> Reply:
    """Make a time key; it counts once a code of it was shown."""
    _session(call)
    offer = offer_second_factor(call.actor)
    return Reply(body=FactorOffer(key=offer.key.reveal(), uri=offer.uri.reveal()))


async def add_factor(call: Call) -> Reply:
    """Ask for time codes at each log-in from now on."""
    body: FactorBody = call.body
    typed = _typed(call, body.password, body.old_code)
    door, key = call.desk.door, Secret(body.key)
    await add_second_factor(call.desk.db, door, call.actor, typed, key, body.code, call.at)
    return Reply(body=Done(at=call.at))


async def remove_factor(call: Call) -> Reply:
    """Ask for no time codes any more."""
    body: ConfirmBody = call.body
    typed = _typed(call, body.password, body.code)
    await remove_second_factor(call.desk.db, call.desk.door, call.actor, typed, call.at)
    return Reply(body=Done(at=call.at))


def _me(call: Call, actor: Actor, session: Secret | None) -> Me:
    allowed = {
        noun.value: [verb.value for verb in Verb if actor.may(noun, verb)]
        for noun in PERMISSIONS[actor.role]
    }
    return Me(
        name=actor.name,
        kind=actor.kind,
        role=actor.role.value,
        domain=actor.domain,
        extension=actor.extension,
        read_only=actor.read_only,
        may={noun: verbs for noun, verbs in allowed.items() if verbs},
        csrf_token=csrf_token(call.desk, session) if session is not None else None,
    )


def _session(call: Call) -> Secret:
    """The session, without which there is no own account. Raises NotAllowed for tokens."""
    if call.session is None or call.actor.kind != "portal":
        raise NotAllowed("a token has no account; log in.")
    return call.session


def _typed(call: Call, password: str, code: str = "") -> LogIn:
    """What the owner of the session typed once more. Raises NotAllowed for tokens."""
    return LogIn(
        name=call.actor.name,
        password=Secret(password),
        code=code,
        address=call.caller.address,
        now=monotonic(),
        replaces=_session(call),
    )


_OWN = Noun.OWN_ACCOUNT

ROUTES = (
    Route(
        method="POST",
        path="/login",
        summary="Log in",
        noun=None,
        handler=begin_session,
        request=LogInBody,
        answer=Me,
        fails_with=(429,),
    ),
    Route(
        method="POST",
        path="/logout",
        summary="Log out",
        noun=_OWN,
        handler=end_session,
    ),
    Route(method="GET", path="/me", summary="Who am I?", noun=_OWN, handler=show_me, answer=Me),
    Route(
        method="POST",
        path="/me/password",
        summary="Change the own password",
        noun=_OWN,
        verb=Verb.EDIT,
        handler=set_password,
        request=PasswordBody,
        answer=Me,
        fails_with=(401, 429),
    ),
    Route(
        method="POST",
        path="/me/second-factor/offer",
        summary="Make a key for an authenticator",
        noun=_OWN,
        verb=Verb.EDIT,
        handler=offer_factor,
        answer=FactorOffer,
    ),
    Route(
        method="POST",
        path="/me/second-factor",
        summary="Ask for time codes from now on",
        noun=_OWN,
        verb=Verb.EDIT,
        handler=add_factor,
        request=FactorBody,
        answer=Done,
        fails_with=(401, 429),
    ),
    Route(
        method="POST",
        path="/me/second-factor/remove",
        summary="Ask for no time codes any more",
        noun=_OWN,
        verb=Verb.EDIT,
        handler=remove_factor,
        request=ConfirmBody,
        answer=Done,
        fails_with=(401, 429),
    ),
)
