"""What can be done with a telephone number? Listed, shown, added, changed, made available,
deleted; and asked where a call would go."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from provisiond.actions.bulk_edits import BulkNoun, ChangedMany, ChangeMany, Check, change_many
from provisiond.actions.edits import (
    Editing,
    Saved,
    accepted,
    check_seen,
    domain_record,
    editing,
)
from provisiond.actions.number_checks import looked_ahead, number_checks
from provisiond.actions.number_trees import number_tree
from provisiond.actions.reach import (
    Reach,
    candidates,
    extensions_of,
    handlings_of,
    load_reach,
)
from provisiond.actions.telephones import taken_findings
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import NumberQuery, Page
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead
from provisiond.inventory.numbers import Handling, Number
from provisiond.inventory.occurrences import Span, instant
from provisiond.inventory.routing import Route, check_rules, holes, route
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database, Read
from provisiond.store.numbers import delete_number as delete_stored
from provisiond.store.numbers import find_numbers, insert_numbers, list_numbers, update_numbers

_MANY_WORK = 3 * LOOK_WORK
_YEARS = range(1900, 3000)  # beyond them calendars end, and so do the clocks of Python


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberView:
    """A number as people look at it: `names` are of the extensions it leads to, `now` is where a
    call goes at the moment it was asked for."""

    domain: str
    number: Number
    names: Mapping[str, str]
    now: Route
    time_zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReport:
    """Where a call would go at `at` (as the clocks of `time_zone` show it), what is wrong with the
    rules, and when in the two years after `at` nothing answers; `names` as in `NumberView`."""

    domain: str
    number: Number
    at: datetime
    time_zone: str
    route: Route
    names: Mapping[str, str]
    findings: tuple[Finding, ...]
    holes: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNumber:
    """The command. Destinations may be names, and numbers outside in any form."""

    domain: str
    number: Number
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNumber:
    """The command: the record in place of the one with its number; `number.revision` is the one
    that was seen."""

    domain: str
    number: Number
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeAvailable:
    """The command: the number stays with its notes, and nothing is programmed for it any more."""

    domain: str
    number: E164
    revision: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteNumber:
    """The command; `revision` None deletes whatever stands."""

    domain: str
    number: E164
    revision: int | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteNumber:
    """The question: where would a call to the number go at `at`? Without an offset it is on the
    clocks of the number's time zone, as `occurrences.instant` reads them."""

    domain: str
    number: E164
    at: datetime


async def list_domain_numbers(
    db: Database, domain: str, query: NumberQuery, at: datetime
) -> Page[NumberView]:
    """Numbers that match, each with where a call goes at `at`. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        page = await list_numbers(read, domain_id, query)
        reach = await load_reach(read, domain_id, record, extensions_of(page.rows))
    views = await asyncio.to_thread(
        lambda: tuple([_view(record.name, number, reach, at) for number in page.rows])
    )
    return Page(rows=views, after=page.after, total=page.total)


async def show_number(db: Database, domain: str, number: E164, at: datetime) -> NumberView:
    """One number. Raises NotFound."""
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        found = await _stored(read, domain_id, domain, number)
        reach = await load_reach(read, domain_id, record, extensions_of([found]))
    return await asyncio.to_thread(_view, record.name, found, reach, at)


async def route_number(db: Database, command: RouteNumber) -> RouteReport:
    """Where a call would go, each rule that loses and why. Raises NotFound, and Rejected(at) for a
    year that nobody asks about."""
    if command.at.year not in _YEARS:
        remedy = f"Give one from {_YEARS[0]} to {_YEARS[-1]}."
        raise Rejected("at", f"nobody knows the year {command.at.year}.", remedy)
    async with db.read() as read:
        domain_id, record = await domain_record(read, command.domain)
        number = await _stored(read, domain_id, command.domain, command.number)
        reach = await load_reach(read, domain_id, record, extensions_of([number]))

    def answer() -> RouteReport:
        zone = reach.schedule.zone_of(number)
        at = instant(command.at, zone)
        return RouteReport(
            domain=record.name,
            number=number,
            at=at.astimezone(ZoneInfo(zone)),
            time_zone=zone,
            route=route(number, reach.schedule, at),
            names=_names(number, reach),
            findings=check_rules(number, reach.schedule, LookAhead(at), reach.why_silent),
            holes=holes(number, reach.schedule, at, reach.why_silent),
        )

    return await asyncio.to_thread(answer)


async def add_number(db: Database, actor: Actor, command: AddNumber, at: datetime) -> Saved[Number]:
    """Add a number. Raises RejectedAll with every fault, and NotFound."""
    ahead = await looked_ahead(db, command.domain, [command.number], at)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        number, warnings = await _checked(edit, replace(command.number, revision=1), None, ahead)
        await insert_numbers(edit.write, edit.domain_id, [number])
        await edit.note("add number", number.number.text, after=number_tree(number))
    return Saved(domain=edit.domain.name, record=number, warnings=warnings)


async def change_number(
    db: Database, actor: Actor, command: ChangeNumber, at: datetime
) -> Saved[Number]:
    """Change a number. Raises RejectedAll with every fault, NotFound, and Conflict where it was
    changed meanwhile."""
    key = command.number.number
    ahead = await looked_ahead(db, command.domain, [command.number], at)
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, key)
        check_seen(stood.revision, command.number.revision, f"number {key}")
        number, warnings = await _checked(edit, command.number, stood, ahead)
        changed = number != stood
        if changed:
            number = await _put(edit, stood, number, "edit number")
    return Saved(domain=edit.domain.name, record=number, warnings=warnings, changed=changed)


async def change_numbers(
    db: Database, actor: Actor, command: ChangeMany[E164, Number], at: datetime
) -> ChangedMany:
    """Change what many numbers do; raises as `change_many`."""
    ahead = await _looked_ahead_of_many(db, command, at)

    async def ready(edit: Editing, numbers: Sequence[Number]) -> Check[Number]:
        return (await number_checks(edit, numbers, ahead)).checked

    noun = BulkNoun(
        name="number",
        find=lambda edit, keys: find_numbers(edit.write, edit.domain_id, keys),
        ready=ready,
        put=lambda edit, numbers: update_numbers(edit.write, edit.domain_id, numbers),
        tree=number_tree,
    )
    return await change_many(db, actor, noun, command, at)


async def _looked_ahead_of_many(
    db: Database, command: ChangeMany[E164, Number], at: datetime
) -> LookAhead:
    async with db.read() as read:
        domain_id, _ = await domain_record(read, command.domain)
        stood = await find_numbers(read, domain_id, [one.key for one in command.wanted])
    wanted = []
    for number in stood.values():
        with contextlib.suppress(Rejected, RejectedAll):  # told in the transaction, with the rest
            wanted.append(command.edit(number))
    return await looked_ahead(db, command.domain, wanted, at, work=_MANY_WORK)


async def make_available(
    db: Database, actor: Actor, command: MakeAvailable, at: datetime
) -> Saved[Number]:
    """Take away what a number does. Raises NotFound and Conflict."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, command.number)
        check_seen(stood.revision, command.revision, f"number {command.number}")
        number = replace(stood, default=Handling(), rules=())
        changed = number != stood
        if changed:
            number = await _put(edit, stood, number, "make number available")
    return Saved(domain=edit.domain.name, record=number, changed=changed)


