"""Where are phones kept that ask and are in no inventory? In one bounded table of no domain."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.access import network_of
from provisiond.inventory.lists import Page, PendingOrder, PendingQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.store.dialects import insert_or_update
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored
from provisiond.store.paging import count_rows, mac_matches, read_page
from provisiond.store.schema import phone
from provisiond.store.schema_pending import pending_phone
from provisiond.store.transaction import AnyRow, Read, Write, chunks

MOST = 10_000
"""Phones that wait to be taken in, and as many again that were dismissed."""
OF_A_NETWORK = 500
"""Of these, those that one /24 or /64 may have brought lately."""

_LATELY = timedelta(days=3)
_CLAIMS = ("user_agent", "vendor", "model", "version")
_MAC = pending_phone.c.mac
_ORDERS: dict[PendingOrder, tuple[sa.ColumnElement[Any], ...]] = {
    PendingOrder.MAC: (_MAC,),
    PendingOrder.MODEL: (pending_phone.c.vendor, pending_phone.c.model, _MAC),
    PendingOrder.FIRST_SEEN: (pending_phone.c.first_seen, _MAC),
    PendingOrder.LAST_SEEN: (pending_phone.c.last_seen, _MAC),
    PendingOrder.COUNT: (pending_phone.c["count"], _MAC),
}


async def note_pending(
    write: Write,
    phones: Sequence[PendingPhone],
    *,
    most: int = MOST,
    of_a_network: int = OF_A_NETWORK,
) -> int:
    """Keep what phones asked; those that are in an inventory by now are passed over.

    Answers how many found no room: a stranger who makes up MACs must not push out what asked in
    the last three days or was dismissed. Older ones go, who asked longest ago first.
    """
    macs = [one.mac.text for one in phones]
    listed: set[str] = set()
    for some in chunks(macs):
        query = sa.select(pending_phone.c.mac).where(pending_phone.c.mac.in_(some))
        listed |= {row.mac for row in await write.rows(query)}
    new = [one for one in phones if one.mac.text not in listed]
    taken = await _with_room(write, new, most, of_a_network) if new else []
    await _put(write, [*(one for one in phones if one.mac.text in listed), *taken])
    return len(new) - len(taken)


async def _with_room(
    write: Write, new: list[PendingPhone], most: int, of_a_network: int
) -> list[PendingPhone]:
    """Those of the new ones that there is room for, which is made where it may be."""
    table = pending_phone
    joined = sa.exists(sa.select(phone.c.id).where(phone.c.mac == table.c.mac))
    await write.connection.execute(sa.delete(table).where(joined))
    since = to_stored(max(one.last_seen for one in new) - _LATELY)
    waiting = table.c.dismissed_at.is_(None)
    rows = await write.rows(
        sa.select(
            table.c.address,
            sa.func.count().label("waiting"),
            sa.func.sum(sa.case((table.c.last_seen >= since, 1), else_=0)).label("lately"),
        )
        .where(waiting)
        .group_by(table.c.address)
    )
    total, lately = 0, Counter[str]()
    for row in rows:
        total += row.waiting
        lately[network_of(row.address)] += row.lately
    taken = []
    for one in new:
        network = network_of(one.address)
        if lately[network] < of_a_network:
            lately[network] += 1
            taken.append(one)
    excess = max(total + len(taken) - most, 0)
    if excess:
        oldest = (
            sa.select(table.c.mac)
            .where(waiting, table.c.last_seen < since)
            .order_by(table.c.last_seen, table.c.mac)
            .limit(excess)
        )
        gone = await write.connection.execute(sa.delete(table).where(table.c.mac.in_(oldest)))
        excess -= gone.rowcount
    return taken[: max(len(taken) - excess, 0)]


async def _put(write: Write, phones: Sequence[PendingPhone]) -> None:
    if not phones:
        return
    table = pending_phone
    given = {
        column.name: sa.bindparam(column.name, type_=column.type)
        for column in table.c
        if column.name != "dismissed_at"
    }
    source = sa.select(*given.values()).where(
        ~sa.exists(sa.select(phone.c.id).where(phone.c.mac == given["mac"]))
    )
    insert = insert_or_update(write.connection, table).from_select(list(given), source)
    new = insert.excluded
    changes: dict[str, Any] = {
        name: new[name] for name in ("last_seen", "address", "transport", "name")
    }
    # A TFTP request says nothing of the device: what an earlier one said stays.
    changes |= {
        name: sa.case((new[name] != "", new[name]), else_=table.c[name]) for name in _CLAIMS
    }
    changes["count"] = table.c["count"] + new["count"]
    upsert = insert.on_conflict_do_update(index_elements=["mac"], set_=changes)
    # In an order that all nodes keep: no deadlocks.
    rows = [_row(one) for one in sorted(phones, key=lambda one: one.mac)]
    await write.connection.execute(upsert, rows)


async def list_pending(read: Read, query: PendingQuery) -> Page[PendingPhone]:
    """Phones that wait and that match, sorted; dismissed ones too where asked for."""
    table, select = pending_phone, _waiting()
    if not query.dismissed:
        select = select.where(table.c.dismissed_at.is_(None))
    if query.text:
        model = table.c.vendor + " " + table.c.model
        columns = (table.c.address, table.c.user_agent, model, table.c.version, table.c.name)
        select = select.where(mac_matches(query.text, _MAC, *columns))
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    total = await count_rows(read, select)
    return Page(rows=tuple([_record(row) for row in rows]), after=after, total=total)


async def find_pending(read: Read, mac: Mac) -> PendingPhone | None:
    """One that waits, dismissed or not; None where there is none."""
    row = await read.first(_waiting().where(pending_phone.c.mac == mac.text))
    return _record(row) if row is not None else None


async def dismiss_pending(write: Write, mac: Mac, at: datetime, most: int = MOST) -> None:
    """Show it no more; it stays known, so that its next request does not bring it back. Beyond
    `most`, those that were dismissed first are forgotten."""
    table = pending_phone
    await write.connection.execute(
        sa.update(table).where(table.c.mac == mac.text).values(dismissed_at=to_stored(at))
    )
    first = (
        sa.select(table.c.mac)
        .where(table.c.dismissed_at.is_not(None))
        .order_by(table.c.dismissed_at.desc(), table.c.mac)
        .offset(most)
    )
    await write.connection.execute(sa.delete(table).where(table.c.mac.in_(first)))


async def forget_pending(write: Write, mac: Mac) -> None:
    """It waits no more."""
    await write.connection.execute(sa.delete(pending_phone).where(pending_phone.c.mac == mac.text))


def _waiting() -> sa.Select[Any]:
    return sa.select(pending_phone).where(
        ~sa.exists(sa.select(phone.c.id).where(phone.c.mac == pending_phone.c.mac))
    )


def _row(one: PendingPhone) -> dict[str, Any]:
    return {
        "mac": one.mac.text,
        "address": one.address,
        "transport": one.transport,
        "first_seen": to_stored(one.first_seen),
        "last_seen": to_stored(one.last_seen),
        "user_agent": storable(one.user_agent),
        "vendor": storable(one.vendor),
        "model": storable(one.model),
        "version": storable(one.version),
        "name": storable(one.name),
        "count": one.count,
    }


def storable(text: str, length: int = 256) -> str:
    """What both engines can store of a text that a phone sent."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:length]


def _record(row: AnyRow) -> PendingPhone:
    return PendingPhone(
        mac=Mac(row.mac),
        address=row.address,
        transport=row.transport,
        first_seen=from_stored(row.first_seen),
        last_seen=from_stored(row.last_seen),
        user_agent=row.user_agent,
        vendor=row.vendor,
        model=row.model,
        version=row.version,
        name=row.name,
        count=row._mapping["count"],  # noqa: SLF001 - `count` is a method of every tuple
        dismissed_at=from_stored_if_any(row.dismissed_at),
    )
