"""What a transfer sends, packet by packet, on a clock that the test holds."""

import random
from dataclasses import dataclass, field
from heapq import heappop, heappush

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.boot.tftp_options import Terms, TftpLimits
from provisiond.boot.tftp_packet import Data, OptionAck, ack, data, error, option_ack, parse
from provisiond.boot.tftp_source import Octets
from provisiond.boot.tftp_transfer import Outcome, Packets, Transfer

LIMITS = TftpLimits()
TWO_BLOCKS = bytes(range(256)) * 3  # 512 + 256


def transfer(octets: bytes, **terms: object) -> Transfer:
    return Transfer(Octets(octets), Terms(**terms), LIMITS)  # type: ignore[arg-type]


def numbers(packets: Packets) -> list[int]:
    found = []
    for packet in packets:
        read = parse(packet)
        assert isinstance(read, Data)
        found.append(read.block)
    return found


def test_each_ack_brings_the_next_block_and_the_last_ends_it() -> None:
    one = transfer(TWO_BLOCKS)
    assert one.begin(0.0) == [data(1, TWO_BLOCKS[:512])]
    before = one.acknowledged
    assert one.receive(ack(1), 0.01) == (data(2, TWO_BLOCKS[512:]),)
    assert (before, one.acknowledged) == (False, True)
    assert one.outcome is None
    assert one.receive(ack(2), 0.02) == ()
    assert one.outcome is Outcome.DONE


def test_nothing_is_sent_for_a_duplicate_ack_however_often() -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    one.receive(ack(1), 0.01)
    one.receive(ack(2), 0.02)
    deadline = one.deadline
    for _ in range(50):
        assert one.receive(ack(2), 0.03) == ()
        assert one.receive(ack(1), 0.03) == ()
        assert one.receive(ack(0), 0.03) == ()
    assert one.deadline == deadline


def test_an_ack_of_what_was_not_sent_is_ignored() -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    assert one.receive(ack(2), 0.01) == ()
    assert one.receive(ack(65535), 0.01) == ()
    assert not one.acknowledged
    assert numbers(one.receive(ack(1), 0.01)) == [2]


def test_a_padded_ack_counts() -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    assert numbers(one.receive(ack(1) + bytes(42), 0.01)) == [2]


@pytest.mark.parametrize("packet", [b"", b"\0", b"\0\x04\0", b"\xff\xff\xff\xff"])
def test_what_is_no_packet_is_named_and_harms_nothing(packet: bytes) -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    assert one.receive(packet, 0.01) == ()
    assert one.complaint is not None
    assert one.outcome is None
    assert numbers(one.receive(ack(1), 0.02)) == [2]


@pytest.mark.parametrize(
    "packet", [b"\0\x01a\0octet\0", b"\0\x02a\0octet\0", data(1, b"x"), option_ack(())]
)
def test_packets_that_a_reader_never_sends_are_ignored(packet: bytes) -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    assert one.receive(packet, 0.01) == ()
    assert one.complaint is None
    assert numbers(one.receive(ack(1), 0.02)) == [2]


def test_the_clients_error_ends_it() -> None:
    one = transfer(bytes(5000), granted=(("tsize", "5000"),))
    assert [parse(p) for p in one.begin(0.0)] == [OptionAck(options=(("tsize", "5000"),))]
    assert one.receive(error(8, "only asking"), 0.01) == ()
    assert one.outcome is Outcome.REFUSED
    assert one.expire(100.0) == ()


def test_before_the_first_ack_two_resends_and_then_silence() -> None:
    one = transfer(bytes(5000))
    sent = [*one.begin(0.0)]
    times = []
    while one.outcome is None:
        times.append(one.deadline)
        sent += one.expire(one.deadline)
    assert numbers(sent) == [1, 1, 1]
    assert times == [0.5, 1.5, 5.5]
    assert one.outcome is Outcome.SILENT


def test_a_repeated_request_has_two_resends_of_its_own() -> None:
    one = transfer(bytes(5000))
    sent = [*one.begin(0.0)]
    sent += one.expire(0.5)
    sent += one.expire(1.5)
    repeated = [*one.repeat(5.0)]
    assert numbers(repeated) == [1]
    while one.outcome is None:
        repeated += one.expire(one.deadline)
    assert numbers(repeated) == [1, 1]


def test_a_doubled_request_draws_nothing_at_once() -> None:
    """The network doubled it, or it waited in the queue while the answer left."""
    one = transfer(bytes(5000))
    one.begin(10.0)
    assert one.repeat(10.0001) == ()
    assert numbers(one.expire(one.deadline)) == [1]


def test_a_repeated_request_after_the_first_ack_draws_nothing() -> None:
    one = transfer(bytes(5000))
    one.begin(0.0)
    one.receive(ack(1), 0.01)
    assert one.repeat(5.0) == ()


