"""How does one connection of a phone live, from accept to close?

aiohttp parses (llhttp) and holds back what comes too fast. What stands around that is ours,
because aiohttp answers malformed requests with a traceback in the log, and starts a task, a
future and a timer for a connection before it has said anything: here a task lives only while a
request is being answered, so that a silent connection costs its memory and nothing else.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from enum import Enum
from math import inf
from typing import NoReturn, cast

from aiohttp import StreamReader, web
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.http_exceptions import InvalidURLError, LineTooLong

from provisiond.boot.http_guard import Gate
from provisiond.boot.peer import Network, Remote, read_remote
from provisiond.inventory.access import Transport

log = logging.getLogger(__name__)

_BROKEN_BODY = "a body that is not framed as announced, or ends early"


class Phase(Enum):
    """What a connection is waiting for; decides what its deadline means."""

    HEADER = "header"
    IDLE = "idle"
    SERVING = "serving"
    BODY = "body"
    CLOSING = "closing"


class BodyTooLarge(Exception):
    """A request body is longer than the limits grant."""


class BadBody(Exception):
    """A request body cannot be read: broken chunks, or the client went away."""


Answer = Callable[["PhoneConnection", RawRequestMessage, StreamReader], Awaitable[bool]]
"""Answers one request through the connection; True where the connection may be kept."""

AnswerMalformed = Callable[["PhoneConnection", int, str], None]
"""Answers a request that could not be parsed, with this status; the reason holds no input."""


class PhoneServer(web.Server):
    """One listener's connections: an aiohttp low-level server with guarded protocols."""

    def __init__(
        self,
        gate: Gate,
        transport: Transport,
        trusted_proxies: tuple[Network, ...],
        answer: Answer,
        answer_malformed: AnswerMalformed,
    ) -> None:
        limits = gate.limits
        self.gate = gate
        self.trusted_proxies = trusted_proxies
        self.answer = answer
        self.answer_malformed = answer_malformed
        self.transport = transport
        self.loop = asyncio.get_running_loop()
        # The parser tells which limit was hit only by its number, so the two must differ.
        self.field_bytes = limits.field_bytes + (limits.field_bytes == limits.line_bytes)
        super().__init__(_unreachable)

    def __call__(self) -> "PhoneConnection":
        return PhoneConnection(self)


async def _unreachable(request: web.BaseRequest) -> NoReturn:
    raise AssertionError("requests are answered by PhoneConnection")


