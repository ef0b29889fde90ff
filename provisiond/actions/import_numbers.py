"""What would an import change of numbers, and of all that calls and messages can lead to?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from provisiond.actions.import_walk import Item, Walk
from provisiond.actions.inventory_schema import DomainEntry
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path
from provisiond.actions.number_merge import (
    merge_destination,
    merge_frame,
    merge_number,
    merge_sms,
    names_of,
)
from provisiond.actions.number_schema import NumberEntry, SmsEntry
from provisiond.inventory.destinations import Destination
from provisiond.inventory.errors import Rejected
from provisiond.inventory.numbers import Number
from provisiond.inventory.people import User
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import TimeFrame

_Entry = TypeVar("_Entry", NumberEntry, SmsEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPlan:
    """The items of a domain's numbers and of what they lead to."""

    destinations: tuple[Item[Destination], ...]
    time_frames: tuple[Item[TimeFrame], ...]
    numbers: tuple[Item[Number], ...]
    sms_numbers: tuple[Item[SmsNumber], ...]

    def over(self, before: DomainContents, after: DomainContents) -> DomainContents:
        """The contents after the import with these among them."""
        ends = {i.after.extension: i.after for i in self.destinations}
        frames = {(i.after.name, i.after.owner): i.after for i in self.time_frames}
        calls = {i.after.number: i.after for i in self.numbers}
        texts = {i.after.number: i.after for i in self.sms_numbers}
        return replace(
            after,
            destinations={**before.destinations, **ends},
            time_frames={**before.time_frames, **frames},
            numbers={**before.numbers, **calls},
            sms_numbers={**before.sms_numbers, **texts},
        )


def plan_numbers(
    entry: DomainEntry,
    root: Path,
    before: DomainContents,
    users: Mapping[str, User],
    country: str,
    walk: Walk,
) -> NumberPlan:
    """Lay the file's numbers over what stands; `users` are those after the import, `country`
    reads numbers without `+`. Numbers that cannot be read are faults of `walk`."""
    destinations = walk.over(
        "destinations",
        entry.destinations,
        before.destinations,
        lambda e: e.extension,
        merge_destination,
    )
    frames = walk.over(
        "time_frames",
        entry.time_frames,
        before.time_frames,
        lambda e: (e.name, e.owner),
        merge_frame,
    )
    reached = {**before.destinations, **{i.after.extension: i.after for i in destinations}}
    names = names_of(users, reached, country)
    calls = _parsed("numbers", entry.numbers, root, country, walk)
    texts = _parsed("sms_numbers", entry.sms_numbers, root, country, walk)
    return NumberPlan(
        destinations=destinations,
        time_frames=frames,
        numbers=walk.over(
            "numbers",
            calls,
            before.numbers,
            lambda pair: pair[0],
            lambda old, pair: merge_number(old, pair[1], pair[0], names),
        ),
        sms_numbers=walk.over(
            "sms_numbers",
            texts,
            before.sms_numbers,
            lambda pair: pair[0],
            lambda old, pair: merge_sms(old, pair[1], pair[0], names),
        ),
    )


def telephone_numbers(entry: DomainEntry, country: str) -> tuple[E164, ...]:
    """All numbers of a file's domain that can be read."""
    found = []
    written = [one.number for one in entry.numbers] + [one.number for one in entry.sms_numbers]
    written += [one.number for one in entry.emergency_endpoints]
    for text in written:
        try:
            found.append(E164.parse(text, country))
        except Rejected:
            continue  # it is told with the plan
    return tuple(found)


def _parsed(
    kind: str, entries: Iterable[_Entry], root: Path, country: str, walk: Walk
) -> list[tuple[E164, _Entry]]:
    return [
        (walk.number((*root, kind, index, "number"), entry.number, country), entry)
        for index, entry in enumerate(entries)
    ]
