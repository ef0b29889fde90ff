"""Where are buttons kept? With the phone or the layout that has them."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.store.records import refuse
from provisiond.store.schema import button
from provisiond.store.transaction import Read, Write, chunks


async def load_buttons(
    read: Read, domain_id: int, owner: sa.Column[int], ids: Sequence[int]
) -> dict[int, list[Button]]:
    """The buttons of phones or layouts (`owner` is the column of either), by module and key."""
    found: dict[int, list[Button]] = {owner_id: [] for owner_id in ids}
    for some in chunks(ids):
        rows = await read.rows(
            sa.select(button, owner.label("owner"))
            .where(button.c.domain_id == domain_id)
            .where(owner.in_(some))
            .order_by(owner, button.c.module, button.c.key)
        )
        for row in rows:
            found[row.owner].append(
                Button(
                    module=row.module,
                    key=row.key,
                    kind=ButtonKind(row.kind),
                    line=row.line,
                    value=row.value,
                    label=row.label,
                )
            )
    return found


async def insert_buttons(
    write: Write,
    domain_id: int,
    owner: sa.Column[int],
    owned: Mapping[int, tuple[str, Sequence[Button]]],
) -> None:
    """Add the buttons of phones or layouts that have none; `owned` is owner id → (name, buttons).

    Raises Rejected where two buttons are on one key.
    """
    twice: list[tuple[str, str]] = []
    for name, buttons in owned.values():
        places = [(one.module, one.key) for one in buttons]
        for module, key in sorted({place for place in places if places.count(place) > 1}):
            twice.append((name, f"{name} has two buttons on module {module}, key {key}."))
    refuse("buttons", twice)
    total = sum(len(buttons) for _, buttons in owned.values())
    ids = iter(await write.new_ids(total))
    await write.insert(
        button,
        [
            {
                "domain_id": domain_id,
                "id": next(ids),
                "phone_id": None,
                "layout_id": None,
                owner.name: owner_id,
                "module": one.module,
                "key": one.key,
                "kind": one.kind.value,
                "line": one.line,
                "value": one.value,
                "label": one.label,
            }
            for owner_id, (_, buttons) in owned.items()
            for one in buttons
        ],
    )
