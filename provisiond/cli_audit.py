"""How is the journal of changes read at a prompt, written out, and a change undone?"""

import asyncio
import sys
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, moment, pairs, say, table, warn
from provisiond.cli_records import Ascending, DryRun, Search, ask, ask_with_shelf
from provisiond.cli_session import Config, Json, Session, now, one_domain, session_of
from provisiond.inventory.lists import MOST_ID, MOST_ROWS, ChangeQuery, ChangeRow, Page

if TYPE_CHECKING:
    from provisiond.actions.desk import Desk
    from provisiond.catalog.shelf import Shelf
    from provisiond.store.database import Database
    from provisiond.web.api.undo import Outcome

app = typer.Typer(help="The journal of changes: who changed what, and when.", no_args_is_help=True)


class ExportFormat(Enum):
    """How changes are written out."""

    JSONL = "jsonl"
    CSV = "csv"


def _moment(written: str) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no moment; write 2026-12-24T18:00.") from None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


Entry = Annotated[int, typer.Argument(metavar="ID", min=1, help="The change, as the list has it.")]
Domain = Annotated[
    str | None, typer.Option("--domain", "-d", metavar="NAME", help="Only those of this domain.")
]
Who = Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only those of somebody.")]
Noun = Annotated[
    str | None,
    typer.Option("--noun", metavar="NOUN", help='Only changes of such: user, "time frame".'),
]
Action = Annotated[
    str | None, typer.Option("--action", metavar="TEXT", help='Only this action: "edit user".')
]
Subject = Annotated[
    str | None, typer.Option("--subject", metavar="KEY", help="Only those of this record.")
]
PartOf = Annotated[
    int | None,
    typer.Option(
        "--part-of", metavar="ID", min=1, max=MOST_ID, help="Only those of this import's records."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", metavar="MOMENT", parser=_moment, help="From then on; UTC without a zone."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", metavar="MOMENT", parser=_moment, help="Before then."),
]


@app.command("list")
def list_command(
    context: typer.Context,
    domain: Domain = None,
    noun: Noun = None,
    actor: Who = None,
    action: Action = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    part_of: PartOf = None,
    search: Search = "",
    ascending: Ascending = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=MOST_ROWS, help="The first so many.")
    ] = 100,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List changes, the newest first unless they are to ascend."""
    session = session_of(context, config, as_json)
    query = _query(context.params, limit=limit)

    async def work(database: "Database") -> Page[ChangeRow]:
        from provisiond.actions.audit import list_changes

        await _must_be_there(database, domain)
        return await list_changes(database, session.actor, query)

    page = ask(session, work)
    if session.as_json:
        emit([_tree(row) for row in page.rows])
        return
    table(
        ("id", "at", "actor", "action", "subject", "domain"),
        [
            (r.entry_id, r.change.at, r.change.actor, r.change.action, r.change.subject, r.domain)
            for r in page.rows
        ],
    )
    if page.after:
        warn("there are more; `provisiond audit export` writes all.")


@app.command("show")
def show(
    context: typer.Context, entry: Entry, config: Config = None, as_json: Json = False
) -> None:
    """Show one change: what stood before and after; secrets are `***`."""
    session = session_of(context, config, as_json)
    row = ask(session, lambda database: _entry(database, session, entry))
    if session.as_json:
        emit(_tree(row))
        return
    change = row.change
    pairs(
        [
            ("id", row.entry_id),
            ("at", moment(change.at)),
            ("actor", f"{change.actor} ({change.actor_kind})"),
            ("action", change.action),
            ("subject", change.subject),
            ("domain", row.domain),
            ("part of", change.part_of),
            ("undoes", change.undoes),
        ]
    )
    fields = _fields(_tree(row))
    if fields:
        say()
        table(("field", "before", "after"), fields)


@app.command("export")
def export(
    context: typer.Context,
    domain: Domain = None,
    noun: Noun = None,
    actor: Who = None,
    action: Action = None,
    subject: Subject = None,
    since: Since = None,
    until: Until = None,
    part_of: PartOf = None,
    search: Search = "",
    ascending: Ascending = False,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="JSON, one object a line, or CSV.")
    ] = ExportFormat.JSONL,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write all changes that match to standard output, the newest first unless they are to
    ascend."""
    session = session_of(context, config, as_json)
    query = _query(context.params, limit=MOST_ROWS)

    async def work(database: "Database") -> None:
        from provisiond.actions.audit import all_changes
        from provisiond.actions.change_table import changes_csv, changes_jsonl

        await _must_be_there(database, domain)
        is_first = True
        async for rows in all_changes(database, session.actor, query):
            as_csv = form is ExportFormat.CSV
            content = changes_csv(rows, header=is_first) if as_csv else changes_jsonl(rows)
            sys.stdout.buffer.write(content)
            is_first = False
        sys.stdout.buffer.flush()

    ask(session, work)


@app.command("undo")
def undo(
    context: typer.Context,
    entry: Entry,
    dry_run: DryRun = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put back what stood before a change, where nobody changed the record since.

    An edit is edited back, what was added is deleted, what was deleted is added again; of an
    import all of it, or nothing. It stands in the journal itself.
    """
    from provisiond.daemon_web import desk_of

    session = session_of(context, config, as_json)
    settings = session.settings()

    async def work(database: "Database", shelf: "Shelf") -> tuple[ChangeRow, "Outcome"]:
        row = await _entry(database, session, entry)
        desk = await asyncio.to_thread(desk_of, settings, database, lambda: shelf, lambda _: None)
        return row, await _undo(desk, session, row)

    row, outcome = ask_with_shelf(session, work, rehearsed=dry_run)
    record = outcome.record.model_dump(mode="json") if outcome.record is not None else None
    if session.as_json:
        records = outcome.records
        emit({"id": row.entry_id, "dry_run": dry_run, "record": record, "records": records})
        return
    what = f"{row.change.action} {row.change.subject} of {moment(row.change.at)}"
    if row.change.action == "import":
        what += f" ({outcome.records} changes)"
    say(f"{what} would be undone: this was a dry run." if dry_run else f"undid {what}.")


async def _must_be_there(database: "Database", domain: str | None) -> None:
    if domain is not None:
        await one_domain(database, domain)


async def _entry(database: "Database", session: Session, entry: int) -> ChangeRow:
    from provisiond.actions.audit import show_change

    return await show_change(database, session.actor, entry)


async def _undo(desk: "Desk", session: Session, row: ChangeRow) -> "Outcome":
    """As the API undoes it."""
    from provisiond.web.api.route import Call
    from provisiond.web.api.undo import undo_entry
    from provisiond.web.peer import Caller

    call = Call(desk=desk, actor=session.actor, at=now(), caller=Caller(address="", secure=True))
    return await undo_entry(call, row)


def _query(given: dict[str, Any], *, limit: int) -> ChangeQuery:
    names = ("domain", "actor", "action", "noun", "subject", "since", "until", "part_of")
    return ChangeQuery(
        **{name: given[name] for name in names},
        text=given["search"],
        descending=not given["ascending"],
        limit=limit,
    )


def _tree(row: ChangeRow) -> dict[str, Any]:
    from provisiond.actions.change_table import change_tree

    return change_tree(row)


def _fields(tree: dict[str, Any]) -> list[tuple[str, object, object]]:
    """What differs, a field a row; what is no object is one row without a name."""
    before, after = tree["before"], tree["after"]
    if not isinstance(before or {}, dict) or not isinstance(after or {}, dict):
        return [("", before, after)]
    old, new = before or {}, after or {}
    return [(name, old.get(name), new.get(name)) for name in {**old, **new}]
