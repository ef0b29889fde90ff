"""Is this store of the version that this program needs? Read without loading any migration."""

import sqlite3
from contextlib import closing

from provisiond.inventory.errors import StoreUnusable
from provisiond.store.location import SqliteFile

HEAD = "0014"
"""The newest migration. Numbers rise by one and sort as text; a test compares it with the files."""


def check_version(found: str | None, where: str) -> None:
    """Raise StoreUnusable, with the remedy, unless the store is at HEAD.

    `found` is the stored version, None where the database has no table of it, empty where that
    table is.
    """
    if found is None:
        raise StoreUnusable(
            f"{where} is a database, but no provisiond store; `provisiond init` makes one."
        )
    if not found:
        raise StoreUnusable(
            f"the store {where} is half migrated: it says of which schema its tables are nowhere "
            "(alembic_version is empty). Put back the newest backup that is whole."
        )
    if found > HEAD:
        raise StoreUnusable(
            f"the store {where} is of a newer provisiond (schema {found}, this one knows up to "
            f"{HEAD}). Install the newer version again, or put back the backup made before the "
            "upgrade."
        )
    if found < HEAD:
        raise StoreUnusable(
            f"the store {where} is of an older provisiond (schema {found}, needed {HEAD}); run "
            "`provisiond migrate`. It makes a backup first."
        )


def sqlite_version(file: SqliteFile) -> str | None:
    """The version of an embedded store, as `check_version` takes it. Blocks."""
    with closing(sqlite3.connect(file.uri, uri=True)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as fault:
            if "no such table" not in str(fault):
                raise
            return None
    return str(row[0]) if row is not None else ""
