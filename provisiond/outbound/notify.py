"""How is a phone told by SIP to fetch again? One NOTIFY, challenged, repeated, answered."""

import asyncio
import contextlib
import errno
import logging
import secrets
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

from provisiond.inventory.sip_servers import server_address
from provisiond.outbound.sip_channel import Channel, Hop, Transport, open_channel
from provisiond.outbound.sip_digest import Credentials, Login
from provisiond.outbound.sip_message import Headers, Reply, notify_request, parse_reply
from provisiond.outbound.sip_place import Finder
from provisiond.outbound.sip_targets import SipTargets
from provisiond.outbound.sip_transaction import STANDARD, ClientTransaction, Timers

_log = logging.getLogger(__name__)
_MAGIC: Final = "z9hG4bK"  # RFC 3261 §8.1.1.7
_ATTEMPTS: Final = 5  # first, proxy's challenge, phone's challenge, and a stale nonce of each
_REMEMBERED: Final = 10_000
_UNSENT: Final = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """What to say, to whom, by which way.

    `uri` is the Request-URI, `aor` the address of record for To and From; `routes` are URIs of
    proxies on the way. The message goes to `host` and `port` (None: as DNS or the transport's
    standard says) by `transport`, `dns` for what DNS says. `tenant` is whose message it is: what
    one waits for holds up no other. `shared_at` are the addresses at which it would reach others.
    """

    event: str
    uri: str
    aor: str
    host: str
    port: int | None
    transport: Transport | str
    login: Login
    content_type: str = ""
    body: str = ""
    routes: tuple[str, ...] = ()
    tenant: int = 0
    shared_at: frozenset[str] = frozenset()


class Vanished(Exception):
    """The far end went before it answered; a phone that restarts at once does."""


class Told(Enum):
    """How it ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SILENT = "silent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`code` is the last response's, None where none came; `reason` is its phrase, or why nothing
    could be sent. `retry_after` is in seconds."""

    told: Told
    code: int | None = None
    reason: str = ""
    retry_after: int | None = None


class Notifier(Protocol):
    """Whoever can tell a phone."""

    async def notify(self, order: Notify) -> Outcome:
        """Send it and wait for what comes of it, at most Timer F for each challenge and for the
        order itself. Raises nothing but what cancels."""


class SipNotifier:
    """Tells phones over sockets of its own, each for one order; `source` is the address they are
    sent from, which servers and phones may want to know. `tls` checks certificates.

    Tenants choose where messages go, so what has never spoken SIP to us is told apart for nobody:
    a closed port, a host that is not there and a service of another kind are all silence, and
    all take as long. The log has what it was.
    """

    def __init__(
        self,
        finder: Finder,
        *,
        targets: SipTargets,
        source: str | None = None,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        timers: Timers = STANDARD,
    ) -> None:
        self._finder = finder
        self._targets = targets
        self._source = source
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._timers = timers
        self._speakers: OrderedDict[tuple[str, str, int], None] = OrderedDict()

    async def notify(self, order: Notify) -> Outcome:
        """As `Notifier`. Of several addresses the next is tried where one cannot be reached
        (RFC 3263 §4.3), if it has spoken before or nothing has left this machine."""
        clock = asyncio.get_running_loop().time
        until = clock() + self._timers.timeout + 2 * self._timers.t1
        try:
            hops = await self._finder.find(order.host, order.port, order.transport, order.tenant)
        except OSError as fault:
            return Outcome(told=Told.FAILED, reason=str(fault))
        if any(server_address(hop.address) in order.shared_at for hop in hops):
            return Outcome(told=Told.FAILED, reason=_shared(order.host))
        outcome = Outcome(told=Told.FAILED, reason=_forbidden(order.host))
        for hop in hops:
            if not self._targets.may_reach(hop.address, hop.port):
                _log.warning("a re-sync by %s would go to %s", order.uri, hop)
                continue
            outcome, is_out = await self._try(hop, order)
            if is_out and hop.key not in self._speakers:
                what = outcome.reason.removeprefix(f"{hop}: ") or "no answer"
                _log.info("re-sync by %s: %s speaks no SIP: %s", order.uri, hop, what)
                await asyncio.sleep(until - clock())
                return Outcome(told=Told.SILENT)
            if outcome.told is not Told.FAILED:
                break
        return outcome

    async def _try(self, hop: Hop, order: Notify) -> tuple[Outcome, bool]:
        """What came of it there, and whether something may have left this machine."""
        try:
            async with self._channel(hop) as channel:
                return await self._ask(channel, hop, order), True
        except (OSError, TimeoutError) as fault:
            is_out = getattr(fault, "errno", None) not in _UNSENT
            return Outcome(told=Told.FAILED, reason=f"{hop}: {_words(fault)}"), is_out
        except ValueError as fault:  # certificates that do not fit are one, too, and an OSError
            return Outcome(told=Told.FAILED, reason=str(fault)), False

    @contextlib.asynccontextmanager
    async def _channel(self, hop: Hop) -> AsyncIterator[Channel]:
        if hop.transport == "tls" and self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        async with open_channel(hop, source=self._source, tls=self._tls) as channel:
            yield channel

    async def _ask(self, channel: Channel, hop: Hop, order: Notify) -> Outcome:
        credentials = Credentials(order.login)
        call_id, tag = secrets.token_hex(16), secrets.token_hex(8)
        reply: Reply | None = None
        for sequence in range(1, _ATTEMPTS + 1):
            headers = Headers(
                uri=order.uri,
                aor=order.aor,
                routes=order.routes,
                branch=_MAGIC + secrets.token_hex(12),
                from_tag=tag,
                call_id=call_id,
                sequence=sequence,
            )
            request = notify_request(
                headers,
                channel.local,
                event=order.event,
                content_type=order.content_type,
                body=order.body,
                credentials=credentials.headers("NOTIFY", order.uri),
            )
            try:
                reply = await transact(channel, request, headers, self._timers)
            except Vanished as fault:
                return Outcome(told=Told.SILENT, reason=str(fault))
            if reply is None:
                return Outcome(told=Told.SILENT)
            self._remember(hop)
            if reply.code not in (401, 407) or not credentials.meet(reply.challenges):
                break
        assert reply is not None
        return _outcome(reply)

    def _remember(self, hop: Hop) -> None:
        self._speakers[hop.key] = None
        self._speakers.move_to_end(hop.key)
        if len(self._speakers) > _REMEMBERED:
            self._speakers.popitem(last=False)


