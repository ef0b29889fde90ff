"""An inventory file is taken whole or not at all, and every fault of it is told at once."""

import copy
import json
from typing import Any

import pytest

from provisiond.actions.exports import Format
from provisiond.actions.imports import ImportInventory, Mode, import_inventory
from provisiond.actions.inventory_load import load_domain
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound, RejectedAll
from provisiond.inventory.mac import Mac
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from tests.actions.inventory import (
    ADMIN,
    DOMAIN,
    INVENTORY,
    MAC,
    MANAGER,
    NOW,
    changed,
    document,
    faults,
    load,
    written,
)


async def test_what_is_exported_and_imported_elsewhere_is_exported_in_the_same_bytes(
    db: Database, lite: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    first = await written(db)
    command = ImportInventory(content=first)
    await import_inventory(lite, shelf, ADMIN, command, NOW)
    assert await written(lite) == first
    assert json.loads(first)["phones"][0]["token"] == "abcdefghijklmnopqrstuvwxyz"
