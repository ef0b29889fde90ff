"""What can be done with a domain? Listed, shown with what it holds, added, changed, deleted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.changes import change_entry
from provisiond.actions.dial_plan_checks import dial_plan_warnings
from provisiond.actions.edits import (
    Saved,
    accepted,
    check_seen,
    domain_record,
    editing,
    transaction,
)
from provisiond.actions.inventory_load import load_domain, load_server
from provisiond.actions.inventory_text import Tree
from provisiond.actions.inventory_write import settings_tree
from provisiond.actions.setting_checks import checked_settings, masked_settings, unmasked_settings
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import MASK, domain_faults, settings_faults
from provisiond.inventory.secret import new_password
from provisiond.store.database import Database, Read
from provisiond.store.domains import (
    count_below,
    find_domain,
    insert_domain,
    list_domains,
    update_domain,
)
from provisiond.store.domains import delete_domain as delete_stored
from provisiond.store.journal import add_change

_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainView:
    """A domain as people look at it, secrets masked, and how many of each noun it holds."""

    domain: Domain
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDomain:
    """The command. A password for the phones' own menus is made where none is given."""

    domain: Domain
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDomain:
    """The command: the record in place of the one called `name`, which it may rename;
    `domain.revision` is the one that was seen. A secret of its settings that is `***` stays."""

    name: str
    domain: Domain
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDomain:
    """The command: the domain with everything below it. `revision` None deletes what stands."""

    name: str
    revision: int | None = None
    dry_run: bool = False


async def list_all_domains(db: Database) -> tuple[DomainView, ...]:
    """Every domain by name; for those who see all of the server."""
    async with db.read() as read:
        counts = await count_below(read)
        found: list[DomainView] = []
        last = ""
        while page := await list_domains(read, after=last, limit=_PAGE):
            found += [
                DomainView(domain=_masked(domain), counts=counts.get(domain_id, {}))
                for domain_id, domain in page
            ]
            last = page[-1][1].name
        return tuple(found)


async def show_domain(db: Database, name: str) -> DomainView:
    """One domain. Raises NotFound."""
    async with db.read() as read:
        domain_id, domain = await domain_record(read, name)
        return await _view(read, domain_id, domain)


async def add_domain(
    db: Database, shelf: Shelf, actor: Actor, command: AddDomain, at: datetime
) -> Saved[Domain]:
    """Add a domain. Raises RejectedAll with every fault."""
    domain = replace(command.domain, name=command.domain.name.lower(), revision=1)
    password = domain.settings.phone_admin_password
    if password is None or password.reveal() in ("", MASK):
        settings = replace(domain.settings, phone_admin_password=new_password())
        domain = replace(domain, settings=settings)
    async with transaction(db, dry_run=command.dry_run) as write:
        domain, findings = await asyncio.to_thread(_checked, domain, shelf)
        findings += await _taken(write, domain.name)
        if domain.settings.sip_server is None:
            findings.append(_no_server(domain.name))
        warnings = accepted(findings, domain.name)
        domain_id = await insert_domain(write, domain)
        entry = change_entry(
            actor, "add domain", domain.name, at, domain_id=domain_id, after=record_tree(domain)
        )
        await add_change(write, entry)
    return Saved(domain=domain.name, record=_masked(domain), warnings=warnings)


async def change_domain(
    db: Database, shelf: Shelf, actor: Actor, command: ChangeDomain, at: datetime
) -> Saved[Domain]:
    """Change a domain's name or settings; its phones follow. Raises RejectedAll with every fault,
    NotFound, and Conflict where it was changed meanwhile."""
    key = command.name.lower()
    async with editing(db, actor, key, at, dry_run=command.dry_run) as edit:
        stood = edit.domain
        check_seen(stood.revision, command.domain.revision, f"domain {key}")
        kept = unmasked_settings(command.domain.settings, stood.settings)
        name = command.domain.name.lower()
        domain, findings = await asyncio.to_thread(
            _checked, replace(command.domain, name=name, settings=kept), shelf
        )
        if name != key:
            findings += await _taken(edit.write, name)
        warnings = accepted(findings, key)
        if domain.settings.emergency_numbers != stood.settings.emergency_numbers:
            warnings += await _dial_plans(edit.write, key, domain, shelf)
        changed = domain != stood
        if changed:
            revision = await update_domain(edit.write, edit.domain_id, domain)
            await edit.note(
                "edit domain", key, before=record_tree(stood), after=record_tree(domain)
            )
            domain = replace(domain, revision=revision)
    return Saved(domain=name, record=_masked(domain), warnings=warnings, changed=changed)


async def delete_domain(
    db: Database, actor: Actor, command: DeleteDomain, at: datetime
) -> DomainView:
    """Delete a domain with everything below it; answers what it held. Raises NotFound and
    Conflict."""
    async with editing(db, actor, command.name, at, dry_run=command.dry_run) as edit:
        check_seen(edit.domain.revision, command.revision, f"domain {command.name}")
        view = await _view(edit.write, edit.domain_id, edit.domain)
        await delete_stored(edit.write, edit.domain_id)
        held: dict[str, Tree] = {noun: count for noun, count in view.counts.items() if count}
        await edit.note(
            "delete domain", edit.domain.name, before={**record_tree(edit.domain), **held}
        )
    return view


def _checked(domain: Domain, shelf: Shelf) -> tuple[Domain, list[Finding]]:
    settings, findings = checked_settings(domain.settings, shelf)
    own = [replace(f, where=f"settings.{f.where}") for f in settings_faults(settings)]
    return replace(domain, settings=settings), [*domain_faults(domain.name), *own, *findings]


async def _dial_plans(read: Read, key: str, domain: Domain, shelf: Shelf) -> tuple[Finding, ...]:
    contents = replace(await load_domain(read, key, numbers=False), domain=domain)
    server = await load_server(read)
    return await asyncio.to_thread(dial_plan_warnings, contents, server, shelf)


def _no_server(name: str) -> Finding:
    return Finding(
        where="settings.sip_server",
        message=f"no sip_server is set; phones of {name} would not know where to register.",
        remedy="Set it.",
        severity="warning",
    )


def _masked(domain: Domain) -> Domain:
    return replace(domain, settings=masked_settings(domain.settings))


def record_tree(domain: Domain, *, with_secrets: bool = False) -> dict[str, Tree]:
    """A domain's own record, without what is below it, as the journal keeps it."""
    return {"name": domain.name, **settings_tree(domain.settings, with_secrets=with_secrets)}


async def _view(read: Read, domain_id: int, domain: Domain) -> DomainView:
    counts = (await count_below(read, domain_id)).get(domain_id, {})
    return DomainView(domain=_masked(domain), counts=counts)


async def _taken(read: Read, name: str) -> list[Finding]:
    if await find_domain(read, name) is None:
        return []
    message = f"there is a domain {name} already."
    return [Finding(where="domain", message=message, remedy="Choose another name.")]
