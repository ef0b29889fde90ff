"""What does a telephone number of the domain do, and at what times something else?"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from provisiond.inventory.telephone import E164


class Treatment(Enum):
    """What a call to a number meets; values are the stored spelling.

    The stored set is open: a code that an import brings and that is none of these is kept as it
    is (`Handling.treatment` is text), shown, and never chosen by hand.
    """

    USER = "user"
    CONFERENCE = "conference"
    CALL_QUEUE = "call_queue"
    VOICEMAIL = "voicemail"
    AUTO_ATTENDANT = "auto_attendant"
    PSTN = "pstn"
    FAX_SERVER = "fax_server"
    SIP_TRUNK = "sip_trunk"
    AVAILABLE = "available"


class Announcement(Enum):
    """What a caller hears on the way into a call queue."""

    NONE = "none"
    CALLERS_AHEAD = "callers_ahead"
    EXPECTED_WAIT = "expected_wait"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What happens to a call.

    `destination` is an extension (user, voicemail, conference, queue, attendant, fax server,
    trunk) or an E.164 number (pstn), empty for `available`. `caller_id_prefix` goes before the
    caller's name. `announcement` is of call queues, `enhanced_voicemail` of voicemail: it lets the
    caller dial another extension before or after the message.
    """

    treatment: str = Treatment.AVAILABLE.value
    destination: str = ""
    caller_id_prefix: str = ""
    announcement: Announcement = Announcement.NONE
    enhanced_voicemail: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRule:
    """What happens instead while a time frame holds."""

    frame: str
    handling: Handling


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A telephone number of the domain.

    `rules` are in order: the first whose frame holds wins, `default` is what is left, and always
    last. `time_zone` None is the domain's. `enable_on` and `disable_on` are days on the wall:
    the number answers from the first, and from the second no more.
    """

    number: E164
    default: Handling = Handling()
    rules: tuple[NumberRule, ...] = ()
    notes: str = ""
    language: str | None = None
    time_zone: str | None = None
    enabled: bool = True
    enable_on: date | None = None
    disable_on: date | None = None
    revision: int = 0
