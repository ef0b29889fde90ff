"""Does the TFTP server live through a million hostile datagrams, whole and without a leak?

    scripts/soak tftp_fuzz
    .venv/bin/python scripts/soak.d/tftp_fuzz.py --count 1000000 --seed 1

The server runs in a process of its own; this one throws noise at its port and at the ports of
live transfers, and waits for an answer after every few hundred, so that each datagram is really
read. Then all must be as before: the process, its descriptors, its memory, its service. Ends
with one line of result; exit 1 where anything is amiss.
"""

import argparse
import asyncio
import json
import logging
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.boot.tftp import TftpServer
from provisiond.boot.tftp_options import TftpLimits
from provisiond.boot.tftp_packet import Data, ack, parse, read_request
from provisiond.inventory.errors import StoreUnavailable, TemplateFault, UnknownFile
from tests.boot.tftp_noise import Noise

CONFIG = bytes(range(256)) * 60
THROWERS = 64
BURST = 400
KEPT_PORTS = 256
"""Idle ports that the server keeps to tell strangers; given back when it stops."""

QUIET = 30.0
"""Seconds after which the last session must have ended by itself."""

MEMORY_GROWTH = 10 * 1024 * 1024

LIMITS = TftpLimits(
    sessions=40, first_timeout=0.1, min_timeout=0.05, max_timeout=0.5, last_wait=0.2, retries=3
)


def main() -> int:
    """Run the fuzzer, or with --serve the server that it starts."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--count", type=int, default=1_000_000, help="datagrams to throw")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    asked.add_argument("--serve", help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.serve:
        return _serve(Path(options.serve), options.loop)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "big.rom").write_bytes(bytes(400_000))
        return _fuzz(options.count, options.seed, options.loop, Path(folder))


def _fuzz(count: int, seed: int, loop: str, folder: Path) -> int:
    command = (sys.executable, __file__, "--serve", str(folder), "--loop", loop)
    errors = folder / "stderr"
    with errors.open("w") as sink, _running(command, sink) as server:
        started = _told(server)
        address = ("127.0.0.1", int(started["port"]))
        crowd = _Crowd(address, seed)
        for _ in range(5):  # warm-up: every path once, before memory is looked at
            crowd.throw(BURST)
        before = _settled(server)
        began = time.monotonic()
        crowd.thrown = 0
        while crowd.thrown < count:
            crowd.throw(min(BURST, count - crowd.thrown))
            if crowd.thrown % (BURST * 250) == 0:
                print(f"  {crowd.thrown} thrown, {time.monotonic() - began:.0f} s", flush=True)
        took = time.monotonic() - began
        served = all(crowd.fetch("a.cfg") == CONFIG for _ in range(50))
        after = _settled(server)
        crowd.close()
        stopped = _stopped(server)
        alive = server.wait(20) == 0
    complaints = errors.read_text()
    faults = {
        "the server died": not alive,
        "tracebacks": "Traceback" in complaints or "ERROR" in complaints,
        "it serves no more": not served,
        "sockets without an owner": after["sockets"] > KEPT_PORTS + 3,  # loop's pair, listener
        "sockets leaked": stopped["sockets"] > started["sockets"],
        "descriptors leaked": stopped["descriptors"] > started["descriptors"],
        "sessions leaked": after["counters"]["active"] != 0,
        "memory grew": after["memory"] - before["memory"] > MEMORY_GROWTH,
    }
    found = [name for name, is_so in faults.items() if is_so]
    if found:
        print(complaints[-4000:])
    counters = after["counters"]
    print(
        f"tftp_fuzz {'FAILED: ' + ', '.join(found) if found else 'ok'}: {crowd.thrown} datagrams "
        f"(seed {seed}, {loop}) in {took:.0f} s, {crowd.answered} packets back; "
        f"sockets before {started['sockets']}, during {after['sockets']}, "
        f"after {stopped['sockets']}, "
        f"memory {before['memory'] >> 10} -> {after['memory'] >> 10} KiB; "
        f"requests {counters['requests']}, malformed {counters['malformed']}, "
        f"evicted {counters['evicted']}, strangers {counters['strangers']}"
    )
    return 1 if found else 0


class _Crowd:
    """Throwers, each with a port of its own, and a prober that keeps step with the server."""

    def __init__(self, address: tuple[str, int], seed: int) -> None:
        self.thrown = 0
        self.answered = 0
        self._address = address
        self._noise = Noise(seed)
        self._prober = self._new(blocking=True)
        self._throwers = [self._new(blocking=False) for _ in range(THROWERS)]
        self._transfers: list[tuple[str, int] | None] = [None] * THROWERS

    def throw(self, count: int) -> None:
        """Send `count` datagrams, a third of them at live transfers; wait until all are read."""
        for number in range(count):
            index = number % THROWERS
            thrower, transfer = self._throwers[index], self._transfers[index]
            if number % 3 == 0 and transfer is not None:
                self._send(thrower, self._noise.reply(), transfer)
            else:
                self._send(thrower, self._noise.datagram(), self._address)
        self.thrown += count
        self._listen()
        self._keep_step()

    def fetch(self, name: str) -> bytes:
        """A file, by lock-step, with re-sends."""
        with self._new(blocking=True) as client:
            client.sendto(read_request(name), self._address)
            octets, block = b"", 0
            while True:
                packet, source = client.recvfrom(2000)
                read = parse(packet)
                if not isinstance(read, Data):
                    raise TypeError(f"{name} was answered with {read}")
                if read.block == block + 1:
                    octets, block = octets + read.payload, block + 1
                client.sendto(ack(block), source)
                if read.block == block and len(read.payload) < 512:
                    return octets

    def close(self) -> None:
        """Close every socket."""
        for one in (self._prober, *self._throwers):
            one.close()

    def _new(self, *, blocking: bool) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.setblocking(blocking)
        if blocking:
            made.settimeout(10)
        return made

    def _send(self, thrower: socket.socket, datagram: bytes, to: tuple[str, int]) -> None:
        try:
            thrower.sendto(datagram, to)
        except OSError:
            self._listen()

    def _listen(self) -> None:
        for index, thrower in enumerate(self._throwers):
            while True:
                try:
                    _, source = thrower.recvfrom(70_000)
                except BlockingIOError:
                    break
                except OSError:
                    continue
                self.answered += 1
                if source != self._address:
                    self._transfers[index] = source

    def _keep_step(self) -> None:
        """The listener's queue is in order: an answer to this means that all before were read."""
        self._prober.sendto(read_request("none.cfg"), self._address)
        self._prober.recvfrom(2000)


