"""A phone is told to fetch again: each answer in its state, and confirmed by its fetch alone.

The phones' SIP is sipp, the store and the file service are real, and time is an argument.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.resync import (
    LEASE,
    RequestResync,
    is_sender_there,
    list_resyncs,
    request_resync,
    show_resync,
)
from provisiond.actions.resync_delivery import Outside, ResyncDelivery
from provisiond.actions.serve_file import FileService, Verbs
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Peer, Role, Transport
from provisiond.inventory.admission import Mode, Policy
from provisiond.inventory.domains import Domain, ResyncRoute, Settings, SipTransport
from provisiond.inventory.errors import Conflict, NotAllowed, NotFound, OutsideUnavailable, Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.resyncs import WAITS, WATCHED, Resync, ResyncState
from provisiond.inventory.secret import Secret
from provisiond.inventory.urls import PublicUrls
from provisiond.outbound.notify import Notifier, Notify, Outcome, SipNotifier, Told
from provisiond.outbound.registrar import Contact, KamailioRegistrar, Registrar
from provisiond.outbound.sip_place import Finder
from provisiond.outbound.sip_transaction import Timers
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter, latest_changes, latest_requests
from provisiond.store.leases import Lease
from tests.actions.inventory import ADMIN
from tests.kamailio import DOMAIN as KAMAILIO
from tests.kamailio import kamailio
from tests.sipp import answer, check_password, pause, phone, registered_phone, take

DOMAIN = "pbx.example.test"
MAC, SECOND, LONELY = Mac("02ac3e000001"), Mac("02ac3e000002"), Mac("02ac3e000003")
TOKEN = "abcdefghijklmnopqrstuvwx23"
NAME = f"p/{TOKEN}/{MAC.text}.cfg"
CHALLENGE = 'WWW-Authenticate: Digest realm="phone", nonce="47ebe028", algorithm=MD5, qop="auth"'
QUICK = Timers(t1=0.02, t2=0.16)


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

    async def contacts(self, user: str, domain: str) -> tuple[Contact, ...]:
        return self.found


class Away:
    """A registrar that does not answer."""

    async def contacts(self, user: str, domain: str) -> tuple[Contact, ...]:
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

    async def ask(self, mac: Mac = MAC, **more: bool) -> Resync:
        command = RequestResync(mac=mac, **more)
        return await request_resync(self.db, self.shelf, ADMIN, DOMAIN, command, self.now)

    async def tell(
        self, notifier: Notifier, registrar: Registrar | None = None, mac: Mac = MAC, **more: bool
    ) -> Resync:
        """Ask, send, and see what came of it."""
        made = await self.ask(mac, registrar=registrar is not None, **more)
        delivery = self.delivery(notifier, registrar)
        await delivery.turn()
        await delivery.settle()
        return await self.look(delivery, made)

    async def look(self, delivery: ResyncDelivery, made: Resync) -> Resync:
        await self.journal.flush()
        await delivery.turn()
        return await show_resync(self.db, ADMIN, DOMAIN, made.resync_id)

    async def fetch(self, transport: Transport = Transport.HTTP, at: str = "10.0.0.1") -> FileReply:
        self.now += timedelta(seconds=1)
        peer = Peer(address=ip_address(at), port=1, transport=transport)
        return await self.service.serve_file(FileRequest(name=NAME, peer=peer, at=self.now))

    async def change(self, mac: Mac = MAC, **changes: object) -> None:
        async with self.db.write() as write:
            record = await phones.get_phone(write, self.domain_id, mac)
            changed = replace(record, **changes)  # type: ignore[arg-type]
            await phones.update_phone(write, self.domain_id, mac, changed)

    async def label(self, text: str) -> None:
        await self.change(lines=(PhoneLine(line=1, extension="101", label=text),))

    async def set(self, **settings: object) -> None:
        await self.change(settings=Settings(**settings))  # type: ignore[arg-type]


@pytest.fixture
async def office(lite: Database, shelf: Shelf, tmp_path: Path) -> Office:
    async with lite.write() as write:
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
        facts=lite.facts,
        numbers=FileNumbers(lite),
        epochs=lite.epochs,
        shelf=lambda: shelf,
        urls=PublicUrls(http="http://prov.example.test/"),
        book=EnrolmentBook(StoredEnrolments(lite), lite.epochs.enrolment),
        etag_key=b"k" * 32,
    )
    journal = JournalWriter(lite)
    local = (ip_network("10.0.0.0/8"),)
    service = FileService(
        sources=sources,
        policy=Policy(mode=Mode.TOKEN, plain_networks=local, enrol_networks=local),
        cache=AnswerCache(1 << 20),
        assets=tmp_path / "assets",
        verbs=Verbs(journal=journal.add, denied=lambda entry: None),
    )
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    return Office(lite, shelf, sources, service, journal, domain_id, now)


def answering() -> Answering:
    return Answering([], Outcome(told=Told.ANSWERED, code=200, reason="OK"))


@pytest.mark.parametrize(
    ("steps", "transport", "state", "code"),
    [
        ((take("check-sync"), answer("200 OK")), "udp", ResyncState.ANSWERED, 200),
        ((take("check-sync"), answer("200 OK")), "tcp", ResyncState.ANSWERED, 200),
        (
            (take(), answer("401 Unauthorized", CHALLENGE), check_password("a101", "s3cret")),
            "udp",
            ResyncState.ANSWERED,
            200,
        ),
        ((take(), answer("403 Forbidden")), "udp", ResyncState.REFUSED, 403),
        ((take(), pause(4000)), "udp", ResyncState.SILENT, None),
        ((take(), pause(400), answer("200 OK")), "udp", ResyncState.ANSWERED, 200),
    ],
    ids=["udp", "tcp", "challenged", "refused", "silent", "late"],
)
async def test_each_answer_ends_in_its_state(
    office: Office,
    tmp_path: Path,
    steps: tuple[str, ...],
    transport: str,
    state: ResyncState,
    code: int | None,
) -> None:
    sipp = {"udp": "u1", "tcp": "t1"}[transport]
    with phone(tmp_path / "phone", *steps, transport=sipp) as one:
        await office.set(sip_port=one.port, transport=SipTransport(transport))
        told = await office.tell(SipNotifier(Finder(), timers=QUICK))
        assert (told.state, told.code, told.confirmed_at) == (state, code, None)
        assert told.target == "sip:101@127.0.0.1"
        if state is not ResyncState.SILENT:
            assert await asyncio.to_thread(one.result) == 0


async def test_it_is_journaled_and_committed_before_anything_is_sent(office: Office) -> None:
    made = await office.ask()
    assert made.state is ResyncState.QUEUED
    async with office.db.read() as read:
        ((_, entry),) = await latest_changes(read, office.domain_id)
    assert (entry.action, entry.subject, entry.actor) == ("re-sync phone", str(MAC), "tess")
    assert entry.after == '{"event": "check-sync", "route": "via_proxy"}'


async def test_a_fetch_confirms_an_answer_does_not(office: Office) -> None:
    delivery = office.delivery(answering())
    made = await office.ask()
    await delivery.turn()
    await delivery.settle()
    told = await office.look(delivery, made)
    assert (told.state, told.confirmed_at, told.is_settled) == (ResyncState.ANSWERED, None, False)
    await office.fetch()
    told = await office.look(delivery, made)
    assert (told.confirmed_at, told.is_settled) == (office.now, True)


async def test_a_silent_phone_that_fetches_is_confirmed_too(office: Office) -> None:
    delivery = office.delivery(Answering([], Outcome(told=Told.SILENT)))
    made = await office.ask()
    await delivery.turn()
    await delivery.settle()
    await office.fetch()
    told = await office.look(delivery, made)
    assert (told.state, told.confirmed_at) == (ResyncState.SILENT, office.now)


async def test_a_tftp_read_confirms_after_its_last_acknowledgement(office: Office) -> None:
    delivery = office.delivery(answering())
    made = await office.ask()
    await delivery.turn()
    await delivery.settle()
    reply = await office.fetch(Transport.TFTP)
    assert (await office.look(delivery, made)).confirmed_at is None
    assert reply.delivered is not None
    office.now += timedelta(seconds=2)
    reply.delivered(office.now)
    assert (await office.look(delivery, made)).confirmed_at == office.now


async def test_a_fetch_from_before_confirms_nothing(office: Office) -> None:
    await office.fetch()
    office.now += timedelta(seconds=1)
    told = await office.tell(answering())
    assert told.confirmed_at is None


async def test_an_older_version_confirms_nothing_and_a_newer_one_does(office: Office) -> None:
    await office.fetch()
    await office.journal.flush()
    async with office.db.read() as read:
        ((_, old),) = await latest_requests(read, office.domain_id)
    await office.label("Lobby")
    delivery = office.delivery(answering())
    made = await office.ask()
    await delivery.turn()
    await delivery.settle()
    office.now += timedelta(seconds=1)
    office.journal.add(replace(old, at=office.now))  # as from a node that lags
    assert (await office.look(delivery, made)).confirmed_at is None
    await office.label("Hall")
    newer = await office.fetch()
    assert newer.etag != old.body_hash
    assert (await office.look(delivery, made)).confirmed_at == office.now


async def test_nobody_is_told_long_after_it_was_asked_for(office: Office) -> None:
    made = await office.ask()
    notifier = answering()
    delivery = office.delivery(notifier)
    office.now += WAITS + timedelta(seconds=1)
    told = await office.look(delivery, made)
    assert (told.state, told.closed, notifier.orders) == (ResyncState.FAILED, True, [])
    assert "no provisiond was running" in told.reason


async def test_a_phone_is_watched_for_a_while_only(office: Office) -> None:
    delivery = office.delivery(answering())
    made = await office.ask()
    await delivery.turn()
    await delivery.settle()
    office.now += WATCHED + timedelta(seconds=1)
    assert (await office.look(delivery, made)).closed
    await office.fetch()
    assert (await office.look(delivery, made)).confirmed_at is None


async def test_a_message_is_sent_once_whoever_dies(office: Office) -> None:
    made = await office.ask()
    dying = office.delivery(NeverEnding())
    await dying.turn()
    while (await show_resync(office.db, ADMIN, DOMAIN, made.resync_id)).sent_at is None:
        await asyncio.sleep(0.01)
    notifier = answering()
    heir = office.delivery(notifier)
    assert (await office.look(heir, made)).state is ResyncState.SENDING
    office.now += timedelta(minutes=5)
    told = await office.look(heir, made)
    assert (told.state, notifier.orders) == (ResyncState.SILENT, [])
    await dying.stop()


async def test_a_stop_says_that_nothing_was_waited_for(office: Office) -> None:
    made = await office.ask()
    delivery = office.delivery(NeverEnding())
    running = asyncio.create_task(delivery.run())
    while (await show_resync(office.db, ADMIN, DOMAIN, made.resync_id)).sent_at is None:
        await asyncio.sleep(0.01)
    assert await is_sender_there(office.db)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    told = await show_resync(office.db, ADMIN, DOMAIN, made.resync_id)
    assert (told.state, told.reason) == (
        ResyncState.SILENT,
        "provisiond was stopped before an answer came",
    )
    assert not await is_sender_there(office.db)


async def test_who_does_not_hold_the_lease_sends_nothing(office: Office) -> None:
    other = Lease(office.db, LEASE)
    assert await other.acquire(60)
    await office.ask()
    notifier = answering()
    running = asyncio.create_task(office.delivery(notifier).run())
    await asyncio.sleep(0.2)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert notifier.orders == []
    assert await is_sender_there(office.db)


async def test_asking_twice_tells_once(office: Office) -> None:
    assert (await office.ask()).resync_id == (await office.ask()).resync_id
    assert len(await list_resyncs(office.db, ADMIN, DOMAIN, MAC)) == 1


async def test_a_user_on_two_phones_needs_a_word_unless_a_registrar_tells_them_apart(
    office: Office,
) -> None:
    await office.change(SECOND, lines=(PhoneLine(line=1, extension="101"),))
    with pytest.raises(Conflict, match=f"user 101 is on {SECOND} too"):
        await office.ask()
    assert (await office.tell(answering(), even_if_shared=True)).state is ResyncState.ANSWERED
    mine = Contact(uri="sip:101@192.0.2.1:5062", user_agent=f"Acme D6 1.2 {MAC}")
    both = (mine, Contact(uri="sip:101@192.0.2.2:5060", user_agent="Acme D6"))
    notifier = answering()
    assert (await office.tell(notifier, Known(both))).state is ResyncState.ANSWERED
    assert notifier.orders[0].uri == "sip:101@192.0.2.1:5062"
    assert notifier.orders[0].routes == ("sip:127.0.0.1;lr",)
    told = await office.tell(notifier, Known(both[1:]))
    assert told.state is ResyncState.FAILED
    assert "cannot be told (101 has 1)" in told.reason


async def test_a_line_that_is_the_phones_alone_goes_first(office: Office) -> None:
    await office.change(
        SECOND,
        lines=(PhoneLine(line=1, extension="101"), PhoneLine(line=2, extension="102")),
    )
    notifier = answering()
    assert (await office.tell(notifier, mac=SECOND)).state is ResyncState.ANSWERED
    assert notifier.orders[0].aor == "sip:102@127.0.0.1"


async def test_where_it_cannot_be_reached_is_said(office: Office) -> None:
    with pytest.raises(Rejected, match="has no line"):
        await office.ask(LONELY)
    with pytest.raises(Rejected, match="no event makes a Acme D-6 restart"):
        await office.ask(reboot=True)
    with pytest.raises(NotFound):
        await office.ask(Mac("02ac3e000099"))
    await office.set(resync_route=ResyncRoute.DIRECT)
    with pytest.raises(Rejected, match="was never seen"):
        await office.ask()
    await office.set(sip_server="")
    with pytest.raises(Rejected, match="no SIP server is set"):
        await office.ask()
    await office.change(enabled=False)
    with pytest.raises(Conflict, match="is disabled"):
        await office.ask()
    absent = await office.tell(answering(), Known(), SECOND)
    assert (absent.state, absent.closed) == (ResyncState.FAILED, True)
    assert "is not registered" in absent.reason
    away = await office.tell(answering(), Away(), SECOND)
    assert away.reason == "the registrar does not answer"


async def test_directly_it_goes_to_where_the_phone_was_last_seen(office: Office) -> None:
    await office.fetch(at="10.0.0.7")
    await office.journal.flush()
    await office.set(resync_route=ResyncRoute.DIRECT, transport=SipTransport.TCP)
    notifier = answering()
    office.now += timedelta(seconds=1)
    assert (await office.tell(notifier)).state is ResyncState.ANSWERED
    (order,) = notifier.orders
    assert (order.uri, order.host, order.port) == ("sip:101@10.0.0.7:5060", "10.0.0.7", 5060)
    assert (order.transport, order.routes) == ("tcp", ())
    contact = Contact(uri="sip:101@10.0.0.7:5064;transport=tcp", received="sip:198.51.100.1:1025")
    await office.tell(notifier, Known((contact,)))
    assert (notifier.orders[1].uri, notifier.orders[1].host) == (contact.uri, "198.51.100.1")
    assert notifier.orders[1].port == 1025


async def test_other_phones_at_the_same_address_need_a_word(office: Office) -> None:
    await office.fetch()
    peer = Peer(address=ip_address("10.0.0.1"), port=1, transport=Transport.HTTP)
    async with office.db.read() as read:
        second = await phones.get_phone(read, office.domain_id, SECOND)
    name = f"p/{second.token.reveal()}/{SECOND.text}.cfg"
    await office.service.serve_file(FileRequest(name=name, peer=peer, at=office.now))
    await office.journal.flush()
    await office.set(resync_route=ResyncRoute.DIRECT)
    with pytest.raises(Conflict, match=r"1 other phones were last seen at 10\.0\.0\.1 too"):
        await office.ask()
    assert (await office.ask(even_if_shared=True)).state is ResyncState.QUEUED


async def test_behind_nat_the_server_is_told_where_it_saw_the_phone(office: Office) -> None:
    await office.set(outbound_proxy="127.0.0.9", outbound_proxy_port=5080)
    seen = Contact(uri="sip:101@192.168.1.5:5060", received="sip:198.51.100.1:1025")
    path = replace(seen, path=("sip:192.0.2.9;lr",))
    notifier = answering()
    for contact in (seen, path):
        await office.tell(notifier, Known((contact,)))
    assert notifier.orders[0].routes == ("sip:127.0.0.9:5080;lr", "sip:198.51.100.1:1025;lr")
    assert notifier.orders[1].routes == ("sip:127.0.0.9:5080;lr", "sip:192.0.2.9;lr")
    assert (notifier.orders[0].host, notifier.orders[0].port) == ("127.0.0.9", 5080)


async def test_a_re_sync_is_of_its_domain_and_for_those_who_may(office: Office) -> None:
    made = await office.ask()
    stranger = Actor(kind="api", name="x", role=Role.TECH, domain="other.example.test")
    with pytest.raises(NotFound):
        await show_resync(office.db, stranger, DOMAIN, made.resync_id)
    command = RequestResync(mac=MAC)
    with pytest.raises(NotFound):
        await request_resync(office.db, office.shelf, stranger, DOMAIN, command, office.now)
    user = Actor(kind="api", name="x", role=Role.USER, domain=DOMAIN)
    with pytest.raises(NotAllowed):
        await request_resync(office.db, office.shelf, user, DOMAIN, command, office.now)


async def by_kamailio(office: Office, port: int) -> None:
    await office.set(sip_server=KAMAILIO, outbound_proxy="127.0.0.1", outbound_proxy_port=port)
    await office.change(SECOND, lines=(PhoneLine(line=1, extension="101"),))


async def test_of_two_contacts_of_one_user_kamailio_tells_only_the_phones_own(
    office: Office, tmp_path: Path
) -> None:
    async with kamailio(tmp_path / "kamailio") as proxy:
        await by_kamailio(office, proxy.port)
        notifier, registrar = SipNotifier(Finder()), KamailioRegistrar(proxy.rpc)
        absent = await office.tell(notifier, registrar)
        assert (absent.state, absent.code) == (ResyncState.FAILED, None)
        both = {"user": "101", "domain": KAMAILIO}
        steps = (take("check-sync"), answer("200 OK"))
        with (
            registered_phone(
                tmp_path / "mine", proxy.port, *steps, agent=f"Acme D6 1.2 {MAC}", **both
            ) as mine,
            registered_phone(
                tmp_path / "other", proxy.port, take(), agent=f"Acme D6 1.2 {SECOND}", **both
            ) as other,
        ):
            told = await office.tell(notifier, registrar)
            assert (told.state, told.code) == (ResyncState.ANSWERED, 200)
            assert told.target == f"sip:101@127.0.0.1:{mine.port}"
            assert await asyncio.to_thread(mine.result) == 0
            assert other.process.poll() is None  # it still waits for its own


async def test_without_a_registrar_the_server_tells_all_contacts_of_the_user(
    office: Office, tmp_path: Path
) -> None:
    async with kamailio(tmp_path / "kamailio") as proxy:
        await by_kamailio(office, proxy.port)
        notifier = SipNotifier(Finder())
        absent = await office.tell(notifier, even_if_shared=True)
        assert (absent.state, absent.code) == (ResyncState.REFUSED, 404)
        assert absent.reason.endswith("knows no contact: is the phone registered?")
        steps = (take("check-sync"), answer("200 OK"))
        who = {"user": "101", "domain": KAMAILIO, "agent": "Softphone"}
        with registered_phone(tmp_path / "phone", proxy.port, *steps, **who) as one:
            told = await office.tell(notifier, even_if_shared=True)
            assert (told.state, told.target) == (ResyncState.ANSWERED, f"sip:101@{KAMAILIO}")
            assert await asyncio.to_thread(one.result) == 0
