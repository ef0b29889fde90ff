"""Validate, accept, save: what may be saved, what is said of it, and whose it is."""

import csv
import io
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from lxml import etree

from provisiond.actions.emergency_addresses import (
    AddAddress,
    ChangeAddress,
    DeleteAddress,
    add_address,
    change_address,
    delete_address,
    list_domain_addresses,
    renew_address,
    show_address,
)
from provisiond.actions.emergency_assign import AssignAddress, assign_address
from provisiond.actions.emergency_checks import (
    AcceptAddress,
    AddressDesk,
    ValidateAddress,
    Validation,
    accept_address,
    accepted_place,
    raw_answer,
    show_validation,
    validate_address,
)
from provisiond.actions.emergency_endpoints import (
    AddEndpoint,
    ChangeEndpoint,
    DeleteEndpoint,
    SetCallerId,
    add_endpoint,
    change_endpoint,
    delete_endpoint,
    list_domain_endpoints,
    set_emergency_caller_id,
    show_endpoint,
)
from provisiond.actions.emergency_report import (
    Problem,
    effective_of_phone,
    effective_of_user,
    readiness,
    readiness_csv,
)
from provisiond.actions.numbers import AddNumber, add_number
from provisiond.actions.pidf_lo import SCHEMAS, pidf_lo
from provisiond.actions.provider_turns import PER_MINUTE
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import Site
from provisiond.inventory.emergency import (
    AddressLevel,
    Civic,
    EmergencyAddress,
    EmergencyEndpoint,
    Standing,
    Terms,
)
from provisiond.inventory.errors import (
    Conflict,
    NotFound,
    OutsideUnavailable,
    Refused,
    Rejected,
    RejectedAll,
    TooOften,
)
from provisiond.inventory.lists import AddressQuery, EndpointQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.numbers import Number
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.telephone import E164
from provisiond.outbound.address_check import CheckAnswer, Verdict
from provisiond.store import phones, sites, users
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER, load
from tests.actions.offices import MAIN, NOW, added, changes, open_office

PLACE = Civic(
    country="US",
    state="NY",
    city="New York",
    postcode="10118",
    house_number="350",
    street="Fifth Ave",
    floor="3",
)
DESK_MAC = Mac("001565aabb01")
OTHER = E164("+18005550122")
SHELF = Shelf(families={}, rejected=())


class FixedChecker:
    """A provider that says of every place the same; it counts how often it was asked."""

    name = "Example"

    def __init__(self, answer: CheckAnswer) -> None:
        self.answer = answer
        self.asked: list[Civic] = []

    async def check(self, civic: Civic, caller_name: str) -> CheckAnswer:
        self.asked.append(civic)
        if self.answer.verdict is Verdict.VALID:
            return replace(self.answer, places=(civic,))
        return self.answer


class SilentChecker:
    """A provider that does not answer."""

    name = "Example"

    async def check(self, civic: Civic, caller_name: str) -> CheckAnswer:
        raise OutsideUnavailable("Example did not answer within 10 s; try again.")


VALID = CheckAnswer(
    verdict=Verdict.VALID, reference="r1", until=NOW + timedelta(days=90), raw='{"raw": 1}'
)
NOBODY = AddressDesk(terms=Terms())
STRICT = AddressDesk(terms=Terms(checked_is_enough=False))


def asking(answer: CheckAnswer = VALID) -> AddressDesk:
    terms = Terms(provider="Example", checked_is_enough=False, recheck_months=12)
    return AddressDesk(terms=terms, checker=FixedChecker(answer))


async def validated(
    db: Database, desk: AddressDesk, civic: Civic = PLACE, at: datetime = NOW
) -> Validation:
    command = ValidateAddress(domain=DOMAIN, civic=civic)
    return await validate_address(db, desk, MANAGER, command, at)


async def accepted(
    db: Database, desk: AddressDesk, civic: Civic = PLACE, choice: int = 1, at: datetime = NOW
) -> Validation:
    validation = await validated(db, desk, civic, at)
    command = AcceptAddress(domain=DOMAIN, id=validation.id, choice=choice)
    return await accept_address(db, desk, MANAGER, command, at)


async def saved(
    db: Database, desk: AddressDesk, name: str = "HQ", civic: Civic = PLACE, **more: object
) -> EmergencyAddress:
    await accepted(db, desk, civic)
    record = replace(EmergencyAddress(name=name, civic=civic), **more)  # type: ignore[arg-type]
    command = AddAddress(domain=DOMAIN, address=record)
    return (await add_address(db, desk, MANAGER, command, NOW)).record


