"""Where are a domain's emergency addresses kept?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.emergency import CIVIC_FIELDS, Civic, EmergencyAddress, Proof
from provisiond.inventory.errors import NotFound, Rejected
from provisiond.inventory.lists import AddressOrder, AddressQuery, Page
from provisiond.inventory.uses import Use
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored, to_stored_if_any
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.records import delete_ids, ids_by, must_be_new, seen_last, update_rows
from provisiond.store.schema_emergency import emergency_address
from provisiond.store.transaction import AnyRow, Read, Write, chunks
from provisiond.store.uses import refuse_uses, uses_of_address

_NAME = emergency_address.c.name
_NOUN = "emergency address"
_ORDERS: dict[AddressOrder, tuple[sa.ColumnElement[str], ...]] = {
    AddressOrder.NAME: (_NAME,),
    AddressOrder.CITY: (emergency_address.c.city, _NAME),
    AddressOrder.STREET: (emergency_address.c.street, emergency_address.c.house_number, _NAME),
    AddressOrder.POSTCODE: (emergency_address.c.postcode, _NAME),
}


async def list_addresses(read: Read, domain_id: int, query: AddressQuery) -> Page[EmergencyAddress]:
    """Those that match, sorted."""
    select = _select(domain_id)
    if query.text:
        columns = [emergency_address.c[name] for name in CIVIC_FIELDS]
        line = emergency_address.c.house_number + " " + emergency_address.c.street
        caller_name = emergency_address.c.caller_name
        select = select.where(matches(query.text, _NAME, caller_name, line, *columns))
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


async def all_addresses(read: Read, domain_id: int) -> dict[str, EmergencyAddress]:
    """Every emergency address of the domain, by name."""
    rows = await read.rows(_select(domain_id).order_by(_NAME))
    return {row.name: _record(row) for row in rows}


async def default_address(read: Read, domain_id: int) -> EmergencyAddress | None:
    """The domain's default, if it has one."""
    row = await read.first(_select(domain_id).where(emergency_address.c.is_default))
    return _record(row) if row is not None else None


async def find_addresses(
    read: Read, domain_id: int, names: Sequence[str]
) -> dict[str, EmergencyAddress]:
    """Those of the names that exist."""
    found: dict[str, EmergencyAddress] = {}
    for some in chunks(sorted(set(names))):
        for row in await read.rows(_select(domain_id).where(_NAME.in_(some))):
            found[row.name] = _record(row)
    return found


async def addresses_at(read: Read, domain_id: int, civic: Civic) -> list[EmergencyAddress]:
    """Those with exactly these civic fields."""
    same = [emergency_address.c[name] == getattr(civic, name) for name in CIVIC_FIELDS]
    rows = await read.rows(_select(domain_id).where(*same).order_by(_NAME))
    return [_record(row) for row in rows]


async def address_uses(read: Read, domain_id: int, name: str) -> tuple[Use, ...]:
    """Who has this address. Raises NotFound."""
    ids = await ids_by(read, domain_id, _NAME, [name])
    if not ids:
        raise NotFound(f"there is no emergency address {name}.")
    return await uses_of_address(read, domain_id, ids[name])


async def insert_addresses(
    write: Write, domain_id: int, records: Sequence[EmergencyAddress]
) -> None:
    """Add addresses. Raises Rejected(name), and Rejected(default) where another is it."""
    await must_be_new(write, domain_id, _NAME, [record.name for record in records], _NOUN)
    await _one_default(write, domain_id, {record.name: record for record in records})
    ids = await write.new_ids(len(records))
    await write.insert(
        emergency_address,
        [
            {"domain_id": domain_id, "id": row_id, **_columns(record)}
            for row_id, record in zip(ids, records, strict=True)
        ],
    )


async def update_address(write: Write, domain_id: int, name: str, record: EmergencyAddress) -> None:
    """Replace the address called `name`, which the record may rename; those who have it follow.
    `record.revision` is the one that was read. Raises NotFound, Conflict, Rejected(name), and
    Rejected(default) where another is it."""
    if record.name != name:
        await must_be_new(write, domain_id, _NAME, [record.name], _NOUN)
    await _replace(write, domain_id, {name: record})


async def update_addresses(
    write: Write, domain_id: int, records: Sequence[EmergencyAddress]
) -> None:
    """Replace addresses, each found by its name; revisions as in `update_address`."""
    await _replace(write, domain_id, {record.name: record for record in records})


async def delete_address(write: Write, domain_id: int, name: str, *, revision: int) -> None:
    """Delete an address nobody has. Raises NotFound, and Conflict naming those who have it."""
    ids = await seen_last(write, domain_id, _NAME, {name: revision}, _NOUN)
    uses = await uses_of_address(write, domain_id, ids[name])
    refuse_uses(uses, f"the emergency address {name}")
    await delete_ids(write, emergency_address.c.id, domain_id, [ids[name]])


async def _replace(write: Write, domain_id: int, records: dict[str, EmergencyAddress]) -> None:
    revisions = {name: record.revision for name, record in records.items()}
    ids = await seen_last(write, domain_id, _NAME, revisions, _NOUN)
    await _one_default(write, domain_id, records)
    in_turn = sorted(records, key=lambda name: records[name].is_default)  # the giver first
    rows = [{"id_": ids[name], **_columns(records[name])} for name in in_turn]
    await update_rows(write, emergency_address, domain_id, rows)


async def _one_default(
    write: Write, domain_id: int, records: Mapping[str, EmergencyAddress]
) -> None:
    """Nobody takes the default silently: whoever gives it away is changed, too."""
    if not any(record.is_default for record in records.values()):
        return
    stood = await default_address(write, domain_id)
    if stood is not None and stood.name not in records:
        message = f"{stood.name} is the domain's default already."
        raise Rejected("default", message, "Take it from that address first.")


def _select(domain_id: int) -> sa.Select[Any]:
    return sa.select(emergency_address).where(emergency_address.c.domain_id == domain_id)


def _columns(record: EmergencyAddress) -> dict[str, Any]:
    proof = record.proof
    return {
        "name": record.name,
        "caller_name": record.caller_name,
        **{name: getattr(record.civic, name) for name in CIVIC_FIELDS},
        "multi_floor": record.multi_floor,
        "is_default": record.is_default,
        "provider": proof.provider if proof is not None else "",
        "reference": proof.reference if proof is not None else "",
        "proved_at": to_stored(proof.at) if proof is not None else None,
        "proved_until": to_stored_if_any(proof.until) if proof is not None else None,
        "is_rejected": proof is not None and proof.is_rejected,
    }


def _record(row: AnyRow) -> EmergencyAddress:
    record = EmergencyAddress(
        name=row.name,
        civic=Civic(**{name: getattr(row, name) for name in CIVIC_FIELDS}),
        caller_name=row.caller_name,
        multi_floor=row.multi_floor,
        is_default=row.is_default,
        revision=row.revision,
    )
    if row.proved_at is None:
        return record
    proof = Proof(
        provider=row.provider,
        at=from_stored(row.proved_at),
        until=from_stored_if_any(row.proved_until),
        reference=row.reference,
        is_rejected=row.is_rejected,
    )
    return replace(record, proof=proof)
