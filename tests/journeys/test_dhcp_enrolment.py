"""A phone learns one URL by DHCP option 66, enrols, and from then on starts at its own URL.

Two network namespaces joined by a veth pair: dnsmasq and provisiond in one, the phone (dhclient,
curl) with the phone's MAC in the other.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.journeys.conftest import INVENTORY, TOKEN
from tests.journeys.server import ServerProcess
from tests.needs import need

MAC = "001565aabb01"
SERVER = "10.77.0.1"


@dataclass
class Site:
    """The namespaces' names and the server in the first."""

    office: str
    desk: str
    server: ServerProcess
    folder: Path

    def boot(self) -> str:
        """The network side of one boot: a lease, and the URL that option 66 gives."""
        script = self.folder / "lease.sh"
        script.write_text(
            "#!/bin/sh\n"
            'case "$reason" in BOUND|REBOOT|RENEW|REBIND)\n'
            '  ip address flush dev "$interface"\n'
            '  ip address add "$new_ip_address/24" dev "$interface"\n'
            f'  printf %s "$new_tftp_server_name" > {self.folder}/option66.new\n'
            f"  mv {self.folder}/option66.new {self.folder}/option66\n"
            "esac\n"
        )
        script.chmod(0o755)
        (self.folder / "dhclient.conf").write_text("request subnet-mask, tftp-server-name;\n")
        (self.folder / "option66").unlink(missing_ok=True)
        client = subprocess.Popen(
            [
                "ip", "netns", "exec", self.desk, "dhclient", "-1", "-d", "-4",
                "-sf", str(script), "-cf", str(self.folder / "dhclient.conf"),
                "-lf", str(self.folder / "leases"), "-pf", "/dev/null", "desk",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in range(300):
                if (self.folder / "option66").exists():
                    return (self.folder / "option66").read_text()
                time.sleep(0.1)
            raise AssertionError("dnsmasq gave no lease")
        finally:
            client.terminate()
            client.wait()

    def fetch(self, url: str) -> tuple[int, str]:
        """Status and text of what the phone gets."""
        done = run(
            "ip", "netns", "exec", self.desk, "curl", "-s", "-w", "\n%{http_code}",
            "-A", "Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:01", url,
        )  # fmt: skip
        body, _, status = done.rpartition("\n")
        return int(status), body


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    need("netns")
    suffix = f"{os.getpid() % 100000}"
    office, desk = f"pvd-office-{suffix}", f"pvd-desk-{suffix}"
    server = ServerProcess(
        folder=tmp_path / "server", host=SERVER, prefix=("ip", "netns", "exec", office)
    )
    server.configure()
    server.run("init")
    server.load(INVENTORY)
    dnsmasq: subprocess.Popen[bytes] | None = None
    try:
        for name in (office, desk):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run(
            "ip", "-n", office, "link", "add", "office", "type", "veth",
            "peer", "name", "desk", "address", "00:15:65:aa:bb:01", "netns", desk,
        )  # fmt: skip
        run("ip", "-n", office, "address", "add", f"{SERVER}/24", "dev", "office")
        run("ip", "-n", office, "link", "set", "office", "up")
        run("ip", "-n", desk, "link", "set", "desk", "up")
        program = shutil.which("dnsmasq", path=f"{os.environ['PATH']}:/usr/sbin") or "dnsmasq"
        dnsmasq = subprocess.Popen(
            [
                "ip", "netns", "exec", office, program, "--keep-in-foreground",
                "--conf-file=/dev/null", "--port=0", "--interface=office", "--bind-interfaces",
                "--dhcp-range=10.77.0.50,10.77.0.90,1h", "--user=root", "--no-ping",
                f"--dhcp-option=66,http://{SERVER}:{server.http}/",
                f"--dhcp-leasefile={tmp_path}/dnsmasq.leases", f"--pid-file={tmp_path}/dnsmasq.pid",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        server.start()
        yield Site(office=office, desk=desk, server=server, folder=tmp_path)
    finally:
        if server.process is not None:
            server.stop()
        if dnsmasq is not None:
            dnsmasq.terminate()
            dnsmasq.wait()
        for name in (office, desk):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def test_a_phone_enrols_by_dhcp_and_ends_at_its_own_url(site: Site) -> None:
    url = site.boot()
    assert url == f"http://{SERVER}:{site.server.http}/"
    status, body = site.fetch(f"{url}{MAC}.cfg")
    assert status == 200
    found = re.search(r"^static\.auto_provision\.server\.url = (\S+)$", body, re.MULTILINE)
    assert found is not None
    own = found.group(1)
    assert own == f"{url}p/{TOKEN}/"
    # What outranks the phone's own URL is off in the file it has just taken.
    assert re.search(r"^static\.auto_provision\.dhcp_option\.enable = 0$", body, re.MULTILINE)
    assert re.search(r"^static\.auto_provision\.pnp_enable = 0$", body, re.MULTILINE)
    assert site.fetch(f"{own}{MAC}.cfg") == (200, body)
    assert site.fetch(f"{url}{MAC}.cfg")[0] == 404

    again = site.boot()
    assert again == url, "option 66 is still handed out"
    assert site.fetch(f"{again}{MAC}.cfg")[0] == 404
    assert site.fetch(f"{own}{MAC}.cfg") == (200, body)
