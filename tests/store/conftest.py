"""What do the store's tests share? An open store on each engine, and an inventory to put in."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.postgres import USER, Cluster


@pytest.fixture(scope="session")
def key() -> SecretKey:
    return SecretKey.throwaway()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, key: SecretKey) -> Path:
    """A store as `create` makes it; tests get copies."""
    path = tmp_path_factory.mktemp("template") / "provisiond.db"
    asyncio.run(Database.create(f"sqlite:///{path}", key))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: Cluster, key: SecretKey) -> Iterator[str]:
    """The same on a server."""
    name = postgres_cluster.new_database()
    asyncio.run(Database.create(postgres_cluster.url(name), key))
    yield name
    postgres_cluster.drop_database(name)


@pytest.fixture
def sqlite_store(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an empty embedded store."""
    copied = shutil.copy(sqlite_template, tmp_path / "store.db")
    return f"sqlite:///{copied}"


@pytest.fixture
def postgres_store(postgres_cluster: Cluster, postgres_template: str) -> Iterator[str]:
    """The URL of an empty store on a server."""
    name = postgres_cluster.new_database(postgres_template)
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


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
