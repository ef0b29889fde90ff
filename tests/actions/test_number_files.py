"""Numbers, SMS numbers, time frames and destinations come and go with inventory files."""

import copy
import json
from typing import Any

import pytest

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.imports import ImportReport, Mode
from provisiond.actions.inventory_load import load_domain
from provisiond.actions.inventory_state import DomainContents
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.numbers import Handling
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import FrameKind, HolidayCalendar, OwnHoliday
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from tests.actions.inventory import ADMIN, MANAGER, NOW, load

DOMAIN = "office.example.test"
MAIN = E164("+18005550100")
OFFICE: dict[str, Any] = {
    "domain": DOMAIN,
    "settings": {
        "sip_server": DOMAIN,
        "time_zone": "America/New_York",
        "tone_country": "US",
        "phone_admin_password": "CANARY-admin",
    },
    "users": [
        {"extension": "101", "first_name": "Alice", "sip_password": "CANARY-1"},
        {"extension": "102", "first_name": "Größe", "last_name": "-Q", "sip_password": "CANARY-2"},
    ],
    "destinations": [
        {"kind": "call_queue", "extension": "300", "name": "Support"},
        {"kind": "fax_server", "extension": "390", "enabled": False},
        {"kind": "auto_attendant", "extension": "320", "name": "=Menu"},
    ],
    "time_frames": [
        {"name": "Always", "kind": "always"},
        {
            "name": "Office, hours",
            "kind": "weekly",
            "time_zone": "America/Chicago",
            "hours": [
                {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "end": "12:00"},
                {"days": "mon-fri", "start": "13:00", "end": "17:00"},
                {"days": "sat", "start": "22:00", "end": "02:00"},
            ],
        },
        {
            "name": "forward",
            "holidays": [
                {"date": "12-24", "name": "Christmas Eve, at noon", "observance": "next_workday"},
                {"date": "2028-02-29"},
            ],
            "calendars": [
                {"country": "us", "region": "CA", "observance": "next_workday"},
                {"country": "DE", "names": ["Neujahr", "Karfreitag"]},
            ],
        },
        {
            "name": "Lunch",
            "owner": "101",
            "kind": "custom",
            "dates": [
                {"start": "2026-02-28T10:00", "end": "2026-03-01T00:00"},
                {
                    "start": "2026-01-31T00:00",
                    "end": "2026-02-01T00:00",
                    "repeat": "monthly",
                    "every": 2,
                    "until": "2030-01-31",
                },
            ],
        },
    ],
    "numbers": [
        {
            "number": "(800) 555-0100",
            "default": {"treatment": "voicemail", "destination": "101", "enhanced_voicemail": True},
            "rules": [
                {"frame": "forward", "treatment": "pstn", "destination": "212-555-0142"},
                {
                    "frame": "Office, hours",
                    "treatment": "call_queue",
                    "destination": "Support",
                    "caller_id_prefix": "-Main",
                    "announcement": "expected_wait",
                },
            ],
            "notes": "main\nsupport line",
            "language": "fr-CA",
            "time_zone": "America/Denver",
            "enable_on": "2026-01-01",
            "disable_on": "2031-01-01",
        },
        {"number": "+4930123456", "enabled": False},
        {
            "number": "+18005550102",
            "default": {
                "treatment": "to-connection",
                "destination": "sip:x@y",
                "caller_id_prefix": "@",
            },
        },
    ],
    "sms_numbers": [
        {
            "number": "+18005550100",
            "treatment": "user",
            "destination": "102",
            "carrier": "Example",
            "mms": True,
            "group_mms": True,
            "notes": "texts",
        },
        {"number": "+18005550109"},
    ],
}


async def stored(db: Database) -> DomainContents:
    async with db.read() as read:
        return await load_domain(read, DOMAIN)


async def export(db: Database, form: Format = Format.JSON) -> bytes:
    command = ExportInventory(domain=DOMAIN, with_secrets=True, format=form)
    return await export_inventory(db, ADMIN, command, NOW)


