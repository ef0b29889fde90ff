"""How are sites kept at a prompt?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, pairs, table
from provisiond.cli_records import (
    DryRun,
    EmergencyAddress,
    Yes,
    ask,
    ask_with_shelf,
    confirm,
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
from provisiond.inventory.domains import Settings, Site

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.catalog.shelf import Shelf
    from provisiond.store.database import Database

app = typer.Typer(help="The sites of the inventory.", no_args_is_help=True)

SiteName = Annotated[str, typer.Argument(metavar="NAME", help="The site.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A setting of the phones there; NAME= unsets it, feature_codes.NAME=CODE one code.",
    ),
]


@app.command("list")
def list_sites(
    context: typer.Context,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the sites of a domain with what is set there."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> tuple[Site, ...]:
        from provisiond.actions.sites import list_domain_sites

        return await list_domain_sites(database, await one_domain(database, domain))

    found = ask(session, work)
    if session.as_json:
        emit([_tree(site) for site in found])
        return
    table(("site", "sets"), [(site.name, sorted(_settings(site))) for site in found])


@app.command("show")
def show(
    context: typer.Context,
    name: SiteName,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one site with its settings."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> Site:
        from provisiond.actions.sites import show_site

        return await show_site(database, await one_domain(database, domain), name)

    site = ask(session, work)
    if session.as_json:
        emit(_tree(site))
    else:
        address = ("emergency address", site.emergency_address)
        pairs([("site", site.name), *_settings(site).items(), address])


@app.command("add")
def add(
    context: typer.Context,
    name: SiteName,
    set_: Set = None,
    emergency_address: EmergencyAddress = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a site."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", shelf: "Shelf") -> "Saved[Site]":
        from provisiond.actions.setting_edits import edited_settings
        from provisiond.actions.sites import AddSite, add_site

        home = await one_domain(database, domain)
        site = Site(
            name=name,
            settings=edited_settings(Settings(), set_ or ()),
            emergency_address=emergency_address or None,
        )
        command = AddSite(domain=home, site=site, dry_run=dry_run)
        return await add_site(database, shelf, session.actor, command, now())

    _told(session, ask_with_shelf(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: SiteName,
    new_name: Annotated[
        str | None, typer.Option("--name", help="Another name; phones and users follow.")
    ] = None,
    set_: Set = None,
    emergency_address: EmergencyAddress = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a site; a running daemon serves its phones the change in a second."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", shelf: "Shelf") -> "Saved[Site]":
        from dataclasses import replace

        from provisiond.actions.setting_edits import edited_settings
        from provisiond.actions.sites import ChangeSite, change_site, show_site

        home = await one_domain(database, domain)
        stood = await show_site(database, home, name)
        site = replace(
            stood,
            name=new_name if new_name is not None else stood.name,
            settings=edited_settings(stood.settings, set_ or ()),
        )
        if emergency_address is not None:
            site = replace(site, emergency_address=emergency_address or None)
        command = ChangeSite(domain=home, name=name, site=site, dry_run=dry_run)
        return await change_site(database, shelf, session.actor, command, now())

    _told(session, ask_with_shelf(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: SiteName,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a site where nobody is, with its overrides."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the site {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.sites import DeleteSite, delete_site

        home = await one_domain(database, domain)
        command = DeleteSite(domain=home, name=name, dry_run=dry_run)
        await delete_site(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "site", name, dry_run=dry_run)


def _settings(site: Site) -> dict[str, Any]:
    from provisiond.actions.inventory_write import settings_tree

    return {
        name: ", ".join(f"{key}={text}" for key, text in value.items())
        if isinstance(value, dict)
        else value
        for name, value in settings_tree(site.settings).items()
    }


def _tree(site: Site) -> dict[str, Any]:
    from provisiond.actions.inventory_write import site_tree

    return {**site_tree(site, []), "revision": site.revision}


def _told(session: Session, saved: "Saved[Site]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.inventory_write import site_tree

    tell_saved(
        session,
        saved,
        site_tree(saved.record, []),
        noun="site",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
