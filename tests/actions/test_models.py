"""Models are found as people write them, with what they have and cannot have."""

from provisiond.actions.models import find_models
from provisiond.catalog.shelf import Shelf
from provisiond.inventory.lists import ModelOrder


def test_a_model_is_found_by_a_part_of_its_name(shelf: Shelf) -> None:
    assert {view.name for view in find_models(shelf)} == set(shelf.model_names())
    assert [view.name for view in find_models(shelf, "acme d6")] == ["Acme D-6"]
    assert find_models(shelf, "zzz") == ()
    backwards = find_models(shelf, order=ModelOrder.FAMILY, descending=True)
    places = [(view.family, view.name) for view in backwards]
    assert places == sorted(places, reverse=True)


def test_a_model_says_what_it_has(shelf: Shelf) -> None:
    [view] = find_models(shelf, "D-6")
    assert (view.vendor, view.family, view.lines, view.keys) == ("Acme", "acme/desk", 2, 6)
    assert view.handsets == 2
    assert [(one.type, one.keys, one.most) for one in view.sidecars] == [
        ("BIG", 4, 1),
        ("EXP", 5, 2),
    ]


def test_a_model_says_what_no_key_of_it_can_be(shelf: Shelf) -> None:
    family = shelf.families["acme/desk"]
    kinds = {kind.value: rule.unavailable for kind, rule in family.manifest.buttons.items()}
    [view] = find_models(shelf, "D-6")
    expected = {kind: reason for kind, reason in kinds.items() if reason}
    assert expected
    assert view.unavailable == {**expected, **family.models["d6"].unavailable}
