"""Whose are the text messages to a number?"""

from dataclasses import dataclass
from enum import Enum

from provisiond.inventory.telephone import E164


class SmsTreatment(Enum):
    """Who gets messages: a queue's agents (inbound only), or a user, who may answer."""

    CALL_QUEUE = "call_queue"
    USER = "user"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsNumber:
    """A number of the domain that takes messages; it has one destination, or is available.

    `destination` is the extension of a user or call queue. `mms` is whether the carrier brings
    pictures, `group_mms` whether messages of several people stay together.
    """

    number: E164
    treatment: SmsTreatment = SmsTreatment.AVAILABLE
    destination: str = ""
    carrier: str = ""
    mms: bool = False
    group_mms: bool = False
    notes: str = ""
    revision: int = 0
