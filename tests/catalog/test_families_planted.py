"""A mistake planted in a shipped family's template is found, with the file and its line."""

import functools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from provisiond.catalog.check import check_family
from provisiond.catalog.family import Family, load_family
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.samples import render_sample
from provisiond.inventory.errors import Finding
from tests.catalog.hostile import FAMILIES, shipped

ALONE = re.compile(r"\s*\{\{ (param\(.*\)) \}\}\s*")

# What stands in place of `{{ CALL }}`, by syntax, and what is said of it.
DUPLICATE = {
    "lines": ("{{ CALL }}\nKEY = again", "stands 2 times"),
    "sections": ("{{ CALL }}\nKEY :again", "stands 2 times"),
    "elements": ('{{ CALL }}\n<planted a="1" a="2"></planted>', "redefined"),
    "indexed": ('{{ CALL }}\n<planted a="1" a="2"></planted>', "redefined"),
    "named": ('{{ CALL }}\n<planted a="1" a="2"></planted>', "redefined"),
    "attributes": ('{{ CALL }}\nKEY="again"', "redefined"),
}
SPLIT = {
    "lines": ("KEY = one\ntwo", "neither an assignment"),
    "sections": ("KEY :one\ntwo", "neither an assignment"),
    "elements": ("<KEY>one\ntwo</KEY>", "no param printed"),
    "indexed": ("<KEY>one\ntwo</KEY>", "no param printed"),
    "named": ('<item name="KEY">one\ntwo</item>', "no param printed"),
    "attributes": ('KEY="one\ntwo"', "no param printed"),
}
UNESCAPED = {
    # Nothing is escaped in lines: text beside assignments is what such a slip looks like there.
    "lines": ("{{ CALL }}\na & b", "neither an assignment"),
    "sections": ("{{ CALL }}\na & b", "neither an assignment"),
    "elements": ("{{ CALL }}\n<planted>a & b</planted>", "not well-formed"),
    "indexed": ("{{ CALL }}\n<planted>a & b</planted>", "not well-formed"),
    "named": ("{{ CALL }}\n<planted>a & b</planted>", "not well-formed"),
    "attributes": ('{{ CALL }}\nplanted="a & b"', "not well-formed"),
}
MISTAKES = {"duplicate": DUPLICATE, "split": SPLIT, "unescaped": UNESCAPED}


@functools.cache
def loaded(name: str) -> Family:
    return shipped(name)


def place(family: Family) -> tuple[FileRule, str, Path, int]:
    """The phone's own file, and a line of a template where nothing but one `param` stands."""
    model = family.manifest.model[0]
    rule = next(rule for rule in family.rules_for(model) if rule.proves_current)
    for key, entry in render_sample(family, model, "plain", rule).record.entries.items():
        path = family.folder / entry.file
        line = path.read_text(encoding="utf-8").splitlines()[entry.line - 1]
        if ALONE.fullmatch(line) and entry.printed_value and "[" not in key:
            return rule, key, path, entry.line
    raise AssertionError("no param stands alone on its line")


def written(key: str, rule: FileRule) -> str:
    """A key as it stands in the file."""
    name = key.rpartition("/")[2]
    return name.replace("_", " ") if rule.syntax == "sections" else name


def findings(family: Family, folder: Path, file: str, number: int, new: str) -> tuple[Finding, ...]:
    """What `families check` says of a copy of the family with this line, for its first model."""
    copy = folder / "vendor" / "family"
    shutil.copytree(family.folder, copy, ignore=shutil.ignore_patterns("expected"))
    path = copy / file
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[number - 1] = new
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    broken = load_family(copy, "vendor/family")
    first = broken.manifest.model_copy(update={"model": broken.manifest.model[:1]})
    return check_family(replace(broken, manifest=first))


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_planted_mistake_is_found_with_file_and_line(
    name: str, mistake: str, tmp_path: Path
) -> None:
    family = loaded(name)
    rule, key, path, number = place(family)
    planted, said = MISTAKES[mistake][rule.syntax]
    old = path.read_text(encoding="utf-8").splitlines()[number - 1]
    match = ALONE.fullmatch(old)
    assert match is not None
    new = planted.replace("CALL", match.group(1)).replace("KEY", written(key, rule))
    found = findings(family, tmp_path, path.name, number, new)
    errors = [
        f for f in found if f.where == rule.id and f.severity == "error" and said in f.message
    ]
    assert errors, [str(f) for f in found]
    assert all(f.line for f in errors)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_line_break_in_a_value_is_found_where_the_template_has_it(
    name: str, tmp_path: Path
) -> None:
    family = loaded(name)
    _rule, _key, path, number = place(family)
    new = '{{ param("planted", "one\\ntwo") }}'
    found = findings(family, tmp_path, path.name, number, new)
    assert any(
        (f.where, f.line) == (path.name, number) and "holds a line break" in f.message
        for f in found
    ), [str(f) for f in found]
