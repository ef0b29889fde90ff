"""Bad input against a real process: a clear answer, its true name journaled, no harm."""

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisiond.inventory.journal import RequestEntry
from provisiond.store import journal
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from tests.journeys.server import ROOT, ServerProcess
from tests.needs import need

MAC = "001565aabb01"
CISCO = "00082faabb02"

TRAVERSALS = [
    "../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "..\\..\\etc\\passwd",
    "....//....//etc/passwd",
    "..;/..;/etc/passwd",
    "..%00/etc/passwd",
    "..%c0%af..%c0%afetc/passwd",
    "..%c1%9c..%c1%9cetc/passwd",
    "%c0%ae%c0%ae/etc/passwd",
    "..%ef%bc%8fetc/passwd",
    "..%e0%80%afetc/passwd",
    "..%252f..%252fetc/passwd",
    "%252e%252e/etc/passwd",
    "..%u2215etc/passwd",
    "..%u2216etc/passwd",
    "/etc/passwd",
    "//etc/passwd",
    "%2fetc%2fpasswd",
    "\\\\server\\share\\x",
    "c:/windows/win.ini",
    "file:///etc/passwd",
    "assets/../../etc/passwd",
    "assets/..%2f..%2fetc/passwd",
    "assets/%2e%2e/secret.key",
    "assets//etc/passwd",
    "assets/./../provisiond.db",
    "p/abcdefghijklmnopqrstuvwx23/../../etc/passwd",
    "p/abcdefghijklmnopqrstuvwx23/assets/../../secret.key",
    "family.toml",
    "yealink/sip/config.j2",
    "templates/models/yealink/sip/family.toml",
]


def entries(server: ServerProcess, outcome: str | None = None) -> list[RequestEntry]:
    """What the journal has by now, the newest first."""

    key = SecretKey.load(server.folder / "data" / "secret.key")

    async def read() -> list[RequestEntry]:
        url = f"sqlite:///{server.folder / 'data' / 'provisiond.db'}"
        database = await Database.open(url, key, read_only=True)
        try:
            async with database.read() as snapshot:
                found = await journal.latest_requests(snapshot, None, outcome=outcome, limit=1000)
        finally:
            await database.close()
        return [entry for _, entry in found]

    return asyncio.run(read())


