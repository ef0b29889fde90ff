"""Does the fail2ban filter find who guesses at the portal and the API, and nobody else?"""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provisiond.actions.log_in import turned_away
from provisiond.logs import VERBATIM, JsonFormat, SecurityLog, TextFormat
from tests.contracts.source import ROOT
from tests.needs import need
from tests.test_fail2ban import FORGED, entries, matched

NAME = "provisiond-login"
LOGIN = "denied 198.51.100.1 web LOGIN x wrong_login: y"


def lines(style: logging.Formatter, log: Path, prefix: str) -> None:
    """Three people and a program who are turned away, beside phones that are."""
    logger = logging.getLogger("provisiond.security")
    handler = logging.StreamHandler(log.open("w"))
    handler.setFormatter(style)
    logger.addHandler(handler)
    phones, people = SecurityLog(logger), SecurityLog(logger)
    for entry in entries():
        phones.denied(entry)
    now = datetime.now(UTC)
    people.denied(turned_away("192.0.2.1", "wrong_login", "not right", now, name="olga"))
    people.denied(turned_away("2001:db8::4", "wrong_token", "of nobody", now))
    people.denied(turned_away("192.0.2.21", "login_paused", LOGIN, now))
    people.denied(turned_away("192.0.2.22", "code_needed", f"{FORGED} {LOGIN}", now))
    for _ in range(VERBATIM + 5):
        people.denied(turned_away("192.0.2.23", "wrong_login", "not right", now))
    for log_of in (phones, people):
        log_of.stop()
    logger.removeHandler(handler)
    handler.stream.close()
    if prefix:
        log.write_text("".join(f"{prefix}{line}\n" for line in log.read_text().splitlines()))


@pytest.mark.parametrize("style", [TextFormat(), JsonFormat()], ids=["text", "json"])
@pytest.mark.parametrize("prefix", ["", "host provisiond[123]: "], ids=["file", "journal"])
def test_wrong_log_ins_are_found_with_their_source(
    tmp_path: Path, style: logging.Formatter, prefix: str
) -> None:
    need("fail2ban")
    lines(style, tmp_path / "log", prefix)
    assert matched(tmp_path / "log", NAME) == sorted(
        ["192.0.2.1", "2001:db8::4", "192.0.2.21", *["192.0.2.23"] * VERBATIM]
    )


def test_the_jail_names_a_filter_that_there_is() -> None:
    folder = ROOT / "configs" / "fail2ban"
    assert f"[{NAME}]" in (folder / "jail.d" / f"{NAME}.conf").read_text()
    assert (folder / "filter.d" / f"{NAME}.conf").is_file()
