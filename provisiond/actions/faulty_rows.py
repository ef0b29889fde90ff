"""Which rows of a table had faults, and what is left without them?"""

import asyncio
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from provisiond.actions.csv_table import FAULT, guarded
from provisiond.actions.import_reading import ImportInventory, is_table
from provisiond.actions.imports import import_inventory
from provisiond.actions.table_records import read_records
from provisiond.actions.workbook import workbook_bytes
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.access import Actor
from provisiond.inventory.errors import Finding, RejectedAll
from provisiond.store.database import Database

_ROW = re.compile(r"row (\d+)(?:, column (.*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTable:
    """A table in two: `faulty` has the headings, a column that says what is wrong, and the rows
    that had faults; `rest` is the others as CSV, each row with the number that it had."""

    faulty: tuple[Sequence[str], ...]
    rest: bytes

    @property
    def count(self) -> int:
        """How many rows had faults."""
        return len(self.faulty) - 1

    def faulty_csv(self) -> bytes:
        """The faulty rows as a table that `import` takes back: UTF-8 with a byte order mark."""
        return b"\xef\xbb\xbf" + _csv(self.faulty)

    def faulty_workbook(self) -> bytes:
        """The faulty rows as a workbook whose cells are texts."""
        return workbook_bytes("faults", self.faulty)


def split_table(content: bytes, findings: Iterable[Finding]) -> SplitTable | None:
    """The table in two; None where the faults are not those of rows, so that nothing is left to
    import. Raises RejectedAll where the file is no table."""
    told = _by_row(findings)
    split = _split(content, told) if told else None
    return split if split is not None and split.count else None


async def faulty_rows(
    db: Database, shelf: Shelf, actor: Actor, command: ImportInventory, at: datetime
) -> SplitTable:
    """The rows of a table that its import would refuse, none where it would take all; nothing is
    changed. Raises RejectedAll where the faults are not those of rows, and what an import does."""
    if not is_table(command):
        message = "it is no table, and has no rows."
        remedy = "Send CSV or .xlsx, or import it with dry_run=true."
        raise RejectedAll((Finding(where="file", message=message, remedy=remedy),))
    try:
        await import_inventory(db, shelf, actor, replace(command, dry_run=True), at)
    except RejectedAll as fault:
        split = await asyncio.to_thread(split_table, command.content, fault.findings)
        if split is None:
            raise
        return split
    return await asyncio.to_thread(_split, command.content, {})


def _split(content: bytes, told: Mapping[int, Sequence[str]]) -> SplitTable:
    records = read_records(content)
    own = [i for i, heading in enumerate(records.header) if heading.strip().casefold() != FAULT]
    faulty: list[Sequence[str]] = [[*(records.header[i] for i in own), FAULT]]
    rest: list[Sequence[str]] = [[records.header[i] for i in own]]
    for number, cells in records.rows:
        kept = [cells[i] if i < len(cells) else "" for i in own]
        if number in told:
            faulty.append([*kept, guarded("; ".join(told[number]))])
        else:
            rest += [[]] * (number - len(rest) - 1)
            rest.append(kept)
    return SplitTable(faulty=tuple(faulty), rest=_csv(rest))


def _by_row(findings: Iterable[Finding]) -> Mapping[int, list[str]]:
    """What is wrong with each row; nothing where a fault is of no row."""
    told: dict[int, list[str]] = {}
    for finding in findings:
        if finding.severity != "error":
            continue
        found = _ROW.fullmatch(finding.where)
        if found is None:
            return {}
        column = f"{found.group(2)}: " if found.group(2) else ""
        told.setdefault(int(found.group(1)), []).append(
            f"{column}{finding.message} {finding.remedy}".strip()
        )
    return told


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()
