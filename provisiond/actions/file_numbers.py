"""Which number does a file bear for a vendor whose phones ignore one that did not rise?

A file is rendered under number 1; where that differs from what was served last, the number rises
by one in a short write of its own, and the file is rendered again under it.
"""

import logging

from provisiond.inventory.errors import Failed
from provisiond.store.database import Database
from provisiond.store.served_files import raise_number, served_number

_log = logging.getLogger(__name__)


class FileNumbers:
    """The numbers of the files that phones of a store were served."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, domain_id: int, phone_id: int, file: str) -> int:
        """The number under which the file was served last; 1 where it never was."""
        async with self._database.read() as read:
            known = await served_number(read, domain_id, phone_id, file)
        return known[0] if known is not None else 1

    async def number(self, domain_id: int, phone_id: int, file: str, content_hash: str) -> int:
        """The number for this content, raised where the content is new.

        Where the store cannot be written, the next number is given all the same: a phone that
        stays as it was is the greater harm. Raises StoreUnavailable where it cannot be read.
        """
        async with self._database.read() as read:
            known = await served_number(read, domain_id, phone_id, file)
        if known is not None and known[1] == content_hash:
            return known[0]
        try:
            async with self._database.write() as write:
                return await raise_number(write, domain_id, phone_id, file, content_hash)
        except Failed as fault:
            _log.warning("the number of a file is not on disk: %s", fault)
            return known[0] + 1 if known is not None else 1
