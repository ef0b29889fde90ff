"""What does the store hold of a domain? All its records at once, by their natural keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisiond.inventory.destinations import Destination
from provisiond.inventory.directory import Directory
from provisiond.inventory.domains import Domain, Settings, Site
from provisiond.inventory.emergency import EmergencyAddress, EmergencyEndpoint
from provisiond.inventory.mac import Mac
from provisiond.inventory.numbers import Number
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Override, Phone
from provisiond.inventory.sms import SmsNumber
from provisiond.inventory.telephone import E164
from provisiond.inventory.timeframes import TimeFrame

FrameKey = tuple[str, str | None]
"""A time frame's name, and whose it is: a user's extension, None for the domain's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainContents:
    """A domain with everything below it; `domain_id` is None where the store has none yet.

    `users` have their passwords, `phones` their own buttons only. `overrides` are the rows of
    scope domain and site. Time frames are by name and owner.
    """

    domain: Domain
    domain_id: int | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    directories: Mapping[str, Directory] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    phones: Mapping[Mac, Phone] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    time_frames: Mapping[FrameKey, TimeFrame] = field(default_factory=dict)
    numbers: Mapping[E164, Number] = field(default_factory=dict)
    sms_numbers: Mapping[E164, SmsNumber] = field(default_factory=dict)
    emergency_addresses: Mapping[str, EmergencyAddress] = field(default_factory=dict)
    emergency_endpoints: Mapping[E164, EmergencyEndpoint] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContents:
    """What holds for all domains: the server's layer of settings, and its overrides."""

    settings: Settings = Settings()
    overrides: tuple[Override, ...] = ()
    revision: int = 0