class PhoneConnection(web.RequestHandler):
    """One connection of a phone, from accept to close."""

    __slots__ = (
        "_buffered",
        "_gate",
        "_header_received",
        "_lingered",
        "_payload",
        "_remote",
        "_server",
        "_stream",
        "deadline",
        "on_lost",
        "overloaded",
        "phase",
    )

    def __init__(self, server: PhoneServer) -> None:
        limits = server.gate.limits
        # Keyword by keyword, not **options: every new connection of every phone comes here.
        super().__init__(
            server,
            loop=server.loop,
            access_log=None,  # type: ignore[arg-type]
            keepalive_timeout=0,
            tcp_keepalive=False,
            auto_decompress=False,
            max_line_size=limits.line_bytes,
            max_field_size=server.field_bytes,
            max_headers=limits.header_fields,
        )
        self._server = server
        self._gate = server.gate
        self._remote: Remote | None = None
        self._stream: asyncio.Transport | None = None
        self._payload: StreamReader | None = None
        self._header_received = 0
        self._buffered = 0
        self._lingered: int | None = None
        self.phase = Phase.HEADER
        self.deadline = inf
        self.overloaded = False
        self.on_lost: Callable[[], None] | None = None

    # -- what the event loop calls ---------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # aiohttp's own version would start a task and a timer for a phone that may never speak.
        stream = cast(asyncio.Transport, transport)
        self.transport = self._stream = stream
        self.deadline = self._loop.time() + self._gate.limits.header_seconds
        if not self._gate.admit(self):
            self.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._gate.busy(self)
        if self._task_handler is None:
            self._gate.leave(self)
        elif self.phase is not Phase.CLOSING:
            self._gate.counters.aborted += 1
        payload, self._payload = self._payload, None
        if payload is not None and not payload.is_eof():
            payload.set_exception(BadBody("the client went away"))
        self._stream = None
        if self.on_lost is not None:
            self.on_lost()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """Keep the way out open where an answer is still owed (a client may half-close)."""
        self._close = True
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(BadBody(_BROKEN_BODY))
        return self._task_handler is not None and not self.is_encrypted

    def data_received(self, data: bytes) -> None:
        if self._lingered is not None:
            self._lingered += len(data)
            if self._lingered > self._gate.limits.linger_bytes:
                self.abort()
            return
        if self.phase is Phase.IDLE:
            self.phase = Phase.HEADER
            self.deadline = self._loop.time() + self._gate.limits.header_seconds
        try:
            super().data_received(data)
        except Exception as exc:  # noqa: BLE001 - whatever the parser trips over is the input's fault
            if self._task_handler is None:
                self._refuse(400, f"the parser gave up: {type(exc).__name__}")
            self._close = True
            return
        if self._messages:
            if self._payload is not None and not self._payload.is_eof():
                # behind a body that is not whole only a parser's error can stand
                self._payload.set_exception(BadBody(_BROKEN_BODY))
            self._header_received = 0
            if self._task_handler is None:
                self._task_handler = self._loop.create_task(self._answer_all())
        elif self.phase is Phase.HEADER:
            self._header_received += len(data)
            if self._header_received > self._gate.limits.header_bytes:
                limit = self._gate.limits.header_bytes
                self._refuse(431, f"a header of more than {limit} bytes")

    # -- what answers use ------------------------------------------------------------------

    @property
    def is_encrypted(self) -> bool:
        """Whether the connection itself is TLS."""
        return self._server.transport is Transport.HTTPS

    @property
    def is_alive(self) -> bool:
        """Whether an answer can still be sent."""
        return self._stream is not None and not self._stream.is_closing()

    @property
    def must_close(self) -> bool:
        """Whether this is the last answer of the connection."""
        return self._gate.stopping or self.overloaded or (self._close and not self._messages)

    @property
    def remote(self) -> Remote:
        """The far end as the socket knows it. Raises ConnectionError where it is gone."""
        if self._remote is None:
            name = self._stream.get_extra_info("peername") if self._stream is not None else None
            if not isinstance(name, tuple):
                raise ConnectionResetError("the client went away")
            self._remote = read_remote(
                name[0], name[1], self._server.transport, self._server.trusted_proxies
            )
        return self._remote

    @property
    def stream(self) -> asyncio.Transport:
        """The transport. Raises ConnectionError where the client is gone."""
        if self._stream is None or self._stream.is_closing():
            raise ConnectionResetError("the client went away")
        return self._stream

    def send(self, octets: bytes) -> None:
        """Hand over bytes of an answer. Raises ConnectionError where the client is gone."""
        self.stream.write(octets)
        self._gate.counters.bytes_sent += len(octets)

    def note_sent(self, size: int) -> None:
        """Count bytes that went past the transport; ConnectionError where the client is gone."""
        self._gate.counters.bytes_sent += size
        if not self.is_alive:
            raise ConnectionResetError("the client went away")

    async def flushed(self) -> None:
        """Wait until the transport takes more, at most `stall_seconds`, else ConnectionError."""
        try:
            async with asyncio.timeout(self._gate.limits.stall_seconds):
                await self._drain_helper()
        except TimeoutError:
            self.cut_stalled()
            raise ConnectionResetError("the client stopped reading") from None

    def cut_stalled(self) -> None:
        """The client reads nothing any more: close at once."""
        self._gate.counters.cut_stalled += 1
        self.abort()

    async def discard_body(self, payload: StreamReader) -> None:
        """Read the request body and throw it away; raises BodyTooLarge or BadBody."""
        limits = self._gate.limits
        self.phase = Phase.BODY
        self.deadline = self._loop.time() + limits.body_seconds
        self._payload = payload
        received = 0
        try:
            if (self._messages or self._close) and not payload.is_eof():
                raise BadBody(_BROKEN_BODY)
            while not payload.at_eof():
                received += len(await payload.readany())
                if received > limits.body_bytes:
                    raise BodyTooLarge(f"a body of more than {limits.body_bytes} bytes")
        except web.RequestPayloadError as exc:
            raise BadBody(_BROKEN_BODY) from exc
        finally:
            self._payload = None
            self.phase = Phase.SERVING
            self.deadline = inf

    def close_gently(self) -> None:
        """Close after what was sent has gone out, with nothing unread behind the request."""
        self.phase = Phase.CLOSING
        self._close = True
        self.deadline = self._loop.time() + self._gate.limits.stall_seconds
        self._buffered = 0
        if self._stream is not None:
            self._stream.close()

    def linger(self) -> None:
        """Close after an early answer: stop sending, swallow what still comes, for a while."""
        self.phase = Phase.CLOSING
        self._close = True
        self._lingered = 0
        self._gate.busy(self)
        self.deadline = self._loop.time() + self._gate.limits.linger_seconds
        stream = self._stream
        if stream is not None and not stream.is_closing():
            self._resume_transport_reading()
            if stream.can_write_eof():
                stream.write_eof()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self.phase = Phase.CLOSING
        self.deadline = inf
        if self._stream is not None:
            self._stream.abort()

    def cancel(self) -> None:
        """Close at once, and give up the answer that is being made."""
        if self._task_handler is not None:
            self._task_handler.cancel()
        self.abort()

    def expire(self, now: float) -> None:
        """The deadline has passed: cut, unless a slow reader still takes something."""
        counters, limits = self._gate.counters, self._gate.limits
        unsent = self._stream.get_write_buffer_size() if self._stream is not None else 0
        if unsent and self._lingered is None and self.phase in (Phase.IDLE, Phase.CLOSING):
            if not self._buffered or unsent < self._buffered:
                self._buffered = unsent
                self.deadline = now + limits.stall_seconds
                return
            counters.cut_stalled += 1
        elif self.phase is Phase.HEADER:
            counters.cut_header += 1
            if self._header_received:
                self._server.answer_malformed(
                    self, 0, f"no whole header within {limits.header_seconds:g} s"
                )
        elif self.phase is Phase.BODY:
            counters.cut_body += 1
        elif self.phase is Phase.IDLE:
            counters.cut_idle += 1
        self.abort()

    # -- one request after the other -------------------------------------------------------

    async def _answer_all(self) -> None:
        gate = self._gate
        gate.busy(self)
        self.phase = Phase.SERVING
        self.deadline = inf
        try:
            while self._messages and self.is_alive:
                if not await self._answer_next():
                    return
            if not self.is_alive:
                return
            if self.must_close or self._upgraded:
                self.close_gently()
                return
            self.phase = Phase.IDLE
            self.deadline = self._loop.time() + gate.limits.idle_seconds
            self._buffered = 0
            gate.wait(self)
        except ConnectionError:
            self.abort()
        except Exception:
            log.exception("an answer could not be sent")
            self.abort()
        finally:
            self._task_handler = None
            if self._stream is None:  # it went meanwhile, and was counted until now
                gate.leave(self)

    async def _answer_next(self) -> bool:
        message, payload = self._messages.popleft()
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()
        if isinstance(message, RawRequestMessage):
            keep = await self._server.answer(self, message, payload)
        else:
            status, reason = _explain(message.exc, self._gate.limits.line_bytes)
            self._refuse(status, reason)
            return False
        if keep:
            return True
        if payload.is_eof():
            self.close_gently()
        else:
            self.linger()
        return False

    def _refuse(self, status: int, reason: str) -> None:
        self._messages.clear()
        self._server.answer_malformed(self, status, reason)
        self.linger()


def _explain(exc: BaseException, line_bytes: int) -> tuple[int, str]:
    """The status and a reason without a byte of the input: a path may hold a token."""
    if isinstance(exc, LineTooLong):
        limit = exc.args[1]
        if limit == line_bytes:
            return 414, f"a request line of more than {limit} bytes"
        return 431, f"a header field of more than {limit} bytes"
    if isinstance(exc, InvalidURLError):
        return 400, "characters in the request target that may not stand there"
    message = exc.message if isinstance(exc, HttpProcessingError) else type(exc).__name__
    if message == "Too many headers received":
        return 431, "too many header fields"
    if "HTTPS traffic" in message:
        return 400, "TLS on the plain HTTP port"
    # llhttp's own words, without the line it quotes below them
    words = [line.strip() for line in message.partition("\n\n")[0].splitlines()]
    return 400, " ".join(words).partition(" b'")[0].rstrip(":. ") or "malformed"
