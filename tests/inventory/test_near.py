"""A misspelt name is told what it is like, and a file full of them costs no more than a few."""

from provisiond.inventory.near import MOST_NAMES, few_looks, near

NAMES = [f"reception {number}" for number in range(1_000)]


def test_the_closest_names_are_told_first() -> None:
    assert near("recepton", ["kitchen", "reception", "receptions"]) == ["reception", "receptions"]
    assert near("lobby", ["kitchen"]) == []
    assert near("reception" * 100, NAMES) == [], "no name is that long"


def test_of_many_misspelt_names_the_first_are_looked_for_and_those_again() -> None:
    asked = [f"recepton {number}" for number in range(MOST_NAMES // len(NAMES) + 10)]
    with few_looks():
        found = [bool(near(text, NAMES, most=1)) for text in asked]
        assert found[0]
        assert not found[-1]
        assert sum(found) * len(NAMES) <= MOST_NAMES
        assert near(asked[0], NAMES, most=1), "it was looked for already"
        assert len(near(asked[-1], {})) == 0
    assert near(asked[-1], NAMES, most=1), "outside it is asked one by one"
