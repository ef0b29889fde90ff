"""How does a file become inventory? All of it in one transaction, or nothing."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from provisiond.actions.dial_plan_checks import import_warnings
from provisiond.actions.import_apply import apply_plan, apply_server
from provisiond.actions.import_check import check_plan
from provisiond.actions.import_check_numbers import Owners
from provisiond.actions.import_journal import Brought, items_of, journal_plan, journal_server
from provisiond.actions.import_merge import merge_settings
from provisiond.actions.import_numbers import telephone_numbers
from provisiond.actions.import_plan import DomainPlan, plan_domain
from provisiond.actions.import_reading import ImportInventory, read_source
from provisiond.actions.import_rights import rights_faults
from provisiond.actions.import_server import ServerPlan, plan_server
from provisiond.actions.import_walk import Item, Mode, Terms
from provisiond.actions.inventory_file import Found, Source, refusal
from provisiond.actions.inventory_load import domain_names, load_domain, load_server
from provisiond.actions.inventory_schema import DomainEntry
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.errors import Conflict, Finding, Rejected, RejectedAll
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead
from provisiond.inventory.mac import Mac
from provisiond.inventory.near import few_looks
from provisiond.inventory.telephone import E164
from provisiond.store.database import Database, Read
from provisiond.store.mac_owners import mac_owners
from provisiond.store.number_checks import number_owners

__all__ = ["Count", "DomainReport", "ImportInventory", "ImportReport", "Mode", "import_inventory"]

_KINDS = (
    "sites", "users", "directories", "layouts", "phones", "destinations", "time_frames", "numbers",
    "sms_numbers", "emergency_addresses", "emergency_endpoints",
)  # fmt: skip
_Key = TypeVar("_Key")
_LOOK_WORK = 3 * LOOK_WORK  # for all numbers and time frames of a file: others wait to write
_TURNS = 3  # to plan anew where others write meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What happened to the records of one kind."""

    kind: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainReport:
    """What happened to one domain. `step` is of its own record: added, changed, ….

    `generated` are the extensions that got a SIP password, which the registrar must learn.
    """

    domain: str
    step: str
    counts: tuple[Count, ...]
    generated: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did, or would do."""

    dry_run: bool
    domains: tuple[DomainReport, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stands:
    """What the store has of all that a plan depends on, revisions among it."""

    names: tuple[str, ...]
    server: ServerContents
    domains: tuple[DomainContents, ...]
    owners: tuple[Owners, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    source: Source
    server: ServerPlan
    domains: tuple[DomainPlan, ...]
    findings: tuple[Finding, ...]


async def import_inventory(
    db: Database, shelf: Shelf, actor: Actor, command: ImportInventory, at: datetime
) -> ImportReport:
    """Import a file in one transaction, with a journal entry for each domain that it changes, and
    for each record.

    It does no more than the actor may do with each record. Raises RejectedAll with every fault of
    the file, each with its place and remedy; NotFound for a domain that a table's phones cannot go
    to; Conflict where others changed what it was planned for, each time.
    """
    for _ in range(_TURNS):
        # It is planned while others can write: where one did, it is planned anew.
        report = await _one_turn(db, shelf, actor, command, at)
        if report is not None:
            return report
    raise Conflict(
        "others changed what the file is for each time that it was to be written; nothing was "
        "changed. Try again when they are done."
    )


async def _one_turn(
    db: Database, shelf: Shelf, actor: Actor, command: ImportInventory, at: datetime
) -> ImportReport | None:
    """Plan, and write what was planned; None where it was planned for what stands no more."""
    async with db.read() as read:
        source = await read_source(read, shelf, command)
        stood = await _stands(read, source)
    planned = await _plan(source, stood, shelf, actor, command, at)
    if command.dry_run:
        return _report(planned, dry_run=True)
    async with db.write() as write:
        stands = await _stands(write, source)
        if not await asyncio.to_thread(stood.__eq__, stands):
            return None
        await apply_server(write, planned.server)
        brought = Brought(actor=actor, at=at, file=command.filename, mode=command.mode)
        for plan in planned.domains:
            try:
                domain_id = await apply_plan(write, plan, actor=actor, at=at)
            except (Rejected, RejectedAll) as fault:
                raise _late(fault, plan) from fault
            await journal_plan(write, brought, plan, domain_id)
        await journal_server(write, brought, planned.server)
    return _report(planned, dry_run=False)


async def _stands(read: Read, source: Source) -> _Stands:
    server = await load_server(read)
    domains = [await load_domain(read, entry.domain) for entry in source.entry.domains]
    return _Stands(
        names=tuple(await domain_names(read)),
        server=server,
        domains=tuple(domains),
        owners=tuple(
            [
                await _owners(read, entry, contents, server.settings)
                for entry, contents in zip(source.entry.domains, domains, strict=True)
            ]
        ),
    )


async def _plan(
    source: Source,
    stands: _Stands,
    shelf: Shelf,
    actor: Actor,
    command: ImportInventory,
    at: datetime,
) -> _Planned:
    """Raises RejectedAll with every fault."""
    terms = Terms(
        mode=command.mode,
        actor=actor,
        at=at,
        enrolment_hours=command.enrolment_hours,
        is_table=source.is_table,
    )
    # A file of thousands of phones keeps a processor busy for seconds: not in the loop.
    planned = await asyncio.to_thread(_plan_all, source, stands, shelf, terms)
    if any(finding.severity == "error" for finding in planned.findings):
        raise refusal(planned.findings)
    return planned


async def _owners(
    read: Read, entry: DomainEntry, contents: DomainContents, server: Settings
) -> Owners:
    """Whose the file's phones and numbers are that this domain has not."""
    settings = inherit(BUILT_IN, server, merge_settings(contents.domain.settings, entry.settings))
    macs = [phone.mac for phone in entry.phones if phone.mac not in contents.phones]
    numbers = telephone_numbers(entry, (settings.tone_country or "US").upper())
    phones = await mac_owners(read, macs)
    owned = await number_owners(read, numbers)
    return Owners(
        phones={mac: name for mac, name in phones.items() if name != entry.domain},
        numbers={number: name for number, name in owned.items() if name != entry.domain},
    )


