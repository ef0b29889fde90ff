"""How are button layouts kept at a prompt, and put on phones?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, findings, pairs, say, table
from provisiond.cli_phone_edits import Buttons
from provisiond.cli_records import (
    DryRun,
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
    given_mac,
    now,
    one_domain,
    session_of,
)
from provisiond.inventory.phones import Layout

if TYPE_CHECKING:
    from provisiond.actions.edits import Saved
    from provisiond.actions.layout_apply import AppliedLayout
    from provisiond.actions.layouts import LayoutView
    from provisiond.catalog.shelf import Shelf
    from provisiond.store.database import Database

app = typer.Typer(help="Sets of buttons that phones of any model share.", no_args_is_help=True)

LayoutArgument = Annotated[str, typer.Argument(metavar="NAME", help="The layout.")]
FromPhone = Annotated[
    str | None,
    typer.Option("--from-phone", metavar="MAC", help="Begin with the buttons of this phone."),
]


@app.command("list")
def list_layouts(
    context: typer.Context,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the button layouts of a domain."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> tuple[Layout, ...]:
        from provisiond.actions.layouts import list_domain_layouts

        return await list_domain_layouts(database, await one_domain(database, domain))

    found = ask(session, work)
    if session.as_json:
        emit([_tree(layout) for layout in found])
        return
    table(("layout", "buttons"), [(one.name, len(one.buttons)) for one in found])


@app.command("show")
def show(
    context: typer.Context,
    name: LayoutArgument,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show the buttons of a layout, and the phones that have it."""
    session = session_of(context, config, as_json)

    async def work(database: "Database") -> "LayoutView":
        from provisiond.actions.layouts import show_layout

        return await show_layout(database, await one_domain(database, domain), name)

    view = ask(session, work)
    if session.as_json:
        phones = [str(mac) for mac in view.phones]
        emit({"domain": view.domain, **_tree(view.layout), "phones": phones})
        return
    pairs([("layout", view.layout.name), ("domain", view.domain), ("phones", view.phones)])
    say()
    table(
        ("module", "key", "kind", "line", "value", "label"),
        [(b.module, b.key, b.kind.value, b.line, b.value, b.label) for b in view.layout.buttons],
    )


