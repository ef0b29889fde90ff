"""Which ids have the emergency addresses and endpoints that a record names?"""

from collections.abc import Iterable

from provisiond.inventory.telephone import E164
from provisiond.store.records import ids_by, refuse
from provisiond.store.schema_emergency import emergency_address, emergency_endpoint
from provisiond.store.transaction import Read


async def address_ids(read: Read, domain_id: int, names: Iterable[str | None]) -> dict[str, int]:
    """The ids of addresses by name. Raises Rejected(emergency_address) for one not there."""
    wanted = {name for name in names if name is not None}
    found = await ids_by(read, domain_id, emergency_address.c.name, wanted)
    absent = sorted(wanted - found.keys())
    refuse(
        "emergency_address",
        [(name, f"there is no emergency address {name!r}.") for name in absent],
    )
    return found


async def endpoint_ids(
    read: Read, domain_id: int, numbers: Iterable[E164 | None]
) -> dict[str, int]:
    """The ids of endpoints by number. Raises Rejected(emergency_caller_id) for one not there."""
    wanted = {number.text for number in numbers if number is not None}
    found = await ids_by(read, domain_id, emergency_endpoint.c.number, wanted)
    absent = sorted(wanted - found.keys())
    refuse(
        "emergency_caller_id",
        [(number, f"there is no emergency endpoint {number}.") for number in absent],
    )
    return found
