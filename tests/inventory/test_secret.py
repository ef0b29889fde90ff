"""Secrets do not show by accident; tokens have 130 random bits."""

import pytest

from provisiond.inventory.secret import (
    Secret,
    is_token,
    masked_tokens,
    new_password,
    new_token,
)

TOKEN = "abcdefghijklmnopqrstuvwx23"


def test_a_secret_shows_as_stars_everywhere() -> None:
    secret = Secret("hunter2")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "hunter2"


def test_secrets_compare_by_text_and_are_false_when_empty() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert not Secret("")
    assert Secret("a") != "a"


def test_tokens_are_26_base32_characters_in_either_case() -> None:
    tokens = {new_token().reveal() for _ in range(200)}
    assert len(tokens) == 200
    assert all(is_token(token) and is_token(token.upper()) for token in tokens)
    assert not is_token("a" * 25)
    assert not is_token("a" * 25 + "1")


def test_generated_passwords_avoid_what_keypads_and_syntaxes_trip_over() -> None:
    for _ in range(50):
        password = new_password().reveal()
        assert len(password) == 20
        assert password.isalnum()
        assert not set(password) & set("0O1lI")
        for kind in (str.islower, str.isupper, str.isdigit):
            assert any(map(kind, password)), "some phones want three kinds"


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "/p/{}/a.cfg",
        "x/p/{}/f.cfg",
        "p%2F{}%2Fx.cfg",
        "p%2f{}%2fx.cfg",
        "p%252F{}%252Fx.cfg",
        "p%25252F{}",
        "p\\{}\\x.cfg",
        "p\\xff{}",
        "a line\\n{}\\n",
        "p\\u2028{}",
        "p/***/{}!",
        "'{};' is no segment of a file name",
        "_{}_",
        "%{}",
        "\u00e9{}\u00e9",
        "{0} and {0},{0}",
    ],
)
@pytest.mark.parametrize("token", [TOKEN, TOKEN.upper(), TOKEN.capitalize(), "2f" * 13])
def test_a_token_that_stands_alone_is_masked(around: str, token: str) -> None:
    assert masked_tokens(around.format(token)) == around.format("***")


@pytest.mark.parametrize(
    "text",
    [
        "",
        TOKEN[:25],
        f"{TOKEN}a",
        f"9{TOKEN}",
        f"{TOKEN[:25]}1",
        f"{TOKEN[:13]}/{TOKEN[13:]}",
        "001565aabbcc.cfg https://pbx.example.test:8443/y000000000066.cfg",
        "0123456789abcdef" * 4,
    ],
)
def test_what_is_no_token_stays(text: str) -> None:
    assert masked_tokens(text) == text
