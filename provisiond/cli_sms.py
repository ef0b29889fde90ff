"""How are SMS numbers kept at a prompt?"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_many import change_of, several, tell_changed
from provisiond.cli_output import emit, pairs, table
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
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    now,
    one_domain,
    session_of,
)
from provisiond.cli_telephones import NumberArgument, NumberArguments, meant, meant_ones, new_number
from provisiond.inventory.lists import SmsOrder
from provisiond.inventory.sms import SmsTreatment

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany
    from provisiond.actions.edits import Saved
    from provisiond.actions.number_edits import SmsEdit
    from provisiond.actions.sms import SmsView
    from provisiond.inventory.sms import SmsNumber
    from provisiond.store.database import Database

app = typer.Typer(help="The SMS numbers of the inventory.", no_args_is_help=True)

Treatment = Annotated[
    str | None,
    typer.Option(
        "--treatment",
        "-t",
        help="call_queue (inbound), user (inbound and outbound) or available.",
    ),
]
Destination = Annotated[str | None, typer.Option("--destination", "-e", help="Extension or name.")]
Carrier = Annotated[str | None, typer.Option("--carrier", help="Who brings the messages.")]
Mms = Annotated[bool | None, typer.Option("--mms/--no-mms", help="Whether it takes MMS.")]
GroupMms = Annotated[
    bool | None, typer.Option("--group-mms/--no-group-mms", help="Whether it takes group MMS.")
]
Notes = Annotated[str | None, typer.Option("--notes", help="Notes.")]


@app.command("list")
def list_sms_numbers(
    context: typer.Context,
    search: Search = "",
    treatment: Annotated[
        SmsTreatment | None, typer.Option("--treatment", help="Only those with it.")
    ] = None,
    sort: Annotated[SmsOrder, typer.Option("--sort", help="What to sort by.")] = SmsOrder.NUMBER,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List SMS numbers with whose they are."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "list[SmsView]":
        from provisiond.actions.sms import list_domain_sms_numbers
        from provisiond.inventory.lists import MOST_ROWS, SmsQuery

        name = await one_domain(database, domain)
        return await every(
            lambda after: list_domain_sms_numbers(
                database,
                name,
                SmsQuery(
                    text=search,
                    treatment=treatment,
                    order=sort,
                    descending=descending,
                    after=after,
                    limit=MOST_ROWS,
                ),
            )
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
    """Show one SMS number."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "SmsView":
        from provisiond.actions.sms import show_sms_number

        return await show_sms_number(database, *await meant(database, domain, number))

    view = ask(session, work)
    if session.as_json:
        emit(_tree(view))
        return
    record = view.number
    pairs(
        [
            ("number", f"{record.number}, {record.number.national}"),
            ("domain", view.domain),
            ("treatment", record.treatment.value),
            ("destination", f"{record.destination} {view.name}".strip()),
            ("carrier", record.carrier),
            ("mms", record.mms),
            ("group mms", record.group_mms),
            ("notes", record.notes),
        ]
    )


