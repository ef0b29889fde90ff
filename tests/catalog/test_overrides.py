"""The nearest scope wins, a model beats its family, and what must not be set is told."""

import pytest

from provisiond.catalog.manifest import Manifest
from provisiond.catalog.overrides import Applied, choose, findings, matches, near_misses
from provisiond.inventory.errors import Finding
from provisiond.inventory.phones import Override
from tests.catalog.made_up import manifest, rule

FAMILY = "acme/desk"


def row(scope: str, value: str | None, **more: str | None) -> Override:
    fields = {"scope": scope, "family": FAMILY, "key": "k", "value": value, "author": "ann"}
    return Override(**(fields | more))  # type: ignore[arg-type]


def chosen(*rows: Override, phone: tuple[tuple[str, str | None], ...] = ()) -> tuple[Applied, ...]:
    return choose(rows, FAMILY, "Acme D-6", "HQ", phone)


@pytest.mark.parametrize("backwards", [False, True])
def test_the_nearest_scope_wins_in_any_order(backwards: bool) -> None:
    rows = [
        row("server", "1"),
        row("server", "2", model="Acme D-6"),
        row("domain", "3"),
        row("domain", "4", model="Acme D-6"),
        row("site", "5", site="HQ"),
        row("site", "6", site="HQ", model="Acme D-6"),
    ]
    while rows:
        winner = rows[-1]
        got = chosen(*(reversed(rows) if backwards else rows))
        assert [(a.key, a.value, a.author) for a in got] == [("k", winner.value, "ann")]
        assert got[0].layer == winner.scope + ("/model" if winner.model else "")
        rows.pop()


def test_the_phones_own_map_beats_all() -> None:
    rows = (row("site", "5", site="HQ", model="Acme D-6"),)
    assert chosen(*rows, phone=(("k", "mine"),)) == (
        Applied(key="k", value="mine", layer="phone", author=""),
    )


def test_do_not_print_is_a_value_like_any_other() -> None:
    assert chosen(row("domain", None), row("server", "1"))[0].value is None
    assert chosen(row("domain", None), phone=(("k", "back"),))[0].value == "back"


def test_other_families_sites_and_models_do_not_apply() -> None:
    assert (
        chosen(
            row("domain", "1", family="acme/other"),
            row("site", "1", site="Branch"),
            row("domain", "1", model="Acme D-2"),
            row("nonsense", "1"),
        )
        == ()
    )
    assert choose((row("site", "1", site="HQ"),), FAMILY, "Acme D-6", None, ()) == ()


@pytest.mark.parametrize("spelt", ["Acme D-6", "acme d6", "D-6", "ACME_D 6"])
def test_the_models_spelling_is_forgiven(spelt: str) -> None:
    assert len(chosen(row("domain", "1", model=spelt))) == 1


@pytest.mark.parametrize("model", ["Acme 6", "6D-6", "Acme MD-6", "D-66", "Other D-6"])
def test_a_model_whose_name_ends_alike_is_another(model: str) -> None:
    assert chosen(row("domain", "1", model=model)) == ()


def test_values_are_cleaned_and_keys_sorted() -> None:
    got = chosen(row("domain", "a\nb", key="z"), phone=(("a", "x\r\ny"),))
    assert [(a.key, a.value) for a in got] == [("a", "xy"), ("z", "ab")]


def with_keys(**more: object) -> Manifest:
    return Manifest.model_validate(manifest(rule()).model_dump() | more)


PATTERNS = ("account.{}.label", "phone_setting.backgrounds", "password[{}]", "Line_Key_{}_")


def found(
    key: str, value: str | None = "1", *, admin: bool = False, **more: object
) -> tuple[Finding, ...]:
    return findings([(key, value)], with_keys(**more), PATTERNS, admin=admin)


@pytest.mark.parametrize(
    "key", ["account.3.label", "ACCOUNT.16.label", "password[admin]", "Line_Key_2_", "bw.x.y"]
)
def test_known_keys_have_no_findings(key: str) -> None:
    assert found(key, known_keys=["bw.*"]) == ()


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("account.3.lable", "account.3.label"),
        ("phone_settings.background", "phone_setting.backgrounds"),
        ("Line_Key_2", "Line_Key_2_"),
    ],
)
def test_an_unknown_key_is_a_warning_with_near_misses(key: str, near: str) -> None:
    (finding,) = found(key)
    assert finding.severity == "warning"
    assert finding.where == f"overrides.{key}"
    assert near in finding.remedy


def test_a_key_like_no_other_has_no_near_miss() -> None:
    assert near_misses("zzz", PATTERNS) == ()


@pytest.mark.parametrize(
    "key", ["account.1.password", "Account.1.Password", "static.url", "net.a.b"]
)
def test_protected_keys_are_the_admins(key: str) -> None:
    protected = ["account.{}.password", "static.url", "net.*"]
    (finding,) = found(key, protected=protected, known_keys=["net.*"])
    assert finding.severity == "error"
    assert "protected" in finding.message
    assert not [f for f in found(key, protected=protected, admin=True) if f.severity == "error"]


@pytest.mark.parametrize("value", ["a\nb = c", "a\rb", "a\x00", "a\u2028b", "a\tb"])
def test_a_value_with_a_line_break_is_an_error_even_for_an_admin(value: str) -> None:
    (finding,) = found("account.1.label", value, admin=True)
    assert finding.severity == "error"
    assert "line break" in finding.message


@pytest.mark.parametrize("key", ["", "a b", "a=b", "a\nb", "#a", "<a>", "é"])
def test_a_key_that_cannot_be_written_is_an_error(key: str) -> None:
    (finding,) = found(key, admin=True)
    assert finding.severity == "error"


def test_a_value_beyond_the_vendors_limit_is_an_error() -> None:
    assert found("account.1.label", "ééé", limits={"value_bytes": 6}) == ()
    assert (
        "longer than 5 bytes"
        in found("account.1.label", "ééé", limits={"value_bytes": 5})[0].message
    )


def test_leaving_a_key_out_is_allowed() -> None:
    assert found("account.1.label", None) == ()


@pytest.mark.parametrize(
    ("key", "pattern", "fits"),
    [
        ("a.1.b", "a.{}.b", True),
        ("a.x.b", "a.{}.b", True),
        ("a.1.2.b", "a.{}.b", False),
        ("a.1.bc", "a.{}.b", False),
        ("aXb", "a.b", False),
        ("a.b.c", "a.*", True),
        ("a", "a.*", False),
        ("p[admin]", "p[{}]", True),
        ("a.p[x.y]", "a.p[{}]", True),
        ("Prefer_G722.2_Code", "Prefer_{}_Code", True),
    ],
)
def test_patterns_match_whole_keys(key: str, pattern: str, fits: bool) -> None:
    assert matches(key, (pattern,)) is fits
