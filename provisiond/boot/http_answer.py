"""What do the bytes of an HTTP answer look like, and which part of a file is wanted?"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import unquote_to_bytes

STATUS = {
    200: b"200 OK",
    206: b"206 Partial Content",
    304: b"304 Not Modified",
    400: b"400 Bad Request",
    401: b"401 Unauthorized",
    404: b"404 Not Found",
    405: b"405 Method Not Allowed",
    413: b"413 Content Too Large",
    414: b"414 URI Too Long",
    416: b"416 Range Not Satisfiable",
    417: b"417 Expectation Failed",
    431: b"431 Request Header Fields Too Large",
    500: b"500 Internal Server Error",
    503: b"503 Service Unavailable",
}
"""The status lines that phones may see: no 403 and no 429, which several take as a failure for
good and back off for an hour."""

CLOSE = b"Connection: close\r\n"
KEEP_ALIVE = b"Connection: keep-alive\r\n"

_REMEMBERED_HEADS = 1024


class Heads:
    """Builds answer heads; what repeats is kept ready made."""

    def __init__(self) -> None:
        self._second = -1
        self._date = b""
        self._fixed: OrderedDict[tuple[str, str, tuple[tuple[str, str], ...]], bytes] = (
            OrderedDict()
        )

    def start(self, status: int, at: datetime) -> bytes:
        """Status line and Date (RFC 9110 section 6.6.1)."""
        second = int(at.timestamp())
        if second != self._second:
            self._second = second
            self._date = http_date(at).encode("ascii")
        return b"HTTP/1.1 %b\r\nDate: %b\r\n" % (STATUS[status], self._date)

    def fixed(self, content_type: str, etag: str, headers: tuple[tuple[str, str], ...]) -> bytes:
        """The fields that depend on the file alone. Raises ValueError for one with a line end."""
        key = (content_type, etag, headers)
        ready = self._fixed.get(key)
        if ready is None:
            ready = fields(("Content-Type", content_type), ("ETag", etag), *headers)
            self._fixed[key] = ready
            if len(self._fixed) > _REMEMBERED_HEADS:
                self._fixed.popitem(last=False)
        return ready


def fields(*pairs: tuple[str, str]) -> bytes:
    """Header fields as bytes; empty values are left out. Raises ValueError for a line end."""
    text = "".join([f"{name}: {value}\r\n" for name, value in pairs if value])
    if text.count("\r") + text.count("\n") != 2 * sum(1 for _, value in pairs if value):
        raise ValueError("a header field with a line end in it")
    return text.encode("latin-1")


def fixed_answer(text: bytes, *further: tuple[str, str]) -> bytes:
    """All below Date of an answer that says nothing but its status, without the last line end."""
    return fields(
        *further,
        ("Cache-Control", "no-store"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(text))),
    )


def http_date(at: datetime) -> str:
    """IMF-fixdate (RFC 9110 section 5.6.7)."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def read_target(target: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The file name and the query of a request target in origin or absolute form.

    Percent escapes are decoded once; bytes that are no UTF-8 stand as backslash escapes
    afterwards. `+` is a blank in the query and itself in the name.
    """
    if target[:1] != "/":  # absolute form, RFC 9112 section 3.2.2
        _, _, rest = target.partition("://")
        authority, slash, path = rest.partition("/")
        target = slash + path if "?" not in authority else "?" + rest.partition("?")[2]
    target = target.partition("#")[0] if "#" in target else target
    name, _, query = target.partition("?")
    pairs: tuple[tuple[str, str], ...] = ()
    if query:
        pairs = tuple(_read_pair(pair) for pair in query.split("&") if pair)
    return _decode(name), pairs


def _read_pair(pair: str) -> tuple[str, str]:
    name, _, value = pair.replace("+", " ").partition("=")
    return _decode(name), _decode(value)


def _decode(text: str) -> str:
    if "%" not in text and text.isascii():
        return text
    octets = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    return octets.decode("utf-8", "backslashreplace")


def none_match(if_none_match: str, etag: str) -> bool:
    """Whether a list of entity tags holds this one, compared weakly (RFC 9110 section 13.1.2)."""
    if not etag:
        return False
    if if_none_match.strip() == "*":
        return True
    wanted = etag.removeprefix("W/")
    return any(
        candidate.strip().removeprefix("W/") == wanted for candidate in if_none_match.split(",")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which octets of a file to send: `length` from `offset` of `size`."""

    offset: int
    length: int
    size: int

    @property
    def content_range(self) -> str:
        """The value of Content-Range (RFC 9110 section 14.4)."""
        return f"bytes {self.offset}-{self.offset + self.length - 1}/{self.size}"


def pick_part(range_header: str | None, size: int) -> Part | None:
    """The part that a Range header asks for (RFC 9110 section 14.2); None: cannot be satisfied.

    The whole file where there is no header, where it cannot be read, and where it asks for
    several parts: a server may ignore Range, and no phone is known to read multipart/byteranges.
    """
    whole = Part(offset=0, length=size, size=size)
    if range_header is None:
        return whole
    unit, equals, wanted = range_header.partition("=")
    if not equals or unit.strip().lower() != "bytes" or "," in wanted:
        return whole
    first, dash, last = (piece.strip() for piece in wanted.partition("-"))
    if not dash or not all(n == "" or (n.isascii() and n.isdigit()) for n in (first, last)):
        return whole
    if max(len(first), len(last)) > 18 or not (first or last):
        return whole
    if not first:
        length = min(int(last), size)
        return Part(offset=size - length, length=length, size=size) if length else None
    start = int(first)
    end = int(last) if last else size - 1
    if last and end < start:
        return whole
    if start >= size:
        return None
    return Part(offset=start, length=min(end, size - 1) - start + 1, size=size)


def range_stands(if_range: str | None, etag: str, modified: datetime) -> bool:
    """Whether If-Range lets Range stand: a strong tag or the exact date (RFC 9110 13.1.5)."""
    if if_range is None:
        return True
    validator = if_range.strip()
    if validator.startswith(('"', "W/")):
        return bool(etag) and validator == etag and not etag.startswith("W/")
    return _read_date(validator) == modified.replace(microsecond=0)


def modified_since(if_modified_since: str, modified: datetime) -> bool:
    """Whether the file is newer than the client's copy; True where the date is none."""
    since = _read_date(if_modified_since)
    return since is None or modified.replace(microsecond=0) > since


def _read_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
