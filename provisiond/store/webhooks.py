"""Where are webhooks kept, and the outbox of what they are to be told?"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import NotFound, Rejected, Stale
from provisiond.inventory.lists import DeliveryQuery, Page, WebhookOrder, WebhookQuery
from provisiond.inventory.webhooks import Delivery, DeliveryState, OutboxStanding, Webhook
from provisiond.store.instants import from_stored, from_stored_if_any, to_stored
from provisiond.store.paging import count_rows, matches, read_page
from provisiond.store.schema import change_journal, domain
from provisiond.store.schema_access import webhook, webhook_delivery
from provisiond.store.transaction import AnyRow, Read, Write

_ORDERS: dict[WebhookOrder, tuple[sa.ColumnElement[str], ...]] = {
    WebhookOrder.NAME: (webhook.c.name,),
    WebhookOrder.URL: (webhook.c.url, webhook.c.name),
}


async def list_webhooks(read: Read, query: WebhookQuery) -> Page[Webhook]:
    """Those that match, sorted."""
    select = _select()
    if query.text:
        select = select.where(matches(query.text, webhook.c.name, webhook.c.url))
    rows, after = await read_page(
        read,
        select,
        _ORDERS[query.order],
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    found = tuple([_record(read, row) for row in rows])
    return Page(rows=found, after=after, total=await count_rows(read, select))


async def get_webhook(read: Read, name: str) -> tuple[int, Webhook]:
    """The webhook's id and record. Raises NotFound."""
    row = await read.first(_select().where(webhook.c.name == name))
    if row is None:
        raise NotFound(f"there is no webhook {name}.")
    return row.id, _record(read, row)


async def insert_webhook(write: Write, record: Webhook, at: datetime) -> int:
    """Add a webhook; answers its id. Raises Rejected(name|domain)."""
    if await write.first(sa.select(webhook.c.id).where(webhook.c.name == record.name)) is not None:
        raise Rejected("name", f"there is a webhook {record.name!r} already.")
    (webhook_id,) = await write.new_ids(1)
    columns = await _columns(write, webhook_id, record)
    own = {"id": webhook_id, "created_by": record.created_by, "created_at": to_stored(at)}
    await write.insert(webhook, [{**own, **columns}])
    return webhook_id


async def update_webhook(write: Write, name: str, record: Webhook) -> None:
    """Replace the webhook called `name`; `record.revision` is the one that was read.

    Raises NotFound, Stale and Rejected(name|domain).
    """
    webhook_id, stood = await get_webhook(write, name)
    if stood.revision != record.revision:
        raise Stale(f"webhook {name} was changed meanwhile; load it again and repeat.")
    if record.name != name:
        taken = sa.select(webhook.c.id).where(webhook.c.name == record.name)
        if await write.first(taken) is not None:
            raise Rejected("name", f"there is a webhook {record.name!r} already.")
    columns = await _columns(write, webhook_id, record)
    await write.connection.execute(
        sa.update(webhook)
        .where(webhook.c.id == webhook_id)
        .values(revision=webhook.c.revision + 1, **columns)
    )


async def delete_webhook(write: Write, name: str) -> None:
    """Delete a webhook with its outbox. Raises NotFound."""
    webhook_id, _ = await get_webhook(write, name)
    await write.connection.execute(sa.delete(webhook).where(webhook.c.id == webhook_id))


async def list_deliveries(read: Read, webhook_id: int, query: DeliveryQuery) -> Page[Delivery]:
    """Those of a webhook that match, by age; `total` is not counted."""
    select = (
        sa.select(webhook_delivery, change_journal.c.action, change_journal.c.subject.label("of"))
        .join(change_journal, change_journal.c.id == webhook_delivery.c.change_id)
        .where(webhook_delivery.c.webhook_id == webhook_id)
    )
    if query.state is not None:
        select = select.where(webhook_delivery.c.state == query.state.value)
    if query.text:
        columns = (change_journal.c.action, change_journal.c.subject)
        select = select.where(matches(query.text, *columns))
    rows, after = await read_page(
        read,
        select,
        (webhook_delivery.c.id,),
        after=query.after,
        descending=query.descending,
        limit=query.limit,
    )
    return Page(rows=tuple([_delivery(row) for row in rows]), after=after, total=0)


async def enabled_webhooks(read: Read) -> tuple[int, ...]:
    """The ids of the webhooks that are told of changes."""
    enabled = sa.select(webhook.c.id).where(webhook.c.enabled.is_(True)).order_by(webhook.c.id)
    return tuple([row.id for row in await read.rows(enabled)])


