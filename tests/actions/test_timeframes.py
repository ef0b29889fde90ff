"""Time frames are edited, held by the numbers with rules for them, and say when they hold."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from provisiond.actions.edits import domain_record
from provisiond.actions.numbers import ChangeNumber, change_number, show_number
from provisiond.actions.timeframes import (
    AddFrame,
    ChangeFrame,
    DeleteFrame,
    add_frame,
    change_frame,
    delete_frame,
    list_domain_frames,
    list_holidays,
    preview_frame,
    show_frame,
)
from provisiond.inventory.errors import Conflict, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import FrameQuery
from provisiond.inventory.numbers import Number
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import (
    DateRange,
    FrameKind,
    HolidayCalendar,
    TimeFrame,
    WeeklyHours,
)
from provisiond.store.database import Database
from provisiond.store.timeframes import insert_frames
from tests.actions.inventory import ADMIN, DOMAIN
from tests.actions.offices import LUNCH, MAIN, NOW, OFFICE, added, changes, open_office, rule

MIXED = TimeFrame(
    name="forward",
    kind=FrameKind.CUSTOM,
    parts=(HolidayCalendar(country="DE"), WeeklyHours(weekdays=frozenset({6}))),
    owner="102",
)


@pytest.mark.parametrize("name", ["Default", "DEFAULT"])
async def test_no_new_frame_is_called_as_tables_call_a_numbers_default(
    lite: Database, name: str
) -> None:
    await open_office(lite)
    stood = (await show_frame(lite, DOMAIN, LUNCH.name, NOW, owner=LUNCH.owner)).frame
    renamed = ChangeFrame(
        domain=DOMAIN, name=LUNCH.name, owner=LUNCH.owner, frame=replace(stood, name=name)
    )
    with pytest.raises(RejectedAll, match=r"name.*Give the time frame another name"):
        await change_frame(lite, ADMIN, renamed, NOW)
    new = AddFrame(domain=DOMAIN, frame=replace(stood, name=name))
    with pytest.raises(RejectedAll, match="what tables call a number's default"):
        await add_frame(lite, ADMIN, new, NOW)


async def test_a_frame_that_was_called_default_before_is_edited_and_renamed(lite: Database) -> None:
    await open_office(lite)
    async with lite.write() as write:
        domain_id, _ = await domain_record(write, DOMAIN)
        await insert_frames(write, domain_id, [TimeFrame(name="Default", kind=FrameKind.ALWAYS)])
    for name in ("Default", "Always"):
        stood = (await show_frame(lite, DOMAIN, "Default", NOW)).frame
        edited = replace(stood, name=name, time_zone="Europe/Berlin")
        saved = await change_frame(
            lite, ADMIN, ChangeFrame(domain=DOMAIN, name="Default", frame=edited), NOW
        )
        assert saved.record.name == name


async def test_a_frame_is_added_renamed_and_deleted(db: Database) -> None:
    await open_office(db)
    saved = await add_frame(db, ADMIN, AddFrame(domain=DOMAIN, frame=MIXED), NOW)
    renamed = replace(saved.record, name="later")
    command = ChangeFrame(domain=DOMAIN, name="forward", owner="102", frame=renamed)
    saved = await change_frame(db, ADMIN, command, NOW)
    view = await show_frame(db, DOMAIN, "later", NOW, owner="102")
    assert view.frame == saved.record
    assert [type(part) for part in view.frame.parts] == [WeeklyHours, HolidayCalendar]
    page = await list_domain_frames(db, DOMAIN, FrameQuery(owner="102"))
    assert [frame.name for frame in page.rows] == ["later"]
    with pytest.raises(NotFound):
        await show_frame(db, DOMAIN, "later", NOW)
    gone = DeleteFrame(domain=DOMAIN, name="later", owner="102")
    await delete_frame(db, ADMIN, gone, NOW)
    assert [(e.action, e.subject) for e in await changes(db)] == [
        ("delete time frame", "later of user 102"),
        ("edit time frame", "forward of user 102"),
        ("add time frame", "forward of user 102"),
    ]


async def test_a_frame_says_when_it_holds_next_over_a_change_of_clocks(lite: Database) -> None:
    await open_office(lite)
    friday = datetime(2026, 3, 6, 14, 0, tzinfo=UTC)
    view = await show_frame(lite, DOMAIN, "Office", friday, count=2)
    assert (view.time_zone, view.holds) == ("America/New_York", True)
    assert view.next == (
        (datetime(2026, 3, 6, 13, tzinfo=UTC), datetime(2026, 3, 6, 22, tzinfo=UTC)),
        (datetime(2026, 3, 9, 12, tzinfo=UTC), datetime(2026, 3, 9, 21, tzinfo=UTC)),
    )
    berlin = replace(OFFICE, time_zone="Europe/Berlin")
    [first] = await preview_frame(lite, DOMAIN, berlin, friday, count=1)
    assert first[0] == datetime(2026, 3, 6, 7, tzinfo=UTC)


async def test_a_frame_in_use_is_held_and_renamed_with_its_rules(lite: Database) -> None:
    await open_office(lite)
    await added(lite, rules=(rule("Lunch", "user", "101"),))
    with pytest.raises(Conflict, match=r"Lunch is used by number \+18005550100"):
        await delete_frame(lite, ADMIN, DeleteFrame(domain=DOMAIN, name="Lunch"), NOW)
    renamed = replace(LUNCH, name="Noon", revision=1)
    await change_frame(lite, ADMIN, ChangeFrame(domain=DOMAIN, name="Lunch", frame=renamed), NOW)
    number = (await show_number(lite, DOMAIN, MAIN, NOW)).number
    assert [one.frame for one in number.rules] == ["Noon"]
    assert [str(u) for u in (await show_frame(lite, DOMAIN, "Noon", NOW)).uses] == [
        "number +18005550100"
    ]


async def test_a_change_tells_what_the_rules_of_its_numbers_do_then(lite: Database) -> None:
    """As saving each of the numbers would; in a dry run and under a new name, too."""
    await open_office(lite)
    rules = (rule("Lunch", "user", "101"), rule("Office", "user", "102"))
    for tail in range(8):
        saved = await added(lite, number=Number(number=E164(f"+1800555010{tail}"), rules=rules))
        assert saved.warnings == ()
    await added(lite, number=Number(number=E164("+18005550109"), rules=rules[1:]))
    assert isinstance(OFFICE.parts[0], WeeklyHours)
    all_day = replace(OFFICE.parts[0], start=0, end=1440)
    said = []
    for dry_run, name in ((True, "Lunch"), (False, "Day")):
        record = replace(LUNCH, name=name, parts=(all_day,), revision=1)
        command = ChangeFrame(domain=DOMAIN, name="Lunch", frame=record, dry_run=dry_run)
        saved_frame = await change_frame(lite, ADMIN, command, NOW)
        [warning] = saved_frame.warnings
        assert (warning.where, warning.severity) == ("uses", "warning")
        assert "number +18005550105 and 2 more: " in warning.message
        assert f"Office can never win: {name} above it holds whenever" in warning.message
        said.append(warning.message)
    again = await show_number(lite, DOMAIN, MAIN, NOW)
    asked = ChangeNumber(domain=DOMAIN, number=again.number)
    [same] = (await change_number(lite, ADMIN, asked, NOW)).warnings
    assert said[-1].endswith(same.message)


async def test_faults_and_what_people_should_know(lite: Database) -> None:
    await open_office(lite)
    for frame, words in (
        (replace(OFFICE, owner="999"), "no user with the extension 999"),
        (OFFICE, "a time frame Office already"),
        (replace(OFFICE, name="x", parts=()), "nothing says when"),
    ):
        with pytest.raises(RejectedAll, match=words):
            await add_frame(lite, ADMIN, AddFrame(domain=DOMAIN, frame=frame), NOW)
    past = DateRange(
        start=datetime.fromisoformat("2020-01-01T00:00"),
        end=datetime.fromisoformat("2020-01-02T00:00"),
    )
    over = TimeFrame(name="Move", kind=FrameKind.DATES, parts=(past,))
    saved = await add_frame(lite, ADMIN, AddFrame(domain=DOMAIN, frame=over), NOW)
    assert [f.message for f in saved.warnings] == ["it holds at no time of the next two years."]
    names = frozenset({"Christmas Day", "Festivus"})
    ticked = TimeFrame(
        name="Ticked",
        kind=FrameKind.HOLIDAYS,
        parts=(HolidayCalendar(country="US", names=names),),
    )
    saved = await add_frame(lite, ADMIN, AddFrame(domain=DOMAIN, frame=ticked), NOW)
    assert ["Festivus" in f.message for f in saved.warnings] == [True]


async def test_the_holidays_of_a_region_are_listed() -> None:
    found = await list_holidays("DE", "BY", 2027)
    assert found[date(2027, 1, 6)] == ("Heilige Drei Könige",)
    assert {day.year for day in found} == {2027}
    with pytest.raises(Rejected):
        await list_holidays("XX", None, 2027)
