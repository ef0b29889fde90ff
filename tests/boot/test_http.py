"""What phones get from the HTTP listener, over real sockets, on both event loops."""

import asyncio
import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from provisiond.actions.file_messages import FileReply, FileRequest
from provisiond.inventory.access import Transport
from provisiond.inventory.errors import (
    AbsentFile,
    AmbiguousFile,
    NotAdmitted,
    OutsideUnavailable,
    Refused,
    StoreUnavailable,
    TemplateFault,
    UnknownFile,
    UnknownPhone,
)
from provisiond.inventory.secret import new_token
from tests.boot.http_wire import (
    CONFIG,
    HOST,
    Client,
    Door,
    Response,
    Shelf,
    ask,
    connected,
    get,
    listening,
    until,
)

NAME = "001565aabbcc.cfg"


async def test_a_file_comes_with_length_type_tag_and_date() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door:
        answer = await get(door, f"/{NAME}")
    assert answer.status == 200
    assert answer.body == CONFIG.body
    assert answer.headers["content-length"] == str(len(CONFIG.body))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["etag"] == '"c0ffee"'
    assert answer.headers["date"].endswith(" GMT")
    assert set(answer.headers) == {"date", "content-type", "etag", "content-length"}
    assert door.http.counters.served == 1


async def test_serve_is_told_who_asks_for_what() -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf) as door:
        await get(door, f"//{NAME}?n=1&page=2", "User-Agent: Acme A1 \u00e9")
    (request,) = shelf.asked
    assert request.name == f"//{NAME}"
    assert request.query == (("n", "1"), ("page", "2"))
    assert request.method == "GET"
    assert not request.probe
    assert request.peer.address == ip_address("127.0.0.1")
    assert request.peer.transport is Transport.HTTP
    assert request.peer.user_agent == "Acme A1 é"
    assert request.at.tzinfo is not None


async def test_further_headers_of_a_reply_are_sent() -> None:
    reply = replace(CONFIG, headers=(("Cache-Control", "no-store"), ("X-Note", "a")))
    async with listening(Shelf({NAME: reply})) as door:
        answer = await get(door, f"/{NAME}")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-note"] == "a"


async def test_head_has_the_headers_of_get_and_no_body() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door:
        whole = await get(door, f"/{NAME}")
        head = await get(door, f"/{NAME}", "Connection: close", method="HEAD")
        async with connected(door) as client:
            await client.send(b"HEAD /%b HTTP/1.0\r\n\r\n" % NAME.encode())
            raw = await client.closed()
    assert raw.endswith(b"\r\n\r\n")
    assert {**whole.headers, "connection": "close"} == head.headers


async def test_an_empty_file_is_a_200_of_length_zero() -> None:
    async with listening(Shelf({NAME: replace(CONFIG, body=b"")})) as door:
        answer = await get(door, f"/{NAME}")
    assert (answer.status, answer.headers["content-length"]) == (200, "0")


# -- refusals and faults -------------------------------------------------------------------

REFUSALS: tuple[Refused, ...] = (
    UnknownPhone("no phone 001565aabbcc"),
    UnknownFile("nothing"),
    AbsentFile("a"),
    AmbiguousFile("b"),
    NotAdmitted("the phone is disabled"),
)


async def test_every_refusal_is_one_404_with_identical_bytes() -> None:
    names = [f"{n}.cfg" for n in range(len(REFUSALS))]
    async with listening(Shelf(dict(zip(names, REFUSALS, strict=True)))) as door:
        answers = [await get(door, f"/{name}") for name in [*names, "none-of-these", "%2e%2e/x"]]
        heads = [await get(door, f"/{name}", method="HEAD") for name in names]
    assert {answer.status for answer in answers} == {404}
    assert len({answer.without_date for answer in answers}) == 1
    assert {answer.status for answer in heads} == {404}
    assert {head.headers["content-length"] for head in heads} == {"10"}
    assert len({head.without_date for head in heads}) == 1
    assert door.http.counters.not_found == len(answers) + len(heads)


