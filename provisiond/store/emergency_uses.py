"""Who has which emergency address, told directly or handed down?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.store.emergency_names import address_ids
from provisiond.store.records import absent_items, ids_by
from provisiond.store.schema import phone, site, user_account
from provisiond.store.schema_emergency import emergency_address
from provisiond.store.transaction import Read, Write, chunks


@dataclass(frozen=True, slots=True, kw_only=True)
class Associated:
    """Users whose address it is, `users` by all that is handed down, `own_users` of those by their
    own record; phones and sites by their own record."""

    users: int = 0
    own_users: int = 0
    phones: int = 0
    sites: int = 0


async def associated(read: Read, domain_id: int) -> dict[str, Associated]:
    """By address; those that nobody has are left out."""
    default = (
        sa.select(emergency_address.c.id)
        .where(emergency_address.c.domain_id == domain_id, emergency_address.c.is_default)
        .scalar_subquery()
    )
    own = user_account.c.emergency_address_id
    holds = sa.func.coalesce(own, site.c.emergency_address_id, default)
    users = (
        sa.select(holds.label("address_id"), sa.func.count(), sa.func.count(own))
        .select_from(user_account)
        .outerjoin(
            site,
            (site.c.domain_id == user_account.c.domain_id) & (site.c.id == user_account.c.site_id),
        )
        .where(user_account.c.domain_id == domain_id)
        .group_by(holds)
    )
    counts = {row[0]: (row[1], row[2]) for row in await read.rows(users)}
    phones = await _count(read, domain_id, phone.c.emergency_address_id)
    sites = await _count(read, domain_id, site.c.emergency_address_id)
    names = await read.rows(
        sa.select(emergency_address.c.id, emergency_address.c.name).where(
            emergency_address.c.domain_id == domain_id
        )
    )
    found = {}
    for address_id, name in names:
        all_users, own_users = counts.get(address_id, (0, 0))
        one = Associated(
            users=all_users,
            own_users=own_users,
            phones=phones.get(address_id, 0),
            sites=sites.get(address_id, 0),
        )
        if one != Associated():
            found[name] = one
    return found


async def assign(
    write: Write,
    domain_id: int,
    name: str | None,
    *,
    users: Sequence[str] = (),
    phones: Sequence[Mac] = (),
    sites: Sequence[str] = (),
) -> int:
    """Give users, phones and sites this address, or none; answers how many changed. Raises Rejected
    where the address is not there, RejectedAll with every one of them that is not."""
    ids = await address_ids(write, domain_id, [name])
    found: list[tuple[sa.Table, Iterable[int]]] = []
    absent: list[Finding] = []
    for column, keys, field, noun, shown in (
        (user_account.c.extension, users, "users", "extension", str),
        (phone.c.mac, [mac.text for mac in phones], "phones", "phone", Mac),
        (site.c.name, sites, "sites", "site", str),
    ):
        there = await ids_by(write, domain_id, column, keys)
        absent += absent_items(field, noun, keys, there, shown)
        found.append((column.table, there.values()))
    if absent:
        raise RejectedAll(tuple(absent))
    changed = 0
    for table, rows in found:
        changed += await _set(write, domain_id, table, ids.get(name or ""), rows)
    if changed:
        write.touch_domain(domain_id)
    return changed


async def _set(
    write: Write, domain_id: int, table: sa.Table, address_id: int | None, rows: Iterable[int]
) -> int:
    changed = 0
    for some in chunks(sorted(rows)):
        statement = (
            sa.update(table)
            .where(table.c.domain_id == domain_id, table.c.id.in_(some))
            .where(table.c.emergency_address_id.is_distinct_from(address_id))
            .values(emergency_address_id=address_id, revision=table.c.revision + 1)
            .returning(table.c.id)
        )
        changed += len(await write.rows(statement))
    return changed


async def _count(read: Read, domain_id: int, column: sa.Column[int]) -> dict[int, int]:
    rows = await read.rows(
        sa.select(column, sa.func.count())
        .where(column.table.c.domain_id == domain_id, column.is_not(None))
        .group_by(column)
    )
    return {row[0]: row[1] for row in rows}
