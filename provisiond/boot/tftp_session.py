"""Which TFTP transfers are under way, and whose turn is it? One epoll and one heap for all."""

import asyncio
import select
import socket
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Final

from provisiond.boot.tftp_socket import Asked, SocketAddress
from provisiond.boot.tftp_source import AssetStream
from provisiond.boot.tftp_transfer import Outcome, Packets, Transfer
from provisiond.inventory.access import Peer

_BATCH: Final = 128
"""Events a turn of the loop, so that others get theirs."""

_RECEIVE: Final = 128
"""Octets read of what a client sends: an ACK is 4, of an ERROR's text the rest is cut."""

_SLACK: Final = 0.002
"""Seconds by which an event loop's timer may be early."""

_LONGEST_CHECK: Final = 1.0
"""Seconds after which the heap lets go of an ended session at the latest."""

CallerKey = tuple[socket.socket, bytes, SocketAddress]

_Connected = tuple[
    "Session",
    Transfer,
    Callable[[int], bytes],
    Callable[[bytes], int],
    Callable[[bytes, float], Packets],
]
"""What an event needs, looked up once: the session, its transfer, recv, send, receive."""


@dataclass(slots=True)
class TftpCounters:
    """What TFTP has done since the start; `active` is a level, the others only rise.

    `requests` are well-formed reads; `denied` datagrams came from outside the networks;
    `refused` were answered with error 1, 2 or 4, `failed` with error 0; `transfers_gone` ended
    because the phone's port was closed, `timeouts` in silence, `aborted` by the client's ERROR;
    `evicted` made room for others; `resends` are packets.
    """

    requests: int = 0
    transfers_ok: int = 0
    transfers_gone: int = 0
    timeouts: int = 0
    aborted: int = 0
    evicted: int = 0
    refused: int = 0
    failed: int = 0
    malformed: int = 0
    denied: int = 0
    resends: int = 0
    active: int = 0


class Caller:
    """Who sent a datagram, and to which of our addresses; `key` names one client's port."""

    __slots__ = ("asked", "key", "listener", "peer", "source")

    def __init__(
        self, *, listener: socket.socket, asked: Asked, source: SocketAddress, peer: Peer
    ) -> None:
        self.listener = listener
        self.asked = asked
        self.source = source
        self.peer = peer
        self.key: CallerKey = (listener, asked.packed, source)

    def tell(self, packet: bytes) -> None:
        """Answer once from the listener's port, by the address asked; nobody waits for it."""
        # A closed listener, a full buffer, an impossible port: the client asks again.
        with suppress(OSError):
            self.listener.sendmsg([packet], self.asked.ancillary(), 0, self.source)


class Session:
    """One client's read: a request that waits for its file, then a transfer on its own socket."""

    __slots__ = ("caller", "check", "datagram", "ended", "socket", "stream", "task", "transfer")

    def __init__(self, caller: Caller, datagram: bytes) -> None:
        self.caller = caller
        self.datagram = datagram
        self.ended = False
        self.check = 0.0
        self.task: asyncio.Task[None] | None = None
        self.transfer: Transfer | None = None
        self.socket: socket.socket | None = None
        self.stream: AssetStream | None = None

    @property
    def proven(self) -> bool:
        """Whether the client has answered: its address is not forged."""
        return self.transfer is not None and self.transfer.acknowledged

    @property
    def given_up(self) -> bool:
        """Whether a repeated request means that the client has begun anew."""
        return self.transfer is not None and self.proven and self.transfer.stalled


