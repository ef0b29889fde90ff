"""What do all tests share? The stores they run on, and the guard of the event loop."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

from provisiond.catalog.shelf import Shelf
from provisiond.settings import shipped
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.needs import need, postgres_bin, required
from tests.postgres import Cluster, running_cluster, running_pooler

# Where the product may block, and why. Every further line needs a reason of its own.
MAY_BLOCK = (
    # A time zone's rules: a few kB, read once a zone and process, then kept by zoneinfo.
    ("os.stat", "zoneinfo/_tzpath.py", "find_tzfile"),
    ("io.BufferedReader.read", "zoneinfo/_common.py", "load_data"),
    # asyncpg looks for ~/.pgpass and ~/.postgresql when it connects: rare, and not ours to change.
    ("os.stat", "asyncpg/connect_utils.py", "_parse_connect_arguments"),
    ("os.path.abspath", "asyncpg/connect_utils.py", "_parse_connect_arguments"),
)


def pytest_configure() -> None:
    """Refuse a misspelt PROVISIOND_REQUIRE before anything runs."""
    required()


@pytest.fixture(autouse=True)
def no_blocking_calls(request: pytest.FixtureRequest) -> Iterator[BlockBuster | None]:
    """A file, database, sleep or blocking socket touched by provisiond in the loop is an error.

    Only stacks that pass through provisiond count: a test's own blocking call is its business.
    """
    if request.node.get_closest_marker("may_block") is not None:
        yield None
        return
    with blockbuster_ctx("provisiond") as guard:
        for function, file, caller in MAY_BLOCK:
            guard.functions[function].can_block_in(file, caller)
        yield guard


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """One throwaway PostgreSQL server for the session; needs `postgres`."""
    need("postgres")
    programs = postgres_bin()
    assert programs is not None
    with running_cluster(programs) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def pooler_port(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a pgbouncer in transaction mode before that server; needs `pgbouncer`."""
    need("pgbouncer")
    with running_pooler(request.getfixturevalue("postgres_cluster")) as port:
        yield port


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration and the demo's store, to be copied: each costs seconds."""
    from tests.test_cli import CONFIG, provisiond

    folder = tmp_path_factory.mktemp("demo")
    (folder / "provisiond.toml").write_text(CONFIG)
    provisiond(folder, "init", "--demo")
    return folder


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that does not exist yet, as `database.url` takes it."""
    return f"sqlite:///{tmp_path / 'provisiond.db'}"


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own, as `database.url` takes it."""
    name = postgres_cluster.new_database()
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """What becomes a store, on each engine in turn: what runs on one must run on the other."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="session")
def key() -> SecretKey:
    """What every store of the session is sealed with."""
    return SecretKey.throwaway()


@pytest.fixture(scope="session")
def shipped_shelf() -> Shelf:
    """The catalogue as it is shipped; loading it takes a second or two, and nothing changes it."""
    return Shelf.load([shipped("models")])


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, key: SecretKey) -> Path:
    """A store as `create` makes it; tests get copies, for making one takes a while."""
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


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, on each engine in turn."""
    url: str = request.getfixturevalue(f"{request.param}_store")
    return url
