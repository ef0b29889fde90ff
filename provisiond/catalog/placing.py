"""Which button stands on which key? Intent laid out on a model's keys and sidecars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from provisiond.catalog.manifest import Layout, Manifest, ModelRule, SidecarRule
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.phones import PhoneLine

SIDECAR_BANK = "sidecar"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySlot:
    """A key that exists: its place in reading order and the vendor's own number.

    `beyond` marks keys of the higher count where sources disagree; `spare` says that automatic
    placing may use it.
    """

    position: int
    bank: str
    number: int
    beyond: bool = False
    spare: bool = True


def phone_slots(layout: Layout) -> tuple[KeySlot, ...]:
    """The keys on the phone itself, bank after bank, in reading order."""
    slots: list[KeySlot] = []
    last = len(layout.banks) - 1
    for index, bank in enumerate(layout.banks):
        # Only the last bank can grow: the others' later positions are taken by their successor.
        most = max(bank.keys, bank.accept or 0) if index == last else bank.keys
        slots += _slots(
            bank.name,
            len(slots),
            bank.keys,
            most,
            bank.first,
            frozenset(bank.holes),
            frozenset(bank.unsafe),
        )
    return tuple(slots)


def sidecar_slots(sidecar: SidecarRule) -> tuple[KeySlot, ...]:
    """The keys of one expansion module, in reading order."""
    most = max(sidecar.keys, sidecar.accept or 0)
    return _slots(
        SIDECAR_BANK,
        0,
        sidecar.keys,
        most,
        sidecar.first,
        frozenset(sidecar.holes),
        frozenset(sidecar.unsafe),
    )


def place(
    manifest: Manifest,
    model: ModelRule,
    sidecars: Sequence[str],
    lines: Sequence[PhoneLine],
    buttons: Sequence[Button],
) -> Mapping[tuple[int, int], Button]:
    """Every used key by (module, position).

    Buttons stay where they were put; lines without a button take the lowest free keys of the
    phone whose bank takes lines. Buttons that have no key are left out (`fit` reports them).
    """
    slots: dict[tuple[int, int], KeySlot] = {
        (0, slot.position): slot for slot in phone_slots(manifest.layouts[model.layout])
    }
    for unit, name in enumerate(sidecars, 1):
        rule = manifest.sidecars.get(name)
        if rule is not None:
            slots |= {(unit, slot.position): slot for slot in sidecar_slots(rule)}
    placed = {(b.module, b.key): b for b in buttons if (b.module, b.key) in slots}
    shown = {
        button.line or 1
        for button in placed.values()
        if button.kind in (ButtonKind.LINE, ButtonKind.SHARED_LINE)
    }
    free = [
        slot
        for (module, position), slot in slots.items()
        if module == 0 and slot.spare and not slot.beyond and (0, position) not in placed
    ]
    for line in sorted(lines, key=lambda line: line.line):
        if line.line in shown:
            continue
        kind = ButtonKind.SHARED_LINE if line.shared else ButtonKind.LINE
        wanted = manifest.buttons[kind]
        slot = next((slot for slot in free if wanted.allows(slot.bank)), None)
        if slot is None:
            continue
        free.remove(slot)
        placed[0, slot.position] = Button(
            module=0, key=slot.position, kind=kind, line=line.line, label=line.label
        )
    return placed


@lru_cache(maxsize=1024)
def _slots(
    bank: str,
    before: int,
    keys: int,
    most: int,
    first: int,
    holes: frozenset[int],
    unsafe: frozenset[int],
) -> tuple[KeySlot, ...]:
    slots: list[KeySlot] = []
    number = first
    for index in range(1, most + 1):
        while number in holes:
            number += 1
        slots.append(
            KeySlot(
                position=before + index,
                bank=bank,
                number=number,
                beyond=index > keys,
                spare=number not in unsafe,
            )
        )
        number += 1
    return tuple(slots)