async def test_validate_accept_save(db: Database) -> None:
    await open_office(db)
    desk = asking()
    record = EmergencyAddress(name="HQ", civic=replace(PLACE, state="new york", country="us"))
    command = AddAddress(domain=DOMAIN, address=record)
    with pytest.raises(Refused, match="not validated and accepted"):
        await add_address(db, desk, MANAGER, command, NOW)
    validation = await validated(db, desk, record.civic)
    assert (validation.outcome, validation.level) == ("valid", AddressLevel.VALIDATED)
    assert (validation.choices, validation.words) == ((PLACE,), "validated by Example")
    with pytest.raises(Refused, match="not validated and accepted"):
        await add_address(db, desk, MANAGER, command, NOW)
    with pytest.raises(Refused, match="nobody accepted"):
        await accepted_place(db, DOMAIN, validation.id)
    await accept_address(db, desk, MANAGER, AcceptAddress(domain=DOMAIN, id=validation.id), NOW)
    assert await accepted_place(db, DOMAIN, validation.id) == PLACE
    shown = await show_validation(db, desk.terms, DOMAIN, validation.id)
    assert (shown.accepted, shown.level) == (PLACE, AddressLevel.VALIDATED)
    address = (await add_address(db, desk, MANAGER, command, NOW)).record
    assert address.civic == PLACE
    view = await show_address(db, desk.terms, DOMAIN, "HQ", NOW)
    assert view.address == address
    assert (view.status.level, view.status.standing) == (AddressLevel.VALIDATED, Standing.GOOD)
    assert view.status.words == "validated by Example on 2026-11-25, until 2027-02-23"
    assert await raw_answer(db, DOMAIN, "HQ") == '{"raw": 1}'
    assert [entry.action for entry in await changes(db)] == [
        "add emergency address",
        "accept emergency address",
    ]


async def test_without_a_provider_nothing_is_ever_called_validated(lite: Database) -> None:
    await open_office(lite)
    validation = await accepted(lite, NOBODY)
    assert (validation.outcome, validation.provider) == ("checked", "")
    assert validation.level is AddressLevel.POSTAL_CONSISTENT
    assert "nobody validated it" in validation.words
    await saved(lite, NOBODY)
    page = await list_domain_addresses(lite, NOBODY.terms, DOMAIN, AddressQuery(), NOW)
    assert [view.status.words for view in page.rows] == ["postal-consistent, checked on 2026-11-25"]
    await saved(lite, asking(), "By Example", replace(PLACE, floor="9"))
    for at in (NOW, NOW + timedelta(days=4000)):
        page = await list_domain_addresses(lite, NOBODY.terms, DOMAIN, AddressQuery(), at)
        report = await readiness(lite, SHELF, NOBODY.terms, DOMAIN, at)
        words = [view.status.words for view in page.rows] + [row.status for row in report.rows]
        assert not [text for text in words if "validated by" in text]
        assert AddressLevel.VALIDATED not in [view.status.level for view in page.rows]


async def test_a_setting_says_whether_checked_is_enough(lite: Database) -> None:
    await open_office(lite)
    await accepted(lite, STRICT)
    record = EmergencyAddress(name="HQ", civic=PLACE)
    command = AddAddress(domain=DOMAIN, address=record)
    with pytest.raises(Refused, match="only checked, and that is not enough"):
        await add_address(lite, STRICT, MANAGER, command, NOW)
    await add_address(lite, NOBODY, MANAGER, command, NOW)


async def test_what_cannot_be_right_is_sent_to_nobody(lite: Database) -> None:
    await open_office(lite)
    desk = asking()
    validation = await validated(lite, desk, replace(PLACE, street="PO Box 7", house_number=""))
    assert (validation.outcome, validation.choices) == ("impossible", ())
    assert validation.provider == ""
    assert isinstance(desk.checker, FixedChecker)
    assert desk.checker.asked == []
    with pytest.raises(Rejected, match="nothing to accept"):
        await accept_address(
            lite, desk, MANAGER, AcceptAddress(domain=DOMAIN, id=validation.id), NOW
        )


async def test_a_rejection_and_a_silent_provider_leave_nothing_to_save(lite: Database) -> None:
    await open_office(lite)
    desk = asking(CheckAnswer(verdict=Verdict.REJECTED, reasons=("no such street",)))
    validation = await validated(lite, desk)
    assert [str(one) for one in validation.findings] == ["address: Example: no such street"]
    with pytest.raises(Rejected, match="was rejected"):
        await accept_address(
            lite, desk, MANAGER, AcceptAddress(domain=DOMAIN, id=validation.id), NOW
        )
    with pytest.raises(OutsideUnavailable):
        await validated(lite, AddressDesk(terms=desk.terms, checker=SilentChecker()))


