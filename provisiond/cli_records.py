"""What do commands for records of the inventory share? The open store, dry runs, what was saved."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from provisiond.cli_output import emit, findings, say
from provisiond.cli_session import Session, become_owner, run
from provisiond.inventory.errors import Refused

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.catalog.shelf import Shelf
    from provisiond.inventory.lists import Page
    from provisiond.store.database import Database

_T = TypeVar("_T")

DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Find everything, change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Search = Annotated[
    str, typer.Option("--search", "-s", metavar="TEXT", help="Only those that hold this text.")
]
EmergencyAddress = Annotated[
    str | None,
    typer.Option("--emergency-address", metavar="NAME", help='"" takes what is handed down.'),
]
Descending = Annotated[bool, typer.Option("--descending", help="The other way round.")]
Ascending = Annotated[bool, typer.Option("--ascending", help="The oldest first.")]


def ask(
    session: Session, work: Callable[["Database"], Awaitable[_T]], *, rehearsed: bool = False
) -> _T:
    """Do something with the open store; what is rehearsed is undone at its end."""
    settings = session.settings()
    become_owner(settings.data_dir)

    async def inside() -> _T:
        async with session.store(settings, rehearsed=rehearsed) as database:
            return await work(database)

    return run(inside())


def ask_with_shelf(
    session: Session,
    work: Callable[["Database", "Shelf"], Awaitable[_T]],
    *,
    rehearsed: bool = False,
) -> _T:
    """Do something with the open store and the catalogue, as `ask`."""
    settings = session.settings()
    become_owner(settings.data_dir)
    shelf = session.models(settings)

    async def inside() -> _T:
        async with session.store(settings, rehearsed=rehearsed) as database:
            return await work(database, shelf)

    return run(inside())


async def every(page_after: Callable[[tuple[str, ...]], Awaitable["Page[_T]"]]) -> list[_T]:
    """All rows of a list, page by page."""
    found: list[_T] = []
    after: tuple[str, ...] = ()
    while True:
        page = await page_after(after)
        found += page.rows
        after = page.after
        if not after:
            return found


def tell_saved(
    session: Session,
    saved: "Saved[Any]",
    tree: Mapping[str, Any],
    *,
    noun: str,
    key: object,
    done: str,
    dry_run: bool,
) -> None:
    """Say what became of a record; `done` is `added`, `saved` or another such word."""
    if session.as_json:
        record = {"domain": saved.domain, **tree, "revision": saved.record.revision}
        emit(
            {
                noun.replace(" ", "_").lower(): record,
                "changed": saved.changed,
                "dry_run": dry_run,
                "warnings": saved.warnings,
            }
        )
        return
    findings(saved.warnings)
    if not saved.changed:
        say(f"nothing to change in {noun} {key}.")
    elif dry_run:
        say(f"{noun} {key} would be {done}: this was a dry run.")
    else:
        say(f"{done} {noun} {key}.")


def tell_deleted(
    session: Session, domain: str | None, noun: str, key: object, *, dry_run: bool
) -> None:
    """Say that a record is gone."""
    if session.as_json:
        emit({"deleted": str(key), "domain": domain, "dry_run": dry_run})
    elif dry_run:
        say(f"{noun} {key} would be deleted: this was a dry run.")
    else:
        say(f"deleted {noun} {key}.")


def confirm(session: Session, question: str, *, yes: bool, dry_run: bool) -> None:
    """Ask before something is taken away. Raises Refused where the answer is no."""
    if yes or dry_run or session.as_json:
        return
    if not typer.confirm(question, err=True):
        raise Refused("nothing was changed.")


def texts(given: Sequence[str] | None) -> tuple[str, ...] | None:
    """A repeated option: None where it was not given."""
    return tuple(given) if given else None
