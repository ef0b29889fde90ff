"""Where are a domain's sites kept?"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.domains import Site
from provisiond.inventory.errors import NotFound
from provisiond.store.emergency_names import address_ids
from provisiond.store.records import (
    delete_ids,
    must_be_new,
    refuse_if_used,
    seen_last,
    update_rows,
)
from provisiond.store.schema import phone, site, user_account
from provisiond.store.schema_emergency import emergency_address, emergency_endpoint
from provisiond.store.settings_json import settings_from_json, settings_to_json
from provisiond.store.transaction import AnyRow, Read, Write


async def list_sites(
    read: Read, domain_id: int, *, after: str = "", limit: int = 1000
) -> tuple[Site, ...]:
    """Sites by name, those after `after`, at most `limit`."""
    rows = await read.rows(
        _select(domain_id).where(site.c.name > after).order_by(site.c.name).limit(limit)
    )
    return tuple([_record(read, row) for row in rows])


async def get_site(read: Read, domain_id: int, name: str) -> Site:
    """One site. Raises NotFound."""
    row = await read.first(_select(domain_id).where(site.c.name == name))
    if row is None:
        raise NotFound(f"there is no site {name}.")
    return _record(read, row)


async def insert_sites(write: Write, domain_id: int, records: Sequence[Site]) -> None:
    """Add sites. Raises Rejected where a name is taken or an emergency address is not there."""
    await must_be_new(write, domain_id, site.c.name, [record.name for record in records], "site")
    named = await address_ids(write, domain_id, [record.emergency_address for record in records])
    ids = await write.new_ids(len(records))
    await write.insert(
        site,
        [
            {
                "domain_id": domain_id,
                "id": site_id,
                "name": record.name,
                "settings": settings_to_json(
                    record.settings, write.key, f"site/{domain_id}/{site_id}"
                ),
                "emergency_address_id": named.get(record.emergency_address or ""),
            }
            for site_id, record in zip(ids, records, strict=True)
        ],
    )
    write.touch_domain(domain_id)


async def update_site(write: Write, domain_id: int, name: str, record: Site) -> None:
    """Replace the site called `name`; `record.revision` is the one that was read.

    Raises NotFound, Conflict and Rejected(name).
    """
    ids = await seen_last(write, domain_id, site.c.name, {name: record.revision}, "site")
    if record.name != name:
        await must_be_new(write, domain_id, site.c.name, [record.name], "site")
    named = await address_ids(write, domain_id, [record.emergency_address])
    columns = {
        "id_": ids[name],
        "name": record.name,
        "settings": settings_to_json(record.settings, write.key, f"site/{domain_id}/{ids[name]}"),
        "emergency_address_id": named.get(record.emergency_address or ""),
    }
    await update_rows(write, site, domain_id, [columns])
    write.touch_domain(domain_id)


async def delete_site(write: Write, domain_id: int, name: str, *, revision: int) -> None:
    """Delete a site nobody is at. Raises NotFound, and Conflict naming who is."""
    ids = await seen_last(write, domain_id, site.c.name, {name: revision}, "site")
    what = f"site {name}"
    await refuse_if_used(write, domain_id, phone.c.mac, phone.c.site_id == ids[name], what)
    await refuse_if_used(
        write, domain_id, user_account.c.extension, user_account.c.site_id == ids[name], what
    )
    here = emergency_endpoint.c.site_id == ids[name]
    await refuse_if_used(write, domain_id, emergency_endpoint.c.number, here, what)
    await delete_ids(write, site.c.id, domain_id, [ids[name]])
    write.touch_domain(domain_id)


def _select(domain_id: int) -> sa.Select[Any]:
    return (
        sa.select(site, emergency_address.c.name.label("emergency_address"))
        .outerjoin(
            emergency_address,
            (emergency_address.c.domain_id == site.c.domain_id)
            & (emergency_address.c.id == site.c.emergency_address_id),
        )
        .where(site.c.domain_id == domain_id)
    )


def _record(read: Read, row: AnyRow) -> Site:
    return Site(
        name=row.name,
        settings=settings_from_json(row.settings, read.key, f"site/{row.domain_id}/{row.id}"),
        emergency_address=row.emergency_address,
        revision=row.revision,
    )
