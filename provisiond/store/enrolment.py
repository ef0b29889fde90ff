"""How does an enrolment change? In single conditional statements: the first wins."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.phones import Enrolment
from provisiond.store.instants import from_stored, to_stored
from provisiond.store.schema import phone
from provisiond.store.transaction import AnyRow, Write


async def open_enrolment(write: Write, domain_id: int, phone_id: int, enrolment: Enrolment) -> bool:
    """Put a fresh enrolment in place of whatever stood; False where the phone is gone."""
    return await _change(write, domain_id, phone_id, enrolment_columns(enrolment))


async def note_first_fetch(
    write: Write, domain_id: int, phone_id: int, address: str, user_agent: str | None
) -> bool:
    """Note who fetched first since it was opened; False where somebody was noted already."""
    values = {"first_address": address, "first_user_agent": user_agent}
    return await _change(write, domain_id, phone_id, values, phone.c.first_address.is_(None))


async def close_enrolment(write: Write, domain_id: int, phone_id: int, at: datetime) -> bool:
    """Close it: the phone has its token. False where it was closed already."""
    values = {"closed_at": to_stored(at)}
    return await _change(write, domain_id, phone_id, values, phone.c.closed_at.is_(None))


async def hold_enrolment(write: Write, domain_id: int, phone_id: int, reason: str) -> bool:
    """Hold it until a person looks; False where it was held already, which reason stays."""
    values = {"held_reason": reason}
    return await _change(write, domain_id, phone_id, values, phone.c.held_reason.is_(None))


def enrolment_columns(enrolment: Enrolment) -> dict[str, Any]:
    """An enrolment as the phone's row has it."""
    return {
        "opened_at": to_stored(enrolment.opened_at),
        "open_until": to_stored(enrolment.open_until),
        "closed_at": to_stored(enrolment.closed_at),
        "held_reason": enrolment.held_reason,
        "first_address": enrolment.first_address,
        "first_user_agent": enrolment.first_user_agent,
    }


def enrolment_record(row: AnyRow) -> Enrolment:
    """The enrolment of a phone's row."""
    return Enrolment(
        opened_at=from_stored(row.opened_at),
        open_until=from_stored(row.open_until),
        closed_at=from_stored(row.closed_at),
        held_reason=row.held_reason,
        first_address=row.first_address,
        first_user_agent=row.first_user_agent,
    )


async def _change(
    write: Write,
    domain_id: int,
    phone_id: int,
    values: dict[str, Any],
    *conditions: sa.ColumnElement[bool],
) -> bool:
    changed = await write.connection.execute(
        sa.update(phone)
        .where(phone.c.domain_id == domain_id, phone.c.id == phone_id, *conditions)
        .values(values)
    )
    if changed.rowcount == 0:
        return False
    write.touch_enrolment(domain_id)
    return True
