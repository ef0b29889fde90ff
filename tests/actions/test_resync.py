"""A phone is told to fetch again: each answer in its state, and confirmed by its fetch alone.

The phones' SIP is sipp, the store and the file service are real, and time is an argument.
"""

import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisiond.actions import resync as resync_action
from provisiond.actions.resync import (
    LEASE,
    RequestResync,
    is_sender_there,
    list_resyncs,
    request_resync,
    show_resync,
)
from provisiond.actions.resync_delivery import Outside, ResyncDelivery
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role, Transport
from provisiond.inventory.domains import Domain, ResyncRoute, Settings, SipTransport
from provisiond.inventory.errors import Conflict, NotAllowed, NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Phone, PhoneLine
from provisiond.inventory.resyncs import WAITS, WATCHED, Resync, ResyncState
from provisiond.outbound.notify import Outcome, SipNotifier, Told
from provisiond.outbound.sip_place import Finder
from provisiond.outbound.sip_targets import SipTargets
from provisiond.outbound.sip_transaction import Timers
from provisiond.store import domains, phones, users
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes, latest_requests
from provisiond.store.leases import Lease
from tests.actions.inventory import ADMIN, MODELS
from tests.actions.telling import (
    DOMAIN,
    MAC,
    SECOND,
    Answering,
    NeverEnding,
    Office,
    answering,
    open_office,
)
from tests.sipp import LOOPBACK, answer, check_password, pause, phone, take

CHALLENGE = 'WWW-Authenticate: Digest realm="phone", nonce="47ebe028", algorithm=MD5, qop="auth"'
QUICK = Timers(t1=0.02, t2=0.16)
STRANGER, OTHER = Mac("02ac3e000007"), "other.example.test"


class Gone:
    """A reader of facts that knows no phone."""

    async def for_mac(self, mac: Mac) -> None:
        return None


@pytest.fixture
def restarting(tmp_path: Path) -> Shelf:
    """The family of the tests, with an event that makes its phones restart."""
    models = tmp_path / "models"
    shutil.copytree(MODELS, models)
    family = models / "acme/desk/family.toml"
    event = 'event = "check-sync"\n'
    text = family.read_text()
    assert event in text
    family.write_text(text.replace(event, f'{event}reboot_event = "check-sync;reboot=true"\n'))
    return Shelf.load([models])


@pytest.fixture
async def office(lite: Database, shelf: Shelf, tmp_path: Path) -> Office:
    return await open_office(lite, shelf, tmp_path)


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
        told = await office.tell(SipNotifier(Finder(), targets=LOOPBACK, timers=QUICK))
        assert (told.state, told.code, told.confirmed_at) == (state, code, None)
        assert told.target == "sip:101@127.0.0.1"
        if state is not ResyncState.SILENT:
            assert await asyncio.to_thread(one.result) == 0


@pytest.mark.parametrize(
    ("outcome", "by_proxy", "directly"),
    [
        (
            Outcome(told=Told.SILENT),
            "is that the right way (sip_server,",
            "try resync_route = via_",
        ),
        (Outcome(told=Told.FAILED, reason="udp:x: gone"), "udp:x: gone. Are sip_server,", "power-"),
        (Outcome(told=Told.REFUSED, code=405, reason="No"), "No. Its server", "route = via_proxy."),
        (Outcome(told=Told.REFUSED, code=418, reason=""), "log of the SIP", "log of the SIP"),
        (Outcome(told=Told.REFUSED, code=503, retry_after=9), "again in 9 s.", "again in 9 s."),
    ],
    ids=["silent", "unsent", "refused", "unknown", "busy"],
)
async def test_whatever_goes_wrong_it_is_said_what_to_do(
    office: Office, outcome: Outcome, by_proxy: str, directly: str
) -> None:
    told = await office.tell(Answering([], outcome))
    assert by_proxy in told.reason
    assert ("resync_route = direct" in told.reason) is (outcome.code == 405)
    await office.fetch()
    await office.journal.flush()
    await office.set(resync_route=ResyncRoute.DIRECT)
    assert directly in (await office.tell(Answering([], outcome))).reason


async def test_no_message_goes_to_this_machine_by_a_tenants_settings(office: Office) -> None:
    told = await office.tell(SipNotifier(Finder(), targets=SipTargets()))
    assert (told.state, told.closed) == (ResyncState.FAILED, True)
    assert "or a listener of provisiond's. Are sip_server," in told.reason


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
    office.journal.add(old._replace(at=office.now))  # as from a node that lags
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


async def test_who_asks_again_and_accepts_that_others_are_told_is_heard(office: Office) -> None:
    made = await office.ask()
    await office.change(SECOND, lines=(PhoneLine(line=1, extension="101"),))
    again = await office.ask(even_if_shared=True)
    assert (again.resync_id, again.even_if_shared) == (made.resync_id, True)
    assert (await office.deliver(answering(), made)).state is ResyncState.ANSWERED
    async with office.db.read() as read:
        (_, second), (_, first) = await latest_changes(read, office.domain_id)
    assert "even_if_shared" not in first.after
    assert '"even_if_shared": true' in second.after


async def test_who_asks_again_waits_anew(office: Office) -> None:
    made = await office.ask()
    office.now += WAITS + timedelta(minutes=1)
    assert (await office.ask()).resync_id == made.resync_id
    office.now += timedelta(minutes=1)
    assert (await office.deliver(answering(), made)).state is ResyncState.ANSWERED


