"""Who is told of changes by HTTP? Webhooks kept, tried, and what they were told."""

import json
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.changes import change_entry, differing
from provisiond.actions.inventory_text import Tree
from provisiond.actions.outbox import signed_headers
from provisiond.inventory.access import Actor, Noun, Verb, demand
from provisiond.inventory.errors import OutsideUnavailable, RejectedAll, Stale
from provisiond.inventory.lists import DeliveryQuery, Page, WebhookQuery
from provisiond.inventory.secret import Secret
from provisiond.inventory.webhooks import (
    Delivery,
    Networks,
    Webhook,
    webhook_faults,
)
from provisiond.outbound.webhook_sender import WebhookSender
from provisiond.store.database import Database
from provisiond.store.journal import add_change
from provisiond.store.webhooks import (
    delete_webhook,
    get_webhook,
    insert_webhook,
    list_deliveries,
    list_webhooks,
    send_again,
    update_webhook,
)

TRIAL = "test webhook"
"""The action of what `try_webhook` posts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEdit:
    """What to change; None leaves a field alone, the empty domain means all of them."""

    name: str | None = None
    url: str | None = None
    domain: str | None = None
    enabled: bool | None = None
    new_secret: bool = False
    revision: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a trial ended: `said` is what the other side answered, or why it was not reached."""

    taken: bool
    said: str


async def keep_webhooks(db: Database, actor: Actor, query: WebhookQuery) -> Page[Webhook]:
    """Webhooks that match, sorted. Raises NotAllowed."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        return await list_webhooks(read, query)


async def show_webhook(db: Database, actor: Actor, name: str) -> Webhook:
    """One webhook. Raises NotAllowed and NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        return (await get_webhook(read, name))[1]


async def add_webhook(
    db: Database, actor: Actor, webhook: Webhook, private: Networks, at: datetime
) -> Webhook:
    """Add a webhook with a fresh secret, which the answer tells once. Raises RejectedAll
    (early), and Rejected for a name that is taken or a domain that is not there."""
    demand(actor, Noun.WEBHOOKS, Verb.ADD)
    webhook = replace(webhook, secret=_new_secret(), created_by=actor.name, revision=1)
    _check(webhook, private)
    async with db.write() as write:
        await insert_webhook(write, webhook, at)
        await add_change(
            write, change_entry(actor, "add webhook", webhook.name, at, after=_tree(webhook))
        )
    return webhook


async def change_webhook(
    db: Database, actor: Actor, name: str, edit: WebhookEdit, private: Networks, at: datetime
) -> Webhook:
    """Change a webhook. Raises RejectedAll (early), Rejected, NotFound and Stale."""
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
        await update_webhook(write, name, webhook)
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
        await add_change(
            write, change_entry(actor, "delete webhook", name, at, before=_tree(stood))
        )
        await delete_webhook(write, name)


async def show_deliveries(
    db: Database, actor: Actor, name: str, query: DeliveryQuery
) -> Page[Delivery]:
    """What a webhook was and is to be told, by age. Raises NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.READ)
    async with db.read() as read:
        webhook_id, _ = await get_webhook(read, name)
        return await list_deliveries(read, webhook_id, query)


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
) -> Trial:
    """Post a signed trial to a webhook now, also to one that is disabled; nothing is kept. One that
    is not taken is an answer, too. Raises NotFound."""
    demand(actor, Noun.WEBHOOKS, Verb.RUN)
    async with db.read() as read:
        _, webhook = await get_webhook(read, name)
    told = {"id": 0, "delivery": 0, "at": at.isoformat(), "actor": actor.name, "subject": name}
    told |= {"actor_kind": actor.kind, "action": TRIAL, "domain": webhook.domain}
    body = json.dumps({**told, "before": None, "after": None}, ensure_ascii=False).encode()
    sender = WebhookSender(private)
    try:
        said = await sender.send(webhook.url, body, signed_headers(webhook, TRIAL, 0, body, at))
        return Trial(taken=True, said=said)
    except OutsideUnavailable as fault:
        return Trial(taken=False, said=str(fault))
    finally:
        await sender.close()


def _must_be_seen(stood: Webhook, revision: int | None) -> None:
    if revision is not None and revision != stood.revision:
        raise Stale(f"webhook {stood.name} was changed meanwhile; look at it again.")


def _check(webhook: Webhook, private: Networks) -> None:
    faults = webhook_faults(webhook, private)
    if faults:
        raise RejectedAll(faults, early=True)


def _new_secret() -> Secret:
    return Secret(f"whs_{secrets.token_urlsafe(32)}")


def _tree(webhook: Webhook) -> dict[str, Tree]:
    return {
        "name": webhook.name,
        "url": webhook.url,
        "domain": webhook.domain,
        "enabled": webhook.enabled,
    }
