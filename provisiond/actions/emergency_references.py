"""Are the emergency address and endpoint there that a site, user or phone names?"""

from collections.abc import Collection
from dataclasses import dataclass

from provisiond.inventory.errors import Finding
from provisiond.inventory.telephone import E164
from provisiond.store.database import Read
from provisiond.store.emergency import all_addresses
from provisiond.store.emergency_endpoints import find_endpoints


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyNames:
    """What there is to name: every address of a domain, and of endpoints those asked for."""

    addresses: Collection[str] = ()
    endpoints: Collection[E164] = ()

    def findings(self, address: str | None, caller_id: E164 | None = None) -> list[Finding]:
        """A fault for each that is not there."""
        findings = []
        if address is not None and address not in self.addresses:
            message = f"there is no emergency address {address!r}."
            there = ", ".join(self.addresses)
            remedy = f"There are {there}." if there else "Add the address first."
            findings.append(Finding(where="emergency_address", message=message, remedy=remedy))
        if caller_id is not None and caller_id not in self.endpoints:
            message = f"there is no emergency endpoint {caller_id}."
            remedy = "Add the endpoint first."
            findings.append(Finding(where="emergency_caller_id", message=message, remedy=remedy))
        return findings


async def emergency_names(
    read: Read, domain_id: int, caller_ids: Collection[E164] = ()
) -> EmergencyNames:
    """The addresses of a domain, and those of the numbers that are endpoints."""
    endpoints = await find_endpoints(read, domain_id, list(caller_ids)) if caller_ids else ()
    return EmergencyNames(
        addresses=tuple(await all_addresses(read, domain_id)), endpoints=frozenset(endpoints)
    )


async def emergency_references(
    read: Read, domain_id: int, address: str | None, caller_id: E164 | None = None
) -> list[Finding]:
    """A fault for each that is not there."""
    if address is None and caller_id is None:
        return []
    names = await emergency_names(read, domain_id, () if caller_id is None else (caller_id,))
    return names.findings(address, caller_id)
