"""How datagrams are read: never failing, forgiving where nothing is in doubt."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provisiond.boot.tftp_packet import (
    Ack,
    Data,
    Error,
    Malformed,
    OptionAck,
    ReadRequest,
    WriteRequest,
    ack,
    data,
    error,
    option_ack,
    parse,
    read_request,
)

RRQ = b"\0\x01"
FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)


def test_a_read_request_tells_name_and_mode() -> None:
    assert parse(RRQ + b"a.cfg\0octet\0") == ReadRequest(name="a.cfg", mode="octet")


@pytest.mark.parametrize("mode", [b"OCTET", b"Octet", b"oCtEt"])
def test_the_mode_is_case_blind(mode: bytes) -> None:
    packet = parse(RRQ + b"a.cfg\0" + mode + b"\0")
    assert packet == ReadRequest(name="a.cfg", mode="octet")


def test_option_names_are_case_blind_and_the_first_of_two_counts() -> None:
    packet = parse(RRQ + b"a\0octet\0BLKSIZE\x001428\0tsize\x000\0blksize\x008\0")
    assert packet == ReadRequest(
        name="a", mode="octet", options=(("blksize", "1428"), ("tsize", "0"))
    )


@pytest.mark.parametrize(
    ("tail", "options"),
    [
        (b"a\0octet", ()),
        (b"a\0octet\0\0\0\0\0", ()),
        (b"a\0octet\0blksize\x001428", (("blksize", "1428"),)),
        (b"a\0octet\0blksize\x001428\0\0\0", (("blksize", "1428"),)),
        (b"a\0octet\0blksize\x001428\0tsize", (("blksize", "1428"),)),
        (b"a\0octet\0blksize\x001428\0tsize\0", (("blksize", "1428"), ("tsize", ""))),
        (b"a\0octet\0\0blksize\x001428\0", ()),
    ],
)
def test_odd_nuls_are_forgiven(tail: bytes, options: tuple[tuple[str, str], ...]) -> None:
    assert parse(RRQ + tail) == ReadRequest(name="a", mode="octet", options=options)


def test_bytes_that_are_no_utf8_stand_as_escapes() -> None:
    packet = parse(RRQ + b"\xff\xfe/\xc3\xa9.cfg\0octet\0")
    assert packet == ReadRequest(name="\\xff\\xfe/\u00e9.cfg", mode="octet")


def test_a_write_request_is_known_as_one() -> None:
    assert parse(b"\0\x02a.log\0octet\0") == WriteRequest(name="a.log", mode="octet")


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "shorter than an opcode"),
        (b"\0", "shorter than an opcode"),
        (b"\0\0", "unknown opcode"),
        (b"\0\x07abcd", "unknown opcode"),
        (b"\x01\x00a\0octet\0", "unknown opcode"),
        (b"GET / HTTP/1.0\r\n", "unknown opcode"),
        (b"\0\x04", "shorter than its header"),
        (b"\0\x04\0", "shorter than its header"),
        (b"\0\x03\0", "shorter than its header"),
        (b"\0\x05", "shorter than its header"),
        (b"\0\x01", "request without file name"),
        (b"\0\x01\0octet\0", "request without file name"),
        (b"\0\x01a.cfg", "request without mode"),
        (b"\0\x01a.cfg\0", "request without mode"),
        (b"\0\x02a.cfg\0\0", "request without mode"),
        (b"\0\x01a\0octet\0" + b"x" * 600, "request longer than 512 octets"),
    ],
)
def test_what_is_no_packet_says_why(datagram: bytes, reason: str) -> None:
    assert parse(datagram) == Malformed(reason=reason)


def test_a_request_of_512_octets_is_read() -> None:
    datagram = read_request("n" * (512 - 2 - 1 - 6))
    assert len(datagram) == 512
    assert isinstance(parse(datagram), ReadRequest)
    assert isinstance(parse(datagram + b"\0"), Malformed)


def test_an_ack_may_be_padded() -> None:
    assert parse(ack(7) + bytes(42)) == Ack(block=7)


def test_an_error_may_lack_its_last_nul() -> None:
    assert parse(b"\0\x05\0\x08no such option") == Error(code=8, text="no such option")
    assert parse(error(8, "no such option")) == Error(code=8, text="no such option")


@settings(deadline=None)
@given(st.binary(max_size=600))
@example(b"\0\x06")
@example(b"\0\x06\0")
@example(b"\0\x01\0\0\0")
def test_any_bytes_at_all_are_some_packet(datagram: bytes) -> None:
    assert parse(datagram) is not None


@settings(deadline=None)
@given(st.integers(0, 6), st.binary(max_size=80))
def test_any_bytes_behind_an_opcode_are_some_packet(opcode: int, rest: bytes) -> None:
    assert parse(opcode.to_bytes(2, "big") + rest) is not None


@settings(deadline=None)
@given(st.integers(0, 65535), st.binary(max_size=600))
def test_what_is_written_is_read_back(number: int, payload: bytes) -> None:
    assert parse(ack(number)) == Ack(block=number)
    assert parse(data(number, payload)) == Data(block=number, payload=payload)


@settings(deadline=None)
@given(FIELD.filter(lambda n: len(n.encode()) < 400))
def test_every_name_is_read_back(name: str) -> None:
    assert parse(read_request(name)) == ReadRequest(name=name, mode="octet")


@settings(deadline=None)
@given(st.dictionaries(FIELD.map(str.lower).filter(lambda k: k == k.lower()), FIELD, max_size=4))
def test_options_are_read_back(options: dict[str, str]) -> None:
    pairs = tuple(options.items())
    assert parse(option_ack(pairs)) == OptionAck(options=pairs)
