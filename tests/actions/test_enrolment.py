"""What a first fetch changes holds at once, is written in batches and is never lost."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from provisiond.actions.enrolment import AdmissionFacts, EnrolmentBook, EnrolmentChange, applied
from provisiond.inventory.admission import opened
from provisiond.inventory.errors import StoreUnavailable
from provisiond.inventory.phones import Enrolment

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class KeptEnrolments:
    """A store of enrolments in memory, with the epoch that its writes move."""

    def __init__(self) -> None:
        self.rows = {
            (1, phone): AdmissionFacts(enrolment=opened(NOW), enabled=True) for phone in (1, 2)
        }
        self.epoch = 5
        self.reads = 0
        self.batches: list[list[EnrolmentChange]] = []
        self.away = False

    async def read(self, domain_id: int, phone_id: int) -> AdmissionFacts | None:
        self.reads += 1
        return self.rows.get((domain_id, phone_id))

    async def write(self, changes: Sequence[EnrolmentChange]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        for change in changes:
            key = (change.domain_id, change.phone_id)
            row = self.rows[key]
            self.rows[key] = AdmissionFacts(
                enrolment=applied(row.enrolment, change), enabled=row.enabled
            )
        self.batches.append(list(changes))
        self.epoch += 1


def change(kind: str, phone: int = 1, **more: str) -> EnrolmentChange:
    return EnrolmentChange(kind=kind, domain_id=1, phone_id=phone, at=NOW, **more)


def book(store: KeptEnrolments) -> EnrolmentBook:
    return EnrolmentBook(store, lambda domain_id: store.epoch)


async def known(book: EnrolmentBook, phone: int = 1) -> Enrolment:
    facts = await book.facts(1, phone)
    assert facts is not None
    return facts.enrolment


async def test_a_change_holds_before_it_is_written() -> None:
    store = KeptEnrolments()
    enrolments = book(store)
    assert (await known(enrolments)).closed_at is None
    enrolments.change(change("close"))
    assert (await known(enrolments)).closed_at == NOW
    assert store.batches == []


async def test_a_batch_written_while_facts_are_read_is_not_forgotten() -> None:
    store = KeptEnrolments()
    enrolments = book(store)
    stale = store.rows[1, 1]
    enrolments.change(change("close"))
    waiting = enrolments.waiting()  # as before a read, whose answer is from before the batch
    await enrolments.flush()
    facts = enrolments.learn(1, 1, stale, waiting)
    assert facts.enrolment.closed_at == NOW


async def test_one_batch_for_many_and_our_own_batch_costs_no_reading_again() -> None:
    store = KeptEnrolments()
    enrolments = book(store)
    await known(enrolments, 1)
    await known(enrolments, 2)
    enrolments.change(change("first", 1, address="10.0.0.1"))
    enrolments.change(change("close", 1))
    enrolments.change(change("first", 2, address="10.0.0.2"))
    await enrolments.flush()
    assert [len(batch) for batch in store.batches] == [3]
    assert (await known(enrolments, 1)).closed_at == NOW
    assert (await known(enrolments, 2)).first_address == "10.0.0.2"
    assert store.reads == 2


async def test_another_nodes_change_is_read_again() -> None:
    store = KeptEnrolments()
    enrolments = book(store)
    await known(enrolments)
    store.rows[1, 1] = AdmissionFacts(enrolment=Enrolment(), enabled=True)
    store.epoch += 1
    assert (await known(enrolments)).opened_at is None


async def test_a_change_not_yet_written_survives_reading_again() -> None:
    store = KeptEnrolments()
    enrolments = book(store)
    await known(enrolments)
    enrolments.change(change("close"))
    store.epoch += 1
    assert (await known(enrolments)).closed_at == NOW


async def test_nothing_is_forgotten_while_the_store_is_away() -> None:
    store = KeptEnrolments()
    store.away = True
    enrolments = book(store)
    enrolments.change(change("close"))
    with pytest.raises(StoreUnavailable):
        await enrolments.flush()
    store.away = False
    writer = asyncio.create_task(enrolments.run())
    while not store.batches:
        await asyncio.sleep(0.01)
    writer.cancel()
    assert store.rows[1, 1].enrolment.closed_at == NOW


async def test_a_phone_that_is_gone_has_no_facts() -> None:
    assert await book(KeptEnrolments()).facts(1, 99) is None


def test_what_stands_already_stays() -> None:
    enrolment = applied(opened(NOW), change("first", address="a"))
    assert applied(enrolment, change("first", address="b")).first_address == "a"
    held = applied(enrolment, change("hold", reason="x"))
    assert applied(held, change("hold", reason="y")).held_reason == "x"


def test_who_closes_what_nobody_asked_for_before_is_the_first() -> None:
    closed = applied(opened(NOW), change("close", address="a"))
    assert (closed.first_address, closed.closed_at) == ("a", NOW)
    asked = applied(opened(NOW), change("first", address="a"))
    assert applied(asked, change("close", address="b")).first_address == "a"
    assert applied(closed, change("close", address="b")) == closed
