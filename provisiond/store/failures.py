"""Which of the house's errors is this database error? Said in words that lead to a remedy."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from provisiond.inventory.errors import (
    Conflict,
    ProvisiondError,
    StoreUnavailable,
    StoreUnusable,
)

_log = logging.getLogger(__name__)

_DAMAGED = (
    "the store is damaged. Stop provisiond, keep the file, and put back the newest backup; "
    "`provisiond check` says whether it is whole."
)
_DISK_FULL = "the disk of the store is full: nothing was changed. Free some space and try again."
_BUSY = "another process is writing to the store; try again in a moment."
_POOLER = (
    "prepared statements are lost between provisiond and the database server, as behind pgbouncer "
    "in transaction mode; set database.url to postgresql://user@host/name?statement_cache_size=0."
)
_NOT_PREPARED = ("26000", "42P05")  # invalid_sql_statement_name, duplicate_prepared_statement
_SCHEMA_OLD = "the store's tables are not those of this version; run `provisiond migrate`."

_SQLITE: dict[int, tuple[type[ProvisiondError], str]] = {
    sqlite3.SQLITE_BUSY: (StoreUnavailable, _BUSY),
    sqlite3.SQLITE_LOCKED: (StoreUnavailable, _BUSY),
    sqlite3.SQLITE_FULL: (StoreUnavailable, _DISK_FULL),
    sqlite3.SQLITE_IOERR: (
        StoreUnavailable,
        "the disk of the store fails or is full: nothing was changed.",
    ),
    sqlite3.SQLITE_NOMEM: (StoreUnavailable, "there is no memory left for the store."),
    sqlite3.SQLITE_READONLY: (
        StoreUnavailable,
        "the store is read-only; the user that runs provisiond must own its folder.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StoreUnavailable,
        "the store's file cannot be opened; is its folder there, and owned by the user that "
        "runs provisiond?",
    ),
    sqlite3.SQLITE_PERM: (StoreUnavailable, "the store's file may not be opened by this user."),
    sqlite3.SQLITE_CORRUPT: (StoreUnusable, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (StoreUnusable, _DAMAGED),
}

_SQLSTATE: dict[str, tuple[type[ProvisiondError], str]] = {
    "53100": (StoreUnavailable, "the database server's disk is full: nothing was changed."),
    "40001": (StoreUnavailable, _BUSY),
    "40P01": (StoreUnavailable, _BUSY),
    "55P03": (StoreUnavailable, _BUSY),
    "57014": (StoreUnavailable, "the database server took too long to answer."),
    "25006": (StoreUnavailable, "the database server takes no changes now (it is read-only)."),
    "28000": (StoreUnusable, "the database server refuses this user; see database.url."),
    "28P01": (StoreUnusable, "the database server refuses this password; see database.url."),
    "3D000": (StoreUnusable, "the database server has no such database; create it first."),
    "42P01": (StoreUnusable, _SCHEMA_OLD),
    "42703": (StoreUnusable, _SCHEMA_OLD),
    **dict.fromkeys(_NOT_PREPARED, (StoreUnusable, _POOLER)),
}
_AWAY = "the database server is away"


@contextmanager
def translated(*, connecting: bool = False) -> Iterator[None]:
    """Turn database errors inside the block into the house's; others pass.

    Only where a connection is being made (`connecting`) is an OSError the database's.
    """
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as fault:
        raise translate(fault) from fault
    except OSError as fault:  # TimeoutError is one
        if not connecting:
            raise
        raise translate(fault) from fault
    except Exception as fault:
        if not _is_asyncpg(fault):
            raise
        raise translate(fault) from fault


def translate(fault: BaseException) -> Exception:
    """The house's error for a database error; a fault of our own code stays what it is."""
    original: BaseException = fault
    while isinstance(original, exc.DBAPIError) and original.orig is not None:
        original = original.orig
    if isinstance(fault, exc.TimeoutError | TimeoutError):
        return StoreUnavailable("the store is busy: no connection came free in time.")
    code = getattr(original, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(original, code & 0xFF)
    state = _sqlstate(original)
    if state is not None:
        return _of_postgres(original, state)
    if isinstance(original, OSError):
        return StoreUnavailable(f"{_AWAY} ({original}).")
    if isinstance(fault, exc.DBAPIError) and fault.connection_invalidated:
        return StoreUnavailable(f"{_AWAY}.")
    if isinstance(original, sqlite3.OperationalError) or _is_connection_fault(original):
        return StoreUnavailable(f"the store cannot be reached ({original}).")
    assert isinstance(fault, Exception)
    return fault


def is_about_tables(fault: exc.DBAPIError) -> bool:
    """Whether a statement did not fit the tables: one that is missing, or there already."""
    if getattr(fault.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR:
        return True
    state = _sqlstate(fault.orig) if fault.orig is not None else None
    if state is None or state in _NOT_PREPARED:
        return False
    return state.startswith("42")  # PostgreSQL, appendix A


def _of_sqlite(fault: BaseException, code: int) -> Exception:
    if code == sqlite3.SQLITE_CONSTRAINT:
        return _constraint(fault)
    if code in _SQLITE:
        kind, words = _SQLITE[code]
        return kind(words)
    if "no such table" in str(fault) or "no such column" in str(fault):
        return StoreUnusable(_SCHEMA_OLD)
    return fault if isinstance(fault, Exception) else StoreUnavailable(str(fault))


def _of_postgres(fault: BaseException, state: str) -> Exception:
    if state in _SQLSTATE:
        kind, words = _SQLSTATE[state]
        return kind(words)
    if state.startswith("23"):
        return _constraint(fault)
    if state[:2] in ("08", "53", "57", "58"):
        return StoreUnavailable(f"{_AWAY} ({fault}).")
    if state.startswith("XX"):
        return StoreUnusable(_DAMAGED)
    return fault if isinstance(fault, Exception) else StoreUnavailable(str(fault))


def _constraint(fault: BaseException) -> Conflict:
    # The store's functions look before they write and say it better; this is the last fence.
    _log.warning("a constraint of the store refused a change: %s", fault)
    return Conflict(
        "the change contradicts what the store holds (something with this name exists already, "
        "or something it needs is gone); load it again and repeat."
    )


def _is_connection_fault(fault: BaseException) -> bool:
    """A driver's word about the connection, not the server's about a statement."""
    return _is_asyncpg(fault) or type(fault).__name__ == "InterfaceError"


def _is_asyncpg(fault: BaseException) -> bool:
    return type(fault).__module__.split(".")[0] == "asyncpg"


def _sqlstate(fault: BaseException) -> str | None:
    state = getattr(fault, "sqlstate", None) or getattr(fault, "pgcode", None)
    return state if isinstance(state, str) else None
