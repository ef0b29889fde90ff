"""The page about the inventory file says what there is, and its example can be imported."""

import asyncio
import re

import pytest

from provisiond.actions import csv_table, inventory_text
from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.actions.inventory_schema import ENTRIES
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.buttons import ButtonKind
from provisiond.inventory.domains import CODECS, FEATURE_CODES
from provisiond.inventory.faults import MAX_LABEL, MAX_LINES, MAX_NAME, MAX_NOTES, MAX_VALUE
from provisiond.settings import shipped
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, NOW
from tests.contracts.source import ROOT

PAGE = (ROOT / "docs/inventory-file.md").read_text(encoding="utf-8")
MODELS = shipped("models")


def block(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1)


async def test_the_example_and_the_table_are_imported_as_they_stand(lite: Database) -> None:
    shelf = await asyncio.to_thread(Shelf.load, [MODELS])
    example = ImportInventory(content=block("json").encode(), filename="x.json")
    report = await import_inventory(lite, shelf, ADMIN, example, NOW)
    assert report.warnings == ()
    assert report.domains[0].generated == ("102",)
    table = ImportInventory(content=block("csv").encode(), filename="x.csv")
    report = await import_inventory(lite, shelf, ADMIN, table, NOW)
    assert report.warnings == ()


@pytest.mark.parametrize("entry", sorted(ENTRIES))
def test_every_field_is_documented(entry: str) -> None:
    silent = [
        name
        for name in ENTRIES[entry].model_fields
        if f"`{name}`" not in PAGE and f'"{name}"' not in PAGE
    ]
    assert silent == []


def test_every_word_of_the_trade_is_documented() -> None:
    words = [kind.value for kind in ButtonKind] + list(CODECS) + list(FEATURE_CODES)
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_the_limits_are_the_codes() -> None:
    assert f"{inventory_text.MAX_BYTES >> 20} MiB, {inventory_text.MAX_DEPTH} levels" in PAGE
    assert MAX_NAME == MAX_LABEL
    assert f"Names and labels {MAX_NAME} characters, notes {MAX_NOTES}" in PAGE
    assert f"values of overrides {MAX_VALUE}, {MAX_LINES} lines" in PAGE
    assert f"at most {csv_table.MAX_ROWS:,} rows" in PAGE
