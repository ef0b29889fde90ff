"""Numbers are edited by one transaction and one journal entry each, and say where calls go."""

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from provisiond.actions.number_checks import looked_ahead
from provisiond.actions.numbers import (
    AddNumber,
    ChangeNumber,
    DeleteNumber,
    MakeAvailable,
    RouteNumber,
    add_number,
    change_number,
    delete_number,
    list_domain_numbers,
    make_available,
    route_number,
    show_number,
    suggest_destinations,
)
from provisiond.actions.telephones import domain_of_number, meant_number
from provisiond.actions.timeframes import AddFrame, add_frame
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import NumberQuery
from provisiond.inventory.look_ahead import HORIZON_DAYS
from provisiond.inventory.number_faults import MAX_RULES
from provisiond.inventory.numbers import Handling, Number
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, TimeFrame, WeeklyHours
from provisiond.store import destinations
from provisiond.store.database import Database
from provisiond.store.numbers import insert_numbers
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER
from tests.actions.offices import (
    LUNCH,
    MAIN,
    NOW,
    OFFICE,
    QUEUE,
    added,
    changes,
    open_office,
    rule,
    to,
)

OTHER = E164("+18005550101")


async def shown(db: Database, number: E164 = MAIN) -> Number:
    return (await show_number(db, DOMAIN, number, NOW)).number


async def test_an_added_number_is_there_with_one_entry(db: Database) -> None:
    await open_office(db)
    record = Number(
        number=MAIN,
        default=to("voicemail", "101"),
        rules=(rule("Holidays", "available"), rule("Office", "call_queue", "300")),
        notes="main support line",
    )
    saved = await added(db, record)
    assert saved.warnings == ()
    assert await shown(db) == saved.record == replace(record, revision=1)
    [entry] = await changes(db)
    assert (entry.action, entry.subject, entry.actor) == ("add number", "+18005550100", "tess")
    assert '"frame": "Holidays"' in entry.after


async def test_a_dry_run_finds_everything_and_changes_nothing(db: Database) -> None:
    await open_office(db)
    command = AddNumber(domain=DOMAIN, number=Number(number=MAIN), dry_run=True)
    assert (await add_number(db, ADMIN, command, NOW)).record.number == MAIN
    with pytest.raises(NotFound):
        await shown(db)
    broken = replace(command, number=Number(number=MAIN, default=to("user", "999")))
    with pytest.raises(RejectedAll, match="no user with the extension 999"):
        await add_number(db, ADMIN, broken, NOW)
    assert await changes(db) == []


async def test_a_destination_is_typed_by_name_and_a_number_outside_in_any_form(
    lite: Database,
) -> None:
    await open_office(lite)
    await added(lite, default=to("call_queue", "support"))
    assert (await shown(lite)).default.destination == "300"
    await added(lite, number=Number(number=OTHER, default=to("pstn", "(212) 555-0100")))
    assert (await shown(lite, OTHER)).default.destination == "+12125550100"
    assert await suggest_destinations(lite, DOMAIN, "user", "bo") == (
        ("102", "Bob"),
        ("103", "Bob"),
    )
    assert await suggest_destinations(lite, DOMAIN, "call_queue", "") == (("300", "Support"),)
    assert await suggest_destinations(lite, DOMAIN, "pstn", "1") == ()


@pytest.mark.parametrize(
    ("handling", "words"),
    [
        (to("call_queue", "Suport"), r"no call queue 'Suport'. Did you mean Support \(300\)"),
        (to("user", "Bob"), "several are called 'Bob': 102, 103"),
        (to("user", "Zeno"), "no user 'Zeno'"),
        (to("conference", "300"), r"no conference 300 \(300 is a call queue\)"),
        (to("call_queue", "101"), r"no call queue 101 \(101 is the user Alice Example\)"),
        (to("fax_server", "390"), "no fax server 390"),
        (to("pstn", "nobody"), "no telephone number"),
        (to("to-connection", "x"), "no treatment that can be chosen"),
    ],
)
async def test_a_destination_that_does_not_exist_is_refused_by_name(
    lite: Database, handling: Handling, words: str
) -> None:
    await open_office(lite)
    with pytest.raises(RejectedAll, match=words) as caught:
        await added(lite, default=handling)
    [finding] = caught.value.findings
    assert finding.where in ("default.destination", "default.treatment")
    with pytest.raises(NotFound):
        await shown(lite)


async def test_every_fault_is_told_with_its_field(lite: Database) -> None:
    await open_office(lite)
    with pytest.raises(RejectedAll) as caught:
        await added(
            lite,
            default=to("user", "999"),
            rules=(rule("Nights", "user", "101"), rule("Office", "user", "")),
            language="??",
            time_zone="Mars/Base",
        )
    assert {(f.where, f.severity) for f in caught.value.findings} == {
        ("default.destination", "error"),
        ("rules[0].frame", "error"),
        ("rules[1].destination", "error"),
        ("language", "error"),
        ("time_zone", "error"),
    }


