"""What happens to bytes that are no request: counted, reported, answered, never a traceback."""

import asyncio
import logging
import random
from ipaddress import ip_address

import pytest

from provisiond.actions.file_messages import FileReply, FileRequest
from tests.boot.http_wire import CONFIG, HOST, Shelf, ask, connected, get, listening, until

TOKEN = b"secrettoken234567secrettok"

MALFORMED = {
    "HTTP/1.1 without Host": (b"GET /x HTTP/1.1\r\n\r\n", "Host"),
    "two Hosts": (b"GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "Duplicate 'Host'"),
    "blank in the path": (b"GET /a b.cfg HTTP/1.1\r\n" + HOST + b"\r\n", "status line"),
    "no leading slash": (b"GET spa.cfg HTTP/1.0\r\n\r\n", "request target"),
    "control byte in User-Agent": (
        b"GET /x HTTP/1.1\r\n" + HOST + b"User-Agent: AVAYA/SIP12x0\x17/04\r\n\r\n",
        "header value",
    ),
    "NUL in a header": (b"GET /x HTTP/1.1\r\n" + HOST + b"X-A: a\0b\r\n\r\n", "header value"),
    "bare LF": (b"GET /x HTTP/1.1\nHost: a\n\n", "CRLF"),
    "bare CR": (b"GET /x HTTP/1.1\rHost: a\r\r", "CR"),
    "raw bytes in the path": (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", "request target"),
    "unknown method": (b"BREW /pot HTTP/1.1\r\n" + HOST + b"\r\n", "method"),
    "lower-case method": (b"get /x HTTP/1.1\r\n" + HOST + b"\r\n", "method"),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI"),
    "unknown version": (b"GET /x HTTP/9.9\r\n" + HOST + b"\r\n", "version"),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"),
    "SIP": (b"OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", ""),
    "binary": (bytes(range(1, 9)), "method"),
    "blank before the colon": (b"GET /x HTTP/1.1\r\nHost : a\r\n\r\n", "header token"),
    "header folding": (b"GET /x HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", ""),
    "header without colon": (b"GET /x HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", "header token"),
    "Content-Length and chunked": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding",
    ),
    "two Content-Lengths": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n",
        "Content-Length",
    ),
    "negative Content-Length": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
        "Content-Length",
    ),
    "huge Content-Length": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        "Content-Length",
    ),
    "unknown Transfer-Encoding": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: cow\r\n\r\n",
        "Transfer-Encoding",
    ),
    "absolute form without authority": (b"GET http:///x HTTP/1.1\r\n" + HOST + b"\r\n", "target"),
    "asterisk for GET": (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", "target"),
    "smuggled chunk extension": (
        b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\x0bchunked\r\n\r\n",
        "",
    ),
}


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def assert_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    ours = [r for r in caplog.records if r.name.partition(".")[0] in ("provisiond", "aiohttp")]
    assert [r for r in ours if r.exc_info or r.levelno >= logging.WARNING] == []
    asyncios = [r for r in caplog.records if r.name == "asyncio"]
    assert [r for r in asyncios if r.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_malformed_request_is_a_counted_400(
    case: str, caplog: pytest.LogCaptureFixture
) -> None:
    raw, why = MALFORMED[case]
    shelf = Shelf({"x": CONFIG})
    async with listening(shelf) as door:
        async with connected(door) as client:
            await client.send(raw)
            answer = await client.response()
            client.writer.write_eof()
            assert await client.closed() == b""
        assert (await get(door, "/x")).status == 200
    assert (answer.status, answer.body) == (400, b"bad request\n")
    assert answer.headers["connection"] == "close"
    assert shelf.names == ["/x"]
    assert door.http.counters.malformed == 1
    ((peer, reason),) = door.malformed
    assert peer.address == ip_address("127.0.0.1")
    assert why in reason
    assert_no_traceback(caplog)


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /p/%b/a b.cfg HTTP/1.1\r\nHost: a\r\n\r\n" % TOKEN,
        b"GET p/%b/a.cfg HTTP/1.1\r\nHost: a\r\n\r\n" % TOKEN,
        b"GET /p/%b/\xff.cfg HTTP/1.1\r\nHost: a\r\n\r\n" % TOKEN,
        b"GET /p/%b/a HTTP/1.7\r\nHost: a\r\n\r\n" % TOKEN,
        b"%b / HTTP/1.1\r\n\r\n" % TOKEN,
        b"GET / HTTP/1.1\r\nHost: a\r\nX-%b : a\r\n\r\n" % TOKEN,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01%b\r\n\r\n" % TOKEN,
        b"GET /p/%b HTTP/1.1\r\nHost: a\r\n\r\n" % (TOKEN * 200),
        b"GET / HTTP/1.1\r\nHost: a\r\nX: %b\r\n\r\n" % (TOKEN * 500),
    ],
)
async def test_a_token_never_shows_in_a_reason(
    raw: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Shelf()) as door:
        answer = await ask(door, raw)
        assert answer.status in (400, 414, 431)
    assert len(door.reasons) == 1
    assert "secrettoken" not in door.reasons[0] + caplog.text


