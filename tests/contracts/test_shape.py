"""Is the house built as its plan says: sizes, names, docstrings, and no vendor's word in code?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.source import PACKAGE, ROOT, modules, name_of, tree

MODULE_LINES = 400
FUNCTION_LINES = 50
FORBIDDEN_MODULES = {"utils", "util", "helpers", "helper", "common", "misc", "core", "base"}
FORBIDDEN_CLASS_WORDS = {"Manager", "Helper", "Base", "Impl", "Data", "Info", "Util", "Utils"}
CLASS_NAMES_OF_THE_TRADE = {"boot/tftp_packet.py": {"Data"}}  # RFC 1350 §5 calls it DATA
VENDOR_ALIASES = {
    *("yealink", "cisco", "linksys", "sipura", "poly", "polycom", "plantronics", "obihai"),
    *("grandstream", "snom", "fanvil", "gigaset", "panasonic", "htek", "mitel", "aastra"),
    *("avaya", "audiocodes", "sangoma", "digium", "vtech", "alcatel", "spectralink", "akuvox"),
    *("cyberdata", "flyingvoice", "yeastar", "escene", "atcom", "tiptel", "auerswald"),
    *("innovaphone", "konftel", "jabra", "openstage", "dinstar", "openvox", "vvx", "spa504g"),
}

every_module = pytest.mark.parametrize("module", modules(), ids=name_of)


@every_module
def test_a_module_is_no_longer_than_a_person_reads_at_once(module: Path) -> None:
    if "migrations" in module.parts:  # history: written once, never edited again
        return
    assert len(module.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


@every_module
def test_a_function_fits_a_screen(module: Path) -> None:
    if "migrations" in module.parts:
        return
    long = [
        f"{name}: {lines} lines"
        for name, lines in function_sizes(tree(module))
        if lines > FUNCTION_LINES
    ]
    assert long == []


@every_module
def test_a_module_says_in_one_sentence_what_it_answers(module: Path) -> None:
    docstring = ast.get_docstring(tree(module))
    assert docstring, "it has no docstring"
    assert docstring.split("\n\n")[0].rstrip()[-1] in ".?:", "its first paragraph is no sentence"


@every_module
def test_a_module_has_a_name_of_the_trade(module: Path) -> None:
    assert module.stem not in FORBIDDEN_MODULES
    assert not FORBIDDEN_MODULES.intersection(module.relative_to(PACKAGE).parts[:-1])


@every_module
def test_a_class_is_named_for_what_it_is(module: Path) -> None:
    allowed = CLASS_NAMES_OF_THE_TRADE.get(str(module.relative_to(PACKAGE)), set())
    named = [
        node.name
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ClassDef) and node.name not in allowed
    ]
    vague = [name for name in named if FORBIDDEN_CLASS_WORDS.intersection(camel_words(name))]
    assert vague == []


@every_module
def test_what_is_public_says_what_it_promises(module: Path) -> None:
    silent = [name for name, node in public(tree(module)) if not ast.get_docstring(node)]
    if "migrations" in module.parts:
        return
    assert silent == []


@every_module
def test_no_vendor_stands_in_code(module: Path) -> None:
    """All that a vendor needs is data below templates/models: adding one adds no code."""
    pattern = re.compile(rf"(?<![a-z])({'|'.join(sorted(vendors()))})(?![a-z])", re.IGNORECASE)
    text = module.read_text(encoding="utf-8")
    found = [
        f"line {number}: {match[0]}"
        for number, line in enumerate(text.splitlines(), 1)
        for match in pattern.finditer(line)
    ]
    assert found == []


def test_the_list_of_vendors_holds_every_shipped_folder() -> None:
    folders = {path.name for path in (ROOT / "templates/models").iterdir() if path.is_dir()}
    assert folders <= vendors()


def test_sizes_are_measured_right() -> None:
    """The measure itself can find something: a nested function counts for itself, too."""
    inner = ["    def inner():", *["        x = 1"] * 60]
    parsed = ast.parse("\n".join(["async def outer():", *inner, "    return inner"]))
    assert dict(function_sizes(parsed)) == {"outer": 63, "inner": 61}


@pytest.mark.parametrize(
    ("name", "is_vague"),
    [("TransferManager", True), ("BaseFamily", True), ("Database", False), ("UserData", True)],
)
def test_vague_names_are_found(name: str, is_vague: bool) -> None:
    assert bool(FORBIDDEN_CLASS_WORDS.intersection(camel_words(name))) is is_vague


def vendors() -> set[str]:
    folders = {p.name.lower() for p in (ROOT / "templates/models").iterdir() if p.is_dir()}
    return folders | VENDOR_ALIASES


def function_sizes(parsed: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parsed):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def camel_words(name: str) -> list[str]:
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]*", name)


def public(
    parsed: ast.Module,
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Public functions and classes of the module; what a framework calls has a method's name."""
    for node in parsed.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not node.name.startswith("_"):
            yield node.name, node
