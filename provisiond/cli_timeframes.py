"""How are time frames kept at a prompt, and when does one hold?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, pairs, say, table
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
    texts,
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
from provisiond.inventory.timeframes import FrameKind, TimeFrame

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.actions.timeframes import FrameView
    from provisiond.inventory.occurrences import Occurrence
    from provisiond.store.database import Database

app = typer.Typer(help="The time frames of the inventory.", no_args_is_help=True)

FrameName = Annotated[str, typer.Argument(metavar="NAME", help="The time frame.")]
Owner = Annotated[
    str | None,
    typer.Option("--owner", metavar="EXT", help="Of this user; else the domain's."),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind", help="always, weekly, dates, holidays or custom; else what the parts say."
    ),
]
Hours = Annotated[
    list[str] | None,
    typer.Option(
        "--hours", metavar="DAYS FROM-TO[,FROM-TO]", help='"mon-fri 08:00-12:00,13:00-17:00".'
    ),
]
Dates = Annotated[
    list[str] | None,
    typer.Option(
        "--dates",
        metavar="START[/END][ REPEAT[ N]][ until DAY]",
        help='"2026-12-24/2026-12-26 yearly", "2026-07-01T12:00/2026-07-01T18:00 weekly 2".',
    ),
]
Holidays = Annotated[
    list[str] | None,
    typer.Option(
        "--holidays",
        metavar="COUNTRY[-REGION][,OBSERVANCE[,NAME;NAME]]",
        help='"US-CA,nearest_workday"; same_day, next_workday, previous_workday or '
        "nearest_workday.",
    ),
]
Days = Annotated[
    list[str] | None,
    typer.Option(
        "--day",
        metavar="[YEAR-]MM-DD[,NAME[,OBSERVANCE]]",
        help="A holiday of the firm's own, every year or once.",
    ),
]
Zone = Annotated[str | None, typer.Option("--time-zone", help="Another than that of the number.")]


@app.command("list")
def list_frames(
    context: typer.Context,
    search: Search = "",
    owner: Owner = None,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List time frames, the domain's and its users', by name."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> list[TimeFrame]:
        from provisiond.actions.timeframes import list_domain_frames
        from provisiond.inventory.lists import MOST_ROWS, FrameQuery

        name = await one_domain(database, domain)
        return await every(
            lambda after: list_domain_frames(
                database,
                name,
                FrameQuery(
                    text=search,
                    owner=owner,
                    descending=descending,
                    after=after,
                    limit=MOST_ROWS,
                ),
            )
        )

    found = ask(session, work)
    if session.as_json:
        emit([_tree(frame) for frame in found])
        return
    rows = [(one.name, one.owner, one.kind.value, _told_parts(one)) for one in found]
    table(("name", "user", "kind", "holds"), rows)


@app.command("show")
def show(
    context: typer.Context,
    name: FrameName,
    owner: Owner = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one time frame, when it holds next, and the numbers with a rule for it."""
    session = session_of(context, config, as_json)
    view = _ask_view(session, domain, name, owner, 5)
    uses = [str(use) for use in view.uses]
    if session.as_json:
        emit(
            {
                "domain": view.domain,
                **_tree(view.frame),
                "holds": view.holds,
                "next": _spans(view.next),
                "uses": uses,
            }
        )
        return
    pairs(
        [
            ("name", view.frame.name),
            ("user", view.frame.owner),
            ("domain", view.domain),
            ("kind", view.frame.kind.value),
            ("time zone", view.time_zone),
            ("holds now", view.holds),
            ("used by", uses),
        ]
    )
    for text in _told_parts(view.frame):
        say(f"  {text}")
    _tell_next(view)


