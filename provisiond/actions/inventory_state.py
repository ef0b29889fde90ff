"""What does the store hold of a domain? All its records at once, by their natural keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisiond.inventory.directory import Directory
from provisiond.inventory.domains import Domain, Settings, Site
from provisiond.inventory.mac import Mac
from provisiond.inventory.people import User
from provisiond.inventory.phones import Layout, Override, Phone


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainContents:
    """A domain with everything below it; `domain_id` is None where the store has none yet.

    `users` have their passwords, `phones` their own buttons only. `overrides` are the rows of
    scope domain and site.
    """

    domain: Domain
    domain_id: int | None = None
    sites: Mapping[str, Site] = field(default_factory=dict)
    users: Mapping[str, User] = field(default_factory=dict)
    directories: Mapping[str, Directory] = field(default_factory=dict)
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    phones: Mapping[Mac, Phone] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerContents:
    """What holds for all domains: the server's layer of settings, and its overrides."""

    settings: Settings = Settings()
    overrides: tuple[Override, ...] = ()
    revision: int = 0
