"""What of a faulty file or record can still be checked? So that one run tells all its faults."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

from provisiond.actions.inventory_parse import SchemaFault, parse_tree
from provisiond.actions.inventory_schema import InventoryEntry
from provisiond.actions.inventory_text import Path, Tree
from provisiond.inventory.emergency import CIVIC_FIELDS

Salvaged = tuple[InventoryEntry, Callable[[Path], Path]]

# What cannot be judged without a field beside it: a fault there may be the gap's own.
_JUDGED_BY: Mapping[str, tuple[str, ...]] = {
    "model": ("lines", "handsets", "sidecars", "layout", "buttons", "overrides"),
    "lines": ("handsets", "buttons"),
    "sidecars": ("buttons",),
    "treatment": ("destination", "caller_id_prefix", "announcement", "enhanced_voicemail"),
    "kind": ("hours", "dates", "calendars", "holidays"),
    "enable_on": ("disable_on",),
    "validation": CIVIC_FIELDS,
    "role": ("domain", "extension"),
    "domain": ("extension",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remains:
    """What is left of a record without its faulty fields.

    `kept` has of each list that lost items the indexes of the others. Faults `around` a gap or
    below what is `unjudged` may be the gap's own.
    """

    tree: Tree
    kept: Mapping[Path, list[int]]
    around: frozenset[Path]
    unjudged: frozenset[Path]

    def original(self, path: Path) -> Path:
        """Where the record has what is left at this place."""
        return _original(path, self.kept)

    def is_judged(self, path: Path) -> bool:
        """Whether a fault at this place of the record is one of what was given, not of a gap."""
        if path in self.around:
            return False
        return not any(path[:length] in self.unjudged for length in range(1, len(path) + 1))


def remains(
    tree: Tree, faulty: Collection[Path], root: type[BaseModel], stand_ins: Mapping[str, str]
) -> Remains | None:
    """The record without its faulty fields; those that it cannot do without have a stand-in. None
    where one has none."""
    dropped: set[Path] = set()
    names = [str(path[0]) for path in faulty if path]
    stood_in: dict[str, Tree] = {n: stand_ins[n] for n in names if n in stand_ins}
    for path in faulty:
        if path and path[0] in stood_in:
            continue
        drop = _least(tree, path, root)
        if not drop:
            return None
        dropped.add(drop)
    kept: dict[Path, list[int]] = {}
    left = _without(tree, (), dropped, kept)
    if not isinstance(left, dict):
        return None
    gaps = {*faulty, *dropped}
    return Remains(
        tree={**left, **stood_in},
        kept=kept,
        around=frozenset(gap[:length] for gap in gaps for length in range(len(gap))),
        unjudged=frozenset(path for gap in gaps for path in _unjudged(gap)),
    )


def _unjudged(gap: Path) -> Iterator[Path]:
    """The gap, and what beside it or its parents cannot be judged for it."""
    yield gap
    for at, name in enumerate(gap):
        if isinstance(name, str):
            yield from ((*gap[:at], beside) for beside in _JUDGED_BY.get(name, ()))


def salvage(tree: Tree, faulty: Iterable[Path], root: type[BaseModel]) -> Salvaged | None:
    """The file without its faulty fields, and without records that cannot do without them.

    The function answered turns a place in what is left into the file's own. None where too
    little is left to go on.
    """
    dropped: set[Path] = set()
    for path in faulty:
        drop = _least(tree, _whole(path), root)
        if not drop:
            return None
        dropped.add(drop)
    kept: dict[Path, list[int]] = {}
    left = _without(tree, (), dropped, kept)
    try:
        entry, _ = parse_tree(left)
    except SchemaFault:
        return None
    return entry, lambda path: _original(path, kept)


def _whole(path: Path) -> Path:
    """A phone without one of its lines or sidecars would have faults of its own: all of it goes."""
    for at, part in enumerate(path):
        if part in ("lines", "sidecars") and "phones" in path[:at]:
            return path[:at]
    return path


def _least(tree: Tree, path: Path, root: type[BaseModel]) -> Path:
    """The smallest part around a fault that the schema can do without; empty for none."""
    while path:
        name, parent = path[-1], path[:-1]
        schema = _schema_at(parent, root)
        if isinstance(name, str):
            field = schema.model_fields.get(name) if schema is not None else None
            if field is None or not field.is_required():
                return path if _exists(tree, path) else ()
        elif schema is not None and isinstance(_at(tree, parent), list):
            return path  # an item of a list of objects; lists of texts go whole
        path = parent
    return ()


def _schema_at(path: Path, root: type[BaseModel]) -> type[BaseModel] | None:
    """The schema of the objects at this place; None where others stand there."""
    schema: type[BaseModel] | None = root
    for name in path:
        if isinstance(name, str) and schema is not None:
            schema = _schema_below(schema, name)
    return schema


@cache
def _schema_below(schema: type[BaseModel], name: str) -> type[BaseModel] | None:
    field = schema.model_fields.get(name)
    return next(_schemas(field.annotation), None) if field is not None else None


def _schemas(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _schemas(inner)


def _exists(tree: Tree, path: Path) -> bool:
    parent = _at(tree, path[:-1])
    return isinstance(parent, dict) and path[-1] in parent


def _at(tree: Tree, path: Path) -> Tree:
    for part in path:
        if isinstance(tree, dict) and isinstance(part, str):
            tree = tree.get(part)
        elif isinstance(tree, list) and isinstance(part, int) and part < len(tree):
            tree = tree[part]
        else:
            return None
    return tree


def _without(tree: Tree, path: Path, dropped: set[Path], kept: dict[Path, list[int]]) -> Tree:
    if isinstance(tree, dict):
        return {
            name: _without(below, (*path, name), dropped, kept)
            for name, below in tree.items()
            if (*path, name) not in dropped
        }
    if isinstance(tree, list):
        indexes = [index for index in range(len(tree)) if (*path, index) not in dropped]
        if len(indexes) < len(tree):
            kept[path] = indexes
        return [_without(tree[index], (*path, index), dropped, kept) for index in indexes]
    return tree


def _original(path: Path, kept: Mapping[Path, list[int]]) -> Path:
    original: Path = ()
    for part in path:
        indexes = kept.get(original)
        if indexes is not None and isinstance(part, int):
            original = (*original, indexes[part] if part < len(indexes) else part)
        else:
            original = (*original, part)
    return original
