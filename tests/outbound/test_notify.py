"""Does one NOTIFY end as the far end has it? Phones are sipp, or sockets that misbehave."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from provisiond.inventory.secret import Secret
from provisiond.outbound.notify import Notify, Outcome, SipNotifier, Told
from provisiond.outbound.sip_channel import Hop
from provisiond.outbound.sip_digest import Login
from provisiond.outbound.sip_place import Finder
from provisiond.outbound.sip_targets import SipTargets
from provisiond.outbound.sip_transaction import STANDARD, Timers
from tests.boot.test_http_tls import GOOD, trusting
from tests.sipp import LOOPBACK, answer, check_password, free_port, pause, phone, take

KEPT = ("Via", "From", "To", "Call-ID", "CSeq")
QUICK = Timers(t1=0.02, t2=0.16)
CHALLENGE = 'WWW-Authenticate: Digest realm="phone", nonce="47ebe028", algorithm=MD5, qop="auth"'
PROXY = 'Proxy-Authenticate: Digest realm="proxy", nonce="9f0a", algorithm=MD5, qop="auth,auth-int"'


def order(port: int, transport: str = "udp", password: str = "s3cret") -> Notify:
    return Notify(
        event="check-sync;reboot=false",
        uri=f"sip:101@127.0.0.1:{port}",
        aor="sip:101@pbx.example.test",
        host="127.0.0.1",
        port=port,
        transport=transport,
        login=Login(user="101", password=Secret(password)),
    )


async def tell(what: Notify, timers: Timers = STANDARD) -> Outcome:
    return await SipNotifier(Finder(), targets=LOOPBACK, timers=timers).notify(what)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_phone_that_answers_was_told(tmp_path: Path, transport: str) -> None:
    sipp = "t1" if transport == "tcp" else "u1"
    with phone(tmp_path, take("check-sync;reboot=false"), answer("200 OK"), transport=sipp) as one:
        assert await tell(order(one.port, transport)) == Outcome(
            told=Told.ANSWERED, code=200, reason="OK"
        )
        assert await asyncio.to_thread(one.result) == 0


@pytest.mark.parametrize(
    ("password", "told", "code"), [("s3cret", Told.ANSWERED, 200), ("wrong", Told.REFUSED, 403)]
)
async def test_a_challenge_is_answered_with_the_lines_password(
    tmp_path: Path, password: str, told: Told, code: int
) -> None:
    steps = (take(), answer("401 Unauthorized", CHALLENGE), check_password("101", "s3cret"))
    with phone(tmp_path, *steps) as one:
        outcome = await tell(order(one.port, password=password))
        assert (outcome.told, outcome.code) == (told, code)
        assert await asyncio.to_thread(one.result) == 0


async def test_proxy_and_phone_may_both_ask_for_the_password(tmp_path: Path) -> None:
    steps = (
        take(),
        answer("407 Proxy Authentication Required", PROXY),
        take(),
        answer("401 Unauthorized", CHALLENGE),
        check_password("101", "s3cret"),
    )
    with phone(tmp_path, *steps) as one:
        assert (await tell(order(one.port))).told is Told.ANSWERED
        assert await asyncio.to_thread(one.result) == 0


async def test_a_password_that_is_refused_is_not_tried_again(tmp_path: Path) -> None:
    refusal = answer("401 Unauthorized", CHALLENGE)
    with phone(tmp_path, take(), refusal, take(), refusal) as one:
        outcome = await tell(order(one.port))
        assert (outcome.told, outcome.code) == (Told.REFUSED, 401)
        assert await asyncio.to_thread(one.result) == 0


async def test_a_stale_nonce_is_no_refusal(tmp_path: Path) -> None:
    stale = CHALLENGE.replace("47ebe028", "47ebe029") + ", stale=TRUE"
    steps = (
        take(),
        answer("401 Unauthorized", CHALLENGE),
        take(),
        answer("401 Unauthorized", stale),
        check_password("101", "s3cret"),
    )
    with phone(tmp_path, *steps) as one:
        assert (await tell(order(one.port))).told is Told.ANSWERED


@pytest.mark.parametrize(
    ("status", "told", "code", "seconds"),
    [
        ("403 Forbidden", Told.REFUSED, 403, None),
        ("302 Moved Temporarily", Told.REFUSED, 302, None),
        ("489 Bad Event", Told.REFUSED, 489, None),
        ("503 Service Unavailable\nRetry-After: 120 (maintenance)", Told.REFUSED, 503, 120),
        ("408 Request Timeout", Told.SILENT, 408, None),
    ],
)
async def test_a_refusal_is_told_with_its_code(
    tmp_path: Path, status: str, told: Told, code: int, seconds: int | None
) -> None:
    with phone(tmp_path, take(), answer(status)) as one:
        outcome = await tell(order(one.port))
        assert (outcome.told, outcome.code, outcome.retry_after) == (told, code, seconds)


async def test_a_phone_that_says_nothing_is_silent(tmp_path: Path) -> None:
    with phone(tmp_path, take(), pause(5000)) as one:
        assert await tell(order(one.port), QUICK) == Outcome(told=Told.SILENT)


async def test_an_answer_after_repeats_counts(tmp_path: Path) -> None:
    with phone(tmp_path, take(), pause(400), answer("200 OK")) as one:
        assert (await tell(order(one.port), QUICK)).told is Told.ANSWERED


@asynccontextmanager
async def closing() -> AsyncIterator[int]:
    """A service that takes connections and speaks no SIP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example.test ESMTP\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_what_never_spoke_sip_is_told_apart_for_nobody_but_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    clock = asyncio.get_running_loop().time
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        async with closing() as mail:
            began = clock()
            told = await asyncio.gather(
                tell(order(free_port(), "udp"), QUICK),
                tell(order(free_port(), "tcp"), QUICK),
                tell(order(mail, "tcp"), QUICK),
                tell(order(silent.getsockname()[1], "udp"), QUICK),
            )
            assert set(told) == {Outcome(told=Told.SILENT)}
            assert clock() - began > QUICK.timeout, "and not by how long it takes either"
    seen = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    closed, refused = "the connection was closed", "nobody listens there"
    assert sorted(seen) == ["no answer", refused, refused, closed]


