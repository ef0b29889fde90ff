"""Who sends what is queued, and sees whether the phone obeyed? One daemon at a time."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final, TypeVar

from provisiond.actions.current_files import current_hashes
from provisiond.actions.render_file import place_of
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.resync import LEASE
from provisiond.actions.resync_reach import Accepts, address_phone, look_around, route_of
from provisiond.inventory.domains import ResyncRoute
from provisiond.inventory.errors import Failed, NotFound, ProvisiondError
from provisiond.inventory.facts import PhoneFacts
from provisiond.inventory.resyncs import WAITS, WATCHED, ResyncState
from provisiond.outbound.notify import Notifier, Notify, Outcome, Told
from provisiond.outbound.registrar import Registrar
from provisiond.store.database import Database
from provisiond.store.leases import Lease
from provisiond.store.resyncs import (
    OpenResync,
    close_resync,
    confirm_resync,
    end_resync,
    find_resync,
    queued_resyncs,
    start_resync,
    told_resyncs,
)

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_TURN_SECONDS: Final = 0.5
_LEASE_SECONDS: Final = 30.0
_AT_ONCE: Final = 500
_LOOKED_AT: Final = 10_000
_LOST: Final = timedelta(minutes=4)  # five times Timer F, and as much again for the connection
_ENDED: Final = "provisiond was stopped before an answer came"

_STATES: Final = {
    Told.ANSWERED: ResyncState.ANSWERED,
    Told.REFUSED: ResyncState.REFUSED,
    Told.SILENT: ResyncState.SILENT,
    Told.FAILED: ResyncState.FAILED,
}
_REMEDIES: Final = {
    401: "The password was refused: is the SIP password of the line the server's?",
    403: "Its server or the phone takes none from here: name this machine's address (sip.source) "
    "there, or try resync_route = {other}.",
    404: "The SIP server knows no contact: is the phone registered?",
    405: "Its server or the phone takes no NOTIFY; try resync_route = {other}.",
    407: "The password was refused: is the SIP password of the line the server's?",
    408: "The SIP server got no answer from it: is it on? One that restarts at once is silent too.",
    480: "The SIP server knows no contact: is the phone registered?",
    481: "It wants a subscription before a NOTIFY; try resync_route = {other}.",
    489: "It does not know this event; try resync_route = {other}.",
    501: "Its server or the phone takes no NOTIFY; try resync_route = {other}.",
    503: "Try again later.",
}
_UNKNOWN: Final = "The log of the SIP server may say why."
_UNHEARD: Final = {
    ResyncRoute.VIA_PROXY: "Nothing came back from {host}: is that the right way (sip_server, "
    "sip_port, outbound_proxy, transport), does a firewall let SIP through, is the phone on?",
    ResyncRoute.DIRECT: "Nothing came back from {host}, where it was last: is it on, and does a "
    "firewall or NAT let SIP through to it? Else power-cycle it, or try resync_route = {other}.",
}
_UNSENT: Final = {
    ResyncRoute.VIA_PROXY: "Are sip_server, sip_port, outbound_proxy and transport right?",
    ResyncRoute.DIRECT: "It has another address or port by now: power-cycle it, or try "
    "resync_route = {other}.",
}
_OTHER: Final = {
    ResyncRoute.VIA_PROXY: ResyncRoute.DIRECT,
    ResyncRoute.DIRECT: ResyncRoute.VIA_PROXY,
}


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Whom the delivery asks: who sends, and who knows contacts, if anybody."""

    notifier: Notifier
    registrar: Registrar | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A message to be sent, and by which route its way was found."""

    order: Notify
    route: ResyncRoute


class ResyncDelivery:
    """Sends queued re-syncs, many at once, while it holds the lease, and confirms those whose
    phone then fetches a file of the wanted version that proves it current. A message is sent at
    most once: what a process left half done is watched, not repeated.

    A domain may have as many under way as are free beside: one whose phones are silent takes half
    of `at_once`, two take a third each, and there is room for one more domain at any time."""

    def __init__(
        self,
        database: Database,
        sources: FileSources,
        outside: Outside,
        *,
        clock: Callable[[], datetime] = _utc_now,
        at_once: int = _AT_ONCE,
    ) -> None:
        self._database = database
        self._sources = sources
        self._outside = outside
        self._clock = clock
        self._at_once = at_once
        self._tasks: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._seen: dict[int, datetime] = {}

    async def run(self) -> None:
        """Work until cancelled; what is under way then is given up, and said so."""
        lease = Lease(self._database, LEASE)
        held, look_again, away = False, 0.0, False
        try:
            while True:
                try:
                    if monotonic() >= look_again:
                        held = await _whole(lease.acquire(_LEASE_SECONDS))
                        look_again = monotonic() + _LEASE_SECONDS / 3
                    if held:
                        await _whole(self.turn())
                    away = False
                except Failed as fault:
                    if not away:
                        _log.warning("re-syncs wait for the store: %s", fault)
                    away = True
                await asyncio.sleep(_TURN_SECONDS)
        finally:
            await self.stop()
            with suppress(Failed):
                await lease.release()

    async def turn(self) -> None:
        """Look once at all that is open: confirm, close, begin. Raises StoreUnavailable."""
        now = self._clock()
        async with self._database.read() as read:
            told = await told_resyncs(
                read, lost=now - _LOST, watched=now - WATCHED, limit=_LOOKED_AT
            )
            # Those under way may be among them until they are written down as sent.
            queued = await queued_resyncs(read, limit=2 * self._at_once)
        for row in told:
            await self._watch(row, now)
        under_way = Counter([domain_id for domain_id, _ in self._tasks])
        for row in queued:
            if now - row.resync.requested_at > WAITS:
                await self._end(row, ResyncState.FAILED, "no provisiond was running to send it")
            elif under_way[row.domain_id] < self._at_once - len(self._tasks):
                under_way[row.domain_id] += self._begin(row)
        looked_at = {row.resync.resync_id for row in told}
        self._seen = {key: at for key, at in self._seen.items() if key in looked_at}

    async def settle(self) -> None:
        """Wait for all that is being sent."""
        await asyncio.gather(*self._tasks.values())

    async def stop(self) -> None:
        """Give up what is being sent."""
        tasks = tuple(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, row: OpenResync) -> bool:
        """Send it, unless its phone is being told already; a phone is told one thing at a time."""
        key = (row.domain_id, row.phone_id)
        if key in self._tasks:
            return False
        task = asyncio.create_task(self._deliver(row))
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._tasks.pop(key, None))
        return True

    async def _watch(self, row: OpenResync, now: datetime) -> None:
        resync = row.resync
        if resync.sent_at is None or await self._confirm(row, resync.sent_at, now):
            return
        is_ours = (row.domain_id, row.phone_id) in self._tasks
        lost = resync.state is ResyncState.SENDING and not is_ours
        if lost and now - resync.sent_at > _LOST:
            await self._end(row, ResyncState.SILENT, _ENDED)
        elif now - resync.sent_at > WATCHED:
            async with self._database.append() as write:
                await close_resync(write, row.domain_id, resync.resync_id)

    async def _confirm(self, row: OpenResync, sent_at: datetime, now: datetime) -> bool:
        """Whether the phone has fetched, since it was told, what it is to have: the version of
        then, or that of now."""
        resync_id, proved_at = row.resync.resync_id, row.proved_at
        if proved_at is None or proved_at < sent_at or self._seen.get(resync_id) == proved_at:
            return False
        wanted = set(row.wanted)
        if row.proved_hash not in wanted:
            with suppress(ProvisiondError):
                facts = await self._sources.facts.for_mac(row.resync.mac)
                if facts is not None:
                    wanted.update(await current_hashes(self._sources, facts, now))
        self._seen[resync_id] = proved_at
        if row.proved_hash not in wanted:
            return False
        async with self._database.append() as write:
            await confirm_resync(write, row.domain_id, resync_id, proved_at)
        return True

    async def _deliver(self, row: OpenResync) -> None:
        """Send one and write down what came of it."""
        try:
            prepared = await self._prepare(row)
            if prepared is None:
                return
            outcome = await self._outside.notifier.notify(prepared.order)
            await asyncio.shield(self._note(row, prepared, outcome))
        except asyncio.CancelledError:
            with suppress(Failed):
                await self._end(row, ResyncState.SILENT, _ENDED)
            raise
        except ProvisiondError as fault:
            with suppress(Failed):
                await self._end(row, ResyncState.FAILED, str(fault))
        except Exception:  # noqa: BLE001 - whatever it was, the others are still told
            _log.exception("the re-sync of %s failed", row.resync.mac)
            with suppress(Failed):
                await self._end(row, ResyncState.FAILED, "a fault of provisiond's, see its log")

    async def _prepare(self, row: OpenResync) -> _Prepared | None:
        """The message, once it is written down that it goes out; None where another has it.

        Raises NotFound where the phone has gone, else as `address_phone`.
        """
        mac, resync_id = row.resync.mac, row.resync.resync_id
        # What a command changed just now must be in the answer to the phone that we call.
        await self._database.epochs.poll(self._database)
        facts = await self._sources.facts.for_mac(mac)
        if facts is None or facts.phone_id != row.phone_id:
            raise NotFound(f"{mac} is in the inventory no more.")
        async with self._database.read() as read:
            around = await look_around(read, facts)
            resync = await find_resync(read, row.domain_id, resync_id)
        if resync is None or resync.state is not ResyncState.QUEUED:
            return None
        order = await address_phone(
            facts,
            place_of(self._sources.shelf(), facts.phone.model).family.manifest.resync,
            around,
            self._outside.registrar,
            reboot=resync.reboot,
            # Whether strangers are told was for `request_resync` to ask.
            accepts=Accepts(shared=resync.even_if_shared, strangers=True),
        )
        wanted = await self._wanted(facts)
        async with self._database.append() as write:
            started = await start_resync(
                write, row.domain_id, row.phone_id, resync_id, self._clock(), wanted
            )
        return _Prepared(order=order, route=route_of(facts)) if started else None

    async def _wanted(self, facts: PhoneFacts) -> tuple[str, ...]:
        return await current_hashes(self._sources, facts, self._clock())

    async def _note(self, row: OpenResync, prepared: _Prepared, outcome: Outcome) -> None:
        state, order = _STATES[outcome.told], prepared.order
        _log.info(
            "re-sync of %s by %s: %s %s %s",
            row.resync.mac,
            order.uri,
            state.value,
            outcome.code or "",
            outcome.reason,
        )
        async with self._database.append() as write:
            await end_resync(
                write,
                row.domain_id,
                row.resync.resync_id,
                self._clock(),
                state,
                target=order.uri,
                code=outcome.code,
                reason=_reason(prepared, outcome),
                closed=state in (ResyncState.REFUSED, ResyncState.FAILED),
            )

    async def _end(self, row: OpenResync, state: ResyncState, reason: str) -> None:
        async with self._database.append() as write:
            await end_resync(
                write,
                row.domain_id,
                row.resync.resync_id,
                self._clock(),
                state,
                reason=reason,
                closed=state is ResyncState.FAILED,
            )


async def _whole(work: Coroutine[Any, Any, _T]) -> _T:
    """Do it to its end, also where we are cancelled meanwhile: a transaction is never cut."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _reason(prepared: _Prepared, outcome: Outcome) -> str:
    """The peer's words, and what to do about them."""
    route = prepared.route
    if outcome.told is Told.ANSWERED:
        remedy = ""
    elif outcome.retry_after is not None:
        remedy = f"Try again in {outcome.retry_after} s."
    elif outcome.code is not None:
        remedy = _REMEDIES.get(outcome.code, _UNKNOWN)
    else:
        remedy = (_UNHEARD if outcome.told is Told.SILENT else _UNSENT)[route]
    remedy = remedy.format(host=prepared.order.host, other=_OTHER[route].value)
    said = [part for part in (outcome.reason, remedy) if part]
    return " ".join(part if part[-1] in ".?" else f"{part}." for part in said)
