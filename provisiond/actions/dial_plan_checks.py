"""Do the dial plans that a domain's overrides set let its emergency numbers out?"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from provisiond.actions.import_plan import DomainPlan, layer_settings
from provisiond.actions.import_walk import Step
from provisiond.actions.inventory_file import Fault
from provisiond.actions.inventory_state import DomainContents, ServerContents
from provisiond.catalog.family import Family
from provisiond.catalog.overrides import dial_plan_findings, matches
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.domains import BUILT_IN, Settings, inherit
from provisiond.inventory.errors import Finding

MOST_TOLD = 20
MOST_TRIED = 200
"""Warnings in one answer, and different plans that are tried for it."""

_Plan = tuple[str, str, str, tuple[str, ...]]
"""Family, key and value, and the emergency numbers where it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptIn:
    """A dial plan that keeps in, cuts or changes an emergency number; `place` is the first that
    has it: `site HQ`. `key` is empty where it stands for plans that were not tried."""

    place: str
    key: str
    message: str
    remedy: str


def kept_in(
    contents: DomainContents, server: ServerContents, shelf: Shelf, *, most: int = MOST_TRIED
) -> Iterator[KeptIn]:
    """What the stored dial plans do to the emergency numbers where they hold. Server and domain
    overrides hold at each site with the site's own numbers. `most` different plans are tried."""
    places: dict[_Plan, str] = {}
    for place, plan in (*_rows(contents, server, shelf), *_phones(contents, server, shelf)):
        places.setdefault(plan, place)
    for (family, key, value, numbers), place in list(places.items())[:most]:
        manifest = shelf.families[family].manifest
        for finding in dial_plan_findings(key, value, manifest, numbers):
            if finding.severity == "error":
                message, remedy = finding.message, finding.remedy
                yield KeptIn(place=place, key=key, message=message, remedy=remedy)
    if len(places) > most:
        message = f"{len(places) - most} more dial plans were not tried."
        remedy = "`provisiond check` tries all."
        yield KeptIn(place="", key="", message=message, remedy=remedy)


def dial_plan_warnings(
    contents: DomainContents, server: ServerContents, shelf: Shelf
) -> tuple[Finding, ...]:
    """What of `kept_in` is told to whoever changed the emergency numbers."""
    found = list(islice(kept_in(contents, server, shelf), MOST_TOLD + 1))
    told = [_warning(f"{one.place}: {one.message}".removeprefix(": "), one.remedy) for one in found]
    if len(told) > MOST_TOLD:
        told[-1] = _warning("there are more.", "`provisiond emergency readiness` lists them.")
    return tuple(told)


def import_warnings(plan: DomainPlan, server: ServerContents, shelf: Shelf) -> Iterator[Fault]:
    """As `dial_plan_warnings`, of an import that changes emergency numbers; the phones that it
    brings are tried with the rest of them."""
    if _numbers(plan.before) == _numbers(plan.after):
        return
    brought = {item.after.mac for item in plan.phones if item.step is not Step.SKIPPED}
    others = {mac: one for mac, one in plan.after.phones.items() if mac not in brought}
    for finding in dial_plan_warnings(replace(plan.after, phones=others), server, shelf):
        yield Fault(
            path=(*plan.path, "settings", "emergency_numbers"),
            message=finding.message,
            remedy=finding.remedy,
            severity=finding.severity,
        )


def _numbers(contents: DomainContents) -> dict[str | None, tuple[str, ...]]:
    """Those of the domain, and of the sites that have their own."""
    own = contents.domain.settings.emergency_numbers
    said: list[tuple[str | None, tuple[str, ...] | None]] = [(None, own)]
    said += [(name, site.settings.emergency_numbers) for name, site in contents.sites.items()]
    return {place: numbers for place, numbers in said if numbers is not None}


def _warning(message: str, remedy: str) -> Finding:
    place = "settings.emergency_numbers"
    return Finding(where=place, message=message, remedy=remedy, severity="warning")


def _rows(
    contents: DomainContents, server: ServerContents, shelf: Shelf
) -> Iterator[tuple[str, _Plan]]:
    below = (BUILT_IN, server.settings, contents.domain.settings)
    holding: list[tuple[str | None, Settings]] = [(None, inherit(*below))]
    holding += [(name, inherit(*below, site.settings)) for name, site in contents.sites.items()]
    for site, settings in holding:
        place = f"domain {contents.domain.name}" if site is None else f"site {site}"
        for row in (*server.overrides, *contents.overrides):
            family = shelf.families.get(row.family)
            if family is not None and row.site in (None, site):
                yield from _plan(place, family, (row.key, row.value), settings)


def _phones(
    contents: DomainContents, server: ServerContents, shelf: Shelf
) -> Iterator[tuple[str, _Plan]]:
    for phone in contents.phones.values():
        found = shelf.find_model(phone.model) if phone.overrides else None
        if found is None:
            continue
        settings = inherit(BUILT_IN, server.settings, *layer_settings(contents, phone))
        for pair in phone.overrides:
            yield from _plan(f"phone {phone.mac}", found[0], pair, settings)


def _plan(
    place: str, family: Family, pair: tuple[str, str | None], settings: Settings
) -> Iterator[tuple[str, _Plan]]:
    key, value = pair
    if value and matches(key, family.manifest.dial_plans):
        yield place, (family.name, key, value, settings.emergency_numbers or ())
