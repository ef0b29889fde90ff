"""Which rows of ours are another system's records, read by a profile?"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from provisiond.actions.csv_table import FAULT, Row, Table, cell_text, folded, heading_text
from provisiond.actions.import_profiles import ColumnRule, Profile, SkipRule, heading_pattern
from provisiond.actions.inventory_text import MAX_FAULTS, Tree
from provisiond.actions.table_records import Records, fault, records_of_objects, reject
from provisiond.inventory.errors import Finding
from provisiond.inventory.texts import shown

_MOST_LISTED = 12

_Group = tuple[str, int]  # ("", 0), ("line", 2), ("button", 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One column of the file that one of our columns reads."""

    rule: ColumnRule
    group: _Group
    index: int
    heading: str


@dataclass(slots=True)
class _Told:
    """What is said once of all rows: how often, and where first."""

    count: int = 0
    row: int = 0
    names: dict[str, None] = field(default_factory=dict)


def table_by_profile(records: Records, profile: Profile) -> Table:
    """The records as rows with our columns; a record of several lines or keys becomes as many
    rows of one number. Values that cannot be read are among its warnings, as errors. Raises
    RejectedAll where the file breaks off."""
    return _Reader(records, profile).read()


def records_by_profile(tree: Tree, profile: Profile) -> Records:
    """The objects of a JSON file that the profile reads. Raises RejectedAll where it has none."""
    rule = profile.file
    found = tree.get(rule.records) if rule.records and isinstance(tree, dict) else tree
    where = rule.records or "record"
    if not isinstance(found, list):
        message = f"it holds no list{f' {rule.records!r}' if rule.records else ''} of objects."
        reject([fault("file", message, f"{profile.file.title} is expected.")])
    if rule.join is not None and isinstance(tree, dict):
        found = _joined(found, tree.get(rule.join.records), rule.join.on, rule.join.key)
    return records_of_objects(found, where)


def _joined(objects: Sequence[Tree], others: Tree, on: str, key: str) -> list[Tree]:
    listed = others if isinstance(others, list) else []
    by_key = {str(one.get(key)): one for one in listed if isinstance(one, dict)}
    joined: list[Tree] = []
    for one in objects:
        if isinstance(one, dict):
            joined.append({**by_key.get(str(one.get(on)), {}), **one})
        else:
            joined.append(one)
    return joined


