"""Where do the two engines differ in words? The few statements that need to know."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_CAPITALS_APART = "\u03f4\u1e9e\u2126\u212a\u212b"
"""Those that their small letter does not lead back to, as that of the sharp s (UnicodeData.txt)."""


def insert_or_update(
    connection: AsyncConnection, table: sa.Table
) -> "sqlite.Insert | postgresql.Insert":
    """An INSERT that knows ON CONFLICT, spelt alike on both engines."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def database_now(connection: AsyncConnection) -> sa.ColumnElement[Any]:
    """The database's own clock in microseconds: nodes need not agree on the time."""
    if connection.dialect.name == "postgresql":
        return sa.literal_column("CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
    return sa.literal_column(
        "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"  # JD of 1970-01-01
    )


class _PerEngine(FunctionElement[bool]):
    """A condition in the words of PostgreSQL, and the same in those of SQLite."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(_PerEngine, "postgresql")
def _on_postgres(condition: _PerEngine, compiler: SQLCompiler, **more: Any) -> str:
    words, _ = condition.clauses
    return f"({compiler.process(words, **more)})"


@compiles(_PerEngine, "sqlite")
def _on_sqlite(condition: _PerEngine, compiler: SQLCompiler, **more: Any) -> str:
    _, words = condition.clauses
    return f"({compiler.process(words, **more)})"


def holds(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[bool]:
    """Whether a column holds the text, in any case, of whatever alphabet.

    SQLite folds ASCII alone: its GLOB is told the cases of each letter. That takes twice as long
    as LIKE, so rows without the first letter beyond ASCII are left out before; a function of ours
    would take as long, and hold up the process.
    """
    found = column.icontains(text, autoescape=True)
    if text.isascii():
        return found
    cases = [_cases(letter) for letter in text]
    rare = next(each for each in cases if not each.isascii())
    there = sa.or_(*[sa.func.instr(column, letter) > 0 for letter in rare])
    glob = "".join([f"[{each}]" if len(each) > 1 or each in "*?[" else each for each in cases])
    # CASE, for SQLite asks both sides of an AND that stands for a value.
    return _PerEngine(found, sa.case((there, column.op("GLOB")(f"*{glob}*")), else_=False))


def _cases(letter: str) -> str:
    """The letters that are the same in small, among them itself."""
    small = letter.lower()
    alike = {letter, small, small.upper(), small.title(), *_CAPITALS_APART}
    return "".join(sorted(one for one in alike if len(one) == 1 and one.lower() == small))
