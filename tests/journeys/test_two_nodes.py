"""Two serving processes on one PostgreSQL: each other's changes after a tick, one enrolment."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import INVENTORY, TOKEN
from tests.journeys.server import ServerProcess

MAC = "001565aabb01"


@pytest.fixture
def nodes(postgres_url: str, tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    first = ServerProcess(folder=tmp_path / "first")
    second = ServerProcess(folder=tmp_path / "second")
    for node in (first, second):
        node.settings = f'[database]\nurl = "{postgres_url}"\n'
        node.configure()
    first.run("init")
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
    first.run("phones", "edit", MAC, "--label", "1=Lobby 101")
    for node in nodes:
        soon(lambda: b"account.1.label = Lobby 101" in node.get(f"{MAC}.cfg")[1])  # noqa: B023
    assert first.get(f"p/{TOKEN}/{MAC}.cfg")[0] == 200
    assert first.get(f"{MAC}.cfg")[0] == 404
    soon(lambda: second.get(f"{MAC}.cfg")[0] == 404)
    second.run("phones", "enrol", MAC)
    for node in nodes:
        soon(lambda: node.get(f"{MAC}.cfg")[0] == 200)  # noqa: B023
