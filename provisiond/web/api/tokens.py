"""How are the tokens kept by which programs ask?"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from provisiond.actions.api_tokens import MAX_DAYS, MakeToken, list_tokens, make_token, revoke_token
from provisiond.inventory.access import Noun, Role, Verb
from provisiond.inventory.accounts import ApiToken
from provisiond.inventory.lists import TokenOrder, TokenQuery
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import listing, ordered
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import Asked, Listing, SearchQuery, Shape

_RoleName = Literal["admin", "tech", "manager", "user"]


class TokenShown(Shape):
    """A token without its secret."""

    id: str
    label: str
    role: _RoleName
    domain: str | None
    read_only: bool
    created_by: str
    created_at: datetime | None
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None


class TokenMade(TokenShown):
    """A token just made; `text` is told now and never again."""

    text: str


class TokenBody(Asked):
    """A token to make. `days` null makes one that never ends."""

    label: Annotated[str, Field(max_length=256)]
    role: _RoleName
    domain: Annotated[str | None, Field(max_length=255)] = None
    read_only: bool = False
    days: Annotated[int | None, Field(ge=1, le=MAX_DAYS)] = 365


class TokensQuery(SearchQuery):
    """Which tokens. `q` is found in id, label and domain; one that was never used stands before all
    that were, one that never ends behind all that do."""

    sort: Literal[
        "id",
        "-id",
        "label",
        "-label",
        "domain",
        "-domain",
        "created_at",
        "-created_at",
        "used_at",
        "-used_at",
        "expires_at",
        "-expires_at",
    ] = "id"


async def get_tokens(call: Call) -> Reply:
    """Tokens that match, revoked and ended ones too."""
    query: TokensQuery = call.query
    wanted = TokenQuery(
        text=query.q.strip(),
        after=place_of(call),
        limit=query.limit,
        **ordered(TokenOrder, query.sort),
    )
    page = await list_tokens(call.desk.db, call.actor, wanted)
    return listing(call, page, lambda one: TokenShown(**_fields(one)), TokenShown)


async def post_token(call: Call) -> Reply:
    """Make a token."""
    body: TokenBody = call.body
    command = MakeToken(
        label=body.label,
        role=Role(body.role),
        domain=body.domain,
        read_only=body.read_only,
        days=body.days,
    )
    made = await make_token(call.desk.db, call.actor, command, call.at)
    return Reply(body=TokenMade(text=made.text.reveal(), **_fields(made.token)))


async def remove_token(call: Call) -> Reply:
    """Let a token open nothing any more, from this moment."""
    await revoke_token(call.desk.db, call.actor, call.of("token_id"), call.at)
    return Reply()


def _fields(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "label": token.label,
        "role": token.role.value,
        "domain": token.domain,
        "read_only": token.read_only,
        "created_by": token.created_by,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "used_at": token.used_at,
        "revoked_at": token.revoked_at,
    }


ROUTES = (
    Route(
        method="GET",
        path="/tokens",
        summary="List the tokens",
        noun=Noun.TOKENS,
        handler=get_tokens,
        query=TokensQuery,
        answer=Listing[TokenShown],
    ),
    Route(
        method="POST",
        path="/tokens",
        summary="Make a token",
        noun=Noun.TOKENS,
        verb=Verb.ADD,
        handler=post_token,
        request=TokenBody,
        rehearsed={"label": "x", "role": "tech"},
        answer=TokenMade,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/tokens/{token_id}",
        summary="Revoke a token",
        noun=Noun.TOKENS,
        verb=Verb.DELETE,
        handler=remove_token,
    ),
)
