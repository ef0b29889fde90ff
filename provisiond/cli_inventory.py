"""How does the inventory leave as a file, and what would one phone get?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_imports import TableName
from provisiond.cli_output import Output, emit, table, warn, write_output
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    MacArgument,
    Session,
    become_owner,
    given_mac,
    now,
    run,
    session_of,
)
from provisiond.inventory.errors import ProvisiondError
from provisiond.inventory.mac import Mac

if TYPE_CHECKING:
    from provisiond.actions.preview import Preview
    from provisiond.catalog.shelf import Shelf
    from provisiond.settings import Settings


_BY_SUFFIX = {".csv": "csv", ".xlsx": "xlsx", ".yaml": "yaml", ".yml": "yaml"}


def export(
    context: typer.Context,
    with_secrets: Annotated[
        bool,
        typer.Option("--with-secrets", help="With passwords and tokens; this is journaled."),
    ] = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="A table of one domain: its phones, or --table.")
    ] = False,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="The same as a workbook; needs the extra xlsx.")
    ] = False,
    table_: Annotated[TableName, typer.Option("--table", help="Which table.")] = TableName.PHONES,
    yaml: Annotated[bool, typer.Option("--yaml", help="YAML in place of JSON.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write there, for its owner alone; .csv, .xlsx and .yaml say the format.",
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
    asked = "csv" if csv else "xlsx" if xlsx else "yaml" if yaml else None
    chosen = asked or _BY_SUFFIX.get(suffix, "json")
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
            public_urls(settings, database),
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
