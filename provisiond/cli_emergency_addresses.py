"""How are emergency addresses kept at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_emergency_records import (
    CallerName,
    ask_desk,
    civic_of,
    with_civic,
)
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
from provisiond.inventory.lists import AddressOrder

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.actions.emergency_addresses import AddressView
    from provisiond.actions.emergency_checks import AddressDesk
    from provisiond.inventory.emergency import EmergencyAddress
    from provisiond.store.database import Database

app = typer.Typer(help="The emergency addresses of the inventory.", no_args_is_help=True)

AddressName = Annotated[str, typer.Argument(metavar="NAME", help="The emergency address.")]
ValidationId = Annotated[
    int | None,
    typer.Option("--validation", metavar="ID", help="Take the place accepted of this validation."),
]
MultiFloor = Annotated[
    bool | None,
    typer.Option("--multi-floor/--one-floor", help="Whether the building has several floors."),
]


@app.command("list")
def list_addresses(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[
        AddressOrder, typer.Option("--sort", help="What to sort by.")
    ] = AddressOrder.NAME,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List emergency addresses with how they stand and how many users have them."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "list[AddressView]":
        from provisiond.actions.emergency_addresses import list_domain_addresses
        from provisiond.inventory.lists import MOST_ROWS, AddressQuery

        name = await one_domain(database, domain)
        query = AddressQuery(text=search, order=sort, descending=descending, limit=MOST_ROWS)
        return await every(
            lambda after: list_domain_addresses(
                database, desk.terms, name, replace(query, after=after), now()
            )
        )

    views = ask_desk(session, work)
    if session.as_json:
        emit([_tree(view) for view in views])
        return
    table(
        ("name", "address", "status", "users", "default"),
        [
            (
                view.address.name,
                view.address.civic.line,
                view.status.words,
                view.associated.users,
                "of the domain" if view.address.is_default else "",
            )
            for view in views
        ],
    )


@app.command("show")
def show(
    context: typer.Context,
    name: AddressName,
    answer: Annotated[
        bool, typer.Option("--answer", help="What the provider answered, as it came.")
    ] = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one emergency address: how it stands, and who has it."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "tuple[AddressView, str]":
        from provisiond.actions.emergency_addresses import show_address
        from provisiond.actions.emergency_checks import raw_answer

        home = await one_domain(database, domain)
        view = await show_address(database, desk.terms, home, name, now())
        return view, await raw_answer(database, home, name) if answer else ""

    view, raw = ask_desk(session, work)
    if session.as_json:
        emit({**_tree(view), **({"answer": raw} if answer else {})})
        return
    address, civic = view.address, view.address.civic
    pairs(
        [
            ("name", address.name),
            ("domain", view.domain),
            ("address", civic.line),
            ("location", civic.location),
            ("caller name", address.caller_name),
            ("status", view.status.words),
            ("several floors", "yes" if address.multi_floor else ""),
            ("default of the domain", "yes" if address.is_default else ""),
            ("users", f"{view.associated.users}, {view.associated.own_users} by their own record"),
            ("named by", [str(use) for use in view.uses or ()]),
            ("answer", raw),
        ]
    )


@app.command("add")
@with_civic
def add(
    context: typer.Context,
    name: AddressName,
    validation: ValidationId = None,
    caller_name: CallerName = None,
    multi_floor: MultiFloor = None,
    default: Annotated[
        bool, typer.Option("--default", help="It holds where nothing nearer is set.")
    ] = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add an emergency address that was validated and accepted.

    `--validation` takes the accepted place as it is; parts that are named must be its own.
    """
    session = session_of(context, config, as_json)
    given = dict(context.params)

    async def work(database: "Database", desk: "AddressDesk") -> "Saved[EmergencyAddress]":
        from provisiond.actions.emergency_addresses import AddAddress, add_address
        from provisiond.actions.emergency_checks import accepted_place
        from provisiond.inventory.emergency import EmergencyAddress

        home = await one_domain(database, domain)
        stood = None
        if validation is not None:
            stood = await accepted_place(database, home, validation)
        record = EmergencyAddress(
            name=name,
            civic=civic_of(given, stood),
            caller_name=caller_name or "",
            multi_floor=bool(multi_floor),
            is_default=default,
        )
        command = AddAddress(domain=home, address=record, dry_run=dry_run)
        return await add_address(database, desk, session.actor, command, now())

    _told(session, ask_desk(session, work), "added", dry_run=dry_run)


@app.command("edit")
@with_civic
def edit(
    context: typer.Context,
    name: AddressName,
    new_name: Annotated[
        str | None, typer.Option("--name", help="Another name; those who have it follow.")
    ] = None,
    validation: ValidationId = None,
    caller_name: CallerName = None,
    multi_floor: MultiFloor = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change an emergency address; another place must have been validated and accepted.

    What is not named stays, and "" clears a part.
    """
    session = session_of(context, config, as_json)
    given = dict(context.params)

    async def work(database: "Database", desk: "AddressDesk") -> "Saved[EmergencyAddress]":
        from provisiond.actions.emergency_addresses import (
            ChangeAddress,
            change_address,
            show_address,
        )
        from provisiond.actions.emergency_checks import accepted_place

        home = await one_domain(database, domain)
        stood = (await show_address(database, desk.terms, home, name, now())).address
        civic = stood.civic
        if validation is not None:
            civic = await accepted_place(database, home, validation)
        record = replace(
            stood,
            name=new_name if new_name is not None else stood.name,
            civic=civic_of(given, civic),
            caller_name=caller_name if caller_name is not None else stood.caller_name,
            multi_floor=multi_floor if multi_floor is not None else stood.multi_floor,
        )
        command = ChangeAddress(domain=home, name=name, address=record, dry_run=dry_run)
        return await change_address(database, desk, session.actor, command, now())

    _told(session, ask_desk(session, work), "saved", dry_run=dry_run)


@app.command("renew")
def renew(
    context: typer.Context,
    name: AddressName,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take over the newest accepted validation of an address, as after a re-check."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "Saved[EmergencyAddress]":
        from provisiond.actions.emergency_addresses import renew_address

        home = await one_domain(database, domain)
        return await renew_address(database, desk, session.actor, home, name, now())

    saved = ask_desk(session, work, rehearsed=dry_run)
    _told(session, saved, "renewed", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: AddressName,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete an emergency address that nobody names."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the emergency address {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.emergency_addresses import DeleteAddress, delete_address

        home = await one_domain(database, domain)
        command = DeleteAddress(domain=home, name=name, dry_run=dry_run)
        await delete_address(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "emergency address", name, dry_run=dry_run)


def _tree(view: "AddressView") -> dict[str, Any]:
    from provisiond.actions.emergency_trees import address_tree

    return {
        "domain": view.domain,
        **address_tree(view.address),
        "line": view.address.civic.line,
        "level": view.status.level,
        "standing": view.status.standing,
        "status": view.status.words,
        "associated": view.associated,
        **({"uses": [str(use) for use in view.uses]} if view.uses is not None else {}),
        "revision": view.address.revision,
    }


def _told(session: Session, saved: "Saved[EmergencyAddress]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.emergency_trees import address_tree

    tell_saved(
        session,
        saved,
        address_tree(saved.record),
        noun="emergency address",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