async def faults(db: Database, shelf: Shelf, tree: Any, **options: Any) -> list[Finding]:
    with pytest.raises(RejectedAll) as caught:
        await load(db, shelf, tree, **options)
    return [finding for finding in caught.value.findings if finding.severity == "error"]


def changed(**parts: Any) -> dict[str, Any]:
    return {"domain": DOMAIN, **copy.deepcopy(parts)}


def counts(report: ImportReport) -> dict[str, tuple[int, int, int]]:
    return {
        count.kind: (count.added, count.changed, count.unchanged)
        for count in report.domains[0].counts
        if count.added or count.changed or count.unchanged
    }


async def test_what_a_file_says_of_numbers_is_stored(db: Database, shelf: Shelf) -> None:
    report = await load(db, shelf, OFFICE)
    assert {kind: added for kind, (added, _, _) in counts(report).items()} == {
        "users": 2,
        "destinations": 3,
        "time_frames": 4,
        "numbers": 3,
        "sms_numbers": 2,
    }
    contents = await stored(db)
    main = contents.numbers[MAIN]
    assert [(r.frame, r.handling.destination) for r in main.rules] == [
        ("forward", "+12125550142"),
        ("Office, hours", "300"),
    ]
    forward = contents.time_frames["forward", None]
    assert forward.kind is FrameKind.HOLIDAYS
    assert [type(part) for part in forward.parts] == [HolidayCalendar] * 2 + [OwnHoliday] * 2
    assert contents.time_frames["Lunch", "101"].kind is FrameKind.CUSTOM
    [warning] = report.warnings
    assert "'to-connection' is none that we know; it is kept as it is" in warning.message
    async with db.read() as read:
        entries = [entry for _, entry in await latest_changes(read, None)]
    assert '"numbers added": 3' in entries[-1].after
    told = [one.subject for one in entries if one.action == "add number"]
    assert told == ["+18005550102", "+4930123456", "+18005550100"]


@pytest.mark.parametrize("form", [Format.JSON, Format.YAML])
async def test_an_export_is_imported_elsewhere_and_exported_in_the_same_bytes(
    db: Database, shelf: Shelf, lite: Database, form: Format
) -> None:
    await load(db, shelf, OFFICE)
    written = await export(db, form)
    tree = json.loads(await export(db))
    await load(lite, shelf, tree)
    assert await export(lite, form) == written
    report = await load(lite, shelf, tree)
    assert all((added, changed) == (0, 0) for added, changed, _ in counts(report).values())


async def test_what_a_file_leaves_out_stays(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf, OFFICE)
    before = await stored(lite)
    await load(
        lite,
        shelf,
        changed(
            numbers=[{"number": "+18005550100", "notes": "x", "default": {"destination": "102"}}],
            sms_numbers=[{"number": "+18005550100", "carrier": "Other"}],
            destinations=[{"kind": "call_queue", "extension": "300", "enabled": False}],
            time_frames=[{"name": "Office, hours", "time_zone": None}],
        ),
    )
    after = await stored(lite)
    main, old = after.numbers[MAIN], before.numbers[MAIN]
    assert (main.notes, main.default.destination, main.default.treatment) == (
        "x",
        "102",
        "voicemail",
    )
    assert (main.rules, main.language, main.enable_on) == (old.rules, old.language, old.enable_on)
    assert after.sms_numbers[MAIN].destination == "102"
    assert (after.destinations["300"].name, after.destinations["300"].enabled) == ("Support", False)
    frame = after.time_frames["Office, hours", None]
    assert (len(frame.parts), frame.time_zone) == (3, None)
    await load(lite, shelf, changed(numbers=[{"number": "+18005550100", "rules": None}]))
    await load(
        lite, shelf, changed(time_frames=[{"name": "Lunch", "owner": "101", "kind": "always"}])
    )
    again = await stored(lite)
    assert again.numbers[MAIN].rules == ()
    assert again.time_frames["Lunch", "101"].parts == ()


