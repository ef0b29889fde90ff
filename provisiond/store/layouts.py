"""Where are the button layouts that phones share kept?"""

from collections.abc import Sequence

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Layout
from provisiond.store.buttons import insert_buttons, load_buttons
from provisiond.store.records import (
    delete_ids,
    must_be_new,
    refuse_if_used,
    seen_last,
    update_rows,
)
from provisiond.store.schema import button, layout, phone
from provisiond.store.transaction import Read, Write


async def list_layouts(
    read: Read, domain_id: int, *, after: str = "", limit: int = 1000
) -> tuple[Layout, ...]:
    """Layouts with their buttons, by name, those after `after`, at most `limit`."""
    rows = await read.rows(
        sa.select(layout.c.id, layout.c.name, layout.c.revision)
        .where(layout.c.domain_id == domain_id, layout.c.name > after)
        .order_by(layout.c.name)
        .limit(limit)
    )
    buttons = await load_buttons(read, domain_id, button.c.layout_id, [row.id for row in rows])
    return tuple(
        [
            Layout(name=row.name, buttons=tuple(buttons[row.id]), revision=row.revision)
            for row in rows
        ]
    )


async def get_layout(read: Read, domain_id: int, name: str) -> Layout:
    """One layout. Raises NotFound."""
    row = await read.first(
        sa.select(layout.c.id, layout.c.revision).where(
            layout.c.domain_id == domain_id, layout.c.name == name
        )
    )
    if row is None:
        raise NotFound(f"there is no layout {name}.")
    buttons = await load_buttons(read, domain_id, button.c.layout_id, [row.id])
    return Layout(name=name, buttons=tuple(buttons[row.id]), revision=row.revision)


async def layout_phones(read: Read, domain_id: int, name: str) -> tuple[Mac, ...]:
    """The phones that have the layout, by MAC."""
    rows = await read.rows(
        sa.select(phone.c.mac)
        .join(
            layout, (layout.c.domain_id == phone.c.domain_id) & (layout.c.id == phone.c.layout_id)
        )
        .where(phone.c.domain_id == domain_id, layout.c.name == name)
        .order_by(phone.c.mac)
    )
    return tuple([Mac(row.mac) for row in rows])


async def insert_layouts(write: Write, domain_id: int, records: Sequence[Layout]) -> None:
    """Add layouts. Raises Rejected (a name that is taken, two buttons on one key)."""
    names = [record.name for record in records]
    await must_be_new(write, domain_id, layout.c.name, names, "layout")
    ids = await write.new_ids(len(records))
    await write.insert(
        layout,
        [
            {"domain_id": domain_id, "id": layout_id, "name": record.name}
            for layout_id, record in zip(ids, records, strict=True)
        ],
    )
    owned = {
        layout_id: (f"layout {record.name}", record.buttons)
        for layout_id, record in zip(ids, records, strict=True)
    }
    await insert_buttons(write, domain_id, button.c.layout_id, owned)
    write.touch_domain(domain_id)


async def update_layout(write: Write, domain_id: int, name: str, record: Layout) -> None:
    """Replace a layout and its buttons; `record.revision` is the one that was read.

    Raises NotFound, Conflict and Rejected.
    """
    ids = await seen_last(write, domain_id, layout.c.name, {name: record.revision}, "layout")
    if record.name != name:
        await must_be_new(write, domain_id, layout.c.name, [record.name], "layout")
    await update_rows(write, layout, domain_id, [{"id_": ids[name], "name": record.name}])
    await delete_ids(write, button.c.layout_id, domain_id, [ids[name]])
    owned = {ids[name]: (f"layout {record.name}", record.buttons)}
    await insert_buttons(write, domain_id, button.c.layout_id, owned)
    write.touch_domain(domain_id)


async def delete_layout(write: Write, domain_id: int, name: str, *, revision: int) -> None:
    """Delete a layout no phone has. Raises NotFound, and Conflict naming the phones."""
    ids = await seen_last(write, domain_id, layout.c.name, {name: revision}, "layout")
    await refuse_if_used(
        write, domain_id, phone.c.mac, phone.c.layout_id == ids[name], f"layout {name}"
    )
    await delete_ids(write, layout.c.id, domain_id, [ids[name]])
    write.touch_domain(domain_id)