async def test_what_people_should_know_is_a_warning(lite: Database) -> None:
    await open_office(lite)
    async with lite.write() as write:
        off = replace(QUEUE, extension="301", name="Night", enabled=False)
        await destinations.insert_destinations(write, 1, [off])
    saved = await added(
        lite,
        default=to("call_queue", "301"),
        rules=(
            rule("Office", "user", "101"),
            rule("Lunch", "user", "102"),
            rule("Holidays", "voicemail", "101"),
        ),
    )
    assert [(f.where, f.severity) for f in saved.warnings] == [
        ("rules[1]", "warning"),
        ("rules[2]", "warning"),
        ("default.destination", "warning"),
    ]
    said = " ".join(f.message for f in saved.warnings)
    assert "Lunch can never win: Office above it" in said
    assert "on holidays Office wins over Holidays" in said
    assert "call queue 301 Night is disabled" in said


async def test_a_change_journals_only_what_differs_and_nothing_is_none(db: Database) -> None:
    await open_office(db)
    await added(db)
    seen = await shown(db)
    command = ChangeNumber(domain=DOMAIN, number=replace(seen, notes="appointments line"))
    saved = await change_number(db, MANAGER, command, NOW)
    assert saved.record == await shown(db) == replace(seen, notes="appointments line", revision=2)
    entry, _ = await changes(db)
    assert (entry.before, entry.after) == ('{"notes": ""}', '{"notes": "appointments line"}')
    with pytest.raises(Conflict, match="look at it again"):
        await change_number(db, MANAGER, command, NOW)
    again = replace(command, number=saved.record)
    assert not (await change_number(db, MANAGER, again, NOW)).changed
    assert len(await changes(db)) == 2


async def test_a_number_is_made_available_and_deleted(db: Database) -> None:
    await open_office(db)
    await added(db, rules=(rule("Office", "user", "101"),), notes="kept")
    free = MakeAvailable(domain=DOMAIN, number=MAIN, revision=7)
    with pytest.raises(Conflict):
        await make_available(db, ADMIN, free, NOW)
    await make_available(db, ADMIN, replace(free, revision=None), NOW)
    view = await show_number(db, DOMAIN, MAIN, NOW)
    assert (view.number.default, view.number.rules, view.number.notes) == (Handling(), (), "kept")
    assert view.now.handling is None
    dry = DeleteNumber(domain=DOMAIN, number=MAIN, dry_run=True)
    await delete_number(db, ADMIN, dry, NOW)
    assert (await shown(db)).notes == "kept"
    await delete_number(db, ADMIN, replace(dry, dry_run=False), NOW)
    with pytest.raises(NotFound):
        await shown(db)
    assert [entry.action for entry in await changes(db)] == [
        "delete number",
        "make number available",
        "add number",
    ]


async def test_a_treatment_that_an_import_brought_stays_and_may_be_kept(lite: Database) -> None:
    await open_office(lite)
    brought = Number(number=MAIN, default=to("to-connection", "sip:x@y"))
    async with lite.write() as write:
        await insert_numbers(write, 1, [brought])
    noted = replace(await shown(lite), notes="x")
    await change_number(lite, ADMIN, ChangeNumber(domain=DOMAIN, number=noted), NOW)
    assert (await shown(lite)).default == brought.default


async def test_a_number_that_is_taken_is_told_without_naming_other_tenants(
    lite: Database,
) -> None:
    await open_office(lite)
    await open_office(lite, "b.test")
    await added(lite)
    with pytest.raises(RejectedAll, match="in the inventory already"):
        await added(lite)
    command = AddNumber(domain="b.test", number=Number(number=MAIN))
    with pytest.raises(RejectedAll, match=f"a number of {DOMAIN}"):
        await add_number(lite, ADMIN, command, NOW)
    with pytest.raises(RejectedAll, match="Ask your provider") as caught:
        await add_number(lite, MANAGER, command, NOW)
    assert DOMAIN not in str(caught.value)


async def test_a_list_says_what_each_number_does_now(lite: Database) -> None:
    await open_office(lite)
    await added(lite, rules=(rule("Office", "user", "101"),))
    await added(lite, number=Number(number=OTHER))
    page = await list_domain_numbers(lite, DOMAIN, NumberQuery(), NOW)
    main, other = page.rows
    assert main.now.handling == to("user", "101")
    assert [c.wins for c in main.now.considered] == [True, False]
    assert main.names == {"300": "Support", "101": "Alice Example"}
    assert main.time_zone == "America/New_York"
    assert other.now.reason == "nothing is programmed for it"
    with pytest.raises(NotFound):
        await list_domain_numbers(lite, "z.test", NumberQuery(), NOW)


async def test_where_a_call_goes_names_winner_losers_shadowed_rules_and_holes(
    lite: Database,
) -> None:
    await open_office(lite)
    await added(
        lite,
        default=Handling(),
        rules=(
            rule("Holidays", "voicemail", "101"),
            rule("Office", "user", "101"),
            rule("Lunch", "user", "102"),
        ),
    )
    christmas = datetime(2026, 12, 25, 15, tzinfo=UTC)
    report = await route_number(lite, RouteNumber(domain=DOMAIN, number=MAIN, at=christmas))
    assert report.route.handling == to("voicemail", "101")
    assert [c.wins for c in report.route.considered] == [True, False, False, False]
    assert "Christmas Day" in report.route.reason
    assert [f.where for f in report.findings] == ["rules[2]"]
    assert report.holes[0][0] == datetime(2026, 12, 26, 5, tzinfo=UTC)  # midnight in New York


