"""What an account, password or token may be."""

from datetime import UTC, datetime, timedelta

import pytest

from provisiond.inventory.access import Role
from provisiond.inventory.accounts import (
    Account,
    ApiToken,
    LoginSession,
    account_faults,
    is_api_token,
    key_hash,
    new_api_token,
    new_key,
    password_faults,
    token_faults,
)
from provisiond.inventory.secret import Secret

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
DOMAIN = "pbx.example.test"


@pytest.mark.parametrize(
    ("account", "where"),
    [
        (Account(name="tess", role=Role.ADMIN), []),
        (Account(name="tess", role=Role.TECH), []),
        (Account(name="tess", role=Role.TECH, domain=DOMAIN), []),
        (Account(name="o.lga+x@example.test", role=Role.MANAGER, domain=DOMAIN), []),
        (Account(name="bob", role=Role.USER, domain=DOMAIN, extension="101"), []),
        (Account(name="tess", role=Role.ADMIN, domain=DOMAIN), ["domain"]),
        (Account(name="olga", role=Role.MANAGER), ["domain"]),
        (Account(name="bob", role=Role.USER), ["domain", "extension"]),
        (Account(name="bob", role=Role.USER, domain=DOMAIN, extension="1o1"), ["extension"]),
        (Account(name="tess", role=Role.TECH, extension="101"), ["extension"]),
        (Account(name="Tess Müller", role=Role.TECH), ["name"]),
        (Account(name="", role=Role.TECH), ["name"]),
        (Account(name="t" * 65, role=Role.TECH), ["name"]),
        (Account(name="-rf", role=Role.MANAGER), ["name", "domain"]),
    ],
)
def test_every_fault_of_an_account_is_told(account: Account, where: list[str]) -> None:
    assert [fault.where for fault in account_faults(account)] == where


@pytest.mark.parametrize(
    ("password", "is_good"),
    [
        ("correct horse battery", True),
        ("short one 1", False),
        ("olga-olga-12", False),
        ("aaaaaaaaaaaaaaaa", False),
        ("with\nline break", False),
        ("ümläute sind gut", True),
        ("x7" * 129, False),
    ],
)
def test_a_password_is_long_and_no_pattern(password: str, is_good: bool) -> None:
    assert (password_faults(Secret(password), "olga") == ()) is is_good


def test_a_token_of_a_user_or_of_no_domain_is_refused() -> None:
    assert token_faults("billing", Role.MANAGER, DOMAIN) == ()
    assert [f.where for f in token_faults("", Role.MANAGER, None)] == ["label", "domain"]
    assert "role" in [f.where for f in token_faults("x", Role.USER, DOMAIN)]


def test_tokens_and_keys_are_long_and_never_the_same() -> None:
    made = [new_api_token() for _ in range(50)]
    assert len({text.reveal() for _, text in made}) == 50
    for token_id, text in made:
        assert text.reveal().startswith(f"pvd_{token_id}_")
        assert is_api_token(text.reveal())
        assert len(text.reveal()) == 4 + 8 + 1 + 43
    assert not is_api_token("pvd_aaaaaaaa_" + "x" * 42)
    assert len(new_key().reveal()) == 43
    assert len(key_hash("half a \udcff character")) == 32


def test_a_session_ends_when_idle_when_old_and_with_its_account() -> None:
    account = Account(name="tess", role=Role.ADMIN)
    session = LoginSession(
        account=account, created_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(hours=12)
    )
    idle = timedelta(hours=2)
    assert session.lives(NOW + timedelta(minutes=119), idle)
    assert not session.lives(NOW + timedelta(hours=2), idle)
    assert not session.lives(NOW + timedelta(hours=12), timedelta(days=9))
    disabled = Account(name="tess", role=Role.ADMIN, disabled=True)
    ended = LoginSession(
        account=disabled, created_at=NOW, seen_at=NOW, expires_at=NOW + timedelta(hours=12)
    )
    assert not ended.lives(NOW, idle)


def test_a_token_ends_when_it_is_said_to_or_revoked() -> None:
    forever = ApiToken(token_id="a", label="x", role=Role.TECH)
    assert forever.lives(NOW)
    ends = ApiToken(token_id="a", label="x", role=Role.TECH, expires_at=NOW)
    assert not ends.lives(NOW)
    assert ends.lives(NOW - timedelta(seconds=1))
    assert not ApiToken(token_id="a", label="x", role=Role.TECH, revoked_at=NOW).lives(NOW)
