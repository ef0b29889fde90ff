"""Who sends this request? A token's bearer, or the owner of a session's cookie."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from aiohttp import web

from provisiond.actions.api_tokens import known_token
from provisiond.actions.desk import Desk
from provisiond.actions.log_in import session_of
from provisiond.inventory.access import Actor
from provisiond.inventory.secret import Secret
from provisiond.web.keys import CALLER, DESK
from provisiond.web.peer import Caller

CSRF_HEADER = "X-CSRF-Token"
_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks. `session` is the key of a browser's session, None for a token."""

    actor: Actor
    session: Secret | None = None


async def identify(request: web.Request, *, is_use: bool = True) -> Identity | None:
    """Who asks, or None where nobody says or what is said counts no more.

    A request that shows a token is the token's, whatever cookies it has. A session lasts longer
    where this `is_use` of it by a person.
    """
    desk = request.app[DESK]
    if "Authorization" in request.headers:
        scheme, _, text = request.headers["Authorization"].partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = await known_token(desk.db, Secret(text.strip()), desk.clock())
        return Identity(actor=token.actor()) if token is not None else None
    key = session_key(request)
    if key is None:
        return None
    session = await session_of(desk.db, desk.door, key, desk.clock(), is_use=is_use)
    return Identity(actor=session.account.actor(), session=key) if session is not None else None


def session_key(request: web.Request) -> Secret | None:
    """The key in the session's cookie, if there is one."""
    text = request.cookies.get(cookie_name(request[CALLER]), "")
    return Secret(text) if 0 < len(text) <= _LONGEST_KEY else None


def csrf_token(desk: Desk, session: Secret) -> str:
    """What pages of this site know of a session and others cannot: an HMAC of its key."""
    mac = hmac.digest(desk.secret("csrf"), session.reveal().encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def has_csrf_token(request: web.Request, session: Secret) -> bool:
    """Whether the request shows the session's token in its header."""
    shown = request.headers.get(CSRF_HEADER, "")
    expected = csrf_token(request.app[DESK], session)
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), expected.encode())


def set_session(answer: web.StreamResponse, request: web.Request, session: Secret) -> None:
    """Give the browser the session's cookie, or take it away where it is empty.

    Over HTTPS it is bound to this host alone (`__Host-`); no script can read it, and no other
    site's request carries it.
    """
    caller = request[CALLER]
    name = cookie_name(caller)
    if session:
        answer.set_cookie(
            name,
            session.reveal(),
            path="/",
            httponly=True,
            samesite="Lax",
            secure=caller.secure,
        )
    else:
        answer.del_cookie(name, path="/", secure=caller.secure, httponly=True, samesite="Lax")


def cookie_name(caller: Caller) -> str:
    """`__Host-` is refused by browsers over plain HTTP, which loopback alone has."""
    return "__Host-provisiond" if caller.secure else "provisiond"
