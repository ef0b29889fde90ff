"""What did phones ask for, and what came of it? The journal of requests, filtered, page by page."""

from typing import Any

import sqlalchemy as sa

from provisiond.inventory.lists import Page, RequestQuery, RequestRow
from provisiond.store.instants import to_stored
from provisiond.store.journal_entries import request_entry
from provisiond.store.schema import domain, request_journal
from provisiond.store.transaction import Read


async def query_requests(read: Read, query: RequestQuery) -> Page[RequestRow]:
    """Those that match, the newest first. One statement; `total` is not counted."""
    table = request_journal
    rows = await read.rows(_filtered(query).order_by(table.c.id.desc()).limit(query.limit + 1))
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
    if query.mac is not None:
        select = select.where(table.c.mac == query.mac.text)
    if query.outcome is not None:
        select = select.where(table.c.outcome == query.outcome)
    if query.outcome not in (None, "served") or query.refused:
        select = select.where(sa.text("outcome <> 'served'"))  # as the index of refusals has it
    if query.address is not None:
        select = select.where(table.c.address == query.address)
    if query.alarm:
        select = select.where(sa.text("alarm"))
    if query.since is not None:
        select = select.where(table.c.at >= to_stored(query.since))
    if query.until is not None:
        select = select.where(table.c.at < to_stored(query.until))
    if query.before is not None:
        select = select.where(table.c.id < query.before)
    return select
