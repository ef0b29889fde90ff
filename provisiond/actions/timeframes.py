"""What can be done with a time frame? Listed, shown with when it holds next, added, changed,
deleted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from provisiond.actions.edits import (
    Editing,
    Saved,
    accepted,
    check_seen,
    domain_record,
    domain_settings,
    editing,
)
from provisiond.actions.number_trees import frame_tree
from provisiond.actions.reach import load_reach
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound
from provisiond.inventory.holiday_calendars import check_calendar, holidays_around
from provisiond.inventory.lists import FrameQuery, Page
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead
from provisiond.inventory.number_faults import frame_faults, reserved_faults
from provisiond.inventory.numbers import Number
from provisiond.inventory.occurrences import Occurrence, next_occurrences
from provisiond.inventory.routing import check_users
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import (
    HolidayCalendar,
    TimeFrame,
    arranged,
    holds,
    part_places,
)
from provisiond.inventory.uses import Use
from provisiond.store.database import Database, Read
from provisiond.store.numbers import find_numbers
from provisiond.store.timeframes import (
    FrameKey,
    find_frames,
    frame_uses,
    insert_frames,
    key_of,
    list_frames,
    shown,
    update_frame,
)
from provisiond.store.timeframes import delete_frame as delete_stored
from provisiond.store.users import find_users

_LOOK_WORK = 3 * LOOK_WORK  # for all numbers that use a frame


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """A time frame as people look at it: whether it holds at the moment it was asked for, when it
    holds next (the first span began earlier where it holds), in which zone, where it is used."""

    domain: str
    frame: TimeFrame
    time_zone: str
    holds: bool
    next: tuple[Occurrence, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddFrame:
    """The command."""

    domain: str
    frame: TimeFrame
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeFrame:
    """The command: the record in place of the frame called `name` of `owner` (None: the domain's),
    which it may rename; `frame.revision` is the one that was seen."""

    domain: str
    name: str
    frame: TimeFrame
    owner: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteFrame:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    name: str
    owner: str | None = None
    revision: int | None = None
    dry_run: bool = False


async def list_domain_frames(db: Database, domain: str, query: FrameQuery) -> Page[TimeFrame]:
    """Time frames that match. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return await list_frames(read, domain_id, query)


async def show_frame(
    db: Database,
    domain: str,
    name: str,
    at: datetime,
    *,
    owner: str | None = None,
    count: int = 5,
) -> FrameView:
    """One time frame, and the next `count` times that it holds after `at`. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        frame = await _stored(read, domain_id, domain, (name, owner))
        uses = await frame_uses(read, domain_id, (name, owner))
        settings = await domain_settings(read, record)
    zone = frame.time_zone or settings.time_zone or "Etc/UTC"

    def answer() -> FrameView:
        return FrameView(
            domain=record.name,
            frame=frame,
            time_zone=zone,
            holds=holds(frame, at, zone),
            next=next_occurrences(frame, at, zone, count),
            uses=uses,
        )

    return await asyncio.to_thread(answer)


async def preview_frame(
    db: Database, domain: str, frame: TimeFrame, at: datetime, *, count: int = 5
) -> tuple[Occurrence, ...]:
    """When a frame that is not saved yet would hold next. Raises RejectedAll and NotFound."""
    async with db.read() as read:
        _, record = await domain_record(read, domain)
        settings = await domain_settings(read, record)
    accepted(frame_faults(frame), frame.name)
    zone = frame.time_zone or settings.time_zone or "Etc/UTC"
    return await asyncio.to_thread(next_occurrences, frame, at, zone, count)


async def list_holidays(
    country: str, region: str | None, year: int
) -> Mapping[date, tuple[str, ...]]:
    """The holidays of a year by day, to be ticked; Rejected for a calendar that there is not."""
    found = await asyncio.to_thread(holidays_around, country, region, year)
    return {day: names for day, names in found.days.items() if day.year == year}


async def add_frame(
    db: Database, actor: Actor, command: AddFrame, at: datetime
) -> Saved[TimeFrame]:
    """Add a time frame. Raises RejectedAll with every fault, and NotFound."""
    frame = replace(arranged(command.frame), revision=1)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        warnings = await _checked(edit, frame, is_new=True)
        await insert_frames(edit.write, edit.domain_id, [frame])
        await edit.note("add time frame", shown(key_of(frame)), after=frame_tree(frame))
    return Saved(domain=edit.domain.name, record=frame, warnings=warnings)


async def change_frame(
    db: Database, actor: Actor, command: ChangeFrame, at: datetime
) -> Saved[TimeFrame]:
    """Change a time frame; the rules for it follow its name, and the warnings are those of the
    numbers that use it, too. Raises RejectedAll with every fault, NotFound, and Conflict where it
    was changed meanwhile."""
    key, frame = (command.name, command.owner), arranged(command.frame)
    of_numbers = await _users_warnings(db, command.domain, key, frame, at)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, frame.revision, f"time frame {shown(key)}")
        warnings = await _checked(edit, frame, is_new=key_of(frame) != key)
        changed = frame != stood
        if changed:
            await update_frame(edit.write, edit.domain_id, key, frame)
            before, after = frame_tree(stood), frame_tree(frame)
            await edit.note(
                "edit time frame", shown(key), before=before, after=after, kept=("owner",)
            )
            frame = replace(frame, revision=stood.revision + 1)
    warnings = (*warnings, *of_numbers)
    return Saved(domain=edit.domain.name, record=frame, warnings=warnings, changed=changed)


async def delete_frame(db: Database, actor: Actor, command: DeleteFrame, at: datetime) -> TimeFrame:
    """Delete a time frame; answers what it was. Raises NotFound, and Conflict naming the numbers
    with a rule for it."""
    key = (command.name, command.owner)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.revision, f"time frame {shown(key)}")
        await edit.note("delete time frame", shown(key), before=frame_tree(stood))
        await delete_stored(edit.write, edit.domain_id, key, revision=stood.revision)
    return stood


def frame_warnings(frame: TimeFrame, ahead: LookAhead, time_zone: str) -> tuple[Finding, ...]:
    """What a person should know of a frame that has no faults: it never holds, or names holidays
    that its calendar has not. Where the work of `ahead` is spent, it is not asked when it holds."""
    found = []
    if ahead.holds(frame, time_zone) is False:
        message = "it holds at no time of the next two years."
        remedy = "Give it dates that are still to come."
        found.append(Finding(where="", message=message, remedy=remedy, severity="warning"))
    for place, part in zip(part_places(frame), frame.parts, strict=True):
        if isinstance(part, HolidayCalendar) and part.names is not None:
            strange = part.names - _names(part, ahead.now.year)
            for name in sorted(strange):
                message = f"{part.country} has no holiday {name!r} in the next three years."
                found.append(Finding(where=f"{place}.names", message=message, severity="warning"))
    return tuple(found)


def _names(part: HolidayCalendar, year: int) -> frozenset[str]:
    check_calendar(part.country, part.region)
    return frozenset(
        name
        for each in range(year, year + 3)
        for names in holidays_around(part.country, part.region, each).days.values()
        for name in names
    )


async def _users_warnings(
    db: Database, domain: str, key: FrameKey, frame: TimeFrame, at: datetime
) -> tuple[Finding, ...]:
    """What the rules of the numbers that use a frame will do when it is this one, looked at before
    the transaction in which others wait. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        uses = await frame_uses(read, domain_id, key)
        numbers = await find_numbers(read, domain_id, [E164(use.key) for use in uses])
        reach = await load_reach(read, domain_id, record, ())

    def look() -> tuple[Finding, ...]:
        if not numbers or frame_faults(frame):
            return ()
        rest = {name: one for name, one in reach.schedule.frames.items() if name != key[0]}
        schedule = replace(reach.schedule, frames={**rest, frame.name: frame})
        ahead = LookAhead(at, _LOOK_WORK)
        return check_users(
            (_renamed(n, key[0], frame.name) for n in numbers.values()), schedule, ahead
        )

    return await asyncio.to_thread(look)


def _renamed(number: Number, old: str, new: str) -> Number:
    rules = [replace(rule, frame=new) if rule.frame == old else rule for rule in number.rules]
    return replace(number, rules=tuple(rules))


async def _stored(read: Read, domain_id: int, domain: str, key: FrameKey) -> TimeFrame:
    found = await find_frames(read, domain_id, [key])
    if key not in found:
        raise NotFound(f"there is no time frame {shown(key)} in {domain}.")
    return found[key]


async def _checked(edit: Editing, frame: TimeFrame, *, is_new: bool) -> tuple[Finding, ...]:
    """The frame's warnings. Raises RejectedAll."""
    findings = list(await asyncio.to_thread(frame_faults, frame))
    findings += reserved_faults(frame) if is_new else ()
    if frame.owner is not None:
        owners = await find_users(edit.write, edit.domain_id, [frame.owner])
        if frame.owner not in owners:
            message = f"there is no user with the extension {frame.owner}."
            remedy = "Add the user first, or leave the owner out: the frame is the domain's."
            findings.append(Finding(where="owner", message=message, remedy=remedy))
    if is_new and await find_frames(edit.write, edit.domain_id, [key_of(frame)]):
        message = f"there is a time frame {shown(key_of(frame))} already."
        findings.append(Finding(where="name", message=message, remedy="Choose another name."))
    if not findings:
        settings = await domain_settings(edit.write, edit.domain)
        zone = settings.time_zone or "Etc/UTC"
        findings += await asyncio.to_thread(frame_warnings, frame, LookAhead(edit.at), zone)
    return accepted(findings, shown(key_of(frame)))
