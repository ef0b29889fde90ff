"""What is sent next in one TFTP read? A state machine without sockets; time is an argument."""

from enum import Enum
from struct import Struct
from typing import Final, Protocol

from provisiond.boot.tftp_options import Terms, TftpLimits
from provisiond.boot.tftp_packet import Ack, Error, Malformed, option_ack, parse

_HEADER: Final = Struct(">HH").pack
_DATA, _ACK = 3, 4
_NEVER: Final = float("inf")
_QUIET: Final = 8
"""A round trip below 1/8 of the floor cannot lift the timer off it: no arithmetic is spent."""

Packets = tuple[bytes, ...] | list[bytes]
_NOTHING: Final[tuple[bytes, ...]] = ()


class Outcome(Enum):
    """How a transfer ended."""

    DONE = "done"
    REFUSED = "refused"  # the client sent ERROR: it wanted the size only, or gives up
    SILENT = "silent"  # no answer to the last permitted re-send
    GONE = "gone"  # its port is closed: for the caller to say, who has the socket


class Source(Protocol):
    """Where the octets come from. Reads start at most one window behind the furthest read."""

    def read(self, offset: int, size: int) -> bytes | None:
        """`size` octets at `offset`, fewer only at the end; None while they are still awaited."""
        ...


class Transfer:
    """One read from its request to its end.

    Each method returns the packets to send now. `deadline` is when `expire` wants to be called
    unless something arrives before; `outcome` is None until the end; `acknowledged` says whether
    the client has ever answered. Times are seconds of one monotonic clock.

    The rules: RFC 1350, 2347, 7440; RFC 1123 §4.2.3.1 (a duplicate ACK never re-sends: only the
    timer does) and §4.2.3.2 (the timer adapts). Where the client negotiated `timeout`, that is
    the interval. Before the first ACK a received request draws at most `first_retries` re-sends.
    """

    __slots__ = (
        "_acked",
        "_block_size",
        "_budget",
        "_deviation",
        "_expected",
        "_fixed",
        "_floor",
        "_greeting",
        "_interval",
        "_last",
        "_limits",
        "_quiet",
        "_read",
        "_restart",
        "_round_trip",
        "_sent",
        "_sent_at",
        "_timeout",
        "_tries",
        "_unclear",
        "_window",
        "acknowledged",
        "complaint",
        "deadline",
        "outcome",
        "waiting",
    )

    def __init__(self, source: Source, terms: Terms, limits: TftpLimits) -> None:
        self.acknowledged = False
        self.complaint: str | None = None
        self.deadline = _NEVER
        self.outcome: Outcome | None = None
        self.waiting = False
        self._limits = limits
        self._read = source.read
        self._block_size = terms.block_size
        self._window = terms.window
        self._restart = terms.after_65535
        self._greeting = option_ack(terms.granted) if terms.granted else b""
        # Blocks are counted without roll-over. -1 acknowledged: the OACK is still on its way.
        self._acked = -1 if terms.granted else 0
        self._sent = 0
        self._last = _NEVER
        self._expected: bytes | None = _HEADER(_ACK, 0)
        self._fixed = terms.interval is not None
        self._timeout = limits.first_timeout if terms.interval is None else terms.interval
        self._interval = self._timeout
        self._floor = limits.min_timeout
        self._quiet = limits.min_timeout / _QUIET
        self._round_trip = -1.0
        self._deviation = 0.0
        self._sent_at = 0.0
        self._tries = 0
        self._unclear = 0
        self._budget = limits.first_retries

    @property
    def stalled(self) -> bool:
        """Whether the client may have given up: re-sends are out, or only the last ACK lacks."""
        return self._tries > 0 or self._sent == self._last

    def begin(self, now: float) -> Packets:
        """The first packets: OACK, or the first window."""
        if self._acked < 0:
            self._arm(now)
            return (self._greeting,)
        return self._send_window(now)

    def receive(self, datagram: bytes, now: float) -> Packets:
        """Take what came from the client's address."""
        if datagram != self._expected:
            return self._receive_other(datagram, now)
        if self._tries:
            self._calm_down()
        elif not self._fixed:
            took = now - self._sent_at
            self._unclear = 0
            if self._interval > self._floor or took > self._quiet:
                self._measure(took)
        self.acknowledged = True
        block = self._acked = self._sent
        if block == self._last:
            self._finish(Outcome.DONE)
            return _NOTHING
        if self._window > 1:
            return self._send_window(now)
        size = self._block_size
        payload = self._read(block * size, size)
        if payload is None:
            return self._send_window(now)
        block += 1
        if len(payload) < size:
            self._last = block
        self._sent = block
        number = block if block < 65536 else self._wire(block)
        self._expected = _HEADER(_ACK, number)
        self._sent_at = now
        self.deadline = now + self._interval
        return (_HEADER(_DATA, number) + payload,)

    def expire(self, now: float) -> Packets:
        """`deadline` has passed without news: send again, or give up."""
        if self.outcome is not None:
            return _NOTHING
        spent = self._tries >= self._limits.retries if self.acknowledged else self._budget <= 0
        if spent or self.waiting:
            self._finish(Outcome.SILENT)
            return _NOTHING
        return self._send_again(now)

    def repeat(self, now: float) -> Packets:
        """The same request came again: no second transfer, but leave to re-send anew.

        Sent at once only where the first answer is older than the shortest timer: otherwise the
        network doubled the request, or it waited in our queue while the answer left.
        """
        if self.outcome is not None or self.acknowledged or self.waiting:
            return _NOTHING
        self._budget = self._limits.first_retries
        self._interval = self._timeout
        if self._budget > 0 and now - self._sent_at >= self._limits.min_timeout:
            return self._send_again(now)
        self.deadline = now + self._interval
        return _NOTHING

    def resume(self, now: float) -> Packets:
        """The source has what it lacked: go on with the window that stopped there."""
        if not self.waiting or self.outcome is not None:
            return _NOTHING
        return self._send_window(now)

    def _receive_other(self, datagram: bytes, now: float) -> Packets:
        packet = parse(datagram)
        if isinstance(packet, Ack):
            return self._receive_ack(packet.block, now)
        if isinstance(packet, Error):
            self._finish(Outcome.REFUSED)
        elif isinstance(packet, Malformed):
            self.complaint = packet.reason
        return _NOTHING

    def _receive_ack(self, number: int, now: float) -> Packets:
        """An ACK inside the window moves it (RFC 7440 §4); an older one is ignored (RFC 1123)."""
        first = max(self._acked, 0)
        block = first + self._ahead(first, number)
        if not self._acked < block <= self._sent:
            return _NOTHING
        if block == self._sent and self._expected is not None:
            return self.receive(self._expected, now)  # the one that was awaited, but padded
        self.acknowledged = True
        self._acked = block
        if block == self._sent:  # everything so far; the rest of the window is not read yet
            return _NOTHING
        self._calm_down()
        self._sent = block
        return self._send_window(now)

    def _ahead(self, block: int, number: int) -> int:
        """How many blocks `number` on the wire lies ahead of block `block`."""
        if block < 65536 and number >= block:
            return number - block
        cycle = 65536 - self._restart
        return (number - self._wire(block)) % cycle

    def _wire(self, block: int) -> int:
        if block < 65536:
            return block
        return self._restart + (block - 65536) % (65536 - self._restart)

    def _send_window(self, now: float) -> Packets:
        """Send on from the last block sent to the end of the window, or to where data lacks."""
        size, block, end = self._block_size, self._sent, self._acked + self._window
        packets: list[bytes] = []
        self.waiting = False
        while block < end and block < self._last:
            payload = self._read(block * size, size)
            if payload is None:
                self.waiting = True
                break
            block += 1
            if len(payload) < size:
                self._last = block
            packets.append(_HEADER(_DATA, self._wire(block)) + payload)
        self._sent = block
        self._expected = None if self.waiting else _HEADER(_ACK, self._wire(block))
        self._arm(now)
        return packets

    def _send_again(self, now: float) -> Packets:
        if self.acknowledged:
            self._tries += 1
        else:
            self._budget -= 1
            self._tries = 1
        if not self._fixed:
            self._interval = min(self._interval * 2, self._limits.max_timeout)
        if self._acked < 0:
            packets: Packets = (self._greeting,)
            self._arm(now)
        else:
            self._sent = self._acked
            packets = self._send_window(now)
        if not self.acknowledged and self._budget == 0 and not self._fixed:
            self.deadline = now + max(self._interval, self._limits.last_wait)
        return packets

    def _arm(self, now: float) -> None:
        self._sent_at = now
        self.deadline = now + (self._limits.patience if self.waiting else self._interval)

    def _calm_down(self) -> None:
        """An ACK after a re-send may be for either (Karn), so it cannot tell the round trip.

        One such ACK is a lost packet, and costs no later block its quick timer. Several in a row
        are a phone that has become slow: the timer then stays backed off, twice as long for each,
        until an ACK without re-send tells how slow.
        """
        self._tries = 0
        self._unclear += 1
        self._interval = min(self._interval, self._timeout * 2 ** (self._unclear - 1))

    def _measure(self, took: float) -> None:
        """RFC 6298 §2, with our own bounds."""
        if self._round_trip < 0:
            self._round_trip, self._deviation = took, took / 2
        else:
            self._deviation += (abs(self._round_trip - took) - self._deviation) / 4
            self._round_trip += (took - self._round_trip) / 8
        wanted = self._round_trip + 4 * self._deviation
        self._timeout = min(max(wanted, self._floor), self._limits.max_timeout)
        self._interval = self._timeout

    def _finish(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.deadline = _NEVER
