"""What can be done with a phone? Listed, shown, added, changed, deleted, enrolled anew."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from provisiond.actions.bulk_edits import BulkNoun, ChangedMany, ChangeMany, Check, change_many
from provisiond.actions.changes import change_entry, differing
from provisiond.actions.edits import Editing, check_seen, transaction
from provisiond.actions.import_merge import arranged
from provisiond.actions.inventory_load import load_domain
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_write import phone_tree
from provisiond.actions.phone_checks import as_on_the_box, phone_checks
from provisiond.actions.phone_lines import named_lines
from provisiond.actions.went_out import went_out
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.admission import DEFAULT_HOURS, opened
from provisiond.inventory.errors import Finding, NotFound, RejectedAll, Stale
from provisiond.inventory.journal import Sighting
from provisiond.inventory.lists import Page, PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Enrolment, Phone, PhoneSummary
from provisiond.inventory.resyncs import Resync
from provisiond.inventory.secret import Secret, new_token
from provisiond.store.database import Database, Read, Write
from provisiond.store.domains import find_domain, get_domain
from provisiond.store.journal import add_change, get_sightings
from provisiond.store.mac_owners import mac_owners
from provisiond.store.phone_lists import query_phones
from provisiond.store.phones import delete_phone as delete_stored
from provisiond.store.phones import (
    find_phones,
    insert_phones,
    open_enrolment,
    phone_ids,
    renew_token,
    rotate_token,
    update_phone,
    update_phones,
)
from provisiond.store.resyncs import newest_resyncs
from provisiond.store.sites import list_sites
from provisiond.store.users import find_users


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneView:
    """A phone as people look at it: `users` are those of its lines, without passwords; `resync`
    is the newest."""

    domain: str
    phone: Phone
    users: Mapping[str, User]
    sighting: Sighting | None
    resync: Resync | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A phone that was added or changed, and what about it is not as it should be."""

    domain: str
    phone: Phone
    warnings: tuple[Finding, ...]
    changed: bool = True


async def check_site(db: Database, domain: str, site: str) -> None:
    """Raise NotFound, with those that there are, where the domain has no such site."""
    async with db.read() as read:
        sites = await list_sites(read, await _domain_id(read, domain))
    names = [one.name for one in sites]
    if site not in names:
        there = ", ".join(names) or "none"
        raise NotFound(f"there is no site {site!r} in {domain}; there are: {there}.")


async def list_domain_phones(db: Database, domain: str, query: PhoneQuery) -> Page[PhoneView]:
    """Phones of a domain that match, whole, each with when it was last seen. Raises NotFound."""
    async with db.read() as read:
        domain_id = await _domain_id(read, domain)
        page = await query_phones(read, domain_id, query)
        found = await find_phones(read, domain_id, [row.mac for row in page.rows])
        phones = tuple([found[row.mac] for row in page.rows])
        views = await _views(read, domain, domain_id, phones)
    return Page(rows=views, after=page.after, total=page.total)


async def search_phones(db: Database, domain: str, query: PhoneQuery) -> Page[PhoneSummary]:
    """Phones of a domain that match, as a list shows them. Raises NotFound."""
    async with db.read() as read:
        return await query_phones(read, await _domain_id(read, domain), query)


async def show_phone(db: Database, domain: str, mac: Mac) -> PhoneView:
    """One phone. Raises NotFound."""
    async with db.read() as read:
        domain_id = await _domain_id(read, domain)
        found = await find_phones(read, domain_id, [mac])
        if mac not in found:
            raise NotFound(f"there is no phone {mac} in {domain}.")
        return (await _views(read, domain, domain_id, (found[mac],)))[0]


async def add_phone(
    db: Database,
    shelf: Shelf,
    actor: Actor,
    domain: str,
    phone: Phone,
    at: datetime,
    *,
    enrolment_hours: int = DEFAULT_HOURS,
    dry_run: bool = False,
) -> Saved:
    """Add a phone and open its enrolment. A line's extension may be its user's name. Raises
    RejectedAll with every fault, NotFound."""
    enrolment = opened(at, enrolment_hours)
    phone = replace(phone, token=new_token(), enrolment=enrolment, revision=1)
    async with transaction(db, dry_run=dry_run) as write:
        contents = await _contents(write, domain)
        phone, warnings = await _checked(write, shelf, actor, contents, phone, None)
        domain_id = _id(contents)
        await insert_phones(write, domain_id, [phone], author=actor.name, at=at)
        after = phone_tree(phone)
        entry = change_entry(
            actor, "add phone", str(phone.mac), at, domain_id=domain_id, after=after
        )
        await add_change(write, entry)
    return Saved(domain=contents.domain.name, phone=phone, warnings=warnings)


