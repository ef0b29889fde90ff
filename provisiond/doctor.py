"""What is wrong with this server? A look at all it depends on, told in words with the remedy."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import typer

from provisiond.cli_output import emit, say, table, warn
from provisiond.cli_session import Config, Json, Session, become_owner, now, run, session_of
from provisiond.doctor_notes import FAULT, WARNING, Note, fault, well
from provisiond.inventory.errors import BadSettings

if TYPE_CHECKING:
    from provisiond.settings import Settings


def doctor(context: typer.Context, config: Config = None, as_json: Json = False) -> None:
    """Look at all that serving phones depends on, and say what is wrong and what to do.

    Settings, machine, files, store, certificate, families, and the running daemon over each of
    its sockets. Ends with 1 where there is a fault (warnings alone are 0), with 2 where the
    settings have faults.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    become_owner(settings.data_dir)
    notes = run(_examine(session, settings))
    faults = sum(note.state == FAULT for note in notes)
    warnings = sum(note.state == WARNING for note in notes)
    if session.as_json:
        emit({"faults": faults, "warnings": warnings, "checks": notes})
    else:
        table(("check", "state", "found"), [(n.check, n.state, n.message) for n in notes])
        for note in notes:
            if note.remedy:
                warn(f"{note.state}: {note.check}: {note.message}\n    {note.remedy}")
        say()
        say(f"{faults} fault(s), {warnings} warning(s), {len(notes)} things looked at.")
    if faults:
        raise typer.Exit(1)


async def _examine(session: Session, settings: "Settings") -> list[Note]:
    return [note async for note in _look(session, settings)]


async def _look(session: Session, settings: "Settings") -> AsyncIterator[Note]:
    from provisiond.daemon_setup import public_urls
    from provisiond.doctor_certificate import look_at_certificate
    from provisiond.doctor_families import look_at_families
    from provisiond.doctor_machine import look_at_machine
    from provisiond.doctor_ports import known_file, look_at_ports
    from provisiond.doctor_store import look_at_store

    at = now()
    yield well("settings", str(session.config or "as found"))
    for note in await asyncio.to_thread(lambda: list(look_at_machine(settings, at))):
        yield note
    for note in await asyncio.to_thread(lambda: list(look_at_certificate(settings))):
        yield note
    try:
        shelf = await asyncio.to_thread(session.shelf, settings)
    except BadSettings as error:
        for finding in error.findings:
            yield fault("families", f"{finding.where}: {finding.message}", finding.remedy)
        return
    for note in await asyncio.to_thread(lambda: list(look_at_families(shelf))):
        yield note
    async for note in look_at_store(settings, shelf, at):
        yield note
    urls = public_urls(settings)
    known = await asyncio.to_thread(known_file, shelf, urls)
    async for note in look_at_ports(settings, known, urls, serving=_serving(settings)):
        yield note


def _serving(settings: "Settings") -> bool | None:
    """Whether a daemon holds the lock of the embedded store; None for a store of a server."""
    from provisiond.inventory.errors import StoreUnusable
    from provisiond.store.location import SqliteFile, parse_location

    try:
        location = parse_location(settings.database_url().reveal())
    except StoreUnusable:
        return None
    if not isinstance(location, SqliteFile):
        return None
    try:
        handle = os.open(location.path.with_name(location.path.name + ".lock"), os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
