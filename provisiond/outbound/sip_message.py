"""What does a SIP request of ours look like, and what does an answer say?"""

import re
from dataclasses import dataclass
from typing import Final

from sipmessage import URI, CSeq, Message, Request, Response

from provisiond import __version__

_FOLD: Final = re.compile(r"\r\n[ \t]+")
_NAME: Final = re.compile(r"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f]")
_MAX_FORWARDS: Final = 70  # RFC 3261 §8.1.1.6

LIMIT: Final = 65_535
"""Bytes of the longest message that is read: those of a UDP datagram."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Where answers come to: our own address as the next hop is reached from it."""

    transport: str
    host: str
    port: int

    @property
    def sent_by(self) -> str:
        """`host:port` of a Via, an IPv6 address in brackets."""
        return f"{host_text(self.host)}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What makes one request of a dialogue of ours: all but the method's own fields.

    `uri` is the Request-URI as it goes out, `aor` stands in To and From, `routes` are URIs.
    `branch` is new for each request, `from_tag` and `call_id` are kept over the repeats of one
    that was challenged, whose `sequence` rises (RFC 3261 §22.2).
    """

    uri: str
    aor: str
    routes: tuple[str, ...]
    branch: str
    from_tag: str
    call_id: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A response. `challenges` are (header name, value) of WWW- and Proxy-Authenticate, in the
    order they came; `retry_after` is in seconds, None where nothing readable was said."""

    code: int
    phrase: str
    branch: str
    call_id: str
    sequence: int
    method: str
    challenges: tuple[tuple[str, str], ...] = ()
    retry_after: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing comes after it (RFC 3261 §7.2)."""
        return self.code >= 200


def is_sip_uri(text: str) -> bool:
    """Whether `text` can stand as a Request-URI: a SIP URI without anything that ends a line."""
    if _UNSAFE.search(text) or " " in text:
        return False
    try:
        return URI.parse(text).scheme in ("sip", "sips")
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class UriPlace:
    """Where a SIP URI leads; `host` is without brackets, `transport` in lower case."""

    host: str
    port: int | None
    transport: str


def place_of_uri(text: str) -> UriPlace | None:
    """Where a URI leads by itself (RFC 3261 §19.1.1), None where it is no SIP URI."""
    if not is_sip_uri(text):
        return None
    uri = URI.parse(text)
    spoken = (uri.parameters.get("transport") or "udp").lower()
    return UriPlace(
        host=uri.host.strip("[]"),
        port=uri.port,
        transport="tls" if uri.scheme == "sips" else spoken,
    )


def host_text(host: str) -> str:
    """A host as URIs and Via have it: an IPv6 address in brackets (RFC 3261 §25.1)."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def notify_request(
    headers: Headers,
    local: Local,
    *,
    event: str,
    content_type: str = "",
    body: str = "",
    credentials: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """A NOTIFY outside of any subscription, as registrars and phones have long exchanged them.

    RFC 6665 §4.1.3 wants Subscription-State and a Contact in each; there is no subscription, so
    it is `terminated`. `credentials` are (header name, value). Raises ValueError where a value
    would end its line: nothing that came from elsewhere may add a header.
    """
    request = Request("NOTIFY", URI.parse(headers.uri), body.encode())
    fields = [
        ("Via", f"SIP/2.0/{local.transport} {local.sent_by};rport;branch={headers.branch}"),
        ("Max-Forwards", str(_MAX_FORWARDS)),
        *(("Route", f"<{route}>") for route in headers.routes),
        ("From", f"<{headers.aor}>;tag={headers.from_tag}"),
        ("To", f"<{headers.aor}>"),
        ("Call-ID", headers.call_id),
        ("CSeq", f"{headers.sequence} NOTIFY"),
        ("Contact", f"<sip:provisiond@{local.sent_by}{_transport(local)}>"),
        *credentials,
        ("Event", event),
        ("Subscription-State", "terminated"),
        ("User-Agent", f"provisiond/{__version__}"),
        *([("Content-Type", content_type)] if content_type else []),
        ("Content-Length", str(len(request.body))),
    ]
    for name, value in fields:
        if _UNSAFE.search(value):
            raise ValueError(f"a control character in {name}")
        request.headers.add(name, value)
    # The URI goes out as it was registered: read and written anew it could be another's.
    first = f"NOTIFY {headers.uri} SIP/2.0\r\n"
    return first.encode() + bytes(request).split(b"\r\n", 1)[1]


def parse_reply(datagram: bytes) -> Reply | None:
    """The response in a datagram or a whole message of a stream; None for anything else.

    Total: whatever the bytes are, nothing is raised. Folded lines, bare LF, blanks before a colon
    and bytes that are no UTF-8 are understood (RFC 4475 §3.1).
    """
    try:
        message = Message.parse(_normal(datagram[:LIMIT]))
        if not isinstance(message, Response) or not 100 <= message.code <= 699:
            return None
        via = message.via[0]
        sequence: CSeq = message.cseq
        return Reply(
            code=message.code,
            phrase=_UNSAFE.sub("", message.phrase)[:200],
            branch=via.parameters.get("branch") or "",
            call_id=message.call_id,
            sequence=sequence.sequence,
            method=sequence.method,
            challenges=tuple(
                (name, value)
                for name in ("WWW-Authenticate", "Proxy-Authenticate")
                for value in message.headers.getlist(name)
            ),
            retry_after=_seconds(message.headers.get("Retry-After")),
        )
    except (ValueError, KeyError, IndexError, RecursionError):
        return None


def content_length(head: bytes) -> int | None:
    """Of a message's head on a stream, the octets that follow it (RFC 3261 §18.3); None where
    it does not say."""
    try:
        message = Message.parse(_normal(head))
        length = message.content_length
    except (ValueError, KeyError, IndexError):
        return None
    return length if length is not None and 0 <= length <= LIMIT else None


def _transport(local: Local) -> str:
    return "" if local.transport == "UDP" else f";transport={local.transport.lower()}"


def _normal(datagram: bytes) -> bytes:
    text = datagram.decode("utf-8", "backslashreplace")
    head, blank, body = text.lstrip("\r\n").replace("\r\n", "\n").partition("\n\n")
    if not blank:
        head, body = head.rstrip("\n"), ""
    head = _FOLD.sub(" ", head.replace("\n", "\r\n"))
    return (_NAME.sub(r"\1:", head) + "\r\n\r\n" + body).encode()


def _seconds(value: str | None) -> int | None:
    found = re.match(r"\s*(\d{1,6})", value or "")
    return int(found[1]) if found else None