async def test_a_connection_survives_a_404() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door, connected(door) as client:
        await client.send(b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.response()).status == 404
        await client.send(f"GET /{NAME} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        assert (await client.response()).status == 200


async def test_a_store_that_is_away_is_503_with_retry_after() -> None:
    async with listening(Shelf({NAME: StoreUnavailable("disk full")}), retry_after=7) as door:
        answer = await get(door, f"/{NAME}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "7")
    assert b"disk" not in answer.body
    assert door.http.counters.unavailable == 1


@pytest.mark.parametrize(
    "fault",
    [
        TemplateFault("acme", "main.j2", 3, "division by zero"),
        OutsideUnavailable("away"),
        ZeroDivisionError("secret 4711"),
        TimeoutError(),
        ValueError("bad"),
    ],
)
async def test_our_own_fault_is_a_500_that_says_nothing(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(Shelf({NAME: fault, "ok": CONFIG})) as door, connected(door) as client:
        await client.send(f"GET /{NAME} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        answer = await client.response()
        await client.send(b"GET /ok HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.response()).status == 200
    assert (answer.status, answer.body) == (500, b"internal error\n")
    assert door.http.counters.faults == 1
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


@pytest.mark.parametrize("fault", [TemplateFault("acme", "a", 3, "x"), ZeroDivisionError("x")])
async def test_a_fault_that_meets_the_whole_fleet_does_not_flood_the_log(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    at = datetime(2024, 5, 6, tzinfo=UTC)
    async with listening(Shelf({NAME: fault}), now=lambda: at) as door:
        for _ in range(50):
            assert (await get(door, f"/{NAME}")).status == 500
        assert len(caplog.records) == 10
        at += timedelta(minutes=1)
        await get(door, f"/{NAME}")
    assert len(caplog.records) == 11
    assert "(40 more" in caplog.text


async def test_a_reply_whose_header_holds_a_line_end_is_a_500_and_never_split() -> None:
    evil = replace(CONFIG, headers=(("X-Note", "a\r\nSet-Cookie: b"),))
    async with listening(Shelf({NAME: evil})) as door:
        answer = await get(door, f"/{NAME}")
    assert answer.status == 500
    assert "set-cookie" not in answer.headers


# -- methods -------------------------------------------------------------------------------


async def test_put_to_a_listed_name_is_405_before_the_body() -> None:
    shelf = Shelf({"upload.log": FileReply(allow=("GET", "HEAD"))})
    async with listening(shelf) as door, connected(door) as client:
        await client.send(
            b"PUT /upload.log HTTP/1.1\r\n" + HOST + b"Content-Length: 500000\r\n\r\n"
        )
        answer = await client.response()
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD"
        assert answer.headers["connection"] == "close"
        await client.send(b"x" * 100_000)
        assert await client.closed() == b""
    assert [request.method for request in shelf.asked] == ["PUT"]
    assert door.http.counters.wrong_method == 1


async def test_the_405_reaches_a_client_that_sends_its_whole_body_first() -> None:
    shelf = Shelf({"upload.log": FileReply(allow=("GET",))})
    async with listening(shelf) as door:
        raw = b"PUT /upload.log HTTP/1.1\r\n" + HOST + b"Content-Length: 400000\r\n\r\n"
        answer = await ask(door, raw + b"x" * 400_000)
    assert answer.status == 405


async def test_put_to_an_unlisted_name_is_the_404() -> None:
    async with listening(Shelf()) as door:
        answer = await ask(
            door, b"PUT /x HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello", "PUT"
        )
        plain = await get(door, "/x", "Connection: close")
    assert (answer.status, answer.body) == (404, plain.body)


@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"])
async def test_any_other_method_is_405_and_never_reaches_serve(method: str) -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf) as door:
        answer = await get(door, f"/{NAME}", method=method)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert shelf.asked == []
    assert door.reasons == [f"method {method} is not answered"]


async def test_a_wrong_method_through_a_proxy_is_reported_as_the_phones() -> None:
    async with listening(Shelf(), trusted=("127.0.0.0/8",)) as door:
        answer = await get(door, f"/{NAME}", "X-Forwarded-For: 192.0.2.9", method="DELETE")
    assert answer.status == 405
    assert [str(peer.address) for peer, _ in door.malformed] == ["192.0.2.9"]


async def test_options_asterisk_and_connect_are_405() -> None:
    async with listening(Shelf()) as door:
        for raw in (b"OPTIONS * HTTP/1.1\r\n", b"CONNECT a.example:443 HTTP/1.1\r\n"):
            assert (await ask(door, raw + HOST + b"\r\n")).status == 405


async def test_a_post_that_is_a_read_gets_the_file_after_its_body() -> None:
    shelf = Shelf({"dir": CONFIG})
    async with listening(shelf) as door, connected(door) as client:
        await client.send(b"POST /dir HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nsear")
        await client.send(b"ch=ab")
        assert (await client.response()).body == CONFIG.body
        await client.send(
            b"POST /dir HTTP/1.1\r\n"
            + HOST
            + b"Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"
        )
        assert (await client.response()).body == CONFIG.body
    assert [request.method for request in shelf.asked] == ["POST", "POST"]


async def test_expect_100_continue_is_answered_only_where_the_body_is_wanted() -> None:
    shelf = Shelf({"dir": CONFIG, "log": FileReply(allow=("GET",))})
    head = HOST + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
    async with listening(shelf) as door:
        async with connected(door) as client:
            await client.send(b"POST /dir HTTP/1.1\r\n" + head)
            assert (await client.response()).status == 100
            await client.send(b"abcd")
            assert (await client.response()).status == 200
        assert (await ask(door, b"PUT /log HTTP/1.1\r\n" + head)).status == 405
        assert (await ask(door, b"POST /none HTTP/1.1\r\n" + head)).status == 404
        other = HOST + b"Content-Length: 4\r\nExpect: coffee\r\n\r\n"
        assert (await ask(door, b"POST /dir HTTP/1.1\r\n" + other)).status == 417


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 70000\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 5,
    ],
)
async def test_a_body_beyond_the_limit_is_413(framing: bytes) -> None:
    async with listening(Shelf({"dir": CONFIG})) as door:
        answer = await ask(door, b"POST /dir HTTP/1.1\r\n" + HOST + framing)
    assert answer.status == 413
    assert door.http.counters.too_large == 1


async def test_a_body_is_never_decompressed() -> None:
    async with listening(Shelf({"dir": CONFIG})) as door:
        answer = await ask(
            door,
            b"POST /dir HTTP/1.1\r\n"
            + HOST
            + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        )
    assert answer.status == 200


# -- conditional requests ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditional", "header", "status"),
    [
        (True, '"c0ffee"', 304),
        (True, 'W/"c0ffee"', 304),
        (True, "*", 304),
        (True, '"x", "c0ffee"', 304),
        (True, '"x"', 200),
        (False, '"c0ffee"', 200),
        (False, "*", 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_304_only_for_vendors_that_understand_it(
    conditional: bool, header: str, status: int, method: str
) -> None:
    reply = replace(CONFIG, conditional=conditional, headers=(("Cache-Control", "no-store"),))
    async with listening(Shelf({NAME: reply})) as door:
        answer = await get(door, f"/{NAME}", f"If-None-Match: {header}", method=method)
    assert answer.status == status
    assert answer.headers["etag"] == '"c0ffee"'
    assert answer.headers["cache-control"] == "no-store"
    assert ("content-length" in answer.headers) is (status == 200)


async def test_a_304_keeps_the_connection_in_step() -> None:
    async with (
        listening(Shelf({NAME: replace(CONFIG, conditional=True)})) as door,
        connected(door) as client,
    ):
        ask_again = f"GET /{NAME} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n".encode()
        await client.send(ask_again + f"GET /{NAME} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        assert (await client.response()).status == 304
        assert (await client.response()).body == CONFIG.body


async def test_gzip_is_never_spoken() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door:
        answer = await get(door, f"/{NAME}", "Accept-Encoding: gzip, br, identity;q=0")
    assert answer.body == CONFIG.body
    assert "content-encoding" not in answer.headers


async def test_a_range_of_a_rendered_file_is_ignored() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door:
        answer = await get(door, f"/{NAME}", "Range: bytes=0-3")
    assert (answer.status, answer.body) == (200, CONFIG.body)


# -- connections ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_line", "header", "kept"),
    [
        ("HTTP/1.1", "", True),
        ("HTTP/1.1", "Connection: close", False),
        ("HTTP/1.1", "Connection: foo, Close", False),
        ("HTTP/1.0", "", False),
        ("HTTP/1.0", "Connection: keep-alive", True),
    ],
)
async def test_connections_live_as_long_as_http_says(
    request_line: str, header: str, kept: bool
) -> None:
    raw = f"GET /{NAME} {request_line}\r\nHost: a\r\n{header}{chr(13) + chr(10) if header else ''}"
    async with listening(Shelf({NAME: CONFIG})) as door, connected(door) as client:
        await client.send(raw.encode() + b"\r\n")
        answer = await client.response()
        assert answer.status == 200
        if kept:
            assert answer.headers.get("connection") == (
                "keep-alive" if request_line == "HTTP/1.0" else None
            )
            await client.send(raw.encode() + b"\r\n")
            assert (await client.response()).status == 200
        else:
            assert answer.headers["connection"] == "close"
            assert await client.closed() == b""


async def test_http_1_0_needs_no_host() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door:
        answer = await ask(door, f"GET /{NAME} HTTP/1.0\r\n\r\n".encode())
    assert (answer.status, answer.body) == (200, CONFIG.body)


async def test_absolute_form_is_tolerated() -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf) as door:
        answer = await get(door, f"http://prov.example.test/{NAME}?n=1")
    assert answer.status == 200
    assert shelf.names == [f"/{NAME}"]
    assert shelf.asked[0].query == (("n", "1"),)


async def test_pipelined_requests_are_answered_in_order() -> None:
    replies = {f"{n}.cfg": replace(CONFIG, body=b"%d" % n) for n in range(200)}
    raw = b"".join(b"GET /%d.cfg HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(200))
    async with listening(Shelf(dict(replies))) as door, connected(door) as client:
        await client.send(raw)
        bodies = [(await client.response()).body for _ in range(200)]
    assert bodies == [b"%d" % n for n in range(200)]


async def test_a_request_in_single_bytes_is_one_request() -> None:
    raw = f"GET /{NAME} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    async with listening(Shelf({NAME: CONFIG})) as door, connected(door) as client:
        for n in range(len(raw)):
            await client.send(raw[n : n + 1])
            await asyncio.sleep(0)
        assert (await client.response()).status == 200


async def test_a_client_that_half_closes_still_gets_its_answers() -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow) as door, connected(door) as client:
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: door.http.counters.requests == 1)
        client.writer.write_eof()
        await asyncio.sleep(0.05)
        release.set()
        both = await client.closed()
    assert both.count(CONFIG.body) == 2


async def test_an_upgrade_is_declined_and_the_file_served() -> None:
    async with listening(Shelf({NAME: CONFIG})) as door, connected(door) as client:
        await client.send(
            f"GET /{NAME} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n".encode()
        )
        assert (await client.response()).status == 200
        await client.closed()


async def test_a_client_that_vanishes_while_it_is_served_does_no_harm(
    caplog: pytest.LogCaptureFixture,
) -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow) as door:
        async with connected(door) as client:
            await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
            await until(lambda: door.http.counters.requests == 1)
            client.writer.transport.abort()
        release.set()
        await until(lambda: door.http.counters.open == 0)
        assert (await get(door, "/b")).status == 200
    assert caplog.records == []


async def test_stop_lets_the_answer_under_way_finish_and_takes_no_more() -> None:
    release = asyncio.Event()

    async def slow(request: FileRequest) -> FileReply:
        await release.wait()
        return CONFIG

    async with listening(slow) as door, connected(door) as busy, connected(door) as idle:
        await busy.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: door.http.counters.requests == 1)
        stopping = asyncio.create_task(door.http.stop(grace=10))
        assert await idle.closed() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", door.port)
        release.set()
        answer = await busy.response()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        await stopping
    assert door.http.counters.open == 0


async def test_stop_cuts_what_outlasts_the_grace() -> None:
    async def never(request: FileRequest) -> FileReply:
        await asyncio.Event().wait()
        return CONFIG

    async with listening(never) as door, connected(door) as client:
        await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: door.http.counters.requests == 1)
        await door.http.stop(grace=0)
        assert await client.closed() == b""