async def test_of_what_has_spoken_before_it_is_told_what_became_of_it(tmp_path: Path) -> None:
    notifier = SipNotifier(Finder(), targets=LOOPBACK)
    with phone(tmp_path, take(), answer("200 OK")) as one:
        assert (await notifier.notify(order(one.port))).told is Told.ANSWERED
        assert await asyncio.to_thread(one.result) == 0
    outcome = await notifier.notify(order(one.port))
    assert outcome.told is Told.FAILED
    assert "nobody listens there" in outcome.reason


class Listing(Finder):
    """Finds these, whoever is looked for."""

    def __init__(self, *ports: int) -> None:
        super().__init__()
        self.ports = ports

    async def find(
        self, host: str, port: int | None, transport: str, tenant: int = 0
    ) -> tuple[Hop, ...]:
        hops = [
            Hop(transport="udp", address="127.0.0.1", port=one, name=host) for one in self.ports
        ]
        return tuple(hops)


async def test_the_next_address_is_tried_where_the_first_has_spoken_before(tmp_path: Path) -> None:
    steps = (take(), answer("200 OK"))
    with phone(tmp_path / "first", *steps) as first, phone(tmp_path / "next", *steps) as second:
        finder = Listing(first.port, second.port)
        notifier = SipNotifier(finder, targets=LOOPBACK, timers=QUICK)
        assert (await notifier.notify(order(5060))).told is Told.ANSWERED
        assert await asyncio.to_thread(first.result) == 0
        stranger = SipNotifier(finder, targets=LOOPBACK, timers=QUICK)
        assert await stranger.notify(order(5060)) == Outcome(told=Told.SILENT)
        assert second.process.poll() is None, "who asked would see that the first has nobody"
        assert (await notifier.notify(order(5060))).told is Told.ANSWERED
        assert await asyncio.to_thread(second.result) == 0


async def test_a_message_goes_only_where_it_may() -> None:
    notifier = SipNotifier(Finder(), targets=SipTargets())
    with socket.socket(type=socket.SOCK_DGRAM) as inside:
        inside.bind(("127.0.0.1", 0))
        inside.setblocking(False)
        for host in ("127.0.0.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"):
            what = replace(order(inside.getsockname()[1]), host=host)
            outcome = await notifier.notify(what)
            assert outcome.told is Told.FAILED
            assert f"no message goes to {host}: it is this machine" in outcome.reason
            assert "an admin can allow with sip.targets" in outcome.reason
        with pytest.raises(BlockingIOError):
            inside.recv(1)


