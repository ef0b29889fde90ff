"""What can be done with a directory? Listed, shown, added, changed, deleted."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import Saved, accepted, check_seen, domain_record, editing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.directory import COMPANY, Directory, DirectoryEntry
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.faults import directory_faults
from provisiond.store.database import Database, Read
from provisiond.store.directories import delete_directory as delete_stored
from provisiond.store.directories import (
    get_directory,
    insert_directories,
    list_directories,
    update_directory,
)

_NAMED = 200  # entries that the journal's entry names


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDirectory:
    """The command."""

    domain: str
    directory: Directory
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDirectory:
    """The command: the record in place of the one called `name`, which it may rename;
    `directory.revision` is the one that was seen."""

    domain: str
    name: str
    directory: Directory
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDirectory:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    name: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_directories(db: Database, domain: str) -> tuple[Directory, ...]:
    """Every directory with its own entries, by name; `company` is among them. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return await list_directories(read, domain_id)


async def show_directory(db: Database, domain: str, name: str) -> Directory:
    """One directory. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return await _stored(read, domain_id, domain, name)


async def add_directory(
    db: Database, actor: Actor, command: AddDirectory, at: datetime
) -> Saved[Directory]:
    """Add a directory. Raises RejectedAll with every fault, and NotFound."""
    record = replace(command.directory, revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        findings = list(directory_faults(record))
        findings += await _taken(edit.write, edit.domain_id, record.name)
        accepted(findings, record.name)
        await insert_directories(edit.write, edit.domain_id, [record])
        after = entries_told(record.entries)
        await edit.note("add directory", record.name, after={"entries": after})
    return Saved(domain=edit.domain.name, record=record)


async def change_directory(
    db: Database, actor: Actor, command: ChangeDirectory, at: datetime
) -> Saved[Directory]:
    """Change a directory. Raises RejectedAll with every fault, NotFound, and Conflict where it was
    changed meanwhile or `company` would get another name."""
    key, record = command.name, command.directory
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, record.revision, f"directory {key}")
        findings = list(directory_faults(record))
        if record.name != key and key != COMPANY:
            findings += await _taken(edit.write, edit.domain_id, record.name)
        accepted(findings, key)
        changed = record != stood
        if changed:
            await update_directory(edit.write, edit.domain_id, key, record)
            before, after = directory_trees(stood, record)
            await edit.note("edit directory", key, before=before, after=after)
            record = replace(record, revision=stood.revision + 1)
    return Saved(domain=edit.domain.name, record=record, changed=changed)


async def delete_directory(
    db: Database, actor: Actor, command: DeleteDirectory, at: datetime
) -> Directory:
    """Delete a directory; answers what it was. Raises NotFound, and Conflict naming the phones
    that show it, or for `company`."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"directory {key}")
        before = entries_told(stood.entries)
        await edit.note("delete directory", key, before={"entries": before})
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return stood


def directory_trees(stood: Directory, record: Directory) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """What the journal keeps: the entries that went and came, and whether only their order did."""
    old, new = Counter(stood.entries), Counter(record.entries)
    before: dict[str, Tree] = {"name": stood.name}
    after: dict[str, Tree] = {"name": record.name}
    if old != new:
        before["entries"] = entries_told(tuple((old - new).elements()))
        after["entries"] = entries_told(tuple((new - old).elements()))
    elif stood.entries != record.entries:
        after["entries"] = "in another order"
    return before, after


def entries_told(entries: tuple[DirectoryEntry, ...]) -> list[Tree]:
    """What the journal keeps of entries: the first of them, and how many more there are."""
    told: list[Tree] = [f"{entry.name}: {entry.number}" for entry in entries[:_NAMED]]
    return told if len(entries) <= _NAMED else [*told, f"and {len(entries) - _NAMED} more"]


async def _stored(read: Read, domain_id: int, domain: str, name: str) -> Directory:
    try:
        return await get_directory(read, domain_id, name)
    except NotFound:
        raise NotFound(f"there is no directory {name!r} in {domain}.") from None


async def _taken(read: Read, domain_id: int, name: str) -> list[Finding]:
    try:
        await get_directory(read, domain_id, name)
    except NotFound:
        return []
    message = f"there is a directory {name!r} already."
    return [Finding(where="name", message=message, remedy="Choose another name.")]
