"""A server begins with a folder, a key and a store; what exists is never touched."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from provisiond.actions.exports import ExportInventory, export_inventory
from provisiond.actions.numbers import RouteNumber, route_number
from provisiond.actions.setup import add_demo, begin
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import StoreUnusable
from provisiond.inventory.telephone import E164
from provisiond.settings import shipped
from provisiond.store.database import Database
from tests.actions.inventory import ADMIN, NOW, load

DEMO = shipped("configs") / "demo.json"
MODELS = shipped("models")


async def test_what_is_missing_is_made_and_what_exists_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    key, url = folder / "secret.key", f"sqlite:///{folder / 'provisiond.db'}"
    begun = await begin(folder, key, url)
    assert (begun.folder, begun.key, begun.store) == (True, True, True)
    assert key.stat().st_mode & 0o777 == 0o600
    assert (folder / "assets").is_dir()
    text = key.read_bytes()
    begun = await begin(folder, key, url)
    assert (begun.folder, begun.key, begun.store) == (False, False, False)
    assert key.read_bytes() == text


async def test_a_store_whose_key_is_gone_gets_no_new_one(tmp_path: Path) -> None:
    """A new key beside an old store would look like repair and lose every secret."""
    key, url = tmp_path / "secret.key", f"sqlite:///{tmp_path / 'provisiond.db'}"
    await begin(tmp_path, key, url)
    key.unlink()
    with pytest.raises(StoreUnusable):
        await begin(tmp_path, key, url)
    assert not key.exists()


async def test_the_demo_fits_the_families_that_are_shipped(
    lite: Database, shipped_shelf: Shelf
) -> None:
    report = await add_demo(lite, shipped_shelf, ADMIN, DEMO, NOW)
    assert report is not None
    assert report.warnings == ()
    assert report.domains[0].generated == ()
    counts = {count.kind: count.added for count in report.domains[0].counts}
    assert (counts["sites"], counts["users"], counts["phones"]) == (2, 8, 6)
    assert (counts["numbers"], counts["sms_numbers"], counts["destinations"]) == (6, 2, 4)
    assert (counts["time_frames"], counts["emergency_addresses"]) == (2, 2)
    assert counts["emergency_endpoints"] == 1


async def test_the_demo_s_calls_go_where_a_first_look_expects_them(
    lite: Database, shipped_shelf: Shelf
) -> None:
    await add_demo(lite, shipped_shelf, ADMIN, DEMO, NOW)
    for moment, treatment in (
        ("2026-12-01T10:00", "auto_attendant"),
        ("2026-12-01T20:00", "voicemail"),
        ("2026-12-25T10:00", "voicemail"),
    ):
        at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("America/New_York"))
        number = E164("+12125550100")
        command = RouteNumber(domain="pbx.example.test", number=number, at=at)
        report = await route_number(lite, command)
        assert report.route.handling is not None
        assert report.route.handling.treatment == treatment
        assert report.findings == ()


async def test_the_demo_never_joins_an_inventory(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf, {"domain": "own.test"})
    assert await add_demo(lite, shelf, ADMIN, DEMO, NOW) is None
    content = await export_inventory(lite, ADMIN, ExportInventory(), NOW)
    assert b"pbx.example.test" not in content
