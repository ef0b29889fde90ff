"""What do the store's tests share? An open store on each engine, and an inventory to put in."""

from collections.abc import AsyncIterator

import pytest

from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.postgres import USER


@pytest.fixture
def pooled_store(postgres_store: str, pooler_port: int) -> str:
    """The same behind a pooler that hands out a connection for a transaction only."""
    database = postgres_store.rpartition("/")[2]
    return f"postgresql://{USER}@127.0.0.1:{pooler_port}/{database}?statement_cache_size=0"


@pytest.fixture(params=["sqlite", "postgres", "pooled"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, on each engine in turn, and behind a pooler."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url


@pytest.fixture
async def db(store_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """An empty store on each engine in turn, open."""
    database = await Database.open(store_url, key)
    yield database
    await database.close()


@pytest.fixture
async def other(store_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """The same store, opened a second time: another process or node."""
    database = await Database.open(store_url, key)
    yield database
    await database.close()
