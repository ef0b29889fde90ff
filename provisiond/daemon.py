"""How is it all wired? The composition root of `serve`: one process, one loop."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from provisiond import __version__
from provisiond.actions.answers import AnswerCache
from provisiond.actions.enrolment import EnrolmentBook
from provisiond.actions.enrolment_store import StoredEnrolments
from provisiond.actions.file_numbers import FileNumbers
from provisiond.actions.pending import PendingBook
from provisiond.actions.pnp_answers import PnpAnswers, PnpTerms
from provisiond.actions.probe import Probe
from provisiond.actions.resolve_file import FileSources
from provisiond.actions.resync_delivery import ResyncDelivery
from provisiond.actions.serve_file import FileService, Verbs, malformed_entry
from provisiond.boot.http_tls import PhoneTls
from provisiond.catalog.shelf import Shelf
from provisiond.daemon_alarms import Alarms
from provisiond.daemon_figures import Sources as FigureSources
from provisiond.daemon_figures import figures
from provisiond.daemon_jobs import delivery_of, prune
from provisiond.daemon_onboarding import Onboarding
from provisiond.daemon_phones import PhoneDoors
from provisiond.daemon_setup import (
    calm_collector,
    load_shelf,
    logins_of,
    loop_factory,
    open_store,
    policy_of,
    public_urls,
    raise_file_limit,
    watch_of,
)
from provisiond.daemon_web import OpenWeb, desk_of, open_web
from provisiond.inventory.access import Peer
from provisiond.inventory.admission import Mode
from provisiond.inventory.errors import Failed, ProvisiondError
from provisiond.logs import SecurityLog
from provisiond.settings import Settings
from provisiond.store.database import Database
from provisiond.store.journal import JournalWriter
from provisiond.systemd import Notifier, watchdog_interval
from provisiond.web.app import Health
from provisiond.web.health import Check
from provisiond.web.metrics import registry_of

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.25
_AGAIN_SECONDS = 1
_PROBE_SECONDS = 1
_SECURITY_TICK_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What listens where, told to `announce` once phones can be served."""

    http: tuple[str, ...]
    https: tuple[str, ...]
    tftp: tuple[str, ...]
    web: tuple[str, ...]
    open_mode: bool
    files: int
    capacity: str


Job = Callable[[], Awaitable[None]]
Announce = Callable[[Running, Database, Shelf], Awaitable[None]]


def run(settings: Settings, announce: Announce) -> None:
    """Serve phones until SIGTERM or SIGINT. Raises BadSettings, StoreUnusable, Failed."""
    with asyncio.Runner(loop_factory=loop_factory(settings.boot.loop)) as runner:
        runner.run(serve(settings, announce))


async def serve(settings: Settings, announce: Announce, stop: asyncio.Event | None = None) -> None:
    """Serve phones until `stop` is set or a signal comes; then drain and leave nothing behind."""
    stop = stop or asyncio.Event()
    daemon = _Daemon(settings)
    async with contextlib.AsyncExitStack() as stack:
        await daemon.open(stack)
        await daemon.listen(stack)
        daemon.catch_signals(stop)
        await announce(daemon.running(), daemon.database, daemon.shelf)
        calm_collector()
        jobs = [asyncio.create_task(_kept_running(job)) for job in daemon.jobs()]
        try:
            daemon.notifier.ready(f"serving {len(daemon.shelf.families)} families")
            await stop.wait()
        finally:
            daemon.notifier.stopping("finishing what is under way")
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            await daemon.drain()


async def _kept_running(job: Job) -> None:
    """Run a job and begin it again where it fails: none of them may end the daemon."""
    while True:
        try:
            await job()
        except Exception:  # noqa: BLE001 - whatever it was, phones are still served
            _log.exception("%s failed and begins again", job.__name__)
            await asyncio.sleep(_AGAIN_SECONDS)
        else:
            return


