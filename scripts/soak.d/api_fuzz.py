#!/usr/bin/env python3
"""Does the API answer as documented, whatever it is asked, for as long as you like?

    api_fuzz.py [--minutes 30] [--seed 1]

A server on loopback with a store of its own is asked by schemathesis what its document allows and
what it does not. A 500, an undocumented status, or an answer of another shape ends it with 1.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.journeys.conftest import INVENTORY
from tests.journeys.server import ServerProcess
from tests.journeys.test_api_fuzz import fuzz


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="provisiond-api-") as folder:
        server = ServerProcess(folder=Path(folder))
        server.configure()
        server.run("init")
        server.load(INVENTORY)
        server.start()
        try:
            made = server.run("tokens", "create", "fuzz", "--role", "admin", as_json=True)
            token = json.loads(made.stdout)["text"]
            seconds = int(asked.minutes * 60)
            found = fuzz(server, token, examples=2000, seed=asked.seed, seconds=seconds)
            found += server.log() if "Traceback" in server.log() else ""
        finally:
            server.stop()
    print(found or "nothing was found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
