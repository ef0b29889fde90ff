"""What do the tests of actions share? An open store, and a catalogue of made-up phones."""

import asyncio
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


@pytest.fixture(scope="session")
def key() -> SecretKey:
    return SecretKey.throwaway()


@pytest.fixture
async def db(database_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty store on each engine in turn."""
    await Database.create(database_url, key)
    database = await Database.open(database_url, key)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory, key: SecretKey) -> Path:
    """An embedded store that nobody opens, to be copied: making one takes a while."""
    path = tmp_path_factory.mktemp("empty") / "provisiond.db"
    asyncio.run(Database.create(f"sqlite:///{path}", key))
    return path


@pytest.fixture
async def lite(tmp_path: Path, key: SecretKey, empty_store: Path) -> AsyncIterator[Database]:
    """An empty embedded store, for what does not depend on the engine; a second one to some."""
    path = tmp_path / "lite.db"
    shutil.copy(empty_store, path)
    database = await Database.open(f"sqlite:///{path}", key)
    yield database
    await database.close()
