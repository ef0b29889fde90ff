"""On which line of a TOML file does a value stand? tomllib does not say, faults must."""

import re
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*(?:\.|=)")


def line_of(text: str, loc: Sequence[int | str]) -> int | None:
    """The line (from 1) of the value that `loc` names, or of the nearest thing around it.

    `loc` is a path of table names and array indexes as pydantic reports it.
    """
    wanted = [part for part in loc if part != "[key]"]
    best: tuple[int, int] | None = None
    table: list[int | str] = []
    counts: dict[tuple[int | str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None:
            table = _table_path(header, counts)
            here = list(table)
        else:
            key = _KEY.match(line)
            if key is None:
                continue
            here = [*table, key.group(1).strip('"')]
        depth = _shared(here, wanted)
        if depth == len(here) and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _table_path(header: re.Match[str], counts: dict[tuple[int | str, ...], int]) -> list[int | str]:
    """The path of a table header, array tables with the index of their last element."""
    names = [part.strip().strip('"') for part in header.group(2).split(".")]
    path: list[int | str] = []
    for position, name in enumerate(names):
        path.append(name)
        last = position == len(names) - 1
        if last and header.group(1) == "[[":
            counts[tuple(path)] = counts.get(tuple(path), -1) + 1
        if tuple(path) in counts:
            path.append(counts[tuple(path)])
    return path


def _shared(here: Sequence[int | str], wanted: Sequence[int | str]) -> int:
    depth = 0
    for a, b in zip(here, wanted, strict=False):
        if a != b:
            break
        depth += 1
    return depth
