"""How do phones fetch their files over HTTP and HTTPS?

Parsing, deadlines and caps are the guard's; here a request becomes a FileRequest, and what
`serve_file` says becomes an answer. Every refusal is one 404 with identical bytes,
except that a log-in is asked for with one 401; overload and a
store that is away are 503 with Retry-After; whatever is our own fault is 500. RFC 9110, RFC 9112.
"""

import logging
import os
import socket
import ssl
from asyncio import AbstractServer, SelectorEventLoop, Server, get_running_loop
from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import StreamReader
from aiohttp.http import HttpVersion10, RawRequestMessage

from provisiond.actions.file_messages import FileReply, FileRequest, ServeFile
from provisiond.boot.http_answer import Heads, none_match, read_target
from provisiond.boot.http_assets import AssetSender, NoAsset
from provisiond.boot.http_connection import BadBody, BodyTooLarge, PhoneConnection, PhoneServer
from provisiond.boot.http_exchange import Exchange, say_malformed
from provisiond.boot.http_guard import Gate
from provisiond.boot.limits import HttpCounters, HttpLimits, LogBrake
from provisiond.boot.peer import Network, clean_text, identify
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import Failed, LoginNeeded, NotAdmitted, Refused, StoreUnavailable
from provisiond.inventory.secret import masked_tokens

log = logging.getLogger(__name__)

_READ = ("GET", "HEAD")
_ASKED = frozenset(("GET", "HEAD", "POST", "PUT"))
_METHOD_SHOWN = 32
_ACCEPTS_A_TURN = 16


def _now() -> datetime:
    return datetime.now(UTC)


