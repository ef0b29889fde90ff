"""Guesses are slowed down, by whom and at whom, and memory stays bounded."""

import pytest

from provisiond.actions.login_throttle import LoginThrottle


def test_pauses_double_up_to_a_quarter_of_an_hour() -> None:
    throttle = LoginThrottle()
    pauses = []
    now = 0.0
    for _ in range(20):
        throttle.missed("tess", "192.0.2.1", now)
        pauses.append(throttle.pause("tess", "192.0.2.1", now))
        now += pauses[-1]
    assert pauses[:7] == [0, 0, 0, 0, 1, 2, 4]
    assert pauses[-1] == 900


def test_another_person_at_the_same_address_is_not_slowed() -> None:
    throttle = LoginThrottle()
    for _ in range(10):
        throttle.missed("tess", "192.0.2.1", 0.0)
    assert throttle.pause("tess", "192.0.2.1", 0.0) > 0
    assert throttle.pause("olga", "192.0.2.1", 0.0) == 0


def test_an_address_that_tries_everybody_is_slowed() -> None:
    throttle = LoginThrottle()
    for number in range(40):
        throttle.missed(f"name{number}", "192.0.2.1", 0.0)
    assert throttle.pause("olga", "192.0.2.1", 0.0) > 60
    assert throttle.pause("olga", "192.0.2.2", 0.0) == 0


def test_the_addresses_of_one_ipv6_network_are_one() -> None:
    throttle = LoginThrottle()
    for number in range(40):
        throttle.missed(f"name{number}", f"2001:db8::{number:x}", 0.0)
    assert throttle.pause("olga", "2001:db8::ffff", 0.0) > 60
    assert throttle.pause("olga", "2001:db8:0:1::1", 0.0) == 0


def test_a_log_in_forgets_the_misses_before_it() -> None:
    throttle = LoginThrottle()
    for _ in range(5):
        throttle.missed("tess", "192.0.2.1", 0.0)
    throttle.succeeded("tess", "192.0.2.1")
    assert throttle.pause("tess", "192.0.2.1", 0.0) == 0


def test_misses_are_forgotten_after_an_hour() -> None:
    throttle = LoginThrottle()
    for _ in range(8):
        throttle.missed("tess", "192.0.2.1", 0.0)
    throttle.missed("tess", "192.0.2.1", 3700.0)
    assert throttle.pause("tess", "192.0.2.1", 3700.0) == 0


@pytest.mark.parametrize("address", ["", "not an address", "x" * 10_000])
def test_any_address_is_counted(address: str) -> None:
    throttle = LoginThrottle()
    for _ in range(6):
        throttle.missed("n" * 10_000, address, 0.0)
    assert throttle.pause("n" * 10_000, address, 0.0) > 0


def test_memory_is_bounded() -> None:
    throttle = LoginThrottle()
    for number in range(30_000):
        throttle.missed(f"name{number}", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0)
    sizes = [len(table) for _, table in throttle._tables]
    assert sizes == [10_000, 10_000, 10_000]
