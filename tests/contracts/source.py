"""Which files make up the project, and what do their syntax trees hold?"""

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "provisiond"


@functools.cache
def modules() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts))


@functools.cache
def tracked_files() -> tuple[Path, ...]:
    """Every file that is the project's, whether committed yet or not."""
    listed = subprocess.run(
        # The checkout may be another user's, as CI's often is.
        ["git", "-c", "safe.directory=*", "ls-files", "-coz", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(sorted(file for file in files if file.is_file()))


@functools.cache
def text_of(module: Path) -> str:
    """What the module's file holds."""
    return module.read_text(encoding="utf-8")


@functools.cache
def tree(module: Path) -> ast.Module:
    """The module, parsed."""
    return ast.parse(text_of(module), filename=str(module))


def imports(module: Path) -> Iterator[str]:
    """The dotted names that the module imports, wherever in it."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def name_of(path: Path) -> str:
    """The path as a person would look it up: relative to the project."""
    return str(path.relative_to(ROOT))
