"""Readiness is what the checks say, whatever a check does."""

import asyncio
import logging

import pytest

from provisiond.web.health import Check, Readiness, look


async def fine() -> str | None:
    return None


async def disk_is_full() -> str | None:
    return "the disk is full"


async def hangs() -> str | None:
    await asyncio.Event().wait()
    return None


async def breaks() -> str | None:
    raise OSError("postgresql://user:password@host")


async def test_each_check_is_told_in_order_with_its_reason() -> None:
    found = await look((Check(name="store", ask=disk_is_full), Check(name="listeners", ask=fine)))
    assert found == [
        Readiness(name="store", ready=False, reason="the disk is full"),
        Readiness(name="listeners", ready=True),
    ]


async def test_a_check_that_hangs_is_not_ready_and_holds_nobody_up() -> None:
    checks = (Check(name="probe", ask=hangs), Check(name="store", ask=fine))
    probe, store = await look(checks, deadline=0.05)
    assert probe == Readiness(name="probe", ready=False, reason="no answer within 0.05 s")
    assert store.ready


async def test_a_check_that_breaks_is_not_ready_and_tells_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    (found,) = await look((Check(name="store", ask=breaks),))
    assert found == Readiness(name="store", ready=False, reason="the check failed: OSError")
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
