"""Are those who guess counted by what they ask for, and nobody else slowed down?"""

from datetime import UTC, datetime, timedelta

from provisiond.actions.guesses import EVERYBODY, GuessLimits, GuessWatch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = GuessLimits(misses=5, names=3, minutes=10)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_misses_beyond_a_minutes_share_are_throttled_until_some_are_forgotten() -> None:
    watch = GuessWatch(LIMITS)
    misses = [watch.missed("192.0.2.1", "a", NOW) for _ in range(7)]
    assert [miss.throttled for miss in misses] == [False] * 5 + [True] * 2
    assert [miss.first_throttled for miss in misses] == [False] * 5 + [True, False]
    assert watch.pause("192.0.2.1", NOW) > 0
    assert watch.pause("192.0.2.99", NOW) == 0
    assert watch.pause("192.0.2.1", after(60)) == 0
    assert (watch.misses, watch.throttled) == (7, 2)


def test_a_network_has_twice_an_addresss_share() -> None:
    watch = GuessWatch(LIMITS)
    for host in range(1, 11):
        assert not watch.missed(f"192.0.2.{host}", "a", NOW).throttled
    assert watch.missed("192.0.2.11", "a", NOW).throttled
    assert watch.pause("192.0.2.200", NOW) > 0
    assert watch.pause("192.0.3.1", NOW) == 0
    for host in range(11):
        watch.missed(f"2001:db8::{host:x}", "a", NOW)
    assert watch.pause("2001:db8::ffff", NOW) > 0
    assert watch.pause("2001:db8:0:1::1", NOW) == 0


def test_a_phone_that_asks_again_and_again_is_no_sweep_and_many_names_are_one() -> None:
    watch = GuessWatch(LIMITS)
    for second in range(100):
        assert watch.missed("192.0.2.1", "00:15:65:00:00:01", after(second)).sweeps == ()
    sweeps = [watch.missed("192.0.2.2", f"{n}", NOW).sweeps for n in range(4)]
    assert sweeps == [(), (), ("192.0.2.2",), ()]
    assert watch.missed("192.0.2.2", "x", NOW).sweeping


def test_a_sweep_is_told_once_in_its_time_and_again_afterwards() -> None:
    watch = GuessWatch(LIMITS)
    told = [watch.missed("192.0.2.2", f"{n}", after(n)).sweeps for n in range(5)]
    assert told.count(("192.0.2.2",)) == 1
    again = [watch.missed("192.0.2.2", f"{n}", after(601 + n)).sweeps for n in range(3)]
    assert ("192.0.2.2",) in again


def test_a_sweep_by_many_addresses_is_seen_in_their_network_and_in_everybody() -> None:
    watch = GuessWatch(LIMITS)
    near = [watch.missed(f"192.0.2.{n}", f"{n}", NOW).sweeps for n in range(1, 7)]
    assert [one for one in near if one] == [("192.0.2.0/24",)]
    far = [watch.missed(f"10.{n}.0.1", f"far {n}", NOW).sweeps for n in range(40)]
    assert [one for one in far if one] == [(EVERYBODY,)]
    assert "30 different" in watch.words(EVERYBODY)
    assert "6 different" in watch.words("192.0.2.0/24")


def test_a_million_sources_are_not_kept() -> None:
    watch = GuessWatch(LIMITS)
    for n in range(20_000):
        watch.missed(f"10.{n >> 8}.{n & 255}.1", "a", NOW)
    assert len(watch._sources) <= 5_000
