"""Which device is it? A MAC address, written in whatever way people and phones write it."""

import re
from dataclasses import dataclass
from functools import lru_cache

from provisiond.inventory.errors import Rejected

_SEPARATORS = str.maketrans("", "", " :-._\t")
_HEX12 = re.compile(r"[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, order=True)
class Mac:
    """A device's MAC address; `text` is 12 lower-case hex digits without separators."""

    text: str

    @classmethod
    def parse(cls, written: str, field: str = "mac") -> "Mac":
        """Read a MAC in any common form (`00:15:65:AA:BB:CC`, `0015.65aa.bbcc`, bare, blanks).

        Raises Rejected(field) that says what is wrong: length, a letter that is no hex digit,
        all zeros or ones, or a multicast address, which no phone has.
        """
        bare = written.strip().lower().translate(_SEPARATORS)
        wrong = sorted({c for c in bare if c not in "0123456789abcdef"})
        if wrong:
            raise Rejected(
                field,
                f"{written!r} is no MAC address: {', '.join(map(repr, wrong))} is no hex digit.",
                "Copy it from the label: 12 digits 0-9 and a-f.",
            )
        if len(bare) != 12:
            raise Rejected(
                field,
                f"{written!r} has {len(bare)} hex digits; a MAC address has 12.",
                "Copy it from the label on the back of the phone.",
            )
        if bare in ("0" * 12, "f" * 12):
            raise Rejected(field, f"{written!r} is a placeholder, no phone's address.")
        if int(bare[1], 16) & 1:
            raise Rejected(field, f"{written!r} is a multicast address; no phone has one.")
        return cls(bare)

    @classmethod
    def from_hex(cls, written: str) -> "Mac | None":
        """The MAC in a file name or User-Agent, or None where it is none (placeholders too)."""
        return _from_hex(written)

    def shifted(self, offset: int) -> "Mac":
        """The address `offset` further, as a second port of one device bears it."""
        return Mac(f"{(int(self.text, 16) + offset) % (1 << 48):012x}")

    def __str__(self) -> str:
        """As labels print it: `00:15:65:aa:bb:cc`."""
        return ":".join(self.text[i : i + 2] for i in range(0, 12, 2))


@lru_cache(maxsize=256)  # a name is compared with the rules of every family
def _from_hex(written: str) -> Mac | None:
    bare = written.lower().translate(_SEPARATORS)
    if _HEX12.fullmatch(bare) is None or bare in ("0" * 12, "f" * 12):
        return None
    return Mac(bare)