# -- proxies -------------------------------------------------------------------------------


async def test_a_trusted_proxy_speaks_for_the_phone() -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf, trusted=("127.0.0.0/8",)) as door:
        await get(door, f"/{NAME}", "X-Forwarded-For: 192.0.2.9", "X-Forwarded-Proto: https")
    assert shelf.asked[0].peer.address == ip_address("192.0.2.9")
    assert shelf.asked[0].peer.transport is Transport.HTTPS


async def test_an_undeclared_proxy_on_loopback_gets_the_404_and_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf) as door:
        refused = await get(door, f"/{NAME}", "X-Forwarded-For: 10.0.0.1")
        unknown = await get(door, "/unknown")
    assert refused.without_date == unknown.without_date
    assert shelf.names == ["/unknown"]
    assert door.http.counters.forged == 1
    assert "boot.trusted_proxies" in door.reasons[0]
    assert "boot.trusted_proxies" in caplog.text


@pytest.mark.parametrize("target", ["/p/{}/a.cfg", "/p%2F{}%2fa.cfg", "/p%252f{}/a.cfg"])
async def test_what_an_undeclared_proxy_asked_for_is_reported_without_its_token(
    target: str,
) -> None:
    token = new_token().reveal()
    async with listening(Shelf()) as door:
        await get(door, target.format(token), "X-Forwarded-For: 10.0.0.1", method="HEAD")
    [reason] = door.reasons
    assert reason.startswith("HEAD /p")
    assert "***" in reason
    assert "a.cfg: a forwarded header from loopback" in reason
    assert token not in reason


