"""How does a command name many records to change at once, and what does it say of them?"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from provisiond.cli_output import emit, findings, say, table, warn
from provisiond.cli_session import Session

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany

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
