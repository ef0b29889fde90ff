"""What alternatives does a dial plan hold? A reader of each syntax.

`sequences`: `(911S0|<9:>xxxxxxx|[2-9]xxx!)`, alternatives in brackets with timers, substitutions
and rejection. `digit_map`: RFC 3435 §2.1.5, `911|[2-9]xxx.T`, with `RaRbR` for a replacement; an
alternative without T is sent at once. `braces`: `{ 911 | x+ | ^1900x+ | <2=011>x+ }`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from provisiond.inventory.errors import Rejected

MAX_PLAN = 4096
"""Characters of a plan that are read; what phones keep is shorter."""

_DIGITS = frozenset("0123456789")
_KEYS = _DIGITS | {"*", "#"}


class DialSyntax(Enum):
    """How a plan is written; values are the manifests' spelling."""

    SEQUENCES = "sequences"
    DIGIT_MAP = "digit_map"
    BRACES = "braces"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One place of an alternative: which keys it takes, whether any number of times, and what goes
    out. No keys: it takes none and sends `sends`."""

    keys: frozenset[str] = frozenset()
    many: bool = False
    echoes: bool = True
    sends: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One way to dial: its items in order, whether it goes out at once, waits for a pause even
    where nothing longer follows, or is never let out."""

    items: tuple[Item, ...]
    at_once: bool = False
    waits: bool = False
    rejects: bool = False


def read_plan(plan: str, syntax: DialSyntax) -> tuple[Alternative, ...]:
    """The plan's alternatives. Raises Rejected(plan) for one that cannot be read, and for one
    longer than MAX_PLAN."""
    text = plan.strip()
    if len(text) > MAX_PLAN:
        raise _unread(text, f"it is longer than {MAX_PLAN} characters")
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
        self._items: list[Item] = []
        self._flags = {"at_once": False, "waits": False, "rejects": False}

    def read(self) -> Alternative:
        if self._syntax is DialSyntax.BRACES and self._text.startswith("^"):
            self._flags["rejects"] = True
            self._at = 1
        while self._at < len(self._text):
            self._items += self._next()
        return Alternative(items=tuple(self._items), **self._flags)

    def _next(self) -> Iterator[Item]:
        letter = self._take()
        if letter in _KEYS:
            yield Item(keys=frozenset(letter))
        elif letter in "xX":
            yield Item(keys=_DIGITS)
        elif letter == "[":
            yield Item(keys=self._range())
        elif letter in ".+" and self._items and self._items[-1].keys:
            yield from self._repeated(letter)
        elif letter == "+" or (letter == "\\" and self._peek() == "+"):
            self._at += letter == "\\"
            yield Item(keys=frozenset("+"))
        elif letter == "<":
            yield from self._substitution(":" if self._syntax is DialSyntax.SEQUENCES else "=")
        else:
            yield from self._mark(letter)

    def _repeated(self, letter: str) -> Iterator[Item]:
        """`.` is any number of what stood before, none too; `+` in braces at least one."""
        last = self._items[-1]
        if letter == ".":
            self._items[-1] = replace(last, many=True)
        elif self._syntax is DialSyntax.BRACES:
            yield replace(last, many=True)
        else:
            yield Item(keys=frozenset("+"))

    def _mark(self, letter: str) -> Iterator[Item]:
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
                yield Item(keys=frozenset("\0"))
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

    def _substitution(self, sign: str) -> Iterator[Item]:
        end = self._text.find(">", self._at)
        if end < 0:
            raise _unread(self._text, "a < has no >")
        inside, self._at = self._text[self._at : end], end + 1
        taken, there, sends = inside.partition(sign)
        if not there:
            taken, sends = inside, inside
        yield Item(sends=sends.strip())
        for item in _Reader(taken.strip(), self._syntax).read().items:
            yield replace(item, echoes=False)

    def _replacement(self) -> Iterator[Item]:
        """`R9R1R`: 9 is dialled, 1 goes out."""
        rest = self._text[self._at :]
        parts = rest.upper().split("R", 2)
        if len(parts) < 3:
            raise _unread(self._text, "a replacement is RaRbR")
        taken, sends, _ = parts
        self._at += len(taken) + len(sends) + 2
        yield Item(sends=sends)
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
