"""Are nonces known again, each count taken once, and old ones told from forged ones?"""

from datetime import UTC, datetime, timedelta

import pytest

from provisiond.actions.nonces import LIFE_SECONDS, Nonces, Standing

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def nonces() -> Nonces:
    return Nonces(b"k" * 32, NOW)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_each_count_is_taken_once_in_any_order(nonces: Nonces) -> None:
    nonce = nonces.issue(NOW)
    for count in (1, 3, 2, 5, 4, 70, 69, 8, 7):
        assert nonces.standing(nonce, count, NOW) is Standing.GOOD, count
        nonces.spend(nonce, count)
        assert nonces.standing(nonce, count, NOW) is Standing.SPENT, count
    assert nonces.standing(nonce, 6, NOW) is Standing.SPENT, "too far behind to be known"
    assert nonces.standing(nonce, 0, NOW) is Standing.SPENT
    assert nonces.standing(nonce, 71, NOW) is Standing.GOOD


def test_a_nonce_ends_by_itself(nonces: Nonces) -> None:
    nonce = nonces.issue(NOW)
    assert nonces.standing(nonce, 1, after(LIFE_SECONDS)) is Standing.GOOD
    assert nonces.standing(nonce, 1, after(LIFE_SECONDS + 1)) is Standing.STALE
    assert nonces.standing(nonces.issue(after(60)), 1, NOW) is Standing.STALE


@pytest.mark.parametrize("wrong", ["", "x", "0" * 60, "é" * 60, "f" * 61, "0" * 28 + "é" * 32])
def test_what_was_never_given_is_forged(nonces: Nonces, wrong: str) -> None:
    assert nonces.standing(wrong, 1, NOW) is Standing.FORGED


def test_a_changed_one_and_one_of_another_key_are_forged(nonces: Nonces) -> None:
    nonce = nonces.issue(NOW)
    changed = ("1" if nonce[0] == "0" else "0") + nonce[1:]
    assert nonces.standing(changed, 1, NOW) is Standing.FORGED
    assert Nonces(b"l" * 32, NOW).standing(nonce, 1, NOW) is Standing.FORGED


def test_nodes_know_each_others_and_one_that_began_later_takes_none_from_before() -> None:
    first, second = Nonces(b"k" * 32, NOW), Nonces(b"k" * 32, NOW)
    assert second.standing(first.issue(NOW), 1, NOW) is Standing.GOOD
    restarted = Nonces(b"k" * 32, after(10))
    assert restarted.standing(first.issue(NOW), 1, after(10)) is Standing.STALE


def test_where_the_table_is_full_what_is_forgotten_is_not_taken_again() -> None:
    nonces = Nonces(b"k" * 32, NOW, kept=10)
    given = [nonces.issue(after(n)) for n in range(20)]
    for n, nonce in enumerate(given):
        assert nonces.standing(nonce, 1, after(n)) is Standing.GOOD
        nonces.spend(nonce, 1)
    for nonce in given:
        assert nonces.standing(nonce, 1, after(20)) is not Standing.GOOD
