"""What of a faulty file or record can still be checked? So that one run tells all its faults."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

from pydantic import BaseModel

from provisiond.actions.inventory_parse import root_of
from provisiond.actions.inventory_text import Path, Tree
from provisiond.actions.stand_ins import KEYS, field_with_stand_in
from provisiond.inventory.emergency import CIVIC_FIELDS

# What cannot be judged without a field beside it: a fault there may be the gap's own.
_JUDGED_BY: Mapping[str, tuple[str, ...]] = {
    "model": ("lines", "handsets", "sidecars", "layout", "buttons", "overrides"),
    "lines": ("handsets", "buttons"),
    "sidecars": ("buttons",),
    "treatment": ("destination", "caller_id_prefix", "announcement", "enhanced_voicemail"),
    "kind": ("hours", "dates", "calendars", "holidays", "value", "line"),
    "enable_on": ("disable_on",),
    "validation": CIVIC_FIELDS,
    "role": ("domain", "extension"),
    "domain": ("extension",),
}
# Lists that are counted together: that there is nothing in all may be a gap's fault in any.
_COUNTED = ("hours", "dates", "calendars", "holidays")


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
    left = _left(tree, dropped, kept)
    if not isinstance(left, dict):
        return None
    gaps = {*faulty, *dropped}
    return Remains(
        tree={**left, **stood_in},
        kept=kept,
        around=frozenset(path for gap in gaps for path in _around(gap)),
        unjudged=frozenset(path for gap in gaps for path in _unjudged(gap)),
    )


def _around(gap: Path) -> Iterator[Path]:
    """What the gap is in, and lists that are counted with one that it is in."""
    for length, name in enumerate(gap):
        yield gap[:length]
        if name in _COUNTED:
            yield from ((*gap[:length], beside) for beside in _COUNTED)


def _unjudged(gap: Path) -> Iterator[Path]:
    """The gap, and what beside it or its parents cannot be judged for it."""
    yield gap
    for at, name in enumerate(gap):
        if isinstance(name, str):
            yield from ((*gap[:at], beside) for beside in _JUDGED_BY.get(name, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Which faults of the rest of a file may be those of a field that was not read?

    All at and below what is `unjudged`, those `around` a gap in a record, and of records that are
    `keyless`, which may stand in the store, all but those of the fields that they give.
    """

    unjudged: frozenset[Path] = frozenset()
    around: frozenset[Path] = frozenset()
    keyless: frozenset[Path] = frozenset()

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "Gaps":
        """Those of fields that were not read, by their places in the file."""
        gaps = [(path, _record_of(path)) for path in paths]
        return cls(
            unjudged=frozenset(place for path, _ in gaps for place in _unjudged(path)),
            around=frozenset(place for path, record in gaps for place in _in_record(path, record)),
            keyless=frozenset(record for path, record in gaps if _is_key(path, record)),
        )

    def __or__(self, other: "Gaps") -> "Gaps":
        return Gaps(
            unjudged=self.unjudged | other.unjudged,
            around=self.around | other.around,
            keyless=self.keyless | other.keyless,
        )

    def is_judged(self, path: Path, *, is_given: bool) -> bool:
        """Whether a fault at this place of the file is one of what was read; `is_given` says
        whether the file has something there."""
        if path in self.around:
            return False
        if any(path[:length] in self.unjudged for length in range(1, len(path) + 1)):
            return False
        record = _record_of(path)
        return record not in self.keyless or (is_given and path != record)


