"""What can be done with an emergency address? Listed, shown with who has it, added, changed,
validated again, deleted."""

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
from provisiond.actions.emergency_checks import AddressDesk, proof_of
from provisiond.actions.emergency_trees import address_tree
from provisiond.inventory.access import Actor
from provisiond.inventory.address_rules import address_faults, civic_level, tidied
from provisiond.inventory.emergency import (
    EmergencyAddress,
    Status,
    Terms,
    status_of,
    with_civic,
)
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.lists import AddressQuery, Page
from provisiond.inventory.uses import Use
from provisiond.store.database import Database, Read
from provisiond.store.emergency import (
    address_uses,
    all_addresses,
    default_address,
    find_addresses,
    insert_addresses,
    list_addresses,
    update_address,
)
from provisiond.store.emergency import delete_address as delete_stored
from provisiond.store.emergency_uses import Associated, associated


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressView:
    """An emergency address as people look at it: how it stands, and who has it. `uses` are those
    who name it themselves; `None` in a list, where only the counts are told."""

    domain: str
    address: EmergencyAddress
    status: Status
    associated: Associated
    uses: tuple[Use, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAddress:
    """The command. Its civic fields must have been validated and accepted as they stand; a proof
    that the record brings itself counts for nothing."""

    domain: str
    address: EmergencyAddress
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeAddress:
    """The command: the record in place of the one called `name`, which it may rename;
    `address.revision` is the one that was seen. Other civic fields, or a place that nobody
    accepted yet, need a validation that was accepted; what is no part of the place is edited
    whatever the status."""

    domain: str
    name: str
    address: EmergencyAddress
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAddress:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    name: str
    revision: int | None = None
    dry_run: bool = False


async def list_domain_addresses(
    db: Database, terms: Terms, domain: str, query: AddressQuery, at: datetime
) -> Page[AddressView]:
    """Emergency addresses that match, each with its status at `at`. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        page = await list_addresses(read, domain_id, query)
        counts = await associated(read, domain_id)
    levels = await asyncio.to_thread(lambda: [civic_level(one.civic) for one in page.rows])
    views = [
        AddressView(
            domain=record.name,
            address=address,
            status=status_of(address, level, terms, at),
            associated=counts.get(address.name, Associated()),
        )
        for address, level in zip(page.rows, levels, strict=True)
    ]
    return Page(rows=tuple(views), after=page.after, total=page.total)


async def show_address(
    db: Database, terms: Terms, domain: str, name: str, at: datetime
) -> AddressView:
    """One emergency address. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        address = await _stored(read, domain_id, domain, name)
        counts = await associated(read, domain_id)
        uses = await address_uses(read, domain_id, name)
    level = await asyncio.to_thread(civic_level, address.civic)
    return AddressView(
        domain=record.name,
        address=address,
        status=status_of(address, level, terms, at),
        associated=counts.get(name, Associated()),
        uses=uses,
    )


async def add_address(
    db: Database, desk: AddressDesk, actor: Actor, command: AddAddress, at: datetime
) -> Saved[EmergencyAddress]:
    """Add an emergency address. Raises RejectedAll with every fault, NotFound, and Refused where
    its civic fields were not validated and accepted."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        address = await _neat(replace(command.address, proof=None, revision=1))
        findings = await _findings(address)
        findings += await _taken(edit, address.name)
        warnings = accepted([*findings, *await _floors(edit, address)], address.name)
        address = replace(address, proof=await proof_of(edit, desk, address.civic))
        if address.is_default:
            await give_default_away(edit, address.name)
        await insert_addresses(edit.write, edit.domain_id, [address])
        await edit.note("add emergency address", address.name, after=address_tree(address))
    return Saved(domain=edit.domain.name, record=address, warnings=warnings)


async def change_address(
    db: Database, desk: AddressDesk, actor: Actor, command: ChangeAddress, at: datetime
) -> Saved[EmergencyAddress]:
    """Change an emergency address; those who have it follow its name. Raises RejectedAll with every
    fault, NotFound, Conflict where it was changed meanwhile, and Refused where other civic fields
    were not validated and accepted."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.address.revision, f"emergency address {key}")
        wanted = await _neat(command.address)
        address = replace(with_civic(stood, wanted.civic), name=wanted.name)
        address = replace(
            address,
            caller_name=wanted.caller_name,
            multi_floor=wanted.multi_floor,
            is_default=wanted.is_default,
        )
        findings = await _findings(address)
        if address.name != key:
            findings += await _taken(edit, address.name)
        warnings = accepted([*findings, *await _floors(edit, address)], key)
        if address.proof is None:
            address = replace(address, proof=await proof_of(edit, desk, address.civic))
        changed = address != stood
        if changed:
            address = await put_address(edit, key, stood, address)
    return Saved(domain=edit.domain.name, record=address, warnings=warnings, changed=changed)


async def renew_address(
    db: Database, desk: AddressDesk, actor: Actor, domain: str, name: str, at: datetime
) -> Saved[EmergencyAddress]:
    """Take over the newest accepted validation of a stored address, as at a re-check. Raises
    NotFound, and Refused where nobody accepted one, or it does not count any more."""
    async with editing(db, actor, domain, at) as edit:
        stood = await _stored(edit.write, edit.domain_id, domain, name)
        address = replace(stood, proof=await proof_of(edit, desk, stood.civic))
        changed = address != stood
        if changed:
            action = "validate emergency address again"
            address = await put_address(edit, name, stood, address, action)
    return Saved(domain=edit.domain.name, record=address, changed=changed)


async def delete_address(
    db: Database, actor: Actor, command: DeleteAddress, at: datetime
) -> EmergencyAddress:
    """Delete an emergency address; answers what it was. Raises NotFound, and Conflict naming the
    users, phones, sites and endpoints that have it."""
    key = command.name
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"emergency address {key}")
        await edit.note("delete emergency address", key, before=address_tree(stood))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return stood


