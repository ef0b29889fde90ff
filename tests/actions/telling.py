"""Which office do the tests of re-syncs use? Three phones, and all that serves and tells them."""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.resync import RequestResync, request_resync, show_resync
from provisiond.actions.resync_delivery import Outside, ResyncDelivery
from provisiond.actions.serve_file import FileService, Verbs
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Peer, Transport
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.errors import OutsideUnavailable
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.resyncs import Resync
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.outbound.notify import Notifier, Notify, Outcome, Told
from provisiond.outbound.registrar import Contact, Registered, Registrar
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter
from tests.actions.inventory import ADMIN

DOMAIN = "pbx.example.test"
MAC, SECOND, LONELY = Mac("02ac3e000001"), Mac("02ac3e000002"), Mac("02ac3e000003")
TOKEN = "abcdefghijklmnopqrstuvwx23"
NAME = f"p/{TOKEN}/{MAC.text}.cfg"


@dataclass
class Answering:
    """A notifier to which all ends alike; it keeps what it was given."""

    orders: list[Notify]
    outcome: Outcome

    async def notify(self, order: Notify) -> Outcome:
        self.orders.append(order)
        return self.outcome


class NeverEnding:
    """A notifier that waits for an answer until it is stopped."""

    async def notify(self, order: Notify) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError


@dataclass
class Known:
    """A registrar that knows these contacts of every user."""

    found: tuple[Contact, ...] = ()
    by_domain: bool = True

    async def registered(self, user: str, domain: str) -> Registered:
        return Registered(contacts=self.found, by_domain=self.by_domain)


class Away:
    """A registrar that does not answer."""

    async def registered(self, user: str, domain: str) -> Registered:
        raise OutsideUnavailable("the registrar does not answer")


@dataclass
class Office:
    """Three phones of one domain, and all that serves and tells them."""

    db: Database
    shelf: Shelf
    sources: FileSources
    service: FileService
    journal: JournalWriter
    domain_id: int
    now: datetime

    def delivery(self, notifier: Notifier, registrar: Registrar | None = None) -> ResyncDelivery:
        outside = Outside(notifier=notifier, registrar=registrar)
        return ResyncDelivery(self.db, self.sources, outside, clock=lambda: self.now)

    async def ask(self, mac: Mac = MAC, actor: Actor = ADMIN, **more: bool) -> Resync:
        command = RequestResync(mac=mac, **more)
        return await request_resync(self.db, self.shelf, actor, DOMAIN, command, self.now)

    async def tell(
        self, notifier: Notifier, registrar: Registrar | None = None, mac: Mac = MAC, **more: bool
    ) -> Resync:
        """Ask, send, and see what came of it."""
        made = await self.ask(mac, ADMIN, registrar=registrar is not None, **more)
        delivery = self.delivery(notifier, registrar)
        await delivery.turn()
        await delivery.settle()
        return await self.look(delivery, made)

    async def deliver(self, notifier: Notifier, made: Resync) -> Resync:
        """Send what was asked for, and see what came of it."""
        delivery = self.delivery(notifier)
        await delivery.turn()
        await delivery.settle()
        return await self.look(delivery, made)

    async def look(self, delivery: ResyncDelivery, made: Resync) -> Resync:
        await self.journal.flush()
        await delivery.turn()
        return await show_resync(self.db, ADMIN, DOMAIN, made.resync_id)

    async def fetch(
        self, transport: Transport = Transport.HTTP, at: str = "10.0.0.1", name: str = NAME
    ) -> FileReply:
        self.now += timedelta(seconds=1)
        peer = Peer(address=ip_address(at), port=1, transport=transport)
        return await self.service.serve_file(FileRequest(name=name, peer=peer, at=self.now))

    async def change(self, mac: Mac = MAC, **changes: object) -> None:
        async with self.db.write() as write:
            record = await phones.get_phone(write, self.domain_id, mac)
            changed = replace(record, **changes)  # type: ignore[arg-type]
            await phones.update_phone(write, self.domain_id, mac, changed)

    async def label(self, text: str) -> None:
        await self.change(lines=(PhoneLine(line=1, extension="101", label=text),))

    async def set(self, **settings: object) -> None:
        await self.change(settings=Settings(**settings))  # type: ignore[arg-type]


async def open_office(db: Database, shelf: Shelf, folder: Path) -> Office:
    """The office in an empty store; its assets would lie in the folder."""
    async with db.write() as write:
        domain_id = await domains.insert_domain(
            write, Domain(name=DOMAIN, settings=Settings(sip_server="127.0.0.1"))
        )
        await users.insert_users(
            write,
            domain_id,
            [
                User(extension="101", sip_auth_user="a101", sip_password=Secret("s3cret")),
                User(extension="102", sip_password=Secret("s3cret-102")),
            ],
        )
        one, two = PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102")
        await phones.insert_phones(
            write,
            domain_id,
            [
                Phone(mac=MAC, model="Acme D-6", lines=(one,), token=Secret(TOKEN)),
                Phone(mac=SECOND, model="Acme D-6", lines=(replace(two, line=1),)),
                Phone(mac=LONELY, model="Acme D-6"),
            ],
        )
    sources = FileSources(
        facts=db.facts,
        numbers=FileNumbers(db),
        epochs=db.epochs,
        shelf=lambda: shelf,
        urls=PublicUrls(http="http://prov.example.test/"),
        book=EnrolmentBook(StoredEnrolments(db), db.epochs.enrolment),
        etag_key=b"k" * 32,
    )
    journal = JournalWriter(db)
    local = (ip_network("10.0.0.0/8"),)
    service = FileService(
        sources=sources,
        policy=Policy(mode=Mode.TOKEN, plain_networks=local, enrol_networks=local),
        cache=AnswerCache(1 << 20),
        assets=folder / "assets",
        verbs=Verbs(journal=journal.add, denied=lambda entry: None, delivered=journal.add),
    )
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Office(db, shelf, sources, service, journal, domain_id, now)


def answering() -> Answering:
    return Answering([], Outcome(told=Told.ANSWERED, code=200, reason="OK"))
