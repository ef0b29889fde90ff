"""How do programs change many records of a noun at once? All of them, or none."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field

from provisiond.actions.bulk_edits import ChangedMany, ChangeMany, Wanted
from provisiond.actions.inventory_schema import Entry
from provisiond.inventory.access import Noun, Verb
from provisiond.inventory.errors import Finding, NotFound, Rejected, RejectedAll
from provisiond.web.api.kept import faults
from provisiond.web.api.parameters import cleaned
from provisiond.web.api.route import Call, Handler, Reply, Route
from provisiond.web.api.shapes import Fault, Shape

_MOST_KEYS = 1000
_MOST_BYTES = 256 << 10
_MOST_WRITTEN = 4 << 20  # changes times records: no small body fills the store
_Key = TypeVar("_Key")
_Record = TypeVar("_Record", bound=Any)


class KeySeen(Entry):
    """A record that is to change. `revision` is the one that was seen; without it the record
    changes as it stands."""

    key: str
    revision: Annotated[int | None, Field(ge=0)] = None


def _with_key(value: object) -> object:
    return value if isinstance(value, dict) else {"key": value}


_Seen = Annotated[KeySeen, BeforeValidator(_with_key, json_schema_input_type=str | KeySeen)]


class ManyBody(Entry):
    """Which records are to change, by their keys. With `dry_run` every fault is found and nothing
    changes."""

    keys: Annotated[tuple[_Seen, ...], Field(max_length=_MOST_KEYS)]
    changes: Entry
    dry_run: bool = False


class ChangedShown(Shape):
    """What became of a record. `before` and `after` are its revisions, the same where it says what
    stood already; `fields` are those that differ."""

    key: str
    before: int
    after: int
    fields: list[str]
    warnings: list[Fault]


class ManyShown(Shape):
    """What became of all, in the order of the keys; `changed` counts those that differ. After a
    dry run it is what would be. Of more than a thousand warnings `untold` are left out."""

    domain: str
    dry_run: bool
    changed: int
    items: list[ChangedShown]
    untold: int


def many_route(
    *, noun: Noun, path: str, many: str, handler: Handler, request: type[BaseModel]
) -> Route:
    """The route that changes many records of a noun."""
    return Route(
        method="PATCH",
        path=path,
        summary=f"Change many {many}, all or none; fields left out stay as they are",
        noun=noun,
        verb=Verb.EDIT,
        handler=handler,
        request=request,
        answer=ManyShown,
        rehearsed={},
        most_bytes=_MOST_BYTES,
    )


def many_of(
    call: Call, name: str, key: Callable[[str], _Key], edit: Callable[[_Record], _Record]
) -> ChangeMany[_Key, _Record]:
    """The command that the body asks for; `name` is what paths call the key. Raises RejectedAll
    for keys that are none, and for those that stand there twice, and Rejected(changes) where they
    are too much for so many records."""
    body: ManyBody = call.body
    size = len(repr(body.changes.model_dump(exclude_unset=True)))
    if size * len(body.keys) > _MOST_WRITTEN:
        most = _MOST_WRITTEN // size
        message = f"they are too much for {len(body.keys)} records at once."
        raise Rejected("changes", message, f"Give at most {most} keys, or change less.")
    places: dict[_Key, int] = {}
    wanted: list[Wanted[_Key]] = []
    found: list[Finding] = []
    for index, one in enumerate(body.keys):
        where = f"keys[{index}]"
        try:
            read = key(cleaned(name, one.key))
        except NotFound as fault:
            found.append(Finding(where=where, message=str(fault), remedy="Correct it."))
            continue
        first = places.setdefault(read, index)
        if first != index:
            message = f"{read} stands in keys[{first}] already."
            found.append(Finding(where=where, message=message, remedy="Give it once."))
        wanted.append(Wanted(key=read, revision=one.revision))
    if found:
        summary = f"{len(found)} fault(s) in the keys; nothing was changed."
        raise RejectedAll(tuple(found), summary, early=True)
    return ChangeMany(
        domain=call.of("domain"), wanted=tuple(wanted), edit=edit, dry_run=body.dry_run
    )


def many_reply(call: Call, done: ChangedMany) -> Reply:
    """What became of all as an answer."""
    items = [
        ChangedShown(
            key=one.key,
            before=one.before,
            after=one.after,
            fields=list(one.fields),
            warnings=faults(one.warnings),
        )
        for one in done.records
    ]
    changed = sum(one.before != one.after for one in items)
    dry_run: bool = call.body.dry_run
    return Reply(
        body=ManyShown(
            domain=done.domain, dry_run=dry_run, changed=changed, items=items, untold=done.untold
        )
    )
