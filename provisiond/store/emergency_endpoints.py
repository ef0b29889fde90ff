"""Where are a domain's emergency endpoints kept, and whose caller ID are they?"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.emergency import EmergencyEndpoint
from provisiond.inventory.errors import NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import EndpointOrder, EndpointQuery, Page
from provisiond.inventory.telephone import E164
from provisiond.inventory.uses import Use
from provisiond.store.number_checks import check_numbers
from provisiond.store.paging import count_rows, matches, number_matches, read_page
from provisiond.store.records import (
    absent_items,
    delete_ids,
    ids_by,
    must_be_new,
    refuse,
    seen_last,
    update_rows,
)
from provisiond.store.schema import site, user_account
from provisiond.store.schema_emergency import emergency_address, emergency_endpoint
from provisiond.store.transaction import AnyRow, Read, Write, chunks
from provisiond.store.uses import refuse_uses, uses_of_endpoint

_NUMBER = emergency_endpoint.c.number
_NOUN = "emergency endpoint"
_ORDERS: dict[EndpointOrder, tuple[sa.ColumnElement[str], ...]] = {
    EndpointOrder.NUMBER: (_NUMBER,),
    EndpointOrder.ADDRESS: (emergency_address.c.name, _NUMBER),
    EndpointOrder.SITE: (sa.func.coalesce(site.c.name, ""), _NUMBER),
}


async def list_endpoints(
    read: Read, domain_id: int, query: EndpointQuery
) -> Page[EmergencyEndpoint]:
    """Those that match, sorted."""
    select = _select(domain_id)
    if query.text:
        found = matches(
            query.text,
            emergency_address.c.name,
            sa.func.coalesce(site.c.name, ""),
            emergency_endpoint.c.caller_name,
            emergency_endpoint.c.location,
        )
        by_digits = number_matches(query.text, _NUMBER)
        select = select.where(found if by_digits is None else found | by_digits)
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    total = await count_rows(read, select)
    return Page(rows=tuple([_record(row) for row in rows]), after=after, total=total)


async def all_endpoints(read: Read, domain_id: int) -> dict[E164, EmergencyEndpoint]:
    """Every emergency endpoint of the domain, by number."""
    rows = await read.rows(_select(domain_id).order_by(_NUMBER))
    return {E164(row.number): _record(row) for row in rows}


async def find_endpoints(
    read: Read, domain_id: int, numbers: Sequence[E164]
) -> dict[E164, EmergencyEndpoint]:
    """Those of the numbers that are endpoints."""
    found: dict[E164, EmergencyEndpoint] = {}
    for some in chunks([number.text for number in numbers]):
        for row in await read.rows(_select(domain_id).where(_NUMBER.in_(some))):
            found[E164(row.number)] = _record(row)
    return found


async def endpoint_uses(read: Read, domain_id: int, number: E164) -> tuple[Use, ...]:
    """Whose emergency caller ID it is. Raises NotFound."""
    ids = await ids_by(read, domain_id, _NUMBER, [number.text])
    if not ids:
        raise NotFound(f"there is no emergency endpoint {number}.")
    return await uses_of_endpoint(read, domain_id, ids[number.text])


async def caller_id_counts(read: Read, domain_id: int) -> Mapping[E164, int]:
    """How many users have each endpoint as their emergency caller ID; those with none left out."""
    rows = await read.rows(
        sa.select(_NUMBER, sa.func.count())
        .join(
            user_account,
            (user_account.c.domain_id == emergency_endpoint.c.domain_id)
            & (user_account.c.emergency_endpoint_id == emergency_endpoint.c.id),
        )
        .where(emergency_endpoint.c.domain_id == domain_id)
        .group_by(_NUMBER)
    )
    return {E164(row[0]): row[1] for row in rows}


async def insert_endpoints(
    write: Write, domain_id: int, records: Sequence[EmergencyEndpoint]
) -> None:
    """Add endpoints. Raises Rejected: a number that is one already or another domain's, an address
    or site that is not there, a site that has its endpoint."""
    await must_be_new(write, domain_id, _NUMBER, [one.number.text for one in records], _NOUN)
    await check_numbers(write, domain_id, emergency_endpoint, [one.number for one in records])
    columns = await _columns(write, domain_id, records)
    await _sites_are_free(write, domain_id, columns)
    ids = await write.new_ids(len(records))
    await write.insert(
        emergency_endpoint,
        [
            {"domain_id": domain_id, "id": row_id, **one}
            for row_id, one in zip(ids, columns, strict=True)
        ],
    )


async def update_endpoints(
    write: Write, domain_id: int, records: Sequence[EmergencyEndpoint]
) -> None:
    """Replace endpoints; each `revision` is the one that was read. Raises NotFound, Conflict and
    Rejected as `insert_endpoints`."""
    revisions = {record.number.text: record.revision for record in records}
    ids = await seen_last(write, domain_id, _NUMBER, revisions, _NOUN)
    columns = await _columns(write, domain_id, records)
    await write.connection.execute(  # first, so that two endpoints may change sites
        sa.update(emergency_endpoint)
        .where(emergency_endpoint.c.domain_id == domain_id)
        .where(emergency_endpoint.c.id.in_(ids.values()))
        .values(site_id=None)
    )
    await _sites_are_free(write, domain_id, columns)
    rows = [{"id_": ids[one["number"]], **one} for one in columns]
    await update_rows(write, emergency_endpoint, domain_id, rows)


async def delete_endpoint(write: Write, domain_id: int, number: E164, *, revision: int) -> None:
    """Delete an endpoint that is nobody's caller ID. Raises NotFound, and Conflict naming them."""
    ids = await seen_last(write, domain_id, _NUMBER, {number.text: revision}, _NOUN)
    uses = await uses_of_endpoint(write, domain_id, ids[number.text])
    refuse_uses(uses, f"the emergency endpoint {number}")
    await delete_ids(write, emergency_endpoint.c.id, domain_id, [ids[number.text]])


