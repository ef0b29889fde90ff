"""How is a moment stored? As microseconds since 1970-01-01T00:00Z, on both engines alike."""

from datetime import UTC, datetime, timedelta
from typing import overload

_START = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


@overload
def to_stored(at: datetime) -> int: ...
@overload
def to_stored(at: None) -> None: ...
@overload
def to_stored(at: datetime | None) -> int | None: ...
def to_stored(at: datetime | None) -> int | None:
    """The stored integer of an aware datetime. Raises ValueError for one without a zone."""
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no time zone")
    return (at - _START) // _STEP


@overload
def from_stored(stored: int) -> datetime: ...
@overload
def from_stored(stored: None) -> None: ...
@overload
def from_stored(stored: int | None) -> datetime | None: ...
def from_stored(stored: int | None) -> datetime | None:
    """The datetime, in UTC, of a stored integer."""
    return None if stored is None else _START + stored * _STEP
