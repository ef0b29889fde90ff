"""How does an import stand in the journal? One entry for it, and behind it one for each record that
it changed."""

import asyncio
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from provisiond.actions.changes import change_entry
from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_server import ServerPlan
from provisiond.actions.import_told import (
    TOLD,
    Trees,
    apart,
    domain_trees,
    rows_trees,
    settings_trees,
)
from provisiond.actions.import_walk import Item, Mode, Step
from provisiond.actions.inventory_write import Object
from provisiond.inventory.access import Actor
from provisiond.inventory.emergency import EmergencyAddress, EmergencyEndpoint
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.phones import Phone
from provisiond.store.database import Write
from provisiond.store.journal import add_change, add_changes

_TOGETHER = 500  # entries that are made and written at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Who brought which file in, when, and what was to become of records that existed already."""

    actor: Actor
    at: datetime
    file: str
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """One change, as it is by hand."""

    action: str
    subject: str
    trees: Trees


async def journal_plan(write: Write, brought: Brought, plan: DomainPlan, domain_id: int) -> None:
    """Journal what was written of a plan: the import, and its records, what is referred to
    first. What changed nothing leaves no entry."""
    if counts := _counts(plan):
        name = plan.after.domain.name
        await _journal(write, brought, name, counts, _parts(plan), domain_id)


async def journal_server(write: Write, brought: Brought, plan: ServerPlan) -> None:
    """The same of what holds for all domains."""
    if plan.is_changed:
        await _journal(write, brought, "server", {}, _server_parts(plan), None)


def items_of(plan: DomainPlan, kind: str) -> tuple[Item[Any], ...]:
    """The plan's items of one kind: `users`."""
    holders = (plan, plan.numbered, plan.emergency)
    holder = next(one for one in holders if hasattr(one, kind))
    items: tuple[Item[Any], ...] = getattr(holder, kind)
    return items


async def _journal(
    write: Write,
    brought: Brought,
    subject: str,
    counts: Object,
    parts: Iterator[_Part],
    domain_id: int | None,
) -> None:
    actor, at = brought.actor, brought.at
    after: Object = {"file": brought.file, "mode": brought.mode.value, **counts}
    whole = change_entry(actor, "import", subject, at, domain_id=domain_id, after=after)
    whole_id = await add_change(write, whole)

    def entry(part: _Part) -> ChangeEntry:
        before, after = part.trees
        made = change_entry(
            actor, part.action, part.subject, at, domain_id=domain_id, before=before, after=after
        )
        return replace(made, part_of=whole_id)

    def some() -> list[ChangeEntry]:
        return [entry(part) for part in itertools.islice(parts, _TOGETHER)]

    # Thousands of trees keep a processor busy: not in the loop, and never all of them at once.
    while entries := await asyncio.to_thread(some):
        await add_changes(write, entries)


def _counts(plan: DomainPlan) -> Object:
    """How many of each kind changed; empty where nothing did."""
    tree: Object = {}
    if plan.step in (Step.ADDED, Step.CHANGED):
        tree["domain"] = plan.step.value
    for kind in TOLD:
        for step in (Step.ADDED, Step.CHANGED):
            count = sum(item.step is step for item in items_of(plan, kind))
            if count:
                tree[f"{kind} {step.value}"] = count
    changed = sum(1 for _ in _override_parts(plan))
    if changed:
        tree["overrides changed"] = changed
    return tree


def _parts(plan: DomainPlan) -> Iterator[_Part]:
    before, after = plan.before.domain, plan.after.domain
    if plan.step is Step.ADDED:
        yield _Part(action="add domain", subject=after.name, trees=domain_trees(None, after))
    elif plan.step is Step.CHANGED:
        trees = apart(domain_trees(before, after))
        yield _Part(action="edit domain", subject=after.name, trees=trees)
    for kind, noun in TOLD.items():
        for item in _written(items_of(plan, kind)):
            trees = noun.told(item.before, item.after)
            if trees != (None, None):
                verb = "add" if trees[0] is None else "edit"
                name = noun.name(item.after)
                yield _Part(action=f"{verb} {noun.noun}", subject=name, trees=trees)
    yield from _override_parts(plan)


def _written(items: Iterable[Item[Any]]) -> list[Item[Any]]:
    """What was changed, and then what was added. Where one takes from another what only one can
    have, the giver comes first: undone one by one, the last first, each can be undone."""
    steps = [[item for item in items if item.step is step] for step in (Step.CHANGED, Step.ADDED)]
    return [*_givers_first(steps[0]), *steps[1]]


def _givers_first(items: Sequence[Item[Any]]) -> list[Item[Any]]:
    """The items in their order, but each after those that gave it something. Of a ring (two that
    change places) none can be first: it comes as it stands."""
    givers: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        for thing in _alone(item.before) - _alone(item.after):
            givers.setdefault(thing, []).append(index)
    if not givers:
        return list(items)
    ordered: dict[int, None] = {}
    begun: set[int] = set()
    waiting = [*reversed(range(len(items)))]
    while waiting:
        index = waiting[-1]
        if index in begun:
            ordered.setdefault(waiting.pop())
            continue
        begun.add(index)
        taken = _had(items[index].after) - _had(items[index].before)
        first = [giver for thing in sorted(taken) for giver in givers.get(thing, ())]
        waiting += [giver for giver in first if giver not in begun]
    return [items[index] for index in ordered]


def _alone(record: object) -> set[str]:
    """What only this one may have: a line that is not shared, a site's endpoint, the default."""
    if isinstance(record, Phone):
        return {line.extension for line in record.lines if not line.shared}
    return _had(record)


def _had(record: object) -> set[str]:
    """The same, and what it shares."""
    if isinstance(record, Phone):
        return {line.extension for line in record.lines}
    if isinstance(record, EmergencyEndpoint):
        return {record.site} if record.site is not None else set()
    return {"default"} if isinstance(record, EmergencyAddress) and record.is_default else set()


def _override_parts(plan: DomainPlan) -> Iterator[_Part]:
    for rows in plan.overrides:
        stood = [row for row in plan.before.overrides if row.site == rows.site]
        if set(rows.rows) != set(stood):
            subject = plan.after.domain.name if rows.site is None else f"site {rows.site}"
            trees = rows_trees(stood, rows.rows)
            yield _Part(action="edit overrides", subject=subject, trees=trees)


def _server_parts(plan: ServerPlan) -> Iterator[_Part]:
    before, after = plan.before, plan.after
    if before.settings != after.settings:
        trees = settings_trees(before.settings, after.settings)
        yield _Part(action="edit server", subject="server", trees=trees)
    if set(before.overrides) != set(after.overrides):
        trees = rows_trees(before.overrides, after.overrides)
        yield _Part(action="edit overrides", subject="server", trees=trees)
