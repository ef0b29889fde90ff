"""What can be done with an emergency endpoint? Listed, shown, added, changed, deleted, and made
the caller ID of users."""

import asyncio
from collections.abc import Iterable
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
from provisiond.actions.emergency_trees import endpoint_tree
from provisiond.inventory.access import Actor
from provisiond.inventory.address_rules import civic_level, endpoint_faults
from provisiond.inventory.emergency import (
    EmergencyAddress,
    EmergencyEndpoint,
    Status,
    Terms,
    status_of,
)
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.lists import EndpointQuery, Page
from provisiond.inventory.telephone import E164
from provisiond.inventory.uses import Use
from provisiond.store.database import Database, Read
from provisiond.store.emergency import all_addresses, find_addresses
from provisiond.store.emergency_endpoints import (
    all_endpoints,
    caller_id_counts,
    endpoint_uses,
    find_endpoints,
    insert_endpoints,
    list_endpoints,
    set_caller_ids,
    update_endpoints,
)
from provisiond.store.emergency_endpoints import delete_endpoint as delete_stored
from provisiond.store.number_checks import number_owners
from provisiond.store.numbers import find_numbers
from provisiond.store.sites import list_sites
from provisiond.store.sms import find_sms_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """An emergency endpoint as people look at it: its address, how that stands, and how many users
    have it as their emergency caller ID. `uses` names them; None in a list."""

    domain: str
    endpoint: EmergencyEndpoint
    address: EmergencyAddress
    status: Status
    users: int
    uses: tuple[Use, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEndpoint:
    """The command. Its address is one of the domain's emergency addresses that stands well."""

    domain: str
    endpoint: EmergencyEndpoint
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEndpoint:
    """The command: the record in place of the one with its number; `endpoint.revision` is the one
    that was seen."""

    domain: str
    endpoint: EmergencyEndpoint
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteEndpoint:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    number: E164
    revision: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCallerId:
    """The command: users send this endpoint's number to emergency services. `number` None takes
    it away, `extensions` None is every user of the domain."""

    domain: str
    number: E164 | None
    extensions: tuple[str, ...] | None = None
    dry_run: bool = False


async def list_domain_endpoints(
    db: Database, terms: Terms, domain: str, query: EndpointQuery, at: datetime
) -> Page[EndpointView]:
    """Emergency endpoints that match. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        page = await list_endpoints(read, domain_id, query)
        addresses = await find_addresses(read, domain_id, [one.address for one in page.rows])
        counts = await caller_id_counts(read, domain_id)

    def views() -> tuple[EndpointView, ...]:
        return tuple(
            [
                _view(record.name, one, addresses[one.address], terms, at, counts.get(one.number))
                for one in page.rows
            ]
        )

    rows = await asyncio.to_thread(views)
    return Page(rows=rows, after=page.after, total=page.total)


async def show_endpoint(
    db: Database, terms: Terms, domain: str, number: E164, at: datetime
) -> EndpointView:
    """One emergency endpoint. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        endpoint = await _stored(read, domain_id, domain, number)
        addresses = await find_addresses(read, domain_id, [endpoint.address])
        uses = await endpoint_uses(read, domain_id, number)
    address = addresses[endpoint.address]
    view = await asyncio.to_thread(_view, record.name, endpoint, address, terms, at, len(uses))
    return replace(view, uses=uses)


async def add_endpoint(
    db: Database, terms: Terms, actor: Actor, command: AddEndpoint, at: datetime
) -> Saved[EmergencyEndpoint]:
    """Add an emergency endpoint. Raises RejectedAll with every fault, and NotFound."""
    endpoint = replace(command.endpoint, revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        findings = await _findings(edit, endpoint, terms)
        findings += await _number_findings(edit, endpoint.number, is_new=True)
        warnings = accepted(findings, str(endpoint.number))
        await insert_endpoints(edit.write, edit.domain_id, [endpoint])
        await edit.note(
            "add emergency endpoint", endpoint.number.text, after=endpoint_tree(endpoint)
        )
    return Saved(domain=edit.domain.name, record=endpoint, warnings=warnings)


async def change_endpoint(
    db: Database, terms: Terms, actor: Actor, command: ChangeEndpoint, at: datetime
) -> Saved[EmergencyEndpoint]:
    """Change an emergency endpoint. Raises RejectedAll with every fault, NotFound, and Conflict
    where it was changed meanwhile."""
    endpoint = command.endpoint
    key = endpoint.number
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, endpoint.revision, f"emergency endpoint {key}")
        findings = await _findings(edit, endpoint, terms)
        findings += await _number_findings(edit, key, is_new=False)
        warnings = accepted(findings, str(key))
        changed = endpoint != stood
        if changed:
            await update_endpoints(edit.write, edit.domain_id, [endpoint])
            before, after = endpoint_tree(stood), endpoint_tree(endpoint)
            await edit.note("edit emergency endpoint", key.text, before=before, after=after)
            endpoint = replace(endpoint, revision=stood.revision + 1)
    return Saved(domain=edit.domain.name, record=endpoint, warnings=warnings, changed=changed)


async def delete_endpoint(
    db: Database, actor: Actor, command: DeleteEndpoint, at: datetime
) -> EmergencyEndpoint:
    """Delete an emergency endpoint; answers what it was. Raises NotFound, and Conflict naming the
    users whose emergency caller ID it is."""
    key = command.number
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"emergency endpoint {key}")
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
        await edit.note("delete emergency endpoint", key.text, before=endpoint_tree(stood))
    return stood


