"""How are telephone numbers listed, programmed, and asked where a call goes, at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_number_edits import add, edit
from provisiond.cli_output import emit, findings, pairs, say, table
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
from provisiond.cli_session import Config, DomainName, Json, now, one_domain, session_of
from provisiond.cli_telephones import NumberArgument, meant
from provisiond.inventory.lists import MOST_ROWS, NumberOrder, NumberQuery

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from provisiond.actions.edits import Saved
    from provisiond.actions.numbers import NumberView, RouteReport
    from provisiond.inventory.numbers import Handling, Number
    from provisiond.store.database import Database

app = typer.Typer(help="The telephone numbers of the inventory.", no_args_is_help=True)
app.command("add")(add)
app.command("edit")(edit)

_HOLES = 5


@app.command("list")
def list_numbers(
    context: typer.Context,
    search: Search = "",
    treatment: Annotated[
        str | None, typer.Option("--treatment", help="Only those with it; available are free.")
    ] = None,
    destination: Annotated[
        str | None,
        typer.Option("--destination", metavar="EXT", help="Only those that lead there."),
    ] = None,
    frame: Annotated[
        str | None, typer.Option("--frame", help="Only those with a rule for this time frame.")
    ] = None,
    sort: Annotated[NumberOrder, typer.Option("--sort", help="What to sort by.")] = (
        NumberOrder.NUMBER
    ),
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List numbers with what they do, and where a call goes now."""
    session = session_of(context, config, as_json)

    query = NumberQuery(
        text=search,
        treatment=treatment,
        destination=destination,
        frame=frame,
        order=sort,
        descending=descending,
        limit=MOST_ROWS,
    )

    async def work(database: "Database") -> "list[NumberView]":
        from provisiond.actions.numbers import list_domain_numbers

        name, at = await one_domain(database, domain), now()
        return await every(
            lambda after: list_domain_numbers(database, name, replace(query, after=after), at)
        )

    views = ask(session, work)
    if session.as_json:
        emit([_tree(view) for view in views])
    else:
        _tell_list(views)