async def test_a_trusted_proxy_that_forwards_nothing_gets_the_404_and_the_log_the_remedy(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf, trusted=("127.0.0.0/8",)) as door:
        refused = await get(door, f"/{NAME}")
        unknown = await get(door, "/unknown", "X-Forwarded-For: 192.0.2.9")
    assert refused.without_date == unknown.without_date
    assert shelf.names == ["/unknown"]
    assert door.http.counters.forged == 1
    assert door.reasons[0].startswith(f"GET /{NAME}: the proxy 127.0.0.1")
    assert "make it send X-Forwarded-For" in caplog.text


# -- traversal -----------------------------------------------------------------------------

TRAVERSALS = (
    "../secret",
    "../../secret",
    "/../secret",
    "a/../../secret",
    "./../secret",
    "..%2fsecret",
    "%2e%2e/secret",
    "%2e%2e%2fsecret",
    "%2E%2E%2Fsecret",
    ".%2e/secret",
    "%2e./secret",
    "..%5csecret",
    "..\\secret",
    "%5c..%5csecret",
    "..%252fsecret",
    "%252e%252e%252fsecret",
    "%25252e%25252e/secret",
    "..%c0%afsecret",
    "%c0%ae%c0%ae/secret",
    "%e0%80%ae%e0%80%ae/secret",
    "..%ef%bc%8fsecret",
    "%ef%bc%8e%ef%bc%8e/secret",
    "..%00/secret",
    "secret%00.cfg",
    "..;/secret",
    "..%3b/secret",
    "....//secret",
    "..././secret",
    "/%2f/secret",
    "%2fetc%2fpasswd",
    "//etc/passwd",
    "file:%2f%2f%2fetc/passwd",
    "..%u2215secret",
    "%%32%65%%32%65/secret",
    "assets/../secret",
    "assets%2f..%2fsecret",
    "p/../secret",
    "~root/secret",
    "c:%5csecret",
    "..%0d%0a/secret",
)


