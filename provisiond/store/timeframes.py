"""Where are a domain's time frames kept, and those of its users?"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound, Stale
from provisiond.inventory.lists import FrameQuery, Page
from provisiond.inventory.timeframes import FrameKind, TimeFrame
from provisiond.inventory.uses import Use
from provisiond.store.frame_parts_json import parts_from_json, parts_to_json
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.records import delete_ids, ids_by, refuse, update_rows
from provisiond.store.schema import user_account
from provisiond.store.schema_numbers import time_frame
from provisiond.store.transaction import AnyRow, Read, Write, chunks
from provisiond.store.uses import refuse_uses, uses_of_frame

FrameKey = tuple[str, str | None]
"""A frame's name, and the extension of the user whose it is; None is the domain's."""

_OWNER = sa.func.coalesce(user_account.c.extension, "")


def key_of(frame: TimeFrame) -> FrameKey:
    """The frame's natural key."""
    return frame.name, frame.owner


async def list_frames(read: Read, domain_id: int, query: FrameQuery) -> Page[TimeFrame]:
    """Those that match, by name and owner."""
    select = _select(domain_id)
    if query.text:
        select = select.where(matches(query.text, time_frame.c.name))
    if query.owner is not None:
        select = select.where(_OWNER.in_([query.owner]))
    rows, after = await read_page(
        read,
        select,
        (time_frame.c.name, _OWNER),
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    return Page(
        rows=tuple([_record(row) for row in rows]),
        after=after,
        total=await count_rows(read, select),
    )


async def find_frames(
    read: Read, domain_id: int, keys: Sequence[FrameKey]
) -> dict[FrameKey, TimeFrame]:
    """Those of the frames that exist."""
    found: dict[FrameKey, TimeFrame] = {}
    wanted = set(keys)
    for some in chunks(sorted({name for name, _ in keys})):
        for row in await read.rows(_select(domain_id).where(time_frame.c.name.in_(some))):
            record = _record(row)
            if key_of(record) in wanted:
                found[key_of(record)] = record
    return found


async def domain_frames(read: Read, domain_id: int) -> dict[str, TimeFrame]:
    """The domain's own frames by name: those that numbers have rules for."""
    select = _select(domain_id).where(time_frame.c.owner_id.is_(None))
    return {row.name: _record(row) for row in await read.rows(select.order_by(time_frame.c.name))}


async def frame_uses(read: Read, domain_id: int, key: FrameKey) -> tuple[Use, ...]:
    """Which numbers have a rule for the frame. Raises NotFound."""
    stood = await _stored(read, domain_id, [key])
    return await uses_of_frame(read, domain_id, stood[key].id)


async def insert_frames(write: Write, domain_id: int, records: Sequence[TimeFrame]) -> None:
    """Add frames. Raises Rejected where a name is taken or an owner is not there."""
    await _must_be_new(write, domain_id, [key_of(record) for record in records])
    owners = await _owners(write, domain_id, records)
    ids = await write.new_ids(len(records))
    await write.insert(
        time_frame,
        [
            {"domain_id": domain_id, "id": row_id, **_columns(record, owners)}
            for row_id, record in zip(ids, records, strict=True)
        ],
    )


async def update_frame(write: Write, domain_id: int, key: FrameKey, record: TimeFrame) -> None:
    """Replace the frame, whose name the record may change; the rules for it follow.

    `record.revision` is the one that was read. Raises NotFound, Conflict and Rejected.
    """
    if key_of(record) != key:
        await _must_be_new(write, domain_id, [key_of(record)])
    await _replace(write, domain_id, {key: record})


async def update_frames(write: Write, domain_id: int, records: Sequence[TimeFrame]) -> None:
    """Replace frames, each found by its name and owner; as `update_frame`."""
    await _replace(write, domain_id, {key_of(record): record for record in records})


async def delete_frame(write: Write, domain_id: int, key: FrameKey, *, revision: int) -> None:
    """Delete a frame no rule is for. Raises NotFound, and Conflict naming the numbers."""
    stood = await _seen_last(write, domain_id, {key: revision})
    uses = await uses_of_frame(write, domain_id, stood[key])
    refuse_uses(uses, f"the time frame {key[0]}")
    await delete_ids(write, time_frame.c.id, domain_id, [stood[key]])


async def _replace(write: Write, domain_id: int, records: Mapping[FrameKey, TimeFrame]) -> None:
    revisions = {key: record.revision for key, record in records.items()}
    ids = await _seen_last(write, domain_id, revisions)
    owners = await _owners(write, domain_id, list(records.values()))
    for (name, owner), record in records.items():
        if record.owner != owner:
            uses = await uses_of_frame(write, domain_id, ids[name, owner])
            refuse_uses(uses, f"the time frame {name}")
    rows = [{"id_": ids[key], **_columns(record, owners)} for key, record in records.items()]
    await update_rows(write, time_frame, domain_id, rows)


async def _stored(read: Read, domain_id: int, keys: Sequence[FrameKey]) -> dict[FrameKey, AnyRow]:
    found: dict[FrameKey, AnyRow] = {}
    for some in chunks(sorted({name for name, _ in keys})):
        for row in await read.rows(_select(domain_id).where(time_frame.c.name.in_(some))):
            found[row.name, row.owner] = row
    for key in keys:
        if key not in found:
            raise NotFound(f"there is no time frame {shown(key)}.")
    return found


async def _seen_last(
    write: Write, domain_id: int, revisions: Mapping[FrameKey, int]
) -> dict[FrameKey, int]:
    rows = await _stored(write, domain_id, list(revisions))
    for key, revision in revisions.items():
        if rows[key].revision != revision:
            raise Stale(
                f"time frame {shown(key)} was changed meanwhile (revision {rows[key].revision}, "
                f"yours is {revision}); load it again and repeat."
            )
    return {key: rows[key].id for key in revisions}


def shown(key: FrameKey) -> str:
    """A frame as messages name it."""
    name, owner = key
    return name if owner is None else f"{name} of user {owner}"


async def _must_be_new(write: Write, domain_id: int, keys: Sequence[FrameKey]) -> None:
    taken = await find_frames(write, domain_id, keys)
    faults = []
    seen: set[FrameKey] = set()
    for key in keys:
        if key in taken:
            faults.append((key[0], f"there is a time frame {shown(key)} already."))
        elif key in seen:
            faults.append((key[0], f"time frame {shown(key)} stands there twice."))
        seen.add(key)
    refuse("name", faults)


async def _owners(write: Write, domain_id: int, records: Sequence[TimeFrame]) -> dict[str, int]:
    wanted = [record.owner for record in records]
    owners = await ids_by(write, domain_id, user_account.c.extension, wanted)
    refuse(
        "owner",
        [
            (record.name, f"there is no user with the extension {record.owner}.")
            for record in records
            if record.owner is not None and record.owner not in owners
        ],
    )
    return owners


def _select(domain_id: int) -> sa.Select[Any]:
    return (
        sa.select(time_frame, user_account.c.extension.label("owner"))
        .outerjoin(
            user_account,
            (user_account.c.domain_id == time_frame.c.domain_id)
            & (user_account.c.id == time_frame.c.owner_id),
        )
        .where(time_frame.c.domain_id == domain_id)
    )


def _columns(record: TimeFrame, owners: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": record.name,
        "owner_id": owners[record.owner] if record.owner is not None else None,
        "kind": record.kind.value,
        "parts": parts_to_json(record.parts),
        "time_zone": record.time_zone,
    }


def _record(row: AnyRow) -> TimeFrame:
    return TimeFrame(
        name=row.name,
        kind=FrameKind(row.kind),
        parts=parts_from_json(row.parts),
        owner=row.owner,
        time_zone=row.time_zone,
        revision=row.revision,
    )