async def test_nothing_goes_where_the_message_would_reach_others() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)
        what = replace(order(server.getsockname()[1]), host="localhost")
        outcome = await tell(replace(what, shared_at=frozenset({"127.0.0.1"})))
        assert outcome.told is Told.FAILED
        assert "other phones with this SIP user name the server by its address" in outcome.reason
        with pytest.raises(BlockingIOError):
            server.recv(1)


async def test_a_name_that_does_not_exist_is_told() -> None:
    what = order(5060)
    outcome = await tell(replace(what, host="pbx.invalid"))
    assert outcome.told is Told.FAILED
    assert "pbx.invalid cannot be found" in outcome.reason


class _Forger(asyncio.DatagramProtocol):
    """Answers with everything but the right answer, then with it."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.DatagramTransport = transport  # type: ignore[assignment]

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.requests.append(data)
        head = {line.split(b":", 1)[0]: line for line in data.split(b"\r\n")[1:] if b":" in line}
        kept = [head[name] for name in (b"Via", b"From", b"To", b"Call-ID", b"CSeq")]
        good = b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0", b"", b""])
        branch = head[b"Via"].split(b"branch=")[1]
        forged = [
            good.replace(branch, b"z9hG4bKforged").replace(b"200 OK", b"403 Forbidden"),
            good.replace(b"1 NOTIFY", b"2 NOTIFY").replace(b"200 OK", b"403 Forbidden"),
            good.replace(head[b"Call-ID"], b"Call-ID: other").replace(b"200 OK", b"403 Forbidden"),
            b"",
            b"\0" * 50,
            b"SIP/2.0 999 x\r\n\r\n",
            data,
            good.replace(b"200 OK", b"100 Trying"),
        ]
        for answer_ in forged * 5:
            self.transport.sendto(answer_, addr)  # type: ignore[arg-type]
        if len(self.requests) == 2:
            self.transport.sendto(good, addr)  # type: ignore[arg-type]


async def test_only_the_answer_to_this_very_request_counts() -> None:
    loop = asyncio.get_running_loop()
    transport, forger = await loop.create_datagram_endpoint(_Forger, local_addr=("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        assert (await tell(order(port), QUICK)).told is Told.ANSWERED
        assert forger.requests[0] == forger.requests[1]
    finally:
        transport.close()


@asynccontextmanager
async def tls_phone(folder: Path, *, answers: bool = True) -> AsyncIterator[int]:
    """A TLS server with a certificate of its own, which may close instead of answering."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        kept = [line for line in head if line.split(":")[0] in KEPT]
        if answers:
            writer.write(b"\r\n\r\n")  # a keep-alive in between
            text = "\r\n".join(["SIP/2.0 200 OK", *kept, "Content-Length: 3", "", "abc"])
            writer.write(text.encode())
            await writer.drain()
        writer.close()

    pem = folder / "phone.pem"
    pem.write_bytes(GOOD.certificate_pem + GOOD.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_tls_is_spoken_to_whom_the_certificate_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with tls_phone(tmp_path) as port:
        told = await SipNotifier(Finder(), targets=LOOPBACK, tls=trusting).notify(
            order(port, "tls")
        )
        assert told.told is Told.ANSWERED
        assert await tell(order(port, "tls"), QUICK) == Outcome(told=Told.SILENT)
    assert "its certificate is not good" in caplog.text


async def test_a_phone_that_drops_the_connection_may_have_been_told(tmp_path: Path) -> None:
    async with tls_phone(tmp_path, answers=False) as port:
        notifier = SipNotifier(Finder(), targets=LOOPBACK, tls=trusting, timers=QUICK)
        assert (await notifier.notify(order(port, "tls"))).told is Told.SILENT


async def test_what_would_add_a_header_is_not_sent() -> None:
    what = order(free_port())
    outcome = await tell(replace(what, event="x\r\nEvil: 1"))
    assert (outcome.told, outcome.reason) == (Told.FAILED, "a control character in Event")
