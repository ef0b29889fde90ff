"""Are requests repeated as RFC 3261 §17.1.2 has it? Time is an argument."""

import pytest

from provisiond.outbound.sip_transaction import ClientTransaction, Phase


def sent_at(machine: ClientTransaction, *, until: float = 100.0) -> list[float]:
    """When it is sent, the first at 0."""
    times = [0.0]
    while not machine.is_over and machine.deadline <= until:
        now = machine.deadline
        if machine.expire(now):
            times.append(now)
    return times


def test_over_udp_the_pauses_double_up_to_t2_until_timer_f() -> None:
    machine = ClientTransaction(0.0, reliable=False)
    assert sent_at(machine) == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert machine.phase is Phase.TERMINATED
    assert machine.deadline == 32.0


def test_over_a_connection_it_is_sent_once_and_waited_for_as_long() -> None:
    machine = ClientTransaction(0.0, reliable=True)
    assert machine.deadline == 32.0
    assert sent_at(machine) == [0.0]
    assert machine.phase is Phase.TERMINATED


def test_a_provisional_answer_slows_the_repeats_to_t2() -> None:
    machine = ClientTransaction(0.0, reliable=False)
    machine.receive(100)
    assert machine.phase is Phase.PROCEEDING
    assert sent_at(machine, until=12.0) == [0.0, 0.5, 4.5, 8.5]


@pytest.mark.parametrize("code", [200, 302, 401, 503])
def test_a_final_answer_ends_it(code: int) -> None:
    machine = ClientTransaction(0.0, reliable=False)
    machine.receive(100)
    machine.receive(code)
    assert machine.phase is Phase.COMPLETED
    assert not machine.expire(40.0)
    machine.receive(100)
    assert machine.phase is Phase.COMPLETED


def test_a_timer_that_fires_early_changes_nothing() -> None:
    machine = ClientTransaction(0.0, reliable=False)
    assert not machine.expire(0.4)
    assert machine.deadline == 0.5
