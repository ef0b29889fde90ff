"""Which telephone number did a person mean? Read as the domain's country writes them."""

from collections.abc import Sequence

import phonenumbers  # noqa: F401 - loaded here, so that no request has to wait for it

from provisiond.actions.edits import domain_record, domain_settings
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database, Read
from provisiond.store.number_checks import number_owners


async def meant_number(db: Database, domain: str, written: str, field: str = "number") -> E164:
    """The number; one without `+` is of the domain's country. Raises Rejected(field), NotFound."""
    return (await meant_numbers(db, domain, [written], field))[0]


async def meant_numbers(
    db: Database, domain: str, written: Sequence[str], field: str = "number"
) -> tuple[E164, ...]:
    """The numbers, as `meant_number`."""
    async with db.read() as read:
        _, record = await domain_record(read, domain)
        settings = await domain_settings(read, record)
    country = (settings.tone_country or "US").upper()
    return tuple([E164.parse(one, country, field) for one in written])


async def domain_of_number(db: Database, written: str) -> str:
    """The domain that has the number, which must be written with its country code; for those who
    see every domain. Raises NotFound and Rejected."""
    number = E164.parse(written, "ZZ")
    async with db.read() as read:
        owners = await number_owners(read, [number])
    if number not in owners:
        raise NotFound(f"there is no number {number}.")
    return owners[number]


async def taken_findings(
    read: Read, actor: Actor, domain: str, number: E164, *, is_here: bool
) -> tuple[Finding, ...]:
    """Why a new number cannot be added: it is here already, or another domain's. Only an admin is
    told whose."""
    if is_here:
        message = f"{number} is in the inventory already."
        return (Finding(where="number", message=message, remedy="Edit that one."),)
    owner = (await number_owners(read, [number])).get(number, domain)
    if owner == domain:
        return ()
    if actor.is_admin:
        message = f"{number} is a number of {owner} already."
        return (Finding(where="number", message=message, remedy="Delete it there first."),)
    message = f"{number} cannot be added here."
    return (Finding(where="number", message=message, remedy="Ask your provider."),)
