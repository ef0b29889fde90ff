"""Which lines of an import ring on several phones, and do not say that they are shared?"""

from collections.abc import Iterator

from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_walk import Step
from provisiond.actions.inventory_file import Fault
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone

_TOUCHED = (Step.ADDED, Step.CHANGED)


def check_lines_plan(plan: DomainPlan) -> Iterator[Fault]:
    """A warning for each; a person who adds such a line is refused. Other systems have them
    without a word, and what they have is to come in."""
    firsts = _two_of_each(plan)
    for item in plan.phones:
        if item.step not in _TOUCHED or item.is_nobodys:
            continue
        before = _unshared(item.before)
        for index, line in enumerate(item.after.lines):
            others = [mac for mac in firsts.get(line.extension, ()) if mac != item.after.mac]
            if others and not line.shared and line.extension not in before:
                yield Fault(
                    path=(*item.path, "lines", index, "shared"),
                    message=f"line {line.line}: {line.extension} rings on {others[0]} too.",
                    remedy="Write that the line is shared, or give each phone its own.",
                    severity="warning",
                )


def _two_of_each(plan: DomainPlan) -> dict[str, list[Mac]]:
    """By extension the first two phones that have it: of them one is another phone."""
    found: dict[str, list[Mac]] = {}
    for mac, phone in plan.after.phones.items():
        for line in phone.lines:
            macs = found.setdefault(line.extension, [])
            if len(macs) < 2 and mac not in macs:
                macs.append(mac)
    return found


def _unshared(phone: Phone | None) -> set[str]:
    lines = phone.lines if phone is not None else ()
    return {line.extension for line in lines if not line.shared}
