"""Buttons stay where they were put; lines without one take the lowest free keys."""

from pathlib import Path

import pytest

from provisiond.catalog.family import load_family
from provisiond.catalog.manifest import Bank, Layout, Manifest, SidecarRule
from provisiond.catalog.placing import phone_slots, place, sidecar_slots
from provisiond.inventory.buttons import Button, ButtonKind
from provisiond.inventory.phones import PhoneLine

ACME = Path(__file__).parent.parent / "models" / "acme" / "desk"


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return load_family(ACME, "acme/desk").manifest


def button(
    key: int, kind: ButtonKind = ButtonKind.BLF, module: int = 0, line: int | None = None
) -> Button:
    return Button(module=module, key=key, kind=kind, line=line, value="103")


def lines(*numbers: int) -> list[PhoneLine]:
    return [PhoneLine(line=n, extension=f"10{n}") for n in numbers]


def test_positions_count_through_the_banks_and_only_the_last_can_grow(manifest: Manifest) -> None:
    slots = phone_slots(manifest.layouts["two_banks"])
    assert [(s.position, s.bank, s.number, s.beyond) for s in slots] == [
        (1, "line", 1, False),
        (2, "line", 2, False),
        (3, "memory", 1, False),
        (4, "memory", 2, False),
        (5, "memory", 3, False),
        (6, "memory", 4, True),
    ]


def test_holes_are_skipped_in_the_vendors_numbers(manifest: Manifest) -> None:
    slots = sidecar_slots(manifest.sidecars["EXP"])
    assert [slot.number for slot in slots] == [1, 2, 4, 5, 6]
    assert [slot.spare for slot in slots] == [False, True, True, True, True]


def test_a_bank_may_start_at_another_number() -> None:
    slots = phone_slots(Layout(banks=(Bank(keys=2, first=7),)))
    assert [slot.number for slot in slots] == [7, 8]
    assert [slot.number for slot in sidecar_slots(SidecarRule(keys=2, first=0))] == [0, 1]


def test_lines_take_the_lowest_free_keys(manifest: Manifest) -> None:
    model = manifest.model[0]
    placed = place(manifest, model, (), lines(2, 1), [button(1), button(3)])
    assert {key: (b.kind.value, b.line) for key, b in placed.items()} == {
        (0, 1): ("blf", None),
        (0, 3): ("blf", None),
        (0, 2): ("line", 1),
        (0, 4): ("line", 2),
    }


def test_lines_take_keys_of_banks_that_take_lines(manifest: Manifest) -> None:
    rules = {
        **manifest.buttons,
        ButtonKind.LINE: manifest.buttons[ButtonKind.LINE].model_copy(
            update={"banks": ("memory",)}
        ),
    }
    narrow = manifest.model_copy(update={"buttons": rules})
    model = manifest.model[0].model_copy(update={"layout": "two_banks"})
    shared = PhoneLine(line=3, extension="103", shared=True)
    placed = place(narrow, model, (), [*lines(1, 2), shared], [button(3)])
    assert {key: (b.kind.value, b.line) for key, b in placed.items()} == {
        (0, 3): ("blf", None),
        (0, 4): ("line", 1),
        (0, 5): ("line", 2),
        (0, 1): ("shared_line", 3),
    }


def test_a_line_with_a_button_is_not_placed_again(manifest: Manifest) -> None:
    own = button(6, ButtonKind.LINE, line=1)
    placed = place(manifest, manifest.model[0], (), lines(1, 2), [own])
    assert placed[0, 6] is own
    assert [(key, b.line) for key, b in placed.items() if key != (0, 6)] == [((0, 1), 2)]


def test_a_line_button_without_a_number_is_line_one(manifest: Manifest) -> None:
    placed = place(manifest, manifest.model[0], (), lines(1), [button(4, ButtonKind.LINE)])
    assert list(placed) == [(0, 4)]


def test_buttons_without_a_key_and_lines_without_room_are_left_out(manifest: Manifest) -> None:
    full = [button(key) for key in range(1, 8)]
    placed = place(manifest, manifest.model[0], (), lines(1), [*full, button(1, module=1)])
    assert sorted(placed) == [(0, key) for key in range(1, 7)]