class Sessions:
    """The table of sessions, their sockets and their timers.

    One epoll object holds every transfer's socket and stands in the loop as one reader: an event
    costs no handle, no callback object and no context of the loop's own, and is the same on
    asyncio and uvloop. One heap holds a check time per session, moved only when it comes up.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        limit: int,
        counters: TftpCounters,
        on_malformed: Callable[[Peer, str], None],
    ) -> None:
        self._loop = loop
        self._limit = limit
        self._counters = counters
        self._on_malformed = on_malformed
        self._by_caller: dict[CallerKey, Session] = {}
        self._connected: dict[int, _Connected] = {}
        self._unproven: OrderedDict[Session, None] = OrderedDict()
        self._heap: list[tuple[float, int, Session]] = []
        self._order = count()
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0
        self._epoll = select.epoll()
        self.empty = asyncio.Event()
        self.empty.set()
        loop.add_reader(self._epoll.fileno(), self._on_ready)

    def find(self, caller: Caller) -> Session | None:
        """The session of this client's port, if there is one."""
        return self._by_caller.get(caller.key)

    def all(self) -> tuple[Session, ...]:
        """Every session, oldest first."""
        return tuple(self._by_caller.values())

    def add(self, session: Session) -> bool:
        """Take a new request in; False where every place is taken by an acknowledged client."""
        if len(self._by_caller) >= self._limit and not self.make_room():
            return False
        self._by_caller[session.caller.key] = session
        self._unproven[session] = None
        self._counters.active += 1
        self.empty.clear()
        return True

    def make_room(self, *, of_sockets: bool = False) -> bool:
        """End the oldest session whose client has never acknowledged anything.

        With `of_sockets` the oldest of those that hold a socket.
        """
        if of_sockets:
            holders = (s for s in self._unproven if s.socket is not None and not s.proven)
            oldest = next(holders, None)
        else:
            oldest = None
            while self._unproven and oldest is None:
                session, _ = self._unproven.popitem(last=False)
                oldest = None if session.proven else session
        if oldest is None:
            return False
        self._counters.evicted += 1
        self.end(oldest, None)
        return True

    def begin(self, session: Session, transfer: Transfer, connected: socket.socket) -> None:
        """Start a session's transfer on its connected socket."""
        now = monotonic()
        session.transfer = transfer
        session.socket = connected
        descriptor = connected.fileno()
        self._connected[descriptor] = (
            session,
            transfer,
            connected.recv,
            connected.send,
            transfer.receive,
        )
        self._epoll.register(descriptor, select.EPOLLIN)
        session.check = min(transfer.deadline, now + _LONGEST_CHECK)
        self._emit(session, transfer.begin(now))
        if not session.ended:
            self._watch(session, min(transfer.deadline, now + _LONGEST_CHECK))

    def repeat(self, session: Session) -> None:
        """The client's request came again before it acknowledged anything."""
        if session.transfer is not None:
            packets = session.transfer.repeat(monotonic())
            self._counters.resends += len(packets)
            self._emit(session, packets)

    def resume(self, session: Session) -> None:
        """A session's file has news."""
        transfer, stream = session.transfer, session.stream
        if session.ended or transfer is None or stream is None or stream.broken:
            return
        self._emit(session, transfer.resume(monotonic()))

    def end(self, session: Session, outcome: Outcome | None, farewell: bytes = b"") -> None:
        """Let go of a session and all it holds; None means that the server ended it."""
        if session.ended:
            return
        session.ended = True
        self._count(outcome)
        del self._by_caller[session.caller.key]
        self._unproven.pop(session, None)
        if session.socket is not None:
            del self._connected[session.socket.fileno()]
            if farewell:
                with suppress(OSError):
                    session.socket.send(farewell)
            session.socket.close()
        elif session.task is not None and session.task is not asyncio.current_task():
            session.task.cancel()
        if session.stream is not None:
            session.stream.close()
        session.task = session.transfer = session.socket = session.stream = None
        if not self._by_caller:
            self.empty.set()

    def close(self) -> None:
        """Give back the epoll object and the timer; every session has ended by now."""
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._heap.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _on_ready(self) -> None:
        now = monotonic()
        connected = self._connected
        for descriptor, _ in self._epoll.poll(0, _BATCH):
            line = connected.get(descriptor)
            if line is None:  # ended by an event before this one
                continue
            session, transfer, recv, send, receive = line
            try:
                packets = receive(recv(_RECEIVE), now)
                for packet in packets:
                    send(packet)
            except ConnectionRefusedError:
                self.end(session, Outcome.GONE)
                continue
            except OSError:  # nothing there after all, or not sendable now: the timer sees to it
                continue
            if transfer.deadline < session.check:
                self._watch(session, transfer.deadline)
            if not packets:
                self._settle(session, transfer)

    def _settle(self, session: Session, transfer: Transfer) -> None:
        if transfer.outcome is not None:
            self.end(session, transfer.outcome)
        elif transfer.complaint is not None:
            reason, transfer.complaint = transfer.complaint, None
            self._on_malformed(session.caller.peer, reason)

    def _emit(self, session: Session, packets: Packets) -> None:
        transfer, connected = session.transfer, session.socket
        if transfer is None or connected is None:
            return
        try:
            for packet in packets:
                connected.send(packet)
        except ConnectionRefusedError:
            self.end(session, Outcome.GONE)
            return
        except OSError:  # the timer sends again
            pass
        if transfer.deadline < session.check:
            self._watch(session, transfer.deadline)

    def _watch(self, session: Session, at: float) -> None:
        session.check = at
        heappush(self._heap, (at, next(self._order), session))
        if self._alarm is None or at < self._alarm_at:
            self._set_alarm(at)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._loop.call_later(max(0.0, at - monotonic()), self._on_alarm)

    def _on_alarm(self) -> None:
        self._alarm = None
        now = monotonic()
        heap = self._heap
        for _ in range(_BATCH):
            if not heap or heap[0][0] > now + _SLACK:
                break
            at, _order, session = heappop(heap)
            if session.ended or session.check != at:
                continue
            transfer, connected = session.transfer, session.socket
            if transfer is None or connected is None:
                continue
            if transfer.deadline <= now + _SLACK:
                self._overdue(session, transfer, connected, now)
            if not session.ended:
                self._watch(session, min(transfer.deadline, now + _LONGEST_CHECK))
        if heap:
            self._set_alarm(heap[0][0])

    def _overdue(
        self, session: Session, transfer: Transfer, connected: socket.socket, now: float
    ) -> None:
        """Time is up, but an answer that lies unread, because the loop was busy, comes first."""
        try:
            while transfer.outcome is None and transfer.deadline <= now + _SLACK:
                for packet in transfer.receive(connected.recv(_RECEIVE), now):
                    connected.send(packet)
        except ConnectionRefusedError:
            self.end(session, Outcome.GONE)
            return
        except OSError:  # nothing unread
            packets = transfer.expire(now)
            self._counters.resends += len(packets)
            self._emit(session, packets)
        if not session.ended:
            self._settle(session, transfer)

    def _count(self, outcome: Outcome | None) -> None:
        counters = self._counters
        counters.active -= 1
        if outcome is Outcome.DONE:
            counters.transfers_ok += 1
        elif outcome is Outcome.GONE:
            counters.transfers_gone += 1
        elif outcome is Outcome.SILENT:
            counters.timeouts += 1
        elif outcome is Outcome.REFUSED:
            counters.aborted += 1
