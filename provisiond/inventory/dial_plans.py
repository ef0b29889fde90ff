"""Does a dial plan let an emergency number out whole? A small interpreter of each syntax.

`sequences`: `(911S0|<9:>xxxxxxx|[2-9]xxx!)`, alternatives in brackets with timers, substitutions
and rejection. `digit_map`: RFC 3435 §2.1.5, `911|[2-9]xxx.T`, with `RaRbR` for a replacement; an
alternative without T is sent at once. `braces`: `{ 911 | x+ | ^1900x+ | <2=011>x+ }`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from provisiond.inventory.errors import Finding, Rejected

CHECKED = ("911", "9911", "112", "933")
"""What is dialled for help, with a trunk prefix in the way, and to test the location told."""

_DIGITS = frozenset("0123456789")
_KEYS = _DIGITS | {"*", "#"}
_PREFIX = "9"


class DialSyntax(Enum):
    """How a plan is written; values are the manifests' spelling."""

    SEQUENCES = "sequences"
    DIGIT_MAP = "digit_map"
    BRACES = "braces"


class Fate(Enum):
    """What becomes of the number."""

    WHOLE = "whole"
    CUT = "cut"
    REFUSED = "refused"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of a number that is dialled digit by digit; `sent` is what goes out."""

    fate: Fate
    sent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One place of an alternative: which keys it takes, whether any number of times, and what goes
    out. No keys: it takes none and sends `sends`."""

    keys: frozenset[str] = frozenset()
    many: bool = False
    echoes: bool = True
    sends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alternative:
    items: tuple[_Item, ...]
    at_once: bool = False
    waits: bool = False
    rejects: bool = False


def outcome(plan: str, syntax: DialSyntax, number: str) -> Outcome:
    """What the plan makes of the number. Raises Rejected(plan) for one that cannot be read."""
    alternatives = _read(plan, syntax)
    for end in range(len(number)):
        if _goes_at(number[:end], alternatives, syntax):
            return Outcome(fate=Fate.CUT, sent=number[:end])
    complete = [one for one in alternatives if _outputs(one, number)]
    if not complete or any(one.rejects for one in complete):
        return Outcome(fate=Fate.REFUSED)
    sent = sorted({text for one in complete for text in _outputs(one, number)})
    wrong = [text for text in sent if not _reaches(text, number)]
    if wrong:
        return Outcome(fate=Fate.REWRITTEN, sent=wrong[0])
    return Outcome(fate=Fate.WHOLE, sent=sent[0])


def plan_findings(
    key: str, plan: str, syntax: DialSyntax, emergency: Iterable[str]
) -> tuple[Finding, ...]:
    """What a plan does to the numbers that are checked: a fault for those of the domain's
    `emergency` numbers, and for 9911 where 911 is one; a warning for the rest."""
    if not plan.strip():
        return ()
    wanted = frozenset(emergency)
    wanted |= {"9911"} if "911" in wanted else set()
    try:
        fates = {n: outcome(plan, syntax, n) for n in dict.fromkeys((*CHECKED, *sorted(wanted)))}
    except Rejected as fault:
        message = f"{key}: whether emergency numbers pass cannot be told: {fault.message}"
        return (Finding(where="", message=message, remedy=fault.remedy, severity="warning"),)
    return tuple(
        [
            Finding(
                where="",
                message=f"{key}: {number} {_words(found)}.",
                remedy=f"Put {number} into the plan as an alternative of its own.",
                severity="error" if number in wanted else "warning",
            )
            for number, found in fates.items()
            if found.fate is not Fate.WHOLE
        ]
    )


def _words(found: Outcome) -> str:
    match found.fate:
        case Fate.CUT:
            return f"is cut: {found.sent or 'nothing'} goes out before it is dialled to its end"
        case Fate.REWRITTEN:
            return f"goes out as {found.sent}"
        case _:
            return "is not let out"


def _reaches(sent: str, number: str) -> bool:
    """Whether it is the number, or the number without a trunk prefix in the way."""
    bare = sent.partition("@")[0]
    return bare == number or (number == "9911" and bare == number.removeprefix(_PREFIX))


def _goes_at(dialled: str, alternatives: tuple[_Alternative, ...], syntax: DialSyntax) -> bool:
    """Whether what was dialled so far goes out, so that no further key is waited for."""
    complete = [one for one in alternatives if _outputs(one, dialled)]
    if syntax is DialSyntax.DIGIT_MAP:
        return any(not one.waits for one in complete)
    if any(one.at_once for one in complete):
        return True
    if not dialled or not complete:
        return False
    return not any(_goes_on(one, dialled) for one in alternatives)


def _outputs(one: _Alternative, dialled: str) -> frozenset[str]:
    """What it sends for exactly these keys; nothing where it does not match them."""
    return _after(one, dialled).get(len(dialled), frozenset())


def _after(one: _Alternative, dialled: str) -> dict[int, frozenset[str]]:
    """How many keys all of its items can take, and what is sent then."""
    places: dict[int, frozenset[str]] = {0: frozenset({""})}
    for item in one.items:
        places = _step(item, places, dialled)
    return places


def _step(
    item: _Item, places: dict[int, frozenset[str]], dialled: str
) -> dict[int, frozenset[str]]:
    if not item.keys:
        return {at: frozenset(text + item.sends for text in sent) for at, sent in places.items()}
    found: dict[int, frozenset[str]] = dict(places) if item.many else {}
    for start in sorted(places):
        sent = places[start]
        for at in range(start, len(dialled) if item.many else min(start + 1, len(dialled))):
            if dialled[at] not in item.keys:
                break
            sent = frozenset(text + (dialled[at] if item.echoes else "") for text in sent)
            found[at + 1] = found.get(at + 1, frozenset()) | sent
    return found


