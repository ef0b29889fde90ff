"""What of a faulty file can still be checked? So that all its faults are told in one run."""

from collections.abc import Callable, Iterable, Mapping

from provisiond.actions.inventory_schema import (
    InventoryEntry,
    SchemaFault,
    entry_at,
    parse_tree,
)
from provisiond.actions.inventory_text import Path, Tree
from provisiond.actions.inventory_values import Entry

Salvaged = tuple[InventoryEntry, Callable[[Path], Path]]


def salvage(tree: Tree, faulty: Iterable[Path], root: type[Entry]) -> Salvaged | None:
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


def _least(tree: Tree, path: Path, root: type[Entry]) -> Path:
    """The smallest part around a fault that the schema can do without; empty for none."""
    while path:
        name, parent = path[-1], path[:-1]
        if isinstance(name, str):
            field = entry_at(parent, root).model_fields.get(name)
            if field is None or not field.is_required():
                return path if _exists(tree, path) else ()
        elif parent and _is_record(tree, path):
            return path
        path = parent
    return ()


def _is_record(tree: Tree, path: Path) -> bool:
    """Whether it is an item of a list of objects; lists of texts are dropped whole."""
    siblings = _at(tree, path[:-1])
    return isinstance(siblings, list) and any(isinstance(item, dict) for item in siblings)


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
