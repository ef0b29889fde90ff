"""Whom can a phone look up? Named directories; `company` also holds the domain's users."""

from dataclasses import dataclass

COMPANY = "company"
"""The directory made of the domain's visible users and its own entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEntry:
    """A name and a number as it is dialled."""

    name: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """A named list of entries, in the order in which they were given."""

    name: str
    entries: tuple[DirectoryEntry, ...] = ()
    revision: int = 0
