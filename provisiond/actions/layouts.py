"""What can be done with a button layout? Listed, shown, added, changed, deleted."""

import asyncio
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
from provisiond.actions.import_check import phone_findings
from provisiond.actions.inventory_load import load_domain, load_server
from provisiond.actions.inventory_write import layout_tree
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.buttons import Button
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.faults import layout_faults
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Layout
from provisiond.store.database import Database, Read
from provisiond.store.layouts import delete_layout as delete_stored
from provisiond.store.layouts import (
    get_layout,
    insert_layouts,
    layout_phones,
    list_layouts,
    update_layout,
)
from provisiond.store.phones import find_phones


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutView:
    """A layout as people look at it, and the phones that have it."""

    domain: str
    layout: Layout
    phones: tuple[Mac, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLayout:
    """The command."""

    domain: str
    layout: Layout
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLayout:
    """The command: the record in place of the one called `name`, which it may rename;
    `layout.revision` is the one that was seen."""

    domain: str
    name: str
    layout: Layout
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteLayout:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    name: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_layouts(db: Database, domain: str) -> tuple[Layout, ...]:
    """Every layout by name. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return await list_layouts(read, domain_id)


async def show_layout(db: Database, domain: str, name: str) -> LayoutView:
    """One layout. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        layout = await _stored(read, domain_id, domain, name)
        phones = await layout_phones(read, domain_id, name)
    return LayoutView(domain=record.name, layout=layout, phones=phones)


async def add_layout(db: Database, actor: Actor, command: AddLayout, at: datetime) -> Saved[Layout]:
    """Add a layout. Raises RejectedAll with every fault, and NotFound."""
    layout = replace(command.layout, buttons=_sorted(command.layout.buttons), revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        findings = list(layout_faults(layout))
        findings += await _taken(edit.write, edit.domain_id, layout.name)
        accepted(findings, layout.name)
        await insert_layouts(edit.write, edit.domain_id, [layout])
        await edit.note("add layout", layout.name, after=layout_tree(layout))
    return Saved(domain=edit.domain.name, record=layout)


async def change_layout(
    db: Database, shelf: Shelf, actor: Actor, command: ChangeLayout, at: datetime
) -> Saved[Layout]:
    """Change a layout; its phones follow, and what does not fit one of them is a warning. Raises
    RejectedAll with every fault, NotFound, and Conflict where it was changed meanwhile."""
    key = command.name
    layout = replace(command.layout, buttons=_sorted(command.layout.buttons))
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, layout.revision, f"layout {key}")
        findings = list(layout_faults(layout))
        if layout.name != key:
            findings += await _taken(edit.write, edit.domain_id, layout.name)
        accepted(findings, key)
        warnings: tuple[Finding, ...] = ()
        changed = layout != stood
        if changed:
            warnings = await _unfit(edit, shelf, key, layout)
            await update_layout(edit.write, edit.domain_id, key, layout)
            before, after = layout_tree(stood), layout_tree(layout)
            await edit.note("edit layout", key, before=before, after=after)
            layout = replace(layout, revision=stood.revision + 1)
    return Saved(domain=edit.domain.name, record=layout, warnings=warnings, changed=changed)


async def delete_layout(db: Database, actor: Actor, command: DeleteLayout, at: datetime) -> Layout:
    """Delete a layout; answers what it was. Raises NotFound, and Conflict naming its phones."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"layout {key}")
        await edit.note("delete layout", key, before=layout_tree(stood))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return stood


def _sorted(buttons: tuple[Button, ...]) -> tuple[Button, ...]:
    return tuple(sorted(buttons, key=lambda button: (button.module, button.key)))


async def _unfit(edit: Editing, shelf: Shelf, name: str, layout: Layout) -> tuple[Finding, ...]:
    """What of the layout does not fit the phones that have it."""
    macs = await layout_phones(edit.write, edit.domain_id, name)
    if not macs:
        return ()
    contents = await load_domain(edit.write, edit.domain.name, phones=False, numbers=False)
    contents = replace(contents, layouts={**contents.layouts, name: layout})
    server = (await load_server(edit.write)).settings
    phones = await find_phones(edit.write, edit.domain_id, macs)

    def find() -> tuple[Finding, ...]:
        return tuple(
            [
                replace(
                    finding,
                    where=f"phone {mac}",
                    message=f"{phone.model}: {finding.message}",
                    severity="warning",
                )
                for mac, phone in sorted(phones.items())
                for finding in phone_findings(phone, contents, shelf, server=server, admin=True)
                if finding.where == "layout"
            ]
        )

    return await asyncio.to_thread(find)


async def _stored(read: Read, domain_id: int, domain: str, name: str) -> Layout:
    try:
        return await get_layout(read, domain_id, name)
    except NotFound:
        raise NotFound(f"there is no layout {name!r} in {domain}.") from None


async def _taken(read: Read, domain_id: int, name: str) -> list[Finding]:
    try:
        await get_layout(read, domain_id, name)
    except NotFound:
        return []
    message = f"there is a layout {name!r} already."
    return [Finding(where="name", message=message, remedy="Choose another name.")]
