"""Where are a domain's telephone numbers kept, with their rules in order?"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound
from provisiond.inventory.lists import NumberOrder, NumberQuery, Page
from provisiond.inventory.numbers import Number, NumberRule
from provisiond.inventory.telephone import E164
from provisiond.store.number_checks import check_numbers
from provisiond.store.paging import count_rows, matches, number_matches, read_page
from provisiond.store.records import delete_ids, refuse, seen_last, update_rows
from provisiond.store.schema import user_account
from provisiond.store.schema_numbers import (
    call_destination,
    number_rule,
    phone_number,
    time_frame,
)
from provisiond.store.targets import (
    Targets,
    destination_of,
    find_targets,
    handling_record,
    joined,
)
from provisiond.store.transaction import AnyRow, Read, Write, chunks

_NUMBER = phone_number.c.number
_ORDERS: dict[NumberOrder, tuple[sa.ColumnElement[str], ...]] = {
    NumberOrder.NUMBER: (_NUMBER,),
    NumberOrder.TREATMENT: (phone_number.c.treatment, _NUMBER),
    NumberOrder.DESTINATION: (destination_of(phone_number), _NUMBER),
    NumberOrder.NOTES: (phone_number.c.notes, _NUMBER),
}


async def list_numbers(read: Read, domain_id: int, query: NumberQuery) -> Page[Number]:
    """Those that match, sorted, each with its rules."""
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
        rows=await _records(read, domain_id, rows),
        after=after,
        total=await count_rows(read, select),
    )


async def find_numbers(read: Read, domain_id: int, numbers: Sequence[E164]) -> dict[E164, Number]:
    """Those of the numbers that are in the domain."""
    found: dict[E164, Number] = {}
    for some in chunks(numbers):
        rows = await read.rows(
            _select(domain_id).where(_NUMBER.in_([number.text for number in some]))
        )
        records = await _records(read, domain_id, rows)
        found.update({record.number: record for record in records})
    return found


async def get_number(read: Read, domain_id: int, number: E164) -> Number:
    """One number. Raises NotFound."""
    found = await find_numbers(read, domain_id, [number])
    if not found:
        raise NotFound(f"there is no number {number}.")
    return found[number]


async def insert_numbers(write: Write, domain_id: int, records: Sequence[Number]) -> None:
    """Add numbers with their rules. Raises Rejected (RejectedAll for several): a number that is
    taken on the server, a destination or time frame that is not there."""
    await check_numbers(write, domain_id, phone_number, [record.number for record in records])
    targets = await _targets(write, domain_id, records)
    ids = await write.new_ids(len(records))
    numbers = dict(zip(ids, records, strict=True))
    await write.insert(
        phone_number,
        [
            {"domain_id": domain_id, "id": row_id, **_columns(record, targets)}
            for row_id, record in numbers.items()
        ],
    )
    await _insert_rules(write, domain_id, numbers, targets)


async def update_numbers(write: Write, domain_id: int, records: Sequence[Number]) -> None:
    """Replace numbers with their rules; each `revision` is the one that was read.

    Raises NotFound, Conflict and Rejected as `insert_numbers`.
    """
    revisions = {record.number.text: record.revision for record in records}
    by_text = await seen_last(write, domain_id, _NUMBER, revisions, "number")
    targets = await _targets(write, domain_id, records)
    numbers = {by_text[record.number.text]: record for record in records}
    rows = [{"id_": row_id, **_columns(one, targets)} for row_id, one in numbers.items()]
    await update_rows(write, phone_number, domain_id, rows)
    await delete_ids(write, number_rule.c.number_id, domain_id, list(numbers))
    await _insert_rules(write, domain_id, numbers, targets)


async def delete_number(write: Write, domain_id: int, number: E164, *, revision: int) -> None:
    """Delete a number with its rules. Raises NotFound and Conflict."""
    ids = await seen_last(write, domain_id, _NUMBER, {number.text: revision}, "number")
    await delete_ids(write, phone_number.c.id, domain_id, list(ids.values()))


def _filtered(domain_id: int, query: NumberQuery) -> sa.Select[Any]:
    select = _select(domain_id)
    if query.text:
        select = select.where(_text_matches(query.text))
    if query.treatment is not None:
        select = select.where(phone_number.c.treatment == query.treatment)
    if query.destination is not None:
        here = destination_of(phone_number) == query.destination
        by_rule = _has_rule(destination_of(number_rule) == query.destination)
        select = select.where(here | by_rule)
    if query.frame is not None:
        named = (time_frame.c.domain_id == number_rule.c.domain_id) & (
            time_frame.c.id == number_rule.c.frame_id
        )
        select = select.where(
            sa.exists()
            .where(_of_number(), named, time_frame.c.name == query.frame)
            .correlate(phone_number)
        )
    if query.enabled is not None:
        select = select.where(phone_number.c.enabled == query.enabled)
    return select


def _text_matches(text: str) -> sa.ColumnElement[bool]:
    names = (
        user_account.c.extension,
        user_account.c.first_name + " " + user_account.c.last_name,
        call_destination.c.extension,
        call_destination.c.name,
    )
    own = (phone_number.c.notes, phone_number.c.caller_id_prefix, phone_number.c.elsewhere)
    found = matches(text, *names, *own) | _has_rule(matches(text, *names))
    by_digits = number_matches(text, _NUMBER)
    return found if by_digits is None else found | by_digits


def _has_rule(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    select = joined(sa.select(number_rule.c.id), number_rule)
    return select.where(_of_number(), condition).correlate(phone_number).exists()


def _of_number() -> sa.ColumnElement[bool]:
    return (number_rule.c.domain_id == phone_number.c.domain_id) & (
        number_rule.c.number_id == phone_number.c.id
    )


def _select(domain_id: int) -> sa.Select[Any]:
    select = sa.select(phone_number, destination_of(phone_number).label("destination"))
    return joined(select, phone_number).where(phone_number.c.domain_id == domain_id)


async def _records(read: Read, domain_id: int, rows: Sequence[AnyRow]) -> tuple[Number, ...]:
    rules = await _rules(read, domain_id, [row.id for row in rows])
    return tuple(
        [
            Number(
                number=E164(row.number),
                default=handling_record(row),
                rules=tuple(rules[row.id]),
                notes=row.notes,
                language=row.language,
                time_zone=row.time_zone,
                enabled=row.enabled,
                enable_on=row.enable_on,
                disable_on=row.disable_on,
                revision=row.revision,
            )
            for row in rows
        ]
    )


async def _rules(read: Read, domain_id: int, ids: Sequence[int]) -> dict[int, list[NumberRule]]:
    rules: dict[int, list[NumberRule]] = {number_id: [] for number_id in ids}
    select = sa.select(
        number_rule,
        time_frame.c.name.label("frame"),
        destination_of(number_rule).label("destination"),
    ).join(
        time_frame,
        (time_frame.c.domain_id == number_rule.c.domain_id)
        & (time_frame.c.id == number_rule.c.frame_id),
    )
    ordered = (
        joined(select, number_rule)
        .where(number_rule.c.domain_id == domain_id)
        .order_by(number_rule.c.number_id, number_rule.c.position)
    )
    for some in chunks(ids):
        for row in await read.rows(ordered.where(number_rule.c.number_id.in_(some))):
            rule = NumberRule(frame=row.frame, handling=handling_record(row))
            rules[row.number_id].append(rule)
    return rules


async def _targets(write: Write, domain_id: int, records: Sequence[Number]) -> Targets:
    return await find_targets(
        write,
        domain_id,
        [
            (f"number {record.number}", handling.treatment, handling.destination)
            for record in records
            for handling in (record.default, *[rule.handling for rule in record.rules])
        ],
    )


async def _insert_rules(
    write: Write, domain_id: int, numbers: Mapping[int, Number], targets: Targets
) -> None:
    named = {rule.frame for record in numbers.values() for rule in record.rules}
    frames = await _frames(write, domain_id, named)
    refuse(
        "frame",
        [
            (f"number {record.number}", f"there is no time frame {rule.frame!r}.")
            for record in numbers.values()
            for rule in record.rules
            if rule.frame not in frames
        ],
    )
    placed = [
        (number_id, position, rule)
        for number_id, record in numbers.items()
        for position, rule in enumerate(record.rules)
    ]
    ids = await write.new_ids(len(placed))
    await write.insert(
        number_rule,
        [
            {
                "domain_id": domain_id,
                "id": row_id,
                "number_id": number_id,
                "position": position,
                "frame_id": frames[rule.frame],
                **targets.handling_columns(rule.handling),
            }
            for row_id, (number_id, position, rule) in zip(ids, placed, strict=True)
        ],
    )


async def _frames(write: Write, domain_id: int, names: set[str]) -> dict[str, int]:
    """The ids of the domain's own frames."""
    found: dict[str, int] = {}
    for some in chunks(sorted(names)):
        rows = await write.rows(
            sa.select(time_frame.c.name, time_frame.c.id).where(
                time_frame.c.domain_id == domain_id,
                time_frame.c.owner_id.is_(None),
                time_frame.c.name.in_(some),
            )
        )
        found.update({row.name: row.id for row in rows})
    return found


def _columns(record: Number, targets: Targets) -> dict[str, Any]:
    return {
        "number": record.number.text,
        **targets.handling_columns(record.default),
        "notes": record.notes,
        "language": record.language,
        "time_zone": record.time_zone,
        "enabled": record.enabled,
        "enable_on": record.enable_on,
        "disable_on": record.disable_on,
    }
