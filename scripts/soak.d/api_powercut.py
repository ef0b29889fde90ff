"""Does a change that the API acknowledged survive a power cut? Three hundred cuts under the API.

The portal's own application answers programs over real sockets, its store on a disk that keeps only
what was flushed and any torn part of the rest. After the cut the store is opened again, served, and
asked: every change that was answered with 2xx stands, whole, with one entry in the journal, and
what was not answered is asked for again with its Idempotency-Key and made once (`--rounds N`,
`--seed S`, `--pages N` between checkpoints). `--synchronous NORMAL` shows that this would tell:
then changes are lost.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from prometheus_client import CollectorRegistry

from provisiond.actions.answered import forget_open_questions
from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Failed
from provisiond.store.database import Database
from provisiond.store.facts_sqlite import SqliteFacts
from provisiond.store.location import SqliteFile
from provisiond.store.sealing import SecretKey
from provisiond.web.app import Health, Shown, load_shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import MODELS
from tests.actions.people import door
from tests.store.power_disk import PAGES, PowerDisk, writer_on
from tests.web.listening import listening
from tests.web.writers import Crew, Pass, let_in, read_journal

WRITERS = 3
CHANGES = 6  # of each writer, where the power stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all cuts begin with."""

    template: Path
    key: SecretKey
    access: Pass
    shelf: Shelf
    shown: Shown
    synchronous: str
    pages: int


@asynccontextmanager
async def served(database: Database, stage: Stage) -> AsyncIterator[str]:
    """The portal over this store; its URL."""
    desk = Desk(db=database, shelf=lambda: stage.shelf, door=door())
    health = Health(checks=(), registry=CollectorRegistry())
    app = make_portal(health, desk, WebPolicy(), stage.shown, ChangeFeed(database))
    async with listening(app) as listener:
        yield listener.url


async def one_cut(stage: Stage, seed: int, cut_after: int | None) -> tuple[Crew, int]:
    """Work on a copy until the cut, and look at what is left; answers the operations, too."""
    crew = Crew.of(WRITERS, seed, stage.access)
    with tempfile.TemporaryDirectory(
        dir="/dev/shm" if Path("/dev/shm").is_dir() else None
    ) as folder:
        before, after = Path(folder, "before"), Path(folder, "after")
        before.mkdir()
        after.mkdir()
        path = before / "store.db"
        shutil.copy(stage.template, path)
        _, seen = read_journal(stage.template)
        disk = PowerDisk(f"power-{seed}")
        disk.cut_after = cut_after
        file = SqliteFile(path=path)
        engine = writer_on(disk, path, stage.synchronous, stage.pages)
        facts = SqliteFacts(file, stage.key)
        database = Database(location=file, key=stage.key, writer=engine, reader=engine, facts=facts)
        async with served(database, stage) as url:
            await crew.work(url, CHANGES)
        disk.survivors(after, Random(f"survivors {seed}"))
        operations = disk.operations
        disk.cut_after = None  # what is looked at is kept; the rest may close in peace
        await database.close()
        disk.unregister()
        await _look(stage, crew, after / "store.db", seen)
    return crew, operations


async def _look(stage: Stage, crew: Crew, path: Path, seen: int) -> None:
    """Serve what is left, and ask."""
    try:
        database = await Database.open(f"sqlite:///{path}", stage.key, serving=True)
    except Failed as fault:
        crew.faults.append(str(fault))
        return
    try:
        crew.faults += [str(finding) for finding in await database.findings()]
        await forget_open_questions(database)
        async with served(database, stage) as url:
            await crew.settle(url)
            await crew.examine(url, read_journal(path, seen)[0])
    finally:
        await database.close()


async def run(rounds: int, seed: int, synchronous: str, pages: int) -> list[Crew]:
    """All cuts."""
    crews: list[Crew] = []
    with tempfile.TemporaryDirectory() as folder:
        template, key = Path(folder, "template.db"), SecretKey.throwaway()
        shelf = await asyncio.to_thread(Shelf.load, [MODELS])
        await Database.create(f"sqlite:///{template}", key)
        database = await Database.open(f"sqlite:///{template}", key)
        access = await let_in(database, shelf)
        await database.close()
        shown = await asyncio.to_thread(load_shown)
        stage = Stage(
            template=template,
            key=key,
            access=access,
            shelf=shelf,
            shown=shown,
            synchronous=synchronous,
            pages=pages,
        )
        whole, operations = await one_cut(stage, seed, None)
        if synchronous == "FULL" and (whole.faults or whole.acknowledged != WRITERS * CHANGES):
            sys.exit(f"the store is not whole without any cut: {whole.faults}")
        for number in range(rounds):
            own = seed * 1_000_003 + number
            cut = Random(f"cut {own}").randrange(1, operations)
            crews.append((await one_cut(stage, own, cut))[0])
    return crews


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=300)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--synchronous", choices=("FULL", "NORMAL"), default="FULL")
    arguments.add_argument("--pages", type=int, default=PAGES)
    given = arguments.parse_args()
    logging.disable()
    began = time.monotonic()
    crews = asyncio.run(run(given.rounds, given.seed, given.synchronous, given.pages))
    bad = [(number, crew) for number, crew in enumerate(crews) if crew.faults]
    for number, crew in bad[:5]:
        print(f"cut {number}: {crew.faults[:5]}")
    print(
        f"api_powercut: {len(crews)} cuts ({given.synchronous}), "
        f"{sum(crew.acknowledged for crew in crews)} changes acknowledged, "
        f"{sum(crew.doubtful for crew in crews)} in doubt of which "
        f"{sum(crew.was_made for crew in crews)} were made, {len(bad)} stores with a change lost, "
        f"doubled or half done, {time.monotonic() - began:.0f} s"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
