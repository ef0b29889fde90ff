"""How do phones ask by TFTP? Listeners, admission by network, and one session per read."""

import asyncio
import logging
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, Final

from provisiond.actions.file_messages import FileRequest, ServeFile
from provisiond.boot.tftp_options import TftpLimits, negotiate
from provisiond.boot.tftp_packet import (
    ACCESS_VIOLATION,
    FILE_NOT_FOUND,
    ILLEGAL_OPERATION,
    NOT_DEFINED,
    REQUEST_LIMIT,
    UNKNOWN_TRANSFER,
    Error,
    Malformed,
    Packet,
    ReadRequest,
    WriteRequest,
    error,
    parse,
)
from provisiond.boot.tftp_session import Caller, Session, TftpCounters
from provisiond.boot.tftp_socket import (
    ADDRESS_SPACE,
    Allowed,
    Network,
    SocketAddress,
    address_asked,
    open_listener,
)
from provisiond.boot.tftp_source import AssetStream, Octets, open_asset, to_netascii
from provisiond.boot.tftp_table import Sessions
from provisiond.boot.tftp_transfer import Transfer
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import AbsentFile, Failed, Refused, TemplateFault

log = logging.getLogger(__name__)

_BATCH: Final = 256
"""Datagrams read from a listener in one turn of the loop."""

_MODES: Final = ("octet", "netascii")
_READERS: Final = 2

_WRITES: Final = 64
"""Writes that are being made known at once; beyond, they are refused and counted only."""

_LAST_WAIT: Final = 5.0
"""Seconds that cancelled requests get to end when the server stops."""

_COMPLAINTS_APART: Final = 1.0
"""Seconds between two lines of log about requests that failed: a storm meets one fault often."""

_NO_SUCH_FILE: Final = error(FILE_NOT_FOUND, "File not found")
_READ_ONLY: Final = error(ACCESS_VIOLATION, "This server is read-only")
_ILLEGAL: Final = error(ILLEGAL_OPERATION, "Illegal TFTP operation")
_WRONG_MODE: Final = error(ILLEGAL_OPERATION, "Only the modes octet and netascii are served")
_STRANGER: Final = error(UNKNOWN_TRANSFER, "Unknown transfer ID")
_BUSY: Final = error(NOT_DEFINED, "The server is busy, ask again later")
_UNAVAILABLE: Final = error(NOT_DEFINED, "Temporarily unavailable, ask again later")
_UNMAKABLE: Final = error(NOT_DEFINED, "The file cannot be made at present")
_STOPPING: Final = error(NOT_DEFINED, "The server is going down, ask again later")

