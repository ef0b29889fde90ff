"""How does a connection of the web listener live, and how many may there be?

aiohttp answers. What stands around is ours: it has one deadline alone, that of idle connections,
and neither a cap nor a bound on what a header may take.
"""

import asyncio
import socket
import ssl
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import cast

from aiohttp import StreamReader, web

from provisiond.web.listener_log import listener_log

SERVER = "provisiond"
"""What answers say who made them: no version, which would tell a stranger what to try."""

_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 10\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)
_TOO_LONG = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLimits:
    """What the listener of one application grants; times in seconds, sizes in bytes.

    `connections`: open at once; beyond, the one that has waited longest for a request is closed,
    and where all are being answered the newcomer gets 503. `header_seconds`: for a whole header.
    `idle_seconds`: between two requests; proxies hold theirs for 60 and must not lose the race.
    `body_seconds`: for a body, and one more for each `body_rate` bytes of it that came.
    `stall_seconds`: a reader that takes nothing for so long is cut. `linger_seconds`: for what is
    still read and thrown away after an early answer. `line_bytes`: the request target, of a list's
    filters each letter of which may take twelve. `header_bytes`: line and fields together.
    """

    connections: int = 2_000
    header_seconds: float = 10.0
    idle_seconds: float = 75.0
    body_seconds: float = 30.0
    body_rate: int = 16 << 10
    stall_seconds: float = 60.0
    linger_seconds: float = 2.0
    line_bytes: int = 32 << 10
    header_bytes: int = 64 << 10
    backlog: int = 1024


@dataclass(slots=True, kw_only=True)
class WebCounters:
    """What happened since the start; all rise but `open`, which is of now."""

    open: int = 0
    accepted: int = 0
    overloaded: int = 0
    evicted: int = 0
    cut_header: int = 0
    cut_body: int = 0


class WebListener:
    """Where one application is listened for. `limits` hold for all of its addresses together."""

    def __init__(self, server: web.Server, limits: WebLimits, counters: WebCounters) -> None:
        self._server = server
        self._crowd = _Crowd(limits, counters)
        self._listening: list[asyncio.Server] = []

    async def start(
        self, host: str, port: int, context: ssl.SSLContext | None = None
    ) -> tuple[str, int]:
        """Listen there; the address that it is. Raises OSError."""
        limits = self._crowd.limits
        listening = await asyncio.get_running_loop().create_server(
            lambda: _WebConnection(self._server, self._crowd),
            host,
            port,
            ssl=context,
            ssl_handshake_timeout=limits.header_seconds if context is not None else None,
            backlog=limits.backlog,
        )
        self._listening.append(listening)
        address = listening.sockets[0].getsockname()
        return address[0], address[1]

    def close(self) -> None:
        """Accept no more; those who are there are the application's runner's to end."""
        for listening in self._listening:
            listening.close()


class _Crowd:
    """All connections, the one that has asked nothing for longest first."""

    def __init__(self, limits: WebLimits, counters: WebCounters) -> None:
        self.limits = limits
        self.counters = counters
        self._connections: OrderedDict[_WebConnection, None] = OrderedDict()

    def admit(self, connection: "_WebConnection") -> bool:
        """Count a newcomer in, if need be in the place of another; False where all are busy."""
        counters = self.counters
        counters.accepted += 1
        if len(self._connections) >= self.limits.connections:
            longest = next((one for one in self._connections if one.is_waiting), None)
            if longest is None:
                counters.overloaded += 1
                return False
            counters.evicted += 1
            self.leave(longest)
            longest.force_close()
        counters.open += 1
        self._connections[connection] = None
        return True

    def heard(self, connection: "_WebConnection") -> None:
        """The connection has asked something."""
        if connection in self._connections:
            self._connections.move_to_end(connection)

    def leave(self, connection: "_WebConnection") -> None:
        """The connection is gone."""
        if connection in self._connections:
            del self._connections[connection]
            self.counters.open -= 1


