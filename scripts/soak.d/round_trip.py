"""Is a large inventory exported in the same bytes after it went through an empty store?

2,000 users, 3,000 phones and 500 numbers (`--users N`, `--phones N`, `--numbers N`): imported,
exported, imported into another store with another key, exported again, byte for byte the same.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
import time
from pathlib import Path

from provisiond.actions.exports import ExportInventory, export_inventory
from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.catalog.shelf import Shelf
from provisiond.settings import shipped
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.fleet import fleet_file
from tests.actions.inventory import ADMIN, NOW


async def through(folder: Path, name: str, shelf: Shelf, content: bytes) -> bytes:
    """The content imported into an empty store and exported from it."""
    key = SecretKey.throwaway()
    url = f"sqlite:///{folder / name}.db"
    await Database.create(url, key)
    database = await Database.open(url, key)
    began = time.perf_counter()
    command = ImportInventory(content=content, filename="fleet.json")
    report = await import_inventory(database, shelf, ADMIN, command, NOW)
    imported = time.perf_counter()
    export = await export_inventory(database, ADMIN, ExportInventory(with_secrets=True), NOW)
    ended = time.perf_counter()
    await database.close()
    counts = ", ".join(f"{one.added} {one.kind}" for one in report.domains[0].counts if one.added)
    print(f"{name}: {counts}")
    print(f"{name}: import {imported - began:.1f} s, export {ended - imported:.1f} s")
    return export


async def main() -> int:
    """Both ways, and compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--users", type=int, default=2_000)
    options.add_argument("--phones", type=int, default=3_000)
    options.add_argument("--numbers", type=int, default=500)
    asked = options.parse_args()
    shelf = Shelf.load([shipped("models")])
    content = fleet_file(users=asked.users, phones=asked.phones, numbers=asked.numbers)
    with tempfile.TemporaryDirectory() as folder:
        first = await through(Path(folder), "first", shelf, content)
        second = await through(Path(folder), "second", shelf, first)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    same = first == second
    print(f"{len(first)} bytes, {'the same' if same else 'NOT the same'}; {most} MiB at most")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
