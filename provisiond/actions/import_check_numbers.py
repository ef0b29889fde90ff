"""What of an import's numbers, time frames and destinations cannot stand, and what is doubtful?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_walk import Item, Step
from provisiond.actions.inventory_file import Fault, path_below
from provisiond.actions.inventory_state import DomainContents
from provisiond.actions.inventory_text import Path
from provisiond.actions.number_checks import RuleLint
from provisiond.actions.reach import Reach, handlings_of, missing_findings
from provisiond.actions.sms import sms_reference_findings
from provisiond.actions.timeframes import frame_warnings
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.errors import Finding
from provisiond.inventory.faults import settings_faults
from provisiond.inventory.look_ahead import LookAhead
from provisiond.inventory.mac import Mac
from provisiond.inventory.number_faults import (
    destination_faults,
    frame_faults,
    number_faults,
    reserved_faults,
    sms_faults,
)
from provisiond.inventory.numbers import Number, Treatment
from provisiond.inventory.routing import Schedule, check_users
from provisiond.inventory.telephone import E164

_KNOWN = {treatment.value for treatment in Treatment}
_TOUCHED = (Step.ADDED, Step.CHANGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """The other domains' phones and numbers among an import's, by what they are known by."""

    phones: Mapping[Mac, str] = field(default_factory=dict)
    numbers: Mapping[E164, str] = field(default_factory=dict)


def check_numbers_plan(
    plan: DomainPlan,
    *,
    server: Settings,
    owners: Mapping[E164, str],
    admin: bool,
    ahead: LookAhead,
) -> Iterator[Fault]:
    """Every fault and warning; an admin is told which domain has a number, others only to ask
    their provider. `ahead` is one of the whole import: its work is bounded, too."""
    reach = reach_of(plan.after, server)
    zone = reach.schedule.time_zone
    yield from _destinations(plan)
    of_frames = list(_frames(plan, ahead, zone))
    yield from of_frames
    broken_frames = _broken(plan, of_frames)
    lint = RuleLint(reach, ahead, broken_frames)
    for item in _touched(plan.numbered.numbers):
        found = [*number_faults(item.after), *_brought(item.after)]
        broken = {finding.where for finding in found}
        later = (*missing_findings(item.after, reach), *lint.of(item.after))
        found += [finding for finding in later if finding.where not in broken]
        yield from _faults(item.path, found)
        yield from taken_number(item.path, item.after.number, owners, admin=admin)
    yield from _users_of_changed(plan, reach, ahead, broken_frames)
    for text in _touched(plan.numbered.sms_numbers):
        found = list(sms_faults(text.after))
        broken = {finding.where for finding in found}
        missing = sms_reference_findings(text.after, reach)
        found += [finding for finding in missing if finding.where not in broken]
        yield from _faults(text.path, found)
        yield from taken_number(text.path, text.after.number, owners, admin=admin)


def reach_of(contents: DomainContents, server: Settings) -> Reach:
    """What the numbers of a domain can lead to, which was loaded whole. A time zone that does not
    exist is told elsewhere, and read as UTC here."""
    settings = inherit(BUILT_IN, server, contents.domain.settings)
    is_zone = not settings_faults(Settings(time_zone=settings.time_zone))
    frames = {f.name: f for f in contents.time_frames.values() if f.owner is None}
    return Reach(
        users={extension: user.display_name for extension, user in contents.users.items()},
        destinations=contents.destinations,
        schedule=Schedule(frames=frames, time_zone=(is_zone and settings.time_zone) or "Etc/UTC"),
        country=(settings.tone_country or "US").upper(),
    )


def _users_of_changed(
    plan: DomainPlan, reach: Reach, ahead: LookAhead, broken: frozenset[str]
) -> Iterator[Fault]:
    """What the rules of numbers that stay as they are will do with frames that change."""
    told = {item.after.number for item in _touched(plan.numbered.numbers)}
    for item in plan.numbered.time_frames:
        name = item.after.name
        if item.step is not Step.CHANGED or item.after.owner is not None:
            continue
        users = []
        for number in plan.after.numbers.values():
            frames = {rule.frame for rule in number.rules}
            if name in frames and number.number not in told and not frames & broken:
                users.append(number)
                told.add(number.number)
        for finding in check_users(users, reach.schedule, ahead):
            yield from _faults(item.path, [replace(finding, where="")])


def _destinations(plan: DomainPlan) -> Iterator[Fault]:
    listed = {item.after.extension for item in plan.numbered.destinations}
    for item in plan.numbered.destinations:
        yield from _faults(item.path, destination_faults(item.after))
        user = plan.after.users.get(item.after.extension)
        if user is not None:
            yield Fault(
                path=(*item.path, "extension"),
                message=f"{user.extension} is the extension of the user {user.display_name}.",
                remedy="Choose another.",
            )
    for person in plan.users:
        extension = person.after.extension
        if extension in plan.after.destinations and extension not in listed:
            name = plan.after.destinations[extension].name
            yield Fault(
                path=(*person.path, "extension"),
                message=f"{extension} is the extension of a call destination {name}".rstrip() + ".",
                remedy="Choose another.",
            )


def _frames(plan: DomainPlan, ahead: LookAhead, zone: str) -> Iterator[Fault]:
    for item in _touched(plan.numbered.time_frames):
        frame = item.after
        found = list(frame_faults(frame))
        found += reserved_faults(frame) if item.step is Step.ADDED else ()
        if frame.owner is not None and frame.owner not in plan.after.users:
            message = f"there is no user with the extension {frame.owner}."
            found.append(Finding(where="owner", message=message, remedy="Add the user first."))
        if not found:
            found += frame_warnings(frame, ahead, zone)
        yield from _faults(item.path, found)


def _broken(plan: DomainPlan, faults: Iterable[Fault]) -> frozenset[str]:
    """The domain's frames that have a fault."""
    wrong = {fault.path[: len(plan.path) + 2] for fault in faults if fault.severity == "error"}
    items = plan.numbered.time_frames
    return frozenset(item.after.name for item in items if item.path in wrong)


def _brought(number: Number) -> Iterator[Finding]:
    """Treatments that are kept as they are, though nobody here knows them."""
    for where, handling in handlings_of(number):
        if handling.treatment not in _KNOWN:
            yield Finding(
                where=f"{where}.treatment",
                message=f"{handling.treatment!r} is none that we know; it is kept as it is.",
                remedy=f"There are {', '.join(sorted(_KNOWN))}.",
                severity="warning",
            )


def taken_number(
    path: Path, number: E164, owners: Mapping[E164, str], *, admin: bool
) -> Iterator[Fault]:
    """That a number is another domain's; only an admin is told whose."""
    if number in owners:
        owner = f"a number of {owners[number]}" if admin else "in use"
        yield Fault(
            path=(*path, "number"),
            message=f"{number} is {owner} already.",
            remedy="Delete it there first." if admin else "Ask your provider.",
        )


def _touched(items: Iterable[Item]) -> Iterator[Item]:  # type: ignore[type-arg]
    return (item for item in items if item.step in _TOUCHED)


def _faults(path: Path, findings: Iterable[Finding]) -> Iterator[Fault]:
    for finding in findings:
        yield Fault(
            path=(*path, *path_below(finding.where)),
            message=finding.message,
            remedy=finding.remedy,
            severity=finding.severity,
        )
