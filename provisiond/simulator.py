"""Would these phones boot here, and end with their accounts? Virtual phones ask, and say."""

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisiond.cli_output import Output
from provisiond.cli_session import (
    Config,
    DomainName,
    Json,
    Session,
    become_owner,
    given_mac,
    now,
    run,
    session_of,
)
from provisiond.inventory.errors import NotFound, Refused

if TYPE_CHECKING:
    from provisiond.catalog.shelf import Shelf
    from provisiond.settings import Settings
    from provisiond.simulator_boot import Outcome, VirtualPhone, Wire
    from provisiond.simulator_fleet import Fleet, Wanted

    _Booted = tuple[list[Outcome], Fleet]

_TFTP_AT_ONCE = 8

Macs = Annotated[
    list[str] | None, typer.Argument(metavar="[MAC]...", help="These phones; else all.")
]
FamilyName = Annotated[
    str | None, typer.Option("--family", metavar="NAME", help="Phones of this family.")
]
ModelName = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Phones of this model.")
]
Most = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="At most so many.")]
Generate = Annotated[
    int,
    typer.Option(
        "--generate",
        min=0,
        metavar="N",
        help="Leave the inventory alone: make N phones of all models, with a store and a server "
        "of their own.",
    ),
]
Nasty = Annotated[
    bool, typer.Option("--nasty", help="Made-up names and passwords as attackers type them.")
]
Tftp = Annotated[bool, typer.Option("--tftp", help="Ask by TFTP, a few at once.")]
AtOnce = Annotated[
    int, typer.Option("--concurrency", min=1, max=10_000, metavar="N", help="Phones at once.")
]
Real = Annotated[
    bool,
    typer.Option(
        "--real", help="Ask the running server as phones do: journaled, and enrolments are closed."
    ),
]
Url = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="With --real: where it is, if not as set here."),
]
WriteSeq = Annotated[
    Path | None,
    typer.Option("--write-seq", metavar="FILE", help="Write what they ask, for http_storm."),
]
Keep = Annotated[
    Path | None,
    typer.Option("--keep", metavar="FOLDER", help="With --generate: keep that server here."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How the phones ask: transport, how many at once, for good or as probes, and where."""

    tftp: bool
    at_once: int
    real: bool
    url: str | None


def simulate(
    context: typer.Context,
    macs: Macs = None,
    domain: DomainName = None,
    family: FamilyName = None,
    model: ModelName = None,
    most: Most = None,
    generate: Generate = 0,
    nasty: Nasty = False,
    tftp: Tftp = False,
    at_once: AtOnce = 64,
    real: Real = False,
    url: Url = None,
    write_seq: WriteSeq = None,
    keep: Keep = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Boot virtual phones and hold what they get against the inventory.

    Each asks what its family's manifest says, follows the links, reads every file back, and must
    end with its lines' users, passwords and server. Nothing is noted unless --real. Ends with 1
    where a phone had a fault, or is of a model that no loaded family has.
    """
    session = session_of(context, config, as_json)
    _refuse_nonsense(macs, generate, nasty, real, url, keep)
    at_once = min(at_once, _TFTP_AT_ONCE) if tftp else at_once
    how = How(tftp=tftp, at_once=at_once, real=real, url=url)
    output = Output(write_seq) if write_seq is not None else None
    try:
        if generate:
            outcomes, fleet = run(_made_up(session, generate, nasty, how, keep))
        else:
            chosen = _wanted(macs, domain, family, model, most)
            outcomes, fleet = run(_inventory(session, chosen, how))
    except BaseException:
        if output is not None:
            output.give_up()
        raise
    _finish(session, outcomes, fleet, output)


def _wanted(
    macs: Sequence[str] | None,
    domain: str | None,
    family: str | None,
    model: str | None,
    most: int | None,
) -> "Wanted":
    from provisiond.simulator_fleet import Wanted

    return Wanted(
        macs=frozenset(given_mac(mac) for mac in macs or ()),
        domain=domain.lower() if domain is not None else None,
        family=family,
        model=model,
        most=most,
    )


def _refuse_nonsense(
    macs: Sequence[str] | None,
    generate: int,
    nasty: bool,
    real: bool,
    url: str | None,
    keep: Path | None,
) -> None:
    if (nasty or keep is not None) and not generate:
        raise typer.BadParameter("--nasty and --keep are for phones made by --generate.")
    if generate and (macs or real):
        raise typer.BadParameter("--generate has phones and a server of its own.")
    if url is not None and not real:
        raise typer.BadParameter(
            "--url is where --real asks; without --real nothing is asked there."
        )


def _finish(
    session: Session, outcomes: "Sequence[Outcome]", fleet: "Fleet", output: Output | None
) -> None:
    from provisiond.simulator_report import report_outcomes, sequences

    if output is not None:
        output.finish(sequences(outcomes))
    report_outcomes(outcomes, fleet, as_json=session.as_json)
    if fleet.homeless or any(outcome.faults for outcome in outcomes):
        raise typer.Exit(1)


async def _inventory(session: Session, wanted: "Wanted", how: How) -> "_Booted":
    """Boot the inventory's phones, through a door of our own or for good at the server."""
    from provisiond.daemon_setup import public_urls
    from provisiond.simulator_door import own_door
    from provisiond.simulator_fleet import fleet_of
    from provisiond.store.database import Database
    from provisiond.store.sealing import SecretKey

    settings = session.settings()
    become_owner(settings.data_dir)
    shelf = await asyncio.to_thread(session.shelf, settings)
    key = await asyncio.to_thread(SecretKey.load, settings.secret_key_path)
    url = settings.database_url().reveal()
    database = await Database.open(url, key, read_only=True)
    try:
        fleet = await fleet_of(database, shelf, wanted, settings.admission.mode, now())
        _check_fleet(fleet, wanted)
        async with AsyncExitStack() as stack:
            if how.real:
                wire = await stack.enter_async_context(_server(settings, how))
            else:
                door = own_door(settings, database, shelf, tftp=how.tftp, at_once=how.at_once)
                wire = await stack.enter_async_context(door)
            urls = public_urls(settings, database)
            return await _boot_all(fleet.phones, wire, urls, how), fleet
    finally:
        await database.close()


def _check_fleet(fleet: "Fleet", wanted: "Wanted") -> None:
    if wanted.macs and wanted.most is None and len(fleet.phones) < len(wanted.macs):
        there = {phone.mac for phone in fleet.phones} | {mac for mac, _ in fleet.homeless}
        missing = ", ".join(str(mac) for mac in sorted(wanted.macs - there))
        if missing:
            raise NotFound(f"there is no enabled phone {missing} among those wanted.")
    if not fleet.phones and not fleet.homeless:
        raise NotFound("there is no enabled phone to simulate; --generate N makes some.")


async def _made_up(
    session: Session, count: int, nasty: bool, how: How, keep: Path | None
) -> "_Booted":
    """Make phones of all models, a store and a server for them, and boot them for good there."""
    from provisiond.catalog.shelf import Shelf
    from provisiond.settings import shipped

    models = shipped("models")
    if session.config is not None or session.environ.get("PROVISIOND_CONFIG"):
        models = session.settings().models_dir
    shelf = await asyncio.to_thread(Shelf.load, [models])
    if not shelf.families:
        raise NotFound(f"no phone family can be loaded from {models}.")
    folder = _folder(keep)
    try:
        return await _boot_made_up(session, shelf, folder, count, nasty, how)
    finally:
        if keep is None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _boot_made_up(
    session: Session, shelf: "Shelf", folder: Path, count: int, nasty: bool, how: How
) -> "_Booted":
    from provisiond.daemon_setup import open_store, public_urls
    from provisiond.simulator_fleet import Wanted, fleet_of, made_up_inventory
    from provisiond.simulator_server import configure, fill, serving

    models = next(iter(shelf.families.values())).folder.parent.parent
    settings = await asyncio.to_thread(configure, folder, models)
    await fill(settings, shelf, made_up_inventory(shelf, count, nasty=nasty))
    async with serving(folder, session.environ):
        async with open_store(settings) as database:
            mode = settings.admission.mode
            fleet = await fleet_of(database, shelf, Wanted(), mode, now())
            urls = public_urls(settings, database)
        async with _server(settings, how) as wire:
            real = replace(how, real=True)
            return await _boot_all(fleet.phones, wire, urls, real), fleet


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="provisiond-simulate-"))
    try:
        keep.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        raise Refused(f"{keep} is there already; --keep makes a new folder.") from None
    return keep.resolve()


