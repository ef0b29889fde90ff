"""How are phones added and changed at a prompt?"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_many import change_of, several, tell_changed
from provisiond.cli_output import emit, findings, moment, say
from provisiond.cli_records import DryRun, EmergencyAddress, ask_with_shelf
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
    phone_domain,
    run,
    session_of,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone

if TYPE_CHECKING:
    from provisiond.actions.bulk_edits import ChangedMany
    from provisiond.actions.phone_edits import PhoneEdit
    from provisiond.actions.phones import Saved
    from provisiond.catalog.shelf import Shelf
    from provisiond.settings import Settings
    from provisiond.store.database import Database

Name = Annotated[str | None, typer.Option("--name", help="What people call the phone.")]
Site = Annotated[str | None, typer.Option("--site", help='Site; "" for none.')]
Notes = Annotated[str | None, typer.Option("--notes", help="Notes.")]
Directory = Annotated[str | None, typer.Option("--directory", help='Directory; "" for none.')]
LayoutName = Annotated[str | None, typer.Option("--layout", help='Button layout; "" for none.')]
Lines = Annotated[
    list[str] | None,
    typer.Option(
        "--line",
        metavar="N=USER[,shared]",
        help="Line n is this user's, by extension or name; N= removes it.",
    ),
]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="N=TEXT", help="What the screen shows for line n."),
]
Handsets = Annotated[
    list[str] | None,
    typer.Option(
        "--handset",
        metavar="N=NAME[,IPEI[,LINES]]",
        help="Handset n of a DECT base, its lines as 1+2; N= removes it.",
    ),
]
Sidecars = Annotated[
    list[str] | None,
    typer.Option("--sidecar", metavar="TYPE", help='All sidecars in order; "" for none.'),
]
Buttons = Annotated[
    list[str] | None,
    typer.Option(
        "--button",
        metavar="[UNIT/]KEY=KIND[@LINE][,VALUE[,LABEL]]",
        help="A button, on sidecar UNIT or the phone; KEY= removes it.",
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="KEY=VALUE", help="A parameter of the phone set by hand."),
]
Omitted = Annotated[
    list[str] | None,
    typer.Option("--omit", metavar="KEY", help="A parameter that is not to be printed."),
]
SettingsOfPhone = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A setting of this phone; NAME= unsets it."),
]

_OF_ONE = ("new_mac", "name", "line", "label", "handset")


def add(
    context: typer.Context,
    mac: MacArgument,
    model: Annotated[str, typer.Option("--model", help='"Vendor Model", as on the box.')],
    name: Name = None,
    site: Site = None,
    notes: Notes = None,
    directory: Directory = None,
    layout: LayoutName = None,
    emergency_address: EmergencyAddress = None,
    line: Lines = None,
    label: Labels = None,
    handset: Handsets = None,
    sidecar: Sidecars = None,
    button: Buttons = None,
    override: Overrides = None,
    omit: Omitted = None,
    set_: SettingsOfPhone = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a phone and open its enrolment: the URL without a token serves it until it closes."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    change = edit_of(context.params)
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    work = _add(session, settings, session.models(settings), domain, parsed, change, dry_run)
    saved = run(work)
    until = moment(saved.phone.enrolment.open_until)
    _told(session, saved, "added", f"; its enrolment is open until {until}", dry_run=dry_run)


def edit(
    context: typer.Context,
    macs: Annotated[
        list[str],
        typer.Argument(metavar="MAC...", help="In any notation; - reads them from standard input."),
    ],
    new_mac: Annotated[
        str | None, typer.Option("--mac", metavar="MAC", help="Another device takes its place.")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help='"Vendor Model".')] = None,
    name: Name = None,
    site: Site = None,
    notes: Notes = None,
    directory: Directory = None,
    layout: LayoutName = None,
    emergency_address: EmergencyAddress = None,
    enabled: Annotated[
        bool | None, typer.Option("--enable/--disable", help="Whether it gets its files.")
    ] = None,
    line: Lines = None,
    label: Labels = None,
    handset: Handsets = None,
    sidecar: Sidecars = None,
    button: Buttons = None,
    override: Overrides = None,
    omit: Omitted = None,
    no_override: Annotated[
        list[str] | None,
        typer.Option("--no-override", metavar="KEY", help="Take an override away."),
    ] = None,
    set_: SettingsOfPhone = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a phone, or many, all or none; what is not named stays. A running daemon serves the
    change in a second."""
    session = session_of(context, config, as_json)
    change = edit_of(context.params)
    many = several(macs, context.params, _OF_ONE)
    if many:
        _edit_many(session, domain, many, change, dry_run)
        return
    settings = session.settings()
    parsed = given_mac(macs[0])
    become_owner(settings.data_dir)
    work = _edit(session, settings, session.models(settings), domain, parsed, change, dry_run)
    _told(session, run(work), "saved", dry_run=dry_run)