async def delete_number(db: Database, actor: Actor, command: DeleteNumber, at: datetime) -> Number:
    """Delete a number; answers what it was. Raises NotFound and Conflict."""
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stored(edit.write, edit.domain_id, command.domain, command.number)
        check_seen(stood.revision, command.revision, f"number {command.number}")
        await delete_stored(edit.write, edit.domain_id, command.number, revision=stood.revision)
        await edit.note("delete number", command.number.text, before=number_tree(stood))
    return stood


async def suggest_destinations(
    db: Database, domain: str, treatment: str, text: str, limit: int = 20
) -> tuple[tuple[str, str], ...]:
    """Extensions and names to choose from, by what was typed of either. Raises NotFound."""
    async with db.read() as read:
        domain_id, _ = await domain_record(read, domain)
        return tuple(await candidates(read, domain_id, treatment, text, limit))


async def _stored(read: Read, domain_id: int, domain: str, number: E164) -> Number:
    found = await find_numbers(read, domain_id, [number])
    if number not in found:
        raise NotFound(f"there is no number {number} in {domain}.")
    return found[number]


async def _put(edit: Editing, stood: Number, number: Number, action: str) -> Number:
    await update_numbers(edit.write, edit.domain_id, [number])
    before, after = number_tree(stood), number_tree(number)
    await edit.note(action, number.number.text, before=before, after=after)
    return replace(number, revision=stood.revision + 1)


async def _checked(
    edit: Editing, number: Number, stood: Number | None, ahead: LookAhead
) -> tuple[Number, tuple[Finding, ...]]:
    """The number as it is stored, and its warnings. Raises RejectedAll."""
    checks = await number_checks(edit, [number], ahead)
    number, findings = await asyncio.to_thread(checks.checked, number, stood)
    if stood is None:
        is_here = bool(await find_numbers(edit.write, edit.domain_id, [number.number]))
        findings += await taken_findings(
            edit.write, edit.actor, edit.domain.name, number.number, is_here=is_here
        )
    return number, accepted(findings, number.number.text)


def _view(domain: str, number: Number, reach: Reach, at: datetime) -> NumberView:
    return NumberView(
        domain=domain,
        number=number,
        names=_names(number, reach),
        now=route(number, reach.schedule, at),
        time_zone=reach.schedule.zone_of(number),
    )


def _names(number: Number, reach: Reach) -> Mapping[str, str]:
    return {
        handling.destination: reach.name_of(handling.treatment, handling.destination)
        for _, handling in handlings_of(number)
        if handling.destination
    }