def _goes_on(one: _Alternative, dialled: str) -> bool:
    """Whether another key could follow."""
    for index, item in enumerate(one.items):
        if not item.keys:
            continue
        before = replace(one, items=one.items[:index])
        if item.many:
            before = replace(one, items=one.items[: index + 1])
        if len(dialled) in _after(before, dialled):
            return True
    return False


def _read(plan: str, syntax: DialSyntax) -> tuple[_Alternative, ...]:
    text = plan.strip()
    if syntax is DialSyntax.SEQUENCES:
        begin, end = text.find("("), text.rfind(")")
        if begin < 0 or end < begin:
            raise _unread(text, "no alternatives stand in ( and )")
        text = text[begin + 1 : end]
    elif syntax is DialSyntax.BRACES:
        text = text.removeprefix("{").removesuffix("}")
    parts = [part.strip() for part in text.split("|")]
    return tuple([_Reader(part, syntax).read() for part in parts if part])


class _Reader:
    """Reads one alternative."""

    def __init__(self, text: str, syntax: DialSyntax) -> None:
        self._text = text
        self._syntax = syntax
        self._at = 0
        self._items: list[_Item] = []
        self._flags = {"at_once": False, "waits": False, "rejects": False}

    def read(self) -> _Alternative:
        if self._syntax is DialSyntax.BRACES and self._text.startswith("^"):
            self._flags["rejects"] = True
            self._at = 1
        while self._at < len(self._text):
            self._items += self._next()
        return _Alternative(items=tuple(self._items), **self._flags)

    def _next(self) -> Iterator[_Item]:
        letter = self._take()
        if letter in _KEYS:
            yield _Item(keys=frozenset(letter))
        elif letter in "xX":
            yield _Item(keys=_DIGITS)
        elif letter == "[":
            yield _Item(keys=self._range())
        elif letter in ".+" and self._items and self._items[-1].keys:
            yield from self._repeated(letter)
        elif letter == "+" or (letter == "\\" and self._peek() == "+"):
            self._at += letter == "\\"
            yield _Item(keys=frozenset("+"))
        elif letter == "<":
            yield from self._substitution(":" if self._syntax is DialSyntax.SEQUENCES else "=")
        else:
            yield from self._mark(letter)

    def _repeated(self, letter: str) -> Iterator[_Item]:
        """`.` is any number of what stood before, none too; `+` in braces at least one."""
        last = self._items[-1]
        if letter == ".":
            self._items[-1] = replace(last, many=True)
        elif self._syntax is DialSyntax.BRACES:
            yield replace(last, many=True)
        else:
            yield _Item(keys=frozenset("+"))

    def _mark(self, letter: str) -> Iterator[_Item]:
        """Signs that take no key: tones, timers, rejection, replacement."""
        sequences = self._syntax is DialSyntax.SEQUENCES
        if letter in ", -" or letter.isspace():
            return
        if letter in "Tt" and not sequences:
            self._flags["waits"] = True
        elif letter in "SsPp" and sequences:
            seconds = self._digits()
            self._flags["at_once"] |= seconds == "0"
            if letter in "Pp" and seconds != "0":  # a call by itself, long after
                yield _Item(keys=frozenset("\0"))
        elif letter == "!" and sequences:
            self._flags["rejects"] = True
        elif letter in "Rr" and self._syntax is DialSyntax.DIGIT_MAP:
            yield from self._replacement()
        else:
            raise _unread(self._text, f"{letter!r} is no sign that we know")

    def _range(self) -> frozenset[str]:
        end = self._text.find("]", self._at)
        if end < 0:
            raise _unread(self._text, "a [ has no ]")
        inside, self._at = self._text[self._at : end], end + 1
        keys: set[str] = set()
        index = 0
        while index < len(inside):
            first = inside[index]
            last = inside[index + 2] if inside[index + 1 : index + 2] == "-" else ""
            if last in _DIGITS and first in _DIGITS:
                keys |= {str(digit) for digit in range(int(first), int(last) + 1)}
                index += 3
                continue
            if first in "xX":
                keys |= _DIGITS
            elif first in _KEYS or first in "+ABCD":
                keys.add(first)
            elif first not in ", -":
                raise _unread(self._text, f"{first!r} stands between [ and ]")
            index += 1
        if not keys:
            raise _unread(self._text, "nothing stands between [ and ]")
        return frozenset(keys)

    def _substitution(self, sign: str) -> Iterator[_Item]:
        end = self._text.find(">", self._at)
        if end < 0:
            raise _unread(self._text, "a < has no >")
        inside, self._at = self._text[self._at : end], end + 1
        taken, there, sends = inside.partition(sign)
        if not there:
            taken, sends = inside, inside
        yield _Item(sends=sends.strip())
        for item in _Reader(taken.strip(), self._syntax).read().items:
            yield replace(item, echoes=False)

    def _replacement(self) -> Iterator[_Item]:
        """`R9R1R`: 9 is dialled, 1 goes out."""
        rest = self._text[self._at :]
        parts = rest.upper().split("R", 2)
        if len(parts) < 3:
            raise _unread(self._text, "a replacement is RaRbR")
        taken, sends, _ = parts
        self._at += len(taken) + len(sends) + 2
        yield _Item(sends=sends)
        for item in _Reader(taken, self._syntax).read().items:
            yield replace(item, echoes=False)

    def _digits(self) -> str:
        begin = self._at
        while self._peek() in _DIGITS:
            self._at += 1
        return self._text[begin : self._at] or "0"

    def _take(self) -> str:
        self._at += 1
        return self._text[self._at - 1]

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1] or " "


def _unread(text: str, why: str) -> Rejected:
    return Rejected("plan", f"{text[:60]!r}: {why}.", "Correct it, and try the numbers by hand.")
