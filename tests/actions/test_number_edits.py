"""What people type makes of a number what they meant, or says what cannot be read."""

from datetime import date

import pytest

from provisiond.actions.number_edits import NumberEdit, SmsEdit, edited_number, edited_sms
from provisiond.inventory.errors import RejectedAll
from provisiond.inventory.numbers import Announcement, Handling, Number, NumberRule
from provisiond.inventory.sms import SmsNumber, SmsTreatment
from provisiond.inventory.telephone import E164

NUMBER = Number(
    number=E164("+18005550100"),
    default=Handling(
        treatment="call_queue",
        destination="300",
        caller_id_prefix="Main",
        announcement=Announcement.CALLERS_AHEAD,
    ),
    rules=(
        NumberRule(frame="Night", handling=Handling(treatment="voicemail", destination="101")),
        NumberRule(frame="Day", handling=Handling(treatment="user", destination="102")),
    ),
    language="fr",
    enable_on=date(2026, 1, 1),
)


def frames(number: Number) -> list[str]:
    return [rule.frame for rule in number.rules]


def test_what_is_not_named_stays() -> None:
    assert edited_number(NUMBER, NumberEdit()) == NUMBER


def test_the_empty_text_clears() -> None:
    edit = NumberEdit(language="", enable_on="", caller_id_prefix="", announcement="")
    cleared = edited_number(NUMBER, edit)
    assert (cleared.language, cleared.enable_on) == (None, None)
    assert cleared.default == Handling(treatment="call_queue", destination="300")


def test_another_treatment_forgets_what_only_the_old_one_had() -> None:
    changed = edited_number(NUMBER, NumberEdit(treatment="Voicemail", destination="101"))
    assert changed.default == Handling(
        treatment="voicemail", destination="101", caller_id_prefix="Main"
    )
    assert edited_number(NUMBER, NumberEdit(treatment="available")).default == Handling()
    assert edited_number(NUMBER, NumberEdit(treatment="call_queue")).default == NUMBER.default


def test_rules_are_added_replaced_moved_and_taken_away() -> None:
    edit = NumberEdit(
        rules=(
            "Day=call_queue,300,Front,expected_wait",
            "Noon=voicemail,102,,enhanced",
            "Night=",
            "Gone = available",
        ),
        moves=("Gone=1",),
    )
    changed = edited_number(NUMBER, edit)
    assert frames(changed) == ["Gone", "Day", "Noon"]
    assert changed.rules[1].handling == Handling(
        treatment="call_queue",
        destination="300",
        caller_id_prefix="Front",
        announcement=Announcement.EXPECTED_WAIT,
    )
    assert changed.rules[2].handling.enhanced_voicemail
    only = edited_number(NUMBER, NumberEdit(without_rules=True, rules=("Noon=user,101",)))
    assert frames(only) == ["Noon"]


def test_all_that_cannot_be_read_is_told_at_once() -> None:
    edit = NumberEdit(
        treatment="queue",
        announcement="music",
        rules=("Night", "Noon=", "Day=user,1,2,3,4", "Day=user,1,,loud"),
        moves=("Day=7", "Noon=1"),
        enable_on="soon",
    )
    with pytest.raises(RejectedAll) as caught:
        edited_number(NUMBER, edit)
    assert [finding.where for finding in caught.value.findings] == [
        "enable_on",
        "treatment",
        "announcement",
        "rule",
        "rule",
        "rule",
        "rule",
        "move",
        "move",
    ]
    assert all(finding.remedy for finding in caught.value.findings)


def test_an_sms_number_has_one_destination() -> None:
    number = SmsNumber(number=NUMBER.number, treatment=SmsTreatment.USER, destination="101")
    queue = edited_sms(number, SmsEdit(treatment="Call Queue"))
    assert (queue.treatment, queue.destination) == (SmsTreatment.CALL_QUEUE, "")
    assert edited_sms(number, SmsEdit(treatment="")).treatment is SmsTreatment.AVAILABLE
    assert edited_sms(number, SmsEdit(treatment="user", mms=True)).destination == "101"
    with pytest.raises(RejectedAll, match="voicemail"):
        edited_sms(number, SmsEdit(treatment="voicemail"))