@app.command("add")
def add(
    context: typer.Context,
    name: LayoutArgument,
    button: Buttons = None,
    from_phone: FromPhone = None,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Add a layout: buttons as for `phones edit`, or those of a phone, or both."""
    session = session_of(context, config, as_json)
    mac = given_mac(from_phone) if from_phone is not None else None

    async def work(database: "Database") -> "Saved[Layout]":
        from provisiond.actions.layouts import AddLayout, add_layout
        from provisiond.actions.phone_edits import edited_buttons
        from provisiond.actions.phones import show_phone

        home = await one_domain(database, domain)
        stood = (await show_phone(database, home, mac)).phone.buttons if mac is not None else ()
        layout = Layout(name=name, buttons=edited_buttons(stood, button or ()))
        command = AddLayout(domain=home, layout=layout, dry_run=dry_run)
        return await add_layout(database, session.actor, command, now())

    _told(session, ask(session, work), "added", dry_run=dry_run)


@app.command("edit")
def edit(
    context: typer.Context,
    name: LayoutArgument,
    new_name: Annotated[
        str | None, typer.Option("--name", help="Another name; its phones follow.")
    ] = None,
    button: Buttons = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Change a layout; its phones follow. What does not fit them is listed before it is saved."""
    session = session_of(context, config, as_json)

    async def work(database: "Database", shelf: "Shelf", *, trying: bool) -> "Saved[Layout]":
        from provisiond.actions.layouts import ChangeLayout, change_layout, show_layout
        from provisiond.actions.phone_edits import edited_buttons

        home = await one_domain(database, domain)
        stood = (await show_layout(database, home, name)).layout
        layout = replace(
            stood,
            name=new_name if new_name is not None else name,
            buttons=edited_buttons(stood.buttons, button or ()),
        )
        command = ChangeLayout(domain=home, name=name, layout=layout, dry_run=trying)
        return await change_layout(database, shelf, session.actor, command, now())

    asking = not (yes or session.as_json)
    saved = ask_with_shelf(session, lambda db, shelf: work(db, shelf, trying=dry_run or asking))
    if asking and not dry_run:
        findings(saved.warnings)
        if saved.warnings:
            confirm(session, f"Save {name} all the same?", yes=False, dry_run=False)
        saved = ask_with_shelf(session, lambda db, shelf: work(db, shelf, trying=False))
        saved = replace(saved, warnings=())
    _told(session, saved, "saved", dry_run=dry_run)


@app.command("delete")
def delete(
    context: typer.Context,
    name: LayoutArgument,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a layout that no phone has."""
    session = session_of(context, config, as_json)
    confirm(session, f"Delete the layout {name}?", yes=yes, dry_run=dry_run)

    async def work(database: "Database") -> str:
        from provisiond.actions.layouts import DeleteLayout, delete_layout

        home = await one_domain(database, domain)
        command = DeleteLayout(domain=home, name=name, dry_run=dry_run)
        await delete_layout(database, session.actor, command, now())
        return home

    tell_deleted(session, ask(session, work), "layout", name, dry_run=dry_run)


@app.command("apply")
def apply(
    context: typer.Context,
    name: LayoutArgument,
    macs: Annotated[list[str], typer.Argument(metavar="MAC...", help="In any notation.")],
    replace_own: Annotated[
        bool, typer.Option("--replace", help="The phones' own buttons go.")
    ] = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put a layout on phones of any model. What does not fit is listed before it is saved."""
    session = session_of(context, config, as_json)
    phones = tuple(dict.fromkeys(given_mac(mac) for mac in macs))

    async def work(database: "Database", shelf: "Shelf", *, trying: bool) -> "AppliedLayout":
        from provisiond.actions.layout_apply import ApplyLayout, apply_layout

        command = ApplyLayout(
            domain=await one_domain(database, domain),
            name=name,
            phones=phones,
            replace_own=replace_own,
            dry_run=trying,
        )
        return await apply_layout(database, shelf, session.actor, command, now())

    asking = not (yes or session.as_json)
    done = ask_with_shelf(session, lambda db, shelf: work(db, shelf, trying=dry_run or asking))
    misfits = [
        replace(warning, where=f"{one.mac} {one.model}")
        for one in done.phones
        for warning in one.warnings
    ]
    if not session.as_json:
        findings(misfits)
    if asking and not dry_run:
        if misfits:
            confirm(session, f"Put {name} there all the same?", yes=False, dry_run=False)
        done = ask_with_shelf(session, lambda db, shelf: work(db, shelf, trying=False))
    _tell_applied(session, done, dry_run=dry_run)


def _tell_applied(session: Session, done: "AppliedLayout", *, dry_run: bool) -> None:
    if session.as_json:
        emit(
            {
                "domain": done.domain,
                "layout": done.name,
                "dry_run": dry_run,
                "phones": done.phones,
            }
        )
        return
    for one in done.phones:
        what = f"{one.mac}, {one.model}"
        if not one.changed:
            say(f"{what} has {done.name} already.")
        elif dry_run:
            say(f"{what} would get {done.name}: this was a dry run.")
        else:
            say(f"{what} has {done.name} now.")


def _tree(layout: Layout) -> dict[str, Any]:
    from provisiond.actions.inventory_write import layout_tree

    return {**layout_tree(layout), "revision": layout.revision}


def _told(session: Session, saved: "Saved[Layout]", done: str, *, dry_run: bool = False) -> None:
    from provisiond.actions.inventory_write import layout_tree

    tell_saved(
        session,
        saved,
        layout_tree(saved.record),
        noun="layout",
        key=saved.record.name,
        done=done,
        dry_run=dry_run,
    )
