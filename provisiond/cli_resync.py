"""How is a phone told to fetch again at a prompt? Asked, waited for, and told how it ended."""

import asyncio
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import emit, outcome_text, say, warn
from provisiond.cli_records import DryRun
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    MacArgument,
    Session,
    become_owner,
    given_mac,
    now,
    phone_domain,
    run,
    session_of,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import Resync, ResyncState

if TYPE_CHECKING:
    from provisiond.settings import Settings
    from provisiond.store.database import Database

_LOOK_SECONDS = 0.2
_BAD = (ResyncState.REFUSED, ResyncState.SILENT, ResyncState.FAILED)


def resync(
    context: typer.Context,
    mac: MacArgument,
    reboot: Annotated[
        bool, typer.Option("--reboot", help="Restart the phone, which fetches again then.")
    ] = False,
    even_if_shared: Annotated[
        bool,
        typer.Option(
            "--even-if-shared", help="Also where other phones of the same user would be told."
        ),
    ] = False,
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", min=0, max=900, help="How long to wait."),
    ] = 40,
    dry_run: DryRun = False,
    domain: DomainName = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Tell a phone to fetch its files again, and wait until it has.

    The running daemon sends the message. Ends with 0 where the phone answered or has fetched, with
    1 where it refused, was silent, or nobody could tell it.
    """
    session = session_of(context, config, as_json)
    settings = session.settings()
    parsed = given_mac(mac)
    become_owner(settings.data_dir)
    how = (reboot, even_if_shared)
    seconds = None if dry_run else wait
    found, is_there = run(_resync(session, settings, domain, parsed, how, seconds))
    if session.as_json:
        emit({**_tree(found), "daemon": is_there, "dry_run": dry_run})
    elif dry_run:
        what = "restart" if reboot else "fetch again"
        say(f"{found.mac} of {found.domain} would be told to {what}: this was a dry run.")
    else:
        _tell(found, is_there)
    if dry_run:
        return
    unsent = not found.state.is_outcome and wait > 0
    if found.confirmed_at is None and (found.state in _BAD or unsent):
        raise typer.Exit(1)


async def _resync(
    session: Session,
    settings: "Settings",
    domain: str | None,
    mac: Mac,
    how: tuple[bool, bool],
    wait: float | None,
) -> tuple[Resync, bool]:
    """The re-sync as it ended in so many seconds, and whether there is who sends; None tries it
    without asking for it."""
    from provisiond.actions.resync import RequestResync, is_sender_there, request_resync

    command = RequestResync(
        mac=mac,
        reboot=how[0],
        even_if_shared=how[1],
        registrar=settings.sip.registrar is not None,
    )
    shelf = session.models(settings)
    async with session.store(settings, rehearsed=wait is None) as database:
        name = await phone_domain(database, domain, mac)
        made = await request_resync(database, shelf, session.actor, name, command, now())
        is_there = await is_sender_there(database)
        if not is_there or wait is None:
            return made, is_there
        return await _wait(session, database, made, wait), True


async def _wait(session: Session, database: "Database", made: Resync, seconds: float) -> Resync:
    """Until it is confirmed or ends otherwise, or the time is over."""
    from provisiond.actions.resync import show_resync

    until = monotonic() + seconds
    while not (made.is_settled or made.state is ResyncState.SILENT) and monotonic() < until:
        await asyncio.sleep(_LOOK_SECONDS)
        made = await show_resync(database, session.actor, made.domain, made.resync_id)
    return made


def _tell(found: Resync, is_there: bool) -> None:
    if not is_there:
        warn(
            f"no provisiond serves this store, and it is the one that tells phones. Start it: "
            f"{found.mac} is told if it runs within 15 minutes."
        )
        return
    say(outcome_text(found))
    if not found.is_settled:
        say(f"What becomes of it in the next 15 minutes: provisiond phones show {found.mac}")


def _tree(found: Resync) -> dict[str, object]:
    return {
        "id": found.resync_id,
        "mac": found.mac,
        "domain": found.domain,
        "reboot": found.reboot,
        "state": found.state,
        "target": found.target,
        "code": found.code,
        "reason": found.reason,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at,
        "sent_at": found.sent_at,
        "ended_at": found.ended_at,
        "confirmed_at": found.confirmed_at,
    }
