"""Does a dial plan let an emergency number out whole? A number is dialled key by key, as on a
phone.

Of what goes out, only as much is kept as the number tried asks for: how far it is right, and one
witness of what is not. Work and memory grow with the plan's length, whatever stands in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from provisiond.inventory.dial_plan_reading import Alternative, DialSyntax, Item, read_plan
from provisiond.inventory.errors import Finding, Rejected

CHECKED = ("911", "9911", "112", "933")
"""What is dialled for help, with a trunk prefix in the way, and to test the location told."""

_PREFIX = "9"
_WITNESS = 64
"""Characters that are kept of a wrong text."""


class Fate(Enum):
    """What becomes of the number."""

    WHOLE = "whole"
    CUT = "cut"
    REFUSED = "refused"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a number that is dialled digit by digit; `sent` is what goes out, of a
    number that is rewritten one way it may, and the first 64 characters of that."""

    fate: Fate
    sent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """One alternative under the keys of a number: what it may have sent where it is complete after
    so many keys, and after how many it would take another."""

    complete: dict[int, frozenset[str]]
    goes_on: frozenset[int]
    alternative: Alternative


def outcome(plan: str, syntax: DialSyntax, number: str) -> Outcome:
    """What the plan makes of the number. Raises Rejected(plan) for one that cannot be read."""
    return _fate(read_plan(plan, syntax), syntax, number)


def plan_findings(
    key: str, plan: str, syntax: DialSyntax, emergency: Iterable[str], *, trusted: bool = True
) -> tuple[Finding, ...]:
    """What a plan does to the numbers that are checked: a fault for those of the domain's
    `emergency` numbers, and for 9911 where 911 is one; a warning for the rest. A plan that cannot
    be read is a fault unless who wrote it is `trusted` to have tried it by hand."""
    if not plan.strip():
        return ()
    wanted = frozenset(emergency)
    wanted |= {"9911"} if "911" in wanted else set()
    try:
        fates = _fates(plan, syntax, tuple(dict.fromkeys((*CHECKED, *sorted(wanted)))))
    except Rejected as fault:
        message = f"{key}: whether emergency numbers pass cannot be told: {fault.message}"
        severity = "warning" if trusted else "error"
        return (Finding(where="", message=message, remedy=fault.remedy, severity=severity),)
    return tuple(
        [
            Finding(
                where="",
                message=f"{key}: {number} {_words(found)}.",
                remedy=f"Put {number} into the plan as an alternative of its own.",
                severity="error" if number in wanted else "warning",
            )
            for number, found in fates
            if found.fate is not Fate.WHOLE
        ]
    )


@lru_cache(maxsize=256)
def _fates(
    plan: str, syntax: DialSyntax, numbers: tuple[str, ...]
) -> tuple[tuple[str, Outcome], ...]:
    """Kept, for thousands of phones have the same plan."""
    alternatives = read_plan(plan, syntax)
    return tuple([(number, _fate(alternatives, syntax, number)) for number in numbers])


def _words(found: Outcome) -> str:
    match found.fate:
        case Fate.CUT:
            return f"is cut: {found.sent or 'nothing'} goes out before it is dialled to its end"
        case Fate.REWRITTEN:
            more = "…" if len(found.sent) == _WITNESS else ""
            return f"goes out as {found.sent or 'nothing'}{more}"
        case _:
            return "is not let out"


def _fate(alternatives: tuple[Alternative, ...], syntax: DialSyntax, number: str) -> Outcome:
    right = (number, number.removeprefix(_PREFIX)) if number == "9911" else (number,)
    tried = [_dialled(one, number, right) for one in alternatives]
    for end in range(len(number)):
        if _goes_at(end, tried, syntax):
            return Outcome(fate=Fate.CUT, sent=number[:end])
    complete = [one for one in tried if len(number) in one.complete]
    if not complete or any(one.alternative.rejects for one in complete):
        return Outcome(fate=Fate.REFUSED)
    sent = sorted({text for one in complete for text in one.complete[len(number)]})
    wrong = [text for text in sent if text.removesuffix("@") not in right]
    if wrong:
        return Outcome(fate=Fate.REWRITTEN, sent=wrong[0])
    return Outcome(fate=Fate.WHOLE, sent=sent[0].removesuffix("@"))


def _goes_at(end: int, tried: list[_Tried], syntax: DialSyntax) -> bool:
    """Whether what was dialled after `end` keys goes out, so that no further key is waited for."""
    complete = [one.alternative for one in tried if end in one.complete]
    if syntax is DialSyntax.DIGIT_MAP:
        return any(not one.waits for one in complete)
    if any(one.at_once for one in complete):
        return True
    if end == 0 or not complete:
        return False
    return not any(end in one.goes_on for one in tried)


def _dialled(one: Alternative, number: str, right: tuple[str, ...]) -> _Tried:
    places = {0: frozenset({""})}
    goes_on: set[int] = set()
    for item in one.items:
        before = places
        places = _step(item, before, number, right)
        if item.keys:
            goes_on |= (places if item.many else before).keys()
        if not places:
            break
    return _Tried(complete=places, goes_on=frozenset(goes_on), alternative=one)


def _step(
    item: Item, places: dict[int, frozenset[str]], number: str, right: tuple[str, ...]
) -> dict[int, frozenset[str]]:
    """After how many keys the item is done with, and what may be sent by then."""
    if not item.keys:
        return {at: _narrowed(sent, item.sends, right) for at, sent in places.items()}
    found = dict(places) if item.many else {}
    for at, key in enumerate(number):
        sent = (found if item.many else places).get(at)
        if sent is None or key not in item.keys:
            continue
        after = _narrowed(sent, key, right) if item.echoes else sent
        there = found.get(at + 1)
        found[at + 1] = after if there is None else _narrowed(there | after, "", right)
    return found


def _narrowed(texts: frozenset[str], more: str, right: tuple[str, ...]) -> frozenset[str]:
    """The texts with `more` behind each: all that may still come right, and one of the others.

    What stands behind an @ is no part of a number; a right one before it is kept as `911@`.
    """
    kept: set[str] = set()
    wrong: set[str] = set()
    for text in texts:
        longer = text + more
        bare, mark, _ = longer.partition("@")
        if mark and bare in right:
            kept.add(bare + mark)
        elif not mark and any(one.startswith(bare) for one in right):
            kept.add(bare)
        else:
            wrong.add(longer[:_WITNESS])
    return frozenset((*kept, min(wrong))) if wrong else frozenset(kept)
