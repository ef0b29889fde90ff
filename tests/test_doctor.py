"""The doctor finds each fault that was prepared for it, and names the remedy."""

import json
import os
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from provisiond import cli
from provisiond.cli_session import Session
from tests.boot.test_http_tls import DAY, Pair, issue
from tests.catalog.worked_example import write_example
from tests.journeys.server import ROOT, ServerProcess, free_port
from tests.needs import need

INVENTORY: dict[str, Any] = {
    "domain": "pbx.example.test",
    "settings": {"sip_server": "pbx.example.test"},
    "users": [{"extension": "101", "first_name": "Alice", "sip_password": "s3cret-101"}],
    "phones": [
        {
            "mac": "02:ac:3e:aa:bb:01",
            "model": "Example D20",
            "lines": [{"line": 1, "extension": "101"}],
        }
    ],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound server's folder: one made-up family, one phone."""
    process = ServerProcess(folder=tmp_path_factory.mktemp("doctor") / "server")
    process.folder.mkdir()
    write_example(process.folder / "models")
    configure(process)
    process.run("init")
    process.load(INVENTORY)
    return process.folder


@pytest.fixture
def process(tmp_path: Path, whole: Path) -> Iterator[ServerProcess]:
    """A copy of it, not running."""
    found = ServerProcess(folder=Path(shutil.copytree(whole, tmp_path / "server")))
    configure(found)
    yield found
    if found.process is not None:
        found.stop()


def configure(process: ServerProcess, boot: str = "", more: str = "", url: str = "") -> None:
    """Write the settings, with further lines of [boot] and further tables."""
    process.config.write_text(
        'data_dir = "data"\nmodels_dir = "models"\n'
        f'[boot]\nhttp = ["127.0.0.1:{process.http}"]\ntftp = ["127.0.0.1:{process.tftp}"]\n'
        f"max_connections = 100\nmax_transfers = 100\n{boot}\n"
        f'[web]\nlisten = ["127.0.0.1:{process.web}"]\n'
        f'[public_url]\nhttp = "{url or f"http://127.0.0.1:{process.http}/"}"\n{more}\n'
    )


def notes(process: ServerProcess, code: int | None = None) -> list[dict[str, Any]]:
    """What the doctor says, in this process."""
    session = Session(environ={"PROVISIOND_CONFIG": str(process.config)})
    result = CliRunner().invoke(cli.app, ["doctor", "--json"], obj=session)
    if code is not None:
        assert result.exit_code == code, (result.output, result.exception)
    assert result.stdout, result.exception
    found: list[dict[str, Any]] = json.loads(result.stdout)["checks"]
    return found


def notes_of(process: ServerProcess, prefix: Sequence[str], **options: Any) -> list[dict[str, Any]]:
    """What it says in a process of its own, run by `prefix`."""
    done = subprocess.run(
        [
            *prefix,
            sys.executable,
            "-m",
            "provisiond",
            "-c",
            str(process.config),
            "doctor",
            "--json",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        **options,
    )
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["checks"]
    return found


def expect(found: list[dict[str, Any]], check: str, state: str, said: str, remedy: str) -> None:
    """One note of this check says so."""
    assert any(
        note["check"].startswith(check)
        and note["state"] == state
        and said in note["message"]
        and remedy in note["remedy"]
        for note in found
    ), [note for note in found if note["state"] != "ok"]


def test_a_sound_running_server_has_no_fault_on_any_of_its_sockets(process: ServerProcess) -> None:
    certified(process, issue())
    process.start()
    found = notes(process, code=0)
    assert [note for note in found if note["state"] == "fault"] == []
    assert all(note["remedy"] for note in found if note["state"] == "warning")
    sound = {note["check"].split(" 127.")[0] for note in found if note["state"] == "ok"}
    assert {
        "boot.http", "boot.https.listen", "boot.tftp", "web.listen", "public_url.http",
        "boots example/desk", "family example/desk", "store", "certificate", "clock",
        "secret key", "data folder", "disk space",
    } <= sound  # fmt: skip
    with sqlite3.connect(process.folder / "data/provisiond.db") as store:
        enrolled = store.execute("SELECT closed_at, first_address FROM phone").fetchone()
    assert enrolled == (None, None), "a look is no enrolment"


def no_fault(process: ServerProcess) -> dict[str, str]:
    """What it says of each thing where nothing is wrong."""
    found = notes(process, code=0)
    assert [note for note in found if note["state"] == "fault"] == []
    return {note["check"].split(" 127.")[0]: note["message"] for note in found}


def test_in_password_mode_the_demand_for_a_log_in_is_no_fault(process: ServerProcess) -> None:
    configure(process, more='[admission]\nmode = "password"')
    process.start()
    said = no_fault(process)
    for check in ("boot.http", "boot.tftp", "public_url.http"):
        assert "gives nothing without a log-in" in said[check]


@contextmanager
def proxy(process: ServerProcess) -> Iterator[str]:
    """The URL of a reverse proxy before its HTTP listener, which says who asks."""

    class Forward(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urllib.request.Request(
                f"http://127.0.0.1:{process.http}{self.path}",
                headers={"X-Forwarded-For": self.client_address[0]},
            )
            with urllib.request.urlopen(asked, timeout=10) as reply:
                self.send_response(reply.status)
                self.end_headers()
                self.wfile.write(reply.read())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_proxy_on_the_same_machine_is_no_fault(process: ServerProcess) -> None:
    with proxy(process) as url:
        configure(process, boot='trusted_proxies = ["127.0.0.1"]', url=url)
        process.start()
        said = no_fault(process)
        assert "with our bytes" in said["boot.http"]
        assert "with our bytes" in said["public_url.http"]
        process.run("simulate", "--real")


def test_tftp_that_does_not_answer_this_machine_is_not_asked(process: ServerProcess) -> None:
    tftp = f'tftp = "tftp://127.0.0.1:{process.tftp}/"'
    configure(process, more=f'{tftp}\n[admission]\nplain_networks = ["10.0.0.0/8"]')
    process.start()
    said = no_fault(process)
    for check in ("boot.tftp", "public_url.tftp"):
        assert "loopback is outside boot.tftp_networks; not asked" in said[check]


def test_a_server_that_does_not_run_is_told_for_each_listener(process: ServerProcess) -> None:
    found = notes(process, code=1)
    for check in ("boot.http", "boot.tftp", "web.listen"):
        expect(found, check, "fault", "the daemon does not run", "systemctl start provisiond")


@pytest.mark.parametrize(
    ("kind", "check"), [(socket.SOCK_STREAM, "boot.http"), (socket.SOCK_DGRAM, "boot.tftp")]
)
def test_a_port_that_another_program_holds(process: ServerProcess, kind: int, check: str) -> None:
    port = process.http if kind == socket.SOCK_STREAM else process.tftp
    with closing(socket.socket(socket.AF_INET, kind)) as taken:
        taken.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        expect(notes(process, code=1), check, "fault", "another program holds it", "ss -lptun")


def test_settings_that_changed_under_the_running_daemon(process: ServerProcess) -> None:
    process.start()
    process.http = free_port()
    configure(process)
    found = notes(process, code=1)
    expect(found, "boot.http", "fault", "the daemon runs, and nothing listens", "restart")


def test_an_address_that_is_not_this_machines(process: ServerProcess) -> None:
    text = process.config.read_text().replace(f"127.0.0.1:{process.tftp}", "192.0.2.1:6969")
    process.config.write_text(text)
    expect(notes(process), "boot.tftp", "fault", "EADDRNOTAVAIL", "ip address")


@pytest.mark.parametrize(
    ("url", "said", "remedy"),
    [
        ("http://127.0.0.1:9/", "no answer", "DNS, port forwarding"),
        ("http://phones.invalid/", "cannot resolve", "the name in the DNS"),
        ("http://127.0.0.1:{web}/", "answers 404", "must lead to this server"),
    ],
)
def test_a_public_url_that_does_not_lead_here(
    process: ServerProcess, url: str, said: str, remedy: str
) -> None:
    process.start()
    configure(process, url=url.format(web=process.web))
    expect(notes(process, code=1), "public_url.http", "fault", said, remedy)


def certified(process: ServerProcess, pair: Pair, key: Pair | None = None, host: str = "") -> None:
    (process.folder / "cert.pem").write_bytes(pair.certificate_pem)
    (process.folder / "key.pem").write_bytes((key or pair).key_pem)
    https = f'https = "https://{host}/"' if host else ""
    configure(
        process,
        more=f'{https}\n[boot.https]\nlisten = ["127.0.0.1:{free_port()}"]\n'
        'certificate = "cert.pem"\nkey = "key.pem"\n',
    )


def test_a_certificate_that_has_ended(process: ServerProcess) -> None:
    certified(process, issue(begins=-10 * DAY, ends=-DAY))
    expect(notes(process), "certificate", "fault", "expired", "enew")


def test_a_certificate_that_ends_soon(process: ServerProcess) -> None:
    certified(process, issue(ends=5 * DAY))
    expect(notes(process), "certificate", "warning", "it ends on", "Renew it")


def test_a_certificate_beside_another_key(process: ServerProcess) -> None:
    certified(process, issue(), issue())
    expect(notes(process), "certificate", "fault", "key", "")


def test_a_certificate_for_another_name(process: ServerProcess) -> None:
    certified(process, issue(), host="phones.example.test")
    expect(notes(process), "certificate", "fault", "for prov.example.test", "names phones.example")


FILE_FAULTS: list[tuple[Callable[[Path], object], str, str, str]] = [
    (lambda data: (data / "secret.key").chmod(0o640), "secret key", "mode 0640", "chmod 600"),
    (lambda data: (data / "secret.key").unlink(), "secret key", "No such file", "your backup"),
    (lambda data: (data / "secret.key").write_text("x"), "store", "is damaged", "Put back"),
    (lambda data: data.chmod(0o777), "data folder", "every user", "chmod 750"),
    (lambda data: (data / "provisiond.db").unlink(), "store", "there is no store", "init"),
]


@pytest.mark.parametrize(("spoil", "check", "said", "remedy"), FILE_FAULTS)
def test_a_file_that_is_not_as_it_should_be(
    process: ServerProcess, spoil: Callable[[Path], object], check: str, said: str, remedy: str
) -> None:
    spoil(process.folder / "data")
    expect(notes(process, code=1), check, "fault", said, remedy)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving files away needs root")
def test_a_key_of_another_owner(process: ServerProcess) -> None:
    os.chown(process.folder / "data/secret.key", 12345, 12345)
    expect(notes(process, code=1), "secret key", "fault", "belongs to uid 12345", "chown root")


def changed_store(process: ServerProcess, *statements: str) -> None:
    with closing(sqlite3.connect(process.folder / "data/provisiond.db")) as store:
        for statement in statements:
            store.execute(statement)
        store.commit()


def test_a_store_of_a_newer_version(process: ServerProcess) -> None:
    changed_store(process, "UPDATE alembic_version SET version_num = '9999'")
    expect(notes(process, code=1), "store", "fault", "newer provisiond", "Install the newer")


def test_a_store_of_an_older_version(process: ServerProcess) -> None:
    changed_store(process, "UPDATE alembic_version SET version_num = '0001'")
    expect(notes(process, code=1), "store", "fault", "older provisiond", "provisiond migrate")


def test_a_store_that_is_damaged(process: ServerProcess) -> None:
    path = process.folder / "data/provisiond.db"
    changed_store(process, "PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(os.urandom(size // 4))
    expect(notes(process, code=1), "store", "fault", "", "ackup")


def test_a_clock_that_is_behind_the_stores_newest_entry(process: ServerProcess) -> None:
    changed_store(process, "UPDATE change_journal SET at = at * 2")
    found = notes(process, code=1)
    expect(found, "clock", "fault", "the store's newest entry", "set-ntp true")


def test_a_clock_that_is_behind_the_files(process: ServerProcess) -> None:
    later = time.time() + 30 * 86_400
    os.utime(process.folder / "data/secret.key", (later, later))
    expect(notes(process, code=1), "clock", "fault", "secret.key was changed on", "set-ntp true")


def test_a_template_that_fails_is_named_with_its_line(process: ServerProcess) -> None:
    path = process.folder / "models/example/desk/phone.j2"
    text = path.read_text()
    path.write_text(text.replace("zone.offset", "zone.ofset"))
    line = text[: text.index("zone.offset")].count("\n") + 1
    found = notes(process, code=1)
    expect(found, "family example/desk", "fault", f"phone.j2:{line}: ", "families check")
    expect(found, "boots example/desk", "fault", "500 in place of 200", "provisiond render")


def test_a_family_that_cannot_be_loaded_is_told_beside_the_others(process: ServerProcess) -> None:
    models = process.folder / "models/example"
    shutil.copytree(models / "desk", models / "other")
    path = models / "other/phone.j2"
    path.write_text(path.read_text() + "\n{% if %}\n")
    found = notes(process, code=1)
    expect(found, "family example/other", "fault", "left out: phone.j2", "SIGHUP")
    assert any(n["check"] == "family example/desk" and n["state"] == "ok" for n in found)


def test_a_phone_that_would_end_with_another_account(process: ServerProcess) -> None:
    path = process.folder / "models/example/desk/phone.j2"
    path.write_text(path.read_text().replace("account.user,", "account.label ~ 1,"))
    expect(notes(process, code=1), "boots example/desk", "fault", "its SIP user", "render 02:ac")


def test_a_low_file_limit(process: ServerProcess) -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))

    found = notes_of(process, (), preexec_fn=lower)
    expect(found, "file limit", "warning", "may open 256 files", "LimitNOFILE=500")


def test_a_kernel_that_gives_little_buffer() -> None:
    """Asked for more than any kernel is set to give, by one who may not go beyond."""
    need("drop-capabilities")
    program = (
        "from provisiond.doctor_machine import receive_buffer\n"
        "note = receive_buffer(1 << 28)\n"
        "print(note.check, note.state, note.message, note.remedy, sep='|')"
    )
    done = subprocess.run(
        ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", sys.executable, "-c",
         program],
        capture_output=True, text=True, cwd=ROOT, timeout=60,
    )  # fmt: skip
    check, state, message, remedy = done.stdout.split("|")
    assert (check, state) == ("kernel buffers", "warning")
    assert "in place of 268435456" in message
    assert "sysctl -w net.core.rmem_max=268435456" in remedy


def in_mounts(process: ServerProcess, script: str) -> list[dict[str, Any]]:
    """What the doctor says after these mounts in a mount namespace of its own."""
    need("full-disk")
    data = process.folder / "data"
    return notes_of(
        process, ("unshare", "--mount", "sh", "-ec", f'D={data}\n{script}\nexec "$@"', "sh")
    )


def test_a_disk_that_is_mounted_read_only(process: ServerProcess) -> None:
    found = in_mounts(process, 'mount --bind "$D" "$D"; mount -o remount,ro,bind "$D"')
    expect(found, "data folder", "fault", "read-only", "dmesg")


def test_a_disk_that_is_nearly_full(process: ServerProcess) -> None:
    script = 'cp -a "$D" "$D.old"; mount -t tmpfs -o size=20m small "$D"; cp -a "$D.old/." "$D"'
    expect(in_mounts(process, script), "disk space", "fault", "MiB are free", "Free some space")


def test_settings_with_faults_end_with_2(process: ServerProcess) -> None:
    process.config.write_text('boot.htpp = ["x"]\n')
    done = process.run("doctor", code=2)
    assert "boot.htpp" in done.stderr
    assert "boot.http" in done.stderr


def test_people_read_a_table_and_each_fault_with_its_remedy(process: ServerProcess) -> None:
    (process.folder / "data/secret.key").chmod(0o640)
    done = process.run("doctor", code=1)
    assert done.stdout.startswith("CHECK")
    assert "    Run: chmod 600" in done.stderr
    assert "fault(s)" in done.stdout


def test_no_families_at_all(process: ServerProcess) -> None:
    shutil.rmtree(process.folder / "models/example")
    expect(notes(process, code=1), "families", "fault", "no phone family", "models_dir")


def test_a_daemon_of_another_store_is_no_answer_of_ours(process: ServerProcess) -> None:
    """Something answers on the port while this store is served elsewhere: the bytes tell."""

    process.start()
    port = free_port()
    folder = process.folder / "elsewhere"
    folder.mkdir()
    (folder / "desk.cfg").write_text("hi")
    stranger = subprocess.Popen(
        [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(100):
            with closing(socket.socket()) as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        configure(process, url=f"http://127.0.0.1:{port}/")
        found = notes(process, code=1)
        expect(found, "public_url.http", "fault", "bytes that are not ours", "must lead to this")
    finally:
        stranger.terminate()
        stranger.wait()
