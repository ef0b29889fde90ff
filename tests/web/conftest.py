"""What do the tests of the web share? An open store behind a desk, and the pages."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from provisiond.actions.desk import Desk
from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from provisiond.web.app import Health, Shown, load_shown
from tests.actions.inventory import MODELS, NOW, load
from tests.actions.people import door


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf.load([MODELS])


@pytest.fixture(scope="session")
def key() -> SecretKey:
    return SecretKey.throwaway()


@pytest.fixture(scope="session")
def shown() -> Shown:
    return load_shown()


@pytest.fixture(scope="session")
def health() -> Health:
    return Health(checks=(), registry=CollectorRegistry())


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory, key: SecretKey, shelf: Shelf) -> Path:
    """An embedded store with one domain of everything in it, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "provisiond.db"

    async def fill() -> None:
        await Database.create(f"sqlite:///{path}", key)
        database = await Database.open(f"sqlite:///{path}", key)
        await load(database, shelf)
        await database.close()

    asyncio.run(fill())
    return path


@pytest.fixture
async def db(tmp_path: Path, key: SecretKey, filled_store: Path) -> AsyncIterator[Database]:
    """A store with one domain of everything in it."""
    path = tmp_path / "store.db"
    shutil.copy(filled_store, path)
    database = await Database.open(f"sqlite:///{path}", key)
    yield database
    await database.close()


@pytest.fixture
def desk(db: Database, shelf: Shelf) -> Desk:
    return Desk(db=db, shelf=lambda: shelf, door=door(), clock=lambda: NOW)
