"""How is a moment stored? As microseconds since 1970-01-01T00:00Z, on both engines alike."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_START = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


def to_stored(at: datetime) -> int:
    """The stored integer of a datetime. Raises ValueError for one without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return (at - _START) // _STEP


@lru_cache(maxsize=1024)  # what is imported together is opened together
def from_stored(stored: int) -> datetime:
    """The datetime, in UTC, of a stored integer."""
    return _START + stored * _STEP


def to_stored_if_any(at: datetime | None) -> int | None:
    """As `to_stored`; None for None."""
    return None if at is None else to_stored(at)


def from_stored_if_any(stored: int | None) -> datetime | None:
    """As `from_stored`; None for None."""
    return None if stored is None else from_stored(stored)