async def due_deliveries(
    read: Read, webhook_id: int, at: datetime, *, limit: int
) -> tuple[tuple[Delivery, Webhook], ...]:
    """What is to be sent to a webhook now: of each record the oldest that waits, if it is due."""
    older = webhook_delivery.alias("older")
    first = sa.exists().where(
        older.c.webhook_id == webhook_delivery.c.webhook_id,
        older.c.subject == webhook_delivery.c.subject,
        older.c.state == DeliveryState.WAITING.value,
        older.c.id < webhook_delivery.c.id,
    )
    rows = await read.rows(
        _select()
        .add_columns(
            webhook_delivery.c.id.label("delivery_id"),
            webhook_delivery.c.change_id,
            change_journal.c.subject.label("of"),
            webhook_delivery.c.state,
            webhook_delivery.c.tries,
            webhook_delivery.c.due_at,
            webhook_delivery.c.done_at,
            webhook_delivery.c.said,
            change_journal.c.action,
        )
        .join(webhook_delivery, webhook_delivery.c.webhook_id == webhook.c.id)
        .join(change_journal, change_journal.c.id == webhook_delivery.c.change_id)
        .where(webhook_delivery.c.webhook_id == webhook_id, webhook.c.enabled.is_(True))
        .where(webhook_delivery.c.state == DeliveryState.WAITING.value)
        .where(webhook_delivery.c.due_at <= to_stored(at), ~first)
        .order_by(webhook_delivery.c.id)
        .limit(limit)
    )
    return tuple([(_delivery(row), _record(read, row)) for row in rows])


async def note_try(
    write: Write,
    delivery_id: int,
    state: DeliveryState,
    *,
    said: str,
    at: datetime,
    due_at: datetime | None,
) -> None:
    """Note how a try ended, and when the next one is due."""
    done = state is not DeliveryState.WAITING
    await write.connection.execute(
        sa.update(webhook_delivery)
        .where(webhook_delivery.c.id == delivery_id)
        .values(
            state=state.value,
            tries=webhook_delivery.c.tries + 1,
            said=said[:500],
            due_at=to_stored(due_at or at),
            done_at=to_stored(at) if done else None,
        )
    )


async def send_again(write: Write, webhook_id: int, delivery_id: int, at: datetime) -> None:
    """Let a delivery be tried anew, from the beginning. Raises NotFound."""
    done = await write.connection.execute(
        sa.update(webhook_delivery)
        .where(webhook_delivery.c.webhook_id == webhook_id, webhook_delivery.c.id == delivery_id)
        .values(
            state=DeliveryState.WAITING.value, tries=0, due_at=to_stored(at), done_at=None, said=""
        )
    )
    if not done.rowcount:
        raise NotFound(f"there is no delivery {delivery_id}.")


async def prune_deliveries(write: Write, *, before: datetime) -> int:
    """Delete what was sent or given up before; answers how many."""
    done = await write.connection.execute(
        sa.delete(webhook_delivery).where(webhook_delivery.c.done_at < to_stored(before))
    )
    return int(done.rowcount)


async def outbox_standing(read: Read) -> OutboxStanding:
    """How many deliveries wait for a webhook that is on, since when the oldest of them, and how
    many were given up."""
    waiting = await read.first(
        sa.select(sa.func.count(), sa.func.min(change_journal.c.at))
        .select_from(webhook_delivery)
        .join(webhook, webhook.c.id == webhook_delivery.c.webhook_id)
        .join(change_journal, change_journal.c.id == webhook_delivery.c.change_id)
        .where(webhook_delivery.c.state == DeliveryState.WAITING.value)
        .where(webhook.c.enabled.is_(True))
    )
    dead = await read.first(
        sa.select(sa.func.count()).where(webhook_delivery.c.state == DeliveryState.DEAD.value)
    )
    assert waiting is not None
    assert dead is not None
    return OutboxStanding(waiting=waiting[0], oldest=from_stored_if_any(waiting[1]), dead=dead[0])


def _select() -> sa.Select[Any]:
    return sa.select(
        webhook.c.id,
        webhook.c.name,
        webhook.c.url,
        webhook.c.secret,
        webhook.c.enabled,
        webhook.c.created_by,
        webhook.c.revision,
        domain.c.name.label("domain_name"),
    ).outerjoin(domain, domain.c.id == webhook.c.domain_id)


async def _columns(write: Write, webhook_id: int, record: Webhook) -> dict[str, Any]:
    domain_id = None
    if record.domain is not None:
        found = await write.first(
            sa.select(domain.c.id).where(domain.c.name == record.domain.lower())
        )
        if found is None:
            raise Rejected("domain", f"there is no domain {record.domain}.")
        domain_id = found[0]
    return {
        "name": record.name,
        "url": record.url,
        "secret": write.key.seal(record.secret, _where(webhook_id)),
        "domain_id": domain_id,
        "enabled": record.enabled,
    }


def _record(read: Read, row: AnyRow) -> Webhook:
    return Webhook(
        name=row.name,
        url=row.url,
        domain=row.domain_name,
        enabled=row.enabled,
        secret=read.key.open(row.secret, _where(row.id)),
        created_by=row.created_by,
        revision=row.revision,
    )


def _delivery(row: AnyRow) -> Delivery:
    return Delivery(
        delivery_id=getattr(row, "delivery_id", row.id),
        change_id=row.change_id,
        action=row.action,
        subject=row.of,
        state=DeliveryState(row.state),
        tries=row.tries,
        due_at=from_stored(row.due_at),
        done_at=from_stored_if_any(row.done_at),
        said=row.said,
    )


def _where(webhook_id: int) -> str:
    return f"webhook/{webhook_id}/secret"
