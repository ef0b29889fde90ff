"""What a family holds is counted: models, parameters, single values, expected outputs."""

from pathlib import Path

from provisiond.catalog.family import load_family
from provisiond.catalog.goldens import accept_family
from provisiond.catalog.tally import tally
from tests.catalog.worked_example import write_example


def test_each_thing_that_is_added_is_counted_once(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    before = tally(load_family(folder, "example/desk"))
    assert (before.models, before.goldens) == (2, 0)
    path = folder / "family.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('"star.*"]', '"star.*", "screen.contrast"]')
        .replace("[tables.language]\n", '[tables.language]\nes = "Español"\n')
        .replace('title = "', 'title = "Some '),
        encoding="utf-8",
    )
    after = tally(load_family(folder, "example/desk"))
    assert after.parameters == before.parameters + 1
    assert after.facts == before.facts + 2


def test_expected_outputs_are_counted_as_files(tmp_path: Path) -> None:
    family = load_family(write_example(tmp_path), "example/desk")
    accept_family(family)
    files = [path for path in (family.folder / "expected").rglob("*") if path.is_file()]
    assert tally(family).goldens == len(files) > 0
