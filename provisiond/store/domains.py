"""Where are the tenants kept?"""

import sqlalchemy as sa

from provisiond.inventory.directory import COMPANY
from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import NotFound, Rejected, Stale
from provisiond.store.schema import (
    directory,
    domain,
    layout,
    override_value,
    phone,
    site,
    user_account,
)
from provisiond.store.schema_emergency import emergency_address, emergency_endpoint
from provisiond.store.schema_numbers import (
    call_destination,
    phone_number,
    sms_number,
    time_frame,
)
from provisiond.store.settings_json import settings_from_json, settings_to_json
from provisiond.store.transaction import AnyRow, Read, Write


def _where(domain_id: int) -> str:
    return f"domain/{domain_id}"


async def list_domains(
    read: Read, *, after: str = "", limit: int = 1000
) -> tuple[tuple[int, Domain], ...]:
    """Ids and records by name, those after `after`, at most `limit`."""
    rows = await read.rows(
        sa.select(domain).where(domain.c.name > after).order_by(domain.c.name).limit(limit)
    )
    return tuple([(row.id, _record(read, row)) for row in rows])


_NOUNS = {
    "sites": site,
    "users": user_account,
    "destinations": call_destination,
    "time frames": time_frame,
    "numbers": phone_number,
    "SMS numbers": sms_number,
    "directories": directory,
    "layouts": layout,
    "phones": phone,
    "emergency addresses": emergency_address,
    "emergency endpoints": emergency_endpoint,
}


async def count_below(read: Read, domain_id: int | None = None) -> dict[int, dict[str, int]]:
    """How many of each noun a domain holds, or every domain, by its id."""
    counts: dict[int, dict[str, int]] = {}
    for noun, table in _NOUNS.items():
        select = sa.select(table.c.domain_id, sa.func.count()).group_by(table.c.domain_id)
        if domain_id is not None:
            select = select.where(table.c.domain_id == domain_id)
        for owner, count in await read.rows(select):
            counts.setdefault(owner, dict.fromkeys(_NOUNS, 0))[noun] = count
    return counts


async def find_domain(read: Read, name: str) -> tuple[int, Domain] | None:
    """The domain's id and record, or None."""
    row = await read.first(sa.select(domain).where(domain.c.name == name.lower()))
    return (row.id, _record(read, row)) if row is not None else None


async def get_domain(read: Read, name: str) -> tuple[int, Domain]:
    """The domain's id and record. Raises NotFound."""
    found = await find_domain(read, name)
    if found is None:
        raise NotFound(f"there is no domain {name}.")
    return found


async def insert_domain(write: Write, record: Domain) -> int:
    """Add a domain with its directory `company`; answers its id. Raises Rejected(name)."""
    if await find_domain(write, record.name) is not None:
        raise Rejected("name", f"there is a domain {record.name!r} already.")
    (domain_id, directory_id) = await write.new_ids(2)
    await write.insert(
        domain,
        [
            {
                "id": domain_id,
                "name": record.name.lower(),
                "settings": settings_to_json(record.settings, write.key, _where(domain_id)),
            }
        ],
    )
    await write.insert(directory, [{"domain_id": domain_id, "id": directory_id, "name": COMPANY}])
    write.touch_domain(domain_id)
    write.touch_enrolment(domain_id)
    return domain_id


async def update_domain(write: Write, domain_id: int, record: Domain) -> int:
    """Replace a domain's record; `record.revision` is the one that was read.

    Answers the new revision. Raises NotFound, Conflict and Rejected(name).
    """
    other = await find_domain(write, record.name)
    if other is not None and other[0] != domain_id:
        raise Rejected("name", f"there is a domain {record.name!r} already.")
    row = await write.first(
        sa.update(domain)
        .where(domain.c.id == domain_id, domain.c.revision == record.revision)
        .values(
            name=record.name.lower(),
            settings=settings_to_json(record.settings, write.key, _where(domain_id)),
            revision=domain.c.revision + 1,
        )
        .returning(domain.c.revision)
    )
    if row is None:
        if await write.first(sa.select(domain.c.id).where(domain.c.id == domain_id)) is None:
            raise NotFound(f"there is no domain {record.name}.")
        raise Stale(f"domain {record.name} was changed meanwhile; load it again and repeat.")
    write.touch_domain(domain_id)
    revision: int = row[0]
    return revision


async def delete_domain(write: Write, domain_id: int) -> None:
    """Delete a domain with everything below it. Raises NotFound."""
    if await write.first(sa.select(domain.c.id).where(domain.c.id == domain_id)) is None:
        raise NotFound("there is no such domain.")
    # Each before those it refers to; rows that belong to one of these go with it.
    numbers = (phone_number, sms_number, time_frame, call_destination)
    people = (phone, user_account, emergency_endpoint, override_value, site)
    for table in (*numbers, *people, layout, directory, emergency_address):
        await write.connection.execute(sa.delete(table).where(table.c.domain_id == domain_id))
    await write.connection.execute(sa.delete(domain).where(domain.c.id == domain_id))
    write.touch_domain(domain_id)
    write.touch_enrolment(domain_id)


def _record(read: Read, row: AnyRow) -> Domain:
    return Domain(
        name=row.name,
        settings=settings_from_json(row.settings, read.key, _where(row.id)),
        revision=row.revision,
    )
