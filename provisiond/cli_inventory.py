"""How does the inventory come and go as files, and what would one phone get?"""

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import Output, emit, findings, say, table, warn, write_output
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    MacArgument,
    Session,
    become_owner,
    given_mac,
    now,
    read_input,
    run,
    session_of,
)
from provisiond.inventory.errors import ProvisiondError
from provisiond.inventory.mac import Mac

if TYPE_CHECKING:
    from provisiond.actions.imports import ImportInventory, ImportReport
    from provisiond.actions.preview import Preview
    from provisiond.catalog.shelf import Shelf
    from provisiond.settings import Settings


class OnConflict(Enum):
    """What happens to records that exist already."""

    UPDATE = "update"
    SKIP = "skip"
    FAIL = "fail"


class TableName(Enum):
    """What a table holds."""

    PHONES = "phones"
    USERS = "users"
    NUMBERS = "numbers"
    SMS = "sms"
    DESTINATIONS = "destinations"
    TIMEFRAMES = "timeframes"
    DIRECTORIES = "directories"


def import_file(
    context: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="JSON or YAML inventory, or a table (CSV); - reads stdin."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Find everything, change nothing.")
    ] = False,
    mode: Annotated[
        OnConflict, typer.Option("--mode", help="What happens to records that exist already.")
    ] = OnConflict.UPDATE,
    table_: Annotated[
        TableName | None,
        typer.Option("--table", help="What a table holds; else its columns tell."),
    ] = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Import an inventory file or a table: all of it, or nothing.

    Every fault is told at once with its place and what to do. Fields that a file leaves out stay
    as they are, `***` leaves a secret alone, records that it does not name are never touched.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    content, name = read_input(file)
    become_owner(settings.data_dir)
    from provisiond.actions.imports import ImportInventory, Mode
    from provisiond.actions.record_tables import TableKind

    command = ImportInventory(
        content=content,
        filename=name,
        mode=Mode(mode.value),
        dry_run=dry_run,
        domain=domain,
        enrolment_hours=settings.admission.enrolment_hours,
        table=TableKind(table_.value) if table_ is not None else None,
    )
    report = run(_import(session, settings, session.shelf(settings), command))
    if session.as_json:
        emit(report)
    else:
        _tell_import(report)


def export(
    context: typer.Context,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="With passwords and tokens; this is journaled."),
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table of one domain: its phones, or --table.")
    ] = False,
    table_: Annotated[TableName, typer.Option("--table", help="Which table.")] = TableName.PHONES,
    yaml: Annotated[bool, typer.Option("--yaml", help="YAML in place of JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write there, for its owner alone; .csv and .yaml say the format.",
        ),
    ] = None,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write the inventory as a file that `import` takes back; JSON to standard output.

    Secrets are `***` unless asked for: such a file changes no secret when it is imported.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    suffix = output.suffix.lower() if output is not None else ""
    chosen = (
        "csv"
        if csv or suffix == ".csv"
        else "yaml"
        if yaml or suffix in (".yaml", ".yml")
        else "json"
    )
    opened = Output(output) if output is not None else None
    try:
        become_owner(settings.data_dir)
        content = run(_export(session, settings, with_secrets, chosen, domain, table_))
    except ProvisiondError:
        if opened is not None:
            opened.give_up()
        raise
    write_output(content, opened)


def render(
    context: typer.Context,
    mac: MacArgument,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]",
            help="A file's id or name; else the one that proves the phone current.",
        ),
    ] = None,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="With the phone's passwords and token.")
    ] = False,
    why: Annotated[
        bool, typer.Option("--why", help="Say of each parameter where its value comes from.")
    ] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Print what a phone would get, byte for byte; the files it asks for go to standard error."""
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    shelf = session.shelf(settings)
    preview = run(_render(session, settings, shelf, parsed, file, show_secrets))
    if session.as_json:
        _emit_preview(preview)
    elif why:
        _tell_why(preview)
    else:
        _tell_files(preview)
        write_output(preview.body, None)


def _tell_why(preview: "Preview") -> None:
    rows = [
        (
            entry.key,
            "(not printed)" if entry.printed_value is None else entry.printed_value,
            entry.layer,
            entry.author,
            f"{entry.file}:{entry.line}",
        )
        for entry in preview.assignments
    ]
    table(("key", "value", "from", "author", "template"), rows)


def _tell_files(preview: "Preview") -> None:
    warn(f"{preview.mac} is a {preview.model} of {preview.domain}, family {preview.family}.")
    width = max(len(file.id) for file in preview.files)
    for file in preview.files:
        mark = "proves it current" if file.proves_current else "" if file.served else "404, always"
        warn(f"  {file.id.ljust(width)}  {file.name:<32}  {mark}".rstrip())


async def _import(
    session: Session, settings: "Settings", shelf: "Shelf", command: "ImportInventory"
) -> "ImportReport":
    from provisiond.actions.imports import import_inventory

    async with session.store(settings) as database:
        return await import_inventory(database, shelf, session.actor, command, now())


def _tell_import(report: "ImportReport") -> None:
    findings(report.warnings)
    for domain in report.domains:
        say(f"{domain.domain} ({domain.step})")
        counts = [c for c in domain.counts if c.added or c.changed or c.unchanged or c.skipped]
        rows = [(f"  {c.kind}", c.added, c.changed, c.unchanged, c.skipped) for c in counts]
        if rows:
            table(("  records", "added", "changed", "unchanged", "skipped"), rows)
        if domain.generated:
            shown = ", ".join(domain.generated[:20]) + (", …" if len(domain.generated) > 20 else "")
            made = "would be made" if report.dry_run else "were made"
            say(f"  SIP passwords {made} for {len(domain.generated)} user(s): {shown}.")
            say("  The registrar must learn them: see `provisiond export --with-secrets`.")
    say("nothing was changed: this was a dry run." if report.dry_run else "imported.")


async def _export(
    session: Session,
    settings: "Settings",
    with_secrets: bool,
    chosen: str,
    domain: str | None,
    table_: TableName,
) -> bytes:
    from provisiond.actions.exports import ExportInventory, Format, export_inventory
    from provisiond.actions.record_tables import TableKind

    command = ExportInventory(
        domain=domain,
        with_secrets=with_secrets,
        format=Format(chosen),
        table=TableKind(table_.value),
    )
    async with session.store(settings) as database:
        return await export_inventory(database, session.actor, command, now())


async def _render(
    session: Session,
    settings: "Settings",
    shelf: "Shelf",
    mac: Mac,
    file: str | None,
    show_secrets: bool,
) -> "Preview":
    from provisiond.actions.preview import preview_file
    from provisiond.daemon_setup import public_urls

    async with session.store(settings) as database:
        return await preview_file(
            database,
            shelf,
            public_urls(settings),
            mac,
            file,
            now(),
            show_secrets=show_secrets,
        )


def _emit_preview(preview: "Preview") -> None:
    emit(
        {
            "domain": preview.domain,
            "mac": preview.mac,
            "model": preview.model,
            "family": preview.family,
            "file": preview.file,
            "files": preview.files,
            "content_type": preview.content_type,
            "body": preview.body.decode("utf-8", errors="backslashreplace"),
            "assignments": preview.assignments,
        }
    )
