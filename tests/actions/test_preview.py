"""A phone's file is shown as it would be served, without its secrets unless asked for."""

import pytest

from provisiond.actions.preview import preview_file
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound
from provisiond.inventory.mac import Mac
from provisiond.inventory.urls import PublicUrls
from provisiond.store.database import Database
from tests.actions.inventory import MAC, NOW, load

URLS = PublicUrls(http="http://phones.example.test/")
FRONT = Mac.parse(MAC)
SECRETS = (b"CANARY-101", b"abcdefghijklmnopqrstuvwxyz", b"CANARY-o")


async def test_secrets_are_masked_unless_asked_for(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    masked = await preview_file(lite, shelf, URLS, FRONT, None, NOW)
    shown = await preview_file(lite, shelf, URLS, FRONT, None, NOW, show_secrets=True)
    assert not any(secret in masked.body for secret in SECRETS)
    assert b"http://phones.example.test/p/***/" in masked.body
    assert all(secret in shown.body for secret in SECRETS)
    served = await lite.facts.for_mac(FRONT)
    assert served is not None
    assert served.users["101"].sip_password.reveal() == "CANARY-101"


async def test_the_file_that_proves_the_phone_current_is_the_default(
    lite: Database, shelf: Shelf
) -> None:
    await load(lite, shelf)
    preview = await preview_file(lite, shelf, URLS, FRONT, None, NOW)
    assert (preview.file.id, preview.file.name) == ("mac", "02ac3e000001.cfg")
    assert [(file.id, file.served) for file in preview.files] == [
        ("boot", False),
        ("mac", True),
        ("counted", True),
        ("common", True),
        ("directory", True),
    ]
    layers = {entry.key: entry.layer for entry in preview.assignments}
    assert layers["screen.brightness"] == "phone"
    assert layers["ring.password"] == "domain/model"
    assert layers["sip.server"] == "template"


@pytest.mark.parametrize("file", ["directory", "directory.xml", "DIRECTORY.XML", "acme06.cfg"])
async def test_a_file_is_named_by_its_id_or_as_the_phone_asks(
    lite: Database, shelf: Shelf, file: str
) -> None:
    await load(lite, shelf)
    preview = await preview_file(lite, shelf, URLS, FRONT, file, NOW)
    assert preview.file.id in ("directory", "common")
    assert preview.body


async def test_what_is_not_there_is_said(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)
    with pytest.raises(NotFound, match="asks for no file 'x'"):
        await preview_file(lite, shelf, URLS, FRONT, "x", NOW)
    with pytest.raises(NotFound, match="never served"):
        await preview_file(lite, shelf, URLS, FRONT, "boot", NOW)
    with pytest.raises(NotFound, match="no phone"):
        await preview_file(lite, shelf, URLS, Mac("02ac3e0000aa"), None, NOW)
