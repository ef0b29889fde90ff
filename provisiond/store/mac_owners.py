"""Whose phones are these? Asked by those who see every domain of the server."""

from collections.abc import Sequence

import sqlalchemy as sa

from provisiond.inventory.mac import Mac
from provisiond.store.schema import domain, phone
from provisiond.store.transaction import Read, chunks


async def mac_owners(read: Read, macs: Sequence[Mac]) -> dict[Mac, str]:
    """The domain's name for each of the MACs that some domain has."""
    found: dict[Mac, str] = {}
    for some in chunks(macs):
        rows = await read.rows(
            sa.select(phone.c.mac, domain.c.name)
            .join(domain, domain.c.id == phone.c.domain_id)
            .where(phone.c.mac.in_([mac.text for mac in some]))
        )
        found.update({Mac(mac): name for mac, name in rows})
    return found
