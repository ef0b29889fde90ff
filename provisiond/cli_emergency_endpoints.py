"""How are emergency endpoints kept at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_emergency_records import CallerName, ask_desk
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
from provisiond.cli_telephones import NumberArgument, new_number
from provisiond.inventory.lists import EndpointOrder

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.actions.emergency_checks import AddressDesk
    from provisiond.actions.emergency_endpoints import EndpointView
    from provisiond.inventory.emergency import EmergencyEndpoint
    from provisiond.store.database import Database

app = typer.Typer(help="The emergency endpoints of the inventory.", no_args_is_help=True)

Address = Annotated[
    str | None, typer.Option("--address", help="The emergency address that it stands for.")
]
Location = Annotated[
    str | None, typer.Option("--location", help="Where in words: second floor, room 203.")
]
Site = Annotated[
    str | None, typer.Option("--site", help='The site whose one endpoint it is; "" for none.')
]


@app.command("list")
def list_endpoints(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[
        EndpointOrder, typer.Option("--sort", help="What to sort by.")
    ] = EndpointOrder.NUMBER,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List emergency endpoints with their address and how many users send their number."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "list[EndpointView]":
        from provisiond.actions.emergency_endpoints import list_domain_endpoints
        from provisiond.inventory.lists import MOST_ROWS, EndpointQuery

        name = await one_domain(database, domain)
        query = EndpointQuery(text=search, order=sort, descending=descending, limit=MOST_ROWS)
        return await every(
            lambda after: list_domain_endpoints(
                database, desk.terms, name, replace(query, after=after), now()
            )
        )

    views = ask_desk(session, work)
    if session.as_json:
        emit([_tree(view) for view in views])
        return
    table(
        ("number", "address", "place", "site", "status", "users"),
        [
            (
                view.endpoint.number.national,
                view.endpoint.address,
                view.address.civic.line,
                view.endpoint.site,
                view.status.words,
                view.users,
            )
            for view in views
        ],
    )


@app.command("show")
def show(
    context: typer.Context,
    number: NumberArgument,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one emergency endpoint, and whose caller ID it is."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "EndpointView":
        from provisiond.actions.emergency_endpoints import show_endpoint

        home, meant = await new_number(database, domain, number)
        return await show_endpoint(database, desk.terms, home, meant, now())

    view = ask_desk(session, work)
    if session.as_json:
        emit(_tree(view))
        return
    endpoint = view.endpoint
    pairs(
        [
            ("number", f"{endpoint.number}, {endpoint.number.national}"),
            ("domain", view.domain),
            ("address", f"{endpoint.address}: {view.address.civic.line}"),
            ("location", endpoint.location),
            ("caller name", endpoint.caller_name),
            ("site", endpoint.site),
            ("status", view.status.words),
            ("caller ID of", [str(use) for use in view.uses or ()]),
        ]
    )


@app.command("add")
def add(
    context: typer.Context,
    number: NumberArgument,
    address: Annotated[
        str, typer.Option("--address", help="The emergency address that it stands for.")
    ],
    caller_name: CallerName = None,
    location: Location = None,
    site: Site = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add an emergency endpoint: a callback number and an address that was validated."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "Saved[EmergencyEndpoint]":
        from provisiond.actions.emergency_endpoints import AddEndpoint, add_endpoint
        from provisiond.inventory.emergency import EmergencyEndpoint

        home, meant = await new_number(database, domain, number)
        record = EmergencyEndpoint(
            number=meant,
            address=address,
            caller_name=caller_name or "",
            location=location or "",
            site=site or None,
        )
        command = AddEndpoint(domain=home, endpoint=record, dry_run=dry_run)
        return await add_endpoint(database, desk.terms, session.actor, command, now())

    _told(session, ask_desk(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    number: NumberArgument,
    address: Address = None,
    caller_name: CallerName = None,
    location: Location = None,
    site: Site = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change an emergency endpoint; what is not named stays, and "" clears a field."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "Saved[EmergencyEndpoint]":
        from provisiond.actions.emergency_endpoints import (
            ChangeEndpoint,
            change_endpoint,
            show_endpoint,
        )

        home, meant = await new_number(database, domain, number)
        stood = (await show_endpoint(database, desk.terms, home, meant, now())).endpoint
        record = replace(
            stood,
            address=address if address is not None else stood.address,
            caller_name=caller_name if caller_name is not None else stood.caller_name,
            location=location if location is not None else stood.location,
            site=(site or None) if site is not None else stood.site,
        )
        command = ChangeEndpoint(domain=home, endpoint=record, dry_run=dry_run)
        return await change_endpoint(database, desk.terms, session.actor, command, now())

    _told(session, ask_desk(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    number: NumberArgument,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete an emergency endpoint that is nobody's caller ID."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the emergency endpoint {number}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> tuple[str, str]:
        from provisiond.actions.emergency_endpoints import DeleteEndpoint, delete_endpoint

        home, meant = await new_number(database, domain, number)
        command = DeleteEndpoint(domain=home, number=meant, dry_run=dry_run)
        await delete_endpoint(database, session.actor, command, now())
        return home, meant.text

    home, gone = ask(session, work)
    tell_deleted(session, home, "emergency endpoint", gone, dry_run=dry_run)


def _tree(view: "EndpointView") -> dict[str, Any]:
    from provisiond.actions.emergency_trees import endpoint_tree

    return {
        "domain": view.domain,
        **endpoint_tree(view.endpoint),
        "line": view.address.civic.line,
        "level": view.status.level,
        "standing": view.status.standing,
        "status": view.status.words,
        "users": view.users,
        **({"uses": [str(use) for use in view.uses]} if view.uses is not None else {}),
        "revision": view.endpoint.revision,
    }


def _told(session: Session, saved: "Saved[EmergencyEndpoint]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.emergency_trees import endpoint_tree

    tell_saved(
        session,
        saved,
        endpoint_tree(saved.record),
        noun="emergency endpoint",
        key=saved.record.number,
        done=done,
        dry_run=dry_run,
    )
