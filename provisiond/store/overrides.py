"""Where are parameters that were set by hand kept? By scope: the server, a domain, its sites.

Those of one phone are part of the phone's record.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound, Rejected
from provisiond.inventory.phones import Override
from provisiond.store.instants import from_stored_if_any, to_stored_if_any
from provisiond.store.records import ids_by
from provisiond.store.schema import override_value, server_override, site
from provisiond.store.transaction import AnyRow, Read, Write


async def list_overrides(read: Read, domain_id: int) -> tuple[Override, ...]:
    """The domain's, then its sites', each by family, model and key."""
    rows = await read.rows(
        sa.select(override_value, site.c.name.label("site"))
        .outerjoin(
            site,
            (site.c.domain_id == override_value.c.domain_id)
            & (site.c.id == override_value.c.site_id),
        )
        .where(override_value.c.domain_id == domain_id, override_value.c.phone_id.is_(None))
    )
    found = [_record(row, "domain" if row.site is None else "site", row.site) for row in rows]
    return tuple(sorted(found, key=_order))


async def list_server_overrides(read: Read) -> tuple[Override, ...]:
    """The server's, by family, model and key."""
    rows = await read.rows(sa.select(server_override))
    return tuple(sorted([_record(row, "server", None) for row in rows], key=_order))


async def replace_overrides(write: Write, domain_id: int, wanted: Sequence[Override]) -> None:
    """Make these the domain's and its sites' overrides; those that stay the same keep their
    author and time. Raises Rejected (a site that is not there, one key twice)."""
    stood = {_place(one): one for one in await list_overrides(write, domain_id)}
    new = {_place(one): one for one in wanted}
    if len(new) != len(wanted):
        raise Rejected("overrides", "one key stands there twice in the same scope.")
    for place, one in stood.items():
        if place not in new or new[place].value != one.value:
            await delete_override(write, domain_id, one)
    for place, one in new.items():
        if place not in stood or stood[place].value != one.value:
            await _insert(write, domain_id, one)


async def set_override(write: Write, domain_id: int, one: Override) -> None:
    """Set one of the domain or of a site, in place of what stands there. Raises Rejected."""
    site_id = await _site_id(write, domain_id, one.site)
    await write.connection.execute(_delete(domain_id, site_id, one))
    await _insert(write, domain_id, one)


async def delete_override(write: Write, domain_id: int, one: Override) -> None:
    """Delete one of the domain or of a site. Raises NotFound."""
    site_id = await _site_id(write, domain_id, one.site)
    done = await write.connection.execute(_delete(domain_id, site_id, one))
    if done.rowcount == 0:
        raise NotFound(f"there is no override of {one.key} for {one.model or one.family}.")
    write.touch_domain(domain_id)


async def set_server_override(write: Write, one: Override) -> None:
    """Set one of the server, in place of what stands there."""
    await write.connection.execute(_delete_of_server(one))
    (override_id,) = await write.new_ids(1)
    await write.insert(server_override, [{"id": override_id, **_columns(one)}])
    write.touch_server()


async def delete_server_override(write: Write, one: Override) -> None:
    """Delete one of the server. Raises NotFound."""
    done = await write.connection.execute(_delete_of_server(one))
    if done.rowcount == 0:
        raise NotFound(f"there is no override of {one.key} for {one.model or one.family}.")
    write.touch_server()


async def _insert(write: Write, domain_id: int, one: Override) -> None:
    site_id = await _site_id(write, domain_id, one.site)
    (override_id,) = await write.new_ids(1)
    row = {"domain_id": domain_id, "id": override_id, "site_id": site_id, **_columns(one)}
    await write.insert(override_value, [row])
    write.touch_domain(domain_id)


async def _site_id(write: Write, domain_id: int, name: str | None) -> int | None:
    if name is None:
        return None
    ids = await ids_by(write, domain_id, site.c.name, [name])
    if name not in ids:
        raise Rejected("site", f"there is no site {name!r}.")
    return ids[name]


def _delete(domain_id: int, site_id: int | None, one: Override) -> sa.Delete:
    return sa.delete(override_value).where(
        override_value.c.domain_id == domain_id,
        override_value.c.site_id.is_not_distinct_from(site_id),
        override_value.c.phone_id.is_(None),
        override_value.c.family == one.family,
        override_value.c.model == (one.model or ""),
        override_value.c.key == one.key,
    )


def _delete_of_server(one: Override) -> sa.Delete:
    return sa.delete(server_override).where(
        server_override.c.family == one.family,
        server_override.c.model == (one.model or ""),
        server_override.c.key == one.key,
    )


def _columns(one: Override) -> dict[str, Any]:
    return {
        "family": one.family,
        "model": one.model or "",
        "key": one.key,
        "value": one.value,
        "author": one.author,
        "at": to_stored_if_any(one.at),
    }


def _record(row: AnyRow, scope: str, site_name: str | None) -> Override:
    return Override(
        scope=scope,
        family=row.family,
        model=row.model or None,
        key=row.key,
        value=row.value,
        site=site_name,
        author=row.author,
        at=from_stored_if_any(row.at),
    )


def _place(one: Override) -> tuple[str | None, str, str | None, str]:
    return one.site, one.family, one.model, one.key


def _order(one: Override) -> tuple[bool, str, str, str, str]:
    return one.site is not None, one.site or "", one.family, one.model or "", one.key
