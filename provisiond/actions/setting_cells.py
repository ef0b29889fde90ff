"""How do settings stand in the cells of a table? One column each, lists and maps in one cell."""

import re
from collections.abc import Mapping
from dataclasses import fields

from provisiond.actions.inventory_text import Tree
from provisiond.inventory.domains import Settings
from provisiond.inventory.errors import Rejected

SETTINGS = tuple(field.name for field in fields(Settings))
"""The columns."""

LISTS = ("codecs", "emergency_numbers")
MAPS = ("feature_codes", "firmware")
_NEXT_PAIR = re.compile(r",\s*(?=[^,=]+=)")


def setting_cell(value: Tree) -> str:
    """The cell of a setting: `g722, pcma` for a list, `pickup=*8, park=*5` for a map."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={text}" for name, text in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def read_setting(name: str, cell: str) -> Tree:
    """What such a cell means, as an inventory file has it; an empty one unsets the setting. Raises
    Rejected(name)."""
    if cell == "":
        return None
    if name in LISTS:
        return [part.strip() for part in cell.split(",")]
    if name in MAPS:
        return dict(_pair(name, text) for text in _NEXT_PAIR.split(cell))
    return cell


def _pair(name: str, text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign or not key.strip():
        message = f"{text.strip()!r} is no pair of a name and what it is."
        raise Rejected(name, message, "Write pickup=*8, park=*5.")
    return key.strip(), value.strip()
