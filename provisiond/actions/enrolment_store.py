"""Where are enrolments kept? The book's changes written in one transaction a batch."""

from collections.abc import Sequence

from provisiond.actions.enrolment import AdmissionFacts, EnrolmentChange
from provisiond.store import enrolment
from provisiond.store.database import Database


class StoredEnrolments:
    """The store's side of the enrolment book."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        """The admission facts as they stand, or None where the phone is gone."""
        found = await self._database.facts.enrolment(domain_id, phone_id)
        if found is None:
            return None
        stands, enabled = found
        return AdmissionFacts(enrolment=stands, enabled=enabled)

    async def write(self, changes: Sequence[EnrolmentChange]) -> None:
        """Write the changes; each holds only where nothing of its kind stands yet."""
        async with self._database.write() as write:
            for change in changes:
                if change.kind == "first":
                    await enrolment.note_first_fetch(
                        write,
                        change.domain_id,
                        change.phone_id,
                        address=change.address,
                        user_agent=change.user_agent,
                    )
                elif change.kind == "close":
                    await enrolment.close_enrolment(
                        write, change.domain_id, change.phone_id, at=change.at
                    )
                else:
                    await enrolment.hold_enrolment(
                        write, change.domain_id, change.phone_id, reason=change.reason
                    )