async def transact(
    channel: Channel, request: bytes, headers: Headers, timers: Timers = STANDARD
) -> Reply | None:
    """Send a request until it is answered; the final response, None where none came in time.

    What is no response to this very request is passed over. Raises OSError where the far end
    cannot be reached, and Vanished where it went after it may have got the request.
    """
    clock = asyncio.get_running_loop().time
    machine = ClientTransaction(clock(), reliable=channel.reliable, timers=timers)
    await channel.send(request)
    arrived = channel.reliable
    while not machine.is_over:
        try:
            async with asyncio.timeout_at(machine.deadline):
                reply = parse_reply(await channel.receive())
        except TimeoutError:
            if machine.expire(clock()):
                arrived = True  # the first was not turned away
                await channel.send(request)
            continue
        except OSError as fault:
            if not arrived:
                raise
            raise Vanished(_words(fault)) from fault
        if reply is None or not _answers(reply, headers):
            continue
        machine.receive(reply.code)
        if reply.is_final:
            return reply
    return None


def _answers(reply: Reply, headers: Headers) -> bool:
    """RFC 3261 §17.1.3, and the Call-ID beside it: a forger would have to guess all."""
    return (reply.branch, reply.method, reply.sequence, reply.call_id) == (
        headers.branch,
        "NOTIFY",
        headers.sequence,
        headers.call_id,
    )


def _outcome(reply: Reply) -> Outcome:
    if reply.code < 300:
        told = Told.ANSWERED
    elif reply.code == 408:  # a proxy on the way waited in vain, as we would have (§16.7)
        told = Told.SILENT
    else:
        told = Told.REFUSED
    return Outcome(told=told, code=reply.code, reason=reply.phrase, retry_after=reply.retry_after)


def _forbidden(host: str) -> str:
    return (
        f"no message goes to {host}: it is this machine, a link of its own or a group, which an "
        "admin can allow with sip.targets, or a listener of provisiond's."
    )


def _shared(host: str) -> str:
    return (
        f"no message goes to {host}: other phones with this SIP user name the server by its "
        "address, and would be told too. Name it alike for all of them, which an admin can do."
    )


def _words(fault: OSError | TimeoutError) -> str:
    if isinstance(fault, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {fault.verify_message}"
    if isinstance(fault, TimeoutError):
        return "no connection in time"
    return fault.strerror or str(fault) or type(fault).__name__
