"""Does the tree hold anything of one machine, and does a wheel hold all that it needs?"""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.contracts.source import ROOT, name_of, tracked_files

# Spelt in pieces, so that this file does not find itself.
MACHINE_PATHS = re.compile(r"/(?:work|home/[a-z]+|Users/[A-Za-z]+|root/\.[a-z]+)/")
REGISTRIES = re.compile(
    r"pypi\.(?:org|python)|files\.python[h]osted|registry\.npm[j]s|crates\.io/api|proxy\.golang"
)
SECRETS = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]{20}")
MAX_BYTES = 1 << 20


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def test_no_path_of_a_machine_and_no_registry_stands_anywhere() -> None:
    found = [
        f"{name_of(file)}: {match[0]}"
        for file in tracked_files()
        for pattern in (MACHINE_PATHS, REGISTRIES)
        for match in pattern.finditer(text_of(file))
    ]
    assert found == []


def test_no_private_key_is_kept() -> None:
    assert [name_of(file) for file in tracked_files() if SECRETS.search(text_of(file))] == []


def test_no_file_is_too_large_to_review() -> None:
    assert [name_of(file) for file in tracked_files() if file.stat().st_size > MAX_BYTES] == []


def test_scripts_can_be_run_and_parsed() -> None:
    for name in ("serve", "test", "check", "bench", "soak"):
        script = ROOT / "scripts" / name
        assert script.stat().st_mode & 0o111, name
        parsed = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True)
        assert (parsed.returncode, parsed.stderr) == (0, "")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    target = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [file] = target.glob("*.whl")
    return zipfile.ZipFile(file)


def test_a_wheel_holds_families_settings_and_migrations(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for folder, inside in (("templates/models", "_models"), ("configs", "_configs")):
        for file in tracked_files():
            if file.is_relative_to(ROOT / folder):
                assert f"provisiond/{inside}/{file.relative_to(ROOT / folder)}" in names
    for file in tracked_files():
        if file.is_relative_to(ROOT / "provisiond"):
            assert name_of(file) in names


def test_a_wheel_holds_nothing_else(wheel: zipfile.ZipFile) -> None:
    strangers = [
        name
        for name in wheel.namelist()
        if not name.startswith("provisiond/") and ".dist-info/" not in name
    ]
    assert strangers == []