class _Reader:
    def __init__(self, records: Records, profile: Profile) -> None:
        self._records = records
        self._profile = profile
        self._sources: dict[tuple[str, _Group], list[_Source]] = {}
        self._used: set[int] = set()
        self._index: dict[str, int] = {}
        self._told: dict[str, _Told] = {}
        self._skips: list[tuple[int, SkipRule, frozenset[str]]] = []
        self._losts: list[tuple[int, str]] = []
        self._faults: list[Finding] = []
        for index, heading in enumerate(records.header):
            self._index.setdefault(folded(heading), index)
        self._bind()

    def read(self) -> Table:
        records = self._records
        rows = tuple(row for record in records.rows for row in self._rows(*record))
        if records.faults:
            reject(records.faults)
        return Table(
            rows=rows,
            headings=self._headings(),
            warnings=(*records.warnings, *self._warnings(), *self._faults),
            row_word=records.row_word,
            column_word=records.column_word,
        )

    def _bind(self) -> None:
        """Find in which columns of the file each of ours stands."""
        for rule in self._profile.file.column:
            for name in rule.from_:
                pattern, counted = heading_pattern(name)
                for heading, index in self._index.items():
                    if found := pattern.fullmatch(heading):
                        group = (counted, int(found.group(1)[:6])) if counted else ("", 0)
                        self._used.add(index)
                        source = _Source(
                            rule=rule,
                            group=group,
                            index=index,
                            heading=heading_text(self._records.header[index]),
                        )
                        self._sources.setdefault((rule.to, group), []).append(source)
            if rule.with_ is not None and (at := self._index.get(folded(rule.with_))) is not None:
                self._used.add(at)
        for skip in self._profile.file.skip:
            if (at := self._index.get(folded(skip.from_))) is not None:
                self._used.add(at)
                self._skips.append((at, skip, frozenset(v.casefold() for v in skip.values)))
        for lost in self._profile.file.lost:
            for name in lost.from_:
                if (at := self._index.get(folded(name))) is not None:
                    self._used.add(at)
                    self._losts.append((at, name))

    def _rows(self, number: int, cells: Sequence[str]) -> Iterator[Row]:
        skip = self._skipped(cells)
        if skip is not None:
            self._tell(f"skip {skip.from_}", number)
            return
        self._lost(number, cells)
        read: dict[_Group, dict[str, str]] = {("", 0): {}}
        headings: dict[_Group, dict[str, str]] = {("", 0): {}}
        for (to, group), sources in self._sources.items():
            for source in sources:
                value = self._value(number, cells, source)
                if value is not None:
                    read.setdefault(group, {})[to] = value
                    headings.setdefault(group, {})[to] = source.heading
                    break
        shared = read.pop(("", 0))
        own = headings.pop(("", 0))
        groups = [g for g in sorted(read) if _is_something(g, read[g])]
        if not shared and not groups:
            return
        yield Row(number=number, cells=shared, headings=own)
        for group in groups:
            counted, count = group
            numbered = {"line" if counted == "line" else "button_key": str(count)}
            mac = {"mac": shared["mac"]} if "mac" in shared else {}
            named = {**own, **dict.fromkeys(numbered, next(iter(headings[group].values())))}
            yield Row(
                number=number,
                cells={**mac, **numbered, **read[group]},
                headings={**named, **headings[group]},
            )

    def _value(self, number: int, cells: Sequence[str], source: _Source) -> str | None:
        """The cell as our column has it; None where it says nothing."""
        rule = source.rule
        written = cells[source.index].strip() if source.index < len(cells) else ""
        if not written or written in rule.empty:
            return None
        where = f"{self._records.row_word} {number}, {self._records.column_word} {source.heading}"
        value = cell_text(written)
        if rule.match is not None:
            found = re.search(rule.match, value)
            if found is None or found.group(1) is None:
                return self._unknown(where, rule, value)
            value = found.group(1)
        if rule.values:
            looked = value
            if rule.with_ is not None and (at := self._index.get(folded(rule.with_))) is not None:
                looked = f"{cells[at].strip() if at < len(cells) else ''}:{value}"
            known = rule.known.get(looked.casefold(), rule.known.get(value.casefold()))
            return self._unknown(where, rule, looked) if known is None else known
        return value

    def _unknown(self, where: str, rule: ColumnRule, value: str) -> str | None:
        if rule.otherwise == "keep":
            return value
        if rule.otherwise == "pass":
            return None
        if rule.otherwise == "leave_out":
            told = self._told.setdefault(f"unknown {rule.to}", _Told())
            told.count += 1
            told.names.setdefault(value)
            return None
        remedy = rule.remedy or "Correct it."
        message = f"{shown(value)} is not what {self._profile.file.title} writes here."
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(fault(where, message, remedy))
        return None

    def _skipped(self, cells: Sequence[str]) -> SkipRule | None:
        for at, rule, values in self._skips:
            if at < len(cells) and cells[at].strip().casefold() in values:
                return rule
        return None

    def _lost(self, number: int, cells: Sequence[str]) -> None:
        for at, name in self._losts:
            if at < len(cells) and cells[at].strip():
                self._tell(f"lost {name}", number)

    def _tell(self, what: str, number: int) -> None:
        told = self._told.setdefault(what, _Told(row=number))
        told.count += 1

    def _headings(self) -> Mapping[str, str]:
        return {to: sources[0].heading for (to, _), sources in self._sources.items()}

    def _warnings(self) -> Iterator[Finding]:
        file = self._profile.file
        yield _warning("file", f"it was read as {file.title}.", "")
        for skip in file.skip:
            if told := self._told.get(f"skip {skip.from_}"):
                message = f"{told.count} row(s) were passed over, row {told.row} first."
                yield _warning(self._place(skip.from_), message, skip.why)
        for lost in file.lost:
            for name in lost.from_:
                if told := self._told.get(f"lost {name}"):
                    message = f"it is filled in {told.count} row(s), and is left out."
                    yield _warning(self._place(name), message, lost.why)
        for what, told in self._told.items():
            if what.startswith("unknown "):
                named = ", ".join(shown(name) for name in list(told.names)[:_MOST_LISTED])
                message = f"{told.count} value(s) have no equal here and are left out: {named}."
                yield _warning(what.removeprefix("unknown "), message, "Add what is missing.")
        spare = [
            heading_text(heading)
            for index, heading in enumerate(self._records.header)
            if index not in self._used and heading.strip() and heading.strip().casefold() != FAULT
        ]
        if spare:
            more = f", and {len(spare) - _MOST_LISTED} more" if len(spare) > _MOST_LISTED else ""
            message = (
                f"{len(spare)} column(s) are not read: {', '.join(spare[:_MOST_LISTED])}{more}."
            )
            yield _warning("file", message, "")

    def _place(self, name: str) -> str:
        at = self._index.get(folded(name))
        heading = self._records.header[at] if at is not None else name
        return f"{self._records.column_word} {heading_text(heading)}"


def _is_something(group: _Group, cells: Mapping[str, str]) -> bool:
    """Whether a line or key is there, not only flags of one that is not."""
    needed = "extension" if group[0] == "line" else "button_kind"
    return cells.get(needed, "") not in ("", "none")


def _warning(where: str, message: str, remedy: str) -> Finding:
    return Finding(where=where, message=message, remedy=remedy, severity="warning")
