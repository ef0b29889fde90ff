"""What does the daemon tell, and how does it tell it without ever waiting?"""

import json
import logging
import queue
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Literal, TextIO

from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import masked_tokens

QUEUE_LINES = 20_000
VERBATIM = 10  # denials a source and minute
VERBATIM_ALL = 2_000  # denials a minute, all sources together
SOURCES = 2_000  # counted apart in one minute; the rest share one count

MISSES = frozenset({"unknown_phone", "unknown_file", "ambiguous_file"})
WRONG_LOGIN = "login_refused"

_MINUTE = timedelta(minutes=1)

_URL_PASSWORD = re.compile(r"(://[^/@:\s]*:)[^/@\s]+@")  # RFC 3986 §3.2.1
# They tell each statement with its parameters, or each turn of the loop, and nothing of ours.
_CHATTY = ("aiosqlite", "alembic", "asyncio", "sqlalchemy", "watchfiles")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_OWN_ATTRIBUTES = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def masked(text: str) -> str:
    """The text without phone tokens and URL passwords."""
    return _URL_PASSWORD.sub(r"\1***@", masked_tokens(text))


class TextFormat(logging.Formatter):
    """One line a record for people; a traceback follows, indented, so that nothing that a phone
    sent can begin a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, secrets masked, control characters escaped."""
        facts = "".join(f" {key}={_plain(value)}" for key, value in _facts(record).items())
        at = _instant(record).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        head = f"{at}Z {record.levelname} {record.name}: {_plain(record.getMessage())}{facts}"
        lines = [head, *(_plain(line) for line in _traceback(self, record).splitlines())]
        return masked("\n    ".join(lines))


