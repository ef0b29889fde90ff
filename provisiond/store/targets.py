"""How is kept where a call or message goes? As a reference, which follows its extension."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.destinations import KIND_OF_TREATMENT, PEOPLES_TREATMENTS
from provisiond.inventory.numbers import Announcement, Handling
from provisiond.store.records import ids_by, refuse
from provisiond.store.schema import user_account
from provisiond.store.schema_numbers import call_destination
from provisiond.store.transaction import AnyRow, Read, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The ids of what numbers lead to: users by extension, destinations by kind and extension."""

    users: Mapping[str, int]
    destinations: Mapping[tuple[str, str], int]

    def columns(self, treatment: str, destination: str) -> dict[str, Any]:
        """The columns of a treatment and its destination."""
        user = destination_id = None
        elsewhere = ""
        if not destination:
            pass
        elif treatment in PEOPLES_TREATMENTS:
            user = self.users[destination]
        elif treatment in KIND_OF_TREATMENT:
            destination_id = self.destinations[treatment, destination]
        else:
            elsewhere = destination
        return {
            "treatment": treatment,
            "user_id": user,
            "destination_id": destination_id,
            "elsewhere": elsewhere,
        }

    def handling_columns(self, handling: Handling) -> dict[str, Any]:
        """The columns of a handling."""
        return {
            **self.columns(handling.treatment, handling.destination),
            "caller_id_prefix": handling.caller_id_prefix,
            "announcement": handling.announcement.value,
            "enhanced_voicemail": handling.enhanced_voicemail,
        }


async def find_targets(
    read: Read, domain_id: int, wanted: Iterable[tuple[str, str, str]]
) -> Targets:
    """The ids of what (where it is said, treatment, destination) name. Raises Rejected with all
    that are not there."""
    asked = [each for each in wanted if each[2]]
    extensions = {end for _, treatment, end in asked if treatment in PEOPLES_TREATMENTS}
    others = sorted({end for _, treatment, end in asked if treatment in KIND_OF_TREATMENT})
    destinations: dict[tuple[str, str], int] = {}
    for some in chunks(others):
        rows = await read.rows(
            sa.select(
                call_destination.c.kind, call_destination.c.extension, call_destination.c.id
            ).where(
                call_destination.c.domain_id == domain_id, call_destination.c.extension.in_(some)
            )
        )
        destinations.update({(row.kind, row.extension): row.id for row in rows})
    users = await ids_by(read, domain_id, user_account.c.extension, extensions)
    refuse(
        "destination",
        [
            (where, f"{where}: there is no {treatment.replace('_', ' ')} {end}.")
            for where, treatment, end in asked
            if (treatment in PEOPLES_TREATMENTS and end not in users)
            or (treatment in KIND_OF_TREATMENT and (treatment, end) not in destinations)
        ],
    )
    return Targets(users=users, destinations=destinations)


def destination_of(table: sa.Table) -> sa.ColumnElement[str]:
    """The extension or number that a row leads to; `joined` brings the tables."""
    return sa.func.coalesce(
        user_account.c.extension, call_destination.c.extension, table.c.elsewhere
    )


def joined(select: sa.Select[Any], table: sa.Table) -> sa.Select[Any]:
    """With what the table's rows lead to beside each row."""
    return select.outerjoin(
        user_account,
        (user_account.c.domain_id == table.c.domain_id) & (user_account.c.id == table.c.user_id),
    ).outerjoin(
        call_destination,
        (call_destination.c.domain_id == table.c.domain_id)
        & (call_destination.c.id == table.c.destination_id),
    )


def handling_record(row: AnyRow) -> Handling:
    """The handling of a row that has `destination_of` as `destination`."""
    return Handling(
        treatment=row.treatment,
        destination=row.destination,
        caller_id_prefix=row.caller_id_prefix,
        announcement=Announcement(row.announcement),
        enhanced_voicemail=row.enhanced_voicemail,
    )