async def test_a_provider_that_was_asked_enough_is_not_asked(
    lite: Database,
) -> None:
    await open_office(lite)
    desk = asking()
    assert isinstance(desk.checker, FixedChecker)
    for _ in range(PER_MINUTE):
        with desk.turns.taken(DOMAIN, "Example", NOW):
            pass
    with pytest.raises(TooOften, match="try again in 60 s"):
        await validated(lite, desk)
    assert desk.checker.asked == []
    later = NOW + timedelta(minutes=1)
    assert (await validated(lite, desk, at=later)).outcome == "valid"
    assert desk.checker.asked == [PLACE]


async def test_a_correction_is_what_is_saved(lite: Database) -> None:
    await open_office(lite)
    better = replace(PLACE, street="5th Ave", postcode="10118-0110")
    desk = asking(CheckAnswer(verdict=Verdict.CORRECTED, places=(better,)))
    await accepted(lite, desk)
    command = AddAddress(domain=DOMAIN, address=EmergencyAddress(name="HQ", civic=PLACE))
    with pytest.raises(Refused, match="not validated and accepted"):
        await add_address(lite, desk, MANAGER, command, NOW)
    command = replace(command, address=EmergencyAddress(name="HQ", civic=better))
    address = (await add_address(lite, desk, MANAGER, command, NOW)).record
    assert address.civic == better


async def test_one_of_several_candidates_is_asked_about_before_it_counts(lite: Database) -> None:
    await open_office(lite)
    north, south = (replace(PLACE, pre_directional=side) for side in ("N", "S"))
    answer = CheckAnswer(verdict=Verdict.CANDIDATES, places=(north, south))
    several = asking(answer)
    validation = await validated(lite, several)
    command = AcceptAddress(domain=DOMAIN, id=validation.id, choice=2)
    with pytest.raises(Rejected, match="knows several"):
        await accept_address(lite, several, MANAGER, command, NOW)
    with pytest.raises(Rejected, match=r"2 places: 1 is 350 N .*; 2 is 350 S ") as unsaid:
        await accept_address(lite, asking(), MANAGER, replace(command, choice=None), NOW)
    assert unsaid.value.field == "choice"
    with pytest.raises(Rejected, match="no choice 3"):
        await accept_address(lite, several, MANAGER, replace(command, choice=3), NOW)
    found = await accept_address(lite, asking(), MANAGER, command, NOW)
    assert (found.accepted, found.level) == (south, AddressLevel.VALIDATED)
    assert found.id != validation.id


async def test_an_edit_of_the_place_drops_the_status(db: Database) -> None:
    await open_office(db)
    desk = asking()
    stood = await saved(db, desk)
    named = replace(stood, name="Head office", caller_name="Example Inc")
    change = ChangeAddress(domain=DOMAIN, name="HQ", address=named)
    result = await change_address(db, desk, MANAGER, change, NOW)
    assert (result.record.proof, result.record.revision) == (stood.proof, 2)
    moved = replace(result.record, civic=replace(PLACE, room="203"))
    change = ChangeAddress(domain=DOMAIN, name="Head office", address=moved)
    with pytest.raises(Refused, match="not validated and accepted"):
        await change_address(db, desk, MANAGER, change, NOW)
    await accepted(db, desk, moved.civic)
    later = NOW + timedelta(days=1)
    result = await change_address(db, desk, MANAGER, change, later)
    assert result.record.civic.room == "203"
    with pytest.raises(Conflict):
        await change_address(db, desk, MANAGER, change, later)


async def test_a_forged_proof_counts_for_nothing(lite: Database) -> None:
    await open_office(lite)
    stood = await saved(lite, asking(), "Real")
    forged = EmergencyAddress(name="Forged", civic=replace(PLACE, floor="9"), proof=stood.proof)
    with pytest.raises(Refused):
        await add_address(lite, asking(), MANAGER, AddAddress(domain=DOMAIN, address=forged), NOW)
    moved = replace(stood, civic=replace(PLACE, floor="9"))
    change = ChangeAddress(domain=DOMAIN, name="Real", address=moved)
    with pytest.raises(Refused):
        await change_address(lite, asking(), MANAGER, change, NOW)


