"""What is asked and what is answered? The two messages behind every door that phones use."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from provisiond.inventory.access import Peer


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRequest:
    """A file asked for by a phone.

    `name` is the path as asked, percent-decoded once, without query; a leading slash does not
    matter. It may hold any character: bytes that are no UTF-8 stand as backslash escapes.
    `method` is GET, HEAD, POST or PUT (TFTP reads are GET). `query` is in the order asked.
    `target` and `authorization` are the request target and the header as they came, for phones
    that log in. `probe` marks the daemon's own: never journaled, never a sighting, not set by any
    socket.
    """

    name: str
    peer: Peer
    at: datetime
    method: str = "GET"
    query: tuple[tuple[str, str], ...] = ()
    target: str = ""
    authorization: str = field(default="", repr=False)
    probe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReply:
    """What to send. Either `body`, or `asset`, a regular file of `size` bytes.

    `etag` is a strong entity tag with its quotes. `conditional` says that the vendor
    understands 304. `headers` are further header fields. `allow` is set (and `body` empty) where
    the method is wrong: HTTP answers 405 with it. A door that sends block by block calls
    `delivered`, where it is set, when the client has all of it.
    """

    body: bytes = b""
    content_type: str = "application/octet-stream"
    etag: str = ""
    asset: Path | None = None
    size: int = 0
    conditional: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    allow: tuple[str, ...] = ()
    delivered: Callable[[datetime], None] | None = None


ServeFile = Callable[[FileRequest], Awaitable[FileReply]]
"""What a door needs. Raises Refused (all one 404 on the wire), Failed (500 or 503)."""
