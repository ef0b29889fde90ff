"""Where are a domain's directories kept?"""

from collections.abc import Sequence

import sqlalchemy as sa

from provisiond.inventory.directory import COMPANY, Directory, DirectoryEntry
from provisiond.inventory.errors import Conflict, NotFound
from provisiond.store.records import (
    delete_ids,
    must_be_new,
    refuse_if_used,
    seen_last,
    update_rows,
)
from provisiond.store.schema import directory, directory_entry, phone
from provisiond.store.transaction import Read, Write, chunks


async def list_directories(
    read: Read, domain_id: int, *, after: str = "", limit: int = 1000
) -> tuple[Directory, ...]:
    """Directories with their own entries, by name; `company` is always among them."""
    rows = await read.rows(
        sa.select(directory.c.id, directory.c.name, directory.c.revision)
        .where(directory.c.domain_id == domain_id, directory.c.name > after)
        .order_by(directory.c.name)
        .limit(limit)
    )
    entries = await _entries(read, domain_id, [row.id for row in rows])
    return tuple(
        [
            Directory(name=row.name, entries=tuple(entries[row.id]), revision=row.revision)
            for row in rows
        ]
    )


async def get_directory(read: Read, domain_id: int, name: str) -> Directory:
    """One directory with its own entries, in their order. Raises NotFound."""
    row = await read.first(
        sa.select(directory.c.id, directory.c.revision).where(
            directory.c.domain_id == domain_id, directory.c.name == name
        )
    )
    if row is None:
        raise NotFound(f"there is no directory {name}.")
    entries = await _entries(read, domain_id, [row.id])
    return Directory(name=name, entries=tuple(entries[row.id]), revision=row.revision)


async def insert_directories(write: Write, domain_id: int, records: Sequence[Directory]) -> None:
    """Add directories. Raises Rejected(name); `company` is there since the domain is."""
    names = [record.name for record in records]
    await must_be_new(write, domain_id, directory.c.name, names, "directory")
    ids = await write.new_ids(len(records))
    await write.insert(
        directory,
        [
            {"domain_id": domain_id, "id": directory_id, "name": record.name}
            for directory_id, record in zip(ids, records, strict=True)
        ],
    )
    for directory_id, record in zip(ids, records, strict=True):
        await _insert_entries(write, domain_id, directory_id, record.entries)
    write.touch_domain(domain_id)


async def update_directory(write: Write, domain_id: int, name: str, record: Directory) -> None:
    """Replace a directory and its entries; `record.revision` is the one that was read.

    Raises NotFound, Conflict (also where `company` would get another name) and Rejected(name).
    """
    ids = await seen_last(write, domain_id, directory.c.name, {name: record.revision}, "directory")
    if record.name != name:
        if name == COMPANY:
            raise Conflict(f"the directory {COMPANY} keeps its name.")
        await must_be_new(write, domain_id, directory.c.name, [record.name], "directory")
    await update_rows(write, directory, domain_id, [{"id_": ids[name], "name": record.name}])
    await delete_ids(write, directory_entry.c.directory_id, domain_id, [ids[name]])
    await _insert_entries(write, domain_id, ids[name], record.entries)
    write.touch_domain(domain_id)


async def delete_directory(write: Write, domain_id: int, name: str, *, revision: int) -> None:
    """Delete a directory no phone shows. Raises NotFound, and Conflict naming the phones."""
    ids = await seen_last(write, domain_id, directory.c.name, {name: revision}, "directory")
    if name == COMPANY:
        raise Conflict(f"the directory {COMPANY} is the domain's own; empty it instead.")
    await refuse_if_used(
        write, domain_id, phone.c.mac, phone.c.directory_id == ids[name], f"directory {name}"
    )
    await delete_ids(write, directory.c.id, domain_id, [ids[name]])
    write.touch_domain(domain_id)


async def _entries(
    read: Read, domain_id: int, ids: Sequence[int]
) -> dict[int, list[DirectoryEntry]]:
    entries: dict[int, list[DirectoryEntry]] = {directory_id: [] for directory_id in ids}
    for some in chunks(ids):
        rows = await read.rows(
            sa.select(directory_entry)
            .where(directory_entry.c.domain_id == domain_id)
            .where(directory_entry.c.directory_id.in_(some))
            .order_by(directory_entry.c.directory_id, directory_entry.c.position)
        )
        for row in rows:
            entry = DirectoryEntry(name=row.name, number=row.number)
            entries[row.directory_id].append(entry)
    return entries


async def _insert_entries(
    write: Write, domain_id: int, directory_id: int, entries: Sequence[DirectoryEntry]
) -> None:
    ids = await write.new_ids(len(entries))
    await write.insert(
        directory_entry,
        [
            {
                "domain_id": domain_id,
                "id": entry_id,
                "directory_id": directory_id,
                "position": position,
                "name": entry.name,
                "number": entry.number,
            }
            for position, (entry_id, entry) in enumerate(zip(ids, entries, strict=True))
        ],
    )
