"""Where are a domain's SMS numbers kept?"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound
from provisiond.inventory.lists import Page, SmsOrder, SmsQuery
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.store.number_checks import check_numbers
from provisiond.store.paging import count_rows, matches, number_matches, read_page
from provisiond.store.records import delete_ids, seen_last, update_rows
from provisiond.store.schema import user_account
from provisiond.store.schema_numbers import call_destination, sms_number
from provisiond.store.targets import Targets, destination_of, find_targets, joined
from provisiond.store.transaction import AnyRow, Read, Write, chunks

_NUMBER = sms_number.c.number
_ORDERS: dict[SmsOrder, tuple[sa.ColumnElement[str], ...]] = {
    SmsOrder.NUMBER: (_NUMBER,),
    SmsOrder.TREATMENT: (sms_number.c.treatment, _NUMBER),
    SmsOrder.DESTINATION: (destination_of(sms_number), _NUMBER),
    SmsOrder.CARRIER: (sms_number.c.carrier, _NUMBER),
    SmsOrder.NOTES: (sms_number.c.notes, _NUMBER),
}


async def list_sms_numbers(read: Read, domain_id: int, query: SmsQuery) -> Page[SmsNumber]:
    """Those that match, sorted."""
    select = _filtered(domain_id, query)
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


async def find_sms_numbers(
    read: Read, domain_id: int, numbers: Sequence[E164]
) -> dict[E164, SmsNumber]:
    """Those of the numbers that are in the domain."""
    found: dict[E164, SmsNumber] = {}
    for some in chunks(numbers):
        rows = await read.rows(
            _select(domain_id).where(_NUMBER.in_([number.text for number in some]))
        )
        found.update({E164(row.number): _record(row) for row in rows})
    return found


async def get_sms_number(read: Read, domain_id: int, number: E164) -> SmsNumber:
    """One number. Raises NotFound."""
    found = await find_sms_numbers(read, domain_id, [number])
    if not found:
        raise NotFound(f"there is no SMS number {number}.")
    return found[number]


async def insert_sms_numbers(write: Write, domain_id: int, records: Sequence[SmsNumber]) -> None:
    """Add numbers. Raises Rejected (RejectedAll for several): a number that is taken on the
    server, a destination that is not there."""
    await check_numbers(write, domain_id, sms_number, [record.number for record in records])
    targets = await _targets(write, domain_id, records)
    ids = await write.new_ids(len(records))
    await write.insert(
        sms_number,
        [
            {"domain_id": domain_id, "id": row_id, **_columns(record, targets)}
            for row_id, record in zip(ids, records, strict=True)
        ],
    )


async def update_sms_numbers(write: Write, domain_id: int, records: Sequence[SmsNumber]) -> None:
    """Replace numbers; each `revision` is the one that was read.

    Raises NotFound, Conflict and Rejected as `insert_sms_numbers`.
    """
    revisions = {record.number.text: record.revision for record in records}
    ids = await seen_last(write, domain_id, _NUMBER, revisions, "SMS number")
    targets = await _targets(write, domain_id, records)
    rows = [{"id_": ids[record.number.text], **_columns(record, targets)} for record in records]
    await update_rows(write, sms_number, domain_id, rows)


async def delete_sms_number(write: Write, domain_id: int, number: E164, *, revision: int) -> None:
    """Delete a number. Raises NotFound and Conflict."""
    ids = await seen_last(write, domain_id, _NUMBER, {number.text: revision}, "SMS number")
    await delete_ids(write, sms_number.c.id, domain_id, list(ids.values()))


def _filtered(domain_id: int, query: SmsQuery) -> sa.Select[Any]:
    select = _select(domain_id)
    if query.text:
        found = matches(
            query.text,
            user_account.c.extension,
            user_account.c.first_name + " " + user_account.c.last_name,
            call_destination.c.extension,
            call_destination.c.name,
            sms_number.c.notes,
            sms_number.c.carrier,
        )
        by_digits = number_matches(query.text, _NUMBER)
        select = select.where(found if by_digits is None else found | by_digits)
    if query.treatment is not None:
        select = select.where(sms_number.c.treatment == query.treatment.value)
    if query.destination is not None:
        select = select.where(destination_of(sms_number) == query.destination)
    if query.carrier is not None:
        select = select.where(sms_number.c.carrier == query.carrier)
    if query.mms is not None:
        select = select.where(sms_number.c.mms == query.mms)
    return select


def _select(domain_id: int) -> sa.Select[Any]:
    select = sa.select(sms_number, destination_of(sms_number).label("destination"))
    return joined(select, sms_number).where(sms_number.c.domain_id == domain_id)


async def _targets(write: Write, domain_id: int, records: Sequence[SmsNumber]) -> Targets:
    return await find_targets(
        write,
        domain_id,
        [
            (f"SMS number {record.number}", record.treatment.value, record.destination)
            for record in records
        ],
    )


def _columns(record: SmsNumber, targets: Targets) -> dict[str, Any]:
    return {
        "number": record.number.text,
        **targets.columns(record.treatment.value, record.destination),
        "carrier": record.carrier,
        "mms": record.mms,
        "group_mms": record.group_mms,
        "notes": record.notes,
    }


def _record(row: AnyRow) -> SmsNumber:
    return SmsNumber(
        number=E164(row.number),
        treatment=SmsTreatment(row.treatment),
        destination=row.destination,
        carrier=row.carrier,
        mms=row.mms,
        group_mms=row.group_mms,
        notes=row.notes,
        revision=row.revision,
    )
