"""Are the SUBSCRIBEs of real phones read, answered as they expect, and nothing else at all?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sipmessage import Message, Request, Response

from provisiond.boot.pnp_message import (
    Subscription,
    accepted,
    answered_call,
    notification,
    read_subscription,
)
from provisiond.inventory.mac import Mac
from tests.boot.subscriptions import MAC, NAMELESS, SUBSCRIBES, subscribe

SOURCE = ("192.0.2.5", 5059)


def read(name: str) -> Subscription:
    asked = read_subscription(subscribe(name))
    assert asked is not None
    return asked


@pytest.mark.parametrize("name", SUBSCRIBES)
def test_each_vendors_request_is_read(name: str) -> None:
    asked = read(name)
    assert asked.mac == (Mac(MAC) if name not in NAMELESS else None)
    assert asked.model
    assert asked.version
    users = {"yealink": "MAC001565aabb01@", "dect": "512@", "audiocodes": "00000001@"}
    assert asked.contact == f"sip:{users.get(name, '')}192.0.2.5:5059"


@pytest.mark.parametrize("name", SUBSCRIBES)
def test_the_answer_is_of_its_transaction(name: str) -> None:
    asked = read(name)
    said = Message.parse(accepted(asked, tag="mine", contact="sip:192.0.2.1:40000", source=SOURCE))
    assert isinstance(said, Response)
    assert (said.code, said.call_id) == (200, asked.call_id)
    assert said.headers["CSeq"] == asked.sequence
    assert said.headers["From"] == asked.from_
    assert said.headers["To"] == f"{asked.to};tag=mine"
    via = said.headers["Via"]
    assert via.startswith("SIP/2.0/UDP 192.0.2.5:5059")
    assert "received=192.0.2.5" in via
    assert ("rport=5059" in via) is (b";rport" in SUBSCRIBES[name])


@pytest.mark.parametrize("name", SUBSCRIBES)
def test_the_notify_carries_the_url_alone(name: str) -> None:
    asked = read(name)
    octets = notification(
        asked,
        url="http://192.0.2.1/",
        tag="mine",
        branch="z9hG4bKx",
        local=("192.0.2.1", 40000),
        to=asked.contact,
    )
    said = Message.parse(octets)
    assert isinstance(said, Request)
    assert (said.method, str(said.uri)) == ("NOTIFY", asked.contact)
    assert said.body == b"http://192.0.2.1/"
    assert said.headers["Content-Type"] == "application/url"
    assert said.headers["Content-Length"] == "17"
    assert said.headers["To"] == asked.from_, "RFC 6665 section 4.1.3: to who subscribed"
    assert said.headers["From"] == f"{asked.to};tag=mine"
    assert said.headers["Event"].startswith("ua-profile;")
    assert said.headers["Subscription-State"].startswith("terminated")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SUBSCRIBE sip", b"INVITE sip"),
        (b"Event: ua-profile", b"Event: presence"),
        (b"Event: ua-profile", b"Nothing: x"),
        (b"Via:", b"Vie:"),
        (b"Call-ID:", b"Call-IT:"),
        (b"To: <sip:MAC%3a001565AABB01@intern.example.test>", b"To: <sip:x@y>\x00"),
        (b"To: <sip:MAC%3a001565AABB01", b"To: <sip:" + b"a" * 2000),
        (b"SIP/2.0\r\nVia", b"HTTP/1.1\r\nVia"),
    ],
)
def test_what_is_no_subscription_for_a_profile_is_none(old: bytes, new: bytes) -> None:
    text = subscribe("snom")
    assert old in text
    assert read_subscription(text.replace(old, new)) is None


def test_a_contact_by_name_or_with_more_in_it_is_not_used() -> None:
    for contact in (
        b"<sip:a@phone.example.test>",
        b"<sip:1.2.3.4>;x",
        b"<tel:1>",
        b"<sip:1.2.3.4\x0b>",
    ):
        asked = read_subscription(subscribe("snom").replace(b"<sip:192.0.2.5:5059>", contact))
        assert asked is None or asked.contact in ("", "sip:1.2.3.4")


def test_only_a_2xx_to_a_notify_confirms() -> None:
    ok = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x\r\nCall-ID: abc\r\nCSeq: 1 NOTIFY\r\n\r\n"
    assert answered_call(ok) == "abc"
    assert answered_call(ok.replace(b"200 OK", b"481 Gone")) is None
    assert answered_call(ok.replace(b"NOTIFY", b"INVITE")) is None
    assert answered_call(subscribe("snom")) is None


@given(st.binary(max_size=600) | st.text(max_size=400).map(str.encode))
def test_whatever_arrives_nothing_is_raised(octets: bytes) -> None:
    read_subscription(octets)
    answered_call(octets)
    whole = subscribe("snom")
    read_subscription(whole[: len(octets)] + octets + whole[len(octets) :])
