"""Whatever people type, a shipped family's files hold exactly what `param` recorded."""

import functools
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisiond.catalog.family import Family, load_family
from tests.catalog.hostile import (
    ALPHABET,
    FAMILIES,
    FRAGMENTS,
    Attack,
    attack,
    broken,
    shipped,
)
from tests.catalog.worked_example import write_example

TEXTS = st.lists(
    st.one_of(
        st.text(alphabet=ALPHABET, max_size=24),
        st.tuples(st.text(alphabet=ALPHABET, max_size=4), st.sampled_from(FRAGMENTS)).map("".join),
    ),
    min_size=1,
    max_size=5,
)


@functools.cache
def loaded(name: str) -> Family:
    return shipped(name)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_bytes_read_back_equal_the_record(name: str) -> None:
    family = loaded(name)

    @settings(
        max_examples=2000,  # others each time; each is all files of a phone, 4-16 ms
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        database=None,
    )
    @given(texts=TEXTS, seed=st.integers(0, 2**32))
    def holds(texts: list[str], seed: int) -> None:
        assert list(broken(family, attack(family, texts, Random(seed)))) == []

    holds()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{{ remaining_overrides() }}", "x = {{ phone.name }}\n{{ remaining_overrides() }}"),
        ("zone.offset) }}\n", "zone.offset) }}{{ phone.name }}\n"),
    ],
)
def test_a_template_that_prints_around_param_is_caught(tmp_path: Path, old: str, new: str) -> None:
    folder = write_example(tmp_path)
    assert not list(broken(*example(folder)))
    template = folder / "phone.j2"
    text = template.read_text(encoding="utf-8")
    assert old in text
    template.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert list(broken(*example(folder)))


def example(folder: Path) -> tuple[Family, Attack]:
    family = load_family(folder, "example/desk")
    return family, attack(family, ["a = b"], Random(1))
