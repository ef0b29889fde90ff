"""What can be done with a call destination? Listed, shown with what leads there, added, changed,
deleted."""

from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import (
    Editing,
    Saved,
    accepted,
    check_seen,
    domain_record,
    editing,
)
from provisiond.actions.number_trees import destination_tree
from provisiond.inventory.access import Actor
from provisiond.inventory.destinations import Destination
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.lists import DestinationQuery, Page
from provisiond.inventory.number_faults import destination_faults
from provisiond.inventory.uses import Use, told
from provisiond.store.database import Database, Read
from provisiond.store.destinations import (
    delete_destination as delete_stored,
)
from provisiond.store.destinations import (
    destination_uses,
    find_destinations,
    insert_destinations,
    list_destinations,
    update_destination,
)
from provisiond.store.users import find_users


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationView:
    """A destination as people look at it; `uses` are the numbers that lead there."""

    domain: str
    destination: Destination
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDestination:
    """The command."""

    domain: str
    destination: Destination
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDestination:
    """The command: the record in place of the one that has `extension`, which it may change;
    `destination.revision` is the one that was seen."""

    domain: str
    extension: str
    destination: Destination
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDestination:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    extension: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_destinations(
    db: Database, domain: str, query: DestinationQuery
) -> Page[Destination]:
    """Destinations that match. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return await list_destinations(read, domain_id, query)


async def show_destination(db: Database, domain: str, extension: str) -> DestinationView:
    """One destination, and what leads there. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        found = await _stored(read, domain_id, domain, extension)
        uses = await destination_uses(read, domain_id, extension)
    return DestinationView(domain=record.name, destination=found, uses=uses)


async def add_destination(
    db: Database, actor: Actor, command: AddDestination, at: datetime
) -> Saved[Destination]:
    """Add a destination. Raises RejectedAll with every fault, and NotFound."""
    record = replace(command.destination, revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        findings = [*destination_faults(record), *await _taken(edit, record.extension)]
        accepted(findings, record.extension)
        await insert_destinations(edit.write, edit.domain_id, [record])
        await edit.note("add destination", record.extension, after=destination_tree(record))
    return Saved(domain=edit.domain.name, record=record)


async def change_destination(
    db: Database, actor: Actor, command: ChangeDestination, at: datetime
) -> Saved[Destination]:
    """Change a destination; numbers follow its extension. One that is disabled while numbers lead
    there is a warning. Raises RejectedAll, NotFound, and Conflict where it was changed meanwhile,
    or where the kind of one in use would change."""
    key, record = command.extension, command.destination
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, record.revision, f"destination {key}")
        findings = list(destination_faults(record))
        if record.extension != key:
            findings += await _taken(edit, record.extension)
        uses = await destination_uses(edit.write, edit.domain_id, key)
        if uses and not record.enabled:
            message = f"it is disabled, and calls are sent there by {told(uses)}."
            findings.append(Finding(where="enabled", message=message, severity="warning"))
        warnings = accepted(findings, key)
        changed = record != stood
        if changed:
            await update_destination(edit.write, edit.domain_id, key, record)
            before, after = destination_tree(stood), destination_tree(record)
            await edit.note("edit destination", key, before=before, after=after)
            record = replace(record, revision=stood.revision + 1)
    return Saved(domain=edit.domain.name, record=record, warnings=warnings, changed=changed)


async def delete_destination(
    db: Database, actor: Actor, command: DeleteDestination, at: datetime
) -> Destination:
    """Delete a destination; answers what it was. Raises NotFound, and Conflict naming the numbers
    that lead there."""
    key = command.extension
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"destination {key}")
        await edit.note("delete destination", key, before=destination_tree(stood))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return stood


async def _stored(read: Read, domain_id: int, domain: str, extension: str) -> Destination:
    found = await find_destinations(read, domain_id, [extension])
    if extension not in found:
        raise NotFound(f"there is no call destination {extension} in {domain}.")
    return found[extension]


async def _taken(edit: Editing, extension: str) -> list[Finding]:
    """Why an extension cannot be given away again."""
    user = (await find_users(edit.write, edit.domain_id, [extension])).get(extension)
    other = (await find_destinations(edit.write, edit.domain_id, [extension])).get(extension)
    if user is not None:
        message = f"{extension} is the extension of the user {user.display_name}."
    elif other is not None:
        kind = other.kind.value.replace("_", " ")
        message = f"{extension} is the extension of the {kind} {other.name}".rstrip() + "."
    else:
        return []
    return [Finding(where="extension", message=message, remedy="Choose another.")]
