"""What is exported, and imported into an empty store, is exported there in the same bytes."""

import shutil
from pathlib import Path

import pytest

from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.fleet import fleet_file
from tests.actions.inventory import ADMIN, NOW, written


@pytest.mark.may_block("two stores are copied for the test")
async def test_a_fleet_comes_back_in_the_same_bytes(
    tmp_path: Path, sqlite_template: Path, key: SecretKey, shipped_shelf: Shelf
) -> None:
    exports = []
    content = fleet_file(users=60, phones=90, numbers=40)
    for name in ("first", "second"):
        copy = shutil.copy(sqlite_template, tmp_path / f"{name}.db")
        database = await Database.open(f"sqlite:///{copy}", key)
        command = ImportInventory(content=content, filename="fleet.json")
        report = await import_inventory(database, shipped_shelf, ADMIN, command, NOW)
        added = {count.kind: count.added for count in report.domains[0].counts}
        assert (added["users"], added["phones"], added["numbers"]) == (60, 90, 40)
        content = await written(database)
        exports.append(content)
        await database.close()
    assert exports[0] == exports[1]
