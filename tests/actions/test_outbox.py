"""The outbox: written with the change, sent at least once, in order, and given up visibly."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from provisiond.actions.outbox import (
    AT_ONCE,
    Outbox,
    Sender,
    deliver_due,
    look_at_outbox,
    prune_outbox,
)
from provisiond.actions.users import (
    AddUser,
    ChangeUser,
    DeleteUser,
    add_user,
    change_user,
    delete_user,
)
from provisiond.actions.webhooks import (
    WebhookEdit,
    add_webhook,
    change_webhook,
    retry_delivery,
    show_deliveries,
)
from provisiond.inventory.errors import (
    Conflict,
    OutsideUnavailable,
    RejectedAll,
    StoreUnavailable,
)
from provisiond.inventory.lists import DeliveryQuery
from provisiond.inventory.people import User
from provisiond.inventory.webhooks import (
    MOST_TRIES,
    DeliveryState,
    OutboxStanding,
    Webhook,
    next_try,
)
from provisiond.outbound.webhook_sender import SIGNATURE, WebhookSender, signature
from provisiond.store.database import Database
from provisiond.store.webhooks import enabled_webhooks
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.actions.offices import open_office

URL = "https://hooks.example.test/x"


class Receiver:
    """Takes what is sent, or refuses as it is told."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, object]] = []
        self.headers: list[dict[str, str]] = []
        self.refuses: set[str] = set()

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
        told = json.loads(body)
        await asyncio.sleep(0)
        name = (told["after"] or {}).get("first_name")
        if {told["subject"], name, url} & self.refuses:
            raise OutsideUnavailable("answered 503")
        self.bodies.append(told)
        self.headers.append({**headers, "body": body.decode()})
        return "answered 200"


async def hook(db: Database, name: str = "crm", **fields: object) -> Webhook:
    webhook = Webhook(name=name, url=URL, **fields)  # type: ignore[arg-type]
    return await add_webhook(db, ADMIN, webhook, (), NOW)


async def deliver(db: Database, sender: Sender, at: datetime) -> int:
    """Send every webhook some of what is due; how many were tried."""
    async with db.read() as read:
        enabled = await enabled_webhooks(read)
    return sum([await deliver_due(db, sender, one, at) for one in enabled])


async def add(db: Database, extension: str, domain: str = DOMAIN) -> None:
    await add_user(db, ADMIN, AddUser(domain=domain, user=User(extension=extension)), NOW)


async def rename(db: Database, extension: str, name: str, revision: int) -> None:
    user = User(extension=extension, first_name=name, revision=revision)
    command = ChangeUser(domain=DOMAIN, extension=extension, user=user)
    await change_user(db, ADMIN, command, NOW)


async def test_a_change_is_told_once_signed_and_without_secrets(db: Database) -> None:
    await open_office(db)
    made = await hook(db)
    await add(db, "150")
    receiver = Receiver()
    assert await deliver(db, receiver, NOW) == 2  # that it was added itself, and the user
    assert await deliver(db, receiver, NOW) == 0
    told = {str(body["action"]): body for body in receiver.bodies}
    assert set(told) == {"add webhook", "add user"}
    user = told["add user"]
    assert (user["subject"], user["domain"], user["actor"]) == ("150", DOMAIN, ADMIN.name)
    assert isinstance(user["after"], dict)
    assert user["after"]["sip_password"] == "***"
    for headers in receiver.headers:
        seconds = int(NOW.timestamp())
        body = headers["body"].encode()
        assert headers[SIGNATURE] == signature(made.secret, body, seconds)
    assert made.secret.reveal() not in json.dumps(receiver.bodies)


async def test_only_the_webhooks_of_a_domain_and_of_all_are_told(db: Database) -> None:
    await open_office(db)
    await open_office(db, "b.example.test")
    await hook(db, "all")
    await hook(db, "ours", domain=DOMAIN)
    await hook(db, "off", enabled=False)
    await deliver(db, Receiver(), NOW)
    await add(db, "150")
    await add(db, "150", "b.example.test")
    for name, count in (("all", 2), ("ours", 1), ("off", 0)):
        waiting = (
            await show_deliveries(db, ADMIN, name, DeliveryQuery(state=DeliveryState.WAITING))
        ).rows
        assert len(waiting) == count, name


