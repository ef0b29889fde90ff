"""What stands in for a field that cannot be read, so that the rest of its record can be judged?

A file with a fault is refused whole, so that no stand-in is ever written. It is like no record's
own, of which a person is told nothing.
"""

import re
import secrets
from collections.abc import Callable, Mapping

from provisiond.actions.inventory_text import Path
from provisiond.inventory.destinations import DestinationKind
from provisiond.inventory.mac import Mac
from provisiond.inventory.telephone import E164

_HEXAGRAMS = 0x4DC0  # 64 signs of which no name is made, and which are like no other
# Nobody can write a name that is taken for a stand-in: the sign is another in each process.
_SIGN = "".join([chr(_HEXAGRAMS + byte % 64) for byte in secrets.token_bytes(8)])
_COUNTED = 90_000_000_000_000_000  # more digits than any number has
_MAC = "f15d1"  # a multicast address, which no phone has
_TOLD = re.compile(f"{_SIGN}|{':'.join((_MAC[:2], _MAC[2:4], _MAC[4:]))}|9000000\\d{{10}}")


def stand_in_text(number: int) -> str:
    """A name or extension that no record has."""
    return _SIGN + "".join([chr(_HEXAGRAMS + (number >> shift) % 64) for shift in (18, 12, 6, 0)])


def stand_in_mac(number: int) -> Mac:
    """The MAC of no phone."""
    return Mac(f"{_MAC}{number:07x}")


def stand_in_line(number: int) -> int:
    """The number of a line, handset or key that no phone has."""
    return _COUNTED + number


def stand_in_number(number: int) -> E164:
    """A telephone number that nobody has."""
    return E164(f"+1{_COUNTED + number}")


def is_stand_in(key: str | Mac | E164 | tuple[str, str | None]) -> bool:
    """Whether a record's key is a stand-in."""
    if isinstance(key, Mac):
        return key.text.startswith(_MAC)
    if isinstance(key, E164):
        return key.text.startswith("+19000000") and len(key.text) == 19
    return (key if isinstance(key, str) else key[0]).startswith(_SIGN)


def names_stand_in(told: str) -> bool:
    """Whether a message or remedy names a stand-in."""
    return _TOLD.search(told) is not None


_Make = Callable[[int], object]
_STAND_INS: Mapping[tuple[str, str], _Make] = {
    ("sites", "name"): stand_in_text,
    ("users", "extension"): stand_in_text,
    ("directories", "name"): stand_in_text,
    ("entries", "name"): stand_in_text,
    ("entries", "number"): stand_in_text,
    ("layouts", "name"): stand_in_text,
    ("buttons", "key"): stand_in_line,
    ("buttons", "kind"): lambda _: "none",
    ("phones", "mac"): stand_in_mac,
    ("lines", "line"): stand_in_line,
    ("handsets", "handset"): stand_in_line,
    ("destinations", "kind"): lambda _: DestinationKind.CONFERENCE.value,
    ("destinations", "extension"): stand_in_text,
    ("time_frames", "name"): stand_in_text,
    ("numbers", "number"): stand_in_text,
    ("rules", "frame"): stand_in_text,
    ("sms_numbers", "number"): stand_in_text,
    ("emergency_addresses", "name"): stand_in_text,
    ("emergency_endpoints", "number"): stand_in_text,
    ("emergency_endpoints", "address"): stand_in_text,
}
"""By a list and a field that its records cannot do without."""

KEYS: Mapping[str, str] = {
    "sites": "name",
    "users": "extension",
    "directories": "name",
    "layouts": "name",
    "phones": "mac",
    "destinations": "extension",
    "time_frames": "name",
    "numbers": "number",
    "sms_numbers": "number",
    "emergency_addresses": "name",
    "emergency_endpoints": "number",
}
"""The field of a domain's records by which they are known."""


def field_with_stand_in(path: Path) -> tuple[Path, _Make] | None:
    """The field at or above a place for which there are stand-ins, and what makes one."""
    for length in range(len(path), 2, -1):
        listed, index, name = path[length - 3 : length]
        make = _STAND_INS.get((str(listed), str(name)))
        if make is not None and isinstance(index, int):
            return path[:length], make
    return None
