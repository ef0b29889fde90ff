"""What phones get from the TFTP server: who is answered, what a refusal looks like, and that
nothing is left behind when they vanish."""

import asyncio
import errno
import logging
import os
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_network
from pathlib import Path

import pytest

from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.boot.tftp import TftpServer
from provisiond.boot.tftp_options import TftpLimits
from provisiond.boot.tftp_packet import Data, Error, ack, data, parse, read_request
from provisiond.inventory.access import Peer, Transport
from provisiond.inventory.errors import (
    AbsentFile,
    AmbiguousFile,
    Failed,
    NotAdmitted,
    OutsideUnavailable,
    Refused,
    StoreUnavailable,
    TemplateFault,
    UnknownFile,
    UnknownPhone,
)
from tests.boot.tftp_phone import (
    HASTY,
    LOOPBACK,
    Shelf,
    asset,
    body,
    close_all,
    listening,
    open_files,
    phone,
    phones,
    until,
)
from tests.needs import need

CONFIG = b"account.1.enable = 1\n" * 100
NAME = "001565aabbcc.cfg"


@dataclass(slots=True)
class HeldShelf:
    """A `serve_file` that answers a name only once the test lets it."""

    replies: dict[str, FileReply]
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, request: FileRequest) -> FileReply:
        """Wait for the name's event, if it has one."""
        self.asked.append(request.name)
        event = self.held.get(request.name)
        if event is not None:
            await event.wait()
        return self.replies[request.name]


async def test_serve_is_told_who_asks_for_what() -> None:
    shelf = Shelf({NAME: body(CONFIG)})
    at = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    server = TftpServer(
        serve=shelf, networks=LOOPBACK, on_malformed=lambda peer, reason: None, now=lambda: at
    )
    address = await server.start("127.0.0.1", 0)
    async with phone(address) as one:
        await one.fetch(NAME)
        peer = Peer(address=IPv4Address("127.0.0.1"), port=one.port, transport=Transport.TFTP)
    await server.stop(5)
    assert shelf.asked == [FileRequest(name=NAME, peer=peer, at=at)]


async def test_a_name_that_is_no_utf8_arrives_as_escapes() -> None:
    shelf = Shelf()
    async with listening(shelf) as door, phone(door.address) as one:
        one.transport.sendto(b"\0\x01\xff\\..\\..\\etc\0octet\0", door.address)
        assert parse(await one.receive()) == Error(code=1, text="File not found")
    assert shelf.asked[0].name == "\\xff\\..\\..\\etc"


