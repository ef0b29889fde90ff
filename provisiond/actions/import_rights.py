"""What may whoever brings a file not do? It can do no more than they could do one by one."""

from collections.abc import Iterator

from provisiond.actions.import_plan import DomainPlan
from provisiond.actions.import_walk import Item, Step
from provisiond.actions.inventory_file import Fault
from provisiond.actions.inventory_schema import DomainEntry, PhoneEntry
from provisiond.inventory.access import Actor, Noun, Verb
from provisiond.inventory.faults import MASK
from provisiond.inventory.phones import Phone

_VERBS = {Step.ADDED: Verb.ADD, Step.CHANGED: Verb.EDIT}
_OUT = "Take it out of the file, or ask an admin."


def rights_faults(plan: DomainPlan, entry: DomainEntry, actor: Actor) -> Iterator[Fault]:
    """Each kind of record that the actor may not add or change, at the first of them; and the
    settings, overrides, tokens and enrolments that are an admin's."""
    for noun, items in _records(plan):
        for step, verb in _VERBS.items():
            touched = [item for item in items if item.step is step and not item.is_nobodys]
            if touched and not actor.may(noun, verb):
                what = f"{verb.value} {noun.value.replace('_', ' ')}"
                message = f"{_who(actor)} may not {what}; the file does so {len(touched)} time(s)."
                yield Fault(path=touched[0].path, message=message, remedy=_OUT)
    if plan.step in _VERBS and not actor.may(Noun.DOMAINS, _VERBS[plan.step]):
        message = f"{_who(actor)} may not {_VERBS[plan.step].value} a domain."
        yield Fault(path=(*plan.path, "settings"), message=message, remedy=_OUT)
    if not actor.may(Noun.SETTINGS, Verb.EDIT):
        for rows in plan.overrides:
            before = {row for row in plan.before.overrides if row.site == rows.site}
            if before != set(rows.rows):
                message = f"{_who(actor)} may not override what a whole domain or site has."
                yield Fault(path=rows.path, message=message, remedy=_OUT)
    if not actor.is_admin:
        yield from _secrets(plan, entry)


def _records(plan: DomainPlan) -> tuple[tuple[Noun, tuple[Item, ...]], ...]:  # type: ignore[type-arg]
    return (
        (Noun.SITES, plan.sites),
        (Noun.USERS, plan.users),
        (Noun.DIRECTORIES, plan.directories),
        (Noun.LAYOUTS, plan.layouts),
        (Noun.PHONES, plan.phones),
        (Noun.DESTINATIONS, plan.numbered.destinations),
        (Noun.TIMEFRAMES, plan.numbered.time_frames),
        (Noun.NUMBERS, plan.numbered.numbers),
        (Noun.SMS_NUMBERS, plan.numbered.sms_numbers),
        (Noun.EMERGENCY, plan.emergency.emergency_addresses),
        (Noun.EMERGENCY, plan.emergency.emergency_endpoints),
    )


def _secrets(plan: DomainPlan, entry: DomainEntry) -> Iterator[Fault]:
    """Tokens and enrolments that the file brings for phones."""
    for item in plan.phones:
        if item.step not in _VERBS or item.is_nobodys:
            continue
        said = entry.phones[int(item.path[-1])]
        for name in _brought(said, item.before):
            message = f"the {name} of a phone is an admin's to bring back."
            remedy = "Leave it out, or write ***: what stands is kept, and a new phone gets one."
            yield Fault(path=(*item.path, name), message=message, remedy=remedy)


def _brought(said: PhoneEntry, before: Phone | None) -> Iterator[str]:
    token = said.token.reveal()
    if token not in ("", MASK) and (before is None or token != before.token.reveal()):
        yield "token"
    if said.enrolment is not None:
        yield "enrolment"


def _who(actor: Actor) -> str:
    return "a read-only token" if actor.read_only else f"the role {actor.role.value}"
