"""What would phones get here, beside what another server gives them? Parameter by parameter."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from provisiond.actions.inventory_write import is_secret_key
from provisiond.actions.preview import phone_files
from provisiond.actions.render_file import Place, place_of, render_phone_file
from provisiond.catalog.build import build_family_context, effective_settings
from provisiond.catalog.manifest import FileRule
from provisiond.catalog.shelf import Shelf
from provisiond.catalog.structure import read_back
from provisiond.inventory.errors import NotFound, OutsideUnavailable, ProvisiondError
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.faults import MASK
from provisiond.inventory.mac import Mac
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database

Fetch = Callable[[str], Awaitable[bytes | None]]
"""The other server's file of this name, None where it has none; raises OutsideUnavailable."""

_MOST_KEYS = 20_000  # of one phone, and of the groups of a fleet
_AT_ONCE = 8
_NOT_READ = ("xml", "text")  # a directory or a script has no parameters
_LOOSE = re.compile(r"[ \t]*([^\s=#\[\]]+)[ \t]*=[ \t]*(.*?)[ \t]*")
_SHORT_SECRET = 4  # a shorter value stands in too many places to be looked for


class Kind(Enum):
    """How a parameter stands on the two sides."""

    DIFFERS = "differs"
    ONLY_THERE = "only_there"
    ONLY_HERE = "only_here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One parameter; None is the side that does not print it. Secrets are `***` on both."""

    kind: Kind
    key: str
    here: str | None
    there: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneComparison:
    """One phone. `files` were found there, `absent` were not, `unread` are how many lines of theirs
    hold no parameter; `fault` says why nothing could be compared."""

    mac: Mac
    model: str
    files: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    same: int = 0
    unread: int = 0
    differences: tuple[Difference, ...] = ()
    fault: str = ""

    def count(self, kind: Kind) -> int:
        """How many parameters stand so."""
        return sum(difference.kind is kind for difference in self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A parameter that differs on several phones: on how many, and what one of them has."""

    phones: int
    example: Mac
    difference: Difference


async def compare_phones(
    db: Database,
    shelf: Shelf,
    urls: PublicUrls,
    macs: Iterable[Mac],
    fetch: Fetch,
    at: datetime,
) -> tuple[PhoneComparison, ...]:
    """Compare every file of these phones, in their order; a few phones at a time.

    Raises NotFound for a phone that is not in the inventory. That the other server fails is told of
    each phone.
    """
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(mac: Mac) -> PhoneComparison:
        async with gate:
            facts = await db.facts.for_mac(mac, directory=True)
            if facts is None:
                raise NotFound(f"there is no phone {mac}.")
            try:
                return await _compare(shelf, urls, facts, fetch, at)
            except (OutsideUnavailable, ProvisiondError) as fault:
                return PhoneComparison(mac=mac, model=facts.phone.model, fault=str(fault))

    return tuple(await asyncio.gather(*(one(mac) for mac in macs)))


def grouped(compared: Iterable[PhoneComparison]) -> tuple[Group, ...]:
    """The parameters that differ, those of most phones first; at most 20,000."""
    counts: Counter[tuple[Kind, str]] = Counter()
    first: dict[tuple[Kind, str], tuple[Mac, Difference]] = {}
    for phone in compared:
        for difference in phone.differences:
            key = (difference.kind, difference.key)
            if key not in first and len(first) >= _MOST_KEYS:
                continue
            counts[key] += 1
            first.setdefault(key, (phone.mac, difference))
    ranked = sorted(counts.items(), key=lambda one: (one[0][0].value, -one[1], one[0][1]))
    return tuple(
        Group(phones=count, example=first[key][0], difference=first[key][1])
        for key, count in ranked
    )


async def _compare(
    shelf: Shelf, urls: PublicUrls, facts: PhoneFacts, fetch: Fetch, at: datetime
) -> PhoneComparison:
    place = place_of(shelf, facts.phone.model)
    mac = facts.phone.mac
    rules = {compiled.rule.id: compiled.rule for compiled in place.family.rules}
    here: dict[str, str] = {}
    there: dict[str, str] = {}
    files: list[str] = []
    absent: list[str] = []
    unread = 0
    for file in sorted(phone_files(place, mac), key=lambda one: _reach(rules[one.id])):
        rule = rules[file.id]
        if rule.syntax in _NOT_READ:
            continue
        body = await fetch(file.name)
        if body is not None:
            files.append(file.name)
            values, odd = _read(body, rule)
            there.update(values)
            unread += odd
        elif rule.template is not None:
            absent.append(file.name)
        if rule.template is not None:
            here.update(_own(place, rule, facts, urls, at))
    differences = tuple(_differences(here, there, _secrets(facts))) if files else ()
    return PhoneComparison(
        mac=mac,
        model=facts.phone.model,
        files=tuple(files),
        absent=tuple(absent),
        same=sum(there.get(key) == value for key, value in here.items()),
        unread=unread,
        differences=differences,
        fault="" if files else "the other server has none of its files.",
    )


def _reach(rule: FileRule) -> int:
    """What is nearer to the phone goes over what is farther."""
    return {"family": 0, "site": 1, "phone": 2}[rule.scope]


def _own(
    place: Place, rule: FileRule, facts: PhoneFacts, urls: PublicUrls, at: datetime
) -> Mapping[str, str]:
    if rule.scope == "family":
        words = place.model.names
        context = build_family_context(family=place.family, rule=rule, urls=urls, words=words)
        body = place.family.renderer.render(rule, context).body
    else:
        body = render_phone_file(place=place, rule=rule, facts=facts, urls=urls, year=at.year).body
    return _read(body, rule)[0]


def _read(body: bytes, rule: FileRule) -> tuple[Mapping[str, str], int]:
    """The parameters of a file, and how many of its lines hold none; a key printed twice counts
    as the phone takes it, the last."""
    text = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if rule.syntax == "lines":
        text = b"\n".join(_loose(line) for line in text.split(b"\n"))
    assignments, findings = read_back(text, rule.model_copy(update={"newline": "lf"}))
    values: dict[str, str] = {}
    for assignment in assignments[:_MOST_KEYS]:
        values[assignment.key] = assignment.value
        for name, value in assignment.attributes:
            values[f"{assignment.key}@{name}"] = value
    return values, len(findings)


def _loose(line: bytes) -> bytes:
    """An assignment as we write it, whatever blanks stand around its sign."""
    found = _LOOSE.fullmatch(line.decode("utf-8", errors="replace"))
    if found is None:
        return line
    key, value = found.groups()
    return f"{key} = {value}".encode() if value else f"{key} =".encode()


def _secrets(facts: PhoneFacts) -> frozenset[str]:
    settings = effective_settings(facts)
    known = [user.sip_password.reveal() for user in facts.users.values()]
    known.append(facts.phone.token.reveal())
    if settings.phone_admin_password is not None:
        known.append(settings.phone_admin_password.reveal())
    return frozenset(secret for secret in known if len(secret) >= _SHORT_SECRET)


def _differences(
    here: Mapping[str, str], there: Mapping[str, str], secrets: frozenset[str]
) -> Iterator[Difference]:
    for key in sorted({*here, *there}):
        own, other = here.get(key), there.get(key)
        if own == other:
            continue
        kind = Kind.DIFFERS
        if own is None or other is None:
            kind = Kind.ONLY_THERE if own is None else Kind.ONLY_HERE
        told = any(secret in (own or "") or secret in (other or "") for secret in secrets)
        if told or is_secret_key(key):
            own, other = (MASK if own else own), (MASK if other else other)
        yield Difference(kind=kind, key=key, here=own, there=other)