class JsonFormat(logging.Formatter):
    """One JSON object a line: at, level, logger, message, the record's facts, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, secrets masked."""
        told: dict[str, object] = {
            "at": _instant(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_facts(record),
        }
        traceback = _traceback(self, record)
        if traceback:
            told["exception"] = traceback
        return json.dumps({key: _masked_value(value) for key, value in told.items()}, default=str)


class LogWriter(logging.Handler):
    """Formats in the caller and writes in a thread of its own: a full pipe or a slow disk never
    holds the event loop. Where the writer cannot follow, lines are dropped and counted."""

    def __init__(self, stream: TextIO, limit: int = QUEUE_LINES) -> None:
        super().__init__()
        self._stream = stream
        self._limit = limit
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._dropped = 0
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the line over; never waits, never raises."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 - a fault in a log call may not fail its caller
            line = f"a log record of {record.name}:{record.lineno} is faulty: {error!r}"
        if self._lines.qsize() >= self._limit:
            self._dropped += 1
        else:
            self._lines.put(line)

    def stop(self, timeout: float = 5.0) -> None:
        """Write what is waiting, for at most `timeout` seconds. Blocks: not for the event loop."""
        self._lines.put(None)
        self._thread.join(timeout)

    def _write(self) -> None:
        told = 0
        while True:
            line = self._lines.get()
            dropped = self._dropped - told
            if dropped:
                self._put(f"{dropped} log lines were dropped: the log's reader is too slow")
            told += dropped
            if line is None:
                return
            self._put(line)

    def _put(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
            if self._lines.empty():
                self._stream.flush()
        except (OSError, ValueError):  # a full disk or a closed pipe: there is nobody to tell
            return


def start(*, level: str, style: Literal["text", "json"], stream: TextIO | None = None) -> LogWriter:
    """Send every logger's records of this level and above to the stream (default: stderr).

    Libraries that would tell statement parameters or the loop's turns stay at warning and above.
    The caller stops the writer as the last thing it does.
    """
    writer = LogWriter(stream if stream is not None else sys.stderr)
    writer.setFormatter(JsonFormat() if style == "json" else TextFormat())
    logging.captureWarnings(True)
    logging.basicConfig(level=level.upper(), handlers=[writer], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(
            max(logging.WARNING, logging.getLevelName(level.upper()))
        )
    return writer


class SecurityLog:
    """Tells who was denied what, in lines that a log watcher may count.

    The first ten denials a source and minute stand verbatim, `denied <address> <transport>
    <method> <name> <outcome>: <detail>`; the rest of that minute is one line, `denied <address>
    and <count> more in the minute <instant>`, written when the minute is over, with how many of
    them were misses or wrong log-ins: by those a source may be shut out, if they did not come by
    TFTP, whose sources can be forged.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._log = logger or logging.getLogger("provisiond.security")
        self._minute: datetime | None = None
        self._written: dict[str, int] = {}
        self._more: dict[str, int] = {}
        self._missed: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._lines = 0
        self._elsewhere = 0

    def denied(self, entry: RequestEntry) -> None:
        """Count one denial, and write it where few were written yet. Returns at once."""
        self.tick(entry.at)
        if self._minute is None:
            self._minute = entry.at.replace(second=0, microsecond=0)
        written = self._written.get(entry.address, 0)
        if not written and len(self._written) >= SOURCES:
            self._elsewhere += 1
        elif written < VERBATIM and self._lines < VERBATIM_ALL:
            self._written[entry.address] = written + 1
            self._lines += 1
            self._tell(entry)
        else:
            self._written.setdefault(entry.address, VERBATIM)
            self._more[entry.address] = self._more.get(entry.address, 0) + 1
            if entry.outcome in MISSES and entry.transport != "tftp":
                self._missed[entry.address] = self._missed.get(entry.address, 0) + 1
            elif entry.outcome == WRONG_LOGIN:
                self._refused[entry.address] = self._refused.get(entry.address, 0) + 1

    def alarm(self, entry: RequestEntry) -> None:
        """Tell what a person should look at: `alarm <address> <transport> <kind>: <detail>`."""
        self._log.error(
            "alarm %s %s %s: %s",
            entry.address,
            entry.transport,
            entry.outcome,
            f"{entry.mac}: {entry.detail}" if entry.mac is not None else entry.detail,
            extra={"source": entry.address, "outcome": entry.outcome},
        )

    def tick(self, at: datetime) -> None:
        """Write the counts of a minute that is over. Call it each minute, for a source may stop."""
        if self._minute is not None and at - self._minute >= _MINUTE:
            self.stop()

    def stop(self) -> None:
        """Write the counts so far, and begin anew."""
        minute = self._minute.strftime("%Y-%m-%dT%H:%MZ") if self._minute is not None else ""
        for address, count in self._more.items():
            self._log.warning(
                "denied %s and %d more in the minute %s%s",
                address,
                count,
                minute,
                self._kinds(address),
                extra={"source": address, "count": count},
            )
        if self._elsewhere:
            self._log.warning(
                "denied %d requests of further sources in the minute %s",
                self._elsewhere,
                minute,
                extra={"count": self._elsewhere},
            )
        self._minute = None
        self._written.clear()
        self._more.clear()
        self._missed.clear()
        self._refused.clear()
        self._lines = self._elsewhere = 0

    def _kinds(self, address: str) -> str:
        """How many of a source's further denials it may be shut out for."""
        counts = (
            (self._missed.get(address, 0), "of them misses"),
            (self._refused.get(address, 0), "of them wrong log-ins"),
        )
        return "".join(f", {count} {words}" for count, words in counts if count)

    def _tell(self, entry: RequestEntry) -> None:
        self._log.warning(
            "denied %s %s %s %s %s: %s",
            entry.address,
            entry.transport,
            entry.method,
            entry.name.replace(" ", "\\x20"),
            entry.outcome,
            entry.detail,
            extra={"source": entry.address, "outcome": entry.outcome},
        )


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {k: v for k, v in record.__dict__.items() if k not in _OWN_ATTRIBUTES}


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info else []
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return "\n".join(parts)


def _plain(value: object) -> str:
    """Text without control characters, which could forge a line or drive a terminal."""
    return _CONTROL.sub(lambda c: c[0].encode("unicode_escape").decode(), str(value))


def _masked_value(value: object) -> object:
    return value if isinstance(value, int | float | None) else masked(str(value))
