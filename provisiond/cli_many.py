"""How does a command name many records to change at once, and what does it say of them?"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from provisiond.cli_output import emit, findings, say, table, warn
from provisiond.cli_session import Session

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany, ChangeMany, Revised

_Key = TypeVar("_Key")
_Record = TypeVar("_Record", bound="Revised")

FROM_INPUT = "-"
"""stands for keys on standard input, one a line"""


def several(
    written: Sequence[str], given: Mapping[str, Any] | None = None, of_one: Sequence[str] = ()
) -> tuple[str, ...]:
    """The keys of a command that names more than one, or `-` for those on standard input; empty
    where it names one. `of_one` are options, by their names in `given`, that many records cannot
    have in common: they were asked wrongly then, which ends with 2."""
    if len(written) == 1 and written[0] != FROM_INPUT:
        return ()
    for name in of_one:
        if given is not None and given.get(name) not in (None, False, (), []):
            option = f"--{name.removeprefix('new_').replace('_', '-')}"
            raise typer.BadParameter(f"{option} is of one alone; name one, or leave it out.")
    keys: list[str] = []
    for text in written:
        keys += sys.stdin.read().split("\n") if text == FROM_INPUT else [text]
    named = tuple(key.strip() for key in keys if key.strip())
    if not named:
        raise typer.BadParameter("standard input names nothing; give one a line.")
    return named


def change_of(
    domain: str, keys: Iterable[_Key], edit: Callable[[_Record], _Record], *, dry_run: bool
) -> "ChangeMany[_Key, _Record]":
    """The command that changes the records of these keys, each once, whatever their revision is."""
    from provisiond.actions.bulk_edits import ChangeMany, Wanted

    wanted = tuple(Wanted(key=key) for key in dict.fromkeys(keys))
    return ChangeMany(domain=domain, wanted=wanted, edit=edit, dry_run=dry_run)


def tell_changed(session: Session, done: "ChangedMany", noun: str, *, dry_run: bool) -> None:
    """Say what became of them."""
    changed = [one for one in done.records if one.before != one.after]
    if session.as_json:
        told = {"domain": done.domain, "dry_run": dry_run, "changed": len(changed)}
        emit({**told, "items": done.records, "untold": done.untold})
        return
    findings(
        [
            replace(warning, where=f"{one.key}.{warning.where}")
            for one in done.records
            for warning in one.warnings
        ]
    )
    if done.untold:
        warn(f"… and {done.untold} more warnings.")
    if changed:
        table((noun, "changes"), [(one.key, one.fields) for one in changed])
    count = f"{len(changed)} of {len(done.records)} {noun}s"
    say(f"{count} would be saved: this was a dry run." if dry_run else f"saved {count}.")
