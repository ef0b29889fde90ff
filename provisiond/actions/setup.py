"""How does a server begin? A folder, a key, an empty store, and phones to play with."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from provisiond.actions.imports import ImportInventory, ImportReport, import_inventory
from provisiond.actions.inventory_load import domain_names
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import StoreUnusable
from provisiond.store.database import Database
from provisiond.store.sealing import SecretKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What `begin` made; False where it was there already."""

    folder: bool
    key: bool
    store: bool


async def begin(data_dir: Path, key_path: Path, url: str) -> Begun:
    """Make what is missing of the data folder, the secret key and the store.

    Nothing that exists is touched. Raises StoreUnusable where the folder or key cannot be made,
    or where there is a store whose key is gone.
    """
    folder = await asyncio.to_thread(_make_folder, data_dir)
    key, is_new_key = await asyncio.to_thread(_key, key_path)
    try:
        await Database.create(url, key)
    except StoreUnusable:
        # There is one already, or none can be made: opening it says which, and why.
        try:
            database = await Database.open(url, key, read_only=True)
        except StoreUnusable:
            if is_new_key:
                await asyncio.to_thread(key_path.unlink)
            raise
        await database.close()
        return Begun(folder=folder, key=is_new_key, store=False)
    return Begun(folder=folder, key=is_new_key, store=True)


async def add_demo(
    db: Database, shelf: Shelf, actor: Actor, demo: Path, at: datetime
) -> ImportReport | None:
    """Import the demo inventory into an empty store; None where the store holds domains."""
    async with db.read() as read:
        if await domain_names(read):
            return None
    content = await asyncio.to_thread(demo.read_bytes)
    command = ImportInventory(content=content, filename=demo.name)
    return await import_inventory(db, shelf, actor, command, at)


def _make_folder(data_dir: Path) -> bool:
    try:
        is_new = not data_dir.is_dir()
        data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
        (data_dir / "assets").mkdir(mode=0o755, exist_ok=True)
    except OSError as fault:
        raise StoreUnusable(
            f"the folder {data_dir} cannot be made: {fault.strerror}. Set data_dir to a place "
            "that this user may write to, or run as root."
        ) from fault
    return is_new


def _key(path: Path) -> tuple[SecretKey, bool]:
    if path.exists():
        return SecretKey.load(path), False
    return SecretKey.generate(path), True
