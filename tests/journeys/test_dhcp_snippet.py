"""Real DHCP servers take the lines that are printed, and phones get the bytes they read.

One network namespace with dnsmasq or another server, one with a client that bears each vendor's
MAC or vendor class in turn.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.journeys.server import ServerProcess
from tests.needs import need

SERVER = "10.78.0.1"
PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
URL = b"http://10.78.0.1/"

PHONES: Mapping[str, tuple[str, str, dict[int, bytes]]] = {
    "yealink": ("00:15:65:aa:bb:01", "", {66: URL, 160: URL}),
    "poly": ("00:04:f2:aa:bb:02", "", {66: URL, 160: URL}),
    "snom": ("00:04:13:aa:bb:03", "", {43: b"\x42\x12" + URL + b"\0", 66: URL}),
    "cisco": (
        "00:56:2b:aa:bb:04",
        "CP-8851-3PCC",
        {66: b"10.78.0.1", 150: bytes((10, 78, 0, 1)), 160: URL + b"$PSN.xml"},
    ),
    "a laptop": ("02:00:00:aa:bb:05", "", {}),
}
"""What each phone is known by, and the options it must get."""


@pytest.fixture(scope="module")
def provisiond(tmp_path_factory: pytest.TempPathFactory) -> ServerProcess:
    process = ServerProcess(folder=tmp_path_factory.mktemp("dhcp") / "server")
    process.configure()
    text = process.config.read_text().partition("[public_url]")[0]
    process.config.write_text(
        f'{text}[public_url]\nhttp = "http://{SERVER}/"\ntftp = "tftp://{SERVER}/"\n'
    )
    return process


def printed(process: ServerProcess, server: str) -> str:
    return process.run("dhcp-snippet", server).stdout


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def wire() -> Iterator[tuple[str, str]]:
    """Two namespaces joined by a cable: the office's `office`, the desk's `desk`."""
    need("netns")
    office, desk = f"pvd-o-{os.getpid() % 100000}", f"pvd-d-{os.getpid() % 100000}"
    try:
        for name in (office, desk):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", office, "link", "add", "office", "type", "veth", "peer", "name", "desk",
            "netns", desk)  # fmt: skip
        run("ip", "-n", office, "address", "add", f"{SERVER}/24", "dev", "office")
        run("ip", "-n", office, "link", "set", "office", "up")
        yield office, desk
    finally:
        for name in (office, desk):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def leased(desk: str, folder: Path, mac: str, vendor_class: str) -> dict[int, bytes]:
    """The options that a client with this MAC and class gets, as they are on the wire."""
    run("ip", "-n", desk, "link", "set", "desk", "down")
    run("ip", "-n", desk, "link", "set", "desk", "address", mac)
    run("ip", "-n", desk, "link", "set", "desk", "up")
    answer = folder / "answer"
    answer.unlink(missing_ok=True)
    script = folder / "lease.sh"
    script.write_text(
        "#!/bin/sh\n"
        'case "$reason" in BOUND|REBOOT|RENEW|REBIND)\n'
        f'  env | grep "^new_o[0-9]" > {answer}.new; mv {answer}.new {answer}\n'
        "esac\n"
    )
    script.chmod(0o755)
    codes = (43, 66, 150, 160)
    config = folder / "dhclient.conf"
    # Redefined as strings, so that the script sees their bytes.
    config.write_text(
        "".join(f"option o{code} code {code} = string;\n" for code in codes)
        + "request subnet-mask, "
        + ", ".join(f"o{code}" for code in codes)
        + ";\n"
        + (f'send vendor-class-identifier "{vendor_class}";\n' if vendor_class else "")
    )
    client = subprocess.Popen(
        ["ip", "netns", "exec", desk, "dhclient", "-1", "-d", "-4", "-sf", str(script), "-cf",
         str(config), "-lf", str(folder / f"leases-{mac}"), "-pf", "/dev/null", "desk"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(300):
            if answer.exists():
                break
            time.sleep(0.1)
        else:
            raise AssertionError("no lease")
    finally:
        client.terminate()
        client.wait()
    found = {}
    for line in answer.read_text().splitlines():
        name, _, value = line.partition("=")
        found[int(name.removeprefix("new_o"))] = as_bytes(value)
    return found


def as_bytes(shown: str) -> bytes:
    """dhclient shows a string escaped for shells, or as octets where it is no text."""
    if re.fullmatch(r"[0-9a-f]{1,2}(:[0-9a-f]{1,2})+", shown):
        return bytes(int(octet, 16) for octet in shown.split(":"))
    return re.sub(r"\\(.)", r"\1", shown).encode()


def test_dnsmasq_gives_each_vendors_phones_what_they_read(
    provisiond: ServerProcess, wire: tuple[str, str], tmp_path: Path
) -> None:
    office, desk = wire
    config = tmp_path / "dnsmasq.conf"
    config.write_text(printed(provisiond, "dnsmasq"))
    program = shutil.which("dnsmasq", path=PATH) or "dnsmasq"
    run(program, "--test", f"--conf-file={config}")
    server = subprocess.Popen(
        ["ip", "netns", "exec", office, program, "--keep-in-foreground", f"--conf-file={config}",
         "--port=0", "--interface=office", "--bind-interfaces", "--user=root", "--no-ping",
         "--dhcp-range=10.78.0.50,10.78.0.90,1h", f"--dhcp-leasefile={tmp_path}/leases",
         f"--pid-file={tmp_path}/pid"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for name, (mac, vendor_class, wanted) in PHONES.items():
            assert leased(desk, tmp_path, mac, vendor_class) == wanted, name
    finally:
        server.terminate()
        server.wait()


def test_isc_dhcpd_gives_each_vendors_phones_what_they_read(
    provisiond: ServerProcess, wire: tuple[str, str], tmp_path: Path
) -> None:
    need("dhcpd")
    office, desk = wire
    config, leases = tmp_path / "dhcpd.conf", tmp_path / "dhcpd.leases"
    leases.touch()
    config.write_text(
        printed(provisiond, "isc")
        + "\nsubnet 10.78.0.0 netmask 255.255.255.0 { range 10.78.0.50 10.78.0.90; }\n"
    )
    program = shutil.which("dhcpd", path=PATH) or "dhcpd"
    files = ("-cf", str(config), "-lf", str(leases), "-pf", str(tmp_path / "pid"))
    run("ip", "netns", "exec", office, program, "-t", *files)
    server = subprocess.Popen(
        ["ip", "netns", "exec", office, program, "-f", "-user", "root", *files, "office"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for name, (mac, vendor_class, wanted) in PHONES.items():
            assert leased(desk, tmp_path, mac, vendor_class) == wanted, name
    finally:
        server.terminate()
        server.wait()


def test_kea_gives_each_vendors_phones_what_they_read(
    provisiond: ServerProcess, wire: tuple[str, str], tmp_path: Path
) -> None:
    need("kea")
    office, desk = wire
    config = tmp_path / "kea.conf"
    classes = printed(provisiond, "kea")
    config.write_text(
        '{ "Dhcp4": { "interfaces-config": { "interfaces": ["office"] },\n'
        '"lease-database": { "type": "memfile", "persist": false },\n'
        '"subnet4": [{ "subnet": "10.78.0.0/24", "pools": [{ "pool": "10.78.0.50 - 10.78.0.90" }]'
        f" }}],\n{classes} }} }}\n"
    )
    program = shutil.which("kea-dhcp4", path=PATH) or "kea-dhcp4"
    folder = {"KEA_PIDFILE_DIR": str(tmp_path), "KEA_LOCKFILE_DIR": str(tmp_path)}
    environment = {**os.environ, **folder}
    tried = subprocess.run(
        ["ip", "netns", "exec", office, program, "-t", str(config)],
        capture_output=True, text=True, env=environment, timeout=60,
    )  # fmt: skip
    assert tried.returncode == 0, tried.stdout + tried.stderr
    server = subprocess.Popen(
        ["ip", "netns", "exec", office, program, "-c", str(config)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
    )  # fmt: skip
    try:
        for name, (mac, vendor_class, wanted) in PHONES.items():
            assert leased(desk, tmp_path, mac, vendor_class) == wanted, name
    finally:
        server.terminate()
        server.wait()
