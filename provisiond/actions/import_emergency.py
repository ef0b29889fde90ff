"""What would an import change of emergency addresses and endpoints?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisiond.actions.emergency_schema import AddressEntry, EndpointEntry
from provisiond.actions.import_walk import Item, Mode, Step, Terms, Walk
from provisiond.actions.inventory_file import Fault
from provisiond.actions.inventory_schema import DomainEntry
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path
from provisiond.inventory.address_rules import tidied
from provisiond.inventory.emergency import (
    CIVIC_FIELDS,
    EmergencyAddress,
    EmergencyEndpoint,
    Proof,
    with_civic,
)
from provisiond.inventory.telephone import E164


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyPlan:
    """The items of a domain's emergency addresses and endpoints."""

    emergency_addresses: tuple[Item[EmergencyAddress], ...]
    emergency_endpoints: tuple[Item[EmergencyEndpoint], ...]

    def over(self, before: DomainContents, after: DomainContents) -> DomainContents:
        """The contents after the import with these among them."""
        addresses = {i.after.name: i.after for i in self.emergency_addresses}
        endpoints = {i.after.number: i.after for i in self.emergency_endpoints}
        return replace(
            after,
            emergency_addresses={**before.emergency_addresses, **addresses},
            emergency_endpoints={**before.emergency_endpoints, **endpoints},
        )


def plan_emergency(
    entry: DomainEntry, root: Path, before: DomainContents, country: str, terms: Terms, walk: Walk
) -> EmergencyPlan:
    """Lay the file's emergency data over what stands; `country` reads numbers without `+`. A proof
    that is not an admin's to bring back, or older than a rejection, is a warning of `walk`, and
    left out."""

    def merge(old: EmergencyAddress | None, one: AddressEntry) -> EmergencyAddress:
        return merge_address(old, one, trusted=terms.actor.is_admin)

    addresses = walk.over(
        "emergency_addresses",
        entry.emergency_addresses,
        before.emergency_addresses,
        lambda e: e.name,
        merge,
    )
    walk.faults.extend(_proofs_left_out(entry, addresses))
    addresses = _one_default(addresses, before.emergency_addresses, terms.mode, walk)
    place: Path = (*root, "emergency_endpoints")
    numbers = [
        (walk.number((*place, index, "number"), one.number, country), one)
        for index, one in enumerate(entry.emergency_endpoints)
    ]
    endpoints = walk.over(
        "emergency_endpoints",
        numbers,
        before.emergency_endpoints,
        lambda pair: pair[0],
        lambda old, pair: merge_endpoint(old, pair[1], pair[0]),
    )
    return EmergencyPlan(emergency_addresses=addresses, emergency_endpoints=endpoints)


def merge_address(
    existing: EmergencyAddress | None, entry: AddressEntry, *, trusted: bool
) -> EmergencyAddress:
    """The address: another place is one nobody looked at, unless the file, if it is `trusted`,
    says who did. What was looked at before a rejection does not come back."""
    given = entry.model_fields_set
    record = existing or EmergencyAddress(name=entry.name)
    parts = {name: getattr(entry, name) for name in CIVIC_FIELDS if name in given}
    record = with_civic(record, tidied(replace(record.civic, **parts)))
    if "caller_name" in given:
        record = replace(record, caller_name=entry.caller_name)
    if "multi_floor" in given:
        record = replace(record, multi_floor=entry.multi_floor)
    if "default" in given:
        record = replace(record, is_default=entry.default)
    if entry.proof is not None and trusted:
        said, stood = entry.proof, record.proof
        proof = Proof(
            provider=said.provider,
            at=said.at,
            until=said.until,
            reference=said.reference,
            is_rejected=said.rejected,
        )
        if stood is None or not stood.is_rejected or proof.at > stood.at:
            record = replace(record, proof=proof)
    return record


def merge_endpoint(
    existing: EmergencyEndpoint | None, entry: EndpointEntry, number: E164
) -> EmergencyEndpoint:
    """The endpoint."""
    record = existing or EmergencyEndpoint(number=number, address=entry.address)
    names = ("address", "caller_name", "location", "site")
    given = {name: getattr(entry, name) for name in names if name in entry.model_fields_set}
    return replace(record, **given)


def _one_default(
    items: tuple[Item[EmergencyAddress], ...],
    before: Mapping[str, EmergencyAddress],
    mode: Mode,
    walk: Walk,
) -> tuple[Item[EmergencyAddress], ...]:
    """The items, and of a default that the file gives to another address the one that gives it
    away; mode skip leaves it where it is, with a warning."""
    stood = next((one for one in before.values() if one.is_default), None)
    takers = [i for i in items if i.after.is_default and i.before != i.after]
    if stood is None or not takers:
        return items
    path = takers[0].path
    if mode is Mode.SKIP:
        message = f"{stood.name} stays the domain's default."
        remedy = "Use mode update to give the default to this one."
        walk.faults.append(
            Fault(path=(*path, "default"), message=message, remedy=remedy, severity="warning")
        )
        stays = {item.path: replace(item.after, is_default=False) for item in takers}
        return tuple([replace(item, after=stays.get(item.path, item.after)) for item in items])
    if any(item.before == stood for item in items):
        return items
    if mode is Mode.FAIL:
        walk.exists((*path, "default"), f"the domain's default address, {stood.name},")
    after = replace(stood, is_default=False)
    return (*items, Item(path=path, step=Step.CHANGED, before=stood, after=after))


def _proofs_left_out(
    entry: DomainEntry, items: Iterable[Item[EmergencyAddress]]
) -> Iterator[Fault]:
    for item, index in _placed(items):
        said, stands = entry.emergency_addresses[index].proof, item.after.proof
        if said is None:
            continue
        if stands is None:
            message = f"who validated {item.after.name} is an admin's to bring back."
        elif stands.is_rejected and not said.rejected:
            message = f"{item.after.name} was rejected since; its older validation is left out."
        else:
            continue
        yield Fault(
            path=(*item.path, "proof"),
            message=message,
            remedy="Validate and accept it here.",
            severity="warning",
        )


def _placed(
    items: Iterable[Item[EmergencyAddress]],
) -> Iterable[tuple[Item[EmergencyAddress], int]]:
    return ((item, int(item.path[-1])) for item in items)
