"""How do programs read the journal of changes, and undo one?"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from provisiond.actions.audit import (
    all_changes,
    list_changes,
    show_change,
)
from provisiond.actions.change_table import changes_csv, changes_jsonl
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Overloaded
from provisiond.inventory.lists import MOST_ID, ChangeQuery, ChangeRow
from provisiond.web.api.cursors import next_cursor, place_of
from provisiond.web.api.route import Call, Reply, Route
from provisiond.web.api.shapes import AgeQuery, Asked, Listing, Moment, Record, Shape
from provisiond.web.api.undo import Outcome, undo_entry

_Text = Annotated[str | None, Field(max_length=255)]


class ChangesQuery(AgeQuery):
    """Which changes. `q` is found in actor, action and subject; times without a zone are UTC."""

    domain: _Text = None
    actor: _Text = None
    action: _Text = None
    noun: Annotated[
        str | None, Field(max_length=255, description="what the action is of: user, time frame")
    ] = None
    subject: _Text = None
    since: Moment | None = None
    until: Moment | None = None
    part_of: Annotated[
        int | None, Field(ge=1, le=MOST_ID, description="those of this import's records, by its id")
    ] = None


class ExportQuery(ChangesQuery):
    """The same, as a table or a JSON object a line; `limit` and `cursor` mean nothing here."""

    format: Literal["csv", "jsonl"] = "jsonl"


class ChangeShown(Shape):
    """One change. `before` and `after` hold the fields that differ, secrets as `***`; `part_of` is
    the id of the import that it belongs to, `undoes` of the change that it undid."""

    id: int
    at: datetime
    actor_kind: str
    actor: str
    action: str
    subject: str
    domain: str | None
    part_of: int | None
    undoes: int | None
    before: Any
    after: Any


class UndoQuery(Asked):
    """How a change is undone."""

    dry_run: Annotated[bool, Field(description="find everything, change nothing")] = False


class Undone(Shape):
    """What was undone, and the record as it stands then; null where it is gone, and for an import.
    `records` counts the changes that were undone."""

    id: int
    dry_run: bool
    record: dict[str, Any] | None
    records: int


async def get_changes(call: Call) -> Reply:
    """Changes by age."""
    query = _query(call.query, after=place_of(call))
    page = await list_changes(call.desk.db, call.actor, query)
    items = [change_shown(row) for row in page.rows]
    return Reply(body=Listing[ChangeShown](items=items, next=next_cursor(call, page.after)))


async def get_change(call: Call) -> Reply:
    """One change."""
    row = await show_change(call.desk.db, call.actor, int(call.of("entry")))
    return Reply(body=change_shown(row))


async def export_changes(call: Call, request: web.Request) -> web.StreamResponse:
    """All changes that match, as they are read."""
    query: ExportQuery = call.query
    pages = all_changes(call.desk.db, call.actor, _query(query))
    first = await anext(pages)  # what is refused is refused before the answer begins
    answer = web.StreamResponse()
    answer.content_type = "text/csv" if query.format == "csv" else "application/jsonl"
    answer.charset = "utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="changes.{query.format}"'
    await answer.prepare(request)
    as_csv = query.format == "csv"
    await answer.write(changes_csv(first, header=True) if as_csv else changes_jsonl(first))
    async for rows in pages:
        await answer.write(changes_csv(rows, header=False) if as_csv else changes_jsonl(rows))
    await answer.write_eof()
    return answer


async def undo(call: Call) -> Reply:
    """Put back what stood before a change, where nobody changed it since; of an import all of it,
    or nothing."""
    row = await show_change(call.desk.db, call.actor, int(call.of("entry")))
    async with _turn(call, row):
        if not call.query.dry_run:
            return Reply(body=_undone(row, await undo_entry(call, row), dry_run=False))
        async with call.desk.db.rehearsal() as stage:
            outcome = await undo_entry(replace(call, desk=replace(call.desk, db=stage)), row)
    return Reply(body=_undone(row, outcome, dry_run=True))


@asynccontextmanager
async def _turn(call: Call, row: ChangeRow) -> AsyncIterator[None]:
    """While no other import is undone, where it is one. Raises Overloaded."""
    if row.change.action != "import":
        yield
        return
    if call.desk.undoing.locked():
        raise Overloaded("another import is being undone; ask again when it is done.")
    async with call.desk.undoing:
        yield


def _undone(row: ChangeRow, outcome: Outcome, *, dry_run: bool) -> Undone:
    record = outcome.record
    shown = record.model_dump(mode="json") if isinstance(record, Record) else None
    return Undone(id=row.entry_id, dry_run=dry_run, record=shown, records=outcome.records)


def change_shown(row: ChangeRow) -> ChangeShown:
    """An entry as programs see it."""
    change = row.change
    return ChangeShown(
        id=row.entry_id,
        at=change.at,
        actor_kind=change.actor_kind,
        actor=change.actor,
        action=change.action,
        subject=change.subject,
        domain=row.domain,
        part_of=change.part_of,
        undoes=change.undoes,
        before=_tree(change.before),
        after=_tree(change.after),
    )


def _tree(text: str) -> Any:
    return json.loads(text) if text else None


def _query(query: ChangesQuery, after: tuple[str, ...] = ()) -> ChangeQuery:
    return ChangeQuery(
        text=query.q.strip(),
        domain=query.domain,
        actor=query.actor,
        action=query.action,
        noun=query.noun,
        subject=query.subject,
        since=query.since,
        until=query.until,
        part_of=query.part_of,
        descending=query.sort.startswith("-"),
        after=after,
        limit=query.limit,
    )


ROUTES = (
    Route(
        method="GET",
        path="/audit",
        summary="List changes",
        noun=Noun.AUDIT,
        handler=get_changes,
        query=ChangesQuery,
        answer=Listing[ChangeShown],
        fails_with=(404,),
    ),
    Route(
        method="GET",
        path="/audit/export",
        summary="Export changes",
        noun=Noun.AUDIT,
        stream=export_changes,
        query=ExportQuery,
        media=("application/jsonl", "text/csv"),
        fails_with=(404,),
    ),
    Route(
        method="GET",
        path="/audit/{entry}",
        summary="Show a change",
        noun=Noun.AUDIT,
        handler=get_change,
        answer=ChangeShown,
    ),
    Route(
        method="POST",
        path="/audit/{entry}/undo",
        summary="Undo a change",
        noun=Noun.AUDIT,
        verb=Verb.RUN,
        handler=undo,
        query=UndoQuery,
        answer=Undone,
    ),
)
