"""Phones boot against a real process: files, statuses, enrolment, changes, clients."""

import json
import re
import shutil
import sqlite3
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import INVENTORY, TOKEN, serving
from tests.journeys.server import ROOT, ServerProcess, wait_for
from tests.needs import need

MAC = "001565aabb01"
CISCO = "00082faabb02"


def test_the_boot_chain_of_both_families_has_its_statuses(server: ServerProcess) -> None:
    """A 200 for the first family's .boot would hide the .cfg; the other's model file leads on."""
    statuses = {
        name: server.get(name)[0]
        for name in (
            f"{MAC}.boot",
            "y000000000000.boot",
            f"{MAC}.cfg",
            f"{MAC}-local.cfg",
            "8851-3PCC.xml",
            f"{CISCO}.xml",
            "001565aabb99.cfg",
            "nothing.txt",
        )
    }
    assert statuses == {
        f"{MAC}.boot": 404,
        "y000000000000.boot": 404,
        f"{MAC}.cfg": 200,
        f"{MAC}-local.cfg": 404,
        "8851-3PCC.xml": 200,
        f"{CISCO}.xml": 200,
        "001565aabb99.cfg": 404,
        "nothing.txt": 404,
    }


def test_the_file_has_the_accounts_and_the_tokened_url(server: ServerProcess) -> None:
    _, body = server.get(f"{MAC}.cfg")
    text = body.decode()
    assert "account.1.password = s3cret-101" in text
    assert f"http://127.0.0.1:{server.http}/p/{TOKEN}/" in text
    assert "linekey.3.value = 102" in text


def test_the_token_closes_the_enrolment_and_every_refusal_is_the_same_404(
    server: ServerProcess,
) -> None:
    assert server.get(f"{MAC}.cfg")[0] == 200
    by_token = server.get(f"p/{TOKEN}/{MAC}.cfg")
    assert by_token[0] == 200
    closed = server.get(f"{MAC}.cfg")
    assert closed == server.get("001565aabb99.cfg") == server.get("nonsense")
    assert closed[0] == 404
    assert server.get(f"p/{TOKEN.upper()}/{MAC}.cfg") == by_token
    server.run("phones", "enrol", MAC)
    wait_for(lambda: server.get(f"{MAC}.cfg")[0] == 200)


def test_a_token_with_another_phones_mac_is_refused(server: ServerProcess) -> None:
    assert server.get(f"p/{TOKEN}/{CISCO}.xml")[0] == 404
    assert server.get(f"p/{TOKEN}/001565aabb99.cfg")[0] == 404


def test_a_user_agent_with_another_mac_is_refused(server: ServerProcess) -> None:
    own = {"User-Agent": "Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:01"}
    other = {"User-Agent": "Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:77"}
    assert server.get(f"{MAC}.cfg", headers=own)[0] == 200
    assert server.get(f"{MAC}.cfg", headers=other)[0] == 404


@pytest.fixture
def posted() -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The port of somebody who wants to hear of alarms, and what they heard."""
    heard: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Silent."""

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        serving = threading.Thread(target=receiver.serve_forever)
        serving.start()
        yield receiver.server_port, heard
        receiver.shutdown()
        serving.join()


@pytest.fixture
def alarmed(
    tmp_path: Path, prepared: Path, posted: tuple[int, list[dict[str, Any]]]
) -> Iterator[ServerProcess]:
    """Serving the inventory, with that webhook."""
    settings = f'[alarms]\nwebhook = "http://127.0.0.1:{posted[0]}/alarm"'
    yield from serving(tmp_path, prepared, settings)


def test_another_device_meanwhile_holds_the_enrolment_and_the_webhook_hears_of_it(
    alarmed: ServerProcess, posted: tuple[int, list[dict[str, Any]]]
) -> None:
    """And what is refused again and again is journaled up to its share, then counted."""
    server, (_, heard) = alarmed, posted
    first = {"User-Agent": "Yealink SIP-T46U 108.86.0.20 00:15:65:aa:bb:01"}
    newer = {"User-Agent": "Yealink SIP-T46U 108.87.0.1 00:15:65:aa:bb:01"}
    other = {"User-Agent": "Yealink SIP-T54W 96.86.0.20 00:15:65:aa:bb:01"}
    assert server.get(f"{MAC}.cfg", headers=first)[0] == 200
    assert server.get(f"{MAC}.cfg", headers=newer)[0] == 200
    assert server.get(f"{MAC}.cfg", headers=other)[0] == 404
    assert server.get(f"{MAC}.cfg", headers=first)[0] == 404
    wait_for(lambda: "enrolment_held" in server.log())
    metrics = server.look("metrics")[1].decode()
    assert "provisiond_alarms_enrolment_held_total 1.0" in metrics
    assert "provisiond_alarms_sweep_total 0.0" in metrics
    for number in range(30):
        assert server.get(f"001565ff{number:04x}.cfg")[0] == 404
    assert "provisiond_alarms_sweep_total 1.0" in server.look("metrics")[1].decode()
    wait_for(lambda: {told["kind"] for told in heard} == {"enrolment_held", "sweep"})
    [held] = [told for told in heard if told["kind"] == "enrolment_held"]
    assert (held["mac"], held["address"]) == ("00:15:65:aa:bb:01", "127.0.0.1")
    refused = 160  # more than a minute's share in one of two minutes, if they lie in two
    for _ in range(refused):
        assert server.put(f"{MAC}-local.cfg") == 405
    server.stop()
    with closing(sqlite3.connect(server.folder / "data" / "provisiond.db")) as store:
        rows = store.execute("SELECT outcome, detail FROM request_journal").fetchall()
    counts = [detail for outcome, detail in rows if outcome == "more_refused"]
    more = [re.search(r"(\d+) upload_refused", detail) for detail in counts]
    assert any(more)
    counted = sum(int(found[1]) for found in more if found is not None)
    assert counted + [outcome for outcome, _ in rows].count("upload_refused") == refused