async def test_a_refused_change_writes_nothing_into_the_outbox(lite: Database) -> None:
    await open_office(lite)
    await hook(lite)
    before = (await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())).rows
    with pytest.raises(RejectedAll):
        await add(lite, "101")
    with pytest.raises(Conflict):
        await rename(lite, "101", "New", 77)
    assert (await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())).rows == before


async def test_changes_of_one_thing_go_in_order_and_hold_up_no_other(db: Database) -> None:
    await open_office(db)
    await hook(db)
    await deliver(db, Receiver(), NOW)
    await rename(db, "101", "One", 1)
    await rename(db, "101", "Two", 2)
    await rename(db, "102", "Other", 1)
    receiver = Receiver()
    receiver.refuses = {"101"}
    at = NOW
    for _ in range(3):
        await deliver(db, receiver, at)
        at += timedelta(seconds=1)
    assert [body["subject"] for body in receiver.bodies] == ["102"]
    receiver.refuses = set()
    at += timedelta(seconds=60)
    while await deliver(db, receiver, at):
        pass
    names = [body["after"]["first_name"] for body in receiver.bodies[1:]]  # type: ignore[index]
    assert names == ["One", "Two"]


async def test_a_delivery_is_tried_for_a_day_and_then_waits_for_a_person(lite: Database) -> None:
    await open_office(lite)
    await hook(lite)
    receiver = Receiver()
    receiver.refuses = {URL}
    at = NOW
    assert await look_at_outbox(lite) == OutboxStanding(waiting=1, oldest=NOW)
    [delivery] = (await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())).rows
    while delivery.state is DeliveryState.WAITING:
        assert await deliver(lite, receiver, at) == 1
        [delivery] = (await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())).rows
        at = max(at, delivery.due_at)
    assert (delivery.state, delivery.tries) == (DeliveryState.DEAD, MOST_TRIES)
    assert delivery.said == "answered 503"
    assert await look_at_outbox(lite) == OutboxStanding(dead=1)
    assert timedelta(hours=20) < at - NOW < timedelta(hours=30)
    assert await deliver(lite, receiver, at + timedelta(days=9)) == 0
    receiver.refuses = set()
    await retry_delivery(lite, ADMIN, "crm", delivery.delivery_id, at)
    assert await deliver(lite, receiver, at) == 1
    [delivery] = (await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())).rows
    assert (delivery.state, delivery.tries) == (DeliveryState.SENT, 1)
    assert await look_at_outbox(lite) == OutboxStanding()
    assert await prune_outbox(lite, at + timedelta(days=31)) == 1


async def test_monitors_see_what_waits_and_since_when(db: Database) -> None:
    await open_office(db)
    await hook(db)
    await hook(db, "off")
    later = NOW + timedelta(minutes=5)
    user = AddUser(domain=DOMAIN, user=User(extension="150"))
    await add_user(db, ADMIN, user, later)
    edit = WebhookEdit(enabled=False)
    await change_webhook(db, ADMIN, "off", edit, (), later)  # what it is owed waits for a person
    await deliver(db, Receiver(), NOW)
    standing = await look_at_outbox(db)
    assert (standing.waiting, standing.oldest, standing.dead) == (2, later, 0)
    assert standing.oldest_seconds(later + timedelta(seconds=90)) == 90
    assert OutboxStanding().oldest_seconds(later) == 0


async def test_what_was_sent_and_not_noted_is_sent_again(lite: Database) -> None:
    """The store goes away between the answer and its note: twice is better than never."""
    await open_office(lite)
    await hook(lite)

    class Falling(Receiver):
        async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
            await super().send(url, body, headers)
            raise StoreUnavailable("gone")

    falling = Falling()
    with pytest.raises(StoreUnavailable):
        await deliver(lite, falling, NOW)
    receiver = Receiver()
    assert await deliver(lite, receiver, NOW) == 1
    assert receiver.bodies == falling.bodies


def test_pauses_grow_and_end() -> None:
    waits = [next_try(tries, NOW) for tries in range(1, MOST_TRIES + 1)]
    assert waits[-1] is None
    due = [at for at in waits if at is not None]
    assert due == sorted(due)


