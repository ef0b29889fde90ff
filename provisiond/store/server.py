"""What does the server hand down to every domain? Its settings; and is the key the store's?"""

import sqlalchemy as sa

from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Conflict
from provisiond.store.schema import server_settings
from provisiond.store.sealing import KEY_CHECK
from provisiond.store.settings_json import settings_from_json, settings_to_json
from provisiond.store.transaction import Read, Write

_WHERE = "server_settings/1"


async def check_key(read: Read) -> None:
    """Raise StoreUnusable unless the key at hand is the one this store was made with."""
    row = await read.first(sa.select(server_settings.c.key_check))
    assert row is not None
    read.key.open(row[0], KEY_CHECK)


async def get_server_settings(read: Read) -> tuple[Settings, int]:
    """The server's layer of settings, and its revision."""
    row = await read.first(sa.select(server_settings.c.settings, server_settings.c.revision))
    assert row is not None
    return settings_from_json(row[0], read.key, _WHERE), row[1]


async def update_server_settings(write: Write, settings: Settings, *, revision: int) -> int:
    """Replace the layer; answers the new revision. Raises Conflict where it is not `revision`."""
    row = await write.first(
        sa.update(server_settings)
        .where(server_settings.c.revision == revision)
        .values(
            settings=settings_to_json(settings, write.key, _WHERE),
            revision=server_settings.c.revision + 1,
        )
        .returning(server_settings.c.revision)
    )
    if row is None:
        raise Conflict("somebody else changed the server's settings; load them again.")
    write.touch_server()
    new: int = row[0]
    return new
