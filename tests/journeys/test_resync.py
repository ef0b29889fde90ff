"""A phone is told to fetch again by a real provisiond, and is confirmed by its fetch alone."""

import json
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from tests.journeys.conftest import TOKEN
from tests.journeys.server import ROOT, ServerProcess
from tests.kamailio import DOMAIN

MAC = "001565aabb01"
OTHER = "001565aabb03"
NAME = f"p/{TOKEN}/{MAC}.cfg"
CHALLENGE = 'WWW-Authenticate: Digest realm="phone", nonce="47ebe028", algorithm=MD5, qop="auth"'
SETTINGS = {"sip_server": "127.0.0.1", "transport": "udp"}


class ObedientPhone(threading.Thread):
    """Takes a NOTIFY on a UDP port, answers 200 and then fetches its file, as a phone does."""

    def __init__(self, server: ServerProcess, *, fetches: bool = True) -> None:
        super().__init__(daemon=True)
        self.server, self.fetches = server, fetches
        self.socket = socket.socket(type=socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.asked = b""

    def run(self) -> None:
        """Until one NOTIFY has come."""
        self.asked, sender = self.socket.recvfrom(4096)
        kept = [
            line
            for line in self.asked.decode().split("\r\n")
            if line.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")
        ]
        reply = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""])
        self.socket.sendto(reply.encode(), sender)
        if self.fetches:
            assert self.server.get(NAME)[0] == 200

    def __enter__(self) -> "ObedientPhone":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def told(server: ServerProcess, *options: str, code: int = 0) -> dict[str, Any]:
    """What the command says came of it."""
    done = server.run("resync", MAC, *options, code=code, as_json=True)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def sip_at(server: ServerProcess, port: int, *more: str) -> None:
    settings = {**SETTINGS, "sip_port": str(port)}
    options = [f"--set={name}={value}" for name, value in settings.items()]
    server.run("domains", "edit", DOMAIN, *options, *more)


def test_a_phone_that_obeys_is_confirmed_and_one_that_only_answers_is_not(
    server: ServerProcess,
) -> None:
    with ObedientPhone(server) as one:
        sip_at(server, one.port)
        said = told(server)
        assert (said["state"], said["code"]) == ("answered", 200)
        assert said["confirmed_at"] is not None
        assert said["target"] == "sip:101@127.0.0.1"
    assert b"\r\nEvent: check-sync;reboot=false\r\n" in one.asked
    with ObedientPhone(server, fetches=False) as one:
        sip_at(server, one.port)
        said = told(server, "--reboot", "--wait", "3")
        assert (said["state"], said["confirmed_at"]) == ("answered", None)
    assert b"\r\nEvent: check-sync;reboot=true\r\n" in one.asked
    assert "re-sync" in server.run("phones", "show", MAC).stdout


def test_a_phone_that_fetches_by_tftp_is_confirmed_by_its_last_acknowledgement(
    server: ServerProcess,
) -> None:
    with ObedientPhone(server, fetches=False) as one:
        sip_at(server, one.port)
        waiting = begun(server)
        one.join(20)
        with socket.socket(type=socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            request = b"\0\x01" + NAME.encode() + b"\0octet\0"
            client.sendto(request, ("127.0.0.1", server.tftp))
            block, body, data, peer = 0, b"", b"", ("", 0)
            while len(body) == 512 * block:
                data, peer = client.recvfrom(600)
                body += data[4:]
                block += 1
                if len(body) == 512 * block:
                    client.sendto(b"\0\x04" + data[2:4], peer)
            time.sleep(1.5)  # all of it was sent; nothing says yet that it came
            assert told_so_far(server) == ("answered", None)
            client.sendto(b"\0\x04" + data[2:4], peer)
            said = json.loads(waiting.communicate(timeout=60)[0])
        assert said["confirmed_at"] is not None


def begun(server: ServerProcess) -> "subprocess.Popen[str]":
    """The command, under way."""
    command = [sys.executable, "-m", "provisiond", "--config", str(server.config), "--json"]
    return subprocess.Popen([*command, "resync", MAC], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def told_so_far(server: ServerProcess) -> tuple[str, str | None]:
    latest = json.loads(server.run("phones", "show", MAC, as_json=True).stdout)["resync"]
    return latest["state"], latest["confirmed_at"]


def test_without_a_daemon_it_waits_and_the_command_says_so(server: ServerProcess) -> None:
    server.stop()
    done = server.run("resync", MAC, code=1)
    assert "no provisiond serves this store" in done.stderr
    done = server.run("resync", "001565ffffff", code=1)
    assert "there is no phone 00:15:65:ff:ff:ff. `provisiond phones list`" in done.stderr
    with ObedientPhone(server) as one:
        sip_at(server, one.port)
        server.start()
        one.join(20)
        assert one.asked.startswith(b"NOTIFY sip:101@127.0.0.1 SIP/2.0")
