"""Lists go on where they ended on either engine: behind numbers, and behind what is not there."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisiond.inventory.access import Role
from provisiond.inventory.accounts import Account, ApiToken
from provisiond.inventory.domains import Domain
from provisiond.inventory.journal import ChangeEntry
from provisiond.inventory.lists import (
    ChangeQuery,
    PendingOrder,
    PendingQuery,
    PersonOrder,
    PersonQuery,
    RequestQuery,
    TokenOrder,
    TokenQuery,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.store import domains
from provisiond.store.accounts import insert_account, list_accounts, note_login
from provisiond.store.api_tokens import insert_api_token, list_api_tokens, note_used
from provisiond.store.changes import query_changes
from provisiond.store.database import Database
from provisiond.store.journal import add_change
from provisiond.store.journal_entries import add_requests
from provisiond.store.pending import list_pending, note_pending
from provisiond.store.requests import query_requests
from provisiond.store.schema import change_journal
from tests.store.inventory import NOW, later, served
from tests.store.plans import explained, statements, ten_thousand


async def read_on(db: Database, ask: Any, query: Any) -> list[Any]:
    """All rows, two at a time."""
    found: list[Any] = []
    while True:
        async with db.read() as read:
            page = await ask(read, replace(query, limit=2))
        found += page.rows
        if not page.after:
            return found
        query = replace(query, after=page.after)


async def filled(db: Database) -> None:
    """Ties, moments that are not there, and numbers of one and two digits."""
    async with db.write() as write:
        for name, hours in (("ann", None), ("bea", 2), ("cid", None), ("dot", 1), ("eve", None)):
            account_id = await insert_account(write, Account(name=name, role=Role.TECH), NOW)
            if hours is not None:
                await note_login(write, account_id, later(hours=hours), 0)
            ends = later(hours=hours) if hours is not None else None
            token = ApiToken(token_id=name, label="x", role=Role.TECH, expires_at=ends)
            await insert_api_token(write, name.encode(), token, NOW)
            if hours is not None:
                await note_used(write, name, later(hours=hours))
        for subject in ("a", "b", "A"):
            entry = ChangeEntry(
                at=NOW, actor_kind="cli", actor="Tess", action="edit user", subject=subject
            )
            await add_change(write, entry)
    asks = [
        PendingPhone(
            mac=Mac(f"0015650000{count:02}"),
            address="192.0.2.1",
            transport="http",
            first_seen=NOW,
            last_seen=NOW + timedelta(days=count),
            count=count,
        )
        for count in (9, 10, 8)
    ]
    async with db.append() as write:
        await note_pending(write, asks)
        await add_requests(write, [served(None, None, mac=one.mac) for one in asks])


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_lists_go_on_behind_what_is_not_there_and_behind_numbers(db: Database) -> None:
    await filled(db)
    people, tokens = PersonQuery(order=PersonOrder.LOGGED_IN), TokenQuery(order=TokenOrder.USED)
    asks, ends = PendingQuery(order=PendingOrder.COUNT), TokenQuery(order=TokenOrder.EXPIRES)
    for backwards in (False, True):
        step = -1 if backwards else 1
        accounts = await read_on(db, list_accounts, replace(people, descending=backwards))
        assert [one.name for one in accounts][::step] == ["ann", "cid", "eve", "dot", "bea"]
        used = await read_on(db, list_api_tokens, replace(tokens, descending=backwards))
        assert [one.token_id for one in used][::step] == ["ann", "cid", "eve", "dot", "bea"]
        ending = await read_on(db, list_api_tokens, replace(ends, descending=backwards))
        assert [one.token_id for one in ending][::step] == ["dot", "bea", "ann", "cid", "eve"]
        waiting = await read_on(
            db, list_pending, replace(asks, descending=backwards, text="00-15-65")
        )
        assert [one.count for one in waiting][::step] == [8, 9, 10]
        changes = await read_on(db, query_changes, ChangeQuery(text="tESS", descending=backwards))
        assert [one.change.subject for one in changes][::step] == ["a", "b", "A"]
        requests = await read_on(
            db, query_requests, RequestQuery(text="0015.6500", descending=backwards)
        )
        assert [one.request.mac for one in requests][::step] == [
            Mac(f"0015650000{count:02}") for count in (9, 10, 8)
        ]


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_letters_of_any_alphabet_are_found_in_any_case_and_mean_themselves(
    db: Database,
) -> None:
    labels = ("Ärger 50% [neu]", "ärgernis", "ÉCOLE_1", "ecole", "Straße", "STRAẞE", "жук?", r"Ü\x")
    async with db.write() as write:
        for count, label in enumerate(labels):
            token = ApiToken(token_id=f"{count}", label=label, role=Role.TECH)
            await insert_api_token(write, label.encode(), token, NOW)
    for text, wanted in {
        "ä": {"Ärger 50% [neu]", "ärgernis"},
        "äRGER ": {"Ärger 50% [neu]"},
        "ärger 50% [N": {"Ärger 50% [neu]"},
        "Ä%": set(),
        "école_": {"ÉCOLE_1"},
        "ée": set(),
        "straẞe": {"Straße", "STRAẞE"},
        "ß": {"Straße", "STRAẞE"},
        "ЖУК?": {"жук?"},
        "Ж*": set(),
        "Ж?": set(),
        r"ü\X": {r"Ü\x"},
        "[ä": set(),
    }.items():
        query = TokenQuery(order=TokenOrder.LABEL, text=text)
        found = await read_on(db, list_api_tokens, query)
        assert {one.label for one in found} == wanted, text


@pytest.mark.parametrize("store_url", ["sqlite", "postgres"], indirect=True)
async def test_a_domains_changes_are_read_from_their_index(db: Database) -> None:
    own = Domain(name="a.example.test")
    async with db.write() as write:
        ids = [
            await domains.insert_domain(write, one) for one in (own, replace(own, name="b.test"))
        ]
        for domain_id in ids:
            entry = ChangeEntry(
                at=NOW,
                actor_kind="cli",
                actor="tess",
                action="edit user",
                subject="1",
                domain_id=domain_id,
            )
            await add_change(write, entry)
    async with db.read() as read:
        is_postgres = read.connection.dialect.name == "postgresql"
    if is_postgres:
        fields = {"id": "1000000 + g", "domain_id": f"{ids[0]} + g % 50"}
        await ten_thousand(db, change_journal, fields, f"domain_id = {ids[0]}")
    for query in (ChangeQuery(domain=own.name), ChangeQuery(domain=own.name, after=("1005000",))):
        async with db.read() as read:
            sent = await statements(read, lambda query=query: query_changes(read, query))  # type: ignore[misc]
            plan = await explained(read, sent)
        assert "ix_change_journal_domain_id_id" in plan, plan
        assert "ORDER BY" not in plan, plan
