"""What do the tests of the web share? An open store behind a desk, and the pages."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from pytest_aiohttp import AiohttpClient

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from provisiond.web.app import Health, Shown, load_shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.inventory import MODELS, NOW
from tests.actions.people import door
from tests.boot.conftest import BOTH
from tests.postgres import Cluster
from tests.web.offices import ENROLMENT_HOURS, Client, open_offices


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """What hangs on transports and timers runs on both."""
    if item.path.name == "test_listener.py":
        return BOTH
    return {"asyncio": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    return Shelf.load([MODELS])


@pytest.fixture(scope="session")
def shown() -> Shown:
    return load_shown()


@pytest.fixture(scope="session")
def health() -> Health:
    return Health(checks=(), registry=CollectorRegistry())


@pytest.fixture(scope="session")
def filled_store(tmp_path_factory: pytest.TempPathFactory, key: SecretKey, shelf: Shelf) -> Path:
    """An embedded store with two domains of everything in it, to be copied."""
    path = tmp_path_factory.mktemp("filled") / "provisiond.db"
    asyncio.run(_fill(f"sqlite:///{path}", key, shelf))
    return path


async def _fill(url: str, key: SecretKey, shelf: Shelf) -> None:
    await Database.create(url, key)
    database = await Database.open(url, key)
    try:
        await open_offices(database, shelf)
    finally:
        await database.close()


@pytest.fixture(scope="session")
def filled_database(postgres_cluster: Cluster, key: SecretKey, shelf: Shelf) -> Iterator[str]:
    """The name of one on a server with the same in it, to be copied."""
    name = postgres_cluster.new_database()
    asyncio.run(_fill(postgres_cluster.url(name), key, shelf))
    yield name
    postgres_cluster.drop_database(name)


@pytest.fixture
def sqlite_store(tmp_path: Path, filled_store: Path) -> str:
    """The URL of an embedded store with two domains of everything in it."""
    return f"sqlite:///{shutil.copy(filled_store, tmp_path / 'store.db')}"


@pytest.fixture
def postgres_store(postgres_cluster: Cluster, filled_database: str) -> Iterator[str]:
    """The URL of one on a server."""
    name = postgres_cluster.new_database(filled_database)
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


@pytest.fixture
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of either, in turn where a test is marked with BOTH_ENGINES; else the embedded one:
    what does not depend on the engine is tried on one."""
    url: str = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_store")
    return url


@pytest.fixture
async def db(store_url: str, key: SecretKey) -> AsyncIterator[Database]:
    """A store with two domains of everything in it."""
    database = await Database.open(store_url, key)
    yield database
    await database.close()


@pytest.fixture
def desk(db: Database, shelf: Shelf) -> Desk:
    return Desk(
        db=db, shelf=lambda: shelf, door=door(), clock=lambda: NOW, enrolment_hours=ENROLMENT_HOURS
    )


@pytest.fixture
async def client(
    desk: Desk, health: Health, shown: Shown, feed: ChangeFeed, aiohttp_client: AiohttpClient
) -> Client:
    """A client of the portal, over plain HTTP on loopback."""
    return await aiohttp_client(make_portal(health, desk, WebPolicy(), shown, feed))


@pytest.fixture
async def feed(desk: Desk) -> AsyncIterator[ChangeFeed]:
    """The feed of changes, looking for news all the time."""
    feed = ChangeFeed(desk.db, poll_seconds=0.02)
    running = asyncio.create_task(feed.run())
    yield feed
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