@pytest.mark.parametrize(
    "refusal",
    [
        UnknownPhone("001565aabbcc"),
        UnknownFile("a.cfg"),
        AbsentFile("a.cfg"),
        AmbiguousFile("two"),
        NotAdmitted("enrolment is over"),
        Refused("secret reason"),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_every_refusal_is_error_1_with_the_same_bytes(refusal: Refused) -> None:
    async with listening(Shelf({"a": refusal})) as door, phone(door.address) as one:
        one.ask("a")
        assert await one.receive() == b"\0\x05\0\x01File not found\0"
        assert door.tftp.counters.refused == 1
        assert door.tftp.counters.active == 0


@pytest.mark.parametrize(
    "failure",
    [
        StoreUnavailable("disk full at /var/lib/provisiond"),
        TemplateFault("acme", "boot.j2", 12, "division by zero"),
        OutsideUnavailable("10.0.0.1 refuses"),
        Failed("of us"),
        ZeroDivisionError("division by zero"),
        OSError(errno.EIO, "input/output error"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_what_we_fail_at_is_error_0_without_internals(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        async with listening(Shelf({"a": failure})) as door, phone(door.address) as one:
            one.ask("a")
            packet = parse(await one.receive())
            assert isinstance(packet, Error)
            assert packet.code == 0
            for word in ("disk", "boot.j2", "division", "10.0", "us", "input", "/"):
                assert word not in packet.text
            assert door.tftp.counters.failed == 1
            one.ask("a")
            await one.receive()
            assert door.tftp.counters.requests == 2, "asked again, answered again"


async def test_template_faults_are_logged_once_in_a_storm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault = TemplateFault("acme", "boot.j2", 12, "division by zero")
    async with listening(Shelf({"a": fault})) as door, phones(door.address, 20) as crowd:
        for one in crowd:
            one.ask("a")
        for one in crowd:
            await one.receive()
    assert "boot.j2" in caplog.text
    assert len(caplog.records) < 20


@pytest.mark.parametrize(
    "failure",
    [UnknownFile("a.log"), StoreUnavailable("disk full"), ZeroDivisionError("by zero"), None],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_write_is_error_2_whatever_serve_says_of_it(
    failure: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    shelf = Shelf({"a.log": failure or FileReply(allow=("GET", "HEAD")), NAME: body(CONFIG)})
    with caplog.at_level(logging.CRITICAL):
        async with listening(shelf) as door, phone(door.address) as one:
            one.transport.sendto(b"\0\x02a.log\0octet\0", door.address)
            assert parse(await one.receive()) == Error(code=2, text="This server is read-only")
            assert await one.fetch(NAME) == CONFIG
            assert one.got.empty(), "answered once"
            assert door.tftp.counters.failed == 0
    assert [request.method for request in shelf.asked] == ["PUT", "GET"]


async def test_a_storm_of_writes_is_answered_and_only_so_many_wait_to_be_known() -> None:
    shelf = HeldShelf({"a.log": body(b""), NAME: body(CONFIG)})
    shelf.held["a.log"] = asyncio.Event()
    async with listening(shelf) as door, phone(door.address) as one:
        for _ in range(200):
            one.transport.sendto(b"\0\x02a.log\0octet\0", door.address)
            await one.receive()
        assert await one.fetch(NAME) == CONFIG
        assert door.tftp.counters.refused == 200
        assert 1 < shelf.asked.count("a.log") < 100
        shelf.held["a.log"].set()


async def test_a_reply_that_only_other_methods_get_is_no_file() -> None:
    shelf = Shelf({"a": FileReply(allow=("PUT",))})
    async with listening(shelf) as door, phone(door.address) as one:
        one.ask("a")
        assert parse(await one.receive()) == Error(code=1, text="File not found")


async def test_an_asset_that_has_gone_is_error_1(tmp_path: Path) -> None:
    reply = FileReply(asset=tmp_path / "gone", size=10)
    async with listening(Shelf({"a": reply})) as door, phone(door.address) as one:
        one.ask("a")
        assert parse(await one.receive()) == Error(code=1, text="File not found")


async def test_an_asset_that_gets_shorter_ends_in_error_0_and_never_as_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "firmware.rom"
    path.write_bytes(bytes(1_000_000))
    async with listening(Shelf({"a": asset(path)})) as door, phone(door.address) as one:
        one.ask("a")
        await one.receive()
        os.truncate(path, 600)
        block = 1
        while isinstance(packet := parse(await send_and_receive(one, block)), Data):
            assert len(packet.payload) == 512
            block += 1
        assert isinstance(packet, Error)
        assert packet.code == 0
        assert door.tftp.counters.active == 0


async def send_and_receive(one: object, block: int) -> bytes:
    one.send(ack(block))  # type: ignore[attr-defined]
    return await one.receive()  # type: ignore[attr-defined, no-any-return]


async def test_outside_the_networks_not_one_byte_is_sent() -> None:
    shelf = Shelf({NAME: body(CONFIG)})
    server = TftpServer(
        serve=shelf,
        networks=(ip_network("127.0.0.1/32"),),
        on_malformed=lambda peer, reason: None,
    )
    address = await server.start("127.0.0.1", 0)
    async with (
        phone(address, host="127.0.0.2") as outside,
        phone(address) as inside,
        phone(address, host="127.0.0.2") as stranger,
    ):
        for datagram in (read_request(NAME), b"\0\x02a\0octet\0", b"\0", b"\xff" * 9, ack(1)):
            outside.transport.sendto(datagram, address)
        await until(lambda: server.counters.denied == 5)
        inside.ask(NAME)
        await inside.receive()
        stranger.tid = inside.tid
        stranger.send(ack(1))
        await until(lambda: server.counters.denied == 6)
        inside.send(ack(1))
        await inside.receive()
        assert outside.got.empty()
        assert stranger.got.empty()
    assert len(shelf.asked) == 1
    await server.stop(0)


async def test_malformed_datagrams_are_answered_counted_and_reported() -> None:
    async with listening(Shelf({NAME: body(CONFIG)})) as door, phone(door.address) as one:
        one.transport.sendto(b"\0\x01\0\0", door.address)
        assert parse(await one.receive()) == Error(code=4, text="Illegal TFTP operation")
        assert door.malformed == [
            (
                Peer(address=IPv4Address("127.0.0.1"), port=one.port, transport=Transport.TFTP),
                "request without file name",
            )
        ]
        one.ask(NAME)
        await one.receive()
        one.send(b"\0\x04\0")
        await until(lambda: door.tftp.counters.malformed == 2)
        assert door.reasons[1] == "shorter than its header"
        one.send(ack(1))
        assert parse(await one.receive()) == Data(block=2, payload=CONFIG[512:1024])


async def test_an_error_to_the_listener_is_never_answered() -> None:
    """Two servers would chat for ever."""
    async with listening(Shelf({NAME: body(CONFIG)})) as door, phone(door.address) as one:
        one.transport.sendto(b"\0\x05\0\x04Illegal TFTP operation\0", door.address)
        assert await one.fetch(NAME) == CONFIG
        assert one.got.empty()


async def test_a_listener_survives_what_its_callers_raise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def explode(peer: Peer, reason: str) -> None:
        raise RuntimeError("the journal is broken")

    server = TftpServer(serve=Shelf({NAME: body(CONFIG)}), networks=LOOPBACK, on_malformed=explode)
    address = await server.start("127.0.0.1", 0)
    with caplog.at_level(logging.CRITICAL):
        async with phone(address) as one:
            one.transport.sendto(b"\xff\xff", address)
            await one.receive()
            assert await one.fetch(NAME) == CONFIG
            one.ask(NAME)
            await one.receive()
            one.send(b"\0\x04")
            one.send(ack(1))
            assert parse(await one.receive()) == Data(block=2, payload=CONFIG[512:1024])
    await server.stop(0)


async def test_the_answer_comes_from_the_address_that_was_asked() -> None:
    async with listening(Shelf({NAME: body(CONFIG)}), host="0.0.0.0") as door:
        for host in ("127.0.0.1", "127.0.0.77"):
            async with phone((host, door.address[1]), host="127.0.0.1") as one:
                assert await one.fetch(NAME) == CONFIG
                assert one.tid is not None
                assert one.tid[0] == host
                one.ask("no such file")
                await one.receive()
                assert one.tid == (host, door.address[1])


async def test_ipv6_is_served() -> None:
    need("ipv6")
    shelf = Shelf({NAME: body(CONFIG)})
    for host in ("::1", "::"):
        async with (
            listening(shelf, host=host) as door,
            phone(("::1", door.address[1])) as one,
        ):
            assert await one.fetch(NAME) == CONFIG
            one.ask("no such file")
            assert isinstance(parse(await one.receive()), Error)
    assert str(shelf.asked[0].peer.address) == "::1"


async def test_several_listeners_share_one_server() -> None:
    server = TftpServer(
        serve=Shelf({NAME: body(CONFIG)}), networks=LOOPBACK, on_malformed=lambda p, r: None
    )
    before = open_files()
    addresses = [await server.start("127.0.0.1", 0) for _ in range(3)]
    for address in addresses:
        async with phone(address) as one:
            assert await one.fetch(NAME) == CONFIG
    assert server.counters.requests == 3
    await server.stop(5)
    assert open_files() == before


async def test_an_address_in_use_is_an_error_and_leaks_nothing() -> None:
    before = open_files()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        server = TftpServer(serve=Shelf(), networks=LOOPBACK, on_malformed=lambda p, r: None)
        with pytest.raises(OSError, match="in use"):
            await server.start("127.0.0.1", taken.getsockname()[1])
    await server.stop(0)
    assert open_files() == before


async def test_one_slow_file_holds_up_nobody_else() -> None:
    shelf = HeldShelf({"slow": body(b"slow"), "quick": body(b"quick")})
    shelf.held["slow"] = asyncio.Event()
    async with (
        listening(shelf) as door,
        phone(door.address) as slow,
        phone(door.address) as quick,
    ):
        slow.ask("slow")
        await until(lambda: shelf.asked == ["slow"])
        assert await quick.fetch("quick") == b"quick"
        slow.ask("slow")
        assert await quick.fetch("quick") == b"quick"
        assert shelf.asked == ["slow", "quick", "quick"], "asking again asks nobody again"
        shelf.held["slow"].set()
        assert parse(await slow.receive()) == Data(block=1, payload=b"slow")


async def test_another_file_from_the_same_port_begins_anew() -> None:
    """Some phones keep their port; the last ACK of the file before may have got lost."""
    async with (
        listening(Shelf({"a": body(b"a"), "b": body(b"b")})) as door,
        phone(door.address) as one,
    ):
        one.ask("a")
        await one.receive()
        before = one.tid
        one.ask("b")
        assert parse(await one.receive()) == Data(block=1, payload=b"b")
        assert one.tid != before
        assert door.tftp.counters.active == 1


async def test_the_same_file_asked_again_after_a_stall_begins_anew() -> None:
    """A phone that was switched off and on comes from the same port with the same request."""
    async with (
        listening(Shelf({NAME: body(CONFIG)}), limits=HASTY) as door,
        phone(door.address) as one,
    ):
        one.ask(NAME)
        await one.receive()
        one.send(ack(1))
        await one.receive()
        await until(lambda: door.tftp.counters.resends > 0)
        while not one.got.empty():
            one.got.get_nowait()
        one.ask(NAME)
        packet = parse(await one.receive())
        while packet != Data(block=1, payload=CONFIG[:512]):
            packet = parse(await one.receive())
        assert door.tftp.counters.active == 1


async def test_after_its_resends_a_session_ends_and_the_port_may_begin_anew() -> None:
    shelf = Shelf({NAME: body(CONFIG)})
    async with listening(shelf, limits=HASTY) as door, phone(door.address) as one:
        one.ask(NAME)
        await until(lambda: door.tftp.counters.timeouts == 1)
        assert one.got.qsize() == 3, "the answer and two re-sends, to a sender that may be forged"
        assert door.tftp.counters.active == 0
        one.ask(NAME)
        await until(lambda: one.got.qsize() > 3)
    assert len(shelf.asked) == 2


async def test_a_file_is_delivered_with_its_last_acknowledgement_and_not_before() -> None:
    at: list[datetime] = []
    reply = replace(body(CONFIG), delivered=at.append)
    async with listening(Shelf({NAME: reply}), limits=HASTY) as door:
        async with phone(door.address) as silent:
            silent.ask(NAME)
            await until(lambda: door.tftp.counters.timeouts == 1)
        async with phone(door.address) as one:
            one.ask(NAME)
            block, packet = 1, parse(await one.receive())
            while packet == Data(block=block, payload=CONFIG[512 * (block - 1) : 512 * block]):
                assert isinstance(packet, Data)
                assert at == []
                one.send(ack(block))
                if len(packet.payload) < 512:
                    break
                block, packet = block + 1, parse(await one.receive())
            await until(lambda: door.tftp.counters.transfers_ok == 1)
        assert len(at) == 1


async def test_when_full_the_oldest_unacknowledged_goes_first() -> None:
    limits = TftpLimits(sessions=3)
    async with (
        listening(Shelf({NAME: body(CONFIG)}), limits=limits) as door,
        phones(door.address, 5) as crowd,
    ):
        for one in crowd[:3]:
            one.ask(NAME)
            await one.receive()
        crowd[0].send(ack(1))
        await crowd[0].receive()
        crowd[3].ask(NAME)
        await crowd[3].receive()
        assert door.tftp.counters.evicted == 1
        for kept in (0, 2, 3):
            crowd[kept].send(ack(2 if kept == 0 else 1))
            packet = parse(await crowd[kept].receive())
            assert isinstance(packet, Data)
            assert packet.block == (3 if kept == 0 else 2)
        assert door.tftp.counters.active == 3


async def test_when_full_of_acknowledged_transfers_the_next_hears_that_we_are_busy() -> None:
    limits = TftpLimits(sessions=1)
    async with (
        listening(Shelf({NAME: body(CONFIG)}), limits=limits) as door,
        phone(door.address) as one,
        phone(door.address) as other,
    ):
        one.ask(NAME)
        await one.receive()
        one.send(ack(1))
        await one.receive()
        other.ask(NAME)
        packet = parse(await other.receive())
        assert isinstance(packet, Error)
        assert packet.code == 0
        one.send(ack(2))
        assert parse(await one.receive()) == Data(block=3, payload=CONFIG[1024:1536])


async def test_a_waiting_request_makes_room_too() -> None:
    shelf = HeldShelf({"slow": body(b"slow"), "quick": body(b"quick")})
    shelf.held["slow"] = asyncio.Event()
    async with (
        listening(shelf, limits=TftpLimits(sessions=1)) as door,
        phone(door.address) as slow,
        phone(door.address) as quick,
    ):
        slow.ask("slow")
        await until(lambda: shelf.asked == ["slow"])
        assert await quick.fetch("quick") == b"quick"
        shelf.held["slow"].set()
        await until(lambda: door.tftp.counters.active == 0)
        assert slow.got.empty()


async def test_phones_that_vanish_leave_nothing_and_the_next_are_served() -> None:
    limits = TftpLimits(
        first_timeout=0.3, min_timeout=0.1, max_timeout=0.2, last_wait=0.3, retries=3
    )
    async with (
        listening(Shelf({NAME: body(CONFIG)}), limits=limits) as door,
        phones(door.address, 200) as crowd,
        phones(door.address, 50) as others,  # on ports of their own: none of the crowd's
    ):
        for one in crowd:
            one.ask(NAME)
        for one in crowd:
            await one.receive()
            one.send(ack(1))
        await until(lambda: all(not one.got.empty() for one in crowd))
        close_all(crowd[:100])  # their ports refuse; the others stay silent
        fetched = await asyncio.gather(*(one.fetch(NAME, forgiving=True) for one in others))
        assert fetched == [CONFIG] * 50
        await until(lambda: door.tftp.counters.active == 0)
        # On one host a vanished phone's port may by now be one of our own, which says error 5.
        assert door.tftp.counters.transfers_gone + door.tftp.counters.aborted == 100
        assert door.tftp.counters.timeouts == 100
        assert door.tftp.counters.transfers_ok == 50


async def test_without_descriptors_the_unacknowledged_give_theirs() -> None:
    async with (
        listening(Shelf({NAME: body(CONFIG)})) as door,
        phones(door.address, 8) as crowd,
    ):
        for one in crowd[:4]:
            one.ask(NAME)
            await one.receive()
        with no_more_descriptors():
            for one in crowd[4:]:
                one.ask(NAME)
                assert parse(await one.receive()) == Data(block=1, payload=CONFIG[:512])
        assert door.tftp.counters.evicted >= 4
        assert door.tftp.counters.failed == 0


async def test_without_any_descriptor_a_read_fails_in_words_and_later_ones_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.CRITICAL):
        async with listening(Shelf({NAME: body(CONFIG)})) as door, phone(door.address) as one:
            with no_more_descriptors():
                one.ask(NAME)
                packet = parse(await one.receive())
            assert isinstance(packet, Error)
            assert packet.code == 0
            assert await one.fetch(NAME) == CONFIG


async def test_a_loop_that_was_held_up_reads_the_answers_before_it_sends_again() -> None:
    """Time was up for all of them, but the ACKs lay there: nothing is sent twice."""
    limits = TftpLimits(first_timeout=0.5, min_timeout=5.0)
    async with (
        listening(Shelf({NAME: body(CONFIG)}), limits=limits) as door,
        phones(door.address, 150) as crowd,
    ):
        for one in crowd:
            one.ask(NAME)
        for one in crowd:
            await one.receive()
        for one in crowd:
            one.send(ack(1))
        before = door.tftp.counters.resends
        time.sleep(0.7)
        for one in crowd:
            assert parse(await one.receive()) == Data(block=2, payload=CONFIG[512:1024])
        assert door.tftp.counters.resends == before


async def test_stop_lets_transfers_end_within_the_grace() -> None:
    shelf = Shelf({NAME: body(CONFIG)})
    server = TftpServer(serve=shelf, networks=LOOPBACK, on_malformed=lambda p, r: None)
    before = open_files()
    address = await server.start("127.0.0.1", 0)
    async with phone(address) as one:
        one.ask(NAME)
        await one.receive()
        stopping = asyncio.create_task(server.stop(60))
        for block in range(1, 5):
            one.send(ack(block))
            assert await one.receive() == data(block + 1, CONFIG[block * 512 : block * 512 + 512])
        assert not stopping.done()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as successor:
            successor.bind(address)  # the port is free for the next process
        one.send(ack(5))
        await stopping
    assert server.counters.transfers_ok == 1
    assert open_files() == before


async def test_stop_ends_what_is_left_with_a_word() -> None:
    shelf = HeldShelf({"slow": body(b"slow"), NAME: body(CONFIG)})
    shelf.held["slow"] = asyncio.Event()
    server = TftpServer(serve=shelf, networks=LOOPBACK, on_malformed=lambda p, r: None)
    before = open_files()
    address = await server.start("127.0.0.1", 0)
    async with phone(address) as one, phone(address) as slow:
        slow.ask("slow")
        one.ask(NAME)
        await one.receive()
        await server.stop(0)
        packet = parse(await one.receive())
        assert isinstance(packet, Error)
        assert packet.code == 0
    assert server.counters.active == 0
    assert open_files() == before


async def test_a_stopped_server_starts_again() -> None:
    server = TftpServer(
        serve=Shelf({NAME: body(CONFIG)}), networks=LOOPBACK, on_malformed=lambda p, r: None
    )
    await server.stop(0)
    for _ in range(2):
        address = await server.start("127.0.0.1", 0)
        async with phone(address) as one:
            assert await one.fetch(NAME) == CONFIG
        await server.stop(1)


async def test_an_asset_stopped_in_mid_transfer_leaves_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "firmware.rom"
    path.write_bytes(bytes(3_000_000))
    async with listening(Shelf({"a": asset(path)})) as door, phones(door.address, 20) as crowd:
        for one in crowd:
            one.ask("a", options=(("blksize", "1428"), ("windowsize", "8")))
        for one in crowd:
            await one.receive()
            one.send(ack(0))
        for one in crowd:
            await one.receive()
        await door.tftp.stop(0)
        assert path not in open_paths()


def open_paths() -> set[Path]:
    return {link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """This process can open nothing more, for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(link.name) for link in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
    fillers = []
    try:
        while True:
            try:
                fillers.append(os.open("/dev/null", os.O_RDONLY))
            except OSError:
                break
        yield
    finally:
        for filler in fillers:
            os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
