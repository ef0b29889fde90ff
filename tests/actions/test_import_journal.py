"""An import stands in the journal record by record, each as the same change by hand."""

import json
from typing import Any

import sqlalchemy as sa

from provisiond.actions.feed import ChangeFeed
from provisiond.actions.imports import ImportInventory, import_inventory
from provisiond.actions.users import ChangeUser, change_user, show_user
from provisiond.actions.webhooks import add_webhook
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.lists import ChangeQuery, ChangeRow
from provisiond.inventory.secret import Secret
from provisiond.inventory.webhooks import Webhook
from provisiond.store.changes import query_changes
from provisiond.store.database import Database
from provisiond.store.schema import change_journal
from provisiond.store.schema_access import webhook_delivery
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, MAC, NOW, document, load
from tests.actions.test_bulk_edits import counted
from tests.store.plans import explained, statements

ADDED = [
    ("import", DOMAIN),
    ("add domain", DOMAIN),
    ("add site", "HQ"),
    ("add site", "Größenwahn & Söhne"),
    ("add user", "101"),
    ("add user", "0102"),
    ("add user", "103"),
    ("edit directory", "company"),
    ("add directory", "doctors"),
    ("add layout", "reception"),
    ("add phone", MAC),
    ("add phone", "02:ac:3e:00:00:02"),
    ("edit overrides", DOMAIN),
    ("edit overrides", "site HQ"),
]


async def journal(db: Database, **terms: Any) -> list[ChangeRow]:
    """The entries in their order."""
    async with db.read() as read:
        return [*reversed((await query_changes(read, ChangeQuery(limit=1000, **terms))).rows)]


def trees(row: ChangeRow) -> tuple[Any, Any]:
    before, after = row.change.before, row.change.after
    return json.loads(before) if before else None, json.loads(after) if after else None


