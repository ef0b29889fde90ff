"""Overrides of dial plans are tried with emergency numbers, by the syntax that a manifest names."""

import pytest

from provisiond.catalog.family import Family
from provisiond.catalog.overrides import findings
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.dial_plan_reading import DialSyntax
from provisiond.settings import shipped


@pytest.fixture(scope="module")
def families() -> dict[str, Family]:
    return dict(Shelf.load([shipped("models")]).families)


def said(family: Family, key: str, value: str, emergency: tuple[str, ...] | None) -> list[str]:
    found = findings(
        [(key, value)], family.manifest, family.renderer.keys(), admin=True, emergency=emergency
    )
    return [f"{one.severity} {one.message.split(': ')[-1]}" for one in found]


@pytest.mark.parametrize(
    ("name", "key", "good", "bad"),
    [
        ("cisco/spa", "Dial_Plan_2_", "(911|112|933|9911|xx.)", "(9,xxxxxxx|112|933|9911)"),
        ("cisco/mpp", "Dial_Plan_1_", "(xx.)", "(911!|xx.)"),
        ("poly/ucs", "dialplan.digitmap", "x.T", "112|933|9911"),
        ("grandstream/alias", "account.1.call.dialplan", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P290", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P459", "{ x+ }", "{ 112 | 933 | 9911 }"),
        ("grandstream/pvalue", "P1859", "{ x+ }", "{ 112 | 933 | 9911 }"),
    ],
)
def test_a_plan_that_keeps_911_in_is_refused(
    families: dict[str, Family], name: str, key: str, good: str, bad: str
) -> None:
    assert said(families[name], key, good, None) == []
    assert "error 911 is not let out." in said(families[name], key, bad, None)
    assert "warning 911 is not let out." in said(families[name], key, bad, ("112",))


def test_manifests_name_syntaxes_that_there_are(families: dict[str, Family]) -> None:
    named = {s for family in families.values() for s in family.manifest.dial_plans.values()}
    assert named == {syntax.value for syntax in DialSyntax}


def test_other_parameters_are_no_dial_plans(families: dict[str, Family]) -> None:
    assert said(families["cisco/spa"], "Display_Name_1_", "(9S0)", None) == []
