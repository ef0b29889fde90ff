"""How does one answer go out: its head, its end, and whether the connection lives on?"""

from datetime import datetime

from aiohttp import StreamReader
from aiohttp.http import HttpVersion10, RawRequestMessage

from provisiond.boot.http_answer import CLOSE, KEEP_ALIVE, Heads, fixed_answer
from provisiond.boot.http_connection import PhoneConnection

LOG_IN_FIRST = b"log in first\n"
"""What stands below a 401."""
_TEXT = {
    400: b"bad request\n",
    401: LOG_IN_FIRST,
    404: b"not found\n",
    405: b"method not allowed\n",
    413: b"content too large\n",
    414: b"request line too long\n",
    417: b"expectation failed\n",
    431: b"header too large\n",
    500: b"internal error\n",
    503: b"try again later\n",
}
_FIXED = {status: fixed_answer(text) for status, text in _TEXT.items()}


class Exchange:
    """One request and the way its answer takes; `kept` says that the connection may live on.

    `begun` says that a head was made: from then on nothing else may be said.
    """

    __slots__ = ("_heads", "at", "begun", "connection", "kept", "message", "payload")

    def __init__(
        self,
        connection: PhoneConnection,
        message: RawRequestMessage,
        payload: StreamReader,
        heads: Heads,
        at: datetime,
    ) -> None:
        self.connection = connection
        self.message = message
        self.payload = payload
        self.at = at
        self.begun = False
        self.kept = False
        self._heads = heads

    def header(self, name: str) -> str | None:
        """The first value of a request header."""
        return self.message.headers.get(name)

    def head(self, status: int, fixed: bytes, length: int | None = None) -> bytes:
        """A whole head. `length` is the Content-Length, None where `fixed` has it or none goes."""
        self.begun = True
        message, connection = self.message, self.connection
        start = self._heads.start(status, self.at)
        # What is left of a body would be read as the next request.
        self.kept = not (message.should_close or connection.must_close or not self.payload.is_eof())
        if not self.kept:
            end = CLOSE
        elif message.version == HttpVersion10:
            end = KEEP_ALIVE
        else:
            end = b""
        if length is None:
            return b"%b%b%b\r\n" % (start, fixed, end)
        return b"%b%bContent-Length: %d\r\n%b\r\n" % (start, fixed, length, end)

    def send(self, status: int, fixed: bytes, body: bytes) -> None:
        """Send an answer whose body is here; HEAD gets its head alone."""
        head = self.head(status, fixed, len(body))
        self.connection.send(head if self.message.method == "HEAD" else head + body)

    def say(self, status: int, *further: tuple[str, str]) -> None:
        """Send a fixed short text: the same bytes for everybody, whatever the reason was."""
        text = _TEXT[status]
        fixed = _FIXED[status] if not further else fixed_answer(text, *further)
        head = self.head(status, fixed)
        self.connection.send(head if self.message.method == "HEAD" else head + text)


def say_malformed(connection: PhoneConnection, heads: Heads, status: int, at: datetime) -> None:
    """Answer what could not be read as a request; the connection is closed by the caller."""
    head = heads.start(status, at) + _FIXED[status] + CLOSE + b"\r\n"
    connection.send(head + _TEXT[status])
