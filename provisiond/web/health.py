"""Is this server fit to serve phones, and if not, why not?"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """One thing that must be so before phones can be served; `reason` says why it is not."""

    name: str
    ready: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How to find out about one thing: `ask` gives the reason why it is not so, or None.

    What raises or takes longer than the deadline is not ready.
    """

    name: str
    ask: Callable[[], Awaitable[str | None]]


async def look(checks: tuple[Check, ...], deadline: float = DEADLINE_SECONDS) -> list[Readiness]:
    """Ask all at once, each at most `deadline` seconds; in the order given."""
    return await asyncio.gather(*(_ask(check, deadline) for check in checks))


async def _ask(check: Check, deadline: float) -> Readiness:
    try:
        async with asyncio.timeout(deadline):
            reason = await check.ask()
    except TimeoutError:
        reason = f"no answer within {deadline:g} s"
    except Exception as exc:
        log.exception("the readiness check %r failed", check.name)
        reason = f"the check failed: {type(exc).__name__}"
    return Readiness(name=check.name, ready=reason is None, reason=reason or "")
