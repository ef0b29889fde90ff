"""Does a service manager hear what sd_notify(3) promises, and is the unit as tight as it says?"""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisiond.boot.limits import HttpLimits
from provisiond.systemd import Notifier, watchdog_interval
from tests.needs import need

ROOT = Path(__file__).parent.parent
UNIT = ROOT / "systemd" / "provisiond.service"


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A listening service manager and the NOTIFY_SOCKET that it would set."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(10)
        yield listening, name


def test_each_state_is_one_datagram(manager: tuple[socket.socket, str]) -> None:
    listening, address = manager
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("HTTP 127.0.0.1:8080\nREADY=0")
    notifier.alive()
    notifier.extend_timeout(12.5)
    notifier.status("3 transfers")
    notifier.stopping("finishing 3 transfers")
    notifier.close()
    assert [listening.recv(4096).decode() for _ in range(5)] == [
        "READY=1\nSTATUS=HTTP 127.0.0.1:8080 READY=0",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=12500000",
        "STATUS=3 transfers",
        "STOPPING=1\nSTATUS=finishing 3 transfers",
    ]


def test_a_reload_says_when_it_began(manager: tuple[socket.socket, str]) -> None:
    listening, address = manager
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.reloading()
    notifier.close()
    state, began = listening.recv(4096).decode().split("\n")
    assert state == "RELOADING=1"
    assert began.removeprefix("MONOTONIC_USEC=").isdigit()


@pytest.mark.parametrize("address", ["", "relative", "/nonexistent/notify", "@gone", "vsock:2:1"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready("up")
    notifier.close()
    notifier.alive()


async def test_a_manager_that_reads_nothing_holds_nobody(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        notifier = Notifier({"NOTIFY_SOCKET": path})
        for _ in range(5000):  # far beyond net.unix.max_dgram_qlen
            notifier.alive()
        notifier.close()


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, 15.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_in_its_limit(
    environ: dict[str, str], interval: float | None
) -> None:
    assert watchdog_interval(environ, pid=77) == interval


def test_the_unit_is_valid_and_its_exposure_is_under_two(tmp_path: Path) -> None:
    need("systemd-analyze")
    unit = tmp_path / "provisiond.service"  # its program is not installed here
    text = UNIT.read_text()
    unit.write_text(text.replace("/opt/provisiond/bin/provisiond", "/bin/true"))
    verified = run("systemd-analyze", "verify", "--man=no", str(unit))
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = run("systemd-analyze", "security", "--offline=true", "--threshold=19", str(unit))
    assert rated.returncode == 0, rated.stdout


def test_the_unit_lets_the_daemon_do_its_work() -> None:
    """Notifications, a watchdog longer than the probe's rhythm, ports 69 and 80, both families."""
    directives = dict(
        line.split("=", 1) for line in UNIT.read_text().splitlines() if line[:1].isupper()
    )
    assert directives["Type"] == "notify"
    assert int(directives["WatchdogSec"]) >= 10
    assert directives["AmbientCapabilities"] == "CAP_NET_BIND_SERVICE"
    assert set(directives["RestrictAddressFamilies"].split()) == {"AF_INET", "AF_INET6", "AF_UNIX"}


def test_user_and_directories_are_made(tmp_path: Path) -> None:
    need("systemd-analyze")
    (tmp_path / "etc").mkdir()
    made = run("systemd-sysusers", f"--root={tmp_path}", str(UNIT.with_name("sysusers.conf")))
    assert made.returncode == 0, made.stderr
    assert "provisiond:" in (tmp_path / "etc/passwd").read_text()
    if os.geteuid() != 0:
        return
    rules = str(UNIT.with_name("tmpfiles.conf"))
    made = run("systemd-tmpfiles", "--create", f"--root={tmp_path}", rules)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "var/lib/provisiond").stat().st_mode & 0o777 == 0o700


def test_the_buffer_and_the_queue_that_the_daemon_asks_for_are_allowed() -> None:
    allowed = dict(
        line.split(" = ")
        for line in UNIT.with_name("sysctl.conf").read_text().splitlines()
        if not line.startswith("#")
    )
    assert int(allowed["net.core.rmem_max"]) >= 4 << 20
    assert int(allowed["net.core.somaxconn"]) >= HttpLimits().backlog


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60)
