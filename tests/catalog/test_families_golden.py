"""Every shipped family: every model renders, its structure holds, its expected outputs stand."""

import functools

import pytest

from provisiond.catalog.check import check_family, check_goldens
from provisiond.catalog.family import Family
from provisiond.catalog.goldens import golden_models
from provisiond.catalog.overrides import Applied, is_protected, matches
from provisiond.catalog.samples import SAMPLES, render_sample, sample_context
from provisiond.catalog.structure import check_structure
from tests.catalog.hostile import FAMILIES, shipped

HOSTILE = "a;b = <c> & \"d\" 'e' ]]> {{ 1 }}"


@functools.cache
def loaded(name: str) -> Family:
    return shipped(name)


def test_families_are_shipped() -> None:
    assert FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
def test_families_check_has_nothing_to_say(name: str) -> None:
    assert [str(finding) for finding in check_family(loaded(name))] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_expected_outputs_are_what_the_templates_print(name: str) -> None:
    assert [str(finding) for finding in check_goldens(loaded(name))] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_every_model_has_the_keys_accounts_and_sidecars_of_the_manifest(name: str) -> None:
    family = loaded(name)
    manifest = family.manifest
    for model in manifest.model:
        rule = next(rule for rule in family.rules_for(model) if rule.proves_current)
        context = sample_context(family, model, "full", rule)
        banks = manifest.layouts[model.layout].banks
        assert len(context.accounts) == model.accounts
        assert len(context.lines) == model.accounts
        assert len(context.keys) >= sum(bank.keys for bank in banks)
        assert len(context.sidecars) in ({*model.sidecars.values()} or {0})
        for bank in banks:
            numbers = [key.number for key in context.keys if key.bank == bank.name]
            assert not set(numbers) & set(bank.holes)
            assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_printed_key_is_one_that_overrides_may_name(name: str) -> None:
    family = loaded(name)
    patterns = tuple(family.renderer.keys())
    for model in golden_models(family):
        for rule in family.rules_for(model):
            for sample in SAMPLES:
                entries = render_sample(family, model, sample, rule).record.entries
                assert [key for key in entries if not matches(key, patterns)] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_every_printed_key_can_be_overridden_and_left_out(name: str) -> None:
    family = loaded(name)
    for model in golden_models(family)[:3]:
        for rule in family.rules_for(model):
            if rule.scope == "family":
                continue
            entries = render_sample(family, model, "full", rule).record.entries
            for value in (HOSTILE, None):
                layer = [Applied(key=key, value=value, layer="phone") for key in entries]
                out = render_sample(family, model, "full", rule, overrides=layer)
                assert [str(f) for f in check_structure(out.body, rule, out.record)] == []
                assert {e.layer for e in out.record.entries.values()} <= {"phone"}


@pytest.mark.parametrize("name", FAMILIES)
def test_passwords_and_the_provisioning_url_are_the_admins_to_override(name: str) -> None:
    family = loaded(name)
    assert is_protected(family.manifest.provisioning_url.key, family.manifest)
    for model in golden_models(family):
        for rule in family.rules_for(model):
            for key, entry in render_sample(family, model, "full", rule).record.entries.items():
                if "s3cret-pass" in (entry.printed_value or ""):
                    assert is_protected(key, family.manifest), key