async def test_a_re_check_renews_what_expired_or_is_due(lite: Database) -> None:
    await open_office(lite)
    desk = asking()
    await saved(lite, desk)
    late = NOW + timedelta(days=91)
    view = await show_address(lite, desk.terms, DOMAIN, "HQ", late)
    assert (view.status.standing, view.status.is_usable) == (Standing.EXPIRED, False)
    with pytest.raises(Refused, match="expired on"):
        await renew_address(lite, desk, MANAGER, DOMAIN, "HQ", late)
    again = asking(replace(VALID, until=None))
    await accepted(lite, again, at=late)
    await renew_address(lite, again, MANAGER, DOMAIN, "HQ", late)
    view = await show_address(lite, desk.terms, DOMAIN, "HQ", late)
    assert view.status.standing is Standing.GOOD
    view = await show_address(lite, desk.terms, DOMAIN, "HQ", late + timedelta(days=366))
    assert (view.status.standing, view.status.is_usable) == (Standing.DUE, True)


NO_SUCH = CheckAnswer(verdict=Verdict.REJECTED, reasons=("no such house any more",), raw="no")


async def test_a_rejection_takes_the_standing_of_what_is_saved_there(db: Database) -> None:
    await open_office(db)
    desk = asking(replace(VALID, until=None))
    elsewhere = replace(PLACE, floor="9")
    await saved(db, desk, "Elsewhere", elsewhere)
    await saved(db, desk)
    early, spare = (await validated(db, desk)).id, await validated(db, desk)
    await assign_address(db, MANAGER, AssignAddress(domain=DOMAIN, name="HQ", users=("101",)), NOW)
    late = NOW + timedelta(days=100)
    rejecting = asking(NO_SUCH)
    rehearsal = ValidateAddress(domain=DOMAIN, civic=PLACE, dry_run=True)
    await validate_address(db, rejecting, MANAGER, rehearsal, late)
    view = await show_address(db, desk.terms, DOMAIN, "HQ", late)
    assert view.status.standing is Standing.GOOD
    answer = await validated(db, rejecting, at=late)
    assert [(one.message.split(",")[0], one.severity) for one in answer.findings] == [
        ("Example: no such house any more", "error"),
        ("the emergency address HQ is this place", "warning"),
    ]
    await validated(db, rejecting, at=late)  # says it again; nothing more is changed
    view = await show_address(db, desk.terms, DOMAIN, "HQ", late)
    assert (view.status.standing, view.status.is_usable) == (Standing.REJECTED, False)
    assert view.status.level is AddressLevel.POSTAL_CONSISTENT
    assert "rejected by Example on 2027-03-05" in view.status.words
    assert (view.address.revision, await raw_answer(db, DOMAIN, "HQ")) == (2, "no")
    newest = (await changes(db))[0]
    assert (newest.action, newest.subject) == ("reject emergency address", "HQ")
    other = await show_address(db, desk.terms, DOMAIN, "Elsewhere", late)
    assert other.status.standing is Standing.GOOD
    report = await readiness(db, SHELF, desk.terms, DOMAIN, late)
    assert ("address", "HQ", Problem.REJECTED) in [
        (row.noun, row.key, row.problem) for row in report.problems
    ]
    assert ("user", "101", Problem.UNUSABLE_ADDRESS) in [
        (row.noun, row.key, row.problem) for row in report.problems
    ]
    # Neither the old proof nor an old answer counts, after weeks and without the provider either.
    weeks = late + timedelta(days=30)
    await validated(db, desk, elsewhere, at=weeks)
    new = AddAddress(domain=DOMAIN, address=EmergencyAddress(name="HQ 2", civic=PLACE))
    for at in (late, weeks):
        for one in (desk, NOBODY):
            with pytest.raises(Refused, match="Example rejected this address on 2027-03-05"):
                await renew_address(db, one, MANAGER, DOMAIN, "HQ", at)
            with pytest.raises(Refused, match="Example rejected this address"):
                await add_address(db, one, MANAGER, new, at)
    for at, number in ((late, spare.id), (weeks, early)):
        with pytest.raises((Refused, NotFound)):
            await accept_address(db, desk, MANAGER, AcceptAddress(domain=DOMAIN, id=number), at)
    gone = await show_address(db, NOBODY.terms, DOMAIN, "HQ", weeks)
    assert "rejected by Example on 2027-03-05, which is not asked any more" in gone.status.words
    assert not gone.status.is_usable
    # What is no part of the place is edited, and a later answer mends it.
    named = replace(view.address, caller_name="Example Inc")
    change = ChangeAddress(domain=DOMAIN, name="HQ", address=named)
    edited = await change_address(db, desk, MANAGER, change, weeks)
    assert edited.record.proof is not None
    assert edited.record.proof.is_rejected
    await accepted(db, desk, at=weeks)
    await renew_address(db, desk, MANAGER, DOMAIN, "HQ", weeks)
    view = await show_address(db, desk.terms, DOMAIN, "HQ", weeks)
    assert view.status.standing is Standing.GOOD


