"""How do programs keep time frames, and learn when they hold?"""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from provisiond.actions.edits import Saved
from provisiond.actions.inventory_schema import Entry
from provisiond.actions.number_trees import WEEKDAYS, frame_tree
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
from provisiond.inventory.holiday_calendars import Observance
from provisiond.inventory.lists import FrameQuery
from provisiond.inventory.timeframes import (
    DAY,
    DateRange,
    FrameKind,
    HolidayCalendar,
    OwnHoliday,
    Part,
    Repeat,
    TimeFrame,
    WeeklyHours,
)
from provisiond.web.api.cursors import place_of
from provisiond.web.api.kept import Keeping, faults, kept, listing, seen
from provisiond.web.api.route import Call, Reply
from provisiond.web.api.shapes import Record, SearchQuery
from provisiond.web.api.users import UseShown, uses_shown

_Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
_Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class HoursBody(Entry):
    """Hours on days of the week; an end before the start is of the next day."""

    days: tuple[_Weekday, ...]
    start: _Clock = "00:00"
    end: _Clock = "24:00"


class DatesBody(Entry):
    """From one moment on the wall up to another, and again every `every` days, weeks, ….."""

    start: datetime
    end: datetime
    repeat: Repeat = Repeat.NONE
    every: Annotated[int, Field(ge=1, le=1000)] = 1
    until: date | None = None


class CalendarBody(Entry):
    """The holidays of a country or region; `names` null is all of them."""

    country: str
    region: str | None = None
    names: tuple[str, ...] | None = None
    observance: Observance = Observance.SAME_DAY


class HolidayBody(Entry):
    """A day of the firm's own: every year, or in `year` alone."""

    month: Annotated[int, Field(ge=1, le=12)]
    day: Annotated[int, Field(ge=1, le=31)]
    year: Annotated[int | None, Field(ge=1900, le=9999)] = None
    name: str = ""
    observance: Observance = Observance.SAME_DAY


class FrameParts(Entry):
    """What a frame is made of, by sorts."""

    hours: tuple[HoursBody, ...] = ()
    dates: tuple[DatesBody, ...] = ()
    calendars: tuple[CalendarBody, ...] = ()
    holidays: tuple[HolidayBody, ...] = ()


class FrameBody(FrameParts):
    """A time frame. A sort of parts that is given replaces those of its sort."""

    name: str
    kind: FrameKind
    owner: str | None = None
    time_zone: str | None = None


class FrameChange(FrameParts):
    """What to change of a time frame. A sort of parts that is given replaces those of its sort."""

    name: str
    kind: FrameKind | None = None
    time_zone: str | None = None


class FrameShown(Record):
    """A time frame; where one is shown alone, when it holds next, and what uses it."""

    name: str
    kind: FrameKind
    owner: str | None
    time_zone: str | None
    hours: list[dict[str, Any]]
    dates: list[dict[str, Any]]
    calendars: list[dict[str, Any]]
    holidays: list[dict[str, Any]]
    holds: bool | None = None
    next: list[tuple[datetime, datetime]] = Field(default_factory=list)
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
    body: FrameBody = call.body
    frame = _merged(TimeFrame(name=body.name, kind=body.kind, owner=body.owner), body)
    command = AddFrame(domain=call.of("domain"), frame=frame)
    return _saved(await add_frame(call.desk.db, call.actor, command, call.at))


async def patch_frame(call: Call) -> Reply:
    """Change a time frame; numbers follow its name."""
    body: FrameChange = call.body
    owner: str | None = call.query.owner
    view = await show_frame(call.desk.db, call.of("domain"), call.of("name"), call.at, owner=owner)
    frame = replace(
        _merged(view.frame, body), name=body.name, revision=seen(call, view.frame.revision)
    )
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


def _merged(frame: TimeFrame, body: FrameBody | FrameChange) -> TimeFrame:
    given = body.model_fields_set
    parts: list[Part] = []
    for name, kind in (
        ("hours", WeeklyHours),
        ("dates", DateRange),
        ("calendars", HolidayCalendar),
        ("holidays", OwnHoliday),
    ):
        if name in given:
            parts += [_part(one) for one in getattr(body, name)]
        else:
            parts += [part for part in frame.parts if isinstance(part, kind)]
    changes: dict[str, Any] = {"kind": body.kind} if body.kind is not None else {}
    if "time_zone" in given:
        changes["time_zone"] = body.time_zone
    return replace(frame, parts=tuple(parts), **changes)


def _part(body: Entry) -> Part:
    match body:
        case HoursBody():
            days = frozenset(WEEKDAYS.index(day) + 1 for day in body.days)
            return WeeklyHours(weekdays=days, start=_minute(body.start), end=_minute(body.end))
        case DatesBody():
            return DateRange(
                start=body.start.replace(tzinfo=None),
                end=body.end.replace(tzinfo=None),
                repeat=body.repeat,
                every=body.every,
                until=body.until,
            )
        case CalendarBody():
            names = frozenset(body.names) if body.names is not None else None
            return HolidayCalendar(
                country=body.country,
                region=body.region,
                names=names,
                observance=body.observance,
            )
        case HolidayBody():
            return OwnHoliday(
                month=body.month,
                day=body.day,
                year=body.year,
                name=body.name,
                observance=body.observance,
            )
    raise AssertionError(body)


def _minute(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return min(int(hours) * 60 + int(minutes), DAY)


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
        request=FrameBody,
        change=FrameChange,
        answer=FrameShown,
    )
)
