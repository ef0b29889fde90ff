"""Which number does a file bear whose vendor ignores one that did not rise?"""

import sqlalchemy as sa

from provisiond.store.schema import served_file
from provisiond.store.transaction import Read, Write


async def served_number(
    read: Read, domain_id: int, phone_id: int, file: str
) -> tuple[int, str] | None:
    """The number under which a phone's file was served last, and the hash of what was in it."""
    rows = await read.rows(
        sa.select(served_file.c.n, served_file.c.hash).where(*_is(domain_id, phone_id, file))
    )
    return (rows[0].n, rows[0].hash) if rows else None


async def raise_number(
    write: Write, domain_id: int, phone_id: int, file: str, content_hash: str
) -> int:
    """The number for this content: the one it has, or the next. Touches no epoch.

    Another node may have been faster: what it wrote counts.
    """
    known = await served_number(write, domain_id, phone_id, file)
    if known is None:
        row = {"domain_id": domain_id, "phone_id": phone_id, "file": file}
        await write.insert(served_file, [{**row, "hash": content_hash, "n": 1}])
        return 1
    number, stood = known
    if stood == content_hash:
        return number
    await write.connection.execute(
        sa.update(served_file)
        .where(*_is(domain_id, phone_id, file))
        .values(hash=content_hash, n=number + 1)
    )
    return number + 1


def _is(domain_id: int, phone_id: int, file: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        served_file.c.domain_id == domain_id,
        served_file.c.phone_id == phone_id,
        served_file.c.file == file,
    )
