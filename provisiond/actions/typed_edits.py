"""What do the texts of an edit say? Shared by what is typed at a prompt and by tables."""

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import TypeVar

from provisiond.inventory.errors import Finding, Rejected, RejectedAll

_E = TypeVar("_E", bound=Enum)
_T = TypeVar("_T")

_YES = ("yes", "y", "true", "1", "on", "x")
_NO = ("no", "n", "false", "0", "off", "")


class Attempts:
    """Reads one text after the other, and keeps what cannot be read until all were tried."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def read(self, otherwise: _T, work: Callable[..., _T], *given: object) -> _T:
        """What the work makes of what was given; where it raises Rejected, the other value."""
        try:
            return work(*given)
        except Rejected as fault:
            found = Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
            self.findings.append(found)
            return otherwise

    def finish(self) -> None:
        """Raise RejectedAll where something could not be read."""
        if self.findings:
            count = len(self.findings)
            raise RejectedAll(tuple(self.findings), f"{count} fault(s); nothing was changed.")


def choice(kind: type[_E], written: str, field: str) -> _E:
    """The member of an enum that a text names; blanks and dashes are forgiven. Raises
    Rejected(field)."""
    text = written.strip().lower().replace("-", "_").replace(" ", "_")
    for member in kind:
        if member.value == text:
            return member
    there = ", ".join(str(member.value) for member in kind)
    raise Rejected(field, f"{written!r} is none of its values.", f"There are {there}.")


def day(written: str, field: str) -> date:
    """A day as ISO 8601 has it. Raises Rejected(field)."""
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        raise Rejected(field, f"{written!r} is no day.", "Write it as 2026-12-24.") from None


def yes_or_no(written: str, field: str) -> bool:
    """A yes or no, as tables write them. Raises Rejected(field)."""
    text = written.strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise Rejected(field, f"{written!r} is neither yes nor no.", "Write yes or no.")
