"""How is a planned import written? What is referred to first, what refers to it last."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from provisiond.actions.import_numbers import NumberPlan
from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_server import ServerPlan
from provisiond.actions.import_walk import Item, Step
from provisiond.inventory.access import Actor
from provisiond.inventory.directory import COMPANY
from provisiond.inventory.phones import Override
from provisiond.store.database import Write
from provisiond.store.destinations import insert_destinations, update_destinations
from provisiond.store.directories import get_directory, insert_directories, update_directory
from provisiond.store.domains import insert_domain, update_domain
from provisiond.store.emergency import insert_addresses, update_addresses
from provisiond.store.emergency_endpoints import insert_endpoints, update_endpoints
from provisiond.store.layouts import insert_layouts, update_layout
from provisiond.store.numbers import insert_numbers, update_numbers
from provisiond.store.overrides import (
    delete_server_override,
    replace_overrides,
    set_server_override,
)
from provisiond.store.phones import insert_phones, update_phones
from provisiond.store.server import update_server_settings
from provisiond.store.sites import insert_sites, update_site
from provisiond.store.sms import insert_sms_numbers, update_sms_numbers
from provisiond.store.timeframes import insert_frames, update_frames
from provisiond.store.users import insert_users, update_users


async def apply_plan(write: Write, plan: DomainPlan, *, actor: Actor, at: datetime) -> int:
    """Write one domain's plan; answers the domain's id. Raises Conflict and Rejected."""
    domain_id = plan.before.domain_id
    if domain_id is None:
        domain_id = await insert_domain(write, plan.after.domain)
    elif plan.step is Step.CHANGED:
        await update_domain(write, domain_id, plan.after.domain)
    if addresses := _changed(plan.emergency.emergency_addresses):  # first: it gives the default
        await update_addresses(write, domain_id, addresses)
    await _insert(insert_addresses, write, domain_id, plan.emergency.emergency_addresses)
    await _insert(insert_sites, write, domain_id, plan.sites)
    for site in _changed(plan.sites):
        await update_site(write, domain_id, site.name, site)
    await _insert(insert_endpoints, write, domain_id, plan.emergency.emergency_endpoints)
    if endpoints := _changed(plan.emergency.emergency_endpoints):
        await update_endpoints(write, domain_id, endpoints)
    await _insert(insert_users, write, domain_id, plan.users)
    users = _changed(plan.users)
    if users:
        await update_users(write, domain_id, users)
    await _apply_numbers(write, domain_id, plan.numbered)
    await _apply_directories(write, domain_id, plan)
    await _insert(insert_layouts, write, domain_id, plan.layouts)
    for layout in _changed(plan.layouts):
        await update_layout(write, domain_id, layout.name, layout)
    added, changed = _added(plan.phones), _changed(plan.phones)
    if added:
        await insert_phones(write, domain_id, added, author=actor.name, at=at)
    if changed:
        await update_phones(write, domain_id, changed, author=actor.name, at=at, enrolments=True)
    if plan.overrides:
        await replace_overrides(write, domain_id, plan.after.overrides)
    return domain_id


async def apply_server(write: Write, plan: ServerPlan) -> None:
    """Write what holds for all domains, where it changes."""
    before, after = plan.before, plan.after
    if after.settings != before.settings:
        await update_server_settings(write, after.settings, revision=before.revision)
    stood = {_place(row): row for row in before.overrides}
    wanted = {_place(row): row for row in after.overrides}
    for place, row in stood.items():
        if place not in wanted:
            await delete_server_override(write, row)
    for place, row in wanted.items():
        if stood.get(place) != row:
            await set_server_override(write, row)


async def _apply_directories(write: Write, domain_id: int, plan: DomainPlan) -> None:
    """A new domain has its directory `company` from the start: there it is changed, not added."""
    added = [one for one in _added(plan.directories) if one.name != COMPANY]
    if added:
        await insert_directories(write, domain_id, added)
    for directory in _changed(plan.directories):
        await update_directory(write, domain_id, directory.name, directory)
    for own in _added(plan.directories):
        if own.name == COMPANY and own.entries:
            stood = await get_directory(write, domain_id, COMPANY)
            record = replace(own, revision=stood.revision)
            await update_directory(write, domain_id, COMPANY, record)


async def _apply_numbers(write: Write, domain_id: int, plan: NumberPlan) -> None:
    """What numbers lead to comes before them."""
    await _insert(insert_destinations, write, domain_id, plan.destinations)
    if destinations := _changed(plan.destinations):
        await update_destinations(write, domain_id, destinations)
    await _insert(insert_frames, write, domain_id, plan.time_frames)
    if frames := _changed(plan.time_frames):
        await update_frames(write, domain_id, frames)
    await _insert(insert_numbers, write, domain_id, plan.numbers)
    if numbers := _changed(plan.numbers):
        await update_numbers(write, domain_id, numbers)
    await _insert(insert_sms_numbers, write, domain_id, plan.sms_numbers)
    if texts := _changed(plan.sms_numbers):
        await update_sms_numbers(write, domain_id, texts)


async def _insert(
    insert: Callable[[Write, int, list[Any]], Awaitable[None]],
    write: Write,
    domain_id: int,
    items: Iterable[Item[Any]],
) -> None:
    records = _added(items)
    if records:  # the store marks a domain stale for an empty list, too
        await insert(write, domain_id, records)


def _added(items: Iterable[Item[Any]]) -> list[Any]:
    return [item.after for item in items if item.step is Step.ADDED]


def _changed(items: Iterable[Item[Any]]) -> list[Any]:
    return [item.after for item in items if item.step is Step.CHANGED]


def _place(row: Override) -> tuple[str, str | None, str]:
    return row.family, row.model, row.key