@app.command("show")
def show(
    context: typer.Context,
    number: NumberArgument,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one number: what it does, its rules in order, and which of them holds now."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "NumberView":
        from provisiond.actions.numbers import show_number

        name, meant_one = await meant(database, domain, number)
        return await show_number(database, name, meant_one, now())

    view = ask(session, work)
    if session.as_json:
        emit(_tree(view))
    else:
        _tell(view)


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
    """Delete a number from the inventory. To keep it unused, make it available."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the number {number}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> "tuple[str, Number]":
        from provisiond.actions.numbers import DeleteNumber, delete_number

        name, meant_one = await meant(database, domain, number)
        command = DeleteNumber(domain=name, number=meant_one, dry_run=dry_run)
        return name, await delete_number(database, session.actor, command, now())

    name, gone = ask(session, work)
    tell_deleted(session, name, "number", gone.number, dry_run=dry_run)


@app.command("make-available")
def make_available(
    context: typer.Context,
    number: NumberArgument,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take away what a number does, with all its rules. It stays, with its notes."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "Saved[Number]":
        from provisiond.actions.numbers import MakeAvailable
        from provisiond.actions.numbers import make_available as act

        name, meant_one = await meant(database, domain, number)
        command = MakeAvailable(domain=name, number=meant_one, dry_run=dry_run)
        return await act(database, session.actor, command, now())

    saved = ask(session, work)
    from provisiond.actions.number_trees import number_tree

    tell_saved(
        session,
        saved,
        number_tree(saved.record),
        noun="number",
        key=saved.record.number,
        done="made available",
        dry_run=dry_run,
    )


@app.command("route")
def route(
    context: typer.Context,
    number: NumberArgument,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="TIME",
            help="2026-12-25T10:00, on the clocks of the number's time zone, or with an offset; "
            "else now.",
        ),
    ] = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Say where a call would go: the rule that wins, each that loses and why.

    Also which rules can never win, and when nothing answers.
    """
    session = session_of(context, config, as_json)
    instant = _instant(at)

    async def work(database: "Database") -> "RouteReport":
        from provisiond.actions.numbers import RouteNumber, route_number

        name, meant_one = await meant(database, domain, number)
        return await route_number(database, RouteNumber(domain=name, number=meant_one, at=instant))

    report = ask(session, work)
    if session.as_json:
        emit(_report_tree(report))
    else:
        _tell_route(report)


def _instant(written: str | None) -> "datetime":
    from datetime import datetime

    if written is None:
        return now()
    try:
        return datetime.fromisoformat(written)
    except ValueError as fault:
        message = f"{written!r} is no point in time. Write it as 2026-12-25T10:00."
        raise typer.BadParameter(message) from fault


def _destination(handling: "Handling", names: "Mapping[str, str]") -> str:
    name = names.get(handling.destination, "")
    return f"{handling.destination} {name}".strip()


def _shown(handling: "Handling", names: "Mapping[str, str]") -> str:
    return f"{handling.treatment.replace('_', ' ')} {_destination(handling, names)}".strip()


def _more(handling: "Handling") -> str:
    more = [f"prefix {handling.caller_id_prefix!r}"] if handling.caller_id_prefix else []
    if handling.announcement.value != "none":
        more.append(f"announces {handling.announcement.value.replace('_', ' ')}")
    if handling.enhanced_voicemail:
        more.append("enhanced")
    return ", ".join(more)


def _tree(view: "NumberView") -> dict[str, Any]:
    """A number as the inventory file has it, with what follows from it beside it."""
    from provisiond.actions.number_trees import handling_tree, number_tree

    handling = view.now.handling
    return {
        "domain": view.domain,
        **number_tree(view.number),
        "national": view.number.number.national,
        "names": dict(view.names),
        "now": {
            "handling": handling_tree(handling) if handling is not None else None,
            "reason": view.now.reason,
        },
        "revision": view.number.revision,
    }


def _tell_list(views: "list[NumberView]") -> None:
    table(
        ("number", "national", "treatment", "destination", "rules", "now", "notes"),
        [
            (
                view.number.number,
                view.number.number.national,
                view.number.default.treatment,
                _destination(view.number.default, view.names),
                [rule.frame for rule in view.number.rules],
                _shown(view.now.handling, view.names) if view.now.handling else view.now.reason,
                view.number.notes,
            )
            for view in views
        ],
    )


def _tell(view: "NumberView") -> None:
    number = view.number
    pairs(
        [
            ("number", f"{number.number}, {number.number.national}"),
            ("domain", view.domain),
            ("enabled", number.enabled),
            ("enabled on", number.enable_on),
            ("disabled on", number.disable_on),
            ("time zone", view.time_zone),
            ("language", number.language),
            ("notes", number.notes),
            ("now", f"{_shown(view.now.handling, view.names)}" if view.now.handling else "nowhere"),
            ("because", view.now.reason),
        ]
    )
    winner = next((c.rule for c in view.now.considered if c.wins), None)
    rows = [
        (
            "*" if rule is winner else "",
            rule.frame,
            rule.handling.treatment,
            _destination(rule.handling, view.names),
            _more(rule.handling),
        )
        for rule in number.rules
    ]
    default = number.default
    won = any(c.wins and c.rule is None for c in view.now.considered)
    name = _destination(default, view.names)
    rows.append(("*" if won else "", "Default", default.treatment, name, _more(default)))
    say()
    table(("now", "time frame", "treatment", "destination", ""), rows)


def _tell_route(report: "RouteReport") -> None:
    from zoneinfo import ZoneInfo

    handling = report.route.handling
    where = _shown(handling, report.names) if handling is not None else "nowhere"
    pairs(
        [
            ("call to", f"{report.number.number}, {report.number.number.national}"),
            ("at", f"{report.at:%A %Y-%m-%d %H:%M} in {report.time_zone}"),
            ("goes", f"to {where}" if handling is not None else where),
            ("", _more(handling) if handling is not None else ""),
            ("because", report.route.reason),
        ]
    )
    if report.route.considered:
        say()
        table(
            ("", "time frame", "leads to", "why"),
            [
                (
                    "wins" if each.wins else "",
                    each.rule.frame if each.rule is not None else "Default",
                    _shown(
                        each.rule.handling if each.rule is not None else report.number.default,
                        report.names,
                    ),
                    each.reason,
                )
                for each in report.route.considered
            ],
        )
    findings(report.findings)
    if report.holes:
        say()
        say("nothing answers:")
        for start, end in report.holes[:_HOLES]:
            zone = ZoneInfo(report.time_zone)
            begin, finish = start.astimezone(zone), end.astimezone(zone)
            say(f"  {begin:%a %Y-%m-%d %H:%M} to {finish:%a %Y-%m-%d %H:%M}")
        if len(report.holes) > _HOLES:
            say(f"  and {len(report.holes) - _HOLES} more times in two years; --json lists all.")


def _report_tree(report: "RouteReport") -> dict[str, Any]:
    from provisiond.actions.number_trees import handling_tree

    handling = report.route.handling
    return {
        "domain": report.domain,
        "number": report.number.number.text,
        "at": report.at,
        "time_zone": report.time_zone,
        "handling": handling_tree(handling) if handling is not None else None,
        "reason": report.route.reason,
        "considered": [
            {
                "frame": each.rule.frame if each.rule is not None else None,
                "wins": each.wins,
                "reason": each.reason,
                **handling_tree(
                    each.rule.handling if each.rule is not None else report.number.default
                ),
            }
            for each in report.route.considered
        ],
        "names": dict(report.names),
        "findings": report.findings,
        "holes": [{"start": start, "end": end} for start, end in report.holes],
    }
