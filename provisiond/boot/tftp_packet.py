"""What does this datagram say? The packets of TFTP, read without ever failing, and written."""

from dataclasses import dataclass
from struct import Struct
from typing import Final

REQUEST_LIMIT: Final = 512
"""The longest request in octets (RFC 2347: a request is at most 512 octets)."""

NOT_DEFINED: Final = 0
FILE_NOT_FOUND: Final = 1
ACCESS_VIOLATION: Final = 2
ILLEGAL_OPERATION: Final = 4
UNKNOWN_TRANSFER: Final = 5
OPTION_REFUSED: Final = 8
"""Error codes (RFC 1350 appendix I; 8 is from RFC 2347)."""

_TWO_SHORTS: Final = Struct(">HH")
_RRQ, _WRQ, _DATA, _ACK, _ERROR, _OACK = 1, 2, 3, 4, 5, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """RRQ (RFC 1350 §5, options RFC 2347).

    `name` is UTF-8 text in which bytes that are no UTF-8 stand as backslash escapes; `mode` and
    the option names are lower case; of an option given twice the first counts (RFC 2347: "an
    option may only be specified once").
    """

    name: str
    mode: str
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """WRQ: somebody wants to write `name`."""

    name: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """ACK of the block whose number on the wire is `block`, 0 to 65535."""

    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """DATA: the block whose number on the wire is `block`, 0 to 65535."""

    block: int
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """ERROR: the other side ends the transfer."""

    code: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionAck:
    """OACK (RFC 2347): the options that the server grants, names in lower case."""

    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """No TFTP packet. `reason` is one of a few fixed phrases, fit for a journal."""

    reason: str


Packet = ReadRequest | WriteRequest | Ack | Data | Error | OptionAck | Malformed


def parse(datagram: bytes) -> Packet:
    """Read any bytes; never raises.

    Forgiven, since it leaves no doubt: a missing last NUL, NULs after the last field, an option
    without value at the end (dropped), an ACK with octets behind it.
    """
    if len(datagram) < 2:
        return Malformed(reason="shorter than an opcode")
    opcode = int.from_bytes(datagram[:2], "big")
    if opcode in (_RRQ, _WRQ):
        return _parse_request(opcode, datagram)
    if opcode == _OACK:
        return OptionAck(options=_pairs(datagram[2:].split(b"\0")))
    if opcode not in (_DATA, _ACK, _ERROR):
        return Malformed(reason="unknown opcode")
    if len(datagram) < 4:
        return Malformed(reason="shorter than its header")
    number = int.from_bytes(datagram[2:4], "big")
    if opcode == _ACK:
        return Ack(block=number)
    if opcode == _DATA:
        return Data(block=number, payload=datagram[4:])
    return Error(code=number, text=_text(datagram[4:].split(b"\0", 1)[0]))


def ack(block: int) -> bytes:
    """An ACK; `block` is the number on the wire, 0 to 65535."""
    return _TWO_SHORTS.pack(_ACK, block)


def data(block: int, payload: bytes) -> bytes:
    """A DATA packet; `block` is the number on the wire, 0 to 65535."""
    return _TWO_SHORTS.pack(_DATA, block) + payload


def error(code: int, text: str) -> bytes:
    """An ERROR packet (RFC 1350 §5)."""
    return _TWO_SHORTS.pack(_ERROR, code) + text.encode("utf-8", "replace") + b"\0"


def option_ack(options: tuple[tuple[str, str], ...]) -> bytes:
    """An OACK (RFC 2347)."""
    return b"\0\x06" + _fields(options)


def read_request(
    name: str, mode: str = "octet", options: tuple[tuple[str, str], ...] = ()
) -> bytes:
    """An RRQ, as a client sends it."""
    return b"\0\x01" + _fields(((name, mode), *options))


def _parse_request(opcode: int, datagram: bytes) -> Packet:
    if len(datagram) > REQUEST_LIMIT:
        return Malformed(reason="request longer than 512 octets")
    fields = datagram[2:].split(b"\0")
    if not fields[0]:
        return Malformed(reason="request without file name")
    if len(fields) < 2 or not fields[1]:
        return Malformed(reason="request without mode")
    name, mode = _text(fields[0]), _text(fields[1]).lower()
    if opcode == _WRQ:
        return WriteRequest(name=name, mode=mode)
    return ReadRequest(name=name, mode=mode, options=_pairs(fields[2:]))


def _pairs(fields: list[bytes]) -> tuple[tuple[str, str], ...]:
    if not fields or not fields[0]:
        return ()
    found: dict[str, str] = {}
    for index in range(0, len(fields) - 1, 2):
        if not fields[index]:
            break
        found.setdefault(_text(fields[index]).lower(), _text(fields[index + 1]))
    return tuple(found.items())


def _text(field: bytes) -> str:
    return field.decode("utf-8", "backslashreplace")


def _fields(pairs: tuple[tuple[str, str], ...]) -> bytes:
    return b"".join(part.encode("utf-8", "replace") + b"\0" for pair in pairs for part in pair)
