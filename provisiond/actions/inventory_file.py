"""What does somebody want the inventory to hold? A file's records, each with its place in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from provisiond.actions.inventory_schema import InventoryEntry, SchemaFault, parse_tree
from provisiond.actions.inventory_text import Path, lines_of, parse_document, written
from provisiond.inventory.errors import Finding, RejectedAll

_OPEN_NAMES = ("overrides", "feature_codes", "firmware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a person looks: a field and its line, or a row and column."""

    where: str
    line: int | None = None


Locate = Callable[[Iterable[Path]], Mapping[Path, Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A finding that knows its place as a path; `located` makes findings of them."""

    path: Path
    message: str
    remedy: str = ""
    severity: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's records. `roots` are the places of its domains, one each.

    `is_table` marks a table of phones: its lines are merged into a phone's, one by one, and an
    empty extension removes a line. `warnings` were found while reading.
    """

    entry: InventoryEntry
    roots: tuple[Path, ...]
    locate: Locate
    is_table: bool = False
    warnings: tuple[Fault, ...] = ()


def read_inventory(content: bytes, filename: str = "") -> Source:
    """Read a JSON or YAML inventory file.

    Raises RejectedAll with every fault that the file has by itself, each with its line; what
    contradicts the store or the catalogue is found later.
    """
    document = parse_document(content, filename)

    def locate(paths: Iterable[Path]) -> Mapping[Path, Place]:
        return {
            path: Place(where=written(path), line=line)
            for path, line in lines_of(document, paths).items()
        }

    try:
        entry, alone = parse_tree(document.tree)
    except SchemaFault as schema:
        faults = [Fault(path=path, message=said, remedy=do) for path, said, do in schema.faults]
        raise RejectedAll(located(faults, locate)) from schema
    roots: tuple[Path, ...] = (
        ((),) if alone else tuple(("domains", index) for index in range(len(entry.domains)))
    )
    return Source(entry=entry, roots=roots, locate=locate)


def located(faults: Iterable[Fault], locate: Locate) -> tuple[Finding, ...]:
    """Findings with the places that a person looks up, in the file's order where it has lines."""
    listed = list(faults)
    places = locate(fault.path for fault in listed)
    findings = [
        Finding(
            where=places[fault.path].where,
            line=places[fault.path].line,
            message=fault.message,
            remedy=fault.remedy,
            severity=fault.severity,
        )
        for fault in listed
    ]
    return tuple(sorted(findings, key=lambda f: (f.severity != "error", f.line or 0)))


def path_below(where: str) -> Path:
    """The path of a dotted place: `lines[1].label` is ("lines", 1, "label"); names that people
    choose (an override's key) stay whole."""
    path: list[str | int] = []
    rest = where
    while rest:
        name, dot, after = rest.partition(".")
        if path and path[-1] in _OPEN_NAMES:
            return (*path, rest)
        name, bracket, number = name.partition("[")
        path.append(name)
        if bracket:
            path.append(int(number.rstrip("]")))
        rest = after if dot else ""
    return tuple(path)
