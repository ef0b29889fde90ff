"""Are the emergency address and endpoint there that a site, user or phone names?"""

from provisiond.inventory.errors import Finding
from provisiond.inventory.telephone import E164
from provisiond.store.database import Read
from provisiond.store.emergency import all_addresses
from provisiond.store.emergency_endpoints import find_endpoints


async def emergency_references(
    read: Read, domain_id: int, address: str | None, caller_id: E164 | None = None
) -> list[Finding]:
    """A fault for each that is not there."""
    findings = []
    if address is not None:
        names = await all_addresses(read, domain_id)
        if address not in names:
            message = f"there is no emergency address {address!r}."
            remedy = f"There are {', '.join(names)}." if names else "Add the address first."
            findings.append(Finding(where="emergency_address", message=message, remedy=remedy))
    if caller_id is not None and not await find_endpoints(read, domain_id, [caller_id]):
        message = f"there is no emergency endpoint {caller_id}."
        remedy = "Add the endpoint first."
        findings.append(Finding(where="emergency_caller_id", message=message, remedy=remedy))
    return findings
