"""The pure half of HTTP answers: targets, tags, ranges, heads."""

from datetime import UTC, datetime

import pytest

from provisiond.boot.http_answer import (
    Heads,
    Part,
    fields,
    http_date,
    modified_since,
    none_match,
    pick_part,
    range_stands,
    read_target,
)

MODIFIED = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/001565aabbcc.cfg", "/001565aabbcc.cfg"),
        ("//double//001565aabbcc.cfg", "//double//001565aabbcc.cfg"),
        ("http://prov.example.test/p/x.cfg", "/p/x.cfg"),
        ("http://prov.example.test:8080/x.cfg?n=1", "/x.cfg"),
        ("HTTP://[2001:db8::1]/x.cfg", "/x.cfg"),
        ("http://prov.example.test", ""),
        ("http://prov.example.test?n=1", ""),
        ("/a%2Fb%5cc", "/a/b\\c"),
        ("/%2e%2e/x", "/../x"),
        ("/%252e", "/%2e"),
        ("/00%3A15", "/00:15"),
        ("/%C3%A9", "/é"),
        ("/%ff", "/\\xff"),
        ("/%c0%ae", "/\\xc0\\xae"),
        ("/a%00b", "/a\0b"),
        ("/a+b", "/a+b"),
        ("/a%zzb%", "/a%zzb%"),
        ("/x#part", "/x"),
        ("/x#part?n=1", "/x"),
    ],
)
def test_the_name_is_the_path_decoded_once(target: str, name: str) -> None:
    assert read_target(target)[0] == name


def test_raw_bytes_in_a_target_stand_as_escapes() -> None:
    assert read_target(b"/\xff".decode("utf-8", "surrogateescape"))[0] == "/\\xff"


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("", ()),
        ("n=1&page=2", (("n", "1"), ("page", "2"))),
        ("n=1&n=2", (("n", "1"), ("n", "2"))),
        ("name=J%C3%BCrgen+M", (("name", "Jürgen M"),)),
        ("flag&=v&&a=b=c", (("flag", ""), ("", "v"), ("a", "b=c"))),
        ("a=%26b", (("a", "&b"),)),
        ("a=%ff", (("a", "\\xff"),)),
        ("q=/../x?y", (("q", "/../x?y"),)),
    ],
)
def test_the_query_is_pairs_in_the_order_asked(
    query: str, pairs: tuple[tuple[str, str], ...]
) -> None:
    assert read_target(f"/x?{query}") == ("/x", pairs)


@pytest.mark.parametrize(
    ("header", "matches"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b","a" ,"c"', True),
        ("*", True),
        ('"b"', False),
        ("a", False),
        ("", False),
    ],
)
def test_if_none_match_compares_weakly(header: str, matches: bool) -> None:
    assert none_match(header, '"a"') is matches


def test_nothing_matches_a_file_without_tag() -> None:
    assert not none_match("*", "")


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, (0, 1000)),
        ("bytes=0-", (0, 1000)),
        ("bytes=0-0", (0, 1)),
        ("bytes=0-99", (0, 100)),
        ("bytes=500-", (500, 500)),
        ("bytes=999-", (999, 1)),
        ("bytes=990-5000", (990, 10)),
        ("bytes=-1", (999, 1)),
        ("bytes=-5000", (0, 1000)),
        ("Bytes = 1-2", (1, 2)),
        ("bytes=1000-", None),
        ("bytes=5000-6000", None),
        ("bytes=-0", None),
        ("bytes=0-1,5-6", (0, 1000)),
        ("bytes=2-1", (0, 1000)),
        ("bytes=-", (0, 1000)),
        ("bytes=a-b", (0, 1000)),
        ("bytes=1", (0, 1000)),
        ("bytes=+1-2", (0, 1000)),
        ("bytes=--2", (0, 1000)),
        ("bytes=1-2-3", (0, 1000)),
        ("bytes=\u0661-", (0, 1000)),
        ("bytes=" + "9" * 5000 + "-", (0, 1000)),
        ("lines=0-1", (0, 1000)),
        ("", (0, 1000)),
    ],
)
def test_range_picks_one_part_or_the_whole(
    header: str | None, part: tuple[int, int] | None
) -> None:
    wanted = part and Part(offset=part[0], length=part[1], size=1000)
    assert pick_part(header, 1000) == wanted


def test_a_range_of_an_empty_file_cannot_be_satisfied() -> None:
    assert pick_part("bytes=0-", 0) is None
    assert pick_part("bytes=-5", 0) is None
    assert pick_part(None, 0) == Part(offset=0, length=0, size=0)


def test_content_range_counts_the_last_octet_in() -> None:
    assert Part(offset=10, length=5, size=100).content_range == "bytes 10-14/100"


@pytest.mark.parametrize(
    ("if_range", "stands"),
    [
        (None, True),
        ('"a"', True),
        ('"b"', False),
        ('W/"a"', False),
        ("Mon, 06 May 2024 07:08:09 GMT", True),
        ("Mon, 06 May 2024 07:08:10 GMT", False),
        ("Mon, 06 May 2024 07:08:08 GMT", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_if_range_lets_a_range_stand_only_for_the_same_file(
    if_range: str | None, stands: bool
) -> None:
    assert range_stands(if_range, '"a"', MODIFIED) is stands


def test_a_weak_tag_never_lets_a_range_stand() -> None:
    assert not range_stands('W/"a"', 'W/"a"', MODIFIED)


@pytest.mark.parametrize(
    ("since", "modified"),
    [
        ("Mon, 06 May 2024 07:08:09 GMT", False),
        ("Mon, 06 May 2024 07:08:08 GMT", True),
        ("Monday, 06-May-24 07:08:09 GMT", False),
        ("Mon May  6 07:08:09 2024", False),
        ("nonsense", True),
    ],
)
def test_if_modified_since_reads_all_three_date_forms(since: str, modified: bool) -> None:
    assert modified_since(since, MODIFIED) is modified


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb"])
def test_a_header_value_with_a_line_end_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="line end"):
        fields(("X-Note", value))


def test_date_follows_the_clock_and_is_an_imf_fixdate() -> None:
    heads = Heads()
    assert http_date(MODIFIED) == "Mon, 06 May 2024 07:08:09 GMT"
    assert heads.start(200, MODIFIED) == (
        b"HTTP/1.1 200 OK\r\nDate: Mon, 06 May 2024 07:08:09 GMT\r\n"
    )
    assert b"07:08:10 GMT" in heads.start(404, MODIFIED.replace(second=10))


def test_ready_made_fields_stay_bounded() -> None:
    heads = Heads()
    for n in range(5000):
        heads.fixed("text/plain", f'"{n}"', ())
    assert heads.fixed("text/plain", '"4999"', (("A", "b"),)) == (
        b'Content-Type: text/plain\r\nETag: "4999"\r\nA: b\r\n'
    )
    assert len(heads._fixed) <= 1024
