"""Does the multicast listener go on whatever happens, and is what went wrong told?"""

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from provisiond.boot.pnp import GROUP, PORT, PnpListener
from provisiond.boot.pnp_message import Subscription
from provisiond.inventory.access import Peer
from tests.boot.subscriptions import subscribe

HERE = "127.0.0.1"


class DeafListener(PnpListener):
    """A listener that fails at whatever phones answer."""

    def _confirm(self, datagram: bytes, source: tuple[str, int]) -> None:
        raise LookupError("the phone's answer")


class Phone:
    """Asks the group on loopback."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
        self.socket.bind((HERE, 0))
        self.socket.settimeout(10)

    def ask(self, name: str) -> None:
        """Send this vendor's SUBSCRIBE."""
        source = f"{HERE}:{self.socket.getsockname()[1]}"
        self.socket.sendto(subscribe(name, source), (GROUP, PORT))

    async def told(self) -> str:
        """The NOTIFY that comes after the 200; it is answered."""
        answers = [await asyncio.to_thread(self.socket.recvfrom, 9000) for _ in range(2)]
        self.socket.sendto(b"SIP/2.0 200 OK\r\nCSeq: 1 NOTIFY\r\n\r\n", answers[1][1])
        return answers[1][0].decode()


@contextmanager
def asking(listener: PnpListener) -> Iterator[Phone]:
    phone = Phone()
    listener.start([HERE])
    try:
        yield phone
    finally:
        listener.stop()
        phone.socket.close()


async def until(count: Callable[[], int], wanted: int) -> None:
    while count() != wanted:
        await asyncio.sleep(0.01)


async def test_an_answer_that_fails_is_told_and_the_next_phone_is_answered(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked: list[str] = []

    async def url_for(subscription: Subscription, peer: Peer) -> str | None:
        asked.append(subscription.vendor)
        if len(asked) == 1:
            raise LookupError("who is asking?")
        return "http://höst/" if len(asked) == 2 else "http://host/"

    listener = PnpListener(url_for)
    with asking(listener) as phone:
        for failures, name in enumerate(("snom", "grandstream"), 1):
            phone.ask(name)
            await until(lambda: listener.counters.failed, failures)
        phone.ask("yealink")
        assert "http://host/" in await phone.told()
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [record.exc_info[0] for record in failed if record.exc_info] == [
        LookupError,
        UnicodeEncodeError,
    ]


async def test_a_phones_answer_that_fails_is_told_and_the_listener_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def url_for(subscription: Subscription, peer: Peer) -> str | None:
        return "http://host/"

    listener = DeafListener(url_for)
    with asking(listener) as phone:
        for answers, name in enumerate(("snom", "grandstream"), 1):
            phone.ask(name)
            assert "http://host/" in await phone.told()
            await until(lambda: len(caplog.records), answers)
    assert {str(record.exc_info[1]) for record in caplog.records if record.exc_info} == {
        "the phone's answer"
    }
