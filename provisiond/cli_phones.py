"""How are phones listed, shown, deleted and enrolled anew at a prompt?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisiond.cli_output import emit, findings, moment, outcome_text, pairs, say, table
from provisiond.cli_phone_edits import add, edit
from provisiond.cli_records import Descending, DryRun, Search, Yes, confirm, every, tell_deleted
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
from provisiond.inventory.lists import MOST_ROWS, PhoneOrder, PhoneQuery
from provisiond.inventory.mac import Mac
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import Secret

if TYPE_CHECKING:
    from provisiond.actions.phones import PhoneView, Saved
    from provisiond.settings import Settings

app = typer.Typer(help="The phones of the inventory.", no_args_is_help=True)
app.command("add")(add)
app.command("edit")(edit)


@app.command("list")
def list_phones(
    context: typer.Context,
    search: Search = "",
    site: Annotated[str | None, typer.Option("--site", help="Only those at this site.")] = None,
    sort: Annotated[PhoneOrder, typer.Option("--sort", help="What to sort by.")] = PhoneOrder.MAC,
    descending: Descending = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List the phones of a domain."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    query = PhoneQuery(
        text=search.strip(), site=site, order=sort, descending=descending, limit=MOST_ROWS
    )
    views = run(_list(session, settings, domain, query))
    if session.as_json:
        emit([_tree(view) for view in views])
        return
    table(
        ("mac", "model", "name", "site", "lines", "enrolment", "last seen", "notes"),
        [
            (
                view.phone.mac,
                view.phone.model,
                view.phone.name,
                view.phone.site,
                [line.extension for line in view.phone.lines],
                "disabled" if not view.phone.enabled else _enrolment(view.phone).split()[0],
                view.sighting.last_seen if view.sighting is not None else "never",
                view.phone.notes,
            )
            for view in views
        ],
    )


@app.command("show")
def show(
    context: typer.Context,
    mac: MacArgument,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show one phone: lines, buttons, enrolment, when it was last seen."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    view = run(_show(session, settings, domain, parsed))
    if session.as_json:
        emit(_tree(view))
    else:
        _tell(view)


@app.command("delete")
def delete(
    context: typer.Context,
    mac: MacArgument,
    yes: Yes = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Delete a phone; it gets nothing from then on. Users and layouts stay."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    view = run(_show(session, settings, domain, parsed))
    what = f"{view.phone.mac}, {view.phone.model} {view.phone.name}".strip()
    confirm(session, f"Delete {what} of {view.domain}?", yes=yes, dry_run=dry_run)
    run(_delete(session, settings, view, dry_run))
    tell_deleted(session, view.domain, "phone", view.phone.mac, dry_run=dry_run)


@app.command("enrol")
def enrol(
    context: typer.Context,
    mac: MacArgument,
    hours: Annotated[
        int | None, typer.Option("--hours", min=1, max=2160, help="How long it stays open.")
    ] = None,
    new_token: Annotated[
        bool,
        typer.Option(
            "--new-token", help="Its old URL yields nothing any more; a held one's never does."
        ),
    ] = False,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Open a phone's enrolment anew, as after a factory reset; a hold is forgotten."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    hours = hours or settings.admission.enrolment_hours
    command = (parsed, hours, new_token)
    saved = run(_enrol(session, settings, domain, command, dry_run))
    until = saved.phone.enrolment.open_until
    if session.as_json:
        renewed = new_token or bool(saved.warnings)
        told = {"mac": parsed, "open_until": until, "new_token": renewed, "dry_run": dry_run}
        emit({**told, "warnings": saved.warnings})
        return
    findings(saved.warnings)
    is_open = "would be open until" if dry_run else "is open until"
    dry = ": this was a dry run" if dry_run else ""
    say(f"the enrolment of {parsed} {is_open} {moment(until)}{dry}.")


@app.command("renew")
def renew(
    context: typer.Context,
    macs: Annotated[list[str], typer.Argument(metavar="MAC...", help="In any notation.")],
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Give phones a fresh token; the old one is good until the phone has asked with the new one."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = [given_mac(mac) for mac in macs]
    become_owner(settings.data_dir)
    run(_renew(session, settings, domain, parsed, dry_run))
    if session.as_json:
        emit({"renewed": parsed, "dry_run": dry_run})
        return
    told = (
        "would get a fresh token: this was a dry run."
        if dry_run
        else "gets a fresh token with its next file; the old one is good until it uses it."
    )
    for mac in parsed:
        say(f"{mac} {told}")


@app.command("password")
def password(
    context: typer.Context,
    mac: MacArgument,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what a phone logs in with in password mode: to be typed at it, or told elsewhere."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    text = run(_password(session, settings, domain, parsed)).reveal()
    if session.as_json:
        emit({"user": parsed.text, "password": text})
    else:
        pairs([("user", parsed.text), ("password", text)])


async def _renew(
    session: Session, settings: "Settings", domain: str | None, macs: list[Mac], dry_run: bool
) -> None:
    from provisiond.actions.phones import renew_phone_token

    async with session.store(settings, rehearsed=dry_run) as database:
        for mac in macs:
            name = await phone_domain(database, domain, mac)
            await renew_phone_token(database, session.actor, name, mac, now())


async def _password(session: Session, settings: "Settings", domain: str | None, mac: Mac) -> Secret:
    from provisiond.actions.phones import show_phone
    from provisiond.daemon_setup import password_of

    async with session.store(settings) as database:
        view = await show_phone(database, await phone_domain(database, domain, mac), mac)
        return password_of(database, view.phone.token)


async def _list(
    session: Session, settings: "Settings", domain: str | None, query: PhoneQuery
) -> "list[PhoneView]":
    from provisiond.actions.phones import check_site, list_domain_phones

    async with session.store(settings) as database:
        name = await one_domain(database, domain)
        if query.site is not None:
            await check_site(database, name, query.site)
        return await every(
            lambda after: list_domain_phones(database, name, replace(query, after=after))
        )


async def _show(
    session: Session, settings: "Settings", domain: str | None, mac: Mac
) -> "PhoneView":
    from provisiond.actions.phones import show_phone

    async with session.store(settings) as database:
        return await show_phone(database, await phone_domain(database, domain, mac), mac)


async def _delete(session: Session, settings: "Settings", view: "PhoneView", dry_run: bool) -> None:
    from provisiond.actions.phones import delete_phone

    async with session.store(settings, rehearsed=dry_run) as database:
        await delete_phone(database, session.actor, view.domain, view.phone.mac, now())


async def _enrol(
    session: Session,
    settings: "Settings",
    domain: str | None,
    command: tuple[Mac, int, bool],
    dry_run: bool,
) -> "Saved":
    from provisiond.actions.phones import reopen_enrolment

    mac, hours, new_token = command
    async with session.store(settings, rehearsed=dry_run) as database:
        return await reopen_enrolment(
            database,
            session.actor,
            await phone_domain(database, domain, mac),
            mac,
            now(),
            hours=hours,
            with_new_token=new_token,
        )


def _enrolment(phone: Phone) -> str:
    from provisiond.inventory.admission import is_open

    enrolment = phone.enrolment
    if enrolment.held_reason is not None:
        return "held"
    if is_open(enrolment, now()):
        return f"open until {moment(enrolment.open_until)}"
    return "closed"


def _tree(view: "PhoneView") -> dict[str, Any]:
    """A phone as the inventory file has it, with what is no inventory beside it."""
    from provisiond.actions.inventory_write import phone_tree

    phone = phone_tree(view.phone)
    phone["enrolment"] = _enrolment(view.phone)
    users = {extension: user.display_name for extension, user in sorted(view.users.items())}
    return {
        "domain": view.domain,
        **phone,
        "users": users,
        "held_reason": view.phone.enrolment.held_reason,
        "revision": view.phone.revision,
        "sighting": view.sighting,
        "resync": view.resync,
    }


def _tell(view: "PhoneView") -> None:
    phone = view.phone
    held = phone.enrolment.held_reason
    pairs(
        [
            ("mac", phone.mac),
            ("model", phone.model),
            ("domain", view.domain),
            ("name", phone.name),
            ("site", phone.site),
            ("enabled", phone.enabled),
            ("enrolment", _enrolment(phone) + (f": {held}" if held else "")),
            ("token renewed", phone.enrolment.renewed_at),
            ("directory", phone.directory),
            ("layout", phone.layout),
            ("sidecars", phone.sidecars),
            ("emergency address", phone.emergency_address),
            ("notes", phone.notes),
        ]
    )
    _tell_sighting(view)
    _tell_parts(view)


def _tell_sighting(view: "PhoneView") -> None:
    seen = view.sighting
    if seen is not None:
        pairs(
            [
                ("last seen", seen.last_seen),
                ("from", f"{seen.address} by {seen.transport}"),
                ("asked for", seen.last_file),
                ("user agent", seen.user_agent),
                ("current as of", seen.proved_at),
            ]
        )
    else:
        say("never seen")
    if view.resync is not None:
        pairs([("re-sync", f"{moment(view.resync.requested_at)}: {outcome_text(view.resync)}")])


def _tell_parts(view: "PhoneView") -> None:
    phone = view.phone
    if phone.lines:
        say()
        table(
            ("line", "extension", "user", "label", "shared"),
            [
                (
                    line.line,
                    line.extension,
                    view.users[line.extension].display_name,
                    line.label,
                    line.shared,
                )
                for line in phone.lines
            ],
        )
    if phone.buttons:
        say()
        table(
            ("module", "key", "kind", "line", "value", "label"),
            [(b.module, b.key, b.kind.value, b.line, b.value, b.label) for b in phone.buttons],
        )
    if phone.overrides:
        from provisiond.actions.inventory_write import phone_tree

        say()
        masked: Any = phone_tree(phone)["overrides"]
        shown = [(key, "(not printed)" if v is None else v) for key, v in masked.items()]
        table(("override", "value"), shown)
