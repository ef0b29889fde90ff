"""How does an answer look? Tables for eyes and pipes, JSON for programs, faults in one sentence."""

import dataclasses
import json
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from provisiond.inventory.errors import (
    BadSettings,
    Finding,
    NotFound,
    ProvisiondError,
    Refused,
    Rejected,
    RejectedAll,
    Stale,
    TemplateRejected,
)
from provisiond.inventory.mac import Mac
from provisiond.inventory.resyncs import Resync, ResyncState
from provisiond.inventory.secret import Secret
from provisiond.inventory.texts import printable

MOST_FINDINGS = 200  # printed for people; --json has all


def say(text: str = "") -> None:
    """A line on standard output."""
    print(text)


def warn(text: str) -> None:
    """A line on standard error, where it does not get into what is piped on."""
    print("\n".join(printable(line) for line in text.split("\n")), file=sys.stderr)


def emit(value: object) -> None:
    """A value as JSON on standard output."""
    print(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: object) -> Any:
    """What JSON can hold: records as objects, secrets masked."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type | Mac):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(plain(name)): plain(below) for name, below in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(below) for below in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mac | Secret | Path):
        return str(value)
    return value


def outcome_text(found: Resync) -> str:
    """What came of a re-sync, in one sentence."""
    answer = f" {found.code}" if found.code is not None else ""
    because = f": {found.reason}" if found.reason else "."
    if found.confirmed_at is not None:
        return f"{found.mac} has fetched its file and is current."
    fetched = "has not fetched its file yet."
    if found.was_told_again:
        fetched = "was told again before it fetched its file."
    elif found.closed:
        fetched = (
            "did not fetch its file: power-cycle it, and see whether its settings let a NOTIFY "
            "from there make it fetch."
        )
    texts = {
        ResyncState.QUEUED: f"{found.mac} is about to be told.",
        ResyncState.SENDING: f"{found.mac} was told and has not answered yet.",
        ResyncState.ANSWERED: f"{found.mac} answered{answer} and {fetched}",
        ResyncState.REFUSED: f"{found.mac} refused with{answer}{because}",
        ResyncState.SILENT: f"{found.mac} did not answer. {found.reason}".rstrip(),
        ResyncState.FAILED: f"{found.mac} could not be told{because}",
    }
    return texts[found.state]


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table: drawn on a terminal, plain aligned columns in a pipe."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _drawn(columns, cells)
        return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    for row in ([name.upper() for name in columns], *cells):
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def pairs(rows: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line; what is empty is left out."""
    listed = [(name, _cell(value)) for name, value in rows if value not in (None, "", (), {})]
    width = max((len(name) for name, _ in listed), default=0)
    for name, value in listed:
        print(f"{name.ljust(width)}  {value}")


def findings(found: Sequence[Finding]) -> None:
    """Findings on standard error, each in one line."""
    for finding in found[:MOST_FINDINGS]:
        label = "" if finding.severity == "error" else f"{finding.severity}: "
        warn(f"{label}{finding}")
    if len(found) > MOST_FINDINGS:
        warn(f"… and {len(found) - MOST_FINDINGS} more; --json lists all.")


def report(fault: ProvisiondError, *, as_json: bool) -> int:
    """Tell a fault; answers the exit code: 2 for settings, 1 for all else."""
    listed: tuple[Finding, ...] = ()
    if isinstance(fault, RejectedAll | TemplateRejected | BadSettings | NotFound | Stale):
        listed = fault.findings
    elif isinstance(fault, Rejected):
        listed = (Finding(where=fault.field, message=fault.message, remedy=fault.remedy),)
    if as_json:
        emit({"error": fault.code, "message": str(fault).splitlines()[0], "findings": listed})
    elif isinstance(fault, RejectedAll):
        findings(listed)
        warn(fault.summary)
    else:
        warn(f"provisiond: {fault}")
    return 2 if isinstance(fault, BadSettings) else 1


def moment(at: datetime | None) -> str:
    """An instant for people, in UTC to the minute; empty for none."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at is not None else ""


def write_output(content: bytes, output: "Output | None") -> None:
    """Bytes to the file that was opened, or as they are to standard output."""
    if output is not None:
        output.finish(content)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


class Output:
    """A file to write an answer into: opened before root's rights are given up, readable by its
    owner alone, and left as it was where the command fails."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self.path = path
        self._is_new = not self._path.exists()
        # Once root has given its rights up it may rename nothing beside the file: the file itself
        # is held open instead.
        self._in_place = os.geteuid() == 0 or not (self._is_new or self._path.is_file())
        try:
            if self._in_place:
                self._written = self._path
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
                if self._path.is_file():
                    os.fchmod(self._descriptor, 0o600)
            else:
                folder = self._path.parent
                self._descriptor, name = tempfile.mkstemp(prefix=".provisiond-", dir=folder)
                self._written = Path(name)
        except OSError as fault:
            raise Refused(f"{path} cannot be written: {fault.strerror}.") from fault

    def finish(self, content: bytes) -> None:
        """Put the content in place of what the file held."""
        try:
            self._write(content)
            if not self._in_place:
                self._written.replace(self._path)
        except OSError as fault:
            self.give_up()
            raise Refused(f"{self._path} cannot be written: {fault.strerror}.") from fault
        os.close(self._descriptor)

    def _write(self, content: bytes) -> None:
        status = os.fstat(self._descriptor)
        is_regular = stat.S_ISREG(status.st_mode)
        if is_regular and content:
            try:
                os.posix_fallocate(self._descriptor, 0, len(content))  # before the old is lost
            except OSError:
                os.ftruncate(self._descriptor, status.st_size)
                raise
        left = memoryview(content)
        while left:
            left = left[os.write(self._descriptor, left) :]
        if is_regular:
            os.ftruncate(self._descriptor, len(content))
            os.fsync(self._descriptor)

    def give_up(self) -> None:
        """Leave nothing behind that was not there before."""
        os.close(self._descriptor)
        if self._is_new or not self._in_place:
            try:
                self._written.unlink()
            except OSError:
                return


def _drawn(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for index, name in enumerate(columns):
        drawn.add_column(name, overflow="fold", no_wrap=index == 0)  # a MAC is read in one piece
    for row in cells:
        drawn.add_row(*(Text(cell) for cell in row))
    Console().print(drawn)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple | list):
        return ", ".join(_cell(one) for one in value)
    return printable(str(value).replace("\n", " "))
