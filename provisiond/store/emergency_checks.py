"""Where is kept what an address check was asked and answered, and who accepted which place?"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from provisiond.inventory.emergency import Civic, Proof
from provisiond.inventory.errors import NotFound
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored, to_stored_if_any
from provisiond.store.schema_columns import LARGEST_ID
from provisiond.store.schema_emergency import emergency_check
from provisiond.store.transaction import AnyRow, Read, Write

_OTHER = emergency_check.alias()
UNACCEPTED_DAYS = 7
"""how long an answer waits for somebody to accept it"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheck:
    """One look at an address. `choices` are the places that may be accepted, `answer` is what the
    provider sent, byte for byte as text; of the offline check it is empty."""

    asked: Civic
    choices: tuple[Civic, ...]
    outcome: str
    provider: str
    at: datetime
    until: datetime | None = None
    reference: str = ""
    reasons: tuple[str, ...] = ()
    answer: str = ""
    accepted_by: str = ""
    accepted_at: datetime | None = None
    accepted: Civic | None = None
    id: int = 0

    @property
    def proof(self) -> Proof:
        """What an address that is saved after it can say of itself."""
        return Proof(
            provider=self.provider,
            at=self.at,
            until=self.until,
            reference=self.reference,
            is_rejected=self.is_rejected,
        )

    @property
    def is_rejected(self) -> bool:
        """Whether the provider knows no such place."""
        return bool(self.provider) and not self.choices


async def add_check(write: Write, domain_id: int, check: StoredCheck) -> int:
    """Keep an answer; answers its id. Answers that nobody accepted are forgotten after a week, but
    for the last rejection of a place that was accepted before."""
    cutoff = to_stored(check.at - timedelta(days=UNACCEPTED_DAYS))
    await write.connection.execute(
        sa.delete(emergency_check).where(
            emergency_check.c.domain_id == domain_id,
            emergency_check.c.accepted_at.is_(None),
            emergency_check.c.at < cutoff,
            ~_same_place(_OTHER.c.accepted_at.is_not(None))
            | _same_place(_OTHER.c.accepted_at.is_(None), _OTHER.c.id > emergency_check.c.id),
        )
    )
    (check_id,) = await write.new_ids(1)
    await write.insert(
        emergency_check,
        [
            {
                "domain_id": domain_id,
                "id": check_id,
                "asked": _text(check.asked),
                "provider": check.provider,
                "outcome": check.outcome,
                "choices": [asdict(choice) for choice in check.choices],
                "reasons": list(check.reasons),
                "reference": check.reference,
                "answer": check.answer,
                "at": to_stored(check.at),
                "until": to_stored_if_any(check.until),
                "digest": civic_digest(check.asked) if check.is_rejected else "",
            }
        ],
    )
    return check_id


async def get_check(read: Read, domain_id: int, check_id: int) -> StoredCheck:
    """One look at an address. Raises NotFound."""
    row = None
    if 0 < check_id <= LARGEST_ID:
        row = await read.first(
            sa.select(emergency_check).where(
                emergency_check.c.domain_id == domain_id, emergency_check.c.id == check_id
            )
        )
    if row is None:
        raise NotFound(f"there is no validation {check_id}; it may be older than a week.")
    return _record(row)


async def accept_check(
    write: Write, domain_id: int, check_id: int, civic: Civic, *, who: str, at: datetime
) -> None:
    """Note that somebody accepted one of the answer's places."""
    await write.connection.execute(
        sa.update(emergency_check)
        .where(emergency_check.c.domain_id == domain_id, emergency_check.c.id == check_id)
        .values(digest=civic_digest(civic), accepted_by=who, accepted_at=to_stored(at))
    )


async def last_word(read: Read, domain_id: int, civic: Civic) -> StoredCheck | None:
    """The newest look at exactly these civic fields that counts: whose answer was accepted for
    them, or whose answer is that there is no such place."""
    row = await read.first(
        sa.select(emergency_check)
        .where(emergency_check.c.domain_id == domain_id)
        .where(emergency_check.c.digest == civic_digest(civic))
        .order_by(emergency_check.c.at.desc(), emergency_check.c.id.desc())
        .limit(1)
    )
    return None if row is None else _record(row)


def civic_digest(civic: Civic) -> str:
    """A name for exactly these civic fields."""
    return sha256(_text(civic).encode()).hexdigest()


def _same_place(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether there is another look of which these hold, at the place that a look is about."""
    return (
        sa.select(_OTHER.c.id)
        .where(
            _OTHER.c.domain_id == emergency_check.c.domain_id,
            _OTHER.c.digest == emergency_check.c.digest,
            emergency_check.c.digest != "",
            *conditions,
        )
        .correlate(emergency_check)
        .exists()
    )


def _text(civic: Civic) -> str:
    return json.dumps(asdict(civic), ensure_ascii=False, sort_keys=True)


def _record(row: AnyRow) -> StoredCheck:
    choices = tuple([Civic(**choice) for choice in row.choices])
    chosen = [choice for choice in choices if civic_digest(choice) == row.digest]
    return StoredCheck(
        asked=Civic(**json.loads(row.asked)),
        choices=choices,
        outcome=row.outcome,
        provider=row.provider,
        at=from_stored(row.at),
        until=from_stored_if_any(row.until),
        reference=row.reference,
        reasons=tuple(row.reasons),
        answer=row.answer,
        accepted_by=row.accepted_by,
        accepted_at=from_stored_if_any(row.accepted_at),
        accepted=chosen[0] if chosen else None,
        id=row.id,
    )
