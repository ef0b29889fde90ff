"""Which domain has a phone? Asked by those who have its MAC alone."""

from provisiond.inventory.access import Actor
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.mac_owners import mac_owners


async def domain_of_phone(db: Database, actor: Actor, mac: Mac) -> str:
    """The domain that has the phone.

    Raises NotFound, for a phone of a domain that is not the actor's in the words for one that
    does not exist.
    """
    async with db.read() as read:
        owner = (await mac_owners(read, [mac])).get(mac)
    if owner is None or not actor.sees(owner):
        raise NotFound(f"there is no phone {mac}.")
    return owner
