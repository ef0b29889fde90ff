"""Are those who guess counted by what they ask for, and nobody else slowed down?"""

from datetime import UTC, datetime, timedelta

import pytest

from provisiond.actions.guesses import EVERYBODY, GuessLimits, GuessWatch, Miss
from provisiond.inventory.access import Transport

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = GuessLimits(misses=5, names=3, minutes=10)
HTTP = Transport.HTTP
UDP = (Transport.TFTP, Transport.PNP)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_misses_beyond_a_minutes_share_are_throttled_until_some_are_forgotten() -> None:
    watch = GuessWatch(LIMITS)
    misses = [watch.missed(HTTP, "192.0.2.1", "a", NOW) for _ in range(7)]
    assert [miss.throttled for miss in misses] == [False] * 5 + [True] * 2
    assert [miss.first_throttled for miss in misses] == [False] * 5 + [True, False]
    assert not watch.missed(HTTP, "192.0.2.1", "a", after(60)).throttled
    assert (watch.misses, watch.throttled) == (8, 2)


def test_refusals_beyond_a_minutes_share_wait_until_some_are_forgotten() -> None:
    watch = GuessWatch(LIMITS)
    waits = []
    for _ in range(7):
        watch.refused(HTTP, "192.0.2.1", NOW)
        waits.append(watch.pause(HTTP, "192.0.2.1", NOW) > 0)
    assert waits == [False] * 4 + [True] * 3
    assert watch.pause(HTTP, "192.0.2.99", NOW) == 0
    assert watch.pause(HTTP, "192.0.2.1", after(60)) == 0


def test_what_is_no_miss_counts_for_the_wait_alone_and_a_miss_alone_for_no_wait() -> None:
    watch = GuessWatch(LIMITS)
    for _ in range(20):
        watch.refused(HTTP, "192.0.2.1", NOW)
        watch.missed(HTTP, "10.0.0.1", "a", NOW)
    assert not watch.missed(HTTP, "192.0.2.1", "a", NOW).throttled
    assert watch.pause(HTTP, "10.0.0.1", NOW) == 0


def test_the_first_throttled_of_a_minute_is_told_once_also_where_its_network_is_throttled() -> None:
    watch = GuessWatch(LIMITS)
    misses = [watch.missed(HTTP, "192.0.2.1", "a", NOW) for _ in range(30)]
    assert [miss.first_throttled for miss in misses].count(True) == 1


def test_a_network_has_twice_an_addresss_share() -> None:
    watch = GuessWatch(LIMITS)
    for host in range(1, 11):
        assert watch.pause(HTTP, "192.0.2.200", NOW) == 0
        assert not watch.missed(HTTP, f"192.0.2.{host}", "a", NOW).throttled
        watch.refused(HTTP, f"192.0.2.{host}", NOW)
    assert watch.missed(HTTP, "192.0.2.11", "a", NOW).throttled
    assert watch.pause(HTTP, "192.0.2.200", NOW) > 0
    assert watch.pause(HTTP, "192.0.3.1", NOW) == 0
    for host in range(11):
        watch.refused(HTTP, f"2001:db8::{host:x}", NOW)
    assert watch.pause(HTTP, "2001:db8::ffff", NOW) > 0
    assert watch.pause(HTTP, "2001:db8:0:1::1", NOW) == 0


def test_a_phone_that_asks_again_and_again_is_no_sweep_and_many_names_are_one() -> None:
    watch = GuessWatch(LIMITS)
    for second in range(100):
        assert watch.missed(HTTP, "192.0.2.1", "00:15:65:00:00:01", after(second)).sweeps == ()
    sweeps = [watch.missed(HTTP, "192.0.2.2", f"{n}", NOW).sweeps for n in range(4)]
    assert sweeps == [(), (), ("192.0.2.2",), ()]


def test_a_sweep_is_told_once_in_its_time_and_again_afterwards() -> None:
    watch = GuessWatch(LIMITS)
    told = [watch.missed(HTTP, "192.0.2.2", f"{n}", after(n)).sweeps for n in range(5)]
    assert told.count(("192.0.2.2",)) == 1
    again = [watch.missed(HTTP, "192.0.2.2", f"{n}", after(601 + n)).sweeps for n in range(3)]
    assert ("192.0.2.2",) in again


def test_a_sweep_by_many_addresses_is_seen_in_their_network_and_in_everybody() -> None:
    watch = GuessWatch(LIMITS)
    near = [watch.missed(HTTP, f"192.0.2.{n}", f"{n}", NOW).sweeps for n in range(1, 7)]
    assert [one for one in near if one] == [("192.0.2.0/24",)]
    far = [watch.missed(HTTP, f"10.{n}.0.1", f"far {n}", NOW).sweeps for n in range(40)]
    assert [one for one in far if one] == [(EVERYBODY,)]
    assert "30 different" in watch.words(HTTP, EVERYBODY)
    assert "6 different" in watch.words(HTTP, "192.0.2.0/24")


