"""Does a change ever overwrite one that it has not seen? Two processes on one PostgreSQL.

Each runs four writers that read one telephone number, add one to the count in its notes, and save
it with the revision they saw; who comes second is refused and tries anew. When 20,000 writes were
tried (`--writes N`), the count must be the number of those acknowledged: one less would be a lost
update. Four further writers, in both processes, do the same to a number of their own, where
nobody may ever be refused. `--blind` saves with the newest revision whatever was seen, to show
that lost updates would be told.
"""

import argparse
import asyncio
import json
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from provisiond.actions.numbers import AddNumber, ChangeNumber, add_number, change_number
from provisiond.inventory.access import SYSTEM
from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Stale
from provisiond.inventory.numbers import Number
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database
from provisiond.store.domains import find_domain, insert_domain
from provisiond.store.numbers import find_numbers
from provisiond.store.sealing import SecretKey
from tests.needs import postgres_bin
from tests.postgres import running_cluster

DOMAIN = "pbx.example.test"
SHARED = E164("+18005550100")
OWN = (E164("+18005550101"), E164("+18005550102"))
WRITERS = 4


@dataclass(slots=True)
class Tally:
    """What one process saw."""

    acknowledged: int = 0
    refused: int = 0
    own: int = 0
    own_refused: int = 0


async def counted(db: Database, number: E164) -> Number:
    """The number as it stands."""
    async with db.read() as read:
        found = await find_domain(read, DOMAIN)
        assert found is not None
        return (await find_numbers(read, found[0], [number]))[number]


async def add_one(db: Database, number: E164, *, blind: bool = False) -> bool:
    """Add one to the count in its notes; False where somebody else came first."""
    stood = await counted(db, number)
    wanted = replace(stood, notes=str(int(stood.notes) + 1))
    if blind:
        wanted = replace(wanted, revision=(await counted(db, number)).revision)
    try:
        await change_number(
            db, SYSTEM, ChangeNumber(domain=DOMAIN, number=wanted), datetime.now(UTC)
        )
    except Stale:
        return False
    return True


async def writing(url: str, key: str, writes: int, own: E164, *, blind: bool) -> Tally:
    """All writers of one process."""
    db = await Database.open(url, SecretKey(bytes.fromhex(key)))
    tally = Tally()
    left = writes

    async def shared_writer() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            if await add_one(db, SHARED, blind=blind):
                tally.acknowledged += 1
            else:
                tally.refused += 1

    async def own_writer() -> None:
        while left > 0:
            if await add_one(db, own):
                tally.own += 1
            else:
                tally.own_refused += 1
            await asyncio.sleep(0.05)

    try:
        await asyncio.gather(*(shared_writer() for _ in range(WRITERS)), own_writer())
    finally:
        await db.close()
    return tally


def process(
    url: str,
    key: str,
    writes: int,
    own: E164,
    blind: bool,
    answers: "multiprocessing.Queue[str]",
) -> None:
    """One of the two."""
    tally = asyncio.run(writing(url, key, writes, own, blind=blind))
    answers.put(json.dumps([tally.acknowledged, tally.refused, tally.own, tally.own_refused]))


async def prepared(url: str, key: SecretKey) -> None:
    """A domain with the three numbers, each at 0."""
    await Database.create(url, key)
    db = await Database.open(url, key)
    try:
        async with db.write() as write:
            await insert_domain(write, Domain(name=DOMAIN))
        for number in (SHARED, *OWN):
            command = AddNumber(domain=DOMAIN, number=Number(number=number, notes="0"))
            await add_number(db, SYSTEM, command, datetime.now(UTC))
    finally:
        await db.close()


async def final(url: str, key: SecretKey) -> list[int]:
    """What the notes of the three numbers count."""
    db = await Database.open(url, key)
    try:
        return [int((await counted(db, number)).notes) for number in (SHARED, *OWN)]
    finally:
        await db.close()


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--writes", type=int, default=20_000)
    arguments.add_argument("--blind", action="store_true")
    given = arguments.parse_args()
    programs = postgres_bin()
    if programs is None:
        print("conflicts: there is no PostgreSQL; apt-get install postgresql")
        return 1
    raw = bytes(range(32))
    key = SecretKey(raw)
    began = time.monotonic()
    with running_cluster(programs) as cluster:
        url = cluster.url(cluster.new_database())
        asyncio.run(prepared(url, key))
        context = multiprocessing.get_context("spawn")
        answers: multiprocessing.Queue[str] = context.Queue()
        both = [
            context.Process(
                target=process,
                args=(url, raw.hex(), given.writes // 2, own, given.blind, answers),
            )
            for own in OWN
        ]
        for one in both:
            one.start()
        told = [json.loads(answers.get(timeout=3600)) for _ in both]
        for one in both:
            one.join()
        shared, *own = asyncio.run(final(url, key))
    acknowledged, refused, alone, alone_refused = (sum(each) for each in zip(*told, strict=True))
    lost = acknowledged - shared + alone - sum(own)
    print(
        f"conflicts: {acknowledged + refused} writes, {acknowledged} acknowledged, {refused} "
        f"refused as stale, {alone} on numbers of their own of which {alone_refused} refused; "
        f"{lost} updates lost, {time.monotonic() - began:.0f} s"
    )
    return 1 if lost or alone_refused or not refused else 0


if __name__ == "__main__":
    sys.exit(main())
