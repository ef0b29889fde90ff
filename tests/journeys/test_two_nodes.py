"""Two serving processes on one PostgreSQL, one of them behind pgbouncer: each other's changes after
a tick, one enrolment."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import INVENTORY, TOKEN
from tests.journeys.manager import Manager
from tests.journeys.server import ServerProcess
from tests.postgres import USER

MAC = "001565aabb01"


@pytest.fixture
def nodes(
    postgres_url: str, pooler_port: int, tmp_path: Path
) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    first = ServerProcess(folder=tmp_path / "first")
    second = ServerProcess(folder=tmp_path / "second")
    name = postgres_url.rpartition("/")[2]
    pooled = f"postgresql://{USER}@127.0.0.1:{pooler_port}/{name}?statement_cache_size=0"
    for node, url in ((first, pooled), (second, postgres_url)):
        node.settings = f'[database]\nurl = "{url}"\n'
        node.configure()
    first.run("init")
    first.run("migrate")
    first.load(INVENTORY)
    (second.folder / "data").mkdir()
    shutil.copy(first.folder / "data" / "secret.key", second.folder / "data" / "secret.key")
    try:
        first.start()
        second.start()
        yield first, second
    finally:
        for node in (first, second):
            if node.process is not None:
                node.stop()


def soon(condition: Callable[[], bool]) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_change_is_served_by_both_and_a_close_holds_on_both(
    nodes: tuple[ServerProcess, ServerProcess],
) -> None:
    first, second = nodes
    for node in nodes:
        assert node.get(f"{MAC}.cfg")[0] == 200
    made = first.run("tokens", "create", "lobby", "--role", "admin", as_json=True)
    token = json.loads(made.stdout)["text"]
    manager = Manager(server=first, token=token, domain=INVENTORY["domain"])
    lines = [{"line": 1, "extension": "101", "label": "Lobby 101"}]
    asked = manager.ask("PATCH", "phones", MAC, body={"lines": lines}, etag="*")
    assert asked.status == 200, asked.body
    for node in nodes:
        soon(lambda: b"account.1.label = Lobby 101" in node.get(f"{MAC}.cfg")[1])  # noqa: B023
    assert first.get(f"p/{TOKEN}/{MAC}.cfg")[0] == 200
    assert first.get(f"{MAC}.cfg")[0] == 404
    soon(lambda: second.get(f"{MAC}.cfg")[0] == 404)
    second.run("phones", "enrol", MAC)
    for node in nodes:
        soon(lambda: node.get(f"{MAC}.cfg")[0] == 200)  # noqa: B023
