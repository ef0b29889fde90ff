"""The conformance list C01 to C21, each item against a live server on real sockets.

What hangs on time is proved packet by packet in test_tftp_transfer; here it is seen to work.
"""

import asyncio
import os
import random
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from provisiond.boot.tftp_packet import (
    Data,
    Error,
    OptionAck,
    ack,
    data,
    error,
    option_ack,
    parse,
    read_request,
)
from tests.boot.tftp_phone import (
    HASTY,
    Door,
    Options,
    Shelf,
    asset,
    body,
    listening,
    phone,
    until,
)
from tests.needs import need

CONFIG = bytes(range(256)) * 5  # 1280 octets: 512, 512, 256
SHELF = {"a.cfg": body(CONFIG), "empty": body(b"")}


async def first_answer(
    door: Door, name: str, *, mode: str = "octet", options: Options = ()
) -> object:
    async with phone(door.address) as one:
        one.ask(name, mode=mode, options=options)
        return parse(await one.receive())


async def oack(door: Door, *options: tuple[str, str], name: str = "a.cfg") -> dict[str, str] | None:
    """What the server grants; None where it begins without an OACK."""
    packet = await first_answer(door, name, options=options)
    if isinstance(packet, OptionAck):
        return dict(packet.options)
    assert isinstance(packet, Data), packet
    assert packet.block == 1
    return None


async def test_c01_data_from_1_until_a_short_block() -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        one.ask("a.cfg")
        for block, piece in enumerate((CONFIG[:512], CONFIG[512:1024], CONFIG[1024:]), start=1):
            assert await one.receive() == data(block, piece)
            one.send(ack(block))
        await until(lambda: door.tftp.counters.transfers_ok == 1)


async def test_c01_an_exact_multiple_ends_with_an_empty_block() -> None:
    async with listening(Shelf({"b": body(CONFIG[:1024])})) as door, phone(door.address) as one:
        one.ask("b")
        for block, piece in enumerate((CONFIG[:512], CONFIG[512:1024], b""), start=1):
            assert await one.receive() == data(block, piece)
            one.send(ack(block))


async def test_c02_netascii_is_translated() -> None:
    async with listening(Shelf({"b": body(b"one\ntwo\r\nthree\r")})) as door:
        async with phone(door.address) as one:
            assert await one.fetch("b", mode="netascii") == b"one\r\ntwo\r\0\r\nthree\r\0"
        assert await oack(door, ("tsize", "0"), name="b") == {"tsize": "15"}
        async with phone(door.address) as one:
            one.ask("b", mode="netascii", options=(("tsize", "0"),))
            assert parse(await one.receive()) == OptionAck(options=(("tsize", "19"),))


@pytest.mark.parametrize("mode", ["OCTET", "Octet", "NetASCII"])
async def test_c02_the_mode_is_case_blind(mode: str) -> None:
    async with listening(Shelf({"b": body(b"x")})) as door, phone(door.address) as one:
        assert await one.fetch("b", mode=mode) == b"x"


@pytest.mark.parametrize("mode", ["mail", "MAIL", "binary", "octets"])
async def test_c02_other_modes_are_error_4_and_reported(mode: str) -> None:
    shelf = Shelf(dict(SHELF))
    async with listening(shelf) as door:
        packet = await first_answer(door, "a.cfg", mode=mode)
        assert door.reasons == ["a read in a mode that is neither octet nor netascii"]
        assert (door.tftp.counters.refused, door.tftp.counters.malformed) == (1, 0)
    assert isinstance(packet, Error)
    assert packet.code == 4
    assert shelf.asked == []


async def test_c03_each_transfer_has_a_port_of_its_own() -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        used = []
        for _ in range(70):
            async with phone(door.address) as one:
                await one.fetch("a.cfg")
                assert one.tid is not None
                used.append(one.tid[1])
    assert door.address[1] not in used
    assert all(a != b for a, b in pairwise(used))
    assert len(set(used)) >= 32


async def test_c03_two_transfers_at_once_have_two_ports() -> None:
    async with (
        listening(Shelf(dict(SHELF))) as door,
        phone(door.address) as one,
        phone(door.address) as other,
    ):
        one.ask("a.cfg")
        other.ask("a.cfg")
        await one.receive()
        await other.receive()
        assert one.tid != other.tid


