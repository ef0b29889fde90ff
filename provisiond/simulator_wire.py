"""How do virtual phones reach a server? HTTP as many at once as wanted, TFTP with a real client."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from io import BytesIO

import aiohttp

from provisiond.simulator_boot import Answer, Ask

_SECONDS = 60
_BLOCK = 1428  # fits an Ethernet frame; phones ask for it
Placed = Callable[[Ask], str]
"""Which name on the wire stands for what a phone asks."""


def as_asked(ask: Ask) -> str:
    """The name itself, as phones say it."""
    return ask.name


class HttpWire:
    """Asks one HTTP server for all phones."""

    def __init__(self, session: aiohttp.ClientSession, base: str, placed: Placed) -> None:
        self._session = session
        self._base = base.rstrip("/") + "/"
        self._placed = placed
        self._logins: dict[str, aiohttp.DigestAuthMiddleware] = {}

    async def ask(self, ask: Ask) -> Answer:
        """One GET, with a log-in where there is a password; whatever goes wrong on the way is
        status 0 with the reason."""
        headers = {"User-Agent": ask.agent} if ask.agent else {}
        url = self._base + self._placed(ask)
        try:
            async with self._session.get(
                url, headers=headers, allow_redirects=False, middlewares=self._login(ask)
            ) as reply:
                return Answer(
                    status=reply.status,
                    body=await reply.read(),
                    content_type=reply.headers.get("Content-Type", ""),
                )
        except (aiohttp.ClientError, TimeoutError) as fault:
            return Answer(status=0, reason=str(fault) or type(fault).__name__)

    def _login(self, ask: Ask) -> tuple[aiohttp.DigestAuthMiddleware, ...]:
        """What answers the server's challenges; one a phone, which keeps its nonce as phones do."""
        if not ask.password:
            return ()
        if ask.user not in self._logins:
            self._logins[ask.user] = aiohttp.DigestAuthMiddleware(
                login=ask.user, password=ask.password.reveal()
            )
        return (self._logins[ask.user],)


class TftpWire:
    """Asks one TFTP server; the client blocks, so each transfer runs in a thread."""

    def __init__(self, threads: ThreadPoolExecutor, host: str, port: int, placed: Placed) -> None:
        self._threads = threads
        self._host = host
        self._port = port
        self._placed = placed

    async def ask(self, ask: Ask) -> Answer:
        """One read."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, self._placed(ask))

    def _read(self, name: str) -> Answer:
        from tftpy import TftpClient
        from tftpy.TftpShared import TftpException, TftpFileNotFoundError

        body = BytesIO()
        client = TftpClient(self._host, self._port, {"blksize": _BLOCK}, flock=False)
        try:
            client.download(name, body, timeout=5, retries=3)
        except TftpFileNotFoundError:
            return Answer(status=404)
        except (TftpException, OSError) as fault:
            return Answer(status=0, reason=str(fault) or type(fault).__name__)
        return Answer(status=200, body=body.getvalue())


@asynccontextmanager
async def http_wire(
    base: str, connections: int, placed: Placed = as_asked, *, forwarded_for: str = ""
) -> AsyncIterator[HttpWire]:
    """A wire to the HTTP server at `base`, with at most so many connections; `forwarded_for` is
    the phone's address that each request names as a proxy would, empty for none."""
    connector = aiohttp.TCPConnector(limit=connections, ssl=False)
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent",),
        headers={"X-Forwarded-For": forwarded_for} if forwarded_for else None,
    ) as session:
        yield HttpWire(session, base, placed)


@asynccontextmanager
async def tftp_wire(
    host: str, port: int, transfers: int, placed: Placed = as_asked
) -> AsyncIterator[TftpWire]:
    """A wire to the TFTP server there, with at most so many transfers at once."""
    logging.getLogger("tftpy").setLevel(logging.CRITICAL)  # a file not found is no event here
    threads = ThreadPoolExecutor(transfers, thread_name_prefix="tftp-phone")
    try:
        yield TftpWire(threads, host, port, placed)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
