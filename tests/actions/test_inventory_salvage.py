"""What is left of a faulty record is checked, and no gap is told as a fault of its own."""

from provisiond.actions.inventory_salvage import remains
from provisiond.actions.inventory_schema import InventoryEntry
from provisiond.actions.inventory_text import Tree


def test_what_has_no_fault_is_not_looked_through() -> None:
    people: list[Tree] = [{"extension": str(n)} for n in range(100)]
    tree: Tree = {"domain": "x", "users": people, "sites": [{"name": "a"}, {"name": 5}]}
    left = remains(tree, [("sites", 1, "name")], InventoryEntry, {})
    assert left is not None
    assert left.tree == {"domain": "x", "users": people, "sites": [{"name": "a"}, {}]}
    assert isinstance(left.tree, dict)
    assert left.tree["users"] is people


def test_a_list_beside_a_gap_is_not_said_to_be_empty_and_its_items_are_judged() -> None:
    day: Tree = {"start": "x", "end": "2026-12-25T00:00"}
    frame: Tree = {"name": "T", "kind": "custom", "hours": [], "dates": [day]}
    tree: Tree = {"domain": "x", "time_frames": [frame]}
    left = remains(tree, [("time_frames", 0, "dates", 0, "start")], InventoryEntry, {})
    assert left is not None
    assert not left.is_judged(("time_frames", 0, "hours"))
    assert left.is_judged(("time_frames", 0, "hours", 0, "end"))
    assert left.is_judged(("time_frames", 0, "owner"))
