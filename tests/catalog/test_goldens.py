"""Expected outputs are written on demand, and every change of them is told with its first line."""

from pathlib import Path

import pytest

from provisiond.catalog.family import Family, load_family
from provisiond.catalog.goldens import accept_family, golden_differences, golden_models
from provisiond.inventory.errors import TemplateFault
from tests.catalog.worked_example import write_example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path)


def family(folder: Path) -> Family:
    return load_family(folder, "example/desk")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_one_model_stands_for_each_key_layout(folder: Path) -> None:
    assert [model.name for model in golden_models(family(folder))] == ["D20", "D22"]
    edit(folder / "family.toml", "sidecars = { EXP-20 = 1 }\n", "")
    assert [model.name for model in golden_models(family(folder))] == ["D20"]


def test_accept_writes_every_file_of_every_sample(folder: Path) -> None:
    written = {str(path) for path in accept_family(family(folder)) if path.parts[1] == "D20"}
    assert written == {
        "expected/D20/plain/desk.cfg",
        *(f"expected/D20/{s}/02ac3eaabbcc.cfg" for s in ("plain", "full", "nasty")),
        *(f"expected/D20/{s}/directory.xml" for s in ("plain", "full", "nasty")),
    }
    assert golden_differences(family(folder)) == ()


def test_accept_writes_only_what_changed(folder: Path) -> None:
    accept_family(family(folder))
    assert accept_family(family(folder)) == ()
    edit(folder / "common.j2", '"none"', '"logo.png"')
    assert [str(path) for path in accept_family(family(folder))] == [
        "expected/D20/plain/desk.cfg",
        "expected/D22/plain/desk.cfg",
    ]


def test_accept_removes_what_nothing_prints_any_more(folder: Path) -> None:
    accept_family(family(folder))
    edit(folder / "family.toml", 'name = "D22"', 'name = "D23"')
    edit(
        folder / "family.toml",
        '"Example D22 2.0.4", model = "D22"',
        '"Example D23 2", model = "D23"',
    )
    edit(folder / "family.toml", 'version = "2.0.4"', 'version = "2"')
    accept_family(family(folder))
    assert {path.name for path in (folder / "expected").iterdir()} == {"D20", "D23"}


def test_a_difference_names_the_first_line_and_both_texts(folder: Path) -> None:
    accept_family(family(folder))
    edit(folder / "common.j2", '"none"', '"logo.png"')
    first = golden_differences(family(folder))[0]
    assert first.where == "expected/D20/plain/desk.cfg"
    assert first.line == 2
    assert "expected 'screen.logo = none', printed 'screen.logo = logo.png'" in first.message


def test_a_file_that_became_longer_is_a_difference(folder: Path) -> None:
    accept_family(family(folder))
    with (folder / "common.j2").open("a") as file:
        file.write("# more\n")
    first = golden_differences(family(folder))[0]
    assert first.line == 3


def test_missing_and_stale_outputs_are_differences(folder: Path) -> None:
    accept_family(family(folder))
    (folder / "expected/D20/plain/desk.cfg").rename(folder / "expected/D20/plain/table.cfg")
    assert {(Path(f.where).name, f.message) for f in golden_differences(family(folder))} == {
        ("desk.cfg", "is missing."),
        ("table.cfg", "is expected of nothing any more."),
    }


def test_a_template_fault_leaves_the_outputs_alone(folder: Path) -> None:
    accept_family(family(folder))
    before = {p: p.read_bytes() for p in (folder / "expected").rglob("*") if p.is_file()}
    edit(folder / "directory.j2", "{{ name }}", "{{ 1 // 0 }}")
    edit(folder / "common.j2", '"none"', '"logo.png"')
    with pytest.raises(TemplateFault):
        accept_family(family(folder))
    assert before == {p: p.read_bytes() for p in (folder / "expected").rglob("*") if p.is_file()}