def _serve(folder: Path, loop: str) -> int:
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(message)s")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    if loop == "uvloop":
        import uvloop

        uvloop.run(_serve_until_closed(folder))
    else:
        asyncio.run(_serve_until_closed(folder))
    return 0


async def _serve_until_closed(folder: Path) -> None:
    async def serve(request: FileRequest) -> FileReply:
        name = request.name.lstrip("/")
        if name == "a.cfg":
            return FileReply(body=CONFIG)
        if name == "big.rom":
            return FileReply(asset=folder / "big.rom", size=400_000)
        if name == "slow.cfg":
            await asyncio.sleep(0.05)
            return FileReply(body=CONFIG)
        if name == "broken.cfg":
            raise StoreUnavailable("locked")
        if "boot" in name:
            raise TemplateFault("acme", "boot.j2", 1, "broken")
        raise UnknownFile(request.name)

    logging.getLogger("provisiond.boot.tftp").setLevel(logging.ERROR)
    server = TftpServer(
        serve=serve,
        networks=(ip_network("127.0.0.0/8"),),
        limits=LIMITS,
        on_malformed=lambda peer, reason: None,
    )
    await asyncio.to_thread(lambda: None)  # the loop's own thread pool is nobody's leak
    state = _state(server)
    _, port = await server.start("127.0.0.1", 0)
    print(json.dumps({"port": port, **state}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(_state(server)), flush=True)
    await server.stop(0)
    print(json.dumps(_state(server)), flush=True)


def _state(server: TftpServer) -> dict[str, Any]:
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "sockets": sum(link.startswith("socket:") for link in links),
        "descriptors": len(links),
        "memory": pages * resource.getpagesize(),
        "counters": asdict(server.counters),
    }


@contextmanager
def _running(command: tuple[str, ...], errors: Any) -> Iterator[subprocess.Popen[str]]:
    server = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
    )
    try:
        yield server
    finally:
        if server.stdin is not None and not server.stdin.closed:
            server.stdin.close()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _told(server: subprocess.Popen[str]) -> dict[str, Any]:
    if server.stdout is None:
        raise RuntimeError("the server has no output")
    line = server.stdout.readline()
    if not line:
        raise SystemExit("tftp_fuzz FAILED: the server died")
    told: dict[str, Any] = json.loads(line)
    return told


def _settled(server: subprocess.Popen[str]) -> dict[str, Any]:
    """The server's state once every session has ended by itself."""
    until = time.monotonic() + QUIET
    while True:
        if server.stdin is None:
            raise RuntimeError("the server has no input")
        server.stdin.write("\n")
        server.stdin.flush()
        state = _told(server)
        if state["counters"]["active"] == 0 or time.monotonic() > until:
            return state
        time.sleep(0.2)


def _stopped(server: subprocess.Popen[str]) -> dict[str, Any]:
    """The server's state after it has stopped, before its process ends."""
    if server.stdin is None:
        raise RuntimeError("the server has no input")
    server.stdin.close()
    return _told(server)


if __name__ == "__main__":
    sys.exit(main())
