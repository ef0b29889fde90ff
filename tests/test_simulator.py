"""Virtual phones find what is wrong, and leave no trace unless they are told to be real."""

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.settings import shipped
from tests.journeys.conftest import INVENTORY, TOKEN, prepared, server
from tests.journeys.server import ServerProcess

__all__ = ["prepared", "server"]

YEALINK = "001565aabb01"


def rows(process: ServerProcess, query: str) -> list[tuple[Any, ...]]:
    with sqlite3.connect(process.folder / "data/provisiond.db") as store:
        return store.execute(query).fetchall()


def simulated(process: ServerProcess, *arguments: str, code: int = 0) -> Any:
    return json.loads(process.run("simulate", *arguments, code=code, as_json=True).stdout)


@pytest.fixture
def idle(tmp_path: Path, prepared: Path) -> ServerProcess:
    """A server that is configured and does not run."""
    process = ServerProcess(folder=tmp_path / "server")
    process.configure()
    shutil.copytree(prepared, process.folder / "data")
    return process


@pytest.mark.parametrize("transport", [(), ("--tftp",)], ids=["http", "tftp"])
def test_every_phone_of_the_inventory_ends_with_its_account(
    idle: ServerProcess, transport: tuple[str, ...]
) -> None:
    answer = simulated(idle, *transport)
    assert (answer["phones"], answer["good"], answer["faults"]) == (2, 2, [])
    assert {m["model"] for m in answer["models"]} == {"Yealink SIP-T46U", "Cisco 8851"}


def test_a_simulation_leaves_no_trace_in_the_store(server: ServerProcess) -> None:
    before = rows(server, "SELECT * FROM phone ORDER BY id")
    assert simulated(server)["good"] == 2
    server.stop()
    assert rows(server, "SELECT * FROM phone ORDER BY id") == before
    assert rows(server, "SELECT count(*) FROM request_journal") == [(0,)]


def test_real_phones_are_journaled_and_close_their_enrolment(server: ServerProcess) -> None:
    answer = simulated(server, YEALINK, "--real")
    assert (answer["good"], answer["faults"]) == (1, [])
    assert server.get(f"{YEALINK}.cfg")[0] == 404
    assert server.get(f"p/{TOKEN}/{YEALINK}.cfg")[0] == 200
    server.stop()
    assert rows(server, "SELECT count(*) FROM request_journal")[0][0] >= answer["requests"]


def test_where_phones_log_in_they_boot_with_their_passwords_and_nobody_without(
    tmp_path: Path, prepared: Path
) -> None:
    process = ServerProcess(folder=tmp_path / "server", admission='mode = "password"')
    process.configure()
    shutil.copytree(prepared, process.folder / "data")
    assert simulated(process)["good"] == 2, "as probes, before the server runs"
    process.start()
    try:
        answer = simulated(process, "--real")
        assert (answer["good"], answer["faults"]) == (2, [])
    finally:
        process.stop()
    outcomes = dict(rows(process, "SELECT outcome, count(*) FROM request_journal GROUP BY 1"))
    assert set(outcomes) == {"served", "login_needed", "absent_file"}


def test_a_phone_whose_enrolment_is_closed_asks_by_its_token_alone(server: ServerProcess) -> None:
    assert server.get(f"p/{TOKEN}/{YEALINK}.cfg")[0] == 200
    server.stop()
    asked = server.folder / "seq"
    assert simulated(server, YEALINK, "--write-seq", str(asked))["good"] == 1
    names = asked.read_text().split()
    assert names
    assert all(name.startswith(f"p/{TOKEN}/") for name in names)


def broken(process: ServerProcess, old: str, new: str, file: str = "accounts.j2") -> None:
    """Serve one family in which a template or the manifest has a mistake."""
    models = process.folder / "models"
    shutil.copytree(shipped("models") / "yealink/sip", models / "yealink/sip")
    path = models / "yealink/sip" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    process.settings = f'models_dir = "{models}"'
    process.configure()


MISTAKES = [
    ('account.{}.password", account.password', 'account.{}.password", account.password ~ "x"',
     "accounts.j2", "'account.1.password' is not its SIP password"),
    ('account.{}.user_name", account.user,', 'account.{}.user_name", account.label ~ "9",',
     "accounts.j2", "'account.1.user_name' is not its SIP user"),
    ('address", settings.sip_server', 'address", settings.ntp_server', "accounts.j2",
     "'account.1.sip_server.1.address' is not its SIP server"),
    ('id = "common"\n', 'id = "common"\ntemplate = "accounts.j2"\n', "family.toml",
     "common: 500 in place of 404"),
    ('link = "static.directory_setting.url"', 'link = "no.such.key"', "family.toml",
     "directory-setting: no file before it says 'no.such.key'"),
    ("#!version", "!version", "config.j2", "the first line is not the header"),
]  # fmt: skip