@app.command("add")
def add(
    context: typer.Context,
    number: NumberArgument,
    treatment: Treatment = None,
    destination: Destination = None,
    carrier: Carrier = None,
    mms: Mms = None,
    group_mms: GroupMms = None,
    notes: Notes = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add an SMS number. Without a treatment it is available."""
    session = session_of(context, config, as_json)
    given = dict(context.params)

    async def work(database: "Database") -> "Saved[SmsNumber]":
        from provisiond.actions.number_edits import edited_sms
        from provisiond.actions.sms import AddSmsNumber, add_sms_number
        from provisiond.inventory.sms import SmsNumber

        name, new = await new_number(database, domain, number)
        record = edited_sms(SmsNumber(number=new), _edit_of(given))
        command = AddSmsNumber(domain=name, number=record, dry_run=dry_run)
        return await add_sms_number(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    numbers: NumberArguments,
    treatment: Treatment = None,
    destination: Destination = None,
    carrier: Carrier = None,
    mms: Mms = None,
    group_mms: GroupMms = None,
    notes: Notes = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change an SMS number, or many, all or none; what is not named stays, "" clears a field."""
    session = session_of(context, config, as_json)
    given = dict(context.params)
    many = several(numbers)
    if many:
        _edit_many(session, domain, many, _edit_of(given), dry_run)
        return

    async def work(database: "Database") -> "Saved[SmsNumber]":
        from provisiond.actions.number_edits import edited_sms
        from provisiond.actions.sms import ChangeSmsNumber, change_sms_number, show_sms_number

        name, meant_one = await meant(database, domain, numbers[0])
        stood = (await show_sms_number(database, name, meant_one)).number
        record = edited_sms(stood, _edit_of(given))
        command = ChangeSmsNumber(domain=name, number=record, dry_run=dry_run)
        return await change_sms_number(database, session.actor, command, now())

    _told(session, ask(session, work), "saved", dry_run=dry_run)


@app.command("make-available")
def make_available(
    context: typer.Context,
    number: NumberArgument,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take away who gets the messages. The number stays, with its notes."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "Saved[SmsNumber]":
        from provisiond.actions.sms import MakeSmsAvailable, make_sms_available

        name, meant_one = await meant(database, domain, number)
        command = MakeSmsAvailable(domain=name, number=meant_one, dry_run=dry_run)
        return await make_sms_available(database, session.actor, command, now())

    _told(session, ask(session, work), "made available", dry_run=dry_run)


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
    """Delete an SMS number from the inventory."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the SMS number {number}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> "tuple[str, SmsNumber]":
        from provisiond.actions.sms import DeleteSmsNumber, delete_sms_number

        name, meant_one = await meant(database, domain, number)
        command = DeleteSmsNumber(domain=name, number=meant_one, dry_run=dry_run)
        return name, await delete_sms_number(database, session.actor, command, now())

    name, gone = ask(session, work)
    tell_deleted(session, name, "SMS number", gone.number, dry_run=dry_run)


def _edit_many(
    session: Session, domain: str | None, written: Sequence[str], edit: "SmsEdit", dry_run: bool
) -> None:
    async def work(database: "Database") -> "ChangedMany":
        from provisiond.actions.number_edits import edited_sms
        from provisiond.actions.sms import change_sms_numbers

        name, numbers = await meant_ones(database, domain, written)
        command = change_of(name, numbers, lambda number: edited_sms(number, edit), dry_run=dry_run)
        return await change_sms_numbers(database, session.actor, command, now())

    tell_changed(session, ask(session, work), "SMS number", dry_run=dry_run)


def _edit_of(given: Mapping[str, Any]) -> "SmsEdit":
    from provisiond.actions.number_edits import SmsEdit

    names = ("treatment", "destination", "carrier", "mms", "group_mms", "notes")
    return SmsEdit(**{name: given.get(name) for name in names})


def _tell_list(views: "list[SmsView]") -> None:
    table(
        ("number", "national", "treatment", "destination", "carrier", "mms", "group", "notes"),
        [
            (
                view.number.number,
                view.number.number.national,
                view.number.treatment.value,
                f"{view.number.destination} {view.name}".strip(),
                view.number.carrier,
                view.number.mms,
                view.number.group_mms,
                view.number.notes,
            )
            for view in views
        ],
    )


def _tree(view: "SmsView") -> dict[str, Any]:
    from provisiond.actions.number_trees import sms_tree

    return {
        "domain": view.domain,
        **sms_tree(view.number),
        "national": view.number.number.national,
        "name": view.name,
        "revision": view.number.revision,
    }


def _told(session: Session, saved: "Saved[SmsNumber]", done: str, *, dry_run: bool) -> None:
    from provisiond.actions.number_trees import sms_tree

    tell_saved(
        session,
        saved,
        sms_tree(saved.record),
        noun="SMS number",
        key=saved.record.number,
        done=done,
        dry_run=dry_run,
    )
