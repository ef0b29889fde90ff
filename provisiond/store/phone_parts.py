"""Where are a phone's lines, sidecars, buttons and own overrides kept? In rows of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.buttons import Button
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.store.buttons import insert_buttons, load_buttons
from provisiond.store.records import delete_ids, refuse
from provisiond.store.schema import (
    button,
    override_value,
    phone_line,
    phone_sidecar,
    user_account,
)
from provisiond.store.transaction import Read, Write, chunks


@dataclass(slots=True, kw_only=True)
class Parts:
    """What belongs to one phone."""

    lines: list[PhoneLine] = field(default_factory=list)
    sidecars: list[str] = field(default_factory=list)
    buttons: Sequence[Button] = ()
    overrides: list[tuple[str, str | None]] = field(default_factory=list)


async def load_parts(read: Read, domain_id: int, ids: Sequence[int]) -> dict[int, Parts]:
    """The parts of phones, each in its order."""
    parts = {phone_id: Parts() for phone_id in ids}
    for some in chunks(ids):
        for row in await read.rows(_lines(domain_id, some)):
            parts[row.phone_id].lines.append(
                PhoneLine(
                    line=row.line, extension=row.extension, label=row.label, shared=row.shared
                )
            )
        for row in await read.rows(
            _of_phones(phone_sidecar, domain_id, some).order_by(phone_sidecar.c.position)
        ):
            parts[row.phone_id].sidecars.append(row.model)
        for row in await read.rows(
            _of_phones(override_value, domain_id, some).order_by(override_value.c.key)
        ):
            parts[row.phone_id].overrides.append((row.key, row.value))
    for phone_id, buttons in (await load_buttons(read, domain_id, button.c.phone_id, ids)).items():
        parts[phone_id].buttons = buttons
    return parts


async def insert_parts(
    write: Write,
    domain_id: int,
    phones: Mapping[int, Phone],
    users: Mapping[str, int],
    *,
    author: str,
    at: int | None,
) -> None:
    """Add the parts of new phones. Raises Rejected for what stands there twice."""
    await insert_lines(write, domain_id, phones, users)
    await insert_sidecars(write, domain_id, phones)
    owned = {phone_id: (str(phone.mac), phone.buttons) for phone_id, phone in phones.items()}
    await insert_buttons(write, domain_id, button.c.phone_id, owned)
    added = {phone_id: dict(phone.overrides) for phone_id, phone in phones.items()}
    await insert_overrides(write, domain_id, added, author=author, at=at)


async def replace_parts(
    write: Write,
    domain_id: int,
    before: Mapping[int, Parts],
    phones: Mapping[int, Phone],
    users: Mapping[str, int],
    *,
    author: str,
    at: int | None,
) -> None:
    """Change the parts of phones to what the records say; rows that stay the same are kept."""
    lines = {i: p for i, p in phones.items() if list(p.lines) != before[i].lines}
    await delete_ids(write, phone_line.c.phone_id, domain_id, list(lines))
    await insert_lines(write, domain_id, lines, users)
    sidecars = {i: p for i, p in phones.items() if list(p.sidecars) != before[i].sidecars}
    await delete_ids(write, phone_sidecar.c.phone_id, domain_id, list(sidecars))
    await insert_sidecars(write, domain_id, sidecars)
    buttons = {
        i: (str(p.mac), p.buttons)
        for i, p in phones.items()
        if sorted(p.buttons, key=_place) != list(before[i].buttons)
    }
    await delete_ids(write, button.c.phone_id, domain_id, list(buttons))
    await insert_buttons(write, domain_id, button.c.phone_id, buttons)
    await _replace_overrides(write, domain_id, before, phones, author=author, at=at)


async def insert_lines(
    write: Write, domain_id: int, phones: Mapping[int, Phone], users: Mapping[str, int]
) -> None:
    """Add lines; `users` is extension → id. Raises Rejected where a line stands there twice."""
    twice = []
    for phone in phones.values():
        numbers = [line.line for line in phone.lines]
        twice += [
            (str(phone.mac), f"{phone.mac} has line {number} twice.")
            for number in sorted({n for n in numbers if numbers.count(n) > 1})
        ]
    refuse("lines", twice)
    ids = iter(await write.new_ids(sum(len(phone.lines) for phone in phones.values())))
    await write.insert(
        phone_line,
        [
            {
                "domain_id": domain_id,
                "id": next(ids),
                "phone_id": phone_id,
                "line": line.line,
                "user_id": users[line.extension],
                "label": line.label,
                "shared": line.shared,
            }
            for phone_id, phone in phones.items()
            for line in phone.lines
        ],
    )


async def insert_sidecars(write: Write, domain_id: int, phones: Mapping[int, Phone]) -> None:
    """Add sidecars, in the order in which they are plugged together."""
    ids = iter(await write.new_ids(sum(len(phone.sidecars) for phone in phones.values())))
    await write.insert(
        phone_sidecar,
        [
            {
                "domain_id": domain_id,
                "id": next(ids),
                "phone_id": phone_id,
                "position": position,
                "model": model,
            }
            for phone_id, phone in phones.items()
            for position, model in enumerate(phone.sidecars, 1)
        ],
    )


async def insert_overrides(
    write: Write,
    domain_id: int,
    added: Mapping[int, Mapping[str, str | None]],
    *,
    author: str,
    at: int | None,
) -> None:
    """Add overrides: phone id → key → value."""
    ids = iter(await write.new_ids(sum(map(len, added.values()))))
    await write.insert(
        override_value,
        [
            {
                "domain_id": domain_id,
                "id": next(ids),
                "phone_id": phone_id,
                "key": key,
                "value": value,
                "author": author,
                "at": at,
            }
            for phone_id, values in added.items()
            for key, value in values.items()
        ],
    )


async def _replace_overrides(
    write: Write,
    domain_id: int,
    before: Mapping[int, Parts],
    phones: Mapping[int, Phone],
    *,
    author: str,
    at: int | None,
) -> None:
    """Rows whose value stays keep their author and time."""
    gone: list[dict[str, Any]] = []
    added: dict[int, dict[str, str | None]] = {}
    for phone_id, phone in phones.items():
        stood, wanted = dict(before[phone_id].overrides), dict(phone.overrides)
        changed = [key for key in stood if key not in wanted or wanted[key] != stood[key]]
        gone += [{"of_phone": phone_id, "of_key": key} for key in changed]
        news = {key: value for key, value in wanted.items() if key not in stood or key in changed}
        if news:
            added[phone_id] = news
    if gone:
        await write.connection.execute(
            sa.delete(override_value)
            .where(override_value.c.domain_id == domain_id)
            .where(override_value.c.phone_id == sa.bindparam("of_phone"))
            .where(override_value.c.key == sa.bindparam("of_key")),
            gone,
        )
    await insert_overrides(write, domain_id, added, author=author, at=at)


def _place(one: Button) -> tuple[int, int]:
    return one.module, one.key


def _lines(domain_id: int, ids: Sequence[int]) -> sa.Select[Any]:
    return (
        sa.select(phone_line, user_account.c.extension)
        .join(
            user_account,
            (user_account.c.domain_id == phone_line.c.domain_id)
            & (user_account.c.id == phone_line.c.user_id),
        )
        .where(phone_line.c.domain_id == domain_id, phone_line.c.phone_id.in_(ids))
        .order_by(phone_line.c.phone_id, phone_line.c.line)
    )


def _of_phones(table: sa.Table, domain_id: int, ids: Sequence[int]) -> sa.Select[Any]:
    return sa.select(table).where(table.c.domain_id == domain_id, table.c.phone_id.in_(ids))