async def test_changes_of_one_thing_go_in_order_though_it_is_renamed(db: Database) -> None:
    await open_office(db)
    await hook(db)
    await deliver(db, Receiver(), NOW)
    await rename(db, "101", "One", 1)
    renamed = User(extension="105", first_name="Two", revision=2)
    await change_user(db, ADMIN, ChangeUser(domain=DOMAIN, extension="101", user=renamed), NOW)
    await rename(db, "105", "Three", 3)
    await add(db, "101")  # somebody else, who waits for nobody
    command = DeleteUser(domain=DOMAIN, extension="105")
    await delete_user(db, ADMIN, command, NOW)
    receiver = Receiver()
    receiver.refuses = {"One"}
    await deliver(db, receiver, NOW)
    await deliver(db, receiver, NOW + timedelta(seconds=1))
    assert [body["action"] for body in receiver.bodies] == ["add user"]
    receiver.refuses = set()
    later = NOW + timedelta(seconds=60)
    while await deliver(db, receiver, later):
        pass
    told = [(body["action"], body["subject"]) for body in receiver.bodies[1:]]
    assert told == [
        ("edit user", "101"), ("edit user", "101"), ("edit user", "105"), ("delete user", "105")
    ]  # fmt: skip


async def test_a_webhook_that_does_not_answer_holds_up_no_other(lite: Database) -> None:
    """The silent one is asked AT_ONCE times and holds its connections; the other is told all."""
    await open_office(lite)
    asked: list[asyncio.StreamWriter] = []
    told: list[str] = []

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        asked.append(writer)

    async def listen(request: web.Request) -> web.Response:
        told.append((await request.json())["subject"])
        return web.Response()

    dead = await asyncio.start_server(silent, "127.0.0.1", 0)
    app = web.Application()
    app.router.add_post("/", listen)
    async with TestServer(app) as alive:
        private = (ip_network("127.0.0.0/8"),)
        port = dead.sockets[0].getsockname()[1]
        for name, url in (("a", f"http://127.0.0.1:{port}/"), ("b", str(alive.make_url("/")))):
            webhook = Webhook(name=name, url=url, domain=DOMAIN)
            await add_webhook(lite, ADMIN, webhook, private, NOW)
        for number in range(200, 220):
            await add(lite, str(number))
        sender = WebhookSender(private, seconds=60)
        outbox = Outbox(lite, sender, lambda: NOW)
        async with asyncio.timeout(20):
            while len(told) < 20 or len(asked) < AT_ONCE:
                await outbox.begin()
                await asyncio.sleep(0.01)
        await outbox.begin()
        assert sorted(told) == [str(number) for number in range(200, 220)]
        assert len(asked) == AT_ONCE
        waiting = (
            await show_deliveries(lite, ADMIN, "a", DeliveryQuery(state=DeliveryState.WAITING))
        ).rows
        assert len(waiting) == 20
        for writer in asked:
            writer.close()
        await sender.close()
        await outbox.end()
    dead.close()
    await dead.wait_closed()


async def test_a_delivery_that_fails_leaves_none_running_beside_the_next_turn(
    lite: Database,
) -> None:
    await open_office(lite)
    await hook(lite)
    for number in range(200, 203):
        await add(lite, str(number))

    class Uneven(Receiver):
        begun = 0

        async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
            self.begun += 1
            if self.begun == 1:
                raise StoreUnavailable("gone")
            await asyncio.sleep(0.02)
            return await super().send(url, body, headers)

    uneven = Uneven()
    with pytest.raises(StoreUnavailable):
        await deliver(lite, uneven, NOW)
    assert uneven.begun == 4  # that the webhook was added is one
    assert len(uneven.bodies) == 3


async def test_a_store_that_is_away_is_told_and_begun_anew(lite: Database) -> None:
    await open_office(lite)
    await hook(lite)

    class Falling(Receiver):
        async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str:
            if not self.bodies:
                self.bodies.append({})
                raise StoreUnavailable("gone")
            return await super().send(url, body, headers)

    falling = Falling()
    outbox = Outbox(lite, falling, lambda: NOW)
    await outbox.begin()
    await outbox.end()
    with pytest.raises(StoreUnavailable):
        await outbox.begin()
    await outbox.begin()
    await outbox.end()
    assert [body.get("action") for body in falling.bodies] == [None, "add webhook"]
