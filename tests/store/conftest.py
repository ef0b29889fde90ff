"""What do the store's tests share? An open store on each engine, and an inventory to put in."""

from collections.abc import AsyncIterator

import pytest

from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey


@pytest.fixture
def key() -> SecretKey:
    return SecretKey.throwaway()


@pytest.fixture
async def db(database_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty store on each engine in turn."""
    await Database.create(database_url, key)
    database = await Database.open(database_url, key, serving=True)
    yield database
    await database.close()


@pytest.fixture
async def sqlite_db(sqlite_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty embedded store."""
    await Database.create(sqlite_url, key)
    database = await Database.open(sqlite_url, key, serving=True)
    yield database
    await database.close()
