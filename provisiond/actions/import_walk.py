"""What becomes of each record of a file? Added, changed, unchanged, or left as it is."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import count
from typing import Generic, TypeVar

from provisiond.actions.inventory_file import Fault, Found
from provisiond.actions.inventory_text import Path
from provisiond.actions.stand_ins import is_stand_in, stand_in_number
from provisiond.inventory.access import Actor
from provisiond.inventory.destinations import Destination
from provisiond.inventory.directory import COMPANY, Directory
from provisiond.inventory.domains import Settings, Site
from provisiond.inventory.emergency import EmergencyAddress, EmergencyEndpoint
from provisiond.inventory.errors import Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.numbers import Number
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Phone
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import TimeFrame


class Mode(Enum):
    """What happens to records that exist already."""

    UPDATE = "update"
    SKIP = "skip"
    FAIL = "fail"


class Step(Enum):
    """What happens to one record."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


Kept = TypeVar(
    "Kept",
    Site,
    User,
    Directory,
    Layout,
    Phone,
    Destination,
    TimeFrame,
    Number,
    SmsNumber,
    EmergencyAddress,
    EmergencyEndpoint,
)
Key = TypeVar("Key", str, Mac, E164, tuple[str, str | None])
Given = TypeVar("Given")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Generic[Kept]):
    """One record of the file: where it stands, what was, what will be. Of one that `is_nobodys`
    the key could not be read: a stand-in has its place."""

    path: Path
    step: Step
    before: Kept | None
    after: Kept
    is_nobodys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Under which terms a file is imported; `server` is the server's layer of settings."""

    mode: Mode
    actor: Actor
    at: datetime
    enrolment_hours: int
    is_table: bool
    server: Settings = Settings()


class Walk:
    """Lays records of a file over those that stand. `faults` are records given twice, and in mode
    fail those that exist."""

    def __init__(self, root: Path, mode: Mode) -> None:
        self._root = root
        self._mode = mode
        self._stand_ins = count()
        self.faults = Found()

    def number(self, path: Path, written: str, country: str) -> E164:
        """The number that stands there; a fault and a stand-in where it cannot be read. Without
        `+` it is of `country`."""
        try:
            return E164.parse(written, country)
        except Rejected as fault:
            told = Fault(path=path, message=fault.message, remedy=fault.remedy, unread=True)
            self.faults.append(told)
            return stand_in_number(next(self._stand_ins))

    def over(
        self,
        kind: str,
        entries: Iterable[Given],
        existing: Mapping[Key, Kept],
        key_of: Callable[[Given], Key],
        merge: Callable[[Kept | None, Given], Kept],
    ) -> tuple[Item[Kept], ...]:
        """One item a record, in the file's order."""
        items: list[Item[Kept]] = []
        seen: dict[Key, Path] = {}
        for index, entry in enumerate(entries):
            path = (*self._root, kind, index)
            key = key_of(entry)
            if key in seen:
                self.faults.append(
                    Fault(
                        path=path,
                        message=f"{shown_key(key)} is given twice in this file, in {{also}} too.",
                        also=seen[key],
                        remedy="Keep one of them.",
                    )
                )
                continue
            seen[key] = path
            before = existing.get(key)
            after = merge(before, entry)
            if before is None:
                step = Step.ADDED
            elif self._mode is Mode.SKIP:
                step, after = Step.SKIPPED, before
            else:
                step = Step.UNCHANGED if after == before else Step.CHANGED
                # Every domain has its own directory, and every export lists it.
                own = key == COMPANY and kind == "directories" and step is Step.UNCHANGED
                if self._mode is Mode.FAIL and not own:
                    self.exists(path, shown_key(key))
            nobodys = is_stand_in(key)
            items.append(Item(path=path, step=step, before=before, after=after, is_nobodys=nobodys))
        return tuple(items)

    def exists(self, path: Path, what: str) -> None:
        """Note that a record exists, which the mode does not allow."""
        remedy = "Use mode update or skip, or take it out of the file."
        self.faults.append(Fault(path=path, message=f"{what} exists already.", remedy=remedy))


def shown_key(key: str | Mac | E164 | tuple[str, str | None]) -> str:
    """A natural key as messages name it."""
    if not isinstance(key, tuple):
        return str(key)
    name, owner = key
    return name if owner is None else f"{name} of user {owner}"
