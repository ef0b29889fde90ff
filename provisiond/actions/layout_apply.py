"""What becomes of phones that are given a button layout? All of them, or none."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import Editing, editing
from provisiond.actions.import_check import phone_findings
from provisiond.actions.import_merge import arranged
from provisiond.actions.inventory_load import load_domain, load_server
from provisiond.actions.inventory_write import phone_tree
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Layout, Phone
from provisiond.store.database import Database
from provisiond.store.layouts import get_layout
from provisiond.store.phones import find_phones, update_phones


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyLayout:
    """The command: the phones have the layout from now on, of whatever model they are. Their own
    buttons stay over it, or go where `replace_own` says so."""

    domain: str
    name: str
    phones: tuple[Mac, ...]
    replace_own: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneWithLayout:
    """A phone that has it now; `warnings` tell each button that does not show there."""

    mac: Mac
    model: str
    changed: bool
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedLayout:
    """What came of it, by MAC."""

    domain: str
    name: str
    phones: tuple[PhoneWithLayout, ...]


async def apply_layout(
    db: Database, shelf: Shelf, actor: Actor, command: ApplyLayout, at: datetime
) -> AppliedLayout:
    """Do it; a dry run tells what does not fit. Raises NotFound for the layout or a phone: then
    nothing changed."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        layout = await _layout(edit, command.name)
        stood = await find_phones(edit.write, edit.domain_id, command.phones)
        missing = [str(mac) for mac in command.phones if mac not in stood]
        if missing:
            raise NotFound(f"there is no phone {', '.join(missing)} in {edit.domain.name}.")
        after = {mac: _with_layout(stood[mac], command) for mac in sorted(stood)}
        warnings = await _misfits(edit, shelf, layout, after)
        changed = [mac for mac, phone in after.items() if arranged(phone) != arranged(stood[mac])]
        if changed:
            records = [after[mac] for mac in changed]
            await update_phones(edit.write, edit.domain_id, records, author=actor.name, at=at)
        for mac in changed:
            before, tree = phone_tree(stood[mac]), phone_tree(after[mac])
            await edit.note("edit phone", str(mac), before=before, after=tree)
    phones = [
        PhoneWithLayout(mac=mac, model=one.model, changed=mac in changed, warnings=warnings[mac])
        for mac, one in after.items()
    ]
    return AppliedLayout(domain=edit.domain.name, name=layout.name, phones=tuple(phones))


async def _layout(edit: Editing, name: str) -> Layout:
    try:
        return await get_layout(edit.write, edit.domain_id, name)
    except NotFound:
        raise NotFound(f"there is no layout {name!r} in {edit.domain.name}.") from None


def _with_layout(phone: Phone, command: ApplyLayout) -> Phone:
    buttons = () if command.replace_own else phone.buttons
    return replace(phone, layout=command.name, buttons=buttons)


async def _misfits(
    edit: Editing, shelf: Shelf, layout: Layout, phones: Mapping[Mac, Phone]
) -> dict[Mac, tuple[Finding, ...]]:
    contents = await load_domain(edit.write, edit.domain.name, phones=False, numbers=False)
    server = (await load_server(edit.write)).settings

    def find(phone: Phone) -> Iterator[Finding]:
        yield from _covered(phone, layout)
        for finding in phone_findings(phone, contents, shelf, server=server, admin=True):
            if finding.where in ("layout", "model"):
                yield replace(finding, severity="warning")

    return await asyncio.to_thread(lambda: {mac: tuple(find(phones[mac])) for mac in phones})


def _covered(phone: Phone, layout: Layout) -> Iterator[Finding]:
    """Buttons of the layout that the phone's own stand over."""
    own = {(button.module, button.key) for button in phone.buttons}
    for button in layout.buttons:
        if (button.module, button.key) in own:
            where = f"key {button.key}" + (f" of sidecar {button.module}" if button.module else "")
            yield Finding(
                where="buttons",
                message=f"{where}: the phone's own button stays over that of the layout.",
                remedy="Take it away, or replace the phone's own buttons.",
                severity="warning",
            )
