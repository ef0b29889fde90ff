"""Which names are like one that nobody knows?

Looking takes milliseconds, and a file may hold a misspelt name in each of its rows: whoever goes
through many records bounds what all looks together may cost.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches

MOST_NAMES = 200_000
"""names that are compared within `few_looks`: a second or two"""

_LONGEST = 128  # characters of a text that can be a misspelt name
_LOOK = 50  # what a look costs at least, counted in names

_Key = tuple[str, int, int, float]


class _Looks:
    """What may still be compared, and what was found."""

    def __init__(self) -> None:
        self.left = MOST_NAMES
        self.found: dict[_Key, tuple[Collection[str], list[str]]] = {}


_looks: ContextVar[_Looks | None] = ContextVar("looks", default=None)


@contextmanager
def few_looks() -> Iterator[None]:
    """Within this, `near` compares so many names and no more: then it knows of none."""
    token = _looks.set(_Looks())
    try:
        yield
    finally:
        _looks.reset(token)


def near(text: str, names: Collection[str], most: int = 2, cutoff: float = 0.6) -> list[str]:
    """Up to `most` of the names, the closest first; none where the text is no misspelt name."""
    if len(text) > _LONGEST:
        return []
    looks = _looks.get()
    if looks is None:
        return get_close_matches(text, sorted(names), n=most, cutoff=cutoff)
    key = (text, id(names), most, cutoff)
    if key in looks.found:
        return looks.found[key][1]
    if looks.left <= 0:
        return []
    looks.left -= len(names) + _LOOK
    close = get_close_matches(text, sorted(names), n=most, cutoff=cutoff)
    looks.found[key] = (names, close)  # with the names, so that their id stays theirs
    return close
