"""How is the server itself begun, checked, brought up to date and run?"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, findings, say, table
from provisiond.cli_session import Config, Json, Session, become_owner, now, run, session_of
from provisiond.inventory.errors import Finding, ProvisiondError

if TYPE_CHECKING:
    from provisiond.catalog.shelf import Shelf
    from provisiond.daemon import Running
    from provisiond.settings import Settings
    from provisiond.store.database import Database


def serve(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Serve phones until SIGTERM or SIGINT.

    SIGHUP reads certificates and families again.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    from provisiond import daemon, logs

    writer = logs.start(level=settings.log.level, style=settings.log.format)
    try:
        daemon.run(settings, _announce)
    finally:
        writer.stop()


def init(
    context: typer.Context,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add a made-up domain with a few phones.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Make the data folder, the secret key and an empty store; what exists is left alone."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    shelf = session.shelf(settings) if demo else None
    run(_init(session, settings, shelf))


def check(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Look at everything: settings, families, the store, and each phone's file.

    Ends with 1 where a fault was found; warnings alone are 0.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    shelf = session.shelf(settings)
    found = [
        Finding(where=f"{each.family}/{finding.where}", line=finding.line, message=finding.message)
        for each in shelf.rejected
        for finding in each.findings
    ]
    found += run(_check_store(session, settings, shelf))
    faults = sum(finding.severity == "error" for finding in found)
    if session.as_json:
        emit({"faults": faults, "warnings": len(found) - faults, "findings": found})
    else:
        findings(sorted(found, key=lambda finding: finding.severity != "error"))
        say(f"{faults} fault(s), {len(found) - faults} warning(s).")
    if faults:
        raise typer.Exit(1)


def migrate(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Bring the store to this version's schema.

    An embedded store is backed up first, and must not be served meanwhile.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    done = run(_migrate(settings))
    if session.as_json:
        emit({"done": done})
        return
    for line in done:
        say(line)
    if not done:
        say("the store is up to date.")


async def _init(session: Session, settings: "Settings", shelf: "Shelf | None") -> None:
    from provisiond.actions.setup import add_demo, begin
    from provisiond.settings import shipped

    url = settings.database_url().reveal()
    begun = await begin(settings.data_dir, settings.secret_key_path, url)
    report = None
    async with session.store(settings) as database:
        if shelf is not None:
            path = shipped("configs") / "demo.json"
            report = await add_demo(database, shelf, session.actor, path, now())
        link = await _admins_link(session, settings, database)
    if session.as_json:
        emit({"made": begun, "demo": report, "admin_link": link})
        return
    say(_made(begun.folder, f"the folder {settings.data_dir}"))
    say(_made(begun.key, f"the key {settings.secret_key_path}; back it up apart from the store"))
    say(_made(begun.store, f"the store {_shown_store(settings)}"))
    if shelf is not None and report is None:
        say("no demo: the store holds domains already")
    for domain in report.domains if report is not None else ():
        added = ", ".join(f"{count.added} {count.kind}" for count in domain.counts if count.added)
        say(f"demo: {domain.domain} with {added}")
    if link is not None:
        say("nobody can log in yet; this link makes the first admin, once, within a day:")
        say(f"  {link}")


async def _admins_link(session: Session, settings: "Settings", database: "Database") -> str | None:
    """A link for the first admin, where there is none."""
    from provisiond.actions.people import invite_admin, is_without_admin
    from provisiond.cli_people import link_of

    if not settings.web.listen or not await is_without_admin(database):
        return None
    return link_of(settings, await invite_admin(database, session.actor, now()))


def _made(is_new: bool, what: str) -> str:
    return f"made {what}" if is_new else f"kept {what}"


def _shown_store(settings: "Settings") -> str:
    url = settings.database.url
    return url if url is not None else str(settings.data_dir / "provisiond.db")


async def _check_store(session: Session, settings: "Settings", shelf: "Shelf") -> list[Finding]:
    from provisiond.actions.inspections import inspect_inventory
    from provisiond.daemon_setup import public_urls

    try:
        async with session.store(settings) as database:
            found = list(await database.findings())
            found += await inspect_inventory(
                database, shelf, public_urls(settings, database), now()
            )
            return found
    except ProvisiondError as fault:
        return [Finding(where="store", message=str(fault))]


async def _migrate(settings: "Settings") -> list[str]:
    import asyncio

    from provisiond.store.database import Database
    from provisiond.store.sealing import SecretKey

    key = await asyncio.to_thread(SecretKey.load, settings.secret_key_path)
    return await Database.migrate(settings.database_url().reveal(), key)


async def _announce(running: "Running", database: "Database", shelf: "Shelf") -> None:
    """Say where phones can ask; in open mode with lines to paste."""
    rows = [
        (what, ", ".join(addresses))
        for what, addresses in (
            ("HTTP", running.http),
            ("HTTPS", running.https),
            ("TFTP", running.tftp),
            ("web", running.web),
        )
        if addresses
    ]
    if sys.stdout.isatty():
        table(("listening", "on"), rows)
    else:
        for what, addresses in rows:
            say(f"{what} on {addresses}")
    say(f"up to {running.capacity}")
    if running.open_mode:
        say("admission.mode is open: whoever knows a MAC gets that phone's file and password.")
        for line in await _lines_to_paste(running, database, shelf):
            say(line)
    sys.stdout.flush()


async def _lines_to_paste(running: "Running", database: "Database", shelf: "Shelf") -> list[str]:
    from provisiond.actions.inventory_load import domain_names
    from provisiond.actions.phones import list_domain_phones
    from provisiond.actions.preview import phone_files
    from provisiond.actions.render_file import Place
    from provisiond.inventory.lists import PhoneQuery

    async with database.read() as read:
        names = await domain_names(read)
    seen: set[str] = set()
    lines: list[str] = []
    page = await list_domain_phones(database, names[0], PhoneQuery(limit=50)) if names else None
    for view in page.rows if page is not None else ():
        found = shelf.find_model(view.phone.model)
        if found is None or found[0].name in seen or not view.phone.enabled:
            continue
        seen.add(found[0].name)
        files = phone_files(Place(family=found[0], model=found[1]), view.phone.mac)
        name = next((file.name for file in files if file.proves_current), None)
        if name is not None:
            lines += [f"  curl http://{address}/{name}" for address in running.http[:1]]
            lines += [f"  curl tftp://{address}/{name}" for address in running.tftp[:1]]
    if lines:
        lines += [f"  curl http://{address}/readyz" for address in running.web[:1]]
        lines.insert(0, "paste into another terminal:")
    return lines