class _Daemon:
    """The parts of one `serve`, in the order in which they need each other."""

    database: Database
    shelf: Shelf
    service: FileService
    book: EnrolmentBook
    pending: PendingBook
    journal: JournalWriter
    doors: PhoneDoors
    alarms: Alarms
    onboarding: Onboarding
    probe: Probe
    web: OpenWeb
    resyncs: ResyncDelivery

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.notifier = Notifier(os.environ)
        self.security = SecurityLog()
        # Apart: phones behind a person's address must not use up the lines of their guesses.
        self.doormen = SecurityLog()
        self.cache = AnswerCache(settings.boot.cache_bytes)
        self.watch = watch_of(settings)
        self.files = 0
        self._probed: tuple[float, str | None] = (-_PROBE_SECONDS, None)
        self._probing = asyncio.Lock()
        self._reloading = asyncio.Lock()

    async def open(self, stack: contextlib.AsyncExitStack) -> None:
        """Everything that phones do not see: limits, catalogue, store, journal, service."""
        settings = self.settings
        self.files = raise_file_limit()
        self.shelf = await asyncio.to_thread(load_shelf, settings)
        for fault in self.shelf.rejected:
            _log.error("a family is left out: %s", fault)
        self.database = await stack.enter_async_context(open_store(settings, serving=True))
        self.pending = PendingBook(self.database, lambda: self.shelf)
        self.alarms = Alarms(settings.alarms, self.database, self.security)
        self.journal = self.alarms.writer
        await asyncio.to_thread(settings.assets_dir.mkdir, parents=True, exist_ok=True)
        self.book = EnrolmentBook(StoredEnrolments(self.database), self.database.epochs.enrolment)
        sources = FileSources(
            facts=self.database.facts,
            numbers=FileNumbers(self.database),
            epochs=self.database.epochs,
            shelf=lambda: self.shelf,
            urls=public_urls(settings, self.database),
            book=self.book,
            etag_key=self.database.key.derive("etag"),
        )
        self.service = FileService(
            sources=sources,
            policy=policy_of(settings),
            cache=self.cache,
            assets=settings.assets_dir,
            verbs=Verbs(
                journal=self.alarms.journal,
                denied=self.security.denied,
                stranger=self.pending.note,
                delivered=self.journal.add,
            ),
            watch=self.watch,
            logins=logins_of(settings, self.database, _now()),
        )
        self.resyncs = delivery_of(settings, self.database, sources)
        answers = PnpAnswers(
            terms=PnpTerms(policy=policy_of(settings), unknown=settings.pnp.unknown),
            facts=self.database.facts,
            shelf=lambda: self.shelf,
            urls=sources.urls,
            watch=self.watch,
            journal=self.alarms.journal,
            stranger=self.pending.note,
        )
        self.onboarding = Onboarding(settings, self.database, answers)
        self.probe = Probe(serve=self.service.serve_file, sources=sources, database=self.database)

    async def listen(self, stack: contextlib.AsyncExitStack) -> None:
        """Open every listener; phones come last, when all behind them is ready."""
        self.doors = PhoneDoors(self.settings.boot, self.service.serve_file, self._malformed)
        await self._listen_web(stack)
        await self.doors.open()

    async def _listen_web(self, stack: contextlib.AsyncExitStack) -> None:
        health = Health(
            checks=(Check(name="phones", ask=self._ask_probe),),
            registry=registry_of(lambda: figures(self._figure_sources())),
            version=__version__,
        )
        desk = desk_of(self.settings, self.database, lambda: self.shelf, self.doormen.denied)
        opened = await open_web(stack, self.settings, health, desk)
        self.web = opened

    def running(self) -> Running:
        """What listens where, and how much this process can take."""
        boot = self.settings.boot
        return Running(
            http=tuple(self.doors.addresses["http"]),
            https=tuple(self.doors.addresses["https"]),
            tftp=tuple(self.doors.addresses["tftp"]),
            web=self.web.addresses,
            open_mode=self.settings.admission.mode is Mode.OPEN,
            files=self.files,
            capacity=f"{boot.max_connections} HTTP connections and {boot.max_transfers} TFTP "
            f"transfers at once; {self.files} file descriptors",
        )

    def catch_signals(self, stop: asyncio.Event) -> None:
        """SIGTERM and SIGINT drain and stop, SIGHUP reads the catalogue and certificate again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        self._reloads: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = loop.create_task(self._reload())
            self._reloads.add(task)
            task.add_done_callback(self._reloads.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)

    def jobs(self) -> list[Job]:
        """What runs beside the listeners until the stop."""
        jobs: list[Job] = [
            self.journal.run,
            self.book.run,
            self.pending.run,
            self._poll_epochs,
            self._prune,
            self.resyncs.run,
            self._tick_security,
            self._feed_watchdog,
            *self.alarms.jobs(),
            *self.onboarding.jobs(),
        ]
        jobs += [self.web.feed.run, self.web.outbox.run, self.web.outbox.watch]
        return jobs + [tls.watch for tls in self._certificates()]

    def _certificates(self) -> list[PhoneTls]:
        return [tls for tls in (self.doors.tls, self.web.tls) if tls is not None]

    async def drain(self) -> None:
        """Let what is under way end, then write what is still unwritten."""
        grace = self.settings.boot.stop_seconds
        self.notifier.extend_timeout(grace + 10)
        await self.doors.stop(grace)
        try:
            await self.book.flush()
        except Failed as fault:
            _log.error("the last enrolment changes are lost: %s", fault)
        self.alarms.lines.stop()
        await self.journal.close()
        self.security.stop()
        self.doormen.stop()
        self.notifier.close()

    async def _reload(self) -> None:
        async with self._reloading:
            await self._reload_alone()

    async def _reload_alone(self) -> None:
        self.notifier.reloading()
        try:
            shelf = (await asyncio.to_thread(load_shelf, self.settings)).with_last_good(self.shelf)
            for fault in shelf.rejected:
                kept = fault.family in shelf.families
                goes_on = "as it was goes on" if kept else "is left out"
                _log.error("the family %s %s: %s", fault.family, goes_on, fault)
            async with self.database.write() as write:
                write.touch_catalog()
            # Nothing ran between the commit and this: no answer mixes old and new.
            self.shelf = shelf
            _log.info("reloaded: %d families", len(shelf.families))
        except ProvisiondError as fault:
            _log.error("the families were not reloaded, those before go on: %s", fault)
        for tls in self._certificates():
            await tls.reload()
        self.notifier.ready(f"serving {len(self.shelf.families)} families")

    async def _poll_epochs(self) -> None:
        away = False
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            try:
                await self.database.epochs.poll(self.database)
            except Failed as fault:
                if not away:
                    _log.error(
                        "the store does not answer; known answers are still served: %s", fault
                    )
                away = True
            else:
                if away:
                    _log.info("the store answers again")
                away = False

    async def _prune(self) -> None:
        await prune(self.database, self.journal, self.settings.journal)

    async def _tick_security(self) -> None:
        while True:
            await asyncio.sleep(_SECURITY_TICK_SECONDS)
            self.security.tick(_now())
            self.doormen.tick(_now())
            self.alarms.lines.tick(_now())

    async def _feed_watchdog(self) -> None:
        """Tell systemd that we live only after a phone's file was really rendered."""
        interval = watchdog_interval(os.environ)
        if interval is None:
            return
        while True:
            reason = await self._ask_probe()
            if reason is not None:
                _log.error("not fit to serve: %s", reason)
            if reason is None or self._renders():  # a restart mends no store that is away
                self.notifier.alive()
            await asyncio.sleep(interval / 3)

    def _renders(self) -> bool:
        try:
            self.probe.render_made_up(_now())
        except Exception:  # noqa: BLE001 - any fault means that this process cannot render
            _log.exception("nothing can be rendered")
            return False
        return True

    async def _ask_probe(self) -> str | None:
        """Why phones cannot be served, or None; asked at most once a second."""
        async with self._probing:
            at, reason = self._probed
            if monotonic() - at >= _PROBE_SECONDS:
                reason = await self._ask_probe_now()
                self._probed = monotonic(), reason
            return reason

    async def _ask_probe_now(self) -> str | None:
        try:
            await self.probe.ask(_now())
        except ProvisiondError as fault:
            return f"a phone would meet {fault.code}: {fault}"
        except Exception as fault:  # noqa: BLE001 - the answer is that we are not fit
            _log.exception("the probe failed")
            return f"a phone would meet a fault of ours: {type(fault).__name__}"
        return None

    def _malformed(self, peer: Peer, reason: str) -> None:
        entry = malformed_entry(peer, reason, _now())
        self.alarms.journal(entry)
        self.security.denied(entry)

    def _figure_sources(self) -> FigureSources:
        return FigureSources(
            http=self.doors.http.counters,
            tftp=self.doors.tftp.counters,
            cache=self.cache,
            journal=self.journal,
            families=len(self.shelf.families),
            rejected_families=len(self.shelf.rejected),
            certificate_days=self.doors.tls.days_left if self.doors.tls is not None else None,
            pnp=self.onboarding.pnp,
            watch=self.watch,
            alarms=self.alarms.counts,
            webhook=self.alarms.posts,
            web=self.web.counters,
            outbox=self.web.outbox.standing,
            at=_now(),
        )


def _now() -> datetime:
    return datetime.now(UTC)
