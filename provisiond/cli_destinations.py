"""How are conferences, call queues, attendants, fax servers and trunks kept at a prompt?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, pairs, table
from provisiond.cli_records import (
    Descending,
    DryRun,
    Search,
    Yes,
    ask,
    confirm,
    every,
    tell_deleted,
    tell_saved,
)
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    now,
    one_domain,
    session_of,
)
from provisiond.inventory.destinations import Destination, DestinationKind
from provisiond.inventory.lists import DestinationOrder

if TYPE_CHECKING:
    from provisiond.actions.destinations import DestinationView
    from provisiond.actions.edits import Saved
    from provisiond.store.database import Database

app = typer.Typer(help="Where calls can go beside people.", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(metavar="EXT", help="The destination's extension.")]
Name = Annotated[str | None, typer.Option("--name", help="What people call it.")]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="Whether callers meet something there.")
]


@app.command("list")
def list_destinations(
    context: typer.Context,
    search: Search = "",
    kind: Annotated[
        DestinationKind | None, typer.Option("--kind", help="Only those of one kind.")
    ] = None,
    sort: Annotated[
        DestinationOrder, typer.Option("--sort", help="What to sort by.")
    ] = DestinationOrder.EXTENSION,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the call destinations of a domain."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> list[Destination]:
        from provisiond.actions.destinations import list_domain_destinations
        from provisiond.inventory.lists import MOST_ROWS, DestinationQuery

        name = await one_domain(database, domain)
        return await every(
            lambda after: list_domain_destinations(
                database,
                name,
                DestinationQuery(
                    text=search,
                    kind=kind,
                    order=sort,
                    descending=descending,
                    after=after,
                    limit=MOST_ROWS,
                ),
            )
        )

    found = ask(session, work)
    if session.as_json:
        emit([_tree(one) for one in found])
        return
    rows = [(one.extension, one.kind.value, one.name, one.enabled) for one in found]
    table(("extension", "kind", "name", "enabled"), rows)


@app.command("show")
def show(
    context: typer.Context,
    extension: Extension,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one destination, and the numbers that lead there."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "DestinationView":
        from provisiond.actions.destinations import show_destination

        return await show_destination(database, await one_domain(database, domain), extension)

    view = ask(session, work)
    uses = [str(use) for use in view.uses]
    if session.as_json:
        emit({"domain": view.domain, **_tree(view.destination), "uses": uses})
        return
    one = view.destination
    pairs(
        [
            ("extension", one.extension),
            ("kind", one.kind.value),
            ("name", one.name),
            ("domain", view.domain),
            ("enabled", one.enabled),
            ("used by", uses),
        ]
    )


@app.command("add")
def add(
    context: typer.Context,
    extension: Extension,
    kind: Annotated[DestinationKind, typer.Option("--kind", help="What stands there.")],
    name: Name = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a call destination."""
    session = session_of(context, config, as_json)
    record = Destination(
        kind=kind,
        extension=extension,
        name=name or "",
        enabled=enabled if enabled is not None else True,
    )

    async def work(database: "Database") -> "Saved[Destination]":
        from provisiond.actions.destinations import AddDestination, add_destination

        home = await one_domain(database, domain)
        command = AddDestination(domain=home, destination=record, dry_run=dry_run)
        return await add_destination(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    extension: Extension,
    new_extension: Annotated[
        str | None,
        typer.Option("--extension", metavar="EXT", help="Another extension; numbers follow."),
    ] = None,
    kind: Annotated[
        DestinationKind | None, typer.Option("--kind", help="Only while no number leads there.")
    ] = None,
    name: Name = None,
    enabled: Enabled = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a call destination; what is not named stays."""
    session = session_of(context, config, as_json)
    given = {"extension": new_extension, "kind": kind, "name": name, "enabled": enabled}
    changes: dict[str, Any] = {key: value for key, value in given.items() if value is not None}

    async def work(database: "Database") -> "Saved[Destination]":
        from dataclasses import replace

        from provisiond.actions.destinations import (
            ChangeDestination,
            change_destination,
            show_destination,
        )

        home = await one_domain(database, domain)
        stood = (await show_destination(database, home, extension)).destination
        command = ChangeDestination(
            domain=home,
            extension=extension,
            destination=replace(stood, **changes),
            dry_run=dry_run,
        )
        return await change_destination(database, session.actor, command, now())

    _told(session, ask(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    extension: Extension,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a call destination that no number leads to."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the destination {extension}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.destinations import DeleteDestination, delete_destination

        home = await one_domain(database, domain)
        command = DeleteDestination(domain=home, extension=extension, dry_run=dry_run)
        await delete_destination(database, session.actor, command, now())
        return home

    home = ask(session, work)
    tell_deleted(session, home, "destination", extension, dry_run=dry_run)


def _tree(one: Destination) -> dict[str, Any]:
    from provisiond.actions.number_trees import destination_tree

    return {**destination_tree(one), "revision": one.revision}


def _told(session: Session, saved: "Saved[Destination]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.number_trees import destination_tree

    tell_saved(
        session,
        saved,
        destination_tree(saved.record),
        noun="destination",
        key=saved.record.extension,
        done=done,
        dry_run=dry_run,
    )
