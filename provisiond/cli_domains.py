"""How are domains and their settings kept at a prompt?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, pairs, say, table
from provisiond.cli_records import (
    DryRun,
    Yes,
    ask,
    ask_with_shelf,
    confirm,
    tell_deleted,
    tell_saved,
)
from provisiond.cli_session import Config, Json, Session, now, session_of
from provisiond.inventory.domains import Domain, Settings

if TYPE_CHECKING:
    from provisiond.actions.domains import DomainView
    from provisiond.actions.edits import Saved
    from provisiond.catalog.shelf import Shelf
    from provisiond.store.database import Database

app = typer.Typer(help="The domains (tenants) of the server.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="DOMAIN", help="The SIP domain.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of its phones; NAME= unsets it, feature_codes.NAME=CODE one code.",
    ),
]


@app.command("list")
def list_domains(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the domains with how much they hold."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "tuple[DomainView, ...]":
        from provisiond.actions.domains import list_all_domains

        return await list_all_domains(database)

    views = ask(session, work)
    if session.as_json:
        emit([{"domain": v.domain.name, "counts": dict(v.counts)} for v in views])
        return
    nouns = ("users", "phones", "numbers", "SMS numbers", "sites")
    rows = [(v.domain.name, *(v.counts.get(noun, 0) for noun in nouns)) for v in views]
    table(("domain", *nouns), rows)


@app.command("show")
def show(
    context: typer.Context, domain: Name, config: Config = None, as_json: Json = False
) -> None:
    """Show one domain: its settings, and how much it holds."""
    session = session_of(context, config, as_json)
    view = ask(session, lambda database: _view(database, domain))
    if session.as_json:
        counts = dict(view.counts)
        emit({**_tree(view.domain), "counts": counts, "revision": view.domain.revision})
        return
    settings: dict[str, Any] = _tree(view.domain)["settings"]
    told = [
        (
            name,
            ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else value,
        )
        for name, value in settings.items()
    ]
    pairs([("domain", view.domain.name), *told])
    say()
    pairs([(noun, count) for noun, count in view.counts.items() if count])


@app.command("add")
def add(
    context: typer.Context,
    domain: Name,
    set_: Set = None,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a domain. Its phones' own menus get a password of their own."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", shelf: "Shelf") -> "Saved[Domain]":
        from provisiond.actions.domains import AddDomain, add_domain
        from provisiond.actions.setting_edits import edited_settings

        record = Domain(name=domain, settings=edited_settings(Settings(), set_ or ()))
        command = AddDomain(domain=record, dry_run=dry_run)
        return await add_domain(database, shelf, session.actor, command, now())

    _told(session, ask_with_shelf(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    domain: Name,
    new_name: Annotated[
        str | None, typer.Option("--name", metavar="DOMAIN", help="Another SIP domain.")
    ] = None,
    set_: Set = None,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a domain; a running daemon serves its phones the change in a second."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", shelf: "Shelf") -> "Saved[Domain]":
        from provisiond.actions.domains import ChangeDomain, change_domain
        from provisiond.actions.setting_edits import edited_settings

        stood = (await _view(database, domain)).domain
        record = Domain(
            name=new_name if new_name is not None else stood.name,
            settings=edited_settings(stood.settings, set_ or ()),
            revision=stood.revision,
        )
        command = ChangeDomain(name=domain, domain=record, dry_run=dry_run)
        return await change_domain(database, shelf, session.actor, command, now())

    _told(session, ask_with_shelf(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    domain: Name,
    yes: Yes = False,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a domain with everything in it: users, phones, numbers. Nothing is left."""
    session = session_of(context, config, as_json)
    view = ask(session, lambda database: _view(database, domain))
    held = ", ".join(f"{count} {noun}" for noun, count in view.counts.items() if count)
    question = f"Delete {view.domain.name} with {held or 'nothing in it'}?"
    confirm(session, question, yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> "DomainView":
        from provisiond.actions.domains import DeleteDomain, delete_domain

        command = DeleteDomain(name=domain, revision=view.domain.revision, dry_run=dry_run)
        return await delete_domain(database, session.actor, command, now())

    gone = ask(session, work)
    name = gone.domain.name
    tell_deleted(session, name, "domain", name, dry_run=dry_run)


async def _view(database: "Database", name: str) -> "DomainView":
    from provisiond.actions.domains import show_domain

    return await show_domain(database, name)


def _tree(domain: Domain) -> dict[str, Any]:
    from provisiond.actions.inventory_write import settings_tree

    return {"domain": domain.name, "settings": settings_tree(domain.settings)}


def _told(session: Session, saved: "Saved[Domain]", done: str, *, dry_run: bool) -> None:
    tell_saved(
        session,
        saved,
        _tree(saved.record),
        noun="domain",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
