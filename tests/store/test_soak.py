"""Do the store's long runs work, and would they tell?"""

import subprocess
import sys
from pathlib import Path

from tests.needs import need

ROOT = Path(__file__).parents[2]


def soak(name: str, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a script of scripts/soak.d as `scripts/soak` does."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "soak.d" / f"{name}.py"), *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        timeout=180,
    )


def test_a_power_cut_loses_no_acknowledged_commit() -> None:
    done = soak("powercut", "--rounds", "10", "--seed", "77")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 cuts (FULL)" in done.stdout
    assert " 0 lost, 0 stores corrupt" in done.stdout


def test_the_power_cut_tells_a_store_that_flushes_too_little() -> None:
    done = soak("powercut", "--rounds", "80", "--synchronous", "NORMAL")
    assert done.returncode == 1, done.stdout + done.stderr
    assert " 0 lost," not in done.stdout


def test_two_processes_lose_no_update_of_one_number() -> None:
    need("postgres")
    done = soak("conflicts", "--writes", "120")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 updates lost" in done.stdout
    assert " 0 refused as stale" not in done.stdout


def test_updates_that_are_lost_would_be_told() -> None:
    need("postgres")
    done = soak("conflicts", "--writes", "120", "--blind")
    assert done.returncode == 1, done.stdout + done.stderr
    assert " 0 updates lost" not in done.stdout


def test_kill_9_loses_no_acknowledged_change() -> None:
    done = soak("kill9", "--rounds", "5", "--seed", "77")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 stores with a change lost or half done" in done.stdout


def test_kill_9_loses_no_change_that_the_api_acknowledged() -> None:
    done = soak("api_kill9", "--rounds", "3", "--seed", "77")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills" in done.stdout
    assert " 0 changes acknowledged" not in done.stdout


def test_a_power_cut_loses_no_change_that_the_api_acknowledged() -> None:
    done = soak("api_powercut", "--rounds", "6", "--seed", "77")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 cuts (FULL)" in done.stdout
    assert " 0 changes acknowledged" not in done.stdout


def test_changes_that_a_power_cut_loses_would_be_told() -> None:
    done = soak("api_powercut", "--rounds", "4", "--synchronous", "NORMAL", "--pages", "1000")
    assert done.returncode == 1, done.stdout + done.stderr
    assert " 0 stores with a change lost" not in done.stdout
