"""Connections that stall are closed, whatever they stall at, and never in others' way."""

import asyncio
import socket
import struct
import time
from dataclasses import replace

import pytest

from provisiond.actions.file_messages import FileReply, FileRequest
from tests.boot.http_wire import CONFIG, HOST, Client, Shelf, connected, get, listening, until

REQUEST = b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n"


async def test_a_silent_connection_is_closed() -> None:
    async with listening(Shelf(), header_seconds=0.2) as door, connected(door) as client:
        assert await client.closed() == b""
    assert door.http.counters.cut_header == 1
    assert door.malformed == []


async def test_half_a_header_is_closed_and_reported() -> None:
    async with listening(Shelf(), header_seconds=0.2) as door, connected(door) as client:
        await client.send(b"GET /x HTTP/1.1\r\nHo")
        assert await client.closed() == b""
    assert door.http.counters.cut_header == 1
    assert door.reasons == ["no whole header within 0.2 s"]


async def test_a_header_that_drips_is_closed_all_the_same() -> None:
    async with listening(Shelf(), header_seconds=0.4) as door, connected(door) as client:

        async def drip() -> None:
            await client.send(b"GET /x HTTP/1.1\r\n")
            while True:
                await client.send(b"X-A: b\r\n")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        await client.closed()
        dripping.cancel()
        await asyncio.gather(dripping, return_exceptions=True)
    assert door.http.counters.cut_header == 1


async def test_an_idle_kept_connection_is_closed_without_a_word() -> None:
    async with listening(Shelf({"x": CONFIG}), idle_seconds=0.2) as door, connected(door) as client:
        await client.send(REQUEST)
        assert (await client.response()).status == 200
        assert await client.closed() == b""
    assert door.http.counters.cut_idle == 1
    assert door.malformed == []


async def test_a_second_header_that_stalls_is_held_to_the_header_deadline() -> None:
    async with (
        listening(Shelf({"x": CONFIG}), header_seconds=0.3, idle_seconds=600) as door,
        connected(door) as client,
    ):
        await client.send(REQUEST)
        assert (await client.response()).status == 200
        await client.send(b"GET /x HT")
        assert await client.closed() == b""
    assert door.http.counters.cut_header == 1


async def test_a_connection_in_use_outlives_the_header_deadline() -> None:
    async with (
        listening(Shelf({"x": CONFIG}), header_seconds=0.3) as door,
        connected(door) as client,
    ):
        for _ in range(6):
            await client.send(REQUEST)
            assert (await client.response()).status == 200
            await asyncio.sleep(0.1)
    assert door.http.counters.cut_header == 0


async def test_a_slow_answer_of_ours_is_not_the_clients_fault() -> None:
    async def slow(request: FileRequest) -> FileReply:
        await asyncio.sleep(0.6)
        return CONFIG

    async with listening(slow, header_seconds=0.1, idle_seconds=0.1) as door:
        assert (await get(door, "/x")).status == 200


async def test_a_request_that_lay_unread_while_the_loop_was_busy_is_served() -> None:
    """After a power cut thousands of files are rendered in one turn of the loop."""
    async with listening(Shelf({"x": CONFIG}), header_seconds=0.2) as door:
        sock = socket.create_connection(("127.0.0.1", door.port))
        await until(lambda: door.http.counters.open == 1)
        sock.sendall(REQUEST)
        time.sleep(0.5)
        client = Client(*await asyncio.open_connection(sock=sock))
        assert (await client.response()).status == 200
        await client.close()
    assert door.http.counters.cut_header == 0


async def test_phones_that_wait_to_be_accepted_are_many_a_turn_of_the_loop() -> None:
    """A turn takes milliseconds while files are rendered, and the kernel's queue is short."""
    phones = [socket.socket() for _ in range(64)]
    async with listening(Shelf()) as door:
        for phone in phones:
            phone.connect(("127.0.0.1", door.port))
        turns = 0
        while door.http.counters.accepted < len(phones) and turns < 1000:
            await asyncio.sleep(0)
            turns += 1
        for phone in phones:
            phone.close()
    assert turns <= len(phones) / 4


