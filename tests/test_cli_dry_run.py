"""A dry run of any command tells what would be and writes nothing."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisiond.inventory.mac import Mac
from provisiond.inventory.pending import PendingPhone
from provisiond.store.database import Database
from provisiond.store.pending import note_pending
from provisiond.store.sealing import SecretKey
from tests.journeys.prompt import Prompt
from tests.test_cli import FRONT

STRANGER = "00:15:65:aa:bb:99"


async def ask(folder: Path) -> None:
    """Let a phone wait that is in no inventory."""
    at = datetime(2026, 11, 1, tzinfo=UTC)
    phone = PendingPhone(
        mac=Mac.parse(STRANGER),
        address="10.0.0.9",
        transport="http",
        first_seen=at,
        last_seen=at,
        vendor="Yealink",
        model="SIP-T46U",
        name="001565aabb99.cfg",
        count=1,
    )
    key = SecretKey.load(folder / "data/secret.key")
    database = await Database.open(f"sqlite:///{folder}/data/provisiond.db", key)
    async with database.append() as write:
        await note_pending(write, [phone])
    await database.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, demo_folder: Path) -> Path:
    """The demo's store with a person and a phone that waits."""
    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("office") / "own"))
    asyncio.run(ask(folder))
    prompt = Prompt(folder / "provisiond.toml")
    prompt("people", "add", "olga", "--role", "manager", "-d", "pbx.example.test")
    return folder


@pytest.fixture
def prompt(tmp_path: Path, office: Path) -> Prompt:
    """A prompt with a copy of it."""
    return Prompt(Path(shutil.copytree(office, tmp_path / "own")) / "provisiond.toml")


def rows(prompt: Prompt) -> dict[str, list[str]]:
    """Every row of every table."""
    path = prompt.config.parent / "data/provisiond.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
        tables = [
            name
            for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if not name.startswith("sqlite_")
        ]
        return {
            name: sorted(map(repr, store.execute(f'SELECT * FROM "{name}"'))) for name in tables
        }


@pytest.mark.may_block("a command holds up nobody but itself")
def test_nothing_is_written_and_the_same_words_do_it(prompt: Prompt) -> None:
    token = prompt.told("tokens", "create", "billing", "--role", "tech")["token"]["token_id"]
    number = str(prompt.told("emergency", "validate", "--address", "HQ")["id"])
    before = rows(prompt)
    asked = (
        ("phones", "enrol", FRONT, "--new-token"),
        ("phones", "renew", FRONT),
        ("resync", FRONT, "--even-if-shared"),
        ("phones", "delete", FRONT),
        ("pending", "approve", STRANGER, "--line", "1=104,shared"),
        ("pending", "dismiss", STRANGER),
        ("emergency", "validate", "--address", "HQ"),
        ("emergency", "accept", number),
        ("people", "add", "anna", "--role", "admin"),
        ("people", "edit", "olga", "--role", "tech"),
        ("people", "disable", "olga"),
        ("people", "reset", "olga"),
        ("people", "delete", "olga"),
        ("admin", "create"),
        ("tokens", "create", "crm", "--role", "tech"),
        ("tokens", "revoke", token),
    )
    for words in asked:
        said = prompt(*words, "--dry-run")
        assert "dry run" in said, words
        assert "/join/" not in said
        assert "pvd_" not in said
    assert rows(prompt) == before
    assert prompt.told("people", "reset", "olga", "--dry-run")["link"] is None
    assert prompt.told("tokens", "create", "crm", "--role", "tech", "--dry-run")["text"] is None
    assert "is of pbx.example.test now" in prompt("pending", "approve", STRANGER)
    assert "accepted" in prompt("emergency", "accept", number)
    accepted = rows(prompt)
    assert "dry run" in prompt("emergency", "addresses", "renew", "HQ", "--dry-run")
    assert rows(prompt) == accepted
    prompt("people", "delete", "olga", "--yes")
    after = rows(prompt)
    assert {name for name in after if after[name] != before[name]} >= {"phone", "account"}


def test_a_dry_run_finds_every_fault(prompt: Prompt) -> None:
    assert "no login name" in prompt("people", "add", "a b", "--role", "user", "-n", code=1)
    assert "nobody is called" in prompt("people", "delete", "nobody", "-n", code=1)
    assert "no token" in prompt("tokens", "revoke", "nonesuch", "-n", code=1)
    assert "no phone" in prompt("pending", "dismiss", "00:15:65:00:00:01", "-n", code=1)
    assert "no validation 1" in prompt("emergency", "accept", "1", "-n", code=1)
    assert "999" in prompt("pending", "approve", STRANGER, "--line", "1=999", "-n", code=1)
