"""How do programs keep time frames, and learn when they hold?"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from provisiond.actions.edits import Saved
from provisiond.actions.inventory_schema import Entry
from provisiond.actions.number_merge import merge_frame, parts_of
from provisiond.actions.number_schema import FrameEntry, FrameParts
from provisiond.actions.number_trees import frame_tree, part_tree
from provisiond.actions.timeframes import (
    AddFrame,
    ChangeFrame,
    DeleteFrame,
    add_frame,
    change_frame,
    delete_frame,
    list_domain_frames,
    show_frame,
)
from provisiond.inventory.access import Noun
from provisiond.inventory.lists import FrameQuery
from provisiond.inventory.timeframes import FrameKind, TimeFrame
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, seen
from provisiond.web.api.route import Call, Reply
from provisiond.web.api.shapes import Record, SearchQuery
from provisiond.web.api.users import UseShown, uses_shown


class FrameChange(FrameParts):
    """What to change of a time frame. A sort of parts that is given replaces those of its sort."""

    name: str
    kind: FrameKind | None = None
    time_zone: str | None = None


class FrameShown(Record):
    """A time frame; where one is shown alone, when it holds next (from and to in UTC; null is 92
    days or more ago, ten years or more ahead: `[[null, null]]` always), and what uses it."""

    name: str
    kind: FrameKind
    owner: str | None
    time_zone: str | None
    hours: list[dict[str, Any]]
    dates: list[dict[str, Any]]
    calendars: list[dict[str, Any]]
    holidays: list[dict[str, Any]]
    holds: bool | None = None
    next: list[tuple[datetime | None, datetime | None]] = Field(default_factory=list)
    uses: list[UseShown] = Field(default_factory=list)


class FramesQuery(SearchQuery):
    """Which time frames. `owner` is a user's extension, empty for the domain's own."""

    owner: Annotated[str | None, Field(max_length=15)] = None
    sort: Literal["name", "-name"] = "name"


class OwnerQuery(Entry):
    """Whose time frame; the domain's own where it is left out."""

    owner: Annotated[str | None, Field(max_length=15)] = None


async def list_frames(call: Call) -> Reply:
    """Time frames that match."""
    query: FramesQuery = call.query
    wanted = FrameQuery(
        text=query.q.strip(),
        owner=query.owner,
        descending=query.sort.startswith("-"),
        after=place_of(call),
        limit=query.limit,
    )
    page = await list_domain_frames(call.desk.db, call.of("domain"), wanted)
    return listing(call, page, frame_shown, FrameShown)


async def get_frame(call: Call) -> Reply:
    """One time frame, when it holds next, and what uses it."""
    view = await show_frame(
        call.desk.db, call.of("domain"), call.of("name"), call.at, owner=call.query.owner
    )
    more = {"holds": view.holds, "next": list(view.next), "uses": uses_shown(view.uses)}
    shown = frame_shown(view.frame).model_copy(update=more)
    return Reply(body=shown, revision=view.frame.revision)


async def post_frame(call: Call) -> Reply:
    """Add a time frame."""
    body: FrameEntry = call.body
    frame = merge_frame(None, body)
    command = AddFrame(domain=call.of("domain"), frame=frame)
    return _saved(await add_frame(call.desk.db, call.actor, command, call.at))


async def patch_frame(call: Call) -> Reply:
    """Change a time frame; numbers follow its name."""
    body: FrameChange = call.body
    owner: str | None = call.query.owner
    view = await show_frame(call.desk.db, call.of("domain"), call.of("name"), call.at, owner=owner)
    frame = replace(_merged(view.frame, body), revision=seen(call, view.frame.revision))
    command = ChangeFrame(domain=call.of("domain"), name=view.frame.name, owner=owner, frame=frame)
    return _saved(await change_frame(call.desk.db, call.actor, command, call.at))


async def remove_frame(call: Call) -> Reply:
    """Delete a time frame that nothing uses."""
    command = DeleteFrame(
        domain=call.of("domain"),
        name=call.of("name"),
        owner=call.query.owner,
        revision=call.revision,
    )
    await delete_frame(call.desk.db, call.actor, command, call.at)
    return Reply()


def frame_shown(frame: TimeFrame) -> FrameShown:
    """A time frame as programs see it."""
    tree: dict[str, Any] = frame_tree(frame)
    sorts = {name: tree.get(name, []) for name in FrameParts.model_fields}
    return FrameShown(
        revision=frame.revision,
        name=frame.name,
        kind=frame.kind,
        owner=frame.owner,
        time_zone=frame.time_zone,
        **sorts,
    )


def _merged(stood: TimeFrame, body: FrameChange) -> TimeFrame:
    """The frame with the sorts of parts that are given in place of its own."""
    given = body.model_fields_set
    left = [part for part in stood.parts if part_tree(part)[0] not in given]
    changes: dict[str, Any] = {"kind": body.kind} if body.kind is not None else {}
    if "time_zone" in given:
        changes["time_zone"] = body.time_zone
    return replace(stood, name=body.name, parts=(*parts_of(body), *left), **changes)


def _saved(saved: Saved[TimeFrame]) -> Reply:
    shown = frame_shown(saved.record).model_copy(update={"warnings": faults(saved.warnings)})
    return Reply(body=shown, revision=saved.record.revision)


ROUTES = kept(
    Keeping(
        noun=Noun.TIMEFRAMES,
        path="/domains/{domain}/timeframes",
        key="name",
        one="a time frame",
        many="time frames",
        listed=list_frames,
        shown=get_frame,
        added=post_frame,
        changed=patch_frame,
        removed=remove_frame,
        query=FramesQuery,
        one_query=OwnerQuery,
        request=FrameEntry,
        change=FrameChange,
        answer=FrameShown,
        rehearsed={"name": "x????????????"},
    )
)
