"""The vendor's reader has limits; what breaks them is told with its line."""

from typing import Any

import pytest

from provisiond.catalog.lint import lint
from tests.catalog.made_up import rule


def test_bytes_within_the_limits_have_no_findings() -> None:
    file = rule(header="#!h", max_line_bytes=10, max_bytes=30, ascii_only=True)
    assert lint(b"#!h\na = 1\n", file) == ()
    assert lint(b"#!h\r\na = 1\r\n", rule(header="#!h", newline="crlf")) == ()


@pytest.mark.parametrize(
    ("body", "limits", "line", "said"),
    [
        (b"#!x\n", {"header": "#!h"}, 1, "not the header"),
        (b"\n#!h\n", {"header": "#!h"}, 1, "not the header"),
        (b"\xef\xbb\xbf#!h\n", {"header": "#!h"}, 1, "not the header"),
        (b"a\nlonger\n", {"max_line_bytes": 5}, 2, "has 6 bytes"),
        (b"123456", {"max_bytes": 5}, None, "has 6 bytes"),
        ("a\n\né".encode(), {"ascii_only": True}, 3, "no ASCII"),
        (b"a\r\nb\nc\r\n", {"newline": "crlf"}, 2, "CR LF"),
        (b"a\nb\r\n", {}, 2, "carriage return"),
    ],
)
def test_each_limit_is_told(
    body: bytes, limits: dict[str, Any], line: int | None, said: str
) -> None:
    found = lint(body, rule(**limits))
    assert [(f.line, said in f.message) for f in found] == [(line, True)]
