"""Is the store whole and of this version, and is a phone of each family served out of it?"""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from provisiond.actions.file_messages import FileRequest, ServeFile
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_setup import policy_of, public_urls
from provisiond.doctor_machine import clock_fault
from provisiond.doctor_notes import Note, fault, well
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import ProvisiondError, Refused, TemplateFault
from provisiond.settings import Settings
from provisiond.simulator_boot import Answer, Ask, VirtualPhone, boot
from provisiond.simulator_door import admitted_address, file_service
from provisiond.simulator_fleet import Wanted, fleet_of
from provisiond.store.database import Database
from provisiond.store.journal_entries import latest_changes, latest_requests
from provisiond.store.sealing import SecretKey

_SLACK = timedelta(minutes=5)
_REMEDY = re.compile(r"\.? ?[.;:] (?=\S)")


async def look_at_store(settings: Settings, shelf: Shelf, at: datetime) -> AsyncIterator[Note]:
    """Version, wholeness, the newest entry, and one phone of each family booted in process."""
    try:
        key = await asyncio.to_thread(SecretKey.load, settings.secret_key_path)
        url = settings.database_url().reveal()
        database = await Database.open(url, key, read_only=True)
    except ProvisiondError as error:
        yield _told(error)
        return
    try:
        async for note in _look(database, settings, shelf, at):
            yield note
    except ProvisiondError as error:
        yield _told(error)
    finally:
        await database.close()


def _told(error: ProvisiondError) -> Note:
    """The error's sentence, parted where the remedy begins."""
    found, _, remedy = _REMEDY.sub("\n", str(error), count=1).partition("\n")
    return fault("store", f"{found}.", f"{remedy[:1].upper()}{remedy[1:]}" or "See the log.")


async def _look(
    database: Database, settings: Settings, shelf: Shelf, at: datetime
) -> AsyncIterator[Note]:
    found = await database.findings()
    for finding in found:
        yield fault(
            "store",
            f"{finding.where}: {finding.message}",
            "Stop the daemon, keep the file, and put back the newest backup.",
        )
    if found:
        return
    yield well("store", f"{database.location}: this version's, and whole")
    async with database.read() as read:
        requests = await latest_requests(read, None, limit=1)
        changes = await latest_changes(read, None, limit=1)
    times = [entry.at for _, entry in requests] + [entry.at for _, entry in changes]
    newest = max(times, default=None)
    if newest is not None and newest > at + _SLACK:
        yield clock_fault(at, f"the store's newest entry is of {newest:%Y-%m-%d %H:%M} UTC")
    async for note in _boots(database, settings, shelf, at):
        yield note


async def _boots(
    database: Database, settings: Settings, shelf: Shelf, at: datetime
) -> AsyncIterator[Note]:
    """One phone of each family, through the service itself, as a probe."""
    service = file_service(settings, database, shelf)
    wire = _Direct(service.serve_file, settings, at)
    fleet = await fleet_of(database, shelf, Wanted(), settings.admission.mode, at)
    first: dict[str, VirtualPhone] = {}
    for phone in fleet.phones:
        first.setdefault(phone.family.name, phone)
    for name, phone in first.items():
        outcome = await boot(phone, wire, public_urls(settings), real=False)
        check = f"boots {name}"
        if not outcome.faults:
            yield well(check, f"{phone.mac} ends with its account ({outcome.requests} requests)")
        for text in outcome.faults:
            yield fault(
                check,
                f"{phone.mac}, {phone.model.name}: {text}.",
                f"See what it gets: provisiond render {phone.mac} --why",
            )


class _Direct:
    """The service without a socket: every request is a probe, which nobody notices."""

    def __init__(self, serve: ServeFile, settings: Settings, at: datetime) -> None:
        self._serve = serve
        self._policy = policy_of(settings)
        self._at = at

    async def ask(self, ask: Ask) -> Answer:
        transport = Transport(ask.scheme or "http")
        address = admitted_address(self._policy, plain=transport.is_plain, wanted=ask.address)
        peer = Peer(address=address, port=0, transport=transport, user_agent=ask.agent)
        name = ask.name.partition("?")[0]
        try:
            reply = await self._serve(FileRequest(name=name, peer=peer, at=self._at, probe=True))
        except TemplateFault as error:
            return Answer(status=500, reason=str(error))
        except Refused as error:
            return Answer(status=404, reason=str(error))
        except ProvisiondError as error:
            return Answer(status=503, reason=str(error))
        return Answer(status=200, body=reply.body, content_type=reply.content_type)
