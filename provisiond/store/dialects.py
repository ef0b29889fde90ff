"""Where do the two engines differ in words? The few statements that need to know."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


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
