"""Who is told of changes by HTTP? Webhooks kept, and their outbox sent."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from provisiond.actions.changes import change_entry, differing
from provisiond.actions.inventory_text import Tree
from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.errors import (
    Finding,
    NotFound,
    OutsideUnavailable,
    Rejected,
    RejectedAll,
    Stale,
)
from provisiond.inventory.secret import Secret
from provisiond.inventory.webhooks import (
    Delivery,
    DeliveryState,
    Networks,
    OutboxStanding,
    Webhook,
    next_try,
    webhook_faults,
)
from provisiond.outbound.webhook_sender import SIGNATURE, WebhookSender, signature
from provisiond.store.changes import find_change
from provisiond.store.database import Database
from provisiond.store.journal import add_change
from provisiond.store.webhooks import (
    delete_webhook,
    due_deliveries,
    get_webhook,
    insert_webhook,
    list_deliveries,
    list_webhooks,
    note_try,
    outbox_standing,
    prune_deliveries,
    send_again,
    update_webhook,
)

AT_ONCE = 20
TRIAL = "test webhook"
"""The action of what `try_webhook` posts."""
_KEPT = timedelta(days=30)


class Sender(Protocol):
    """Whoever brings a body to a URL."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEdit:
    """What to change; None leaves a field alone, the empty domain means all of them."""

    name: str | None = None
    url: str | None = None
    domain: str | None = None
    enabled: bool | None = None
    new_secret: bool = False
    revision: int | None = None


async def keep_webhooks(
    db: Database, actor: Actor, *, after: str = "", limit: int = 1000
) -> tuple[Webhook, ...]:
    """Webhooks by name. Raises NotAllowed."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        return await list_webhooks(read, after=after, limit=limit)


async def show_webhook(db: Database, actor: Actor, name: str) -> Webhook:
    """One webhook. Raises NotAllowed and NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        return (await get_webhook(read, name))[1]


async def add_webhook(
    db: Database, actor: Actor, webhook: Webhook, private: Networks, at: datetime
) -> Webhook:
    """Add a webhook with a fresh secret, which the answer tells once. Raises RejectedAll."""
    demand(actor, Noun.WEBHOOKS, Verb.ADD)
    webhook = replace(webhook, secret=_new_secret(), created_by=actor.name, revision=1)
    _check(webhook, private)
    async with db.write() as write:
        await _rejecting(insert_webhook(write, webhook, at))
        await add_change(
            write, change_entry(actor, "add webhook", webhook.name, at, after=_tree(webhook))
        )
    return webhook


async def change_webhook(
    db: Database, actor: Actor, name: str, edit: WebhookEdit, private: Networks, at: datetime
) -> Webhook:
    """Change a webhook. Raises RejectedAll, NotFound and Stale."""
    demand(actor, Noun.WEBHOOKS, Verb.EDIT)
    async with db.write() as write:
        _, stood = await get_webhook(write, name)
        _must_be_seen(stood, edit.revision)
        webhook = replace(
            stood,
            name=stood.name if edit.name is None else edit.name,
            url=stood.url if edit.url is None else edit.url,
            domain=stood.domain if edit.domain is None else edit.domain.lower() or None,
            enabled=stood.enabled if edit.enabled is None else edit.enabled,
            secret=_new_secret() if edit.new_secret else stood.secret,
        )
        _check(webhook, private)
        await _rejecting(update_webhook(write, name, webhook))
        before, after = differing(_tree(stood), _tree(webhook))
        entry = change_entry(actor, "edit webhook", name, at, before=before, after=after)
        await add_change(write, entry)
    return replace(webhook, revision=stood.revision + 1)


async def remove_webhook(
    db: Database, actor: Actor, name: str, at: datetime, *, revision: int | None = None
) -> None:
    """Delete a webhook; what waits for it goes, too. Raises NotFound and Stale."""
    demand(actor, Noun.WEBHOOKS, Verb.DELETE)
    async with db.write() as write:
        _, stood = await get_webhook(write, name)
        _must_be_seen(stood, revision)
        await delete_webhook(write, name)
        await add_change(
            write, change_entry(actor, "delete webhook", name, at, before=_tree(stood))
        )


async def show_deliveries(
    db: Database,
    actor: Actor,
    name: str,
    *,
    state: DeliveryState | None = None,
    before: int | None = None,
    limit: int = 100,
) -> tuple[Delivery, ...]:
    """What a webhook was and is to be told, the newest first. Raises NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        webhook_id, _ = await get_webhook(read, name)
        return await list_deliveries(read, webhook_id, state=state, before=before, limit=limit)


async def retry_delivery(
    db: Database, actor: Actor, name: str, delivery_id: int, at: datetime
) -> None:
    """Let a delivery be tried anew, a dead one too. Raises NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.RUN)
    async with db.append() as write:
        webhook_id, _ = await get_webhook(write, name)
        await send_again(write, webhook_id, delivery_id, at)