async def test_a_validation_from_before_the_last_re_check_saves_nothing(lite: Database) -> None:
    await open_office(lite)
    for desk in (asking(replace(VALID, until=None)), NOBODY):
        await accepted(lite, desk)
        record = EmergencyAddress(name=desk.terms.provider or "HQ", civic=PLACE)
        command = AddAddress(domain=DOMAIN, address=record)
        with pytest.raises(Refused, match=r"on 2026-11-25, which is too long ago by emergency\."):
            await add_address(lite, desk, MANAGER, command, NOW + timedelta(days=366))
        await add_address(lite, desk, MANAGER, command, NOW + timedelta(days=364))


async def test_faults_are_told_at_once_and_a_name_is_unique(lite: Database) -> None:
    await open_office(lite)
    await saved(lite, NOBODY)
    bad = EmergencyAddress(name="HQ", civic=replace(PLACE, city="", line2="PO Box 1"))
    with pytest.raises(RejectedAll) as caught:
        await add_address(lite, NOBODY, MANAGER, AddAddress(domain=DOMAIN, address=bad), NOW)
    where = [finding.where for finding in caught.value.findings]
    assert where == ["city", "line2", "name"]


async def test_an_address_in_use_is_not_deleted_without_naming_the_users(lite: Database) -> None:
    await open_office(lite)
    await saved(lite, NOBODY)
    give = AssignAddress(domain=DOMAIN, name="HQ", users=("101", "103"))
    assert await assign_address(lite, MANAGER, give, NOW) == 2
    command = DeleteAddress(domain=DOMAIN, name="HQ")
    with pytest.raises(Conflict, match="user 101, user 103"):
        await delete_address(lite, MANAGER, command, NOW)
    view = await show_address(lite, NOBODY.terms, DOMAIN, "HQ", NOW)
    assert (view.associated.users, [str(use) for use in view.uses or ()]) == (
        2,
        ["user 101", "user 103"],
    )
    assert await assign_address(lite, MANAGER, replace(give, name=None), NOW) == 2
    await delete_address(lite, MANAGER, command, NOW)
    with pytest.raises(NotFound):
        await show_address(lite, NOBODY.terms, DOMAIN, "HQ", NOW)


async def test_who_is_not_there_gets_no_address_and_nobody_else_does(lite: Database) -> None:
    await open_office(lite)
    await saved(lite, NOBODY)
    give = AssignAddress(domain=DOMAIN, name="HQ", users=("101", "999"), sites=("Mars",))
    with pytest.raises(RejectedAll) as caught:
        await assign_address(lite, MANAGER, give, NOW)
    assert [one.where for one in caught.value.findings] == ["users[1]", "sites[0]"]
    with pytest.raises(Rejected, match="Mars"):
        await assign_address(lite, MANAGER, replace(give, name="Mars"), NOW)
    view = await show_address(lite, NOBODY.terms, DOMAIN, "HQ", NOW)
    assert view.associated.users == 0


async def furnished(db: Database) -> None:
    """Two sites, a phone, and addresses at each scope."""
    await open_office(db)
    async with db.write() as write:
        await sites.insert_sites(write, 1, [Site(name="HQ"), Site(name="Dock")])
        dave = User(extension="104", first_name="Dave", site="Dock")
        await users.insert_users(write, 1, [dave])
        line = PhoneLine(line=1, extension="104")
        desk = Phone(mac=DESK_MAC, model="Acme One", name="Desk", lines=(line,))
        await phones.insert_phones(write, 1, [desk])
    await saved(db, NOBODY, "All", replace(PLACE, floor="1"), is_default=True)
    await saved(db, NOBODY, "Dock", replace(PLACE, house_number="9"))
    await saved(db, NOBODY, "Own", replace(PLACE, room="7"))


