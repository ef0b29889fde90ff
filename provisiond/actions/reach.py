"""What can numbers of a domain lead to, and does what this one names exist?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from provisiond.actions.edits import domain_settings
from provisiond.inventory.destinations import (
    KIND_OF_TREATMENT,
    PEOPLES_TREATMENTS,
    Destination,
)
from provisiond.inventory.domains import Domain
from provisiond.inventory.errors import Finding, Rejected
from provisiond.inventory.lists import DestinationQuery, UserQuery
from provisiond.inventory.number_faults import MAX_RULES
from provisiond.inventory.numbers import Handling, Number, Treatment
from provisiond.inventory.routing import Schedule
from provisiond.inventory.telephone import E164
from provisiond.inventory.texts import is_extension, shown
from provisiond.store.database import Read
from provisiond.store.destinations import find_destinations, list_destinations
from provisiond.store.timeframes import domain_frames
from provisiond.store.users import find_users, query_users

_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Of what numbers name, that which exists: users' names and destinations by extension.

    `schedule` has the domain's time frames and zone, `country` reads numbers without `+`.
    """

    users: Mapping[str, str]
    destinations: Mapping[str, Destination]
    schedule: Schedule
    country: str

    def name_of(self, treatment: str, destination: str) -> str:
        """What people call a destination; empty where nothing is known of it."""
        if treatment in PEOPLES_TREATMENTS:
            return self.users.get(destination, "")
        found = self.destinations.get(destination) if treatment in KIND_OF_TREATMENT else None
        return found.name if found is not None else ""

    def why_missing(self, treatment: str, destination: str) -> str:
        """Why calls cannot go there at all, in words; empty where they can."""
        what = treatment.replace("_", " ")
        if treatment in PEOPLES_TREATMENTS:
            if destination in self.users:
                return ""
            return f"there is no user with the extension {destination}{self._other(destination)}."
        kind = KIND_OF_TREATMENT.get(treatment)
        if kind is None:
            return ""
        found = self.destinations.get(destination)
        if found is not None and found.kind is kind:
            return ""
        return f"there is no {what} {destination}{self._other(destination)}."

    def why_silent(self, handling: Handling) -> str:
        """Why callers would meet nothing there now, in words: gone, or disabled."""
        missing = self.why_missing(handling.treatment, handling.destination)
        return missing or self.why_disabled(handling)

    def why_disabled(self, handling: Handling) -> str:
        """That the destination is disabled, in words; empty where it is not."""
        found = (
            self.destinations.get(handling.destination)
            if handling.treatment in KIND_OF_TREATMENT
            else None
        )
        if found is not None and not found.enabled:
            name = f" {found.name}" if found.name else ""
            return f"{found.kind.value.replace('_', ' ')} {found.extension}{name} is disabled."
        return ""

    def _other(self, destination: str) -> str:
        if destination in self.users:
            return f" ({destination} is the user {self.users[destination]})"
        found = self.destinations.get(destination)
        return f" ({destination} is a {found.kind.value.replace('_', ' ')})" if found else ""


async def load_reach(
    read: Read, domain_id: int, domain: Domain, extensions: Iterable[str]
) -> Reach:
    """What the extensions are, and the domain's time frames."""
    settings = await domain_settings(read, domain)
    wanted = sorted({one for one in extensions if one})
    users = await find_users(read, domain_id, wanted)
    frames = await domain_frames(read, domain_id)
    assert settings.time_zone is not None
    return Reach(
        users={extension: user.display_name for extension, user in users.items()},
        destinations=await find_destinations(read, domain_id, wanted),
        schedule=Schedule(frames=frames, time_zone=settings.time_zone),
        country=(settings.tone_country or "US").upper(),
    )


def extensions_of(numbers: Iterable[Number]) -> Iterator[str]:
    """Every destination that the numbers name."""
    for number in numbers:
        yield from (handling.destination for _, handling in handlings_of(number))


