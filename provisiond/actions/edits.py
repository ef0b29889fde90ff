"""How does one edit run? In one transaction with one journal entry, or as a dry run."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from provisiond.actions.changes import change_entry, differing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.domains import BUILT_IN, Domain, Settings, inherit
from provisiond.inventory.errors import Finding, NotFound, RejectedAll, Stale
from provisiond.store.database import Database, Read, Write
from provisiond.store.domains import find_domain
from provisiond.store.journal import add_change
from provisiond.store.server import get_server_settings

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved(Generic[_Record]):
    """A record that was added or changed, and what about it is not as it should be.

    `changed` is False where it says what stood already. Secrets of the record are its own.
    """

    domain: str
    record: _Record
    warnings: tuple[Finding, ...] = ()
    changed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Editing:
    """A transaction in one domain. `write` reads, too."""

    write: Write
    actor: Actor
    at: datetime
    domain_id: int
    domain: Domain

    async def note(
        self,
        action: str,
        subject: str,
        *,
        before: dict[str, Tree] | None = None,
        after: dict[str, Tree] | None = None,
        kept: Collection[str] = (),
    ) -> None:
        """Journal it; of two trees only the fields that differ, and those to be `kept` all the
        same. The trees hold no secret."""
        told: tuple[Tree, Tree] = (before, after)
        if before is not None and after is not None:
            told = differing(before, after, kept=kept)
        entry = change_entry(
            self.actor,
            action,
            subject,
            self.at,
            domain_id=self.domain_id,
            before=told[0],
            after=told[1],
        )
        await add_change(self.write, entry)


class _Undone(Exception):
    """Ends a dry run: its transaction is given up."""


@asynccontextmanager
async def transaction(db: Database, *, dry_run: bool = False) -> AsyncIterator[Write]:
    """One transaction; a dry run does all of it, finds every fault, and undoes it."""
    try:
        async with db.write() as write:
            yield write
            if dry_run:
                raise _Undone
    except _Undone:
        return


@asynccontextmanager
async def editing(
    db: Database, actor: Actor, domain: str, at: datetime, *, dry_run: bool = False
) -> AsyncIterator[Editing]:
    """One transaction in a domain, as `transaction`. Raises NotFound where there is no such."""
    async with transaction(db, dry_run=dry_run) as write:
        domain_id, record = await domain_record(write, domain)
        yield Editing(write=write, actor=actor, at=at, domain_id=domain_id, domain=record)


async def domain_record(read: Read, domain: str) -> tuple[int, Domain]:
    """The domain's id and record. Raises NotFound."""
    found = await find_domain(read, domain.lower())
    if found is None:
        raise NotFound(f"there is no domain {domain}.")
    return found


async def domain_settings(read: Read, domain: Domain) -> Settings:
    """What holds in a domain where no site says otherwise."""
    server, _ = await get_server_settings(read)
    return inherit(BUILT_IN, server, domain.settings)


def accepted(findings: Sequence[Finding], what: str) -> tuple[Finding, ...]:
    """The warnings among the findings. Raises RejectedAll, faults first, where one is a fault."""
    errors = [finding for finding in findings if finding.severity == "error"]
    warnings = tuple([finding for finding in findings if finding.severity != "error"])
    if errors:
        summary = f"{what}: {len(errors)} fault(s); nothing was changed."
        raise RejectedAll((*errors, *warnings), summary)
    return warnings


def check_seen(stood: int, seen: int | None, what: str) -> None:
    """Raise Conflict where the record was changed since it was seen; None saw what stands."""
    if seen is not None and seen != stood:
        raise Stale(
            f"{what} was changed meanwhile (revision {stood}, yours is {seen}); look at it again."
        )