@asynccontextmanager
async def _server(settings: "Settings", how: How) -> "AsyncIterator[Wire]":
    """The running server: at `--url`, or at its first listener of that transport."""
    from urllib.parse import urlsplit

    from provisiond.simulator_door import forwarded_for
    from provisiond.simulator_wire import http_wire, tftp_wire

    if how.tftp:
        parts = urlsplit(how.url or f"tftp://{_reached(settings.boot.tftp, 'boot.tftp')}")
        async with tftp_wire(parts.hostname or "", parts.port or 69, how.at_once) as tftp:
            yield tftp
        return
    base = how.url or f"http://{_reached(settings.boot.http, 'boot.http')}/"
    host = urlsplit(base).hostname or ""
    named = "" if how.url else forwarded_for(settings, host, plain=True)
    async with http_wire(base, how.at_once, forwarded_for=named) as http:
        yield http


def _reached(listeners: Sequence[object], setting: str) -> str:
    if not listeners:
        raise Refused(f"{setting} has no listener; say with --url where the server is.")
    return str(listeners[0]).replace("0.0.0.0:", "127.0.0.1:").replace("[::]:", "[::1]:")


async def _boot_all(
    phones: "Sequence[VirtualPhone]", wire: "Wire", urls: object, how: How
) -> "list[Outcome]":
    """Boot them all, so many at once, with a bar on a terminal."""
    from provisiond.inventory.urls import PublicUrls
    from provisiond.simulator_boot import boot
    from provisiond.simulator_report import progress

    assert isinstance(urls, PublicUrls)
    waiting = iter(phones)
    outcomes: list[Outcome] = []
    with progress(len(phones), shown=sys.stderr.isatty()) as step:

        async def some() -> None:
            for phone in waiting:
                outcomes.append(await boot(phone, wire, urls, real=how.real))
                step()

        await asyncio.gather(*(some() for _ in range(min(how.at_once, len(phones)))))
    return sorted(outcomes, key=lambda outcome: outcome.phone.mac)
