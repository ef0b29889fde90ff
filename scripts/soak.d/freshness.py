#!/usr/bin/env python3
"""How soon does a running server serve what the command line changed?

    freshness.py [--rounds 50]

Starts a server on loopback with a store of its own, edits a phone's label again and again from
another process, and measures from the command's return until the new label is served. The poller
looks four times a second, so nothing above a second is acceptable.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.journeys.conftest import INVENTORY
from tests.journeys.server import ServerProcess

MAC = "001565aabb01"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="provisiond-freshness-") as folder:
        server = ServerProcess(folder=Path(folder))
        server.configure()
        server.run("init")
        server.load(INVENTORY)
        server.start()
        try:
            waits = [_one(server, number) for number in range(rounds)]
        finally:
            server.stop()
    late = sum(wait > 1 for wait in waits)
    print(
        f"freshness: {rounds} changes by the command line, served after a median of "
        f"{statistics.median(waits):.2f} s, at most {max(waits):.2f} s; {late} after more than 1 s"
    )
    return 1 if late else 0


def _one(server: ServerProcess, number: int) -> float:
    wanted = f"account.1.label = Round {number}\n".encode()
    server.run("phones", "edit", MAC, "--label", f"1=Round {number}")
    began = time.monotonic()
    while wanted not in server.get(f"{MAC}.cfg")[1]:
        if time.monotonic() - began > 30:
            return 30.0
        time.sleep(0.01)
    return time.monotonic() - began


if __name__ == "__main__":
    raise SystemExit(main())
