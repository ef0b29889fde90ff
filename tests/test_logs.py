"""Are log lines whole, masked and forgery-proof, and does nobody ever wait for them?"""

import asyncio
import contextlib
import io
import json
import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond import logs
from provisiond.inventory.journal import RequestEntry
from provisiond.inventory.secret import new_token
from provisiond.logs import JsonFormat, LogWriter, SecurityLog, TextFormat, masked

NOON = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)

Lines = Callable[[], list[str]]


@pytest.fixture
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def record(message: str, *args: object, **facts: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"msg": message, "args": args, "name": "provisiond.boot", "levelname": "INFO", **facts}
    )
    made.created = NOON.timestamp()
    return made


def denial(address: str = "192.0.2.9", at: datetime = NOON, name: str = "a.cfg") -> RequestEntry:
    return RequestEntry(
        at=at,
        transport="http",
        address=address,
        method="GET",
        name=name,
        outcome="unknown_phone",
        detail="no phone has this MAC",
    )


@pytest.fixture
def security(caplog: pytest.LogCaptureFixture) -> tuple[SecurityLog, Lines]:
    caplog.set_level(logging.INFO)
    return SecurityLog(logging.getLogger("test.security")), lambda: caplog.messages


def test_a_text_line_has_time_level_logger_message_and_facts() -> None:
    line = TextFormat().format(record("served %s", "a.cfg", mac="001565aabbcc"))
    assert line == "2026-03-01T12:00:07.000Z INFO provisiond.boot: served a.cfg mac=001565aabbcc"


def test_a_json_line_is_one_object() -> None:
    line = JsonFormat().format(record("two\nlines %s", "ü", count=3, at_all=None))
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2026-03-01T12:00:07.000+00:00",
        "level": "info",
        "logger": "provisiond.boot",
        "message": "two\nlines ü",
        "count": 3,
        "at_all": None,
    }


