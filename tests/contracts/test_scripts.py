"""Do the scripts say in words what the machine lacks, and the remedy?"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contracts.source import ROOT

TOOLS = ("bash", "dirname", "id", "sha256sum", "cat", "mktemp", "rm", "tail", "grep", "basename")


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with the shell's usual tools and no Python."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (programs / tool).symlink_to(found)
    return programs


def run(
    script: str, tmp_path: Path, arguments: Sequence[str] = (), **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(ROOT / "scripts" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=tmp_path,
        env={"PROVISIOND_VENV": str(tmp_path / "venv"), "HOME": str(tmp_path), **environ},
    )


def test_a_missing_python_is_said_with_the_remedy(bare_path: Path, tmp_path: Path) -> None:
    done = run("serve", tmp_path, PATH=str(bare_path))
    assert done.returncode == 2
    assert "there is no Python 3.11 or newer" in done.stderr
    assert "Remedy: apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_is_passed_over(bare_path: Path, tmp_path: Path) -> None:
    old = bare_path / "python3"
    old.write_text("#!/bin/bash\nexit 1\n")  # as `sys.exit(sys.version_info < (3, 11))` does there
    old.chmod(0o755)
    done = run("serve", tmp_path, PATH=str(bare_path))
    assert (done.returncode, "no Python 3.11" in done.stderr) == (2, True)


def test_a_python_without_venv_is_said_with_the_remedy(bare_path: Path, tmp_path: Path) -> None:
    crippled = bare_path / "python3"
    crippled.write_text(
        '#!/bin/bash\ncase "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac\n'
    )
    crippled.chmod(0o755)
    done = run("serve", tmp_path, PATH=str(bare_path))
    assert done.returncode == 2
    assert "its venv module is missing" in done.stderr
    assert "Remedy: apt-get install python3-venv" in done.stderr


def test_an_unreachable_index_is_said_with_the_remedy(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:1/"
    done = run(
        "serve",
        tmp_path,
        PATH=os.environ["PATH"],
        PROVISIOND_PYTHON=sys.executable,
        PIP_CONFIG_FILE=os.devnull,
        PIP_INDEX_URL=nobody,
        PIP_RETRIES="0",
        PIP_NO_CACHE_DIR="1",
    )
    assert done.returncode == 2
    assert "pip cannot reach a package index" in done.stderr
    assert "PIP_NO_INDEX=1" in done.stderr


def test_the_parts_of_soak_can_be_listed_without_installing(tmp_path: Path) -> None:
    done = run("soak", tmp_path, PATH=os.environ["PATH"], arguments=["--list"])
    parts = {path.stem for path in (ROOT / "scripts/soak.d").glob("[!_]*.py")}
    assert set(done.stdout.split()) == parts
    assert not (tmp_path / "venv").exists()


def test_an_unknown_part_of_soak_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = run("soak", tmp_path, PATH=os.environ["PATH"], arguments=["nonesuch"])
    assert done.returncode == 2
    assert "there is no nonesuch" in done.stderr