def handlings_of(number: Number) -> Iterator[tuple[str, Handling]]:
    """Each handling of a number and the field that holds it; of more rules than MAX_RULES, which
    cannot stand, those of the first."""
    yield "default", number.default
    for index, rule in enumerate(number.rules[:MAX_RULES]):
        yield f"rules[{index}]", rule.handling


async def resolved(
    read: Read, domain_id: int, country: str, treatment: str, destination: str, field: str
) -> str:
    """The destination as it is stored: an extension for a name that was typed, E.164 for a
    number outside in any form. Raises Rejected(field) for a name that nobody or several have."""
    text = destination.strip()
    if treatment == Treatment.PSTN.value and text:
        return E164.parse(text, country, field).text
    known = treatment in PEOPLES_TREATMENTS or treatment in KIND_OF_TREATMENT
    if not text or not known or is_extension(text):
        return text
    named = await candidates(read, domain_id, treatment, text)
    exact = [extension for extension, name in named if name.casefold() == text.casefold()]
    if len(exact) == 1:
        return exact[0]
    what = "user" if treatment in PEOPLES_TREATMENTS else treatment.replace("_", " ")
    if exact:
        raise Rejected(
            field,
            f"several are called {shown(text)}: {', '.join(exact[:_SHOWN])}.",
            "Give the extension.",
        )
    every = named or await candidates(read, domain_id, treatment, "")
    names = {name: extension for extension, name in every if name}
    close = get_close_matches(text, sorted(names), n=3, cutoff=0.4)
    near = f"Did you mean {' or '.join(f'{one} ({names[one]})' for one in close)}?"
    raise Rejected(
        field,
        f"there is no {what} {shown(text)}.",
        near if close else f"Add the {what} first, or give an extension.",
    )


async def candidates(
    read: Read, domain_id: int, treatment: str, text: str, limit: int = _SHOWN
) -> list[tuple[str, str]]:
    """Extensions and names that a destination of this treatment could be, by what was typed."""
    if treatment in PEOPLES_TREATMENTS:
        users = await query_users(read, domain_id, UserQuery(text=text, limit=limit))
        return [(user.extension, user.display_name) for user in users.rows]
    kind = KIND_OF_TREATMENT.get(treatment)
    if kind is None:
        return []
    query = DestinationQuery(text=text, kind=kind, limit=limit)
    found = await list_destinations(read, domain_id, query)
    return [(one.extension, one.name) for one in found.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What the destinations of some records are as they are stored, by treatment and as they were
    typed; of those that nobody or several have, why."""

    stored: Mapping[tuple[str, str], str]
    unread: Mapping[tuple[str, str], Rejected]

    def finding(self, treatment: str, destination: str, where: str) -> Finding | None:
        """Why a destination cannot be read; None where it can."""
        fault = self.unread.get((treatment, destination))
        if fault is None:
            return None
        return Finding(where=where, message=fault.message, remedy=fault.remedy)

    def extension(self, treatment: str, destination: str) -> str:
        """The destination as it is stored; one that cannot be read stays."""
        return self.stored.get((treatment, destination), destination)


async def meant_destinations(
    read: Read, domain_id: int, country: str, typed: Iterable[tuple[str, str]]
) -> Meant:
    """Look destinations up, each once, given by treatment and as they were typed."""
    stored: dict[tuple[str, str], str] = {}
    unread: dict[tuple[str, str], Rejected] = {}
    for treatment, destination in dict.fromkeys(typed):
        try:
            text = await resolved(read, domain_id, country, treatment, destination, "destination")
            stored[treatment, destination] = text
        except Rejected as fault:
            unread[treatment, destination] = fault
    return Meant(stored=stored, unread=unread)


def missing_findings(number: Number, reach: Reach) -> Iterator[Finding]:
    """Destinations that a number names and that do not exist."""
    for where, handling in handlings_of(number):
        if not handling.destination:
            continue
        message = reach.why_missing(handling.treatment, handling.destination)
        if message:
            yield Finding(
                where=f"{where}.destination",
                message=message,
                remedy="Add it first, or choose another.",
            )