@pytest.mark.parametrize("encoded", TRAVERSALS)
async def test_no_traversal_reaches_a_file(encoded: str, tmp_path: Path) -> None:
    """The door opens nothing by name: it hands the decoded name over, and 404 comes back."""
    (tmp_path / "secret").write_bytes(b"canary")
    (tmp_path / "served").mkdir()
    shelf = Shelf({NAME: CONFIG})
    async with listening(shelf) as door:
        answer = await get(door, f"/{encoded}")
        absolute = await get(door, f"http://prov.example.test/{encoded}")
        plain = await get(door, "/unknown")
    assert answer.without_date == absolute.without_date == plain.without_date
    assert b"canary" not in answer.body
    assert shelf.names[0] == shelf.names[1]
    assert "%2f" not in shelf.names[0].lower() or "%25" in encoded


# -- real clients --------------------------------------------------------------------------


async def curl(door: Door, *arguments: str) -> Response:
    """Run curl against the listener and read what it printed with --include."""
    process = await asyncio.create_subprocess_exec(
        "curl", "--silent", "--show-error", "--include", "--max-time", "20", *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    head, _, body = out.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines[1:])}
    return Response(status=int(lines[0].split()[1]), headers=headers, body=body, head=head)


async def test_curl_fetches_a_file(tmp_path: Path) -> None:
    upload = tmp_path / "upload.log"
    upload.write_bytes(b"x" * 300_000)
    shelf = Shelf({NAME: replace(CONFIG, conditional=True), "log": FileReply(allow=("GET",))})
    async with listening(shelf) as door:
        url = f"http://127.0.0.1:{door.port}"
        whole = await curl(door, f"{url}/{NAME}")
        same = await curl(door, "-H", f"If-None-Match: {whole.headers['etag']}", f"{url}/{NAME}")
        old = await curl(door, "--http1.0", f"{url}/{NAME}")
        put = await curl(door, "-T", str(upload), f"{url}/log")
        dots = await curl(door, "--path-as-is", f"{url}/../../etc/passwd")
    assert (whole.status, whole.body) == (200, CONFIG.body)
    assert same.status == 304
    assert (old.status, old.body) == (200, CONFIG.body)
    assert (put.status, put.headers["allow"]) == (405, "GET")
    assert dots.status == 404