def stands_on_one_floor(address: EmergencyAddress) -> bool:
    """Whether help would know on which floor to look."""
    civic = address.civic
    return bool(civic.floor or civic.room or civic.unit or civic.location)


async def put_address(
    edit: Editing,
    key: str,
    stood: EmergencyAddress,
    address: EmergencyAddress,
    action: str = "edit emergency address",
) -> EmergencyAddress:
    """Write and journal a change of the address called `key`; one that becomes the domain's default
    takes that from the other."""
    if address.is_default and not stood.is_default:
        await give_default_away(edit, key)
    await update_address(edit.write, edit.domain_id, key, address)
    await edit.note(action, key, before=address_tree(stood), after=address_tree(address))
    return replace(address, revision=stood.revision + 1)


async def give_default_away(edit: Editing, taker: str) -> None:
    """The domain's default is another address from now on: a change of the one that stood, with an
    entry of its own before the taker's."""
    stood = await default_address(edit.write, edit.domain_id)
    if stood is not None and stood.name != taker:
        await put_address(edit, stood.name, stood, replace(stood, is_default=False))


async def _neat(address: EmergencyAddress) -> EmergencyAddress:
    return replace(address, civic=await asyncio.to_thread(tidied, address.civic))


async def _findings(address: EmergencyAddress) -> list[Finding]:
    return list(await asyncio.to_thread(address_faults, address))


async def _floors(edit: Editing, address: EmergencyAddress) -> list[Finding]:
    """A warning where the building has several floors, and this address does not say which."""
    if stands_on_one_floor(address):
        return []
    others = await all_addresses(edit.write, edit.domain_id)
    if not address.multi_floor and not in_tall_building(address, others.values()):
        return []
    return [
        Finding(
            where="floor",
            message="the building has several floors, and this address names none.",
            remedy="Give a floor, a room or a description of the place.",
            severity="warning",
        )
    ]


def in_tall_building(address: EmergencyAddress, others: Iterable[EmergencyAddress]) -> bool:
    """Whether another address is in the same building and says that it has floors."""
    outdoors = address.civic.outdoors
    return any(
        other.civic.outdoors == outdoors and (other.multi_floor or bool(other.civic.floor))
        for other in others
        if other.name != address.name
    )


async def _stored(read: Read, domain_id: int, domain: str, name: str) -> EmergencyAddress:
    found = await find_addresses(read, domain_id, [name])
    if name not in found:
        raise NotFound(f"there is no emergency address {name!r} in {domain}.")
    return found[name]


async def _taken(edit: Editing, name: str) -> list[Finding]:
    if name not in await find_addresses(edit.write, edit.domain_id, [name]):
        return []
    message = f"there is an emergency address {name!r} already."
    return [Finding(where="name", message=message, remedy="Choose another name.")]