async def set_caller_ids(
    write: Write, domain_id: int, extensions: Sequence[str] | None, number: E164 | None
) -> int:
    """Give users this emergency caller ID, or none; `extensions` None is every user. Answers how
    many changed. Raises Rejected where the endpoint is not there, RejectedAll with every user that
    is not."""
    endpoint_id = None
    if number is not None:
        ids = await ids_by(write, domain_id, _NUMBER, [number.text])
        if not ids:
            message = f"there is no emergency endpoint {number}."
            raise Rejected("number", message, "Add it first.")
        endpoint_id = ids[number.text]
    column = user_account.c.emergency_endpoint_id
    statement = (
        sa.update(user_account)
        .where(user_account.c.domain_id == domain_id, column.is_distinct_from(endpoint_id))
        .values(emergency_endpoint_id=endpoint_id, revision=user_account.c.revision + 1)
        .returning(user_account.c.id)
    )
    if extensions is None:
        changed = len(await write.rows(statement))
    else:
        found = await ids_by(write, domain_id, user_account.c.extension, extensions)
        if absent := absent_items("extensions", "extension", extensions, found):
            raise RejectedAll(tuple(absent))
        changed = 0
        for some in chunks(sorted(found.values())):
            changed += len(await write.rows(statement.where(user_account.c.id.in_(some))))
    write.touch_domain(domain_id)
    return changed


async def _sites_are_free(
    write: Write, domain_id: int, columns: Sequence[Mapping[str, Any]]
) -> None:
    """Raise Rejected(site) where a site would have two endpoints."""
    wanted = [one["site_id"] for one in columns if one["site_id"] is not None]
    rows = await write.rows(
        _select(domain_id).where(emergency_endpoint.c.site_id.in_(wanted or [0]))
    )
    faults = [
        (row.number, f"site {row.site} has the endpoint {row.number} already.") for row in rows
    ]
    if len(set(wanted)) != len(wanted):
        faults.append(("endpoints", "a site stands at two of them; it has one."))
    refuse("site", faults)


def _select(domain_id: int) -> sa.Select[Any]:
    def same(reference: sa.Column[Any], table: sa.Table) -> sa.ColumnElement[bool]:
        return (table.c.domain_id == emergency_endpoint.c.domain_id) & (table.c.id == reference)

    return (
        sa.select(
            emergency_endpoint,
            emergency_address.c.name.label("address"),
            site.c.name.label("site"),
        )
        .join(emergency_address, same(emergency_endpoint.c.address_id, emergency_address))
        .outerjoin(site, same(emergency_endpoint.c.site_id, site))
        .where(emergency_endpoint.c.domain_id == domain_id)
    )


async def _columns(
    write: Write, domain_id: int, records: Sequence[EmergencyEndpoint]
) -> list[dict[str, Any]]:
    names = [one.address for one in records]
    addresses = await ids_by(write, domain_id, emergency_address.c.name, names)
    absent = [
        (str(one.number), f"there is no emergency address {one.address!r}.")
        for one in records
        if one.address not in addresses
    ]
    refuse("address", absent)
    sites = await ids_by(write, domain_id, site.c.name, [one.site for one in records])
    missing = [
        (str(one.number), f"there is no site {one.site!r}.")
        for one in records
        if one.site is not None and one.site not in sites
    ]
    refuse("site", missing)
    return [
        {
            "number": one.number.text,
            "address_id": addresses[one.address],
            "site_id": sites[one.site] if one.site is not None else None,
            "caller_name": one.caller_name,
            "location": one.location,
        }
        for one in records
    ]


def _record(row: AnyRow) -> EmergencyEndpoint:
    return EmergencyEndpoint(
        number=E164(row.number),
        address=row.address,
        caller_name=row.caller_name,
        location=row.location,
        site=row.site,
        revision=row.revision,
    )
