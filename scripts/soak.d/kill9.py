"""Does an acknowledged change survive kill -9? Two hundred kills during imports and edits.

A process edits one domain through the store and imports into another through the import action,
and tells each acknowledged change to a ledger outside of it, until it is killed at a random
moment. What is left must hold every change of the ledger, and none half (`--rounds N`,
`--seed S`).
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import SYSTEM
from provisiond.inventory.domains import Domain
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from provisiond.store.sealing import SecretKey
from tests.store.inventory import filled
from tests.store.workload import examine, step

MODELS = Path(__file__).resolve().parents[2] / "templates" / "models"
IMPORTS = "imports.example.test"
PEOPLE = 12
DEVICES = 5
LONGEST_LIFE = 0.6  # seconds; some die before the first change, most in the middle of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One kill: what the ledger has, and what is wrong with what is left."""

    steps: int
    imports: int
    faults: tuple[str, ...]


def inventory_file(number: int) -> bytes:
    """An import that can be told from every other."""
    extensions = [str(10_000 + number * PEOPLE + n) for n in range(PEOPLE)]
    return json.dumps(
        {
            "domain": IMPORTS,
            "users": [{"extension": e, "sip_password": f"secret-{e}"} for e in extensions],
            "phones": [
                {
                    "mac": f"{0x805EC0000000 + number * DEVICES + n:012x}",
                    "model": "Yealink SIP-T46U",
                    "lines": [{"line": 1, "extension": extensions[n]}],
                }
                for n in range(DEVICES)
            ],
        }
    ).encode()


async def work(url: str, key: SecretKey, shelf: Shelf, seed: int, ledger: int) -> None:
    """Change for ever; the ledger gets a line after each commit."""
    database = await Database.open(url, key, serving=True)
    async with database.read() as read:
        domain_id, _ = await domains.get_domain(read, "pbx.example.test")
    dice = Random(f"kinds {seed}")
    steps = imports = 0
    while True:
        if dice.random() < 0.35:
            command = ImportInventory(content=inventory_file(imports + 1), filename="a.json")
            await import_inventory(database, shelf, SYSTEM, command, datetime.now(UTC))
            imports += 1
            os.write(ledger, f"import {imports}\n".encode())
        else:
            await step(database, domain_id, seed, steps + 1)
            steps += 1
            os.write(ledger, f"step {steps}\n".encode())


def one_kill(template: Path, key: SecretKey, shelf: Shelf, seed: int) -> Outcome:
    """Let a process work on a copy, kill it, and look at what is left."""
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(template, Path(folder, "store.db"))
        url = f"sqlite:///{path}"
        reader, ledger = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.close(reader)
                asyncio.run(work(url, key, shelf, seed, ledger))
            finally:
                os._exit(70)
        os.close(ledger)
        time.sleep(Random(f"life {seed}").uniform(0.02, LONGEST_LIFE))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reader) as lines:
            acknowledged = [line.split() for line in lines]
        outcome = asyncio.run(look(url, key, acknowledged))
        if not os.WIFSIGNALED(status):
            fault = "the process ended by itself"
            return Outcome(steps=outcome.steps, imports=outcome.imports, faults=(fault,))
        return outcome


async def look(url: str, key: SecretKey, ledger: list[list[str]]) -> Outcome:
    """Compare what is left with the ledger."""
    steps = max((int(number) for kind, number in ledger if kind == "step"), default=0)
    imports = max((int(number) for kind, number in ledger if kind == "import"), default=0)
    database = await Database.open(url, key, serving=True)
    try:
        left = await examine(database)
        faults = list(left.faults)
        if not left.is_of_last_step and not await import_came_last(database):
            faults.append(f"the inventory is not that of step {left.steps}")
        if not steps <= left.steps <= steps + 1:
            faults.append(f"{steps} steps acknowledged, {left.steps} left")
        whole, torn = await imported(database)
        faults += [f"import {number} is half done" for number in torn]
        if not imports <= whole <= imports + 1:
            faults.append(f"{imports} imports acknowledged, {whole} left")
    finally:
        await database.close()
    return Outcome(steps=steps, imports=imports, faults=tuple(faults))


async def imported(database: Database) -> tuple[int, list[int]]:
    """How many imports are there whole, and which are not."""
    async with database.read() as read:
        domain_id, _ = await domains.get_domain(read, IMPORTS)
        people = {user.extension for user in await users.list_users(read, domain_id)}
        devices = {phone.mac.text for phone in await phones.list_phones(read, domain_id)}
    whole, torn = 0, []
    for number in range(1, (len(people) + len(devices)) + 2):
        entry = json.loads(inventory_file(number))
        found = [user["extension"] in people for user in entry["users"]]
        found += [phone["mac"] in devices for phone in entry["phones"]]
        if all(found):
            whole += 1
        elif any(found):
            torn.append(number)
    return whole, torn


async def import_came_last(database: Database) -> bool:
    """Whether the last change is an import's: the digests are of both domains."""
    async with database.read() as read:
        latest = await latest_changes(read, None, limit=1)
    return bool(latest) and latest[0][1].action != "step"


async def prepared(path: Path, key: SecretKey) -> None:
    """The store that every process starts from."""
    url = f"sqlite:///{path}"
    await Database.create(url, key)
    database = await Database.open(url, key)
    await filled(database)
    async with database.write() as write:
        await domains.insert_domain(write, Domain(name=IMPORTS))
    await database.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    logging.disable()
    began = time.monotonic()
    key, shelf = SecretKey.throwaway(), Shelf.load([MODELS])
    outcomes: list[tuple[int, Outcome]] = []
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder, "template.db")
        asyncio.run(prepared(template, key))
        for number in range(given.rounds):
            seed = given.seed * 1_000_003 + number
            outcomes.append((number, one_kill(template, key, shelf, seed)))
    bad = [(number, one) for number, one in outcomes if one.faults]
    for number, one in bad[:5]:
        print(f"kill {number}: {one.steps} steps, {one.imports} imports: {one.faults}")
    print(
        f"kill9: {len(outcomes)} kills, {sum(one.steps for _, one in outcomes)} edits and "
        f"{sum(one.imports for _, one in outcomes)} imports acknowledged, "
        f"{len(bad)} stores with a change lost or half done, {time.monotonic() - began:.0f} s"
    )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
