"""A file service over a store with many phones, for tests of admission."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path

from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.guesses import GuessLimits, GuessWatch
from provisiond.actions.nonces import Nonces
from provisiond.actions.phone_logins import LoginTerms, PhoneLogins
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.serve_file import FileService, Verbs
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.domains import Domain, Settings
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.store import domains, phones, users
from provisiond.store.database import Database

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOCAL = (ip_network("10.0.0.0/8"), ip_network("127.0.0.0/8"))
GUESSER = Peer(address=ip_address("10.0.0.66"), port=1, transport=Transport.HTTP)
PATIENT = GuessLimits(misses=60, names=30, pause=0.0001)
CANARY = b"CANARY-101"
PASSWORD_KEY = b"p" * 32


@dataclass
class Desk:
    """The service and what it told."""

    database: Database
    service: FileService
    book: EnrolmentBook
    domain_id: int
    watch: GuessWatch
    journal: list[RequestEntry] = field(default_factory=list)
    denied: list[RequestEntry] = field(default_factory=list)
    strangers: list[RequestEntry] = field(default_factory=list)

    async def get(self, name: str, peer: Peer = GUESSER, **more: str) -> FileReply:
        request = FileRequest(name=name, peer=peer, at=NOW, **more)  # type: ignore[arg-type]
        return await self.service.serve_file(request)

    @property
    def alarms(self) -> list[str]:
        return [entry.outcome for entry in self.journal if entry.alarm]


async def furnished(database: Database, inventory: Sequence[Phone]) -> int:
    """A domain with one user and these phones; its id."""
    async with database.write() as write:
        domain_id = await domains.insert_domain(
            write, Domain(name="pbx.example.test", settings=Settings(sip_server="pbx.example.test"))
        )
        user = User(extension="101", sip_password=Secret(CANARY.decode()))
        await users.insert_users(write, domain_id, [user])
        await phones.insert_phones(write, domain_id, inventory)
    return domain_id


def desk_of(
    database: Database,
    shelf: Shelf,
    domain_id: int,
    assets: Path,
    *,
    mode: Mode = Mode.TOKEN,
    limits: GuessLimits = PATIENT,
    terms: LoginTerms | None = None,
    cache_bytes: int = 1 << 22,
    watch: GuessWatch | None = None,
) -> Desk:
    """A service in this mode, with lists for what it tells."""
    journal: list[RequestEntry] = []
    denied: list[RequestEntry] = []
    strangers: list[RequestEntry] = []
    book = EnrolmentBook(StoredEnrolments(database), database.epochs.enrolment)
    logins = PhoneLogins(
        terms=terms or LoginTerms(),
        facts=database.facts,
        key=PASSWORD_KEY,
        nonces=Nonces(b"n" * 32, NOW),
        epoch=database.epochs.domain,
    )
    logs_in = mode is Mode.PASSWORD
    watch = watch or GuessWatch(limits)
    service = FileService(
        sources=FileSources(
            facts=database.facts,
            numbers=FileNumbers(database),
            epochs=database.epochs,
            shelf=lambda: shelf,
            urls=PublicUrls(
                http="http://prov.example.test/", passwords=PASSWORD_KEY if logs_in else b""
            ),
            book=book,
            etag_key=b"k" * 32,
        ),
        policy=Policy(mode=mode, plain_networks=LOCAL, enrol_networks=LOCAL),
        cache=AnswerCache(cache_bytes),
        assets=assets,
        verbs=Verbs(journal=journal.append, denied=denied.append, stranger=strangers.append),
        watch=watch,
        logins=logins if logs_in else None,
    )
    return Desk(database, service, book, domain_id, watch, journal, denied, strangers)
