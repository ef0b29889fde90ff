"""SMS numbers have one destination, or are available."""

from dataclasses import replace

import pytest

from provisiond.actions.sms import (
    AddSmsNumber,
    ChangeSmsNumber,
    DeleteSmsNumber,
    MakeSmsAvailable,
    add_sms_number,
    change_sms_number,
    delete_sms_number,
    list_domain_sms_numbers,
    make_sms_available,
    show_sms_number,
)
from provisiond.inventory.errors import Conflict, NotFound, RejectedAll
from provisiond.inventory.lists import SmsQuery
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164
from provisiond.store import destinations
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER
from tests.actions.offices import NOW, QUEUE, added, changes, open_office

TEXTS = SmsNumber(
    number=E164("+18005550100"), treatment=SmsTreatment.USER, destination="alice example", mms=True
)


async def test_an_sms_number_is_added_changed_made_available_and_deleted(db: Database) -> None:
    await open_office(db)
    saved = await add_sms_number(db, ADMIN, AddSmsNumber(domain=DOMAIN, number=TEXTS), NOW)
    assert saved.record == replace(TEXTS, destination="101", revision=1)
    view = await show_sms_number(db, DOMAIN, TEXTS.number)
    assert (view.number, view.name) == (saved.record, "Alice Example")
    queue = replace(view.number, treatment=SmsTreatment.CALL_QUEUE, destination="Support")
    command = ChangeSmsNumber(domain=DOMAIN, number=queue)
    saved = await change_sms_number(db, MANAGER, command, NOW)
    assert (saved.record.destination, saved.record.revision) == ("300", 2)
    with pytest.raises(Conflict):
        await change_sms_number(db, MANAGER, command, NOW)
    await make_sms_available(db, ADMIN, MakeSmsAvailable(domain=DOMAIN, number=TEXTS.number), NOW)
    page = await list_domain_sms_numbers(db, DOMAIN, SmsQuery(treatment=SmsTreatment.AVAILABLE))
    assert [(v.number.destination, v.number.mms) for v in page.rows] == [("", True)]
    await delete_sms_number(db, ADMIN, DeleteSmsNumber(domain=DOMAIN, number=TEXTS.number), NOW)
    with pytest.raises(NotFound):
        await show_sms_number(db, DOMAIN, TEXTS.number)
    assert [entry.action for entry in await changes(db)] == [
        "delete SMS number",
        "make SMS number available",
        "edit SMS number",
        "add SMS number",
    ]


@pytest.mark.parametrize(
    ("treatment", "destination", "words"),
    [
        (SmsTreatment.USER, "300", "no user with the extension 300"),
        (SmsTreatment.CALL_QUEUE, "310", r"no call queue 310 \(310 is a conference\)"),
        (SmsTreatment.CALL_QUEUE, "Suport", "Did you mean Support"),
        (SmsTreatment.USER, "", "the destination is missing"),
        (SmsTreatment.AVAILABLE, "101", "leads nowhere"),
    ],
)
async def test_a_destination_must_be_there_and_of_its_kind(
    lite: Database, treatment: SmsTreatment, destination: str, words: str
) -> None:
    await open_office(lite)
    record = replace(TEXTS, treatment=treatment, destination=destination)
    with pytest.raises(RejectedAll, match=words) as caught:
        await add_sms_number(lite, ADMIN, AddSmsNumber(domain=DOMAIN, number=record), NOW)
    assert [finding.where for finding in caught.value.findings] == ["destination"]


async def test_a_disabled_queue_is_a_warning(lite: Database) -> None:
    await open_office(lite)
    async with lite.write() as write:
        off = replace(QUEUE, enabled=False, revision=1)
        await destinations.update_destination(write, 1, "300", off)
    record = replace(TEXTS, treatment=SmsTreatment.CALL_QUEUE, destination="300")
    saved = await add_sms_number(lite, ADMIN, AddSmsNumber(domain=DOMAIN, number=record), NOW)
    assert [finding.severity for finding in saved.warnings] == ["warning"]


async def test_a_number_may_take_calls_and_messages_in_one_domain_only(lite: Database) -> None:
    await open_office(lite)
    await open_office(lite, "b.test")
    await added(lite)
    command = AddSmsNumber(domain="b.test", number=TEXTS)
    with pytest.raises(RejectedAll, match="Ask your provider") as caught:
        await add_sms_number(lite, MANAGER, command, NOW)
    assert DOMAIN not in str(caught.value)
    await add_sms_number(lite, MANAGER, replace(command, domain=DOMAIN), NOW)
    with pytest.raises(RejectedAll, match="already"):
        await add_sms_number(lite, MANAGER, replace(command, domain=DOMAIN), NOW)