class PhoneHttp:
    """The listeners that phones fetch their files from.

    `serve` answers a FileRequest; `on_malformed(peer, reason)` is told each request that could
    not be read, has a method that is not answered, or came through a proxy that may not speak or
    does not say for whom (of the input the reason holds the method and the name, without
    tokens). It must return quickly and must not raise.
    """

    def __init__(
        self,
        *,
        serve: ServeFile,
        trusted_proxies: tuple[Network, ...],
        limits: HttpLimits,
        on_malformed: Callable[[Peer, str], None],
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.counters = HttpCounters()
        self._serve = serve
        self._on_malformed = on_malformed
        self._trusted_proxies = trusted_proxies
        self._now = now
        self._heads = Heads()
        self._assets = AssetSender(self._heads, self.counters, limits.stall_seconds)
        self._gate = Gate(limits, self.counters)
        self._limits = limits
        self._brake = LogBrake()
        self._listeners: list[AbstractServer] = []

    async def start(
        self,
        host: str,
        port: int,
        ssl_context: ssl.SSLContext | None = None,
        *,
        sock: socket.socket | None = None,
        reuse_port: bool = False,
    ) -> tuple[str, int]:
        """Listen, and give back the address and port bound. May be called for several listeners.

        `sock` is a bound socket of a service manager, used in place of host and port. Raises
        OSError where the address cannot be had.
        """
        transport = Transport.HTTP if ssl_context is None else Transport.HTTPS
        server = PhoneServer(
            self._gate, transport, self._trusted_proxies, self._answer, self._answer_malformed
        )
        deadline = self._limits.header_seconds if ssl_context is not None else None
        loop = get_running_loop()
        if sock is not None:
            listener = await loop.create_server(
                server,
                sock=sock,
                ssl=ssl_context,
                ssl_handshake_timeout=deadline,
                backlog=self._limits.backlog,
            )
        else:
            listener = await loop.create_server(
                server,
                host,
                port,
                ssl=ssl_context,
                ssl_handshake_timeout=deadline,
                backlog=self._limits.backlog,
                reuse_port=reuse_port or None,
            )
        self._listeners.append(listener)
        if not isinstance(loop, SelectorEventLoop):
            self._listeners += await self._more_accepts(listener, server, ssl_context)
        name = listener.sockets[0].getsockname()
        return name[0], name[1]

    async def _more_accepts(
        self, listener: Server, server: PhoneServer, ssl_context: ssl.SSLContext | None
    ) -> list[AbstractServer]:
        """The same socket again, under other descriptors.

        libuv accepts one connection a descriptor in each turn of the loop, and while files are
        rendered a turn takes milliseconds: the kernel's queue overflows and phones are reset.
        asyncio's own loop accepts all that wait.
        """
        deadline = self._limits.header_seconds if ssl_context is not None else None
        return [
            await get_running_loop().create_server(
                server,
                sock=socket.socket(fileno=os.dup(listening.fileno())),
                ssl=ssl_context,
                ssl_handshake_timeout=deadline,
                backlog=self._limits.backlog,
            )
            for listening in listener.sockets
            for _ in range(_ACCEPTS_A_TURN - 1)
        ]

    async def stop(self, grace: float) -> None:
        """Accept no more, finish what is being answered within `grace` seconds, cut the rest."""
        for listener in self._listeners:
            listener.close()
        await self._gate.close(grace)
        self._listeners.clear()
        self._assets.shutdown()

    # -- a request -------------------------------------------------------------------------

    async def _answer(
        self, connection: PhoneConnection, message: RawRequestMessage, payload: StreamReader
    ) -> bool:
        self.counters.requests += 1
        at = self._now()
        exchange = Exchange(connection, message, payload, self._heads, at)
        if connection.overloaded:
            exchange.say(503, ("Retry-After", str(self._limits.retry_after)))
            return False
        try:
            peer = identify(connection.remote, message.headers, self._trusted_proxies)
        except NotAdmitted as exc:
            self._say_forged(exchange, exc)
            return exchange.kept
        if message.method not in _ASKED:
            self._on_malformed(peer, f"method {message.method[:_METHOD_SHOWN]} is not answered")
            self._say_wrong_method(exchange, _READ)
            return exchange.kept
        try:
            name, query = read_target(message.path)
            reply = await self._serve(
                FileRequest(
                    name=name,
                    peer=peer,
                    at=at,
                    method=message.method,
                    query=query,
                    target=message.path,
                    authorization=exchange.header("Authorization") or "",
                )
            )
            if reply.allow:
                self._say_wrong_method(exchange, reply.allow)
            elif payload.is_eof() or await self._take_body(exchange):
                await self._say_file(exchange, reply)
        except ConnectionError:
            raise
        except Exception as exc:  # noqa: BLE001 - each kind has its answer; the unknown is logged
            self._say_why_not(exchange, exc)
        return exchange.kept

    async def _take_body(self, exchange: Exchange) -> bool:
        """Read a request body away; False where it could not be, and the answer says so."""
        message, connection = exchange.message, exchange.connection
        expect = exchange.header("Expect")
        if expect is not None and message.version != HttpVersion10:
            if expect.strip().lower() != "100-continue":
                exchange.say(417)
                return False
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            if int(exchange.header("Content-Length") or 0) > self._limits.body_bytes:
                raise BodyTooLarge
            await connection.discard_body(exchange.payload)
        except BodyTooLarge:
            self.counters.too_large += 1
            exchange.say(413)
            return False
        except BadBody as exc:
            self._answer_malformed(connection, 400, str(exc))
            return False
        return True

    # -- its answer ------------------------------------------------------------------------

    async def _say_file(self, exchange: Exchange, reply: FileReply) -> None:
        if reply.asset is not None:
            await self._assets.answer(exchange, reply.asset, reply)
            return
        fixed = self._heads.fixed(reply.content_type, reply.etag, reply.headers)
        if reply.conditional and exchange.message.method in _READ:
            tags = exchange.header("If-None-Match")
            if tags is not None and none_match(tags, reply.etag):
                self.counters.not_modified += 1
                exchange.connection.send(exchange.head(304, fixed))
                return
        self.counters.served += 1
        exchange.send(200, fixed, reply.body)

    def _say_wrong_method(self, exchange: Exchange, allow: tuple[str, ...]) -> None:
        self.counters.wrong_method += 1
        exchange.say(405, ("Allow", ", ".join(allow)))

    def _say_forged(self, exchange: Exchange, exc: NotAdmitted) -> None:
        self.counters.forged += 1
        self._log(logging.WARNING, exchange.at, f"refused a request: {exc}")
        name = clean_text(masked_tokens(read_target(exchange.message.path)[0]))
        method = exchange.message.method[:_METHOD_SHOWN]
        self._report(exchange.connection, f"{method} {name}: {exc}")
        exchange.say(404)

    def _say_why_not(self, exchange: Exchange, exc: Exception) -> None:
        if exchange.begun:
            self._log(logging.ERROR, exchange.at, "an answer broke off", exc)
            raise ConnectionAbortedError("the answer broke off") from exc
        match exc:
            case LoginNeeded():
                self.counters.challenged += 1
                exchange.say(401, *(("WWW-Authenticate", told) for told in exc.challenges))
                return
            case Refused() | NoAsset():
                self.counters.not_found += 1
                exchange.say(404)
                return
            case StoreUnavailable():
                self.counters.unavailable += 1
                exchange.say(503, ("Retry-After", str(self._limits.retry_after)))
                return
            case Failed():
                self._log(logging.ERROR, exchange.at, f"a file could not be made: {exc}")
            case _:
                text = f"a file request failed: {type(exc).__name__}"
                self._log(logging.ERROR, exchange.at, text, exc)
        self.counters.faults += 1
        exchange.say(500)

    def _answer_malformed(self, connection: PhoneConnection, status: int, reason: str) -> None:
        self.counters.malformed += 1
        try:
            self._report(connection, reason)
            if status:
                say_malformed(connection, self._heads, status, self._now())
        except ConnectionError:
            log.debug("a client went away before it was told: %s", reason)

    def _report(self, connection: PhoneConnection, reason: str) -> None:
        remote = connection.remote
        self._on_malformed(
            Peer(address=remote.address, port=remote.port, transport=remote.transport), reason
        )

    def _log(self, level: int, at: datetime, text: str, exc: Exception | None = None) -> None:
        passes, held = self._brake.passes(text, at)
        if passes:
            more = f" ({held} more like this in the time before)" if held else ""
            log.log(level, "%s%s", text, more, exc_info=exc)
