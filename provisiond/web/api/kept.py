"""How is a noun kept whose records are listed, shown, added, changed and deleted?"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from pydantic import BaseModel

from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Finding
from provisiond.inventory.lists import Page
from provisiond.web.api.cursors import next_cursor, place_of
from provisiond.web.api.route import Call, Handler, Reply, Route, ShownBy
from provisiond.web.api.shapes import Fault, Listing, ListQuery, NamedQuery

_Row = TypeVar("_Row")
_Shown = TypeVar("_Shown", bound=BaseModel)
_Order = TypeVar("_Order", bound=Enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """The five handlers of a noun, and their models. `key` is the name of its key, in the path
    and in the body; `one` and `many` are what people call it. `change` is the body of a change
    where it is not that of an addition with everything left out, `rehearsed` as of a route, `own`
    as of `ShownBy`."""

    noun: Noun
    path: str
    key: str
    one: str
    many: str
    listed: Handler
    shown: Handler
    added: Handler
    changed: Handler
    removed: Handler
    query: type[ListQuery]
    request: type[BaseModel]
    answer: type[BaseModel]
    row: type[BaseModel] | None = None
    one_query: type[BaseModel] | None = None
    change: type[BaseModel] | None = None
    rehearsed: Mapping[str, str] | None = None
    own: tuple[str, ...] = ("warnings",)

    @property
    def shown_by(self) -> ShownBy:
        """Who shows a record that was added or changed."""
        return ShownBy(handler=self.shown, key=self.key, query=self.one_query, own=self.own)


def kept(keeping: Keeping) -> tuple[Route, ...]:
    """The five routes."""
    return (*_of_all(keeping), *_of_one(keeping))


def _of_all(keeping: Keeping) -> tuple[Route, ...]:
    return (
        Route(
            method="GET",
            path=keeping.path,
            summary=f"List {keeping.many}",
            noun=keeping.noun,
            handler=keeping.listed,
            query=keeping.query,
            answer=_listing_of(keeping.row or keeping.answer),
        ),
        Route(
            method="POST",
            path=keeping.path,
            summary=f"Add {keeping.one}",
            noun=keeping.noun,
            verb=Verb.ADD,
            handler=keeping.added,
            request=keeping.request,
            answer=keeping.answer,
            status=201,
            rehearsed=keeping.rehearsed,
            shown_by=keeping.shown_by,
        ),
    )


def _of_one(keeping: Keeping) -> tuple[Route, ...]:
    path = f"{keeping.path}/{{{keeping.key}}}"
    return (
        Route(
            method="GET",
            path=path,
            summary=f"Show {keeping.one}",
            query=keeping.one_query,
            noun=keeping.noun,
            handler=keeping.shown,
            answer=keeping.answer,
        ),
        Route(
            method="PATCH",
            path=path,
            summary=f"Change {keeping.one}; fields left out stay as they are",
            query=keeping.one_query,
            noun=keeping.noun,
            verb=Verb.EDIT,
            handler=keeping.changed,
            request=keeping.change or keeping.request,
            answer=keeping.answer,
            partial=keeping.change is None,
            keyed=keeping.key,
            conditional=True,
            rehearsed=keeping.rehearsed,
            shown_by=keeping.shown_by,
        ),
        Route(
            method="DELETE",
            path=path,
            summary=f"Delete {keeping.one}",
            query=keeping.one_query,
            noun=keeping.noun,
            verb=Verb.DELETE,
            handler=keeping.removed,
            conditional=True,
        ),
    )


def _listing_of(row: type[BaseModel]) -> type[BaseModel]:
    shape: type[BaseModel] = Listing[row]  # type: ignore[valid-type]
    return shape


def listing(
    call: Call, page: Page[_Row], show: Callable[[_Row], _Shown], shape: type[_Shown]
) -> Reply:
    """A page of a list as an answer."""
    items = [show(row) for row in page.rows]
    after = next_cursor(call, page.after)
    return Reply(body=Listing[shape](items=items, next=after, total=page.total))  # type: ignore[valid-type]


def part_of(
    call: Call,
    rows: Iterable[_Row],
    place: Callable[[_Row], tuple[str, ...]],
    *,
    descending: bool,
) -> Page[_Row]:
    """A page of records that were all read, sorted by their places."""
    last = place_of(call)
    wanted = sorted(rows, key=place, reverse=descending)
    behind = operator.lt if descending else operator.gt
    left = [row for row in wanted if not last or behind(place(row), last)]
    limit: int = call.query.limit
    shown = left[:limit]
    after = place(shown[-1]) if len(left) > limit else ()
    return Page(rows=tuple(shown), after=after, total=len(wanted))


def named_part(call: Call, rows: Iterable[_Row], name: Callable[[_Row], str]) -> Page[_Row]:
    """The part of such records that a `NamedQuery` asks for."""
    query: NamedQuery = call.query
    text = query.q.strip().casefold()
    wanted = [row for row in rows if text in name(row).casefold()]
    return part_of(call, wanted, lambda row: (name(row),), descending=query.sort.startswith("-"))


def ordered(kind: type[_Order], text: str) -> dict[str, Any]:
    """`name` or `-name` as the two fields of a list's query."""
    return {"order": kind(text.removeprefix("-")), "descending": text.startswith("-")}


def faults(findings: Iterable[Finding]) -> list[Fault]:
    """Warnings as answers show them."""
    return [Fault(field=f.where, message=f.message, remedy=f.remedy) for f in findings]


def seen(call: Call, stood: int) -> int:
    """The revision that the change is of: If-Match's, or that which stands where it is `*`."""
    return call.revision if call.revision is not None else stood
