"""Secrets do not show by accident; tokens have 130 random bits."""

from provisiond.inventory.secret import Secret, is_token, new_password, new_token


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
