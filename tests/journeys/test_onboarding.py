"""Phones find their provisioning by SIP multicast, and people the server by mDNS, across a cable.

Two network namespaces joined by a veth pair: provisiond in one; in the other the phone, which
asks in the words of five vendors, and a real avahi.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.boot.subscriptions import MAC, NAMELESS, SUBSCRIBES
from tests.journeys.conftest import TOKEN
from tests.journeys.server import ROOT, ServerProcess
from tests.needs import need

SERVER, PHONE = "10.78.0.1", "10.78.0.2"

# The phone: asks the group as each vendor does, and prints what it hears, JSON a line.
ASK = """
import json, socket, sys, time
from tests.boot.subscriptions import subscribe
for name in sys.argv[4:]:
    phone = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    phone.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
    phone.bind((sys.argv[1], 0))
    phone.settimeout(float(sys.argv[2]))
    source = "%s:%d" % phone.getsockname()
    text = subscribe(name, source)
    if sys.argv[3] != "known":
        for spelt in (b"001565AABB01", b"001565aabb01", b"00:15:65:aa:bb:01"):
            text = text.replace(spelt, b"001565aabb99")
        text = text.replace(name.encode() + b"\\r\\n", sys.argv[3].encode() + b"\\r\\n")
        text = text.replace(b"1yealink", sys.argv[3].encode() + b"1")
    phone.sendto(text, ("224.0.1.75", 5060))
    heard = []
    try:
        while len(heard) < 2:
            octets, sender = phone.recvfrom(9000)
            heard.append((octets.decode(), sender))
    except TimeoutError:
        pass
    if len(heard) == 2:
        head = heard[1][0].split("\\r\\n\\r\\n")[0].split("\\r\\n")
        echoed = ("Via", "From", "To", "Call-ID", "CSeq")
        kept = [line for line in head[1:] if line.split(":")[0] in echoed]
        ok = "\\r\\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        phone.sendto(ok.encode(), heard[1][1])
    print(json.dumps([name, [text for text, _ in heard]]))
"""

# avahi with a bus and a /run of its own; it needs a moment to hear everybody.
BROWSE = """
mount -t tmpfs run /run && mkdir -p /run/dbus /run/avahi-daemon
dbus-daemon --system --nopidfile --fork --print-pid >/run/bus.pid
printf '[server]\\nhost-name=desk\\nuse-ipv6=no\\n' >/run/avahi.conf
avahi-daemon --file /run/avahi.conf --no-drop-root --no-chroot --no-rlimits &
avahi=$!
for try in 1 2 3 4 5 6 7 8 9 10; do
    sleep 1
    found=$(avahi-browse --all --terminate --resolve --parsable --no-db-lookup 2>/dev/null)
    [ "$(echo "$found" | grep -c '^=')" -ge 5 ] && break
done
printf "%s\\n" "$found"
kill $avahi $(cat /run/bus.pid)
"""


@dataclass
class Office:
    """The server, and the namespace of the phone's desk."""

    desk: str
    server: ServerProcess

    def ask(self, which: str, seconds: float, names: Iterable[str]) -> dict[str, list[str]]:
        """What the phone heard, by vendor."""
        said = run(
            "ip", "netns", "exec", self.desk, sys.executable, "-c", ASK,
            PHONE, str(seconds), which, *names,
        )  # fmt: skip
        return dict(json.loads(line) for line in said.splitlines())

    def led(self, which: str, names: Iterable[str]) -> set[str]:
        """The URLs that phones of these vendors were told."""
        urls = set()
        for name, answers in self.ask(which, 20, names).items():
            assert len(answers) == 2, (name, answers, self.server.log())
            assert answers[0].startswith("SIP/2.0 200 OK\r\n")
            assert answers[1].startswith("NOTIFY sip:")
            urls.add(answers[1].partition("\r\n\r\n")[2])
        return urls

    def start(self) -> None:
        """Serve, and answer multicast."""
        self.server.start()
        wait_long(lambda: "are answered from" in self.server.log())

    def fetch(self, url: str) -> tuple[int, str]:
        """Status and text of what the phone gets."""
        done = run("ip", "netns", "exec", self.desk, "curl", "-s", "-w", "\n%{http_code}", url)
        body, _, status = done.rpartition("\n")
        return int(status), body


