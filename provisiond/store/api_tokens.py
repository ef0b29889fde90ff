"""Where are the tokens kept by which programs ask? As hashes only."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.access import Role
from provisiond.inventory.accounts import ApiToken
from provisiond.inventory.errors import NotFound, Rejected
from provisiond.inventory.lists import Page, TokenOrder, TokenQuery
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored, to_stored_if_any
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.schema import domain
from provisiond.store.schema_access import api_token
from provisiond.store.schema_columns import INSTANT, LARGEST_ID
from provisiond.store.transaction import AnyRow, Read, Write

_ID = api_token.c.token_id
_NEVER = sa.literal(LARGEST_ID, INSTANT)
_ORDERS: dict[TokenOrder, tuple[sa.ColumnElement[Any], ...]] = {
    TokenOrder.ID: (_ID,),
    TokenOrder.LABEL: (api_token.c.label, _ID),
    TokenOrder.DOMAIN: (sa.func.coalesce(domain.c.name, ""), _ID),
    TokenOrder.CREATED: (api_token.c.created_at, _ID),
    TokenOrder.USED: (sa.func.coalesce(api_token.c.used_at, 0), _ID),
    TokenOrder.EXPIRES: (sa.func.coalesce(api_token.c.expires_at, _NEVER), _ID),
}


async def list_api_tokens(read: Read, query: TokenQuery) -> Page[ApiToken]:
    """Those that match, sorted; revoked ones too."""
    select = _select()
    if query.text:
        select = select.where(matches(query.text, _ID, api_token.c.label, domain.c.name))
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    found = tuple([_record(row) for row in rows])
    return Page(rows=found, after=after, total=await count_rows(read, select))


async def find_api_token(read: Read, key_hash: bytes) -> ApiToken | None:
    """The token with this hash, whether it still counts or not."""
    row = await read.first(_select().where(api_token.c.key_hash == key_hash))
    return _record(row) if row is not None else None


async def get_api_token(read: Read, token_id: str) -> ApiToken:
    """The token with this id. Raises NotFound."""
    row = await read.first(_select().where(api_token.c.token_id == token_id))
    if row is None:
        raise NotFound(f"there is no token {token_id}.")
    return _record(row)


async def insert_api_token(write: Write, key_hash: bytes, record: ApiToken, at: datetime) -> None:
    """Keep a token. Raises Rejected(domain)."""
    domain_id = None
    if record.domain is not None:
        found = await write.first(
            sa.select(domain.c.id).where(domain.c.name == record.domain.lower())
        )
        if found is None:
            raise Rejected("domain", f"there is no domain {record.domain}.")
        domain_id = found[0]
    await write.insert(
        api_token,
        [
            {
                "token_id": record.token_id,
                "key_hash": key_hash,
                "label": record.label,
                "role": record.role.value,
                "domain_id": domain_id,
                "read_only": record.read_only,
                "created_by": record.created_by,
                "created_at": to_stored(at),
                "expires_at": to_stored_if_any(record.expires_at),
            }
        ],
    )


async def revoke_stored(write: Write, token_id: str, at: datetime) -> None:
    """Let a token open nothing any more; one that is revoked already stays so."""
    await write.connection.execute(
        sa.update(api_token)
        .where(api_token.c.token_id == token_id, api_token.c.revoked_at.is_(None))
        .values(revoked_at=to_stored(at))
    )


async def note_used(write: Write, token_id: str, at: datetime) -> None:
    """Note that a token was used."""
    await write.connection.execute(
        sa.update(api_token).where(api_token.c.token_id == token_id).values(used_at=to_stored(at))
    )


def _select() -> sa.Select[Any]:
    return sa.select(api_token, domain.c.name.label("domain_name")).outerjoin(
        domain, domain.c.id == api_token.c.domain_id
    )


def _record(row: AnyRow) -> ApiToken:
    return ApiToken(
        token_id=row.token_id,
        label=row.label,
        role=Role(row.role),
        domain=row.domain_name,
        read_only=row.read_only,
        created_by=row.created_by,
        created_at=from_stored(row.created_at),
        expires_at=from_stored_if_any(row.expires_at),
        used_at=from_stored_if_any(row.used_at),
        revoked_at=from_stored_if_any(row.revoked_at),
    )