async def test_a_slow_body_is_cut() -> None:
    async with listening(Shelf({"x": CONFIG}), body_seconds=0.2) as door, connected(door) as client:
        await client.send(b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nabc")
        assert await client.closed() == b""
    assert door.http.counters.cut_body == 1
    assert door.http.counters.served == 0


async def test_a_body_that_breaks_off_is_malformed() -> None:
    async with listening(Shelf({"x": CONFIG})) as door, connected(door) as client:
        await client.send(b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 100\r\n\r\nabc")
        await until(lambda: door.http.counters.requests == 1)
        client.writer.write_eof()
        assert b" 400 Bad Request" in await client.closed()
    assert door.http.counters.malformed == 1


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
async def test_a_reader_that_takes_nothing_is_cut(connection: str) -> None:
    big = replace(CONFIG, body=b"x" * 20_000_000)
    async with listening(Shelf({"x": big}), stall_seconds=0.3, idle_seconds=0.3) as door:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", door.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1024)
        client = Client(reader, writer)
        await client.send(
            f"GET /x HTTP/1.1\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode()
        )
        await until(lambda: door.http.counters.cut_stalled == 1)
        await until(lambda: door.http.counters.open == 0)
        await client.close()


async def test_a_slow_reader_that_goes_on_taking_is_served_whole() -> None:
    big = replace(CONFIG, body=b"x" * 6_000_000)
    async with (
        listening(Shelf({"x": big}), stall_seconds=0.5, idle_seconds=0.2) as door,
        connected(door) as client,
    ):
        await client.send(REQUEST)
        await client.reader.readuntil(b"\r\n\r\n")
        left = len(big.body)
        while left:
            left -= len(await client.reader.readexactly(min(left, 400_000)))
            await asyncio.sleep(0.1)
    assert door.http.counters.cut_stalled == 0


async def test_beyond_the_cap_the_longest_waiting_gives_way() -> None:
    async with (
        listening(Shelf({"x": CONFIG}), connections=3) as door,
        connected(door) as first,
        connected(door) as second,
        connected(door) as third,
    ):
        await until(lambda: door.http.counters.open == 3)
        await first.send(REQUEST)  # from now on `second` has waited longest
        assert (await first.response()).status == 200
        assert (await get(door, "/x")).status == 200
        assert await second.closed() == b""
        await first.send(REQUEST)
        assert (await first.response()).status == 200
        await third.send(REQUEST)
        assert (await third.response()).status == 200
    assert door.http.counters.evicted == 1
    assert door.http.counters.overloaded == 0


@pytest.mark.parametrize("reset", [True, False])
async def test_those_who_hang_up_while_they_are_served_still_count(reset: bool) -> None:
    """Else hanging up would be a way to have any number of answers made at once."""
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow, connections=2) as door:
        for n in (1, 2):
            sock = socket.create_connection(("127.0.0.1", door.port))
            if reset:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(REQUEST)
            await until(lambda n=n: door.http.counters.requests == n)  # type: ignore[misc]
            sock.close()
        if reset:
            await until(lambda: door.http.counters.aborted == 2)
        assert (await get(door, "/x")).status == 503
        release.set()
        await until(lambda: door.http.counters.open == 0)


async def test_where_all_are_being_served_a_newcomer_gets_503() -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with (
        listening(slow, connections=2, retry_after=9) as door,
        connected(door) as first,
        connected(door) as second,
    ):
        await first.send(REQUEST)
        await second.send(REQUEST)
        await until(lambda: door.http.counters.requests == 2)
        busy = await get(door, "/x")
        assert (busy.status, busy.headers["retry-after"]) == (503, "9")
        assert busy.headers["connection"] == "close"
        release.set()
        assert (await first.response()).status == 200
        assert (await second.response()).status == 200
        await until(lambda: door.http.counters.open == 2)
    assert door.http.counters.overloaded == 1


async def test_beyond_the_hard_cap_a_newcomer_is_dropped_at_once() -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow, connections=1) as door:  # the hard cap is 17
        clients = []
        for _ in range(17):
            reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
            clients.append(Client(reader, writer))
            if len(clients) == 1:
                await clients[0].send(REQUEST)
                await until(lambda: door.http.counters.requests == 1)
        await until(lambda: door.http.counters.open == 17)
        async with connected(door) as beyond:
            assert await beyond.closed() == b""
        release.set()
        assert (await clients[0].response()).status == 200
        for client in clients:
            await client.close()


async def test_a_thousand_silent_connections_keep_no_phone_waiting() -> None:
    async with listening(Shelf({"x": CONFIG}), connections=400, header_seconds=600) as door:
        silent = []
        for _ in range(1000):
            sock = socket.create_connection(("127.0.0.1", door.port))
            silent.append(sock)
            if len(silent) % 50 == 0:
                assert (await get(door, "/x", "Connection: close")).status == 200
        await until(lambda: door.http.counters.open <= 400)
        assert (await get(door, "/x")).status == 200
        assert door.http.counters.evicted >= 600
        for sock in silent:
            sock.close()
