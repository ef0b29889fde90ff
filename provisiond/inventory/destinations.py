"""Where can a call go beside people? Conferences, queues, attendants, fax servers, trunks."""

from dataclasses import dataclass
from enum import Enum

from provisiond.inventory.numbers import Treatment


class DestinationKind(Enum):
    """What stands at an extension that is nobody's; values are the stored spelling."""

    CONFERENCE = "conference"
    CALL_QUEUE = "call_queue"
    AUTO_ATTENDANT = "auto_attendant"
    FAX_SERVER = "fax_server"
    SIP_TRUNK = "sip_trunk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Something with an extension and a name; no user of the domain has the same extension.

    One that is not `enabled` stays the destination of its numbers, and callers meet nothing.
    """

    kind: DestinationKind
    extension: str
    name: str = ""
    enabled: bool = True
    revision: int = 0


PEOPLES_TREATMENTS = frozenset({Treatment.USER.value, Treatment.VOICEMAIL.value})
"""Treatments whose destination is a user's extension."""

KIND_OF_TREATMENT = {kind.value: kind for kind in DestinationKind}
"""Treatments whose destination is one of these; the spelling is the same."""
