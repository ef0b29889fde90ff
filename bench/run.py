#!/usr/bin/env python3
"""How fast is it, beside nginx and dnsmasq in the same run? Prints a table with ratios.

    run.py [--quick] [--only ROW[,ROW]] [--keep FOLDER]

Servers run on one core, load on another, peers are interleaved, the median of three rounds counts.
CPU per request and its ratio to the peer decide; seconds are reported and swing with the machine.
Exit code 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import inventory  # noqa: E402
from http_load import run as wrk  # noqa: E402
from peers import (  # noqa: E402
    DNSMASQ_HOST,
    LOAD_CORE,
    Server,
    configure,
    dnsmasq,
    nginx,
    plain_jinja,
    provisiond,
    serving,
)

ROUNDS = 3


@dataclass
class Row:
    """One line of the table. `met` is None where nothing is gated."""

    what: str
    figure: str
    peer: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None


@dataclass
class Bench:
    """One run: its folder, sizes and the rows it has so far."""

    folder: Path
    quick: bool
    rows: list[Row] = field(default_factory=list)

    @property
    def phones(self) -> int:
        return 1000 if self.quick else 10_000

    @property
    def seconds(self) -> int:
        return 2 if self.quick else 4

    def add(self, row: Row) -> None:
        self.rows.append(row)
        mark = {True: "met", False: "MISSED", None: ""}[row.met]
        print(
            f"{row.what:58} {row.figure:>26} {row.peer:>20} {row.ratio:>8}  {row.target:16} {mark}",
            flush=True,
        )


def prepare(bench: Bench, name: str, count: int, model: str = inventory.REFERENCE, **more) -> Path:
    """A store with `count` phones, all enrolments open; its configuration."""
    folder = bench.folder / name
    config = configure(folder, **more)
    provisiond("init", config=config)
    now = datetime.now(UTC).replace(microsecond=0)
    documents = inventory.domains(
        count,
        model,
        (now - timedelta(hours=1)).isoformat(),
        (now + timedelta(days=20)).isoformat(),
    )
    began = time.monotonic()
    for path in inventory.write(folder, documents):
        provisiond("import", str(path), config=config)
    took = time.monotonic() - began
    (folder / "macs.txt").write_text("\n".join(inventory.macs(count)) + "\n")
    print(f"  ({name}: {count} phones imported in {took:.1f} s)", flush=True)
    return config


def fetch(server: Server, name: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.http}/{name}", timeout=30) as answer:
        return answer.read()


def http_cpu(
    bench: Bench, server: Server, macs: Path, *, close: bool = True, pattern: str = "/{mac}.cfg"
) -> float:
    """CPU µs a request of a steady load with random MACs."""
    result = wrk(
        "127.0.0.1",
        server.http,
        str(macs),
        pattern,
        close=close,
        seconds=bench.seconds,
        connections=64,
        cpus=LOAD_CORE,
        cpu=server.cpu,
    )
    bad = result["err_status"] + result["err_read"] + result["err_timeout"]
    if bad:
        raise SystemExit(f"{server.name}: {bad} answers were wrong: {result}")
    return float(result["cpu_us_per_request"])


def interleaved(measures: Sequence[Callable[[], float]]) -> list[float]:
    """The median of each measure over three rounds, taken in turn."""
    rounds = [[measure() for measure in measures] for _ in range(ROUNDS)]
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


def program(name: str) -> str:
    """A load generator, compiled where it is not yet."""
    built = HERE / "build" / name
    source = HERE / f"{name}.c"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        built.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-o", str(built), str(source), "-lm"], check=True)
    return str(built)


def load(name: str, *arguments: str) -> dict:
    """Run a load generator on its core; its JSON line, with `exit` beside it."""
    done = subprocess.run(
        [
            "sh",
            "-c",
            'ulimit -n 200000; exec "$@"',
            "sh",
            "taskset",
            "-c",
            LOAD_CORE,
            program(name),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"{name}: {done.stdout}{done.stderr}")
    return {**json.loads(lines[-1]), "exit": done.returncode}


def warm_http(bench: Bench) -> None:
    """A warm file, a new connection each, journal and admission on."""
    count = 1000
    config = prepare(bench, "warm", count)
    plain = prepare(bench, "warm-asyncio", count, loop="asyncio")
    macs = bench.folder / "warm" / "macs.txt"
    files = bench.folder / "static"
    files.mkdir()
    with serving(config) as ours, serving(plain, "asyncio") as slow:
        for mac in inventory.macs(count):
            (files / f"{mac}.cfg").write_bytes(fetch(ours, f"{mac}.cfg"))
            fetch(slow, f"{mac}.cfg")
        with nginx(bench.folder / "nginx", files) as peer:
            size = (files / f"{inventory.macs(1)[0]}.cfg").stat().st_size
            print(f"  (the reference file has {size} bytes)", flush=True)
            for close in (True, False):
                uv, std, ng = interleaved(
                    [
                        lambda: http_cpu(bench, ours, macs, close=close),  # noqa: B023
                        lambda: http_cpu(bench, slow, macs, close=close),  # noqa: B023
                        lambda: http_cpu(bench, peer, macs, close=close),  # noqa: B023
                    ]
                )
                kind = "new connection each" if close else "keep-alive"
                for label, value, most in (("uvloop", uv, 8), ("asyncio", std, 10)):
                    bench.add(
                        Row(
                            f"HTTP warm, {kind}, {label}",
                            f"{value:.1f} µs",
                            f"nginx {ng:.1f} µs",
                            f"{value / ng:.1f} ×",
                            f"≤ {most} ×" if close else "",
                            value / ng <= most if close else None,
                        )
                    )


def cold_http(bench: Bench) -> None:
    """A cold file: facts, render and HTTP on each request."""
    for model, pattern, most in (
        (inventory.REFERENCE, "/{mac}.cfg", 1200),
        (inventory.XML_REFERENCE, "/{mac}.xml", 1800),
    ):
        name = f"cold-{pattern[-3:]}"
        config = prepare(bench, name, 300, model, cache_bytes=0)
        macs = bench.folder / name / "macs.txt"
        with serving(config) as ours:
            body = fetch(ours, pattern[1:].format(mac=inventory.macs(1)[0]))
            for mac in inventory.macs(300):  # an enrolment's first fetch also waits for a commit
                fetch(ours, pattern[1:].format(mac=mac))
            assignments = len(re.findall(rb" =( |$)|</", body, re.MULTILINE))
            (bench.folder / name / "body").write_bytes(body)
            with plain_jinja(bench.folder / name / "body") as peer:
                value, plain = interleaved(
                    [
                        lambda: http_cpu(bench, ours, macs, pattern=pattern),  # noqa: B023
                        lambda: http_cpu(bench, peer, macs, pattern=pattern),  # noqa: B023
                    ]
                )
        allowed = max(most * assignments / 300, 2 * plain)
        bench.add(
            Row(
                f"HTTP cold, {model}, {assignments} assignments",
                f"{value:.0f} µs",
                f"plain {plain:.0f} µs",
                f"{value / plain:.1f} ×",
                f"≤ {allowed:.0f} µs",
                value <= allowed,
            )
        )


def sequence(bench: Bench, config: Path) -> Path:
    """What each phone asks for at boot, from the manifest."""
    text = provisiond("--json", "families", "show", "yealink/sip", config=config)
    steps = json.loads(text)["boot"]
    lines = [
        " ".join(_step(step, mac) for step in steps if not step.get("optional"))
        for mac in inventory.macs(bench.phones)
    ]
    path = config.parent / "seq.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def _step(step: dict, mac: str) -> str:
    name = step["path"].replace("{mac}", mac).replace("{code}", "000000000108")
    return name if step["expect"] == 200 else f"{name}={step['expect']}"


def storm_http(bench: Bench) -> None:
    """All phones boot at one instant, cold and then warm; memory after it."""
    config = prepare(bench, "storm", bench.phones)
    seq = sequence(bench, config)
    with serving(config) as ours:
        load("http_storm", "--port", str(ours.http), "--seq", str(seq), "--concurrency", "500",
             "--deadline", "300")  # fmt: skip
        memory = ours.rss_mib()
        bench.add(
            Row(
                f"memory after {bench.phones} phones, 500 at a time",
                f"{memory:.0f} MiB",
                target="≤ 150 MiB",
                met=memory <= 150,
            )
        )
    with serving(config) as ours:
        for kind in ("cold", "warm"):
            result = load(
                "http_storm", "--port", str(ours.http), "--seq", str(seq),
                "--concurrency", "8000", "--deadline", "300",
            )  # fmt: skip
            failures = result["phones"] - result["phones_ok"]
            bench.add(
                Row(
                    f"{bench.phones} phones boot at once over HTTP, {kind}",
                    f"{result['seconds']:.1f} s, {failures} failures",
                    target="0 failures",
                    met=result["exit"] == 0 and failures == 0,
                )
            )
        bench.add(
            Row(f"memory after {bench.phones} phones at once, twice", f"{ours.rss_mib():.0f} MiB")
        )


def tftp(bench: Bench) -> None:
    """TFTP beside dnsmasq; then storms, loss, doubled ACKs and vanished phones."""
    count = 1000
    config = prepare(bench, "tftp", 5000)
    macs = bench.folder / "tftp" / "macs.txt"
    few = bench.folder / "tftp" / "few.txt"
    few.write_text("\n".join(inventory.macs(count)) + "\n")
    files = bench.folder / "tftp-static"
    files.mkdir()
    with serving(config) as ours:
        for mac in inventory.macs(5000):
            body = fetch(ours, f"{mac}.cfg")
            if len(list(files.iterdir())) < count or mac in inventory.macs(count):
                (files / f"{mac}.cfg").write_bytes(body)
        with dnsmasq(bench.folder / "dnsmasq", files) as peer:
            for blksize in (512, 1428):
                mine, theirs = interleaved(
                    [
                        lambda: _tftp_cpu(bench, ours, "127.0.0.1", few, blksize),  # noqa: B023
                        lambda: _tftp_cpu(bench, peer, DNSMASQ_HOST, few, blksize),  # noqa: B023
                    ]
                )
                bench.add(
                    Row(
                        f"TFTP transfer, {blksize}-byte blocks",
                        f"{mine:.0f} µs",
                        f"dnsmasq {theirs:.0f} µs",
                        f"{mine / theirs:.2f} ×",
                        "≤ 2 ×" if blksize == 512 else "",
                        mine / theirs <= 2 if blksize == 512 else None,
                    )
                )
        _tftp_faults(bench, ours, macs, few)


def _tftp_load(server: Server, host: str, macs: Path, *more: str) -> dict:
    return load(
        "tftp_load",
        "--host",
        host,
        "--port",
        str(server.tftp),
        "--macs",
        str(macs),
        "--pattern",
        "{mac}.cfg",
        *more,
    )


def _tftp_cpu(bench: Bench, server: Server, host: str, macs: Path, blksize: int) -> float:
    transfers = 1000 if bench.quick else 4000
    before = server.cpu()
    result = _tftp_load(
        server,
        host,
        macs,
        "--concurrency",
        "32",
        "--transfers",
        str(transfers),
        "--blksize",
        str(blksize),
    )
    if result["exit"]:
        raise SystemExit(f"{server.name}: transfers failed: {result}")
    return (server.cpu() - before) * 1e6 / transfers


def _tftp_faults(bench: Bench, ours: Server, macs: Path, few: Path) -> None:
    storm = _tftp_load(
        ours, "127.0.0.1", macs, "--concurrency", "5000", "--transfers", "5000", "--blksize", "512"
    )
    resent = storm["client_resent"]
    bench.add(
        Row(
            "5,000 TFTP clients at one instant",
            f"{storm['seconds']:.2f} s, {resent} re-sends",
            target="all, 0 re-sends",
            met=storm["exit"] == 0 and resent == 0,
        )
    )
    loss = _tftp_load(
        ours,
        "127.0.0.1",
        few,
        "--concurrency",
        "30",
        "--transfers",
        "300",
        "--blksize",
        "512",
        "--loss",
        "0.05",
    )
    bench.add(
        Row(
            "5 % loss, 300 transfers",
            f"median {loss.get('p50_ms', loss.get('median_ms', 0)):.0f} ms",
            target="all whole",
            met=loss["exit"] == 0,
        )
    )
    double = _tftp_load(
        ours,
        "127.0.0.1",
        few,
        "--concurrency",
        "30",
        "--transfers",
        "300",
        "--blksize",
        "512",
        "--dupack",
        "1",
    )
    again = double["dup_data"]
    bench.add(
        Row(
            "doubled ACKs, 300 transfers",
            f"{again} duplicate DATA",
            target="0",
            met=double["exit"] == 0 and again == 0,
        )
    )
    _vanish(ours, inventory.macs(1000))
    after = _tftp_load(
        ours, "127.0.0.1", few, "--concurrency", "1000", "--transfers", "1000", "--blksize", "512"
    )
    bench.add(
        Row(
            "1,000 phones vanish in mid-transfer; the next 1,000",
            f"{after['seconds']:.2f} s",
            target="all served",
            met=after["exit"] == 0,
        )
    )


def _vanish(ours: Server, macs: Sequence[str]) -> None:
    """Ask, take the first block, and be gone without a word; the sockets stay open and silent."""
    import socket

    phones = []
    for mac in macs:
        phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        phone.settimeout(10)
        phone.sendto(b"\0\x01" + f"{mac}.cfg".encode() + b"\0octet\0", ("127.0.0.1", ours.tftp))
        phones.append(phone)
    for phone in phones:
        phone.recvfrom(600)
    for phone in phones:
        phone.close()


def scale(bench: Bench) -> None:
    """Cost a request, warm and cold, as the store grows, and how long a start takes."""
    sizes = (100, 5_000) if bench.quick else (100, 50_000, 100_000)
    few = bench.folder / "few.txt"
    few.write_text("\n".join(inventory.macs(100)) + "\n")
    configs = [prepare(bench, f"scale-{count}", count) for count in sizes]
    for kind in ("warm", "cold"):
        with contextlib.ExitStack() as stack:
            servers = []
            for count, config in zip(sizes, configs, strict=True):
                if kind == "cold":
                    data = config.parent / "data"
                    config = configure(config.parent / "cold", cache_bytes=0, data_dir=data)
                began = time.monotonic()
                servers.append(stack.enter_context(serving(config, f"provisiond-{count}")))
                if kind == "warm":
                    took = time.monotonic() - began
                    bench.add(Row(f"start with {count} phones in the store", f"{took:.1f} s"))
                for mac in inventory.macs(100):
                    fetch(servers[-1], f"{mac}.cfg")
            costs = interleaved([partial(http_cpu, bench, server, few) for server in servers])
        shown = " / ".join(f"{cost:.0f}" for cost in costs)
        bench.add(
            Row(
                f"{kind} request, {' / '.join(str(size) for size in sizes)} phones",
                f"{shown} µs",
                ratio=f"{costs[-1] / costs[0]:.2f} ×",
                target="flat within 20 %",
                met=costs[-1] / costs[0] <= 1.2,
            )
        )


ROWS: dict[str, Callable[[Bench], None]] = {
    "warm": warm_http,
    "cold": cold_http,
    "storm": storm_http,
    "tftp": tftp,
    "scale": scale,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller and shorter, for a first look"
    )
    parser.add_argument("--only", default="", help="rows to run, by comma: " + ", ".join(ROWS))
    parser.add_argument("--keep", type=Path, help="folder to work in and keep")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="provisiond-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(folder=folder, quick=options.quick)
    try:
        for name in options.only.split(",") if options.only else ROWS:
            ROWS[name](bench)
    finally:
        if options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    missed = [row.what for row in bench.rows if row.met is False]
    print(
        f"\n{len(bench.rows)} rows, {len(missed)} target(s) missed"
        + "".join(f"\n  {m}" for m in missed)
    )
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