@pytest.mark.parametrize("packet", [ack(1), data(1, b"evil"), b"\0\x01a\0octet\0", b"\xff"])
async def test_c04_a_stranger_is_told_error_5_and_harms_nothing(packet: bytes) -> None:
    async with (
        listening(Shelf(dict(SHELF))) as door,
        phone(door.address) as one,
        phone(door.address) as stranger,
    ):
        one.ask("a.cfg")
        await one.receive()
        stranger.tid = one.tid
        stranger.send(packet)
        answer = parse(await stranger.receive())
        assert isinstance(answer, Error)
        assert answer.code == 5
        assert stranger.tid == one.tid, "told from the port that he wrote to"
        one.send(ack(1))
        assert parse(await one.receive()) == Data(block=2, payload=CONFIG[512:1024])
        assert door.tftp.counters.strangers == 1


async def test_c04_a_strangers_error_ends_nothing_and_is_not_answered() -> None:
    async with (
        listening(Shelf(dict(SHELF))) as door,
        phone(door.address) as one,
        phone(door.address) as stranger,
    ):
        one.ask("a.cfg")
        await one.receive()
        stranger.tid = one.tid
        stranger.send(error(0, "die"))
        stranger.send(ack(9))
        await stranger.receive()
        one.send(ack(1))
        assert parse(await one.receive()) == Data(block=2, payload=CONFIG[512:1024])
        assert door.tftp.counters.strangers == 1, "only the ACK was answered"
        assert stranger.got.empty()


@pytest.mark.parametrize(
    ("datagram", "code"),
    [
        (read_request("no-such-file"), 1),
        (b"\0\x02a.cfg\0octet\0", 2),
        (read_request("a.cfg", "mail"), 4),
        (b"\0\x09what", 4),
        (b"\0\x01", 4),
        (ack(1), 5),
        (data(1, b"x"), 5),
        (option_ack((("blksize", "8"),)), 5),
    ],
)
async def test_c05_each_error_has_its_code(datagram: bytes, code: int) -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        one.transport.sendto(datagram, door.address)
        packet = parse(await one.receive())
    assert isinstance(packet, Error)
    assert packet.code == code
    assert packet.text


async def test_c06_a_doubled_ack_draws_no_second_block() -> None:
    octets = random.Random(6).randbytes(40 * 512 + 7)
    async with listening(Shelf({"b": body(octets)})) as door, phone(door.address) as one:
        one.ask("b")
        for block in range(1, 42):
            packet = await one.receive()
            assert packet == data(block, octets[block * 512 - 512 : block * 512])
            for _ in range(3):
                one.send(ack(block))
        await until(lambda: door.tftp.counters.active == 0)
        assert one.got.empty()
        assert door.tftp.counters.resends == 0


async def test_c07_the_timer_sends_again_what_got_lost() -> None:
    async with listening(Shelf(dict(SHELF)), limits=HASTY) as door, phone(door.address) as one:
        one.ask("a.cfg")
        await one.receive()
        one.send(ack(1))
        assert await one.receive() == data(2, CONFIG[512:1024])
        assert await one.receive() == data(2, CONFIG[512:1024]), "not acknowledged: once more"
        assert door.tftp.counters.resends >= 1


async def test_c07_a_negotiated_timeout_is_echoed_and_holds() -> None:
    options = (("timeout", "255"),)
    async with (
        listening(Shelf(dict(SHELF)), limits=HASTY) as door,
        phone(door.address) as patient,
        phone(door.address) as other,
    ):
        patient.ask("a.cfg", options=options)
        assert parse(await patient.receive()) == OptionAck(options=options)
        other.ask("a.cfg")
        for _ in range(3):
            await other.receive()
        assert patient.got.empty(), "its interval is not ours"


async def test_c08_after_a_lost_last_ack_we_stop() -> None:
    async with listening(Shelf(dict(SHELF)), limits=HASTY) as door, phone(door.address) as one:
        one.ask("empty")
        while door.tftp.counters.timeouts == 0:
            assert await one.receive() == data(1, b"")
            if one.got.empty():
                await until(lambda: not one.got.empty() or door.tftp.counters.timeouts > 0)
        assert one.got.qsize() == 0
        assert door.tftp.counters.resends == HASTY.first_retries


async def test_c08_a_repeated_final_ack_is_ignored() -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        await one.fetch("a.cfg")
        tid = one.tid
        await until(lambda: door.tftp.counters.active == 0)
        for _ in range(5):
            one.send(ack(3))
        await one.fetch("empty")
        assert one.got.empty(), "what came in between was the next file"
        assert one.tid != tid
        assert door.tftp.counters.strangers == 0


