"""Who needs it? What is told before something that others refer to is taken away."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place where something is used: a `noun` (phone, number, …) with its natural key."""

    noun: str
    key: str

    def __str__(self) -> str:
        """`number +18005550100`."""
        return f"{self.noun} {self.key}"


def told(uses: Sequence[Use], most: int = 6) -> str:
    """The uses in words, those beyond `most` as a count."""
    shown = ", ".join(str(use) for use in uses[:most])
    return shown + (f" and {len(uses) - most} more" if len(uses) > most else "")