async def try_webhook(
    db: Database, actor: Actor, name: str, private: Networks, at: datetime
) -> str:
    """Post a signed trial to a webhook now, also to one that is disabled; answers what the other
    side said, and nothing is kept. Raises NotFound, and OutsideUnavailable with the reason."""
    demand(actor, Noun.WEBHOOKS, Verb.RUN)
    async with db.read() as read:
        _, webhook = await get_webhook(read, name)
    told = {"id": 0, "delivery": 0, "at": at.isoformat(), "actor": actor.name, "subject": name}
    told |= {"actor_kind": actor.kind, "action": TRIAL, "domain": webhook.domain}
    body = json.dumps({**told, "before": None, "after": None}, ensure_ascii=False).encode()
    sender = WebhookSender(private)
    try:
        return await sender.send(webhook.url, body, _headers(webhook, TRIAL, 0, body, at))
    except OutsideUnavailable as fault:
        raise OutsideUnavailable(f"webhook {name} was not told: {fault}.") from fault
    finally:
        await sender.close()


async def deliver_due(db: Database, sender: Sender, at: datetime) -> int:
    """Send what is due, some at once; answers how many were tried.

    At least once: what was sent and not noted, for want of the store, is sent again. Of one
    webhook and subject the next goes only when the one before it was taken or given up.
    """
    async with db.read() as read:
        due = await due_deliveries(read, at, limit=AT_ONCE)
    await asyncio.gather(*(_deliver(db, sender, one, hook, at) for one, hook in due))
    return len(due)


async def look_at_outbox(db: Database) -> OutboxStanding:
    """What waits and what was given up, of all webhooks; for monitors."""
    async with db.read() as read:
        return await outbox_standing(read)


async def prune_outbox(db: Database, at: datetime) -> int:
    """Forget what was sent or given up a month ago."""
    async with db.append() as write:
        return await prune_deliveries(write, before=at - _KEPT)


async def _deliver(
    db: Database, sender: Sender, delivery: Delivery, webhook: Webhook, at: datetime
) -> None:
    body = await _body(db, delivery)
    headers = _headers(webhook, delivery.action, delivery.delivery_id, body, at)
    state, due_at = DeliveryState.SENT, None
    try:
        said = await sender.send(webhook.url, body, headers)
    except OutsideUnavailable as fault:
        said, due_at = str(fault), next_try(delivery.tries + 1, at)
        state = DeliveryState.WAITING if due_at is not None else DeliveryState.DEAD
    async with db.append() as write:
        await note_try(write, delivery.delivery_id, state, said=said, at=at, due_at=due_at)


def _headers(
    webhook: Webhook, action: str, delivery_id: int, body: bytes, at: datetime
) -> dict[str, str]:
    return {
        "Provisiond-Event": action,
        "Provisiond-Delivery": str(delivery_id),
        SIGNATURE: signature(webhook.secret, body, int(at.timestamp())),
    }


async def _body(db: Database, delivery: Delivery) -> bytes:
    async with db.read() as read:
        row = await find_change(read, delivery.change_id)
    if row is None:
        raise NotFound(f"there is no entry {delivery.change_id}.")
    change = row.change
    told = {
        "id": row.entry_id,
        "delivery": delivery.delivery_id,
        "at": change.at.isoformat(),
        "actor": change.actor,
        "actor_kind": change.actor_kind,
        "action": change.action,
        "subject": change.subject,
        "domain": row.domain,
        "before": json.loads(change.before) if change.before else None,
        "after": json.loads(change.after) if change.after else None,
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _must_be_seen(stood: Webhook, revision: int | None) -> None:
    if revision is not None and revision != stood.revision:
        raise Stale(f"webhook {stood.name} was changed meanwhile; look at it again.")


def _check(webhook: Webhook, private: Networks) -> None:
    faults = webhook_faults(webhook, private)
    if faults:
        raise RejectedAll(faults)


async def _rejecting(work: Awaitable[object]) -> None:
    try:
        await work
    except Rejected as fault:
        finding = Finding(where=fault.field, message=fault.message, remedy=fault.remedy)
        raise RejectedAll((finding,)) from fault


def _new_secret() -> Secret:
    return Secret(f"whs_{secrets.token_urlsafe(32)}")


def _tree(webhook: Webhook) -> dict[str, Tree]:
    return {
        "name": webhook.name,
        "url": webhook.url,
        "domain": webhook.domain,
        "enabled": webhook.enabled,
    }