async def test_c09_a_repeated_request_is_no_second_transfer() -> None:
    shelf = Shelf(dict(SHELF))
    async with listening(shelf) as door, phone(door.address) as one:
        for _ in range(5):
            one.ask("a.cfg")
        assert await one.receive() == data(1, CONFIG[:512])
        one.send(ack(1))
        assert await one.receive() == data(2, CONFIG[512:1024]), "and not block 1 again"
        assert door.tftp.counters.active == 1
    assert len(shelf.asked) == 1


async def test_c10_block_numbers_roll_over_at_65535() -> None:
    octets = random.Random(10).randbytes(66_000 * 8)
    async with listening(Shelf({"b": body(octets)})) as door:
        for after_65535 in ("0", "1"):
            async with phone(door.address) as one:
                options = (("blksize", "8"), ("windowsize", "64"), ("rollover", after_65535))
                assert await one.fetch("b", options=options) == octets


async def test_c11_only_options_that_were_asked_are_granted() -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        assert await oack(door, ("timeout", "5"), ("multicast", "")) == {"timeout": "5"}
        assert await oack(door, ("windowsize", "2")) == {"windowsize": "2"}
        assert await oack(door, ("multicast", "")) is None
        assert await oack(door) is None


async def test_c12_error_8_ends_the_transfer() -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        one.ask("a.cfg", options=(("tsize", "0"),))
        await one.receive()
        one.send(error(8, "I only wanted the size"))
        await until(lambda: door.tftp.counters.aborted == 1)
        assert door.tftp.counters.active == 0


async def test_c12_ack_0_starts_data_1_and_its_loss_repeats_the_oack() -> None:
    async with listening(Shelf(dict(SHELF)), limits=HASTY) as door, phone(door.address) as one:
        one.ask("a.cfg", options=(("tsize", "0"),))
        granted = await one.receive()
        assert await one.receive() == granted, "ACK 0 did not come"
        one.send(ack(0))
        packet = await one.receive()
        while packet == granted:
            packet = await one.receive()
        assert packet == data(1, CONFIG[:512])


@pytest.mark.parametrize(
    ("asked", "answer"), [("8", "8"), ("1428", "1428"), ("65464", "65464"), ("70000", "65464")]
)
async def test_c13_blksize_is_as_asked_or_lower(asked: str, answer: str) -> None:
    async with listening(Shelf({"b": body(bytes(200_000))})) as door:
        assert await oack(door, ("blksize", asked), name="b") == {"blksize": answer}
        if asked != "8":
            async with phone(door.address) as one:
                assert await one.fetch("b", options=(("blksize", asked),)) == bytes(200_000)


@pytest.mark.parametrize("asked", ["7", "0", "-1", "abc", ""])
async def test_c13_a_blksize_that_cannot_be_is_left_out(asked: str) -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        assert await oack(door, ("blksize", asked)) is None


async def test_c14_tsize_tells_the_rendered_size() -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        assert await oack(door, ("tsize", "0")) == {"tsize": "1280"}
        assert await oack(door, ("tsize", "0"), name="empty") == {"tsize": "0"}


@pytest.mark.parametrize(("asked", "answer"), [("1", {"timeout": "1"}), ("256", None), ("0", None)])
async def test_c15_timeout_is_the_same_or_left_out(
    asked: str, answer: dict[str, str] | None
) -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        assert await oack(door, ("timeout", asked)) == answer


async def test_c16_a_window_is_sent_at_once_and_goes_on_after_the_last_ack() -> None:
    octets = random.Random(16).randbytes(10 * 512 + 100)
    async with listening(Shelf({"b": body(octets)})) as door, phone(door.address) as one:
        one.ask("b", options=(("windowsize", "4"),))
        await one.receive()
        one.send(ack(0))
        assert [await one.receive() for _ in range(4)] == blocks(octets, 1, 2, 3, 4)
        one.send(ack(2))  # 3 got lost
        assert [await one.receive() for _ in range(4)] == blocks(octets, 3, 4, 5, 6)
        one.send(ack(6))
        assert [await one.receive() for _ in range(4)] == blocks(octets, 7, 8, 9, 10)
        one.send(ack(10))
        assert await one.receive() == data(11, octets[5120:]), "the last window is short"
        one.send(ack(11))
        await until(lambda: door.tftp.counters.transfers_ok == 1)


async def test_c16_windowsize_is_as_asked_or_lower() -> None:
    async with listening(Shelf(dict(SHELF))) as door:
        assert await oack(door, ("windowsize", "16")) == {"windowsize": "16"}
        assert await oack(door, ("windowsize", "65535")) == {"windowsize": "64"}
        assert await oack(door, ("windowsize", "0")) is None
        assert await oack(door, ("windowsize", "65536")) is None


