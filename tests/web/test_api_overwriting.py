"""Whoever overwrites whatever stands is never told that somebody was quicker."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Role
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey
from provisiond.web.app import Shown
from tests.actions.inventory import DOMAIN, INVENTORY, load
from tests.postgres import Cluster
from tests.web.offices import token
from tests.web.test_writers import served

USER = f"/api/v1/domains/{DOMAIN}/users/101"
WRITES = 5
FIELDS: dict[str, Callable[[int], object]] = {
    "first_name": lambda count: f"Bob {count}",
    "last_name": lambda count: f"Doe {count}",
    "sip_auth_user": lambda count: f"bob{count}",
    "in_directory": lambda count: count % 2 == 1,  # at first everybody is
}


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a store of each engine is to be made."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    return cluster.url(cluster.new_database())


@pytest.fixture
async def store(empty: str, key: SecretKey, shelf: Shelf) -> str:
    """A store with users."""
    await Database.create(empty, key)
    db = await Database.open(empty, key)
    await load(db, shelf, INVENTORY)
    await db.close()
    return empty


async def overwrite(url: str, who: dict[str, str], field: str) -> list[int]:
    """Give one field one value after the other; the answers' statuses."""
    headers = {**who, "If-Match": "*"}
    answers = []
    async with aiohttp.ClientSession(url, headers=headers) as session:
        for count in range(WRITES):
            async with session.patch(USER, json={field: FIELDS[field](count)}) as answer:
                answers.append(answer.status)
    return answers


async def test_writers_of_two_nodes_overwrite_one_user_and_none_is_late(
    store: str, key: SecretKey, shelf: Shelf, shown: Shown
) -> None:
    """Each changes a field of its own: every change is made once, and undoes none of the others."""
    db = await Database.open(store, key)
    who = await token(db, Role.MANAGER, DOMAIN)
    await db.close()
    async with served(store, key, shelf, shown) as one:
        async with served(store, key, shelf, shown) as other:
            nodes = (one, other, one, other)
            told = [overwrite(node, who, name) for node, name in zip(nodes, FIELDS, strict=True)]
            assert await asyncio.gather(*told) == [[200] * WRITES] * len(FIELDS)
        async with aiohttp.ClientSession(one, headers=who) as session, session.get(USER) as answer:
            user = await answer.json()
    assert {name: user[name] for name in FIELDS} == {
        name: value(WRITES - 1) for name, value in FIELDS.items()
    }
    assert user["revision"] == 1 + WRITES * len(FIELDS)
