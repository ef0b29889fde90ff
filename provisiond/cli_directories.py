"""How are directories kept at a prompt?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, table
from provisiond.cli_records import DryRun, Yes, ask, confirm, tell_deleted, tell_saved
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    now,
    one_domain,
    session_of,
)
from provisiond.inventory.directory import Directory

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.store.database import Database

app = typer.Typer(help="The directories that phones show.", no_args_is_help=True)

DirectoryName = Annotated[str, typer.Argument(metavar="NAME", help="The directory.")]
Entries = Annotated[
    list[str] | None,
    typer.Option(
        "--entry", metavar="NAME=NUMBER", help="An entry at the end; one of this name is replaced."
    ),
]


@app.command("list")
def list_directories(
    context: typer.Context,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the directories of a domain; `company` also shows its users."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> tuple[Directory, ...]:
        from provisiond.actions.directories import list_domain_directories

        return await list_domain_directories(database, await one_domain(database, domain))

    found = ask(session, work)
    if session.as_json:
        emit([_tree(directory) for directory in found])
        return
    table(("directory", "own entries"), [(one.name, len(one.entries)) for one in found])


@app.command("show")
def show(
    context: typer.Context,
    name: DirectoryName,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the entries of a directory, in their order."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> Directory:
        from provisiond.actions.directories import show_directory

        return await show_directory(database, await one_domain(database, domain), name)

    directory = ask(session, work)
    if session.as_json:
        emit(_tree(directory))
    else:
        table(("name", "number"), [(one.name, one.number) for one in directory.entries])


@app.command("add")
def add(
    context: typer.Context,
    name: DirectoryName,
    entry: Entries = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a directory."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "Saved[Directory]":
        from provisiond.actions.directories import AddDirectory, add_directory
        from provisiond.actions.directory_edits import DirectoryEdit, edited_directory

        home = await one_domain(database, domain)
        edit = DirectoryEdit(entries=tuple(entry or ()))
        record = edited_directory(Directory(name=name), edit)
        command = AddDirectory(domain=home, directory=record, dry_run=dry_run)
        return await add_directory(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: DirectoryName,
    new_name: Annotated[str | None, typer.Option("--name", help="Another name.")] = None,
    entry: Entries = None,
    no_entry: Annotated[
        list[str] | None,
        typer.Option("--no-entry", metavar="NAME", help="Take the entries of this name away."),
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="Take all entries away, then add those given.")
    ] = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a directory; a running daemon serves phones the change in a second."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "Saved[Directory]":
        from provisiond.actions.directories import (
            ChangeDirectory,
            change_directory,
            show_directory,
        )
        from provisiond.actions.directory_edits import DirectoryEdit, edited_directory

        home = await one_domain(database, domain)
        change = DirectoryEdit(
            name=new_name, entries=tuple(entry or ()), without=tuple(no_entry or ()), empty=empty
        )
        record = edited_directory(await show_directory(database, home, name), change)
        command = ChangeDirectory(domain=home, name=name, directory=record, dry_run=dry_run)
        return await change_directory(database, session.actor, command, now())

    _told(session, ask(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: DirectoryName,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a directory that no phone shows."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the directory {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.directories import DeleteDirectory, delete_directory

        home = await one_domain(database, domain)
        command = DeleteDirectory(domain=home, name=name, dry_run=dry_run)
        await delete_directory(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "directory", name, dry_run=dry_run)


def _tree(directory: Directory) -> dict[str, Any]:
    from provisiond.actions.inventory_write import directory_tree

    return {**directory_tree(directory), "revision": directory.revision}


def _told(session: Session, saved: "Saved[Directory]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.inventory_write import directory_tree

    tell_saved(
        session,
        saved,
        directory_tree(saved.record),
        noun="directory",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
