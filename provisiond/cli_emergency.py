"""How is it seen to at a prompt that help finds everybody? Addresses checked, given, reported."""

import sys
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_emergency_addresses import app as addresses
from provisiond.cli_emergency_checks import accept, show_validation, validate
from provisiond.cli_emergency_endpoints import app as endpoints
from provisiond.cli_emergency_records import ask_desk
from provisiond.cli_output import Output, emit, pairs, say, table, write_output
from provisiond.cli_records import DryRun, ask
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    given_mac,
    now,
    one_domain,
    session_of,
)

if TYPE_CHECKING:
    from provisiond.actions.emergency_checks import AddressDesk
    from provisiond.actions.emergency_report import EffectiveView, Readiness, ReadinessRow
    from provisiond.catalog.shelf import Shelf
    from provisiond.cli_session import Session
    from provisiond.store.database import Database

app = typer.Typer(help="Where help must go when somebody calls for it.", no_args_is_help=True)
app.add_typer(addresses, name="addresses")
app.add_typer(endpoints, name="endpoints")

Users = Annotated[
    list[str] | None, typer.Option("--user", metavar="EXT", help="Users; repeat it for more.")
]
Phones = Annotated[
    list[str] | None, typer.Option("--phone", metavar="MAC", help="Phones; repeat it for more.")
]


_MAC_DIGITS = 12


class ReportFormat(Enum):
    """How the readiness report is written."""

    TABLE = "table"
    CSV = "csv"


app.command("validate")(validate)
app.command("validation")(show_validation)
app.command("accept")(accept)