async def test_the_nearest_address_holds_and_is_shown_with_where_it_comes_from(
    lite: Database,
) -> None:
    await furnished(lite)

    async def of_phone() -> str:
        view = await effective_of_phone(lite, NOBODY.terms, DOMAIN, DESK_MAC, NOW)
        return f"{view.effective.name} {view.effective.words}"

    async def of_user(extension: str) -> str:
        view = await effective_of_user(lite, NOBODY.terms, DOMAIN, extension, NOW)
        return f"{view.effective.name} {view.effective.words}"

    async def give(name: str | None, **who: object) -> None:
        command = AssignAddress(domain=DOMAIN, name=name, **who)  # type: ignore[arg-type]
        await assign_address(lite, MANAGER, command, NOW)

    assert (await of_phone(), await of_user("104")) == ("All from the domain",) * 2
    await give("Dock", sites=("Dock",))
    assert (await of_phone(), await of_user("104")) == ("Dock from site Dock",) * 2
    assert await of_user("101") == "All from the domain"
    await give("Own", users=("104",))
    assert (await of_phone(), await of_user("104")) == ("Own from user 104",) * 2
    await give("Dock", phones=(DESK_MAC,))
    assert await of_phone() == f"Dock from phone {DESK_MAC}"
    await give(None, phones=(DESK_MAC,), users=("104",))
    assert await of_phone() == "Dock from site Dock"
    await give("Own", for_domain=True)
    assert await of_user("101") == "Own from the domain"
    await give(None, for_domain=True, sites=("Dock",))
    assert await of_phone() == "None set nowhere"


ENDPOINT = EmergencyEndpoint(number=MAIN, address="HQ", location="reception")


async def test_an_endpoint_is_added_changed_and_deleted(db: Database) -> None:
    await open_office(db)
    await added(db)
    await saved(db, NOBODY)
    terms = NOBODY.terms
    result = await add_endpoint(
        db, terms, MANAGER, AddEndpoint(domain=DOMAIN, endpoint=ENDPOINT), NOW
    )
    assert (result.warnings, result.record.revision) == ((), 1)
    changed = replace(result.record, caller_name="Example Inc")
    command = ChangeEndpoint(domain=DOMAIN, endpoint=changed)
    assert (await change_endpoint(db, terms, MANAGER, command, NOW)).record.revision == 2
    with pytest.raises(Conflict):
        await change_endpoint(db, terms, MANAGER, command, NOW)
    page = await list_domain_endpoints(db, terms, DOMAIN, EndpointQuery(), NOW)
    assert [(view.endpoint.caller_name, view.users) for view in page.rows] == [("Example Inc", 0)]
    all_users = SetCallerId(domain=DOMAIN, number=MAIN)
    assert await set_emergency_caller_id(db, MANAGER, all_users, NOW) == 3
    assert await set_emergency_caller_id(db, MANAGER, all_users, NOW) == 0
    chosen = SetCallerId(domain=DOMAIN, number=None, extensions=("101",))
    assert await set_emergency_caller_id(db, MANAGER, chosen, NOW) == 1
    view = await show_endpoint(db, terms, DOMAIN, MAIN, NOW)
    assert [str(use) for use in view.uses or ()] == ["user 102", "user 103"]
    gone = DeleteEndpoint(domain=DOMAIN, number=MAIN)
    with pytest.raises(Conflict, match="user 102, user 103"):
        await delete_endpoint(db, MANAGER, gone, NOW)
    await set_emergency_caller_id(db, MANAGER, replace(all_users, number=None), NOW)
    await delete_endpoint(db, MANAGER, gone, NOW)
    with pytest.raises(NotFound):
        await show_endpoint(db, terms, DOMAIN, MAIN, NOW)


async def test_an_endpoint_needs_an_address_that_stands_well(lite: Database) -> None:
    await open_office(lite)
    await saved(lite, NOBODY)
    for terms, endpoint, words in (
        (NOBODY.terms, replace(ENDPOINT, address="Mars"), "no emergency address 'Mars'"),
        (NOBODY.terms, replace(ENDPOINT, address=""), "it has no address"),
        (NOBODY.terms, replace(ENDPOINT, site="Mars"), "no site 'Mars'"),
        (STRICT.terms, ENDPOINT, "no address to send help to"),
    ):
        command = AddEndpoint(domain=DOMAIN, endpoint=endpoint)
        with pytest.raises(RejectedAll, match=words):
            await add_endpoint(lite, terms, MANAGER, command, NOW)
    command = AddEndpoint(domain=DOMAIN, endpoint=ENDPOINT)
    result = await add_endpoint(lite, NOBODY.terms, MANAGER, command, NOW)
    assert ["can it be called back" in one.message for one in result.warnings] == [True]
    with pytest.raises(RejectedAll, match="already"):
        await add_endpoint(lite, NOBODY.terms, MANAGER, command, NOW)