async def test_another_treatment_forgets_what_only_the_old_one_had(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, OFFICE)
    queue = {"treatment": "call_queue", "destination": "300"}
    await load(lite, shelf, changed(numbers=[{"number": "+18005550100", "default": queue}]))
    assert (await stored(lite)).numbers[MAIN].default == Handling(
        treatment="call_queue", destination="300"
    )


async def test_every_fault_is_told_with_its_place_and_nothing_is_written(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, OFFICE)
    before = await export(lite)
    tree = changed(
        users=[{"extension": "390"}],
        destinations=[
            {"kind": "queue", "extension": "301"},
            {"kind": "conference", "extension": "101"},
            {"kind": "conference", "extension": "311", "name": "x" * 129},
            {"kind": "conference", "extension": "311"},
        ],
        time_frames=[
            {"name": "a", "hours": [{"days": "monday-frday", "start": "8", "end": "25:00"}]},
            {"name": "b", "kind": "weekly"},
            {"name": "c", "owner": "999", "kind": "always"},
            {
                "name": "d",
                "dates": [{"start": "2026-01-02T00:00", "end": "2026-01-01T00:00"}],
                "holidays": [{"date": "02-30"}],
            },
            {"name": "e", "calendars": [{"country": "XX"}]},
        ],
        numbers=[
            {"number": "12", "default": {"treatment": "user", "destination": "101"}},
            {"number": "+18005550110", "default": {"treatment": "user", "destination": "999"}},
            {
                "number": "+18005550111",
                "rules": [{"frame": "Nights", "treatment": "conference", "destination": "300"}],
            },
            {"number": "+18005550112", "enable_on": "tomorrow", "colour": "red"},
        ],
        sms_numbers=[
            {"number": "+18005550113", "treatment": "user"},
            {"number": "+18005550114", "treatment": "call_queue", "destination": "Nobody"},
        ],
    )
    found = await faults(lite, shelf, tree)
    assert {finding.where for finding in found} >= {
        "users[0].extension",
        "destinations[0].kind",
        "destinations[1].extension",
        "destinations[2].name",
        "destinations[3]",
        "time_frames[0].hours[0].days",
        "time_frames[0].hours[0].end",
        "time_frames[1].hours",
        "time_frames[2].owner",
        "time_frames[3].dates[0].end",
        "time_frames[3].holidays[0].date",
        "time_frames[4].calendars[0].country",
        "numbers[0].number",
        "numbers[1].default.destination",
        "numbers[2].rules[0].destination",
        "numbers[2].rules[0].frame",
        "numbers[3].enable_on",
        "numbers[3].colour",
        "sms_numbers[0].destination",
        "sms_numbers[1].destination",
    }
    assert all(finding.line for finding in found)
    assert await export(lite) == before


async def test_numbers_of_other_domains_are_refused_without_naming_them(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, OFFICE)
    await load(lite, shelf, {"domain": "b.test"})
    other = {"domain": "b.test", "numbers": [{"number": "+18005550100"}]}
    [finding] = await faults(lite, shelf, other, actor=MANAGER)
    assert (finding.where, finding.remedy) == ("numbers[0].number", "Ask your provider.")
    assert DOMAIN not in finding.message
    texts = {"domain": "b.test", "sms_numbers": [{"number": "+18005550102"}]}
    [finding] = await faults(lite, shelf, texts)
    assert f"a number of {DOMAIN}" in finding.message
    same = [{"domain": name, "numbers": [{"number": "+18005550777"}]} for name in ("c.t", "d.t")]
    both = {"domains": same}
    [finding] = await faults(lite, shelf, both)
    assert finding.where == "domains[1].numbers[0].number"


async def test_modes_hold_for_numbers_too(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf, OFFICE)
    tree = changed(numbers=[{"number": "+18005550100", "notes": "x"}, {"number": "+18005550120"}])
    [finding] = await faults(lite, shelf, tree, mode=Mode.FAIL)
    assert "+18005550100 exists already" in finding.message
    await load(lite, shelf, tree, mode=Mode.SKIP)
    contents = await stored(lite)
    assert contents.numbers[MAIN].notes == "main\nsupport line"
    assert E164("+18005550120") in contents.numbers
    report = await load(lite, shelf, tree, dry_run=True)
    assert counts(report)["numbers"] == (0, 1, 1)
    assert (await stored(lite)).numbers == contents.numbers


