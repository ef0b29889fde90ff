"""Refusals fill no journal: a minute's share a source, then one count, and alarms all stand."""

from datetime import UTC, datetime, timedelta

import pytest

from provisiond.actions.refusal_lines import OF_A_SOURCE, OF_ALL, RefusalLines
from provisiond.inventory.journal import RequestEntry

NOW = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)
ENTRY = RequestEntry(
    at=NOW, transport="http", address="10.0.0.1", method="GET", name="x", outcome="not_admitted"
)


@pytest.fixture
def journal() -> list[RequestEntry]:
    return []


@pytest.fixture
def lines(journal: list[RequestEntry]) -> RefusalLines:
    return RefusalLines(journal.append)


def test_a_sources_refusals_of_a_minute_are_one_count_beyond_its_share(
    lines: RefusalLines, journal: list[RequestEntry]
) -> None:
    for outcome in ("not_admitted", "malformed", "pnp_answered"):
        for _ in range(OF_A_SOURCE):
            lines.add(ENTRY._replace(outcome=outcome))
    lines.add(ENTRY._replace(address="10.0.0.2"))
    assert len(journal) == OF_A_SOURCE + 1, "another source has its own share"
    lines.tick(NOW + timedelta(seconds=54))
    assert len(journal) == OF_A_SOURCE + 1
    lines.tick(NOW + timedelta(seconds=55))
    [more] = journal[OF_A_SOURCE + 1 :]
    assert (more.outcome, more.address, more.transport) == ("more_refused", "10.0.0.1", "http")
    assert more.detail == (
        "120 more in the minute 2026-11-22T12:00Z: 60 malformed, 60 pnp_answered"
    )
    lines.add(ENTRY._replace(at=NOW + timedelta(minutes=1)))
    assert journal[-1].outcome == "not_admitted", "and the next minute has its own lines"


def test_what_is_served_and_alarms_stand_one_by_one(
    lines: RefusalLines, journal: list[RequestEntry]
) -> None:
    for _ in range(2 * OF_A_SOURCE):
        lines.add(ENTRY)
    kept = len(journal)
    whole = [
        ENTRY._replace(outcome="served"),
        ENTRY._replace(outcome="absent_file"),
        ENTRY._replace(outcome="throttled"),
        ENTRY._replace(outcome="enrolment_held", alarm=True),
    ]
    for entry in whole * 100:
        lines.add(entry)
    assert journal[kept:] == whole * 100


def test_every_known_phones_first_refusal_of_a_minute_stands_also_behind_one_address(
    lines: RefusalLines, journal: list[RequestEntry]
) -> None:
    later = NOW + timedelta(minutes=1)
    for at in (NOW, later):
        for _ in range(2):
            for phone in range(200):
                lines.add(ENTRY._replace(at=at, phone_id=phone))
        lines.add(ENTRY._replace(at=at))
        stood = [
            entry.phone_id for entry in journal if entry.at == at and entry.phone_id is not None
        ]
        assert stood == list(range(200))
    lines.stop()
    more = [entry.detail for entry in journal if entry.outcome == "more_refused"]
    assert [detail.split()[0] for detail in more] == ["201", "201"]
    for phone in range(2 * OF_ALL):
        lines.add(ENTRY._replace(phone_id=phone))
    assert len(journal) == 402 + OF_ALL


def test_sources_without_end_fill_no_journal_either(
    lines: RefusalLines, journal: list[RequestEntry]
) -> None:
    asked = 30_000
    for number in range(asked):
        lines.add(ENTRY._replace(address=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    assert len(journal) == OF_ALL
    lines.stop()
    more = journal[OF_ALL:]
    assert len(more) <= 2_001
    assert more[-1].address == ""
    assert sum(int(entry.detail.split()[0]) for entry in more) == asked - OF_ALL
    lines.stop()
    assert len(journal) == OF_ALL + len(more), "told once"
