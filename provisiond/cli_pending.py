"""How are phones that ask and are in no inventory looked at, taken in and dismissed at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, findings, moment, say, table
from provisiond.cli_phone_edits import Buttons, Labels, LayoutName, Lines, Name, Site, edit_of
from provisiond.cli_records import Descending, DryRun, Search, ask_with_shelf, every
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    MacArgument,
    Session,
    become_owner,
    given_mac,
    now,
    one_domain,
    run,
    session_of,
)
from provisiond.inventory.lists import MOST_ROWS, PendingOrder, PendingQuery

if TYPE_CHECKING:
    from provisiond.actions.phones import Saved
    from provisiond.catalog.shelf import Shelf
    from provisiond.inventory.mac import Mac
    from provisiond.inventory.pending import PendingPhone
    from provisiond.settings import Settings
    from provisiond.store.database import Database

app = typer.Typer(help="Phones that ask and are in no inventory.", no_args_is_help=True)


@app.command("list")
def list_command(
    context: typer.Context,
    search: Search = "",
    sort: Annotated[
        PendingOrder | None,
        typer.Option("--sort", help="What to sort by, where not by who asked last."),
    ] = None,
    descending: Descending = False,
    dismissed: Annotated[bool, typer.Option("--all", help="Dismissed ones too.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List phones that ask and that nobody has; who asked last stands first unless they are
    sorted."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    query = PendingQuery(
        text=search,
        dismissed=dismissed,
        order=sort or PendingOrder.LAST_SEEN,
        descending=descending or sort is None,
        limit=MOST_ROWS,
    )
    found = run(_list(session, settings, query))
    if session.as_json:
        emit(found)
        return
    table(
        ("mac", "model", "firmware", "address", "by", "first seen", "last seen", "requests"),
        [
            (
                one.mac,
                f"{one.vendor} {one.model}".strip(),
                one.version,
                one.address,
                one.transport,
                one.first_seen,
                one.last_seen,
                f"{one.count}{' (dismissed)' if one.dismissed_at is not None else ''}",
            )
            for one in found
        ],
    )


@app.command("approve")
def approve(
    context: typer.Context,
    mac: MacArgument,
    model: Annotated[
        str | None, typer.Option("--model", help='"Vendor Model", where it was not recognised.')
    ] = None,
    name: Name = None,
    site: Site = None,
    layout: LayoutName = None,
    line: Lines = None,
    label: Labels = None,
    button: Buttons = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take a phone into a domain and open its enrolment: it is served when it asks again."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    change = edit_of(context.params)
    hours = settings.admission.enrolment_hours

    async def work(database: "Database", shelf: "Shelf") -> "Saved":
        from provisiond.actions.pending import approve_pending
        from provisiond.actions.phone_edits import edited

        return await approve_pending(
            database,
            shelf,
            session.actor,
            await one_domain(database, domain),
            parsed,
            lambda phone: edited(phone, change),
            now(),
            enrolment_hours=hours,
        )

    _told(session, ask_with_shelf(session, work, rehearsed=dry_run), dry_run=dry_run)


@app.command("dismiss")
def dismiss(
    context: typer.Context,
    mac: MacArgument,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show a phone no more, also when it asks again."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    pending = run(_dismiss(session, settings, parsed, dry_run))
    if session.as_json:
        emit(pending)
    elif dry_run:
        say(f"{pending.mac} would be dismissed: this was a dry run.")
    else:
        say(f"{pending.mac} is dismissed.")


def _told(session: Session, saved: "Saved", *, dry_run: bool) -> None:
    if session.as_json:
        phone = saved.phone
        told = {"mac": phone.mac, "domain": saved.domain, "model": phone.model}
        emit({**told, "dry_run": dry_run, "warnings": saved.warnings})
        return
    until = moment(saved.phone.enrolment.open_until)
    what = f"{saved.phone.mac}, {saved.phone.model},"
    if dry_run:
        say(f"{what} would be of {saved.domain}: this was a dry run.")
    else:
        say(f"{what} is of {saved.domain} now; its enrolment is open until {until}.")
    findings(saved.warnings)


async def _list(
    session: Session, settings: "Settings", query: PendingQuery
) -> "list[PendingPhone]":
    from provisiond.actions.pending import list_pending

    async with session.store(settings) as database:
        return await every(
            lambda after: list_pending(database, session.actor, replace(query, after=after))
        )


async def _dismiss(
    session: Session, settings: "Settings", mac: "Mac", dry_run: bool
) -> "PendingPhone":
    from provisiond.actions.pending import dismiss_pending

    async with session.store(settings, rehearsed=dry_run) as database:
        return await dismiss_pending(database, session.actor, mac, now())
