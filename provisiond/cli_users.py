"""How are users kept at a prompt?"""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_many import change_of, several, tell_changed
from provisiond.cli_output import emit, pairs, table
from provisiond.cli_records import (
    Descending,
    DryRun,
    EmergencyAddress,
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
from provisiond.inventory.lists import UserOrder
from provisiond.inventory.people import User
from provisiond.inventory.secret import Secret

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany
    from provisiond.actions.edits import Saved
    from provisiond.actions.users import UserView
    from provisiond.store.database import Database

app = typer.Typer(help="The users of the inventory.", no_args_is_help=True)

Extension = Annotated[str, typer.Argument(metavar="EXT", help="The user's extension.")]
First = Annotated[str | None, typer.Option("--first-name", help="First name.")]
Last = Annotated[str | None, typer.Option("--last-name", help="Last name.")]
SipUser = Annotated[
    str | None, typer.Option("--sip-user", help="Where it differs from the extension.")
]
AuthUser = Annotated[
    str | None, typer.Option("--sip-auth-user", help="Where it differs from the extension.")
]
PasswordInput = Annotated[
    bool,
    typer.Option("--sip-password-stdin", help="Read the SIP password from standard input."),
]
Site = Annotated[str | None, typer.Option("--site", help='Site; "" for none.')]
InDirectory = Annotated[
    bool | None,
    typer.Option("--in-directory/--hidden", help="Whether the company directory shows the user."),
]

_OF_ONE = (
    *("new_extension", "first_name", "last_name", "sip_user", "sip_auth_user"),
    "sip_password_stdin",
)


@app.command("list")
def list_users(
    context: typer.Context,
    search: Search = "",
    site: Annotated[str | None, typer.Option("--site", help="Only those at this site.")] = None,
    sort: Annotated[
        UserOrder, typer.Option("--sort", help="What to sort by.")
    ] = UserOrder.EXTENSION,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the users of a domain."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> list[User]:
        from provisiond.actions.users import list_domain_users
        from provisiond.inventory.lists import MOST_ROWS, UserQuery

        name = await one_domain(database, domain)
        return await every(
            lambda after: list_domain_users(
                database,
                name,
                UserQuery(
                    text=search,
                    site=site,
                    order=sort,
                    descending=descending,
                    after=after,
                    limit=MOST_ROWS,
                ),
            )
        )

    found = ask(session, work)
    if session.as_json:
        emit([_tree(user) for user in found])
        return
    rows = [(u.extension, u.first_name, u.last_name, u.site, u.in_directory) for u in found]
    table(("extension", "first name", "last name", "site", "in directory"), rows)


@app.command("show")
def show(
    context: typer.Context,
    extension: Extension,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one user, and the phones and numbers that are the user's."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "UserView":
        from provisiond.actions.users import show_user

        return await show_user(database, await one_domain(database, domain), extension)

    view = ask(session, work)
    uses = [str(use) for use in view.uses]
    if session.as_json:
        emit({"domain": view.domain, **_tree(view.user), "uses": uses})
        return
    user = view.user
    pairs(
        [
            ("extension", user.extension),
            ("name", user.display_name),
            ("domain", view.domain),
            ("site", user.site),
            ("SIP user", user.sip_user),
            ("SIP auth user", user.sip_auth_user),
            ("SIP password", user.sip_password or "none"),
            ("in directory", user.in_directory),
            ("emergency address", user.emergency_address),
            ("emergency caller ID", user.emergency_caller_id),
            ("has", uses),
        ]
    )


@app.command("add")
def add(
    context: typer.Context,
    extension: Extension,
    first_name: First = None,
    last_name: Last = None,
    sip_user: SipUser = None,
    sip_auth_user: AuthUser = None,
    sip_password_stdin: PasswordInput = False,
    site: Site = None,
    emergency_address: EmergencyAddress = None,
    in_directory: InDirectory = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a user. Without a SIP password one is made, which the registrar must learn."""
    session = session_of(context, config, as_json)
    from dataclasses import replace

    record = replace(User(extension=extension), **_changes(context.params))

    async def work(database: "Database") -> "Saved[User]":
        from provisiond.actions.users import AddUser, add_user

        home = await one_domain(database, domain)
        command = AddUser(domain=home, user=record, dry_run=dry_run)
        return await add_user(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    extensions: Annotated[
        list[str],
        typer.Argument(metavar="EXT...", help="The extension; - reads many from standard input."),
    ],
    new_extension: Annotated[
        str | None,
        typer.Option(
            "--extension", metavar="EXT", help="Another extension; lines and numbers follow."
        ),
    ] = None,
    first_name: First = None,
    last_name: Last = None,
    sip_user: SipUser = None,
    sip_auth_user: AuthUser = None,
    sip_password_stdin: PasswordInput = False,
    site: Site = None,
    emergency_address: EmergencyAddress = None,
    in_directory: InDirectory = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a user, or many, all or none; what is not named stays, and "" clears a field."""
    session = session_of(context, config, as_json)
    many = several(extensions, context.params, _OF_ONE)
    changes = _changes(context.params)
    if many:
        _edit_many(session, domain, many, changes, dry_run)
        return
    extension = extensions[0]
    if new_extension is not None:
        changes["extension"] = new_extension

    async def work(database: "Database") -> "Saved[User]":
        from dataclasses import replace

        from provisiond.actions.users import ChangeUser, change_user, show_user

        home = await one_domain(database, domain)
        stood = (await show_user(database, home, extension)).user
        command = ChangeUser(
            domain=home, extension=extension, user=replace(stood, **changes), dry_run=dry_run
        )
        return await change_user(database, session.actor, command, now())

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
    """Delete a user whom no phone or number has."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the user {extension}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.users import DeleteUser, delete_user

        home = await one_domain(database, domain)
        command = DeleteUser(domain=home, extension=extension, dry_run=dry_run)
        await delete_user(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "user", extension, dry_run=dry_run)


def _edit_many(
    session: Session,
    domain: str | None,
    extensions: Sequence[str],
    changes: Mapping[str, Any],
    dry_run: bool,
) -> None:
    async def work(database: "Database") -> "ChangedMany":
        from dataclasses import replace

        from provisiond.actions.users import change_users

        def edit(user: "User") -> "User":
            return replace(user, **changes)

        home = await one_domain(database, domain)
        command = change_of(home, extensions, edit, dry_run=dry_run)
        return await change_users(database, session.actor, command, now())

    tell_changed(session, ask(session, work), "user", dry_run=dry_run)


def _changes(given: dict[str, Any]) -> dict[str, Any]:
    names = ("first_name", "last_name", "sip_user", "sip_auth_user", "in_directory")
    changes = {name: given[name] for name in names if given[name] is not None}
    for name in ("site", "emergency_address"):
        if given[name] is not None:
            changes[name] = given[name] or None
    if given["sip_password_stdin"]:
        changes["sip_password"] = Secret(sys.stdin.readline().rstrip("\r\n"))
    return changes


def _tree(user: User) -> dict[str, Any]:
    from provisiond.actions.inventory_write import user_tree

    return {**user_tree(user), "revision": user.revision}


def _told(session: Session, saved: "Saved[User]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.inventory_write import user_tree

    tell_saved(
        session,
        saved,
        user_tree(saved.record),
        noun="user",
        key=saved.record.extension,
        done=done,
        dry_run=dry_run,
    )