async def test_an_import_leaves_one_entry_and_behind_it_one_for_each_record(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    whole, *parts = rows = await journal(db)
    assert [(row.change.action, row.change.subject) for row in rows] == ADDED
    assert whole.change.part_of is None
    assert {row.change.part_of for row in parts} == {whole.entry_id}
    assert {row.domain for row in rows} == {DOMAIN}
    assert await journal(db, part_of=whole.entry_id) == parts
    assert trees(whole) == (None, {
        "file": "inventory.json", "mode": "update", "domain": "added", "sites added": 2,
        "users added": 3, "directories added": 2, "layouts added": 1, "phones added": 2,
        "overrides changed": 2,
    })  # fmt: skip
    told = repr(rows)
    assert "CANARY" not in told
    assert INVENTORY["phones"][0]["token"] not in told
    by_action = {row.change.action: row for row in parts}
    before, after = trees(by_action["add phone"])
    assert (before, after["mac"], after["token"]) == (None, "02:ac:3e:00:00:02", "***")
    assert trees(by_action["edit directory"]) == (
        {"entries": []},
        {"entries": ["Reception: 100"]},
    )


async def test_what_an_import_edits_is_told_as_an_edit_by_hand_is(
    lite: Database, shelf: Shelf
) -> None:
    """Fields that differ, and of a secret that it is another one; nothing of what stays."""
    await load(lite, shelf)
    phone = {"mac": MAC, "name": "Hall", "token": "zyxwvutsrqponmlkjihgfedcba"}
    users = [{"extension": "101", "last_name": "New", "sip_password": "CANARY-2"},
             {"extension": "0102", "first_name": "Bob"}]  # fmt: skip
    settings = {"sip_port": 5070, "phone_admin_password": "CANARY-3"}
    overrides = [INVENTORY["overrides"][1]]
    tree = {"domain": DOMAIN, "settings": settings, "users": users, "phones": [phone]}
    await load(lite, shelf, {**tree, "overrides": overrides})
    whole = (await journal(lite, action="import"))[-1]
    rows = await journal(lite, part_of=whole.entry_id)
    assert [(row.change.action, *trees(row)) for row in rows] == [
        ("edit domain", {"sip_port": 5061, "phone_admin_password": "***"},
         {"sip_port": 5070, "phone_admin_password": "*** (a new one)"}),
        ("edit user", {"last_name": "Example", "sip_password": "***"},
         {"last_name": "New", "sip_password": "*** (a new one)"}),
        ("edit phone", {"name": "Front desk", "token": "***"},
         {"name": "Hall", "token": "*** (a new one)"}),
        ("edit overrides", {"overrides": [
            {"family": "acme/desk", "key": "screen.brightness", "value": "3", "author": "tess",
             "at": "2026-11-22T12:00:00Z"}]}, {"overrides": []}),
    ]  # fmt: skip
    stood = (await show_user(lite, DOMAIN, "101")).user
    by_hand = ChangeUser(domain=DOMAIN, extension="101", user=stood)
    object.__setattr__(by_hand.user, "sip_password", Secret("CANARY-4"))
    object.__setattr__(by_hand.user, "last_name", "Example")
    await change_user(lite, ADMIN, by_hand, NOW)
    assert trees((await journal(lite))[-1]) == (
        {"last_name": "New", "sip_password": "***"},
        {"last_name": "Example", "sip_password": "*** (a new one)"},
    )


async def test_what_holds_for_all_domains_is_told_as_well(lite: Database, shelf: Shelf) -> None:
    server = {"settings": {"sip_port": 5070}, "overrides": INVENTORY["overrides"][:1]}
    tree = {"server": server, "domains": [{"domain": DOMAIN}]}
    command = ImportInventory(content=document(tree), filename="all.json")
    await import_inventory(lite, shelf, ADMIN, command, NOW)
    whole, settings, overrides = (await journal(lite))[-3:]
    assert (whole.change.action, whole.change.subject, whole.domain) == ("import", "server", None)
    assert trees(whole)[1] == {"file": "all.json", "mode": "update"}
    assert (settings.change.action, trees(settings)) == ("edit server", ({}, {"sip_port": 5070}))
    assert overrides.change.action == "edit overrides"
    assert {settings.change.part_of, overrides.change.part_of} == {whole.entry_id}


async def test_thousands_are_journaled_told_and_streamed_with_few_statements(
    lite: Database, shelf: Shelf
) -> None:
    """Without webhooks two a chunk of 500, with them one more; a listener is told of all."""
    await load(lite, shelf, {"domain": DOMAIN})
    feed = ChangeFeed(lite)
    newest = await feed.newest()
    for first, webhooks in ((2000, 0), (4000, 2)):
        for name in ("crm", "billing")[:webhooks]:
            hook = Webhook(name=name, url="https://a.example.test/")
            await add_webhook(lite, ADMIN, hook, (), NOW)
        more = [{"extension": str(first + n)} for n in range(1200)]
        async with counted(lite) as sent:
            await load(lite, shelf, {"domain": DOMAIN, "users": more})
        journaled = [one for one in sent if "change_journal" in one or "webhook" in one]
        assert len(journaled) == 2 + 3 * (3 if webhooks else 2)
    heard: list[str] = []
    while rows := await feed.after(newest, None, 0.01):
        heard += [row.change.subject for row in rows]
        newest = rows[-1].entry_id
    users = [one for one in heard if one.isdigit()]
    assert users == [str(n) for n in (*range(2000, 3200), *range(4000, 5200))]
    user = (await show_user(lite, DOMAIN, "5199")).user
    object.__setattr__(user, "last_name", "New")
    await change_user(lite, ADMIN, ChangeUser(domain=DOMAIN, extension="5199", user=user), NOW)
    async with lite.read() as read:
        told = await read.rows(
            sa.select(webhook_delivery.c.subject, change_journal.c.action)
            .join(change_journal, change_journal.c.id == webhook_delivery.c.change_id)
            .where(change_journal.c.subject == "5199")
        )
        assert sorted(row.action for row in told) == ["add user"] * 2 + ["edit user"] * 2
        assert len({row.subject for row in told}) == 1
        query = ChangeQuery(part_of=1)
        sent_of_list = await statements(read, lambda: query_changes(read, query))
        assert "ix_change_journal_part_of" in await explained(read, sent_of_list)