def edit_of(given: Mapping[str, Any]) -> "PhoneEdit":
    """The edit that a command's options ask for, by the names they have in its signature."""
    from provisiond.actions.phone_edits import PhoneEdit

    def texts(name: str) -> tuple[str, ...]:
        return tuple(given.get(name) or ())

    plain = (
        "model",
        "name",
        "site",
        "notes",
        "directory",
        "layout",
        "emergency_address",
        "enabled",
    )
    return PhoneEdit(
        **{name: given.get(name) for name in plain},
        mac=given.get("new_mac"),
        lines=texts("line"),
        labels=texts("label"),
        handsets=texts("handset"),
        sidecars=texts("sidecar") if given.get("sidecar") else None,
        buttons=texts("button"),
        overrides=texts("override"),
        omitted=texts("omit"),
        dropped=texts("no_override"),
        settings=texts("set_"),
    )


def _edit_many(
    session: Session, domain: str | None, written: Sequence[str], change: "PhoneEdit", dry_run: bool
) -> None:
    macs = [given_mac(mac) for mac in written]

    async def work(database: "Database", shelf: "Shelf") -> "ChangedMany":
        from provisiond.actions.phone_edits import edited
        from provisiond.actions.phones import change_phones

        home = await phone_domain(database, domain, macs[0])
        command = change_of(home, macs, lambda phone: edited(phone, change), dry_run=dry_run)
        return await change_phones(database, shelf, session.actor, command, now())

    tell_changed(session, ask_with_shelf(session, work), "phone", dry_run=dry_run)


async def _add(
    session: Session,
    settings: "Settings",
    shelf: "Shelf",
    domain: str | None,
    mac: Mac,
    edit: "PhoneEdit",
    dry_run: bool,
) -> "Saved":
    from provisiond.actions.phone_edits import edited
    from provisiond.actions.phones import add_phone

    phone = edited(Phone(mac=mac, model=""), edit)
    async with session.store(settings) as database:
        return await add_phone(
            database,
            shelf,
            session.actor,
            await one_domain(database, domain),
            phone,
            now(),
            enrolment_hours=settings.admission.enrolment_hours,
            dry_run=dry_run,
        )


async def _edit(
    session: Session,
    settings: "Settings",
    shelf: "Shelf",
    domain: str | None,
    mac: Mac,
    edit: "PhoneEdit",
    dry_run: bool,
) -> "Saved":
    from provisiond.actions.phone_edits import edited
    from provisiond.actions.phones import change_phone, show_phone

    async with session.store(settings) as database:
        name = await phone_domain(database, domain, mac)
        phone = edited((await show_phone(database, name, mac)).phone, edit)
        return await change_phone(
            database,
            shelf,
            session.actor,
            name,
            mac,
            phone,
            now(),
            enrolment_hours=settings.admission.enrolment_hours,
            dry_run=dry_run,
        )


def _told(session: Session, saved: "Saved", done: str, more: str = "", *, dry_run: bool) -> None:
    from provisiond.actions.inventory_write import phone_tree

    if session.as_json:
        phone = {"domain": saved.domain, **phone_tree(saved.phone)}
        emit(
            {
                "phone": phone,
                "changed": saved.changed,
                "dry_run": dry_run,
                "warnings": saved.warnings,
            }
        )
        return
    findings(saved.warnings)
    what = f"{saved.phone.mac}, {saved.phone.model}"
    if not saved.changed:
        say(f"nothing to change in {what}.")
    elif dry_run:
        say(f"{what} would be {done}: this was a dry run.")
    else:
        say(f"{done} {what}{more}.")
