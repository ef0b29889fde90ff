"""What does a phone say that looks for its provisioning by SIP multicast, and what is it told?

A SUBSCRIBE for `ua-profile` to 224.0.1.75 (RFC 6080 section 5.1, from the draft that phones
follow): answered 200, then with one NOTIFY whose body is a URL. Phones write the request in many
ways: with and without branch, compact headers, bare line feeds, no blank behind a colon, the MAC
in Request-URI, To, From or User-Agent.
"""

import re
from dataclasses import dataclass

from sipmessage import Message, Request

from provisiond.boot.peer import clean_text
from provisiond.inventory.mac import Mac

EVENT = "ua-profile"
LONGEST = 8192
"""Octets of the longest datagram that is read."""

_FOLD = re.compile(r"\r\n[ \t]+")
_BLANK_COLON = re.compile(r"^([!-9;-~]+)[ \t]+:", re.MULTILINE)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_HEX = r"([0-9A-Fa-f]{2}(?:[-:.]?[0-9A-Fa-f]{2}){5})(?![0-9A-Fa-f])"
_NAMED_MAC = re.compile(rf"MAC(?:%3a|:|=)?{_HEX}", re.IGNORECASE)
_ANY_MAC = re.compile(rf"(?<![0-9A-Fa-f]){_HEX}")
_PARAMETER = re.compile(r';\s*([A-Za-z-]{1,32})\s*=\s*(?:"([^"]{0,128})"|([^\s;"]{0,128}))')
_NUMERIC = re.compile(r"sip:(?:[^@<>\s]{1,64}@)?((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?$")
_RPORT = re.compile(r";\s*rport(?=\s*(;|$))", re.IGNORECASE)
_ECHOED = ("From", "Call-ID", "CSeq")
_LONG_FIELD = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A phone that asks where its configuration is.

    `vendor`, `model` and `version` are its own claims, clean text, empty where it says nothing.
    `contact` is the numeric SIP URI that it wants the NOTIFY addressed to, empty where it names
    none. `vias`, `from_`, `to`, `call_id` and `sequence` are header values as they came.
    """

    mac: Mac | None
    vendor: str
    model: str
    version: str
    user_agent: str
    event: str
    contact: str
    vias: tuple[str, ...]
    from_: str
    to: str
    call_id: str
    sequence: str


def read_subscription(datagram: bytes) -> Subscription | None:
    """The subscription in a datagram, None for anything else. Total: nothing is raised."""
    try:
        message = Message.parse(_normal(datagram[:LONGEST]))
        if not isinstance(message, Request) or message.method != "SUBSCRIBE":
            return None
        headers = message.headers
        event = headers.get("Event") or ""
        if event.partition(";")[0].strip().lower() != EVENT:
            return None
        vias = tuple(headers.getlist("Via"))
        told = [headers[name] for name in (*_ECHOED, "To")]
        if not vias or any(len(value) > _LONG_FIELD for value in (*vias, *told, event)):
            return None
        if any(_UNSAFE.search(value) for value in (*vias, *told, event)):
            return None
        agent = clean_text(headers.get("User-Agent") or "")
        claims = {
            found[1].lower(): clean_text(found[2] or found[3] or "", 64)
            for found in _PARAMETER.finditer(event)
        }
        return Subscription(
            mac=_mac(str(message.uri), headers["To"], headers["From"], agent),
            vendor=claims.get("vendor", ""),
            model=claims.get("model", ""),
            version=claims.get("version", ""),
            user_agent=agent,
            event=event,
            contact=_contact(headers.get("Contact") or ""),
            vias=vias,
            from_=headers["From"],
            to=headers["To"],
            call_id=headers["Call-ID"],
            sequence=headers["CSeq"],
        )
    except (ValueError, KeyError, IndexError, RecursionError):
        return None


def answered_call(datagram: bytes) -> str | None:
    """The Call-ID of a 200 to a NOTIFY of ours, None for anything else."""
    try:
        message = Message.parse(_normal(datagram[:LONGEST]))
        if isinstance(message, Request) or not 200 <= message.code < 300:
            return None
        return message.headers.get("Call-ID") if "NOTIFY" in message.headers["CSeq"] else None
    except (ValueError, KeyError, IndexError, RecursionError):
        return None


def accepted(asked: Subscription, *, tag: str, contact: str, source: tuple[str, int]) -> bytes:
    """The 200 to a SUBSCRIBE that came from `source`, address and port."""
    first, *further = asked.vias
    # RFC 3581 section 4: the port is told where it was asked for.
    seen = _RPORT.sub(f";rport={source[1]}", first)
    fields = [
        ("Via", f"{seen};received={source[0]}"),
        *(("Via", via) for via in further),
        ("From", asked.from_),
        ("To", asked.to if ";tag=" in asked.to else f"{asked.to};tag={tag}"),
        ("Call-ID", asked.call_id),
        ("CSeq", asked.sequence),
        ("Contact", f"<{contact}>"),
        ("Expires", "0"),
        ("Content-Length", "0"),
    ]
    return _written("SIP/2.0 200 OK", fields, b"")


def notification(
    asked: Subscription, *, url: str, tag: str, branch: str, local: tuple[str, int], to: str
) -> bytes:
    """The NOTIFY with the URL, for the SIP URI `to`; `local` is where its answer comes to.

    In the dialogue that the SUBSCRIBE began: From and To are those of the 200, swapped
    (RFC 6665 section 4.1.3). The body is the URL alone, without a line end.
    """
    body = url.encode("ascii")
    host, port = local
    own = asked.to if ";tag=" in asked.to else f"{asked.to};tag={tag}"
    fields = [
        ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport"),
        ("Max-Forwards", "20"),
        ("From", own),
        ("To", asked.from_),
        ("Call-ID", asked.call_id),
        ("CSeq", "1 NOTIFY"),
        ("Contact", f"<sip:{host}:{port}>"),
        ("Event", asked.event),
        ("Subscription-State", "terminated;reason=timeout"),
        ("Content-Type", "application/url"),
        ("Content-Length", str(len(body))),
    ]
    return _written(f"NOTIFY {to} SIP/2.0", fields, body)


def _written(first: str, fields: list[tuple[str, str]], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{first}\r\n{head}\r\n".encode("utf-8", "backslashreplace") + body


def _mac(uri: str, to: str, from_: str, agent: str) -> Mac | None:
    for text in (uri, to, from_):
        found = _NAMED_MAC.search(text)
        if found is not None:
            return Mac.from_hex(found[1])
    found = _ANY_MAC.search(agent)
    return Mac.from_hex(found[1]) if found is not None else None


def _contact(value: str) -> str:
    """A numeric SIP URI of a Contact; names are not looked up for strangers."""
    text = value.partition("<")[2].partition(">")[0] if "<" in value else value.partition(";")[0]
    text = text.strip().partition(";")[0]
    return text if _NUMERIC.match(text) else ""


def _normal(datagram: bytes) -> bytes:
    """The datagram as RFC 3261 has it: folded lines joined, CR LF, no blank before a colon."""
    text = datagram.decode("utf-8", "backslashreplace").lstrip("\r\n").replace("\r\n", "\n")
    head, _, body = text.partition("\n\n")
    head = _FOLD.sub(" ", head.rstrip("\n").replace("\n", "\r\n"))
    return (_BLANK_COLON.sub(r"\1:", head) + "\r\n\r\n" + body).encode()
