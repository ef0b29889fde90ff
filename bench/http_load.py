#!/usr/bin/env python3
"""HTTP steady-state load on one server, with the server's CPU per request.

http_load.py --host 127.0.0.1 --port 8080 --macs macs.txt --pattern '/{mac}.cfg' [--close] [--gzip]
             [--tls] [--seconds 4] [--connections 64] [--threads 1] [--cpus 1] [--pid SERVER ...]

A random MAC on every request (wrk and http_wrk.lua). --close: a connection each, as phones do.
--pid (repeatable): the server's processes; adds cpu_us_per_request. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def pid_cpu(pids: Sequence[int]) -> float:
    """Seconds of CPU that these processes' live threads have used, to the nanosecond."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def run(
    host: str,
    port: int,
    macs: str,
    pattern: str = "/{mac}.cfg",
    close: bool = False,
    gzip: bool = False,
    seconds: int = 4,
    connections: int = 64,
    threads: int = 1,
    cpus: str | None = None,
    tls: bool = False,
    cpu: Callable[[], float] = lambda: 0.0,
) -> dict[str, Any]:
    """Load the server for so many seconds; `cpu` tells the CPU seconds it has used so far."""
    cmd = ["taskset", "-c", cpus] if cpus else []
    cmd += ["wrk", "-t", str(threads), "-c", str(connections), "-d", f"{seconds}s"]
    cmd += ["--latency", "--timeout", "10s", "-s", str(HERE / "http_wrk.lua")]
    cmd += [f"http{'s' if tls else ''}://{host}:{port}/", "--", macs, pattern]
    cmd += ["close"] * close + ["gzip"] * gzip
    before = cpu()
    out = subprocess.run(cmd, capture_output=True, text=True)
    used = cpu() - before
    line = next((n for n in out.stdout.splitlines() if n.startswith("JSON ")), None)
    if line is None:
        raise SystemExit(out.stdout + out.stderr)
    result: dict[str, Any] = json.loads(line.removeprefix("JSON "))
    result["rps"] = round(result["requests"] / (result["duration_us"] / 1e6), 1)
    result["server_cpu_s"] = round(used, 3)
    if result["requests"]:
        result["cpu_us_per_request"] = round(used * 1e6 / result["requests"], 2)
        result["bytes_per_request"] = result["bytes"] // result["requests"]
    return result


def main() -> None:
    """Read the command line, run, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--macs", required=True)
    parser.add_argument("--pattern", default="/{mac}.cfg")
    parser.add_argument("--close", action="store_true")
    parser.add_argument("--gzip", action="store_true")
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--cpus")
    parser.add_argument("--pid", type=int, action="append", default=[])
    arguments = vars(parser.parse_args())
    pids = arguments.pop("pid")
    print(json.dumps(run(**arguments, cpu=lambda: pid_cpu(pids))))


if __name__ == "__main__":
    main()