@few_looks()
def _plan_all(source: Source, stands: _Stands, shelf: Shelf, terms: Terms) -> _Planned:
    server_plan = plan_server(source.entry.server, stands.server, shelf, terms)
    faults = Found()
    faults.extend(server_plan.faults)
    terms = replace(terms, server=server_plan.after.settings)
    ahead = LookAhead(terms.at, _LOOK_WORK)
    plans: list[DomainPlan] = []
    phones: dict[Mac, str] = {}
    numbers: dict[E164, str] = {}
    for entry, root, contents, owned in zip(
        source.entry.domains, source.roots, stands.domains, stands.owners, strict=True
    ):
        plan = plan_domain(entry, root, contents, shelf, terms)
        faults.extend(rights_faults(plan, entry, terms.actor))
        found = check_plan(
            plan,
            shelf,
            server=terms.server,
            owners=Owners(
                phones={**owned.phones, **_elsewhere(phones, entry.domain)},
                numbers={**owned.numbers, **_elsewhere(numbers, entry.domain)},
            ),
            actor=terms.actor,
            ahead=ahead,
        )
        faults.extend(found)
        faults.extend(import_warnings(plan, server_plan.after, shelf))
        phones |= dict.fromkeys((item.after.mac for item in plan.phones), entry.domain)
        for items in (plan.numbered.numbers, plan.numbered.sms_numbers):
            numbers |= dict.fromkeys((item.after.number for item in items), entry.domain)
        endpoints = plan.emergency.emergency_endpoints
        numbers |= dict.fromkeys((item.after.number for item in endpoints), entry.domain)
        plans.append(plan)
    return _Planned(
        source=source,
        server=server_plan,
        domains=tuple(plans),
        findings=source.findings(faults),
    )


def _elsewhere(seen: Mapping[_Key, str], domain: str) -> dict[_Key, str]:
    """What another domain of the same file has."""
    return {key: name for key, name in seen.items() if name != domain}


def _late(fault: Rejected | RejectedAll, plan: DomainPlan) -> RejectedAll:
    """What only the store could see (a token of another domain's phone), told as the rest is."""
    if isinstance(fault, RejectedAll):
        return fault
    where = f"{plan.after.domain.name}: {fault.field}"
    return RejectedAll((Finding(where=where, message=fault.message, remedy=fault.remedy),))


def _report(planned: _Planned, *, dry_run: bool) -> ImportReport:
    return ImportReport(
        dry_run=dry_run,
        domains=tuple(
            DomainReport(
                domain=plan.after.domain.name,
                step=plan.step.value,
                counts=tuple(_count(kind, items_of(plan, kind)) for kind in _KINDS),
                generated=plan.generated,
            )
            for plan in planned.domains
        ),
        warnings=planned.findings,
    )


def _count(kind: str, items: Iterable[Item]) -> Count:  # type: ignore[type-arg]
    steps = Counter(item.step.value for item in items)
    return Count(kind=kind, **steps)
