"""What does an edit, as people type it, make of a directory? `Reception=100`."""

from dataclasses import dataclass, replace

from provisiond.actions.typed_edits import Attempts
from provisiond.inventory.directory import Directory, DirectoryEntry
from provisiond.inventory.errors import Rejected

_Entries = tuple[DirectoryEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryEdit:
    """An edit: `empty` takes all entries away, then `without` those of these names; `entries` are
    `NAME=NUMBER`, in place of the one of that name, else at the end."""

    name: str | None = None
    entries: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    empty: bool = False


def edited_directory(directory: Directory, edit: DirectoryEdit) -> Directory:
    """The directory after the edit. Raises RejectedAll with everything that cannot be read."""
    attempts = Attempts()
    entries: _Entries = () if edit.empty else directory.entries
    for name in edit.without:
        entries = attempts.read(entries, _without, name, entries)
    for text in edit.entries:
        entries = attempts.read(entries, _with, text, entries)
    attempts.finish()
    name = edit.name if edit.name is not None else directory.name
    return replace(directory, name=name, entries=entries)


def _without(name: str, entries: _Entries) -> _Entries:
    left = tuple(entry for entry in entries if entry.name != name)
    if len(left) == len(entries):
        raise Rejected("no-entry", f"there is no entry {name!r}.", "Names are told apart by case.")
    return left


def _with(text: str, entries: _Entries) -> _Entries:
    name, sign, number = (part.strip() for part in text.rpartition("="))
    if not sign or not name:
        raise Rejected("entry", f"{text!r} has no = in it.", "Write it as Reception=100.")
    new = DirectoryEntry(name=name, number=number)
    if any(entry.name == name for entry in entries):
        return tuple(new if entry.name == name else entry for entry in entries)
    return (*entries, new)
