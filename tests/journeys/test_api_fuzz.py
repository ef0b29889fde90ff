"""Whatever its document allows and whatever it does not: the API answers as documented."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import INVENTORY
from tests.journeys.manager import Manager
from tests.journeys.server import ROOT, ServerProcess

EXAMPLES = 2  # of each operation, beside those of the phases before
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
# What would end the run: the domain that all ask about, and a stream that never ends.
LEFT_OUT = ("remove_domain", "stream_events")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    process = ServerProcess(folder=tmp_path)
    process.configure()
    process.run("init")
    process.load(INVENTORY)
    process.start()
    yield process
    process.stop()


def fuzz(server: ServerProcess, token: str, examples: int, seed: int, seconds: int = 0) -> str:
    """Ask the server everything, and again until so many seconds are over where they are given;
    what was found, and what was not asked: empty for nothing."""
    program = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            str(program), "run", f"http://{server.host}:{server.web}/api/openapi.json",
            "--header", f"Authorization: Bearer {token}",
            "--checks", ",".join(CHECKS),
            "--max-examples", str(examples), "--seed", str(seed),
            *(("--max-time", str(seconds)) if seconds else ()),
            "--continue-on-failure", "--no-color", "--no-shrink", "--warnings", "off",
            "--generation-database", "none",
            *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 300,
        cwd=server.folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(server.folder)},
    )  # fmt: skip
    counts = re.search(r"Selected: (\d+)/(\d+)\s+Tested: (\d+)\n", done.stdout)
    selected, known, tested = map(int, counts.groups()) if counts is not None else (0, 0, 0)
    is_whole = tested == selected == known - len(LEFT_OUT) > 0
    return "" if done.returncode == 0 and is_whole else done.stdout[-20_000:] + done.stderr[-2000:]


def test_no_question_is_a_fault_of_ours_or_answered_otherwise_than_documented(
    server: ServerProcess,
) -> None:
    made = server.run("tokens", "create", "fuzz", "--role", "admin", as_json=True)
    token = json.loads(made.stdout)["text"]
    hook = {"name": "crm", "url": "https://hooks.invalid/", "domain": None}
    admin = Manager(server=server, token=token, domain="pbx.example.test")
    assert admin.ask("POST", "webhooks", body=hook).status == 201
    tried = admin.ask("POST", "webhooks", "crm", "test")
    assert (tried.status, tried.body["taken"]) == (200, False)
    assert tried.body["said"]
    found = fuzz(server, token, examples=EXAMPLES, seed=1)
    assert not found, found
    assert "Traceback" not in server.log()
    assert server.look("readyz")[0] == 200
