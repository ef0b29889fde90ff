"""What does a button do? Intent, stored apart from any model; a family maps it to its codes."""

from dataclasses import dataclass
from enum import Enum


class ButtonKind(Enum):
    """The kinds of button; values are the stored spelling."""

    LINE = "line"
    SHARED_LINE = "shared_line"
    BLF = "blf"
    PARK = "park"
    PERSONAL_PARK = "personal_park"
    SPEED_DIAL = "speed_dial"
    DTMF = "dtmf"
    QUEUE_LOGIN = "queue_login"
    QUEUE_LOGOUT = "queue_logout"
    QUEUE_TOGGLE = "queue_toggle"
    TIMEFRAME_TOGGLE = "timeframe_toggle"
    MOVE_CALL = "move_call"
    DIRECTORY_CASCADE = "directory_cascade"
    DND = "dnd"
    FORWARD = "forward"
    RECORD = "record"
    VOICEMAIL = "voicemail"
    GROUP_PICKUP = "group_pickup"
    DIRECTED_PICKUP = "directed_pickup"
    PAGING = "paging"
    INTERCOM = "intercom"
    CONFERENCE = "conference"
    TRANSFER = "transfer"
    HOLD = "hold"
    REDIAL = "redial"
    PREFIX = "prefix"
    DIRECTORY = "directory"
    URL = "url"
    LOCK = "lock"
    NONE = "none"

    __hash__ = object.__hash__  # Enum's own is Python code, and a file asks for it 140 times


VALUE_NEEDED = frozenset(
    {
        ButtonKind.BLF,
        ButtonKind.PARK,
        ButtonKind.SPEED_DIAL,
        ButtonKind.DTMF,
        ButtonKind.DIRECTED_PICKUP,
        ButtonKind.INTERCOM,
        ButtonKind.PREFIX,
        ButtonKind.URL,
    }
)
"""Kinds that mean nothing without a value."""

CODE_NEEDED = {
    ButtonKind.QUEUE_LOGIN: "queue_login",
    ButtonKind.QUEUE_LOGOUT: "queue_logout",
    ButtonKind.QUEUE_TOGGLE: "queue_toggle",
    ButtonKind.TIMEFRAME_TOGGLE: "timeframe_toggle",
    ButtonKind.MOVE_CALL: "move_call",
    ButtonKind.PERSONAL_PARK: "personal_park",
    ButtonKind.GROUP_PICKUP: "group_pickup",
    ButtonKind.DIRECTED_PICKUP: "pickup",
    ButtonKind.RECORD: "record",
}
"""Kinds that dial a code of the domain; without that feature code they are unavailable."""

CODE_OPTIONAL = {
    ButtonKind.BLF: "pickup",
    ButtonKind.PARK: "park",
    ButtonKind.INTERCOM: "intercom",
    ButtonKind.PAGING: "paging",
}
"""Kinds that use a code of the domain where it is set."""

MAX_MODULES = 12
MAX_KEY = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One button: where (module 0 is the phone, 1… its sidecars; key from 1 in reading order)
    and what (kind, line number, value, label).

    `line` is the account the button works on, None where the kind has none or line 1 will do.
    """

    module: int
    key: int
    kind: ButtonKind
    line: int | None = None
    value: str = ""
    label: str = ""


def expand_code(code: str, value: str) -> str:
    """A feature code with the button's value in it; a code without `{value}` stands alone."""
    return code.replace("{value}", value)
