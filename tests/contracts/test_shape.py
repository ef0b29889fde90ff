"""Is the house built as its plan says: sizes, names, docstrings, and no vendor's word in code?"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.contracts.source import PACKAGE, ROOT, modules, name_of, text_of, tree

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

WRITTEN = tuple(m for m in modules() if "migrations" not in m.parts)
"""Without the history: what is written once and never edited again."""


def test_a_module_is_no_longer_than_a_person_reads_at_once() -> None:
    lines = {module: len(text_of(module).splitlines()) for module in WRITTEN}
    assert [f"{name_of(m)}: {n} lines" for m, n in lines.items() if n > MODULE_LINES] == []


def test_a_function_fits_a_screen() -> None:
    long = [
        f"{name_of(module)}: {name}: {lines} lines"
        for module in WRITTEN
        for name, lines in function_sizes(tree(module))
        if lines > FUNCTION_LINES
    ]
    assert long == []


def test_a_module_says_in_one_sentence_what_it_answers() -> None:
    said = {name_of(module): ast.get_docstring(tree(module)) or "" for module in modules()}
    assert [name for name, docstring in said.items() if not docstring] == []
    firsts = {name: docstring.split("\n\n")[0].rstrip() for name, docstring in said.items()}
    assert [name for name, first in firsts.items() if first[-1] not in ".?:"] == []


def test_a_module_has_a_name_of_the_trade() -> None:
    named = {module: {module.stem, *module.relative_to(PACKAGE).parts[:-1]} for module in modules()}
    assert [name_of(m) for m, names in named.items() if FORBIDDEN_MODULES & names] == []


def test_a_class_is_named_for_what_it_is() -> None:
    vague = [
        f"{name_of(module)}: {node.name}"
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ClassDef)
        and node.name not in CLASS_NAMES_OF_THE_TRADE.get(str(module.relative_to(PACKAGE)), set())
        and FORBIDDEN_CLASS_WORDS.intersection(camel_words(node.name))
    ]
    assert vague == []


def test_what_is_public_says_what_it_promises() -> None:
    silent = [
        f"{name_of(module)}: {name}"
        for module in WRITTEN
        for name, node in public(tree(module))
        if not ast.get_docstring(node)
    ]
    assert silent == []


def test_no_vendor_stands_in_code() -> None:
    """All that a vendor needs is data below templates/models: adding one adds no code."""
    pattern = re.compile(rf"(?<![a-z])({'|'.join(sorted(vendors()))})(?![a-z])", re.IGNORECASE)
    found = [
        f"{name_of(module)}:{number}: {match[0]}"
        for module in modules()
        for number, line in enumerate(text_of(module).splitlines(), 1)
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
