"""How do phones find their provisioning by SIP multicast? A listener on each of our own networks.

Each address listens on the group by its own membership, and answers from a socket of its own: the
group's address cannot be a source, and a SIP server on this machine keeps its port 5060.
"""

import asyncio
import logging
import secrets
import socket
import struct
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from provisiond.boot.peer import read_address
from provisiond.boot.pnp_message import (
    LONGEST,
    Subscription,
    accepted,
    answered_call,
    notification,
    read_subscription,
)
from provisiond.inventory.access import Peer, Transport

log = logging.getLogger(__name__)

GROUP: Final = "224.0.1.75"  # sip.mcast.net, RFC 3261 section 10.2.6
PORT: Final = 5060

_MULTICAST_ALL: Final = getattr(socket, "IP_MULTICAST_ALL", 49)  # linux/in.h
_BATCH: Final = 64
_AT_ONCE: Final = 200
_REMEMBERED: Final = 1000
_REMEMBERED_SECONDS: Final = 30.0
_REPEATS: Final = 5
_AGAIN: Final = (0.5, 1.0, 2.0)
"""Seconds between the NOTIFYs that are sent until one is answered (RFC 3261 section 17.1.2.2)."""

UrlFor = Callable[[Subscription, Peer], Awaitable[str | None]]
"""The URL that a phone is to be told, or None: it is not answered at all, so that another server
on its network can."""


@dataclass(slots=True, kw_only=True)
class PnpCounters:
    """What happened since the start; all rise."""

    requests: int = 0
    malformed: int = 0
    answered: int = 0
    silent: int = 0
    repeated: int = 0
    confirmed: int = 0
    dropped: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Told:
    """What was said to a Call-ID, to be said again where the phone repeats itself."""

    at: float
    datagrams: tuple[bytes, bytes] | None
    repeats: int = 0
    confirmed: bool = False


class _Link:
    """One of our addresses: a member of the group, and the socket that answers from it."""

    def __init__(self, address: str) -> None:
        self.group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self.group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.group.setsockopt(socket.IPPROTO_IP, _MULTICAST_ALL, 0)
            self.group.bind((GROUP, PORT))
            member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton(address))
            self.group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            self.own.bind((address, 0))
        except OSError:
            self.close()
            raise
        self.local: tuple[str, int] = self.own.getsockname()

    def close(self) -> None:
        """Leave the group."""
        self.group.close()
        self.own.close()


class PnpListener:
    """Answers phones that SUBSCRIBE to the group, one Call-ID once.

    `url_for` decides; what it raises is logged, and that phone hears nothing. Belongs to the loop
    that runs its `start`.
    """

    def __init__(self, url_for: UrlFor) -> None:
        self.counters = PnpCounters()
        self._url_for = url_for
        self._links: list[_Link] = []
        self._told: OrderedDict[str, _Told] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, addresses: Sequence[str]) -> None:
        """Join the group with each of our addresses. Raises OSError where one is not ours."""
        loop = asyncio.get_running_loop()
        for address in addresses:
            link = _Link(address)
            self._links.append(link)
            loop.add_reader(link.group.fileno(), self._on_asked, link)
            loop.add_reader(link.own.fileno(), self._on_answered, link)

    def stop(self) -> None:
        """Leave the group; what is not answered yet is not answered any more."""
        loop = asyncio.get_running_loop()
        for link in self._links:
            loop.remove_reader(link.group.fileno())
            loop.remove_reader(link.own.fileno())
            link.close()
        self._links.clear()
        for task in self._tasks:
            task.cancel()

    def _on_asked(self, link: _Link) -> None:
        for _ in range(_BATCH):
            try:
                datagram, source = link.group.recvfrom(LONGEST + 1)
            except BlockingIOError:
                return
            except OSError as fault:
                log.warning("PnP listener: %s", fault)
                return
            try:
                self._take(link, datagram, source)
            except Exception:  # one datagram must never stop the listener
                log.exception("PnP: a datagram of %d octets failed", len(datagram))

    def _take(self, link: _Link, datagram: bytes, source: tuple[str, int]) -> None:
        asked = read_subscription(datagram)
        if asked is None:
            self.counters.malformed += 1
            return
        self.counters.requests += 1
        now = asyncio.get_running_loop().time()
        key = f"{asked.call_id} {source[0]}"
        told = self._told.get(key)
        if told is not None and now - told.at < _REMEMBERED_SECONDS:
            if told.datagrams is not None and told.repeats < _REPEATS:
                told.repeats += 1
                self.counters.repeated += 1
                for said in told.datagrams:
                    self._send(link, said, source)
            return
        if len(self._tasks) >= _AT_ONCE:
            self.counters.dropped += 1
            return
        told = self._told[key] = _Told(now, None)
        self._told.move_to_end(key)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        task = asyncio.create_task(self._answer(link, asked, source, told))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(
        self, link: _Link, asked: Subscription, source: tuple[str, int], told: _Told
    ) -> None:
        try:
            await self._decide(link, asked, source, told)
        except Exception:  # nobody waits for this task; one phone must never stop the listener
            self.counters.failed += 1
            log.exception("PnP: %s could not be answered", source[0])

    async def _decide(
        self, link: _Link, asked: Subscription, source: tuple[str, int], told: _Told
    ) -> None:
        peer = Peer(
            address=read_address(source[0]),
            port=source[1],
            transport=Transport.PNP,
            user_agent=asked.user_agent or None,
        )
        url = await self._url_for(asked, peer)
        if url is None:
            self.counters.silent += 1
            return
        host, port = link.local
        tag, branch = secrets.token_hex(8), f"z9hG4bK{secrets.token_hex(12)}"
        told.datagrams = (
            accepted(asked, tag=tag, contact=f"sip:{host}:{port}", source=source),
            notification(
                asked,
                url=url,
                tag=tag,
                branch=branch,
                local=link.local,
                to=asked.contact or f"sip:{source[0]}:{source[1]}",
            ),
        )
        self.counters.answered += 1
        for said in told.datagrams:
            self._send(link, said, source)
        for pause in _AGAIN:
            await asyncio.sleep(pause)
            if told.confirmed or not self._links:
                return
            self._send(link, told.datagrams[1], source)

    def _on_answered(self, link: _Link) -> None:
        for _ in range(_BATCH):
            try:
                datagram, source = link.own.recvfrom(LONGEST + 1)
            except OSError:  # nothing more, or a phone that took nothing there (ICMP)
                return
            try:
                self._confirm(datagram, source)
            except Exception:  # as for what is asked
                log.exception("PnP: an answer of %d octets failed", len(datagram))

    def _confirm(self, datagram: bytes, source: tuple[str, int]) -> None:
        call = answered_call(datagram)
        told = self._told.get(f"{call} {source[0]}") if call is not None else None
        if told is not None and not told.confirmed:
            told.confirmed = True
            self.counters.confirmed += 1

    @staticmethod
    def _send(link: _Link, datagram: bytes, source: tuple[str, int]) -> None:
        try:
            link.own.sendto(datagram, source)
        except OSError as fault:
            log.debug("PnP: %s could not be told: %s", source[0], fault)
