"""Whose are a phone's lines, and does another phone have them already?"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from provisiond.actions.reach import resolved
from provisiond.inventory.errors import Finding, Rejected
from provisiond.inventory.numbers import Treatment
from provisiond.inventory.phones import Phone, PhoneLine, PhoneOfLine
from provisiond.store.database import Read


async def named_lines(
    read: Read, domain_id: int, phone: Phone
) -> tuple[Phone, tuple[Finding, ...]]:
    """The phone with extensions where users' names were typed, and a fault for each name that
    nobody or several have."""
    lines: list[PhoneLine] = []
    findings: list[Finding] = []
    for index, line in enumerate(phone.lines):
        where, user = f"lines[{index}].extension", Treatment.USER.value
        try:
            extension = await resolved(read, domain_id, "", user, line.extension, where)
        except Rejected as fault:
            found = Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
            findings.append(found)
            extension = line.extension
        lines.append(replace(line, extension=extension))
    return replace(phone, lines=tuple(lines)), tuple(findings)


def taken_lines(
    phone: Phone, stood: Phone | None, others: Iterable[PhoneOfLine]
) -> tuple[Finding, ...]:
    """What is to be said of extensions that ring on `others`, too, its own lines left out.

    A line that is not shared is refused there, unless `stood`, the record before, had it so
    already; where it is shared and the other one is not, that is a warning.
    """
    own = {phone.mac, stood.mac if stood is not None else phone.mac}
    elsewhere: dict[str, list[PhoneOfLine]] = {}
    for other in others:
        if other.mac not in own:
            elsewhere.setdefault(other.line.extension, []).append(other)
    before = stood.lines if stood is not None else ()
    unshared = {line.extension for line in before if not line.shared}
    return tuple(_told(phone, elsewhere, unshared))


def _told(
    phone: Phone, elsewhere: dict[str, list[PhoneOfLine]], unshared: set[str]
) -> Iterator[Finding]:
    for index, line in enumerate(phone.lines):
        others = elsewhere.get(line.extension, [])
        if not line.shared and others:
            yield Finding(
                where=f"lines[{index}].shared",
                message=f"line {line.line}: {line.extension} rings on {_place(others[0])} already.",
                remedy="Share the line, or take it from that phone first.",
                severity="warning" if line.extension in unshared else "error",
            )
        lonely = [other for other in others if not other.line.shared]
        if line.shared and lonely:
            yield Finding(
                where=f"lines[{index}].shared",
                message=f"line {line.line}: {line.extension} is not shared on {_place(lonely[0])}.",
                remedy="Share it there, too.",
                severity="warning",
            )


def _place(other: PhoneOfLine) -> str:
    name = f" ({other.name})" if other.name else ""
    return f"line {other.line.line} of {other.mac}{name}"
