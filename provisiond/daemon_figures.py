"""Which numbers does the daemon show to monitors?"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from provisiond.actions.alarm_posts import AlarmPosts
from provisiond.actions.answers import AnswerCache
from provisiond.actions.guesses import GuessWatch
from provisiond.boot.limits import HttpCounters
from provisiond.boot.pnp import PnpCounters
from provisiond.boot.tftp_session import TftpCounters
from provisiond.inventory.webhooks import OutboxStanding
from provisiond.store.journal import JournalWriter
from provisiond.web.listener import WebCounters
from provisiond.web.metrics import Figure

_HTTP_NOW = frozenset({"open", "waiting"})
_TFTP_NOW = frozenset({"active"})
_WEB_NOW = frozenset({"open"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the numbers are."""

    http: HttpCounters
    tftp: TftpCounters
    cache: AnswerCache
    journal: JournalWriter
    families: int
    rejected_families: int
    certificate_days: float | None
    pnp: PnpCounters
    watch: GuessWatch
    alarms: Mapping[str, int]
    webhook: AlarmPosts | None
    web: WebCounters
    outbox: OutboxStanding
    at: datetime


def figures(sources: Sources) -> Iterable[Figure]:
    """All numbers of now, without asking the store."""
    yield from _counters("http", "HTTP", sources.http, _HTTP_NOW)
    yield from _counters("pnp", "SIP multicast", sources.pnp, frozenset())
    yield from _counters("tftp", "TFTP", sources.tftp, _TFTP_NOW)
    yield from _counters("web", "web listener", sources.web, _WEB_NOW)
    cache = sources.cache
    yield _counter("cache_hits", "answers taken from the cache", cache.hits)
    yield _counter("cache_misses", "answers that had to be made", cache.misses)
    yield _counter("cache_evicted", "answers dropped for want of space", cache.evicted)
    yield _gauge("cache_bytes", "bytes of answers kept", cache.held_bytes)
    yield _gauge("cache_answers", "answers kept", len(cache))
    journal = sources.journal
    yield _counter("journal_written", "journal entries written", journal.written)
    yield _counter("journal_dropped", "journal entries lost for want of space", journal.dropped)
    yield _gauge("journal_pending", "journal entries not yet written", journal.pending)
    yield from _guessing(sources)
    yield from _outbox(sources)
    yield _gauge("families", "phone families loaded", sources.families)
    yield _gauge("families_rejected", "phone families left out", sources.rejected_families)
    if sources.certificate_days is not None:
        yield _gauge(
            "certificate_days", "days until the certificate expires", sources.certificate_days
        )


def _guessing(sources: Sources) -> Iterable[Figure]:
    watch, webhook = sources.watch, sources.webhook
    yield _counter("misses", "requests for phones and files that nobody has", watch.misses)
    yield _counter("misses_throttled", "misses beyond what one source may have", watch.throttled)
    for kind, count in sorted(sources.alarms.items()):
        words = kind.replace("_", " ")
        yield _counter(f"alarms_{kind}", f"alarms since the start: {words}", count)
    if webhook is not None:
        yield _counter("webhook_delivered", "alarms that the webhook took", webhook.delivered)
        yield _counter("webhook_dropped", "alarms that it never took", webhook.dropped)


def _outbox(sources: Sources) -> Iterable[Figure]:
    outbox = sources.outbox
    yield _gauge(
        "webhook_deliveries_waiting", "deliveries to webhooks that are not made", outbox.waiting
    )
    yield _gauge(
        "webhook_deliveries_oldest_seconds",
        "age of the oldest change that a webhook was not told of",
        outbox.oldest_seconds(sources.at),
    )
    yield _gauge(
        "webhook_deliveries_dead",
        "deliveries to webhooks that were given up and that nobody has begun anew",
        outbox.dead,
    )


def _counters(
    prefix: str,
    title: str,
    counters: HttpCounters | TftpCounters | PnpCounters | WebCounters,
    now: frozenset[str],
) -> Iterable[Figure]:
    for field in fields(counters):
        words = field.name.replace("_", " ")
        yield Figure(
            name=f"{prefix}_{field.name}",
            help=f"{title} {words}" + (" now" if field.name in now else " since the start"),
            value=getattr(counters, field.name),
            is_counter=field.name not in now,
        )


def _counter(name: str, text: str, value: float) -> Figure:
    return Figure(name=name, help=text, value=value, is_counter=True)


def _gauge(name: str, text: str, value: float) -> Figure:
    return Figure(name=name, help=text, value=value)
