"""Does a file's tree fit the schema, and where does it not?

Objects are read one after the other, what is within them first: of a file in which all is wrong
only so many complaints are ever held, and what is behind them is not read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import get_args, get_origin

from pydantic import ValidationError

from provisiond.actions.inventory_schema import DomainEntry, InventoryEntry, explain
from provisiond.actions.inventory_text import MAX_FAULTS, Path, Repeated, Tree
from provisiond.actions.inventory_values import Entry

_MOST_ENTRIES = 2_000
"""names of an object, and entries of a list that holds no objects or of a map: a record's limits
are told with the record, and are lower"""

_Complaint = tuple[Path, str, str]


class SchemaFault(Exception):
    """The tree does not fit the schema; `faults` are (place, message, remedy)."""

    def __init__(self, faults: tuple[_Complaint, ...]) -> None:
        super().__init__(f"{len(faults)} fault(s)")
        self.faults = faults


def parse_tree(tree: Tree) -> tuple[InventoryEntry, bool]:
    """The file's records, and whether it is one domain's object rather than a list of them.

    Raises SchemaFault with every fault, or of very many the first.
    """
    root = root_of(tree)
    reading = _Reading(root=root, faults=list(islice(_repeated(tree, ()), MAX_FAULTS)))
    entry = reading.read(root, tree, ())
    if entry is None or reading.faults:
        raise SchemaFault(tuple(reading.faults))
    if isinstance(entry, DomainEntry):
        entry = InventoryEntry(domains=(entry,))
    assert isinstance(entry, InventoryEntry)
    return entry, root is DomainEntry


def root_of(tree: Tree) -> type[Entry]:
    """The schema of the file: that of a list of domains, or of one domain's object."""
    alone = isinstance(tree, dict) and "domains" not in tree and "server" not in tree
    return DomainEntry if alone else InventoryEntry


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One walk through a tree, and what was found to be wrong."""

    root: type[Entry]
    faults: list[_Complaint] = field(default_factory=list)

    def read(self, model: type[Entry], tree: Tree, path: Path) -> Entry | None:
        """The object, or None where it or what is in it has a fault."""
        left: object = tree
        if isinstance(tree, dict):
            if len(tree) > _MOST_ENTRIES:
                self._too_many(path, len(tree))
                return None
            left = self._within(model, tree, path)
        if len(self.faults) >= MAX_FAULTS:
            return None
        try:
            return model.model_validate(left)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                detail["loc"] = (*path, *detail["loc"])
                self.faults.append(explain(detail, self.root))
        return None

    def _within(self, model: type[Entry], tree: dict[str, Tree], path: Path) -> dict[str, object]:
        """The fields, with the objects in them read; those with faults are left out."""
        lists, objects = _entries(model)
        left: dict[str, object] = {}
        for name, below in tree.items():
            if isinstance(below, list) and name in lists:
                left[name] = list(self._items(lists[name], below, (*path, name)))
            elif isinstance(below, dict) and name in objects:
                inner = self.read(objects[name], below, (*path, name))
                if inner is not None:
                    left[name] = inner
            elif isinstance(below, list | dict) and len(below) > _MOST_ENTRIES:
                self._too_many((*path, name), len(below))
            else:
                left[name] = below
        return left

    def _items(self, model: type[Entry], items: list[Tree], path: Path) -> Iterator[Entry]:
        for index, item in enumerate(items):
            if len(self.faults) >= MAX_FAULTS:
                return
            entry = self.read(model, item, (*path, index))
            if entry is not None:
                yield entry

    def _too_many(self, path: Path, count: int) -> None:
        message = f"it has {count:,} entries; {_MOST_ENTRIES:,} are the most."
        self.faults.append((path, message, "Remove some."))


@cache
def _entries(model: type[Entry]) -> tuple[Mapping[str, type[Entry]], Mapping[str, type[Entry]]]:
    """The fields that are lists of objects, and those that are one, with the schema of each."""
    lists: dict[str, type[Entry]] = {}
    objects: dict[str, type[Entry]] = {}
    for name, about in model.model_fields.items():
        kind = about.annotation
        choices = (kind, *get_args(kind))
        of = next((c for c in choices if isinstance(c, type) and issubclass(c, Entry)), None)
        if of is not None:
            (lists if get_origin(kind) is tuple else objects)[name] = of
    return lists, objects


def _repeated(tree: Tree, path: Path) -> Iterator[_Complaint]:
    if isinstance(tree, Repeated):
        for name in tree.names:
            yield (*path, name), f"{name!r} is given twice.", "Keep one of them."
    if isinstance(tree, dict):
        for name, below in tree.items():
            if isinstance(below, dict | list):
                yield from _repeated(below, (*path, name))
    elif isinstance(tree, list):
        for index, below in enumerate(tree):
            if isinstance(below, dict | list):
                yield from _repeated(below, (*path, index))
