"""How are the handsets of a DECT base kept? As one list beside the phone: nobody asks for one."""

from collections.abc import Sequence
from typing import Any

from provisiond.inventory.phones import Handset


def handsets_to_json(handsets: Sequence[Handset]) -> list[dict[str, Any]]:
    """The list as it is stored, by the handsets' numbers."""
    return [
        {
            "handset": handset.handset,
            "name": handset.name,
            "ipei": handset.ipei,
            "lines": list(handset.lines),
        }
        for handset in sorted(handsets, key=lambda handset: handset.handset)
    ]


def handsets_from_json(stored: Sequence[dict[str, Any]]) -> tuple[Handset, ...]:
    """The handsets of a stored list."""
    return tuple(
        [
            Handset(
                handset=one["handset"],
                name=one["name"],
                ipei=one["ipei"],
                lines=tuple(one["lines"]),
            )
            for one in stored
        ]
    )
