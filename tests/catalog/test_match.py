"""File names: what is parsed, what is refused, which rules they fit."""

from pathlib import Path

import pytest

from provisiond.catalog.family import Family, load_family
from provisiond.catalog.match import candidates, masked, parse_name, upload
from provisiond.inventory.errors import UnknownFile
from provisiond.inventory.mac import Mac
from tests.catalog.hostile import FAMILIES, shipped

TOKEN = "abcdefghijklmnopqrstuvwx23"
ACME = Path(__file__).parent.parent / "models" / "acme" / "desk"


@pytest.fixture(scope="module")
def acme() -> Family:
    return load_family(ACME, "acme/desk")


@pytest.mark.parametrize(
    ("name", "path", "token"),
    [
        ("/001565aabbcc.cfg", "001565aabbcc.cfg", None),
        ("//Acme//001565aabbcc.cfg", "Acme/001565aabbcc.cfg", None),
        ("\\Acme\\x.cfg", "Acme/x.cfg", None),
        (f"/p/{TOKEN}/x.cfg", "x.cfg", TOKEN),
        (f"p/{TOKEN.upper()}/x.cfg", "x.cfg", TOKEN),
        (f"P\\{TOKEN}\\x.cfg", "x.cfg", TOKEN),
        ("p/short/x.cfg", "p/short/x.cfg", None),
    ],
)
def test_a_name_is_taken_apart(name: str, path: str, token: str | None) -> None:
    parsed = parse_name(name)
    assert (parsed.path, parsed.token) == (path, token)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        f"/p/{TOKEN}/",
        "../etc/passwd",
        "a/../b.cfg",
        "a/./b.cfg",
        "a/b/c/d/e/f/g.cfg",
        "a b.cfg",
        "a\0.cfg",
        "a\n.cfg",
        "caf\u00e9.cfg",
        "x" * 97,
        "a/%2e%2e/..\\..",
        "a?b",
        "a#b",
        "{{7*7}}",
        "$(id)",
        "a;b",
    ],
)
def test_a_name_that_no_phone_asks_for_is_refused(name: str) -> None:
    with pytest.raises(UnknownFile):
        parse_name(name)


def test_assets_are_told_from_files() -> None:
    assert parse_name("assets/fw/1.rom").asset == "fw/1.rom"
    assert parse_name(f"p/{TOKEN}/assets/1.rom").asset == "1.rom"
    assert parse_name("assets").asset is None


def test_tokens_are_masked_for_journals() -> None:
    assert TOKEN not in masked(f"/p/{TOKEN}/x.cfg")
    assert TOKEN not in parse_name(f"/p/{TOKEN}/x.cfg").masked
    assert masked("p/almost-a-token/x.cfg") == "p/***/x.cfg"


@pytest.mark.parametrize(
    "name",
    ["x/p/{}/f.cfg", "p%2F{}%2Fx.cfg", "p/***/{}!", "p\\xff{}", "x" * 230 + "/{}", "p/a/{}/p/{}"],
)
@pytest.mark.parametrize("token", [TOKEN, TOKEN.upper()])
def test_a_token_is_masked_wherever_it_stands_in_a_name(name: str, token: str) -> None:
    shown = masked(name.format(token, token))
    assert token[:20] not in shown
    assert len(shown) <= 256


def test_a_second_token_of_a_name_is_masked_too() -> None:
    assert parse_name(f"p/{TOKEN}/p/{TOKEN}/x.cfg").masked == "p/***/p/***/x.cfg"


@pytest.mark.parametrize("segment", ["{};", "a" * 80 + " {}", "p%2F{}%2F?"])
def test_why_a_name_was_refused_shows_no_token(segment: str) -> None:
    with pytest.raises(UnknownFile) as refused:
        parse_name(segment.format(TOKEN))
    assert "is no segment of a file name" in str(refused.value)
    assert TOKEN[:10] not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["02ac3e000001.cfg", "02AC3E000001.CFG", "02-ac-3e-00-00-01.cfg", "02:ac:3e:00:00:01.cfg"],
)
def test_a_mac_is_found_in_any_spelling(acme: Family, name: str) -> None:
    [match] = candidates([acme], name)
    assert match.rule is not None
    assert (match.rule.id, match.mac) == ("mac", Mac("02ac3e000001"))


def test_patterns_are_anchored_and_zeros_are_no_mac(acme: Family) -> None:
    for name in (
        "x02ac3e000001.cfg",
        "02ac3e000001.cfg.bak",
        "000000000000.cfg",
        "a/02ac3e000001.cfg",
    ):
        assert candidates([acme], name) == ()


def test_words_match_the_models_values_only(acme: Family) -> None:
    [match] = candidates([acme], "acme06.cfg")
    assert match.words == {"code": "06"}
    assert candidates([acme], "acme07.cfg") == ()


def test_uploads_are_told_from_unknown_names(acme: Family) -> None:
    found = upload([acme], "02ac3e000001-log.txt")
    assert found is not None
    assert found.mac == Mac("02ac3e000001")
    assert upload([acme], "log.txt") is None


@pytest.mark.parametrize("name", FAMILIES)
def test_what_phones_ask_for_in_vain_by_a_name_without_mac_is_a_file_of_the_family(
    name: str,
) -> None:
    """Else each phone of a site that boots from the box would count as somebody who guesses."""
    for compiled in shipped(name).rules:
        rule = compiled.rule
        if rule.template is None and "{mac}" not in rule.path.lower():
            assert rule.scope == "family", rule.id