class _Phase(Enum):
    """What the client is to send next, and by when; NOTHING is bounded by aiohttp alone."""

    HEADER = "header"
    BODY = "body"
    NOTHING = "nothing"


class _WebConnection(web.RequestHandler):
    """One connection, from accept to close."""

    __slots__ = ("_body", "_crowd", "_limits", "_phase", "_received", "_since", "_taken", "_timer")

    def __init__(self, server: web.Server, crowd: _Crowd) -> None:
        limits = crowd.limits
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]
            logger=listener_log(),
            keepalive_timeout=limits.idle_seconds,
            lingering_time=limits.linger_seconds,
            max_line_size=limits.line_bytes,
        )
        self._crowd = crowd
        self._limits = limits
        self._phase = _Phase.NOTHING
        self._timer: asyncio.TimerHandle | None = None
        self._body: StreamReader | None = None
        self._since = 0.0
        self._received = 0
        self._taken = 0

    @property
    def is_waiting(self) -> bool:
        """Whether nothing is being answered."""
        return self._waiter is not None and not self._waiter.done()

    # -- what the event loop calls ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._crowd.admit(self):
            self._refuse(_BUSY)
            return
        self._expect(_Phase.HEADER)
        sock = transport.get_extra_info("socket")
        if sock is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            with suppress(OSError):
                sock.setsockopt(
                    socket.IPPROTO_TCP,
                    socket.TCP_USER_TIMEOUT,
                    int(self._limits.stall_seconds * 1000),
                )

    def connection_lost(self, exc: BaseException | None) -> None:
        self._expect(_Phase.NOTHING)
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._force_close or self._close:
            return
        if self._request_count != self._taken and self._messages:
            self._taken = self._request_count
            self._crowd.heard(self)
            self._body = self._messages[-1][1]
            self._expect(_Phase.BODY)
        elif self._phase is _Phase.NOTHING and data and self.is_waiting:
            self._expect(_Phase.HEADER)
        self._received += len(data)
        if self._phase is _Phase.HEADER and self._received > self._limits.header_bytes:
            self._refuse(_TOO_LONG)
        elif self._phase is _Phase.BODY and self._body is not None and self._body.is_eof():
            self._expect(_Phase.NOTHING)

    # -- what aiohttp calls ----------------------------------------------------------------

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What is no HTTP is answered here, past the application and its headers."""
        answer = super().handle_error(request, status, exc, message)
        answer.headers["Server"] = SERVER
        return answer

    # -- deadlines -------------------------------------------------------------------------

    def _expect(self, phase: _Phase) -> None:
        self._phase = phase
        self._received = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if phase is _Phase.NOTHING:
            self._body = None
            return
        self._since = self._loop.time()
        limits = self._limits
        self._arm(limits.header_seconds if phase is _Phase.HEADER else limits.body_seconds)

    def _arm(self, seconds: float) -> None:
        self._timer = self._loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        # uvloop runs timers before it reads: what lay unread through a long turn is not late.
        self._timer = self._loop.call_later(0, self._cut)

    def _cut(self) -> None:
        counters, limits = self._crowd.counters, self._limits
        if self._phase is _Phase.HEADER:
            counters.cut_header += 1
            self._expect(_Phase.NOTHING)
            self.force_close()
            return
        granted = limits.body_seconds + self._received / limits.body_rate
        left = self._since + granted - self._loop.time()
        if left > 0:
            self._arm(left)
            return
        counters.cut_body += 1
        body = self._body
        self._expect(_Phase.NOTHING)
        self.close()
        if body is None:
            return
        if self._current_request is not None:  # else it is answered, and the rest thrown away
            body.set_exception(web.HTTPRequestTimeout(text="the body came too slowly."))
        body.feed_eof()

    def _refuse(self, answer: bytes) -> None:
        """Say so past aiohttp, and close."""
        self._expect(_Phase.NOTHING)
        stream = cast(asyncio.Transport, self.transport)
        stream.write(answer)
        self.force_close()
