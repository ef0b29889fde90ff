"""What did phones ask for, and what came of it? The journal of requests, filtered, page by page."""

from typing import Any

import sqlalchemy as sa

from provisiond.inventory.lists import Page, RequestQuery, RequestRow
from provisiond.store.instants import to_stored
from provisiond.store.journal_entries import request_entry, requests_where
from provisiond.store.paging import mac_matches, read_page
from provisiond.store.schema import domain, request_journal
from provisiond.store.transaction import Read


async def query_requests(read: Read, query: RequestQuery) -> Page[RequestRow]:
    """Those that match, by age. One statement; `total` is not counted.

    A text is asked of no index, which each boot of a phone would have to write: it is looked for
    row by row, a second for a million of them.
    """
    rows, after = await read_page(
        read,
        _filtered(query),
        (request_journal.c.id,),
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    found = [
        RequestRow(entry_id=row.id, domain=row.domain_name, request=request_entry(row))
        for row in rows
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
    if query.text:
        columns = (table.c.name, table.c.address, table.c.user_agent)
        select = select.where(mac_matches(query.text, table.c.mac, *columns))
    return requests_where(
        select,
        mac=query.mac,
        outcome=query.outcome,
        refused=query.refused,
        alarm=query.alarm,
    )
