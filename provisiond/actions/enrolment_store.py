"""Where are enrolments kept? The book's changes written in one transaction a batch."""

from collections.abc import Sequence

from provisiond.actions.enrolment import AdmissionFacts, EnrolmentChange
from provisiond.store.database import Database
from provisiond.store.enrolment import EnrolmentNote, write_notes


class StoredEnrolments:
    """The store's side of the enrolment book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        """The admission facts as they stand, or None where the phone is gone."""
        found = await self._database.facts.enrolment(domain_id, phone_id)
        if found is None:
            return None
        enrolment, enabled = found
        return AdmissionFacts(enrolment=enrolment, enabled=enabled)

    async def write(self, changes: Sequence[EnrolmentChange]) -> None:
        """Write the changes; each holds only where nothing of its kind stands yet."""
        async with self._database.write() as write:
            await write_notes(write, [_note(change) for change in changes])


def _note(change: EnrolmentChange) -> EnrolmentNote:
    if change.kind == "first":
        return EnrolmentNote(
            domain_id=change.domain_id,
            phone_id=change.phone_id,
            first_address=change.address,
            first_user_agent=change.user_agent,
            at=change.at,
        )
    if change.kind == "move":
        return EnrolmentNote(
            domain_id=change.domain_id, phone_id=change.phone_id, moved=True, at=change.at
        )
    if change.kind == "close":
        return EnrolmentNote(
            domain_id=change.domain_id,
            phone_id=change.phone_id,
            first_address=change.address,
            first_user_agent=change.user_agent,
            closed_at=change.at,
            at=change.at,
        )
    return EnrolmentNote(
        domain_id=change.domain_id,
        phone_id=change.phone_id,
        held_reason=change.reason,
        at=change.at,
    )
