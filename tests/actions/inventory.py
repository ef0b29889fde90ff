"""Which inventory do the tests of imports and exports use? One of everything, on made-up phones."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.imports import ImportInventory, ImportReport, Mode, import_inventory
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor, Role
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.store.database import Database

MODELS = Path(__file__).parent.parent / "models"
ADMIN = Actor(kind="cli", name="tess", role=Role.ADMIN)
MANAGER = Actor(kind="portal", name="olga", role=Role.MANAGER)
NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
MAC = "02:ac:3e:00:00:01"
DOMAIN = "pbx.example.test"

INVENTORY: dict[str, Any] = {
    "domain": DOMAIN,
    "settings": {
        "sip_server": "pbx.example.test",
        "sip_port": 5061,
        "transport": "tls",
        "codecs": ["g722", "pcma"],
        "srtp": "optional",
        "time_zone": "America/New_York",
        "voicemail_number": "*97",
        "feature_codes": {"pickup": "*8{value}", "queue_login": "*81"},
        "phone_admin_password": "CANARY-admin",
        "firmware": {"Acme D-6": "d6.rom"},
    },
    "overrides": [
        {"family": "acme/desk", "key": "screen.brightness", "value": "3"},
        {"family": "acme/desk", "model": "Acme D-6", "key": "ring.password", "value": "CANARY-o"},
    ],
    "sites": [
        {
            "name": "HQ",
            "time_zone": "Europe/Berlin",
            "overrides": [{"family": "acme/desk", "key": "screen.brightness", "value": None}],
        },
        {"name": "Größenwahn & Söhne"},
    ],
    "users": [
        {
            "extension": "101",
            "first_name": "Alice",
            "last_name": "Example",
            "sip_user": "a101",
            "sip_auth_user": "auth101",
            "sip_password": "CANARY-101",
            "site": "HQ",
        },
        {"extension": "0102", "first_name": "Bob", "sip_password": "CANARY-102"},
        {"extension": "103", "in_directory": False, "sip_password": "CANARY-103"},
    ],
    "directories": [
        {"name": "company", "entries": [{"name": "Reception", "number": "100"}]},
        {"name": "doctors", "entries": [{"name": "Dr. Who", "number": "+1 555 0100"}]},
    ],
    "layouts": [
        {
            "name": "reception",
            "buttons": [
                {"key": 4, "kind": "voicemail"},
                {"key": 2, "kind": "blf", "value": "103", "line": 1},
            ],
        }
    ],
    "phones": [
        {
            "mac": MAC,
            "model": "Acme D-6",
            "name": "Front desk",
            "site": "HQ",
            "notes": "two\nlines",
            "directory": "doctors",
            "lines": [
                {"line": 1, "extension": "101", "label": "Alice"},
                {"line": 2, "extension": "0102", "shared": True},
            ],
            "handsets": [
                {"handset": 1, "name": "Kitchen", "ipei": "0328d30001", "lines": [1, 2]},
                {"handset": 2},
            ],
            "sidecars": ["EXP"],
            "layout": "reception",
            "buttons": [{"module": 1, "key": 1, "kind": "speed_dial", "value": "911"}],
            "overrides": {"screen.brightness": "5", "screen.contrast": None},
            "settings": {"poll_minutes": 60},
            "token": "abcdefghijklmnopqrstuvwxyz",
            "enrolment": {"opened_at": "2026-01-01T00:00:00Z", "held_reason": "a second address"},
        },
        {"mac": "02ac3e000002", "model": "acme d2", "directory": None, "enabled": False},
    ],
}


def changed(**parts: Any) -> dict[str, Any]:
    """The inventory with some of its parts replaced."""
    return {**copy.deepcopy(INVENTORY), **parts}


def document(tree: Any) -> bytes:
    return json.dumps(tree, indent=1).encode()


async def load(
    db: Database,
    shelf: Shelf,
    tree: Any = INVENTORY,
    *,
    actor: Actor = ADMIN,
    mode: Mode = Mode.UPDATE,
    dry_run: bool = False,
) -> ImportReport:
    """Import a tree as a JSON file."""
    command = ImportInventory(
        content=document(tree), filename="inventory.json", mode=mode, dry_run=dry_run
    )
    return await import_inventory(db, shelf, actor, command, NOW)


async def load_csv(
    db: Database, shelf: Shelf, text: str | bytes, *, domain: str | None = None, **terms: Any
) -> ImportReport:
    """Import a table."""
    content = text if isinstance(text, bytes) else text.encode()
    command = ImportInventory(content=content, filename="phones.csv", domain=domain, **terms)
    return await import_inventory(db, shelf, ADMIN, command, NOW)


async def faults(db: Database, shelf: Shelf, tree: Any, **terms: Any) -> tuple[Finding, ...]:
    """Import what must be refused; every finding."""
    try:
        await load(db, shelf, tree, **terms)
    except RejectedAll as refused:
        return refused.findings
    raise AssertionError("the import was not refused")


async def written(db: Database, *, secrets: bool = True, form: Format = Format.JSON) -> bytes:
    """The whole inventory as a file."""
    command = ExportInventory(with_secrets=secrets, format=form)
    return await export_inventory(db, ADMIN, command, NOW)
