"""What did phones ask for, and what came of it? The journal of requests, filtered, page by page."""

from typing import Any

import sqlalchemy as sa

from provisiond.inventory.lists import Page, RequestQuery, RequestRow
from provisiond.store.instants import to_stored
from provisiond.store.journal_entries import newest_requests, request_entry
from provisiond.store.schema import domain, request_journal
from provisiond.store.transaction import Read


async def query_requests(read: Read, query: RequestQuery) -> Page[RequestRow]:
    """Those that match, the newest first. One statement; `total` is not counted."""
    rows = await read.rows(_filtered(query).limit(query.limit + 1))
    shown = rows[: query.limit]
    after = (str(shown[-1].id),) if len(rows) > query.limit else ()
    found = [
        RequestRow(entry_id=row.id, domain=row.domain_name, request=request_entry(row))
        for row in shown
    ]
    return Page(rows=tuple(found), after=after, total=0)


def _filtered(query: RequestQuery) -> sa.Select[Any]:
    table = request_journal
    select = sa.select(table, domain.c.name.label("domain_name")).outerjoin(
        domain, domain.c.id == table.c.domain_id
    )
    if query.domain is not None:
        of_domain = sa.select(domain.c.id).where(domain.c.name == query.domain)
        select = select.where(table.c.domain_id == of_domain.scalar_subquery())
    if query.address is not None:
        select = select.where(table.c.address == query.address)
    if query.since is not None:
        select = select.where(table.c.at >= to_stored(query.since))
    if query.until is not None:
        select = select.where(table.c.at < to_stored(query.until))
    return newest_requests(
        select,
        mac=query.mac,
        outcome=query.outcome,
        refused=query.refused,
        alarm=query.alarm,
        before=query.before,
    )
