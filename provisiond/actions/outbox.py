"""How do webhooks learn of changes? Their outbox is sent, to each by itself and in order."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from provisiond.actions.change_table import change_tree
from provisiond.inventory.errors import NotFound, OutsideUnavailable
from provisiond.inventory.webhooks import (
    Delivery,
    DeliveryState,
    OutboxStanding,
    Webhook,
    next_try,
)
from provisiond.outbound.webhook_sender import SIGNATURE, signature
from provisiond.store.changes import find_change
from provisiond.store.database import Database
from provisiond.store.webhooks import (
    due_deliveries,
    enabled_webhooks,
    note_try,
    outbox_standing,
    prune_deliveries,
)

AT_ONCE = 4
"""Deliveries to one webhook at a time."""
_WEBHOOKS_AT_ONCE = 50
_TURN_SECONDS = 30.0  # far below the lease's, beside what one delivery may take
_KEPT = timedelta(days=30)


class Sender(Protocol):
    """Whoever brings a body to a URL."""

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> str: ...


class Outbox:
    """Tells webhooks what is due, each by itself: one that is slow or dead holds up no other.

    `begin` is called again and again, by whoever holds the lease; `end` when nothing is to be sent
    any more. `clock` is in UTC.
    """

    def __init__(self, db: Database, sender: Sender, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._sender = sender
        self._clock = clock
        self._telling: dict[int, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(_WEBHOOKS_AT_ONCE)

    async def begin(self) -> None:
        """Begin to tell every webhook that is not being told; the others go on. Raises what went
        wrong with one that has ended (StoreUnavailable)."""
        for webhook_id in [one for one, task in self._telling.items() if task.done()]:
            self._telling.pop(webhook_id).result()
        async with self._db.read() as read:
            enabled = await enabled_webhooks(read)
        for webhook_id in enabled:
            if webhook_id not in self._telling:
                self._telling[webhook_id] = asyncio.create_task(self._tell(webhook_id))

    async def end(self) -> None:
        """Wait for those that are being told."""
        await asyncio.gather(*self._telling.values(), return_exceptions=True)

    async def _tell(self, webhook_id: int) -> None:
        until = asyncio.get_running_loop().time() + _TURN_SECONDS
        while asyncio.get_running_loop().time() < until:
            async with self._turns:
                tried = await deliver_due(self._db, self._sender, webhook_id, self._clock())
            if not tried:
                return


async def deliver_due(db: Database, sender: Sender, webhook_id: int, at: datetime) -> int:
    """Send a webhook some of what is due, at once; answers how many were tried.

    At least once: what was sent and not noted, for want of the store, is sent again. Of one record
    the next change goes only when the one before it was taken or given up. All have ended when
    this raises (StoreUnavailable): none goes on beside the next turn.
    """
    async with db.read() as read:
        due = await due_deliveries(read, webhook_id, at, limit=AT_ONCE)
    ended = await asyncio.gather(
        *(_deliver(db, sender, one, hook, at) for one, hook in due), return_exceptions=True
    )
    for fault in ended:
        if fault is not None:
            raise fault
    return len(due)


async def look_at_outbox(db: Database) -> OutboxStanding:
    """What waits and what was given up, of all webhooks; for monitors."""
    async with db.read() as read:
        return await outbox_standing(read)


async def prune_outbox(db: Database, at: datetime) -> int:
    """Forget what was sent or given up a month ago."""
    async with db.append() as write:
        return await prune_deliveries(write, before=at - _KEPT)


def signed_headers(
    webhook: Webhook, action: str, delivery_id: int, body: bytes, at: datetime
) -> dict[str, str]:
    """What goes before a body, by which the receiver knows who sent it."""
    return {
        "Provisiond-Event": action,
        "Provisiond-Delivery": str(delivery_id),
        SIGNATURE: signature(webhook.secret, body, int(at.timestamp())),
    }


async def _deliver(
    db: Database, sender: Sender, delivery: Delivery, webhook: Webhook, at: datetime
) -> None:
    body = await _body(db, delivery)
    headers = signed_headers(webhook, delivery.action, delivery.delivery_id, body, at)
    state, due_at = DeliveryState.SENT, None
    try:
        said = await sender.send(webhook.url, body, headers)
    except OutsideUnavailable as fault:
        said, due_at = str(fault), next_try(delivery.tries + 1, at)
        state = DeliveryState.WAITING if due_at is not None else DeliveryState.DEAD
    async with db.append() as write:
        await note_try(write, delivery.delivery_id, state, said=said, at=at, due_at=due_at)


async def _body(db: Database, delivery: Delivery) -> bytes:
    async with db.read() as read:
        row = await find_change(read, delivery.change_id)
    if row is None:
        raise NotFound(f"there is no entry {delivery.change_id}.")
    told = {
        **change_tree(row),
        "at": row.change.at.isoformat(),
        "delivery": delivery.delivery_id,
    }
    return json.dumps(told, ensure_ascii=False).encode()
