"""A message reaches the phone that was meant and, unless that is accepted, no other."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.domains import Domain, ResyncRoute, Settings, SipTransport
from provisiond.inventory.errors import Conflict, NotFound, Rejected
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.resyncs import ResyncState
from provisiond.outbound.notify import SipNotifier
from provisiond.outbound.registrar import Contact, KamailioRegistrar
from provisiond.outbound.sip_place import Finder
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from tests.actions.telling import (
    DOMAIN,
    LONELY,
    MAC,
    SECOND,
    Away,
    Known,
    Office,
    answering,
    open_office,
)
from tests.kamailio import DOMAIN as KAMAILIO
from tests.kamailio import kamailio
from tests.sipp import LOOPBACK, answer, registered_phone, take

STRANGER, OTHER = Mac("02ac3e000007"), "other.example.test"
OLGA = Actor(kind="api", name="olga", role=Role.MANAGER, domain=DOMAIN)


@pytest.fixture
async def office(lite: Database, shelf: Shelf, tmp_path: Path) -> Office:
    return await open_office(lite, shelf, tmp_path)


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
    assert order.tenant == office.domain_id
    contact = Contact(uri="sip:101@10.0.0.7:5064;transport=tcp", received="sip:198.51.100.1:1025")
    await office.tell(notifier, Known((contact,)))
    assert (notifier.orders[1].uri, notifier.orders[1].host) == (contact.uri, "198.51.100.1")
    assert notifier.orders[1].port == 1025


async def fetched_by(office: Office, domain_id: int, mac: Mac) -> None:
    """The phone fetches its file from where all others do."""
    async with office.db.read() as read:
        one = await phones.get_phone(read, domain_id, mac)
    await office.fetch(name=f"p/{one.token.reveal()}/{mac.text}.cfg")
    await office.journal.flush()


async def test_other_phones_at_the_same_address_need_a_word(office: Office) -> None:
    await office.fetch()
    await fetched_by(office, office.domain_id, SECOND)
    await office.set(resync_route=ResyncRoute.DIRECT)
    with pytest.raises(Conflict, match=r"more than one phone was last seen at 10\.0\.0\.1"):
        await office.ask(actor=OLGA)
    asked = await office.ask(actor=OLGA, even_if_shared=True)
    assert asked.state is ResyncState.QUEUED


async def another_domain(office: Office, user: User, server: str = "127.0.0.1") -> int:
    """A domain with one user and one phone, whose SIP server is this."""
    async with office.db.write() as write:
        settings = Settings(sip_server=server)
        other = await domains.insert_domain(write, Domain(name=OTHER, settings=settings))
        await users.insert_users(write, other, [user])
        lines = (PhoneLine(line=1, extension=user.extension),)
        await phones.insert_phones(
            write, other, [Phone(mac=STRANGER, model="Acme D-6", lines=lines)]
        )
    return other


async def test_a_phone_of_another_domain_at_the_same_address_is_counted_and_never_named(
    office: Office,
) -> None:
    other = await another_domain(office, User(extension="900"))
    await office.fetch()
    await fetched_by(office, other, STRANGER)
    await office.set(resync_route=ResyncRoute.DIRECT)
    with pytest.raises(Conflict, match="more than one phone was last seen") as told:
        await office.ask(actor=OLGA)
    names_nobody(told.value)
    with pytest.raises(Conflict, match="only those who look after every domain") as told:
        await office.ask(actor=OLGA, even_if_shared=True)
    names_nobody(told.value)
    assert (await office.ask(even_if_shared=True)).state is ResyncState.QUEUED


async def test_a_sip_user_that_another_domain_has_at_the_same_server_is_shared(
    office: Office,
) -> None:
    await another_domain(office, User(extension="900", sip_user="101"))
    words = "user 101 is on phones of other domains too.*knows all of them as 101@127.0.0.1"
    with pytest.raises(Conflict, match=words) as told:
        await office.ask(actor=OLGA)
    names_nobody(told.value)
    for registrar in (False, True):
        with pytest.raises(Conflict, match="only those who look after every domain"):
            await office.ask(actor=OLGA, even_if_shared=True, registrar=registrar)
    assert (await office.ask(actor=OLGA, registrar=True)).state is ResyncState.QUEUED
    notifier = answering()
    assert (await office.tell(notifier, even_if_shared=True)).state is ResyncState.ANSWERED


async def test_the_same_sip_user_at_another_server_is_somebody_else(office: Office) -> None:
    await office.set(sip_server="192.0.2.1")
    await another_domain(office, User(extension="101"), server="192.0.2.2")
    assert (await office.ask(actor=OLGA)).state is ResyncState.QUEUED
    await office.set(sip_server="pbx.example.test")
    assert (await office.ask(SECOND, OLGA)).state is ResyncState.QUEUED


@pytest.mark.parametrize("server", ["PBX.example.test.", "192.0.2.1", "127.0.0.1"])
async def test_another_spelling_of_the_same_sip_user_is_no_other(
    office: Office, server: str
) -> None:
    async with office.db.write() as write:
        await users.insert_users(write, office.domain_id, [User(extension="105", sip_user="A77")])
    await office.change(
        lines=(PhoneLine(line=1, extension="105"),), settings=Settings(sip_server=server)
    )
    await another_domain(office, User(extension="101", sip_user="a77"), server=KAMAILIO)
    with pytest.raises(Conflict, match="user 105 is on phones of other domains too") as told:
        await office.ask(actor=OLGA)
    names_nobody(told.value)
    with pytest.raises(Conflict, match="only those who look after every domain"):
        await office.ask(actor=OLGA, even_if_shared=True)


async def test_a_server_that_others_name_by_its_address_is_known_once_the_name_is_looked_up(
    office: Office,
) -> None:
    await another_domain(office, User(extension="101"), server="192.0.2.1")
    line = (PhoneLine(line=1, extension="101"),)
    await office.change(SECOND, lines=line, settings=Settings(sip_server="192.0.2.2"))
    await office.set(sip_server=KAMAILIO)
    notifier = answering()
    for shared in (False, True):
        await office.tell(notifier, even_if_shared=shared)
    contact = Contact(uri="sip:101@10.0.0.7", user_agent=f"Acme D6 1.2 {MAC}")
    await office.tell(notifier, Known((contact,)))
    assert [sorted(order.shared_at) for order in notifier.orders] == [
        ["192.0.2.1", "192.0.2.2"],
        ["192.0.2.1"],
        [],
    ]


@pytest.mark.parametrize("has_phone", [True, False], ids=["phone", "no phone"])
async def test_of_a_registrar_without_domains_only_the_phones_own_mac_is_believed(
    office: Office, has_phone: bool
) -> None:
    other = await another_domain(office, User(extension="101"), server=KAMAILIO)
    if not has_phone:
        async with office.db.write() as write:
            kept = await phones.get_phone(write, other, STRANGER)
            await phones.update_phone(write, other, STRANGER, replace(kept, lines=()))
    await office.set(sip_server="evil.example.test", resync_route=ResyncRoute.DIRECT)
    await office.fetch(at="10.0.0.7")
    await office.journal.flush()
    victim = Contact(uri="sip:101@10.0.0.7:5060", user_agent="Acme D6 1.2")
    notifier = answering()
    for route in (ResyncRoute.DIRECT, ResyncRoute.VIA_PROXY):
        await office.set(sip_server="evil.example.test", resync_route=route)
        for shared in (False, True):
            told = await office.tell(
                notifier, Known((victim,), by_domain=False), even_if_shared=shared
            )
            assert (told.state, told.target) == (ResyncState.FAILED, "")
            assert "cannot be told: the registrar does not tell domains apart" in told.reason
            assert "use_domain" in told.reason
            assert "10.0.0.7" not in told.reason
    assert notifier.orders == []
    mine = replace(victim, uri="sip:101@192.0.2.9:5060", user_agent=f"Acme D6 1.2 {MAC}")
    told = await office.tell(notifier, Known((victim, mine), by_domain=False))
    assert (told.state, told.target) == (ResyncState.ANSWERED, mine.uri)
    told = await office.tell(notifier, Known((victim,)))
    assert told.state is ResyncState.ANSWERED, "of its own domain it is the phone's"


async def test_a_registrar_without_domains_is_enough_for_a_user_that_is_the_only_one(
    office: Office,
) -> None:
    contact = Contact(uri="sip:101@192.0.2.1:5060", user_agent="Acme D6 1.2")
    await office.set(resync_route=ResyncRoute.DIRECT)
    assert (await office.tell(answering(), Known((contact,), by_domain=False))).target == (
        contact.uri
    )
    await office.change(
        SECOND,
        lines=(PhoneLine(line=1, extension="101"),),
        settings=Settings(sip_server="192.0.2.7"),
    )
    told = await office.tell(answering(), Known((contact,), by_domain=False))
    assert "none carries its MAC" in told.reason


async def test_two_extensions_of_one_sip_user_are_shared_also_with_a_disabled_phone(
    office: Office,
) -> None:
    async with office.db.write() as write:
        await users.insert_users(write, office.domain_id, [User(extension="105", sip_user="101")])
    await office.change(SECOND, lines=(PhoneLine(line=1, extension="105"),), enabled=False)
    with pytest.raises(Conflict, match=f"user 101 is on {SECOND} too"):
        await office.ask()


def names_nobody(fault: Conflict) -> None:
    """That nothing of the other domain is in the words."""
    assert not any(word in str(fault) for word in (str(STRANGER), STRANGER.text, OTHER, "900"))


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


async def by_kamailio(office: Office, port: int) -> None:
    await office.set(sip_server=KAMAILIO, outbound_proxy="127.0.0.1", outbound_proxy_port=port)
    await office.change(SECOND, lines=(PhoneLine(line=1, extension="101"),))


async def test_of_two_contacts_of_one_user_kamailio_tells_only_the_phones_own(
    office: Office, tmp_path: Path
) -> None:
    async with kamailio(tmp_path / "kamailio") as proxy:
        await by_kamailio(office, proxy.port)
        notifier, registrar = SipNotifier(Finder(), targets=LOOPBACK), KamailioRegistrar(proxy.rpc)
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
        notifier = SipNotifier(Finder(), targets=LOOPBACK)
        absent = await office.tell(notifier, even_if_shared=True)
        assert (absent.state, absent.code) == (ResyncState.REFUSED, 404)
        assert absent.reason.endswith("knows no contact: is the phone registered?")
        steps = (take("check-sync"), answer("200 OK"))
        who = {"user": "101", "domain": KAMAILIO, "agent": "Softphone"}
        with registered_phone(tmp_path / "phone", proxy.port, *steps, **who) as one:
            told = await office.tell(notifier, even_if_shared=True)
            assert (told.state, told.target) == (ResyncState.ANSWERED, f"sip:101@{KAMAILIO}")
            assert await asyncio.to_thread(one.result) == 0
            await another_domain(office, User(extension="101"), server=KAMAILIO)
            await office.change(SECOND, lines=())
            await office.set(sip_server="evil.example.test", resync_route=ResyncRoute.DIRECT)
            told = await office.tell(notifier, KamailioRegistrar(proxy.rpc))
            assert (told.state, told.target) == (ResyncState.FAILED, "")
            assert "the registrar does not tell domains apart" in told.reason
