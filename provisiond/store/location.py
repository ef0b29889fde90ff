"""Which database does a URL mean? A file, or a PostgreSQL server."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from provisiond.inventory.errors import StoreUnusable

_SQLITE = ("sqlite", "sqlite+aiosqlite")
_POSTGRES = ("postgresql", "postgres", "postgresql+asyncpg")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteFile:
    """The embedded store: one file, with -wal, -shm and .lock beside it."""

    path: Path

    @property
    def uri(self) -> str:
        """As sqlite3 opens it: reading and writing, never creating."""
        return f"file:{quote(str(self.path))}?mode=rw"

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresServer:
    """A database on a PostgreSQL server.

    `prepare` is False behind a pooler that hands out a connection per transaction
    (`?statement_cache_size=0` in the URL): then no statement is prepared by name.
    """

    url: URL
    prepare: bool = True

    @property
    def dsn(self) -> str:
        """As asyncpg takes it, with the password."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def __str__(self) -> str:
        return self.url.set(drivername="postgresql").render_as_string(hide_password=True)


def parse_location(url: str) -> SqliteFile | PostgresServer:
    """Read `database.url`: `sqlite:///path` or `postgresql://user:password@host/name`.

    Raises StoreUnusable for anything else.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise StoreUnusable(_no_store(url)) from None
    if parsed.drivername in _SQLITE:
        if not parsed.database or parsed.database == ":memory:":
            raise StoreUnusable(
                "database.url names no file; write sqlite:////var/lib/provisiond/provisiond.db "
                "(four slashes: an absolute path)."
            )
        return SqliteFile(path=Path(parsed.database))
    if parsed.drivername in _POSTGRES:
        query = dict(parsed.query)
        prepare = query.pop("statement_cache_size", None) != "0"
        clean = parsed.set(drivername="postgresql+asyncpg", query=query)
        return PostgresServer(url=clean, prepare=prepare)
    raise StoreUnusable(_no_store(parsed.render_as_string(hide_password=True)))


def _no_store(shown: str) -> str:
    return (
        f"{shown} is no store provisiond knows; database.url is sqlite:///path/to/file or "
        "postgresql://user@host/name."
    )