def raw(server: ServerProcess, request: bytes) -> bytes:
    """The whole answer to raw bytes."""
    with socket.create_connection((server.host, server.http), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_no_traversal_leads_out_and_all_answers_are_the_same(server: ServerProcess) -> None:
    assert len(TRAVERSALS) >= 30
    answers = set()
    for path in TRAVERSALS:
        target = path if path.startswith("/") else f"/{path}"
        answer = raw(server, f"GET {target} HTTP/1.0\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        answers.add((head.split(b"\r\n")[0], body))
        assert b"root:" not in answer
    assert {status.split(b" ")[1] for status, _ in answers} <= {b"404", b"400"}
    assert len({body for status, body in answers if b" 404 " in status}) == 1
    assert server.get(f"{MAC}.cfg")[0] == 200


def test_the_same_names_over_tftp_are_error_1(server: ServerProcess) -> None:
    for path in TRAVERSALS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"\0\x01" + path.encode() + b"\0octet\0", (server.host, server.tftp))
            answer, _ = client.recvfrom(600)
        assert answer[:4] == b"\0\x05\0\x01", path


def test_bytes_that_are_no_utf8_and_malformed_requests_are_journaled(
    server: ServerProcess,
) -> None:
    raw(server, b"GET /caf\xe9\xff.cfg HTTP/1.0\r\nUser-Agent: AVAYA/SIP12x0\xff/04\r\n\r\n")
    raw(server, b"GET /%ff%fe.cfg HTTP/1.0\r\n\r\n")
    raw(server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")
    raw(server, b"GET /a b c HTTP/1.1\r\nHost: x\r\n\r\n")
    raw(server, b"GET /x HTTP/1.1\r\nHost: x\r\n" + b"X-Flood: y\r\n" * 5000 + b"\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"\0\x01\xff\xfe\0octet\0", (server.host, server.tftp))
        client.sendto(b"\xff" * 100, (server.host, server.tftp))
        client.sendto(b"", (server.host, server.tftp))
    assert server.get(f"{MAC}.cfg")[0] == 200
    time.sleep(1)
    outcomes = {(entry.transport, entry.outcome) for entry in entries(server)}
    assert ("http", "malformed") in outcomes
    assert ("tftp", "malformed") in outcomes
    assert ("http", "unknown_file") in outcomes
    assert ("tftp", "unknown_file") in outcomes
    assert ("http", "served") in outcomes
    assert "Traceback" not in server.log()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A copy of the shipped families that a test may break."""
    return Path(shutil.copytree(ROOT / "templates" / "models", tmp_path / "models"))


@pytest.fixture
def own_models(tmp_path: Path, models: Path, prepared: Path) -> Iterator[ServerProcess]:
    """A server that reads `models`; not started."""
    process = ServerProcess(folder=tmp_path / "server", settings=f'models_dir = "{models}"')
    process.configure()
    shutil.copytree(prepared, process.folder / "data")
    try:
        yield process
    finally:
        if process.process is not None:
            process.stop()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("{{ 1 / (accounts|length - accounts|length) }}", "division by zero"),
        ('{{ param("sip.trust_ctrl", 1) }}{{ param("sip.trust_ctrl", 1) }}', "printed twice"),
        ("{{ phone.nickname }}", "nickname"),
        ('{{ param("x.y", "a" * 5000000000) }}', ""),
    ],
)
def test_a_faulty_template_harms_its_own_phones_only(
    own_models: ServerProcess, models: Path, statement: str, says: str
) -> None:
    [template] = (models / "yealink" / "sip").glob("config.j2")
    template.write_text(template.read_text() + f"\n{statement}\n")
    own_models.start()
    status, body = own_models.get(f"{MAC}.cfg")
    assert (status, b"Traceback" in body, b"config" in body) == (500, False, False)
    assert own_models.get(f"{CISCO}.xml")[0] == 200
    time.sleep(1)
    [entry] = entries(own_models, "template_fault")
    assert "config.j2:" in entry.detail
    assert says in entry.detail


def test_a_family_that_does_not_load_is_named_and_the_other_serves(
    own_models: ServerProcess, models: Path
) -> None:
    manifest = models / "yealink" / "sip" / "family.toml"
    manifest.write_text(manifest.read_text().replace("accounts = ", "acounts = ", 1))
    own_models.start()
    assert own_models.get(f"{CISCO}.xml")[0] == 200
    assert own_models.get(f"{MAC}.cfg")[0] == 500  # ours to mend: a 404 says that there is no file
    assert "yealink/sip" in own_models.log()
    listed = own_models.run("families", "list")
    assert "acounts" in listed.stdout + listed.stderr
    assert "acounts" in own_models.run("check", code=1).stderr


def test_a_store_from_a_newer_version_is_refused_in_words(server: ServerProcess) -> None:
    server.stop()
    subprocess.run(
        [
            "python3",
            "-c",
            "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
            "c.execute(\"update alembic_version set version_num='9999'\"); c.commit()",
            str(server.folder / "data" / "provisiond.db"),
        ],
        check=True,
    )
    done = server.run("serve", code=1)
    assert "newer" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_refuses_changes_and_serves_phones(tmp_path: Path, prepared: Path) -> None:
    """The store lies on a file system of 8 MB that is filled up while phones are served."""
    need("full-disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(disk)], check=True)
    process = ServerProcess(folder=disk / "server")
    try:
        process.configure()
        shutil.copytree(prepared, process.folder / "data")
        process.start()
        before = process.get(f"{MAC}.cfg")
        ballast = disk / "ballast"
        file = os.open(ballast, os.O_CREAT | os.O_WRONLY)
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while os.write(file, b"\0" * size):
                    pass
        os.close(file)
        for _ in range(20):
            assert process.get(f"{MAC}.cfg") == before
            assert process.get(f"{CISCO}.xml")[0] == 200
        refused = process.run("phones", "edit", MAC, "--name", "x" * 120, code=1)
        assert "Traceback" not in refused.stderr
        assert "full" in refused.stderr or "space" in refused.stderr
        ballast.unlink()
        process.run("phones", "edit", MAC, "--name", "Lobby")
        assert process.get(f"{MAC}.cfg")[0] == 200
        assert process.stop() == 0
    finally:
        if process.process is not None:
            process.stop()
        subprocess.run(["umount", str(disk)], check=True)