def test_a_password_that_the_phones_file_cannot_say_is_a_fault(idle: ServerProcess) -> None:
    user = {"extension": "901", "sip_password": "Pässwort"}
    phone = {
        "mac": "000e08aabbcc",
        "model": "Cisco SPA504G",
        "lines": [{"line": 1, "extension": "901"}],
    }
    settings = {"sip_server": "pbx.letters.test"}
    domain = {"domain": "letters.test", "settings": settings, "users": [user], "phones": [phone]}
    path = idle.folder / "letters.json"
    path.write_text(json.dumps(domain), encoding="utf-8")
    imported = idle.run("import", str(path))
    assert "SIP password of 901 as it stands" in " ".join(
        (imported.stdout + imported.stderr).split()
    )
    answer = simulated(idle, "000e08aabbcc", code=1)
    assert answer["faults"][0]["faults"] == ["account 1: 'Password_1_' is not its SIP password"]


@pytest.mark.parametrize(("old", "new", "file", "said"), MISTAKES)
def test_what_is_wrong_is_told_in_words(
    idle: ServerProcess, old: str, new: str, file: str, said: str
) -> None:
    broken(idle, old, new, file)
    answer = simulated(idle, YEALINK, code=1)
    assert answer["good"] == 0
    faults = answer["faults"][0]["faults"]
    assert any(said in fault for fault in faults), faults
    secret = INVENTORY["users"][0]["sip_password"]
    assert secret not in json.dumps(answer)
    assert TOKEN not in json.dumps(answer)


def test_all_models_of_all_families_boot_with_names_as_attackers_type_them(
    tmp_path: Path, shipped_shelf: Shelf
) -> None:
    models = shipped_shelf.model_names()
    process = ServerProcess(folder=tmp_path)
    process.configure()
    kept = tmp_path / "kept"
    sequence = tmp_path / "seq"
    done = process.call(
        "simulate", "--generate", str(len(models)), "--nasty", "--keep", str(kept),
        "--write-seq", str(sequence), as_json=True,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["faults"] == []
    assert (answer["phones"], answer["good"]) == (len(models), len(models))
    assert {m["model"] for m in answer["models"]} == set(models)
    assert not (process.folder / "data").exists(), "the inventory is left alone"
    with sqlite3.connect(kept / "data/provisiond.db") as store:
        closed = store.execute("SELECT count(*) FROM phone WHERE closed_at IS NOT NULL").fetchone()
    assert closed == (len(models),)
    lines = sequence.read_text().splitlines()
    assert len(lines) == len(models)
    names = [name for line in lines for name in line.split()]
    assert all(name.startswith("p/") for name in names), "what can be asked again"
    assert all(0 < len(line.split()) <= 32 and len(line) < 4000 for line in lines)
    assert sequence.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--nasty",), "made by --generate"),
        (("--keep", "x"), "made by --generate"),
        (("--generate", "5", "--real"), "a server of its own"),
        (("--url", "http://127.0.0.1:1/"), "without --real"),
        (("00:15:65:aa:bb",), "hex digits"),
    ],
)
def test_what_makes_no_sense_is_refused(
    idle: ServerProcess, arguments: tuple[str, ...], said: str
) -> None:
    assert said in " ".join(idle.run("simulate", *arguments, code=2).stderr.split())


def test_phones_whose_family_is_gone_are_faults(idle: ServerProcess, tmp_path: Path) -> None:
    models = tmp_path / "models"
    shutil.copytree(shipped("models") / "yealink", models / "yealink")
    idle.settings = f'models_dir = "{models}"'
    idle.configure()
    answer = simulated(idle, code=1)
    assert (answer["phones"], answer["good"], answer["disabled"]) == (1, 1, 0)
    assert [one["model"] for one in answer["without_family"]] == ["Cisco 8851"]
    assert "no loaded family has its model 'Cisco 8851'" in idle.run("simulate", code=1).stderr
    assert simulated(idle, "--family", "yealink/sip")["without_family"] == []


def test_a_phone_that_is_not_there_is_named(idle: ServerProcess) -> None:
    done = idle.run("simulate", "00:15:65:00:00:99", code=1)
    assert "00:15:65:00:00:99" in done.stderr


def test_a_server_that_does_not_answer_is_a_fault_of_every_phone(idle: ServerProcess) -> None:
    answer = simulated(idle, "--real", "--url", "http://127.0.0.1:9/", code=1)
    assert answer["good"] == 0
    assert all("no answer" in phone["faults"][0] for phone in answer["faults"])
