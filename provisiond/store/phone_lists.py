"""Which phones does a list show, without all that a phone has? A few statements, however many."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.lists import Page, PhoneOrder, PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import PhoneLine, PhoneOfLine, PhoneSummary
from provisiond.store.instants import from_stored_if_any
from provisiond.store.paging import count_rows, read_page
from provisiond.store.schema import phone, phone_line, sighting, site, user_account
from provisiond.store.search import phones_with
from provisiond.store.transaction import Read, chunks

_SEEN = sa.func.coalesce(sa.cast(sighting.c.last_seen, sa.Text()), "")  # all of one width
_ORDERS: dict[PhoneOrder, tuple[sa.ColumnElement[str], ...]] = {
    PhoneOrder.MAC: (phone.c.mac,),
    PhoneOrder.NAME: (phone.c.name, phone.c.mac),
    PhoneOrder.MODEL: (phone.c.model, phone.c.mac),
    PhoneOrder.LAST_SEEN: (_SEEN, phone.c.mac),
}


async def query_phones(read: Read, domain_id: int, query: PhoneQuery) -> Page[PhoneSummary]:
    """Those that match, sorted; three statements, and one more for each 500 phones' lines."""
    conditions = _conditions(read, domain_id, query)
    rows, after = await read_page(
        read,
        _select(domain_id).where(*conditions),
        _order(query),
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    lines = await _lines(read, domain_id, [row.id for row in rows])
    found = [
        PhoneSummary(
            mac=Mac(row.mac),
            model=row.model,
            name=row.name,
            site=row.site,
            notes=row.notes,
            enabled=row.enabled,
            lines=tuple(lines.get(row.id, ())),
            last_seen=from_stored_if_any(row.last_seen),
            held=row.held_reason is not None,
            revision=row.revision,
        )
        for row in rows
    ]
    alone = sa.select(phone.c.id).where(phone.c.domain_id == domain_id, *conditions)
    return Page(rows=tuple(found), after=after, total=await count_rows(read, alone))


async def phones_of_lines(
    read: Read, domain_id: int, extensions: Sequence[str]
) -> tuple[PhoneOfLine, ...]:
    """Every line that rings for one of the extensions, by extension, MAC and line."""
    found: list[PhoneOfLine] = []
    same_phone = (phone.c.domain_id == phone_line.c.domain_id) & (
        phone.c.id == phone_line.c.phone_id
    )
    for some in chunks(sorted(set(extensions))):
        rows = await read.rows(
            sa.select(
                phone.c.mac,
                phone.c.name,
                phone_line.c.line,
                phone_line.c.label,
                phone_line.c.shared,
                user_account.c.extension,
            )
            .select_from(phone_line)
            .join(user_account, _same_user())
            .join(phone, same_phone)
            .where(phone_line.c.domain_id == domain_id, user_account.c.extension.in_(some))
            .order_by(user_account.c.extension, phone.c.mac, phone_line.c.line)
        )
        for row in rows:
            line = PhoneLine(
                line=row.line, extension=row.extension, label=row.label, shared=row.shared
            )
            found.append(PhoneOfLine(mac=Mac(row.mac), name=row.name, line=line))
    return tuple(found)


def _select(domain_id: int) -> sa.Select[Any]:
    same_site = (site.c.domain_id == phone.c.domain_id) & (site.c.id == phone.c.site_id)
    seen = (sighting.c.domain_id == phone.c.domain_id) & (sighting.c.phone_id == phone.c.id)
    return (
        sa.select(
            phone.c.id,
            phone.c.mac,
            phone.c.model,
            phone.c.name,
            phone.c.notes,
            phone.c.enabled,
            phone.c.held_reason,
            phone.c.revision,
            site.c.name.label("site"),
            sighting.c.last_seen,
        )
        .outerjoin(site, same_site)
        .outerjoin(sighting, seen)
        .where(phone.c.domain_id == domain_id)
    )


def _conditions(read: Read, domain_id: int, query: PhoneQuery) -> Sequence[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.text:
        found.append(phones_with(read, domain_id, query.text))
    if query.site is not None:
        named = sa.select(site.c.id).where(site.c.domain_id == domain_id, site.c.name == query.site)
        found.append(phone.c.site_id == named.scalar_subquery())
    if query.model is not None:
        found.append(phone.c.model == query.model)
    if query.enabled is not None:
        found.append(phone.c.enabled.is_(query.enabled))
    if query.extension is not None:
        found.append(phone.c.id.in_(_with_extension(domain_id, query.extension)))
    return found


def _order(query: PhoneQuery) -> Sequence[sa.ColumnElement[str]]:
    """The columns to sort by. SQLite, which keeps no statistics, would walk through the whole
    domain in the order of an index to find the few that a text or user has: it is given none."""
    first, *rest = _ORDERS[query.order]
    if query.text or query.extension is not None:
        first = first.concat("")
    return (first, *rest)


def _with_extension(domain_id: int, extension: str) -> sa.Select[tuple[int]]:
    return (
        sa.select(phone_line.c.phone_id)
        .join(user_account, _same_user())
        .where(phone_line.c.domain_id == domain_id, user_account.c.extension == extension)
    )


def _same_user() -> sa.ColumnElement[bool]:
    return (user_account.c.domain_id == phone_line.c.domain_id) & (
        user_account.c.id == phone_line.c.user_id
    )


async def _lines(read: Read, domain_id: int, ids: Sequence[int]) -> dict[int, list[PhoneLine]]:
    lines: dict[int, list[PhoneLine]] = {}
    for some in chunks(ids):
        rows = await read.rows(
            sa.select(
                phone_line.c.phone_id,
                phone_line.c.line,
                phone_line.c.label,
                phone_line.c.shared,
                user_account.c.extension,
            )
            .join(user_account, _same_user())
            .where(phone_line.c.domain_id == domain_id, phone_line.c.phone_id.in_(some))
            .order_by(phone_line.c.phone_id, phone_line.c.line)
        )
        for row in rows:
            line = PhoneLine(
                line=row.line, extension=row.extension, label=row.label, shared=row.shared
            )
            lines.setdefault(row.phone_id, []).append(line)
    return lines
