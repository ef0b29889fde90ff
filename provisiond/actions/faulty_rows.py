"""Which rows of a table had faults, and what is left without them?"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from provisiond.actions.csv_table import FAULT, guarded
from provisiond.actions.table_records import read_records
from provisiond.actions.workbook import workbook_bytes
from provisiond.inventory.errors import Finding

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
    if not told:
        return None
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
    return SplitTable(faulty=tuple(faulty), rest=_csv(rest)) if len(faulty) > 1 else None


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
