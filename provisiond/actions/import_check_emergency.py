"""What of an import's emergency data cannot stand, and what is doubtful?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from provisiond.actions.import_check_numbers import taken_number
from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_walk import Item, Step
from provisiond.actions.inventory_file import Fault, path_below
from provisiond.actions.inventory_text import Path
from provisiond.inventory.address_rules import (
    civic_findings,
    endpoint_faults,
    is_post_office_box,
    text_findings,
)
from provisiond.inventory.errors import Finding
from provisiond.inventory.telephone import E164

_TOUCHED = (Step.ADDED, Step.CHANGED)


def check_emergency_plan(
    plan: DomainPlan, numbers: Mapping[E164, str], *, admin: bool
) -> Iterator[Fault]:
    """Every fault and warning. An address that is only a draft comes in as one, with a warning; a
    post office box does not. `numbers` are those of other domains, and whose each is."""
    for item in _touched(plan.emergency.emergency_addresses):
        if item.before is not None and replace(item.before, is_default=False) == item.after:
            continue  # it gives the default away, and the file may not have it at all
        texts = text_findings(item.after)
        broken = {one.where for one in texts}
        found = [one for one in civic_findings(item.after.civic) if one.where not in broken]
        doubtful = [one if is_post_office_box(one) else _doubtful(one) for one in found]
        yield from _faults(item.path, [*texts, *doubtful])
    defaults = [i for i in plan.emergency.emergency_addresses if i.after.is_default]
    for extra in defaults[1:]:
        message = f"{defaults[0].after.name} is the domain's default already."
        remedy = "A domain has one."
        yield Fault(path=(*extra.path, "default"), message=message, remedy=remedy)
    yield from _endpoints(plan)
    for one in _touched(plan.emergency.emergency_endpoints):
        yield from taken_number(one.path, one.after.number, numbers, admin=admin)
    yield from _references(plan)


def _endpoints(plan: DomainPlan) -> Iterator[Fault]:
    owners: dict[str, E164] = {}
    listed = {item.after.number: item for item in plan.emergency.emergency_endpoints}
    for endpoint in plan.after.emergency_endpoints.values():
        item = listed.get(endpoint.number)
        if item is not None and item.is_nobodys:
            continue
        if endpoint.site is not None and owners.setdefault(endpoint.site, endpoint.number) != (
            endpoint.number
        ):
            path = item.path if item is not None else plan.path
            message = f"the site {endpoint.site} has the endpoint {owners[endpoint.site]} already."
            yield Fault(path=(*path, "site"), message=message, remedy="A site has one.")
    for item in _touched(plan.emergency.emergency_endpoints):
        yield from _faults(item.path, endpoint_faults(item.after))
        if item.after.address and item.after.address not in plan.after.emergency_addresses:
            yield _missing((*item.path, "address"), "emergency address", item.after.address)
        if item.after.site is not None and item.after.site not in plan.after.sites:
            yield _missing((*item.path, "site"), "site", item.after.site)


def _references(plan: DomainPlan) -> Iterator[Fault]:
    """Sites, users and phones that name an address or endpoint which is not there."""
    known = plan.after.emergency_addresses
    items: list[Item] = [*plan.sites, *plan.users, *plan.phones]  # type: ignore[type-arg]
    for item in _touched(items):
        name = item.after.emergency_address
        if name is not None and name not in known:
            yield _missing((*item.path, "emergency_address"), "emergency address", name)
    for user in _touched(plan.users):
        number = user.after.emergency_caller_id
        if number is not None and number not in plan.after.emergency_endpoints:
            yield _missing((*user.path, "emergency_caller_id"), "emergency endpoint", str(number))


def _missing(path: Path, noun: str, name: str) -> Fault:
    message = f"there is no {noun} {name!r}."
    return Fault(path=path, message=message, remedy=f"Add the {noun} first, or correct it.")


def _doubtful(finding: Finding) -> Finding:
    return replace(finding, severity="warning")


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
