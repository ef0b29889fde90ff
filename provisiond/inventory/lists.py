"""Which part of a long list does somebody want to see?

A list is sorted by one column and the natural key, and read on from the last row that was seen:
`after` is that row's place (`Page.after`), however many rows came and went before it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Generic, TypeVar

from provisiond.inventory.destinations import DestinationKind
from provisiond.inventory.journal import ChangeEntry, RequestEntry
from provisiond.inventory.mac import Mac
from provisiond.inventory.sms import SmsTreatment
from provisiond.inventory.webhooks import DeliveryState

_T = TypeVar("_T")

MOST_ROWS = 1000
"""rows that are handed out at once"""
MOST_ID = 10**18 - 1
"""the highest id of an entry that is asked for"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[_T]):
    """Some rows; `after` asks for the next ones, empty where there are none. `total` counts all
    that match."""

    rows: tuple[_T, ...]
    after: tuple[str, ...]
    total: int


class NumberOrder(Enum):
    """What numbers are sorted by."""

    NUMBER = "number"
    TREATMENT = "treatment"
    DESTINATION = "destination"
    NOTES = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberQuery:
    """Which telephone numbers. `text` is found in the number (its digits in any format), notes,
    caller ID prefix, and in the extension or name of any of its destinations."""

    text: str = ""
    treatment: str | None = None
    destination: str | None = None
    frame: str | None = None
    enabled: bool | None = None
    order: NumberOrder = NumberOrder.NUMBER
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class SmsOrder(Enum):
    """What SMS numbers are sorted by."""

    NUMBER = "number"
    TREATMENT = "treatment"
    DESTINATION = "destination"
    CARRIER = "carrier"
    NOTES = "notes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsQuery:
    """Which SMS numbers; `text` as of telephone numbers, and in the carrier."""

    text: str = ""
    treatment: SmsTreatment | None = None
    destination: str | None = None
    carrier: str | None = None
    mms: bool | None = None
    order: SmsOrder = SmsOrder.NUMBER
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class DestinationOrder(Enum):
    """What destinations are sorted by."""

    EXTENSION = "extension"
    NAME = "name"
    KIND = "kind"


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationQuery:
    """Which call destinations; `text` is found in extension and name."""

    text: str = ""
    kind: DestinationKind | None = None
    enabled: bool | None = None
    order: DestinationOrder = DestinationOrder.EXTENSION
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class UserOrder(Enum):
    """What users are sorted by."""

    EXTENSION = "extension"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserQuery:
    """Which users; `text` is found in the extension and in "first last"."""

    text: str = ""
    site: str | None = None
    order: UserOrder = UserOrder.EXTENSION
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameQuery:
    """Which time frames, by name. `owner` is a user's extension, "" the domain's own, None all."""

    text: str = ""
    owner: str | None = None
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class PhoneOrder(Enum):
    """What phones are sorted by."""

    MAC = "mac"
    NAME = "name"
    MODEL = "model"
    LAST_SEEN = "last_seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneQuery:
    """Which phones. `text` is found in the MAC (in any notation), the name, and the extension or
    name of a line's user. `extension` is of a line."""

    text: str = ""
    site: str | None = None
    model: str | None = None
    enabled: bool | None = None
    extension: str | None = None
    order: PhoneOrder = PhoneOrder.MAC
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class AddressOrder(Enum):
    """What emergency addresses are sorted by."""

    NAME = "name"
    CITY = "city"
    STREET = "street"
    POSTCODE = "postcode"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressQuery:
    """Which emergency addresses; `text` is found in the name and in any part of the place."""

    text: str = ""
    order: AddressOrder = AddressOrder.NAME
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class EndpointOrder(Enum):
    """What emergency endpoints are sorted by."""

    NUMBER = "number"
    ADDRESS = "address"
    SITE = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointQuery:
    """Which emergency endpoints; `text` is found in the number (its digits in any format), the
    names of address and site, caller name and location."""

    text: str = ""
    order: EndpointOrder = EndpointOrder.NUMBER
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class ModelOrder(Enum):
    """What models are sorted by; those of a family by name."""

    MODEL = "model"
    FAMILY = "family"


class PendingOrder(Enum):
    """What phones that nobody has are sorted by."""

    MAC = "mac"
    MODEL = "model"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingQuery:
    """Which phones that ask and that nobody has, the one that asked last first unless another order
    is wanted. `text` is found in the MAC (in any notation), the address, the User-Agent, what was
    recognised and the file; `dismissed` adds those that somebody dismissed."""

    text: str = ""
    dismissed: bool = False
    order: PendingOrder = PendingOrder.LAST_SEEN
    descending: bool = True
    after: tuple[str, ...] = ()
    limit: int = 100


class PersonOrder(Enum):
    """What people who may log in are sorted by; who never did stands before all who did."""

    NAME = "name"
    ROLE = "role"
    DOMAIN = "domain"
    LOGGED_IN = "logged_in_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonQuery:
    """Which people; `text` is found in the login name, and in the extension and name of the user
    that somebody is."""

    text: str = ""
    domain: str | None = None
    order: PersonOrder = PersonOrder.NAME
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class TokenOrder(Enum):
    """What tokens are sorted by; one that was never used stands before all that were, one that
    never ends behind all that do."""

    ID = "id"
    LABEL = "label"
    DOMAIN = "domain"
    CREATED = "created_at"
    USED = "used_at"
    EXPIRES = "expires_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenQuery:
    """Which tokens, revoked and ended ones too; `text` is found in id, label and domain."""

    text: str = ""
    order: TokenOrder = TokenOrder.ID
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


class WebhookOrder(Enum):
    """What webhooks are sorted by."""

    NAME = "name"
    URL = "url"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookQuery:
    """Which webhooks; `text` is found in name and URL."""

    text: str = ""
    order: WebhookOrder = WebhookOrder.NAME
    descending: bool = False
    after: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries of a webhook, the newest first unless they are to ascend; `text` is found in
    action and subject."""

    text: str = ""
    state: DeliveryState | None = None
    descending: bool = True
    after: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeQuery:
    """Which changes, the newest first unless they are to ascend. `text` is found in actor, action
    and subject; `noun` is what an action is of: `user`, `time frame`; `part_of` is the entry of the
    import that they belong to."""

    text: str = ""
    domain: str | None = None
    actor: str | None = None
    action: str | None = None
    noun: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    part_of: int | None = None
    descending: bool = True
    after: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """An entry of the journal of changes; `domain` is None where it is of none, or of one that is
    gone."""

    entry_id: int
    domain: str | None
    change: ChangeEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestQuery:
    """Which requests for files, the newest first unless they are to ascend.

    `text` is found in the file's name, the address, the MAC (in any notation) and the User-Agent.
    `refused` leaves out what was served, `alarm` all but what a person should look at.
    """

    text: str = ""
    domain: str | None = None
    mac: Mac | None = None
    outcome: str | None = None
    address: str | None = None
    refused: bool = False
    alarm: bool = False
    since: datetime | None = None
    until: datetime | None = None
    descending: bool = True
    after: tuple[str, ...] = ()
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """An entry of the journal of requests; `domain` is None where no domain's phone asked, or that
    of one that is gone."""

    entry_id: int
    domain: str | None
    request: RequestEntry