async def test_what_is_asked_for_while_one_is_being_sent_waits_for_its_end_and_is_sent_once(
    office: Office,
) -> None:
    made = await office.ask()
    delivery = office.delivery(NeverEnding())
    await being_sent(office, delivery, made)
    await office.fetch()
    await office.label("Hall")
    second = await office.ask()
    assert second.resync_id != made.resync_id, "the phone has fetched before the change"
    assert (await office.ask()).resync_id == second.resync_id
    assert (await office.look(delivery, made)).confirmed_at == office.now
    assert (await office.look(delivery, second)).state is ResyncState.QUEUED
    await delivery.stop()
    notifier = answering()
    heir = office.delivery(notifier)
    await heir.turn()
    await heir.settle()
    told = await office.look(heir, second)
    assert (told.state, told.confirmed_at, len(notifier.orders)) == (ResyncState.ANSWERED, None, 1)
    await office.fetch()
    assert (await office.look(heir, second)).confirmed_at == office.now


async def test_a_restart_under_way_does_for_a_second_request_until_the_phone_has_fetched(
    lite: Database, restarting: Shelf, tmp_path: Path
) -> None:
    office = await open_office(lite, restarting, tmp_path)
    made = await office.ask(reboot=True)
    delivery = office.delivery(NeverEnding())
    await being_sent(office, delivery, made)
    assert (await office.ask(reboot=True)).resync_id == made.resync_id
    assert (await office.ask()).resync_id != made.resync_id
    await office.fetch()
    await office.journal.flush()
    assert (await office.ask(reboot=True)).resync_id != made.resync_id
    await delivery.stop()


async def test_what_a_phone_was_told_before_is_waited_for_no_more(office: Office) -> None:
    delivery = office.delivery(answering())
    first = await office.ask()
    await delivery.turn()
    await delivery.settle()
    second = await office.ask()
    await delivery.turn()
    await delivery.settle()
    told = await office.look(delivery, first)
    assert (told.closed, told.confirmed_at) == (True, None)
    assert told.reason == "OK. It was told again before it fetched."
    assert not (await office.look(delivery, second)).closed


async def test_a_domain_whose_phones_are_silent_leaves_room_for_others(office: Office) -> None:
    macs = [Mac(f"02ac3e1000{number:02x}") for number in range(6)]
    async with office.db.write() as write:
        line = (PhoneLine(line=1, extension="101"),)
        silent = [Phone(mac=mac, model="Acme D-6", lines=line) for mac in macs]
        await phones.insert_phones(write, office.domain_id, silent)
        other = await domains.insert_domain(
            write, Domain(name=OTHER, settings=Settings(sip_server="192.0.2.1"))
        )
        await users.insert_users(write, other, [User(extension="900")])
        line = (PhoneLine(line=1, extension="900"),)
        await phones.insert_phones(
            write, other, [Phone(mac=STRANGER, model="Acme D-6", lines=line)]
        )
    for mac in macs:
        await office.ask(mac, even_if_shared=True)
    notifier = NeverEnding()
    delivery = ResyncDelivery(
        office.db, office.sources, Outside(notifier=notifier), clock=lambda: office.now, at_once=4
    )
    for _ in range(2):
        await delivery.turn()
    command = RequestResync(mac=STRANGER)
    late = await request_resync(office.db, office.shelf, ADMIN, OTHER, command, office.now)
    await delivery.turn()
    while (await show_resync(office.db, ADMIN, OTHER, late.resync_id)).sent_at is None:
        await asyncio.sleep(0.01)
    states = [(await list_resyncs(office.db, ADMIN, DOMAIN, mac))[0].state for mac in macs]
    assert states.count(ResyncState.SENDING) == 2, "half of those that there may be"
    assert states.count(ResyncState.QUEUED) == 4
    await delivery.stop()


async def test_how_many_of_a_domain_wait_is_bounded(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resync_action, "MOST_QUEUED", 1)
    made = await office.ask()
    with pytest.raises(Conflict, match=f"1 phones of {DOMAIN} wait to be told already. Ask again"):
        await office.ask(SECOND)
    assert (await office.ask()).resync_id == made.resync_id
    await office.deliver(answering(), made)
    assert (await office.ask(SECOND)).state is ResyncState.QUEUED


async def being_sent(office: Office, delivery: ResyncDelivery, made: Resync) -> None:
    """Until it is written down that it goes out."""
    await delivery.turn()
    while (await show_resync(office.db, ADMIN, DOMAIN, made.resync_id)).sent_at is None:
        await asyncio.sleep(0.01)


async def test_a_phone_that_was_disabled_meanwhile_is_told_nothing(office: Office) -> None:
    made = await office.ask()
    await office.change(enabled=False)
    notifier = answering()
    told = await office.deliver(notifier, made)
    assert (told.state, told.closed, notifier.orders) == (ResyncState.FAILED, True, [])
    assert f"{MAC} is disabled" in told.reason


async def test_a_phone_that_has_gone_is_given_up_at_once(office: Office) -> None:
    made = await office.ask()
    gone = replace(office.sources, facts=Gone())  # type: ignore[arg-type]
    told = await replace(office, sources=gone).deliver(answering(), made)
    assert (told.state, told.closed) == (ResyncState.FAILED, True)
    assert told.reason == f"{MAC} is in the inventory no more."


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
