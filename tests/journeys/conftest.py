"""A served inventory that journeys share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.server import ServerProcess

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


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """Initialised, with the inventory, serving in token mode with open enrolments."""
    process = ServerProcess(folder=tmp_path / "server")
    process.configure()
    process.run("init")
    process.load(INVENTORY)
    process.start()
    try:
        yield process
    finally:
        if process.process is not None:
            process.stop()