# -- listeners -----------------------------------------------------------------------------


async def test_one_door_listens_on_several_addresses_and_sockets_it_is_given() -> None:
    shelf = Shelf({NAME: CONFIG})
    given = socket.create_server(("127.0.0.1", 0))
    async with listening(shelf) as door:
        host, six = await door.http.start("::1", 0)
        _, port = await door.http.start("", 0, sock=given)
        assert (host, port) == ("::1", given.getsockname()[1])
        for where in (("::1", six), ("127.0.0.1", port)):
            client = Client(*await asyncio.open_connection(*where))
            await client.send(f"GET /{NAME} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
            assert (await client.response()).status == 200
            await client.close()
    assert [str(request.peer.address) for request in shelf.asked] == ["::1", "127.0.0.1"]


async def test_ipv4_phones_on_a_dual_stack_socket_are_ipv4_phones() -> None:
    shelf = Shelf({NAME: CONFIG})
    both = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    async with listening(shelf) as door:
        await door.http.start("", 0, sock=both)
        client = Client(*await asyncio.open_connection("127.0.0.1", both.getsockname()[1]))
        await client.send(f"GET /{NAME} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        assert (await client.response()).status == 200
        await client.close()
    assert shelf.asked[0].peer.address == ip_address("127.0.0.1")


async def test_a_port_in_use_is_an_oserror() -> None:
    async with listening(Shelf()) as door:
        with pytest.raises(OSError, match="in use"):
            await door.http.start("127.0.0.1", door.port)
