"""How are the people kept who may log in, at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, moment, say, table
from provisiond.cli_records import Descending, DryRun, Search, Yes, confirm, every
from provisiond.cli_session import Config, Json, Session, become_owner, now, run, session_of
from provisiond.inventory.access import Role
from provisiond.inventory.accounts import LINK_HOURS, Account
from provisiond.inventory.lists import MOST_ROWS, PersonOrder, PersonQuery

if TYPE_CHECKING:
    from provisiond.actions.people import AccountEdit, Invitation
    from provisiond.settings import Settings

app = typer.Typer(help="The people who may log in.", no_args_is_help=True)
admin = typer.Typer(help="The first admin, and further ones.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The login name.")]
Hours = Annotated[
    int, typer.Option("--hours", min=1, max=24 * 30, help="How long the link may be followed.")
]
Domain = Annotated[
    str | None,
    typer.Option("--domain", "-d", metavar="NAME", help="The one domain the person is of."),
]
Extension = Annotated[
    str | None, typer.Option("--extension", "-e", help="A user's own extension in that domain.")
]


@app.command("list")
def list_command(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[
        PersonOrder, typer.Option("--sort", help="What to sort by.")
    ] = PersonOrder.NAME,
    descending: Descending = False,
    domain: Domain = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List who may log in."""
    session, settings = _begun(context, config, as_json)
    query = PersonQuery(
        text=search, domain=domain, order=sort, descending=descending, limit=MOST_ROWS
    )
    found = run(_list(session, settings, query))
    if session.as_json:
        emit([_tree(one) for one in found])
        return
    table(
        ("name", "role", "domain", "extension", "state", "last log-in"),
        [
            (one.name, one.role.value, one.domain, one.extension, _state(one), one.logged_in_at)
            for one in found
        ],
    )


@app.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option("--role", "-r", help="What the person is for.")],
    domain: Domain = None,
    extension: Extension = None,
    hours: Hours = LINK_HOURS,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a person; prints a link by which they choose their password."""
    session, settings = _begun(context, config, as_json)
    account = Account(name=name, role=role, domain=domain, extension=extension)
    invitation = run(_add(session, settings, account, hours, dry_run))
    _tell(session, settings, invitation, dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: Name,
    role: Annotated[Role | None, typer.Option("--role", "-r", help="A new role.")] = None,
    domain: Domain = None,
    extension: Extension = None,
    enable: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether they may log in.")
    ] = None,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change what a person may do; '' takes domain or extension away."""
    from provisiond.actions.people import AccountEdit

    session, settings = _begun(context, config, as_json)
    change = AccountEdit(
        role=role,
        domain=domain,
        extension=extension,
        disabled=None if enable is None else not enable,
    )
    account = run(_edit(session, settings, name, change, dry_run))
    if session.as_json:
        emit({**_tree(account), "dry_run": dry_run})
    elif dry_run:
        say(f"{account.name} would be {account.role.value}, {_state(account)}: this was a dry run.")
    else:
        say(f"{account.name}: {account.role.value}, {_state(account)}")


@app.command("disable")
def disable(
    context: typer.Context,
    name: Name,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a person in no more; their sessions end at once."""
    edit(context, name, enable=False, dry_run=dry_run, config=config, as_json=as_json)


@app.command("delete")
def delete(
    context: typer.Context,
    name: Name,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a person's account; their sessions end at once."""
    session, settings = _begun(context, config, as_json)
    confirm(session, f"Delete {name}?", yes=yes, dry_run=dry_run)
    account = run(_delete(session, settings, name, dry_run))
    if session.as_json:
        emit({**_tree(account), "dry_run": dry_run})
    elif dry_run:
        say(f"{account.name} would be deleted: this was a dry run.")
    else:
        say(f"deleted {account.name}")


@app.command("reset")
def reset(
    context: typer.Context,
    name: Name,
    without_code: Annotated[
        bool, typer.Option("--second-factor", help="Remove the second factor too: it is lost.")
    ] = False,
    hours: Hours = LINK_HOURS,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print a new link for a person; the old password and all sessions end at once."""
    session, settings = _begun(context, config, as_json)
    invitation = run(_reset(session, settings, name, (hours, without_code), dry_run))
    _tell(session, settings, invitation, dry_run=dry_run)


@admin.command("create")
def create(
    context: typer.Context,
    hours: Hours = LINK_HOURS,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print a link by which somebody becomes an admin; it works once."""
    session, settings = _begun(context, config, as_json)
    invitation = run(_invite_admin(session, settings, hours, dry_run))
    _tell(session, settings, invitation, dry_run=dry_run)


def link_of(settings: "Settings", invitation: "Invitation") -> str:
    """The link as it is opened in a browser; its key is told here and nowhere else."""
    web = settings.web
    base = web.url
    if base is None and web.listen:
        scheme = "https" if web.certificate is not None else "http"
        base = f"{scheme}://{web.listen[0]}"
    return f"{base or ''}/join/{invitation.key.reveal()}"


def _begun(context: typer.Context, config: Any, as_json: bool) -> "tuple[Session, Settings]":
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    return session, settings


def _tell(
    session: Session, settings: "Settings", invitation: "Invitation", *, dry_run: bool
) -> None:
    link = None if dry_run else link_of(settings, invitation)
    if session.as_json:
        told = {"account": invitation.account, "expires_at": invitation.expires_at}
        emit({"link": link, **told, "dry_run": dry_run})
        return
    if link is None:
        say(f"a link for {invitation.account or 'an admin'} would be made: this was a dry run.")
        return
    say(link)
    say(f"It works once, until {moment(invitation.expires_at)}.")


def _state(account: Account) -> str:
    if account.disabled:
        return "disabled"
    if not account.password_hash:
        return "invited"
    return "with second factor" if account.has_second_factor else "active"


def _tree(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role.value,
        "domain": account.domain,
        "extension": account.extension,
        "state": _state(account),
        "created_at": account.created_at,
        "logged_in_at": account.logged_in_at,
    }


async def _list(session: Session, settings: "Settings", query: PersonQuery) -> list[Account]:
    from provisiond.actions.people import list_people

    async with session.store(settings) as db:
        return await every(
            lambda after: list_people(db, session.actor, replace(query, after=after))
        )


async def _add(
    session: Session, settings: "Settings", account: Account, hours: int, dry_run: bool
) -> "Invitation":
    from provisiond.actions.people import add_person

    async with session.store(settings, rehearsed=dry_run) as db:
        return await add_person(db, session.actor, account, now(), hours=hours)


async def _edit(
    session: Session, settings: "Settings", name: str, change: "AccountEdit", dry_run: bool
) -> Account:
    from provisiond.actions.people import change_person

    async with session.store(settings, rehearsed=dry_run) as db:
        return await change_person(db, session.actor, name, change, now())


async def _delete(session: Session, settings: "Settings", name: str, dry_run: bool) -> Account:
    from provisiond.actions.people import delete_person

    async with session.store(settings, rehearsed=dry_run) as db:
        return await delete_person(db, session.actor, name, now())


async def _reset(
    session: Session, settings: "Settings", name: str, how: tuple[int, bool], dry_run: bool
) -> "Invitation":
    from provisiond.actions.people import invite_again

    async with session.store(settings, rehearsed=dry_run) as db:
        return await invite_again(db, session.actor, name, now(), hours=how[0], without_code=how[1])


async def _invite_admin(
    session: Session, settings: "Settings", hours: int, dry_run: bool
) -> "Invitation":
    from provisiond.actions.people import invite_admin

    async with session.store(settings, rehearsed=dry_run) as db:
        return await invite_admin(db, session.actor, now(), hours=hours)
