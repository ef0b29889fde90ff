"""What phones would get here is held against another server's files, parameter by parameter."""

from pathlib import Path

import pytest

from provisiond.actions.comparison import Difference, Kind, compare_phones, grouped
from provisiond.actions.preview import preview_file
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.errors import NotFound, OutsideUnavailable
from provisiond.inventory.mac import Mac
from provisiond.inventory.urls import PublicUrls
from provisiond.outbound.other_server import FolderOfFiles
from provisiond.store.database import Database
from tests.actions.inventory import MAC, NOW, load

URLS = PublicUrls(http="http://phones.example.test/")
FRONT, SECOND = Mac.parse(MAC), Mac("02ac3e000002")


async def files_of(db: Database, shelf: Shelf, folder: Path) -> None:
    """The files of the front desk's phone as this server itself would give them."""
    await load(db, shelf)
    for file in ("mac", "counted", "common"):
        preview = await preview_file(db, shelf, URLS, FRONT, file, NOW, show_secrets=True)
        (folder / preview.file.name).write_bytes(preview.body)


async def test_the_same_files_are_the_same(lite: Database, shelf: Shelf, tmp_path: Path) -> None:
    await files_of(lite, shelf, tmp_path)
    fetch = (await FolderOfFiles.open(tmp_path)).fetch
    (phone,) = await compare_phones(lite, shelf, URLS, [FRONT], fetch, NOW)
    assert (phone.differences, phone.absent, phone.unread, phone.fault) == ((), (), 0, "")
    assert phone.same > 10
    assert "02ac3e000001.cfg" in phone.files


async def test_what_differs_is_told_and_secrets_are_masked(
    lite: Database, shelf: Shelf, tmp_path: Path
) -> None:
    await files_of(lite, shelf, tmp_path)
    path = tmp_path / "02ac3e000001.cfg"
    text = path.read_text().replace("account.1.label = Alice", "account.1.label=Bob")
    text = text.replace("CANARY-101", "CANARY-theirs").replace("\n", "\r\n")
    for old in tmp_path.iterdir():
        old.unlink()
    below = tmp_path / "tftp"
    below.mkdir()
    lines = [line for line in text.splitlines() if not line.startswith("sip.server")]
    (below / "02AC3E000001.CFG").write_text(
        "\n".join([*lines, "theirs.only = 1", "their.password = CANARY-x", "junk"]) + "\n"
    )
    fetch = (await FolderOfFiles.open(tmp_path)).fetch
    (phone,) = await compare_phones(lite, shelf, URLS, [FRONT], fetch, NOW)
    told = {one.key: one for one in phone.differences}
    assert told["account.1.label"] == Difference(
        kind=Kind.DIFFERS, key="account.1.label", here="Alice", there="Bob"
    )
    assert told["theirs.only"].kind is Kind.ONLY_THERE
    assert told["their.password"].there == "***"
    assert told["sip.server"].kind is Kind.ONLY_HERE
    assert "CANARY" not in repr(phone)
    assert phone.unread == 1


async def test_a_fleet_is_told_in_groups(lite: Database, shelf: Shelf, tmp_path: Path) -> None:
    await load(lite, shelf)
    for mac in (FRONT, SECOND):
        (tmp_path / f"{mac.text}.cfg").write_text("theirs.only = 1\n")
    fetch = (await FolderOfFiles.open(tmp_path)).fetch
    compared = await compare_phones(lite, shelf, URLS, [FRONT, SECOND], fetch, NOW)
    groups = {group.difference.key: group for group in grouped(compared)}
    assert groups["theirs.only"].phones == 2
    assert [phone.count(Kind.ONLY_THERE) for phone in compared] == [1, 1]


async def test_a_server_that_fails_is_told_of_the_phone(lite: Database, shelf: Shelf) -> None:
    await load(lite, shelf)

    async def broken(name: str) -> bytes | None:
        raise OutsideUnavailable(f"{name} cannot be fetched")

    async def nothing(name: str) -> bytes | None:
        return None

    (phone,) = await compare_phones(lite, shelf, URLS, [FRONT], broken, NOW)
    assert "cannot be fetched" in phone.fault
    (phone,) = await compare_phones(lite, shelf, URLS, [FRONT], nothing, NOW)
    assert phone.fault == "the other server has none of its files."
    with pytest.raises(NotFound):
        await compare_phones(lite, shelf, URLS, [Mac("02ac3e0000ff")], nothing, NOW)
