"""A real provisiond process on loopback ports of its own, for journeys."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.command import run_command

ROOT = Path(__file__).parent.parent.parent


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago, below those that systems hand out by themselves."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(condition: Callable[[], object]) -> None:
    """Until it holds; what polls does so four times a second, and batches wait no longer."""
    for _ in range(100):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@dataclass
class ServerProcess:
    """provisiond, configured in `folder`; `prefix` runs it elsewhere (`ip netns exec`)."""

    folder: Path
    host: str = "127.0.0.1"
    prefix: Sequence[str] = ()
    settings: str = ""
    admission: str = 'mode = "token"'
    environment: Mapping[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.http = free_port()
        self.tftp = free_port(socket.SOCK_DGRAM)
        self.web = free_port()
        self.config = self.folder / "provisiond.toml"

    def configure(self) -> None:
        """Write the configuration; `settings` holds further TOML, top-level keys first."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(
            f'data_dir = "{self.folder}/data"\n'
            f"{self.settings}\n"
            "[boot]\n"
            f'http = ["{self.host}:{self.http}"]\n'
            f'tftp = ["{self.host}:{self.tftp}"]\n'
            "[web]\n"
            f"{self._web()}\n"
            "[public_url]\n"
            f'http = "http://{self.host}:{self.http}/"\n'
            f"[admission]\n{self.admission}\n"
        )

    def _web(self) -> str:
        if self.host == "127.0.0.1":
            return f'listen = ["{self.host}:{self.web}"]'
        return f'listen = []\nmonitor = ["{self.host}:{self.web}"]'  # no TLS, so monitors alone

    def run(
        self, *arguments: str, code: int = 0, as_json: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        """Run one command; asserts on its exit code."""
        done = self.call(*arguments, as_json=as_json)
        assert done.returncode == code, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def call(self, *arguments: str, as_json: bool = False) -> "subprocess.CompletedProcess[str]":
        """Run one command, however it ends."""
        asked = ["--config", str(self.config), *(["--json"] if as_json else []), *arguments]
        return run_command(asked, cwd=ROOT, environ=self.environment)

    def load(self, inventory: Mapping[str, Any]) -> None:
        """Import an inventory document."""
        path = self.folder / "inventory.json"
        path.write_text(json.dumps(inventory))
        self.run("import", str(path))

    def start(self) -> None:
        """Start serving and wait until it is ready."""
        log = (self.folder / "serve.log").open("ab")
        self.process = subprocess.Popen(
            [
                *self.prefix,
                sys.executable,
                "-m",
                "provisiond",
                "--config",
                str(self.config),
                "serve",
            ],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, **self.environment},
        )
        log.close()
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(f"provisiond ended: {self.log()}")
            if self._is_ready():
                return
            time.sleep(0.05)
        raise AssertionError(f"provisiond is not ready: {self.log()}")

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal_number)
        code = self.process.wait(timeout=60)
        self.process = None
        return code

    def log(self) -> str:
        """What it wrote so far."""
        return (self.folder / "serve.log").read_text(errors="replace")

    def get(self, name: str, *, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """Status and body of a GET on the phones' listener."""
        request = urllib.request.Request(
            f"http://{self.host}:{self.http}/{name}", headers=dict(headers or {})
        )
        return self._open(request)

    def put(self, name: str) -> int:
        """Status of an empty PUT on the phones' listener."""
        url = f"http://{self.host}:{self.http}/{name}"
        return self._open(urllib.request.Request(url, data=b"", method="PUT"))[0]

    def look(self, name: str) -> tuple[int, bytes]:
        """Status and body of a GET on the web listener."""
        return self._open(urllib.request.Request(f"http://{self.host}:{self.web}/{name}"))

    def _is_ready(self) -> bool:
        if self.prefix:
            probe = subprocess.run(
                [*self.prefix, "curl", "-fs", f"http://{self.host}:{self.web}/readyz"],
                capture_output=True,
            )
            return probe.returncode == 0
        try:
            return self.look("readyz")[0] == 200
        except OSError:
            return False

    @staticmethod
    def _open(request: urllib.request.Request) -> tuple[int, bytes]:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as fault:
            return fault.code, fault.read()
