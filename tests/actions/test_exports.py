"""Exports are stable, sorted and masked; with secrets they are the admin's, and journaled."""

import io
import json
import zipfile

import pytest

from provisiond.actions.exports import ExportInventory, Format, export_inventory
from provisiond.actions.inventory_write import is_secret_key
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotAllowed, NotFound, Refused
from provisiond.store.database import Database
from provisiond.store.journal import latest_changes
from tests.actions.inventory import ADMIN, DOMAIN, INVENTORY, MANAGER, NOW, load, written

SECRETS = (b"CANARY", b"abcdefghijklmnopqrstuvwxyz")


@pytest.mark.parametrize("form", list(Format))
async def test_without_secrets_there_is_none_in_it(
    lite: Database, shelf: Shelf, form: Format
) -> None:
    await load(lite, shelf)
    content = await written(lite, secrets=False, form=form)
    if form is Format.XLSX:  # it is packed
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"".join(packed.read(name) for name in packed.namelist())
    assert not any(secret in content for secret in SECRETS)
    assert b"***" in content


async def test_with_secrets_it_is_journaled_before_it_is_handed_out(
    db: Database, shelf: Shelf
) -> None:
    await load(db, shelf)
    content = await written(db)
    assert all(secret in content for secret in SECRETS)
    async with db.read() as read:
        _, newest = (await latest_changes(read, None))[0]
    assert (newest.action, newest.subject, newest.actor) == ("export with secrets", DOMAIN, "tess")


async def test_with_secrets_it_is_nobody_elses(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    command = ExportInventory(with_secrets=True)
    with pytest.raises(NotAllowed):
        await export_inventory(lite, MANAGER, command, NOW)
    assert await export_inventory(lite, MANAGER, ExportInventory(), NOW)


async def test_records_are_sorted_and_an_object_of_plain_values_is_one_line(
    lite: Database, shelf: Shelf
) -> None:
    backwards = {
        name: value[::-1] if isinstance(value, list) else value for name, value in INVENTORY.items()
    }
    await load(lite, shelf, backwards)
    text = (await written(lite)).decode()
    tree = json.loads(text)
    assert [user["extension"] for user in tree["users"]] == ["101", "103", "0102"]
    assert [phone["mac"][-2:] for phone in tree["phones"]] == ["01", "02"]
    assert [site["name"] for site in tree["sites"]] == ["Größenwahn & Söhne", "HQ"]
    assert '  {"extension": "101", "first_name": "Alice", "last_name": "Example",' in text
    assert text.endswith("]\n}\n")


async def test_one_domain_or_all_of_them(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    await load(lite, shelf, {"domain": "b.test"})
    every = json.loads(await written(lite))
    assert [domain["domain"] for domain in every["domains"]] == ["b.test", DOMAIN]
    one = await export_inventory(lite, ADMIN, ExportInventory(domain="B.test"), NOW)
    assert json.loads(one)["domain"] == "b.test"
    with pytest.raises(NotFound):
        await export_inventory(lite, ADMIN, ExportInventory(domain="c.test"), NOW)
    with pytest.raises(Refused, match=r"b\.test, pbx"):
        await export_inventory(lite, ADMIN, ExportInventory(format=Format.CSV), NOW)


async def test_an_empty_store_is_an_empty_file(lite: Database, shelf: Shelf) -> None:
    assert json.loads(await written(lite)) == {"domains": []}
    await load(lite, shelf, json.loads(await written(lite)))


@pytest.mark.parametrize(
    ("key", "secret"),
    [
        ("account.1.password", True),
        ("Admin_Passwd", True),
        ("static.security.user_password", True),
        ("phone_setting.lock.pin", True),
        ("ring.shipping", False),
        ("screen.brightness", False),
    ],
)
def test_overrides_of_passwords_are_masked_by_their_key(key: str, secret: bool) -> None:
    assert is_secret_key(key) is secret