@pytest.mark.parametrize(
    ("zone", "written", "told"),
    [(None, "2026-12-25T09:00", "2026-12-25T09:00:00-05:00"),
     ("Europe/Berlin", "2026-12-25T09:00", "2026-12-25T09:00:00+01:00"),
     ("Europe/Berlin", "2026-12-25T09:00+00:00", "2026-12-25T10:00:00+01:00")],
)  # fmt: skip
async def test_a_moment_without_an_offset_is_on_the_clocks_of_the_number(
    lite: Database, zone: str | None, written: str, told: str
) -> None:
    await open_office(lite)
    await added(lite, time_zone=zone)
    asked = RouteNumber(domain=DOMAIN, number=MAIN, at=datetime.fromisoformat(written))
    report = await route_number(lite, asked)
    assert report.at.isoformat() == told
    assert {at.tzinfo for span in report.holes for at in span} <= {UTC}


async def test_a_moment_in_an_hour_that_the_clocks_skip_is_the_one_that_they_show(
    lite: Database,
) -> None:
    """On 8 March 2026 02:30 is 03:30 in New York, however it is asked for; on 1 November 01:30 is
    the first of two."""
    await open_office(lite)
    for name, hour in (("Gap", 2), ("After", 3), ("Twice", 1)):
        part = WeeklyHours(weekdays=frozenset({7}), start=hour * 60, end=hour * 60 + 60)
        made = TimeFrame(name=name, kind=FrameKind.WEEKLY, parts=(part,))
        await add_frame(lite, ADMIN, AddFrame(domain=DOMAIN, frame=made), NOW)
    frames = ("Gap", "After", "Twice")
    await added(lite, default=Handling(), rules=[rule(name, "user", "101") for name in frames])
    zoned = datetime.fromisoformat("2026-03-08T02:30").replace(tzinfo=ZoneInfo("America/New_York"))
    for at, winner, told in (
        (zoned.replace(tzinfo=None), "After", "2026-03-08T03:30:00-04:00"),
        (zoned, "After", "2026-03-08T03:30:00-04:00"),
        (zoned.astimezone(UTC), "After", "2026-03-08T03:30:00-04:00"),
        (datetime.fromisoformat("2026-03-08T02:30-05:00"), "After", "2026-03-08T03:30:00-04:00"),
        (datetime.fromisoformat("2026-11-01T01:30"), "Twice", "2026-11-01T01:30:00-04:00"),
        (datetime.fromisoformat("2026-11-01T01:30-05:00"), "Twice", "2026-11-01T01:30:00-05:00"),
    ):
        report = await route_number(lite, RouteNumber(domain=DOMAIN, number=MAIN, at=at))
        won = [one.rule.frame for one in report.route.considered if one.wins and one.rule]
        assert (won, report.at.isoformat()) == ([winner], told), at
        assert report.holes[0][0].tzinfo is UTC


async def test_a_number_is_meant_as_its_country_writes_it(lite: Database) -> None:
    await open_office(lite)
    await added(lite)
    assert await meant_number(lite, DOMAIN, "(800) 555-0100") == MAIN
    assert await domain_of_number(lite, "+1 800 555 0100") == DOMAIN
    with pytest.raises(NotFound):
        await domain_of_number(lite, "+18005550999")
    with pytest.raises(Rejected):
        await domain_of_number(lite, "8005550100")


async def test_rules_are_looked_at_before_the_transaction_and_no_more_than_can_stand(
    db: Database,
) -> None:
    """In it others wait: a destination by name, or a fault elsewhere, changes nothing of that."""
    await open_office(db)
    ruled = Number(
        number=MAIN,
        default=to("user", "Alice Example"),
        rules=(rule("Office", "user", "Nobody"),),
        time_zone="Mars/X",
    )
    work = HORIZON_DAYS * (len(OFFICE.parts) + 1)
    ahead = await looked_ahead(db, DOMAIN, [ruled], NOW, work=work)
    assert ahead.rules((LUNCH,), "America/New_York").days == 0, "the work was not done"
    office = replace(OFFICE, revision=1)
    assert ahead.rules((office,), "America/New_York").days == HORIZON_DAYS
    many = replace(ruled, rules=ruled.rules * (MAX_RULES + 1))
    ahead = await looked_ahead(db, DOMAIN, [many], NOW, work=work)
    with pytest.raises(RejectedAll) as caught:
        await add_number(db, ADMIN, AddNumber(domain=DOMAIN, number=many), NOW)
    where = [finding.where for finding in caught.value.findings]
    assert f"rules[{MAX_RULES}]" in where
    assert len(where) == MAX_RULES + 2, "of each rule its destination, and the time zone"
    assert ahead.rules((LUNCH,), "America/New_York").days == HORIZON_DAYS, "it was looked at"
