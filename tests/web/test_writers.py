"""Would the writers of the crash tests tell what is lost, doubled or half done?"""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from copy import deepcopy
from pathlib import Path

from prometheus_client import CollectorRegistry

from provisiond.actions.desk import Desk
from provisiond.actions.feed import ChangeFeed
from provisiond.catalog.shelf import Shelf
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from provisiond.web.app import Health, Shown, make_portal
from provisiond.web.keys import WebPolicy
from tests.actions.people import door
from tests.web.listening import listening
from tests.web.writers import Crew, let_in, read_journal

CHANGES = 12
DAMAGES = {
    "lost": "DELETE FROM phone WHERE name LIKE 'mark-%'",
    "older": "UPDATE phone SET name = 'mark-9-9' WHERE id = (SELECT id FROM phone "
    "WHERE name LIKE 'mark-%' LIMIT 1)",
    "half done": "DELETE FROM phone_line WHERE phone_id = (SELECT id FROM phone "
    "WHERE name LIKE 'mark-%' LIMIT 1)",
    "not journaled": "DELETE FROM change_journal WHERE id = (SELECT max(id) FROM change_journal)",
    "doubled": "INSERT INTO change_journal (at, actor_kind, actor, action, subject, before, after) "
    "SELECT at, actor_kind, actor, action, subject, before, after FROM change_journal "
    "WHERE id = (SELECT max(id) FROM change_journal)",
    "answers forgotten": "DELETE FROM answered",
}


@asynccontextmanager
async def served(url: str, key: SecretKey, shelf: Shelf, shown: Shown) -> AsyncIterator[str]:
    """The portal over a store; its URL."""
    db = await Database.open(url, key)
    desk = Desk(db=db, shelf=lambda: shelf, door=door())
    health = Health(checks=(), registry=CollectorRegistry())
    try:
        async with listening(make_portal(health, desk, WebPolicy(), shown, ChangeFeed(db))) as one:
            yield one.url
    finally:
        await db.close()


async def test_damage_of_every_kind_is_told(
    tmp_path: Path, key: SecretKey, shelf: Shelf, shown: Shown
) -> None:
    whole = tmp_path / "whole.db"
    await Database.create(f"sqlite:///{whole}", key)
    db = await Database.open(f"sqlite:///{whole}", key)
    access = await let_in(db, shelf)
    await db.close()
    crew, (_, seen) = Crew.of(2, 5, access), read_journal(whole)
    async with served(f"sqlite:///{whole}", key, shelf, shown) as url:
        await crew.work(url, CHANGES)
    assert crew.acknowledged == 2 * CHANGES
    for name, damage in {"": "SELECT 1", **DAMAGES}.items():
        copied, looking = Path(shutil.copy(whole, tmp_path / "copy.db")), deepcopy(crew)
        with closing(sqlite3.connect(copied)) as connection:
            connection.execute(damage)
            connection.commit()
        async with served(f"sqlite:///{copied}", key, shelf, shown) as url:
            await looking.settle(url)
            await looking.examine(url, read_journal(copied, seen)[0])
        assert bool(looking.faults) is bool(name), (name, looking.faults)
