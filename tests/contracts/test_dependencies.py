"""Is every dependency used, declared, and given a reason?"""

import functools
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.contracts.source import ROOT, imports, modules, tracked_files

PYPROJECT = ROOT / "pyproject.toml"
# What is used without an import: by name in a URL or a plug-in, as data, or as a program.
USED_WITHOUT_IMPORT = {
    "aiosqlite": "SQLAlchemy's sqlite+aiosqlite",
    "tzdata": "zoneinfo reads it",
    "openpyxl": "looked up when a workbook comes, for it may not be there",
    "uvloop": "chosen at start where it is installed",
    "pytest-asyncio": "a plug-in of pytest",
    "pytest-aiohttp": "a plug-in of pytest",
    "pytest-xdist": "a plug-in of pytest",
    "schemathesis": "a program, and a plug-in of pytest",
    "mypy": "a program",
    "ruff": "a program",
    "import-linter": "a program",
    "hatchling": "builds the wheel",
    "types-pyyaml": "stubs",
    "types-lxml": "stubs",
    "types-openpyxl": "stubs",
    "types-python-dateutil": "stubs",
}
# Parts of their public API:
COMES_WITH = {
    "pydantic-core": "pydantic",
    "markupsafe": "jinja2",
    "multidict": "aiohttp",
    "yarl": "aiohttp",
}


def declared(extra: str | None = None) -> set[str]:
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    wanted: Iterable[str] = (
        project["dependencies"] if extra is None else project["optional-dependencies"][extra]
    )
    return {normal(re.split(r"[\[<>=~!; ]", requirement)[0]) for requirement in wanted} - {
        "provisiond"
    }


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@functools.cache
def owners_of_modules() -> Mapping[str, Sequence[str]]:
    """The distributions of each module: finding them takes seconds."""
    return importlib.metadata.packages_distributions()


def imported(files: Sequence[Path]) -> set[str]:
    """The distributions that the files import."""
    owners = owners_of_modules()
    tops = {name.split(".")[0] for file in files for name in imports(file)}
    siblings = {file.stem for file in files if file.parts[len(ROOT.parts)] in ("bench", "scripts")}
    ours = {"provisiond", "tests", "bench", "scripts"} | siblings
    foreign = tops - set(sys.stdlib_module_names) - ours
    found = {normal(owner) for top in foreign for owner in owners.get(top, [top])}
    return {COMES_WITH.get(name, name) for name in found}


def test_every_dependency_has_its_reason_beside_it() -> None:
    silent = []
    for line in PYPROJECT.read_text(encoding="utf-8").splitlines():
        requirement = re.match(r'^    "[A-Za-z].*[~>]=.*",(.*)$', line)
        if requirement and len(requirement[1].strip()) < 4:
            silent.append(line.strip())
    assert silent == []


def test_the_package_imports_what_it_declares_and_nothing_else() -> None:
    allowed = declared() | declared("postgres") | declared("speedups") | declared("xlsx")
    found = imported(modules())
    assert found - allowed == set()


@pytest.mark.parametrize("extra", [None, "postgres", "speedups", "xlsx"])
def test_no_dependency_of_the_package_is_unused(extra: str | None) -> None:
    assert declared(extra) - imported(modules()) - USED_WITHOUT_IMPORT.keys() == set()


def test_no_dependency_of_the_tests_is_unused_and_none_undeclared() -> None:
    files = [file for file in tracked_files() if file.suffix == ".py"]
    found = imported(files)
    everything = (
        declared()
        | declared("postgres")
        | declared("speedups")
        | declared("xlsx")
        | declared("dev")
    )
    assert found - everything == set()
    assert declared("dev") - found - USED_WITHOUT_IMPORT.keys() == set()
