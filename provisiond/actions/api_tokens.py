"""With what may programs ask? Tokens listed, made, revoked, and known again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from provisiond.actions.changes import change_entry
from provisiond.inventory.access import Actor, Noun, Role, Verb, demand
from provisiond.inventory.accounts import (
    ApiToken,
    is_api_token,
    key_hash,
    new_api_token,
    token_faults,
)
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.lists import Page, TokenQuery
from provisiond.inventory.secret import Secret
from provisiond.store.api_tokens import (
    find_api_token,
    get_api_token,
    insert_api_token,
    list_api_tokens,
    note_used,
    revoke_stored,
)
from provisiond.store.database import Database
from provisiond.store.domains import find_domain
from provisiond.store.journal import add_change

MAX_DAYS = 3650
_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeToken:
    """The command. `days` None makes a token that never ends."""

    label: str
    role: Role
    domain: str | None = None
    read_only: bool = False
    days: int | None = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken:
    """A token just made: `text` is told now and never again."""

    token: ApiToken
    text: Secret


async def list_tokens(db: Database, actor: Actor, query: TokenQuery) -> Page[ApiToken]:
    """Tokens that match, sorted, revoked and ended ones too. Raises NotAllowed."""
    demand(actor, Noun.TOKENS, Verb.READ)
    async with db.read() as read:
        return await list_api_tokens(read, query)


async def make_token(db: Database, actor: Actor, command: MakeToken, at: datetime) -> MadeToken:
    """Make a token. Raises RejectedAll (early), Rejected(domain) for one that is not there, and
    NotAllowed."""
    demand(actor, Noun.TOKENS, Verb.ADD)
    domain = command.domain.lower() if command.domain is not None else None
    faults = list(token_faults(command.label, command.role, domain))
    if command.days is not None and not 1 <= command.days <= MAX_DAYS:
        message = f"{command.days} is not between 1 and {MAX_DAYS}."
        faults.append(Finding(where="days", message=message, remedy="Correct it."))
    if faults:
        raise RejectedAll(tuple(faults), early=True)
    token_id, text = new_api_token()
    token = ApiToken(
        token_id=token_id,
        label=command.label,
        role=command.role,
        domain=domain,
        read_only=command.read_only,
        created_by=actor.name,
        created_at=at,
        expires_at=at + timedelta(days=command.days) if command.days is not None else None,
    )
    async with db.write() as write:
        await insert_api_token(write, key_hash(text.reveal()), token, at)
        found = await find_domain(write, domain) if domain is not None else None
        entry = change_entry(
            actor,
            "add token",
            token_id,
            at,
            domain_id=found[0] if found is not None else None,
            after={"label": token.label, "role": token.role.value, "read_only": token.read_only},
        )
        await add_change(write, entry)
    return MadeToken(token=token, text=text)


async def revoke_token(db: Database, actor: Actor, token_id: str, at: datetime) -> ApiToken:
    """Let a token open nothing any more, from this moment. Raises NotFound and NotAllowed."""
    demand(actor, Noun.TOKENS, Verb.DELETE)
    async with db.write() as write:
        token = await get_api_token(write, token_id)
        await revoke_stored(write, token_id, at)
        found = await find_domain(write, token.domain) if token.domain is not None else None
        domain_id = found[0] if found is not None else None
        await add_change(
            write, change_entry(actor, "revoke token", token_id, at, domain_id=domain_id)
        )
        return replace(token, revoked_at=token.revoked_at or at)


async def known_token(db: Database, text: Secret, at: datetime) -> ApiToken | None:
    """The token with this text, while it counts; that it was used is noted."""
    if not is_api_token(text.reveal()):
        return None
    async with db.read() as read:
        token = await find_api_token(read, key_hash(text.reveal()))
    if token is None or not token.lives(at):
        return None
    if token.used_at is None or at - token.used_at >= _USED_EVERY:
        async with db.append() as write:
            await note_used(write, token.token_id, at)
    return token
