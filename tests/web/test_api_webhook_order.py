"""What is told of one record has one key in the outbox, whatever the record is called."""

from typing import Any

import sqlalchemy as sa

from provisiond.actions.webhooks import add_webhook
from provisiond.inventory.access import Role
from provisiond.inventory.webhooks import Webhook
from provisiond.store.database import Database
from provisiond.store.schema import change_journal
from provisiond.store.schema_access import webhook_delivery
from tests.actions.inventory import ADMIN, DOMAIN, NOW
from tests.web.offices import Client, asked, token
from tests.web.test_api_records import BASE, RECORDS

ANY = {"If-Match": "*"}
# noun path → the name that a record gets.
RENAMED: dict[str, str] = {
    "sites": "Lager 3", "users": "151", "directories": "joiners", "layouts": "smaller",
    "destinations": "311", "timeframes": "Late", "phones": "02:ac:3e:00:00:78",
}  # fmt: skip
STEADY = {"numbers", "sms-numbers"}  # a number is its name
PLACES = [(noun, "") for noun in RENAMED] + [("timeframes", "101")]


async def keys_of_what_is_told(db: Database) -> list[tuple[str, str]]:
    """Action and key of each delivery, in order."""
    async with db.read() as read:
        rows = await read.rows(
            sa.select(change_journal.c.action, webhook_delivery.c.subject)
            .join(change_journal, change_journal.c.id == webhook_delivery.c.change_id)
            .order_by(webhook_delivery.c.id)
        )
    return [(row.action, row.subject) for row in rows]


async def test_a_records_changes_have_one_key_through_its_renaming(
    client: Client, db: Database
) -> None:
    """Added, renamed, edited and deleted; who comes after under the first name is another."""
    assert set(RENAMED) | STEADY == set(RECORDS)
    await add_webhook(db, ADMIN, Webhook(name="crm", url="https://a.example.test/"), (), NOW)
    who = await token(db, Role.MANAGER, DOMAIN)
    seen: set[str] = set()
    for noun, owner in PLACES:
        before = len(await keys_of_what_is_told(db))
        key, body, change = RECORDS[noun]
        new = {**body, **({"owner": owner} if owner else {})}
        query = f"?owner={owner}" if owner else ""

        async def ask(method: str, path: str, body: Any = None, status: int = 200) -> Any:
            more: dict[str, Any] = {"json": body} if body is not None else {}
            answer, told = await asked(client, method, path, who, extra=ANY, **more)
            assert answer.status == status, (path, told)
            return told

        record = await ask("POST", f"{BASE}/{noun}", new, 201)
        one, later = (f"{BASE}/{noun}/{name}{query}" for name in (record[key], RENAMED[noun]))
        await ask("PATCH", one, {key: RENAMED[noun]})
        await ask("PATCH", later, change)
        await ask("DELETE", later, status=204)
        await ask("POST", f"{BASE}/{noun}", new, 201)
        told = (await keys_of_what_is_told(db))[before:]
        assert [action.split()[0] for action, _ in told] == ["add", "edit", "edit", "delete", "add"]
        keys = [subject for _, subject in told]
        assert len(set(keys[:4])) == 1, (noun, keys)
        assert keys[4] != keys[0], (noun, keys)
        assert not seen & set(keys), (noun, keys)
        seen |= set(keys)
