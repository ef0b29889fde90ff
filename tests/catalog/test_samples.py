"""The made-up phones show all that a model has, and always the same."""

from pathlib import Path

import pytest

from provisiond.catalog.cleaning import is_clean
from provisiond.catalog.family import Family, load_family
from provisiond.catalog.samples import HOSTILE, SAMPLES, sample_contexts, sample_facts
from provisiond.inventory.buttons import ButtonKind
from tests.catalog.worked_example import write_example


@pytest.fixture
def family(tmp_path: Path) -> Family:
    return load_family(write_example(tmp_path), "example/desk")


def test_plain_is_one_line_and_nothing_else(family: Family) -> None:
    context = sample_contexts(family, family.models["d20"], family.rule("phone"))["plain"]
    assert [line.extension for line in context.lines] == ["101"]
    assert context.sidecars == ()
    assert [key.kind for key in context.keys] == ["line"] + ["none"] * 5
    assert context.settings.outbound_proxy == ""


def test_full_has_every_account_key_sidecar_and_available_kind(family: Family) -> None:
    context = sample_contexts(family, family.models["d20"], family.rule("phone"))["full"]
    assert len(context.lines) == 2
    assert [sidecar.type for sidecar in context.sidecars] == ["EXP-20"]
    keys = [*context.keys, *context.sidecars[0].keys]
    assert all(key.kind != "none" for key in keys)
    unavailable = {k for k, rule in family.manifest.buttons.items() if rule.unavailable}
    phone_only = {k for k, rule in family.manifest.buttons.items() if not rule.sidecar}
    wanted = set(ButtonKind) - unavailable - phone_only - {ButtonKind.NONE}
    assert {ButtonKind(key.kind) for key in keys} >= wanted


def test_nasty_reaches_templates_cleaned(family: Family) -> None:
    context = sample_contexts(family, family.models["d20"], family.rule("directory"))["nasty"]
    texts = [name for name, _ in context.directory.entries]
    texts += [key.label for key in context.keys] + [key.value for key in context.keys]
    texts += [line.display_name for line in context.lines]
    assert all(is_clean(text) for text in texts)
    assert any("]]>" in text for text in texts)
    assert any(not is_clean(text) for text in HOSTILE)


def test_directories_come_only_where_they_are_needed(family: Family) -> None:
    manifest, model = family.manifest, family.models["d20"]
    for sample in SAMPLES:
        assert sample_facts(manifest, model, sample).directory is None
        assert sample_facts(manifest, model, sample, directory=True).directory
    full = sample_facts(manifest, model, "full", directory=True).directory
    assert full is not None
    assert len(full) == 40


def test_samples_are_always_the_same(family: Family) -> None:
    model, rule = family.models["d20"], family.rule("phone")
    assert sample_contexts(family, model, rule) == sample_contexts(family, model, rule)