async def test_rules_that_can_never_win_are_a_warning(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf, OFFICE)
    rules = [
        {"frame": "Always", "treatment": "user", "destination": "101"},
        {"frame": "Office, hours", "treatment": "fax_server", "destination": "390"},
    ]
    tree = changed(numbers=[{"number": f"+1800555012{n}", "rules": rules} for n in range(3)])
    report = await load(lite, shelf, tree)
    said = [finding.message for finding in report.warnings]
    assert len([text for text in said if "Office, hours can never win" in text]) == 3
    assert len([text for text in said if "fax server 390 is disabled" in text]) == 3


async def test_a_changed_frame_tells_what_the_rules_of_other_numbers_do_then(
    lite: Database, shelf: Shelf
) -> None:
    rules = [
        {"frame": name, "treatment": "user", "destination": "101"} for name in ("Short", "Days")
    ]
    days = {"name": "Days", "hours": [{"days": "mon-fri", "start": "08:00", "end": "17:00"}]}
    short = {"name": "Short", "hours": [{"days": "fri"}]}
    number = {"number": "+18005550131", "rules": rules}
    await load(lite, shelf, OFFICE)
    await load(lite, shelf, changed(time_frames=[days, short], numbers=[number]))
    report = await load(
        lite, shelf, changed(time_frames=[{**short, "hours": [{"days": "mon-sun"}]}])
    )
    [said] = [finding for finding in report.warnings if "can never win" in finding.message]
    assert said.where == "time_frames[0]"
    assert "number +18005550131: Days can never win: Short above it" in said.message


async def test_a_time_zone_that_does_not_exist_is_told_and_the_rest_is_read_without_it(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf, OFFICE)
    number = {"number": "+18005550130", "time_zone": "Mars/Base"}
    rules = [
        {"frame": "New", "treatment": "user", "destination": "101"},
        {"frame": "Nights", "treatment": "user", "destination": "101"},
    ]
    frames = [{"name": "New", "hours": [{"days": "sat"}]}, {"name": "Z", "time_zone": "Mars/Base"}]
    tree = changed(
        settings={"time_zone": "Mars/Base"},
        time_frames=frames,
        numbers=[{**number, "rules": rules}],
    )
    found = await faults(lite, shelf, tree)
    assert {finding.where for finding in found if finding.severity == "error"} == {
        "settings.time_zone",
        "time_frames[1].time_zone",
        "numbers[0].time_zone",
        "numbers[0].rules[1].frame",
    }


async def test_a_file_of_very_many_parts_is_looked_at_so_far_and_says_so(
    lite: Database, shelf: Shelf
) -> None:
    """Twelve lists of 24 rules in different orders, each frame of 64 daily ranges since 1900."""
    await load(lite, shelf, OFFICE)
    dates = [
        {"start": f"1900-01-01T{m // 60:02}:{m % 60:02}", "end": "1900-01-02T09:00"}
        for m in range(64)
    ]
    ended = [{**one, "repeat": "daily", "until": "1950-01-01"} for one in dates]
    frames = [{"name": f"F{n}", "dates": ended} for n in range(24)]
    names = [frame["name"] for frame in frames]
    numbers = [
        {
            "number": f"+180055501{40 + n}",
            "rules": [
                {"frame": name, "treatment": "user", "destination": "101"}
                for name in names[n:] + names[:n]
            ],
        }
        for n in range(12)
    ]
    report = await load(lite, shelf, changed(time_frames=frames, numbers=numbers))
    said = [finding.message for finding in report.warnings]
    assert sum("not looked at" in text for text in said) >= 6
    assert len((await stored(lite)).numbers) >= 12
