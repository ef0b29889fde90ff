"""Where are a domain's conferences, queues, attendants, fax servers and trunks kept?"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.errors import NotFound
from provisiond.inventory.lists import DestinationOrder, DestinationQuery, Page
from provisiond.inventory.uses import Use
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.records import delete_ids, ids_by, must_be_new, refuse, seen_last, update_rows
from provisiond.store.schema import user_account
from provisiond.store.schema_numbers import call_destination
from provisiond.store.transaction import AnyRow, Read, Write, chunks
from provisiond.store.uses import refuse_uses, uses_of_destination

_EXTENSION = call_destination.c.extension
_ORDERS: dict[DestinationOrder, tuple[sa.Column[str], ...]] = {
    DestinationOrder.EXTENSION: (_EXTENSION,),
    DestinationOrder.NAME: (call_destination.c.name, _EXTENSION),
    DestinationOrder.KIND: (call_destination.c.kind, _EXTENSION),
}


async def list_destinations(
    read: Read, domain_id: int, query: DestinationQuery
) -> Page[Destination]:
    """Those that match, sorted."""
    select = _select(domain_id)
    if query.text:
        select = select.where(matches(query.text, _EXTENSION, call_destination.c.name))
    if query.kind is not None:
        select = select.where(call_destination.c.kind == query.kind.value)
    if query.enabled is not None:
        select = select.where(call_destination.c.enabled == query.enabled)
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    return Page(
        rows=tuple([_record(row) for row in rows]),
        after=after,
        total=await count_rows(read, select),
    )


async def find_destinations(
    read: Read, domain_id: int, extensions: Sequence[str]
) -> dict[str, Destination]:
    """Those of the extensions that are call destinations."""
    found: dict[str, Destination] = {}
    for some in chunks(sorted(set(extensions))):
        for row in await read.rows(_select(domain_id).where(_EXTENSION.in_(some))):
            found[row.extension] = _record(row)
    return found


async def destination_uses(read: Read, domain_id: int, extension: str) -> tuple[Use, ...]:
    """Which numbers lead there. Raises NotFound."""
    ids = await ids_by(read, domain_id, _EXTENSION, [extension])
    if not ids:
        raise NotFound(f"there is no call destination {extension}.")
    return await uses_of_destination(read, domain_id, ids[extension])


async def insert_destinations(write: Write, domain_id: int, records: Sequence[Destination]) -> None:
    """Add destinations. Raises Rejected(extension) where one is taken, by a user too."""
    extensions = [record.extension for record in records]
    await must_be_new(write, domain_id, _EXTENSION, extensions, "call destination")
    await _must_be_nobodys(write, domain_id, extensions)
    ids = await write.new_ids(len(records))
    await write.insert(
        call_destination,
        [
            {"domain_id": domain_id, "id": row_id, **_columns(record)}
            for row_id, record in zip(ids, records, strict=True)
        ],
    )


async def update_destination(
    write: Write, domain_id: int, extension: str, record: Destination
) -> None:
    """Replace the destination with this extension, which the record may change; the numbers that
    lead there follow. `record.revision` is the one that was read.

    Raises NotFound, Rejected, and Conflict, also where the kind of one in use would change.
    """
    if record.extension != extension:
        await must_be_new(write, domain_id, _EXTENSION, [record.extension], "call destination")
        await _must_be_nobodys(write, domain_id, [record.extension])
    await _replace(write, domain_id, {extension: record})


async def update_destinations(write: Write, domain_id: int, records: Sequence[Destination]) -> None:
    """Replace destinations, each found by its extension; as `update_destination`."""
    await _replace(write, domain_id, {record.extension: record for record in records})


async def delete_destination(
    write: Write, domain_id: int, extension: str, *, revision: int
) -> None:
    """Delete a destination no number leads to. Raises NotFound, and Conflict naming those."""
    ids = await seen_last(write, domain_id, _EXTENSION, {extension: revision}, "call destination")
    uses = await uses_of_destination(write, domain_id, ids[extension])
    refuse_uses(uses, f"the destination {extension}")
    await delete_ids(write, call_destination.c.id, domain_id, [ids[extension]])


async def _replace(write: Write, domain_id: int, records: dict[str, Destination]) -> None:
    revisions = {extension: record.revision for extension, record in records.items()}
    ids = await seen_last(write, domain_id, _EXTENSION, revisions, "call destination")
    before = await find_destinations(write, domain_id, list(records))
    for extension, record in records.items():
        if record.kind is not before[extension].kind:
            uses = await uses_of_destination(write, domain_id, ids[extension])
            refuse_uses(uses, f"the {before[extension].kind.value} {extension}")
    rows = [{"id_": ids[extension], **_columns(record)} for extension, record in records.items()]
    await update_rows(write, call_destination, domain_id, rows)


async def _must_be_nobodys(write: Write, domain_id: int, extensions: Sequence[str]) -> None:
    """Raise Rejected where a user has one of the extensions: it would ring two things."""
    taken = await ids_by(write, domain_id, user_account.c.extension, extensions)
    refuse("extension", [(one, f"{one} is a user's extension.") for one in sorted(taken)])


def _select(domain_id: int) -> sa.Select[Any]:
    return sa.select(call_destination).where(call_destination.c.domain_id == domain_id)


def _columns(record: Destination) -> dict[str, Any]:
    return {
        "kind": record.kind.value,
        "extension": record.extension,
        "name": record.name,
        "enabled": record.enabled,
    }


def _record(row: AnyRow) -> Destination:
    return Destination(
        kind=DestinationKind(row.kind),
        extension=row.extension,
        name=row.name,
        enabled=row.enabled,
        revision=row.revision,
    )