@app.command("assign")
def assign(
    context: typer.Context,
    address: Annotated[
        str, typer.Argument(metavar="NAME", help='The emergency address; "" takes theirs away.')
    ],
    user: Users = None,
    phone: Phones = None,
    site: Annotated[
        list[str] | None, typer.Option("--site", metavar="NAME", help="Sites: their default.")
    ] = None,
    for_domain: Annotated[
        bool, typer.Option("--default", help="For the domain, where nothing nearer is set.")
    ] = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say whose address it is: phones', users', sites', the domain's. The nearest wins."""
    session = session_of(context, config, as_json)
    macs = tuple(given_mac(mac) for mac in phone or ())
    if not (user or macs or site or for_domain):
        raise typer.BadParameter("say whose: --user, --phone, --site or --default.")

    async def work(database: "Database") -> int:
        from provisiond.actions.emergency_assign import AssignAddress, assign_address

        home = await one_domain(database, domain)
        command = AssignAddress(
            domain=home,
            name=address or None,
            users=tuple(user or ()),
            phones=macs,
            sites=tuple(site or ()),
            for_domain=for_domain,
            dry_run=dry_run,
        )
        return await assign_address(database, session.actor, command, now())

    _tell_changed(session, ask(session, work), "record", dry_run=dry_run)


@app.command("caller-id")
def caller_id(
    context: typer.Context,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help='An emergency endpoint; "" takes it away.')
    ],
    user: Users = None,
    everybody: Annotated[bool, typer.Option("--all", help="Every user of the domain.")] = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Set the emergency caller ID of users: the callback number of an endpoint."""
    session = session_of(context, config, as_json)
    if everybody == bool(user):
        raise typer.BadParameter("say whose: either --user or --all.")

    async def work(database: "Database") -> int:
        from provisiond.actions.emergency_endpoints import SetCallerId, set_emergency_caller_id
        from provisiond.cli_telephones import new_number

        if number:
            home, meant = await new_number(database, domain, number)
        else:
            home, meant = await one_domain(database, domain), None
        command = SetCallerId(
            domain=home,
            number=meant,
            extensions=None if everybody else tuple(user or ()),
            dry_run=dry_run,
        )
        return await set_emergency_caller_id(database, session.actor, command, now())

    _tell_changed(session, ask(session, work), "user", dry_run=dry_run)


@app.command("where")
def where(
    context: typer.Context,
    who: Annotated[
        str, typer.Argument(metavar="EXT|MAC", help="A user's extension or a phone's MAC.")
    ],
    pidf: Annotated[
        bool, typer.Option("--pidf", help="As a PIDF-LO document (RFC 4119, RFC 5139).")
    ] = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show where help would be sent for a user or phone, and where that comes from."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> "tuple[EffectiveView, bytes]":
        return await _where(database, desk, await one_domain(database, domain), who, pidf=pidf)

    view, document = ask_desk(session, work)
    if pidf and not session.as_json:
        write_output(document, None)
        return
    line = view.address.civic.line if view.address is not None else None
    status = view.status.words if view.status is not None else None
    origin = view.effective.words
    if session.as_json:
        told = {"domain": view.domain, "address": view.effective.name, "from": origin}
        document_told = {"pidf_lo": document.decode()} if pidf else {}
        emit({**told, "line": line, "status": status, **document_told})
        return
    name = view.effective.name or "none"
    pairs([("address", name), ("from", origin), ("place", line), ("status", status)])


@app.command("pidf")
def pidf(
    context: typer.Context,
    address: Annotated[str, typer.Argument(metavar="NAME", help="The emergency address.")],
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print an emergency address as a PIDF-LO document (RFC 4119, RFC 5139)."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", desk: "AddressDesk") -> bytes:
        from provisiond.actions.emergency_addresses import show_address
        from provisiond.actions.pidf_lo import address_document

        home, at = await one_domain(database, domain), now()
        view = await show_address(database, desk.terms, home, address, at)
        return await address_document(view.address, view.domain, at)

    document = ask_desk(session, work)
    if session.as_json:
        emit({"address": address, "pidf_lo": document.decode()})
    else:
        write_output(document, None)


@app.command("readiness")
def readiness(
    context: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Every user, phone, address and endpoint.")
    ] = False,
    form: Annotated[
        ReportFormat, typer.Option("--format", help="A table, or CSV for the compliance file.")
    ] = ReportFormat.TABLE,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write CSV there."),
    ] = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell who would not be found: no usable address, unverified or expired ones, no floor.

    Ends with 1 where there is a problem.
    """
    session = session_of(context, config, as_json)
    opened = Output(output) if output is not None else None
    try:
        shelf = session.models(session.settings())
        report = ask_desk(session, lambda db, desk: _readiness(db, desk, shelf, domain))
    except Exception:
        if opened is not None:
            opened.give_up()
        raise
    rows = report.rows if everything else report.problems
    if opened is not None or (form is ReportFormat.CSV and not session.as_json):
        from provisiond.actions.emergency_report import readiness_csv

        write_output(readiness_csv(report, problems_only=not everything), opened)
    elif session.as_json:
        count = len(report.problems)
        emit({"domain": report.domain, "at": report.at, "problems": count, "rows": rows})
    else:
        _tell_rows(rows)
    if report.problems:
        raise typer.Exit(1)


@app.command("fake-provider")
def fake_provider(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = (
        8090
    ),
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Run a made-up address provider on loopback, to try validation out; it knows no place.

    It prints the settings to paste. Runs until it is interrupted.
    """
    import asyncio

    from provisiond.simulator_addresses import serve_provider

    session = session_of(context, config, as_json)

    def ready(url: str) -> None:
        if session.as_json:
            emit({"url": url, "token": "try-me", "networks": ["127.0.0.0/8"]})
            sys.stdout.flush()
            return
        say("a made-up provider answers; nothing it says is true. To use it, set:\n")
        say('[emergency.provider]\nname = "Made-up provider"')
        say(f'url = "{url}"\ntoken = "try-me"\nnetworks = ["127.0.0.0/8"]')
        sys.stdout.flush()

    asyncio.run(serve_provider("127.0.0.1", port, "try-me", ready))


async def _where(
    database: "Database", desk: "AddressDesk", home: str, who: str, *, pidf: bool
) -> "tuple[EffectiveView, bytes]":
    import asyncio

    from provisiond.actions.emergency_report import effective_of_phone, effective_of_user
    from provisiond.actions.pidf_lo import pidf_lo_of
    from provisiond.inventory.texts import is_extension

    at = now()
    if is_extension(who) and len(who) < _MAC_DIGITS:
        view = await effective_of_user(database, desk.terms, home, who, at)
    else:
        view = await effective_of_phone(database, desk.terms, home, given_mac(who), at)
    return view, await asyncio.to_thread(pidf_lo_of, view, who, at) if pidf else b""


async def _readiness(
    database: "Database", desk: "AddressDesk", shelf: "Shelf", domain: str | None
) -> "Readiness":
    from provisiond.actions.emergency_report import readiness as report

    return await report(database, shelf, desk.terms, await one_domain(database, domain), now())


def _tell_rows(rows: "Sequence[ReadinessRow]") -> None:
    columns = ("what", "key", "name", "address", "from", "status", "problem")
    words = [row.problem.value.replace("_", " ") if row.problem is not None else "" for row in rows]
    table(
        columns,
        [
            (row.noun, row.key, row.name, row.address, row.origin, row.status, problem)
            for row, problem in zip(rows, words, strict=True)
        ],
    )


def _tell_changed(session: "Session", changed: int, what: str, *, dry_run: bool) -> None:
    if session.as_json:
        emit({"changed": changed, "dry_run": dry_run})
        return
    done = "would change: this was a dry run" if dry_run else "changed"
    say(f"{changed} {what}{'s' if changed != 1 else ''} {done}.")
