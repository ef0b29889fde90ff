"""How is a long list read? Sorted, and on from the place of the last row that was seen."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from provisiond.inventory.errors import Rejected
from provisiond.inventory.lists import MOST_ROWS
from provisiond.store.dialects import holds
from provisiond.store.search import bare_mac
from provisiond.store.transaction import AnyRow, Read


async def read_page(
    read: Read,
    select: sa.Select[Any],
    columns: Sequence[sa.ColumnElement[Any]],
    *,
    after: tuple[str, ...],
    descending: bool,
    limit: int,
) -> tuple[Sequence[AnyRow], tuple[str, ...]]:
    """Rows sorted by the columns, the last of which is unique, and the place to go on from.

    The place is compared as a whole, which an index on the columns answers. Raises
    Rejected(after) for a place of another list.
    """
    limit = max(1, min(limit, MOST_ROWS))
    labelled = [column.label(f"place_{index}") for index, column in enumerate(columns)]
    statement = select.add_columns(*labelled)
    if after:
        if len(after) != len(columns):
            message = "the list does not go on from there."
            raise Rejected("after", message, "Begin at its first page.")
        here = sa.tuple_(*columns)
        places = zip(columns, after, strict=True)
        there = sa.tuple_(*[_literal(column, text) for column, text in places])
        statement = statement.where(here < there if descending else here > there)
    order = [column.desc() if descending else column.asc() for column in columns]
    rows = await read.rows(statement.order_by(*order).limit(limit + 1))
    if len(rows) <= limit:
        return rows, ()
    rows = rows[:limit]
    return rows, tuple([str(getattr(rows[-1], label.name)) for label in labelled])


def _literal(column: sa.ColumnElement[Any], text: str) -> sa.ColumnElement[Any]:
    """What a place says of a column: of numbers a number, on both engines."""
    if isinstance(column.type, sa.Integer):
        return sa.literal(int(text), column.type)
    return sa.literal(text)


async def count_rows(read: Read, select: sa.Select[Any]) -> int:
    """How many rows match."""
    row = await read.first(select.with_only_columns(sa.func.count(), maintain_column_froms=True))
    assert row is not None
    total: int = row[0]
    return total


def matches(text: str, *columns: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether one of the columns holds the text, in any case."""
    return sa.or_(*[holds(column, text) for column in columns])


def mac_matches(
    text: str, mac: sa.ColumnElement[Any], *columns: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """Whether one of the columns holds the text, or a MAC does, in any notation."""
    found, bare = matches(text, *columns), bare_mac(text)
    return found if bare is None else found | mac.contains(bare)


def number_matches(text: str, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool] | None:
    """Whether a column of E.164 numbers holds what was typed, however it is written; None where
    it is no part of a number. The zeros of national and international prefixes do not count."""
    if any(character.isalpha() for character in text):
        return None
    digits = "".join(character for character in text if character in "0123456789").lstrip("0")
    if not digits:
        return None
    return column.contains(f"+{digits}" if text.lstrip().startswith("+") else digits)