async def set_emergency_caller_id(
    db: Database, actor: Actor, command: SetCallerId, at: datetime
) -> int:
    """Give users an emergency caller ID; answers how many changed. Raises NotFound, Rejected where
    the endpoint is not there, and RejectedAll with every user that is not: then nobody changed."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        changed = await set_caller_ids(
            edit.write, edit.domain_id, command.extensions, command.number
        )
        if changed:
            chosen = command.extensions
            await edit.note(
                "set emergency caller ID",
                ", ".join(chosen[:20]) + (", …" if len(chosen) > 20 else "")
                if chosen is not None
                else "every user",
                after={
                    "emergency_caller_id": command.number.text if command.number else None,
                    "users": changed,
                },
            )
    return changed


def _view(
    domain: str,
    endpoint: EmergencyEndpoint,
    address: EmergencyAddress,
    terms: Terms,
    at: datetime,
    users: int | None,
) -> EndpointView:
    status = status_of(address, civic_level(address.civic), terms, at)
    return EndpointView(
        domain=domain, endpoint=endpoint, address=address, status=status, users=users or 0
    )


async def _stored(read: Read, domain_id: int, domain: str, number: E164) -> EmergencyEndpoint:
    found = await find_endpoints(read, domain_id, [number])
    if number not in found:
        raise NotFound(f"there is no emergency endpoint {number} in {domain}.")
    return found[number]


async def _findings(edit: Editing, endpoint: EmergencyEndpoint, terms: Terms) -> list[Finding]:
    """What cannot stand: an address that is not there or not good, a site with its endpoint."""
    found = list(endpoint_faults(endpoint))
    addresses = await all_addresses(edit.write, edit.domain_id)
    address = addresses.get(endpoint.address)
    if endpoint.address and address is None:
        names = ", ".join(list(addresses)[:6])
        remedy = f"There are {names}." if names else "Add the address first."
        message = f"there is no emergency address {endpoint.address!r}."
        found.append(Finding(where="address", message=message, remedy=remedy))
    if address is not None:
        level = await asyncio.to_thread(civic_level, address.civic)
        status = status_of(address, level, terms, edit.at)
        if not status.is_usable:
            message = f"{address.name} is no address to send help to: {status.words}."
            remedy = "Validate and accept it first."
            found.append(Finding(where="address", message=message, remedy=remedy))
    others = await all_endpoints(edit.write, edit.domain_id)
    found += await _site_findings(edit, endpoint, others.values())
    return found


async def _site_findings(
    edit: Editing, endpoint: EmergencyEndpoint, others: Iterable[EmergencyEndpoint]
) -> list[Finding]:
    found = []
    sites = [site.name for site in await list_sites(edit.write, edit.domain_id)]
    if endpoint.site is not None and endpoint.site not in sites:
        remedy = f"There are {', '.join(sites)}." if sites else "Add the site first."
        message = f"there is no site {endpoint.site!r}."
        found.append(Finding(where="site", message=message, remedy=remedy))
    for other in others:
        if other.number == endpoint.number:
            continue
        if endpoint.site is not None and other.site == endpoint.site:
            message = f"the site {endpoint.site} has the endpoint {other.number} already."
            remedy = "A site has one; take it from there first."
            found.append(Finding(where="site", message=message, remedy=remedy))
        elif other.address == endpoint.address and other.location == endpoint.location:
            message = f"{other.number} stands for the same location already."
            remedy = "One endpoint is enough for each location."
            found.append(
                Finding(where="address", message=message, remedy=remedy, severity="warning")
            )
    return found


async def _number_findings(edit: Editing, number: E164, *, is_new: bool) -> list[Finding]:
    """A callback number that is another domain's, or nobody's that we know."""
    found = []
    if is_new and number in await find_endpoints(edit.write, edit.domain_id, [number]):
        message = f"{number} is an emergency endpoint already."
        found.append(Finding(where="number", message=message, remedy="Edit that one."))
    owner = (await number_owners(edit.write, [number])).get(number, edit.domain.name)
    if owner != edit.domain.name:
        message = f"{number} cannot be used here."
        found.append(Finding(where="number", message=message, remedy="Ask your provider."))
    elif not await _is_called(edit, number):
        message = f"{number} is none of the domain's numbers; can it be called back?"
        remedy = "Add it to the phone numbers, or make sure that it rings somebody here."
        found.append(Finding(where="number", message=message, remedy=remedy, severity="warning"))
    return found


async def _is_called(edit: Editing, number: E164) -> bool:
    """Whether it is one of the domain's numbers, for calls or messages."""
    if number in await find_numbers(edit.write, edit.domain_id, [number]):
        return True
    return number in await find_sms_numbers(edit.write, edit.domain_id, [number])
