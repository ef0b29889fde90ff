"""Where are a domain's people kept, and their SIP credentials?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound
from provisiond.inventory.lists import Page, UserOrder, UserQuery
from provisiond.inventory.people import User
from provisiond.inventory.secret import Secret
from provisiond.inventory.telephone import E164
from provisiond.inventory.uses import Use
from provisiond.store.emergency_names import address_ids, endpoint_ids
from provisiond.store.paging import count_rows, read_page
from provisiond.store.records import (
    delete_ids,
    ids_by,
    must_be_new,
    refuse,
    seen_last,
    update_rows,
)
from provisiond.store.schema import site, user_account
from provisiond.store.schema_emergency import emergency_address, emergency_endpoint
from provisiond.store.schema_numbers import call_destination
from provisiond.store.search import users_with
from provisiond.store.transaction import AnyRow, Read, Write, chunks
from provisiond.store.uses import refuse_uses, uses_of_user

_EXTENSION = user_account.c.extension
_ORDERS: dict[UserOrder, tuple[sa.Column[str], ...]] = {
    UserOrder.EXTENSION: (_EXTENSION,),
    UserOrder.FIRST_NAME: (user_account.c.first_name, _EXTENSION),
    UserOrder.LAST_NAME: (user_account.c.last_name, _EXTENSION),
}


async def list_users(
    read: Read, domain_id: int, *, after: str = "", limit: int = 1000
) -> tuple[User, ...]:
    """Users by extension (as text), those after `after`, at most `limit`."""
    rows = await read.rows(
        _select(domain_id).where(after < _EXTENSION).order_by(_EXTENSION).limit(limit)
    )
    return tuple([_record(read, row) for row in rows])


async def query_users(read: Read, domain_id: int, query: UserQuery) -> Page[User]:
    """Those that match, sorted; two statements."""
    select = _select(domain_id)
    if query.text:
        select = select.where(users_with(read, domain_id, query.text))
    if query.site is not None:
        select = select.where(site.c.name == query.site)
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    return Page(
        rows=tuple([_record(read, row) for row in rows]),
        after=after,
        total=await count_rows(read, select),
    )


async def user_uses(read: Read, domain_id: int, extension: str) -> tuple[Use, ...]:
    """Which phones and numbers have this user. Raises NotFound."""
    ids = await ids_by(read, domain_id, _EXTENSION, [extension])
    if not ids:
        raise NotFound(f"there is no extension {extension}.")
    return await uses_of_user(read, domain_id, ids[extension])


async def get_user(read: Read, domain_id: int, extension: str) -> User:
    """One user. Raises NotFound."""
    found = await find_users(read, domain_id, [extension])
    if not found:
        raise NotFound(f"there is no extension {extension}.")
    return found[extension]


async def find_users(read: Read, domain_id: int, extensions: Sequence[str]) -> dict[str, User]:
    """Those of the extensions that exist."""
    found: dict[str, User] = {}
    for some in chunks(extensions):
        for row in await read.rows(_select(domain_id).where(_EXTENSION.in_(some))):
            found[row.extension] = _record(read, row)
    return found


async def insert_users(write: Write, domain_id: int, records: Sequence[User]) -> None:
    """Add users. Raises Rejected where an extension is taken, or a site, emergency address or
    emergency endpoint is not there."""
    await _must_be_new(write, domain_id, [record.extension for record in records])
    named = await _references(write, domain_id, records)
    ids = await write.new_ids(len(records))
    await write.insert(
        user_account,
        [
            {
                "domain_id": domain_id,
                "id": user_id,
                **_columns(write, domain_id, user_id, record, named),
            }
            for user_id, record in zip(ids, records, strict=True)
        ],
    )
    write.touch_domain(domain_id)


async def update_user(write: Write, domain_id: int, extension: str, record: User) -> None:
    """Replace the user with this extension, which the record may change.

    `record.revision` is the one that was read. Raises NotFound, Conflict and Rejected.
    """
    if record.extension != extension:
        await _must_be_new(write, domain_id, [record.extension])
    await _replace(write, domain_id, {extension: record})


async def update_users(write: Write, domain_id: int, records: Sequence[User]) -> None:
    """Replace users, each found by its extension; revisions as in `update_user`."""
    await _replace(write, domain_id, {record.extension: record for record in records})


async def delete_user(write: Write, domain_id: int, extension: str, *, revision: int) -> None:
    """Delete a user whom nothing refers to; the own time frames go along. Raises NotFound, and
    Conflict naming the phones and numbers."""
    ids = await seen_last(write, domain_id, _EXTENSION, {extension: revision}, "extension")
    uses = await uses_of_user(write, domain_id, ids[extension])
    refuse_uses(uses, f"extension {extension}")
    await delete_ids(write, user_account.c.id, domain_id, [ids[extension]])
    write.touch_domain(domain_id)


async def _must_be_new(write: Write, domain_id: int, extensions: Sequence[str]) -> None:
    """Raise Rejected where a user or call destination has one of the extensions."""
    await must_be_new(write, domain_id, _EXTENSION, extensions, "extension")
    taken = await ids_by(write, domain_id, call_destination.c.extension, extensions)
    refuse(
        "extension",
        [(one, f"{one} is the extension of a call destination.") for one in sorted(taken)],
    )


async def _replace(write: Write, domain_id: int, records: dict[str, User]) -> None:
    revisions = {extension: record.revision for extension, record in records.items()}
    ids = await seen_last(write, domain_id, _EXTENSION, revisions, "extension")
    named = await _references(write, domain_id, list(records.values()))
    await update_rows(
        write,
        user_account,
        domain_id,
        [
            {
                "id_": ids[extension],
                **_columns(write, domain_id, ids[extension], record, named),
            }
            for extension, record in records.items()
        ],
    )
    write.touch_domain(domain_id)


def _select(domain_id: int) -> sa.Select[Any]:
    def same(reference: sa.Column[Any], table: sa.Table) -> sa.ColumnElement[bool]:
        return (table.c.domain_id == user_account.c.domain_id) & (table.c.id == reference)

    return (
        sa.select(
            user_account,
            site.c.name.label("site"),
            emergency_address.c.name.label("emergency_address"),
            emergency_endpoint.c.number.label("emergency_caller_id"),
        )
        .outerjoin(site, same(user_account.c.site_id, site))
        .outerjoin(emergency_address, same(user_account.c.emergency_address_id, emergency_address))
        .outerjoin(
            emergency_endpoint, same(user_account.c.emergency_endpoint_id, emergency_endpoint)
        )
        .where(user_account.c.domain_id == domain_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _References:
    """The ids of what users name, all of their domain."""

    sites: dict[str, int]
    addresses: dict[str, int]
    endpoints: dict[str, int]


async def _references(write: Write, domain_id: int, records: Sequence[User]) -> _References:
    numbers = [one.emergency_caller_id for one in records]
    return _References(
        sites=await _sites(write, domain_id, records),
        addresses=await address_ids(write, domain_id, [one.emergency_address for one in records]),
        endpoints=await endpoint_ids(write, domain_id, numbers),
    )


async def _sites(write: Write, domain_id: int, records: Sequence[User]) -> dict[str, int]:
    sites = await ids_by(write, domain_id, site.c.name, [record.site for record in records])
    refuse(
        "site",
        [
            (f"extension {record.extension}", f"there is no site {record.site!r}.")
            for record in records
            if record.site is not None and record.site not in sites
        ],
    )
    return sites


def _columns(
    write: Write, domain_id: int, user_id: int, record: User, named: _References
) -> dict[str, Any]:
    password = None
    caller_id = record.emergency_caller_id
    if record.sip_password:
        where = f"user_account/{domain_id}/{user_id}/sip_password"
        password = write.key.seal(record.sip_password, where)
    return {
        "extension": record.extension,
        "first_name": record.first_name,
        "last_name": record.last_name,
        "sip_user": record.sip_user,
        "sip_auth_user": record.sip_auth_user,
        "sip_password": password,
        "site_id": named.sites[record.site] if record.site is not None else None,
        "in_directory": record.in_directory,
        "emergency_address_id": named.addresses.get(record.emergency_address or ""),
        "emergency_endpoint_id": named.endpoints.get(caller_id.text) if caller_id else None,
    }


def _record(read: Read, row: AnyRow) -> User:
    password = Secret("")
    if row.sip_password is not None:
        where = f"user_account/{row.domain_id}/{row.id}/sip_password"
        password = read.key.open(row.sip_password, where)
    return User(
        extension=row.extension,
        first_name=row.first_name,
        last_name=row.last_name,
        sip_user=row.sip_user,
        sip_auth_user=row.sip_auth_user,
        sip_password=password,
        site=row.site,
        in_directory=row.in_directory,
        emergency_address=row.emergency_address,
        emergency_caller_id=E164(row.emergency_caller_id) if row.emergency_caller_id else None,
        revision=row.revision,
    )