async def test_c17_options_window_and_roll_over_together() -> None:
    octets = random.Random(17).randbytes(66_000 * 16 + 3)
    options = (("blksize", "16"), ("windowsize", "7"), ("timeout", "3"), ("tsize", "0"))
    async with listening(Shelf({"b": body(octets)})) as door, phone(door.address) as one:
        assert await one.fetch("b", options=options) == octets


@pytest.mark.parametrize(
    ("tail", "granted"),
    [
        (b"BLKSIZE\x00600\0", {"blksize": "600"}),
        (b"blksize\x00600\0blksize\x00700\0", {"blksize": "600"}),
        (b"blksize\x00600", {"blksize": "600"}),
        (b"blksize\x00600\0\0\0\0\0", {"blksize": "600"}),
        (b"blksize\x00600\0tsize\0", {"blksize": "600"}),
        (b"\0\0\0\0", None),
    ],
)
async def test_c18_options_however_they_are_written(
    tail: bytes, granted: dict[str, str] | None
) -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        one.transport.sendto(b"\0\x01a.cfg\0octet\0" + tail, door.address)
        packet = parse(await one.receive())
    assert (dict(packet.options) if isinstance(packet, OptionAck) else None) == granted


async def test_c18_more_than_512_octets_of_request_is_error_4_and_reported() -> None:
    async with listening(Shelf(dict(SHELF))) as door, phone(door.address) as one:
        one.ask("a.cfg", options=tuple((f"option{n}", "1") for n in range(80)))
        packet = parse(await one.receive())
    assert isinstance(packet, Error)
    assert packet.code == 4
    assert door.reasons == ["request longer than 512 octets"]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024])
async def test_c19_every_size_comes_whole(size: int, tmp_path: Path) -> None:
    octets = random.Random(size).randbytes(size)
    (tmp_path / "f").write_bytes(octets)
    async with listening(Shelf({"b": body(octets), "f": asset(tmp_path / "f")})) as door:
        for name in ("b", "f"):
            async with phone(door.address) as one:
                assert await one.fetch(name) == octets


async def test_c19_a_hundred_megabytes_come_whole(tmp_path: Path) -> None:
    """From disk, with roll-over: 71,000 blocks, by a real client."""
    need("tftp-clients")
    source = tmp_path / "firmware.rom"
    block = os.urandom(1_000_000)
    source.write_bytes(b"".join(n.to_bytes(4, "big") + block for n in range(100)))
    async with listening(Shelf({"f": asset(source)})) as door:
        client = await asyncio.create_subprocess_exec(
            *("atftp", "--option", "blksize 1428", "--option", "windowsize 16", "--get"),
            *("-r", "f", "-l", tmp_path / "got", door.address[0], str(door.address[1])),
        )
        assert await client.wait() == 0
    same = subprocess.run(["cmp", source, tmp_path / "got"])
    assert same.returncode == 0


async def test_c20_a_write_is_refused_with_error_2_and_serve_hears_of_it() -> None:
    shelf = Shelf(dict(SHELF))
    async with listening(shelf) as door, phone(door.address) as one:
        one.transport.sendto(b"\0\x02a.log\0octet\0tsize\x0012\0", door.address)
        packet = parse(await one.receive())
        port = one.port
    assert isinstance(packet, Error)
    assert packet.code == 2
    [asked] = shelf.asked
    assert (asked.name, asked.method, asked.peer.port) == ("a.log", "PUT", port)


async def test_c21_a_url_with_a_mode_is_fetched(tmp_path: Path) -> None:
    """RFC 3617: tftp://host/file;mode=octet; the mode is no part of the name."""
    need("tftp-clients")
    shelf = Shelf(dict(SHELF))
    async with listening(shelf) as door:
        for mode in ("", ";mode=octet"):
            host, port = door.address
            client = await asyncio.create_subprocess_exec(
                *("curl", "-sS", "-o", tmp_path / "got", f"tftp://{host}:{port}/a.cfg{mode}")
            )
            assert await client.wait() == 0
            assert (tmp_path / "got").read_bytes() == CONFIG
    assert [request.name for request in shelf.asked] == ["a.cfg", "a.cfg"]


def blocks(octets: bytes, *numbers: int) -> list[bytes]:
    return [data(n, octets[n * 512 - 512 : n * 512]) for n in numbers]


def test_the_list_is_complete() -> None:
    """Each id of the list has a test that bears it."""
    tested = {name[5:8] for name in globals() if name.startswith("test_c")}
    assert tested == {f"c{n:02}" for n in range(1, 22)}
