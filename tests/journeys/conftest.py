"""A served inventory that journeys share."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.office import OFFICE
from tests.journeys.server import ROOT, ServerProcess, free_port

TOKEN = "abcdefghijklmnopqrstuvwx23"

INVENTORY: dict[str, Any] = {
    "domain": "pbx.example.test",
    "settings": {
        "sip_server": "pbx.example.test",
        "time_zone": "America/New_York",
        "voicemail_number": "*97",
        "feature_codes": {"pickup": "*8{value}"},
    },
    "users": [
        {
            "extension": "101",
            "first_name": "Alice",
            "last_name": "Example",
            "sip_password": "s3cret-101",
        },
        {
            "extension": "102",
            "first_name": "Bob",
            "last_name": "Example",
            "sip_password": "s3cret-102",
        },
    ],
    "phones": [
        {
            "mac": "00:15:65:aa:bb:01",
            "model": "Yealink SIP-T46U",
            "name": "Front desk",
            "token": TOKEN,
            "lines": [{"line": 1, "extension": "101"}],
            "buttons": [{"module": 0, "key": 3, "kind": "blf", "value": "102", "label": "Bob"}],
        },
        {
            "mac": "00:08:2f:aa:bb:02",
            "model": "Cisco 8851",
            "name": "Back office",
            "lines": [{"line": 1, "extension": "102"}],
        },
    ],
}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the inventory imported and every enrolment open."""
    process = ServerProcess(folder=tmp_path_factory.mktemp("prepared"))
    process.configure()
    process.run("init")
    process.load(INVENTORY)
    return process.folder / "data"


@pytest.fixture
def server(tmp_path: Path, prepared: Path) -> Iterator[ServerProcess]:
    """Serving the inventory in token mode."""
    yield from serving(tmp_path, prepared, '[sip]\ntargets = ["127.0.0.1"]')


def serving(tmp_path: Path, prepared: Path, settings: str) -> Iterator[ServerProcess]:
    """A process that serves the inventory, until it is let go."""
    process = ServerProcess(folder=tmp_path / "server", settings=settings)
    process.configure()
    shutil.copytree(prepared, process.folder / "data")
    process.start()
    try:
        yield process
    finally:
        if process.process is not None:
            process.stop()


@pytest.fixture(scope="session")
def office_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with people and places in it, and no phones."""
    process = ServerProcess(folder=tmp_path_factory.mktemp("office"))
    process.configure()
    process.run("init")
    process.load(OFFICE)
    return process.folder / "data"


@pytest.fixture(scope="session")
def provider() -> Iterator[int]:
    """The made-up address provider, a process on a port of its own."""
    port = free_port()
    command = [sys.executable, "-m", "provisiond", "emergency", "fake-provider"]
    process = subprocess.Popen(
        [*command, "--port", str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        assert "made-up provider answers" in output.readline()
        yield port
        process.terminate()
        process.wait(timeout=20)