def test_a_change_by_the_command_line_is_served_and_the_other_phone_keeps_its_bytes(
    server: ServerProcess,
) -> None:
    _, before = server.get(f"{CISCO}.xml")
    server.run("phones", "edit", MAC, "--name", "Lobby", "--label", "1=Lobby 101")
    wait_for(lambda: b"account.1.label = Lobby 101" in server.get(f"{MAC}.cfg")[1])
    assert server.get(f"{CISCO}.xml")[1] == before


def test_every_client_fetches_the_same_bytes_as_http(server: ServerProcess, tmp_path: Path) -> None:
    """curl, tftp-hpa, atftp with each option, busybox and tftpy against the served file."""
    need("tftp-clients")
    _, body = server.get(f"{MAC}.cfg")
    fetched = {}
    for name, command in clients(server.tftp, f"{MAC}.cfg").items():
        folder = tmp_path / name.replace(" ", "-")
        folder.mkdir()
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60)
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        fetched[name] = (folder / "out").read_bytes()
    import tftpy

    tftpy.TftpClient("127.0.0.1", server.tftp).download(f"{MAC}.cfg", str(tmp_path / "tftpy"))
    fetched["tftpy"] = (tmp_path / "tftpy").read_bytes()
    assert {name: got == body for name, got in fetched.items()} == dict.fromkeys(fetched, True)
    assert len(fetched) == 9


def clients(port: int, name: str) -> dict[str, list[str]]:
    """Command lines that leave the file as `out`."""
    atftp = ["atftp", "--get", "-r", name, "-l", "out"]
    end = ["127.0.0.1", str(port)]
    busybox = shutil.which("busybox") or "busybox"
    return {
        "curl": ["curl", "-fsS", "-o", "out", f"tftp://127.0.0.1:{port}/{name}"],
        "tftp-hpa": ["tftp", "-m", "binary", "127.0.0.1", str(port), "-c", "get", name, "out"],
        "atftp": [*atftp, *end],
        "atftp blksize": [*atftp, "--option", "blksize 1428", *end],
        "atftp tsize": [*atftp, "--option", "tsize 0", *end],
        "atftp timeout": [*atftp, "--option", "timeout 2", *end],
        "atftp windowsize": [*atftp, "--option", "windowsize 8", *end],
        "busybox": [busybox, "tftp", "-g", "-r", name, "-l", "out", "127.0.0.1", str(port)],
    }


def test_health_readiness_and_metrics_answer(server: ServerProcess) -> None:
    server.get(f"{MAC}.cfg")
    assert server.look("healthz")[0] == 200
    status, body = server.look("readyz")
    assert status == 200
    assert json.loads(body)["ready"] is True
    metrics = server.look("metrics")[1].decode()
    assert "provisiond_http_served_total 1.0" in metrics
    families = len(list((ROOT / "templates" / "models").glob("*/*/family.toml")))
    assert f"provisiond_families {families}.0" in metrics
    assert "provisiond_webhook_deliveries_dead 0.0" in metrics
    assert "provisiond_webhook_deliveries_oldest_seconds 0.0" in metrics
    assert "provisiond_web_open 1.0" in metrics


def test_a_wrong_token_stands_in_the_security_log(server: ServerProcess) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.web}/api/v1/me", headers={"Authorization": "Bearer pvd_a_b"}
    )
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=30)
    server.stop()
    assert "denied 127.0.0.1 web LOGIN - wrong_token: " in server.log()


def test_sigterm_ends_cleanly_and_a_second_start_serves_the_same(server: ServerProcess) -> None:
    before = server.get(f"{MAC}.cfg")
    assert server.stop() == 0
    server.start()
    assert server.get(f"{MAC}.cfg") == before


def test_a_second_process_on_the_embedded_store_is_refused_in_words(server: ServerProcess) -> None:
    done = server.run("serve", code=1)
    assert "Traceback" not in done.stderr
    assert "serv" in done.stderr


def test_secrets_are_not_in_the_log(server: ServerProcess) -> None:
    server.get(f"p/{TOKEN}/{MAC}.cfg")
    server.get(f"p/{TOKEN}/nothing.txt")
    server.stop()
    for secret in (TOKEN, "s3cret-101"):
        assert secret not in server.log()


@pytest.mark.parametrize("scheme", ["http", "tftp"])
def test_curl_fetches_over(server: ServerProcess, scheme: str) -> None:
    need("tftp-clients")
    port = server.http if scheme == "http" else server.tftp
    done = subprocess.run(
        ["curl", "-fsS", f"{scheme}://127.0.0.1:{port}/{MAC}.cfg"], capture_output=True, timeout=30
    )
    assert done.returncode == 0
    assert done.stdout.startswith(b"#!version:1.0.0.1")


def test_the_inventory_used_here_is_the_contracts(server: ServerProcess) -> None:
    exported = json.loads(server.run("export", "--domain", str(INVENTORY["domain"])).stdout)
    assert [user["sip_password"] for user in exported["users"]] == ["***", "***"]
