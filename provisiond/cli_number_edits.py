"""How are telephone numbers added and changed at a prompt?"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_many import change_of, several, tell_changed
from provisiond.cli_records import DryRun, ask, tell_saved
from provisiond.cli_session import Config, DomainName, Json, Session, now, session_of
from provisiond.cli_telephones import NumberArgument, NumberArguments, meant, meant_ones, new_number

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany
    from provisiond.actions.edits import Saved
    from provisiond.actions.number_edits import NumberEdit
    from provisiond.inventory.numbers import Number
    from provisiond.store.database import Database

Treatment = Annotated[
    str | None,
    typer.Option(
        "--treatment",
        "-t",
        help="What it does: user, conference, call_queue, voicemail, auto_attendant, pstn, "
        "fax_server, sip_trunk, available.",
    ),
]
Destination = Annotated[
    str | None,
    typer.Option("--destination", "-e", help="Extension or name; for pstn a number outside."),
]
Prefix = Annotated[
    str | None, typer.Option("--prefix", help="Caller ID prefix, before the caller's name.")
]
Announcement = Annotated[
    str | None,
    typer.Option("--announcement", help="Of a call queue: none, callers_ahead or expected_wait."),
]
Enhanced = Annotated[
    bool | None,
    typer.Option(
        "--enhanced/--no-enhanced",
        help="Of voicemail: the caller may dial another extension. Its prompt fails where the "
        "user forwards calls.",
    ),
]
Rules = Annotated[
    list[str] | None,
    typer.Option(
        "--rule",
        metavar="FRAME=TREATMENT[,DEST[,PREFIX[,MORE]]]",
        help="What happens while a time frame holds; the first from the top wins. MORE is an "
        "announcement or enhanced; FRAME= removes the rule.",
    ),
]
Notes = Annotated[str | None, typer.Option("--notes", help="Notes, such as: main support line.")]
Language = Annotated[str | None, typer.Option("--language", help="en, fr-CA, …")]
Zone = Annotated[
    str | None, typer.Option("--time-zone", help='Another than the domain\'s; "" for that.')
]
EnableOn = Annotated[
    str | None, typer.Option("--enable-on", metavar="DAY", help="It answers from this day on.")
]
DisableOn = Annotated[
    str | None, typer.Option("--disable-on", metavar="DAY", help="From this day on no more.")
]
Enabled = Annotated[
    bool | None, typer.Option("--enable/--disable", help="Whether it answers at all.")
]


def add(
    context: typer.Context,
    number: NumberArgument,
    treatment: Treatment = None,
    destination: Destination = None,
    prefix: Prefix = None,
    announcement: Announcement = None,
    enhanced: Enhanced = None,
    rule: Rules = None,
    notes: Notes = None,
    language: Language = None,
    time_zone: Zone = None,
    enabled: Enabled = None,
    enable_on: EnableOn = None,
    disable_on: DisableOn = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a number. Without a treatment it is available."""
    session = session_of(context, config, as_json)
    given = dict(context.params)

    async def work(database: "Database") -> "Saved[Number]":
        from provisiond.actions.number_edits import edited_number
        from provisiond.actions.numbers import AddNumber, add_number
        from provisiond.inventory.numbers import Number

        name, new = await new_number(database, domain, number)
        record = edited_number(Number(number=new), _edit_of(given))
        command = AddNumber(domain=name, number=record, dry_run=dry_run)
        return await add_number(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


def edit(
    context: typer.Context,
    numbers: NumberArguments,
    treatment: Treatment = None,
    destination: Destination = None,
    prefix: Prefix = None,
    announcement: Announcement = None,
    enhanced: Enhanced = None,
    rule: Rules = None,
    move: Annotated[
        list[str] | None,
        typer.Option("--move", metavar="FRAME=PLACE", help="Put a rule elsewhere, 1 is the top."),
    ] = None,
    no_rules: Annotated[
        bool, typer.Option("--no-rules", help="Take all rules away, then add those given.")
    ] = False,
    notes: Notes = None,
    language: Language = None,
    time_zone: Zone = None,
    enabled: Enabled = None,
    enable_on: EnableOn = None,
    disable_on: DisableOn = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a number, or many, all or none; what is not named stays, and "" clears a field."""
    session = session_of(context, config, as_json)
    given = dict(context.params)
    many = several(numbers)
    if many:
        _edit_many(session, domain, many, _edit_of(given), dry_run)
        return

    async def work(database: "Database") -> "Saved[Number]":
        from provisiond.actions.number_edits import edited_number
        from provisiond.actions.numbers import ChangeNumber, change_number, show_number

        name, meant_one = await meant(database, domain, numbers[0])
        stood = (await show_number(database, name, meant_one, now())).number
        record = edited_number(stood, _edit_of(given))
        command = ChangeNumber(domain=name, number=record, dry_run=dry_run)
        return await change_number(database, session.actor, command, now())

    _told(session, ask(session, work), "saved", dry_run=dry_run)


def _edit_many(
    session: Session, domain: str | None, written: Sequence[str], edit: "NumberEdit", dry_run: bool
) -> None:
    async def work(database: "Database") -> "ChangedMany":
        from provisiond.actions.number_edits import edited_number
        from provisiond.actions.numbers import change_numbers

        name, numbers = await meant_ones(database, domain, written)
        command = change_of(
            name, numbers, lambda number: edited_number(number, edit), dry_run=dry_run
        )
        return await change_numbers(database, session.actor, command, now())

    tell_changed(session, ask(session, work), "number", dry_run=dry_run)


def _edit_of(given: Mapping[str, Any]) -> "NumberEdit":
    """The edit that a command's options ask for, by the names they have in its signature."""
    from provisiond.actions.number_edits import NumberEdit

    plain = ("treatment", "destination", "announcement", "notes", "language", "time_zone")
    return NumberEdit(
        **{name: given.get(name) for name in (*plain, "enabled", "enable_on", "disable_on")},
        caller_id_prefix=given.get("prefix"),
        enhanced_voicemail=given.get("enhanced"),
        rules=tuple(given.get("rule") or ()),
        moves=tuple(given.get("move") or ()),
        without_rules=bool(given.get("no_rules")),
    )


def _told(session: Session, saved: "Saved[Number]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.number_trees import number_tree

    tell_saved(
        session,
        saved,
        number_tree(saved.record),
        noun="number",
        key=saved.record.number,
        done=done,
        dry_run=dry_run,
    )
