"""Is any answer read, however it is spelt, and does nothing hurt? RFC 4475's torture among it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisiond.outbound.sip_message import (
    Headers,
    Local,
    content_length,
    is_sip_uri,
    notify_request,
    parse_reply,
    place_of_uri,
)

GOOD = (
    b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKa;rport=5060\r\n"
    b"From: <sip:a@b.example>;tag=1\r\nTo: <sip:a@b.example>;tag=2\r\nCall-ID: c\r\n"
    b"CSeq: 7 NOTIFY\r\nContent-Length: 0\r\n\r\n"
)
HEADERS = Headers(
    uri="sip:101@192.0.2.1:5062;line=x~1",
    aor="sip:101@pbx.example.test",
    routes=("sip:192.0.2.9;lr",),
    branch="z9hG4bKa",
    from_tag="1",
    call_id="c",
    sequence=7,
)
HERE = Local(transport="UDP", host="192.0.2.5", port=5099)


def test_a_request_has_all_that_rfc_6665_and_phones_want() -> None:
    request = notify_request(
        HEADERS, HERE, event="service-control", content_type="text/plain", body="action=ü\n"
    )
    head, body = request.split(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "NOTIFY sip:101@192.0.2.1:5062;line=x~1 SIP/2.0"
    assert lines[1] == "Via: SIP/2.0/UDP 192.0.2.5:5099;rport;branch=z9hG4bKa"
    for line in (
        "Route: <sip:192.0.2.9;lr>",
        "Max-Forwards: 70",
        "From: <sip:101@pbx.example.test>;tag=1",
        "To: <sip:101@pbx.example.test>",
        "CSeq: 7 NOTIFY",
        "Contact: <sip:provisiond@192.0.2.5:5099>",
        "Event: service-control",
        "Subscription-State: terminated",
        "Content-Type: text/plain",
        "Content-Length: 10",
    ):
        assert line in lines
    assert body == "action=ü\n".encode()


def test_an_ipv6_address_stands_in_brackets() -> None:
    here = Local(transport="TCP", host="2001:db8::5", port=5099)
    request = notify_request(HEADERS, here, event="check-sync")
    assert b"Via: SIP/2.0/TCP [2001:db8::5]:5099;" in request
    assert b"Contact: <sip:provisiond@[2001:db8::5]:5099;transport=tcp>" in request


@pytest.mark.parametrize(
    "spelt",
    [
        GOOD,
        GOOD.replace(b"\r\n", b"\n"),
        b"\r\n\r\n" + GOOD,
        GOOD.replace(b"Via:", b"v :").replace(b"Call-ID:", b"i\t:"),
        GOOD.replace(b"CSeq: 7 NOTIFY", b"CSeq: 0007\r\n\t NOTIFY"),
        GOOD.replace(b"200 OK", b"200 \xff\xfe \xe2\x98\x8e"),
        GOOD.replace(b"200 OK", b"200 "),
        GOOD.replace(b"Content-Length: 0\r\n", b""),
    ],
)
def test_a_reply_is_read_however_it_is_spelt(spelt: bytes) -> None:
    reply = parse_reply(spelt)
    assert reply is not None
    assert (reply.code, reply.branch, reply.call_id) == (200, "z9hG4bKa", "c")
    assert (reply.sequence, reply.method) == (7, "NOTIFY")


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        GOOD.replace(b"SIP/2.0 200", b"SIP/2.0 2xx"),
        GOOD.replace(b"SIP/2.0 200", b"SIP/2.0 99"),
        GOOD.replace(b"SIP/2.0 200", b"SIP/7.0 200"),
        GOOD.replace(b"CSeq: 7 NOTIFY", b"CSeq: NOTIFY"),
        GOOD.replace(b"Via: SIP/2.0/UDP", b"Via: "),
        GOOD.replace(b"Call-ID: c", b"no colon here"),
        b"NOTIFY sip:a@b.example SIP/2.0\r\n" + GOOD.split(b"\r\n", 1)[1],
    ],
)
def test_what_is_no_reply_is_none(bad: bytes) -> None:
    assert parse_reply(bad) is None


@given(st.binary(max_size=2000))
def test_no_bytes_raise(noise: bytes) -> None:
    assert parse_reply(noise) is None
    content_length(noise)


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_no_damaged_reply_raises(at: int, noise: bytes) -> None:
    damaged = GOOD[:at] + noise + GOOD[at + len(noise) :]
    reply = parse_reply(damaged)
    assert reply is None or 100 <= reply.code <= 699


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("sip:101@192.0.2.1:5060;line=abc~1", True),
        ("sips:101@pbx.example.test", True),
        ("sip:[2001:db8::1]:5060", True),
        ("sip:101@192.0.2.1>;x=<", False),
        ("sip:101@192.0.2.1\r\nEvil: 1", False),
        ("sip:101@192.0.2.1 SIP/2.0", False),
        ("tel:+15555550100", False),
        ("", False),
    ],
)
def test_a_uri_from_elsewhere_can_end_no_line(text: str, is_one: bool) -> None:
    assert is_sip_uri(text) == is_one


def test_a_uri_says_where_it_leads() -> None:
    place = place_of_uri("sip:101@[2001:db8::1]:5062;transport=TCP")
    assert place is not None
    assert (place.host, place.port, place.transport) == ("2001:db8::1", 5062, "tcp")
    secure = place_of_uri("sips:a@b.example")
    assert secure is not None
    assert (secure.port, secure.transport) == (None, "tls")
