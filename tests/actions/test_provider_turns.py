"""A domain has its turns at the provider; what is beyond them is told when to come back."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from provisiond.actions.provider_turns import AT_ONCE, PER_MINUTE, ProviderTurns
from provisiond.inventory.errors import TooOften

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def ask(turns: ProviderTurns, seconds: float = 0.0, domain: str = "a.test") -> None:
    with turns.taken(domain, "Example", NOW + timedelta(seconds=seconds)):
        pass


def test_so_many_a_minute_and_then_it_is_said_when() -> None:
    turns = ProviderTurns()
    for number in range(PER_MINUTE):
        ask(turns, number / 10)
    with pytest.raises(
        TooOften, match=r"asked 60 times for a\.test .*; try again in 50 s\."
    ) as said:
        ask(turns, 10)
    assert said.value.seconds == 50
    ask(turns, 10, "b.test")
    ask(turns, 60)  # the first is a minute old
    with pytest.raises(TooOften):
        ask(turns, 60)
    ask(turns, 60.1)


def test_so_many_at_once_and_a_failed_question_is_over() -> None:
    turns = ProviderTurns()
    with ExitStack() as open_questions:
        for _ in range(AT_ONCE):
            open_questions.enter_context(turns.taken("a.test", "Example", NOW))
        with pytest.raises(TooOften, match=r"about 4 addresses .* try again in 5 s"):
            ask(turns)
        ask(turns, domain="b.test")
    with pytest.raises(LookupError), turns.taken("a.test", "Example", NOW):
        raise LookupError
    for _ in range(AT_ONCE):
        ask(turns)
