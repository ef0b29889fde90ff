"""What does somebody want the inventory to hold? A file's records, each with its place in it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisiond.actions.inventory_parse import SchemaFault, parse_tree
from provisiond.actions.inventory_salvage import salvage
from provisiond.actions.inventory_schema import InventoryEntry
from provisiond.actions.inventory_text import (
    ALL,
    MAX_FAULTS,
    Limits,
    Path,
    Tree,
    lines_of,
    parse_document,
    written,
)
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.inventory.near import few_looks
from provisiond.inventory.texts import printable

_OPEN_NAMES = ("overrides", "feature_codes", "firmware")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a person looks: a field and its line, or a row and column. Findings are listed by
    `rank`, the line or row."""

    where: str
    line: int | None = None
    rank: int = 0


Locate = Callable[[Iterable[Path]], Mapping[Path, Place]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A finding that knows its place as a path. `{also}` in the message is where `also` is."""

    path: Path
    message: str
    remedy: str = ""
    severity: str = "error"
    also: Path = ()


class Found:
    """Faults in the order in which they are found: as many as are told of one file, and as many
    warnings. Those behind them are not kept, nor looked for once there are that many faults."""

    def __init__(self) -> None:
        self._kept: list[Fault] = []
        self._room = {"error": MAX_FAULTS, "warning": MAX_FAULTS}

    def __iter__(self) -> Iterator[Fault]:
        return iter(self._kept)

    def append(self, fault: Fault) -> None:
        """Keep one more."""
        if self._room[fault.severity]:
            self._room[fault.severity] -= 1
            self._kept.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Keep several, and look for no more of them when there are enough."""
        for fault in faults:
            self.append(fault)
            if not self._room["error"]:
                return


def _as_it_is(path: Path) -> Path:
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file's records. `roots` are the places of its domains, one each.

    `is_table` marks a table of phones: its lines are merged into a phone's, one by one, and an
    empty extension removes a line. `faults` (and warnings) were found while reading; `entry` is
    without what they concern, and `original` turns a place in it into the file's own.
    """

    entry: InventoryEntry
    roots: tuple[Path, ...]
    locate: Locate
    is_table: bool = False
    faults: tuple[Fault, ...] = ()
    original: Callable[[Path], Path] = _as_it_is

    def findings(self, planned: Iterable[Fault]) -> tuple[Finding, ...]:
        """What was found while reading and planning, in the file's order, faults first."""
        there = (
            replace(fault, path=self.original(fault.path), also=self.original(fault.also))
            for fault in planned
        )
        return located((*self.faults, *there), self.locate)


def read_inventory(content: bytes, filename: str = "", limits: Limits = ALL) -> Source:
    """Read a JSON or YAML inventory file.

    Raises RejectedAll where it cannot be read at all. What contradicts the store or the catalogue
    is found later.
    """
    document = parse_document(content, filename, limits)
    text = replace(document, tree=None)  # while it is planned the tree would be held in vain

    def locate(paths: Iterable[Path]) -> Mapping[Path, Place]:
        return {
            path: Place(where=written(path), line=line, rank=line)
            for path, line in lines_of(text, paths).items()
        }

    return source_of(document.tree, locate)


@few_looks()
def source_of(tree: Tree, locate: Locate, *, is_table: bool = False) -> Source:
    """The records of a tree, with every fault of its schema.

    Raises RejectedAll where so little is left without them that nothing else can be checked.
    """
    original: Callable[[Path], Path] = _as_it_is
    faults: tuple[Fault, ...] = ()
    try:
        entry, _ = parse_tree(tree)
    except SchemaFault as schema:
        faults = tuple(Fault(path=at, message=said, remedy=do) for at, said, do in schema.faults)
        few = len(faults) < MAX_FAULTS
        saved = salvage(tree, (fault.path for fault in faults), schema.root) if few else None
        if saved is None:
            raise refusal(located(faults, locate)) from schema
        entry, original = saved
    alone = isinstance(tree, dict) and "domains" not in tree and "server" not in tree
    domains = range(len(entry.domains))
    roots: tuple[Path, ...] = ((),) if alone else tuple(("domains", index) for index in domains)

    return Source(
        entry=entry,
        roots=roots,
        locate=locate,
        is_table=is_table,
        faults=faults,
        original=original,
    )


def located(faults: Iterable[Fault], locate: Locate) -> tuple[Finding, ...]:
    """Findings with the places that a person looks up, in the file's order where it has lines."""
    listed = list(faults)
    places = locate(fault.path for fault in listed)
    listed.sort(key=lambda fault: (fault.severity != "error", places[fault.path].rank))
    return tuple(
        Finding(
            where=printable(places[fault.path].where),
            line=places[fault.path].line,
            message=printable(fault.message.replace("{also}", written(fault.also))),
            remedy=printable(fault.remedy),
            severity=fault.severity,
        )
        for fault in listed
    )


def refusal(findings: Iterable[Finding]) -> RejectedAll:
    """What refuses a file for its faults; of very many it tells the first."""
    listed = tuple(findings)
    errors = sum(finding.severity == "error" for finding in listed)
    if errors < MAX_FAULTS:
        return RejectedAll(listed, f"{errors} fault(s); nothing was changed.")
    summary = (
        f"at least {MAX_FAULTS:,} faults; nothing was changed. Correct what they have in common."
    )
    return RejectedAll(listed[:MAX_FAULTS], summary)


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
