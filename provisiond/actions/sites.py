"""What can be done with a site? Listed, shown, added, changed, deleted."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.dial_plan_checks import dial_plan_warnings
from provisiond.actions.edits import (
    Editing,
    Saved,
    accepted,
    check_seen,
    domain_record,
    domain_settings,
    editing,
)
from provisiond.actions.emergency_references import emergency_references
from provisiond.actions.inventory_load import load_domain, load_server
from provisiond.actions.inventory_write import site_tree
from provisiond.actions.setting_checks import checked_settings, masked_settings, unmasked_settings
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.domains import Site
from provisiond.inventory.emergency_numbers import left_out
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.faults import site_faults
from provisiond.store.database import Database, Read
from provisiond.store.sites import delete_site as delete_stored
from provisiond.store.sites import get_site, insert_sites, list_sites, update_site


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSite:
    """The command."""

    domain: str
    site: Site
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSite:
    """The command: the record in place of the one called `name`, which it may rename;
    `site.revision` is the one that was seen. A secret of its settings that is `***` stays."""

    domain: str
    name: str
    site: Site
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSite:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    name: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_sites(db: Database, domain: str) -> tuple[Site, ...]:
    """Every site by name, secrets of their settings masked. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return tuple([_masked(site) for site in await list_sites(read, domain_id)])


async def show_site(db: Database, domain: str, name: str) -> Site:
    """One site, secrets of its settings masked. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return _masked(await _stored(read, domain_id, domain, name))


async def add_site(
    db: Database, shelf: Shelf, actor: Actor, command: AddSite, at: datetime
) -> Saved[Site]:
    """Add a site. Raises RejectedAll with every fault, and NotFound."""
    site = replace(command.site, revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        site, findings = await asyncio.to_thread(_checked, site, shelf)
        findings += await _taken(edit.write, edit.domain_id, site.name)
        findings += await emergency_references(edit.write, edit.domain_id, site.emergency_address)
        findings += await _left_out(edit, actor, site, None)
        warnings = accepted(findings, site.name)
        if site.settings.emergency_numbers is not None:
            warnings += await _dial_plans(edit, site.name, site, shelf)
        await insert_sites(edit.write, edit.domain_id, [site])
        await edit.note("add site", site.name, after=site_tree(site, []))
    return Saved(domain=edit.domain.name, record=_masked(site), warnings=warnings)


async def change_site(
    db: Database, shelf: Shelf, actor: Actor, command: ChangeSite, at: datetime
) -> Saved[Site]:
    """Change a site; the phones there follow. Raises RejectedAll with every fault, NotFound, and
    Conflict where it was changed meanwhile."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.site.revision, f"site {key}")
        kept = unmasked_settings(command.site.settings, stood.settings)
        site, findings = await asyncio.to_thread(
            _checked, replace(command.site, settings=kept), shelf
        )
        if site.name != key:
            findings += await _taken(edit.write, edit.domain_id, site.name)
        findings += await emergency_references(edit.write, edit.domain_id, site.emergency_address)
        findings += await _left_out(edit, actor, site, stood)
        warnings = accepted(findings, key)
        if site.settings.emergency_numbers != stood.settings.emergency_numbers:
            warnings += await _dial_plans(edit, key, site, shelf)
        changed = site != stood
        if changed:
            await update_site(edit.write, edit.domain_id, key, site)
            before, after = site_tree(stood, []), site_tree(site, [])
            await edit.note("edit site", key, before=before, after=after)
            site = replace(site, revision=stood.revision + 1)
    return Saved(domain=edit.domain.name, record=_masked(site), warnings=warnings, changed=changed)


async def delete_site(db: Database, actor: Actor, command: DeleteSite, at: datetime) -> Site:
    """Delete a site with its overrides; answers what it was. Raises NotFound, and Conflict naming
    the phones or users there."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"site {key}")
        await edit.note("delete site", key, before=site_tree(stood, []))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return _masked(stood)


def _checked(site: Site, shelf: Shelf) -> tuple[Site, list[Finding]]:
    settings, findings = checked_settings(site.settings, shelf)
    site = replace(site, settings=settings)
    return site, [*site_faults(site), *findings]


async def _left_out(
    edit: Editing, actor: Actor, site: Site, stood: Site | None
) -> tuple[Finding, ...]:
    if actor.is_admin or site.settings.emergency_numbers is None:
        return ()
    below = await domain_settings(edit.write, edit.domain)
    return left_out(site.settings, stood.settings if stood is not None else None, below)


async def _dial_plans(edit: Editing, key: str, site: Site, shelf: Shelf) -> tuple[Finding, ...]:
    contents = await load_domain(edit.write, edit.domain.name, numbers=False)
    contents = replace(contents, sites={**contents.sites, key: site})
    server = await load_server(edit.write)
    return await asyncio.to_thread(dial_plan_warnings, contents, server, shelf)


def _masked(site: Site) -> Site:
    return replace(site, settings=masked_settings(site.settings))


async def _stored(read: Read, domain_id: int, domain: str, name: str) -> Site:
    try:
        return await get_site(read, domain_id, name)
    except NotFound:
        raise NotFound(f"there is no site {name!r} in {domain}.") from None


async def _taken(read: Read, domain_id: int, name: str) -> list[Finding]:
    try:
        await get_site(read, domain_id, name)
    except NotFound:
        return []
    message = f"there is a site {name!r} already."
    return [Finding(where="name", message=message, remedy="Choose another name.")]
