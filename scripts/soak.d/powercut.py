"""Does an acknowledged change survive a power cut? A thousand cuts under the real store.

The store's own functions write the real schema through the store's own writer, on a disk that
keeps only what was flushed and any torn part of the rest (`--rounds N`, `--seed S`; `--only K`
makes the cut number K again). `--synchronous NORMAL` shows that this would tell: then commits
are lost.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from provisiond.inventory.errors import Failed
from provisiond.store.database import Database
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.journal import JournalWriter
from provisiond.store.location import SqliteFile
from provisiond.store.sealing import SecretKey
from tests.store.inventory import filled, served
from tests.store.power_disk import PowerDisk, writer_on
from tests.store.workload import examine, step

STEPS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One cut: how many commits were acknowledged, how many survived, what else is wrong."""

    acknowledged: int
    survived: int
    faults: tuple[str, ...]

    @property
    def lost(self) -> int:
        return max(0, self.acknowledged - self.survived)


async def work(database: Database, domain_id: int, seed: int) -> int:
    """Change until the power goes; answers how many changes were acknowledged."""
    journal = JournalWriter(database)
    acknowledged = 0
    with suppress(Failed):
        for number in range(1, STEPS + 1):
            await step(database, domain_id, seed, number)
            acknowledged = number
            journal.add(served(domain_id, 1, detail="x" * 500))
            await journal.flush()
    return acknowledged


async def one_cut(
    template: Path,
    domain_id: int,
    key: SecretKey,
    seed: int,
    cut_after: int | None,
    synchronous: str,
) -> tuple[Outcome, int]:
    """Work on a copy until the cut, and look at what is left; answers the operations, too."""
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        before.mkdir()
        after.mkdir()
        path = before / "store.db"
        shutil.copy(template, path)
        disk = PowerDisk(f"power-{seed}")
        disk.cut_after = cut_after
        file = SqliteFile(path=path)
        engine = writer_on(disk, path, synchronous)
        database = Database(
            location=file, key=key, writer=engine, reader=engine, facts=SqliteFacts(file, key)
        )
        acknowledged = await work(database, domain_id, seed)
        disk.survivors(after, Random(f"survivors {seed}"))
        operations = disk.operations
        disk.cut_after = None  # what is looked at is kept; the rest may close in peace
        await database.close()
        disk.unregister()
        return await _examined(after / "store.db", key, acknowledged), operations


async def _examined(path: Path, key: SecretKey, acknowledged: int) -> Outcome:
    try:
        database = await Database.open(f"sqlite:///{path}", key, serving=True)
    except Failed as fault:
        return Outcome(acknowledged=acknowledged, survived=0, faults=(str(fault),))
    try:
        found = await examine(database)
    finally:
        await database.close()
    faults = list(found.faults)
    if not found.is_of_last_step:
        faults.append(f"the inventory is not that of step {found.steps}")
    if found.steps > acknowledged + 1:
        faults.append(f"{found.steps} steps, but only {acknowledged} were acknowledged")
    return Outcome(acknowledged=acknowledged, survived=found.steps, faults=tuple(faults))


async def run(rounds: range, seed: int, synchronous: str) -> list[tuple[int, Outcome]]:
    """All cuts, by number."""
    outcomes: list[tuple[int, Outcome]] = []
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template.db")
        key = SecretKey.throwaway()
        await Database.create(f"sqlite:///{template}", key)
        database = await Database.open(f"sqlite:///{template}", key)
        domain_id = await filled(database)
        await database.close()
        whole, operations = await one_cut(template, domain_id, key, seed, None, synchronous)
        if whole.faults or (whole.survived != STEPS and synchronous == "FULL"):
            sys.exit(f"the store is not whole without any cut: {whole}")
        for number in rounds:
            own = seed * 1_000_003 + number
            cut = Random(f"cut {own}").randrange(1, operations)
            outcome, _ = await one_cut(template, domain_id, key, own, cut, synchronous)
            outcomes.append((number, outcome))
    return outcomes


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=1000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", type=int)
    arguments.add_argument("--synchronous", choices=("FULL", "NORMAL"), default="FULL")
    given = arguments.parse_args()
    logging.disable()
    rounds = range(given.rounds) if given.only is None else range(given.only, given.only + 1)
    began = time.monotonic()
    outcomes = asyncio.run(run(rounds, given.seed, given.synchronous))
    bad = [(number, one) for number, one in outcomes if one.faults or one.lost]
    for number, one in bad[:5]:
        print(f"cut {number}: {one.acknowledged} acknowledged, {one.survived} left: {one.faults}")
    print(
        f"powercut: {len(outcomes)} cuts ({given.synchronous}), "
        f"{sum(one.acknowledged for _, one in outcomes)} acknowledged commits, "
        f"{sum(one.lost for _, one in outcomes)} lost, "
        f"{sum(bool(one.faults) for _, one in outcomes)} stores corrupt or half changed, "
        f"{time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
