"""How does an enrolment change? In single conditional statements: the first wins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.phones import Enrolment
from provisiond.store.batches import Batch, batch_statements
from provisiond.store.instants import from_stored_if_any, to_stored_if_any
from provisiond.store.schema import phone
from provisiond.store.transaction import AnyRow, Write


async def open_enrolment(write: Write, domain_id: int, phone_id: int, enrolment: Enrolment) -> bool:
    """Put a fresh enrolment in place of whatever stood; False where the phone is gone."""
    changed = await write.connection.execute(
        sa.update(phone)
        .where(phone.c.domain_id == domain_id, phone.c.id == phone_id)
        .values(enrolment_columns(enrolment))
    )
    if changed.rowcount == 0:
        return False
    write.touch_enrolment(domain_id)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentNote:
    """What a fetch made of an enrolment: noted as the first (`first_address` set), closed
    (`closed_at`, with who did it as `first_address` where nobody was first), held
    (`held_reason`), or its phone has `moved` to its new token; one of the four. `at` is when: an
    enrolment that was opened afterwards is left alone."""

    domain_id: int
    phone_id: int
    first_address: str | None = None
    first_user_agent: str | None = None
    closed_at: datetime | None = None
    held_reason: str | None = None
    moved: bool = False
    at: datetime | None = None


async def write_notes(write: Write, notes: Sequence[EnrolmentNote]) -> None:
    """Write many, each only where nothing of its kind stands: a storm of first boots, cheaply.

    Which of them changed anything is not told.
    """
    statements = batch_statements(write.connection.dialect.name)
    # In this order: who closes is the first only where nobody was.
    order = (statements.first_fetches, statements.closes, statements.holds, statements.moves)
    rows: dict[Batch, list[dict[str, Any]]] = {batch: [] for batch in order}
    for note in notes:
        if note.closed_at is not None:
            batch = statements.closes
        elif note.moved:
            batch = statements.moves
        elif note.first_address is not None:
            batch = statements.first_fetches
        else:
            batch = statements.holds
        rows[batch].append(
            {
                "of_domain": note.domain_id,
                "of_phone": note.phone_id,
                "first_address": note.first_address,
                "first_user_agent": note.first_user_agent,
                "closed_at": to_stored_if_any(note.closed_at),
                "held_reason": note.held_reason,
                "noted_at": to_stored_if_any(note.at or note.closed_at),
            }
        )
        write.touch_enrolment(note.domain_id)
    for batch, some in rows.items():
        await batch.run(write, some)


def enrolment_columns(enrolment: Enrolment) -> dict[str, Any]:
    """An enrolment as the phone's row has it; a renewal of its token goes on beside it."""
    return {
        "opened_at": to_stored_if_any(enrolment.opened_at),
        "open_until": to_stored_if_any(enrolment.open_until),
        "closed_at": to_stored_if_any(enrolment.closed_at),
        "held_reason": enrolment.held_reason,
        "first_address": enrolment.first_address,
        "first_user_agent": enrolment.first_user_agent,
    }


def enrolment_record(row: AnyRow) -> Enrolment:
    """The enrolment of a phone's row."""
    return Enrolment(
        opened_at=from_stored_if_any(row.opened_at),
        open_until=from_stored_if_any(row.open_until),
        closed_at=from_stored_if_any(row.closed_at),
        held_reason=row.held_reason,
        first_address=row.first_address,
        first_user_agent=row.first_user_agent,
        renewed_at=from_stored_if_any(row.renewed_at),
    )
