"""The page about families is true: its tables are the code's, its example is a sound family."""

from pathlib import Path

import pytest

from provisiond.catalog.check import check_family, check_goldens
from provisiond.catalog.context import Context
from provisiond.catalog.family import load_family
from provisiond.catalog.goldens import accept_family
from provisiond.catalog.manifest import Manifest
from provisiond.catalog.reference import TABLES, rewritten
from provisiond.catalog.samples import render_sample
from tests.catalog.worked_example import PAGE, write_example

REFRESH = "run: python -m provisiond.catalog.reference docs/families.md"


def test_the_made_parts_of_the_page_are_fresh() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page) == page, REFRESH


def test_a_stale_table_is_noticed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page.replace("| `mac_prefixes` |", "| `mac_prefix` |")) == page


@pytest.mark.parametrize("marker", TABLES)
def test_every_table_stands_on_the_page(marker: str) -> None:
    assert f"<!-- made: {marker} -->" in PAGE.read_text(encoding="utf-8")


def test_every_field_has_a_meaning() -> None:
    tables = TABLES["manifest"]() + TABLES["context"]()
    for name in (*Manifest.model_fields, *Context.__dataclass_fields__):
        assert f"| `{name}` |" in tables
    rows = [line for line in tables.splitlines() if line.startswith("| `")]
    silent = [row for row in rows if row.rstrip().endswith("|  |")]
    described_above = {"name", "offset", "shift", "start", "end", "regular", "month", "day",
                       "weekday", "week", "on_or_after", "minute"}  # fmt: skip
    assert [row for row in silent if row.split("`")[1] not in described_above | {"file"}] == []


def test_the_example_passes_its_own_check(tmp_path: Path) -> None:
    family = load_family(write_example(tmp_path), "example/desk")
    assert check_family(family) == ()
    accept_family(family)
    assert check_goldens(family) == ()


def test_the_example_prints_what_a_reader_expects(tmp_path: Path) -> None:
    family = load_family(write_example(tmp_path), "example/desk")
    model = family.models["d20"]
    lines = render_sample(family, model, "plain", family.rule("phone")).body.decode().splitlines()
    assert lines[:4] == [
        "#!desk",
        "account.1.enabled = 1",
        "account.1.user = 101",
        "account.1.name = Alice Example",
    ]
    assert "account.2.password =" in lines
    assert "keys.key.1.type = line" in lines
    assert "provision.url = https://prov.example.test/p/abcdefghijklmnopqrstuvwxyz/" in lines
    assert not any(line.startswith("bluetooth") for line in lines)
    other = render_sample(family, family.models["d22"], "full", family.rule("phone")).body.decode()
    assert "bluetooth.enabled = 0\n" in other
    assert "ui.language = Deutsch\n" in other
