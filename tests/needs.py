"""What does this test need of the machine, and is it there?"""

import functools
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

REQUIRE_VARIABLE = "PROVISIOND_REQUIRE"


def need(name: str) -> None:
    """Let the test go on only where `name` is available on this machine.

    Otherwise the test is skipped with the reason, or fails where PROVISIOND_REQUIRE (a
    comma-separated list, as CI sets it) names it.
    """
    reason = available(name)
    if reason is not None:
        _refuse(name, reason)


def available(name: str) -> str | None:
    """None where `name` can be used here, otherwise what is missing and the remedy."""
    if name not in NEEDS:
        raise KeyError(f"tests/needs.py knows no {name!r}, only {', '.join(sorted(NEEDS))}")
    return NEEDS[name]()


def required() -> frozenset[str]:
    """The needs whose absence is a failure; an unknown one is a fault of the caller's."""
    names = {n.strip() for n in os.environ.get(REQUIRE_VARIABLE, "").split(",")} - {""}
    unknown = names - NEEDS.keys()
    if unknown:
        raise pytest.UsageError(
            f"{REQUIRE_VARIABLE} names {', '.join(sorted(unknown))}; "
            f"there are {', '.join(sorted(NEEDS))}"
        )
    return frozenset(names)


def postgres_bin() -> Path | None:
    """The directory of the newest PostgreSQL server's programs; Debian keeps it off PATH."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda p: int(p.parts[-3]), default=None)
    return newest.parent if newest is not None else None


def _refuse(name: str, reason: str) -> NoReturn:
    if name in required():
        pytest.fail(f"{REQUIRE_VARIABLE} names {name}: {reason}", pytrace=False)
    pytest.skip(f"{name}: {reason}")


def _programs(programs: Sequence[str], packages: str) -> str | None:
    missing = [program for program in programs if shutil.which(program) is None]
    if not missing:
        return None
    return f"no {', '.join(missing)} on PATH; apt-get install {packages}"


@functools.cache
def _netns() -> str | None:
    missing = _programs(
        ["ip", "unshare", "dnsmasq", "dhclient"],
        "iproute2 util-linux dnsmasq-base isc-dhcp-client",
    )
    if missing is not None:
        return missing
    tried = subprocess.run(
        ["unshare", "--net", "ip", "link", "set", "lo", "up"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    if tried.returncode != 0:
        return f"no network namespace can be made here ({tried.stderr.strip()}); run as root"
    return None


@functools.cache
def _postgres() -> str | None:
    if postgres_bin() is None:
        return "no PostgreSQL server programs; apt-get install postgresql"
    if importlib.util.find_spec("asyncpg") is None:
        return "no asyncpg; pip install 'provisiond[postgres]'"
    if os.geteuid() == 0:
        return _programs(["setpriv"], "util-linux")
    return None


@functools.cache
def _tftp_clients() -> str | None:
    missing = _programs(["tftp", "atftp", "busybox", "curl"], "tftp-hpa atftp busybox curl")
    if missing is not None:
        return missing
    if importlib.util.find_spec("tftpy") is None:
        return "no tftpy; pip install 'provisiond[dev]'"
    version = subprocess.run(["curl", "--version"], capture_output=True, text=True, timeout=20)
    if "tftp" not in version.stdout.split():
        return "this curl speaks no TFTP; apt-get install curl"
    applets = subprocess.run(["busybox", "--list"], capture_output=True, text=True, timeout=20)
    if "tftp" not in applets.stdout.split():
        return "this busybox has no tftp; apt-get install busybox"
    return None


@functools.cache
def _ipv6() -> str | None:
    addresses = Path("/proc/net/if_inet6")
    if not addresses.exists() or "00000000000000000000000000000001" not in addresses.read_text():
        return "no ::1 on this machine; sysctl net.ipv6.conf.lo.disable_ipv6=0"
    return None


@functools.cache
def _full_disk() -> str | None:
    if os.geteuid() != 0:
        return "mounting a small tmpfs needs root"
    missing = _programs(["unshare", "mount"], "util-linux mount")
    if missing is not None:
        return missing
    tried = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=64k", "small", "/mnt"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    return None if tried.returncode == 0 else f"no tmpfs may be mounted: {tried.stderr.strip()}"


NEEDS: dict[str, Callable[[], str | None]] = {
    "netns": _netns,
    "postgres": _postgres,
    "pgbouncer": lambda: _postgres() or _programs(["pgbouncer"], "pgbouncer"),
    "tftp-clients": _tftp_clients,
    "curl": lambda: _programs(["curl"], "curl"),
    "nginx": lambda: _programs(["nginx"], "nginx-light"),
    "avahi": lambda: _programs(
        ["avahi-daemon", "avahi-browse", "dbus-daemon"], "avahi-daemon avahi-utils dbus"
    ),
    "fail2ban": lambda: _programs(["fail2ban-regex"], "fail2ban"),
    "systemd-analyze": lambda: _programs(["systemd-analyze"], "systemd"),
    "compiler": lambda: _programs(["cc"], "gcc libc6-dev"),
    "ipv6": _ipv6,
    "full-disk": _full_disk,
    "drop-capabilities": lambda: (
        _programs(["setpriv"], "util-linux") if os.geteuid() == 0 else "it needs root to begin with"
    ),
    "dhcpd": lambda: _programs(["dhcpd"], "isc-dhcp-server"),
    "kea": lambda: _programs(["kea-dhcp4"], "kea-dhcp4-server"),
    "sipp": lambda: _programs(["sipp"], "sip-tester"),
    "kamailio": lambda: _programs(["kamailio"], "kamailio"),
    "dnsmasq": lambda: _programs(["dnsmasq"], "dnsmasq-base"),
}
"""Name → a check that answers None or a reason. What CI requires stands in .ci/run."""
