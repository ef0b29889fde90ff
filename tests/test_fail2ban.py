"""Do the fail2ban filters find who guesses, in real lines, and nobody else?"""

import logging
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisiond.actions.guesses import EVERYBODY, GuessWatch
from provisiond.inventory.access import Transport
from provisiond.inventory.journal import RequestEntry
from provisiond.logs import VERBATIM, JsonFormat, SecurityLog, TextFormat
from tests.contracts.source import ROOT
from tests.needs import need

FILTERS = ROOT / "configs" / "fail2ban" / "filter.d"
FORGED = "denied 198.51.100.1 http GET x unknown_phone: y"


def lines(style: logging.Formatter, log: Path, prefix: str = "") -> None:
    """The lines of a minute in which several addresses were denied something."""
    logger = logging.getLogger("provisiond.security")
    handler = logging.StreamHandler(log.open("w"))
    handler.setFormatter(style)
    logger.addHandler(handler)
    security = SecurityLog(logger)
    for entry in entries():
        security.denied(entry)
    watch = GuessWatch()
    for address, transport, source in (
        ("192.0.2.7", Transport.HTTP, "192.0.2.7"),
        ("2001:db8::7", Transport.HTTPS, "2001:db8::7"),
        ("192.0.2.8", Transport.TFTP, "192.0.2.8"),
        ("192.0.2.14", Transport.HTTP, "192.0.2.0/24"),
        ("2001:db8::e", Transport.HTTP, "2001:db8::/64"),
        ("192.0.2.15", Transport.HTTP, EVERYBODY),
    ):
        sweep = next(entries())._replace(transport=transport.value, outcome="sweep")
        words = watch.words(transport, source)
        security.alarm(sweep._replace(address=address, detail=words))
    security.stop()
    logger.removeHandler(handler)
    handler.stream.close()
    if prefix:
        log.write_text("".join(f"{prefix}{line}\n" for line in log.read_text().splitlines()))


def entries() -> Iterator[RequestEntry]:
    miss = RequestEntry(
        at=datetime.now(UTC),
        transport="http",
        address="192.0.2.1",
        method="GET",
        name="001565000001.cfg",
        outcome="unknown_phone",
        detail="no phone of the inventory has this MAC",
    )
    yield miss
    yield miss._replace(address="192.0.2.2", outcome="not_admitted")
    yield miss._replace(address="192.0.2.3", transport="tftp")
    yield miss._replace(address="2001:db8::4", transport="https", name=f"a {FORGED}")
    yield miss._replace(address="192.0.2.5", outcome="not_admitted", detail=FORGED)
    yield from [miss._replace(address="192.0.2.6")] * (VERBATIM + 5)
    yield from [miss._replace(address="192.0.2.9", outcome="not_admitted")] * (VERBATIM + 5)
    wrong = miss._replace(outcome="login_refused", detail="a wrong password for 00:15:65:00:00:01")
    yield wrong._replace(address="192.0.2.10", transport="https")
    yield from [wrong._replace(address="192.0.2.11")] * (VERBATIM + 5)
    yield from [wrong._replace(address="192.0.2.12")] * VERBATIM
    yield from [miss._replace(address="192.0.2.12")] * 2
    yield wrong._replace(address="192.0.2.12")
    yield miss._replace(address="192.0.2.13", outcome="login_needed")


@pytest.mark.parametrize("style", [TextFormat(), JsonFormat()], ids=["text", "json"])
@pytest.mark.parametrize("prefix", ["", "host provisiond[123]: "], ids=["file", "journal"])
def test_misses_and_wrong_log_ins_by_http_are_found_with_their_source(
    tmp_path: Path, style: logging.Formatter, prefix: str
) -> None:
    need("fail2ban")
    lines(style, tmp_path / "log", prefix)
    found = matched(tmp_path / "log", "provisiond")
    often = [f"192.0.2.{last}" for last in (6, 11, 12)] * (VERBATIM + 1)
    assert found == sorted(["192.0.2.1", "2001:db8::4", "192.0.2.10", *often])
    assert matched(tmp_path / "log", "provisiond-sweep") == ["192.0.2.7", "2001:db8::7"]


def test_the_jail_names_filters_that_there_are() -> None:
    jail = (ROOT / "configs" / "fail2ban" / "jail.d" / "provisiond.conf").read_text()
    for name in ("provisiond", "provisiond-sweep"):
        assert f"[{name}]" in jail
        assert (FILTERS / f"{name}.conf").is_file()


def matched(log: Path, name: str) -> list[str]:
    """The addresses that the filter finds, one a line."""
    done = subprocess.run(
        ["fail2ban-regex", "-o", "ip", str(log), str(FILTERS / f"{name}.conf")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    return sorted(done.stdout.split())