async def test_another_domains_number_is_refused_without_saying_whose(lite: Database) -> None:
    await open_office(lite, "b.test")
    await open_office(lite)
    await saved(lite, NOBODY)
    await add_number(lite, ADMIN, AddNumber(domain="b.test", number=Number(number=MAIN)), NOW)
    command = AddEndpoint(domain=DOMAIN, endpoint=ENDPOINT)
    with pytest.raises(RejectedAll, match="Ask your provider") as caught:
        await add_endpoint(lite, NOBODY.terms, MANAGER, command, NOW)
    assert "b.test" not in str(caught.value)


async def test_an_endpoint_of_another_domain_takes_its_number(lite: Database, shelf: Shelf) -> None:
    """Not told whose, but to an admin who adds the number itself or imports it."""
    await open_office(lite, "b.test")
    await open_office(lite)
    await saved(lite, NOBODY)
    command = AddEndpoint(domain=DOMAIN, endpoint=ENDPOINT)
    await add_endpoint(lite, NOBODY.terms, MANAGER, command, NOW)
    await add_number(lite, ADMIN, AddNumber(domain=DOMAIN, number=Number(number=MAIN)), NOW)
    stranger = replace(MANAGER, domain="b.test")
    place = {"country": "US", "street": "Main St", "house_number": "1", "city": "New York"}
    tree = {"domain": "b.test", "emergency_addresses": [{"name": "HQ", **place}]}
    await load(lite, shelf, tree)
    terms = replace(NOBODY.terms, recheck_months=0)
    endpoint = AddEndpoint(domain="b.test", endpoint=replace(ENDPOINT, number=OTHER))
    number = AddNumber(domain="b.test", number=Number(number=OTHER))
    command = AddEndpoint(domain=DOMAIN, endpoint=replace(ENDPOINT, number=OTHER, location="2"))
    result = await add_endpoint(lite, terms, MANAGER, command, NOW)
    assert ["can it be called back" in one.message for one in result.warnings] == [True]
    changed = ChangeEndpoint(domain=DOMAIN, endpoint=replace(result.record, caller_name="X"))
    result = await change_endpoint(lite, terms, MANAGER, changed, NOW)
    assert ["can it be called back" in one.message for one in result.warnings] == [True]
    for refused in (
        add_endpoint(lite, terms, stranger, endpoint, NOW),
        add_number(lite, stranger, number, NOW),
    ):
        with pytest.raises(RejectedAll, match="Ask your provider") as caught:
            await refused
        assert DOMAIN not in str(caught.value)
    for noun in ("emergency_endpoints", "numbers", "sms_numbers"):
        more = {"address": "HQ"} if noun == "emergency_endpoints" else {}
        tree = {"domain": "b.test", noun: [{"number": OTHER.text, **more}]}
        with pytest.raises(RejectedAll, match=f"is a number of {DOMAIN} already"):
            await load(lite, shelf, tree)
    await add_number(lite, MANAGER, AddNumber(domain=DOMAIN, number=Number(number=OTHER)), NOW)


async def test_the_report_names_everybody_whom_help_would_not_find(lite: Database) -> None:
    await furnished(lite)
    await added(lite)
    tall = replace(PLACE, house_number="12", floor="")
    await saved(lite, NOBODY, "Tower", tall, multi_floor=True)
    await assign_address(
        lite, MANAGER, AssignAddress(domain=DOMAIN, name=None, for_domain=True), NOW
    )
    give = AssignAddress(domain=DOMAIN, name="Own", users=("101", "104"))
    await assign_address(lite, MANAGER, give, NOW)
    endpoint = replace(ENDPOINT, address="Own", number=E164("+18005550111"))
    await add_endpoint(
        lite, NOBODY.terms, MANAGER, AddEndpoint(domain=DOMAIN, endpoint=endpoint), NOW
    )
    caller = SetCallerId(domain=DOMAIN, number=endpoint.number, extensions=("101",))
    await set_emergency_caller_id(lite, MANAGER, caller, NOW)
    report = await readiness(lite, SHELF, NOBODY.terms, DOMAIN, NOW)
    assert [(row.noun, row.key, row.problem) for row in report.problems] == [
        ("user", "102", Problem.NO_ADDRESS),
        ("user", "103", Problem.NO_ADDRESS),
        ("user", "104", Problem.NO_CALLER_ID),
        ("address", "Tower", Problem.NO_FLOOR),
        ("endpoint", "+18005550111", Problem.FOREIGN_NUMBER),
    ]
    assert all(row.remedy for row in report.problems)
    strict = await readiness(lite, SHELF, STRICT.terms, DOMAIN, NOW)
    found = {(row.noun, row.key): row.problem for row in strict.problems}
    assert found["user", "101"] is Problem.UNUSABLE_ADDRESS
    assert found["phone", str(DESK_MAC)] is Problem.UNUSABLE_ADDRESS
    assert found["address", "Own"] is Problem.UNVERIFIED
    due = await readiness(lite, SHELF, NOBODY.terms, DOMAIN, NOW + timedelta(days=400))
    assert ("address", "Own", Problem.RECHECK_DUE) in [
        (row.noun, row.key, row.problem) for row in due.problems
    ]
    rows = list(csv.DictReader(io.StringIO(readiness_csv(report).decode("utf-8-sig"))))
    assert len(rows) == len(report.rows)
    assert rows[0]["key"] == "101"
    assert (rows[0]["address"], rows[0]["from"]) == ("Own", "from user 101")
    only = readiness_csv(report, problems_only=True).decode("utf-8-sig")
    assert len(only.splitlines()) == 6


