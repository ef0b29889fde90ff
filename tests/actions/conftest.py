"""What do the tests of actions share? An open store, and a catalogue of made-up phones."""

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
def key() -> SecretKey:
    return SecretKey.throwaway()


@pytest.fixture
async def db(database_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty store on each engine in turn."""
    await Database.create(database_url, key)
    database = await Database.open(database_url, key)
    yield database
    await database.close()


@pytest.fixture
async def lite(tmp_path: Path, key: SecretKey) -> AsyncIterator[Database]:
    """An empty embedded store, for what does not depend on the engine; a second one to some."""
    url = f"sqlite:///{tmp_path / 'lite.db'}"
    await Database.create(url, key)
    database = await Database.open(url, key)
    yield database
    await database.close()
