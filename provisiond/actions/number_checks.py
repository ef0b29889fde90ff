"""What is wrong with numbers as they are to be, and what is only doubtful?"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.edits import Editing, domain_record, domain_settings
from provisiond.actions.reach import (
    Meant,
    Reach,
    extensions_of,
    handlings_of,
    load_reach,
    meant_destinations,
    missing_findings,
)
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import settings_faults
from provisiond.inventory.look_ahead import LOOK_WORK, LookAhead
from provisiond.inventory.number_faults import MAX_RULES, number_faults
from provisiond.inventory.numbers import Handling, Number, NumberRule, Treatment
from provisiond.inventory.routing import check_frames
from provisiond.store.database import Database

_BY_HAND = {treatment.value for treatment in Treatment}


class RuleLint:
    """What is doubtful about numbers' rules and destinations at a moment."""

    def __init__(self, reach: Reach, ahead: LookAhead, broken: Collection[str] = ()) -> None:
        """`broken` are frames with faults: when those hold is not asked."""
        self._reach = reach
        self._ahead = ahead
        self._broken = broken

    def of(self, number: Number) -> Iterator[Finding]:
        """Findings about frames, then about destinations that are disabled."""
        yield from self.of_frames(number)
        frames = ("Default", *(rule.frame for rule in number.rules))
        for frame, (where, handling) in zip(frames, handlings_of(number), strict=False):
            message = self._reach.why_disabled(handling)
            if message:
                place, told = f"{where}.destination", f"{frame}: {message}"
                yield Finding(where=place, message=told, severity="warning")

    def of_frames(self, number: Number) -> tuple[Finding, ...]:
        """Findings about frames. Where there is no such time zone as the number's, they are read
        in the domain's; of more rules than a number may have it is not asked when they hold."""
        if settings_faults(Settings(time_zone=number.time_zone)):
            number = replace(number, time_zone=None)
        is_asked = 0 < len(number.rules) <= MAX_RULES and not any(
            rule.frame in self._broken for rule in number.rules
        )
        return check_frames(number, self._reach.schedule, self._ahead if is_asked else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChecks:
    """What the checks of some numbers need, read once."""

    meant: Meant
    reach: Reach
    lint: RuleLint
    puts_back: bool = False  # what the journal has: it stood here once

    def checked(self, number: Number, stood: Number | None) -> tuple[Number, list[Finding]]:
        """The number with its destinations as they are stored, and every fault and warning;
        `stood` is what it takes the place of. It may take a tenth of a second."""
        findings = [
            finding
            for where, handling in handlings_of(number)
            if (finding := self._unread(handling, where)) is not None
        ]
        number = stored_number(number, self.meant)
        unread = {finding.where for finding in findings}
        findings += [one for one in number_faults(number) if one.where not in unread]
        if not self.puts_back:
            findings += _by_hand(number, stood)
        broken = {finding.where for finding in findings}
        later = (*missing_findings(number, self.reach), *self.lint.of(number))
        findings += [finding for finding in later if finding.where not in broken]
        return number, findings

    def _unread(self, handling: Handling, where: str) -> Finding | None:
        return self.meant.finding(handling.treatment, handling.destination, f"{where}.destination")


async def looked_ahead(
    db: Database, domain: str, numbers: Iterable[Number], at: datetime, *, work: int = LOOK_WORK
) -> LookAhead:
    """How the numbers' rules stand to each other, asked while others can write: in the transaction
    the same frames have the answer ready. `work` is for all of them. Raises NotFound."""
    ahead = LookAhead(at, work)
    ruled = [number for number in numbers if number.rules]
    if not ruled:
        return ahead
    async with db.read() as read:
        domain_id, record = await domain_record(read, domain)
        reach = await load_reach(read, domain_id, record, ())
    lint = RuleLint(reach, ahead)

    def look() -> None:
        for number in ruled:
            lint.of_frames(number)

    await asyncio.to_thread(look)
    return ahead


async def number_checks(edit: Editing, numbers: Sequence[Number], ahead: LookAhead) -> NumberChecks:
    """Read what these numbers are held against."""
    settings = await domain_settings(edit.write, edit.domain)
    country = (settings.tone_country or "US").upper()
    typed = [
        (handling.treatment, handling.destination)
        for number in numbers
        for _, handling in handlings_of(number)
    ]
    meant = await meant_destinations(edit.write, edit.domain_id, country, typed)
    extensions = extensions_of([stored_number(number, meant) for number in numbers])
    reach = await load_reach(edit.write, edit.domain_id, edit.domain, extensions)
    return NumberChecks(
        meant=meant,
        reach=reach,
        lint=RuleLint(reach, ahead),
        puts_back=edit.write.undoes is not None,
    )


def stored_number(number: Number, meant: Meant) -> Number:
    """The number with its destinations as they are stored; those that cannot be read stay."""

    def stored(handling: Handling) -> Handling:
        text = meant.extension(handling.treatment, handling.destination)
        return handling if text == handling.destination else replace(handling, destination=text)

    rules = [NumberRule(frame=one.frame, handling=stored(one.handling)) for one in number.rules]
    return replace(number, default=stored(number.default), rules=tuple(rules))


def _by_hand(number: Number, stood: Number | None) -> list[Finding]:
    """A treatment that only an import may bring: it stays, and is never chosen."""
    kept = {handling.treatment for _, handling in handlings_of(stood)} if stood else set()
    return [
        Finding(
            where=f"{where}.treatment",
            message=f"{handling.treatment!r} is no treatment that can be chosen.",
            remedy=f"There are {', '.join(sorted(_BY_HAND))}.",
        )
        for where, handling in handlings_of(number)
        if handling.treatment not in _BY_HAND and handling.treatment not in kept
    ]
