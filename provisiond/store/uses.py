"""Where is a user, a call destination, a time frame or an emergency address used, and what hangs on
a record?"""

from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import Conflict
from provisiond.inventory.mac import Mac
from provisiond.inventory.uses import Use, told
from provisiond.store.schema import override_value, phone, phone_line, site, user_account
from provisiond.store.schema_access import account
from provisiond.store.schema_emergency import emergency_endpoint
from provisiond.store.schema_numbers import number_rule, phone_number, sms_number, time_frame
from provisiond.store.transaction import Read

_HANGING = {
    "user": (
        user_account.c.extension,
        (
            ("log-in", account.c.user_id, account.c.name),
            ("time frame", time_frame.c.owner_id, time_frame.c.name),
        ),
    ),
    "site": (site.c.name, (("override", override_value.c.site_id, override_value.c.key),)),
}
"""What hangs on records of a noun: by which reference, and how it is called."""


async def uses_of_user(read: Read, domain_id: int, user_id: int) -> tuple[Use, ...]:
    """Phones with a line of the user, numbers and SMS numbers that lead to the user."""
    rows = await read.rows(
        sa.select(phone.c.mac)
        .distinct()
        .join(
            phone_line,
            (phone_line.c.domain_id == phone.c.domain_id) & (phone_line.c.phone_id == phone.c.id),
        )
        .where(phone_line.c.domain_id == domain_id, phone_line.c.user_id == user_id)
        .order_by(phone.c.mac)
    )
    phones = [Use(noun="phone", key=str(Mac(row.mac))) for row in rows]
    return (*phones, *await _numbers(read, domain_id, "user_id", user_id))


async def uses_of_destination(read: Read, domain_id: int, destination_id: int) -> tuple[Use, ...]:
    """Numbers and SMS numbers that lead to the call destination."""
    return await _numbers(read, domain_id, "destination_id", destination_id)


async def uses_of_frame(read: Read, domain_id: int, frame_id: int) -> tuple[Use, ...]:
    """Numbers with a rule for the time frame."""
    rows = await read.rows(_with_rule(domain_id, number_rule.c.frame_id == frame_id))
    return tuple([Use(noun="number", key=row.number) for row in rows])


async def uses_of_address(read: Read, domain_id: int, address_id: int) -> tuple[Use, ...]:
    """Users, phones, sites and emergency endpoints that name the emergency address."""
    found: list[Use] = []
    for noun, column, shown in (
        ("user", user_account.c.emergency_address_id, user_account.c.extension),
        ("phone", phone.c.emergency_address_id, phone.c.mac),
        ("site", site.c.emergency_address_id, site.c.name),
        ("emergency endpoint", emergency_endpoint.c.address_id, emergency_endpoint.c.number),
    ):
        keys = await _keys(read, domain_id, column, address_id, shown)
        found += [Use(noun=noun, key=str(Mac(one)) if noun == "phone" else one) for one in keys]
    return tuple(found)


async def uses_of_endpoint(read: Read, domain_id: int, endpoint_id: int) -> tuple[Use, ...]:
    """Users whose emergency caller ID the endpoint is."""
    column = user_account.c.emergency_endpoint_id
    keys = await _keys(read, domain_id, column, endpoint_id, user_account.c.extension)
    return tuple([Use(noun="user", key=one) for one in keys])


async def hanging_on(read: Read, domain_id: int, noun: str, key: str) -> tuple[Use, ...]:
    """What is deleted along with a record, though it is no part of it and has no entry of its own
    then: log-ins and time frames of a user, overrides of a site."""
    if noun not in _HANGING:
        return ()
    owner, things = _HANGING[noun]
    selects = [
        sa.select(sa.literal(thing).label("noun"), shown.label("key"))
        .join(
            owner.table,
            (owner.table.c.domain_id == shown.table.c.domain_id) & (owner.table.c.id == reference),
        )
        .where(owner.table.c.domain_id == domain_id, owner == key)
        for thing, reference, shown in things
    ]
    rows = await read.rows(sa.union_all(*selects))
    return tuple([Use(noun=row.noun, key=row.key) for row in sorted(rows)])


async def _keys(
    read: Read, domain_id: int, column: sa.Column[Any], target: int, shown: sa.Column[Any]
) -> list[str]:
    rows = await read.rows(
        sa.select(shown)
        .where(column.table.c.domain_id == domain_id, column == target)
        .order_by(shown)
    )
    return [row[0] for row in rows]


def refuse_uses(uses: tuple[Use, ...], what: str) -> None:
    """Raise Conflict naming those that use `what`."""
    if uses:
        raise Conflict(f"{what} is used by {told(uses)}; change that first.")


async def _numbers(read: Read, domain_id: int, column: str, target: int) -> tuple[Use, ...]:
    direct = sa.select(phone_number.c.number).where(
        phone_number.c.domain_id == domain_id, phone_number.c[column] == target
    )
    by_rule = _with_rule(domain_id, number_rule.c[column] == target)
    messages = sa.select(sms_number.c.number).where(
        sms_number.c.domain_id == domain_id, sms_number.c[column] == target
    )
    found = [row.number for row in await read.rows(direct)]
    found += [row.number for row in await read.rows(by_rule)]
    calls = [Use(noun="number", key=number) for number in sorted(set(found))]
    texts = sorted([row.number for row in await read.rows(messages)])
    return (*calls, *[Use(noun="SMS number", key=number) for number in texts])


def _with_rule(domain_id: int, reference: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(phone_number.c.number)
        .distinct()
        .join(
            number_rule,
            (number_rule.c.domain_id == phone_number.c.domain_id)
            & (number_rule.c.number_id == phone_number.c.id),
        )
        .where(number_rule.c.domain_id == domain_id, reference)
        .order_by(phone_number.c.number)
    )
