"""Does a change that the API acknowledged survive kill -9? Two hundred kills of a real daemon.

Four programs with connections that stay open add, change and delete numbers, users, phones and
emergency addresses, until the daemon is killed at a random moment. It starts again on the same
store, and every change that was answered with 2xx must stand, whole, with one entry in the journal;
what was not answered is asked for again with its Idempotency-Key, and made once in all
(`--rounds N`, `--seed S`). `--forget` takes one entry out of the journal after each kill, to show
that it would be told.
"""

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from random import Random

from provisiond.actions.setup import begin
from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.inventory import MODELS
from tests.journeys.server import ServerProcess
from tests.web.writers import Crew, Pass, let_in, read_journal

WRITERS = 4
MOST_CHANGES = 30  # acknowledged in a life; some end before the first, most amid several
LONGEST_LIFE = 20.0  # seconds, where the machine is busy


async def prepared(server: ServerProcess) -> Pass:
    """Make the store to serve, and a pass for those who write into it."""
    server.configure()
    data = server.folder / "data"
    url, key = f"sqlite:///{data / 'provisiond.db'}", data / "secret.key"
    await begin(data, key, url)
    database = await Database.open(url, await asyncio.to_thread(SecretKey.load, key))
    try:
        return await let_in(database, await asyncio.to_thread(Shelf.load, [MODELS]))
    finally:
        await database.close()


async def kill_while_working(server: ServerProcess, crew: Crew, dice: Random) -> None:
    """Let the writers work until the daemon dies."""
    working = asyncio.create_task(crew.work(f"http://127.0.0.1:{server.web}"))
    enough = crew.acknowledged + dice.randrange(MOST_CHANGES)
    ends = time.monotonic() + LONGEST_LIFE
    while crew.acknowledged < enough and not working.done() and time.monotonic() < ends:
        await asyncio.sleep(0.002)
    await asyncio.sleep(dice.uniform(0, 0.03))
    assert server.process is not None
    server.process.kill()
    await asyncio.to_thread(server.process.wait)
    await working


def forget(store: Path) -> None:
    """Take the newest entry out of the journal."""
    with closing(sqlite3.connect(store)) as connection:
        connection.execute(
            "DELETE FROM change_journal WHERE id = (SELECT max(id) FROM change_journal)"
        )
        connection.commit()


async def run(rounds: int, seed: int, *, forgets: bool) -> Crew:
    """All kills of one store; the crew knows what came of them."""
    with tempfile.TemporaryDirectory() as folder:
        server = ServerProcess(folder=Path(folder), settings=f'models_dir = "{MODELS}"')
        crew = Crew.of(WRITERS, seed, await prepared(server))
        store = server.folder / "data" / "provisiond.db"
        _, seen = read_journal(store)
        dice = Random(f"lives {seed}")
        url = f"http://127.0.0.1:{server.web}"
        try:
            for number in range(rounds + 1):
                await asyncio.to_thread(server.start)
                if number:
                    await crew.settle(url)
                    entries, seen = read_journal(store, seen)
                    await crew.examine(url, entries)
                if number == rounds or crew.faults:
                    break
                await kill_while_working(server, crew, dice)
                if forgets:
                    forget(store)
            if "Traceback" in server.log():
                crew.faults.append("the log has a traceback: " + server.log()[-2000:])
        finally:
            if server.process is not None and server.process.poll() is None:
                server.stop()
    return crew


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--forget", action="store_true")
    given = arguments.parse_args()
    began = time.monotonic()
    crew = asyncio.run(run(given.rounds, given.seed, forgets=given.forget))
    for fault in crew.faults[:10]:
        print(fault)
    print(
        f"api_kill9: {given.rounds} kills, {crew.acknowledged} changes acknowledged, "
        f"{crew.doubtful} in doubt of which {crew.was_made} were made, {len(crew.faults)} lost, "
        f"doubled or half done, {time.monotonic() - began:.0f} s"
    )
    return 1 if crew.faults else 0


if __name__ == "__main__":
    sys.exit(main())
