"""The outbox: written with the change, sent at least once, in order, and given up visibly."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from provisiond.actions.users import AddUser, ChangeUser, add_user, change_user
from provisiond.actions.webhooks import (
    WebhookEdit,
    add_webhook,
    change_webhook,
    deliver_due,
    keep_webhooks,
    look_at_outbox,
    prune_outbox,
    remove_webhook,
    retry_delivery,
    show_deliveries,
    try_webhook,
)
from provisiond.inventory.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    OutsideUnavailable,
    RejectedAll,
    StoreUnavailable,
)
from provisiond.inventory.people import User
from provisiond.inventory.webhooks import (
    MOST_TRIES,
    DeliveryState,
    OutboxStanding,
    Webhook,
    next_try,
)
from provisiond.outbound.webhook_sender import SIGNATURE, signature
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER, NOW
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
        if told["subject"] in self.refuses or url in self.refuses:
            raise OutsideUnavailable("answered 503")
        self.bodies.append(told)
        self.headers.append({**headers, "body": body.decode()})
        return "answered 200"


async def hook(db: Database, name: str = "crm", **fields: object) -> Webhook:
    webhook = Webhook(name=name, url=URL, **fields)  # type: ignore[arg-type]
    return await add_webhook(db, ADMIN, webhook, (), NOW)


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
    assert await deliver_due(db, receiver, NOW) == 2  # that it was added itself, and the user
    assert await deliver_due(db, receiver, NOW) == 0
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
    await deliver_due(db, Receiver(), NOW)
    await add(db, "150")
    await add(db, "150", "b.example.test")
    for name, count in (("all", 2), ("ours", 1), ("off", 0)):
        waiting = await show_deliveries(db, ADMIN, name, state=DeliveryState.WAITING)
        assert len(waiting) == count, name


async def test_a_refused_change_writes_nothing_into_the_outbox(lite: Database) -> None:
    await open_office(lite)
    await hook(lite)
    before = await show_deliveries(lite, ADMIN, "crm")
    with pytest.raises(RejectedAll):
        await add(lite, "101")
    with pytest.raises(Conflict):
        await rename(lite, "101", "New", 77)
    assert await show_deliveries(lite, ADMIN, "crm") == before


async def test_changes_of_one_thing_go_in_order_and_hold_up_no_other(db: Database) -> None:
    await open_office(db)
    await hook(db)
    await deliver_due(db, Receiver(), NOW)
    await rename(db, "101", "One", 1)
    await rename(db, "101", "Two", 2)
    await rename(db, "102", "Other", 1)
    receiver = Receiver()
    receiver.refuses = {"101"}
    at = NOW
    for _ in range(3):
        await deliver_due(db, receiver, at)
        at += timedelta(seconds=1)
    assert [body["subject"] for body in receiver.bodies] == ["102"]
    receiver.refuses = set()
    at += timedelta(seconds=60)
    while await deliver_due(db, receiver, at):
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
    [delivery] = await show_deliveries(lite, ADMIN, "crm")
    while delivery.state is DeliveryState.WAITING:
        assert await deliver_due(lite, receiver, at) == 1
        [delivery] = await show_deliveries(lite, ADMIN, "crm")
        at = max(at, delivery.due_at)
    assert (delivery.state, delivery.tries) == (DeliveryState.DEAD, MOST_TRIES)
    assert delivery.said == "answered 503"
    assert await look_at_outbox(lite) == OutboxStanding(dead=1)
    assert timedelta(hours=20) < at - NOW < timedelta(hours=30)
    assert await deliver_due(lite, receiver, at + timedelta(days=9)) == 0
    receiver.refuses = set()
    await retry_delivery(lite, ADMIN, "crm", delivery.delivery_id, at)
    assert await deliver_due(lite, receiver, at) == 1
    [delivery] = await show_deliveries(lite, ADMIN, "crm")
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
    await deliver_due(db, Receiver(), NOW)
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
        await deliver_due(lite, falling, NOW)
    receiver = Receiver()
    assert await deliver_due(lite, receiver, NOW) == 1
    assert receiver.bodies == falling.bodies


def test_pauses_grow_and_end() -> None:
    waits = [next_try(tries, NOW) for tries in range(1, MOST_TRIES + 1)]
    assert waits[-1] is None
    due = [at for at in waits if at is not None]
    assert due == sorted(due)


async def test_webhooks_are_kept_by_admins_alone(lite: Database) -> None:
    webhook = Webhook(name="x", url=URL)
    for work in (
        keep_webhooks(lite, MANAGER),
        add_webhook(lite, MANAGER, webhook, (), NOW),
        change_webhook(lite, MANAGER, "x", WebhookEdit(), (), NOW),
        remove_webhook(lite, MANAGER, "x", NOW),
        show_deliveries(lite, MANAGER, "x"),
        retry_delivery(lite, MANAGER, "x", 1, NOW),
        try_webhook(lite, MANAGER, "x", (), NOW),
    ):
        with pytest.raises(NotAllowed):
            await work


async def test_a_webhook_changes_and_goes_with_what_waits(lite: Database) -> None:
    await open_office(lite)
    made = await hook(lite)
    edit = WebhookEdit(url="https://b.example.test/", domain=DOMAIN, new_secret=True, revision=1)
    changed = await change_webhook(lite, ADMIN, "crm", edit, (), NOW)
    assert (changed.url, changed.domain) == ("https://b.example.test/", DOMAIN)
    assert changed.secret != made.secret
    with pytest.raises(Conflict):
        await change_webhook(lite, ADMIN, "crm", edit, (), NOW)
    with pytest.raises(RejectedAll):
        await change_webhook(lite, ADMIN, "crm", WebhookEdit(url="https://10.0.0.1/"), (), NOW)
    with pytest.raises(RejectedAll):
        await hook(lite)
    await remove_webhook(lite, ADMIN, "crm", NOW, revision=2)
    with pytest.raises(NotFound):
        await show_deliveries(lite, ADMIN, "crm")