def test_a_million_sources_are_not_kept() -> None:
    watch = GuessWatch(LIMITS)
    for n in range(20_000):
        watch.missed(HTTP, f"10.{n >> 8}.{n & 255}.1", "a", NOW)
        watch.refused(HTTP, f"11.{n >> 8}.{n & 255}.1", NOW)
    assert len(watch._doors[HTTP].sources) <= 5_000


@pytest.mark.parametrize("door", UDP)
def test_what_is_missed_over_udp_says_nothing_of_http(door: Transport) -> None:
    watch = GuessWatch(LIMITS)
    for n in range(100):
        watch.missed(door, "192.0.2.1", f"{n}", NOW)
        watch.refused(door, "192.0.2.1", NOW)
    for other in {Transport.HTTP, Transport.HTTPS, *UDP} - {door}:
        assert watch.pause(other, "192.0.2.1", NOW) == 0
    sweeps = [watch.missed(HTTP, "192.0.2.1", f"{n}", NOW) for n in range(3)]
    assert not any(miss.throttled for miss in sweeps)
    assert [miss.sweeps for miss in sweeps] == [(), (), ("192.0.2.1",)]


def test_https_and_http_are_one_door() -> None:
    watch = GuessWatch(LIMITS)
    doors = (Transport.HTTP, Transport.HTTPS, Transport.HTTP)
    sweeps = [watch.missed(door, "192.0.2.1", f"{n}", NOW).sweeps for n, door in enumerate(doors)]
    assert sweeps[-1] == ("192.0.2.1",)


@pytest.mark.parametrize("door", UDP)
def test_a_forged_source_slows_down_and_mutes_nobody_else(door: Transport) -> None:
    watch = GuessWatch(LIMITS)
    for n in range(20):
        assert not watch.missed(door, f"192.0.2.{n}", "the same", NOW).throttled
        watch.refused(door, f"192.0.2.{n}", NOW)
    assert watch.pause(door, "192.0.2.77", NOW) == 0, "no share of a network that others can spend"
    for n in range(20):
        watch.missed(door, "192.0.2.1", f"{n}", NOW)
        watch.refused(door, "192.0.2.1", NOW)
    assert watch.pause(door, "192.0.2.1", NOW) > 0
    honest = [watch.missed(door, "192.0.2.77", f"{n}", NOW).sweeps for n in range(3)]
    assert honest[-1] == ("192.0.2.77",), "its own alarm is told all the same"


@pytest.mark.parametrize("door", UDP)
def test_forged_sources_without_end_raise_few_alarms_and_fill_no_list(door: Transport) -> None:
    watch = GuessWatch(LIMITS)

    def flood(seconds: float) -> list[Miss]:
        return [
            watch.missed(door, f"10.1.{n}.1", f"{n} {name}", after(seconds))
            for n in range(200)
            for name in range(3)
        ]

    first = flood(0)
    told = [source for miss in first for source in miss.sweeps]
    assert told.count(EVERYBODY) == 1
    assert len(told) <= 11
    assert sum(not miss.made_up for miss in first) <= 30
    assert [source for miss in flood(60) for source in miss.sweeps] == []
    assert EVERYBODY in [source for miss in flood(601) for source in miss.sweeps], "and again"
    assert "forged" in watch.words(door, EVERYBODY)
    assert "forged" not in watch.words(HTTP, EVERYBODY)


def test_sources_without_end_raise_few_alarms_at_a_door_that_none_can_forge_either() -> None:
    """Somebody who has a whole IPv6 /48 asks from one /64 of it after the other."""
    watch = GuessWatch(LIMITS)
    misses = [
        watch.missed(HTTP, f"2001:db8:1:{n:x}::1", f"{n} {name}", after(n / 10))
        for n in range(1800)
        for name in range(3)
    ]
    told = [source for miss in misses for source in miss.sweeps]
    assert told.count(EVERYBODY) == 1
    assert len(told) <= 11 + 3 * 3
    assert watch.sweeps == 1801, "they are all counted"
    counts = [miss.unnamed for miss in misses if miss.unnamed]
    assert len(counts) == 2, "one a minute that is over"
    late = watch.missed(HTTP, "192.0.2.1", "x", after(240))
    assert len(told) + sum(counts) + late.unnamed == 1801
    assert watch.missed(HTTP, "192.0.2.1", "x", after(300)).unnamed == 0
    assert not late.made_up
    assert f"{late.unnamed} more addresses" in watch.words_of_more(late.unnamed)