def wait_long(condition: Callable[[], bool]) -> None:
    """Until it holds, for half a minute."""
    for _ in range(300):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def office(tmp_path: Path, prepared: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    """With further settings in the environment, where the test is parametrized with some."""
    need("netns")
    suffix = f"{os.getpid() % 100000}"
    here, desk = f"pvd-pnp-{suffix}", f"pvd-pnpdesk-{suffix}"
    server = ServerProcess(
        folder=tmp_path / "server",
        host=SERVER,
        prefix=("ip", "netns", "exec", here),
        settings=f'[pnp]\naddresses = ["{SERVER}"]\n[mdns]\naddresses = ["{SERVER}"]\n'
        'services = ["_example._udp:5060 sipUrl=sip:x@192.0.2.1"]',
        environment=getattr(request, "param", {}),
    )
    server.configure()
    shutil.copytree(prepared, server.folder / "data")
    try:
        for name in (here, desk):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run(
            "ip", "-n", here, "link", "add", "office", "type", "veth",
            "peer", "name", "desk", "netns", desk,
        )  # fmt: skip
        for name, device, address in ((here, "office", SERVER), (desk, "desk", PHONE)):
            run("ip", "-n", name, "address", "add", f"{address}/24", "dev", device)
            run("ip", "-n", name, "link", "set", device, "up")
            run("ip", "-n", name, "route", "add", "224.0.0.0/4", "dev", device)
        made = Office(desk=desk, server=server)
        made.start()
        yield made
    finally:
        if server.process is not None:
            server.stop()
        for name in (here, desk):
            subprocess.run(["ip", "netns", "delete", name], capture_output=True)


def test_phones_of_five_vendors_are_led_to_their_files(office: Office) -> None:
    known = set(SUBSCRIBES) - set(NAMELESS)
    urls = office.led("known", known)
    assert urls == {f"http://{SERVER}:{office.server.http}/"}, "a URL, and no secret in it"
    status, body = office.fetch(f"{next(iter(urls))}{MAC}.cfg")
    assert status == 200
    assert f"/p/{TOKEN}/" in body, "its enrolment is open: the file leads to its own URL"

    assert all(answers == [] for answers in office.ask("unknown", 1, SUBSCRIBES).values())
    listed = office.server.run("pending", "list", "-s", "bb-99", "--sort", "mac", as_json=True)
    waiting = json.loads(listed.stdout)
    seen = [(one["mac"], one["transport"]) for one in waiting]
    assert seen == [("00:15:65:aa:bb:99", "pnp")]
    assert waiting[0]["model"]

    office.server.stop()
    (office.server.folder / "serve.log").unlink()
    office.server.environment = {"PROVISIOND_PNP__UNKNOWN": "true"}
    office.start()
    assert office.led("again", SUBSCRIBES) == urls, "those that nobody has, too"


ADVERTISED = {
    "PROVISIOND_WEB__URL": "https://portal.example.test:8443/",
    "PROVISIOND_PUBLIC_URL__HTTPS": f"https://{SERVER}/phones",
    "PROVISIOND_PUBLIC_URL__TFTP": f"tftp://{SERVER}",
}


@pytest.mark.parametrize("office", [ADVERTISED], indirect=True)
def test_a_real_avahi_sees_what_is_advertised(office: Office) -> None:
    need("avahi")
    wait_long(lambda: "advertised by mDNS" in office.server.log())
    said = run("ip", "netns", "exec", office.desk, "unshare", "--mount", "sh", "-c", BROWSE)
    found = [line.split(";") for line in said.splitlines() if line.startswith("=")]
    assert {(line[4], line[7], int(line[8]), line[9]) for line in found} == {
        ("_https._tcp", SERVER, 8443, '"path=/"'),
        ("_https._tcp", SERVER, 443, '"path=/phones"'),
        ("_http._tcp", SERVER, office.server.http, '"path=/"'),
        ("_tftp._udp", SERVER, 69, ""),
        ("_example._udp", SERVER, 5060, '"sipUrl=sip:x@192.0.2.1"'),
    }
    names = [line[3] for line in found if line[4] == "_https._tcp"]
    assert [name.partition("\\032on")[0] for name in sorted(names)] == [
        "provisiond\\032phones",
        "provisiond\\032portal",
    ]
    assert not [line for line in said.splitlines() if TOKEN in line or "pbx.example.test" in line]
