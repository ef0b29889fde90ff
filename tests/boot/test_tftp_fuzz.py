"""No datagram and no order of events stops the server, harms another transfer or leaks."""

import asyncio
import logging
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisiond.boot.tftp import TftpServer
from provisiond.boot.tftp_options import TftpLimits, negotiate
from provisiond.boot.tftp_packet import Error, ack, error, parse, read_request
from provisiond.boot.tftp_source import Octets
from provisiond.boot.tftp_transfer import Transfer
from provisiond.inventory.errors import StoreUnavailable
from tests.boot.tftp_noise import Noise
from tests.boot.tftp_phone import Shelf, asset, body, listening, phone, phones

CONFIG = bytes(range(256)) * 20
EVENTS = st.one_of(
    st.builds(ack, st.integers(0, 70) | st.integers(0, 65535)),
    st.builds(error, st.integers(0, 9), st.just("x")),
    st.binary(max_size=12),
    st.sampled_from(["expire", "repeat", "resume"]),
)
OPTION = st.tuples(
    st.sampled_from(["blksize", "windowsize", "timeout", "tsize", "rollover"]),
    st.integers(-1, 70_000).map(str),
)


@given(options=st.lists(OPTION, max_size=5), events=st.lists(EVENTS, max_size=40))
@settings(deadline=None)
def test_no_order_of_events_breaks_a_transfer(
    options: list[tuple[str, str]], events: list[bytes | str]
) -> None:
    """And no event ever draws more than one window."""
    terms = negotiate(tuple(options), len(CONFIG), TftpLimits())
    one = Transfer(Octets(CONFIG), terms, TftpLimits())
    now = 0.0
    one.begin(now)
    for event in events:
        now += 0.01
        if isinstance(event, bytes):
            packets = one.receive(event, now)
        elif event == "expire":
            packets = one.expire(now)
        else:
            packets = one.repeat(now) if event == "repeat" else one.resume(now)
        assert len(packets) <= max(1, terms.window)
        if one.outcome is not None:
            return


@given(st.lists(st.binary(max_size=700), max_size=30))
@settings(max_examples=40, deadline=None)
def test_no_datagrams_stop_the_listener(datagrams: list[bytes]) -> None:
    async def throw() -> None:
        server = TftpServer(
            serve=Shelf({"a": body(CONFIG)}),
            networks=(ip_network("127.0.0.0/8"),),
            on_malformed=lambda peer, reason: None,
        )
        address = await server.start("127.0.0.1", 0)
        async with phone(address) as thrower, phone(address) as one:
            for datagram in datagrams:
                thrower.transport.sendto(datagram, address)
            assert await one.fetch("a") == CONFIG
        await server.stop(0)

    asyncio.run(throw())


@pytest.mark.parametrize("seed", range(3))
async def test_under_noise_on_every_port_others_are_served_and_nothing_leaks(
    seed: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Noise at the listener and at live transfers; a good phone fetches meanwhile."""
    (tmp_path / "big.rom").write_bytes(bytes(300_000))
    shelf = Shelf(
        {
            "a.cfg": body(CONFIG),
            "big.rom": asset(tmp_path / "big.rom"),
            "broken.cfg": StoreUnavailable("locked"),
            "good.cfg": body(CONFIG),
        }
    )
    noise = Noise(seed)
    limits = TftpLimits(sessions=50, first_timeout=0.05, min_timeout=0.02, max_timeout=0.1)
    with caplog.at_level(logging.ERROR):
        async with (
            listening(shelf, limits=limits) as door,
            phones(door.address, 8) as throwers,
        ):
            for turn in range(60):
                for thrower in throwers:
                    while not thrower.got.empty():
                        _, thrower.tid = thrower.got.get_nowait()
                    for _ in range(5):
                        thrower.transport.sendto(noise.datagram(), door.address)
                    if thrower.tid is not None:
                        thrower.send(noise.reply())
                        thrower.send(noise.datagram())
                if turn % 10 == 0:
                    async with phone(door.address) as one:
                        assert await one.fetch("good.cfg", forgiving=True) == CONFIG
                await asyncio.sleep(0)
            async with phone(door.address) as one:
                one.transport.sendto(read_request("gone"), door.address)
                assert isinstance(parse(await one.receive()), Error)
            assert door.tftp.counters.malformed > 100
    assert caplog.records == []


def test_the_same_seed_is_the_same_noise() -> None:
    one, other = Noise(7), Noise(7)
    assert [one.datagram() for _ in range(50)] == [other.datagram() for _ in range(50)]
