"""What did a look at one thing give? A note: well, not quite, or not at all, and the remedy."""

from dataclasses import dataclass

WELL = "ok"
WARNING = "warning"
FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that was looked at. `state` is ok, warning or fault; `remedy` says what to do."""

    check: str
    state: str
    message: str
    remedy: str = ""


def well(check: str, message: str) -> Note:
    """It is as it should be."""
    return Note(check=check, state=WELL, message=message)


def warning(check: str, message: str, remedy: str) -> Note:
    """Phones are served, and something will hurt one day."""
    return Note(check=check, state=WARNING, message=message, remedy=remedy)


def fault(check: str, message: str, remedy: str) -> Note:
    """Phones are not served, or not as they should be."""
    return Note(check=check, state=FAULT, message=message, remedy=remedy)
