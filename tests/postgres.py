"""How do the tests get a PostgreSQL server of their own?"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

USER = "provisiond"
START_SECONDS = 60.0
ATTEMPTS = 5
MEMORY = Path("/dev/shm")
ROOM = 1 << 30
"""bytes; a session's server takes a fifth of them"""
_DONE = "that is done"


class ClusterFailed(Exception):
    """PostgreSQL did not do what was asked; says what it printed."""


@dataclass(slots=True, kw_only=True)
class Cluster:
    """A throwaway server on a loopback port, durability off: its data end with the session."""

    programs: Path
    port: int
    strategy: str
    made: int = field(default=0)
    prompt: "subprocess.Popen[str] | None" = field(default=None)

    def new_database(self, template: str = "template0") -> str:
        """Create an empty database, or a copy of `template`; answers its name."""
        self.made += 1
        name = f"test_{os.getpid()}_{self.made}"
        self._sql(f"CREATE DATABASE {name} TEMPLATE {template}{self.strategy}")
        return name

    def url(self, database: str) -> str:
        """The URL as `database.url` takes it."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def drop_database(self, name: str) -> None:
        """Drop it, whoever is still connected."""
        self._sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def close(self) -> None:
        """End the connection that databases are made and dropped by."""
        if self.prompt is not None:
            self.prompt.communicate()
            self.prompt = None

    def _sql(self, statement: str) -> None:
        """By one connection for all: a process and a connection each take longer than a copy."""
        if self.prompt is None:
            program = [str(self.programs / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
            where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres"]
            self.prompt = subprocess.Popen(
                [*program, *where],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd="/",
            )
        prompt = self.prompt
        assert prompt.stdin is not None
        assert prompt.stdout is not None
        prompt.stdin.write(f"{statement};\n\\echo {_DONE}\n")
        prompt.stdin.flush()
        said: list[str] = []
        for line in prompt.stdout:
            if line == f"{_DONE}\n":
                return
            said.append(line)
        self.close()
        raise ClusterFailed(f"{statement} failed:\n{''.join(said)}")


@contextlib.contextmanager
def running_cluster(programs: Path) -> Iterator[Cluster]:
    """A server for as long as the context lasts. PostgreSQL refuses to run as root, so it runs
    as its own user or as nobody where the tests are root's."""
    home = Path(tempfile.mkdtemp(prefix="provisiond-pg-", dir=_quick_folder()))
    try:
        become = _become_unprivileged(home)
        data = home / "data"
        _run(
            [*become, str(programs / "initdb"), "-D", str(data), "-U", USER, "-A", "trust"]
            + ["-E", "UTF8", "--locale=C", "--lc-ctype=C.UTF-8", "--no-sync", "--no-instructions"]
        )
        server, port = _start(programs, become, home)
        try:
            cluster = Cluster(programs=programs, port=port, strategy=_strategy(data))
            with contextlib.closing(cluster):
                yield cluster
        finally:
            server.send_signal(signal.SIGINT)  # fast shutdown: connections are cut
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.send_signal(signal.SIGQUIT)
                server.wait(timeout=20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def running_pooler(cluster: Cluster) -> Iterator[int]:
    """pgbouncer before the server, a connection a transaction; answers its port."""
    home = Path(tempfile.mkdtemp(prefix="provisiond-bouncer-"))
    try:
        become = _become_unprivileged(home)
        port = _free_port()
        (home / "users").write_text(f'"{USER}" ""\n')
        (home / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={cluster.port}\n"
            "[pgbouncer]\npool_mode = transaction\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = trust\nauth_file = {home}/users\n"
            "max_client_conn = 200\ndefault_pool_size = 8\nserver_idle_timeout = 1\n"
        )
        with (home / "log").open("ab") as output:
            pooler = subprocess.Popen(
                [*become, "pgbouncer", str(home / "pgbouncer.ini")],
                stdout=output,
                stderr=output,
                cwd=home,
                start_new_session=True,
            )
        try:
            if not _ready(cluster.programs, pooler, port):
                raise ClusterFailed(f"pgbouncer did not start:\n{(home / 'log').read_text()}")
            yield port
        finally:
            pooler.terminate()
            pooler.wait(timeout=20)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _start(programs: Path, become: list[str], home: Path) -> tuple["subprocess.Popen[bytes]", int]:
    options = {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(home),
        "max_connections": "100",
        "max_wal_size": "96MB",
        "shared_buffers": "32MB",
    }
    settings = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
    log = home / "log"
    for _ in range(ATTEMPTS):  # another process may take the port between the look and the bind
        port = _free_port()
        with log.open("ab") as output:
            server = subprocess.Popen(
                [*become, str(programs / "postgres"), "-D", str(home / "data")]
                + ["-p", str(port), *settings],
                stdout=output,
                stderr=output,
                cwd=home,
                start_new_session=True,
            )
        if _ready(programs, server, port):
            return server, port
    raise ClusterFailed(f"postgres did not start:\n{log.read_text()[-2000:]}")


def _ready(programs: Path, server: "subprocess.Popen[bytes]", port: int) -> bool:
    probe = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            return False
        if subprocess.run(probe).returncode == 0:
            return True
        time.sleep(0.05)
    server.kill()
    server.wait()
    return False


def _quick_folder() -> Path | None:
    """Memory, where there is enough: a disk takes ten times as long to make a database."""
    with contextlib.suppress(OSError):
        if shutil.disk_usage(MEMORY).free > ROOM and os.access(MEMORY, os.W_OK):
            return MEMORY
    return None


def _strategy(data: Path) -> str:
    """How to copy a database: without durability, whole files at a fourth of the cost."""
    version = int((data / "PG_VERSION").read_text())
    return " STRATEGY file_copy" if version >= 15 else ""  # older ones know no other


def _become_unprivileged(home: Path) -> list[str]:
    if os.geteuid() != 0:
        return []
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            os.chown(home, user.pw_uid, user.pw_gid)
            identity = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            return ["setpriv", *identity, "--pdeathsig", "INT", "--"]
    raise ClusterFailed("neither user postgres nor nobody exists, and root may not run it")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", timeout=120)
    if done.returncode != 0:
        raise ClusterFailed(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
