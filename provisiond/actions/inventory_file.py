"""What does somebody want the inventory to hold? A file's records, each with its place in it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from provisiond.actions.inventory_parse import SchemaFault, parse_tree
from provisiond.actions.inventory_salvage import NO_GAPS, Gaps, Left, is_given, salvage
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
from provisiond.actions.stand_ins import names_stand_in
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
    """A finding that knows its place as a path. `{also}` in the message is where `also` is. One
    that is `unread` is of a field that has a stand-in from there on."""

    path: Path
    message: str
    remedy: str = ""
    severity: str = "error"
    also: Path = ()
    unread: bool = False


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
    without what they concern, of which `gaps` tell what is not judged, and `original` turns a
    place in it into the file's own.
    """

    entry: InventoryEntry
    roots: tuple[Path, ...]
    locate: Locate
    is_table: bool = False
    faults: tuple[Fault, ...] = ()
    original: Callable[[Path], Path] = _as_it_is
    gaps: Gaps = NO_GAPS

    def findings(self, planned: Iterable[Fault]) -> tuple[Finding, ...]:
        """What was found while reading and planning, in the file's order, faults first."""
        found = list(planned)
        gaps = self.gaps | Gaps.of(self.original(fault.path) for fault in found if fault.unread)
        there = (
            replace(fault, path=self.original(fault.path), also=self.original(fault.also))
            for fault in found
            if not gaps.unjudged or self._is_judged(fault, gaps)
        )
        return located((*self.faults, *there), self.locate)

    def _is_judged(self, fault: Fault, gaps: Gaps) -> bool:
        """Whether a fault is one of what was read, and not of a field that was not."""
        if fault.unread:
            gaps = self.gaps
        elif names_stand_in(fault.message) or names_stand_in(fault.remedy):
            return False
        top = self.entry.domains[0] if self.roots == ((),) else self.entry
        return gaps.is_judged(self.original(fault.path), is_given=is_given(top, fault.path))


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
def source_of(
    tree: Tree, locate: Locate, *, is_table: bool = False, unread: Collection[Path] = ()
) -> Source:
    """The records of a tree, with every fault of its schema; the fields that are `unread` have
    one that is told already.

    Raises RejectedAll where so little is left without them that nothing else can be checked.
    """
    left: Left | None = Left(tree=tree, gaps=NO_GAPS, kept={})
    if unread:
        left = salvage(tree, unread) if len(unread) < MAX_FAULTS else None
    if left is None:
        raise refusal(())
    faults: tuple[Fault, ...] = ()
    try:
        entry, alone = parse_tree(left.tree)
    except SchemaFault as schema:
        faults = tuple(
            Fault(path=left.original(at), message=said, remedy=do) for at, said, do in schema.faults
        )
        saved = _saved(tree, [*unread, *(fault.path for fault in faults)])
        if saved is None:
            raise refusal(located(faults, locate)) from schema
        left, entry, alone = saved
    domains = range(len(entry.domains))
    return Source(
        entry=entry,
        roots=((),) if alone else tuple(("domains", index) for index in domains),
        locate=locate,
        is_table=is_table,
        faults=faults,
        original=left.original,
        gaps=left.gaps,
    )


def _saved(tree: Tree, faulty: Collection[Path]) -> tuple[Left, InventoryEntry, bool] | None:
    """The file without its faulty fields, if it has so few that others are told beside them."""
    left = salvage(tree, faulty) if len(faulty) < MAX_FAULTS else None
    try:
        return (left, *parse_tree(left.tree)) if left is not None else None
    except SchemaFault:
        return None


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
