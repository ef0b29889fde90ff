"""How do programs keep webhooks, and see what they were told?"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from provisiond.actions.webhooks import (
    WebhookEdit,
    add_webhook,
    change_webhook,
    keep_webhooks,
    remove_webhook,
    retry_delivery,
    show_deliveries,
    show_webhook,
    try_webhook,
)
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.lists import DeliveryQuery, WebhookOrder, WebhookQuery
from provisiond.inventory.webhooks import Delivery, DeliveryState, Webhook
from provisiond.web.api.cursors import next_cursor, place_of
from provisiond.web.api.kept import Keeping, kept, listing, ordered
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import AgeQuery, Asked, Listing, Record, SearchQuery, Shape

_Text = Annotated[str, Field(max_length=2000)]


class WebhookBody(Asked):
    """A webhook: who is told, and of which domain's changes (null: of all)."""

    name: _Text
    url: _Text
    domain: _Text | None = None
    enabled: bool = True


class WebhookChange(Asked):
    """What to change. `new_secret` makes another one, which the answer tells."""

    name: _Text
    url: _Text | None = None
    domain: _Text | None = None
    enabled: bool | None = None
    new_secret: bool = False


class WebhookShown(Record):
    """A webhook. `secret` is told when it is made, and `***` afterwards."""

    name: str
    url: str
    domain: str | None
    enabled: bool
    secret: str
    created_by: str


class DeliveryShown(Shape):
    """One change on its way to a webhook; `said` is how the last try ended."""

    id: int
    change: int
    action: str
    subject: str
    state: DeliveryState
    tries: int
    due_at: datetime
    done_at: datetime | None
    said: str


class Tried(Shape):
    """What a webhook answered to a trial, or why it was not reached; `taken` is whether it would
    have been told of a change."""

    taken: bool
    said: str


class WebhooksQuery(SearchQuery):
    """Which webhooks. `q` is found in name and URL."""

    sort: Literal["name", "-name", "url", "-url"] = "name"


class DeliveriesQuery(AgeQuery):
    """Which deliveries. `q` is found in action and subject."""

    state: Literal["waiting", "sent", "dead"] | None = None


async def list_webhooks(call: Call) -> Reply:
    """Webhooks that match."""
    query: WebhooksQuery = call.query
    wanted = WebhookQuery(
        text=query.q.strip(),
        after=place_of(call),
        limit=query.limit,
        **ordered(WebhookOrder, query.sort),
    )
    page = await keep_webhooks(call.desk.db, call.actor, wanted)
    return listing(call, page, webhook_shown, WebhookShown)


async def get_webhook(call: Call) -> Reply:
    """One webhook."""
    webhook = await show_webhook(call.desk.db, call.actor, call.of("name"))
    return Reply(body=webhook_shown(webhook), revision=webhook.revision)


async def post_webhook(call: Call) -> Reply:
    """Add a webhook; the answer tells its secret, once."""
    body: WebhookBody = call.body
    webhook = Webhook(
        name=body.name,
        url=body.url,
        domain=body.domain.lower() if body.domain else None,
        enabled=body.enabled,
    )
    networks = call.desk.webhook_networks
    made = await add_webhook(call.desk.db, call.actor, webhook, networks, call.at)
    return Reply(body=webhook_shown(made, with_secret=True), revision=made.revision)


async def patch_webhook(call: Call) -> Reply:
    """Change a webhook; what waits for it goes to where it says then."""
    body: WebhookChange = call.body
    edit = WebhookEdit(
        name=body.name,
        url=body.url,
        domain=(body.domain or "") if "domain" in body.model_fields_set else None,
        enabled=body.enabled,
        new_secret=body.new_secret,
        revision=call.revision,
    )
    webhook = await change_webhook(
        call.desk.db, call.actor, call.of("name"), edit, call.desk.webhook_networks, call.at
    )
    shown = webhook_shown(webhook, with_secret=body.new_secret)
    return Reply(body=shown, revision=webhook.revision)


async def delete_webhook(call: Call) -> Reply:
    """Delete a webhook; what waits for it goes, too."""
    await remove_webhook(call.desk.db, call.actor, call.of("name"), call.at, revision=call.revision)
    return Reply()


async def list_deliveries(call: Call) -> Reply:
    """What a webhook was and is to be told, by age."""
    query: DeliveriesQuery = call.query
    wanted = DeliveryQuery(
        text=query.q.strip(),
        state=DeliveryState(query.state) if query.state is not None else None,
        descending=query.sort.startswith("-"),
        after=place_of(call),
        limit=query.limit,
    )
    page = await show_deliveries(call.desk.db, call.actor, call.of("name"), wanted)
    items = [_delivery_shown(one) for one in page.rows]
    return Reply(body=Listing[DeliveryShown](items=items, next=next_cursor(call, page.after)))


async def send_delivery_again(call: Call) -> Reply:
    """Let a delivery be tried anew, a dead one too."""
    await retry_delivery(
        call.desk.db, call.actor, call.of("name"), int(call.of("delivery")), call.at
    )
    return Reply()


async def test_webhook(call: Call) -> Reply:
    """Post a signed trial to a webhook now; nothing is kept of it. One that is not taken is
    answered with 200 and the reason."""
    networks = call.desk.webhook_networks
    trial = await try_webhook(call.desk.db, call.actor, call.of("name"), networks, call.at)
    return Reply(body=Tried(taken=trial.taken, said=trial.said))


def webhook_shown(webhook: Webhook, *, with_secret: bool = False) -> WebhookShown:
    """A webhook as programs see it."""
    return WebhookShown(
        revision=webhook.revision,
        name=webhook.name,
        url=webhook.url,
        domain=webhook.domain,
        enabled=webhook.enabled,
        secret=webhook.secret.reveal() if with_secret else "***",
        created_by=webhook.created_by,
    )


def _delivery_shown(delivery: Delivery) -> DeliveryShown:
    return DeliveryShown(
        id=delivery.delivery_id,
        change=delivery.change_id,
        action=delivery.action,
        subject=delivery.subject,
        state=delivery.state,
        tries=delivery.tries,
        due_at=delivery.due_at,
        done_at=delivery.done_at,
        said=delivery.said,
    )


ROUTES = (
    *kept(
        Keeping(
            noun=Noun.WEBHOOKS,
            path="/webhooks",
            key="name",
            one="a webhook",
            many="webhooks",
            listed=list_webhooks,
            shown=get_webhook,
            added=post_webhook,
            changed=patch_webhook,
            removed=delete_webhook,
            query=WebhooksQuery,
            request=WebhookBody,
            change=WebhookChange,
            answer=WebhookShown,
            rehearsed={"name": "x????????????", "url": "https://x.invalid/"},
            own=("warnings", "secret"),
        )
    ),
    Route(
        method="POST",
        path="/webhooks/{name}/test",
        summary="Try a webhook",
        noun=Noun.WEBHOOKS,
        verb=Verb.RUN,
        handler=test_webhook,
        answer=Tried,
    ),
    Route(
        method="GET",
        path="/webhooks/{name}/deliveries",
        summary="List what a webhook was told",
        noun=Noun.WEBHOOKS,
        handler=list_deliveries,
        query=DeliveriesQuery,
        answer=Listing[DeliveryShown],
    ),
    Route(
        method="POST",
        path="/webhooks/{name}/deliveries/{delivery}/retry",
        summary="Send something again",
        noun=Noun.WEBHOOKS,
        verb=Verb.RUN,
        handler=send_delivery_again,
    ),
)