NO_GAPS = Gaps()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A file without the fields that cannot be read; those that their records cannot do without
    have stand-ins, and records that cannot do without others are gone."""

    tree: Tree
    gaps: Gaps
    kept: Mapping[Path, list[int]]

    def original(self, path: Path) -> Path:
        """Where the file has what is left at this place."""
        return _original(path, self.kept)


def salvage(tree: Tree, faulty: Collection[Path]) -> Left | None:
    """What is left of a file; None where it is too little to go on."""
    root = root_of(tree)
    dropped: set[Path] = set()
    placed: dict[Path, Tree] = {}
    for path in faulty:
        found = field_with_stand_in(path)
        if found is not None and isinstance(_at(tree, found[0][:-1]), dict):
            at, make = found
            placed.setdefault(at, cast("Tree", make(len(placed))))
        elif drop := _least(tree, path, root):
            dropped.add(drop)
        elif not _can_be_missing(tree, path, root):
            return None
    kept: dict[Path, list[int]] = {}
    left = _left(tree, dropped, kept, placed)
    return Left(tree=left, gaps=Gaps.of({*faulty, *dropped, *placed}), kept=kept)


def is_given(entry: object, path: Path) -> bool:
    """Whether a file's entry has something at this place below it, and the treatment that judges
    it."""
    for part in path:
        if isinstance(entry, BaseModel):
            needed = "treatment" in type(entry).model_fields and part in _JUDGED_BY["treatment"]
            if not {part, "treatment" if needed else part} <= entry.model_fields_set:
                return False
            entry = getattr(entry, str(part))
        elif isinstance(entry, tuple):
            if not isinstance(part, int) or part >= len(entry):
                return False
            entry = entry[part]
        elif isinstance(entry, Mapping):
            return part in entry
    return True


def _record_of(path: Path) -> Path:
    """The domain's record that a place is in."""
    return path[: 4 if path[:1] == ("domains",) else 2]


def _is_key(path: Path, record: Path) -> bool:
    return len(path) == len(record) + 1 and KEYS.get(str(record[-2])) == path[-1]


def _in_record(path: Path, record: Path) -> Iterator[Path]:
    """What of a record a gap is in; of overrides each is judged by itself."""
    yield from (path[:n] for n in range(len(record) + 1, len(path)) if path[n - 1] != "overrides")
    if len(path) > len(record) and path[len(record)] in _COUNTED:
        # That there is nothing in it, or in any of them.
        yield record
        yield from ((*record, beside) for beside in _COUNTED)


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


def _can_be_missing(tree: Tree, path: Path, root: type[BaseModel]) -> bool:
    """Whether it is a field that its record does not have, and can do without."""
    schema = _schema_at(path[:-1], root) if path else None
    field = schema.model_fields.get(str(path[-1])) if schema is not None else None
    return field is not None and not field.is_required() and not _exists(tree, path)


def _left(
    tree: Tree,
    dropped: Collection[Path],
    kept: dict[Path, list[int]],
    placed: Mapping[Path, Tree] = {},
) -> Tree:
    """The tree without the parts that are `dropped`, and with those that are `placed` in it; no
    more of it is looked at than what they are in."""
    parents = {path[:length] for path in (*dropped, *placed) for length in range(len(path))}
    fields: dict[Path, dict[str, Tree]] = {}
    for path, value in placed.items():
        fields.setdefault(path[:-1], {})[str(path[-1])] = value

    def left(tree: Tree, path: Path) -> Tree:
        if path not in parents:
            return tree
        if isinstance(tree, dict):
            rest = {
                name: left(below, (*path, name))
                for name, below in tree.items()
                if (*path, name) not in dropped
            }
            return {**rest, **fields.get(path, {})}
        if isinstance(tree, list):
            indexes = [index for index in range(len(tree)) if (*path, index) not in dropped]
            if len(indexes) < len(tree):
                kept[path] = indexes
            return [left(tree[index], (*path, index)) for index in indexes]
        return tree

    return left(tree, ())


def _original(path: Path, kept: Mapping[Path, list[int]]) -> Path:
    original: Path = ()
    for part in path:
        indexes = kept.get(original)
        if indexes is not None and isinstance(part, int):
            original = (*original, indexes[part] if part < len(indexes) else part)
        else:
            original = (*original, part)
    return original
