"""How do files become inventory at a prompt: ours, tables, and what other systems wrote?"""

from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import Output, emit, findings, say, table, warn
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    become_owner,
    now,
    read_input,
    run,
    session_of,
)
from provisiond.inventory.errors import ProvisiondError, Refused, RejectedAll

if TYPE_CHECKING:
    from provisiond.actions.import_profiles import Profile
    from provisiond.actions.imports import ImportInventory, ImportReport
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
    EMERGENCY_ADDRESSES = "emergency_addresses"
    EMERGENCY_ENDPOINTS = "emergency_endpoints"
    SITES = "sites"
    LAYOUTS = "layouts"


File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="JSON or YAML inventory, or rows as CSV, .xlsx or JSON; - reads stdin.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Find everything, change nothing.")]
Conflict = Annotated[
    OnConflict, typer.Option("--mode", help="What happens to records that exist already.")
]
Table = Annotated[
    TableName | None, typer.Option("--table", help="What a table holds; else its columns tell.")
]
ProfileName = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Which system wrote the rows: a name of `import-profiles`, a profile's file, or none. "
        "Left out, the headings say it.",
    ),
]
Faults = Annotated[
    Path | None,
    typer.Option(
        "--faults",
        metavar="FILE",
        help="Write the rows with faults there, with a column that says what is wrong; .xlsx "
        "writes a workbook.",
    ),
]
SkipFaulty = Annotated[
    bool, typer.Option("--skip-faulty", help="Import the rows without faults; needs --faults.")
]


def import_file(
    context: typer.Context,
    file: File,
    dry_run: DryRun = False,
    mode: Conflict = OnConflict.UPDATE,
    table_: Table = None,
    profile: ProfileName = None,
    faults: Faults = None,
    skip_faulty: SkipFaulty = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Import an inventory file, a table, or what another system exports: all of it, or nothing.

    Every fault is told at once with its place and what to do. Fields that a file leaves out stay
    as they are, `***` leaves a secret alone, records that it does not name are never touched.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    if skip_faulty and faults is None:
        raise Refused("--skip-faulty leaves rows out: say with --faults FILE where they go.")
    content, name = read_input(file)
    profiles, named = _profiles(profile)
    opened = Output(faults) if faults is not None else None
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
        profiles=profiles,
        profile=named,
    )
    report = _bring(session, settings, command, opened, skip_faulty=skip_faulty)
    if session.as_json:
        emit(report)
    else:
        _tell_import(report)


def _bring(
    session: Session,
    settings: "Settings",
    command: "ImportInventory",
    opened: Output | None,
    *,
    skip_faulty: bool,
) -> "ImportReport":
    """Import; where rows have faults, write them out, and import the others if that is wanted."""
    from provisiond.actions.inventory_text import MAX_FAULTS

    shelf = session.shelf(settings)
    try:
        report = run(_import(session, settings, shelf, command))
    except RejectedAll as fault:
        rest = _write_faults(command, fault, opened)
        if not skip_faulty or rest is None or len(fault.findings) >= MAX_FAULTS:
            raise
        findings(fault.findings)
        return run(_import(session, settings, shelf, rest))
    except ProvisiondError:
        if opened is not None:
            opened.give_up()
        raise
    if opened is not None:
        opened.give_up()
    return report


def import_profiles(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """List the systems whose exports `import` reads."""
    session = session_of(context, config, as_json)
    profiles, _ = _profiles(None)
    rows = [(p.name, p.file.title, p.file.rows) for p in profiles]
    if session.as_json:
        emit([{"name": name, "title": title, "rows": kind} for name, title, kind in rows])
    else:
        table(("name", "reads", "rows"), rows)


def _profiles(wanted: str | None) -> "tuple[tuple[Profile, ...], str | None]":
    """The shipped profiles, with the one of a file that was named before them."""
    from provisiond.actions.import_profiles import load_profile, load_profiles
    from provisiond.settings import shipped

    profiles = load_profiles(shipped("configs") / "imports")
    if wanted is None or not wanted.endswith(".toml"):
        return profiles, wanted
    own = load_profile(Path(wanted))
    return (own, *profiles), own.name


def _write_faults(
    command: "ImportInventory", fault: RejectedAll, opened: Output | None
) -> "ImportInventory | None":
    """Write the faulty rows; the command that imports the others, where there are any."""
    from provisiond.actions.faulty_rows import split_table
    from provisiond.actions.import_reading import is_table

    if opened is None:
        return None
    split = split_table(command.content, fault.findings) if is_table(command) else None
    if split is None:
        opened.give_up()
        warn("no file of faulty rows was written: the faults are not those of rows of a table.")
        return None
    as_workbook = opened.path.suffix.lower() == ".xlsx"
    opened.finish(split.faulty_workbook() if as_workbook else split.faulty_csv())
    warn(f"{split.count} row(s) with faults were written to {opened.path}.")
    return replace(command, content=split.rest, filename="rest.csv")


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
