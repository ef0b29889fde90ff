"""Is a number free? It is unique on the server, and what another domain has is not told."""

from collections.abc import Sequence

import sqlalchemy as sa

from provisiond.inventory.telephone import E164
from provisiond.store.records import refuse
from provisiond.store.schema import domain
from provisiond.store.schema_emergency import emergency_endpoint
from provisiond.store.schema_numbers import phone_number, sms_number
from provisiond.store.transaction import Read, Write, chunks


async def check_numbers(
    write: Write, domain_id: int, table: sa.Table, numbers: Sequence[E164]
) -> None:
    """Raise Rejected where a number is in the table already, stands there twice, or is another
    domain's, for calls, for messages or to call back: of that nothing is told but whom to ask."""
    owners = await _owners(write, numbers)
    faults = []
    seen: set[E164] = set()
    for number in numbers:
        found = owners.get(number.text, set())
        if any(owner != domain_id for _, owner in found):
            faults.append((str(number), f"{number} cannot be added here; ask your provider."))
        elif (table.name, domain_id) in found:
            faults.append((str(number), f"{number} is in the inventory already."))
        elif number in seen:
            faults.append((str(number), f"{number} stands there twice."))
        seen.add(number)
    refuse("number", faults)


async def number_owners(read: Read, numbers: Sequence[E164]) -> dict[E164, str]:
    """The domain's name for each of the numbers that some domain has, for calls, messages or else
    as an emergency endpoint; for those who see every domain of the server."""
    names = {row.id: row.name for row in await read.rows(sa.select(domain.c.id, domain.c.name))}
    owners = await _owners(read, numbers)
    return {E164(text): names[min(found, key=_rank)[1]] for text, found in owners.items()}


def _rank(owner: tuple[str, int]) -> tuple[bool, str, int]:
    """Whoever has the number for calls or messages goes before who is called back there."""
    return owner[0] == emergency_endpoint.name, *owner


async def _owners(read: Read, numbers: Sequence[E164]) -> dict[str, set[tuple[str, int]]]:
    """Table and domain of each number that is stored."""
    found: dict[str, set[tuple[str, int]]] = {}
    for table in (phone_number, sms_number, emergency_endpoint):
        for some in chunks(numbers):
            rows = await read.rows(
                sa.select(table.c.number, table.c.domain_id).where(
                    table.c.number.in_([number.text for number in some])
                )
            )
            for row in rows:
                found.setdefault(row.number, set()).add((table.name, row.domain_id))
    return found