@pytest.mark.parametrize(
    ("raw", "status", "why"),
    [
        (b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "request line"),
        (b"GET /" + b"a" * 100_000, 414, "request line"),
        (b"GET /x HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 9000 + b"\r\n\r\n", 431, "header field"),
        (b"GET /x HTTP/1.1\r\n" + HOST + b"X" * 9000 + b": a\r\n\r\n", 431, "header field"),
        (
            b"GET /x HTTP/1.1\r\n"
            + HOST
            + b"".join(b"X-%d: a\r\n" % n for n in range(70))
            + b"\r\n",
            431,
            "too many",
        ),
    ],
)
async def test_what_is_too_long_is_414_or_431(
    raw: bytes, status: int, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Shelf({"x": CONFIG})) as door:
        answer = await ask(door, raw)
    assert answer.status == status
    assert why in door.reasons[0]
    assert_no_traceback(caplog)


async def test_equal_limits_for_line_and_field_are_still_told_apart() -> None:
    async with listening(Shelf(), line_bytes=1000, field_bytes=1000) as door:
        line = await ask(door, b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        field = await ask(door, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 2000 + b"\r\n\r\n")
    assert (line.status, field.status) == (414, 431)


async def test_the_longest_permitted_line_passes() -> None:
    async with listening(Shelf()) as door:
        assert (await get(door, "/" + "a" * 4000)).status == 404


async def test_a_header_flood_is_cut_at_the_whole_headers_limit(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with listening(Shelf(), header_bytes=20_000) as door, connected(door) as client:
        await client.send(b"GET /x HTTP/1.1\r\n" + HOST)
        for n in range(40):
            await client.send(b"X-%d: %b\r\n" % (n, b"a" * 1000))
            if door.http.counters.malformed:
                break
            await asyncio.sleep(0.01)
        answer = await client.response()
    assert answer.status == 431
    assert "20000" in door.reasons[0]
    assert_no_traceback(caplog)


async def test_an_endless_flood_is_cut_and_not_swallowed() -> None:
    async with listening(Shelf(), linger_bytes=100_000) as door, connected(door) as client:

        async def flood() -> None:
            await client.send(b"GET /x y HTTP/1.1\r\n\r\n")
            for _ in range(10_000):
                await client.send(b"x" * 65_536)

        with pytest.raises(ConnectionError):
            await flood()
        await until(lambda: door.http.counters.open == 0)


async def test_a_malformed_request_behind_a_good_one_is_answered_second() -> None:
    async with listening(Shelf({"x": CONFIG})) as door, connected(door) as client:
        await client.send(b"GET /x HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.response()).status == 200
        await client.send(b"GET /x y HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.response()).status == 400


@pytest.mark.parametrize("wait", [True, False])
async def test_broken_chunks_are_a_400(wait: bool, caplog: pytest.LogCaptureFixture) -> None:
    head = b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    async with listening(Shelf({"x": CONFIG})) as door, connected(door) as client:
        await client.send(head)
        if wait:
            await until(lambda: door.http.counters.requests == 1)
        await client.send(b"zz\r\nab\r\n0\r\n\r\n")
        assert (await client.response()).status == 400
    assert door.http.counters.malformed == 1
    assert_no_traceback(caplog)


async def test_chunks_that_break_while_the_answer_is_made_are_a_400() -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow) as door, connected(door) as client:
        await client.send(b"POST /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        await until(lambda: door.http.counters.requests == 1)
        await client.send(b"zz\r\nab\r\n0\r\n\r\n")
        await asyncio.sleep(0.05)
        release.set()
        assert (await client.response()).status == 400
    assert door.http.counters.malformed == 1


async def test_ten_thousand_mutated_requests_leave_the_listener_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Mutated requests and noise, many a connection: no traceback, nothing left open."""
    rnd = random.Random(7)
    seed = b"GET /p/abc/1.cfg?n=1 HTTP/1.1\r\nHost: a\r\nUser-Agent: A\r\nRange: b=1\r\n\r\n"
    alive = 0
    async with listening(Shelf({"x": CONFIG}), linger_seconds=0.2, linger_bytes=10_000) as door:
        for _ in range(400):
            pieces = []
            for _ in range(25):
                piece = bytearray(seed)
                for _ in range(rnd.randrange(4)):
                    at = rnd.randrange(len(piece))
                    piece[at : at + rnd.randrange(3)] = rnd.randbytes(rnd.randrange(3))
                pieces.append(bytes(piece))
            async with connected(door) as client:
                try:
                    await client.send(b"".join(pieces))
                    client.writer.write_eof()
                    await client.closed()
                except ConnectionError:
                    continue
        alive = (await get(door, "/x")).status
        await until(lambda: door.http.counters.open == 0)
    assert alive == 200
    assert door.http.counters.malformed > 100
    assert_no_traceback(caplog)