@app.command("next")
def next_(
    context: typer.Context,
    name: FrameName,
    count: Annotated[int, typer.Option("--count", min=1, max=366, help="How many.")] = 10,
    owner: Owner = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the next times that a frame holds."""
    session = session_of(context, config, as_json)
    view = _ask_view(session, domain, name, owner, count)
    if session.as_json:
        emit({"name": name, "time_zone": view.time_zone, "next": _spans(view.next)})
    else:
        _tell_next(view)


@app.command("add")
def add(
    context: typer.Context,
    name: FrameName,
    owner: Owner = None,
    kind: Kind = None,
    hours: Hours = None,
    dates: Dates = None,
    holidays: Holidays = None,
    day: Days = None,
    time_zone: Zone = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a time frame. Without any part it always holds."""
    from provisiond.actions.frame_edits import FrameEdit

    session = session_of(context, config, as_json)
    change = FrameEdit(
        owner=owner,
        kind=kind,
        time_zone=time_zone,
        hours=texts(hours),
        dates=texts(dates),
        holidays=texts(holidays),
        days=texts(day),
    )

    async def work(database: "Database") -> "Saved[TimeFrame]":
        from provisiond.actions.frame_edits import edited_frame
        from provisiond.actions.timeframes import AddFrame, add_frame

        home = await one_domain(database, domain)
        frame = edited_frame(TimeFrame(name=name, kind=FrameKind.ALWAYS), change)
        command = AddFrame(domain=home, frame=frame, dry_run=dry_run)
        return await add_frame(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: FrameName,
    owner: Owner = None,
    new_name: Annotated[
        str | None, typer.Option("--name", help="Another name; the rules for it follow.")
    ] = None,
    kind: Kind = None,
    hours: Hours = None,
    dates: Dates = None,
    holidays: Holidays = None,
    day: Days = None,
    time_zone: Zone = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a time frame. Parts that are given replace all of their sort; "" removes those."""
    from provisiond.actions.frame_edits import FrameEdit

    session = session_of(context, config, as_json)
    change = FrameEdit(
        name=new_name,
        kind=kind,
        time_zone=time_zone,
        hours=texts(hours),
        dates=texts(dates),
        holidays=texts(holidays),
        days=texts(day),
    )

    async def work(database: "Database") -> "Saved[TimeFrame]":
        from provisiond.actions.frame_edits import edited_frame
        from provisiond.actions.timeframes import ChangeFrame, change_frame, show_frame

        home = await one_domain(database, domain)
        view = await show_frame(database, home, name, now(), owner=owner, count=1)
        frame = edited_frame(view.frame, change)
        command = ChangeFrame(domain=home, name=name, owner=owner, frame=frame, dry_run=dry_run)
        return await change_frame(database, session.actor, command, now())

    _told(session, ask(session, work), "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: FrameName,
    owner: Owner = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a time frame that no number has a rule for."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the time frame {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.timeframes import DeleteFrame, delete_frame

        home = await one_domain(database, domain)
        command = DeleteFrame(domain=home, name=name, owner=owner, dry_run=dry_run)
        await delete_frame(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "time frame", name, dry_run=dry_run)


def _ask_view(
    session: Session, domain: str | None, name: str, owner: str | None, count: int
) -> "FrameView":
    async def work(database: "Database") -> "FrameView":
        from provisiond.actions.timeframes import show_frame

        home = await one_domain(database, domain)
        return await show_frame(database, home, name, now(), owner=owner, count=count)

    return ask(session, work)


def _tell_next(view: "FrameView") -> None:
    from zoneinfo import ZoneInfo

    say()
    if view.frame.kind.value == "always":
        say("always")
        return
    zone = ZoneInfo(view.time_zone)
    table(
        ("from", "to", f"in {view.time_zone}"),
        [
            (
                f"{start.astimezone(zone):%Y-%m-%d %H:%M}" if start else "long ago",
                f"{end.astimezone(zone):%Y-%m-%d %H:%M}" if end else "in ten years or later",
                f"{start.astimezone(zone):%A}" if start else "",
            )
            for start, end in view.next
        ],
    )


def _spans(spans: "Sequence[Occurrence]") -> list[dict[str, Any]]:
    return [{"start": start, "end": end} for start, end in spans]


def _told_parts(frame: TimeFrame) -> list[str]:
    from provisiond.actions.frame_edits import part_text

    return [part_text(part) for part in frame.parts] or ["always"]


def _tree(frame: TimeFrame) -> dict[str, Any]:
    from provisiond.actions.number_trees import frame_tree

    return {**frame_tree(frame), "revision": frame.revision}


def _told(session: Session, saved: "Saved[TimeFrame]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.number_trees import frame_tree

    tell_saved(
        session,
        saved,
        frame_tree(saved.record),
        noun="time frame",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
