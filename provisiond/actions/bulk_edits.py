"""How are many records of a noun changed at once? All in one transaction, an entry each, or none.

A noun says how its records are found, checked and written; each of its statements is of all of
them, so that a thousand cost little more than one. What stands in the journal is what single
edits leave there, and is undone like those.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from provisiond.actions.edits import Editing, editing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, NotFound, Rejected, RejectedAll, Stale
from provisiond.store.database import Database

_MOST_TOLD = 1000
_NAMED = 10


class Revised(Protocol):
    """A record of the inventory: a dataclass with a revision."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def revision(self) -> int: ...


_Key = TypeVar("_Key")
_Record = TypeVar("_Record", bound=Revised)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted(Generic[_Key]):
    """A record that is to change; `revision` is the one that was seen, None is any."""

    key: _Key
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeMany(Generic[_Key, _Record]):
    """The command. `edit` makes of a record what it is to be; it keeps the key and raises Rejected
    or RejectedAll. No key stands there twice."""

    domain: str
    wanted: tuple[Wanted[_Key], ...]
    edit: Callable[[_Record], _Record]
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRecord:
    """What became of a record: its revision before and after (the same where it says what stood
    already), the fields that differ, and what about it is not as it should be."""

    key: str
    before: int
    after: int
    fields: tuple[str, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedMany:
    """What became of all, in the order in which they were asked for. `untold` counts the warnings
    beyond the first thousand of all, which are left out."""

    domain: str
    records: tuple[ChangedRecord, ...]
    untold: int


Check = Callable[[_Record, _Record], tuple[_Record, Iterable[Finding]]]
"""The record as it is stored, and every finding, of one as it is to be and as it stood. It reads
nothing from the store and runs in a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkNoun(Generic[_Key, _Record]):
    """How many records of a noun are found, checked and written. `ready` reads what the check of
    these records needs; `tree` is a record as the journal keeps it."""

    name: str
    find: Callable[[Editing, Sequence[_Key]], Awaitable[Mapping[_Key, _Record]]]
    ready: Callable[[Editing, Sequence[_Record]], Awaitable[Check[_Record]]]
    put: Callable[[Editing, Sequence[_Record]], Awaitable[None]]
    tree: Callable[[_Record], dict[str, Tree]]


async def change_many(
    db: Database,
    actor: Actor,
    noun: BulkNoun[_Key, _Record],
    command: ChangeMany[_Key, _Record],
    at: datetime,
) -> ChangedMany:
    """Do it; a dry run tells what would be.

    Raises NotFound naming every key that nothing has, Stale naming every record that was changed
    meanwhile, and RejectedAll with the faults of all, each below its key: then nothing changed.
    """
    async with editing(db, actor, command.domain, at, dry_run=command.dry_run) as edit:
        stood = await _stood(edit, noun, command)
        checked = await _checked(edit, noun, stood, _edited(command.edit, stood))
        after = checked.after
        changed = {key: one for key, one in after.items() if one != stood[key]}
        if changed:
            await noun.put(edit, list(changed.values()))
        for key, one in changed.items():
            before, tree = noun.tree(stood[key]), noun.tree(one)
            await edit.note(f"edit {noun.name}", str(key), before=before, after=tree)
    records = [
        ChangedRecord(
            key=str(key),
            before=one.revision,
            after=one.revision + (key in changed),
            fields=_differing(one, after[key]),
            warnings=tuple(checked.warnings.get(key, ())),
        )
        for key, one in stood.items()
    ]
    return ChangedMany(
        domain=edit.domain.name, records=tuple(records), untold=max(0, checked.warned - _MOST_TOLD)
    )


async def _stood(
    edit: Editing, noun: BulkNoun[_Key, _Record], command: ChangeMany[_Key, _Record]
) -> dict[_Key, _Record]:
    """The records as they stand, in the order asked for. Raises NotFound and Stale."""
    keys = [one.key for one in command.wanted]
    found = await noun.find(edit, keys)
    missing = [
        Finding(where=str(key), message=f"there is no {noun.name} {key}.", remedy="Leave it out.")
        for key in keys
        if key not in found
    ]
    if missing:
        raise NotFound(
            f"there is no {noun.name} {_named(missing)} in {edit.domain.name}; "
            "nothing was changed.",
            tuple(missing),
        )
    late = [
        Finding(
            where=f"{one.key}.revision",
            message=f"it is of revision {found[one.key].revision}, yours is {one.revision}.",
            remedy="Look at it again, or leave it out.",
        )
        for one in command.wanted
        if one.revision not in (None, found[one.key].revision)
    ]
    if late:
        raise Stale(
            f"{noun.name} {_named(late)} was changed meanwhile; nothing was changed.", tuple(late)
        )
    return {key: found[key] for key in keys}


def _named(findings: Sequence[Finding]) -> str:
    keys = [finding.where.removesuffix(".revision") for finding in findings[:_NAMED]]
    more = f" and {len(findings) - _NAMED} more" if len(findings) > _NAMED else ""
    return ", ".join(keys) + more


def _edited(
    edit: Callable[[_Record], _Record], stood: Mapping[_Key, _Record]
) -> dict[_Key, _Record]:
    """The records after the edit. Raises RejectedAll."""
    after: dict[_Key, _Record] = {}
    faults: list[Finding] = []
    for key, record in stood.items():
        try:
            after[key] = edit(record)
        except Rejected as fault:
            found = Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
            faults.append(_of(key, found))
        except RejectedAll as fault:
            faults += [_of(key, finding) for finding in fault.findings]
        if len(faults) >= _MOST_TOLD:
            break
    _refuse(faults)
    return after


class _Checked(Generic[_Key, _Record]):
    """The records as they are stored, and what there is to say of them."""

    def __init__(self) -> None:
        self.after: dict[_Key, _Record] = {}
        self.faults: list[Finding] = []
        self.warnings: dict[_Key, list[Finding]] = {}
        self.warned = 0

    def take(self, key: _Key, record: _Record, findings: Iterable[Finding]) -> None:
        """A record, and every finding about it."""
        self.after[key] = record
        for finding in findings:
            if finding.severity == "error":
                self.faults.append(_of(key, finding))
                continue
            self.warned += 1
            if self.warned <= _MOST_TOLD:
                self.warnings.setdefault(key, []).append(finding)


async def _checked(
    edit: Editing,
    noun: BulkNoun[_Key, _Record],
    stood: Mapping[_Key, _Record],
    wanted: Mapping[_Key, _Record],
) -> _Checked[_Key, _Record]:
    """Check all of them. Raises RejectedAll."""
    check = await noun.ready(edit, list(wanted.values()))

    def work() -> _Checked[_Key, _Record]:
        checked = _Checked[_Key, _Record]()
        for key, record in wanted.items():
            checked.take(key, *check(record, stood[key]))
            if len(checked.faults) >= _MOST_TOLD:  # the rest of so many says nothing new
                break
        return checked

    checked = await asyncio.to_thread(work)
    _refuse(checked.faults)
    return checked


def _differing(stood: _Record, after: _Record) -> tuple[str, ...]:
    names = [field.name for field in fields(stood)]
    return tuple([name for name in names if getattr(stood, name) != getattr(after, name)])


def _of(key: object, finding: Finding) -> Finding:
    return replace(finding, where=f"{key}.{finding.where}")


def _refuse(faults: list[Finding]) -> None:
    if faults:
        least = "at least " if len(faults) >= _MOST_TOLD else ""
        summary = f"{least}{len(faults)} fault(s); nothing was changed."
        raise RejectedAll(tuple(faults), summary)
