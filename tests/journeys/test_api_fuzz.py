"""Whatever its document allows and whatever it does not: the API answers as documented."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.conftest import INVENTORY
from tests.journeys.server import ROOT, ServerProcess

SECONDS = 50
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


def fuzz(server: ServerProcess, seconds: int, examples: int, seed: int) -> str:
    """Ask the server for so long; what was found, empty for nothing."""
    made = server.run("tokens", "create", "fuzz", "--role", "admin", as_json=True)
    token = json.loads(made.stdout)["text"]
    program = Path(sys.executable).parent / "schemathesis"
    done = subprocess.run(
        [
            str(program), "run", f"http://{server.host}:{server.web}/api/openapi.json",
            "--header", f"Authorization: Bearer {token}",
            "--checks", ",".join(CHECKS),
            "--max-examples", str(examples), "--max-time", str(seconds), "--seed", str(seed),
            "--continue-on-failure", "--no-color", "--no-shrink", "--warnings", "off",
            "--generation-database", "none",
            *(part for name in LEFT_OUT for part in ("--exclude-operation-id", name)),
        ],
        capture_output=True,
        text=True,
        timeout=seconds + 120,
        cwd=server.folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(server.folder)},
    )  # fmt: skip
    tested = "Test cases:" in done.stdout
    return "" if done.returncode == 0 and tested else done.stdout[-20_000:] + done.stderr[-2000:]


def test_no_question_is_a_fault_of_ours_or_answered_otherwise_than_documented(
    server: ServerProcess,
) -> None:
    found = fuzz(server, SECONDS, examples=10, seed=1)
    assert not found, found
    assert "Traceback" not in server.log()
    assert server.look("readyz")[0] == 200