async def test_a_second_floor_makes_a_building_tall(lite: Database) -> None:
    await open_office(lite)
    await saved(lite, NOBODY, "Third floor")
    ground = replace(PLACE, floor="")
    await accepted(lite, NOBODY, ground)
    command = AddAddress(domain=DOMAIN, address=EmergencyAddress(name="House", civic=ground))
    result = await add_address(lite, NOBODY, MANAGER, command, NOW)
    assert [(one.where, one.severity) for one in result.warnings] == [("floor", "warning")]


async def test_a_dry_run_saves_nothing(lite: Database) -> None:
    await open_office(lite)
    await accepted(lite, NOBODY)
    record = EmergencyAddress(name="HQ", civic=PLACE)
    command = AddAddress(domain=DOMAIN, address=record, dry_run=True)
    await add_address(lite, NOBODY, MANAGER, command, NOW)
    page = await list_domain_addresses(lite, NOBODY.terms, DOMAIN, AddressQuery(), NOW)
    assert page.total == 0


@pytest.mark.parametrize(
    "civic",
    [
        PLACE,
        Civic(country="DE", city="Köln", street="Straße & <Platz>", house_number="1", room="É"),
        replace(PLACE, line2="Suite  5", location="by the\u00a0lift", unit="5", building="B"),
    ],
)
def test_a_pidf_lo_document_holds_against_the_schemas_of_the_rfcs(civic: Civic) -> None:
    address = EmergencyAddress(name="HQ", civic=civic, caller_name="A & B")
    document = etree.fromstring(pidf_lo(address, DOMAIN, "101", NOW))
    schema = etree.XMLSchema(etree.parse(str(SCHEMAS / "pidf-lo.xsd")))
    schema.assertValid(document)
    space = {"ca": "urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"}
    said = {
        str(e.tag).split("}")[1]: e.text for e in document.findall(".//ca:civicAddress/*", space)
    }
    assert said["country"] == civic.country
    assert said["RD"] == civic.street
    assert said["NAM"] == "A & B"
    assert document.get("entity") == f"pres:101@{DOMAIN}"
    broken = etree.tostring(document).replace(b">" + civic.country.encode(), b">usa")
    assert not schema.validate(etree.fromstring(broken))


def test_what_the_schema_refuses_is_not_printed() -> None:
    address = EmergencyAddress(name="HQ", civic=Civic(country="usa", street="x"))
    with pytest.raises(RejectedAll, match="no valid PIDF-LO"):
        pidf_lo(address, DOMAIN, "101", NOW)


async def test_a_dial_plan_that_keeps_a_number_in_stands_in_the_report(
    lite: Database, shelf: Shelf
) -> None:
    plans = [{"family": "acme/desk", "key": "dial.plan", "value": "911|9911|112|933"}]
    sites = [{"name": "Bern", "emergency_numbers": ["144"]}]
    await load(lite, shelf, {"domain": DOMAIN, "overrides": plans, "sites": sites})
    report = await readiness(lite, shelf, NOBODY.terms, DOMAIN, NOW)
    (row,) = [row for row in report.problems if row.noun == "dial plan"]
    assert (row.key, row.name, row.problem) == ("site Bern", "dial.plan", Problem.NUMBER_KEPT_IN)
    assert row.status == "dial.plan: 144 is not let out."
    assert b"number_kept_in" in readiness_csv(report, problems_only=True)
