"""How is one value of an inventory file read? What stands for null, MACs, secrets, instants."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from provisiond.inventory.errors import Rejected
from provisiond.inventory.faults import MASK
from provisiond.inventory.mac import Mac
from provisiond.inventory.secret import Secret
from provisiond.inventory.texts import spreadsheet_damage


class Entry(BaseModel):
    """What all objects of the file share: unknown names are faults, blanks around texts go."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        coerce_numbers_to_str=True,
        str_strip_whitespace=True,
        arbitrary_types_allowed=True,
    )


def or_empty(value: object) -> object:
    """Null is an empty text."""
    return "" if value is None else value


def or_none(value: object) -> object:
    """Null is an empty list."""
    return () if value is None else value


def or_no_map(value: object) -> object:
    """Null is an empty map."""
    return {} if value is None else value


def read_mac(value: object) -> Mac:
    """A MAC address; a spreadsheet's damage is told as such."""
    if isinstance(value, Mac):
        return value
    text = str(value) if isinstance(value, str | int | float) else ""
    if not text:
        raise PydanticCustomError("rejected", "{message}", _said("it is no MAC address.", ""))
    try:
        return Mac.parse(text)
    except Rejected as fault:
        damage = spreadsheet_damage(text)
        if damage is None:
            raise PydanticCustomError(
                "rejected", "{message}", _said(fault.message, fault.remedy)
            ) from fault
        remedy = "Copy it from the label, and format the column as text."
        raise PydanticCustomError("rejected", "{message}", _said(f"{damage}.", remedy)) from fault


def read_secret(value: object) -> Secret:
    """A secret; null is an empty one."""
    if isinstance(value, bool | list | dict):
        raise PydanticCustomError("string_type", "no text")
    return Secret("" if value is None else str(value))


def read_moment(value: object) -> object:
    """A point in time with its zone, as UTC."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    said = _said("it is no point in time.", "Write it as 2026-11-22T21:00:00Z.")
    raise PydanticCustomError("rejected", "{message}", said)


def not_masked(value: object) -> object:
    """A masked value is one that was left out."""
    return None if value == MASK else value


def _said(message: str, remedy: str) -> dict[str, Any]:
    return {"message": message, "remedy": remedy}


Text = Annotated[str, BeforeValidator(or_empty)]
MacText = Annotated[Mac, BeforeValidator(read_mac)]
Verbatim = Annotated[str, StringConstraints(strip_whitespace=False)]
Password = Annotated[Secret, BeforeValidator(read_secret)]
Moment = Annotated[datetime | None, BeforeValidator(read_moment)]


class EnrolmentEntry(Entry):
    """A phone's enrolment, as an export with secrets writes it."""

    opened_at: Moment = None
    open_until: Moment = None
    closed_at: Moment = None
    held_reason: str | None = None
    first_address: str | None = None
    first_user_agent: str | None = None