@given(st.text())
def test_no_text_can_begin_a_line_of_its_own(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        made = record("User-Agent %s", text, agent=text)
        made.exc_info = (ValueError, error, error.__traceback__)
    first, *rest = TextFormat().format(made).split("\n")
    assert first.startswith("2026-03-01T12:00:07.000Z INFO")
    assert all(line.startswith("    ") for line in rest)
    assert all(c.isprintable() or c == "\n" or ord(c) > 0x9F for c in "\n".join([first, *rest]))
    json.loads(JsonFormat().format(made))


@pytest.mark.parametrize("style", [TextFormat(), JsonFormat()])
def test_tokens_and_passwords_are_masked_wherever_they_stand(style: logging.Formatter) -> None:
    token = new_token().reveal()
    try:
        raise RuntimeError(f"/p/{token.upper()}/x.cfg")
    except RuntimeError as error:
        made = record("GET /p/%s/a.cfg postgresql://u:hunter2@db/x", token, name2=f"p/{token}")
        made.exc_info = (RuntimeError, error, error.__traceback__)
    line = style.format(made)
    assert token not in line.lower()
    assert "hunter2" not in line
    assert "postgresql://u:***@db/x" in line
    assert line.count("/p/***/") == 2


@pytest.mark.parametrize("before", ["p%2F", "p%2f", "\n", "\xff", "p\\xff", "\u2028"])
@pytest.mark.parametrize("style", [TextFormat(), JsonFormat()])
def test_no_escape_before_a_token_uncovers_it(style: logging.Formatter, before: str) -> None:
    token = new_token().reveal()
    line = style.format(record("asked for %s%s%%2Fa.cfg", before, token, name2=before + token))
    assert token not in line
    assert line.count("***") == 2


def test_debug_does_not_tell_what_statements_carry(restored_logging: None) -> None:
    async def ask() -> None:
        async with aiosqlite.connect(":memory:") as database:
            await database.execute("select ?", ("hunter2",))

    stream = io.StringIO()
    writer = logs.start(level="debug", style="text", stream=stream)
    asyncio.run(ask())
    logging.getLogger("sqlalchemy.engine").info("hunter2")
    logging.getLogger("provisiond.test").debug("ours")
    writer.stop()
    assert "hunter2" not in stream.getvalue()
    assert "aiosqlite" not in stream.getvalue()
    assert stream.getvalue().endswith("DEBUG provisiond.test: ours\n")


def test_what_is_no_secret_stays() -> None:
    text = "https://pbx.example.test:8443/y000000000066.cfg 001565aabbcc 127.0.0.1:8080"
    assert masked(text) == text


def test_started_logging_reaches_the_stream_in_order(restored_logging: None) -> None:
    stream = io.StringIO()
    writer = logs.start(level="info", style="text", stream=stream)
    log = logging.getLogger("provisiond.test")
    for number in range(100):
        log.info("line %d", number)
        log.debug("never")
    writer.stop()
    numbers = [int(line.rsplit(" ", 1)[1]) for line in stream.getvalue().splitlines()]
    assert numbers == list(range(100))


def test_a_faulty_log_call_fails_nobody(restored_logging: None) -> None:
    stream = io.StringIO()
    writer = logs.start(level="info", style="text", stream=stream)
    logging.getLogger("provisiond.test").info("%d", "no number")
    writer.stop()
    assert "a log record of provisiond.test" in stream.getvalue()


def test_a_reader_that_stopped_holds_nobody_and_the_loss_is_told() -> None:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w")
    writer = LogWriter(stream, limit=50)

    async def flood() -> None:
        for _ in range(5000):  # 5 MB into a pipe of 64 kB that nobody reads
            writer.handle(record("x" * 1000))

    asyncio.run(flood())
    os.set_blocking(reading, False)
    told = b""
    while writer._thread.is_alive():
        writer.stop(timeout=0.01)
        with contextlib.suppress(BlockingIOError):
            told += os.read(reading, 1 << 20)
    stream.close()
    told += os.read(reading, 1 << 20)
    os.close(reading)
    lines = told.decode().splitlines()
    lost = [int(line.split()[0]) for line in lines if "lines were dropped" in line]
    assert lost
    assert sum(lost) + lines.count("x" * 1000) == 5000


def test_a_closed_stream_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    writer = LogWriter(stream)
    for _ in range(3):
        writer.handle(record("nobody reads"))
    writer.stop()
    with pytest.raises(BrokenPipeError):
        stream.close()


def test_ten_denials_stand_verbatim_and_the_rest_is_one_line(
    security: tuple[SecurityLog, Lines],
) -> None:
    log, lines = security
    for number in range(500):
        log.denied(denial(name=f"{number:012x}.cfg"))
    log.denied(denial("198.51.100.1"))
    assert lines()[0] == (
        "denied 192.0.2.9 http GET 000000000000.cfg unknown_phone: no phone has this MAC"
    )
    assert len(lines()) == 11
    log.denied(denial(at=NOON + timedelta(minutes=1)))
    assert lines()[11:] == [
        "denied 192.0.2.9 and 490 more in the minute 2026-03-01T12:00Z, 490 of them misses",
        "denied 192.0.2.9 http GET a.cfg unknown_phone: no phone has this MAC",
    ]


def test_a_source_that_stopped_is_counted_by_the_tick(security: tuple[SecurityLog, Lines]) -> None:
    log, lines = security
    for _ in range(12):
        log.denied(denial())
    log.tick(NOON + timedelta(seconds=10))
    assert len(lines()) == 10
    log.tick(NOON + timedelta(seconds=53))
    assert lines()[10:] == [
        "denied 192.0.2.9 and 2 more in the minute 2026-03-01T12:00Z, 2 of them misses"
    ]
    log.tick(NOON + timedelta(minutes=9))
    log.stop()
    assert len(lines()) == 11


def test_a_million_sources_neither_fill_memory_nor_the_log(
    security: tuple[SecurityLog, Lines],
) -> None:
    log, lines = security
    for number in range(20_000):
        log.denied(denial(f"2001:db8::{number:x}"))
    log.stop()
    assert len(lines()) == logs.VERBATIM_ALL + 1
    assert lines()[-1].startswith(f"denied {20_000 - logs.SOURCES} requests of further sources")


def test_a_name_cannot_forge_the_fields_of_a_denial(security: tuple[SecurityLog, Lines]) -> None:
    log, lines = security
    log.denied(denial(name="a.cfg served: \n denied 203.0.113.1"))
    assert lines()[0].split(" ")[4] == "a.cfg\\x20served:\\x20\n\\x20denied\\x20203.0.113.1"