def test_the_timer_follows_the_measured_round_trip() -> None:
    slow, quick = transfer(bytes(50_000)), transfer(bytes(50_000))
    for one, round_trip in ((slow, 0.4), (quick, 0.002)):
        now = 0.0
        one.begin(now)
        for block in range(1, 60):
            now += round_trip
            one.receive(ack(block), now)
        if one is slow:
            assert 0.4 < one.deadline - now < 0.8
        else:
            assert one.deadline - now == pytest.approx(LIMITS.min_timeout)


def test_the_timer_comes_down_when_the_network_gets_quick_again() -> None:
    one = transfer(bytes(200_000))
    now = 0.0
    one.begin(now)
    for block, round_trip in enumerate([1.0] * 10 + [0.001] * 90, start=1):
        now += round_trip
        one.receive(ack(block), now)
    assert one.deadline - now == pytest.approx(LIMITS.min_timeout)


def test_the_timer_backs_off_and_a_lost_packet_costs_no_later_block_its_quick_timer() -> None:
    one = transfer(bytes(50_000))
    one.begin(0.0)
    one.receive(ack(1), 0.001)
    waits = []
    now = 0.001
    for _ in range(LIMITS.retries):
        waits.append(one.deadline - now)
        now = one.deadline
        assert numbers(one.expire(now)) == [2]
    assert waits == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    one.receive(ack(2), now + 3.0)
    assert one.deadline - (now + 3.0) == pytest.approx(0.2)


@pytest.mark.parametrize("slow", [0.21, 0.6, 0.7, 1.5])
def test_a_phone_that_becomes_slow_is_soon_sent_each_block_once(slow: float) -> None:
    """Karn's rule (RFC 6298 §3): an ACK after a re-send may be for either and tells nothing."""
    one = transfer(bytes(100 * 512))
    now = 0.0
    one.begin(now)
    resent = 0
    for block in range(1, 100):
        came = now + (0.001 if block < 10 else slow)  # it has begun to write its flash
        while one.deadline < came:
            resent += len(one.expire(one.deadline))
        now = came
        one.receive(ack(block), now)
    assert resent <= 12, "of 90 blocks"


def test_an_acknowledged_phone_that_falls_silent_is_given_up() -> None:
    one = transfer(bytes(50_000))
    one.begin(0.0)
    one.receive(ack(1), 0.001)
    sent: list[bytes] = []
    while one.outcome is None:
        sent += one.expire(one.deadline)
    assert numbers(sent) == [2] * LIMITS.retries
    assert one.outcome is Outcome.SILENT


def test_a_negotiated_timeout_is_the_interval() -> None:
    one = transfer(bytes(50_000), interval=3.0, granted=(("timeout", "3"),))
    one.begin(0.0)
    assert one.deadline == 3.0
    one.receive(ack(0), 0.001)
    now = 0.001
    for _ in range(LIMITS.retries):
        assert one.deadline - now == pytest.approx(3.0)
        now = one.deadline
        one.expire(now)
    one.receive(ack(1), now + 0.5)
    assert one.deadline - (now + 0.5) == pytest.approx(3.0)


def test_a_lost_block_in_a_window_is_sent_again_from_there() -> None:
    one = transfer(bytes(20 * 512), window=4, granted=(("windowsize", "4"),))
    one.begin(0.0)
    assert numbers(one.receive(ack(0), 0.01)) == [1, 2, 3, 4]
    assert numbers(one.receive(ack(2), 0.02)) == [3, 4, 5, 6]
    assert one.receive(ack(2), 0.03) == (), "the second time it is a duplicate"
    assert numbers(one.receive(ack(6), 0.04)) == [7, 8, 9, 10]
    assert numbers(one.expire(one.deadline)) == [7, 8, 9, 10]


def test_the_last_window_is_short() -> None:
    one = transfer(bytes(5 * 512 + 1), window=4, granted=(("windowsize", "4"),))
    one.begin(0.0)
    one.receive(ack(0), 0.01)
    assert numbers(one.receive(ack(4), 0.02)) == [5, 6]
    assert one.receive(ack(6), 0.03) == ()
    assert one.outcome is Outcome.DONE


def test_a_file_that_is_still_read_holds_the_window_open() -> None:
    source = Tap(bytes(10 * 512))
    one = Transfer(source, Terms(window=4, granted=(("windowsize", "4"),)), LIMITS)
    one.begin(0.0)
    source.open = 2 * 512
    assert numbers(one.receive(ack(0), 0.01)) == [1, 2]
    waits = one.waiting
    assert waits
    assert one.receive(b"", 0.01) == ()
    assert one.resume(0.02) == []
    source.open = 5 * 512
    assert numbers(one.resume(0.03)) == [3, 4]
    assert not one.waiting
    assert numbers(one.receive(ack(4), 0.04)) == [5]
    assert one.receive(ack(5), 0.05) == ()
    source.open = 10 * 512
    assert numbers(one.resume(0.06)) == [6, 7, 8, 9]
    assert one.resume(0.07) == ()


