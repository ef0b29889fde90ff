"""The journal of changes and webhooks at the prompt, as an admin meets them."""

import csv
import io
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisiond.inventory.secret import Secret
from provisiond.outbound.webhook_sender import signature
from tests.journeys.prompt import Prompt
from tests.test_cli import CONFIG

SITE = "pbx.example.test"


LISTEN = 'listen = ["127.0.0.1:18081"]'


@pytest.fixture
def prompt(tmp_path: Path, demo_folder: Path) -> Prompt:
    """A prompt with the demo's store, whose webhooks may reach this machine."""
    config = shutil.copytree(demo_folder, tmp_path / "own") / "provisiond.toml"
    config.write_text(CONFIG.replace(LISTEN, f'{LISTEN}\nwebhook_networks = ["127.0.0.0/8"]'))
    return Prompt(config)


class Receiver(BaseHTTPRequestHandler):
    """Takes what is posted, and refuses what goes to /no."""

    got: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012 - the test's own list

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(410 if self.path == "/no" else 204)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Silent."""


@pytest.fixture
def receiver() -> Iterator[str]:
    """The URL of somebody who is told."""
    Receiver.got.clear()
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_changes_are_listed_shown_written_out_and_undone(prompt: Prompt) -> None:
    prompt("users", "edit", "101", "--last-name", "=New", "--dry-run")
    added = prompt.told("audit", "list", "--noun", "user")
    assert {row["action"] for row in added} == {"add user"}
    whole = str(added[0]["part_of"])
    brought = prompt.told("audit", "list", "--part-of", whole)
    assert [row for row in brought if row["action"] == "add user"] == added
    assert "by themselves" in prompt("audit", "undo", whole, code=1)
    prompt("users", "edit", "101", "--last-name", "=New")
    prompt("users", "add", "199", "--first-name", "Zoe")
    prompt("timeframes", "add", "Nights", "--hours", "mon 20:00-22:00")
    newest = prompt.told("audit", "list", "--limit", "3")
    assert [row["action"] for row in newest] == ["add time frame", "add user", "edit user"]
    users = prompt.told("audit", "list", "--noun", "user", "-d", SITE)
    assert [row["subject"] for row in users][:2] == ["199", "101"]
    [frame] = prompt.told("audit", "list", "--noun", "Time frame", "-s", "NIGHT")
    assert frame == newest[0]
    assert prompt.told("audit", "list", "--noun", "frame") == []
    assert prompt.told("audit", "list", "--noun", "%") == []
    assert prompt.told("audit", "list", "--actor", "nobody") == []
    assert prompt.told("audit", "list", "--since", "2999-01-01") == []
    assert prompt.told("audit", "list", "--until", "2000-01-01T00:00+02:00") == []
    edit = str(users[1]["id"])
    shown = prompt("audit", "show", edit)
    assert "=New" in shown
    assert "last_name" in shown
    lines = [json.loads(line) for line in prompt("audit", "export", "--ascending").splitlines()]
    assert lines[::-1] == prompt.told("audit", "list", "--limit", "1000")
    [row] = csv.DictReader(
        io.StringIO(prompt("audit", "export", "--format", "csv", "--action", "edit user"))
    )
    assert (row["subject"], row["domain"]) == ("101", SITE)
    tried = prompt.told("audit", "undo", edit, "--dry-run")
    assert (tried["dry_run"], tried["record"]["last_name"]) == (True, "Example")
    assert prompt.told("users", "show", "101")["last_name"] == "=New"
    assert "undid edit user 101" in prompt("audit", "undo", edit)
    assert prompt.told("users", "show", "101")["last_name"] == "Example"
    assert "undone already" in prompt("audit", "undo", edit, code=1)
    assert prompt.told("audit", "list", "--limit", "1")[0]["undoes"] == int(edit)


def test_what_was_deleted_is_undone_whole_in_a_dry_run_too(prompt: Prompt) -> None:
    mac = "00:15:65:aa:bb:cc"
    prompt("phones", "delete", mac, "--yes")
    gone = str(prompt.told("audit", "list", "--noun", "phone")[0]["id"])
    tried = prompt.told("audit", "undo", gone, "--dry-run")
    assert tried["record"]["mac"] == mac
    prompt("phones", "show", mac, code=1)
    assert prompt.told("audit", "undo", gone)["record"]["mac"] == mac
    prompt("phones", "show", mac)


def test_what_is_asked_wrongly_of_the_journal_is_told(prompt: Prompt) -> None:
    assert "no entry 999999" in prompt("audit", "undo", "999999", code=1)
    assert "no domain nope" in prompt("audit", "list", "--domain", "nope", code=1)
    assert "no domain nope" in prompt("audit", "export", "--domain", "nope", code=1)
    assert "is no moment" in prompt("audit", "list", "--since", "soon", code=2)


def test_webhooks_are_kept_tried_and_looked_at(prompt: Prompt, receiver: str) -> None:
    assert "dry run" in prompt("webhooks", "add", "crm", f"{receiver}/hook", "--dry-run")
    assert prompt.told("webhooks", "list") == []
    added = prompt.told("webhooks", "add", "crm", f"{receiver}/hook", "-d", SITE)["webhook"]
    assert added["secret"].startswith("whs_")
    assert prompt.told("webhooks", "show", "crm")["secret"] == "***"
    assert "answered 204" in prompt("webhooks", "test", "crm")
    [(headers, body)] = Receiver.got
    told = json.loads(body)
    assert (told["action"], told["subject"], told["domain"]) == ("test webhook", "crm", SITE)
    stamp = headers["Provisiond-Signature"]
    seconds = int(stamp.partition(",")[0].removeprefix("t="))
    assert stamp == signature(Secret(added["secret"]), body, seconds)
    prompt("users", "edit", "101", "--last-name", "New")
    [waiting] = prompt.told("webhooks", "deliveries", "crm", "--state", "waiting", "-s", "101")
    assert (waiting["action"], waiting["subject"]) == ("edit user", "101")
    delivery = str(waiting["delivery_id"])
    assert "would be" in prompt("webhooks", "retry", "crm", delivery, "--dry-run")
    assert "tried again" in prompt("webhooks", "retry", "crm", delivery)
    changed = prompt.told("webhooks", "edit", "crm", "--url", f"{receiver}/no", "--new-secret",
                          "--domain", "", "--disable")["webhook"]  # fmt: skip
    assert (changed["domain"], changed["enabled"]) == (None, False)
    assert changed["secret"] not in ("***", added["secret"])
    assert "answered 410" in prompt("webhooks", "test", "crm", code=1)
    assert "private network" in prompt("webhooks", "add", "x", "https://10.0.0.1/", code=1)
    prompt("webhooks", "delete", "crm", "--yes", "--dry-run")
    prompt("webhooks", "delete", "crm", "--yes")
    assert prompt.told("webhooks", "list") == []
    assert "no webhook" in prompt("webhooks", "test", "crm", code=1)
