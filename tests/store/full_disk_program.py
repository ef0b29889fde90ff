"""What does a store do on a disk that fills up? Run on a small file system of its own.

Its argument is the folder. It prints one JSON object that the test reads.
"""

import asyncio
import json
import sys
from pathlib import Path

from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.people import User
from provisiond.store import users
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter
from provisiond.store.sealing import SecretKey
from tests.store.inventory import MAC, filled, served


async def run(folder: Path) -> dict[str, object]:
    filler = folder / "filler"  # what is deleted when somebody frees some space
    filler.write_bytes(b"x" * 1_000_000)
    key = SecretKey.throwaway()
    url = f"sqlite:///{folder / 'store.db'}"
    await Database.create(url, key)
    database = await Database.open(url, key, serving=True)
    domain_id = await filled(database)
    journal = JournalWriter(database)
    acknowledged = 0
    refusal = ""
    while not refusal:
        batch = [
            User(extension=f"9{acknowledged + n:06d}", first_name="x" * 200) for n in range(20)
        ]
        try:
            async with database.write() as write:
                await users.insert_users(write, domain_id, batch)
            acknowledged += len(batch)
        except StoreUnavailable as fault:
            refusal = str(fault)
    for _ in range(300):  # more than what room the WAL may have left
        journal.add(served(None, None, detail="x" * 1000))
    try:
        await journal.flush()
    except StoreUnavailable as fault:
        journal_refusal = str(fault)
    else:
        journal_refusal = ""
    facts = await database.facts.for_mac(MAC)
    full = {"served": facts is not None, "pending": journal.pending}
    filler.unlink()
    await journal.flush()
    async with database.write() as write:
        found = len(await users.list_users(write, domain_id, limit=10**6)) - 3
        await users.insert_users(write, domain_id, [User(extension="500")])
    findings = [str(finding) for finding in await database.findings()]
    await database.close()
    return {
        "acknowledged": acknowledged,
        "found": found,
        "refusal": refusal,
        "journal_refusal": journal_refusal,
        "journal_written": journal.written,
        "findings": findings,
        **full,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(Path(sys.argv[1])))))
