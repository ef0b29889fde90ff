"""The servers that are measured: provisiond, nginx and dnsmasq, each on its own core."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cpuacct import Group

SERVER_CORE, LOAD_CORE = "0", "1"
DNSMASQ_HOST = "127.0.0.69"  # its TFTP port is 69 and cannot be moved


@dataclass
class Server:
    """A running server: its ports and its accounting group."""

    name: str
    group: Group
    http: int = 0
    tftp: int = 0
    web: int = 0

    def cpu(self) -> float:
        """Seconds of CPU used so far, user and system, children included."""
        return self.group.cpu()

    def rss_mib(self) -> float:
        """Resident memory in MiB, shared pages by their share."""
        return self.group.rss_mib()


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that was free a moment ago, below those that systems hand out by themselves."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def provisiond(*arguments: str, config: Path, timeout: float = 3600) -> str:
    """Run the command line; its standard output. Stops the benchmark where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "provisiond", "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"provisiond {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
    return done.stdout


def configure(
    folder: Path,
    *,
    cache_bytes: int = 48 << 20,
    loop: str = "uvloop",
    data_dir: Path | None = None,
) -> Path:
    """A configuration in bench mode: token admission, journal on, ports of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    http, tftp, web = free_port(), free_port(socket.SOCK_DGRAM), free_port()
    config = folder / "provisiond.toml"
    config.write_text(
        f'data_dir = "{data_dir or folder / "data"}"\n'
        "[boot]\n"
        f'http = ["127.0.0.1:{http}"]\n'
        f'tftp = ["127.0.0.1:{tftp}"]\n'
        f"cache_bytes = {cache_bytes}\n"
        f'loop = "{loop}"\n'
        "[web]\n"
        f'listen = ["127.0.0.1:{web}"]\n'
        "[public_url]\n"
        f'http = "http://127.0.0.1:{http}/"\n'
        "[admission]\n"
        'mode = "token"\n'
    )
    (folder / "ports.json").write_text(json.dumps({"http": http, "tftp": tftp, "web": web}))
    return config


@contextmanager
def serving(config: Path, name: str = "provisiond") -> Iterator[Server]:
    """provisiond on its core until the block ends; ready when /readyz says so."""
    group = Group(name)
    ports = json.loads((config.parent / "ports.json").read_text())
    log = (config.parent / "serve.log").open("ab")
    group.start(
        [sys.executable, "-m", "provisiond", "--config", str(config), "serve"],
        cpus=SERVER_CORE,
        nofile=200_000,
        stdout=log,
        stderr=log,
    )
    try:
        _wait_ready(f"http://127.0.0.1:{ports['web']}/readyz", group, config)
        yield Server(name=name, group=group, **ports)
    finally:
        _end(group)
        log.close()


@contextmanager
def nginx(folder: Path, files: Path) -> Iterator[Server]:
    """nginx serving `files` as static files, one worker, on the server's core."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    (folder / "nginx.conf").write_text(
        "daemon off; user root; worker_processes 1; error_log stderr crit;"
        f"pid {folder}/nginx.pid; worker_rlimit_nofile 200000;"
        "events { worker_connections 20000; }"
        "http { access_log off; sendfile on; tcp_nopush on; default_type text/plain;"
        f"client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;"
        f"fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;"
        "open_file_cache max=20000 inactive=60s;"
        f"server {{ listen 127.0.0.1:{port} backlog=16384; root {files}; }} }}\n"
    )
    group = Group("nginx")
    group.start(
        [_program("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)],
        cpus=SERVER_CORE,
        nofile=200_000,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_port(port)
        yield Server(name="nginx", group=group, http=port)
    finally:
        _end(group)


@contextmanager
def dnsmasq(folder: Path, files: Path) -> Iterator[Server]:
    """dnsmasq serving `files` by TFTP, tuned to 9,000 transfers at once."""
    folder.mkdir(parents=True, exist_ok=True)
    group = Group("dnsmasq")
    group.start(
        [
            _program("dnsmasq"),
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--port=0",
            "--user=root",
            "--group=root",
            f"--pid-file={folder}/dnsmasq.pid",
            "--enable-tftp",
            f"--tftp-root={files}",
            "--tftp-max=9000",
            "--quiet-tftp",
            f"--listen-address={DNSMASQ_HOST}",
            "--bind-interfaces",
        ],
        cpus=SERVER_CORE,
        nofile=200_000,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(1)
        yield Server(name="dnsmasq", group=group, tftp=69)
    finally:
        _end(group)


@contextmanager
def plain_jinja(body: Path) -> Iterator[Server]:
    """aiohttp that renders the assignments of `body` with plain sandboxed Jinja, each time."""
    port = free_port()
    group = Group("plain")
    group.start(
        [sys.executable, str(Path(__file__).with_name("plain_server.py")), str(port), str(body)],
        cpus=SERVER_CORE,
        nofile=200_000,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_port(port)
        yield Server(name="plain", group=group, http=port)
    finally:
        _end(group)


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise SystemExit(
            f"{name} is missing. On Debian: apt-get install nginx-light dnsmasq-base wrk"
        )
    return found


def _wait_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def _wait_ready(url: str, group: Group, config: Path) -> None:
    for _ in range(1200):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if group.proc is not None and group.proc.poll() is not None:
            break
        time.sleep(0.05)
    log = (config.parent / "serve.log").read_text(errors="replace")
    raise SystemExit(f"provisiond did not become ready:\n{log[-3000:]}")


def _end(group: Group) -> None:
    group.stop()
    if group.proc is not None:
        group.proc.wait(timeout=60)
