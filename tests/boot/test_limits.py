"""What the log keeps of a flood."""

from datetime import UTC, datetime, timedelta

from provisiond.boot.limits import HttpLimits, LogBrake

AT = datetime(2024, 5, 6, tzinfo=UTC)


def test_the_first_few_of_a_minute_pass_and_the_rest_are_counted() -> None:
    brake = LogBrake(burst=3)
    assert [brake.passes("a", AT)[0] for _ in range(5)] == [True, True, True, False, False]
    assert brake.passes("b", AT) == (True, 0)
    assert brake.passes("a", AT + timedelta(seconds=60)) == (True, 2)
    assert brake.passes("a", AT + timedelta(seconds=61)) == (True, 0)


def test_kinds_without_number_stay_bounded() -> None:
    brake = LogBrake(kinds=10)
    for n in range(1000):
        brake.passes(str(n), AT)
    assert len(brake._seen) == 10


def test_the_hard_cap_leaves_room_to_say_503() -> None:
    assert HttpLimits(connections=1000).hard_connections > 1000
