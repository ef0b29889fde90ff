"""Is `--help` quick: does the command line load only what the command needs?"""

import importlib.util
import subprocess
import sys

import pytest

from provisiond.cli_commands import PLACES

HEAVY = (
    "sqlalchemy",
    "alembic",
    "aiohttp",
    "jinja2",
    "lxml",
    "cryptography",
    "pydantic",
    "asyncpg",
    "phonenumbers",
    "dateutil",
    "holidays",
)


def loaded_after(statement: str) -> set[str]:
    """The top-level packages that a fresh interpreter has loaded after the statement."""
    program = f"{statement}; import sys; print(*{{n.split('.')[0] for n in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["provisiond", "provisiond.cli"])
def test_importing_loads_nothing_heavy(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip("the command line is not written yet")
    assert loaded_after(f"import {module}").intersection(HEAVY) == set()


def test_no_command_loads_anything_heavy_before_it_is_run() -> None:
    modules = sorted({place.partition(":")[0] for place in PLACES.values()})
    assert len(modules) > 20
    named = ", ".join(f"provisiond.{module}" for module in modules)
    assert loaded_after(f"import {named}").intersection(HEAVY) == set()


def test_the_module_of_each_command_loads_though_no_other_was_loaded() -> None:
    """Each in a fork of an interpreter that has loaded the root alone, as a person starts it: the
    tests' commands are forked off a process that has loaded them all."""
    program = (
        "import os\n"
        "from importlib import import_module\n"
        "from provisiond.cli_commands import PLACES\n"
        "for place in PLACES.values():\n"
        "    module, _, attribute = place.partition(':')\n"
        "    if os.fork() == 0:\n"
        "        getattr(import_module(f'provisiond.{module}'), attribute)\n"
        "        os._exit(0)\n"
        "    print(place, os.waitstatus_to_exitcode(os.wait()[1]), flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"{place} 0" for place in PLACES.values()]


def test_who_asks_the_store_alone_loads_no_http_and_no_templates() -> None:
    """`provisiond users list`, and most other commands."""
    others = {"aiohttp", "jinja2", "lxml", "alembic", "asyncpg"}
    assert loaded_after("import provisiond.daemon_setup").intersection(others) == set()


def test_the_measure_can_find_something() -> None:
    assert "sqlalchemy" in loaded_after("import sqlalchemy")