def test_a_disk_that_never_answers_ends_the_transfer() -> None:
    source = Tap(bytes(10 * 512))
    one = Transfer(source, Terms(), LIMITS)
    assert one.begin(0.0) == []
    assert one.deadline == LIMITS.patience
    assert one.expire(one.deadline) == ()
    assert one.outcome is Outcome.SILENT


@pytest.mark.parametrize("window", [1, 3, 64])
@pytest.mark.parametrize("after_65535", [0, 1])
def test_block_numbers_roll_over(window: int, after_65535: int) -> None:
    octets = bytes(8 * 140_000 + 5)
    terms = Terms(block_size=8, window=window, after_65535=after_65535, granted=(("blksize", "8"),))
    one = Transfer(Octets(octets), terms, LIMITS)
    one.begin(0.0)
    seen = [0]
    while packets := one.receive(ack(seen[-1]), 0.0):
        assert one.receive(ack(seen[-1]), 0.0) == (), "a duplicate"
        seen += numbers(packets)
    assert one.outcome is Outcome.DONE
    cycle = [*range(after_65535, 65536)]
    assert seen == [*range(65536), *cycle, *cycle][: 140_000 + 2]


@dataclass(slots=True)
class Tap:
    """A source of which only the first `open` octets have come yet."""

    octets: bytes
    open: int = 0

    def read(self, offset: int, size: int) -> bytes | None:
        """As Source promises."""
        if min(offset + size, len(self.octets)) > self.open:
            return None
        return self.octets[offset : offset + size]


@dataclass(slots=True)
class Reader:
    """A client after RFC 1350 and 7440 that acknowledges again once a second."""

    window: int
    block_size: int
    after_65535: int
    octets: bytearray = field(default_factory=bytearray)
    block: int = 0
    done: bool = False

    def take(self, packet: bytes) -> list[bytes]:
        """The ACKs that this packet draws."""
        read = parse(packet)
        if isinstance(read, OptionAck):
            return [ack(0)] if self.block == 0 else []
        assert isinstance(read, Data)
        if read.block != self.wire(self.block + 1) or self.done:
            return [ack(self.wire(self.block))]
        self.block += 1
        self.octets += read.payload
        self.done = len(read.payload) < self.block_size
        if self.done or self.block % self.window == 0:
            return [ack(read.block)]
        return []

    def wire(self, block: int) -> int:
        """The block's number as it is sent."""
        number = block
        while number > 65535:
            number -= 65536 - self.after_65535
        return number


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 9000) | st.sampled_from([0, 511, 512, 513, 1024, 8 * 512]),
    block_size=st.sampled_from([8, 512, 1428]),
    window=st.integers(1, 9),
    loss=st.sampled_from([0.0, 0.05, 0.3]),
    doubling=st.sampled_from([0.0, 0.5]),
    options=st.booleans(),
)
def test_through_any_network_the_bytes_arrive_whole(
    seed: int,
    size: int,
    block_size: int,
    window: int,
    loss: float,
    doubling: float,
    options: bool,
) -> None:
    """Loss, doubling, delay and with it reordering; only the timers repair it."""
    chance = random.Random(seed)
    octets = chance.randbytes(size)
    if not options:
        block_size, window = 512, 1
    granted = (("blksize", str(block_size)),) if options else ()
    limits = TftpLimits(retries=60, first_retries=60)
    one = Transfer(
        Octets(octets), Terms(block_size=block_size, window=window, granted=granted), limits
    )
    reader = Reader(window=window, block_size=block_size, after_65535=0)
    under_way: list[tuple[float, int, bool, bytes]] = []
    order = 0

    def post(packets: Packets | list[bytes], now: float, to_reader: bool) -> None:
        nonlocal order
        for packet in packets:
            for _ in range(2 if chance.random() < doubling else 1):
                if chance.random() >= loss:
                    order += 1
                    heappush(under_way, (now + chance.random() / 5, order, to_reader, packet))

    now = 0.0
    post(one.begin(now), now, True)
    while one.outcome is None and now < 10_000:
        if under_way and under_way[0][0] < one.deadline:
            now, _, to_reader, packet = heappop(under_way)
            if to_reader:
                post(reader.take(packet), now, False)
            else:
                post(one.receive(packet, now), now, True)
        else:
            now = one.deadline
            post(one.expire(now), now, True)
    assert one.outcome is Outcome.DONE
    assert bytes(reader.octets) == octets