_DEFAULT_LIMITS: Final = TftpLimits()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TftpServer:
    """TFTP for phones, reading only (RFC 1350, 1123 §4.2.3, 2347-2349, 7440).

    Sources outside `networks` get not one byte. Inside there is no cap per source, since a site
    behind one address is one source; the total is `limits.sessions`, and the oldest session
    that never acknowledged makes room. Every read that `serve` refuses is error 1 with one text;
    what we fail at is error 0; writes are error 2 at once, and `serve` hears of them as PUT, so
    that they are journaled. `on_malformed(peer, reason)` hears of each datagram that is no TFTP
    packet, and of each read in a mode that is not served. Belongs to the loop that runs its
    first `start`.
    """

    def __init__(
        self,
        *,
        serve: ServeFile,
        networks: tuple[Network, ...],
        limits: TftpLimits = _DEFAULT_LIMITS,
        on_malformed: Callable[[Peer, str], None],
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.counters = TftpCounters()
        self._serve = serve
        self._allowed = Allowed(networks)
        self._limits = limits
        self._on_malformed = on_malformed
        self._now = now
        self._listeners: list[socket.socket] = []
        self._sessions: Sessions | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writes: set[asyncio.Task[None]] = set()
        self._readers: ThreadPoolExecutor | None = None
        self._complained_at = -_COMPLAINTS_APART

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen on one more address; the address and port that were bound. Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(
            host, port, type=socket.SOCK_DGRAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
        )
        family, _, _, _, address = found[0]
        listener = open_listener(family, address)
        if self._sessions is None:
            self._sessions = Sessions(
                loop=loop,
                limit=self._limits.sessions,
                counters=self.counters,
                on_stranger=self._on_stranger,
                on_malformed=self._report,
            )
        self._listeners.append(listener)
        loop.add_reader(listener.fileno(), self._on_readable, listener, self._sessions)
        bound = listener.getsockname()
        return bound[0], bound[1]

    async def stop(self, grace: float) -> None:
        """Stop listening at once, let transfers end within `grace` seconds, then end the rest."""
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.remove_reader(listener.fileno())
            listener.close()
        self._listeners.clear()
        sessions, self._sessions = self._sessions, None
        if sessions is None:
            return
        try:
            async with asyncio.timeout(grace):
                await sessions.empty.wait()
        except TimeoutError:
            pass
        for session in sessions.all():
            sessions.end(session, None, _STOPPING)
        if self._tasks or self._writes:
            _, late = await asyncio.wait(self._tasks | self._writes, timeout=_LAST_WAIT)
            for task in late:
                task.cancel()
        sessions.close()
        if self._readers is not None:
            await loop.run_in_executor(None, self._readers.shutdown)
            self._readers = None
            await asyncio.sleep(0)  # the last reads' callbacks close their files
            await asyncio.sleep(0)

    def _on_readable(self, listener: socket.socket, sessions: Sessions) -> None:
        arrived = []
        for _ in range(_BATCH):  # empty the kernel's buffer first: it is what overflows
            try:
                arrived.append(listener.recvmsg(REQUEST_LIMIT + 1, ADDRESS_SPACE))
            except BlockingIOError:
                break
            except OSError as fault:
                log.warning("TFTP listener: %s", fault)
                break
        for datagram, ancillary, _flags, source in arrived:
            try:
                caller = self._admit(listener, ancillary, source)
                if caller is not None:
                    self._take(sessions, caller, datagram)
            except Exception:  # one datagram must never stop the listener
                log.exception("TFTP: a datagram of %d octets failed", len(datagram))

    def _admit(
        self, listener: socket.socket, ancillary: list[tuple[int, int, Any]], source: SocketAddress
    ) -> Caller | None:
        address = self._allowed.admit(source[0])
        if address is None:
            self.counters.denied += 1
            return None
        asked = address_asked(ancillary)
        if asked is None:
            return None
        peer = Peer(address=address, port=source[1], transport=Transport.TFTP)
        return Caller(listener=listener, asked=asked, source=source, peer=peer)

    def _on_stranger(
        self,
        keeper: socket.socket,
        datagram: bytes,
        ancillary: list[tuple[int, int, Any]],
        source: SocketAddress,
    ) -> None:
        """RFC 1350 §4: a packet for somebody else's transfer is error 5, and does it no harm."""
        caller = self._admit(keeper, ancillary, source)
        if caller is not None and not isinstance(parse(datagram), Error):
            self.counters.strangers += 1
            caller.tell(_STRANGER)

    def _take(self, sessions: Sessions, caller: Caller, datagram: bytes) -> None:
        session = sessions.find(caller)
        if session is not None and datagram == session.datagram and not session.given_up:
            sessions.repeat(session)
            return
        packet = parse(datagram)
        if not isinstance(packet, ReadRequest) or packet.mode not in _MODES:
            self._turn_away(caller, packet)
            return
        if session is not None:
            sessions.supersede(session)
        self.counters.requests += 1
        session = Session(caller, datagram)
        if not sessions.add(session):
            self.counters.failed += 1
            caller.tell(_BUSY)
            return
        session.task = asyncio.create_task(self._answer(sessions, session, packet))
        self._tasks.add(session.task)
        session.task.add_done_callback(self._tasks.discard)

    def _turn_away(self, caller: Caller, packet: Packet) -> None:
        if isinstance(packet, Malformed):
            self._report(caller.peer, packet.reason)
            caller.tell(_ILLEGAL)
        elif isinstance(packet, WriteRequest):
            self.counters.refused += 1
            caller.tell(_READ_ONLY)
            if len(self._writes) < _WRITES:
                task = asyncio.create_task(self._make_known(caller.peer, packet))
                self._writes.add(task)
                task.add_done_callback(self._writes.discard)
        elif isinstance(packet, ReadRequest):
            self.counters.refused += 1
            self._tell_of(caller.peer, "a read in a mode that is neither octet nor netascii")
            caller.tell(_WRONG_MODE)
        elif not isinstance(packet, Error):  # an ERROR is never answered: two servers would chat
            caller.tell(_STRANGER)

    async def _make_known(self, peer: Peer, request: WriteRequest) -> None:
        """Let `serve` journal a write, which was answered already."""
        try:
            await self._serve(
                FileRequest(name=request.name, peer=peer, at=self._now(), method="PUT")
            )
        except Refused:
            pass
        except (Failed, OSError) as fault:
            self._complain(fault)
        except Exception:
            log.exception("TFTP: a write could not be made known")

    async def _answer(self, sessions: Sessions, session: Session, request: ReadRequest) -> None:
        """Ask `serve`, then begin the transfer or say why not."""
        asked_for = FileRequest(name=request.name, peer=session.caller.peer, at=self._now())
        try:
            reply = await self._serve(asked_for)
            if reply.allow:  # no way of reading: HTTP would answer 405
                raise AbsentFile(request.name)
            if reply.delivered is not None:
                session.delivered = partial(self._make_delivered, reply.delivered)
            if reply.asset is None:
                self._begin_body(sessions, session, request, reply.body)
            else:
                await self._begin_asset(sessions, session, request, reply.asset)
        except (Refused, FileNotFoundError):
            self.counters.refused += 1
            self._refuse(sessions, session, _NO_SUCH_FILE)
        except TemplateFault as fault:
            self._complain(fault)
            self.counters.failed += 1
            self._refuse(sessions, session, _UNMAKABLE)
        except (Failed, OSError) as fault:
            self._complain(fault)
            self.counters.failed += 1
            self._refuse(sessions, session, _UNAVAILABLE)
        except Exception:
            log.exception("TFTP: a read failed")
            self.counters.failed += 1
            self._refuse(sessions, session, _UNAVAILABLE)

    def _make_delivered(self, delivered: Callable[[datetime], None]) -> None:
        try:
            delivered(self._now())
        except Exception:  # as with reports: what is noted must not harm what is served
            log.exception("TFTP: a delivery could not be noted")

    def _refuse(self, sessions: Sessions, session: Session, packet: bytes) -> None:
        if not session.ended:
            sessions.end(session, None)
            session.caller.tell(packet)

    def _begin_body(
        self, sessions: Sessions, session: Session, request: ReadRequest, body: bytes
    ) -> None:
        if request.mode == "netascii":
            body = to_netascii(body)
        terms = negotiate(request.options, len(body), self._limits)
        transfer = Transfer(Octets(body), terms, self._limits)
        sessions.begin(session, transfer)

    async def _begin_asset(
        self, sessions: Sessions, session: Session, request: ReadRequest, path: Path
    ) -> None:
        if self._readers is None:
            self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="tftp-asset")
        descriptor, size = await open_asset(path, self._readers)
        netascii = request.mode == "netascii"
        terms = negotiate(request.options, None if netascii else size, self._limits)
        stream = session.stream = AssetStream(
            descriptor=descriptor,
            size=size,
            netascii=netascii,
            keep=terms.window * terms.block_size,
            executor=self._readers,
            on_news=lambda: self._on_news(sessions, session),
        )
        transfer = Transfer(stream, terms, self._limits)
        sessions.begin(session, transfer)

    def _on_news(self, sessions: Sessions, session: Session) -> None:
        stream = session.stream
        if stream is not None and stream.broken:
            self.counters.failed += 1
            sessions.end(session, None, _UNAVAILABLE)
        else:
            sessions.resume(session)

    def _complain(self, fault: Exception) -> None:
        now = monotonic()
        if now - self._complained_at >= _COMPLAINTS_APART:
            self._complained_at = now
            log.warning("TFTP: %s (%d requests have failed so far)", fault, self.counters.failed)

    def _report(self, peer: Peer, reason: str) -> None:
        self.counters.malformed += 1
        self._tell_of(peer, reason)

    def _tell_of(self, peer: Peer, reason: str) -> None:
        try:
            self._on_malformed(peer, reason)
        except Exception:  # a journal in trouble must not cost a phone its file
            log.exception("TFTP: a malformed datagram could not be reported")