async def change_phone(
    db: Database,
    shelf: Shelf,
    actor: Actor,
    domain: str,
    mac: Mac,
    phone: Phone,
    at: datetime,
    *,
    enrolment_hours: int = DEFAULT_HOURS,
    dry_run: bool = False,
) -> Saved:
    """Put the record in place of the phone that has `mac`, which it may change (a swapped device).

    `phone.revision` is the one that was seen. Token and enrolment stay as they are, unless the
    MAC changes: another device gets a token of its own and an open enrolment. Raises RejectedAll
    with every fault, NotFound, and Conflict where it was changed meanwhile. `changed` of the
    answer is False where the record says what stood already.
    """
    async with transaction(db, dry_run=dry_run) as write:
        contents = await _contents(write, domain)
        domain_id = _id(contents)
        stood = (await find_phones(write, domain_id, [mac])).get(mac)
        if stood is None:
            raise NotFound(f"there is no phone {mac} in {domain}.")
        if stood.revision != phone.revision:
            raise Stale(f"phone {mac} was changed meanwhile; look at it again.")
        phone = replace(phone, token=stood.token, enrolment=stood.enrolment)
        phone, warnings = await _checked(write, shelf, actor, contents, phone, stood)
        changed = arranged(phone) != arranged(stood)
        if changed:
            await update_phone(write, domain_id, mac, phone, author=actor.name, at=at)
            before, after = differing(phone_tree(stood), phone_tree(phone))
            entry = change_entry(
                actor, "edit phone", str(mac), at, domain_id=domain_id, before=before, after=after
            )
            await add_change(write, entry)
            phone = replace(phone, revision=stood.revision + 1)
        if phone.mac != mac:
            phone = await _start_anew(write, domain_id, phone, opened(at, enrolment_hours))
            out = await went_out(write, domain_id, contents.domain, stood)
            warnings = (*out, *warnings)
    return Saved(domain=contents.domain.name, phone=phone, warnings=warnings, changed=changed)


async def change_phones(
    db: Database,
    shelf: Shelf,
    actor: Actor,
    command: ChangeMany[Mac, Phone],
    at: datetime,
) -> ChangedMany:
    """Change many phones, which keep MAC, token and enrolment; raises as `change_many`."""

    async def ready(edit: Editing, phones: Sequence[Phone]) -> Check[Phone]:
        contents = await _contents(edit.write, edit.domain.name)
        checks = await phone_checks(edit.write, shelf, contents, phones, admin=actor.is_admin)
        return checks.checked

    async def find(edit: Editing, macs: Sequence[Mac]) -> Mapping[Mac, Phone]:
        found = await find_phones(edit.write, edit.domain_id, macs)
        return {mac: arranged(phone) for mac, phone in found.items()}

    noun = BulkNoun(
        name="phone",
        find=find,
        ready=ready,
        put=lambda edit, phones: update_phones(
            edit.write, edit.domain_id, phones, author=actor.name, at=at
        ),
        tree=phone_tree,
    )
    return await change_many(db, actor, noun, command, at)


async def _start_anew(write: Write, domain_id: int, phone: Phone, enrolment: Enrolment) -> Phone:
    """The old device's token names nobody any more, and the new one may come aboard."""
    await rotate_token(write, domain_id, phone.mac)
    ids = await phone_ids(write, domain_id, [phone.mac])
    await open_enrolment(write, domain_id, ids[phone.mac], enrolment)
    return (await find_phones(write, domain_id, [phone.mac]))[phone.mac]


async def delete_phone(
    db: Database, actor: Actor, domain: str, mac: Mac, at: datetime, *, revision: int | None = None
) -> Phone:
    """Delete a phone; answers what it was. `revision` is the one that was seen, None whatever
    stands. Raises NotFound and Conflict."""
    async with db.write() as write:
        domain_id = await _domain_id(write, domain)
        stood = (await find_phones(write, domain_id, [mac])).get(mac)
        if stood is None:
            raise NotFound(f"there is no phone {mac} in {domain}.")
        check_seen(stood.revision, revision, f"phone {mac}")
        before = phone_tree(stood)
        entry = change_entry(
            actor, "delete phone", str(mac), at, domain_id=domain_id, before=before
        )
        await add_change(write, entry)
        await delete_stored(write, domain_id, mac, revision=stood.revision)
    return stood


