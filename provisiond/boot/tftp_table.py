"""Which TFTP transfers are under way, and whose turn is it? One epoll and one heap for all."""

import asyncio
import errno
import select
import socket
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Final

from provisiond.boot.tftp_ports import Keeper, OnStranger, Ports
from provisiond.boot.tftp_session import Caller, CallerKey, Session, TftpCounters
from provisiond.boot.tftp_transfer import Outcome, Packets, Transfer
from provisiond.inventory.access import Peer

_BATCH: Final = 128
"""Events a turn of the loop, so that others get theirs."""

_MUCH: Final = 3
"""Events at once that make it likely that more have come meanwhile."""

_RECEIVE: Final = 128
"""Octets read of what a client sends: an ACK is 4, of an ERROR's text the rest is cut."""

_SLACK: Final = 0.002
"""Seconds by which an event loop's timer may be early."""

_LONGEST_CHECK: Final = 1.0
"""Seconds after which the heap lets go of an ended session at the latest."""

_FIRST_CHECK: Final = 0.2
"""Seconds to the first look at a session's timer: the first ACK shortens it, so a later one
would have to be moved for each transfer."""

_UNSENT: Final = (b"",)

_Connected = tuple[
    Session,
    Transfer,
    Callable[[int], bytes],
    Callable[[bytes], int],
    Callable[[bytes, float], Packets],
]
"""What an event needs, looked up once: the session, its transfer, recv, send, receive."""


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
        on_stranger: OnStranger,
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
        self._on_stranger = on_stranger
        self._ports: dict[int, Ports] = {}  # by the length of an address: 4 or 16 octets
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

    def begin(self, session: Session, transfer: Transfer) -> None:
        """Start a session's transfer on a connected socket of its own. Raises OSError."""
        connected, session.keeper = self._connect(session.caller)
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
        packets = transfer.begin(now)
        self._watch(session, min(transfer.deadline, now + _FIRST_CHECK))
        self._emit(session, packets)

    def repeat(self, session: Session) -> None:
        """The client's request came again before it acknowledged anything."""
        if session.transfer is not None:
            packets = session.transfer.repeat(monotonic())
            self._counters.resends += len(packets)
            self._emit(session, packets)

    def supersede(self, session: Session) -> None:
        """The client asks anew from the same port: the old session ends as its last ACK says."""
        transfer, connected = session.transfer, session.socket
        if transfer is not None and connected is not None:
            self._read_waiting(session, transfer, connected, monotonic())
            self.end(session, transfer.outcome)
        self.end(session, None)

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
        if outcome is Outcome.DONE and session.delivered is not None:
            session.delivered()
        del self._by_caller[session.caller.key]
        self._unproven.pop(session, None)
        if session.socket is not None:
            del self._connected[session.socket.fileno()]
            if farewell:
                with suppress(OSError):
                    session.socket.send(farewell)
            session.socket.close()
            if session.keeper is not None:
                self._ports[len(session.caller.asked.packed)].give_back(session.keeper)
        elif session.task is not None and session.task is not asyncio.current_task():
            session.task.cancel()
        if session.stream is not None:
            session.stream.close()
        session.task = session.transfer = session.socket = session.stream = None
        if not self._by_caller:
            self.empty.set()

    def close(self) -> None:
        """Give back the ports, the epoll object and the timer; every session has ended by now."""
        for ports in self._ports.values():
            ports.close()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()
        self._heap.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _connect(self, caller: Caller) -> tuple[socket.socket, Keeper | None]:
        """Where descriptors have run out, an unproven session's are taken."""
        ports = self._ports.get(len(caller.asked.packed))
        if ports is None:
            ports = Ports(caller.listener.family, self._loop, self._on_stranger)
            self._ports[len(caller.asked.packed)] = ports
        try:
            return ports.open(caller.asked, caller.source)
        except OSError as fault:
            if fault.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            if not self.make_room(of_sockets=True):
                raise
        return ports.open(caller.asked, caller.source)

    def _on_ready(self) -> None:
        """Answer all that has come; while much does, without a turn of the loop in between."""
        left = _BATCH
        while left > 0:
            events = self._epoll.poll(0, left)
            left -= len(events)
            self._take_events(events, monotonic())
            if len(events) < _MUCH:
                break

    def _take_events(self, events: list[tuple[int, int]], now: float) -> None:
        connected = self._connected
        for descriptor, _ in events:
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
                packets = _UNSENT
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
        self._read_waiting(session, transfer, connected, now)
        if transfer.outcome is None and transfer.deadline <= now + _SLACK:
            packets = transfer.expire(now)
            self._counters.resends += len(packets)
            self._emit(session, packets)
        if not session.ended:
            self._settle(session, transfer)

    def _read_waiting(
        self, session: Session, transfer: Transfer, connected: socket.socket, now: float
    ) -> None:
        try:
            for _ in range(_BATCH):
                if transfer.outcome is not None:
                    break
                for packet in transfer.receive(connected.recv(_RECEIVE), now):
                    connected.send(packet)
        except ConnectionRefusedError:
            self.end(session, Outcome.GONE)
        except OSError:  # nothing unread
            pass

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
