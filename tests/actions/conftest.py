"""What do the tests of actions share? An open store, and a catalogue of made-up phones."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.actions.inventory import MODELS


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf.load([MODELS])


@pytest.fixture
async def db(store_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty store on each engine in turn."""
    database = await Database.open(store_url, key)
    yield database
    await database.close()


@pytest.fixture
async def lite(tmp_path: Path, key: SecretKey, sqlite_template: Path) -> AsyncIterator[Database]:
    """An empty embedded store, for what does not depend on the engine; a second one to some."""
    path = tmp_path / "lite.db"
    shutil.copy(sqlite_template, path)
    database = await Database.open(f"sqlite:///{path}", key)
    yield database
    await database.close()