async def reopen_enrolment(
    db: Database,
    actor: Actor,
    domain: str,
    mac: Mac,
    at: datetime,
    *,
    hours: int = DEFAULT_HOURS,
    with_new_token: bool = False,
) -> Saved:
    """Open a phone's enrolment anew, as after a factory reset; a hold is forgotten.

    With a new token the old URL yields nothing from now on. A held one always gets a new token,
    and a warning that says which SIP passwords may be with somebody else. Raises NotFound.
    """
    async with db.write() as write:
        domain_id, record = await get_domain(write, domain.lower())
        stood = (await find_phones(write, domain_id, [mac])).get(mac)
        if stood is None:
            raise NotFound(f"there is no phone {mac} in {domain}.")
        held = stood.enrolment.held_reason is not None
        enrolment = opened(at, hours)
        ids = await phone_ids(write, domain_id, [mac])
        await open_enrolment(write, domain_id, ids[mac], enrolment)
        if with_new_token or held:
            await rotate_token(write, domain_id, mac)
        assert enrolment.open_until is not None
        entry = change_entry(
            actor,
            "open enrolment",
            str(mac),
            at,
            domain_id=domain_id,
            after={
                "open_until": enrolment.open_until.isoformat(),
                "new token": with_new_token or held,
            },
        )
        await add_change(write, entry)
        phone = (await find_phones(write, domain_id, [mac]))[mac]
        warnings = await went_out(write, domain_id, record, stood)
    return Saved(domain=domain.lower(), phone=phone, warnings=warnings)


async def renew_phone_token(
    db: Database, actor: Actor, domain: str, mac: Mac, at: datetime
) -> None:
    """Give a phone a fresh token, and with it a fresh password; what it has stays good until it
    asks with the new one, which its next file tells it. Raises NotFound."""
    async with db.write() as write:
        domain_id = await _domain_id(write, domain)
        await renew_token(write, domain_id, mac, at)
        entry = change_entry(actor, "renew token", str(mac), at, domain_id=domain_id)
        await add_change(write, entry)


async def _checked(
    write: Write,
    shelf: Shelf,
    actor: Actor,
    contents: DomainContents,
    phone: Phone,
    stood: Phone | None,
) -> tuple[Phone, tuple[Finding, ...]]:
    """The phone with its model as on the box and extensions for names, and its warnings. `stood`
    is what it takes the place of. Raises RejectedAll."""
    phone, domain_id = as_on_the_box(shelf, phone), _id(contents)
    phone, unread = await named_lines(write, domain_id, phone)
    checks = await phone_checks(write, shelf, contents, [phone], admin=actor.is_admin)
    told = await asyncio.to_thread(checks.findings, phone, stood)
    nobodys = {finding.where for finding in unread}
    findings = [*unread, *(finding for finding in told if finding.where not in nobodys)]
    is_new = stood is None or stood.mac != phone.mac
    owners = await mac_owners(write, [phone.mac]) if is_new else {}
    if phone.mac in owners:
        own = owners[phone.mac] == contents.domain.name
        if own or actor.is_admin:
            message = f"{phone.mac} is a phone of {owners[phone.mac]} already."
            findings.append(Finding(where="mac", message=message, remedy="Delete it there first."))
        else:
            message = f"{phone.mac} cannot be added here."
            findings.append(Finding(where="mac", message=message, remedy="Ask your provider."))
    if any(finding.severity == "error" for finding in findings):
        _reject(phone, findings)
    return phone, tuple(findings)


def _reject(phone: Phone, findings: list[Finding]) -> NoReturn:
    ordered = sorted(findings, key=lambda finding: finding.severity != "error")
    errors = sum(finding.severity == "error" for finding in findings)
    raise RejectedAll(tuple(ordered), f"{phone.mac}: {errors} fault(s); nothing was changed.")


async def _contents(read: Read, domain: str) -> DomainContents:
    contents = await load_domain(read, domain.lower(), phones=False, numbers=False)
    if contents.domain_id is None:
        raise NotFound(f"there is no domain {domain}.")
    return contents


def _id(contents: DomainContents) -> int:
    assert contents.domain_id is not None
    return contents.domain_id


async def _domain_id(read: Read, domain: str) -> int:
    found = await find_domain(read, domain.lower())
    if found is None:
        raise NotFound(f"there is no domain {domain}.")
    return found[0]


async def _views(
    read: Read, domain: str, domain_id: int, phones: tuple[Phone, ...]
) -> tuple[PhoneView, ...]:
    extensions = sorted({line.extension for phone in phones for line in phone.lines})
    users = {
        extension: replace(user, sip_password=Secret(""))
        for extension, user in (await find_users(read, domain_id, extensions)).items()
    }
    ids = await phone_ids(read, domain_id, [phone.mac for phone in phones])
    seen = await get_sightings(read, domain_id, list(ids.values()))
    told = await newest_resyncs(read, domain_id, list(ids.values()))
    return tuple(
        PhoneView(
            domain=domain.lower(),
            phone=phone,
            users={line.extension: users[line.extension] for line in phone.lines},
            sighting=seen.get(ids[phone.mac]),
            resync=told.get(ids[phone.mac]),
        )
        for phone in phones
    )
