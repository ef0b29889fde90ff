"""Webhooks are kept by admins alone; what waits for one goes with it."""

import pytest

from provisiond.actions.webhooks import (
    WebhookEdit,
    add_webhook,
    change_webhook,
    keep_webhooks,
    remove_webhook,
    retry_delivery,
    show_deliveries,
    try_webhook,
)
from provisiond.inventory.errors import Conflict, NotAllowed, NotFound, Rejected, RejectedAll
from provisiond.inventory.lists import DeliveryQuery, WebhookQuery
from provisiond.inventory.webhooks import Webhook
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, DOMAIN, MANAGER, NOW
from tests.actions.offices import open_office
from tests.actions.test_outbox import URL, hook


async def test_webhooks_are_kept_by_admins_alone(lite: Database) -> None:
    webhook = Webhook(name="x", url=URL)
    for work in (
        keep_webhooks(lite, MANAGER, WebhookQuery()),
        add_webhook(lite, MANAGER, webhook, (), NOW),
        change_webhook(lite, MANAGER, "x", WebhookEdit(), (), NOW),
        remove_webhook(lite, MANAGER, "x", NOW),
        show_deliveries(lite, MANAGER, "x", DeliveryQuery()),
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
    with pytest.raises(Rejected, match="crm"):
        await hook(lite)
    await remove_webhook(lite, ADMIN, "crm", NOW, revision=2)
    with pytest.raises(NotFound):
        await show_deliveries(lite, ADMIN, "crm", DeliveryQuery())
