"""SIP phones by sipp: scenarios in which one takes a NOTIFY and answers as it is told."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from provisiond.outbound.sip_targets import SipTargets
from tests.needs import need

LOOPBACK = SipTargets(networks=(ip_network("127.0.0.0/8"),))
"""Where the phones of the tests are."""

_ANSWER = """<send><![CDATA[

SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:];tag=phone[call_number]
[last_Call-ID:]
[last_CSeq:]
{extra}Content-Length: 0

]]></send>
"""
_TAKE = '<recv request="NOTIFY" crlf="true" {more}/>\n'
_SCENARIO = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE scenario SYSTEM "sipp.dtd">
<scenario name="phone">
{steps}</scenario>
"""
_REGISTER = """<send retrans="500"><![CDATA[

REGISTER sip:{domain} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{user}@{domain}>;tag=[call_number]
To: <sip:{user}@{domain}>
Call-ID: [call_id]
CSeq: 1 REGISTER
Contact: <sip:{user}@[local_ip]:[local_port]>{instance}
User-Agent: {agent}
Expires: 600
Content-Length: 0

]]></send>
<recv response="200"/>
"""


def answer(status: str, *headers: str) -> str:
    """Send a response with these further headers."""
    return _ANSWER.format(status=status, extra="".join(f"{header}\n" for header in headers))


def take(event: str = ".*") -> str:
    """Wait for a NOTIFY whose Event is this; another fails the scenario."""
    return (
        f'<recv request="NOTIFY"><action><ereg regexp="^ *{event}$" search_in="hdr" '
        'header="Event:" check_it="true" assign_to="seen"/>'
        '<log message="[$seen]"/></action></recv>\n'
    )


def check_password(user: str, password: str) -> str:
    """Wait for a NOTIFY with right credentials; wrong ones are answered 403."""
    return (
        '<recv request="NOTIFY"><action>'
        f'<verifyauth assign_to="right" username="{user}" password="{password}"/>'
        '</action></recv>\n<nop next="good" test="right"/>\n'
        + answer("403 Forbidden")
        + '<nop next="end"/>\n<label id="good"/>\n'
        + answer("200 OK")
        + '<label id="end"/>\n'
    )


def pause(milliseconds: int) -> str:
    """Do nothing for so long."""
    return f'<pause milliseconds="{milliseconds}"/>\n'


@dataclass
class SippPhone:
    """A running sipp: one call, then it ends."""

    port: int
    process: "subprocess.Popen[bytes]"
    folder: Path

    def result(self, seconds: float = 20) -> int:
        """Its exit code: 0 where all went by the scenario."""
        return self.process.wait(timeout=seconds)


@contextlib.contextmanager
def phone(
    folder: Path, *steps: str, transport: str = "u1", port: int | None = None
) -> Iterator[SippPhone]:
    """A phone that plays `steps` once, on a loopback port of its own."""
    need("sipp")
    scenario = _SCENARIO.format(steps="".join(steps))
    with _running(folder, scenario, transport, port, ()) as running:
        yield running


@contextlib.contextmanager
def registered_phone(
    folder: Path, server: int, *steps: str, user: str, domain: str, agent: str, instance: str = ""
) -> Iterator[SippPhone]:
    """A phone that has registered with the server on loopback at port `server`, and plays
    `steps` on the port from which it did."""
    need("sipp")
    register = _REGISTER.format(user=user, domain=domain, agent=agent, instance=instance)
    target, port = (f"127.0.0.1:{server}",), free_port()
    registering = _SCENARIO.format(steps=register)
    with _running(folder / "register", registering, "u1", port, target) as running:
        assert running.result() == 0, (folder / "register/errors").read_text()
    scenario = _SCENARIO.format(steps="".join(steps) or take())
    with _running(folder, scenario, "u1", port, ()) as running:
        yield running


@contextlib.contextmanager
def _running(
    folder: Path, scenario: str, transport: str, port: int | None, target: Sequence[str]
) -> Iterator[SippPhone]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "phone.xml").write_text(scenario)
    port = port or free_port()
    with (folder / "sipp.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "sipp", "-sf", "phone.xml", "-i", "127.0.0.1", "-p", str(port), "-m", "1",
                "-t", transport, "-nostdin", "-timeout", "40s", "-trace_err", "-error_file",
                "errors", *target,
            ],
            cwd=folder,
            stdout=log,
            stderr=log,
        )  # fmt: skip
    try:
        _wait_for(port, tcp=transport.startswith("t"))
        yield SippPhone(port=port, process=process, folder=folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def free_port() -> int:
    """A port that is free for both UDP and TCP, and the next one too (sipp wants it)."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            with contextlib.suppress(OSError), socket.socket(type=socket.SOCK_DGRAM) as udp:
                udp.bind(("127.0.0.1", port))
                return port


def _wait_for(port: int, *, tcp: bool) -> None:
    """Until the kernel knows the port as bound."""
    table = Path("/proc/net/tcp" if tcp else "/proc/net/udp")
    wanted = f"0100007F:{port:04X}"
    for _ in range(400):
        if wanted in table.read_text():
            return
        time.sleep(0.01)
    raise AssertionError(f"sipp does not listen on {port}")
